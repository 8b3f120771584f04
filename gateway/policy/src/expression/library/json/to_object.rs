//! Trees as values of .NET types: `ToObject<T>`, `JsonConvert.DeserializeObject<T>`.

use std::sync::Arc;

use super::casts::{cast_node, change};
use super::edit;
use super::node::{Class, Kind, Tree};
use super::position::message;
use super::token::value_of;
use super::tree_path::path_of;
use crate::expression::BudgetKind;
use crate::expression::budget::Budget;
use crate::expression::exception::{Exception, names};
use crate::expression::key::Key;
use crate::expression::object::{Object, lock};
use crate::expression::types::{Basic, Family, Type};
use crate::expression::value::Value;

type Outcome = Result<Value, Exception>;

/// Types inside types that are read.
const MAX_LEVELS: usize = 64;

/// Whether strings that look like dates are read as dates on the way to `ty`: not if everything in it
/// says what it wants.
pub(super) fn reads_dates(ty: &Type) -> bool {
    match ty {
        Type::Array(inner) | Type::Nullable(inner) => reads_dates(inner),
        Type::Generic(_, arguments) => arguments.last().is_none_or(reads_dates),
        Type::Basic(Basic::Object) => true,
        ty => is_token(ty),
    }
}

fn is_token(ty: &Type) -> bool {
    ty.derives_from(&Type::Basic(Basic::JToken))
}

/// `JToken.ToObject<T>()`: simple types by the operators of `JToken`.
pub(super) fn to_object(budget: &mut Budget, node: &Tree, ty: &Type) -> Outcome {
    let nullable = matches!(ty, Type::Nullable(_));
    match ty.unwrap_nullable() {
        plain @ Type::Basic(basic)
            if *basic == Basic::String || (plain.is_value_type() && is_castable(*basic)) =>
        {
            cast_node(budget, node, plain, nullable || *basic == Basic::String)
        }
        _ => deserialize(budget, node, ty, None),
    }
}

fn is_castable(basic: Basic) -> bool {
    Type::Basic(basic).is_numeric()
        || matches!(
            basic,
            Basic::Bool | Basic::DateTime | Basic::DateTimeOffset | Basic::TimeSpan | Basic::Guid
        )
}

/// What `JsonSerializer` makes of a tree. `place` is where the text ends, for messages.
pub(super) fn deserialize(
    budget: &mut Budget,
    node: &Tree,
    ty: &Type,
    place: Option<(usize, usize)>,
) -> Outcome {
    Deserializer { budget, place }.value(node, ty, 0)
}

struct Deserializer<'a> {
    budget: &'a mut Budget,
    place: Option<(usize, usize)>,
}

