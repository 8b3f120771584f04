//! Trees of XML nodes as `System.Xml.Linq` has them: nodes know their parents and siblings, and a
//! program may take any of them out and put it elsewhere.
//!
//! All nodes that were ever connected live in one [`Forest`], so that a node keeps its whole tree
//! alive (as references do in .NET) without a cycle of references. When nodes of two forests are
//! connected, the smaller forest moves into the larger one, and handles follow it there.

use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, OnceLock};

use crate::expression::BudgetKind;
use crate::expression::exception::Exception;
use crate::expression::foreign::Foreign;
use crate::expression::key::Key;
use crate::expression::object::lock;
use crate::expression::types::{Basic, Type};
use crate::expression::value::Value;

/// Elements within elements. .NET has no limit; printing with indentation grows with the depth.
pub(super) const MAX_DEPTH: u32 = 256;

/// Bytes that a node is counted as, beside its texts.
pub(super) const NODE_BYTES: usize = 192;

/// `XName`.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(super) struct Name {
    pub(super) namespace: Arc<str>,
    pub(super) local: Arc<str>,
}

/// What a node is.
#[derive(Debug, Clone)]
pub(super) enum Kind {
    Document,
    Element(Name),
    Attribute(Name, Arc<str>),
    Text(Arc<str>),
    CData(Arc<str>),
    Comment(Arc<str>),
    Instruction {
        target: Arc<str>,
        data: Arc<str>,
    },
    DocumentType {
        name: Arc<str>,
        public: Option<Arc<str>>,
        system: Option<Arc<str>>,
        internal: Option<Arc<str>>,
    },
}

/// A node among its relatives, all of the same tree.
#[derive(Debug)]
pub(super) struct Node {
    serial: u64,
    pub(super) kind: Kind,
    pub(super) parent: Option<u32>,
    pub(super) previous: Option<u32>,
    pub(super) next: Option<u32>,
    pub(super) first: Option<u32>,
    pub(super) last: Option<u32>,
    pub(super) attributes: Vec<u32>,
    /// Written with an end tag although it has no children: `<a></a>`.
    pub(super) open: bool,
    /// At least the number of levels below and including it.
    height: u32,
    /// `XDocument.Declaration`.
    pub(super) declaration: Option<Value>,
}

impl Node {
    fn new(kind: Kind) -> Self {
        static SERIALS: AtomicU64 = AtomicU64::new(1);
        Self {
            serial: SERIALS.fetch_add(1, Ordering::Relaxed),
            kind,
            parent: None,
            previous: None,
            next: None,
            first: None,
            last: None,
            attributes: Vec::new(),
            open: false,
            height: 1,
            declaration: None,
        }
    }

    pub(super) fn element(&self) -> Option<&Name> {
        match &self.kind {
            Kind::Element(name) => Some(name),
            _ => None,
        }
    }

    pub(super) fn attribute(&self) -> Option<(&Name, &Arc<str>)> {
        match &self.kind {
            Kind::Attribute(name, value) => Some((name, value)),
            _ => None,
        }
    }

    fn shift(&mut self, by: u32) {
        let links = [
            &mut self.parent,
            &mut self.previous,
            &mut self.next,
            &mut self.first,
            &mut self.last,
        ];
        for link in links.into_iter().flatten() {
            *link += by;
        }
        for attribute in &mut self.attributes {
            *attribute += by;
        }
    }
}

/// Nodes by number.
#[derive(Debug, Default)]
pub(super) struct Tree(Vec<Node>);

impl Tree {
    /// Adds a node without relatives.
    pub(super) fn add(&mut self, kind: Kind) -> u32 {
        let id = u32::try_from(self.0.len()).unwrap_or(u32::MAX);
        self.0.push(Node::new(kind));
        id
    }

    pub(super) fn node(&self, id: u32) -> &Node {
        static NOTHING: OnceLock<Node> = OnceLock::new();
        self.0
            .get(id as usize)
            .unwrap_or_else(|| NOTHING.get_or_init(|| Node::new(Kind::Document)))
    }

    /// What tells the node from all others.
    pub(super) fn serial(&self, id: u32) -> u64 {
        self.node(id).serial
    }

    pub(super) fn update(&mut self, id: u32, change: impl FnOnce(&mut Node)) {
        if let Some(node) = self.0.get_mut(id as usize) {
            change(node);
        }
    }

