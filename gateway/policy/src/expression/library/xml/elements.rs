//! `XElement` and `XAttribute`.

use std::sync::Arc;

use super::axes::{Axis, all, attribute, named};
use super::containers::{clear, detached};
use super::content::{Place, add, copy, sequence_of, text_of};
use super::forest::{Kind, NODE_BYTES, Name, Tree, Xml, node};
use super::names::{name, namespace_value};
use super::nodes::shared;
use super::{parse, print};
use crate::expression::exception::{Exception, names};
use crate::expression::library::arguments::{int, text, value};
use crate::expression::library::full;
use crate::expression::library::registry::Group;
use crate::expression::machine::Machine;
use crate::expression::object::Object;
use crate::expression::types::{Basic, Type};
use crate::expression::value::Value;

type Outcome = Result<Value, Exception>;

fn made(machine: &mut Machine<'_>, args: &[Value], content: &Value) -> Outcome {
    machine.budget.allocate(NODE_BYTES)?;
    let element = Xml::new(Kind::Element(name(args, 0)?.clone()));
    add(machine, &element, content, Place::Last)?;
    Ok(Value::foreign(element))
}

fn parsed(machine: &mut Machine<'_>, args: &[Value], options: i32) -> Outcome {
    let text = text(args, 0, "text")?;
    let element = parse::element(machine.budget, text, options & 1 == 1)?;
    Ok(Value::foreign(element))
}

fn copied(machine: &mut Machine<'_>, args: &[Value]) -> Outcome {
    match args.first().and_then(Value::as_foreign::<Xml>) {
        Some(other) => Ok(Value::foreign(copy(machine, other)?)),
        None => Err(Exception::argument_null("other")),
    }
}

/// `XElement.Value`, paid for.
fn element_text(machine: &mut Machine<'_>, args: &[Value]) -> Outcome {
    let node = node(args, 0)?;
    let visited = node.with(|tree, id| tree.descendants(id).count());
    machine.budget.charge(visited as u64)?;
    let text = node.with(|tree, id| tree.text(id));
    machine.budget.allocate(text.len())?;
    Ok(Value::from(text))
}

/// Replaces the content by a text.
fn set_text(machine: &mut Machine<'_>, node: &Xml, text: &Arc<str>) -> Result<(), Exception> {
    clear(machine, node)?;
    add(machine, node, &Value::from(Arc::clone(text)), Place::Last)
}

/// `SetValue`: of an element or an attribute.
fn set_value(machine: &mut Machine<'_>, args: &[Value]) -> Outcome {
    let new = value(args, 1);
    if new.is_null() {
        return Err(Exception::argument_null("value"));
    }
    let text = text_of(&new)?;
    machine.budget.allocate(text.len())?;
    let node = node(args, 0)?;
    if node.class() == Basic::XAttribute {
        set_attribute_text(node, text);
    } else {
        set_text(machine, node, &text)?;
    }
    Ok(new)
}

fn set_attribute_text(attribute: &Xml, new: Arc<str>) {
    attribute.with(|tree, id| {
        tree.update(id, |node| {
            if let Kind::Attribute(_, value) = &mut node.kind {
                *value = new;
            }
        });
    });
}

fn set_attribute_value(machine: &mut Machine<'_>, args: &[Value]) -> Outcome {
    let (element, name, new) = (node(args, 0)?, name(args, 1)?, value(args, 2));
    let count = element.with(|tree, id| tree.node(id).attributes.len());
    machine.budget.charge(count as u64)?;
    let known = element.find(|tree, id| tree.attribute(id, name));
    if new.is_null() {
        if let Some(known) = known {
            known.with(Tree::unlink);
        }
        return Ok(Value::Null);
    }
    let text = text_of(&new)?;
    machine.budget.allocate(text.len() + NODE_BYTES)?;
    match known {
        Some(known) => set_attribute_text(&known, text),
        None => element.with(|tree, id| {
            let new = tree.add(Kind::Attribute(name.clone(), text));
            tree.update(new, |node| node.parent = Some(id));
            tree.update(id, |node| node.attributes.push(new));
        }),
    }
    Ok(Value::Null)
}

