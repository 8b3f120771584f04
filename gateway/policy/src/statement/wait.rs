//! `wait`: runs its children at the same time, until all or any of them have ended.
//!
//! Each child is a line of execution over the same context; where they wait for something, another
//! goes on. With `any`, what the others still wait for is cancelled. A failure of one, and an answer
//! given by one, ends them all.

use crate::document::Element;
use crate::execution::{Flow, Fork, Outcome, Run};
use crate::expression::Expected;
use crate::program::instruction::{Code, Operation};
use crate::program::{Compiler, Section, indexed_names};

use super::setting::Setting;
use super::{Kind, Policy, Statement, find};

pub(super) const POLICY: Policy = Policy {
    name: "wait",
    sections: &[Section::Inbound, Section::Outbound, Section::Backend],
    kind: Kind::Block(compile),
};

const CHILDREN: [&str; 3] = ["send-request", "cache-lookup-value", "choose"];
const FOR: &str = "'all' or 'any'";

#[derive(Clone, Copy, PartialEq, Eq)]
enum For {
    All,
    Any,
}

struct Begin {
    what: Setting<For>,
    starts: Vec<usize>,
    end: usize,
}

/// Ends one child.
struct End;

fn compile(element: &Element, compiler: &mut Compiler<'_>, code: &mut Code) -> bool {
    compiler.check_attributes(element, &["for"]);
    compiler.check_no_text(element);
    compiler.take_needs();
    let what = match element.attribute("for") {
        Some(attribute) => compiler.parsed(attribute, Expected::Text, read, FOR),
        None => Some(Setting::Literal(For::All)),
    };
    // Its place is kept; what is in it is known when the children have been compiled.
    let begin = code.len();
    let placeholder = compiler.instruction(element, Operation::Jump(begin + 1));
    code.push(placeholder);
    let mut starts = Vec::new();
    let children: Vec<&Element> = element.elements().collect();
    let names = indexed_names(&children);
    for (child, name) in children.into_iter().zip(names) {
        let Some(policy) = find(&child.name).filter(|policy| CHILDREN.contains(&policy.name))
        else {
            compiler.unknown_child(element, child, &CHILDREN);
            continue;
        };
        starts.push(code.len());
        compiler.path.push(name);
        match policy.kind {
            Kind::Block(compile) => {
                compile(child, compiler, code);
            }
            Kind::Statement(compile) => {
                compiler.take_needs();
                if let Some(statement) = compile(child, compiler) {
                    let one = compiler.instruction(child, Operation::Statement(statement));
                    code.push(one);
                }
            }
        }
        compiler.path.pop();
        compiler.take_needs();
        let end = compiler.instruction(element, Operation::Statement(Box::new(End)));
        code.push(end);
    }
    let end = code.len();
    if let (Some(what), Some(instruction)) = (what, code.get_mut(begin)) {
        instruction.operation = Operation::Statement(Box::new(Begin { what, starts, end }));
    }
    false
}

fn read(text: &str) -> Option<For> {
    match text {
        "all" => Some(For::All),
        "any" => Some(For::Any),
        _ => None,
    }
}

impl Statement for Begin {
    fn execute(&self, run: &mut Run<'_>) -> Outcome<Flow> {
        let what = run.parsed(&self.what, read, FOR)?;
        Ok(Flow::Fork(Box::new(Fork {
            starts: self.starts.clone(),
            any: what == For::Any,
            end: self.end,
        })))
    }
}

impl Statement for End {
    fn execute(&self, _: &mut Run<'_>) -> Outcome<Flow> {
        Ok(Flow::Join)
    }
}
