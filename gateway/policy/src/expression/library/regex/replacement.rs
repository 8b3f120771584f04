//! Replacement patterns (.NET documentation, Substitutions in regular expressions).

use super::objects::Found;
use super::search::Pattern;
use super::tree::options;
use crate::expression::budget::Budget;
use crate::expression::exception::Exception;

/// A piece of a replacement.
#[derive(Debug, PartialEq, Eq)]
enum Piece {
    Text(String),
    /// `$1`, `${name}` and `$&`.
    Group(usize),
    /// `` $` ``
    Before,
    /// `$'`
    After,
    /// `$+`
    LastGroup,
    /// `$_`
    Whole,
}

/// A parsed replacement pattern.
#[derive(Debug)]
pub(super) struct Replacement(Vec<Piece>);

impl Replacement {
    pub(super) fn parse(source: &str, pattern: &Pattern) -> Self {
        let mut pieces = Vec::new();
        let mut text = String::new();
        let mut rest = source;
        while let Some((head, tail)) = rest.split_once('$') {
            text.push_str(head);
            match substitution(tail, pattern) {
                Some((piece, after)) => {
                    pieces.push(Piece::Text(std::mem::take(&mut text)));
                    pieces.push(piece);
                    rest = after;
                }
                None => {
                    text.push('$');
                    rest = tail;
                }
            }
        }
        text.push_str(rest);
        pieces.push(Piece::Text(text));
        Self(pieces)
    }

    /// Appends the replacement of one match.
    pub(super) fn expand(
        &self,
        budget: &mut Budget,
        found: &Found,
        out: &mut String,
    ) -> Result<(), Exception> {
        let subject = &found.subject;
        let (start, end) = found.whole();
        for piece in &self.0 {
            let span = match piece {
                Piece::Text(text) => {
                    budget.allocate(text.len())?;
                    out.push_str(text);
                    continue;
                }
                Piece::Group(slot) => found.captures.last(*slot),
                Piece::LastGroup => found
                    .captures
                    .last(found.captures.slots().saturating_sub(1)),
                Piece::Before => Some((0, start)),
                Piece::After => Some((end, subject.units.len())),
                Piece::Whole => Some((0, subject.units.len())),
            };
            if let Some((start, end)) = span {
                budget.allocate(end.saturating_sub(start))?;
                out.push_str(&subject.slice((start, end)));
            }
        }
        Ok(())
    }
}

/// What follows a `$`, and the rest; `None` if the `$` stands for itself.
fn substitution<'s>(tail: &'s str, pattern: &Pattern) -> Option<(Piece, &'s str)> {
    let mut chars = tail.chars();
    let piece = match chars.next()? {
        '$' => Piece::Text("$".to_owned()),
        '&' => Piece::Group(0),
        '`' => Piece::Before,
        '\'' => Piece::After,
        '+' => Piece::LastGroup,
        '_' => Piece::Whole,
        '{' => {
            let (name, after) = chars.as_str().split_once('}')?;
            return Some((Piece::Group(pattern.groups.slot_named(name)?), after));
        }
        c if c.is_ascii_digit() => return numbered(tail, pattern),
        _ => return None,
    };
    Some((piece, chars.as_str()))
}

/// All the digits make one number; under `ECMAScript` only as many as give a group.
fn numbered<'s>(tail: &'s str, pattern: &Pattern) -> Option<(Piece, &'s str)> {
    let digits = tail
        .find(|c: char| !c.is_ascii_digit())
        .unwrap_or(tail.len());
    let ecma = pattern.options & options::ECMA_SCRIPT != 0;
    let shortest = if ecma { 1 } else { digits };
    for length in (shortest..=digits).rev() {
        let (number, after) = tail.split_at_checked(length)?;
        let slot = number
            .parse()
            .ok()
            .and_then(|number| pattern.groups.slot(number));
        if let Some(slot) = slot {
            return Some((Piece::Group(slot), after));
        }
    }
    None
}
