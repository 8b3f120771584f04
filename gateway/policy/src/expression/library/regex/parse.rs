//! Patterns → trees: sequences, alternatives and quantifiers (.NET documentation, Regular expression
//! language).

use std::collections::BTreeSet;
use std::sync::Arc;

use super::sets::{Set, lower_unit};
use super::tree::{Anchor, Groups, Node, Test, options};

/// Groups inside groups; deeper patterns are refused, so that nothing recurses further.
const MAX_NESTING: u32 = 200;

/// What is wrong with a pattern, and after how many units.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct PatternProblem {
    pub(super) offset: usize,
    pub(super) message: String,
}

pub(super) type Parsed<T> = Result<T, PatternProblem>;

/// Reads a pattern twice: first for its groups, so that a reference may come before its group.
pub(super) fn parse(pattern: &str, options: i32) -> Parsed<(Node, Groups)> {
    let units: Vec<u16> = pattern.encode_utf16().collect();
    let mut first = Parser::new(&units, options, None);
    first.whole()?;
    let groups = first.into_groups();
    let mut second = Parser::new(&units, options, Some(&groups));
    let node = second.whole()?;
    Ok((node, groups))
}

pub(super) struct Parser<'p> {
    pub(super) units: &'p [u16],
    pub(super) at: usize,
    pub(super) options: i32,
    /// `None` in the first reading, where references are not looked up.
    pub(super) known: Option<&'p Groups>,
    /// The number of the next group without one.
    pub(super) next_group: u32,
    pub(super) numbers: BTreeSet<u32>,
    pub(super) names: Vec<String>,
    pub(super) depth: u32,
}

impl<'p> Parser<'p> {
    fn new(units: &'p [u16], options: i32, known: Option<&'p Groups>) -> Self {
        Self {
            units,
            at: 0,
            options,
            known,
            next_group: 1,
            numbers: BTreeSet::from([0]),
            names: Vec::new(),
            depth: 0,
        }
    }

    /// Named groups are numbered after all others, in order.
    fn into_groups(mut self) -> Groups {
        let mut groups = Groups::default();
        for name in self.names {
            while self.numbers.contains(&self.next_group) {
                self.next_group += 1;
            }
            self.numbers.insert(self.next_group);
            groups.names.insert(name, self.next_group);
        }
        groups.numbers = self.numbers.into_iter().collect();
        groups
    }

    fn whole(&mut self) -> Parsed<Node> {
        let node = self.alternatives()?;
        if self.peek().is_some() {
            self.at += 1;
            return Err(self.problem("Too many )'s."));
        }
        Ok(node)
    }

    pub(super) fn problem(&self, message: impl Into<String>) -> PatternProblem {
        PatternProblem {
            offset: self.at,
            message: message.into(),
        }
    }

    pub(super) fn peek(&self) -> Option<char> {
        self.peek_at(0)
    }

    /// A unit ahead; half a surrogate pair is U+FFFD, which means nothing in patterns.
    pub(super) fn peek_at(&self, ahead: usize) -> Option<char> {
        let unit = *self.units.get(self.at + ahead)?;
        Some(char::from_u32(u32::from(unit)).unwrap_or('\u{fffd}'))
    }

    pub(super) fn eat(&mut self, wanted: char) -> bool {
        let found = self.peek() == Some(wanted);
        if found {
            self.at += 1;
        }
        found
    }

    pub(super) fn has(&self, option: i32) -> bool {
        self.options & option != 0
    }

    pub(super) fn enter(&mut self) -> Parsed<()> {
        self.depth += 1;
        if self.depth > MAX_NESTING {
            return Err(self.problem("The pattern is nested too deeply for this gateway."));
        }
        Ok(())
    }

    /// Everything up to a `)` or the end.
    pub(super) fn alternatives(&mut self) -> Parsed<Node> {
        self.enter()?;
        let mut branches = vec![self.sequence()?];
        while self.eat('|') {
            branches.push(self.sequence()?);
        }
        self.depth -= 1;
        Ok(match branches.pop() {
            Some(only) if branches.is_empty() => only,
            Some(last) => {
                branches.push(last);
                Node::Either(branches)
            }
            None => Node::Empty,
        })
    }

    fn sequence(&mut self) -> Parsed<Node> {
        let mut nodes = Vec::new();
        loop {
            self.blanks()?;
            match self.peek() {
                None | Some('|' | ')') => break,
                _ => {}
            }
            let Some(atom) = self.atom()? else { continue };
            self.blanks()?;
            nodes.push(self.quantified(atom)?);
        }
        Ok(match nodes.pop() {
            None => Node::Empty,
            Some(only) if nodes.is_empty() => only,
            Some(last) => {
                nodes.push(last);
                Node::Sequence(nodes)
            }
        })
    }

