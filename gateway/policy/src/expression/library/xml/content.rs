//! Adding content: what `XContainer.Add` and its relatives make of objects.

use std::sync::Arc;

use super::forest::{Kind, NODE_BYTES, Tree, Xml};
use super::scanner::is_space;
use crate::expression::dates::{print_date_time, print_offset};
use crate::expression::exception::{Exception, names};
use crate::expression::machine::Machine;
use crate::expression::time::{DAY, HOUR, MINUTE, SECOND, TimeSpan};
use crate::expression::types::{Basic, Enumeration, Type};
use crate::expression::value::Value;

/// Where content goes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Place {
    /// Among the children of the node, last or first.
    Last,
    First,
    /// Beside the node.
    Before,
    After,
}

/// Adds content to a node: nodes and attributes as they are (copied if they are somewhere already),
/// sequences item by item, everything else as text.
pub(super) fn add(
    machine: &mut Machine<'_>,
    node: &Xml,
    content: &Value,
    place: Place,
) -> Result<(), Exception> {
    let mut parts = Vec::new();
    flatten(machine, content, &mut parts)?;
    let (parent, before) = match place {
        Place::Last => (node.clone(), None),
        Place::First => {
            let before = node.find(|tree, id| tree.node(id).first);
            (node.clone(), before)
        }
        Place::Before | Place::After => {
            let Some(parent) = node.find(|tree, id| tree.node(id).parent) else {
                return Err(missing_parent());
            };
            let before = if place == Place::Before {
                Some(node.clone())
            } else {
                node.find(|tree, id| tree.node(id).next)
            };
            (parent, before)
        }
    };
    let attributes = place == Place::Last;
    for part in parts {
        machine.budget.allocate(NODE_BYTES)?;
        match part {
            Part::Attribute(attribute) if attributes => add_attribute(&parent, &attribute)?,
            Part::Attribute(_) => {
                return Err(Exception::new(
                    names::ARGUMENT,
                    "An attribute cannot be added to content.",
                ));
            }
            Part::Text(text) => add_text(&parent, &text, before.as_ref())?,
            Part::Node(child) => add_node(machine, &parent, &child, before.as_ref())?,
        }
    }
    Ok(())
}

pub(super) fn missing_parent() -> Exception {
    Exception::invalid_operation("The parent is missing.")
}

enum Part {
    Node(Xml),
    Attribute(Xml),
    Text(Arc<str>),
}

fn flatten(
    machine: &mut Machine<'_>,
    content: &Value,
    parts: &mut Vec<Part>,
) -> Result<(), Exception> {
    machine.budget.charge(1)?;
    if content.is_null() {
        return Ok(());
    }
    if let Some(node) = content.as_foreign::<Xml>() {
        parts.push(if node.class() == Basic::XAttribute {
            Part::Attribute(node.clone())
        } else {
            Part::Node(node.clone())
        });
        return Ok(());
    }
    let sequence = match content {
        Value::Text(_) => false,
        Value::Object(_) => {
            crate::expression::types::type_of(content).is_some_and(|ty| ty.element().is_some())
        }
        _ => false,
    };
    if sequence {
        machine.budget.enter(4)?;
        let items = machine.collect(content)?;
        for item in &items {
            flatten(machine, item, parts)?;
        }
        machine.budget.leave(4);
        return Ok(());
    }
    let text = text_of(content)?;
    machine.budget.allocate(text.len())?;
    parts.push(Part::Text(text));
    Ok(())
}

