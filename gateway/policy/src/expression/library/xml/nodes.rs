//! `XObject`, `XNode`, and the nodes without content: texts, comments, instructions, document types.

use std::cmp::Ordering;
use std::sync::Arc;

use super::axes::{Axis, all, named, remove, text as text_part};
use super::content::{Place, add, copy, node_type};
use super::equality::{Comparer, compare, deep_equals, is_beside};
use super::forest::{Kind, Xml, node};
use super::names::check_name;
use super::print;
use crate::expression::exception::{Exception, names};
use crate::expression::library::arguments::{int, optional_text, text, value};
use crate::expression::library::full;
use crate::expression::library::registry::Group;
use crate::expression::machine::Machine;
use crate::expression::types::Basic;
use crate::expression::value::Value;

type Outcome = Result<Value, Exception>;

pub(super) static OBJECT: Group = Group {
    owner: "XObject",
    entries: &[
        full("string BaseUri", |_, args| {
            node(args, 0)?;
            Ok(Value::from(""))
        }),
        full("XDocument Document", |m, args| {
            let node = node(args, 0)?;
            m.budget
                .charge(node.with(|tree, id| tree.ancestors(id).count()) as u64)?;
            Ok(node.relative(|tree, id| {
                std::iter::once(id)
                    .chain(tree.ancestors(id))
                    .last()
                    .filter(|id| matches!(tree.node(*id).kind, Kind::Document))
            }))
        }),
        full("XmlNodeType NodeType", |_, args| {
            Ok(node_type(node(args, 0)?))
        }),
        full("XElement Parent", |_, args| {
            Ok(node(args, 0)?.relative(|tree, id| {
                let parent = tree.node(id).parent;
                parent.filter(|parent| tree.node(*parent).element().is_some())
            }))
        }),
    ],
};

pub(super) static NODE: Group = Group {
    owner: "XNode",
    entries: &[
        full("string ToString()", |m, args| printed(m, args, true)),
        full("string ToString(SaveOptions options)", |m, args| {
            printed(m, args, int(args, 1) & 1 == 0)
        }),
        full("XNode NextNode", |_, args| {
            Ok(node(args, 0)?.relative(|tree, id| tree.node(id).next))
        }),
        full("XNode PreviousNode", |_, args| {
            Ok(node(args, 0)?.relative(|tree, id| tree.node(id).previous))
        }),
        full("IEnumerable<XElement> Ancestors()", |m, a| {
            all(m, a, Axis::Ancestors)
        }),
        full("IEnumerable<XElement> Ancestors(XName name)", |m, a| {
            named(m, a, Axis::Ancestors)
        }),
        full("IEnumerable<XElement> ElementsAfterSelf()", |m, a| {
            all(m, a, Axis::ElementsAfter)
        }),
        full(
            "IEnumerable<XElement> ElementsAfterSelf(XName name)",
            |m, a| named(m, a, Axis::ElementsAfter),
        ),
        full("IEnumerable<XElement> ElementsBeforeSelf()", |m, a| {
            all(m, a, Axis::ElementsBefore)
        }),
        full(
            "IEnumerable<XElement> ElementsBeforeSelf(XName name)",
            |m, a| named(m, a, Axis::ElementsBefore),
        ),
        full("IEnumerable<XNode> NodesAfterSelf()", |m, a| {
            all(m, a, Axis::NodesAfter)
        }),
        full("IEnumerable<XNode> NodesBeforeSelf()", |m, a| {
            all(m, a, Axis::NodesBefore)
        }),
        full("void AddAfterSelf(params object[] content)", |m, args| {
            beside(m, args, Place::After)
        }),
        full("void AddBeforeSelf(params object[] content)", |m, args| {
            beside(m, args, Place::Before)
        }),
        full("void Remove()", |m, args| {
            remove(m, node(args, 0)?)?;
            Ok(Value::Null)
        }),
        full("void ReplaceWith(params object[] content)", |m, args| {
            let old = node(args, 0)?;
            beside(m, args, Place::Before)?;
            remove(m, old)?;
            Ok(Value::Null)
        }),
        full("bool IsAfter(XNode node)", |m, args| {
            is_beside(m, args, Ordering::Greater)
        }),
        full("bool IsBefore(XNode node)", |m, args| {
            is_beside(m, args, Ordering::Less)
        }),
        full("static bool DeepEquals(XNode n1, XNode n2)", |m, args| {
            deep_equals(m, &value(args, 0), &value(args, 1))
        }),
        full(
            "static int CompareDocumentOrder(XNode n1, XNode n2)",
            |m, args| compare(m, args, 0),
        ),
        full("static XNodeEqualityComparer EqualityComparer", |_, _| {
            Ok(Value::foreign(Comparer(Basic::XNodeEqualityComparer)))
        }),
        full(
            "static XNodeDocumentOrderComparer DocumentOrderComparer",
            |_, _| Ok(Value::foreign(Comparer(Basic::XNodeDocumentOrderComparer))),
        ),
    ],
};

/// `ToString`, paid by its length.
pub(super) fn printed(machine: &mut Machine<'_>, args: &[Value], indent: bool) -> Outcome {
    let text = print::to_text(node(args, 0)?, indent)?;
    machine.budget.allocate(text.len())?;
    Ok(Value::from(text))
}