    pub(super) fn children(&self, id: u32) -> impl Iterator<Item = u32> + '_ {
        std::iter::successors(self.node(id).first, |id| self.node(*id).next)
    }

    pub(super) fn ancestors(&self, id: u32) -> impl Iterator<Item = u32> + '_ {
        std::iter::successors(self.node(id).parent, |id| self.node(*id).parent)
    }

    /// The node after `id` in document order, within `root`.
    pub(super) fn following(&self, root: u32, id: u32) -> Option<u32> {
        if let Some(first) = self.node(id).first {
            return Some(first);
        }
        let mut at = id;
        while at != root {
            let node = self.node(at);
            if node.next.is_some() {
                return node.next;
            }
            at = node.parent?;
        }
        None
    }

    /// All nodes below `root` in document order.
    pub(super) fn descendants(&self, root: u32) -> impl Iterator<Item = u32> + '_ {
        std::iter::successors(self.following(root, root), move |id| {
            self.following(root, *id)
        })
    }

    /// Whether another level of `child` fits below `parent`.
    pub(super) fn fits(&self, parent: u32, child: u32) -> Result<(), Exception> {
        let above = self.ancestors(parent).take(MAX_DEPTH as usize + 1).count();
        let depth = u32::try_from(above)
            .unwrap_or(u32::MAX)
            .saturating_add(self.node(child).height);
        if depth >= MAX_DEPTH {
            return Err(too_deep());
        }
        Ok(())
    }

    /// Puts a node without a parent among the children of `parent`, before `before` or last.
    pub(super) fn link(&mut self, parent: u32, child: u32, before: Option<u32>) {
        let previous = match before {
            Some(before) => self.node(before).previous,
            None => self.node(parent).last,
        };
        self.update(child, |node| {
            node.parent = Some(parent);
            node.previous = previous;
            node.next = before;
        });
        match previous {
            Some(previous) => self.update(previous, |node| node.next = Some(child)),
            None => self.update(parent, |node| node.first = Some(child)),
        }
        match before {
            Some(before) => self.update(before, |node| node.previous = Some(child)),
            None => self.update(parent, |node| node.last = Some(child)),
        }
        let mut at = Some(parent);
        let mut height = self.node(child).height + 1;
        while let Some(id) = at
            && self.node(id).height < height
        {
            self.update(id, |node| node.height = height);
            height += 1;
            at = self.node(id).parent;
        }
    }

    /// Takes a node or attribute from its parent.
    pub(super) fn unlink(&mut self, id: u32) {
        let node = self.node(id);
        let (parent, previous, next) = (node.parent, node.previous, node.next);
        let Some(parent) = parent else { return };
        if node.attribute().is_some() {
            self.update(parent, |node| node.attributes.retain(|a| *a != id));
            self.update(id, |node| node.parent = None);
            return;
        }
        match previous {
            Some(previous) => self.update(previous, |node| node.next = next),
            None => self.update(parent, |node| node.first = next),
        }
        match next {
            Some(next) => self.update(next, |node| node.previous = previous),
            None => self.update(parent, |node| node.last = previous),
        }
        self.update(id, |node| {
            node.parent = None;
            node.previous = None;
            node.next = None;
        });
        // An element that has lost its content is written as an empty one.
        if self.node(parent).first.is_none() && previous.or(next).is_none() {
            self.update(parent, |node| node.open = false);
        }
    }

    /// Takes all children from a node.
    pub(super) fn clear(&mut self, id: u32) {
        while let Some(first) = self.node(id).first {
            self.unlink(first);
        }
        self.update(id, |node| node.open = false);
    }

    /// The number of a child of `parent`, if it still is one.
    pub(super) fn number(&self, parent: u32, child: &Xml) -> Option<u32> {
        // Mostly the handle's own number, where its forest has not moved.
        std::iter::once(child.id)
            .filter(|id| self.node(*id).parent == Some(parent))
            .chain(self.children(parent))
            .find(|id| self.node(*id).serial == child.serial)
    }

    /// The attribute of a name.
    pub(super) fn attribute(&self, element: u32, name: &Name) -> Option<u32> {
        self.node(element).attributes.iter().copied().find(|id| {
            self.node(*id)
                .attribute()
                .is_some_and(|(known, _)| known == name)
        })
    }

    /// `Value` of an element: its texts, joined.
    pub(super) fn text(&self, id: u32) -> String {
        let mut text = String::new();
        for id in self.descendants(id) {
            if let Kind::Text(part) | Kind::CData(part) = &self.node(id).kind {
                text.push_str(part);
            }
        }
        text
    }

    /// A copy of a node and everything in it, without a parent.
    pub(super) fn copy(&self, root: u32) -> Self {
        let mut copy = Self::default();
        let top = self.copy_one(&mut copy, root);
        let mut path = vec![(root, top)];
        for id in self.descendants(root) {
            while path
                .last()
                .is_some_and(|(from, _)| self.node(id).parent != Some(*from))
            {
                path.pop();
            }
            let new = self.copy_one(&mut copy, id);
            if let Some((_, parent)) = path.last() {
                copy.link(*parent, new, None);
            }
            path.push((id, new));
        }
        copy
    }

    fn copy_one(&self, copy: &mut Self, id: u32) -> u32 {
        let node = self.node(id);
        let new = copy.add(node.kind.clone());
        let attributes: Vec<u32> = node
            .attributes
            .iter()
            .map(|attribute| copy.add(self.node(*attribute).kind.clone()))
            .collect();
        for attribute in &attributes {
            copy.update(*attribute, |node| node.parent = Some(new));
        }
        copy.update(new, |copied| {
            copied.attributes = attributes;
            copied.open = node.open;
            copied.declaration.clone_from(&node.declaration);
        });
        new
    }

    /// Nodes of a subtree, attributes not counted, and the bytes of what they hold.
    pub(super) fn size(&self, root: u32) -> usize {
        std::iter::once(root)
            .chain(self.descendants(root))
            .map(|id| {
                let node = self.node(id);
                let own = match &node.kind {
                    Kind::Text(text) | Kind::CData(text) | Kind::Comment(text) => text.len(),
                    _ => 0,
                };
                own + NODE_BYTES * (1 + node.attributes.len())
            })
            .sum()
    }
}

