//! `XContainer` and `XDocument`.

use super::axes::{Axis, all, element, named};
use super::content::{Place, add, copy};
use super::forest::{Kind, Xml, node};
use super::parse;
use crate::expression::exception::Exception;
use crate::expression::library::arguments::{int, text, value};
use crate::expression::library::full;
use crate::expression::library::registry::Group;
use crate::expression::machine::Machine;
use crate::expression::value::Value;

type Outcome = Result<Value, Exception>;

pub(super) static CONTAINER: Group = Group {
    owner: "XContainer",
    entries: &[
        full("XElement Element(XName name)", element),
        full("IEnumerable<XElement> Elements()", |m, a| {
            all(m, a, Axis::Elements)
        }),
        full("IEnumerable<XElement> Elements(XName name)", |m, a| {
            named(m, a, Axis::Elements)
        }),
        full("IEnumerable<XElement> Descendants()", |m, a| {
            all(m, a, Axis::Descendants)
        }),
        full("IEnumerable<XElement> Descendants(XName name)", |m, a| {
            named(m, a, Axis::Descendants)
        }),
        full("IEnumerable<XNode> DescendantNodes()", |m, a| {
            all(m, a, Axis::DescendantNodes)
        }),
        full("IEnumerable<XNode> Nodes()", |m, a| all(m, a, Axis::Nodes)),
        full("XNode FirstNode", |_, args| {
            Ok(node(args, 0)?.relative(|tree, id| tree.node(id).first))
        }),
        full("XNode LastNode", |_, args| {
            Ok(node(args, 0)?.relative(|tree, id| tree.node(id).last))
        }),
        full("void Add(params object[] content)", |m, args| {
            put(m, args, Place::Last)
        }),
        full("void AddFirst(params object[] content)", |m, args| {
            put(m, args, Place::First)
        }),
        full("void RemoveNodes()", |m, args| {
            clear(m, node(args, 0)?)?;
            Ok(Value::Null)
        }),
        full("void ReplaceNodes(params object[] content)", |m, args| {
            let content = detached(m, &value(args, 1))?;
            clear(m, node(args, 0)?)?;
            add(m, node(args, 0)?, &content, Place::Last)?;
            Ok(Value::Null)
        }),
    ],
};

fn put(machine: &mut Machine<'_>, args: &[Value], place: Place) -> Outcome {
    add(machine, node(args, 0)?, &value(args, 1), place)?;
    Ok(Value::Null)
}

/// Takes all children from a node.
pub(super) fn clear(machine: &mut Machine<'_>, node: &Xml) -> Result<(), Exception> {
    let count = node.with(|tree, id| tree.children(id).count());
    machine.budget.charge(count as u64)?;
    node.with(|tree, id| tree.clear(id));
    Ok(())
}

/// Content as it is now, before what it is read from is taken away (`XContainer.GetContentSnapshot`).
pub(super) fn detached(machine: &mut Machine<'_>, content: &Value) -> Outcome {
    let mut items = Vec::new();
    for item in machine.collect(content)? {
        let sequence = !matches!(item, Value::Text(_))
            && item.as_foreign::<Xml>().is_none()
            && crate::expression::types::type_of(&item).is_some_and(|ty| ty.element().is_some());
        if sequence {
            items.extend(machine.collect(&item)?);
        } else {
            items.push(item);
        }
    }
    let mut copies = Vec::with_capacity(items.len());
    for item in items {
        let attached = item
            .as_foreign::<Xml>()
            .filter(|node| node.with(|tree, id| tree.node(id).parent.is_some()));
        copies.push(match attached {
            Some(node) => Value::foreign(copy(machine, node)?),
            None => item,
        });
    }
    Ok(Value::object(crate::expression::object::Object::array(
        crate::expression::types::Type::OBJECT,
        copies,
    )))
}

fn made(machine: &mut Machine<'_>, declaration: Value, content: &Value) -> Outcome {
    machine.budget.allocate(super::forest::NODE_BYTES)?;
    let document = Xml::new(Kind::Document);
    document.with(|tree, id| {
        tree.update(id, |node| {
            node.declaration = Some(declaration).filter(|value| !value.is_null());
        });
    });
    add(machine, &document, content, Place::Last)?;
    Ok(Value::foreign(document))
}

fn parsed(machine: &mut Machine<'_>, args: &[Value], options: i32) -> Outcome {
    let text = text(args, 0, "text")?;
    let document = parse::document(machine.budget, text, options & 1 == 1)?;
    Ok(Value::foreign(document))
}

pub(super) static DOCUMENT: Group = Group {
    owner: "XDocument",
    entries: &[
        full("new()", |m, _| made(m, Value::Null, &Value::Null)),
        full("new(params object[] content)", |m, args| {
            made(m, Value::Null, &value(args, 0))
        }),
        full(
            "new(XDeclaration declaration, params object[] content)",
            |m, args| made(m, value(args, 0), &value(args, 1)),
        ),
        full("new(XDocument other)", |m, args| {
            match args.first().and_then(Value::as_foreign::<Xml>) {
                Some(other) => Ok(Value::foreign(copy(m, other)?)),
                None => Err(Exception::argument_null("other")),
            }
        }),
        full("static XDocument Parse(string text)", |m, args| {
            parsed(m, args, 0)
        }),
        full(
            "static XDocument Parse(string text, LoadOptions options)",
            |m, args| parsed(m, args, int(args, 1)),
        ),
        full("XElement Root", |m, args| {
            let node = node(args, 0)?;
            m.budget
                .charge(node.with(|tree, id| tree.children(id).count()) as u64)?;
            Ok(node.relative(|tree, id| {
                tree.children(id)
                    .find(|child| tree.node(*child).element().is_some())
            }))
        }),
        full("XDeclaration Declaration", |_, args| {
            Ok(node(args, 0)?
                .with(|tree, id| tree.node(id).declaration.clone())
                .unwrap_or(Value::Null))
        }),
        full("void set_Declaration(XDeclaration value)", |_, args| {
            let new = Some(value(args, 1)).filter(|value| !value.is_null());
            node(args, 0)?.with(|tree, id| tree.update(id, |node| node.declaration = new));
            Ok(value(args, 1))
        }),
        full("XDocumentType DocumentType", |m, args| {
            let node = node(args, 0)?;
            m.budget
                .charge(node.with(|tree, id| tree.children(id).count()) as u64)?;
            Ok(node.relative(|tree, id| {
                tree.children(id)
                    .find(|child| matches!(tree.node(*child).kind, Kind::DocumentType { .. }))
            }))
        }),
    ],
};
