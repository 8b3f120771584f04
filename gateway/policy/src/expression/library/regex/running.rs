//! Searches as the members of `Regex` ask for them: one match, all, replacing and splitting.

use std::sync::Arc;

use super::matcher::Deadline;
use super::objects::{Found, Part, RegexObject, Subject, View};
use super::replacement::Replacement;
use super::search::Pattern;
use crate::expression::exception::Exception;
use crate::expression::library::arguments::{text, value};
use crate::expression::library::collections::strings;
use crate::expression::machine::Machine;
use crate::expression::text::Text;
use crate::expression::value::Value;

/// A search to be made: what for, in what, from where.
pub(super) struct Search {
    pub(super) pattern: Arc<Pattern>,
    pub(super) subject: Arc<Subject>,
    pub(super) from: usize,
    deadline: Option<i128>,
}

/// A match, and where the next one is looked for, if anywhere.
type Step = (Arc<Found>, Option<usize>);

/// Ticks of `Regex.InfiniteMatchTimeout`.
const INFINITE: i64 = -10_000;

/// Nanoseconds of a `matchTimeout`; `None` for no limit.
pub(super) fn timeout(args: &[Value]) -> Result<Option<i128>, Exception> {
    let given = args.iter().find_map(|arg| match arg {
        Value::TimeSpan(span) => Some(span.0),
        _ => None,
    });
    match given {
        None | Some(INFINITE) => Ok(None),
        Some(ticks) if ticks > 0 => Ok(Some(i128::from(ticks) * 100)),
        Some(_) => Err(Exception::argument_range(
            "Specified argument was out of the range of valid values.",
            "matchTimeout",
        )),
    }
}

/// The `RegexOptions` among the arguments.
pub(super) fn options(args: &[Value]) -> i32 {
    args.iter()
        .find_map(|arg| match arg {
            Value::Enum(_, bits) => Some(*bits),
            _ => None,
        })
        .unwrap_or_default()
}

impl Search {
    fn new(
        machine: &mut Machine<'_>,
        pattern: Arc<Pattern>,
        timeout: Option<i128>,
        input: &Text,
        from: Option<i32>,
    ) -> Result<Self, Exception> {
        let subject = Subject::new(machine.budget, input)?;
        let length = subject.units.len();
        let from = match from {
            None if pattern.is_right_to_left() => length,
            None => 0,
            Some(from) => usize::try_from(from)
                .ok()
                .filter(|from| *from <= length)
                .ok_or_else(|| {
                    Exception::argument_range(
                        "Start index cannot be less than 0 or greater than input length.",
                        "startat",
                    )
                })?,
        };
        Ok(Self {
            pattern,
            subject,
            from,
            deadline: timeout.map(|timeout| machine.host.now() + timeout),
        })
    }

    /// `(input, pattern, …)`.
    pub(super) fn fixed(machine: &mut Machine<'_>, args: &[Value]) -> Result<Self, Exception> {
        let input = text(args, 0, "input")?;
        let source = text(args, 1, "pattern")?;
        let timeout = timeout(args)?;
        let pattern = Pattern::get(machine.budget, source, options(args))?;
        Self::new(machine, pattern, timeout, input, None)
    }

    /// `(this, input, …)`, from argument `start` if there is one.
    pub(super) fn of_object(
        machine: &mut Machine<'_>,
        args: &[Value],
        start: usize,
    ) -> Result<Self, Exception> {
        let regex: &RegexObject = args
            .first()
            .and_then(Value::as_foreign)
            .ok_or_else(Exception::null_reference)?;
        let from = match args.get(start) {
            Some(Value::Int(from)) => Some(*from),
            _ => None,
        };
        let input = text(args, 1, "input")?;
        let pattern = Arc::clone(&regex.pattern);
        Self::new(machine, pattern, regex.timeout, input, from)
    }

    /// The next match, and where the one after it is looked for.
    fn next(&self, machine: &mut Machine<'_>, from: usize) -> Result<Option<Step>, Exception> {
        let host = machine.host;
        let now = || host.now();
        let deadline = self.deadline.map(|at| Deadline { now: &now, at });
        let units = &self.subject.units;
        let Some(captures) = self.pattern.find(machine.budget, deadline, units, from)? else {
            return Ok(None);
        };
        machine
            .budget
            .allocate(128 + 24 * captures.slots() + 16 * captures.count())?;
        let found = Found {
            pattern: Some(Arc::clone(&self.pattern)),
            subject: Arc::clone(&self.subject),
            captures,
        };
        let (start, end) = found.whole();
        let back = self.pattern.is_right_to_left();
        // After an empty match the search moves on by one.
        let after = match (back, start == end) {
            (false, false) => Some(end),
            (false, true) => Some(end + 1).filter(|at| *at <= units.len()),
            (true, false) => Some(start),
            (true, true) => start.checked_sub(1),
        };
        Ok(Some((Arc::new(found), after)))
    }