/// Too many levels.
pub(super) fn too_deep() -> Exception {
    Exception::budget(
        BudgetKind::Depth,
        format!("The XML exceeds the limit of {MAX_DEPTH} levels of elements."),
    )
}

#[derive(Debug)]
enum State {
    Here(Tree),
    /// The nodes are in another forest, their numbers so much higher.
    Moved(Arc<Forest>, u32),
}

/// All nodes that were ever connected.
#[derive(Debug)]
pub(super) struct Forest(Mutex<State>);

/// A node in an expression's hands: an `XObject`.
#[derive(Debug, Clone)]
pub(super) struct Xml {
    forest: Arc<Forest>,
    id: u32,
    serial: u64,
    class: Basic,
}

impl Xml {
    /// A node of its own.
    pub(super) fn new(kind: Kind) -> Self {
        let mut tree = Tree::default();
        let id = tree.add(kind);
        Self::root(tree, id)
    }

    /// A node of a tree that nobody else has.
    pub(super) fn root(tree: Tree, id: u32) -> Self {
        let (serial, class) = identity(tree.node(id));
        let forest = Arc::new(Forest(Mutex::new(State::Here(tree))));
        Self {
            forest,
            id,
            serial,
            class,
        }
    }

    /// Works on the node's tree.
    pub(super) fn with<R>(&self, work: impl FnOnce(&mut Tree, u32) -> R) -> R {
        self.with_forest(|tree, id, _| work(tree, id))
    }

    fn with_forest<R>(&self, work: impl FnOnce(&mut Tree, u32, &Arc<Forest>) -> R) -> R {
        let (mut forest, mut id) = (Arc::clone(&self.forest), self.id);
        loop {
            let next = match &mut *lock(&forest.0) {
                State::Here(tree) => return work(tree, id, &forest),
                State::Moved(to, by) => (Arc::clone(to), *by),
            };
            forest = next.0;
            id += next.1;
        }
    }

    /// Handles of nodes of the same tree, as `select` numbers them.
    pub(super) fn handles<C: FromIterator<Value>>(
        &self,
        select: impl FnOnce(&Tree, u32) -> Vec<u32>,
    ) -> C {
        self.with_forest(|tree, id, forest| {
            let selected = select(tree, id);
            selected
                .into_iter()
                .map(|id| Value::foreign(handle(tree, id, forest)))
                .collect()
        })
    }

