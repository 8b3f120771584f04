//! Paths of tokens, and places in a text, as Newtonsoft's messages have them.

use std::fmt::Write as _;

use super::text::push_escaped;

/// One step from a container to what is in it.
#[derive(Debug, Clone)]
pub(super) enum Step {
    /// A property; `None` before its name is read.
    Name(Option<std::sync::Arc<str>>),
    Index(usize),
}

/// Characters that need `['…']` in a path.
fn is_special(c: char) -> bool {
    matches!(
        c,
        ' ' | '.'
            | '/'
            | '"'
            | '\''
            | '['
            | ']'
            | '('
            | ')'
            | '\t'
            | '\n'
            | '\r'
            | '\u{c}'
            | '\u{8}'
            | '\\'
            | '\u{85}'
            | '\u{2028}'
            | '\u{2029}'
    )
}

/// `JsonPosition.BuildPath`.
pub(super) fn path<'a>(steps: impl Iterator<Item = &'a Step>) -> String {
    let mut out = String::new();
    for step in steps {
        match step {
            Step::Name(Some(name)) if name.contains(is_special) => {
                out.push_str("['");
                push_escaped(&mut out, name, '\'');
                out.push_str("']");
            }
            Step::Name(Some(name)) => {
                if !out.is_empty() {
                    out.push('.');
                }
                out.push_str(name);
            }
            Step::Name(None) => {}
            Step::Index(index) => {
                // Writing to a string cannot fail.
                let _ = write!(out, "[{index}]");
            }
        }
    }
    out
}

/// `JsonPosition.FormatMessage`: the message, the path, and where in the text.
pub(super) fn message(text: &str, path: &str, place: Option<(usize, usize)>) -> String {
    let mut out = text.trim_end().to_owned();
    if !out.ends_with('.') {
        out.push('.');
    }
    let _ = write!(out, " Path '{path}'");
    if let Some((line, position)) = place {
        let _ = write!(out, ", line {line}, position {position}");
    }
    out.push('.');
    out
}
