//! The golden corpus: what documents do to requests, case by case.
//!
//! The cases are texts under `cases/`, one file for a policy or a part of the language; `reading.rs`
//! says how they are written. Each names the rule that it proves and where that rule stands.

#![allow(
    unreachable_pub,
    missing_docs,
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::string_slice,
    clippy::panic,
    reason = "tests fail by panicking"
)]

#[path = "../support/mod.rs"]
mod support;

mod observing;
mod reading;
mod world;

use std::collections::BTreeSet;

use reading::{Case, read};

/// The least number of cases that the corpus promises.
const LEAST: usize = 400;

fn corpus() -> Vec<Case> {
    let directory = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/golden/cases");
    let mut files: Vec<_> = std::fs::read_dir(directory)
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .collect();
    files.sort();
    files
        .iter()
        .flat_map(|path| {
            let file = path.file_name().unwrap().to_str().unwrap();
            read(file, &std::fs::read_to_string(path).unwrap())
        })
        .collect()
}

#[test]
fn every_case_of_the_corpus_comes_out_as_its_source_says() {
    let only = std::env::var("GOLDEN").ok();
    let mut wrong = Vec::new();
    for case in corpus() {
        let place = format!("{}:{} {}", case.file, case.line, case.title);
        if only.as_ref().is_some_and(|only| !place.contains(only)) {
            continue;
        }
        let differences = observing::differences(&case);
        if !differences.is_empty() {
            let differences = differences.join("\n  ");
            wrong.push(format!("{place} ({})\n  {differences}", case.from));
        }
    }
    assert!(
        wrong.is_empty(),
        "{} wrong:\n{}",
        wrong.len(),
        wrong.join("\n")
    );
}

#[test]
fn the_corpus_is_as_large_as_promised_and_every_case_names_its_rule_once() {
    let cases = corpus();
    assert!(cases.len() >= LEAST, "{} cases", cases.len());
    let mut titles = BTreeSet::new();
    for case in &cases {
        let place = format!("{}:{}", case.file, case.line);
        assert!(case.from.len() > 8, "{place} has no source");
        assert!(!case.expected.is_empty(), "{place} expects nothing");
        assert!(
            titles.insert((&case.file, &case.title)),
            "{place}: '{}' is there twice",
            case.title
        );
    }
}

/// A runner that finds nothing wrong would prove nothing.
#[test]
fn every_kind_of_expectation_can_fail() {
    let text = "=== a request with everything\n\
        from: nothing; it is made to be wrong\n\
        inbound: <set-variable name=\"v\" value=\"1\"/><trace source=\"s\"><message>m</message></trace><set-header name=\"a\"><value>b</value></set-header>\n\
        outbound: <set-header name=\"a\"><value>b</value></set-header>\n\
        on-error: <set-body>x</set-body>\n";
    let wrong = [
        "status: 201",
        "reason: Other",
        "header: a: c",
        "no header: a",
        "body: other",
        "responds",
        "fails",
        "error: Reason",
        "error source: x",
        "error message: x",
        "error scope: x",
        "error section: x",
        "error path: x",
        "error policy: x",
        "not forwarded",
        "forwards: 2",
        "target: https://other:443/",
        "certificate: other",
        "timeout: 1000",
        "method: PUT",
        "url: /other",
        "sent header: a: c",
        "no sent header: a",
        "sent body: x",
        "variable: v = System.Int32 1",
        "no variable: v",
        "trace: s verbose other",
        "effects: sleep 1s",
        "request: GET https://x:443/ 60s",
        "problem: 1:1 Nothing",
        "raw: <a/>",
        "xml: <a/>",
    ];
    for expectation in wrong {
        // What ends well fails where an end in failure is expected, and the other way round.
        let text = match expectation {
            "responds" => text.replace(
                "inbound: ",
                "inbound: <set-body>@((string)context.Variables[\"none\"])</set-body>",
            ),
            _ => text.to_owned(),
        };
        let cases = read("made", &format!("{text}> {expectation}\n"));
        let mut case = cases.into_iter().next().unwrap();
        // The warning about `set-body` in `on-error` is expected, but for the case about it.
        if expectation != "problem: 1:1 Nothing" {
            let position = observing::problems(&case)[0].clone();
            case.expected.push(("problem".to_owned(), position));
        }
        let differences = observing::differences(&case);
        assert_eq!(differences.len(), 1, "{expectation}: {differences:?}");
    }
}
