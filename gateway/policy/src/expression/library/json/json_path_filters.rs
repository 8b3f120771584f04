//! Filters of paths: `[?(@.name == 'x' && @.price < 10)]`.

use super::json_path::{Comparison, Operand, Parser, Part, Test, error, unexpected};
use super::node::Kind;
use crate::expression::exception::{Exception, names};
use crate::expression::value::Value;

impl Parser {
    /// `?(…)]` behind the bracket.
    pub(super) fn filter(&mut self, scan: bool) -> Result<Part, Exception> {
        self.at += 1;
        self.blanks();
        match self.peek() {
            Some('(') => self.at += 1,
            Some(c) => {
                return Err(error(format!(
                    "Unexpected character while parsing path indexer: {c}"
                )));
            }
            None => return Err(error("Path ended with open indexer.")),
        }
        let test = self.alternatives()?;
        if !self.eat(')') {
            return Err(match self.peek() {
                Some(c) => unexpected(c),
                None => error("Path ended with open query."),
            });
        }
        self.close()?;
        Ok(Part::Filter { test, scan })
    }

    fn alternatives(&mut self) -> Result<Test, Exception> {
        self.enter()?;
        let mut any = vec![self.conjunction()?];
        while self.pair('|')? {
            any.push(self.conjunction()?);
        }
        self.level -= 1;
        Ok(match any.pop() {
            Some(single) if any.is_empty() => single,
            Some(last) => {
                any.push(last);
                Test::Or(any)
            }
            None => Test::Or(any),
        })
    }

    fn conjunction(&mut self) -> Result<Test, Exception> {
        let mut all = vec![self.test()?];
        while self.pair('&')? {
            all.push(self.test()?);
        }
        Ok(match all.pop() {
            Some(single) if all.is_empty() => single,
            Some(last) => {
                all.push(last);
                Test::And(all)
            }
            None => Test::And(all),
        })
    }

    /// `&&` or `||`.
    fn pair(&mut self, c: char) -> Result<bool, Exception> {
        self.blanks();
        if !self.eat(c) {
            return Ok(false);
        }
        if self.eat(c) {
            Ok(true)
        } else {
            Err(unexpected(c))
        }
    }

    fn test(&mut self) -> Result<Test, Exception> {
        self.blanks();
        if self.eat('(') {
            let inner = self.alternatives()?;
            self.blanks();
            return match self.peek() {
                Some(')') => {
                    self.at += 1;
                    Ok(inner)
                }
                Some(c) => Err(unexpected(c)),
                None => Err(error("Path ended with open query.")),
            };
        }
        let left = self.operand()?;
        self.blanks();
        match self.peek() {
            None => Err(error("Path ended with open query.")),
            Some(')' | '&' | '|') => Ok(Test::Exists(left)),
            Some(_) => {
                let comparison = self.comparison()?;
                let right = self.operand()?;
                Ok(Test::Compare(left, comparison, right))
            }
        }
    }

    fn comparison(&mut self) -> Result<Comparison, Exception> {
        let known = [
            ("===", Comparison::StrictEqual),
            ("!==", Comparison::StrictNotEqual),
            ("==", Comparison::Equal),
            ("!=", Comparison::NotEqual),
            ("<>", Comparison::NotEqual),
            ("<=", Comparison::LessEqual),
            (">=", Comparison::GreaterEqual),
            ("<", Comparison::Less),
            (">", Comparison::Greater),
        ];
        let rest: String = self.text.iter().skip(self.at).take(3).collect();
        if rest.starts_with("=~") {
            return Err(Exception::new(
                names::NOT_SUPPORTED,
                "Regular expressions in path queries (`=~`) are not supported.",
            ));
        }
        if rest == "=" || (rest.starts_with('=') && !rest.starts_with("==")) {
            self.at += 1;
            return Ok(Comparison::Equal);
        }
        match known.iter().find(|(symbol, _)| rest.starts_with(symbol)) {
            Some((symbol, comparison)) => {
                self.at += symbol.len();
                Ok(*comparison)
            }
            None => Err(error("Could not read query operator.")),
        }
    }

    fn operand(&mut self) -> Result<Operand, Exception> {
        self.blanks();
        match self.peek() {
            Some(c @ ('@' | '$')) => {
                self.at += 1;
                let mut parts = Vec::new();
                if c == '$' {
                    parts.push(Part::Root);
                }
                self.path(&mut parts, true)?;
                Ok(Operand::Path(parts))
            }
            Some('\'') => Ok(Operand::Literal(Kind::String, Value::text(self.quoted()?))),
            Some(c) if c.is_ascii_digit() || c == '-' => self.number(),
            Some('t') => self.word("true", Kind::Boolean, Value::Bool(true)),
            Some('f') => self.word("false", Kind::Boolean, Value::Bool(false)),
            Some('n') => self.word("null", Kind::Null, Value::Null),
            Some(c) => Err(unexpected(c)),
            None => Err(error("Path ended with open query.")),
        }
    }

    fn word(&mut self, word: &str, kind: Kind, value: Value) -> Result<Operand, Exception> {
        for wanted in word.chars() {
            if !self.eat(wanted) {
                return Err(error("Could not read query operator."));
            }
        }
        Ok(Operand::Literal(kind, value))
    }

    fn number(&mut self) -> Result<Operand, Exception> {
        let start = self.at;
        self.at += 1;
        while self
            .peek()
            .is_some_and(|c| c.is_ascii_digit() || matches!(c, '.' | 'e' | 'E' | '-' | '+'))
        {
            self.at += 1;
        }
        let text: String = self
            .text
            .get(start..self.at)
            .unwrap_or_default()
            .iter()
            .collect();
        if let Ok(integer) = text.parse::<i64>() {
            return Ok(Operand::Literal(Kind::Integer, Value::Long(integer)));
        }
        match text.parse::<f64>() {
            Ok(real) if text.contains(['.', 'e', 'E']) => {
                Ok(Operand::Literal(Kind::Float, Value::Double(real)))
            }
            _ => Err(error("Could not read query operator.")),
        }
    }
}
