//! Reading tags and their attributes.

use super::lexer::{self, skip_blanks};
use super::tree::Reader;
use super::{Attribute, Element, MAX_DEPTH, MAX_PROBLEMS, Node, is_blank};

/// Longest name of an element or attribute in bytes.
const MAX_NAME: usize = 200;

impl<'a> Reader<'a> {
    fn name(&mut self) -> Option<&'a str> {
        let start = self.at;
        let rest = self.rest();
        if !rest.starts_with(is_name_start) {
            return None;
        }
        let length = rest.find(|c| !is_name_character(c)).unwrap_or(rest.len());
        self.at += length;
        let name = rest.get(..length)?;
        if name.len() <= MAX_NAME {
            return Some(name);
        }
        // Names are repeated in messages and paths.
        self.problem(
            "NameTooLong",
            format!("A name has at most {MAX_NAME} bytes; this one has {length}."),
            start,
        );
        Some("name")
    }

    pub(super) fn end_tag(&mut self) {
        let start = self.at;
        self.at += 2;
        let offset = self.at;
        let Some(name) = self.name() else {
            self.problem(
                "NameExpected",
                "'</' is followed by no element name.",
                start,
            );
            self.skip_past('>');
            return;
        };
        self.at = skip_blanks(self.source, self.at);
        if self.peek() == Some('>') {
            self.at += 1;
        } else {
            self.unexpected_token("'>'");
            self.skip_past('>');
        }
        match self.open.iter().rposition(|element| element.name == name) {
            Some(index) => {
                while self.open.len() > index + 1 {
                    if let Some(inner) = self.open.last().map(|e| (e.name.clone(), e.offset)) {
                        let (inner_name, inner_offset) = inner;
                        let position = self.lines.position(self.source, inner_offset);
                        self.problem(
                            "TagMismatch",
                            format!(
                                "The '{inner_name}' start tag on line {} position {} does not match \
                                 the end tag of '{name}'.",
                                position.line, position.column
                            ),
                            offset,
                        );
                    }
                    self.close();
                }
                self.close();
            }
            None => self.problem(
                "TagMismatch",
                format!("The end tag of '{name}' has no start tag."),
                offset,
            ),
        }
    }

    fn close(&mut self) {
        if let Some(element) = self.open.pop() {
            self.push(Node::Element(element));
        }
    }

    pub(super) fn start_tag(&mut self) {
        let start = self.at;
        self.at += 1;
        let offset = self.at;
        let Some(name) = self.name() else {
            self.problem(
                "NameExpected",
                "'<' begins no element here; in text it is written '&lt;'.",
                start,
            );
            return;
        };
        let mut element = Element {
            name: name.to_owned(),
            attributes: Vec::new(),
            children: Vec::new(),
            empty_tag: false,
            offset,
        };
        loop {
            let before = self.at;
            self.at = skip_blanks(self.source, self.at);
            let separated = self.at > before;
            match self.peek() {
                Some('>') => {
                    self.at += 1;
                    break;
                }
                Some('/') if self.looking_at("/>") => {
                    self.at += 2;
                    element.empty_tag = true;
                    break;
                }
                Some(c) if is_name_start(c) => {
                    if !separated {
                        self.unexpected_token("white space");
                    }
                    if !self.attribute(&mut element) {
                        break;
                    }
                }
                Some(_) => {
                    self.unexpected_token("an attribute, '/>' or '>'");
                    self.skip_past('>');
                    break;
                }
                None => {
                    self.problem(
                        "TagNotClosed",
                        format!("The tag '{name}' is not closed."),
                        offset,
                    );
                    break;
                }
            }
            if self.problems.len() >= MAX_PROBLEMS {
                return;
            }
        }
        if element.empty_tag {
            self.push(Node::Element(element));
        } else if self.open.len() >= MAX_DEPTH {
            self.problem(
                "TooDeep",
                format!("Elements are nested more than {MAX_DEPTH} deep."),
                offset,
            );
            self.open.clear();
            self.at = self.source.len();
        } else {
            self.open.push(element);
        }
    }

    /// One attribute; `false` when the rest of the tag was given up.
    fn attribute(&mut self, element: &mut Element) -> bool {
        let offset = self.at;
        let Some(name) = self.name() else {
            return false;
        };
        self.at = skip_blanks(self.source, self.at);
        if self.peek() != Some('=') {
            self.problem(
                "AttributeWithoutValue",
                format!("The attribute '{name}' has no value: '=' was expected."),
                offset,
            );
            return true;
        }
        self.at = skip_blanks(self.source, self.at + 1);
        let Some(quote) = self.peek().filter(|c| matches!(c, '"' | '\'')) else {
            self.problem(
                "AttributeNotQuoted",
                format!("The value of the attribute '{name}' must stand in quotes."),
                self.at,
            );
            let rest = self.rest();
            self.at += rest.find(|c| is_blank(c) || c == '>').unwrap_or(rest.len());
            return true;
        };
        let start = self.at + 1;
        match lexer::attribute(self.source, start, quote) {
            Ok(lexed) => {
                self.at = lexed.end + quote.len_utf8();
                if element.attribute(name).is_some() {
                    self.problem(
                        "DuplicateAttribute",
                        format!("'{name}' is a duplicate attribute name."),
                        offset,
                    );
                } else {
                    element.attributes.push(Attribute {
                        name: name.to_owned(),
                        value: lexed.text,
                        offset,
                    });
                }
                true
            }
            Err(unended) => {
                self.unended(unended, start);
                self.at < self.source.len()
            }
        }
    }

    /// Reports what stands at the cursor, up to the next blank or piece of markup.
    fn unexpected_token(&mut self, expected: &str) {
        const SHOWN: usize = 40;
        let rest = self.rest();
        let stop = |c: char| is_blank(c) || matches!(c, '>' | '<' | '=' | '"' | '\'');
        let token: String = match rest.find(stop) {
            Some(0) => rest.chars().take(1).collect(),
            Some(end) => rest
                .chars()
                .take(rest.get(..end).map_or(1, |t| t.chars().count()).min(SHOWN))
                .collect(),
            None => rest.chars().take(SHOWN).collect(),
        };
        self.problem(
            "UnexpectedToken",
            format!("'{token}' is an unexpected token. Expecting {expected}."),
            self.at,
        );
    }
}

fn is_name_start(c: char) -> bool {
    c.is_alphabetic() || c == '_' || c == ':'
}

fn is_name_character(c: char) -> bool {
    c.is_alphanumeric() || matches!(c, '_' | ':' | '-' | '.')
}
