//! How much an evaluation may use.

use super::exception::Exception;
use super::value::Value;

/// What ran out.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum BudgetKind {
    /// [`BudgetLimits::instructions`].
    Instructions,
    /// [`BudgetLimits::allocated_bytes`], or the fixed size of something that is written.
    Allocation,
    /// [`BudgetLimits::depth`], or the fixed number of levels that something may be nested in.
    Depth,
    /// [`BudgetLimits::regex_steps`].
    Regex,
    /// What the policies of one request may ask for:
    /// [`Execution::with_effects`](crate::execution::Execution::with_effects).
    Effects,
}

/// Limits of one evaluation. The defaults allow what real documents do a hundred times over and stop
/// a runaway expression after some tens of milliseconds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct BudgetLimits {
    /// Evaluated nodes and elements touched by library calls. Default 2,000,000.
    pub instructions: u64,
    /// Bytes allocated for strings, arrays and collections, whether freed since or not. Default
    /// 64 MiB.
    pub allocated_bytes: u64,
    /// Height of the evaluation tree across nested calls of lambdas and local functions. Default 600,
    /// chosen so that an unoptimised build stays within half of a 2 MiB thread stack.
    pub depth: u32,
    /// Steps of all searches with regular expressions. Default 2,000,000: a pattern without
    /// backtracking takes one to three steps for each character.
    pub regex_steps: u64,
}

impl BudgetLimits {
    /// The highest [`BudgetLimits::depth`] that the stack of a thread carries.
    pub const MAX_DEPTH: u32 = 600;
}

impl Default for BudgetLimits {
    fn default() -> Self {
        Self {
            instructions: 2_000_000,
            allocated_bytes: 64 << 20,
            depth: Self::MAX_DEPTH,
            regex_steps: 2_000_000,
        }
    }
}

/// What is left of the limits. One budget may serve all expressions of a request.
#[derive(Debug, Clone)]
pub struct Budget {
    limits: BudgetLimits,
    instructions: u64,
    allocated_bytes: u64,
    depth: u32,
    regex_steps: u64,
}

impl Default for Budget {
    fn default() -> Self {
        Self::new(BudgetLimits::default())
    }
}

impl Budget {
    /// A full budget.
    #[must_use]
    pub fn new(limits: BudgetLimits) -> Self {
        Self {
            limits,
            instructions: limits.instructions,
            allocated_bytes: limits.allocated_bytes,
            depth: limits.depth,
            regex_steps: limits.regex_steps,
        }
    }

    /// The limits it began with.
    #[must_use]
    pub fn limits(&self) -> BudgetLimits {
        self.limits
    }

    /// Pays for `count` instructions.
    pub(crate) fn charge(&mut self, count: u64) -> Result<(), Exception> {
        match self.instructions.checked_sub(count) {
            Some(left) => {
                self.instructions = left;
                Ok(())
            }
            None => {
                self.instructions = 0;
                Err(Exception::budget(
                    BudgetKind::Instructions,
                    format!(
                        "The expression exceeded its instruction budget of {}.",
                        self.limits.instructions
                    ),
                ))
            }
        }
    }

    /// Pays for `count` steps of a search with a regular expression.
    pub(crate) fn charge_regex(&mut self, count: u64) -> Result<(), Exception> {
        match self.regex_steps.checked_sub(count) {
            Some(left) => {
                self.regex_steps = left;
                Ok(())
            }
            None => {
                self.regex_steps = 0;
                Err(Exception::budget(
                    BudgetKind::Regex,
                    format!(
                        "The expression exceeded its regular expression budget of {} steps.",
                        self.limits.regex_steps
                    ),
                ))
            }
        }
    }

    /// Pays for `bytes` of memory, before it is allocated, and for the work of filling it.
    pub(crate) fn allocate(&mut self, bytes: usize) -> Result<(), Exception> {
        let bytes = u64::try_from(bytes).unwrap_or(u64::MAX);
        match self.allocated_bytes.checked_sub(bytes) {
            Some(left) => {
                self.allocated_bytes = left;
                self.charge(bytes / 64)
            }
            None => {
                self.allocated_bytes = 0;
                Err(Exception::budget(
                    BudgetKind::Allocation,
                    format!(
                        "The expression exceeded its allocation budget of {} bytes.",
                        self.limits.allocated_bytes
                    ),
                ))
            }
        }
    }

    /// Pays for a library function that may read all of `value`: its length, where that is long.
    pub(crate) fn charge_reading(&mut self, value: &Value) -> Result<(), Exception> {
        let length = match value {
            Value::Text(text) => text.len(),
            Value::Object(object) => object.byte_length(),
            _ => return Ok(()),
        };
        if length < 64 {
            return Ok(());
        }
        self.charge(length as u64 / 64)
    }

    /// Enters a function whose tree is `height` high; [`Budget::leave`] with the same height.
    pub(crate) fn enter(&mut self, height: u32) -> Result<(), Exception> {
        match self.depth.checked_sub(height) {
            Some(left) => {
                self.depth = left;
                Ok(())
            }
            None => Err(Exception::budget(
                BudgetKind::Depth,
                format!(
                    "The expression exceeded its recursion budget of {}.",
                    self.limits.depth
                ),
            )),
        }
    }

    /// Leaves what [`Budget::enter`] entered.
    pub(crate) fn leave(&mut self, height: u32) {
        self.depth = self.depth.saturating_add(height).min(self.limits.depth);
    }
}
