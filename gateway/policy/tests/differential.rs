//! The compiled evaluator against a plain walk over programs made at random.

#![allow(
    missing_docs,
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::string_slice,
    clippy::panic,
    clippy::unreachable,
    clippy::use_self,
    clippy::cast_possible_truncation,
    clippy::cast_possible_wrap,
    clippy::cast_precision_loss,
    clippy::cast_sign_loss,
    clippy::cast_lossless,
    reason = "tests fail by panicking"
)]

mod reference;
mod support;

use reference::evaluating::{Outcome, Reference};
use reference::{Compared, compare, generating, printing};
use support::Numbers;

fn bytes(numbers: &mut Numbers) -> Vec<u8> {
    let length = 20 + numbers.below(400);
    (0..length).map(|_| numbers.below(256) as u8).collect()
}

#[test]
fn random_programs_give_what_a_plain_walk_gives() {
    const PROGRAMS: usize = 3_000;
    let rounds: usize = std::env::var("ROUNDS").map_or(PROGRAMS, |text| text.parse().unwrap());
    let seed = std::env::var("SEED").map_or(0x2545_F491_4F6C_DD1D, |text| text.parse().unwrap());
    let mut numbers = Numbers(seed);
    let mut same = 0;
    for _ in 0..rounds {
        let program = generating::generate(&bytes(&mut numbers));
        if compare(&program) == Compared::Same {
            same += 1;
        }
    }
    // Else the comparison would prove little.
    assert!(same * 10 > rounds * 8, "{same} of {rounds} were compared");
}

#[test]
fn the_seeds_of_fuzzing_give_what_a_plain_walk_gives() {
    let directory = concat!(
        env!("CARGO_MANIFEST_DIR"),
        "/../fuzz/corpus/expression_differential"
    );
    let mut compared = 0;
    for entry in std::fs::read_dir(directory).unwrap() {
        let seed = std::fs::read(entry.unwrap().path()).unwrap();
        compare(&generating::generate(&seed));
        compared += 1;
    }
    assert!(compared > 0, "no seeds in {directory}");
}

#[test]
fn random_programs_use_the_whole_language_and_end_in_every_way() {
    let mut numbers = Numbers(0x9E37_79B9_7F4A_7C15);
    let mut text = String::new();
    let mut thrown = std::collections::BTreeSet::new();
    for _ in 0..3_000 {
        let program = generating::generate(&bytes(&mut numbers));
        text.push_str(&printing::print(&program));
        if let Outcome::Throws(exception) = Reference::default().run(&program) {
            thrown.insert(format!("{exception:?}"));
        }
    }
    for piece in [
        "foreach",
        "for (",
        "while (",
        "switch",
        "try",
        "finally",
        "break;",
        "continue;",
        "<<=",
        "++",
        "--",
        " ?? ",
        " ? ",
        "Aggregate",
        "OrderByDescending",
        "TakeWhile",
        "Distinct",
        "string.Join",
        "Substring",
        "PadLeft",
        "Func<int, int>",
        "(int)",
        "(double)",
    ] {
        assert!(text.contains(piece), "no program has '{piece}'");
    }
    let thrown: Vec<&str> = thrown.iter().map(String::as_str).collect();
    assert_eq!(
        thrown,
        [
            "ArgumentRange",
            "DivideByZero",
            "IndexRange",
            "InvalidOperation",
            "NullReference",
            "Overflow"
        ]
    );
}
