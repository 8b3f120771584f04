//! Starting, choosing and stopping fibers.

use super::effect::EffectId;
use super::fiber::{Fiber, FiberId, Fork, Join, MAIN, Waits};
use super::{Answer, Execution, Frame, Outcome};

impl Execution {
    /// Makes another fiber the current one that can go on, the oldest first; `false` if none can.
    pub(super) fn switch(&mut self) -> bool {
        let next = self
            .others
            .iter_mut()
            .filter(|fiber| fiber.waits == Waits::Nothing)
            .min_by_key(|fiber| fiber.id);
        match next {
            Some(fiber) => {
                std::mem::swap(&mut self.fiber, fiber);
                true
            }
            None => false,
        }
    }

    /// Makes a fiber the current one.
    pub(super) fn make_current(&mut self, id: FiberId) {
        if let Some(fiber) = self.others.iter_mut().find(|fiber| fiber.id == id) {
            std::mem::swap(&mut self.fiber, fiber);
        }
    }

    /// Lets all fibers go on that wait for an effect; the oldest of them.
    pub(super) fn wake(&mut self, id: EffectId) -> Option<FiberId> {
        let mut oldest = None;
        for fiber in self.others.iter_mut().chain([&mut self.fiber]) {
            if fiber.waits == Waits::Effect(id) {
                fiber.waits = Waits::Nothing;
                oldest = Some(oldest.map_or(fiber.id, |known: FiberId| known.min(fiber.id)));
            }
        }
        oldest
    }

    /// Hands an answer to the fiber that waits for it.
    pub(super) fn deliver(&mut self, id: EffectId, answer: Answer) {
        let fiber = self
            .others
            .iter_mut()
            .chain([&mut self.fiber])
            .find(|fiber| fiber.waits == Waits::Effect(id));
        if let Some(fiber) = fiber {
            fiber.waits = Waits::Nothing;
            fiber.answer = Some(answer);
        }
    }

    /// Begins the children of the current fiber, which waits for them.
    pub(super) fn fork(&mut self, fork: &Fork) -> Outcome<()> {
        if fork.starts.is_empty() {
            self.fiber.jump(fork.end);
            return Ok(());
        }
        let scope = self.fiber.frames.last().map_or(0, |frame| frame.scope);
        for start in &fork.starts {
            self.state.spend_effect()?;
            let mut child = Fiber {
                id: self.next_fiber,
                parent: self.fiber.id,
                ..Fiber::default()
            };
            child.frames.push(Frame {
                scope,
                next: *start,
            });
            self.next_fiber = self.next_fiber.wrapping_add(1);
            self.others.push(child);
        }
        self.fiber.waits = Waits::Children;
        self.fiber.join = Some(Join {
            any: fork.any,
            left: fork.starts.len(),
            end: fork.end,
        });
        Ok(())
    }

    /// The current fiber, a child, has ended: its parent becomes the current one.
    pub(super) fn join(&mut self) {
        let parent = self.fiber.parent;
        let Some(at) = self.others.iter().position(|fiber| fiber.id == parent) else {
            return;
        };
        self.fiber = self.others.swap_remove(at);
        let Some(join) = &mut self.fiber.join else {
            return;
        };
        join.left = join.left.saturating_sub(1);
        let Join { any, left, end } = *join;
        if any || left == 0 {
            self.fiber.join = None;
            self.fiber.waits = Waits::Nothing;
            self.fiber.jump(end);
            self.stop_children(parent);
        }
    }

    /// Stops the children of a fiber, and theirs.
    fn stop_children(&mut self, parent: FiberId) {
        let mut stopped = vec![parent];
        while let Some(parent) = stopped.pop() {
            while let Some(at) = self.others.iter().position(|fiber| fiber.parent == parent) {
                let child = self.others.swap_remove(at);
                stopped.push(child.id);
                self.forget(&child);
            }
        }
    }

    /// Nobody waits any more for what a fiber waited for, unless another one waits for the same.
    fn forget(&mut self, fiber: &Fiber) {
        let Waits::Effect(id) = fiber.waits else {
            return;
        };
        let shared = self
            .others
            .iter()
            .chain([&self.fiber])
            .any(|other| other.waits == fiber.waits);
        if shared {
            return;
        }
        if let Some(at) = self.pending.iter().position(|(known, _)| *known == id) {
            self.pending.swap_remove(at);
            self.cancelled.push(id);
        }
    }

    /// Stops everything: only the main fiber is left, with nothing to do. Blocks are left, and what
    /// they held is given back.
    pub(super) fn stop_fibers(&mut self) {
        self.others.clear();
        self.cancelled
            .extend(self.pending.drain(..).map(|(id, _)| id));
        self.fiber = Fiber {
            id: MAIN,
            parent: MAIN,
            ..Fiber::default()
        };
    }
}
