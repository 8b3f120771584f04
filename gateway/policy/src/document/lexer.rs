//! Where a value ends, and what it says.
//!
//! A value that begins with `@(` or `@{` is an expression whose end only the lexing of C# can find:
//! inside an attribute it may hold the attribute's own quotes, inside text it may hold `<`. It is
//! first read as XML would (up to the delimiter, entities decoded); if that is not one balanced
//! expression, it is read as it stands. The choice is made per expression.

use crate::expression::{ends_by_itself, scan};

use super::entity::{decode, reference};
use super::text::SourceText;
use super::{begins_expression, is_blank};

/// A value and the byte offset behind it: of its closing quote, or of the next `<`.
pub(super) struct Lexed {
    pub(super) text: SourceText,
    pub(super) end: usize,
}

/// A value that has no end.
#[derive(Debug)]
pub(super) enum Unended {
    /// The closing quote is missing.
    Quote,
    /// An expression is not balanced: where, what was expected, and where to go on reading.
    Expression {
        offset: usize,
        message: String,
        resume: Option<usize>,
    },
}

/// The value of an attribute: `start` is the offset behind its opening quote.
pub(super) fn attribute(source: &str, start: usize, quote: char) -> Result<Lexed, Unended> {
    let rest = source.get(start..).unwrap_or("");
    if !begins_expression(rest) {
        let end = literal_end(source, start, quote).ok_or(Unended::Quote)?;
        return decoded(source, start, end, end + quote.len_utf8());
    }
    let length = rest.find(quote).ok_or(Unended::Quote)?;
    let strict = decode(slice(source, start, start + length), start);
    if is_balanced(strict.as_str()) {
        return Ok(Lexed {
            text: strict,
            end: start + length,
        });
    }
    let at = skip_blanks(source, start);
    match scan(slice(source, at, source.len())) {
        Ok(length) => {
            let end = skip_blanks(source, at + length);
            if source
                .get(end..)
                .is_some_and(|rest| rest.starts_with(quote))
            {
                return Ok(Lexed {
                    text: raw(source, start, end),
                    end,
                });
            }
            let from = at + length;
            let more = source
                .get(from..)
                .and_then(|rest| rest.find(quote))
                .ok_or(Unended::Quote)?;
            Ok(Lexed {
                text: raw(source, start, from + more),
                end: from + more,
            })
        }
        Err(error) => Err(Unended::Expression {
            offset: at + error.offset,
            message: error.message,
            resume: literal_end(source, start, quote).map(|end| end + quote.len_utf8()),
        }),
    }
}

/// The characters from `start` to the next markup.
pub(super) fn text(source: &str, start: usize) -> Result<Lexed, Unended> {
    let rest = source.get(start..).unwrap_or("");
    let end = start + rest.find('<').unwrap_or(rest.len());
    if !begins_expression(rest) {
        return decoded(source, start, end, end);
    }
    let strict = decode(slice(source, start, end), start);
    if is_balanced(strict.as_str()) {
        return Ok(Lexed { text: strict, end });
    }
    let at = skip_blanks(source, start);
    match scan(slice(source, at, source.len())) {
        Ok(length) => {
            let from = at + length;
            let end = source
                .get(from..)
                .and_then(|rest| rest.find('<'))
                .map_or(source.len(), |at| from + at);
            Ok(Lexed {
                text: raw(source, start, end),
                end,
            })
        }
        Err(error) => Err(Unended::Expression {
            offset: at + error.offset,
            message: error.message,
            resume: source
                .get(at..)
                .and_then(|rest| rest.find("</"))
                .map(|to| at + to),
        }),
    }
}

