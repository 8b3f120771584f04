//! Where an expression ends.

use super::lexer::Lexer;
use super::token::TokenKind;

/// An expression that does not end, or whose text is not C#.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{message}")]
pub struct ScanError {
    /// Byte offset into the scanned text where it was noticed.
    pub offset: usize,
    /// A sentence that says what was expected.
    pub message: String,
}

/// Byte length of the expression at the beginning of `text`, which starts with `@(` or `@{`,
/// including the closing delimiter.
///
/// Strings of all kinds, characters and comments are skipped as C# defines them; brackets must
/// match. Literals that C# refuses but that have an end (`'ab'`, an unknown escape) do not stop the
/// scan: the compiler reports them with everything else.
///
/// # Errors
///
/// If the end is not found: the offset and what was expected there.
pub fn scan(text: &str) -> Result<usize, ScanError> {
    scan_tolerantly(text).map(|(length, _)| length)
}

/// Whether `text` begins with an expression whose end does not depend on what stands behind it: how
/// far a literal that C# refuses reaches can depend on it.
pub(crate) fn ends_by_itself(text: &str) -> bool {
    scan_tolerantly(text).is_ok_and(|(_, tolerated)| tolerated.is_none())
}

/// Length of the expression, and the first literal in it that C# refuses.
fn scan_tolerantly(text: &str) -> Result<(usize, Option<ScanError>), ScanError> {
    let first = match text.get(..2) {
        Some("@(") => ")",
        Some("@{") => "}",
        _ => {
            return Err(ScanError {
                offset: 0,
                message: "Expected `@(` or `@{`.".to_owned(),
            });
        }
    };
    let mut lexer = Lexer::new(text, 2, text.len());
    let mut open: Vec<(&'static str, usize)> = vec![(first, 0)];
    let mut tolerated: Option<ScanError> = None;
    loop {
        let token = match lexer.next() {
            Ok(Some(token)) => token,
            Ok(None) => {
                if let Some(error) = tolerated {
                    return Err(error);
                }
                let (closer, start) = open.last().copied().unwrap_or((first, 0));
                return Err(ScanError {
                    offset: start,
                    message: format!("Expected `{closer}` to close what is opened here."),
                });
            }
            Err(error) => {
                // The first one names the cause if the end is then missed.
                tolerated = tolerated.or(Some(error));
                continue;
            }
        };
        let TokenKind::Punctuation(punctuation) = token.kind else {
            continue;
        };
        let at = token.span.start as usize;
        match punctuation {
            "(" => open.push((")", at)),
            "[" => open.push(("]", at)),
            "{" => open.push(("}", at)),
            ")" | "]" | "}" => {
                match open.pop() {
                    Some((closer, _)) if closer == punctuation => {}
                    Some((closer, _)) => {
                        return Err(tolerated.unwrap_or_else(|| ScanError {
                            offset: at,
                            message: format!("Expected `{closer}`, found `{punctuation}`."),
                        }));
                    }
                    None => return Ok((lexer.offset(), tolerated)),
                }
                if open.is_empty() {
                    return Ok((lexer.offset(), tolerated));
                }
            }
            _ => {}
        }
    }
}

/// Byte ranges of the string and character literals of an expression, in order; an interpolated
/// string counts whole, its code included. For callers that must change code but not literals.
#[must_use]
pub fn literal_spans(text: &str) -> Vec<(usize, usize)> {
    let mut lexer = Lexer::new(text, text.len().min(1), text.len());
    let mut spans = Vec::new();
    loop {
        match lexer.next() {
            Ok(Some(token)) => {
                let literal = matches!(
                    token.kind,
                    TokenKind::String(_) | TokenKind::Character(_) | TokenKind::Interpolated(_)
                );
                if literal {
                    spans.push((token.span.start as usize, token.span.end as usize));
                }
            }
            Ok(None) => return spans,
            // The cursor has moved on, so that this ends.
            Err(_) => {}
        }
    }
}
