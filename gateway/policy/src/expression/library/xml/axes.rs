//! Axes: the sequences of nodes that stand in some relation to a node, or to each of a sequence.
//! They are walked anew each time they are enumerated, as in .NET.

use super::content::sequence_of;
use super::forest::{Kind, Name, Node, Tree, Xml, node};
use super::names::{name, optional};
use crate::expression::exception::Exception;
use crate::expression::foreign::Foreign;
use crate::expression::library::arguments::value;
use crate::expression::library::full;
use crate::expression::library::registry::Group;
use crate::expression::machine::Machine;
use crate::expression::object::Object;
use crate::expression::types::{Basic, Type};
use crate::expression::value::Value;
use std::sync::Arc;

type Outcome = Result<Value, Exception>;

/// The relation.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Axis {
    Nodes,
    Elements,
    Attributes,
    DescendantNodes,
    DescendantNodesAndSelf,
    Descendants,
    DescendantsAndSelf,
    Ancestors,
    AncestorsAndSelf,
    NodesAfter,
    NodesBefore,
    ElementsAfter,
    ElementsBefore,
}

impl Axis {
    fn element(self) -> Basic {
        match self {
            Self::Nodes
            | Self::DescendantNodes
            | Self::DescendantNodesAndSelf
            | Self::NodesAfter
            | Self::NodesBefore => Basic::XNode,
            Self::Attributes => Basic::XAttribute,
            _ => Basic::XElement,
        }
    }

    fn accepts(self, node: &Node, name: Option<&Name>) -> bool {
        match self.element() {
            Basic::XNode => node.attribute().is_none(),
            Basic::XAttribute => node
                .attribute()
                .is_some_and(|(known, _)| name.is_none_or(|name| name == known)),
            _ => node
                .element()
                .is_some_and(|known| name.is_none_or(|name| name == known)),
        }
    }

    /// Numbers of all nodes of the relation, whatever they are.
    fn walk<'t>(self, tree: &'t Tree, id: u32) -> Box<dyn Iterator<Item = u32> + 't> {
        let itself = std::iter::once(id);
        let siblings_before = move || {
            let first = tree
                .node(id)
                .parent
                .and_then(|parent| tree.node(parent).first);
            std::iter::successors(first, |id| tree.node(*id).next).take_while(move |at| *at != id)
        };
        match self {
            Self::Nodes | Self::Elements => Box::new(tree.children(id)),
            Self::Attributes => Box::new(tree.node(id).attributes.iter().copied()),
            Self::DescendantNodes | Self::Descendants => Box::new(tree.descendants(id)),
            Self::DescendantNodesAndSelf | Self::DescendantsAndSelf => {
                Box::new(itself.chain(tree.descendants(id)))
            }
            Self::Ancestors => Box::new(tree.ancestors(id)),
            Self::AncestorsAndSelf => Box::new(itself.chain(tree.ancestors(id))),
            Self::NodesAfter | Self::ElementsAfter => {
                Box::new(std::iter::successors(tree.node(id).next, |id| {
                    tree.node(*id).next
                }))
            }
            Self::NodesBefore | Self::ElementsBefore => Box::new(siblings_before()),
        }
    }
}

/// What an axis starts from.
#[derive(Debug)]
enum Source {
    Node(Xml),
    Sequence(Value),
}

/// A sequence of nodes.
#[derive(Debug)]
struct Nodes {
    source: Source,
    axis: Axis,
    /// `Some(None)` is a name that is `null`, which nothing has.
    name: Option<Option<Name>>,
}

impl Nodes {
    fn of_node(
        &self,
        machine: &mut Machine<'_>,
        node: &Xml,
        into: &mut Vec<Value>,
    ) -> Result<(), Exception> {
        let name = match &self.name {
            None => None,
            Some(Some(name)) => Some(name),
            Some(None) => return Ok(()),
        };
        let mut visited = 0_u64;
        let found: Vec<Value> = node.handles(|tree, id| {
            self.axis
                .walk(tree, id)
                .inspect(|_| visited += 1)
                .filter(|id| self.axis.accepts(tree.node(*id), name))
                .collect()
        });
        machine.budget.charge(visited)?;
        machine
            .budget
            .allocate(found.len().saturating_mul(size_of::<Xml>() + 32))?;
        into.extend(found);
        Ok(())
    }
}

