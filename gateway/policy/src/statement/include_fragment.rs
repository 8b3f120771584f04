//! `include-fragment`: the policies of a policy fragment, in its place.

use crate::document::Element;
use crate::program::instruction::Code;
use crate::program::{Compiler, Section};

use super::{Kind, Policy};

pub(super) const POLICY: Policy = Policy {
    name: "include-fragment",
    sections: &Section::ALL,
    kind: Kind::Block(compile),
};

fn compile(element: &Element, compiler: &mut Compiler<'_>, code: &mut Code) -> bool {
    compiler.check_attributes(element, &["fragment-id"]);
    compiler.check_empty(element);
    match compiler.fragment_name(element) {
        Some(name) => compiler.include(element, &name, code),
        None => false,
    }
}