fn beside(machine: &mut Machine<'_>, args: &[Value], place: Place) -> Outcome {
    add(machine, node(args, 0)?, &value(args, 1), place)?;
    Ok(Value::Null)
}

/// A text of an argument that must not be `null`, paid for.
pub(super) fn shared(
    machine: &mut Machine<'_>,
    args: &[Value],
    index: usize,
) -> Result<Arc<str>, Exception> {
    let text = text(args, index, "value")?;
    machine.budget.allocate(text.len())?;
    Ok(text.shared())
}

fn made(kind: Kind) -> Outcome {
    Ok(Value::foreign(Xml::new(kind)))
}

fn read(args: &[Value]) -> Outcome {
    Ok(node(args, 0)?.with(|tree, id| {
        text_part(tree.node(id)).map_or(Value::Null, |text| Value::from(Arc::clone(text)))
    }))
}

fn write(machine: &mut Machine<'_>, args: &[Value]) -> Outcome {
    let new = shared(machine, args, 1)?;
    node(args, 0)?.with(|tree, id| {
        tree.update(id, |node| match &mut node.kind {
            Kind::Text(text) | Kind::CData(text) | Kind::Comment(text) => *text = new,
            _ => {}
        });
    });
    Ok(value(args, 1))
}

fn copied(machine: &mut Machine<'_>, args: &[Value]) -> Outcome {
    match args.first().and_then(Value::as_foreign::<Xml>) {
        Some(other) => Ok(Value::foreign(copy(machine, other)?)),
        None => Err(Exception::argument_null("other")),
    }
}

pub(super) static TEXT: Group = Group {
    owner: "XText",
    entries: &[
        full("new(string value)", |m, args| {
            made(Kind::Text(shared(m, args, 0)?))
        }),
        full("new(XText other)", copied),
        full("string Value", |_, args| read(args)),
        full("void set_Value(string value)", write),
    ],
};

pub(super) static CDATA: Group = Group {
    owner: "XCData",
    entries: &[
        full("new(string value)", |m, args| {
            made(Kind::CData(shared(m, args, 0)?))
        }),
        full("new(XCData other)", copied),
    ],
};

pub(super) static COMMENT: Group = Group {
    owner: "XComment",
    entries: &[
        full("new(string value)", |m, args| {
            made(Kind::Comment(shared(m, args, 0)?))
        }),
        full("new(XComment other)", copied),
        full("string Value", |_, args| read(args)),
        full("void set_Value(string value)", write),
    ],
};

pub(super) static INSTRUCTION: Group = Group {
    owner: "XProcessingInstruction",
    entries: &[
        full("new(string target, string data)", |m, args| {
            let (target, data) = (shared(m, args, 0)?, shared(m, args, 1)?);
            check_name(&target, false)?;
            if target.eq_ignore_ascii_case("xml") {
                return Err(Exception::new(
                    names::ARGUMENT,
                    format!("'{target}' is an invalid name for a processing instruction."),
                ));
            }
            made(Kind::Instruction { target, data })
        }),
        full("new(XProcessingInstruction other)", copied),
        full("string Target", |_, args| {
            Ok(node(args, 0)?.with(|tree, id| match &tree.node(id).kind {
                Kind::Instruction { target, .. } => Value::from(Arc::clone(target)),
                _ => Value::Null,
            }))
        }),
        full("string Data", |_, args| {
            Ok(node(args, 0)?.with(|tree, id| match &tree.node(id).kind {
                Kind::Instruction { data, .. } => Value::from(Arc::clone(data)),
                _ => Value::Null,
            }))
        }),
        full("void set_Data(string value)", |m, args| {
            let new = shared(m, args, 1)?;
            node(args, 0)?.with(|tree, id| {
                tree.update(id, |node| {
                    if let Kind::Instruction { data, .. } = &mut node.kind {
                        *data = new;
                    }
                });
            });
            Ok(value(args, 1))
        }),
    ],
};

fn identifier(args: &[Value], which: usize) -> Outcome {
    Ok(node(args, 0)?.with(|tree, id| match &tree.node(id).kind {
        Kind::DocumentType {
            name,
            public,
            system,
            internal,
        } => {
            let all = [
                Some(name),
                public.as_ref(),
                system.as_ref(),
                internal.as_ref(),
            ];
            match all.get(which) {
                Some(Some(text)) => Value::from(Arc::clone(text)),
                _ => Value::Null,
            }
        }
        _ => Value::Null,
    }))
}

pub(super) static DOCUMENT_TYPE: Group = Group {
    owner: "XDocumentType",
    entries: &[
        full(
            "new(string name, string publicId, string systemId, string internalSubset)",
            |m, args| {
                let name = shared(m, args, 0)?;
                check_name(&name, true)?;
                let part = |index| optional_text(args, index).map(|text| text.shared());
                made(Kind::DocumentType {
                    name,
                    public: part(1),
                    system: part(2),
                    internal: part(3),
                })
            },
        ),
        full("new(XDocumentType other)", copied),
        full("string Name", |_, args| identifier(args, 0)),
        full("string PublicId", |_, args| identifier(args, 1)),
        full("string SystemId", |_, args| identifier(args, 2)),
        full("string InternalSubset", |_, args| identifier(args, 3)),
    ],
};
