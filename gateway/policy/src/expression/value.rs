//! Values of expressions.

use std::fmt;
use std::sync::Arc;

use rust_decimal::Decimal;

use crate::certificate::Certificate;

use super::exception::Exception;
use super::handle::Handle;
use super::object::Object;
use super::text::Text;
use super::time::{DateTime, DateTimeOffset, TimeSpan};
use super::types::Enumeration;

/// A .NET value. Cloning is cheap: whatever is large is shared, and what is a reference type in .NET
/// stays one object.
#[derive(Clone)]
#[non_exhaustive]
pub enum Value {
    /// `null`.
    Null,
    /// `System.Boolean`.
    Bool(bool),
    /// `System.Char`, a UTF-16 code unit.
    Char(u16),
    /// `System.SByte`.
    SByte(i8),
    /// `System.Byte`.
    Byte(u8),
    /// `System.Int16`.
    Short(i16),
    /// `System.UInt16`.
    UShort(u16),
    /// `System.Int32`.
    Int(i32),
    /// `System.UInt32`.
    UInt(u32),
    /// `System.Int64`.
    Long(i64),
    /// `System.UInt64`.
    ULong(u64),
    /// `System.Single`.
    Float(f32),
    /// `System.Double`.
    Double(f64),
    /// `System.Decimal`.
    Decimal(Decimal),
    /// `System.String`.
    Text(Text),
    /// `System.Guid`, bytes in the order its text prints them.
    Guid([u8; 16]),
    /// `System.DateTime`.
    DateTime(DateTime),
    /// `System.DateTimeOffset`.
    DateTimeOffset(DateTimeOffset),
    /// `System.TimeSpan`.
    TimeSpan(TimeSpan),
    /// A member of an enumeration.
    Enum(Enumeration, i32),
    /// Something of `context`, read where it is used.
    Handle(Handle),
    /// `System.Security.Cryptography.X509Certificates.X509Certificate2`.
    Certificate(Arc<Certificate>),
    /// An array, a collection, or another object.
    Object(Arc<Object>),
}

impl Value {
    /// A string.
    pub fn text(content: impl Into<Arc<str>>) -> Self {
        Self::Text(Text::new(content))
    }

    /// An array of bytes.
    #[must_use]
    pub fn bytes(content: Vec<u8>) -> Self {
        Self::Object(Arc::new(Object::byte_array(content)))
    }

    /// The value as .NET's `ToString()` prints it under the invariant culture; `null` prints nothing.
    ///
    /// # Errors
    ///
    /// If printing it throws in .NET.
    pub fn to_text(&self) -> Result<String, Exception> {
        super::print::to_text(self)
    }

    /// The boolean, if it is one.
    #[must_use]
    pub fn as_bool(&self) -> Option<bool> {
        match self {
            Self::Bool(value) => Some(*value),
            _ => None,
        }
    }

    /// The integer, of any integral type.
    #[must_use]
    pub fn as_int(&self) -> Option<i64> {
        Some(match self {
            Self::SByte(value) => i64::from(*value),
            Self::Byte(value) => i64::from(*value),
            Self::Short(value) => i64::from(*value),
            Self::UShort(value) => i64::from(*value),
            Self::Int(value) => i64::from(*value),
            Self::UInt(value) => i64::from(*value),
            Self::Long(value) => *value,
            Self::ULong(value) => i64::try_from(*value).ok()?,
            _ => return None,
        })
    }

    /// The characters, if it is a string.
    #[must_use]
    pub fn as_str(&self) -> Option<&str> {
        match self {
            Self::Text(text) => Some(text),
            _ => None,
        }
    }

    /// The bytes, if it is a `byte[]`.
    #[must_use]
    pub fn as_bytes(&self) -> Option<Vec<u8>> {
        match self {
            Self::Object(object) => object.to_bytes(),
            _ => None,
        }
    }

    /// Whether it is `null`.
    #[must_use]
    pub fn is_null(&self) -> bool {
        matches!(self, Self::Null)
    }

    /// Full .NET name of its type, e.g. `System.String`; `null` has none.
    #[must_use]
    pub fn type_name(&self) -> String {
        super::types::type_of(self).map_or_else(String::new, |ty| ty.full_name())
    }

    pub(crate) fn object(object: Object) -> Self {
        Self::Object(Arc::new(object))
    }
}

/// The type only: values of requests and secrets stay out of logs.
impl fmt::Debug for Value {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Null => f.write_str("Value(null)"),
            other => write!(f, "Value({})", other.type_name()),
        }
    }
}

impl From<bool> for Value {
    fn from(value: bool) -> Self {
        Self::Bool(value)
    }
}

impl From<i32> for Value {
    fn from(value: i32) -> Self {
        Self::Int(value)
    }
}

impl From<&str> for Value {
    fn from(value: &str) -> Self {
        Self::text(value)
    }
}

impl From<String> for Value {
    fn from(value: String) -> Self {
        Self::text(value)
    }
}

impl From<Arc<str>> for Value {
    fn from(value: Arc<str>) -> Self {
        Self::Text(Text::new(value))
    }
}
