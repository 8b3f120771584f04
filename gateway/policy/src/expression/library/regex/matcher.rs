//! The backtracking matcher: every step is paid for, and nothing recurses but assertions, as deep as
//! the pattern nests them.

use super::captures::Captures;
use super::program::{Op, Sub};
use super::sets::{is_boundary_word, is_ecma_word, lower_unit};
use super::tree::{Anchor, Test};
use crate::expression::budget::Budget;
use crate::expression::exception::{Exception, names};
use crate::host::UnixNanos;

/// Steps between looks at the clock.
const CLOCK_STEPS: u32 = 1024;

/// What failing goes back to, and how changes are undone on the way there.
#[derive(Debug)]
enum Undo {
    /// Another way, at this instruction and position.
    Branch(usize, usize),
    /// A greedy run that can give `left` units back; goes on at the instruction.
    Greedy {
        pc: usize,
        pos: usize,
        left: usize,
        back: bool,
    },
    /// A lazy run, the instruction itself, that can take `left` units more.
    Lazy {
        pc: usize,
        pos: usize,
        left: u32,
    },
    Unmark,
    Mark(usize),
    Release(usize),
    Capture(usize, (usize, usize)),
    EndLoop,
    BeginLoop(Round),
    SetLoop(Round),
}

/// Rounds of a loop so far, and where the last one began.
#[derive(Debug, Clone, Copy)]
struct Round {
    count: u32,
    from: Option<usize>,
}

/// When a match has to end because the document says so.
pub(super) struct Deadline<'h> {
    pub(super) now: &'h dyn Fn() -> UnixNanos,
    pub(super) at: UnixNanos,
}

/// A match being looked for.
pub(super) struct Matcher<'m> {
    pub(super) ops: &'m [Op],
    pub(super) text: &'m [u16],
    /// Where the search began: `\G`.
    pub(super) start: usize,
    pub(super) captures: Captures,
    pub(super) budget: &'m mut Budget,
    pub(super) deadline: Option<Deadline<'m>>,
    marks: Vec<usize>,
    loops: Vec<Round>,
    undo: Vec<Undo>,
    until_clock: u32,
}

type Found = Result<Option<usize>, Exception>;

impl<'m> Matcher<'m> {
    pub(super) fn new(
        ops: &'m [Op],
        text: &'m [u16],
        start: usize,
        slots: usize,
        budget: &'m mut Budget,
        deadline: Option<Deadline<'m>>,
    ) -> Self {
        Self {
            ops,
            text,
            start,
            captures: Captures::new(slots),
            budget,
            deadline,
            marks: Vec::new(),
            loops: Vec::new(),
            undo: Vec::new(),
            until_clock: CLOCK_STEPS,
        }
    }

    /// Tries to match at one position; the end of the match.
    pub(super) fn attempt(&mut self, pos: usize) -> Found {
        self.captures.clear();
        self.marks.clear();
        self.loops.clear();
        self.undo.clear();
        self.run(0, pos)
    }

    /// Pays for one step, and looks at the clock now and then.
    pub(super) fn step(&mut self) -> Result<(), Exception> {
        self.budget.charge_regex(1)?;
        self.until_clock -= 1;
        if self.until_clock > 0 {
            return Ok(());
        }
        self.until_clock = CLOCK_STEPS;
        match &self.deadline {
            Some(deadline) if (deadline.now)() >= deadline.at => Err(Exception::new(
                names::MATCH_TIMEOUT,
                "The Regex engine has timed out while trying to match a pattern to an input string. \
                 This can occur for many reasons, including very large inputs or excessive \
                 backtracking caused by nested quantifiers, back-references and other factors.",
            )),
            _ => Ok(()),
        }
    }

    fn push(&mut self, undo: Undo) -> Result<(), Exception> {
        if self.undo.len() == self.undo.capacity() {
            let grown = self.undo.capacity().max(16);
            self.budget
                .allocate(grown.saturating_mul(size_of::<Undo>()))?;
            self.undo.reserve_exact(grown);
        }
        self.undo.push(undo);
        Ok(())
    }