    /// Comments, and white space under `IgnorePatternWhitespace`.
    fn blanks(&mut self) -> Parsed<()> {
        loop {
            let extended = self.has(options::IGNORE_WHITESPACE);
            match self.peek() {
                Some(c) if extended && matches!(c, ' ' | '\t'..='\r') => self.at += 1,
                Some('#') if extended => {
                    while self.peek().is_some_and(|c| c != '\n') {
                        self.at += 1;
                    }
                }
                Some('(') if self.peek_at(1) == Some('?') && self.peek_at(2) == Some('#') => {
                    while self.peek().is_some_and(|c| c != ')') {
                        self.at += 1;
                    }
                    if !self.eat(')') {
                        return Err(self.problem("Unterminated (?#...) comment."));
                    }
                }
                _ => return Ok(()),
            }
        }
    }

    /// One thing to be repeated; `None` for `(?i)`, which is nothing.
    fn atom(&mut self) -> Parsed<Option<Node>> {
        let Some(c) = self.peek() else {
            return Ok(Some(Node::Empty));
        };
        if self.is_quantifier() {
            self.at += 1;
            return Err(self.problem(format!("Quantifier '{c}' following nothing.")));
        }
        let unit = self.units.get(self.at).copied().unwrap_or_default();
        self.at += 1;
        Ok(Some(match c {
            '[' => Node::One(Test::Set(Arc::new(self.class()?))),
            '(' => return self.group(),
            '^' if self.has(options::MULTILINE) => Node::Anchor(Anchor::LineStart),
            '^' => Node::Anchor(Anchor::Beginning),
            '$' if self.has(options::MULTILINE) => Node::Anchor(Anchor::LineEnd),
            '$' => Node::Anchor(Anchor::EndOrLastNewline),
            '.' => Node::One(Test::Set(Arc::new(Set::any(self.has(options::SINGLELINE))))),
            '\\' => self.backslash()?,
            _ => self.literal(unit),
        }))
    }

    pub(super) fn literal(&self, unit: u16) -> Node {
        let lower = lower_unit(unit);
        Node::One(if self.has(options::IGNORE_CASE) {
            Test::Folded(lower)
        } else {
            Test::Unit(unit)
        })
    }

    /// Whether a quantifier is next; `{` is one only if it is whole.
    fn is_quantifier(&self) -> bool {
        match self.peek() {
            Some('*' | '+' | '?') => true,
            Some('{') => {
                let mut ahead = 1;
                let digits = |mut ahead: usize| {
                    let from = ahead;
                    while self.peek_at(ahead).is_some_and(|c| c.is_ascii_digit()) {
                        ahead += 1;
                    }
                    (ahead, ahead > from)
                };
                let (next, any) = digits(ahead);
                ahead = next;
                if !any {
                    return false;
                }
                if self.peek_at(ahead) == Some(',') {
                    ahead = digits(ahead + 1).0;
                }
                self.peek_at(ahead) == Some('}')
            }
            _ => false,
        }
    }

    fn quantified(&mut self, node: Node) -> Parsed<Node> {
        if !self.is_quantifier() {
            return Ok(node);
        }
        let c = self.peek();
        self.at += 1;
        let (min, max) = match c {
            Some('*') => (0, u32::MAX),
            Some('+') => (1, u32::MAX),
            Some('?') => (0, 1),
            _ => {
                let min = self.number()?;
                let max = if self.eat(',') {
                    if self.peek() == Some('}') {
                        u32::MAX
                    } else {
                        self.number()?
                    }
                } else {
                    min
                };
                self.eat('}');
                if max < min {
                    return Err(self.problem("Illegal {x,y} with x > y."));
                }
                (min, max)
            }
        };
        self.blanks()?;
        let lazy = self.eat('?');
        self.blanks()?;
        if self.is_quantifier() {
            let next = self.peek().unwrap_or_default();
            self.at += 1;
            return Err(self.problem(format!("Nested quantifier '{next}'.")));
        }
        Ok(Node::Repeat {
            node: Box::new(node),
            min,
            max,
            lazy,
        })
    }

    /// Decimal digits as an `int`.
    pub(super) fn number(&mut self) -> Parsed<u32> {
        let mut value: u32 = 0;
        while let Some(digit) = self.peek().and_then(|c| c.to_digit(10)) {
            self.at += 1;
            value = value
                .checked_mul(10)
                .and_then(|value| value.checked_add(digit))
                .filter(|value| i32::try_from(*value).is_ok())
                .ok_or_else(|| {
                    self.problem(
                        "Capture group numbers must be less than or equal to Int32.MaxValue.",
                    )
                })?;
        }
        Ok(value)
    }
}

/// A reader of single escapes.
pub(super) fn unescaper(units: &[u16]) -> Parser<'_> {
    Parser::new(units, 0, None)
}
