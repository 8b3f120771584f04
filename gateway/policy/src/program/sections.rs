//! A document's sections, and the policies in them.

use std::collections::HashMap;
use std::sync::Arc;

use crate::document::{Element, MAX_DEPTH, Node};
use crate::problem::nearest;
use crate::statement::{self, Kind};

use super::instruction::{Code, Instruction, Operation, Place};
use super::{Compiler, Section};

/// The code of each section the document has.
///
/// A document is `<policies>` with sections, sections alone, or a list of policies alone, which
/// stands for an inbound section that begins with `<base/>`.
pub(super) fn compile(compiler: &mut Compiler<'_>) -> [Option<Code>; 4] {
    let mut sections: [Option<Code>; 4] = [None, None, None, None];
    let document = compiler.document();
    let top: Vec<&Element> = document.elements().collect();
    let Some(first) = top.first() else {
        compiler.error("EmptyDocument", "The document has no element.", 0);
        return sections;
    };
    match first.name.as_str() {
        "policies" => {
            compiler.check_attributes(first, &[]);
            compiler.check_no_text(first);
            for other in top.iter().skip(1) {
                compiler.error(
                    "UnknownElement",
                    format!("'{}' stands behind the end of 'policies'.", other.name),
                    other.offset,
                );
            }
            let children: Vec<&Element> = first.elements().collect();
            all_sections(compiler, &children, &mut sections);
        }
        "fragment" => compiler.error(
            "FragmentNotAllowed",
            "A fragment is not a policy document; save it as a policy fragment.",
            first.offset,
        ),
        name if Section::from_name(name).is_some() => {
            all_sections(compiler, &top, &mut sections);
        }
        _ => {
            compiler.section = Section::Inbound;
            let place = Place {
                source: "base".into(),
                path: "base".into(),
                policy_id: "".into(),
            };
            let mut code = vec![Instruction {
                operation: Operation::Base,
                needs: Default::default(),
                place: Arc::new(place),
            }];
            block(compiler, document.nodes(), &mut code);
            sections = [Some(code), None, None, None];
        }
    }
    sections
}

fn all_sections(compiler: &mut Compiler<'_>, elements: &[&Element], out: &mut [Option<Code>; 4]) {
    for element in elements {
        let Some(section) = Section::from_name(&element.name) else {
            let hint = match nearest(&element.name, Section::ALL.map(Section::as_str)) {
                Some(near) => format!("Did you mean '{near}'?"),
                None => "Expected: inbound, backend, outbound, on-error.".to_owned(),
            };
            compiler.error(
                "UnknownElement",
                format!(
                    "'{}' is no section of a policy document. {hint}",
                    element.name
                ),
                element.offset,
            );
            continue;
        };
        compiler.check_attributes(element, &[]);
        compiler.check_no_text(element);
        compiler.section = section;
        let mut code = Code::new();
        block(compiler, &element.children, &mut code);
        if let Some(slot) = out.get_mut(section.index()) {
            if slot.is_some() {
                compiler.error(
                    "DuplicateSection",
                    format!("The section '{}' occurs twice.", element.name),
                    element.offset,
                );
            }
            *slot = Some(code);
        }
    }
}

/// Compiles the policies among `nodes`; whether they always end the pipeline. Documents are not
/// nested deeper than [`MAX_DEPTH`], and neither are the fragments in them, which bounds the
/// recursion.
pub(crate) fn block(compiler: &mut Compiler<'_>, nodes: &[Node], code: &mut Code) -> bool {
    let elements: Vec<&Element> = nodes
        .iter()
        .filter_map(|node| match node {
            Node::Element(element) => Some(element),
            _ => None,
        })
        .collect();
    let names = indexed_names(&elements);
    let mut ends = false;
    if compiler.path.len() > MAX_DEPTH {
        if let Some(first) = elements.first() {
            compiler.error(
                "NestedTooDeeply",
                format!("Policies are nested more than {MAX_DEPTH} deep."),
                first.offset,
            );
        }
        return false;
    }
    for (element, name) in elements.into_iter().zip(names) {
        if compiler.is_full() {
            break;
        }
        compiler.path.push(name);
        ends |= policy(compiler, element, code);
        compiler.path.pop();
    }
    ends
}

/// The names of siblings as paths have them: with a number from 1 where a name is repeated.
pub(crate) fn indexed_names(elements: &[&Element]) -> Vec<String> {
    let mut totals: HashMap<&str, usize> = HashMap::new();
    for element in elements {
        *totals.entry(&element.name).or_default() += 1;
    }
    let mut seen: HashMap<&str, usize> = HashMap::new();
    elements
        .iter()
        .map(|element| {
            let name = element.name.as_str();
            let index = seen.entry(name).or_default();
            *index += 1;
            if totals.get(name).copied().unwrap_or(0) > 1 {
                format!("{name}[{index}]")
            } else {
                name.to_owned()
            }
        })
        .collect()
}

fn policy(compiler: &mut Compiler<'_>, element: &Element, code: &mut Code) -> bool {
    let Some(policy) = statement::find(&element.name) else {
        unknown_policy(compiler, element);
        return false;
    };
    if !policy.sections.contains(&compiler.section) && !compiler.any_section {
        compiler.warning(
            "WrongSection",
            format!(
                "The policy '{}' is not meant for the section '{}'",
                element.name,
                compiler.section.as_str()
            ),
            element.offset,
        );
    }
    match policy.kind {
        Kind::Block(compile) => compile(element, compiler, code),
        Kind::Statement(compile) => {
            compiler.take_needs();
            if let Some(statement) = compile(element, compiler) {
                code.push(compiler.instruction(element, Operation::Statement(statement)));
            }
            false
        }
    }
}

impl Compiler<'_> {
    /// An instruction for `element`, at the current path, with the needs of what was compiled since
    /// the last one.
    pub(crate) fn instruction(&mut self, element: &Element, operation: Operation) -> Instruction {
        let policy_id = match element.attribute("id") {
            Some(id) => self.literal(id).unwrap_or_else(|| "".into()),
            None => "".into(),
        };
        let place = Place {
            // A condition fails as the policy it belongs to.
            source: if element.name == "when" {
                "choose".into()
            } else {
                element.name.as_str().into()
            },
            path: self.path.join("\\").into(),
            policy_id,
        };
        Instruction {
            operation,
            needs: self.take_needs(),
            place: Arc::new(place),
        }
    }
}

fn unknown_policy(compiler: &mut Compiler<'_>, element: &Element) {
    let name = element.name.as_str();
    if statement::NOT_SUPPORTED.contains(&name) {
        compiler.error(
            "NotSupported",
            format!("The policy '{name}' is not supported yet."),
            element.offset,
        );
        return;
    }
    if let Some(reason) = statement::stays_out::reason(name) {
        compiler.error(
            "NotSupported",
            format!(
                "The policy '{name}' is not supported; this gateway does not have it: {reason}."
            ),
            element.offset,
        );
        return;
    }
    let names = statement::names()
        .chain(statement::NOT_SUPPORTED.iter().copied())
        .chain(statement::stays_out::names());
    let hint = match nearest(name, names) {
        Some(near) => format!(" Did you mean '{near}'?"),
        None => String::new(),
    };
    let message = match name {
        "when" | "otherwise" => format!("'{name}' stands outside of 'choose'."),
        _ if Section::from_name(name).is_some() => {
            format!("The section '{name}' cannot stand inside another one or among policies.")
        }
        _ => format!("There is no policy '{name}'.{hint}"),
    };
    compiler.error("UnknownElement", message, element.offset);
}
