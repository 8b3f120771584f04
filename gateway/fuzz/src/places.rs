//! Problems must lead an editor to a place that exists.

use gateway_policy::problem::{Position, Problem};

/// Asserts that every problem has something to say about a place inside of `source`.
///
/// # Panics
/// If one has not.
pub fn assert_inside(source: &str, problems: &[Problem]) {
    let widths: Vec<u32> = source
        .split('\n')
        .map(|line| line.chars().map(|c| c.len_utf16() as u32).sum())
        .collect();
    for problem in problems {
        let Position { line, column } = problem.position;
        let width = (line as usize)
            .checked_sub(1)
            .and_then(|line| widths.get(line));
        // One past the last character is where something is missing.
        assert!(
            width.is_some_and(|width| column >= 1 && column <= width + 1),
            "outside of the text: {problem:?}"
        );
        assert!(!problem.message.is_empty() && !problem.code.is_empty());
    }
}
