//! Implicit and explicit conversions (C# 7 clause 10).

use std::sync::Arc;

use super::bindings::levels;
use super::{Checker, Typed};
use crate::expression::budget::Budget;
use crate::expression::library::registry::{Member, registry};
use crate::expression::machine;
use crate::expression::node::{Conversion, Native, Node};
use crate::expression::token::Span;
use crate::expression::types::{Basic, Enumeration, Family, Type, covariant};
use crate::expression::value::Value;

/// How good an implicit conversion is: smaller is better. `None` if there is none.
pub(super) fn cost(from: &Type, to: &Type, constant: Option<&Value>) -> Option<u32> {
    if from.is_unknown() || to.is_unknown() || from == to {
        return Some(0);
    }
    match (from.without_name(), to.without_name()) {
        (Type::Void, _) | (_, Type::Void) => None,
        (Type::Null, to) => {
            (!to.is_value_type()).then_some(if *to == Type::OBJECT { 3 } else { 1 })
        }
        (_, Type::Basic(Basic::Object)) => Some(50),
        (Type::Nullable(from), Type::Nullable(to)) => cost(from, to, None).filter(|c| *c < 50),
        (from, Type::Nullable(to)) => cost(from, to, constant)
            .filter(|cost| *cost < 50)
            .map(|cost| cost + 2),
        // Worse than the expanded form of `params char[]`: two characters are two separators.
        (Type::Basic(Basic::Char), Type::Basic(to)) if widens(Basic::Char, *to) => {
            Some(21 + distance(Basic::Char, *to))
        }
        (Type::Basic(from), Type::Basic(to)) if widens(*from, *to) => {
            Some(1 + distance(*from, *to))
        }
        (Type::Basic(Basic::Int), Type::Basic(to)) if Type::Basic(*to).is_numeric() => {
            match constant {
                Some(Value::Int(value)) if fits(*value, *to) => Some(1 + distance(Basic::Int, *to)),
                _ => None,
            }
        }
        (Type::Basic(Basic::Int), Type::Enumeration(_)) => {
            matches!(constant, Some(Value::Int(0))).then_some(5)
        }
        (Type::Basic(Basic::DateTime), Type::Basic(Basic::DateTimeOffset)) => Some(2),
        (Type::Generic(a, from), Type::Generic(b, to)) if a == b && from.len() == to.len() => {
            let same = from.iter().zip(to.iter()).all(|(a, b)| alike(a, b));
            let tuples = *a == Family::ValueTuple
                && from
                    .iter()
                    .zip(to.iter())
                    .all(|(a, b)| cost(a, b, None).is_some());
            (same
                || tuples
                || covariant(
                    &Type::Generic(*a, Arc::clone(from)),
                    &Type::Generic(*b, Arc::clone(to)),
                ))
            .then_some(1)
        }
        (Type::Array(a), Type::Array(b)) if alike(a, b) => Some(0),
        (from, to) if derives(from, to) => Some(2),
        (from, to) if covariant(from, to) => Some(3),
        (from, to) => operator(from, to, &["op_Implicit"]).map(|_| 20),
    }
}

/// The conversion operator of the library from `from` or a base of it to `to` (C# 7 §10.5): one that is
/// declared by either type, or by a base of the source.
fn operator(from: &Type, to: &Type, names: &[&str]) -> Option<&'static Member> {
    // Interfaces and `object` have no conversions of this kind.
    if matches!(from, Type::Null | Type::Basic(Basic::Object)) || *to == Type::OBJECT {
        return None;
    }
    let sources = levels(from);
    let declared = |owner: &Type| {
        registry().of(owner).iter().filter(|member| {
            member.is_static && names.contains(&member.name.as_ref()) && member.returns == *to
        })
    };
    sources.iter().find_map(|source| {
        sources
            .iter()
            .chain([to.unwrap_nullable()])
            .flat_map(declared)
            .find(|member| {
                member
                    .parameters
                    .first()
                    .is_some_and(|parameter| parameter.ty == *source)
            })
    })
}

