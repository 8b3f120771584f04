//! `{{name}}`: text substitution when a document is compiled.
//!
//! A named value is put in as it is, wherever it stands, without recursion and without escaping:
//! that is what APIM does and documents rely on (lists inside string literals, whole expressions,
//! code). Inside a literal of C# a value could so end the literal and go on as code, which would let
//! whoever edits named values write policies; that is refused unless it is allowed on purpose.

mod containment;

use std::ops::Range;

pub(crate) use containment::code_changes;

use crate::document::SourceText;

/// Longest name (APIM's limit).
const MAX_NAME: usize = 256;

/// One `{{name}}` in a text.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Placeholder<'a> {
    /// Byte range in the text, braces included.
    pub range: Range<usize>,
    /// The display name.
    pub name: &'a str,
}

/// The placeholders of `text`, in order. Braces around anything but a name are left alone: C# and
/// JSON have them too.
pub fn placeholders(text: &str) -> impl Iterator<Item = Placeholder<'_>> {
    let mut from = 0;
    std::iter::from_fn(move || {
        loop {
            let start = from + text.get(from..)?.find("{{")?;
            // Of three braces the inner two count: `{{{name}}}` is a placeholder in braces.
            let rest = text.get(start + 2..)?;
            let length = rest
                .bytes()
                .take(MAX_NAME + 1)
                .position(|b| !(b.is_ascii_alphanumeric() || matches!(b, b'-' | b'.' | b'_')));
            match length {
                Some(length)
                    if length > 0 && rest.get(length..).is_some_and(|r| r.starts_with("}}")) =>
                {
                    let end = start + 2 + length + 2;
                    from = end;
                    return Some(Placeholder {
                        range: start..end,
                        name: rest.get(..length)?,
                    });
                }
                _ => from = start + 1,
            }
        }
    })
}

/// A text whose placeholders were replaced, and where in the new text each value stands.
#[derive(Debug)]
pub(crate) struct Substituted {
    pub(crate) text: SourceText,
    pub(crate) inserted: Vec<Range<usize>>,
}

/// `text` with each placeholder replaced by what `value` gives for its name; `None` leaves it.
pub(crate) fn substitute<V: AsRef<str>>(
    text: &SourceText,
    mut value: impl FnMut(&Placeholder<'_>) -> Option<V>,
) -> Substituted {
    let source = text.as_str();
    let mut out = SourceText::empty(text.source_offset(0));
    let mut inserted = Vec::new();
    let mut from = 0;
    for placeholder in placeholders(source) {
        let Some(value) = value(&placeholder) else {
            continue;
        };
        out.append_range(text, from, placeholder.range.start);
        let start = out.as_str().len();
        out.push_replacement(value.as_ref(), text.source_offset(placeholder.range.start));
        inserted.push(start..out.as_str().len());
        from = placeholder.range.end;
    }
    out.append_range(text, from, source.len());
    Substituted {
        text: out,
        inserted,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn names(text: &str) -> Vec<&str> {
        placeholders(text)
            .map(|placeholder| placeholder.name)
            .collect()
    }

    #[test]
    fn finds_names_and_leaves_other_braces_alone() {
        assert_eq!(names("{{a}} x {{b-1.c_D}}"), ["a", "b-1.c_D"]);
        assert_eq!(
            names("{{ a }} {{}} {{\"a\": 1}} {a} {{a}"),
            Vec::<&str>::new()
        );
        assert_eq!(names("{{{a}}}"), ["a"]);
        assert_eq!(
            names(&format!("{{{{{}}}}}", "n".repeat(257))),
            Vec::<&str>::new()
        );
    }

    #[test]
    fn offsets_of_a_substituted_text_lead_to_the_placeholder() {
        let mut text = SourceText::empty(0);
        text.push("a{{v}}b", 100);
        let substituted = substitute(&text, |_| Some("12345"));
        assert_eq!(substituted.text.as_str(), "a12345b");
        assert_eq!(substituted.text.source_offset(3), 101);
        assert_eq!(substituted.text.source_offset(6), 106);
    }
}
