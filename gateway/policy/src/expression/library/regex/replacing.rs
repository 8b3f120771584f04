//! `Regex.Replace` for callers that are no expression.

use std::sync::Arc;

use super::objects::{Found, Subject};
use super::replacement::Replacement;
use super::search::Pattern;
use crate::expression::budget::Budget;
use crate::expression::exception::Exception;
use crate::expression::text::Text;

/// Replaces what a pattern finds by a replacement pattern, or the first that it finds by the text as it
/// stands.
///
/// # Errors
///
/// If the pattern is none, or the budget is overrun.
pub(crate) fn replace(
    budget: &mut Budget,
    input: &str,
    pattern: &str,
    replacement: &str,
    only_first: bool,
) -> Result<String, Exception> {
    let pattern = Pattern::get(budget, &Text::new(pattern), 0)?;
    let subject = Subject::new(budget, &Text::new(input))?;
    let pieces = (!only_first).then(|| Replacement::parse(replacement, &pattern));
    let length = subject.units.len();
    let (mut out, mut at, mut from) = (String::new(), 0, 0);
    while from <= length
        && let Some(captures) = pattern.find(budget, None, &subject.units, from)?
    {
        budget.allocate(128 + 24 * captures.slots() + 16 * captures.count())?;
        let found = Found {
            pattern: Some(Arc::clone(&pattern)),
            subject: Arc::clone(&subject),
            captures,
        };
        let (start, end) = found.whole();
        out.push_str(&subject.slice((at, start)));
        match &pieces {
            Some(pieces) => pieces.expand(budget, &found, &mut out)?,
            None => out.push_str(replacement),
        }
        at = end;
        // After an empty match the search moves on by one.
        from = if end == start { end + 1 } else { end };
        if only_first {
            break;
        }
    }
    out.push_str(&subject.slice((at, length)));
    budget.allocate(out.len())?;
    Ok(out)
}