    pub(super) fn is_match(&self, machine: &mut Machine<'_>) -> Result<Value, Exception> {
        Ok(Value::Bool(self.next(machine, self.from)?.is_some()))
    }

    /// `Match`: the first match, or one without success.
    pub(super) fn first(&self, machine: &mut Machine<'_>) -> Result<Value, Exception> {
        Ok(match self.next(machine, self.from)? {
            Some((found, _)) => View::value(&found, Part::Match),
            None => none(),
        })
    }

    /// All matches, at most `limit`.
    pub(super) fn all(
        &self,
        machine: &mut Machine<'_>,
        limit: Option<usize>,
    ) -> Result<Vec<Arc<Found>>, Exception> {
        let mut all = Vec::new();
        let mut from = Some(self.from);
        while let Some(at) = from
            && limit.is_none_or(|limit| all.len() < limit)
            && let Some((found, after)) = self.next(machine, at)?
        {
            all.push(found);
            from = after;
        }
        Ok(all)
    }

    /// Replaces at most `limit` matches by a pattern or by what a function makes of them.
    pub(super) fn replace(
        &self,
        machine: &mut Machine<'_>,
        replacement: &Value,
        limit: Option<usize>,
    ) -> Result<Value, Exception> {
        let pattern = match replacement {
            Value::Text(source) => {
                machine.budget.allocate(source.len().saturating_mul(8))?;
                Some(Replacement::parse(source, &self.pattern))
            }
            Value::Null => return Err(Exception::argument_null("replacement")),
            _ => None,
        };
        let all = self.all(machine, limit)?;
        if all.is_empty() {
            return Ok(Value::Text(self.subject.text.clone()));
        }
        // Functions are called in the order of the matches, which may be from the right.
        let mut made = Vec::with_capacity(all.len());
        for found in &all {
            let mut part = String::new();
            match &pattern {
                Some(pattern) => pattern.expand(machine.budget, found, &mut part)?,
                None => {
                    let shown = View::value(found, Part::Match);
                    part = machine.invoke(replacement, &[shown])?.to_text()?;
                    machine.budget.allocate(part.len())?;
                }
            }
            made.push((found.whole(), part));
        }
        made.sort_by_key(|(span, _)| *span);
        let mut out = String::new();
        let mut at = 0;
        for ((start, end), part) in made {
            out.push_str(&self.subject.slice((at, start)));
            out.push_str(&part);
            at = end;
        }
        out.push_str(&self.subject.slice((at, self.subject.units.len())));
        machine.budget.allocate(out.len())?;
        Ok(Value::from(out))
    }

    /// The parts between matches, with what groups captured in between; at most `limit` parts.
    pub(super) fn split(
        &self,
        machine: &mut Machine<'_>,
        limit: Option<usize>,
    ) -> Result<Value, Exception> {
        if limit == Some(1) {
            return Ok(strings(std::iter::once(self.subject.text.as_str())));
        }
        let all = self.all(machine, limit.map(|limit| limit - 1))?;
        let back = self.pattern.is_right_to_left();
        let length = self.subject.units.len();
        let mut parts = Vec::new();
        let mut at = if back { length } else { 0 };
        for found in &all {
            let (start, end) = found.whole();
            parts.push(
                self.subject
                    .slice(if back { (end, at) } else { (at, start) }),
            );
            at = if back { start } else { end };
            for slot in 1..found.captures.slots() {
                if let Some(span) = found.captures.last(slot) {
                    parts.push(self.subject.slice(span));
                }
            }
        }
        parts.push(
            self.subject
                .slice(if back { (0, at) } else { (at, length) }),
        );
        if back {
            parts.reverse();
        }
        let bytes = parts.iter().map(|part| part.len() + 40).sum();
        machine.budget.allocate(bytes)?;
        Ok(strings(parts.iter().map(String::as_str)))
    }
}

/// `Match.Empty`, which is also what a search without a match gives.
pub(super) fn none() -> Value {
    let subject = Arc::new(Subject {
        text: Text::literal(""),
        units: Vec::new(),
    });
    let captures = super::captures::Captures::new(1);
    let found = Arc::new(Found {
        pattern: None,
        subject,
        captures,
    });
    View::value(&found, Part::Match)
}

/// A `count` argument: -1 for no limit.
pub(super) fn limit(args: &[Value], index: usize) -> Result<Option<usize>, Exception> {
    match value(args, index) {
        Value::Int(-1) => Ok(None),
        Value::Int(count) => usize::try_from(count)
            .map(Some)
            .map_err(|_| Exception::argument_range("Count cannot be less than -1.", "count")),
        _ => Ok(None),
    }
}