    /// Runs from an instruction to an `Accept`. Without a match everything is as before.
    fn run(&mut self, pc: usize, pos: usize) -> Found {
        let base = self.undo.len();
        let (mut pc, mut pos) = (pc, pos);
        let ops = self.ops;
        loop {
            self.step()?;
            let next = match ops.get(pc) {
                None | Some(Op::Accept) => return Ok(Some(pos)),
                Some(op) => self.execute(op, pc, pos)?,
            };
            match next {
                Some(next) => (pc, pos) = next,
                None => match self.back_up(base)? {
                    Some(next) => (pc, pos) = next,
                    None => return Ok(None),
                },
            }
        }
    }

    /// One instruction: where to go on, or `None` for failure.
    fn execute(
        &mut self,
        op: &Op,
        pc: usize,
        pos: usize,
    ) -> Result<Option<(usize, usize)>, Exception> {
        Ok(match op {
            Op::One { test, back } => self.one(test, pos, *back).map(|pos| (pc + 1, pos)),
            Op::Run {
                test,
                min,
                max,
                lazy,
                back,
            } => return self.repeated(test, (*min, *max), (*lazy, *back), (pc, pos)),
            Op::Anchor(anchor) => self.holds(*anchor, pos).then_some((pc + 1, pos)),
            Op::Split(first, second) => {
                self.push(Undo::Branch(*second, pos))?;
                Some((*first, pos))
            }
            Op::Jump(target) => Some((*target, pos)),
            Op::Mark => {
                self.marks.push(pos);
                self.push(Undo::Unmark)?;
                Some((pc + 1, pos))
            }
            Op::Capture { slot, balance } => {
                let Some(from) = self.marks.pop() else {
                    return Ok(None);
                };
                self.push(Undo::Mark(from))?;
                self.capture(*slot, *balance, (from.min(pos), from.max(pos)))?
                    .then_some((pc + 1, pos))
            }
            Op::Loop => {
                self.loops.push(Round {
                    count: 0,
                    from: None,
                });
                self.push(Undo::EndLoop)?;
                Some((pc + 1, pos))
            }
            Op::Again {
                min,
                max,
                lazy,
                exit,
            } => return self.again((*min, *max), *lazy, *exit, (pc, pos)),
            Op::Leave(exit) => {
                self.end_loop()?;
                Some((*exit, pos))
            }
            Op::More(again) => {
                self.begin_round(pos)?;
                Some((again + 1, pos))
            }
            Op::Back { slot, folded, back } => self
                .repeats_group(*slot, *folded, *back, pos)?
                .map(|pos| (pc + 1, pos)),
            Op::Sub { kind, next } => self.sub(*kind, pc + 1, pos)?.map(|pos| (*next, pos)),
            Op::Condition { yes, no } => {
                let matched = self.sub(Sub::Look, pc + 1, pos)?.is_some();
                Some((if matched { *yes } else { *no }, pos))
            }
            Op::IfGroup { slot, no } => {
                let target = if self.captures.last(*slot).is_some() {
                    pc + 1
                } else {
                    *no
                };
                Some((target, pos))
            }
            Op::Accept | Op::Fail => None,
        })
    }

    /// The position behind a unit that passes the test.
    fn one(&self, test: &Test, pos: usize, back: bool) -> Option<usize> {
        let at = if back { pos.checked_sub(1)? } else { pos };
        let unit = *self.text.get(at)?;
        passes(test, unit).then_some(if back { at } else { at + 1 })
    }

