//! `return-response`: ends the pipeline with a response made here, which begins as an empty 200 or as
//! the response that a variable holds.

use std::sync::Arc;

use crate::document::Element;
use crate::execution::{Failure, Flow, Outcome, Run, empty_response};
use crate::program::instruction::{Code, Operation};
use crate::program::{Compiler, Section, indexed_names};

use super::{Kind, Policy, Statement, find};

pub(super) const POLICY: Policy = Policy {
    name: "return-response",
    sections: &Section::ALL,
    kind: Kind::Block(compile),
};

const CHILDREN: [&str; 3] = ["set-status", "set-header", "set-body"];

fn compile(element: &Element, compiler: &mut Compiler<'_>, code: &mut Code) -> bool {
    compiler.check_attributes(element, &["response-variable-name"]);
    compiler.check_no_text(element);
    let variable = element
        .attribute("response-variable-name")
        .and_then(|attribute| compiler.literal(attribute));
    compiler.take_needs();
    let begin = Operation::Statement(Box::new(Begin { variable }));
    let begin = compiler.instruction(element, begin);
    code.push(begin);
    let children: Vec<&Element> = element.elements().collect();
    let names = indexed_names(&children);
    for (child, name) in children.into_iter().zip(names) {
        let policy = find(&child.name).filter(|policy| CHILDREN.contains(&policy.name));
        let Some(Policy {
            kind: Kind::Statement(compile),
            ..
        }) = policy
        else {
            compiler.unknown_child(element, child, &CHILDREN);
            continue;
        };
        compiler.path.push(name);
        compiler.take_needs();
        if let Some(statement) = compile(child, compiler) {
            let instruction = compiler.instruction(child, Operation::Statement(statement));
            code.push(instruction);
        }
        compiler.path.pop();
    }
    compiler.take_needs();
    let end = compiler.instruction(element, Operation::EndResponse);
    code.push(end);
    true
}

/// Directs the policies that follow at a new response.
struct Begin {
    variable: Option<Arc<str>>,
}

impl Statement for Begin {
    fn execute(&self, run: &mut Run<'_>) -> Outcome<Flow> {
        let response = match &self.variable {
            None => empty_response(),
            Some(name) => run
                .context
                .variables
                .get(name)
                .and_then(|value| run.context.response_of(value))
                .map(crate::context::Response::copied)
                .ok_or_else(|| {
                    Box::new(Failure::internal(
                        "InvalidResponseVariable",
                        format!("The variable '{name}' holds no response."),
                    ))
                })?,
        };
        run.local.response = Some(response);
        Ok(Flow::Next)
    }
}
