//! Text → tokens, after C# 7 (ECMA-334, clause 6).
//!
//! The same routines find the end of an expression in a document ([`super::scan`]), so that what
//! the document parser took for the expression is what the compiler reads.

use std::sync::Arc;

use super::scan::ScanError;
use super::token::{
    IntegerLiteral, InterpolationPart, KEYWORDS, PUNCTUATION, Span, Token, TokenKind,
};

/// Interpolated strings inside holes of interpolated strings; deeper ones are refused.
const MAX_INTERPOLATION: u32 = 16;

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
    source: &'a str,
    at: usize,
    end: usize,
    interpolation: u32,
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

    fn rest(&self) -> &'a str {
        self.source.get(self.at..self.end).unwrap_or_default()
    }

    fn peek(&self) -> Option<char> {
        self.rest().chars().next()
    }

    fn bump(&mut self) -> Option<char> {
        let c = self.peek()?;
        self.at += c.len_utf8();
        Some(c)
    }

    fn eat(&mut self, text: &str) -> bool {
        let found = self.rest().starts_with(text);
        if found {
            self.at += text.len();
        }
        found
    }

    fn error(&self, offset: usize, message: impl Into<String>) -> ScanError {
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
    fn skip_blank(&mut self) -> Result<(), ScanError> {
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

    fn word(&mut self) -> Result<TokenKind, ScanError> {
        let text = self.identifier()?;
        Ok(
            match KEYWORDS.iter().find(|keyword| **keyword == text.as_ref()) {
                Some(keyword) => TokenKind::Keyword(keyword),
                None => TokenKind::Identifier(text),
            },
        )
    }

    fn identifier(&mut self) -> Result<Arc<str>, ScanError> {
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
    fn prefixed(&mut self) -> Result<TokenKind, ScanError> {
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

    fn regular_string(&mut self) -> Result<Arc<str>, ScanError> {
        let start = self.at;
        self.bump();
        let mut text = Utf16Text::default();
        let mut problem = None;
        loop {
            let here = self.at;
            match self.bump() {
                Some('"') => break,
                Some('\\') => match self.escape(here) {
                    Ok(units) => text.push_unit(units),
                    Err(error) => problem = problem.or(Some(error)),
                },
                Some('\n' | '\r') | None => {
                    return Err(self.error(start, "Expected `\"` to end the string on its line."));
                }
                Some(c) => text.push(c),
            }
        }
        problem.map_or_else(|| Ok(text.finish().into()), Err)
    }

    fn verbatim_string(&mut self, start: usize) -> Result<Arc<str>, ScanError> {
        let mut text = String::new();
        loop {
            match self.bump() {
                Some('"') if self.eat("\"") => text.push('"'),
                Some('"') => return Ok(text.into()),
                Some(c) => text.push(c),
                None => return Err(self.error(start, "Expected `\"` to end the verbatim string.")),
            }
        }
    }

    /// The code point after a backslash (§6.4.5.6).
    fn escape(&mut self, start: usize) -> Result<u32, ScanError> {
        Ok(match self.bump() {
            Some('\'') => 0x27,
            Some('"') => 0x22,
            Some('\\') => 0x5c,
            Some('0') => 0,
            Some('a') => 7,
            Some('b') => 8,
            Some('f') => 12,
            Some('n') => 10,
            Some('r') => 13,
            Some('t') => 9,
            Some('v') => 11,
            Some('u') => self.hex_digits(start, 4, 4)?,
            Some('U') => self.hex_digits(start, 8, 8)?,
            Some('x') => self.hex_digits(start, 1, 4)?,
            _ => return Err(self.error(start, "Unrecognized escape sequence.")),
        })
    }

    fn hex_digits(&mut self, start: usize, least: usize, most: usize) -> Result<u32, ScanError> {
        let mut value = 0_u32;
        let mut count = 0;
        while count < most {
            let Some(digit) = self.peek().and_then(|c| c.to_digit(16)) else {
                break;
            };
            value = (value << 4) | digit;
            self.at += 1;
            count += 1;
        }
        if count < least || value > 0x10_ffff {
            return Err(self.error(start, "Unrecognized escape sequence."));
        }
        Ok(value)
    }

    /// A character literal. Real documents hold a few with more than one character, which C#
    /// refuses; the cursor still passes them whole.
    fn character(&mut self) -> Result<u16, ScanError> {
        let start = self.at;
        self.bump();
        let mut units: Vec<u16> = Vec::new();
        let mut problem = None;
        loop {
            let here = self.at;
            match self.bump() {
                Some('\'') => break,
                Some('\\') => match self.escape(here) {
                    Ok(code) => push_code(&mut units, code),
                    Err(error) => problem = problem.or(Some(error)),
                },
                Some('\n' | '\r') | None => {
                    self.at = start + 1;
                    return Err(self.error(start, "Expected `'` to end the character literal."));
                }
                Some(c) => units.extend(c.encode_utf16(&mut [0; 2]).iter()),
            }
        }
        match (problem, units.as_slice()) {
            (Some(error), _) => Err(error),
            (None, [unit]) => Ok(*unit),
            (None, []) => Err(self.error(start, "Empty character literal.")),
            (None, _) => Err(self.error(
                start,
                "Too many characters in character literal; a string needs double quotes.",
            )),
        }
    }

    fn number(&mut self) -> Result<TokenKind, ScanError> {
        let start = self.at;
        if self.eat("0x") || self.eat("0X") {
            let digits = self.digits(|c| c.is_ascii_hexdigit());
            return self.integer(start, &digits, 16);
        }
        if self.eat("0b") || self.eat("0B") {
            let digits = self.digits(|c| matches!(c, '0' | '1'));
            return self.integer(start, &digits, 2);
        }
        let mut text = self.digits(|c| c.is_ascii_digit());
        let mut real = false;
        if self.peek() == Some('.')
            && self
                .rest()
                .chars()
                .nth(1)
                .is_some_and(|c| c.is_ascii_digit())
        {
            real = true;
            self.at += 1;
            text.push('.');
            text.push_str(&self.digits(|c| c.is_ascii_digit()));
        }
        let mut exponent = self.rest().chars();
        if matches!(exponent.next(), Some('e' | 'E')) {
            let sign = exponent.next();
            let signed = matches!(sign, Some('+' | '-'));
            let digit = if signed { exponent.next() } else { sign };
            if digit.is_some_and(|c| c.is_ascii_digit()) {
                real = true;
                self.at += 1;
                text.push('e');
                if signed {
                    self.at += 1;
                    text.extend(sign);
                }
                text.push_str(&self.digits(|c| c.is_ascii_digit()));
            }
        }
        let bad = |lexer: &Self| lexer.error(start, "Invalid number.");
        match self.peek() {
            Some('f' | 'F') => {
                self.at += 1;
                let value: f32 = text.parse().map_err(|_| bad(self))?;
                Ok(TokenKind::Float(value))
            }
            Some('m' | 'M') => {
                self.at += 1;
                Ok(TokenKind::Decimal)
            }
            Some('d' | 'D') => {
                self.at += 1;
                Ok(TokenKind::Double(text.parse().map_err(|_| bad(self))?))
            }
            _ if real => Ok(TokenKind::Double(text.parse().map_err(|_| bad(self))?)),
            _ => self.integer(start, &text, 10),
        }
    }

    fn digits(&mut self, accept: impl Fn(char) -> bool) -> String {
        let mut text = String::new();
        while let Some(c) = self.peek() {
            if accept(c) {
                text.push(c);
            } else if c != '_' || text.is_empty() {
                break;
            }
            self.at += 1;
        }
        text
    }

    fn integer(&mut self, start: usize, digits: &str, radix: u32) -> Result<TokenKind, ScanError> {
        let mut unsigned = false;
        let mut long = false;
        while let Some(c) = self.peek() {
            match c {
                'u' | 'U' if !unsigned => unsigned = true,
                'l' | 'L' if !long => long = true,
                _ => break,
            }
            self.at += 1;
        }
        if self.peek().is_some_and(is_identifier_start) {
            let _ = self.identifier()?;
            return Err(self.error(start, "Invalid number."));
        }
        let value = u64::from_str_radix(digits, radix)
            .map_err(|_| self.error(start, "Integral constant is too large."))?;
        let literal = match (unsigned, long) {
            (false, false) => {
                if let Ok(value) = i32::try_from(value) {
                    IntegerLiteral::Int(value)
                } else if let Ok(value) = u32::try_from(value) {
                    IntegerLiteral::Uint(value)
                } else if let Ok(value) = i64::try_from(value) {
                    IntegerLiteral::Long(value)
                } else {
                    IntegerLiteral::Ulong(value)
                }
            }
            (true, false) => match u32::try_from(value) {
                Ok(value) => IntegerLiteral::Uint(value),
                Err(_) => IntegerLiteral::Ulong(value),
            },
            (false, true) => match i64::try_from(value) {
                Ok(value) => IntegerLiteral::Long(value),
                Err(_) => IntegerLiteral::Ulong(value),
            },
            (true, true) => IntegerLiteral::Ulong(value),
        };
        Ok(TokenKind::Integer(literal))
    }

    /// An interpolated string, whose opening quote was eaten (§12.8.3).
    fn interpolated(&mut self, start: usize, verbatim: bool) -> Result<TokenKind, ScanError> {
        if self.interpolation >= MAX_INTERPOLATION {
            self.at = self.end;
            return Err(self.error(start, "Interpolated strings are nested too deeply."));
        }
        self.interpolation += 1;
        let parts = self.interpolation_parts(start, verbatim);
        self.interpolation -= 1;
        parts.map(TokenKind::Interpolated)
    }

    fn interpolation_parts(
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
    fn hole(&mut self, start: usize, verbatim: bool) -> Result<InterpolationPart, ScanError> {
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
    fn format(&mut self, start: usize, verbatim: bool) -> Result<Arc<str>, ScanError> {
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

/// Collects text in which `\ud83d\ude00` written as two escapes becomes one character. A lone
/// surrogate, which no Rust string can hold, becomes U+FFFD.
#[derive(Default)]
struct Utf16Text {
    text: String,
    high: Option<u16>,
}

impl Utf16Text {
    fn push(&mut self, c: char) {
        self.flush();
        self.text.push(c);
    }

    fn push_unit(&mut self, code: u32) {
        match (self.high.take(), u16::try_from(code)) {
            (Some(high), Ok(low @ 0xdc00..=0xdfff)) => {
                self.text
                    .extend(char::decode_utf16([high, low]).map(|c| c.unwrap_or('\u{fffd}')));
            }
            (held, unit) => {
                if held.is_some() {
                    self.text.push('\u{fffd}');
                }
                match unit {
                    Ok(high @ 0xd800..=0xdbff) => self.high = Some(high),
                    _ => self.text.push(char::from_u32(code).unwrap_or('\u{fffd}')),
                }
            }
        }
    }

    fn flush(&mut self) {
        if self.high.take().is_some() {
            self.text.push('\u{fffd}');
        }
    }

    fn finish(mut self) -> String {
        self.flush();
        self.text
    }
}

fn push_code(units: &mut Vec<u16>, code: u32) {
    match char::from_u32(code) {
        Some(c) => units.extend(c.encode_utf16(&mut [0; 2]).iter()),
        // A surrogate escape is a lawful character literal.
        None => units.push(u16::try_from(code).unwrap_or(0xfffd)),
    }
}

fn is_identifier_start(c: char) -> bool {
    c == '_' || c.is_alphabetic()
}

fn is_identifier_part(c: char) -> bool {
    c == '_' || c.is_alphanumeric()
}

/// A character for a message, with invisible ones spelled out.
fn printable(c: char) -> String {
    if c.is_control() || c.is_whitespace() {
        format!("U+{:04X}", u32::from(c))
    } else {
        c.into()
    }
}