    fn repeated(
        &mut self,
        test: &Test,
        (min, max): (u32, u32),
        (lazy, back): (bool, bool),
        (pc, pos): (usize, usize),
    ) -> Result<Option<(usize, usize)>, Exception> {
        let wanted = if lazy { min } else { max };
        let mut count: u32 = 0;
        let mut at = pos;
        while count < wanted
            && let Some(next) = self.one(test, at, back)
        {
            at = next;
            count += 1;
            if count.is_multiple_of(8) {
                self.step()?;
            }
        }
        if count < min {
            return Ok(None);
        }
        if lazy && max > min {
            self.push(Undo::Lazy {
                pc,
                pos: at,
                left: max - min,
            })?;
        } else if count > min {
            self.push(Undo::Greedy {
                pc: pc + 1,
                pos: at,
                left: usize::try_from(count - min).unwrap_or_default(),
                back,
            })?;
        }
        Ok(Some((pc + 1, at)))
    }

    /// The head of a loop: another round, or the end. A round that matched nothing is the last.
    fn again(
        &mut self,
        (min, max): (u32, u32),
        lazy: bool,
        exit: usize,
        (pc, pos): (usize, usize),
    ) -> Result<Option<(usize, usize)>, Exception> {
        let Some(round) = self.loops.last().copied() else {
            return Ok(None);
        };
        if round.count < min {
            self.begin_round(pos)?;
            return Ok(Some((pc + 1, pos)));
        }
        let empty = round.count > 0 && round.from == Some(pos);
        if round.count >= max || empty {
            self.end_loop()?;
            return Ok(Some((exit + 1, pos)));
        }
        self.push(Undo::Branch(exit, pos))?;
        if lazy {
            self.end_loop()?;
            return Ok(Some((exit + 1, pos)));
        }
        self.begin_round(pos)?;
        Ok(Some((pc + 1, pos)))
    }

    fn begin_round(&mut self, pos: usize) -> Result<(), Exception> {
        if let Some(round) = self.loops.last_mut() {
            let old = *round;
            *round = Round {
                count: old.count.saturating_add(1),
                from: Some(pos),
            };
            self.push(Undo::SetLoop(old))?;
        }
        Ok(())
    }

    fn end_loop(&mut self) -> Result<(), Exception> {
        match self.loops.pop() {
            Some(round) => self.push(Undo::BeginLoop(round)),
            None => Ok(()),
        }
    }

    /// Captures, or takes a capture of another group away for what lies between (`(?<a-b>…)`).
    fn capture(
        &mut self,
        slot: Option<usize>,
        balance: Option<usize>,
        (mut start, mut end): (usize, usize),
    ) -> Result<bool, Exception> {
        if let Some(balance) = balance {
            let Some((other_start, other_end)) = self.captures.pop(balance) else {
                return Ok(false);
            };
            self.push(Undo::Capture(balance, (other_start, other_end)))?;
            if start >= other_end {
                (start, end) = (other_end, start);
            } else if end <= other_start {
                start = other_start;
            } else {
                end = end.min(other_end);
                start = start.max(other_start);
            }
        }
        if let Some(slot) = slot {
            self.budget.allocate(size_of::<(usize, usize)>())?;
            self.captures.push(slot, (start, end.max(start)));
            self.push(Undo::Release(slot))?;
        }
        Ok(true)
    }

    fn repeats_group(
        &mut self,
        slot: usize,
        folded: bool,
        back: bool,
        pos: usize,
    ) -> Result<Option<usize>, Exception> {
        let Some((start, end)) = self.captures.last(slot) else {
            return Ok(None);
        };
        let length = end - start;
        self.budget.charge_regex(length as u64 / 8)?;
        let from = if back {
            match pos.checked_sub(length) {
                Some(from) => from,
                None => return Ok(None),
            }
        } else {
            pos
        };
        let (Some(wanted), Some(found)) = (
            self.text.get(start..end),
            self.text.get(from..from + length),
        ) else {
            return Ok(None);
        };
        let same = if folded {
            wanted
                .iter()
                .zip(found)
                .all(|(a, b)| lower_unit(*a) == lower_unit(*b))
        } else {
            wanted == found
        };
        Ok(same.then_some(if back { from } else { pos + length }))
    }

