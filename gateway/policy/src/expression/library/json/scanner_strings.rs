//! Strings of a JSON text.

use std::borrow::Cow;

use super::scanner::Scanner;
use crate::expression::budget::Budget;
use crate::expression::exception::Exception;

impl<'a> Scanner<'a> {
    /// A string from its quote; borrowed if nothing in it is escaped.
    pub(super) fn string(
        &mut self,
        quote: char,
        budget: &mut Budget,
    ) -> Result<Cow<'a, str>, Exception> {
        self.at += 1;
        let start = self.at;
        let bytes = self.text.as_bytes();
        let ends = |byte: u8| byte == b'\\' || u32::from(byte) == u32::from(quote);
        let mut out: Option<String> = None;
        let mut from = start;
        loop {
            let rest = bytes.get(self.at..).unwrap_or_default();
            let Some(skipped) = rest.iter().position(|byte| ends(*byte)) else {
                self.at = self.text.len();
                return Err(self.error(&format!(
                    "Unterminated string. Expected delimiter: {quote}."
                )));
            };
            self.at += skipped;
            let plain = self.text.get(from..self.at).unwrap_or_default();
            if self.byte() != Some(b'\\') {
                self.at += 1;
                budget.allocate(self.at - start)?;
                return Ok(match out {
                    None => Cow::Borrowed(plain),
                    Some(mut out) => {
                        out.push_str(plain);
                        Cow::Owned(out)
                    }
                });
            }
            let out = out.get_or_insert_with(String::new);
            out.push_str(plain);
            self.escape(quote, out)?;
            from = self.at;
        }
    }

    fn escape(&mut self, quote: char, out: &mut String) -> Result<(), Exception> {
        self.at += 1;
        let Some(c) = self.peek() else {
            return Err(self.error(&format!(
                "Unterminated string. Expected delimiter: {quote}."
            )));
        };
        self.at += c.len_utf8();
        out.push(match c {
            'b' => '\u{8}',
            't' => '\t',
            'n' => '\n',
            'f' => '\u{c}',
            'r' => '\r',
            '\\' | '"' | '\'' | '/' => c,
            'u' => {
                let first = self.unit()?;
                self.pair(first)
            }
            _ => return Err(self.error(&format!("Bad JSON escape sequence: \\{c}."))),
        });
        Ok(())
    }

    /// Four hexadecimal digits.
    fn unit(&mut self) -> Result<u32, Exception> {
        let Some(digits) = self.text.as_bytes().get(self.at..self.at + 4) else {
            return Err(self.error("Unexpected end while parsing Unicode escape sequence."));
        };
        let valid = digits.iter().all(u8::is_ascii_hexdigit);
        let digits = String::from_utf8_lossy(digits);
        match u32::from_str_radix(&digits, 16) {
            Ok(unit) if valid => {
                self.at += 4;
                Ok(unit)
            }
            _ => Err(self.error(&format!("Invalid Unicode escape sequence: \\u{digits}."))),
        }
    }

    /// The character of a unit, with the second half of a pair if one follows; U+FFFD for half of one.
    fn pair(&mut self, first: u32) -> char {
        if let Some(c) = char::from_u32(first) {
            return c;
        }
        let second = self
            .text
            .get(self.at..)
            .and_then(|rest| rest.strip_prefix("\\u"))
            .and_then(|rest| rest.get(..4))
            .and_then(|digits| u32::from_str_radix(digits, 16).ok())
            .filter(|second| first < 0xdc00 && (0xdc00..0xe000).contains(second));
        match second {
            Some(second) => {
                self.at += 6;
                let code = 0x1_0000 + ((first - 0xd800) << 10) + (second - 0xdc00);
                char::from_u32(code).unwrap_or('\u{fffd}')
            }
            None => '\u{fffd}',
        }
    }
}
