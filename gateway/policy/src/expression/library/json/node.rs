//! The tree of tokens: `JObject`, `JArray`, `JProperty`, `JValue`.

use std::sync::{Arc, Mutex, PoisonError, Weak};

use indexmap::IndexMap;

use crate::expression::object::lock;
use crate::expression::types::{Basic, Enumeration, Type};
use crate::expression::value::Value;

/// A token, shared by the tree that holds it and the expressions that look at it.
pub(super) type Tree = Arc<Node>;

/// Bytes that one token costs beside its text.
pub(super) const NODE: usize = size_of::<Node>() + 16;

/// What a token is, which never changes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Class {
    Object,
    Array,
    /// With its name, which Newtonsoft keeps fixed.
    Property(Arc<str>),
    Value,
    Raw,
}

/// `Newtonsoft.Json.Linq.JTokenType`, by its numbers.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    Object = 1,
    Array = 2,
    Property = 4,
    Comment = 5,
    Integer = 6,
    Float = 7,
    String = 8,
    Boolean = 9,
    Null = 10,
    Undefined = 11,
    Date = 12,
    Raw = 13,
    Bytes = 14,
    Guid = 15,
    Uri = 16,
    TimeSpan = 17,
}

impl Kind {
    /// The member's name, for messages.
    pub(super) fn name(self) -> &'static str {
        let number = self as i32;
        Enumeration::JTokenType
            .members()
            .iter()
            .find(|(_, value)| *value == number)
            .map_or("None", |(name, _)| name)
    }
}

/// What a token holds. A lock is taken for as long as it takes to copy a pointer; never two at once.
#[derive(Debug)]
pub(super) enum Content {
    /// Properties by name, in order.
    Object(IndexMap<Arc<str>, Tree>),
    Array(Vec<Tree>),
    /// The value of a property; `None` only while it is being made.
    Property(Option<Tree>),
    /// A value. An [`Kind::Integer`] that is a string is one beyond 64 bits, in digits.
    Value(Kind, Value),
}

#[derive(Debug)]
struct State {
    parent: Weak<Node>,
    content: Content,
}

/// One token.
#[derive(Debug)]
pub(super) struct Node {
    class: Class,
    state: Mutex<State>,
}

impl Node {
    fn new(class: Class, content: Content) -> Tree {
        Arc::new(Self {
            class,
            state: Mutex::new(State {
                parent: Weak::new(),
                content,
            }),
        })
    }

    pub(super) fn object() -> Tree {
        Self::new(Class::Object, Content::Object(IndexMap::new()))
    }

    pub(super) fn array() -> Tree {
        Self::new(Class::Array, Content::Array(Vec::new()))
    }

    /// A property, whose value is `null` until one is set.
    pub(super) fn property(name: impl Into<Arc<str>>) -> Tree {
        Self::new(Class::Property(name.into()), Content::Property(None))
    }

    /// A property with a value that has no parent yet.
    pub(super) fn property_of(name: impl Into<Arc<str>>, value: Tree) -> Tree {
        let property = Self::property(name);
        property.set_only(value);
        property
    }

    pub(super) fn value(kind: Kind, value: Value) -> Tree {
        Self::new(Class::Value, Content::Value(kind, value))
    }

    pub(super) fn null() -> Tree {
        Self::value(Kind::Null, Value::Null)
    }

    pub(super) fn raw(value: Value) -> Tree {
        Self::new(Class::Raw, Content::Value(Kind::Raw, value))
    }

    pub(super) fn class(&self) -> &Class {
        &self.class
    }

    /// The name of a property.
    pub(super) fn name(&self) -> Option<&Arc<str>> {
        match &self.class {
            Class::Property(name) => Some(name),
            _ => None,
        }
    }

    pub(super) fn is_value(&self) -> bool {
        matches!(self.class, Class::Value | Class::Raw)
    }

    pub(super) fn is_container(&self) -> bool {
        !self.is_value()
    }

    /// `JToken.Type`.
    pub(super) fn kind(&self) -> Kind {
        match self.class {
            Class::Object => Kind::Object,
            Class::Array => Kind::Array,
            Class::Property(_) => Kind::Property,
            Class::Value | Class::Raw => match &lock(&self.state).content {
                Content::Value(kind, _) => *kind,
                _ => Kind::Undefined,
            },
        }
    }

    /// Its .NET class.
    pub(super) fn type_of(&self) -> Type {
        Type::Basic(match self.class {
            Class::Object => Basic::JObject,
            Class::Array => Basic::JArray,
            Class::Property(_) => Basic::JProperty,
            Class::Value => Basic::JValue,
            Class::Raw => Basic::JRaw,
        })
    }

    /// The value of a `JValue`.
    pub(super) fn scalar(&self) -> Option<(Kind, Value)> {
        match &lock(&self.state).content {
            Content::Value(kind, value) => Some((*kind, value.clone())),
            _ => None,
        }
    }

    pub(super) fn set_scalar(&self, kind: Kind, value: Value) {
        let kind = if self.class == Class::Raw {
            Kind::Raw
        } else {
            kind
        };
        let old = std::mem::replace(&mut lock(&self.state).content, Content::Value(kind, value));
        drop(old);
    }

    pub(super) fn parent(&self) -> Option<Tree> {
        lock(&self.state).parent.upgrade()
    }

    pub(super) fn set_parent(&self, parent: Option<&Tree>) {
        lock(&self.state).parent = parent.map(Arc::downgrade).unwrap_or_default();
    }

    /// The children: properties of an object, items of an array, the value of a property.
    pub(super) fn children(&self) -> Vec<Tree> {
        match &lock(&self.state).content {
            Content::Object(properties) => properties.values().cloned().collect(),
            Content::Array(items) => items.clone(),
            Content::Property(value) => value.iter().cloned().collect(),
            Content::Value(..) => Vec::new(),
        }
    }