impl Foreign for Nodes {
    fn type_of(&self) -> Type {
        sequence_of(self.axis.element())
    }

    fn enumerate(&self, machine: &mut Machine<'_>) -> Option<Result<Vec<Value>, Exception>> {
        let mut all = Vec::new();
        let outcome = match &self.source {
            Source::Node(node) => self.of_node(machine, node, &mut all),
            Source::Sequence(source) => machine.budget.enter(4).and_then(|()| {
                for item in machine.collect(source)? {
                    let node = item
                        .as_foreign::<Xml>()
                        .ok_or_else(Exception::null_reference)?;
                    self.of_node(machine, node, &mut all)?;
                }
                machine.budget.leave(4);
                Ok(())
            }),
        };
        Some(outcome.map(|()| all))
    }

    fn visit_objects(&self, visit: &mut dyn FnMut(&Arc<Object>) -> bool) -> bool {
        match &self.source {
            Source::Sequence(Value::Object(source)) => visit(source),
            _ => true,
        }
    }

    fn take_children(&mut self, into: &mut Vec<Value>) {
        if let Source::Sequence(source) = &mut self.source {
            into.push(std::mem::replace(source, Value::Null));
        }
    }
}

/// The axis of the receiver, of all names.
pub(super) fn all(machine: &mut Machine<'_>, args: &[Value], axis: Axis) -> Outcome {
    make(machine, args, axis, None)
}

/// The axis of the receiver, of the name given next.
pub(super) fn named(machine: &mut Machine<'_>, args: &[Value], axis: Axis) -> Outcome {
    make(machine, args, axis, Some(optional(args, 1).cloned()))
}

fn make(
    machine: &mut Machine<'_>,
    args: &[Value],
    axis: Axis,
    name: Option<Option<Name>>,
) -> Outcome {
    machine.budget.allocate(size_of::<Nodes>() + 64)?;
    let source = match args.first() {
        None | Some(Value::Null) => return Err(Exception::argument_null("source")),
        Some(value) => match value.as_foreign::<Xml>() {
            Some(node) => Source::Node(node.clone()),
            None => Source::Sequence(value.clone()),
        },
    };
    Ok(Value::foreign(Nodes { source, axis, name }))
}

/// `Element(name)`.
pub(super) fn element(machine: &mut Machine<'_>, args: &[Value]) -> Outcome {
    let name = name(args, 1)?;
    let mut visited = 0_u64;
    let found = node(args, 0)?.relative(|tree, id| {
        tree.children(id)
            .inspect(|_| visited += 1)
            .find(|child| tree.node(*child).element() == Some(name))
    });
    machine.budget.charge(visited)?;
    Ok(found)
}

/// `Attribute(name)`.
pub(super) fn attribute(machine: &mut Machine<'_>, args: &[Value]) -> Outcome {
    let name = name(args, 1)?;
    let node = node(args, 0)?;
    let count = node.with(|tree, id| tree.node(id).attributes.len());
    machine.budget.charge(count as u64)?;
    Ok(node.relative(|tree, id| tree.attribute(id, name)))
}

/// `Remove` of all items of a sequence.
fn remove_all(machine: &mut Machine<'_>, args: &[Value]) -> Outcome {
    if value(args, 0).is_null() {
        return Err(Exception::argument_null("source"));
    }
    for item in machine.collect(&value(args, 0))? {
        if let Some(node) = item.as_foreign::<Xml>() {
            remove(machine, node)?;
        }
    }
    Ok(Value::Null)
}

