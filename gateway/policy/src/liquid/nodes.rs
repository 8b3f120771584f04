//! What a template is made of.

use std::sync::Arc;

use super::compare::Operator;
use super::filters::Filter;
use super::operand::Operand;

/// A part of a template.
#[derive(Debug)]
pub(super) enum Node {
    Text(Box<str>),
    Output(Chain),
    Assign(Arc<str>, Chain),
    Capture(Arc<str>, Vec<Self>),
    /// `if` and `unless`: the first branch whose condition holds. `negated`: the first is reversed.
    If {
        branches: Vec<Branch>,
        negated: bool,
    },
    Case {
        subject: Operand,
        branches: Vec<When>,
    },
    For(Box<For>),
    Cycle {
        key: Operand,
        values: Vec<Operand>,
    },
    /// `increment` and `decrement`.
    Count {
        name: Arc<str>,
        up: bool,
    },
    /// Its content, if it is another one than the last time.
    IfChanged(Vec<Self>),
    Break,
    Continue,
}

/// A value and what is done to it.
#[derive(Debug)]
pub(super) struct Chain {
    /// `None`: `{{ }}`, which is nothing.
    pub(super) source: Option<Operand>,
    pub(super) filters: Vec<Call>,
}

/// A filter with its arguments.
#[derive(Debug)]
pub(super) struct Call {
    pub(super) filter: &'static Filter,
    pub(super) arguments: Vec<Operand>,
}

/// A branch of `if`; without a condition it is the `else`.
#[derive(Debug)]
pub(super) struct Branch {
    pub(super) condition: Option<Condition>,
    pub(super) nodes: Vec<Node>,
}

/// Comparisons and how each is joined to the next. They group from the right: `a and b or c` is
/// `a and (b or c)`.
#[derive(Debug)]
pub(super) struct Condition(pub(super) Vec<(Comparison, Option<Join>)>);

/// How a comparison goes on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Join {
    And,
    Or,
}

/// One comparison, or the truth of a value.
#[derive(Debug)]
pub(super) struct Comparison {
    pub(super) left: Operand,
    pub(super) test: Option<(Operator, Operand)>,
}

/// A branch of `case`; without values it is the `else`.
#[derive(Debug)]
pub(super) struct When {
    pub(super) values: Option<Vec<Operand>>,
    pub(super) nodes: Vec<Node>,
}

/// `for` and `JSONArrayFor`.
#[derive(Debug)]
pub(super) struct For {
    pub(super) variable: Arc<str>,
    pub(super) collection: Operand,
    /// `variable-collection`, by which `offset:continue` finds it.
    pub(super) name: Arc<str>,
    pub(super) reversed: bool,
    pub(super) limit: Option<Operand>,
    pub(super) offset: Option<Offset>,
    /// Whether a comma stands between what the rounds write.
    pub(super) commas: bool,
    pub(super) nodes: Vec<Node>,
    pub(super) otherwise: Option<Vec<Node>>,
}

/// Where a loop begins.
#[derive(Debug)]
pub(super) enum Offset {
    /// Where the last loop of this name ended.
    Continue,
    At(Operand),
}
