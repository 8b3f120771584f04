//! Lines of execution: the main one of a request, and one for each child of a `wait`.

use smallvec::SmallVec;

use super::effect::EffectId;
use super::run::{Local, Then};
use super::{Answer, Frame};

/// Tells the fibers of one execution apart.
pub(super) type FiberId = u32;

/// The main one.
pub(super) const MAIN: FiberId = 0;

/// One line of execution.
#[derive(Default)]
pub(super) struct Fiber {
    pub(super) id: FiberId,
    /// The one that waits for this one; of the main one itself.
    pub(super) parent: FiberId,
    pub(super) frames: SmallVec<[Frame; 4]>,
    pub(super) waits: Waits,
    /// Whether the instruction that it ran last is run again, because a body is there now.
    pub(super) again: bool,
    /// What goes on with the answer to an effect.
    pub(super) then: Option<Then>,
    /// That answer, until the fiber's turn comes.
    pub(super) answer: Option<Answer>,
    /// What it waits for if that is its children.
    pub(super) join: Option<Join>,
    pub(super) local: Local,
}

/// Why a fiber does not go on.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(super) enum Waits {
    /// It does.
    #[default]
    Nothing,
    /// For the answer to an effect, its own or one that another fiber asked for.
    Effect(EffectId),
    /// For its children.
    Children,
}

/// A fiber's wait for its children.
#[derive(Debug, Clone, Copy)]
pub(super) struct Join {
    /// Whether the first one is enough.
    pub(super) any: bool,
    /// How many have not ended.
    pub(super) left: usize,
    /// Where the fiber goes on.
    pub(super) end: usize,
}

/// Children that a fiber wants to run at the same time, then go on behind them.
#[derive(Debug)]
pub(crate) struct Fork {
    /// Where each begins in the same code.
    pub(crate) starts: Vec<usize>,
    /// Whether the first one that ends stops the others.
    pub(crate) any: bool,
    /// Where the parent goes on.
    pub(crate) end: usize,
}

impl Fiber {
    pub(super) fn goes_on(&mut self) {
        if let Some(frame) = self.frames.last_mut() {
            frame.next += 1;
        }
    }

    pub(super) fn step_back(&mut self) {
        if let Some(frame) = self.frames.last_mut() {
            frame.next = frame.next.saturating_sub(1);
        }
    }

    pub(super) fn jump(&mut self, target: usize) {
        if let Some(frame) = self.frames.last_mut() {
            frame.next = target;
        }
    }
}
