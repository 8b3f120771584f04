//! Any text is refused at a place in it, or is an expression that ends within its budget, gives the
//! same every time, and does not care about blanks.

#![no_main]

use std::fmt::Debug;

use gateway_fuzz::places::assert_inside;
use gateway_fuzz::running::{LIMITS, request};
use gateway_fuzz::support::World;
use gateway_policy::context::Body;
use gateway_policy::expression::{Budget, Compiled, Expected, Names, compile, literal_spans, scan};
use gateway_policy::problem::{Position, Severity};

struct Lists;

impl Names for Lists {
    fn identity_lists(&self) -> Vec<String> {
        vec!["partners".to_owned()]
    }
}

libfuzzer_sys::fuzz_target!(|code: &str| {
    assert_scan(code);
    let compiled = compiled(code);
    let refused = compiled
        .problems
        .iter()
        .any(|problem| problem.severity == Severity::Error);
    assert_eq!(compiled.expression.is_none(), refused);
    assert_inside(code, &compiled.problems);
    let Some(outcome) = outcome(&compiled) else {
        return;
    };
    assert_eq!(outcome, outcome_of(code), "another result the second time");
    let (start, rest) = code.split_at(2);
    let spaced = format!("{start} /*\"*/ //'\n{rest}");
    assert_eq!(outcome, outcome_of(&spaced), "blanks and comments count");
});

fn compiled(code: &str) -> Compiled {
    let locate = |offset| {
        assert!(offset <= code.len(), "{offset} is outside of {code:?}");
        Position::of(code, offset)
    };
    compile(code, Expected::Any, &locate, &Lists)
}

fn outcome_of(code: &str) -> String {
    let compiled = compiled(code);
    outcome(&compiled).unwrap_or_else(|| format!("{code}: {:?}", compiled.problems))
}

fn outcome(compiled: &Compiled) -> Option<String> {
    let expression = compiled.expression.as_ref()?;
    let mut context = request();
    context.request.body = Body::Bytes(bytes::Bytes::from_static(b"[1,2,{\"a\":\"b\"}]"));
    let value = expression
        .evaluate(&mut context, &World::default(), &mut Budget::new(LIMITS))
        .and_then(|value| value.to_text());
    Some(printed(&value.map_err(|e| (e.type_name, e.message))))
}

fn printed(outcome: &impl Debug) -> String {
    format!("{outcome:?}")
}

/// The end of an expression does not depend on what follows it, and literals are in order.
fn assert_scan(code: &str) {
    match scan(code) {
        Ok(end) => {
            assert!(code.is_char_boundary(end) && end >= 3);
            for tail in ["", "\"", "/*", ")}]"] {
                assert_eq!(scan(&format!("{}{tail}", &code[..end])), Ok(end));
            }
        }
        Err(error) => assert!(error.offset <= code.len()),
    }
    let mut last = 0;
    for (start, end) in literal_spans(code) {
        assert!(last <= start && start < end && code.get(start..end).is_some());
        last = end;
    }
}
