//! Sets of UTF-16 units: classes, categories and blocks of Unicode.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, OnceLock};

use regex_syntax::hir::{Class, HirKind};

use super::blocks::BLOCKS;
use crate::expression::key::{lower, upper};
use crate::expression::object::lock;

/// Sorted ranges of units, ends included.
pub(super) type Ranges = Arc<[(u16, u16)]>;

/// A character class `[…]`, or `.`, `\w` and the like.
#[derive(Debug, Default)]
pub(super) struct Set {
    pub(super) negated: bool,
    pub(super) folded: bool,
    pub(super) ranges: Vec<(u16, u16)>,
    /// Classes inside, each as it is or negated.
    pub(super) classes: Vec<(Ranges, bool)>,
    /// What `-[…]` takes away.
    pub(super) minus: Option<Arc<Self>>,
    /// The answers for ASCII, a bit each; filled by [`Set::finish`].
    ascii: u128,
}

impl Set {
    /// A class before anything is in it; to be finished.
    pub(super) fn empty(negated: bool, folded: bool) -> Self {
        Self {
            negated,
            folded,
            ..Self::default()
        }
    }

    /// Everything, or everything but a newline.
    pub(super) fn any(newline: bool) -> Self {
        Self {
            negated: true,
            ranges: if newline {
                Vec::new()
            } else {
                vec![(0x0a, 0x0a)]
            },
            ..Self::default()
        }
        .finish()
    }

    pub(super) fn class(ranges: Ranges, negated: bool) -> Self {
        Self {
            classes: vec![(ranges, negated)],
            ..Self::default()
        }
        .finish()
    }

    /// Adds a class unless it is there; the same classes are the same objects.
    pub(super) fn add_class(&mut self, ranges: Ranges, negated: bool) {
        let known = self
            .classes
            .iter()
            .any(|(known, how)| Arc::ptr_eq(known, &ranges) && *how == negated);
        if !known {
            self.classes.push((ranges, negated));
        }
    }

    /// Sorts the ranges and answers for ASCII, so that a test takes about the same time whatever the
    /// class.
    pub(super) fn finish(mut self) -> Self {
        self.ranges.sort_unstable();
        let mut merged: Vec<(u16, u16)> = Vec::with_capacity(self.ranges.len());
        for (first, last) in self.ranges.drain(..) {
            match merged.last_mut() {
                Some((_, end)) if first <= end.saturating_add(1) => *end = last.max(*end),
                _ => merged.push((first, last)),
            }
        }
        self.ranges = merged;
        self.ascii = (0..128_u16)
            .filter(|unit| self.slow(*unit))
            .fold(0, |bits, unit| bits | 1 << unit);
        self
    }

    pub(super) fn contains(&self, unit: u16) -> bool {
        if unit < 128 {
            self.ascii >> unit & 1 == 1
        } else {
            self.slow(unit)
        }
    }

    fn slow(&self, unit: u16) -> bool {
        let inside = self.listed(unit)
            || (self.folded && (self.listed(lower_unit(unit)) || self.listed(upper_unit(unit))));
        inside != self.negated && !self.minus.as_ref().is_some_and(|minus| minus.slow(unit))
    }

    fn listed(&self, unit: u16) -> bool {
        within(&self.ranges, unit)
            || self
                .classes
                .iter()
                .any(|(ranges, negated)| within(ranges, unit) != *negated)
    }
}

fn within(ranges: &[(u16, u16)], unit: u16) -> bool {
    let at = ranges.partition_point(|(_, last)| *last < unit);
    ranges.get(at).is_some_and(|(first, _)| *first <= unit)
}

fn mapped(unit: u16, map: fn(char) -> char) -> u16 {
    char::from_u32(u32::from(unit))
        .map(map)
        .and_then(|c| u16::try_from(u32::from(c)).ok())
        .unwrap_or(unit)
}

pub(super) fn lower_unit(unit: u16) -> u16 {
    mapped(unit, lower)
}

fn upper_unit(unit: u16) -> u16 {
    mapped(unit, upper)
}

/// The units of a class in the syntax of `regex-syntax`, whose tables are those of Unicode.
fn unicode(class: &str) -> Option<Ranges> {
    let parsed = regex_syntax::parse(class).ok()?;
    let HirKind::Class(Class::Unicode(class)) = parsed.kind() else {
        return None;
    };
    Some(
        class
            .ranges()
            .iter()
            .filter_map(|range| {
                let first = u16::try_from(u32::from(range.start())).ok()?;
                let last = u16::try_from(u32::from(range.end())).unwrap_or(u16::MAX);
                Some((first, last))
            })
            .collect(),
    )
}

