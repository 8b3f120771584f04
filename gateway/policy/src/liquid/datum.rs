//! Values while a template is rendered.

use std::sync::Arc;

use indexmap::IndexMap;

use crate::expression::json_binding::{self, Shape};
use crate::expression::{Budget, Exception, Handle, Value};

/// A value. Cloning is cheap.
#[derive(Debug, Clone)]
pub(super) enum Datum {
    /// What has no parts, `null` included.
    Scalar(Value),
    /// A JSON object, shared with the tree that was parsed.
    JsonObject(Value),
    /// A JSON array.
    JsonArray(Value),
    /// An XML element with elements in it.
    Xml(Arc<Element>),
    List(Arc<[Self]>),
    Map(Arc<IndexMap<Arc<str>, Self>>),
    /// A name and its value, as loops over objects give them.
    Pair(Arc<(Arc<str>, Self)>),
    /// First and last whole number.
    Range(i64, i64),
    /// Part of `context`.
    Part(Handle),
    Empty,
    Blank,
}

/// The elements within an XML element, by local name, in order.
#[derive(Debug)]
pub(super) struct Element(pub(super) Vec<(Arc<str>, Datum)>);

impl Datum {
    pub(super) const NULL: Self = Self::Scalar(Value::Null);

    /// A value of an expression or a JSON token.
    pub(super) fn of(value: Value, budget: &mut Budget) -> Result<Self, Exception> {
        if let Some(shape) = json_binding::shape(&value) {
            return Ok(match shape {
                Shape::Object => Self::JsonObject(value),
                Shape::Array => Self::JsonArray(value),
                Shape::Scalar(scalar) => Self::Scalar(scalar),
            });
        }
        Ok(match &value {
            Value::Handle(handle) => Self::Part(*handle),
            Value::Object(_) => match json_binding::elements(&value) {
                Some(items) => {
                    budget.allocate(items.len().saturating_mul(size_of::<Self>()))?;
                    let items: Result<Vec<Self>, Exception> = items
                        .into_iter()
                        .map(|item| match json_binding::elements(&item) {
                            // Lists within lists are shown as text.
                            Some(_) if json_binding::shape(&item).is_none() => {
                                Ok(Self::Scalar(item))
                            }
                            _ => Self::of(item, budget),
                        })
                        .collect();
                    Self::List(items?.into())
                }
                None => Self::Scalar(value),
            },
            _ => Self::Scalar(value),
        })
    }

    pub(super) fn text(text: impl Into<Arc<str>>) -> Self {
        Self::Scalar(Value::text(text))
    }

    pub(super) fn int(number: usize) -> Self {
        Self::Scalar(match i32::try_from(number) {
            Ok(number) => Value::Int(number),
            Err(_) => Value::Long(i64::try_from(number).unwrap_or(i64::MAX)),
        })
    }

    pub(super) fn bool(value: bool) -> Self {
        Self::Scalar(Value::Bool(value))
    }

    pub(super) fn is_null(&self) -> bool {
        matches!(self, Self::Scalar(Value::Null))
    }

    /// Everything but `null` and `false`.
    pub(super) fn is_truthy(&self) -> bool {
        !matches!(self, Self::Scalar(Value::Null | Value::Bool(false)))
    }

    /// Whether it has members of its own: a dictionary.
    pub(super) fn is_dictionary(&self) -> bool {
        matches!(self, Self::JsonObject(_) | Self::Xml(_) | Self::Map(_))
    }

    /// The text, if it is one.
    pub(super) fn as_str(&self) -> Option<&str> {
        match self {
            Self::Scalar(value) => value.as_str(),
            _ => None,
        }
    }

    /// The member of this name of a dictionary.
    pub(super) fn member(
        &self,
        name: &str,
        budget: &mut Budget,
    ) -> Result<Option<Self>, Exception> {
        Ok(match self {
            Self::JsonObject(object) => match json_binding::member(object, name) {
                Some(value) => Some(Self::of(value, budget)?),
                None => None,
            },
            Self::Map(map) => map.get(name).cloned(),
            Self::Xml(element) => {
                budget.charge(1 + element.0.len() as u64 / 8)?;
                element.member(name)
            }
            Self::Pair(pair) => match name {
                "Key" => Some(Self::text(Arc::clone(&pair.0))),
                "Value" => Some(pair.1.clone()),
                "itemName" if pair.1.is_dictionary() => Some(Self::text(Arc::clone(&pair.0))),
                name if name == pair.0.as_ref() => Some(pair.1.clone()),
                name if pair.1.is_dictionary() => return pair.1.member(name, budget),
                _ => None,
            },
            _ => None,
        })
    }