    /// A relative, or `null`.
    pub(super) fn relative(&self, select: impl FnOnce(&Tree, u32) -> Option<u32>) -> Value {
        self.find(select).map_or(Value::Null, Value::foreign)
    }

    /// A relative.
    pub(super) fn find(&self, select: impl FnOnce(&Tree, u32) -> Option<u32>) -> Option<Self> {
        self.with_forest(|tree, id, forest| {
            let id = select(tree, id)?;
            Some(handle(tree, id, forest))
        })
    }

    /// Works on the tree of two nodes, which are brought into one forest.
    pub(super) fn with_both<R>(
        &self,
        other: &Self,
        work: impl FnOnce(&mut Tree, u32, u32) -> R,
    ) -> R {
        loop {
            let (forest, id) = self.place();
            let (other_forest, other_id) = other.place();
            if !Arc::ptr_eq(&forest, &other_forest) {
                join(&forest, &other_forest);
                continue;
            }
            // Numbers hold as long as the forest has its nodes.
            if let State::Here(tree) = &mut *lock(&forest.0) {
                return work(tree, id, other_id);
            }
        }
    }

    fn place(&self) -> (Arc<Forest>, u32) {
        self.with_forest(|_, id, forest| (Arc::clone(forest), id))
    }

    pub(super) fn class(&self) -> Basic {
        self.class
    }

    /// Whether both are the same node.
    pub(super) fn same(&self, other: &Self) -> bool {
        self.serial == other.serial
    }
}

fn handle(tree: &Tree, id: u32, forest: &Arc<Forest>) -> Xml {
    let (serial, class) = identity(tree.node(id));
    Xml {
        forest: Arc::clone(forest),
        id,
        serial,
        class,
    }
}

fn identity(node: &Node) -> (u64, Basic) {
    let class = match &node.kind {
        Kind::Document => Basic::XDocument,
        Kind::Element(_) => Basic::XElement,
        Kind::Attribute(..) => Basic::XAttribute,
        Kind::Text(_) => Basic::XText,
        Kind::CData(_) => Basic::XCData,
        Kind::Comment(_) => Basic::XComment,
        Kind::Instruction { .. } => Basic::XProcessingInstruction,
        Kind::DocumentType { .. } => Basic::XDocumentType,
    };
    (node.serial, class)
}

/// Moves the nodes of the smaller forest to the larger one. Locks are taken in the order of
/// addresses, so that two threads cannot wait for each other.
fn join(a: &Arc<Forest>, b: &Arc<Forest>) {
    let (low, high) = if Arc::as_ptr(a).addr() < Arc::as_ptr(b).addr() {
        (a, b)
    } else {
        (b, a)
    };
    let mut low_state = lock(&low.0);
    let mut high_state = lock(&high.0);
    let (State::Here(low_tree), State::Here(high_tree)) = (&mut *low_state, &mut *high_state)
    else {
        return;
    };
    if low_tree.0.len() < high_tree.0.len() {
        let by = append(high_tree, low_tree);
        *low_state = State::Moved(Arc::clone(high), by);
    } else {
        let by = append(low_tree, high_tree);
        *high_state = State::Moved(Arc::clone(low), by);
    }
}

fn append(to: &mut Tree, from: &mut Tree) -> u32 {
    let by = u32::try_from(to.0.len()).unwrap_or(u32::MAX);
    for mut node in std::mem::take(&mut from.0) {
        node.shift(by);
        to.0.push(node);
    }
    by
}

impl Foreign for Xml {
    fn type_of(&self) -> Type {
        Type::Basic(self.class)
    }

    fn print(&self) -> Result<String, Exception> {
        super::print::to_text(self, true)
    }

    fn key(&self) -> Option<Key> {
        Some(Key::Parts(vec![
            Key::Scalar(60, 0),
            Key::Scalar(60, i128::from(self.serial)),
        ]))
    }

    fn identity(&self) -> Option<u64> {
        Some(self.serial)
    }
}

/// The node among the arguments, which must not be `null`.
pub(super) fn node(arguments: &[Value], index: usize) -> Result<&Xml, Exception> {
    arguments
        .get(index)
        .and_then(Value::as_foreign::<Xml>)
        .ok_or_else(Exception::null_reference)
}
