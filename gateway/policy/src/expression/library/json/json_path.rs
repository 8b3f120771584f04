//! Newtonsoft's dialect of `JSONPath`: its syntax.

use std::sync::Arc;

use super::node::Kind;
use crate::expression::exception::{Exception, names};
use crate::expression::value::Value;

/// Brackets and parentheses inside each other.
const MAX_LEVELS: usize = 40;

/// One part of a path.
#[derive(Debug, Clone)]
pub(super) enum Part {
    /// `$` inside a filter.
    Root,
    Field(Arc<str>),
    /// `.*`
    AnyField,
    /// `['a','b']`
    Fields(Vec<Arc<str>>),
    /// `..name`, `..*`
    Scan(Option<Arc<str>>),
    /// `..['a','b']`
    ScanFields(Vec<Arc<str>>),
    Index(i64),
    /// `[*]`
    AnyIndex,
    Indexes(Vec<i64>),
    Slice(Option<i64>, Option<i64>, Option<i64>),
    /// `[?(…)]`, of all descendants if `scan`.
    Filter {
        test: Test,
        scan: bool,
    },
}

/// What a filter asks.
#[derive(Debug, Clone)]
pub(super) enum Test {
    And(Vec<Self>),
    Or(Vec<Self>),
    /// A path that must lead somewhere.
    Exists(Operand),
    Compare(Operand, Comparison, Operand),
}

/// A side of a comparison.
#[derive(Debug, Clone)]
pub(super) enum Operand {
    Path(Vec<Part>),
    Literal(Kind, Value),
}

/// Comparison operators.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Comparison {
    Equal,
    NotEqual,
    StrictEqual,
    StrictNotEqual,
    Less,
    LessEqual,
    Greater,
    GreaterEqual,
}

pub(super) fn error(message: impl Into<String>) -> Exception {
    Exception::new(names::JSON, message)
}

pub(super) fn unexpected(c: char) -> Exception {
    error(format!(
        "Unexpected character while parsing path query: {c}"
    ))
}

fn ended() -> Exception {
    error("Unexpected end while parsing path query.")
}

/// Parses a path.
pub(super) fn parse(text: &str) -> Result<Vec<Part>, Exception> {
    let mut parser = Parser {
        text: text.chars().collect(),
        at: 0,
        level: 0,
    };
    if parser.text.is_empty() {
        return Ok(Vec::new());
    }
    // `$` stands for the token itself.
    if parser.peek() == Some('$') {
        match parser.text.get(1) {
            None => return Ok(Vec::new()),
            Some('.' | '[') => parser.at = 1,
            Some(_) => {}
        }
    }
    let mut parts = Vec::new();
    parser.path(&mut parts, false)?;
    parser.blanks();
    match parser.peek() {
        Some(c) => Err(unexpected(c)),
        None => Ok(parts),
    }
}

/// Where the parser of a path stands.
pub(super) struct Parser {
    pub(super) text: Vec<char>,
    pub(super) at: usize,
    pub(super) level: usize,
}

impl Parser {
    pub(super) fn peek(&self) -> Option<char> {
        self.text.get(self.at).copied()
    }

    pub(super) fn blanks(&mut self) {
        while self.peek() == Some(' ') {
            self.at += 1;
        }
    }

    pub(super) fn eat(&mut self, c: char) -> bool {
        let found = self.peek() == Some(c);
        if found {
            self.at += 1;
        }
        found
    }

    pub(super) fn enter(&mut self) -> Result<(), Exception> {
        self.level += 1;
        if self.level > MAX_LEVELS {
            return Err(error("The path query is nested too deeply."));
        }
        Ok(())
    }

    /// Parts until the end, or inside a filter until what cannot be one.
    pub(super) fn path(&mut self, parts: &mut Vec<Part>, in_filter: bool) -> Result<(), Exception> {
        let mut scan = false;
        // The first name needs no dot.
        let mut name_may_follow = self.at == 0;
        let mut dotted = false;
        while let Some(c) = self.peek() {
            match c {
                '[' => {
                    self.at += 1;
                    let part = self.brackets(scan)?;
                    parts.push(part);
                    scan = false;
                    dotted = false;
                    name_may_follow = false;
                }
                '.' => {
                    if dotted {
                        return Err(unexpected(c));
                    }
                    self.at += 1;
                    scan = self.eat('.');
                    dotted = true;
                    name_may_follow = true;
                }
                ' ' if in_filter => break,
                ']' | ')' | '(' if !in_filter => return Err(unexpected(c)),
                ']' | ')' | ',' | '=' | '!' | '<' | '>' | '&' | '|' if in_filter => break,
                _ => {
                    if !name_may_follow {
                        return Err(unexpected(c));
                    }
                    let part = self.name(in_filter, scan);
                    parts.push(part);
                    scan = false;
                    dotted = false;
                    name_may_follow = false;
                }
            }
        }
        if dotted {
            return Err(ended());
        }
        Ok(())
    }