/// Equal, taking unknown parts as equal to anything.
fn alike(a: &Type, b: &Type) -> bool {
    if a.is_unknown() || b.is_unknown() {
        return true;
    }
    match (a.without_name(), b.without_name()) {
        (Type::Array(a), Type::Array(b)) | (Type::Nullable(a), Type::Nullable(b)) => alike(a, b),
        (Type::Generic(x, a), Type::Generic(y, b)) => {
            x == y && a.len() == b.len() && a.iter().zip(b.iter()).all(|(a, b)| alike(a, b))
        }
        _ => a == b,
    }
}

fn derives(from: &Type, to: &Type) -> bool {
    alike(from, to) || from.bases().iter().any(|base| derives(base, to))
}

/// Implicit numeric conversions (§10.2.3).
fn widens(from: Basic, to: Basic) -> bool {
    use Basic::{Byte, Char, Decimal, Double, Float, Int, Long, SByte, Short, UInt, ULong, UShort};
    let targets: &[Basic] = match from {
        SByte => &[Short, Int, Long, Float, Double, Decimal],
        Byte => &[
            Short, UShort, Int, UInt, Long, ULong, Float, Double, Decimal,
        ],
        Short => &[Int, Long, Float, Double, Decimal],
        UShort | Char => &[Int, UInt, Long, ULong, Float, Double, Decimal],
        Int => &[Long, Float, Double, Decimal],
        UInt => &[Long, ULong, Float, Double, Decimal],
        Long | ULong => &[Float, Double, Decimal],
        Float => &[Double],
        _ => &[],
    };
    targets.contains(&to) || (from == Char && to == UShort)
}

fn distance(from: Basic, to: Basic) -> u32 {
    let rank = |basic| u32::from(Type::Basic(basic).rank().unwrap_or(0));
    rank(from).abs_diff(rank(to))
}

/// Constant expressions of type `int` convert to smaller types that hold them (§10.2.11).
fn fits(value: i32, to: Basic) -> bool {
    match to {
        Basic::SByte => i8::try_from(value).is_ok(),
        Basic::Byte => u8::try_from(value).is_ok(),
        Basic::Short => i16::try_from(value).is_ok(),
        Basic::UShort => u16::try_from(value).is_ok(),
        Basic::UInt | Basic::ULong => value >= 0,
        _ => false,
    }
}

