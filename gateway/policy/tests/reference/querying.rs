//! Queries, one element at a time: what an operator does not ask for is not computed.

use std::collections::HashSet;
use std::collections::VecDeque;

use super::evaluating::{Eval, Reference, Thrown, throw};
use super::language::{End, Expr, Stage, Val};

/// What a stage remembers between elements.
enum State {
    Nothing,
    Left(i32),
    /// The prefix is over.
    Over(bool),
    Seen(HashSet<i32>),
    /// What was sorted or turned round, once it was.
    Buffer(Option<VecDeque<i32>>),
}

struct Pull<'a> {
    source: std::vec::IntoIter<i32>,
    parameter: u32,
    stages: &'a [Stage],
    states: Vec<State>,
}

impl Reference {
    pub(super) fn query(
        &mut self,
        source: &Expr,
        parameter: u32,
        stages: &[Stage],
        end: &End,
    ) -> Eval<Val> {
        let source = self.ints(source)?;
        let mut states = Vec::new();
        for stage in stages {
            states.push(match stage {
                Stage::Skip(count) | Stage::Take(count) => State::Left(self.int(count)?),
                Stage::TakeWhile(_) | Stage::SkipWhile(_) => State::Over(false),
                Stage::Distinct => State::Seen(HashSet::new()),
                Stage::OrderBy(_) | Stage::OrderByDescending(_) | Stage::Reverse => {
                    State::Buffer(None)
                }
                Stage::Where(_) | Stage::Select(_) => State::Nothing,
            });
        }
        let mut pull = Pull {
            source: source.into_iter(),
            parameter,
            stages,
            states,
        };
        self.end(&mut pull, end)
    }

    fn end(&mut self, pull: &mut Pull<'_>, end: &End) -> Eval<Val> {
        let last = pull.stages.len();
        if let End::Aggregate(seed, body) = end {
            let mut sum = self.int(seed)?;
            while let Some(item) = self.pull(pull, last)? {
                self.set(pull.parameter, Val::Int(sum));
                self.set(pull.parameter + 1, Val::Int(item));
                sum = self.int(body)?;
            }
            return Ok(Val::Int(sum));
        }
        match end {
            End::First | End::FirstOrDefault => {
                return match (self.pull(pull, last)?, end) {
                    (Some(item), _) => Ok(Val::Int(item)),
                    (None, End::FirstOrDefault) => Ok(Val::Int(0)),
                    (None, _) => throw(Thrown::InvalidOperation),
                };
            }
            End::Any(body) | End::All(body) => {
                let all = matches!(end, End::All(_));
                while let Some(item) = self.pull(pull, last)? {
                    if self.with(pull.parameter, item, body)? != Val::Bool(all) {
                        return Ok(Val::Bool(!all));
                    }
                }
                return Ok(Val::Bool(all));
            }
            _ => {}
        }
        let mut items = Vec::new();
        let mut sum = 0_i32;
        while let Some(item) = self.pull(pull, last)? {
            if matches!(end, End::Sum) {
                // Sum is one of the few that check.
                sum = match sum.checked_add(item) {
                    Some(sum) => sum,
                    None => return throw(Thrown::Overflow),
                };
            }
            items.push(item);
        }
        let one = match end {
            End::Sum => Some(sum),
            End::Count => Some(items.len() as i32),
            End::Max => items.iter().max().copied(),
            End::Min => items.iter().min().copied(),
            End::Last => items.last().copied(),
            End::Join => {
                let texts: Vec<String> = items.iter().map(ToString::to_string).collect();
                return Ok(Val::Text(Some(texts.join(","))));
            }
            _ => return Ok(Val::Ints(items)),
        };
        match one {
            Some(value) => Ok(Val::Int(value)),
            None => throw(Thrown::InvalidOperation),
        }
    }

    fn with(&mut self, parameter: u32, item: i32, body: &Expr) -> Eval<Val> {
        self.set(parameter, Val::Int(item));
        self.value(body)
    }

