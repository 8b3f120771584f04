//! Reading what stands between the delimiters.

use super::Finding;
use super::filters;
use super::nodes::{Call, Chain};
use super::operand::Operand;

/// Reads a markup from left to right.
pub(super) struct Markup<'a> {
    text: &'a str,
    at: usize,
    /// Where the text begins in the template.
    offset: usize,
}

impl<'a> Markup<'a> {
    pub(super) fn new(text: &'a str, offset: usize) -> Self {
        Self {
            text,
            at: 0,
            offset,
        }
    }

    fn rest(&self) -> &'a str {
        self.text.get(self.at..).unwrap_or_default()
    }

    /// What has not been read.
    pub(super) fn remaining(&self) -> &'a str {
        self.rest()
    }

    /// Goes to a place of the template further on.
    pub(super) fn advance(&mut self, place: usize) {
        self.at = place.saturating_sub(self.offset).max(self.at);
    }

    /// The place in the template.
    pub(super) fn place(&self) -> usize {
        self.offset + self.at
    }

    pub(super) fn blanks(&mut self) {
        self.at += self.rest().len() - self.rest().trim_start().len();
    }

    pub(super) fn is_at_end(&mut self) -> bool {
        self.blanks();
        self.rest().is_empty()
    }

    pub(super) fn eat(&mut self, c: char) -> bool {
        self.blanks();
        let found = self.rest().starts_with(c);
        if found {
            self.at += c.len_utf8();
        }
        found
    }

    /// A word of letters, digits and `_`; empty if there is none.
    pub(super) fn word(&mut self) -> &'a str {
        self.blanks();
        let rest = self.rest();
        let length = rest
            .find(|c: char| !(c.is_alphanumeric() || c == '_'))
            .unwrap_or(rest.len());
        self.at += length;
        rest.get(..length).unwrap_or_default()
    }

    /// A word, if it is this one.
    pub(super) fn eat_word(&mut self, word: &str) -> bool {
        let before = self.at;
        let found = self.word() == word;
        if !found {
            self.at = before;
        }
        found
    }

    /// A name that is assigned to.
    pub(super) fn target(&mut self) -> &'a str {
        self.blanks();
        let rest = self.rest();
        let length = rest
            .find(|c: char| !(c.is_alphanumeric() || matches!(c, '_' | '-' | '.' | '[' | ']')))
            .unwrap_or(rest.len());
        self.at += length;
        rest.get(..length).unwrap_or_default()
    }

    /// A quoted text, or what reaches to a blank, a `|` or one of `ends`; quoted texts in it are whole.
    /// Empty at the end, or if there is none.
    pub(super) fn fragment(&mut self, ends: &[char]) -> &'a str {
        self.blanks();
        let rest = self.rest();
        let mut length = 0;
        let mut chars = rest.char_indices();
        while let Some((at, c)) = chars.next() {
            if c.is_whitespace() || c == '|' || ends.contains(&c) {
                break;
            }
            if matches!(c, '\'' | '"') {
                let Some((close, _)) = chars.by_ref().find(|(_, other)| *other == c) else {
                    break;
                };
                length = close + 1;
                if at == 0 {
                    break;
                }
                continue;
            }
            length = at + c.len_utf8();
        }
        self.at += length;
        rest.get(..length).unwrap_or_default()
    }

    /// A value.
    pub(super) fn operand(
        &mut self,
        ends: &[char],
        findings: &mut Vec<Finding>,
    ) -> Option<Operand> {
        self.blanks();
        let place = self.place();
        let fragment = self.fragment(ends);
        (!fragment.is_empty()).then(|| Operand::parse(fragment, place, findings))
    }

    /// Everything up to the next `|` outside of quotes.
    fn skip_to_filter(&mut self) -> &'a str {
        let rest = self.rest();
        let mut quote = None;
        let length = rest
            .find(|c: char| match quote {
                Some(open) => {
                    if c == open {
                        quote = None;
                    }
                    false
                }
                None if matches!(c, '\'' | '"') => {
                    quote = Some(c);
                    false
                }
                None => c == '|',
            })
            .unwrap_or(rest.len());
        self.at += length;
        rest.get(..length).unwrap_or_default()
    }

    /// A value and its filters, to the end.
    pub(super) fn chain(mut self, findings: &mut Vec<Finding>) -> Chain {
        let source = self.operand(&[], findings);
        self.ignore(findings);
        let mut filters = Vec::new();
        while self.eat('|') {
            self.blanks();
            let place = self.place();
            let name = self.word();
            let mut arguments = Vec::new();
            while self.eat(':') || self.eat(',') {
                let Some(argument) = self.operand(&[','], findings) else {
                    findings.push(Finding::syntax("Expected a value.", self.place()));
                    break;
                };
                arguments.push(argument);
            }
            self.ignore(findings);
            if let Some(filter) = filters::find(name, arguments.len(), place, findings) {
                filters.push(Call { filter, arguments });
            }
        }
        Chain { source, filters }
    }

    fn ignore(&mut self, findings: &mut Vec<Finding>) {
        self.blanks();
        let place = self.place();
        let skipped = self.skip_to_filter().trim();
        if !skipped.is_empty() {
            findings.push(ignored(skipped, place));
        }
    }

    /// Warns of what is left.
    pub(super) fn finish(mut self, findings: &mut Vec<Finding>) {
        if !self.is_at_end() {
            findings.push(ignored(self.rest().trim(), self.place()));
        }
    }
}

/// A part that means nothing where it stands.
fn ignored(text: &str, place: usize) -> Finding {
    let shown: String = text.chars().take(40).collect();
    Finding::warning(
        "LiquidIgnored",
        format!("'{shown}' has no meaning here and is ignored."),
        place,
    )
}
