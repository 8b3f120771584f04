//! Escapes and character classes of patterns.

use std::sync::Arc;

use super::parse::{Parsed, Parser};
use super::sets::{Ranges, Set, digit, ecma_digit, ecma_space, ecma_word, property, space, word};
use super::tree::{Anchor, Node, Test, options};

impl Parser<'_> {
    /// What follows a `\` outside of classes.
    pub(super) fn backslash(&mut self) -> Parsed<Node> {
        let Some(c) = self.peek() else {
            return Err(self.problem("Illegal \\ at end of pattern."));
        };
        let ecma = self.has(options::ECMA_SCRIPT);
        let anchor = match c {
            'b' | 'B' => Some(Anchor::Boundary {
                ecma,
                negated: c == 'B',
            }),
            'A' => Some(Anchor::Beginning),
            'G' => Some(Anchor::Start),
            'Z' => Some(Anchor::EndOrLastNewline),
            'z' => Some(Anchor::End),
            _ => None,
        };
        if let Some(anchor) = anchor {
            self.at += 1;
            return Ok(Node::Anchor(anchor));
        }
        if let Some((ranges, negated)) = self.class_escape()? {
            return Ok(Node::One(Test::Set(Arc::new(Set::class(ranges, negated)))));
        }
        let folded = self.has(options::IGNORE_CASE);
        match c {
            'k' => {
                self.at += 1;
                let close = match self.peek() {
                    Some('<') => '>',
                    Some('\'') => '\'',
                    _ => return Err(self.problem("Malformed \\k<...> named back reference.")),
                };
                self.at += 1;
                let group = self.reference()?;
                if !self.eat(close) {
                    return Err(self.problem("Malformed \\k<...> named back reference."));
                }
                Ok(Node::Back { group, folded })
            }
            '1'..='9' => {
                if let Some(group) = self.numbered(ecma)? {
                    return Ok(Node::Back { group, folded });
                }
                let unit = self.character()?;
                Ok(self.literal(unit))
            }
            _ => {
                let unit = self.character()?;
                Ok(self.literal(unit))
            }
        }
    }

    /// A back reference by number; `None` if the digits are an octal escape.
    fn numbered(&mut self, ecma: bool) -> Parsed<Option<u32>> {
        let start = self.at;
        let Some(known) = self.known else {
            // The first reading only has to get past the digits.
            self.number()?;
            return Ok(Some(0));
        };
        if ecma {
            // The longest number that is a group.
            let mut number: u32 = 0;
            let mut found = None;
            let mut end = start;
            while let Some(digit) = self.peek().and_then(|c| c.to_digit(10)) {
                number = number.saturating_mul(10).saturating_add(digit);
                self.at += 1;
                if known.slot(number).is_some() {
                    found = Some(number);
                    end = self.at;
                }
            }
            self.at = end;
            return Ok(found);
        }
        let number = self.number()?;
        if known.slot(number).is_some() {
            return Ok(Some(number));
        }
        if number <= 9 {
            return Err(self.problem(format!("Reference to undefined group number {number}.")));
        }
        self.at = start;
        Ok(None)
    }

    /// `\w`, `\p{…}` and the like after the backslash, negated or not.
    fn class_escape(&mut self) -> Parsed<Option<(Ranges, bool)>> {
        let ecma = self.has(options::ECMA_SCRIPT);
        let Some(c) = self.peek() else {
            return Ok(None);
        };
        let ranges = match (c.to_ascii_lowercase(), ecma) {
            ('w', false) => word(),
            ('w', true) => ecma_word(),
            ('d', false) => digit(),
            ('d', true) => ecma_digit(),
            ('s', false) => space(),
            ('s', true) => ecma_space(),
            ('p', _) => {
                self.at += 1;
                let mut name = String::new();
                if !self.eat('{') {
                    return Err(self.problem("Incomplete \\p{X} character escape."));
                }
                while let Some(c) = self
                    .peek()
                    .filter(|c| c.is_alphanumeric() || matches!(c, '-' | '_'))
                {
                    name.push(c);
                    self.at += 1;
                }
                if !self.eat('}') {
                    return Err(self.problem("Incomplete \\p{X} character escape."));
                }
                let found = property(&name)
                    .ok_or_else(|| self.problem(format!("Unknown property '{name}'.")))?;
                return Ok(Some((found, c == 'P')));
            }
            _ => return Ok(None),
        };
        self.at += 1;
        Ok(Some((ranges, c.is_ascii_uppercase())))
    }

    /// One unit after a backslash.
    pub(super) fn character(&mut self) -> Parsed<u16> {
        let Some(c) = self.peek() else {
            return Err(self.problem("Illegal \\ at end of pattern."));
        };
        if c.is_digit(8) {
            let mut value: u16 = 0;
            for _ in 0..3 {
                if self.has(options::ECMA_SCRIPT) && value >= 0x20 {
                    break;
                }
                let Some(digit) = self.peek().and_then(|c| c.to_digit(8)) else {
                    break;
                };
                value = value * 8 + u16::try_from(digit).unwrap_or_default();
                self.at += 1;
            }
            return Ok(value & 0xff);
        }
        let unit = self.units.get(self.at).copied().unwrap_or_default();
        self.at += 1;
        Ok(match c {
            'x' => self.hex(2)?,
            'u' => self.hex(4)?,
            'a' => 0x07,
            'b' => 0x08,
            'e' => 0x1b,
            'f' => 0x0c,
            'n' => 0x0a,
            'r' => 0x0d,
            't' => 0x09,
            'v' => 0x0b,
            'c' => {
                let Some(c) = self.peek() else {
                    return Err(self.problem("Missing control character."));
                };
                self.at += 1;
                let upper = c.to_ascii_uppercase();
                if !('@'..='_').contains(&upper) {
                    return Err(self.problem("Unrecognized control character."));
                }
                u16::try_from(u32::from(upper)).unwrap_or_default() - 0x40
            }
            c if (c.is_alphanumeric() || c == '_') && !self.has(options::ECMA_SCRIPT) => {
                return Err(self.problem(format!("Unrecognized escape sequence \\{c}.")));
            }
            _ => unit,
        })
    }

    fn hex(&mut self, digits: u32) -> Parsed<u16> {
        let mut value: u16 = 0;
        for _ in 0..digits {
            let Some(digit) = self.peek().and_then(|c| c.to_digit(16)) else {
                return Err(self.problem("Insufficient or invalid hexadecimal digits."));
            };
            value = value << 4 | u16::try_from(digit).unwrap_or_default();
            self.at += 1;
        }
        Ok(value)
    }

    /// What follows a `[`, with its `]`.
    pub(super) fn class(&mut self) -> Parsed<Set> {
        self.enter()?;
        let negated = self.eat('^');
        let mut set = Set::empty(negated, self.has(options::IGNORE_CASE));
        let mut first = true;
        // The first unit of a range whose last one comes next.
        let mut from: Option<u16> = None;
        loop {
            let Some(c) = self.peek() else {
                return Err(self.problem("Unterminated [] set."));
            };
            if c == ']' && !first {
                self.at += 1;
                break;
            }
            let unit = self.units.get(self.at).copied().unwrap_or_default();
            self.at += 1;
            let mut escaped = false;
            let unit = if c == '\\' {
                escaped = true;
                if let Some((ranges, negated)) = self.class_escape()? {
                    if from.is_some() {
                        return Err(self.problem(
                            "Cannot include class \\{0} in character range.".replace(
                                "{0}",
                                &self
                                    .units
                                    .get(self.at.saturating_sub(1))
                                    .and_then(|unit| char::from_u32(u32::from(*unit)))
                                    .unwrap_or_default()
                                    .to_string(),
                            ),
                        ));
                    }
                    set.add_class(ranges, negated);
                    first = false;
                    continue;
                }
                self.character()?
            } else {
                unit
            };
            if let Some(start) = from.take() {
                if c == '[' && !first {
                    // `a-[…]`: what looked like a range takes a set away.
                    set.ranges.push((start, start));
                    self.subtraction(&mut set)?;
                } else if start > unit {
                    return Err(self.problem("[x-y] range in reverse order."));
                } else {
                    set.ranges.push((start, unit));
                }
            } else if self.peek() == Some('-') && self.peek_at(1).is_some_and(|c| c != ']') {
                from = Some(unit);
                self.at += 1;
            } else if c == '-' && !escaped && !first && self.peek() == Some('[') {
                self.at += 1;
                self.subtraction(&mut set)?;
            } else {
                set.ranges.push((unit, unit));
            }
            first = false;
        }
        self.depth -= 1;
        Ok(set.finish())
    }

    fn subtraction(&mut self, set: &mut Set) -> Parsed<()> {
        set.minus = Some(Arc::new(self.class()?));
        match self.peek() {
            Some(']') => Ok(()),
            None => Err(self.problem("Unterminated [] set.")),
            Some(_) => {
                Err(self.problem("A subtraction must be the last element in a character class."))
            }
        }
    }
}
