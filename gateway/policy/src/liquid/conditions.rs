//! The conditions of `if` and `unless`.

use super::Finding;
use super::compare::Operator;
use super::markup::Markup;
use super::nodes::{Comparison, Condition, Join};
use super::operand::Operand;

/// Comparisons of one condition (`DotLiquid`'s limit).
const MAX_COMPARISONS: usize = 500;

/// A condition to the end of its markup.
pub(super) fn condition(text: &str, offset: usize, findings: &mut Vec<Finding>) -> Condition {
    let mut markup = Markup::new(text, offset);
    let mut comparisons = Vec::new();
    loop {
        if markup.is_at_end() {
            findings.push(Finding::syntax("Expected a condition.", markup.place()));
            break;
        }
        if comparisons.len() >= MAX_COMPARISONS {
            findings.push(Finding::syntax(
                format!("A condition has at most {MAX_COMPARISONS} comparisons."),
                markup.place(),
            ));
            break;
        }
        let comparison = comparison(&mut markup, findings);
        let join = if markup.eat_word("and") {
            Some(Join::And)
        } else if markup.eat_word("or") {
            Some(Join::Or)
        } else {
            None
        };
        let ends = join.is_none();
        comparisons.push((comparison, join));
        if ends {
            markup.finish(findings);
            break;
        }
    }
    Condition(comparisons)
}

fn comparison(markup: &mut Markup<'_>, findings: &mut Vec<Finding>) -> Comparison {
    let left = operand(markup, findings);
    let mut ahead = markup.ahead();
    let place = {
        ahead.blanks();
        ahead.place()
    };
    let written = ahead.operator();
    if written.is_empty() || matches!(written, "and" | "or") {
        return Comparison { left, test: None };
    }
    markup.follow(&ahead);
    let Some(operator) = Operator::find(written) else {
        findings.push(Finding::syntax(
            format!(
                "There is no operator '{written}'. Expected ==, !=, <>, <, >, <=, >=, contains, \
                 startsWith, endsWith, hasKey or hasValue."
            ),
            place,
        ));
        return Comparison { left, test: None };
    };
    let right = operand(markup, findings);
    Comparison {
        left,
        test: Some((operator, right)),
    }
}

/// A side of a comparison. Parentheses around one group nothing and are taken off.
fn operand(markup: &mut Markup<'_>, findings: &mut Vec<Finding>) -> Operand {
    markup.blanks();
    let place = markup.place();
    let fragment = markup.fragment(&[',']);
    let is_range = fragment.starts_with('(') && fragment.contains("..");
    let bare = if is_range {
        fragment
    } else {
        fragment.trim_start_matches('(').trim_end_matches(')')
    };
    if bare.is_empty() {
        findings.push(Finding::syntax("Expected a value.", place));
    }
    let skipped = fragment.len() - fragment.trim_start_matches('(').len();
    let place = if is_range { place } else { place + skipped };
    Operand::parse(bare, place, findings)
}

impl<'a> Markup<'a> {
    /// Another reader at the same place.
    fn ahead(&self) -> Self {
        Markup::new(self.remaining(), self.place())
    }

    /// Goes to where another reader of the same markup is.
    fn follow(&mut self, other: &Self) {
        self.advance(other.place());
    }

    /// A word or a sign that stands between values.
    fn operator(&mut self) -> &'a str {
        self.blanks();
        let rest = self.remaining();
        let length = rest
            .find(|c: char| !(c.is_ascii_alphabetic() || matches!(c, '=' | '!' | '<' | '>' | '_')))
            .unwrap_or(rest.len());
        self.advance(self.place() + length);
        rest.get(..length).unwrap_or_default()
    }
}
