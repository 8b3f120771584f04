//! Regular expressions in .NET's dialect, matched within the evaluation's budget.
//!
//! Syntax, numbering of groups, histories of captures, matching from right to left and Unicode sets
//! follow .NET's engine; a backtracking matcher of our own walks a program of the pattern and pays for
//! every step, so that no pattern can hang a worker.

mod blocks;
mod captures;
mod match_members;
mod matcher;
mod members;
mod objects;
mod parse;
mod parse_escapes;
mod parse_groups;
mod program;
mod replacement;
mod replacing;
mod running;
mod search;
mod sets;
mod tree;
mod unescape;

pub(crate) use replacing::replace;

use super::registry::Group;

pub(super) static GROUPS: &[&Group] = &[
    &members::REGEX,
    &members::REGEX_STATIC,
    &match_members::MATCH,
    &match_members::GROUP,
    &match_members::CAPTURE,
    &match_members::GROUPS,
    &match_members::CAPTURES,
    &match_members::MATCHES,
];

/// What is wrong with a pattern that a document gives as a constant.
pub(crate) fn problem(pattern: &str, options: i32) -> Option<String> {
    search::Pattern::compile(pattern, options)
        .err()
        .map(|exception| exception.message)
}
