//! Cuts a template into text, outputs `{{ … }}` and tags `{% … %}`.

use super::Finding;

/// What a piece is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum PieceKind {
    /// Text as it stands.
    Text,
    /// `{{ … }}`
    Output,
    /// `{% … %}`
    Tag,
}

/// A piece of a template.
#[derive(Debug, Clone, Copy)]
pub(super) struct Piece<'a> {
    pub(super) kind: PieceKind,
    /// The text; of outputs and tags what is between the delimiters and their hyphens.
    pub(super) text: &'a str,
    /// Where `text` begins in the template.
    pub(super) offset: usize,
}

/// Tags whose content is not read, up to the tag that ends them.
pub(super) const RAW: [&str; 2] = ["raw", "comment"];

/// The kinds of the pieces, by which one sees whether a named value has changed the template;
/// `None` if it cannot be cut.
pub(crate) fn shape(source: &str) -> Option<Vec<(PieceKind, usize)>> {
    let pieces = cut(source).ok()?;
    Some(
        pieces
            .iter()
            .map(|piece| {
                // Of what is inside an output or a tag, the parts that have a meaning.
                let marks = match piece.kind {
                    PieceKind::Text => 0,
                    PieceKind::Output | PieceKind::Tag => piece
                        .text
                        .chars()
                        .filter(|c| !(c.is_alphanumeric() || matches!(c, '_' | '-')))
                        .count(),
                };
                (piece.kind, marks)
            })
            .collect(),
    )
}

/// Cuts a template.
pub(super) fn cut(source: &str) -> Result<Vec<Piece<'_>>, Finding> {
    let mut pieces: Vec<Piece<'_>> = Vec::new();
    let mut at = 0;
    while let Some(found) = start(source, at) {
        let rest = source.get(found..).unwrap_or_default();
        let kind = if rest.starts_with("{%") {
            PieceKind::Tag
        } else {
            PieceKind::Output
        };
        let mut inside = found + 2;
        let mut text = source.get(at..found).unwrap_or_default();
        if rest.get(2..).is_some_and(|rest| rest.starts_with('-')) {
            inside += 1;
            text = text.trim_end_matches([' ', '\t']);
        }
        push_text(&mut pieces, text, at);
        let Some(end) = end(source, inside, kind) else {
            let delimiter = if kind == PieceKind::Tag { "%}" } else { "}}" };
            return Err(Finding::syntax(
                format!("Expected '{delimiter}' at the end of what begins here."),
                found,
            ));
        };
        let content = source.get(inside..end).unwrap_or_default();
        let trimmed = content.strip_suffix('-');
        at = end + 2;
        if trimmed.is_some() {
            at += blanks_after(source.get(at..).unwrap_or_default());
        }
        let content = trimmed.unwrap_or(content);
        pieces.push(Piece {
            kind,
            text: content,
            offset: inside,
        });
        let name = tag_name(content);
        if kind == PieceKind::Tag && RAW.contains(&name) {
            let Some(until) = raw_end(source, at, name) else {
                return Err(Finding::syntax(
                    format!("The tag '{name}' needs an 'end{name}'."),
                    found,
                ));
            };
            push_text(&mut pieces, source.get(at..until).unwrap_or_default(), at);
            at = until;
        }
    }
    push_text(&mut pieces, source.get(at..).unwrap_or_default(), at);
    Ok(pieces)
}

fn push_text<'a>(pieces: &mut Vec<Piece<'a>>, text: &'a str, offset: usize) {
    if !text.is_empty() {
        pieces.push(Piece {
            kind: PieceKind::Text,
            text,
            offset,
        });
    }
}

/// Where the next output or tag begins.
fn start(source: &str, from: usize) -> Option<usize> {
    let rest = source.get(from..)?;
    let found = rest
        .as_bytes()
        .windows(2)
        .position(|pair| pair == b"{{" || pair == b"{%")?;
    Some(from + found)
}

/// Where the closing delimiter stands. Quotes hide it.
fn end(source: &str, from: usize, kind: PieceKind) -> Option<usize> {
    let close = if kind == PieceKind::Tag { b'%' } else { b'}' };
    let bytes = source.as_bytes();
    let mut at = from;
    while let Some(byte) = bytes.get(at) {
        if matches!(byte, b'\'' | b'"') {
            let rest = bytes.get(at + 1..)?;
            at += 1 + rest.iter().position(|other| other == byte)?;
        } else if *byte == close && bytes.get(at + 1) == Some(&b'}') {
            return Some(at);
        }
        at += 1;
    }
    None
}

/// After `-}}`: one line break, or blanks.
fn blanks_after(rest: &str) -> usize {
    if rest.starts_with('\n') {
        1
    } else if rest.starts_with("\r\n") {
        2
    } else {
        rest.len() - rest.trim_start_matches([' ', '\t']).len()
    }
}

/// The first word of a tag.
pub(super) fn tag_name(content: &str) -> &str {
    let content = content.trim_start();
    let length = content
        .find(|c: char| !(c.is_alphanumeric() || c == '_'))
        .unwrap_or(content.len());
    content.get(..length).unwrap_or_default()
}

/// Where the tag begins that ends a raw one.
fn raw_end(source: &str, from: usize, name: &str) -> Option<usize> {
    let mut at = from;
    loop {
        let rest = source.get(at..)?;
        let found = at + rest.find("{%")?;
        let inside = source.get(found + 2..)?;
        let inside = inside.strip_prefix('-').unwrap_or(inside).trim_start();
        let ends = inside
            .strip_prefix("end")
            .and_then(|rest| rest.strip_prefix(name))
            .map(str::trim_start)
            .map(|rest| rest.strip_prefix('-').unwrap_or(rest))
            .is_some_and(|rest| rest.starts_with("%}"));
        if ends {
            return Some(found);
        }
        at = found + 2;
    }
}
