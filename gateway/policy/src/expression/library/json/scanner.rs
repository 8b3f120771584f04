//! The tokens of a JSON text, as lax as `JsonTextReader`: comments, single quotes, names without
//! quotes, trailing commas, `NaN`.

use std::sync::Arc;

use super::node::Kind;
use super::position::{Step, message, path};
use crate::expression::budget::Budget;
use crate::expression::exception::{Exception, names};
use crate::expression::text::utf16_len;
use crate::expression::value::Value;

/// Containers inside containers that are read (`JsonReader.MaxDepth`).
const MAX_DEPTH: usize = 64;

/// What the scanner found.
#[derive(Debug)]
pub(super) enum Found {
    StartObject,
    EndObject,
    StartArray,
    EndArray,
    Name(Arc<str>),
    Comment(String),
    Scalar(Kind, Value),
}

impl Found {
    /// The name of Newtonsoft's `JsonToken`.
    pub(super) fn name(&self) -> &'static str {
        match self {
            Self::StartObject => "StartObject",
            Self::EndObject => "EndObject",
            Self::StartArray => "StartArray",
            Self::EndArray => "EndArray",
            Self::Name(_) => "PropertyName",
            Self::Comment(_) => "Comment",
            Self::Scalar(kind, _) => kind.name(),
        }
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum State {
    Start,
    /// After a name and its colon.
    Property,
    ObjectStart,
    Object,
    ArrayStart,
    Array,
    PostValue,
    Finished,
}

/// A position in a text and what is open there.
#[derive(Debug)]
pub(super) struct Scanner<'a> {
    pub(super) text: &'a str,
    /// Bytes read so far.
    pub(super) at: usize,
    state: State,
    open: Vec<Step>,
    /// Items read so far of each array that is open.
    items: Vec<usize>,
    commented: bool,
    /// Whether strings that look like dates are dates.
    dates: bool,
}

impl<'a> Scanner<'a> {
    pub(super) fn new(text: &'a str, dates: bool) -> Self {
        Self {
            text,
            at: 0,
            state: State::Start,
            open: Vec::new(),
            items: Vec::new(),
            commented: false,
            dates,
        }
    }

    /// The path of where the reader stands.
    pub(super) fn path(&self) -> String {
        let inside = !matches!(self.state, State::ArrayStart | State::ObjectStart);
        let count = self.open.len() - usize::from(!inside && !self.open.is_empty());
        path(self.open.iter().take(count))
    }

    /// Line and column: lines from 1, columns in UTF-16 units from 0; line 0 before anything is read.
    pub(super) fn place(&self) -> (usize, usize) {
        let before = self.text.get(..self.at).unwrap_or(self.text);
        let bytes = before.as_bytes();
        let mut line = 1;
        let mut start = 0;
        for (at, byte) in bytes.iter().enumerate() {
            let ends = *byte == b'\n' || (*byte == b'\r' && bytes.get(at + 1) != Some(&b'\n'));
            if ends {
                line += 1;
                start = at + 1;
            }
        }
        let column = before.get(start..).map_or(0, utf16_len);
        if self.state == State::Start && column == 0 && !self.commented {
            line = 0;
        }
        (line, column)
    }

    /// A `JsonReaderException` here.
    pub(super) fn error(&self, text: &str) -> Exception {
        Exception::new(
            names::JSON_READER,
            message(text, &self.path(), Some(self.place())),
        )
    }

    pub(super) fn peek(&self) -> Option<char> {
        self.text.get(self.at..)?.chars().next()
    }

    pub(super) fn byte(&self) -> Option<u8> {
        self.text.as_bytes().get(self.at).copied()
    }

    fn skip_blanks(&mut self) {
        while let Some(byte) = self.byte() {
            if matches!(byte, b' ' | b'\t' | b'\r' | b'\n' | 0) {
                self.at += 1;
            } else if byte < 0x80 && !byte.is_ascii_whitespace() && byte != 0xb {
                return;
            } else {
                match self.peek() {
                    Some(c) if c.is_whitespace() => self.at += c.len_utf8(),
                    _ => return,
                }
            }
        }
    }

    pub(super) fn unexpected(&self, what: &str) -> Exception {
        match self.peek() {
            Some(c) => self.error(&format!(
                "Unexpected character encountered while parsing {what}: {c}."
            )),
            None => self.error("Unexpected end when reading JSON."),
        }
    }