/// `XContainer.GetStringValue`: numbers, dates and booleans as XML Schema writes them.
///
/// # Errors
///
/// If printing the value throws.
pub(super) fn text_of(value: &Value) -> Result<Arc<str>, Exception> {
    if value.as_foreign::<Xml>().is_some() {
        return Err(Exception::new(
            names::ARGUMENT,
            "An XObject cannot be used as a value.",
        ));
    }
    Ok(match value {
        Value::Text(text) => text.shared(),
        Value::Bool(true) => "true".into(),
        Value::Bool(false) => "false".into(),
        Value::Double(number) => real(*number, value)?,
        Value::Float(number) => real(f64::from(*number), value)?,
        Value::DateTime(time) => print_date_time(*time, "yyyy-MM-dd'T'HH:mm:ss.FFFFFFFK")?.into(),
        Value::DateTimeOffset(time) if time.offset_minutes == 0 => {
            print_offset(*time, "yyyy-MM-dd'T'HH:mm:ss.FFFFFFF'Z'")?.into()
        }
        Value::DateTimeOffset(time) => {
            print_offset(*time, "yyyy-MM-dd'T'HH:mm:ss.FFFFFFFzzz")?.into()
        }
        Value::TimeSpan(span) => duration(*span).into(),
        other => other.to_text()?.into(),
    })
}

fn real(number: f64, value: &Value) -> Result<Arc<str>, Exception> {
    Ok(if number == f64::INFINITY {
        "INF".into()
    } else if number == f64::NEG_INFINITY {
        "-INF".into()
    } else {
        value.to_text()?.into()
    })
}

/// `XmlConvert.ToString(TimeSpan)`: an `xs:duration` of days and less.
fn duration(TimeSpan(ticks): TimeSpan) -> String {
    let mut text = String::new();
    if ticks < 0 {
        text.push('-');
    }
    let ticks = ticks.unsigned_abs();
    let [day, hour, minute, second] = [DAY, HOUR, MINUTE, SECOND].map(i64::unsigned_abs);
    text.push('P');
    if ticks >= day {
        text.push_str(&format!("{}D", ticks / day));
    }
    let rest = ticks % day;
    if rest > 0 {
        text.push('T');
        if rest >= hour {
            text.push_str(&format!("{}H", rest / hour));
        }
        if rest % hour >= minute {
            text.push_str(&format!("{}M", rest % hour / minute));
        }
        let (whole, fraction) = (rest % minute / second, rest % second);
        if whole > 0 || fraction > 0 {
            text.push_str(&whole.to_string());
            if fraction > 0 {
                let digits = format!("{fraction:07}");
                text.push('.');
                text.push_str(digits.trim_end_matches('0'));
            }
            text.push('S');
        }
    }
    if ticks == 0 {
        text.push_str("T0S");
    }
    text
}

fn add_attribute(parent: &Xml, attribute: &Xml) -> Result<(), Exception> {
    if parent.class() != Basic::XElement {
        return Err(Exception::new(
            names::ARGUMENT,
            "An attribute cannot be added to content.",
        ));
    }
    parent.with_both(attribute, |tree, parent, attribute| {
        let Some((name, value)) = tree.node(attribute).attribute() else {
            return Ok(());
        };
        let (name, value) = (name.clone(), Arc::clone(value));
        if tree.attribute(parent, &name).is_some() {
            return Err(Exception::invalid_operation("Duplicate attribute."));
        }
        let attribute = if tree.node(attribute).parent.is_some() {
            tree.add(Kind::Attribute(name, value))
        } else {
            attribute
        };
        tree.update(attribute, |node| node.parent = Some(parent));
        tree.update(parent, |node| node.attributes.push(attribute));
        Ok(())
    })
}

fn add_text(parent: &Xml, text: &Arc<str>, before: Option<&Xml>) -> Result<(), Exception> {
    if parent.class() == Basic::XDocument && !text.chars().all(is_space) {
        return Err(Exception::new(
            names::ARGUMENT,
            "Non-whitespace characters cannot be added to content.",
        ));
    }
    let put = |tree: &mut Tree, parent: u32, before: Option<u32>| {
        let previous = match before {
            Some(before) => tree.node(before).previous,
            None => tree.node(parent).last,
        };
        if text.is_empty() {
            if tree.node(parent).first.is_none() {
                tree.update(parent, |node| node.open = true);
            }
            return;
        }
        if let Some(previous) = previous
            && let Kind::Text(known) = &tree.node(previous).kind
        {
            let joined: Arc<str> = format!("{known}{text}").into();
            tree.update(previous, |node| node.kind = Kind::Text(joined));
            return;
        }
        let new = tree.add(Kind::Text(Arc::clone(text)));
        tree.link(parent, new, before);
    };
    match before {
        Some(before) => parent.with_both(before, |tree, parent, before| {
            put(tree, parent, Some(before));
        }),
        None => parent.with(|tree, parent| put(tree, parent, None)),
    }
    Ok(())
}