fn set_element_value(machine: &mut Machine<'_>, args: &[Value]) -> Outcome {
    let (parent, name, new) = (node(args, 0)?, name(args, 1)?, value(args, 2));
    let known = super::axes::element(machine, args)?;
    let known = known.as_foreign::<Xml>();
    if new.is_null() {
        if let Some(known) = known {
            known.with(Tree::unlink);
        }
        return Ok(Value::Null);
    }
    let text = text_of(&new)?;
    machine.budget.allocate(text.len())?;
    match known {
        Some(known) => set_text(machine, known, &text)?,
        None => {
            let element = Xml::new(Kind::Element(name.clone()));
            set_text(machine, &element, &text)?;
            add(machine, parent, &Value::foreign(element), Place::Last)?;
        }
    }
    Ok(Value::Null)
}

fn remove_attributes(machine: &mut Machine<'_>, element: &Xml) -> Result<(), Exception> {
    let count = element.with(|tree, id| tree.node(id).attributes.len());
    machine.budget.charge(count as u64)?;
    element.with(|tree, id| {
        for attribute in tree.node(id).attributes.clone() {
            tree.update(attribute, |node| node.parent = None);
        }
        tree.update(id, |node| node.attributes.clear());
    });
    Ok(())
}

fn replace(machine: &mut Machine<'_>, args: &[Value], nodes: bool) -> Outcome {
    let element = node(args, 0)?;
    let content = detached(machine, &value(args, 1))?;
    if nodes {
        clear(machine, element)?;
    }
    remove_attributes(machine, element)?;
    add(machine, element, &content, Place::Last)?;
    Ok(Value::Null)
}

/// The name of an element or attribute.
fn name_of(args: &[Value]) -> Outcome {
    let name = node(args, 0)?.with(|tree, id| {
        let node = tree.node(id);
        node.element()
            .or_else(|| node.attribute().map(|(name, _)| name))
            .cloned()
    });
    Ok(name.map_or(Value::Null, Value::foreign))
}

fn attribute_at(args: &[Value], last: bool) -> Outcome {
    Ok(node(args, 0)?.relative(|tree, id| {
        let all = &tree.node(id).attributes;
        if last { all.last() } else { all.first() }.copied()
    }))
}

/// The attribute `by` places further.
fn attribute_beside(machine: &mut Machine<'_>, args: &[Value], by: isize) -> Outcome {
    let attribute = node(args, 0)?;
    let mut visited = 0_u64;
    let found = attribute.relative(|tree, id| {
        let all = &tree.node(tree.node(id).parent?).attributes;
        visited = all.len() as u64;
        let at = all.iter().position(|known| *known == id)?;
        all.get(at.checked_add_signed(by)?).copied()
    });
    machine.budget.charge(visited)?;
    Ok(found)
}

/// The declarations in force at an element, nearest first: prefix and namespace.
fn declarations(element: &Xml) -> Vec<(Arc<str>, Arc<str>)> {
    element.with(|tree, id| {
        std::iter::once(id)
            .chain(tree.ancestors(id))
            .flat_map(|id| tree.node(id).attributes.iter())
            .filter_map(|attribute| tree.node(*attribute).attribute())
            .filter(|(name, _)| name.declares_namespace())
            .map(|(name, uri)| {
                let prefix = if name.namespace.is_empty() {
                    "".into()
                } else {
                    Arc::clone(&name.local)
                };
                (prefix, Arc::clone(uri))
            })
            .collect()
    })
}

fn namespace_of_prefix(machine: &mut Machine<'_>, element: &Xml, prefix: &str) -> Outcome {
    let known = declarations(element);
    machine.budget.charge(known.len() as u64 * 4)?;
    Ok(match known.iter().find(|(one, _)| one.as_ref() == prefix) {
        Some((_, uri)) => namespace_value(uri),
        None => match prefix {
            "" => namespace_value(""),
            "xml" => namespace_value(super::names::XML),
            "xmlns" => namespace_value(super::names::XMLNS),
            _ => Value::Null,
        },
    })
}