    /// The next token; `None` at the end of the text, whether or not everything is closed.
    pub(super) fn read(&mut self, budget: &mut Budget) -> Result<Option<Found>, Exception> {
        budget.charge(1)?;
        loop {
            self.skip_blanks();
            match self.state {
                State::Start | State::Property | State::ArrayStart | State::Array => {
                    return self.value(budget);
                }
                State::ObjectStart | State::Object => match self.byte() {
                    None => return Ok(None),
                    Some(b'}') => return self.close(true).map(Some),
                    Some(b'/') => return self.comment().map(Some),
                    Some(_) => return self.name(budget).map(Some),
                },
                State::PostValue => match self.byte() {
                    None => {
                        self.state = State::Finished;
                        return Ok(None);
                    }
                    Some(b'}') => return self.close(true).map(Some),
                    Some(b']') => return self.close(false).map(Some),
                    Some(b'/') => return self.comment().map(Some),
                    Some(b',') => {
                        self.at += 1;
                        self.state = match self.open.last() {
                            Some(Step::Name(_)) => State::Object,
                            Some(Step::Index(_)) => State::Array,
                            None => State::Finished,
                        };
                    }
                    Some(_) => {
                        let c = self.peek().unwrap_or(' ');
                        return Err(self.error(&format!(
                            "After parsing a value an unexpected character was encountered: {c}."
                        )));
                    }
                },
                State::Finished => match self.peek() {
                    None => return Ok(None),
                    Some('/') => return self.comment().map(Some),
                    Some(c) => {
                        return Err(self.error(&format!(
                            "Additional text encountered after finished reading JSON content: {c}."
                        )));
                    }
                },
            }
        }
    }

    fn value(&mut self, budget: &mut Budget) -> Result<Option<Found>, Exception> {
        let Some(c) = self.peek() else {
            return Ok(None);
        };
        let found = match c {
            '"' | '\'' => {
                let text = self.string(c, budget)?;
                let date = super::iso_dates::read(&text).filter(|_| self.dates);
                let found = match date {
                    Some(time) => Found::Scalar(Kind::Date, Value::DateTime(time)),
                    None => Found::Scalar(Kind::String, Value::text(text.as_ref())),
                };
                self.finish_value();
                found
            }
            '{' => self.open(true)?,
            '[' => self.open(false)?,
            ']' => self.close(false)?,
            '/' => self.comment()?,
            // Nothing between two commas.
            ',' => self.scalar(Kind::Undefined, Value::Null),
            't' => self.word("true", "boolean", Kind::Boolean, Value::Bool(true))?,
            'f' => self.word("false", "boolean", Kind::Boolean, Value::Bool(false))?,
            'N' => self.word("NaN", "NaN", Kind::Float, Value::Double(f64::NAN))?,
            'I' => self.word(
                "Infinity",
                "Infinity",
                Kind::Float,
                Value::Double(f64::INFINITY),
            )?,
            'u' => self.word("undefined", "undefined", Kind::Undefined, Value::Null)?,
            'n' => match self.text.as_bytes().get(self.at + 1) {
                Some(b'u') => self.word("null", "null", Kind::Null, Value::Null)?,
                Some(b'e') => {
                    return Err(self.error("Constructors in JSON are not supported."));
                }
                next => {
                    let ended = next.is_none();
                    self.at += 1;
                    return Err(if ended {
                        self.error("Unexpected end when reading JSON.")
                    } else {
                        self.unexpected("value")
                    });
                }
            },
            '-' if self.text.as_bytes().get(self.at + 1) == Some(&b'I') => {
                let value = Value::Double(f64::NEG_INFINITY);
                self.word("-Infinity", "negative infinity", Kind::Float, value)?
            }
            '-' | '.' => self.number()?,
            c if c.is_numeric() => self.number()?,
            _ => return Err(self.unexpected("value")),
        };
        Ok(Some(found))
    }

    pub(super) fn scalar(&mut self, kind: Kind, value: Value) -> Found {
        self.finish_value();
        Found::Scalar(kind, value)
    }

    /// What comes after a value that is no container.
    fn finish_value(&mut self) {
        self.state = if self.open.is_empty() {
            State::Finished
        } else {
            State::PostValue
        };
        self.count_item();
    }

    /// Moves an array's position on to the item that is read.
    fn count_item(&mut self) {
        if let (Some(Step::Index(index)), Some(items)) =
            (self.open.last_mut(), self.items.last_mut())
        {
            *index = *items;
            *items += 1;
        }
    }

    fn open(&mut self, object: bool) -> Result<Found, Exception> {
        self.at += 1;
        self.count_item();
        self.state = if object {
            State::ObjectStart
        } else {
            State::ArrayStart
        };
        self.open.push(if object {
            Step::Name(None)
        } else {
            Step::Index(0)
        });
        self.items.push(0);
        if self.open.len() > MAX_DEPTH {
            return Err(self.error(&format!(
                "The reader's MaxDepth of {MAX_DEPTH} has been exceeded."
            )));
        }
        Ok(if object {
            Found::StartObject
        } else {
            Found::StartArray
        })
    }

