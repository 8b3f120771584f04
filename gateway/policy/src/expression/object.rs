//! Reference types: arrays, collections, and what else lives behind a reference.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use indexmap::IndexMap;

use super::exception::Exception;
use super::foreign::Foreign;
use super::key::Key;
use super::query::Query;
use super::random::SeededRandom;
use super::text::Text;
use super::types::{Basic, Family, Type};
use super::value::Value;

/// An object. Contents that .NET lets programs change are behind a lock, which is never held while
/// code of the expression runs.
#[derive(Debug)]
pub enum Object {
    /// `T[]`.
    Array {
        element: Type,
        items: Mutex<Vec<Value>>,
    },
    /// `byte[]`.
    Bytes(Mutex<Vec<u8>>),
    /// `List<T>`.
    List {
        element: Type,
        items: Mutex<Vec<Value>>,
    },
    /// `Dictionary<TKey, TValue>` in order of insertion.
    Dictionary {
        key: Type,
        value: Type,
        ignore_case: bool,
        entries: Mutex<IndexMap<Key, (Value, Value)>>,
    },
    /// `HashSet<T>` in order of insertion.
    Set {
        element: Type,
        ignore_case: bool,
        entries: Mutex<IndexMap<Key, Value>>,
    },
    /// `Queue<T>`.
    Queue {
        element: Type,
        items: Mutex<VecDeque<Value>>,
    },
    /// `Stack<T>`, the top last.
    Stack {
        element: Type,
        items: Mutex<Vec<Value>>,
    },
    /// `StringBuilder`.
    StringBuilder(Mutex<String>),
    /// `Random`: seeded, or drawing from the host.
    Random(Option<Mutex<SeededRandom>>),
    /// `KeyValuePair<TKey, TValue>`.
    Pair {
        types: Arc<[Type]>,
        key: Value,
        value: Value,
    },
    /// `IGrouping<TKey, TElement>`.
    Grouping {
        types: Arc<[Type]>,
        key: Value,
        items: Vec<Value>,
    },
    /// `Tuple` or `ValueTuple`.
    Tuple {
        family: Family,
        types: Arc<[Type]>,
        items: Vec<Value>,
    },
    /// An object of an anonymous type.
    Anonymous {
        shape: Arc<[(Arc<str>, Type)]>,
        values: Vec<Value>,
    },
    /// A lambda or local function with what it captured.
    Closure(Closure),
    /// A deferred LINQ query.
    Query(Query),
    /// An exception.
    Exception(Exception),
    /// `Encoding`.
    Encoding(Charset),
    /// `StringComparer`.
    Comparer { ignore_case: bool },
    /// `X500DistinguishedName`.
    DistinguishedName(Text),
    /// `context.Deployment.IdentityLists["id"]`.
    IdentityList(Arc<str>),
    /// A type, as a library function is told it.
    Token(Type),
    /// An object that a part of the library defines.
    Foreign(Box<dyn Foreign>),
}

/// Character encodings.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[allow(missing_docs, reason = "as in .NET")]
pub enum Charset {
    Utf8,
    Ascii,
    Utf16,
    Utf16BigEndian,
    Latin1,
}

/// A function of the program and the variables it captured.
#[derive(Debug)]
pub struct Closure {
    /// [`super::node::Program::id`] of the only program that can run it.
    pub(crate) program: u64,
    /// Index into the program's functions.
    pub(crate) function: usize,
    /// Captured variables, in the order the function expects them.
    pub(crate) captures: Vec<Arc<Variable>>,
    /// Its delegate type.
    pub(crate) ty: Type,
}

/// A variable that outlives its block because a function captured it.
#[derive(Debug, Default)]
pub(crate) struct Variable(Mutex<Option<Value>>);

impl Variable {
    pub(crate) fn new(value: Value) -> Self {
        Self(Mutex::new(Some(value)))
    }

    pub(crate) fn get(&self) -> Value {
        lock(&self.0).clone().unwrap_or(Value::Null)
    }

    pub(crate) fn set(&self, value: Value) {
        *lock(&self.0) = Some(value);
    }

    /// Breaks the cycle of a function that captured itself.
    pub(crate) fn clear(&self) {
        let held = lock(&self.0).take();
        drop(held);
    }
}

/// Takes a lock; a panic elsewhere cannot leave these contents half changed.
pub(crate) fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

impl Object {
    pub(crate) fn byte_array(content: Vec<u8>) -> Self {
        Self::Bytes(Mutex::new(content))
    }

    /// An array of `element`; bytes are packed.
    pub(crate) fn array(element: Type, items: Vec<Value>) -> Self {
        if element == Type::Basic(Basic::Byte) {
            return Self::byte_array(items.iter().map(byte).collect());
        }
        Self::Array {
            element,
            items: Mutex::new(items),
        }
    }

