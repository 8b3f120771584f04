//! Trees → programs for the matcher. A part is lowered for the direction it is matched in: lookbehind
//! and `RightToLeft` run from right to left, as in .NET.

use super::tree::{Anchor, Groups, Node, Test};

/// One instruction; targets are indexes into the program.
#[derive(Debug)]
pub(super) enum Op {
    One {
        test: Test,
        back: bool,
    },
    /// A repeated test of single units.
    Run {
        test: Test,
        min: u32,
        max: u32,
        lazy: bool,
        back: bool,
    },
    Anchor(Anchor),
    /// Tries the first target, then the second.
    Split(usize, usize),
    Jump(usize),
    /// Remembers the position for the `Capture` that follows.
    Mark,
    Capture {
        slot: Option<usize>,
        balance: Option<usize>,
    },
    /// Begins a counted loop.
    Loop,
    /// Decides whether the body, which is next, runs again.
    Again {
        min: u32,
        max: u32,
        lazy: bool,
        exit: usize,
    },
    /// Ends a loop from the branch of its `Again`.
    Leave(usize),
    /// One more round of a lazy loop, whose `Again` is the target.
    More(usize),
    Back {
        slot: usize,
        folded: bool,
        back: bool,
    },
    /// Runs what follows up to its `Accept` on its own, then goes on at `next`.
    Sub {
        kind: Sub,
        next: usize,
    },
    /// As an assertion; goes to the second target if it does not match.
    Condition {
        yes: usize,
        no: usize,
    },
    IfGroup {
        slot: usize,
        no: usize,
    },
    Accept,
    Fail,
}

/// What a [`Op::Sub`] does with its result.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Sub {
    Look,
    NotLook,
    Atomic,
}

/// Lowers a tree.
pub(super) fn lower(node: &Node, groups: &Groups, back: bool) -> Vec<Op> {
    let mut lowering = Lowering {
        ops: Vec::new(),
        groups,
    };
    lowering.node(node, back);
    lowering.ops.push(Op::Accept);
    lowering.ops
}

struct Lowering<'g> {
    ops: Vec<Op>,
    groups: &'g Groups,
}

impl Lowering<'_> {
    fn here(&self) -> usize {
        self.ops.len()
    }

    /// An instruction whose targets are set later.
    fn reserve(&mut self) -> usize {
        self.ops.push(Op::Fail);
        self.here() - 1
    }

    fn set(&mut self, at: usize, op: Op) {
        if let Some(slot) = self.ops.get_mut(at) {
            *slot = op;
        }
    }

    fn slot(&self, group: u32) -> usize {
        self.groups.slot(group).unwrap_or_default()
    }

    fn node(&mut self, node: &Node, back: bool) {
        match node {
            Node::Empty => {}
            Node::One(test) => self.ops.push(Op::One {
                test: test.clone(),
                back,
            }),
            Node::Anchor(anchor) => self.ops.push(Op::Anchor(*anchor)),
            Node::Sequence(nodes) if back => {
                for node in nodes.iter().rev() {
                    self.node(node, back);
                }
            }
            Node::Sequence(nodes) => {
                for node in nodes {
                    self.node(node, back);
                }
            }
            Node::Either(branches) => self.either(branches, back),
            Node::Repeat {
                node,
                min,
                max,
                lazy,
            } => self.repeat(node, (*min, *max), *lazy, back),
            Node::Capture {
                group,
                balance,
                node,
            } => {
                self.ops.push(Op::Mark);
                self.node(node, back);
                self.ops.push(Op::Capture {
                    slot: group.map(|group| self.slot(group)),
                    balance: balance.map(|group| self.slot(group)),
                });
            }
            Node::Look {
                behind,
                negative,
                node,
            } => self.sub(
                node,
                *behind,
                if *negative { Sub::NotLook } else { Sub::Look },
            ),
            Node::Atomic(node) => self.sub(node, back, Sub::Atomic),
            Node::Back { group, folded } => self.ops.push(Op::Back {
                slot: self.slot(*group),
                folded: *folded,
                back,
            }),
            Node::IfGroup { group, yes, no } => {
                let test = self.reserve();
                let no_at = self.two(yes, no, back);
                self.set(
                    test,
                    Op::IfGroup {
                        slot: self.slot(*group),
                        no: no_at,
                    },
                );
            }
            Node::IfMatch { condition, yes, no } => {
                let test = self.reserve();
                self.node(condition, back);
                self.ops.push(Op::Accept);
                let yes_at = self.here();
                let no_at = self.two(yes, no, back);
                self.set(
                    test,
                    Op::Condition {
                        yes: yes_at,
                        no: no_at,
                    },
                );
            }
        }
    }

    /// Two branches one after the other; where the second begins.
    fn two(&mut self, yes: &Node, no: &Node, back: bool) -> usize {
        self.node(yes, back);
        let jump = self.reserve();
        let no_at = self.here();
        self.node(no, back);
        let end = self.here();
        self.set(jump, Op::Jump(end));
        no_at
    }

    fn sub(&mut self, node: &Node, back: bool, kind: Sub) {
        let at = self.reserve();
        self.node(node, back);
        self.ops.push(Op::Accept);
        let next = self.here();
        self.set(at, Op::Sub { kind, next });
    }

    fn either(&mut self, branches: &[Node], back: bool) {
        let mut jumps = Vec::new();
        for (index, branch) in branches.iter().enumerate() {
            if index + 1 == branches.len() {
                self.node(branch, back);
                break;
            }
            let split = self.reserve();
            self.node(branch, back);
            jumps.push(self.reserve());
            let next = self.here();
            self.set(split, Op::Split(split + 1, next));
        }
        let end = self.here();
        for jump in jumps {
            self.set(jump, Op::Jump(end));
        }
    }

    fn repeat(&mut self, node: &Node, (min, max): (u32, u32), lazy: bool, back: bool) {
        match (node, min, max) {
            (_, _, 0) => {}
            (Node::One(test), ..) => self.ops.push(Op::Run {
                test: test.clone(),
                min,
                max,
                lazy,
                back,
            }),
            (_, 1, 1) => self.node(node, back),
            (_, 0, 1) => {
                let split = self.reserve();
                self.node(node, back);
                let end = self.here();
                let (body, end) = (split + 1, end);
                self.set(
                    split,
                    if lazy {
                        Op::Split(end, body)
                    } else {
                        Op::Split(body, end)
                    },
                );
            }
            _ => {
                // Loop; Again; body; Jump(Again); Leave or More; exit.
                self.ops.push(Op::Loop);
                let again = self.reserve();
                self.node(node, back);
                self.ops.push(Op::Jump(again));
                let exit = self.here();
                self.ops.push(if lazy {
                    Op::More(again)
                } else {
                    Op::Leave(exit + 1)
                });
                self.set(
                    again,
                    Op::Again {
                        min,
                        max,
                        lazy,
                        exit,
                    },
                );
            }
        }
    }
}
