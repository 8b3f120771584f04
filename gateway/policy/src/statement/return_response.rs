//! `return-response`: ends the pipeline with a response made here; an empty 200 by default.

use crate::document::Element;
use crate::program::instruction::{Code, Operation};
use crate::program::{Compiler, Section, indexed_names};

use super::{Kind, Policy, find};

pub(super) const POLICY: Policy = Policy {
    name: "return-response",
    sections: &Section::ALL,
    kind: Kind::Block(compile),
};

const CHILDREN: [&str; 3] = ["set-status", "set-header", "set-body"];

fn compile(element: &Element, compiler: &mut Compiler<'_>, code: &mut Code) -> bool {
    compiler.check_attributes(element, &["response-variable-name"]);
    // Variables that hold responses come with `send-request`.
    compiler.refuse_attributes(element, &["response-variable-name"]);
    compiler.check_no_text(element);
    compiler.take_needs();
    let begin = compiler.instruction(element, Operation::BeginResponse);
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