    pub(crate) fn list(element: Type, items: Vec<Value>) -> Self {
        Self::List {
            element,
            items: Mutex::new(items),
        }
    }

    pub(crate) fn set(element: Type, ignore_case: bool, items: Vec<Value>) -> Self {
        let mut entries = IndexMap::with_capacity(items.len());
        for item in items {
            entries.entry(Key::of(&item, ignore_case)).or_insert(item);
        }
        Self::Set {
            element,
            ignore_case,
            entries: Mutex::new(entries),
        }
    }

    pub(crate) fn pair(types: &Arc<[Type]>, key: Value, value: Value) -> Self {
        Self::Pair {
            types: Arc::clone(types),
            key,
            value,
        }
    }

    /// Its runtime type.
    pub(crate) fn type_of(&self) -> Type {
        let generic = |family, arguments: &[&Type]| {
            Type::Generic(family, arguments.iter().map(|ty| (*ty).clone()).collect())
        };
        match self {
            Self::Array { element, .. } => Type::array(element.clone()),
            Self::Bytes(_) => Type::array(Type::Basic(Basic::Byte)),
            Self::List { element, .. } => generic(Family::List, &[element]),
            Self::Dictionary { key, value, .. } => generic(Family::Dictionary, &[key, value]),
            Self::Set { element, .. } => generic(Family::HashSet, &[element]),
            Self::Queue { element, .. } => generic(Family::Queue, &[element]),
            Self::Stack { element, .. } => generic(Family::Stack, &[element]),
            Self::StringBuilder(_) => Type::Basic(Basic::StringBuilder),
            Self::Random(_) => Type::Basic(Basic::Random),
            Self::Pair { types, .. } => Type::Generic(Family::Pair, Arc::clone(types)),
            Self::Grouping { types, .. } => Type::Generic(Family::Grouping, Arc::clone(types)),
            Self::Tuple { family, types, .. } => Type::Generic(*family, Arc::clone(types)),
            Self::Anonymous { shape, .. } => Type::Anonymous(Arc::clone(shape)),
            Self::Closure(closure) => closure.ty.clone(),
            Self::Query(query) => query.type_of(),
            Self::Exception(exception) => super::type_names::EXCEPTIONS
                .iter()
                .find(|name| **name == exception.type_name)
                .map_or(
                    Type::Exception(super::exception::names::EXCEPTION),
                    |name| Type::Exception(name),
                ),
            Self::Encoding(_) => Type::Basic(Basic::Encoding),
            Self::Comparer { .. } => Type::Basic(Basic::StringComparer),
            Self::DistinguishedName(_) => Type::Basic(Basic::DistinguishedName),
            Self::IdentityList(_) => Type::Basic(Basic::IdentityList),
            Self::Token(_) => Type::OBJECT,
            Self::Foreign(object) => object.type_of(),
        }
    }

    /// The content of a `byte[]`.
    pub(crate) fn to_bytes(&self) -> Option<Vec<u8>> {
        match self {
            Self::Bytes(content) => Some(lock(content).clone()),
            _ => None,
        }
    }

    /// Calls `visit` with every object this one holds, until it says no.
    pub(crate) fn visit_objects(&self, visit: &mut dyn FnMut(&Arc<Self>) -> bool) -> bool {
        let mut one = |value: &Value| match value {
            Value::Object(object) => visit(object),
            _ => true,
        };
        match self {
            Self::Array { items, .. } | Self::List { items, .. } | Self::Stack { items, .. } => {
                lock(items).iter().all(one)
            }
            Self::Queue { items, .. } => lock(items).iter().all(one),
            Self::Dictionary { entries, .. } => lock(entries)
                .values()
                .all(|(key, value)| one(key) && one(value)),
            Self::Set { entries, .. } => lock(entries).values().all(one),
            Self::Pair { key, value, .. } => one(key) && one(value),
            Self::Grouping { key, items, .. } => one(key) && items.iter().all(one),
            Self::Tuple { items, .. } => items.iter().all(one),
            Self::Anonymous { values, .. } => values.iter().all(one),
            Self::Query(query) => query.values().into_iter().all(one),
            Self::Foreign(object) => object.visit_objects(visit),
            // Captured variables are emptied when the evaluation ends.
            _ => true,
        }
    }

    /// Bytes of what is read whole: byte arrays and texts; 0 for everything else.
    pub(crate) fn byte_length(&self) -> usize {
        match self {
            Self::Bytes(content) => lock(content).len(),
            Self::StringBuilder(content) => lock(content).len(),
            Self::Foreign(object) => object.byte_length(),
            _ => 0,
        }
    }

