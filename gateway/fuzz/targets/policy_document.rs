//! Any text is a document or has problems at places in it; a document prints to equal documents.

#![no_main]

use gateway_fuzz::places::assert_inside;
use gateway_policy::document::{MAX_PROBLEMS, Node, parse};

libfuzzer_sys::fuzz_target!(|source: &str| {
    let document = match parse(source) {
        Ok(document) => document,
        Err(problems) => {
            assert!(!problems.is_empty() && problems.len() <= MAX_PROBLEMS);
            assert_inside(source, &problems);
            return;
        }
    };
    assert_eq!(document.source(), source);
    assert_offsets(source, document.nodes());
    for printed in [document.to_xml(), document.to_raw_xml()] {
        match parse(&printed) {
            Ok(again) => assert!(again == document, "reads differently: {printed}"),
            Err(problems) => panic!("{printed}\n{problems:#?}"),
        }
    }
    // What a reader of XML is given means the same when it is printed again.
    let strict = document.to_xml();
    assert_eq!(parse(&strict).map(|again| again.to_xml()), Ok(strict));
});

/// Every offset is a place in the source.
fn assert_offsets(source: &str, nodes: &[Node]) {
    for node in nodes {
        match node {
            Node::Element(element) => {
                assert!(source[element.offset..].starts_with(&element.name));
                for attribute in &element.attributes {
                    assert!(source[attribute.offset..].starts_with(&attribute.name));
                    let value = &attribute.value;
                    let end = value.source_offset(value.as_str().len());
                    assert!(value.source_offset(0) <= end && end <= source.len());
                }
                assert_offsets(source, &element.children);
            }
            Node::Text(text) | Node::CData(text) => {
                assert!(source.is_char_boundary(text.source_offset(0)));
            }
            Node::Declaration { offset, .. } => assert!(source[*offset..].starts_with("<!")),
            Node::Comment(_) | Node::Instruction(_) => {}
        }
    }
}
