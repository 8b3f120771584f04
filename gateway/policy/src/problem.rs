//! What is wrong with a document, and where.

use std::fmt;

/// A place in a policy document, as an editor counts: both from 1, columns in UTF-16 code units
/// (the unit of the management API's messages and of editors' protocols).
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Position {
    /// Line, from 1.
    pub line: u32,
    /// Column, from 1.
    pub column: u32,
}

impl Position {
    /// The first character of a document.
    pub const START: Self = Self { line: 1, column: 1 };

    /// The position of byte `offset` of `source`; past the end, the end.
    #[must_use]
    pub fn of(source: &str, offset: usize) -> Self {
        let mut position = Self::START;
        for (at, c) in source.char_indices() {
            if at >= offset {
                break;
            }
            if c == '\n' {
                position.line += 1;
                position.column = 1;
            } else {
                position.column += u32::try_from(c.len_utf16()).unwrap_or(1);
            }
        }
        position
    }
}

impl fmt::Display for Position {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Line {}, position {}", self.line, self.column)
    }
}

/// Whether a problem refuses the document.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Severity {
    /// The document is accepted; the operator should look.
    Warning,
    /// The document is refused.
    Error,
}

/// One thing wrong with a document.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Problem {
    /// Stable code for tools, e.g. `UnknownElement`, `FailsOpen`.
    pub code: &'static str,
    /// Whether it refuses the document.
    pub severity: Severity,
    /// A sentence for a person, with the nearest known name where that helps. Never contains the
    /// value of a secret named value.
    pub message: String,
    /// Where it begins in the document as it was uploaded.
    pub position: Position,
}

impl Problem {
    /// A problem that refuses the document.
    pub fn error(code: &'static str, message: impl Into<String>, position: Position) -> Self {
        Self {
            code,
            severity: Severity::Error,
            message: message.into(),
            position,
        }
    }

    /// A problem that is reported but accepted.
    pub fn warning(code: &'static str, message: impl Into<String>, position: Position) -> Self {
        Self {
            code,
            severity: Severity::Warning,
            message: message.into(),
            position,
        }
    }
}

impl fmt::Display for Problem {
    /// As the management API writes it: `message Line 4, position 114.`
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {}.", self.message, self.position)
    }
}

/// The candidate nearest to `name` by edit distance, if it is near enough to be a likely slip.
#[must_use]
pub fn nearest<'a>(name: &str, candidates: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    // Comparing takes time with the length; nobody slips in a name this long.
    const LONGEST: usize = 100;
    if name.len() > LONGEST {
        return None;
    }
    let limit = (name.chars().count() / 3).max(1);
    candidates
        .into_iter()
        .map(|candidate| {
            (
                distance(&name.to_lowercase(), &candidate.to_lowercase()),
                candidate,
            )
        })
        .filter(|(distance, _)| *distance <= limit)
        .min_by_key(|(distance, _)| *distance)
        .map(|(_, candidate)| candidate)
}

/// Levenshtein distance.
fn distance(a: &str, b: &str) -> usize {
    let b: Vec<char> = b.chars().collect();
    let mut row: Vec<usize> = (0..=b.len()).collect();
    for (i, ca) in a.chars().enumerate() {
        let mut diagonal = i;
        let mut left = i + 1;
        let mut next = Vec::with_capacity(row.len());
        next.push(left);
        for (cb, up) in b.iter().zip(row.iter().skip(1)) {
            let value = (diagonal + usize::from(ca != *cb))
                .min(left + 1)
                .min(up + 1);
            diagonal = *up;
            left = value;
            next.push(value);
        }
        row = next;
    }
    row.last().copied().unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn positions_count_lines_and_utf16_columns_from_one() {
        assert_eq!(Position::of("ab\nc", 0), Position::START);
        assert_eq!(Position::of("ab\ncd", 4), Position { line: 2, column: 2 });
        assert_eq!(Position::of("😀x", 4), Position { line: 1, column: 3 });
    }

    #[test]
    fn suggests_a_near_name_and_no_far_one() {
        assert_eq!(
            nearest("set-headr", ["set-header", "set-body"]),
            Some("set-header")
        );
        assert_eq!(nearest("zzz", ["set-header"]), None);
        assert_eq!(nearest(&"a".repeat(101), [&*"a".repeat(101)]), None);
    }
}