    pub(super) fn count(&self) -> usize {
        match &lock(&self.state).content {
            Content::Object(properties) => properties.len(),
            Content::Array(items) => items.len(),
            Content::Property(value) => usize::from(value.is_some()),
            Content::Value(..) => 0,
        }
    }

    /// Child `index`.
    pub(super) fn at(&self, index: usize) -> Option<Tree> {
        match &lock(&self.state).content {
            Content::Object(properties) => properties.get_index(index).map(|(_, p)| p.clone()),
            Content::Array(items) => items.get(index).cloned(),
            Content::Property(value) if index == 0 => value.clone(),
            _ => None,
        }
    }

    /// The only child: the value of a property.
    pub(super) fn only(&self) -> Option<Tree> {
        match &lock(&self.state).content {
            Content::Property(value) => value.clone(),
            _ => None,
        }
    }

    /// The property of that name.
    pub(super) fn find(&self, name: &str) -> Option<Tree> {
        match &lock(&self.state).content {
            Content::Object(properties) => properties.get(name).cloned(),
            _ => None,
        }
    }

    /// Where a child stands.
    pub(super) fn position(&self, child: &Tree) -> Option<usize> {
        match &lock(&self.state).content {
            Content::Object(properties) => properties.get_index_of(child.name()?),
            Content::Array(items) => items.iter().position(|item| Arc::ptr_eq(item, child)),
            Content::Property(value) => value.as_ref().map(|_| 0),
            Content::Value(..) => None,
        }
    }

    /// Inserts a child without a parent at `index`, or at the end if that is past it. The caller has
    /// made sure that it may be one.
    pub(super) fn insert(self: &Arc<Self>, index: usize, child: Tree) {
        child.set_parent(Some(self));
        let mut state = lock(&self.state);
        match &mut state.content {
            Content::Object(properties) => {
                if let Some(name) = child.name().cloned() {
                    let index = index.min(properties.len());
                    if index == properties.len() {
                        properties.insert(name, child);
                    } else {
                        properties.shift_insert(index, name, child);
                    }
                }
            }
            Content::Array(items) => {
                let index = index.min(items.len());
                items.insert(index, child);
            }
            Content::Property(value) => *value = Some(child),
            Content::Value(..) => {}
        }
    }

    /// Adds a child at the end.
    pub(super) fn push(self: &Arc<Self>, child: Tree) {
        self.insert(usize::MAX, child);
    }

    /// Sets the value of a property; the old one loses its parent.
    pub(super) fn set_only(self: &Arc<Self>, child: Tree) {
        child.set_parent(Some(self));
        let old = match &mut lock(&self.state).content {
            Content::Property(value) => value.replace(child),
            _ => None,
        };
        if let Some(old) = old {
            old.set_parent(None);
        }
    }

    /// Takes child `index` out.
    pub(super) fn remove_at(&self, index: usize) -> Option<Tree> {
        let removed = match &mut lock(&self.state).content {
            Content::Object(properties) => properties.shift_remove_index(index).map(|(_, p)| p),
            Content::Array(items) => (index < items.len()).then(|| items.remove(index)),
            Content::Property(value) => value.take(),
            Content::Value(..) => None,
        };
        if let Some(removed) = &removed {
            removed.set_parent(None);
        }
        removed
    }

    /// Puts a child without a parent in the place of child `index`.
    pub(super) fn replace_at(self: &Arc<Self>, index: usize, child: Tree) {
        if matches!(self.class, Class::Array) {
            child.set_parent(Some(self));
            let old = match &mut lock(&self.state).content {
                Content::Array(items) => items
                    .get_mut(index)
                    .map(|slot| std::mem::replace(slot, child)),
                _ => None,
            };
            if let Some(old) = old {
                old.set_parent(None);
            }
            return;
        }
        let old = self.remove_at(index);
        drop(old);
        self.insert(index, child);
    }

    /// Takes all children out.
    pub(super) fn clear(&self) {
        let children: Vec<Tree> = match &mut lock(&self.state).content {
            Content::Object(properties) => std::mem::take(properties)
                .into_iter()
                .map(|(_, p)| p)
                .collect(),
            Content::Array(items) => std::mem::take(items),
            Content::Property(value) => value.take().into_iter().collect(),
            Content::Value(..) => Vec::new(),
        };
        for child in children {
            child.set_parent(None);
        }
    }

    /// The topmost token above this one, and how many levels it is away.
    pub(super) fn root(self: &Arc<Self>) -> (Tree, usize) {
        let mut levels = 0;
        let mut top = Arc::clone(self);
        while let Some(parent) = top.parent() {
            top = parent;
            levels += 1;
        }
        (top, levels)
    }

    fn take_children(&mut self, into: &mut Vec<Tree>) {
        let state = self.state.get_mut().unwrap_or_else(PoisonError::into_inner);
        match &mut state.content {
            Content::Object(properties) => into.extend(properties.drain(..).map(|(_, p)| p)),
            Content::Array(items) => into.append(items),
            Content::Property(value) => into.extend(value.take()),
            Content::Value(..) => {}
        }
    }
}

/// Without recursion: a program can nest tokens as deep as it likes.
impl Drop for Node {
    fn drop(&mut self) {
        let mut pending = Vec::new();
        self.take_children(&mut pending);
        while let Some(child) = pending.pop() {
            // Its own children point at it weakly, so that `get_mut` would find it shared.
            if let Some(mut child) = Arc::into_inner(child) {
                child.take_children(&mut pending);
            }
        }
    }
}
