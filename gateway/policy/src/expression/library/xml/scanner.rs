//! Reads the pieces of XML text: names, references, quoted values, with the errors of `XmlReader`.

use super::names::{XML_EXCEPTION, is_name_part, is_name_start};
use crate::expression::exception::Exception;

pub(super) type Scanned<T> = Result<T, Exception>;

/// A place in XML text.
#[derive(Debug)]
pub(super) struct Scanner<'a> {
    text: &'a str,
    pub(super) at: usize,
}

/// A name as it is written.
#[derive(Debug, Clone, Copy)]
pub(super) struct Qualified<'a> {
    pub(super) prefix: &'a str,
    pub(super) local: &'a str,
    pub(super) offset: usize,
}

impl Qualified<'_> {
    pub(super) fn written(&self) -> String {
        if self.prefix.is_empty() {
            self.local.to_owned()
        } else {
            format!("{}:{}", self.prefix, self.local)
        }
    }
}

impl<'a> Scanner<'a> {
    pub(super) fn new(text: &'a str) -> Self {
        Self { text, at: 0 }
    }

    pub(super) fn rest(&self) -> &'a str {
        self.text.get(self.at..).unwrap_or("")
    }

    pub(super) fn at_end(&self) -> bool {
        self.at >= self.text.len()
    }

    pub(super) fn peek(&self) -> Option<char> {
        self.rest().chars().next()
    }

    pub(super) fn eat(&mut self, token: &str) -> bool {
        let found = self.rest().starts_with(token);
        if found {
            self.at += token.len();
        }
        found
    }

    /// Skips white space; whether there was any.
    pub(super) fn space(&mut self) -> bool {
        let rest = self.rest();
        let trimmed = rest.trim_start_matches(is_space);
        self.at += rest.len() - trimmed.len();
        trimmed.len() < rest.len()
    }

    /// Everything up to `end`, which is skipped.
    pub(super) fn until(&mut self, end: &str, what: &str) -> Scanned<&'a str> {
        let rest = self.rest();
        match rest.find(end) {
            Some(length) => {
                let found = rest.get(..length).unwrap_or("");
                self.check(found, self.at)?;
                self.at += length + end.len();
                Ok(found)
            }
            None => Err(self.error_at(
                self.text.len(),
                format!("Unexpected end of file while parsing {what} has occurred."),
            )),
        }
    }

    /// A name, perhaps with a prefix.
    pub(super) fn name(&mut self) -> Scanned<Qualified<'a>> {
        let offset = self.at;
        let first = self.part()?;
        if self.rest().starts_with(':') {
            self.at += 1;
            let local = self.part()?;
            return Ok(Qualified {
                prefix: first,
                local,
                offset,
            });
        }
        Ok(Qualified {
            prefix: "",
            local: first,
            offset,
        })
    }

    fn part(&mut self) -> Scanned<&'a str> {
        let rest = self.rest();
        match rest.chars().next() {
            None => {
                return Err(self.error("Unexpected end of file while parsing Name has occurred."));
            }
            Some(c) if !is_name_start(c) => {
                return Err(self.error(format!(
                    "Name cannot begin with the '{c}' character, hexadecimal value 0x{:02X}.",
                    u32::from(c)
                )));
            }
            Some(_) => {}
        }
        let end = rest.find(|c| !is_name_part(c)).unwrap_or(rest.len());
        self.at += end;
        Ok(rest.get(..end).unwrap_or(""))
    }

    /// `= "value"` with its references replaced and its white space normalised (XML 1.0 §3.3.3).
    pub(super) fn attribute_value(&mut self) -> Scanned<String> {
        self.space();
        if !self.eat("=") {
            return Err(self.unexpected("'='"));
        }
        self.space();
        let Some(quote @ ('"' | '\'')) = self.peek() else {
            return Err(self.unexpected("'\"' or '''"));
        };
        self.at += 1;
        let mut value = String::new();
        loop {
            let rest = self.rest();
            let Some(length) = rest.find([quote, '&', '<']) else {
                return Err(self.end_of_file());
            };
            let part = rest.get(..length).unwrap_or("");
            self.check(part, self.at)?;
            push_normal(&mut value, part, true);
            self.at += length;
            match self.peek() {
                Some('&') => value.push(self.reference()?),
                Some('<') => {
                    return Err(self
                        .error("'<', hexadecimal value 0x3C, is an invalid attribute character."));
                }
                _ => {
                    self.at += 1;
                    return Ok(value);
                }
            }
        }
    }

    /// A character or one of the five predefined entities; there are no others.
    pub(super) fn reference(&mut self) -> Scanned<char> {
        let start = self.at;
        let body = self.rest().get(1..).unwrap_or("");
        let found = body
            .find(|c: char| !(c.is_ascii_alphanumeric() || matches!(c, '#' | '_' | '-' | '.')))
            .filter(|end| body.get(*end..).is_some_and(|rest| rest.starts_with(';')))
            .and_then(|end| body.get(..end));
        let Some(name) = found.filter(|name| !name.is_empty()) else {
            self.at += 1;
            return match self.peek() {
                None => Err(self.end_of_file()),
                Some(c) if is_name_start(c) || c == '#' => {
                    let rest = self.rest();
                    let skipped = rest
                        .find(|c: char| !(is_name_part(c) || c == '#'))
                        .unwrap_or(rest.len());
                    self.at += skipped;
                    if self.at_end() {
                        Err(self.end_of_file())
                    } else {
                        Err(self.unexpected("';'"))
                    }
                }
                Some(c) => Err(self.error(format!(
                    "An error occurred while parsing EntityName: '{c}'."
                ))),
            };
        };
        let c = match name {
            "lt" => Some('<'),
            "gt" => Some('>'),
            "amp" => Some('&'),
            "quot" => Some('"'),
            "apos" => Some('\''),
            _ => match name.strip_prefix('#') {
                None => {
                    return Err(self.error_at(
                        start + 1,
                        format!("Reference to undeclared entity '{name}'."),
                    ));
                }
                Some(number) => {
                    let code = match number.strip_prefix('x') {
                        Some(hex) => u32::from_str_radix(hex, 16),
                        None => number.parse(),
                    };
                    code.ok().and_then(char::from_u32).filter(|c| is_xml(*c))
                }
            },
        };
        match c {
            Some(c) => {
                self.at = start + name.len() + 2;
                Ok(c)
            }
            None => Err(self.error_at(start + 2, "Invalid syntax for a numeric entity reference.")),
        }
    }

    /// Refuses characters that XML does not have.
    pub(super) fn check(&self, part: &str, offset: usize) -> Scanned<()> {
        match part.char_indices().find(|(_, c)| !is_xml(*c)) {
            None => Ok(()),
            Some((at, c)) => Err(self.error_at(offset + at, invalid_character(c))),
        }
    }

    pub(super) fn unexpected(&self, expected: &str) -> Exception {
        match self.peek() {
            None => self.end_of_file(),
            Some(c) => self.error(format!(
                "'{c}' is an unexpected token. The expected token is {expected}."
            )),
        }
    }

    pub(super) fn end_of_file(&self) -> Exception {
        self.error_at(self.text.len(), "Unexpected end of file has occurred.")
    }

    pub(super) fn error(&self, message: impl AsRef<str>) -> Exception {
        self.error_at(self.at, message)
    }

    pub(super) fn error_at(&self, offset: usize, message: impl AsRef<str>) -> Exception {
        let message = message.as_ref();
        let (line, column) = self.place(offset);
        Exception::new(
            XML_EXCEPTION,
            format!("{message} Line {line}, position {column}."),
        )
    }

    /// Line and UTF-16 position, both from 1.
    pub(super) fn place(&self, offset: usize) -> (usize, usize) {
        let before = self.text.get(..offset).unwrap_or(self.text);
        let line = 1 + before.matches('\n').count();
        let start = before.rfind('\n').map_or(0, |at| at + 1);
        let column = 1 + before
            .get(start..)
            .unwrap_or("")
            .chars()
            .map(char::len_utf16)
            .sum::<usize>();
        (line, column)
    }
}