    /// The elements of an array or collection, copied; `None` for what has none in memory.
    pub(crate) fn elements(&self) -> Option<Vec<Value>> {
        Some(match self {
            Self::Array { items, .. } | Self::List { items, .. } => lock(items).clone(),
            Self::Bytes(content) => lock(content)
                .iter()
                .map(|byte| Value::Byte(*byte))
                .collect(),
            Self::Dictionary {
                key,
                value,
                entries,
                ..
            } => {
                let types: Arc<[Type]> = Arc::new([key.clone(), value.clone()]);
                lock(entries)
                    .values()
                    .map(|(key, value)| {
                        Value::object(Self::pair(&types, key.clone(), value.clone()))
                    })
                    .collect()
            }
            Self::Set { entries, .. } => lock(entries).values().cloned().collect(),
            Self::Queue { items, .. } => lock(items).iter().cloned().collect(),
            Self::Stack { items, .. } => lock(items).iter().rev().cloned().collect(),
            Self::Grouping { items, .. } => items.clone(),
            Self::Foreign(object) => return object.elements(),
            _ => return None,
        })
    }

    /// Number of elements, where it is known without running a query.
    pub(crate) fn count(&self) -> Option<usize> {
        Some(match self {
            Self::Array { items, .. } | Self::List { items, .. } | Self::Stack { items, .. } => {
                lock(items).len()
            }
            Self::Bytes(content) => lock(content).len(),
            Self::Dictionary { entries, .. } => lock(entries).len(),
            Self::Set { entries, .. } => lock(entries).len(),
            Self::Queue { items, .. } => lock(items).len(),
            Self::Grouping { items, .. } => items.len(),
            Self::Foreign(object) => return object.count(),
            _ => return None,
        })
    }

    /// Element `index` of an array or list; `None` past its end or for other objects.
    pub(crate) fn at(&self, index: usize) -> Option<Value> {
        match self {
            Self::Array { items, .. } | Self::List { items, .. } => lock(items).get(index).cloned(),
            Self::Bytes(content) => lock(content).get(index).map(|byte| Value::Byte(*byte)),
            Self::Grouping { items, .. } => items.get(index).cloned(),
            _ => None,
        }
    }

    /// Overwrites element `index` of an array or list; `false` past its end.
    pub(crate) fn set_at(&self, index: usize, value: Value) -> bool {
        match self {
            Self::Array { items, .. } | Self::List { items, .. } => {
                let mut items = lock(items);
                let Some(slot) = items.get_mut(index) else {
                    return false;
                };
                let old = std::mem::replace(slot, value);
                drop(items);
                drop(old);
                true
            }
            Self::Bytes(content) => lock(content)
                .get_mut(index)
                .map(|slot| *slot = byte(&value))
                .is_some(),
            _ => false,
        }
    }
}

/// Frees what hangs from an object without recursion: a program can build chains of any length, and
/// dropping them one inside the other would end on the guard page of the stack.
impl Drop for Object {
    fn drop(&mut self) {
        let mut pending = Vec::new();
        self.take_children(&mut pending);
        while let Some(value) = pending.pop() {
            if let Value::Object(mut object) = value
                && let Some(object) = Arc::get_mut(&mut object)
            {
                object.take_children(&mut pending);
            }
        }
    }
}

impl Object {
    /// Moves the values this object holds to `into`; only ever done to an object that is going.
    fn take_children(&mut self, into: &mut Vec<Value>) {
        fn inner<T>(mutex: &mut Mutex<T>) -> &mut T {
            mutex.get_mut().unwrap_or_else(PoisonError::into_inner)
        }
        match self {
            Self::Array { items, .. } | Self::List { items, .. } | Self::Stack { items, .. } => {
                into.append(inner(items));
            }
            Self::Queue { items, .. } => into.extend(inner(items).drain(..)),
            Self::Dictionary { entries, .. } => {
                into.extend(
                    inner(entries)
                        .drain(..)
                        .flat_map(|(_, (key, value))| [key, value]),
                );
            }
            Self::Set { entries, .. } => {
                into.extend(inner(entries).drain(..).map(|(_, value)| value))
            }
            Self::Pair { key, value, .. } => {
                into.push(std::mem::replace(key, Value::Null));
                into.push(std::mem::replace(value, Value::Null));
            }
            Self::Grouping { key, items, .. } => {
                into.push(std::mem::replace(key, Value::Null));
                into.append(items);
            }
            Self::Tuple { items, .. } => into.append(items),
            Self::Anonymous { values, .. } => into.append(values),
            Self::Closure(closure) => {
                for mut variable in closure.captures.drain(..) {
                    if let Some(variable) = Arc::get_mut(&mut variable) {
                        into.extend(inner(&mut variable.0).take());
                    }
                }
            }
            Self::Query(query) => query.take_children(into),
            Self::Foreign(object) => object.take_children(into),
            _ => {}
        }
    }
}

/// A byte of a value that the checker made one.
fn byte(value: &Value) -> u8 {
    match value {
        Value::Byte(byte) => *byte,
        _ => 0,
    }
}
