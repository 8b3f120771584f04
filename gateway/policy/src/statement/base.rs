//! `base`: the enclosing scope's policies of the same section.

use crate::document::Element;
use crate::program::instruction::{Code, Operation};
use crate::program::{Compiler, Section};

use super::{Kind, Policy};

pub(super) const POLICY: Policy = Policy {
    name: "base",
    sections: &Section::ALL,
    kind: Kind::Block(compile),
};

fn compile(element: &Element, compiler: &mut Compiler<'_>, code: &mut Code) -> bool {
    compiler.check_attributes(element, &[]);
    compiler.check_empty(element);
    if compiler.path.len() > 1 || compiler.any_section {
        compiler.error(
            "BaseNotAllowed",
            "'base' stands directly in a section, not inside another policy or a fragment.",
            element.offset,
        );
        return false;
    }
    compiler.take_needs();
    let base = compiler.instruction(element, Operation::Base);
    code.push(base);
    false
}
