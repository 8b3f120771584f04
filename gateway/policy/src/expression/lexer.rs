//! Text → tokens, after C# 7 (ECMA-334, clause 6): blanks, words and punctuation.
//!
//! The same routines find the end of an expression in a document ([`super::scan()`]), so that what
//! the document parser took for the expression is what the compiler reads.

use std::sync::Arc;

use super::scan::ScanError;
use super::token::{KEYWORDS, PUNCTUATION, Span, Token, TokenKind};

/// All tokens of `source` from `start` to `end`, followed by one [`TokenKind::End`]. Spans count
/// from the start of `source`. Errors do not stop the lexer; what it can read goes on.
pub(crate) fn tokens(source: &str, start: usize, end: usize) -> (Vec<Token>, Vec<ScanError>) {
    let mut lexer = Lexer::new(source, start, end);
    let mut out = Vec::new();
    let mut errors = Vec::new();
    loop {
        match lexer.next() {
            Ok(Some(token)) => out.push(token),
            Ok(None) => break,
            Err(error) => {
                errors.push(error);
                if errors.len() >= 20 {
                    break;
                }
            }
        }
    }
    out.push(Token {
        kind: TokenKind::End,
        span: Span::new(end, end),
    });
    (out, errors)
}

/// A cursor over C# text.
pub(crate) struct Lexer<'a> {
    pub(super) source: &'a str,
    pub(super) at: usize,
    pub(super) end: usize,
    pub(super) interpolation: u32,
}

impl<'a> Lexer<'a> {
    pub(crate) fn new(source: &'a str, start: usize, end: usize) -> Self {
        Self {
            source,
            at: start,
            end: end.min(source.len()),
            interpolation: 0,
        }
    }

    /// Byte offset of what comes next.
    pub(crate) fn offset(&self) -> usize {
        self.at
    }

    pub(super) fn rest(&self) -> &'a str {
        self.source.get(self.at..self.end).unwrap_or_default()
    }

    pub(super) fn peek(&self) -> Option<char> {
        self.rest().chars().next()
    }

    pub(super) fn bump(&mut self) -> Option<char> {
        let c = self.peek()?;
        self.at += c.len_utf8();
        Some(c)
    }

    pub(super) fn eat(&mut self, text: &str) -> bool {
        let found = self.rest().starts_with(text);
        if found {
            self.at += text.len();
        }
        found
    }

    pub(super) fn error(&self, offset: usize, message: impl Into<String>) -> ScanError {
        ScanError {
            offset,
            message: message.into(),
        }
    }

    /// The next token; `None` at the end. After an error the cursor stands behind what was wrong.
    pub(crate) fn next(&mut self) -> Result<Option<Token>, ScanError> {
        self.skip_blank()?;
        let start = self.at;
        let Some(c) = self.peek() else {
            return Ok(None);
        };
        let kind = match c {
            '"' => TokenKind::String(self.regular_string()?),
            '\'' => TokenKind::Character(self.character()?),
            '$' | '@' => self.prefixed()?,
            '0'..='9' => self.number()?,
            '.' if self
                .rest()
                .chars()
                .nth(1)
                .is_some_and(|c| c.is_ascii_digit()) =>
            {
                self.number()?
            }
            c if is_identifier_start(c) || c == '\\' => self.word()?,
            _ => match PUNCTUATION.iter().find(|p| self.rest().starts_with(**p)) {
                Some(punctuation) => {
                    self.at += punctuation.len();
                    TokenKind::Punctuation(punctuation)
                }
                None => {
                    self.bump();
                    return Err(
                        self.error(start, format!("Unexpected character `{}`.", printable(c)))
                    );
                }
            },
        };
        Ok(Some(Token {
            kind,
            span: Span::new(start, self.at),
        }))
    }

    /// Blanks and comments.
    pub(super) fn skip_blank(&mut self) -> Result<(), ScanError> {
        loop {
            let start = self.at;
            if self.eat("//") {
                match self
                    .rest()
                    .find(['\n', '\r', '\u{85}', '\u{2028}', '\u{2029}'])
                {
                    Some(length) => self.at += length,
                    None => self.at = self.end,
                }
            } else if self.eat("/*") {
                match self.rest().find("*/") {
                    Some(length) => self.at += length + 2,
                    None => {
                        self.at = self.end;
                        return Err(self.error(start, "Expected `*/` to end the comment."));
                    }
                }
            } else {
                match self.peek() {
                    Some(c) if c.is_whitespace() || c == '\u{feff}' => self.at += c.len_utf8(),
                    _ => return Ok(()),
                }
            }
        }
    }

    pub(super) fn word(&mut self) -> Result<TokenKind, ScanError> {
        let text = self.identifier()?;
        Ok(
            match KEYWORDS.iter().find(|keyword| **keyword == text.as_ref()) {
                Some(keyword) => TokenKind::Keyword(keyword),
                None => TokenKind::Identifier(text),
            },
        )
    }

    pub(super) fn identifier(&mut self) -> Result<Arc<str>, ScanError> {
        let start = self.at;
        let mut text = String::new();
        while let Some(c) = self.peek() {
            if c == '\\' {
                self.at += 1;
                let escaped = match self.bump() {
                    Some('u') => self.hex_digits(start, 4, 4)?,
                    Some('U') => self.hex_digits(start, 8, 8)?,
                    _ => return Err(self.error(start, "Unexpected `\\`.")),
                };
                match char::from_u32(escaped).filter(|c| is_identifier_part(*c)) {
                    Some(c) => text.push(c),
                    None => return Err(self.error(start, "Unexpected escape in an identifier.")),
                }
            } else if is_identifier_part(c) {
                self.at += c.len_utf8();
                text.push(c);
            } else {
                break;
            }
        }
        Ok(text.into())
    }

    /// What begins with `$` or `@`.
    pub(super) fn prefixed(&mut self) -> Result<TokenKind, ScanError> {
        let start = self.at;
        if self.eat("$@\"") || self.eat("@$\"") {
            return self.interpolated(start, true);
        }
        if self.eat("$\"") {
            return self.interpolated(start, false);
        }
        if self.eat("@\"") {
            return Ok(TokenKind::String(self.verbatim_string(start)?));
        }
        if self.eat("@") && self.peek().is_some_and(is_identifier_start) {
            return Ok(TokenKind::Identifier(self.identifier()?));
        }
        self.at = start;
        let c = self.bump().unwrap_or('@');
        Err(self.error(start, format!("Unexpected character `{c}`.")))
    }
}

pub(super) fn is_identifier_start(c: char) -> bool {
    c == '_' || c.is_alphabetic()
}

pub(super) fn is_identifier_part(c: char) -> bool {
    c == '_' || c.is_alphanumeric()
}

/// A character for a message, with invisible ones spelled out.
pub(super) fn printable(c: char) -> String {
    if c.is_control() || c.is_whitespace() {
        format!("U+{:04X}", u32::from(c))
    } else {
        c.into()
    }
}