    fn holds(&mut self, pull: &Pull<'_>, item: i32, body: &Expr) -> Eval<bool> {
        Ok(self.with(pull.parameter, item, body)? == Val::Bool(true))
    }

    /// The next element behind the first `count` stages.
    fn pull(&mut self, pull: &mut Pull<'_>, count: usize) -> Eval<Option<i32>> {
        let Some(at) = count.checked_sub(1) else {
            return Ok(pull.source.next());
        };
        let stages = pull.stages;
        match &stages[at] {
            Stage::Where(body) => {
                while let Some(item) = self.pull(pull, at)? {
                    if self.holds(pull, item, body)? {
                        return Ok(Some(item));
                    }
                }
                Ok(None)
            }
            Stage::Select(body) => match self.pull(pull, at)? {
                Some(item) => match self.with(pull.parameter, item, body)? {
                    Val::Int(item) => Ok(Some(item)),
                    other => unreachable!("{other:?} is no int"),
                },
                None => Ok(None),
            },
            Stage::Skip(_) => {
                while let State::Left(left @ 1..) = &mut pull.states[at] {
                    *left -= 1;
                    if self.pull(pull, at)?.is_none() {
                        return Ok(None);
                    }
                }
                self.pull(pull, at)
            }
            Stage::Take(_) => match &mut pull.states[at] {
                State::Left(left @ 1..) => {
                    *left -= 1;
                    self.pull(pull, at)
                }
                _ => Ok(None),
            },
            Stage::TakeWhile(body) => {
                if matches!(pull.states[at], State::Over(true)) {
                    return Ok(None);
                }
                match self.pull(pull, at)? {
                    Some(item) if self.holds(pull, item, body)? => Ok(Some(item)),
                    _ => {
                        pull.states[at] = State::Over(true);
                        Ok(None)
                    }
                }
            }
            Stage::SkipWhile(body) => {
                while let Some(item) = self.pull(pull, at)? {
                    if matches!(pull.states[at], State::Over(true))
                        || !self.holds(pull, item, body)?
                    {
                        pull.states[at] = State::Over(true);
                        return Ok(Some(item));
                    }
                }
                Ok(None)
            }
            Stage::Distinct => {
                while let Some(item) = self.pull(pull, at)? {
                    if let State::Seen(seen) = &mut pull.states[at]
                        && seen.insert(item)
                    {
                        return Ok(Some(item));
                    }
                }
                Ok(None)
            }
            Stage::OrderBy(_) | Stage::OrderByDescending(_) | Stage::Reverse => {
                if matches!(pull.states[at], State::Buffer(None)) {
                    let items = self.buffered(pull, at)?;
                    pull.states[at] = State::Buffer(Some(items));
                }
                match &mut pull.states[at] {
                    State::Buffer(Some(items)) => Ok(items.pop_front()),
                    _ => Ok(None),
                }
            }
        }
    }

    fn buffered(&mut self, pull: &mut Pull<'_>, at: usize) -> Eval<VecDeque<i32>> {
        let mut items = Vec::new();
        while let Some(item) = self.pull(pull, at)? {
            items.push(item);
        }
        let stages = pull.stages;
        let (body, up) = match &stages[at] {
            Stage::OrderBy(body) => (body, true),
            Stage::OrderByDescending(body) => (body, false),
            _ => {
                items.reverse();
                return Ok(items.into());
            }
        };
        let mut keyed = Vec::new();
        for item in items {
            match self.with(pull.parameter, item, body)? {
                Val::Int(key) => keyed.push((key, item)),
                other => unreachable!("{other:?} is no int"),
            }
        }
        // Equal keys keep their order both ways.
        if up {
            keyed.sort_by_key(|(key, _)| *key);
        } else {
            keyed.sort_by_key(|(key, _)| std::cmp::Reverse(*key));
        }
        Ok(keyed.into_iter().map(|(_, item)| item).collect())
    }
}
