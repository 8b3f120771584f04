//! Literals: strings, characters and numbers (ECMA-334, clause 6.4.5).

use std::sync::Arc;

use super::lexer::{Lexer, is_identifier_start};
use super::scan::ScanError;
use super::token::{IntegerLiteral, TokenKind};

impl<'a> Lexer<'a> {
    pub(super) fn regular_string(&mut self) -> Result<Arc<str>, ScanError> {
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

    pub(super) fn verbatim_string(&mut self, start: usize) -> Result<Arc<str>, ScanError> {
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
    pub(super) fn escape(&mut self, start: usize) -> Result<u32, ScanError> {
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

    pub(super) fn hex_digits(
        &mut self,
        start: usize,
        least: usize,
        most: usize,
    ) -> Result<u32, ScanError> {
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
    pub(super) fn character(&mut self) -> Result<u16, ScanError> {
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

    pub(super) fn number(&mut self) -> Result<TokenKind, ScanError> {
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
                let parsed = super::decimals::parse(&text);
                Ok(TokenKind::Decimal(parsed.map_err(|_| bad(self))?))
            }
            Some('d' | 'D') => {
                self.at += 1;
                Ok(TokenKind::Double(text.parse().map_err(|_| bad(self))?))
            }
            _ if real => Ok(TokenKind::Double(text.parse().map_err(|_| bad(self))?)),
            _ => self.integer(start, &text, 10),
        }
    }

    pub(super) fn digits(&mut self, accept: impl Fn(char) -> bool) -> String {
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

    pub(super) fn integer(
        &mut self,
        start: usize,
        digits: &str,
        radix: u32,
    ) -> Result<TokenKind, ScanError> {
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
}

/// Collects text in which `\ud83d\ude00` written as two escapes becomes one character. A lone
/// surrogate, which no Rust string can hold, becomes U+FFFD.
#[derive(Default)]
pub(super) struct Utf16Text {
    pub(super) text: String,
    pub(super) high: Option<u16>,
}

impl Utf16Text {
    pub(super) fn push(&mut self, c: char) {
        self.flush();
        self.text.push(c);
    }

    pub(super) fn push_unit(&mut self, code: u32) {
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

    pub(super) fn flush(&mut self) {
        if self.high.take().is_some() {
            self.text.push('\u{fffd}');
        }
    }

    pub(super) fn finish(mut self) -> String {
        self.flush();
        self.text
    }
}

pub(super) fn push_code(units: &mut Vec<u16>, code: u32) {
    match char::from_u32(code) {
        Some(c) => units.extend(c.encode_utf16(&mut [0; 2]).iter()),
        // A surrogate escape is a lawful character literal.
        None => units.push(u16::try_from(code).unwrap_or(0xfffd)),
    }
}