impl Checker<'_> {
    /// Converts implicitly, or reports that it cannot be done.
    pub(super) fn convert(&mut self, value: Typed, to: &Type, span: Span) -> Node {
        if cost(&value.ty, to, value.constant_value()).is_none() {
            let from = value.ty.display();
            let message = match value.ty {
                Type::Null => {
                    format!(
                        "Cannot convert null to `{}`, which is a value type.",
                        to.display()
                    )
                }
                Type::Void => "The expression has no value.".to_owned(),
                _ => format!(
                    "Cannot implicitly convert type `{from}` to `{}`.",
                    to.display()
                ),
            };
            self.error("TypeMismatch", span, message);
            return value.node;
        }
        self.apply_conversion(value, to)
    }

    /// The code of an implicit conversion that exists.
    pub(super) fn apply_conversion(&mut self, value: Typed, to: &Type) -> Node {
        let target = to.unwrap_nullable();
        let from = value.ty.unwrap_nullable();
        if from == target {
            return value.node;
        }
        if is_object_as_pairs(&value.ty, to) {
            return object_as_pairs(value.node);
        }
        if !derives(&value.ty, to)
            && let Some(conversion) = operator_conversion(&value.ty, to, &["op_Implicit"])
        {
            return self.converted(conversion, value.node);
        }
        let conversion = match (from, target) {
            (Type::Basic(_), Type::Basic(to)) if from.is_numeric() && target.is_numeric() => {
                Conversion::Numeric(*to)
            }
            (Type::Basic(Basic::Int), Type::Enumeration(enumeration)) => {
                Conversion::Enumeration(Enumeration::clone(enumeration))
            }
            (Type::Basic(Basic::DateTime), Type::Basic(Basic::DateTimeOffset)) => {
                Conversion::Offset
            }
            _ => return value.node,
        };
        self.converted(conversion, value.node)
    }

    fn converted(&mut self, conversion: Conversion, node: Node) -> Node {
        if let Node::Constant(value) = &node
            && let Ok(value) = machine::convert(&conversion, value.clone(), &mut Budget::default())
            // An object must be a new one each time.
            && (!matches!(conversion, Conversion::Operator(_)) || !matches!(value, Value::Object(_)))
        {
            return Node::Constant(value);
        }
        Node::Convert(conversion, Box::new(node))
    }

    /// `(T)value`.
    pub(super) fn cast(&mut self, value: Typed, to: &Type, span: Span) -> Typed {
        if to.is_unknown() || value.ty.is_unknown() {
            return Typed::new(value.node, to.clone());
        }
        if cost(&value.ty, to, value.constant_value()).is_some() {
            let node = self.apply_conversion(value, to);
            return Typed::new(node, to.clone());
        }
        if let Some(conversion) =
            operator_conversion(&value.ty, to, &["op_Explicit", "op_Implicit"])
        {
            let node = self.converted(conversion, value.node);
            return Typed::new(node, to.clone());
        }
        let from = value.ty.clone();
        let (plain_from, plain_to) = (from.unwrap_nullable(), to.unwrap_nullable());
        let unwraps = matches!(from, Type::Nullable(_)) && !matches!(to, Type::Nullable(_));
        let conversion = match (plain_from, plain_to) {
            (a, b) if a == b => None,
            (a, Type::Basic(target)) if a.is_numeric() && plain_to.is_numeric() => {
                Some(if self.overflow == Some(true) {
                    Conversion::Checked(*target)
                } else {
                    Conversion::Numeric(*target)
                })
            }
            (a, Type::Enumeration(enumeration)) if a.is_numeric() => {
                Some(Conversion::Enumeration(Enumeration::clone(enumeration)))
            }
            (Type::Enumeration(_), Type::Basic(target)) if plain_to.is_numeric() => {
                Some(Conversion::Underlying(*target))
            }
            (Type::Basic(Basic::Object), target) if target.is_value_type() => {
                Some(Conversion::Unbox(to.clone()))
            }
            (a, b) if reference_cast(a, b) => Some(Conversion::Reference(to.clone())),
            _ => {
                self.error(
                    "TypeMismatch",
                    span,
                    format!(
                        "Cannot convert type `{}` to `{}`.",
                        from.display(),
                        to.display()
                    ),
                );
                return Typed::new(value.node, to.clone());
            }
        };
        let mut node = value.node;
        if unwraps {
            node = self.converted(Conversion::Value, node);
        }
        if let Some(conversion) = conversion {
            node = self.converted(conversion, node);
        }
        Typed::new(node, to.clone())
    }
}

/// Whether a `JObject` is used as the sequence of pairs that it is beside being one of tokens.
fn is_object_as_pairs(from: &Type, to: &Type) -> bool {
    *from == Type::Basic(Basic::JObject)
        && matches!(to, Type::Generic(..))
        && to
            .element()
            .is_some_and(|element| !matches!(&element, Type::Basic(_)) || element == Type::OBJECT)
}

/// A `JObject` as its properties in pairs: what `foreach` and LINQ over one see.
pub(super) fn object_as_pairs(node: Node) -> Node {
    let pairs = crate::expression::library::object_pairs;
    Node::Convert(Conversion::Operator(pairs), Box::new(node))
}

/// The conversion operator of the library between two types, if one of `names` does it.
pub(super) fn operator_conversion(from: &Type, to: &Type, names: &[&str]) -> Option<Conversion> {
    match operator(from, to, names)?.native {
        Native::Pure(native) => Some(Conversion::Operator(native)),
        // A test of the registry refuses operators of this kind.
        Native::Full(_) => None,
    }
}

/// Explicit reference conversions (§10.3.5), of those the library can have.
pub(super) fn reference_cast(from: &Type, to: &Type) -> bool {
    if from.is_value_type() || to.is_value_type() {
        return false;
    }
    *from == Type::OBJECT
        || derives(to, from)
        || is_interface(from)
        || is_interface(to)
        || covariant(to, from)
}

fn is_interface(ty: &Type) -> bool {
    match ty {
        Type::Generic(family, _) => family.name().starts_with('I'),
        _ => false,
    }
}
