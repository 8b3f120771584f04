//! Any document that compiles runs to an answer within its budget, does the same every time, and
//! does the same when it is printed and read again.
//!
//! Input: up to three documents between lines `---`, the innermost scope first. A first byte `!`
//! makes the backend fail.

#![no_main]

use gateway_fuzz::places::assert_inside;
use gateway_fuzz::running::{LIMITS, names, observe, program};
use gateway_policy::document::{Document, parse};
use gateway_policy::program::{Scope, compile};

libfuzzer_sys::fuzz_target!(|input: &str| {
    let (fails, text) = match input.strip_prefix('!') {
        Some(text) => (true, text),
        None => (false, input),
    };
    let names = names();
    let mut documents = Vec::new();
    for source in text.split("\n---\n").take(3) {
        let Ok(document) = parse(source) else {
            return;
        };
        let problems = compile(&document, Scope::Api, &names).problems;
        assert_inside(source, &problems);
        for problem in &problems {
            let leaks = problem.message.contains("hunter2") && !source.contains("hunter2");
            assert!(!leaks, "a secret in {problem:?}");
        }
        documents.push(document);
    }
    let originals: Vec<&Document> = documents.iter().collect();
    let Ok(original) = program(&originals, &names) else {
        return;
    };
    let first = observe(&original, LIMITS, fails);
    assert_eq!(first, observe(&original, LIMITS, fails), "not repeatable");
    for print in [Document::to_xml, Document::to_raw_xml] {
        let printed: Vec<Document> = documents
            .iter()
            .map(|document| parse(&print(document)).expect("printed documents can be read"))
            .collect();
        let printed: Vec<&Document> = printed.iter().collect();
        let again = program(&printed, &names).expect("printed documents compile");
        assert_eq!(first, observe(&again, LIMITS, fails), "printing changes it");
    }
});