fn no_elements(basic: Basic) -> Outcome {
    debug_assert!(sequence_of(basic).element().is_some(), "a sequence");
    Ok(Value::object(Object::array(Type::Basic(basic), Vec::new())))
}

pub(super) static ELEMENT: Group = Group {
    owner: "XElement",
    entries: &[
        full("new(XName name)", |m, args| made(m, args, &Value::Null)),
        full("new(XName name, params object[] content)", |m, args| {
            made(m, args, &value(args, 1))
        }),
        full("new(XElement other)", copied),
        full("static XElement Parse(string text)", |m, args| {
            parsed(m, args, 0)
        }),
        full(
            "static XElement Parse(string text, LoadOptions options)",
            |m, args| parsed(m, args, int(args, 1)),
        ),
        full("static IEnumerable<XElement> EmptySequence", |_, _| {
            no_elements(Basic::XElement)
        }),
        full("XName Name", |_, args| name_of(args)),
        full("void set_Name(XName value)", |_, args| {
            let new = name(args, 1)?.clone();
            node(args, 0)?.with(|tree, id| tree.update(id, |node| node.kind = Kind::Element(new)));
            Ok(value(args, 1))
        }),
        full("string Value", element_text),
        full("void set_Value(string value)", |m, args| {
            let new = shared(m, args, 1)?;
            set_text(m, node(args, 0)?, &new)?;
            Ok(value(args, 1))
        }),
        full("void SetValue(object value)", set_value),
        full("bool IsEmpty", |_, args| {
            Ok(Value::Bool(node(args, 0)?.with(|tree, id| {
                let node = tree.node(id);
                node.first.is_none() && !node.open
            })))
        }),
        full("bool HasElements", |m, args| {
            let node = node(args, 0)?;
            m.budget
                .charge(node.with(|tree, id| tree.children(id).count()) as u64)?;
            Ok(Value::Bool(node.with(|tree, id| {
                tree.children(id)
                    .any(|child| tree.node(child).element().is_some())
            })))
        }),
        full("bool HasAttributes", |_, args| {
            Ok(Value::Bool(
                node(args, 0)?.with(|tree, id| !tree.node(id).attributes.is_empty()),
            ))
        }),
        full("XAttribute FirstAttribute", |_, args| {
            attribute_at(args, false)
        }),
        full("XAttribute LastAttribute", |_, args| {
            attribute_at(args, true)
        }),
        full("XAttribute Attribute(XName name)", attribute),
        full("IEnumerable<XAttribute> Attributes()", |m, a| {
            all(m, a, Axis::Attributes)
        }),
        full("IEnumerable<XAttribute> Attributes(XName name)", |m, a| {
            named(m, a, Axis::Attributes)
        }),
        full("IEnumerable<XElement> AncestorsAndSelf()", |m, a| {
            all(m, a, Axis::AncestorsAndSelf)
        }),
        full(
            "IEnumerable<XElement> AncestorsAndSelf(XName name)",
            |m, a| named(m, a, Axis::AncestorsAndSelf),
        ),
        full("IEnumerable<XElement> DescendantsAndSelf()", |m, a| {
            all(m, a, Axis::DescendantsAndSelf)
        }),
        full(
            "IEnumerable<XElement> DescendantsAndSelf(XName name)",
            |m, a| named(m, a, Axis::DescendantsAndSelf),
        ),
        full("IEnumerable<XNode> DescendantNodesAndSelf()", |m, a| {
            all(m, a, Axis::DescendantNodesAndSelf)
        }),
        full(
            "void SetAttributeValue(XName name, object value)",
            set_attribute_value,
        ),
        full(
            "void SetElementValue(XName name, object value)",
            set_element_value,
        ),
        full("void RemoveAttributes()", |m, args| {
            remove_attributes(m, node(args, 0)?)?;
            Ok(Value::Null)
        }),
        full("void RemoveAll()", |m, args| {
            clear(m, node(args, 0)?)?;
            remove_attributes(m, node(args, 0)?)?;
            Ok(Value::Null)
        }),
        full("void ReplaceAll(params object[] content)", |m, args| {
            replace(m, args, true)
        }),
        full(
            "void ReplaceAttributes(params object[] content)",
            |m, args| replace(m, args, false),
        ),
        full("XNamespace GetDefaultNamespace()", |m, args| {
            namespace_of_prefix(m, node(args, 0)?, "")
        }),
        full(
            "XNamespace GetNamespaceOfPrefix(string prefix)",
            |m, args| {
                let prefix = text(args, 1, "prefix")?;
                if prefix.is_empty() {
                    return Err(Exception::new(
                        names::ARGUMENT,
                        "'' is an invalid prefix. (Parameter 'prefix')",
                    ));
                }
                namespace_of_prefix(m, node(args, 0)?, prefix)
            },
        ),
        full("string GetPrefixOfNamespace(XNamespace ns)", |m, args| {
            let wanted = value(args, 1).to_text()?;
            let known = declarations(node(args, 0)?);
            m.budget.charge(known.len() as u64 * 4)?;
            let found = known.iter().enumerate().find(|(at, (prefix, uri))| {
                uri.as_ref() == wanted
                    && !prefix.is_empty()
                    && !known.iter().take(*at).any(|nearer| nearer.0 == *prefix)
            });
            Ok(match found {
                Some((_, (prefix, _))) => Value::from(Arc::clone(prefix)),
                None if wanted == super::names::XML => Value::from("xml"),
                None if wanted == super::names::XMLNS => Value::from("xmlns"),
                None => Value::Null,
            })
        }),
    ],
};

