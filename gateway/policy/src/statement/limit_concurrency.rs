//! `limit-concurrency`: admits so many requests at a time to its policies; one more is a 429.

use std::sync::Arc;

use crate::document::Element;
use crate::execution::{Acquire, Answer, Block, Effect, Flow, Outcome, Run};
use crate::program::instruction::{Code, Operation};
use crate::program::{Compiler, Section, block};

use super::setting::Setting;
use super::{Kind, Policy, Statement};

pub(super) const POLICY: Policy = Policy {
    name: "limit-concurrency",
    sections: &Section::ALL,
    kind: Kind::Block(compile),
};

const COUNT: &str = "a number from 1 to 1000000";

struct Enter {
    key: Setting<Arc<str>>,
    max: u32,
}

/// Gives the entrance back. Any other way out drops it with all that the request holds.
struct Leave;

fn compile(element: &Element, compiler: &mut Compiler<'_>, code: &mut Code) -> bool {
    compiler.check_attributes(element, &["key", "max-count"]);
    compiler.check_no_text(element);
    compiler.take_needs();
    let key = compiler
        .required(element, "key")
        .and_then(|attribute| compiler.text(attribute));
    let max = compiler
        .required(element, "max-count")
        .and_then(|attribute| compiler.literal_as(attribute, read_count, COUNT));
    if let (Some(key), Some(max)) = (key, max) {
        let enter = Operation::Statement(Box::new(Enter { key, max }));
        let enter = compiler.instruction(element, enter);
        code.push(enter);
    }
    let ends = block(compiler, &element.children, code);
    compiler.take_needs();
    let leave = compiler.instruction(element, Operation::Statement(Box::new(Leave)));
    code.push(leave);
    ends
}

fn read_count(text: &str) -> Option<u32> {
    text.parse()
        .ok()
        .filter(|count| (1..=1_000_000).contains(count))
}

impl Statement for Enter {
    fn execute(&self, run: &mut Run<'_>) -> Outcome<Flow> {
        let key = run.text(&self.key)?.into();
        let acquire = Effect::Acquire(Acquire { key, max: self.max });
        Ok(Flow::ask(acquire, |run, answer| match answer {
            Answer::Permit(permit) => {
                run.local.blocks.push(Block::Permit(permit));
                Ok(Flow::Next)
            }
            other => Err(other.into_failure()),
        }))
    }
}

impl Statement for Leave {
    fn execute(&self, run: &mut Run<'_>) -> Outcome<Flow> {
        run.local.blocks.pop();
        Ok(Flow::Next)
    }
}