/// The message about a character that XML does not have.
pub(super) fn invalid_character(c: char) -> String {
    let shown = if c == '\0' { '.' } else { c };
    format!(
        "'{shown}', hexadecimal value 0x{:02X}, is an invalid character.",
        u32::from(c)
    )
}

pub(super) fn is_space(c: char) -> bool {
    matches!(c, ' ' | '\t' | '\r' | '\n')
}

/// Characters of XML 1.0 (production 2).
pub(super) fn is_xml(c: char) -> bool {
    matches!(c, '\t' | '\n' | '\r' | ' '..='\u{D7FF}' | '\u{E000}'..='\u{FFFD}' | '\u{10000}'..)
}

/// Adds text with its line ends normalised (XML 1.0 §2.11); in attributes all white space is blanks.
pub(super) fn push_normal(to: &mut String, part: &str, attribute: bool) {
    if !part.contains(['\r', '\n', '\t']) {
        to.push_str(part);
        return;
    }
    let mut chars = part.chars().peekable();
    while let Some(c) = chars.next() {
        match c {
            '\r' => {
                if chars.peek() == Some(&'\n') {
                    chars.next();
                }
                to.push(if attribute { ' ' } else { '\n' });
            }
            '\n' | '\t' if attribute => to.push(' '),
            c => to.push(c),
        }
    }
}