    fn name(&mut self, in_filter: bool, scan: bool) -> Part {
        let start = self.at;
        while let Some(c) = self.peek() {
            let ends = matches!(c, '.' | '[' | ']' | '(' | ')')
                || (in_filter && matches!(c, ' ' | ',' | '=' | '!' | '<' | '>' | '&' | '|'));
            if ends {
                break;
            }
            self.at += 1;
        }
        let name: String = self
            .text
            .get(start..self.at)
            .unwrap_or_default()
            .iter()
            .collect();
        let name = if in_filter {
            name
        } else {
            name.trim_end_matches(' ').to_owned()
        };
        match (name.as_str(), scan) {
            ("*", false) => Part::AnyField,
            ("*", true) => Part::Scan(None),
            (_, false) => Part::Field(name.into()),
            (_, true) => Part::Scan(Some(name.into())),
        }
    }

    pub(super) fn close(&mut self) -> Result<(), Exception> {
        self.blanks();
        match self.peek() {
            Some(']') => {
                self.at += 1;
                Ok(())
            }
            Some(c) => Err(error(format!(
                "Unexpected character while parsing path indexer: {c}"
            ))),
            None => Err(error("Path ended with open indexer.")),
        }
    }

    fn brackets(&mut self, scan: bool) -> Result<Part, Exception> {
        self.enter()?;
        self.blanks();
        let part = match self.peek() {
            None => return Err(error("Path ended with open indexer.")),
            Some('\'') => self.quoted_names(scan)?,
            Some('?') => self.filter(scan)?,
            Some('*') => {
                self.at += 1;
                self.close()?;
                if scan {
                    Part::Scan(None)
                } else {
                    Part::AnyIndex
                }
            }
            Some(_) => self.indexes()?,
        };
        self.level -= 1;
        Ok(part)
    }

    fn quoted_names(&mut self, scan: bool) -> Result<Part, Exception> {
        let mut names: Vec<Arc<str>> = Vec::new();
        loop {
            self.blanks();
            if self.peek() != Some('\'') {
                return Err(match self.peek() {
                    Some(c) => error(format!(
                        "Unexpected character while parsing path indexer: {c}"
                    )),
                    None => error("Path ended with open indexer."),
                });
            }
            names.push(self.quoted()?.into());
            self.blanks();
            if !self.eat(',') {
                break;
            }
        }
        self.close()?;
        let single = match names.as_slice() {
            [single] => Some(Arc::clone(single)),
            _ => None,
        };
        Ok(match (single, scan) {
            (Some(name), false) => Part::Field(name),
            (Some(name), true) => Part::Scan(Some(name)),
            (None, false) => Part::Fields(names),
            (None, true) => Part::ScanFields(names),
        })
    }

    /// A string in single quotes.
    pub(super) fn quoted(&mut self) -> Result<String, Exception> {
        self.at += 1;
        let mut out = String::new();
        while let Some(c) = self.peek() {
            self.at += 1;
            match c {
                '\'' => return Ok(out),
                '\\' => {
                    let Some(escaped) = self.peek() else { break };
                    self.at += 1;
                    out.push(match escaped {
                        'b' => '\u{8}',
                        't' => '\t',
                        'n' => '\n',
                        'f' => '\u{c}',
                        'r' => '\r',
                        '\\' | '"' | '\'' | '/' => escaped,
                        other => {
                            return Err(error(format!("Unknown escape character: \\{other}")));
                        }
                    });
                }
                c => out.push(c),
            }
        }
        Err(error("Path ended with an open string."))
    }

    fn integer(&mut self) -> Result<Option<i64>, Exception> {
        self.blanks();
        let start = self.at;
        if self.peek() == Some('-') {
            self.at += 1;
        }
        while self.peek().is_some_and(|c| c.is_ascii_digit()) {
            self.at += 1;
        }
        let digits: String = self
            .text
            .get(start..self.at)
            .unwrap_or_default()
            .iter()
            .collect();
        self.blanks();
        if digits.is_empty() {
            return Ok(None);
        }
        match digits.parse::<i32>() {
            Ok(number) => Ok(Some(i64::from(number))),
            Err(_) => Err(error(format!(
                "Unexpected character while parsing path indexer: {digits}"
            ))),
        }
    }

    fn indexes(&mut self) -> Result<Part, Exception> {
        let first = self.integer()?;
        match (self.peek(), first) {
            (Some(':'), start) => {
                self.at += 1;
                let end = self.integer()?;
                let step = if self.eat(':') { self.integer()? } else { None };
                self.close()?;
                Ok(Part::Slice(start, end, step))
            }
            (Some(','), Some(first)) => {
                let mut all = vec![first];
                while self.eat(',') {
                    match self.integer()? {
                        Some(index) => all.push(index),
                        None => break,
                    }
                }
                self.close()?;
                Ok(Part::Indexes(all))
            }
            (Some(']'), Some(first)) => {
                self.at += 1;
                Ok(Part::Index(first))
            }
            (Some(']'), None) => Err(error("Array index expected.")),
            (Some(c), _) => Err(error(format!(
                "Unexpected character while parsing path indexer: {c}"
            ))),
            (None, _) => Err(error("Path ended with open indexer.")),
        }
    }
}