fn attribute_made(machine: &mut Machine<'_>, name: &Name, content: &Value) -> Outcome {
    if content.is_null() {
        return Err(Exception::argument_null("value"));
    }
    let text = text_of(content)?;
    machine.budget.allocate(text.len() + NODE_BYTES)?;
    Ok(Value::foreign(Xml::new(Kind::Attribute(
        name.clone(),
        text,
    ))))
}

pub(super) static ATTRIBUTE: Group = Group {
    owner: "XAttribute",
    entries: &[
        full("new(XName name, object value)", |m, args| {
            attribute_made(m, name(args, 0)?, &value(args, 1))
        }),
        full("new(XAttribute other)", copied),
        full("static IEnumerable<XAttribute> EmptySequence", |_, _| {
            no_elements(Basic::XAttribute)
        }),
        full("XName Name", |_, args| name_of(args)),
        full("string Value", |_, args| {
            Ok(node(args, 0)?.with(|tree, id| {
                tree.node(id)
                    .attribute()
                    .map_or(Value::Null, |(_, value)| Value::from(Arc::clone(value)))
            }))
        }),
        full("void set_Value(string value)", |m, args| {
            let new = shared(m, args, 1)?;
            set_attribute_text(node(args, 0)?, new);
            Ok(value(args, 1))
        }),
        full("void SetValue(object value)", set_value),
        full("bool IsNamespaceDeclaration", |_, args| {
            Ok(Value::Bool(node(args, 0)?.with(|tree, id| {
                tree.node(id)
                    .attribute()
                    .is_some_and(|(name, _)| name.declares_namespace())
            })))
        }),
        full("XAttribute NextAttribute", |m, args| {
            attribute_beside(m, args, 1)
        }),
        full("XAttribute PreviousAttribute", |m, args| {
            attribute_beside(m, args, -1)
        }),
        full("void Remove()", |m, args| {
            super::axes::remove(m, node(args, 0)?)?;
            Ok(Value::Null)
        }),
        full("string ToString()", |m, args| {
            let text = print::to_text(node(args, 0)?, false)?;
            m.budget.allocate(text.len())?;
            Ok(Value::from(text))
        }),
    ],
};
