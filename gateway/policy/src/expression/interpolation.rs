//! Interpolated strings (ECMA-334, clause 12.8.3).

use std::sync::Arc;

use super::lexer::Lexer;
use super::literals::Utf16Text;
use super::scan::ScanError;
use super::token::{InterpolationPart, Span, TokenKind};

/// Interpolated strings inside holes of interpolated strings; deeper ones are refused.
pub(super) const MAX_INTERPOLATION: u32 = 16;

impl<'a> Lexer<'a> {
    /// An interpolated string, whose opening quote was eaten (§12.8.3).
    pub(super) fn interpolated(
        &mut self,
        start: usize,
        verbatim: bool,
    ) -> Result<TokenKind, ScanError> {
        if self.interpolation >= MAX_INTERPOLATION {
            self.at = self.end;
            return Err(self.error(start, "Interpolated strings are nested too deeply."));
        }
        self.interpolation += 1;
        let parts = self.interpolation_parts(start, verbatim);
        self.interpolation -= 1;
        parts.map(TokenKind::Interpolated)
    }

    pub(super) fn interpolation_parts(
        &mut self,
        start: usize,
        verbatim: bool,
    ) -> Result<Vec<InterpolationPart>, ScanError> {
        let mut parts = Vec::new();
        let mut text = Utf16Text::default();
        let mut problem = None;
        loop {
            let here = self.at;
            match self.bump() {
                Some('"') if verbatim && self.eat("\"") => text.push('"'),
                Some('"') => break,
                Some('{') if self.eat("{") => text.push('{'),
                Some('}') if self.eat("}") => text.push('}'),
                Some('}') => {
                    problem = problem.or_else(|| {
                        Some(self.error(here, "A `}` in an interpolated string must be doubled."))
                    });
                }
                Some('{') => {
                    let literal = std::mem::take(&mut text).finish();
                    if !literal.is_empty() {
                        parts.push(InterpolationPart::Text(literal.into()));
                    }
                    parts.push(self.hole(here, verbatim)?);
                }
                Some('\\') if !verbatim => match self.escape(here) {
                    Ok(code) => text.push_unit(code),
                    Err(error) => problem = problem.or(Some(error)),
                },
                Some('\n' | '\r') if !verbatim => {
                    return Err(self.error(start, "Expected `\"` to end the string on its line."));
                }
                Some(c) => text.push(c),
                None => return Err(self.error(start, "Expected `\"` to end the string.")),
            }
        }
        let literal = text.finish();
        if !literal.is_empty() {
            parts.push(InterpolationPart::Text(literal.into()));
        }
        problem.map_or_else(|| Ok(parts), Err)
    }

    /// `code,alignment:format}`, whose `{` was eaten. Brackets, strings and characters inside the
    /// code are skipped as tokens, so that a `:` or `}` in them ends nothing.
    pub(super) fn hole(
        &mut self,
        start: usize,
        verbatim: bool,
    ) -> Result<InterpolationPart, ScanError> {
        let code_start = self.at;
        let mut closers: Vec<&'static str> = Vec::new();
        let mut comma = None;
        let (code_end, colon) = loop {
            self.skip_blank()?;
            let here = self.at;
            // `::` would be lexed as one token; a format begins at a single colon.
            if closers.is_empty() && self.peek() == Some(':') {
                self.at += 1;
                break (here, true);
            }
            let Some(token) = self.next()? else {
                return Err(self.error(start, "Expected `}` to end the interpolation."));
            };
            let TokenKind::Punctuation(punctuation) = token.kind else {
                continue;
            };
            match punctuation {
                "(" => closers.push(")"),
                "[" => closers.push("]"),
                "{" => closers.push("}"),
                "}" if closers.is_empty() => break (here, false),
                "," if closers.is_empty() && comma.is_none() => comma = Some(here),
                ")" | "]" | "}" => match closers.pop() {
                    Some(closer) if closer == punctuation => {}
                    Some(closer) => {
                        return Err(self
                            .error(here, format!("Expected `{closer}`, found `{punctuation}`.")));
                    }
                    None => {
                        return Err(
                            self.error(here, format!("Expected `}}`, found `{punctuation}`."))
                        );
                    }
                },
                _ => {}
            }
        };
        let format = if colon {
            Some(self.format(start, verbatim)?)
        } else {
            None
        };
        let (code, alignment) = match comma {
            Some(comma) => (
                Span::new(code_start, comma),
                Some(Span::new(comma + 1, code_end)),
            ),
            None => (Span::new(code_start, code_end), None),
        };
        Ok(InterpolationPart::Hole {
            code,
            alignment,
            format,
        })
    }

    /// The format of a hole up to and including its `}`.
    pub(super) fn format(&mut self, start: usize, verbatim: bool) -> Result<Arc<str>, ScanError> {
        let mut text = Utf16Text::default();
        loop {
            let here = self.at;
            match self.bump() {
                Some('}') if self.eat("}") => text.push('}'),
                Some('}') => return Ok(text.finish().into()),
                Some('{') if self.eat("{") => text.push('{'),
                Some('"') if verbatim && self.eat("\"") => text.push('"'),
                Some('\\') if !verbatim => {
                    let code = self.escape(here)?;
                    text.push_unit(code);
                }
                Some('"' | '{') | None => {
                    return Err(self.error(start, "Expected `}` to end the interpolation."));
                }
                Some('\n' | '\r') if !verbatim => {
                    return Err(self.error(start, "Expected `}` to end the interpolation."));
                }
                Some(c) => text.push(c),
            }
        }
    }
}