    /// A part that is matched once, without ways back into it.
    fn sub(&mut self, kind: Sub, pc: usize, pos: usize) -> Found {
        let base = self.undo.len();
        let end = self.run(pc, pos)?;
        Ok(match (kind, end) {
            (Sub::NotLook, Some(_)) => {
                while self.undo.len() > base {
                    self.step()?;
                    self.revert();
                }
                None
            }
            (Sub::NotLook, None) => Some(pos),
            (_, None) => None,
            (kind, Some(end)) => {
                let kept = self.undo.len().saturating_sub(base);
                self.budget.charge_regex(kept as u64 / 8)?;
                let mut index = 0;
                self.undo.retain(|undo| {
                    index += 1;
                    index <= base
                        || !matches!(
                            undo,
                            Undo::Branch(..) | Undo::Greedy { .. } | Undo::Lazy { .. }
                        )
                });
                Some(if kind == Sub::Atomic { end } else { pos })
            }
        })
    }

    /// Undoes the last change; where to go on, if it was a branch.
    fn revert(&mut self) -> Option<(usize, usize)> {
        match self.undo.pop()? {
            Undo::Branch(pc, pos) => return Some((pc, pos)),
            Undo::Greedy {
                pc,
                pos,
                left,
                back,
            } => {
                let pos = if back { pos + 1 } else { pos.saturating_sub(1) };
                if left > 1 {
                    // In the place of the entry just taken.
                    self.undo.push(Undo::Greedy {
                        pc,
                        pos,
                        left: left - 1,
                        back,
                    });
                }
                return Some((pc, pos));
            }
            Undo::Lazy { pc, pos, left } => {
                let Some(Op::Run { test, back, .. }) = self.ops.get(pc) else {
                    return None;
                };
                let pos = self.one(test, pos, *back)?;
                if left > 1 {
                    let left = if left == u32::MAX { left } else { left - 1 };
                    self.undo.push(Undo::Lazy { pc, pos, left });
                }
                return Some((pc + 1, pos));
            }
            Undo::Unmark => {
                self.marks.pop();
            }
            Undo::Mark(pos) => self.marks.push(pos),
            Undo::Release(slot) => {
                self.captures.pop(slot);
            }
            Undo::Capture(slot, span) => self.captures.push(slot, span),
            Undo::EndLoop => {
                self.loops.pop();
            }
            Undo::BeginLoop(round) => self.loops.push(round),
            Undo::SetLoop(round) => {
                if let Some(top) = self.loops.last_mut() {
                    *top = round;
                }
            }
        }
        None
    }

    fn back_up(&mut self, base: usize) -> Result<Option<(usize, usize)>, Exception> {
        while self.undo.len() > base {
            self.step()?;
            if let Some(next) = self.revert() {
                return Ok(Some(next));
            }
        }
        Ok(None)
    }

    fn holds(&self, anchor: Anchor, pos: usize) -> bool {
        let before = pos.checked_sub(1).and_then(|at| self.text.get(at)).copied();
        let after = self.text.get(pos).copied();
        const NEWLINE: Option<u16> = Some(0x0a);
        match anchor {
            Anchor::LineStart => pos == 0 || before == NEWLINE,
            Anchor::LineEnd => after.is_none() || after == NEWLINE,
            Anchor::Beginning => pos == 0,
            Anchor::Start => pos == self.start,
            Anchor::EndOrLastNewline => {
                after.is_none() || (after == NEWLINE && pos + 1 == self.text.len())
            }
            Anchor::End => after.is_none(),
            Anchor::Boundary { ecma, negated } => {
                let is_word = if ecma { is_ecma_word } else { is_boundary_word };
                let boundary = before.is_some_and(is_word) != after.is_some_and(is_word);
                boundary != negated
            }
        }
    }
}

pub(super) fn passes(test: &Test, unit: u16) -> bool {
    match test {
        Test::Unit(wanted) => *wanted == unit,
        Test::Folded(wanted) => *wanted == unit || *wanted == lower_unit(unit),
        Test::Set(set) => set.contains(unit),
    }
}
