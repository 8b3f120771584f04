//! A parsed pattern.

use std::collections::HashMap;
use std::sync::Arc;

use super::sets::Set;

/// `RegexOptions`, as bits.
pub(super) mod options {
    pub(crate) const IGNORE_CASE: i32 = 1;
    pub(crate) const MULTILINE: i32 = 2;
    pub(crate) const EXPLICIT_CAPTURE: i32 = 4;
    pub(crate) const COMPILED: i32 = 8;
    pub(crate) const SINGLELINE: i32 = 16;
    pub(crate) const IGNORE_WHITESPACE: i32 = 32;
    pub(crate) const RIGHT_TO_LEFT: i32 = 64;
    pub(crate) const ECMA_SCRIPT: i32 = 256;
    pub(crate) const CULTURE_INVARIANT: i32 = 512;
    pub(crate) const NON_BACKTRACKING: i32 = 1024;
}

/// What one UTF-16 unit is tested for.
#[derive(Debug, Clone)]
pub(super) enum Test {
    Unit(u16),
    /// A unit in lower case, whatever the case of the text.
    Folded(u16),
    Set(Arc<Set>),
}

/// A place in the text.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Anchor {
    LineStart,
    LineEnd,
    /// `\A`
    Beginning,
    /// `\G`
    Start,
    /// `\Z`, and `$` without `Multiline`
    EndOrLastNewline,
    /// `\z`
    End,
    Boundary {
        ecma: bool,
        negated: bool,
    },
}

/// A part of a pattern. Groups are numbers as `Match.Groups` has them.
#[derive(Debug)]
pub(super) enum Node {
    Empty,
    One(Test),
    Anchor(Anchor),
    Sequence(Vec<Self>),
    Either(Vec<Self>),
    Repeat {
        node: Box<Self>,
        min: u32,
        /// `u32::MAX` for no limit.
        max: u32,
        lazy: bool,
    },
    Capture {
        group: Option<u32>,
        /// The group whose last capture is taken away.
        balance: Option<u32>,
        node: Box<Self>,
    },
    Look {
        behind: bool,
        negative: bool,
        node: Box<Self>,
    },
    Atomic(Box<Self>),
    Back {
        group: u32,
        folded: bool,
    },
    IfGroup {
        group: u32,
        yes: Box<Self>,
        no: Box<Self>,
    },
    IfMatch {
        condition: Box<Self>,
        yes: Box<Self>,
        no: Box<Self>,
    },
}

/// The groups of a pattern.
#[derive(Debug, Default)]
pub(super) struct Groups {
    /// In order; the whole match, 0, is among them.
    pub(super) numbers: Vec<u32>,
    pub(super) names: HashMap<String, u32>,
}

impl Groups {
    pub(super) fn slot(&self, number: u32) -> Option<usize> {
        self.numbers.binary_search(&number).ok()
    }

    /// The slot of a group by its name or its number in digits.
    pub(super) fn slot_named(&self, name: &str) -> Option<usize> {
        match self.names.get(name) {
            Some(number) => self.slot(*number),
            None => self.slot(name.parse().ok()?),
        }
    }
}