    fn close(&mut self, object: bool) -> Result<Found, Exception> {
        self.at += 1;
        let (token, wanted) = if object {
            ("EndObject", "Object")
        } else {
            ("EndArray", "Array")
        };
        let was = match self.open.pop() {
            Some(Step::Name(_)) => "Object",
            Some(Step::Index(_)) => "Array",
            None => "None",
        };
        self.items.pop();
        if was != wanted {
            return Err(self.error(&format!(
                "JsonToken {token} is not valid for closing JsonType {was}."
            )));
        }
        self.state = if self.open.is_empty() {
            State::Finished
        } else {
            State::PostValue
        };
        Ok(if object {
            Found::EndObject
        } else {
            Found::EndArray
        })
    }

    fn comment(&mut self) -> Result<Found, Exception> {
        self.commented = true;
        self.at += 1;
        let rest = self.text.get(self.at + 1..).unwrap_or("");
        let (content, length) = match self.byte() {
            Some(b'*') => match rest.find("*/") {
                Some(end) => (rest.get(..end), end + 3),
                None => {
                    self.at = self.text.len();
                    return Err(self.error("Unexpected end while parsing comment."));
                }
            },
            Some(b'/') => {
                let end = rest.find(['\r', '\n']).unwrap_or(rest.len());
                (rest.get(..end), end + 1)
            }
            Some(_) => {
                let c = self.peek().unwrap_or(' ');
                return Err(self.error(&format!("Error parsing comment. Expected: *, got {c}.")));
            }
            None => return Err(self.error("Unexpected end while parsing comment.")),
        };
        self.at += length;
        Ok(Found::Comment(content.unwrap_or_default().to_owned()))
    }

    fn name(&mut self, budget: &mut Budget) -> Result<Found, Exception> {
        let name: Arc<str> = match self.peek() {
            Some(quote @ ('"' | '\'')) => Arc::from(self.string(quote, budget)?.as_ref()),
            Some(c) if is_identifier(c) => self.bare_name()?,
            Some(c) => {
                return Err(self.error(&format!("Invalid property identifier character: {c}.")));
            }
            None => return Err(self.error("Unexpected end when reading JSON.")),
        };
        self.skip_blanks();
        match self.peek() {
            Some(':') => self.at += 1,
            c => {
                let c = c.unwrap_or('\0');
                return Err(self.error(&format!(
                    "Invalid character after parsing property name. Expected ':' but got: {c}."
                )));
            }
        }
        self.state = State::Property;
        if let Some(Step::Name(current)) = self.open.last_mut() {
            *current = Some(Arc::clone(&name));
        }
        Ok(Found::Name(name))
    }

    fn bare_name(&mut self) -> Result<Arc<str>, Exception> {
        let start = self.at;
        loop {
            match self.peek() {
                None => {
                    return Err(self.error("Unexpected end while parsing unquoted property name."));
                }
                Some(c) if is_identifier(c) => self.at += c.len_utf8(),
                Some(c) if c == ':' || c.is_whitespace() => {
                    return Ok(self.text.get(start..self.at).unwrap_or_default().into());
                }
                Some(c) => {
                    return Err(self.error(&format!(
                        "Invalid JavaScript property identifier character: {c}."
                    )));
                }
            }
        }
    }

    /// `true` and the like, which a separator must follow.
    fn word(
        &mut self,
        word: &str,
        what: &str,
        kind: Kind,
        value: Value,
    ) -> Result<Found, Exception> {
        let rest = self.text.get(self.at..).unwrap_or("");
        let matching = word
            .bytes()
            .zip(rest.bytes())
            .take_while(|(a, b)| a == b)
            .count();
        if rest.len() < word.len() {
            self.at = self.text.len();
            return Err(self.error("Unexpected end when reading JSON."));
        }
        self.at += matching;
        let separated = match self.peek() {
            None => true,
            Some('/') => matches!(self.text.as_bytes().get(self.at + 1), Some(b'*' | b'/')),
            Some(c) => matches!(c, '}' | ']' | ',' | '\0') || c.is_whitespace(),
        };
        if matching < word.len() || !separated {
            return Err(self.error(&format!("Error parsing {what} value.")));
        }
        Ok(self.scalar(kind, value))
    }
}

/// Characters of names without quotes.
fn is_identifier(c: char) -> bool {
    c.is_alphanumeric() || c == '_' || c == '$'
}
