//! What a section compiles to: a flat list with jumps, so that running one needs no recursion.

use std::sync::Arc;

use crate::expression::Needs;
use crate::statement::Statement;
use crate::statement::setting::Setting;

/// The instructions of one section of one document.
pub(crate) type Code = Vec<Instruction>;

/// One step.
pub(crate) struct Instruction {
    pub(crate) operation: Operation,
    /// What its expressions read that may not be in memory yet.
    pub(crate) needs: Needs,
    pub(crate) place: Arc<Place>,
}

impl Instruction {
    /// Whether a response from the cache goes on behind it.
    pub(crate) fn stores_response(&self) -> bool {
        matches!(&self.operation, Operation::Statement(statement) if statement.stores_response())
    }

    /// Whether it is run for a preflight request.
    pub(crate) fn is_for_preflight(&self) -> bool {
        match &self.operation {
            Operation::Statement(statement) => statement.answers_preflight(),
            Operation::Base => true,
            _ => false,
        }
    }
}

pub(crate) enum Operation {
    /// A policy.
    Statement(Box<dyn Statement>),
    /// Goes on with the next instruction if the condition holds, else with `otherwise`.
    When {
        condition: Setting<bool>,
        otherwise: usize,
    },
    /// Goes on elsewhere in the same section.
    Jump(usize),
    /// Runs the same section of the enclosing scope.
    Base,
    /// Ends the pipeline with the response that was made.
    EndResponse,
}

/// Where an instruction stands, as `context.LastError` names it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Place {
    /// Element name of the policy.
    pub(crate) source: Arc<str>,
    /// Names from the section down to the policy, joined by `\`.
    pub(crate) path: Arc<str>,
    /// The policy's `id`, or empty.
    pub(crate) policy_id: Arc<str>,
}