fn add_node(
    machine: &mut Machine<'_>,
    parent: &Xml,
    child: &Xml,
    before: Option<&Xml>,
) -> Result<(), Exception> {
    validate(parent, child, before)?;
    // What has a parent, or would contain itself, is copied.
    let copied = child.with(|tree, id| tree.node(id).parent.is_some())
        || parent.with_both(child, |tree, parent, child| {
            parent == child || tree.ancestors(parent).any(|above| above == child)
        });
    let child = if copied {
        copy(machine, child)?
    } else {
        child.clone()
    };
    machine
        .budget
        .charge(parent.with(|tree, id| tree.ancestors(id).count()) as u64)?;
    parent.with_both(&child, |tree, parent, child| {
        tree.fits(parent, child)?;
        let before = before.and_then(|before| tree.number(parent, before));
        tree.link(parent, child, before);
        Ok(())
    })
}

/// A copy of a node with all it holds.
pub(super) fn copy(machine: &mut Machine<'_>, node: &Xml) -> Result<Xml, Exception> {
    let size = node.with(|tree, id| tree.size(id));
    machine.budget.allocate(size)?;
    Ok(Xml::root(node.with(|tree, id| tree.copy(id)), 0))
}

/// `XElement.ValidateNode` and `XDocument.ValidateNode`.
fn validate(parent: &Xml, child: &Xml, before: Option<&Xml>) -> Result<(), Exception> {
    let refuse = |what: &str| {
        Err(Exception::new(
            names::ARGUMENT,
            format!("A node of type {what} cannot be added to content."),
        ))
    };
    let malformed = Err(Exception::invalid_operation(
        "This operation would create an incorrectly structured document.",
    ));
    match (parent.class(), child.class()) {
        (_, Basic::XDocument) => refuse("Document"),
        (Basic::XElement, Basic::XDocumentType) => refuse("DocumentType"),
        (Basic::XDocument, Basic::XCData) => refuse("CDATA"),
        (Basic::XDocument, Basic::XText) => {
            let blank = child.with(|tree, id| match &tree.node(id).kind {
                Kind::Text(text) => text.chars().all(is_space),
                _ => false,
            });
            if blank {
                Ok(())
            } else {
                Err(Exception::new(
                    names::ARGUMENT,
                    "Non-whitespace characters cannot be added to content.",
                ))
            }
        }
        (Basic::XDocument, Basic::XElement) => {
            let taken = parent.with(|tree, id| {
                tree.children(id)
                    .any(|child| tree.node(child).element().is_some())
            });
            if taken { malformed } else { Ok(()) }
        }
        (Basic::XDocument, Basic::XDocumentType) => {
            let taken = parent.with(|tree, id| {
                tree.children(id).any(|child| {
                    let node = tree.node(child);
                    matches!(node.kind, Kind::DocumentType { .. })
                        || (before.is_none() && node.element().is_some())
                })
            });
            if taken { malformed } else { Ok(()) }
        }
        (Basic::XDocument | Basic::XElement, _) => Ok(()),
        _ => Err(missing_parent()),
    }
}

/// `XmlNodeType` of a node.
pub(super) fn node_type(node: &Xml) -> Value {
    let number = match node.class() {
        Basic::XElement => 1,
        Basic::XAttribute => 2,
        Basic::XText => 3,
        Basic::XCData => 4,
        Basic::XProcessingInstruction => 7,
        Basic::XComment => 8,
        Basic::XDocumentType => 10,
        _ => 9,
    };
    Value::Enum(Enumeration::XmlNodeType, number)
}

/// The type of a sequence of nodes.
pub(super) fn sequence_of(basic: Basic) -> Type {
    Type::enumerable(Type::Basic(basic))
}
