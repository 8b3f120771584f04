//! Compiled patterns and the search for matches.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, OnceLock};

use super::captures::Captures;
use super::matcher::{Deadline, Matcher, passes};
use super::parse::parse;
use super::program::{Op, lower};
use super::tree::{Anchor, Groups, Test, options};
use crate::expression::budget::Budget;
use crate::expression::exception::{Exception, names};
use crate::expression::object::lock;

/// A compiled pattern.
#[derive(Debug)]
pub(super) struct Pattern {
    pub(super) source: Arc<str>,
    pub(super) options: i32,
    pub(super) groups: Groups,
    ops: Vec<Op>,
    /// What the first unit of a match must be, if that is known.
    first: Option<Test>,
    /// Whether a match can only begin at the beginning.
    anchored: bool,
}

/// Bytes of the patterns that are kept compiled, each of which may take some hundred times as much;
/// the whole cache is emptied when it is full.
const MAX_CACHED_BYTES: usize = 64 << 10;

/// What a pattern counts for beside its length.
const PATTERN_BYTES: usize = 64;

/// Compiled patterns by source and options.
#[derive(Default)]
struct Cache {
    patterns: HashMap<(Arc<str>, i32), Arc<Pattern>>,
    bytes: usize,
}

impl Pattern {
    /// The compiled pattern, from the cache if it is there.
    pub(super) fn get(
        budget: &mut Budget,
        source: &str,
        options: i32,
    ) -> Result<Arc<Self>, Exception> {
        static CACHE: OnceLock<Mutex<Cache>> = OnceLock::new();
        let cache = CACHE.get_or_init(Mutex::default);
        let key = (Arc::from(source), options);
        if let Some(found) = lock(cache).patterns.get(&key) {
            return Ok(Arc::clone(found));
        }
        // Compiling touches every unit a few times, and each unit may need a set of its own.
        budget.charge(64 + 32 * source.len() as u64)?;
        budget.allocate(source.len().saturating_mul(256))?;
        let pattern = Arc::new(Self::compile(source, options)?);
        let bytes = source.len().saturating_add(PATTERN_BYTES);
        if bytes <= MAX_CACHED_BYTES / 4 {
            let mut cache = lock(cache);
            if cache.bytes.saturating_add(bytes) > MAX_CACHED_BYTES {
                *cache = Cache::default();
            }
            if cache.patterns.insert(key, Arc::clone(&pattern)).is_none() {
                cache.bytes += bytes;
            }
        }
        Ok(pattern)
    }

    /// Compiles a pattern.
    pub(super) fn compile(source: &str, options: i32) -> Result<Self, Exception> {
        check_options(options)?;
        let (node, groups) = parse(source, options).map_err(|problem| {
            Exception::new(
                names::REGEX_PARSE,
                format!(
                    "Invalid pattern '{source}' at offset {}. {}",
                    problem.offset, problem.message
                ),
            )
        })?;
        let back = options & options::RIGHT_TO_LEFT != 0;
        let ops = lower(&node, &groups, back);
        let start = ops.iter().find(|op| !matches!(op, Op::Mark));
        let first = match start {
            Some(Op::One { test, .. }) => Some(test.clone()),
            Some(Op::Run { test, min, .. }) if *min > 0 => Some(test.clone()),
            _ => None,
        };
        let anchored = matches!(start, Some(Op::Anchor(Anchor::Beginning)));
        Ok(Self {
            source: source.into(),
            options,
            groups,
            first,
            anchored: anchored && !back,
            ops,
        })
    }

    pub(super) fn is_right_to_left(&self) -> bool {
        self.options & options::RIGHT_TO_LEFT != 0
    }

    /// The first match from `from` on, in the pattern's direction: captures with the whole match as
    /// group 0.
    pub(super) fn find(
        &self,
        budget: &mut Budget,
        deadline: Option<Deadline<'_>>,
        text: &[u16],
        from: usize,
    ) -> Result<Option<Captures>, Exception> {
        let slots = self.groups.numbers.len();
        let back = self.is_right_to_left();
        let mut matcher = Matcher::new(&self.ops, text, from, slots, budget, deadline);
        let mut at = from;
        loop {
            if let Some(test) = &self.first {
                let Some(candidate) = next_candidate(&mut matcher, test, at, back)? else {
                    return Ok(None);
                };
                at = candidate;
            }
            if let Some(end) = matcher.attempt(at)? {
                let mut captures = matcher.captures;
                captures.push(0, (at.min(end), at.max(end)));
                return Ok(Some(captures));
            }
            if self.anchored {
                return Ok(None);
            }
            at = match (back, at) {
                (true, 0) => return Ok(None),
                (true, at) => at - 1,
                (false, at) if at >= text.len() => return Ok(None),
                (false, at) => at + 1,
            };
        }
    }
}

/// The nearest position whose next unit passes the test.
fn next_candidate(
    matcher: &mut Matcher<'_>,
    test: &Test,
    from: usize,
    back: bool,
) -> Result<Option<usize>, Exception> {
    let text = matcher.text;
    let found = if back {
        text.get(..from)
            .and_then(|part| part.iter().rposition(|unit| passes(test, *unit)))
            .map(|at| at + 1)
    } else {
        text.get(from..)
            .and_then(|part| part.iter().position(|unit| passes(test, *unit)))
            .map(|at| from + at)
    };
    let skipped = found.map_or(text.len(), |at| at.abs_diff(from));
    matcher.budget.charge_regex(skipped as u64 / 16)?;
    Ok(found)
}

fn check_options(options: i32) -> Result<(), Exception> {
    let known = options::IGNORE_CASE
        | options::MULTILINE
        | options::EXPLICIT_CAPTURE
        | options::COMPILED
        | options::SINGLELINE
        | options::IGNORE_WHITESPACE
        | options::RIGHT_TO_LEFT
        | options::ECMA_SCRIPT
        | options::CULTURE_INVARIANT;
    if options & options::NON_BACKTRACKING != 0 {
        return Err(Exception::new(
            names::NOT_SUPPORTED,
            "RegexOptions.NonBacktracking is not supported.",
        ));
    }
    let with_ecma = options::ECMA_SCRIPT
        | options::IGNORE_CASE
        | options::MULTILINE
        | options::COMPILED
        | options::CULTURE_INVARIANT;
    let ecma = options & options::ECMA_SCRIPT != 0 && options & !with_ecma != 0;
    if options & !known != 0 || ecma {
        return Err(Exception::argument_range(
            "Specified argument was out of the range of valid values.",
            "options",
        ));
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use std::cell::Cell;

    use super::*;

    #[test]
    fn a_search_ends_when_the_time_the_document_gives_is_over() {
        let text: Vec<u16> = "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa!"
            .encode_utf16()
            .collect();
        let pattern = Pattern::compile("(a+)+$", 0).unwrap();
        let clock = Cell::new(0);
        let now = || {
            clock.set(clock.get() + 1);
            clock.get()
        };
        let deadline = Deadline { now: &now, at: 10 };
        let exception = pattern
            .find(&mut Budget::default(), Some(deadline), &text, 0)
            .unwrap_err();
        assert_eq!(exception.type_name, names::MATCH_TIMEOUT);
        assert!(!exception.is_budget());
        assert_eq!(clock.get(), 10);
    }
}