impl Deserializer<'_> {
    fn error(&self, node: &Tree, text: &str) -> Exception {
        self.error_of(names::JSON_SERIALIZATION, node, text)
    }

    /// Trees do not keep where their tokens were read: only the place of the whole text is known.
    fn error_of(&self, class: &'static str, node: &Tree, text: &str) -> Exception {
        let place = self.place.filter(|_| node.parent().is_none());
        Exception::new(class, message(text, &path_of(node), place))
    }

    /// A simple type, as the reader's `ReadAsInt32` and its like read it.
    fn simple(&self, node: &Tree, basic: Basic, ty: &Type) -> Outcome {
        let Some((kind, value)) = node.scalar() else {
            return Err(self.unexpected(node, ty));
        };
        match (kind, basic, &value) {
            (Kind::Boolean, Basic::String, Value::Bool(flag)) => {
                return Ok(Value::from(if *flag { "true" } else { "false" }));
            }
            // From a text; a tree's number is converted.
            (Kind::Float, Basic::Int, _) if self.place.is_some() => {
                let shown = super::writer::write(node, false)?;
                let text = format!("Input string '{shown}' is not a valid integer.");
                return Err(self.error_of(names::JSON_READER, node, &text));
            }
            _ => {}
        }
        change(&value, basic).map_err(|_| {
            let what = match basic {
                Basic::Int => "integer",
                Basic::Double => "double",
                Basic::Decimal => "decimal",
                Basic::Bool => "boolean",
                Basic::DateTime => "DateTime",
                Basic::DateTimeOffset => "DateTimeOffset",
                _ => return self.unconvertible(node, ty),
            };
            match (kind, &value) {
                (Kind::String, Value::Text(text)) => {
                    let text = format!("Could not convert string to {what}: {}.", text.as_str());
                    self.error_of(names::JSON_READER, node, &text)
                }
                (Kind::Integer, _) if basic == Basic::Int && self.place.is_some() => {
                    let shown = value.to_text().unwrap_or_default();
                    let text = format!("JSON integer {shown} is too large or small for an Int32.");
                    self.error_of(names::JSON_READER, node, &text)
                }
                _ => self.unconvertible(node, ty),
            }
        })
    }

    fn value(&mut self, node: &Tree, ty: &Type, level: usize) -> Outcome {
        self.budget.charge(1)?;
        self.budget.allocate(size_of::<Value>())?;
        if level > MAX_LEVELS {
            return Err(Exception::budget(
                BudgetKind::Depth,
                "The JSON is nested too deeply to be read.",
            ));
        }
        let node = &node.only().unwrap_or_else(|| Arc::clone(node));
        let null = matches!(node.kind(), Kind::Null | Kind::Undefined);
        if is_token(ty) {
            return self.token(node, ty, null);
        }
        if *ty == Type::OBJECT {
            return match node.scalar() {
                Some((_, value)) => Ok(value),
                None => edit::clone(self.budget, node).map(value_of),
            };
        }
        if null {
            return if ty.is_value_type() {
                Err(self.unconvertible(node, ty))
            } else {
                Ok(Value::Null)
            };
        }
        match ty.unwrap_nullable() {
            Type::Array(element) if **element == Type::Basic(Basic::Byte) => {
                cast_node(self.budget, node, ty, true).map_err(|_| self.unconvertible(node, ty))
            }
            Type::Array(element) => {
                let items = self.items(node, ty, element, level)?;
                Ok(Value::object(Object::array(
                    element.as_ref().clone(),
                    items,
                )))
            }
            Type::Generic(
                Family::List
                | Family::IList
                | Family::Enumerable
                | Family::Collection
                | Family::ReadOnlyList
                | Family::ReadOnlyCollection,
                arguments,
            ) => {
                let element = arguments.first().cloned().unwrap_or(Type::OBJECT);
                let items = self.items(node, ty, &element, level)?;
                Ok(Value::object(Object::list(element, items)))
            }
            Type::Generic(Family::HashSet | Family::ISet, arguments) => {
                let element = arguments.first().cloned().unwrap_or(Type::OBJECT);
                let items = self.items(node, ty, &element, level)?;
                Ok(Value::object(Object::set(element, false, items)))
            }
            Type::Generic(
                Family::Dictionary | Family::IDictionary | Family::ReadOnlyDictionary,
                arguments,
            ) => self.dictionary(node, ty, arguments, level),
            Type::Enumeration(enumeration) => match node.scalar() {
                Some((Kind::Integer, value)) => Ok(Value::Enum(
                    *enumeration,
                    value
                        .as_int()
                        .and_then(|number| i32::try_from(number).ok())
                        .ok_or_else(|| self.unconvertible(node, ty))?,
                )),
                Some((Kind::String, Value::Text(text))) => enumeration
                    .members()
                    .iter()
                    .find(|(name, _)| name.eq_ignore_ascii_case(text.trim()))
                    .map(|(_, number)| Value::Enum(*enumeration, *number))
                    .ok_or_else(|| self.unconvertible(node, ty)),
                _ => Err(self.unconvertible(node, ty)),
            },
            Type::Basic(basic)
                if is_castable(*basic) || matches!(basic, Basic::String | Basic::Char) =>
            {
                self.simple(node, *basic, ty)
            }
            _ => Err(Exception::new(
                names::NOT_SUPPORTED,
                format!("JSON cannot be read as '{}'.", ty.full_name()),
            )),
        }
    }

    fn token(&mut self, node: &Tree, ty: &Type, null: bool) -> Outcome {
        let any = matches!(ty, Type::Basic(Basic::JToken | Basic::JValue));
        if null && !any {
            return Ok(Value::Null);
        }
        if !node.type_of().derives_from(ty) {
            let text = format!(
                "Deserialized JSON type '{}' is not compatible with expected type '{}'.",
                node.type_of().full_name(),
                ty.full_name()
            );
            return Err(self.error(node, &text));
        }
        edit::clone(self.budget, node).map(value_of)
    }

    fn unconvertible(&self, node: &Tree, ty: &Type) -> Exception {
        let shown = match node.scalar() {
            Some((Kind::String, value)) => {
                let text = value.to_text().unwrap_or_default();
                format!("\"{text}\"")
            }
            Some((_, Value::Null)) => "{null}".to_owned(),
            Some((_, value)) => value.to_text().unwrap_or_default(),
            None => return self.unexpected(node, ty),
        };
        let text = format!(
            "Error converting value {shown} to type '{}'.",
            ty.full_name()
        );
        self.error(node, &text)
    }

    fn unexpected(&self, node: &Tree, ty: &Type) -> Exception {
        let (kind, example) = match node.class() {
            Class::Array => ("array", "(e.g. [1,2,3])"),
            Class::Object | Class::Property(_) => ("object", "(e.g. {\"name\":\"value\"})"),
            Class::Value | Class::Raw => ("value", ""),
        };
        let text = format!(
            "Cannot deserialize the current JSON {kind} {example} into type '{}'.",
            ty.full_name()
        );
        self.error(node, &text)
    }

    fn items(
        &mut self,
        node: &Tree,
        ty: &Type,
        element: &Type,
        level: usize,
    ) -> Result<Vec<Value>, Exception> {
        if *node.class() != Class::Array {
            return Err(self.unexpected(node, ty));
        }
        let mut items = Vec::new();
        for child in node.children() {
            items.push(self.value(&child, element, level + 1)?);
        }
        Ok(items)
    }

    fn dictionary(&mut self, node: &Tree, ty: &Type, arguments: &[Type], level: usize) -> Outcome {
        let [Type::Basic(key), element] = arguments else {
            return Err(Exception::new(
                names::NOT_SUPPORTED,
                format!("JSON cannot be read as '{}'.", ty.full_name()),
            ));
        };
        if *node.class() != Class::Object {
            return Err(self.unexpected(node, ty));
        }
        let made =
            crate::expression::library::maps::made(Type::Basic(*key), element.clone(), false);
        for property in node.children() {
            let (Some(name), Some(child)) = (property.name(), property.only()) else {
                continue;
            };
            let text = Value::text(Arc::clone(name));
            let key = match key {
                Basic::String | Basic::Object => text,
                key => change(&text, *key).map_err(|_| self.unconvertible(&child, ty))?,
            };
            let value = self.value(&child, element, level + 1)?;
            if let Value::Object(object) = &made
                && let Object::Dictionary { entries, .. } = object.as_ref()
            {
                lock(entries).insert(Key::of(&key, false), (key, value));
            }
        }
        Ok(made)
    }
}
