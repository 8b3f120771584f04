//! How many documents of a directory are read, read back exactly, and compile.
//!
//! `POLICY_DOCUMENTS=DIR cargo run -p gateway-policy --example coverage [-- --problems]`
//!
//! Reads every `*.xml` of the directory; with an `index.tsv` whose fourth column is `y`, that file is
//! left out as broken by its author. Named values and other resources count as existing.

#![expect(clippy::print_stdout, reason = "it reports")]

use std::collections::BTreeMap;
use std::error::Error;
use std::fs;
use std::path::Path;
use std::sync::Arc;

use gateway_policy::document::parse;
use gateway_policy::problem::{Problem, Severity};
use gateway_policy::program::{Environment, NamedValue, ResourceKind, Scope, compile};

struct Everything;

impl Environment for Everything {
    fn named_value(&self, _: &str) -> Option<NamedValue> {
        Some(NamedValue {
            value: Arc::from("1"),
            secret: false,
        })
    }

    fn exists(&self, _: ResourceKind, _: &str) -> bool {
        true
    }

    fn names(&self, _: ResourceKind) -> Vec<String> {
        Vec::new()
    }

    fn allow_code_in_named_values(&self) -> bool {
        false
    }
}

#[derive(Default)]
struct Counts {
    documents: usize,
    read: usize,
    read_back: usize,
    compiled: usize,
    stopped_by: BTreeMap<String, usize>,
}

fn main() -> Result<(), Box<dyn Error>> {
    let directory = std::env::var("POLICY_DOCUMENTS")?;
    let show = std::env::args().any(|argument| argument == "--problems");
    let directory = Path::new(&directory);
    let index = fs::read_to_string(directory.join("index.tsv")).unwrap_or_default();
    let broken: Vec<&str> = index
        .lines()
        .filter(|line| line.split('\t').nth(3) == Some("y"))
        .filter_map(|line| line.split('\t').next())
        .collect();
    let mut files: Vec<_> = fs::read_dir(directory)?.collect::<Result<_, _>>()?;
    files.sort_by_key(fs::DirEntry::file_name);
    let mut counts = Counts::default();
    for file in files {
        let name = file.file_name().to_string_lossy().into_owned();
        if !name.ends_with(".xml") || broken.contains(&name.as_str()) {
            continue;
        }
        let problems = examine(&fs::read_to_string(file.path())?, &mut counts);
        if show {
            for problem in problems {
                println!(
                    "{name}:{}:{}: {}",
                    problem.position.line, problem.position.column, problem.message
                );
            }
        }
    }
    let percent = |part: usize| 100.0 * part as f64 / counts.documents.max(1) as f64;
    println!("documents        {}", counts.documents);
    println!(
        "read             {} ({:.1} %)",
        counts.read,
        percent(counts.read)
    );
    println!(
        "read back        {} ({:.1} %)",
        counts.read_back,
        percent(counts.read_back)
    );
    println!(
        "compiled         {} ({:.1} %)",
        counts.compiled,
        percent(counts.compiled)
    );
    let mut stopped: Vec<_> = counts.stopped_by.into_iter().collect();
    stopped.sort_by_key(|(_, count)| std::cmp::Reverse(*count));
    for (what, count) in stopped.into_iter().take(40) {
        println!("{count:6}  {what}");
    }
    Ok(())
}

fn examine(source: &str, counts: &mut Counts) -> Vec<Problem> {
    counts.documents += 1;
    let document = match parse(source) {
        Ok(document) => document,
        Err(problems) => return problems,
    };
    counts.read += 1;
    let same = |printed: String| parse(&printed).is_ok_and(|again| again == document);
    if document.source() == source && same(document.to_xml()) && same(document.to_raw_xml()) {
        counts.read_back += 1;
    }
    let result = compile(&document, Scope::Api, &Everything);
    if result.program.is_some() {
        counts.compiled += 1;
    }
    let mut stopped: Vec<&str> = result
        .problems
        .iter()
        .filter(|problem| problem.severity == Severity::Error)
        .map(|problem| problem.message.as_str())
        .collect();
    stopped.sort_unstable();
    stopped.dedup();
    for message in stopped {
        *counts.stopped_by.entry(message.to_owned()).or_default() += 1;
    }
    result.problems
}