/// `Remove()` of a node or an attribute.
pub(super) fn remove(machine: &mut Machine<'_>, node: &Xml) -> Result<(), Exception> {
    let beside = node.with(|tree, id| match tree.node(id).parent {
        Some(parent) if tree.node(id).attribute().is_some() => {
            Some(tree.node(parent).attributes.len())
        }
        parent => parent.map(|_| 1),
    });
    let Some(beside) = beside else {
        return Err(super::content::missing_parent());
    };
    machine.budget.charge(beside as u64)?;
    node.with(Tree::unlink);
    Ok(())
}

/// Members of sequences of containers, `System.Xml.Linq.Extensions`.
pub(super) static OF_CONTAINERS: Group = Group {
    owner: "IEnumerable<XContainer>",
    entries: &[
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
        full("IEnumerable<XNode> Nodes()", |m, a| all(m, a, Axis::Nodes)),
        full("IEnumerable<XNode> DescendantNodes()", |m, a| {
            all(m, a, Axis::DescendantNodes)
        }),
    ],
};

/// Members of sequences of elements.
pub(super) static OF_ELEMENTS: Group = Group {
    owner: "IEnumerable<XElement>",
    entries: &[
        full("IEnumerable<XAttribute> Attributes()", |m, a| {
            all(m, a, Axis::Attributes)
        }),
        full("IEnumerable<XAttribute> Attributes(XName name)", |m, a| {
            named(m, a, Axis::Attributes)
        }),
        full("IEnumerable<XElement> DescendantsAndSelf()", |m, a| {
            all(m, a, Axis::DescendantsAndSelf)
        }),
        full(
            "IEnumerable<XElement> DescendantsAndSelf(XName name)",
            |m, a| named(m, a, Axis::DescendantsAndSelf),
        ),
        full("IEnumerable<XElement> AncestorsAndSelf()", |m, a| {
            all(m, a, Axis::AncestorsAndSelf)
        }),
        full(
            "IEnumerable<XElement> AncestorsAndSelf(XName name)",
            |m, a| named(m, a, Axis::AncestorsAndSelf),
        ),
        full("IEnumerable<XNode> DescendantNodesAndSelf()", |m, a| {
            all(m, a, Axis::DescendantNodesAndSelf)
        }),
    ],
};

/// Members of sequences of nodes.
pub(super) static OF_NODES: Group = Group {
    owner: "IEnumerable<XNode>",
    entries: &[
        full("IEnumerable<XElement> Ancestors()", |m, a| {
            all(m, a, Axis::Ancestors)
        }),
        full("IEnumerable<XElement> Ancestors(XName name)", |m, a| {
            named(m, a, Axis::Ancestors)
        }),
        full("void Remove()", remove_all),
        full("IEnumerable<XNode> InDocumentOrder()", in_document_order),
    ],
};

/// Members of sequences of attributes.
pub(super) static OF_ATTRIBUTES: Group = Group {
    owner: "IEnumerable<XAttribute>",
    entries: &[full("void Remove()", remove_all)],
};

/// `InDocumentOrder`: sorted when it is asked for, not when it is enumerated.
fn in_document_order(machine: &mut Machine<'_>, args: &[Value]) -> Outcome {
    let items = machine.collect(&value(args, 0))?;
    let mut keyed = Vec::with_capacity(items.len());
    for item in items {
        let node = item
            .as_foreign::<Xml>()
            .ok_or_else(Exception::null_reference)?;
        let path = super::equality::path(machine, node)?;
        machine.budget.allocate(path.len().saturating_mul(8))?;
        keyed.push((path, item));
    }
    let rounds = u64::from(keyed.len().max(2).ilog2()) + 1;
    machine
        .budget
        .charge((keyed.len() as u64).saturating_mul(rounds))?;
    keyed.sort_by(|a, b| a.0.cmp(&b.0));
    let items = keyed.into_iter().map(|(_, item)| item).collect();
    Ok(Value::object(Object::array(
        Type::Basic(Basic::XNode),
        items,
    )))
}

/// The text of a node that is one.
pub(super) fn text(node: &Node) -> Option<&Arc<str>> {
    match &node.kind {
        Kind::Text(text) | Kind::CData(text) | Kind::Comment(text) => Some(text),
        _ => None,
    }
}
