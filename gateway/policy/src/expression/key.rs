//! Equality as `Equals` and `GetHashCode` have it, for comparisons and collections.

use std::sync::Arc;

use super::object::Object;
use super::value::Value;

/// What makes two values equal under `Equals`.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum Key {
    /// `null`.
    Null,
    /// A number or another small value, with a tag of its type: `1.Equals(1L)` is false.
    Scalar(u8, i128),
    /// A string, folded to upper case if the collection ignores case.
    Text(Arc<str>),
    /// A part of `context`.
    Handle(super::handle::Handle),
    /// An object without its own equality.
    Reference(usize),
    /// Tuples, pairs and anonymous objects: by their parts.
    Parts(Vec<Self>),
}

/// Tuples inside tuples that are compared by their parts; deeper ones by reference.
const MAX_NESTING: u32 = 50;

/// Objects inside one that are compared by their parts; further ones by reference. Without it a tuple
/// that holds one tuple twice, and so on, has a key of two to the power of its depth.
const MAX_PARTS: u32 = 10_000;

impl Key {
    pub(crate) fn of(value: &Value, ignore_case: bool) -> Self {
        let mut left = MAX_PARTS;
        Self::nested(value, ignore_case, 0, &mut left)
    }

    fn nested(value: &Value, ignore_case: bool, depth: u32, left: &mut u32) -> Self {
        match value {
            Value::Null => Self::Null,
            Value::Text(text) if ignore_case => Self::Text(fold(text).into()),
            Value::Text(text) => Self::Text(text.shared()),
            Value::Bool(value) => Self::Scalar(0, i128::from(*value)),
            Value::Char(value) => Self::Scalar(1, i128::from(*value)),
            Value::SByte(value) => Self::Scalar(2, i128::from(*value)),
            Value::Byte(value) => Self::Scalar(3, i128::from(*value)),
            Value::Short(value) => Self::Scalar(4, i128::from(*value)),
            Value::UShort(value) => Self::Scalar(5, i128::from(*value)),
            Value::Int(value) => Self::Scalar(6, i128::from(*value)),
            Value::UInt(value) => Self::Scalar(7, i128::from(*value)),
            Value::Long(value) => Self::Scalar(8, i128::from(*value)),
            Value::ULong(value) => Self::Scalar(9, i128::from(*value)),
            // `Equals` of floating point: NaN equals NaN, and the zeros are equal.
            Value::Float(value) => Self::Scalar(10, i128::from(normal(f64::from(*value)))),
            Value::Double(value) => Self::Scalar(11, i128::from(normal(*value))),
            // Equal whatever their trailing zeros; 96 bits and a scale below 32 fit.
            Value::Decimal(value) => {
                let value = value.normalize();
                Self::Scalar(18, value.mantissa() * 32 + i128::from(value.scale()))
            }
            Value::Guid(bytes) => Self::Scalar(12, i128::from_be_bytes(*bytes)),
            Value::DateTime(time) => Self::Scalar(13, i128::from(time.ticks)),
            Value::DateTimeOffset(time) => Self::Scalar(14, i128::from(time.utc_ticks())),
            Value::TimeSpan(span) => Self::Scalar(15, i128::from(span.0)),
            Value::Enum(enumeration, value) => Self::Scalar(
                100_u8.saturating_add(*enumeration as u8),
                i128::from(*value),
            ),
            Value::Handle(handle) => Self::Handle(*handle),
            // `X509Certificate.Equals` compares issuer and serial number; equal encodings are a
            // stricter reading, and the only one safe to base a decision on.
            Value::Certificate(certificate) => Self::Parts(vec![
                Self::Scalar(17, 0),
                Self::Text(certificate.thumbprint.clone()),
            ]),
            Value::Object(object) if depth >= MAX_NESTING || *left == 0 => {
                Self::Reference(Arc::as_ptr(object).addr())
            }
            Value::Object(object) => match object.as_ref() {
                Object::Pair { key, value, .. } => {
                    Self::parts([key, value], ignore_case, depth, left)
                }
                Object::Tuple { items, .. } => Self::parts(items, ignore_case, depth, left),
                Object::Anonymous { values, .. } => Self::parts(values, ignore_case, depth, left),
                Object::Foreign(foreign) => foreign
                    .key()
                    .unwrap_or_else(|| Self::Reference(Arc::as_ptr(object).addr())),
                _ => Self::Reference(Arc::as_ptr(object).addr()),
            },
        }
    }

    fn parts<'a>(
        values: impl IntoIterator<Item = &'a Value>,
        ignore_case: bool,
        depth: u32,
        left: &mut u32,
    ) -> Self {
        *left = left.saturating_sub(1);
        Self::Parts(
            values
                .into_iter()
                .map(|value| Self::nested(value, ignore_case, depth + 1, left))
                .collect(),
        )
    }
}

fn normal(value: f64) -> u64 {
    if value == 0.0 {
        0
    } else if value.is_nan() {
        f64::NAN.to_bits()
    } else {
        value.to_bits()
    }
}

/// `object.Equals(a, b)`.
pub(crate) fn equals(a: &Value, b: &Value) -> bool {
    match (a, b) {
        (Value::Text(a), Value::Text(b)) => a == b,
        (Value::Int(a), Value::Int(b)) => a == b,
        (Value::Null, Value::Null) => true,
        (Value::Null, _) | (_, Value::Null) => false,
        _ => Key::of(a, false) == Key::of(b, false),
    }
}

/// Whether both are the same object: `==` between references without an operator of their own. Boxed
/// values are never the same.
pub(crate) fn same_reference(a: &Value, b: &Value) -> bool {
    match (a, b) {
        (Value::Null, Value::Null) => true,
        (Value::Text(a), Value::Text(b)) => a.same_object(b),
        (Value::Handle(a), Value::Handle(b)) => a == b,
        (Value::Certificate(a), Value::Certificate(b)) => Arc::ptr_eq(a, b),
        (Value::Object(a), Value::Object(b)) => Arc::ptr_eq(a, b) || same_foreign(a, b),
        _ => false,
    }
}

/// Whether both stand for one object of the library, of which there may be several handles.
fn same_foreign(a: &Object, b: &Object) -> bool {
    match (a, b) {
        (Object::Foreign(a), Object::Foreign(b)) => {
            a.identity().is_some() && a.identity() == b.identity()
        }
        _ => false,
    }
}

/// Simple case folding as `OrdinalIgnoreCase` does it: each character to its single upper-case form.
pub(crate) fn fold(text: &str) -> String {
    if text.is_ascii() {
        text.to_ascii_uppercase()
    } else {
        text.chars().map(upper).collect()
    }
}

/// The upper-case form, if it is one character.
pub(crate) fn upper(c: char) -> char {
    let mut all = c.to_uppercase();
    match (all.next(), all.next()) {
        (Some(upper), None) => upper,
        _ => c,
    }
}

/// The lower-case form, if it is one character.
pub(crate) fn lower(c: char) -> char {
    let mut all = c.to_lowercase();
    match (all.next(), all.next()) {
        (Some(lower), None) => lower,
        _ => c,
    }
}