fn fixed(cell: &OnceLock<Ranges>, ranges: &[(u16, u16)]) -> Ranges {
    Arc::clone(cell.get_or_init(|| ranges.into()))
}

/// `\w`: letters, decimal digits, non-spacing marks and connectors.
pub(super) fn word() -> Ranges {
    static WORD: OnceLock<Ranges> = OnceLock::new();
    Arc::clone(WORD.get_or_init(|| unicode(r"[\p{L}\p{Mn}\p{Nd}\p{Pc}]").unwrap_or_default()))
}

/// `\d`.
pub(super) fn digit() -> Ranges {
    static DIGIT: OnceLock<Ranges> = OnceLock::new();
    Arc::clone(DIGIT.get_or_init(|| unicode(r"\p{Nd}").unwrap_or_default()))
}

/// `\s`: `char.IsWhiteSpace`.
pub(super) fn space() -> Ranges {
    static SPACE: OnceLock<Ranges> = OnceLock::new();
    fixed(
        &SPACE,
        &[
            (0x09, 0x0d),
            (0x20, 0x20),
            (0x85, 0x85),
            (0xa0, 0xa0),
            (0x1680, 0x1680),
            (0x2000, 0x200a),
            (0x2028, 0x2029),
            (0x202f, 0x202f),
            (0x205f, 0x205f),
            (0x3000, 0x3000),
        ],
    )
}

/// `\w` under `RegexOptions.ECMAScript`.
pub(super) fn ecma_word() -> Ranges {
    static WORD: OnceLock<Ranges> = OnceLock::new();
    fixed(
        &WORD,
        &[(0x30, 0x39), (0x41, 0x5a), (0x5f, 0x5f), (0x61, 0x7a)],
    )
}

pub(super) fn ecma_digit() -> Ranges {
    static DIGIT: OnceLock<Ranges> = OnceLock::new();
    fixed(&DIGIT, &[(0x30, 0x39)])
}

pub(super) fn ecma_space() -> Ranges {
    static SPACE: OnceLock<Ranges> = OnceLock::new();
    fixed(&SPACE, &[(0x09, 0x0d), (0x20, 0x20)])
}

/// Whether `\b` takes a unit for part of a word: also the joiners.
pub(super) fn is_boundary_word(unit: u16) -> bool {
    if unit < 128 {
        return u8::try_from(unit).is_ok_and(|byte| byte.is_ascii_alphanumeric() || byte == b'_');
    }
    matches!(unit, 0x200c | 0x200d) || within(&word(), unit)
}

pub(super) fn is_ecma_word(unit: u16) -> bool {
    within(&ecma_word(), unit)
}

const CATEGORIES: &[&str] = &[
    "L", "Lu", "Ll", "Lt", "Lm", "Lo", "M", "Mn", "Mc", "Me", "N", "Nd", "Nl", "No", "P", "Pc",
    "Pd", "Ps", "Pe", "Pi", "Pf", "Po", "S", "Sm", "Sc", "Sk", "So", "Z", "Zs", "Zl", "Zp", "C",
    "Cc", "Cf", "Co", "Cn",
];

/// The units of `\p{name}`: a general category or a block. Each is made once.
pub(super) fn property(name: &str) -> Option<Ranges> {
    static MADE: OnceLock<Mutex<HashMap<String, Ranges>>> = OnceLock::new();
    let made = MADE.get_or_init(Mutex::default);
    if let Some(ranges) = lock(made).get(name) {
        return Some(Arc::clone(ranges));
    }
    let ranges = make_property(name)?;
    // Only known names come here: some hundred and fifty.
    lock(made).insert(name.to_owned(), Arc::clone(&ranges));
    Some(ranges)
}

fn make_property(name: &str) -> Option<Ranges> {
    const SURROGATES: (u16, u16) = (0xd800, 0xdfff);
    if name == "Cs" {
        return Some(Arc::new([SURROGATES]));
    }
    if CATEGORIES.contains(&name) {
        let mut ranges = unicode(&format!(r"\p{{{name}}}"))?.to_vec();
        if name == "C" {
            ranges.push(SURROGATES);
            ranges.sort_unstable();
        }
        return Some(ranges.into());
    }
    BLOCKS
        .iter()
        .find(|(known, ..)| *known == name)
        .map(|(_, first, last)| Arc::from([(*first, *last)]))
}