/// A value that does not begin as an expression as it stands. It may once it is decoded (`&#64;(`).
fn decoded(source: &str, start: usize, end: usize, resume: usize) -> Result<Lexed, Unended> {
    let text = decode(slice(source, start, end), start);
    if begins_expression(text.as_str()) {
        let code = text.as_str().trim_start_matches(is_blank);
        let blanks = text.as_str().len() - code.len();
        if let Err(error) = scan(code) {
            return Err(Unended::Expression {
                offset: text.source_offset(blanks + error.offset),
                message: error.message,
                resume: Some(resume),
            });
        }
    }
    Ok(Lexed { text, end })
}

/// Whether `text` begins with a balanced expression. Something may follow it, which the compiler
/// refuses by name.
fn is_balanced(text: &str) -> bool {
    scan(text.trim_start_matches(is_blank)).is_ok()
}

/// Whether `text`, blanks around it aside, is exactly one balanced expression.
pub(crate) fn is_whole(text: &str) -> bool {
    let trimmed = text.trim_start_matches(is_blank);
    match scan(trimmed) {
        Ok(length) => trimmed
            .get(length..)
            .is_some_and(|rest| rest.trim_matches(is_blank).is_empty()),
        Err(_) => false,
    }
}

/// The same, and nothing that is put behind it can change that.
pub(super) fn is_whole_by_itself(text: &str) -> bool {
    is_whole(text) && ends_by_itself(text.trim_start_matches(is_blank))
}

/// An expression as it stands in the source.
///
/// An entity in its code, outside of literals, cannot be C#: such an expression was escaped except
/// for its quotes, and is decoded there. Inside literals the characters are what the author wrote.
fn raw(source: &str, start: usize, end: usize) -> SourceText {
    let written = slice(source, start, end);
    let mut text = SourceText::empty(start);
    text.push(written, start);
    let has_entity = written.match_indices('&').any(|(at, _)| {
        written
            .get(at..)
            .is_some_and(|from| reference(from).is_some())
    });
    if has_entity {
        let literals = crate::expression::literal_spans(written);
        let mut decoded = SourceText::empty(start);
        let mut from = 0;
        for (literal_start, literal_end) in literals {
            decoded.append(&decode(slice(written, from, literal_start), start + from));
            decoded.push(
                slice(written, literal_start, literal_end),
                start + literal_start,
            );
            from = literal_end;
        }
        decoded.append(&decode(slice(written, from, written.len()), start + from));
        if decoded.as_str() != written && is_whole(decoded.as_str()) {
            return decoded;
        }
    }
    text
}

/// The closing quote of a value without an expression.
///
/// Distinguished names are found with their quotes unescaped (`subject="CN=a, O="b, c", C=d"`): a
/// quote right behind `=` that nothing proper follows opens such a value when the next quote is
/// followed by a separator.
fn literal_end(source: &str, start: usize, quote: char) -> Option<usize> {
    let mut at = start;
    loop {
        let candidate = at + source.get(at..)?.find(quote)?;
        let behind = candidate + quote.len_utf8();
        let nested = candidate > start && slice(source, start, candidate).ends_with('=');
        if !nested || ends_properly(source, behind) {
            return Some(candidate);
        }
        let Some(length) = source.get(behind..).and_then(|rest| rest.find(quote)) else {
            return Some(candidate);
        };
        let inner = behind + length + quote.len_utf8();
        match source.get(inner..).and_then(|rest| rest.chars().next()) {
            Some(c) if matches!(c, ',' | '+' | ';') || c == quote || is_blank(c) => at = inner,
            _ => return Some(candidate),
        }
    }
}

/// Whether what stands at `at` may follow an attribute.
fn ends_properly(source: &str, at: usize) -> bool {
    match source.get(at..).and_then(|rest| rest.chars().next()) {
        None => true,
        Some(c) => is_blank(c) || matches!(c, '/' | '>' | '?'),
    }
}

pub(super) fn skip_blanks(source: &str, at: usize) -> usize {
    let rest = source.get(at..).unwrap_or("");
    at + (rest.len() - rest.trim_start_matches(is_blank).len())
}

fn slice(source: &str, start: usize, end: usize) -> &str {
    source.get(start..end).unwrap_or("")
}