    /// The element at an index, from the end if it is negative.
    pub(super) fn item(&self, index: i64, budget: &mut Budget) -> Result<Option<Self>, Exception> {
        let place = |length: usize| {
            let length = i64::try_from(length).unwrap_or(i64::MAX);
            usize::try_from(if index < 0 { length + index } else { index }).ok()
        };
        Ok(match self {
            Self::List(items) => place(items.len()).and_then(|at| items.get(at)).cloned(),
            Self::JsonArray(array) => {
                let item =
                    place(json_binding::length(array)).and_then(|at| json_binding::item(array, at));
                match item {
                    Some(item) => Some(Self::of(item, budget)?),
                    None => None,
                }
            }
            Self::Xml(element) => place(element.0.len())
                .and_then(|at| element.0.get(at))
                .map(|(_, value)| value.clone()),
            Self::Range(first, last) => {
                let at = if index < 0 {
                    last + 1 + index
                } else {
                    first + index
                };
                (*first..=*last).contains(&at).then(|| Self::whole(at))
            }
            Self::Pair(pair) => match index {
                0 => Some(Self::text(Arc::clone(&pair.0))),
                1 => Some(pair.1.clone()),
                _ => None,
            },
            _ => None,
        })
    }

    pub(super) fn whole(number: i64) -> Self {
        Self::Scalar(i32::try_from(number).map_or(Value::Long(number), Value::Int))
    }

    /// The elements from `from` up to `to` of what can be gone through; `None` if it cannot.
    pub(super) fn elements(
        &self,
        from: usize,
        to: usize,
        budget: &mut Budget,
    ) -> Result<Option<Vec<Self>>, Exception> {
        let Some(length) = self.length(budget)? else {
            return Ok(None);
        };
        let to = to.min(length);
        let count = to.saturating_sub(from);
        budget.charge(count as u64)?;
        budget.allocate(count.saturating_mul(size_of::<Self>()))?;
        let mut items = Vec::with_capacity(count);
        match self {
            Self::Scalar(value) => {
                let text = value.as_str().unwrap_or_default();
                let chars = text.chars().skip(from).take(count);
                items.extend(chars.map(|c| Self::text(c.to_string())));
            }
            Self::JsonObject(object) => {
                for at in from..to {
                    if let Some((name, value)) = json_binding::pair(object, at) {
                        let value = Self::of(value, budget)?;
                        items.push(Self::Pair(Arc::new((name, value))));
                    }
                }
            }
            Self::JsonArray(array) => {
                for at in from..to {
                    if let Some(item) = json_binding::item(array, at) {
                        items.push(Self::of(item, budget)?);
                    }
                }
            }
            Self::Map(map) => items.extend(
                map.iter()
                    .skip(from)
                    .take(count)
                    .map(|(name, value)| Self::Pair(Arc::new((Arc::clone(name), value.clone())))),
            ),
            Self::Xml(element) => {
                items.extend(
                    element
                        .0
                        .iter()
                        .skip(from)
                        .take(count)
                        .map(|(_, v)| v.clone()),
                );
            }
            Self::List(list) => items.extend(list.iter().skip(from).take(count).cloned()),
            Self::Range(first, last) => {
                let skip = i64::try_from(from).unwrap_or(i64::MAX);
                let begin = first.saturating_add(skip);
                items.extend((begin..=*last).take(count).map(Self::whole));
            }
            Self::Pair(_) | Self::Part(_) | Self::Empty | Self::Blank => {}
        }
        Ok(Some(items))
    }

    /// How many elements it has; `None` if it cannot be gone through. Parts of `context` are made lists
    /// before.
    pub(super) fn length(&self, budget: &mut Budget) -> Result<Option<usize>, Exception> {
        Ok(match self {
            Self::Scalar(value) => match value.as_str() {
                Some(text) => {
                    budget.charge(text.len() as u64 / 64)?;
                    Some(text.chars().count())
                }
                None => None,
            },
            Self::JsonObject(value) | Self::JsonArray(value) => Some(json_binding::length(value)),
            Self::Xml(element) => Some(element.0.len()),
            Self::List(items) => Some(items.len()),
            Self::Map(map) => Some(map.len()),
            Self::Range(first, last) => {
                let count = last.saturating_sub(*first).saturating_add(1);
                Some(usize::try_from(count).unwrap_or(0))
            }
            Self::Pair(_) | Self::Part(_) | Self::Empty | Self::Blank => None,
        })
    }
}

impl Element {
    /// The elements of this name: one alone, several as a list. Names without regard to case if none
    /// has it exactly: APIM's own templates write `body.envelope.body` for `<Envelope><Body>`.
    fn member(&self, name: &str) -> Option<Datum> {
        let select = |fits: &dyn Fn(&str) -> bool| -> Vec<Datum> {
            self.0
                .iter()
                .filter(|(local, _)| fits(local))
                .map(|(_, value)| value.clone())
                .collect()
        };
        let mut found = select(&|local| local == name);
        if found.is_empty() {
            found = select(&|local| local.eq_ignore_ascii_case(name));
        }
        if found.len() > 1 {
            return Some(Datum::List(found.into()));
        }
        found.pop()
    }
}
