//! `choose`: the first `when` whose condition holds, else `otherwise`.

use crate::document::Element;
use crate::program::instruction::{Code, Operation};
use crate::program::{Compiler, Section, block, indexed_names};

use super::{Kind, Policy};

pub(super) const POLICY: Policy = Policy {
    name: "choose",
    sections: &Section::ALL,
    kind: Kind::Block(compile),
};

const CHILDREN: [&str; 2] = ["when", "otherwise"];

fn compile(element: &Element, compiler: &mut Compiler<'_>, code: &mut Code) -> bool {
    compiler.check_attributes(element, &[]);
    compiler.check_no_text(element);
    let children: Vec<&Element> = element.elements().collect();
    let names = indexed_names(&children);
    // Jumps from the end of each branch, to be directed behind the whole.
    let mut exits = Vec::new();
    let mut has_when = false;
    let mut has_otherwise = false;
    let mut all_end = true;
    let mut lets_certificates_pass = false;
    for (child, name) in children.into_iter().zip(names) {
        compiler.path.push(name);
        match child.name.as_str() {
            "when" => {
                if has_otherwise {
                    compiler.error(
                        "UnexpectedElement",
                        "'when' must stand before 'otherwise'.",
                        child.offset,
                    );
                }
                has_when = true;
                let (ends, judges_certificate) = when(child, compiler, code, &mut exits);
                all_end &= ends;
                lets_certificates_pass |= judges_certificate && !ends;
            }
            "otherwise" => {
                if has_otherwise {
                    compiler.error(
                        "UnexpectedElement",
                        "'otherwise' occurs twice.",
                        child.offset,
                    );
                }
                has_otherwise = true;
                compiler.check_attributes(child, &[]);
                compiler.check_no_text(child);
                all_end &= block(compiler, &child.children, code);
            }
            _ => compiler.unknown_child(element, child, &CHILDREN),
        }
        compiler.path.pop();
    }
    if !has_when {
        compiler.error(
            "MissingElement",
            "'choose' needs at least one 'when'.",
            element.offset,
        );
    }
    let end = code.len();
    for exit in exits {
        if let Some(instruction) = code.get_mut(exit) {
            instruction.operation = Operation::Jump(end);
        }
    }
    let judges = matches!(compiler.section, Section::Inbound | Section::Backend);
    if lets_certificates_pass && !has_otherwise && judges {
        compiler.facts.open_chooses.push(element.offset);
    }
    has_otherwise && all_end
}

/// Compiles one branch; whether it always ends the pipeline, and whether its condition reads the
/// client's certificate.
fn when(
    element: &Element,
    compiler: &mut Compiler<'_>,
    code: &mut Code,
    exits: &mut Vec<usize>,
) -> (bool, bool) {
    compiler.check_attributes(element, &["condition"]);
    compiler.check_no_text(element);
    compiler.take_needs();
    let condition = compiler
        .required(element, "condition")
        .and_then(|attribute| compiler.boolean(attribute));
    let judges_certificate = condition
        .as_ref()
        .is_some_and(super::setting::Setting::mentions_certificate);
    let test = code.len();
    if let Some(condition) = condition {
        let operation = Operation::When {
            condition,
            otherwise: 0,
        };
        let instruction = compiler.instruction(element, operation);
        code.push(instruction);
    }
    let ends = block(compiler, &element.children, code);
    compiler.take_needs();
    let exit = compiler.instruction(element, Operation::Jump(0));
    exits.push(code.len());
    code.push(exit);
    let next = code.len();
    if let Some(instruction) = code.get_mut(test)
        && let Operation::When { otherwise, .. } = &mut instruction.operation
    {
        *otherwise = next;
    }
    (ends, judges_certificate)
}
