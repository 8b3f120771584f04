//! Groups of patterns: captures, options, assertions and conditions.

use super::parse::{Parsed, Parser};
use super::tree::{Node, options};

impl Parser<'_> {
    /// What follows a `(`; `None` for a group that only sets options.
    pub(super) fn group(&mut self) -> Parsed<Option<Node>> {
        let outer = self.options;
        let node = self.opened(outer)?;
        Ok(node)
    }

    fn opened(&mut self, outer: i32) -> Parsed<Option<Node>> {
        if !self.eat('?') {
            if self.has(options::EXPLICIT_CAPTURE) {
                return self.inside(outer).map(Some);
            }
            let number = self.next_group;
            self.next_group += 1;
            self.numbers.insert(number);
            return self.capture(Some(number), None, outer).map(Some);
        }
        let Some(c) = self.peek() else {
            return Err(self.problem("Unrecognized grouping construct."));
        };
        self.at += 1;
        match c {
            ':' => self.inside(outer).map(Some),
            '>' => Ok(Some(Node::Atomic(Box::new(self.inside(outer)?)))),
            '=' | '!' => self.look(false, c == '!', outer).map(Some),
            '<' if matches!(self.peek(), Some('=' | '!')) => {
                let negative = self.eat('!');
                if !negative {
                    self.at += 1;
                }
                self.look(true, negative, outer).map(Some)
            }
            '<' => self.named('>', outer).map(Some),
            '\'' => self.named('\'', outer).map(Some),
            '(' => self.condition(outer).map(Some),
            _ => {
                self.at -= 1;
                self.inline_options(outer)
            }
        }
    }

    /// The rest of a group and its `)`; options set inside end with it.
    fn inside(&mut self, outer: i32) -> Parsed<Node> {
        let node = self.alternatives()?;
        if !self.eat(')') {
            return Err(self.problem("Not enough )'s."));
        }
        self.options = outer;
        Ok(node)
    }

    fn look(&mut self, behind: bool, negative: bool, outer: i32) -> Parsed<Node> {
        Ok(Node::Look {
            behind,
            negative,
            node: Box::new(self.inside(outer)?),
        })
    }

    fn capture(&mut self, group: Option<u32>, balance: Option<u32>, outer: i32) -> Parsed<Node> {
        Ok(Node::Capture {
            group,
            balance,
            node: Box::new(self.inside(outer)?),
        })
    }

    /// `name>`, `name-other>` or `-other>` and the group.
    fn named(&mut self, close: char, outer: i32) -> Parsed<Node> {
        let group = if self.peek() == Some('-') {
            None
        } else {
            Some(self.own_name()?)
        };
        let balance = if self.eat('-') {
            Some(self.reference()?)
        } else {
            None
        };
        if !self.eat(close) {
            return Err(
                self.problem("Invalid group name: Group names must begin with a word character.")
            );
        }
        self.capture(group, balance, outer)
    }

    /// The number of the group being named; a new name gets one after the first reading.
    fn own_name(&mut self) -> Parsed<u32> {
        if self.peek().is_some_and(|c| c.is_ascii_digit()) {
            let number = self.number()?;
            if number == 0 {
                return Err(self.problem("Capture number cannot be zero."));
            }
            self.numbers.insert(number);
            return Ok(number);
        }
        let name = self.word()?;
        let number = self.known.and_then(|known| known.names.get(&name).copied());
        if !self.names.contains(&name) {
            self.names.push(name);
        }
        Ok(number.unwrap_or_default())
    }

    pub(super) fn word(&mut self) -> Parsed<String> {
        let mut name = String::new();
        while let Some(c) = self.peek().filter(|c| c.is_alphanumeric() || *c == '_') {
            name.push(c);
            self.at += 1;
        }
        if name.is_empty() {
            return Err(
                self.problem("Invalid group name: Group names must begin with a word character.")
            );
        }
        Ok(name)
    }

    /// A group by name or number, which must exist.
    pub(super) fn reference(&mut self) -> Parsed<u32> {
        if self.peek().is_some_and(|c| c.is_ascii_digit()) {
            let number = self.number()?;
            return match self.known {
                Some(known) if known.slot(number).is_none() => {
                    Err(self.problem(format!("Reference to undefined group number {number}.")))
                }
                _ => Ok(number),
            };
        }
        let name = self.word()?;
        match self.known {
            None => Ok(0),
            Some(known) => known.names.get(&name).copied().ok_or_else(|| {
                self.problem(format!("Reference to undefined group name '{name}'."))
            }),
        }
    }

    /// `i-s)` or `i-s:` and the group.
    fn inline_options(&mut self, outer: i32) -> Parsed<Option<Node>> {
        let mut off = false;
        loop {
            let bit = match self.peek() {
                Some('-') => {
                    off = true;
                    0
                }
                Some('+') => {
                    off = false;
                    0
                }
                Some('i' | 'I') => options::IGNORE_CASE,
                Some('m' | 'M') => options::MULTILINE,
                Some('n' | 'N') => options::EXPLICIT_CAPTURE,
                Some('s' | 'S') => options::SINGLELINE,
                Some('x' | 'X') => options::IGNORE_WHITESPACE,
                _ => break,
            };
            self.at += 1;
            if off {
                self.options &= !bit;
            } else {
                self.options |= bit;
            }
        }
        if self.eat(')') {
            return Ok(None);
        }
        if self.eat(':') {
            return self.inside(outer).map(Some);
        }
        Err(self.problem("Unrecognized grouping construct."))
    }

    /// After `(?(`: a group that may have matched, or something to look for.
    fn condition(&mut self, outer: i32) -> Parsed<Node> {
        let start = self.at;
        if self.peek().is_some_and(|c| c.is_ascii_digit()) {
            let number = self.number()?;
            if !self.eat(')') {
                return Err(self.problem(format!(
                    "Conditional alternation is missing a closing parenthesis after the group \
                     number {number}."
                )));
            }
            if self.known.is_some_and(|known| known.slot(number).is_none()) {
                return Err(self.problem(format!(
                    "Conditional alternation refers to an undefined group number {number}."
                )));
            }
            let (yes, no) = self.branches(outer)?;
            return Ok(Node::IfGroup {
                group: number,
                yes,
                no,
            });
        }
        if let Ok(name) = self.word()
            && self.eat(')')
        {
            // In the first reading both ways read the same groups.
            let group = match self.known {
                Some(known) => known.names.get(&name).copied(),
                None => Some(0),
            };
            if let Some(group) = group {
                let (yes, no) = self.branches(outer)?;
                return Ok(Node::IfGroup { group, yes, no });
            }
        }
        self.at = start;
        // `(?(?=…)…)` is the assertion itself.
        let condition = if self.peek() == Some('?') {
            match self.peek_at(1) {
                Some('#') => {
                    return Err(self.problem("Alternation conditions cannot be comments."));
                }
                Some('\'') => {
                    return Err(
                        self.problem("Alternation conditions do not capture and cannot be named.")
                    );
                }
                Some('<') if !matches!(self.peek_at(2), Some('=' | '!')) => {
                    return Err(
                        self.problem("Alternation conditions do not capture and cannot be named.")
                    );
                }
                _ => self.opened(self.options)?.unwrap_or(Node::Empty),
            }
        } else {
            self.inside(self.options)?
        };
        let (yes, no) = self.branches(outer)?;
        Ok(Node::IfMatch {
            condition: Box::new(condition),
            yes,
            no,
        })
    }

    fn branches(&mut self, outer: i32) -> Parsed<(Box<Node>, Box<Node>)> {
        let node = self.inside(outer)?;
        let mut branches = match node {
            Node::Either(branches) => branches.into_iter(),
            other => vec![other].into_iter(),
        };
        let yes = branches.next().unwrap_or(Node::Empty);
        let no = branches.next().unwrap_or(Node::Empty);
        if branches.next().is_some() {
            return Err(self.problem("Too many | in (?()|)."));
        }
        Ok((Box::new(yes), Box::new(no)))
    }
}
