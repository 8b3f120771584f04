//! What an expression throws.

use std::borrow::Cow;
use std::fmt;
use std::sync::Arc;

use super::budget::BudgetKind;

/// An exception as .NET would have it: a type name and a message.
///
/// Messages follow .NET's resources where documents are likely to show them. An exception that
/// [`Exception::is_budget`] cannot be caught by the expression's own `catch`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Exception {
    /// Full .NET type name, e.g. `System.FormatException`; our own budget exception is
    /// `Countersign.BudgetExceededException`.
    pub type_name: Cow<'static, str>,
    /// Message for operators.
    pub message: String,
    budget: Option<BudgetKind>,
    /// What `InnerException` gives.
    inner: Option<Arc<Self>>,
}

/// Type names that are thrown from more than one place.
pub(crate) mod names {
    pub(crate) const EXCEPTION: &str = "System.Exception";
    pub(crate) const SYSTEM: &str = "System.SystemException";
    pub(crate) const ARGUMENT: &str = "System.ArgumentException";
    pub(crate) const ARGUMENT_NULL: &str = "System.ArgumentNullException";
    pub(crate) const ARGUMENT_RANGE: &str = "System.ArgumentOutOfRangeException";
    pub(crate) const ARITHMETIC: &str = "System.ArithmeticException";
    pub(crate) const DIVIDE_BY_ZERO: &str = "System.DivideByZeroException";
    pub(crate) const FORMAT: &str = "System.FormatException";
    pub(crate) const INDEX_RANGE: &str = "System.IndexOutOfRangeException";
    pub(crate) const INVALID_CAST: &str = "System.InvalidCastException";
    pub(crate) const INVALID_OPERATION: &str = "System.InvalidOperationException";
    pub(crate) const KEY_NOT_FOUND: &str = "System.Collections.Generic.KeyNotFoundException";
    pub(crate) const NOT_SUPPORTED: &str = "System.NotSupportedException";
    pub(crate) const NULL_REFERENCE: &str = "System.NullReferenceException";
    pub(crate) const OVERFLOW: &str = "System.OverflowException";
    pub(crate) const CRYPTOGRAPHIC: &str = "System.Security.Cryptography.CryptographicException";
    pub(crate) const ZONE_NOT_FOUND: &str = "System.TimeZoneNotFoundException";
    pub(crate) const URI_FORMAT: &str = "System.UriFormatException";
    pub(crate) const XML: &str = "System.Xml.XmlException";
    pub(crate) const JSON: &str = "Newtonsoft.Json.JsonException";
    pub(crate) const JSON_READER: &str = "Newtonsoft.Json.JsonReaderException";
    pub(crate) const JSON_WRITER: &str = "Newtonsoft.Json.JsonWriterException";
    pub(crate) const JSON_SERIALIZATION: &str = "Newtonsoft.Json.JsonSerializationException";
    pub(crate) const TIMEOUT: &str = "System.TimeoutException";
    pub(crate) const MATCH_TIMEOUT: &str =
        "System.Text.RegularExpressions.RegexMatchTimeoutException";
    pub(crate) const REGEX_PARSE: &str = "System.Text.RegularExpressions.RegexParseException";
    pub(crate) const BUDGET: &str = "Countersign.BudgetExceededException";
}

impl Exception {
    /// An exception of a .NET type, thrown by the library.
    pub(crate) fn new(type_name: &'static str, message: impl Into<String>) -> Self {
        Self {
            type_name: Cow::Borrowed(type_name),
            message: message.into(),
            budget: None,
            inner: None,
        }
    }

    /// The expression used more than its budget allows.
    pub(crate) fn budget(kind: BudgetKind, message: impl Into<String>) -> Self {
        Self {
            type_name: Cow::Borrowed(names::BUDGET),
            message: message.into(),
            budget: Some(kind),
            inner: None,
        }
    }

    /// The same with what caused it. Only the nearest causes are kept: the chain is dropped by recursion.
    pub(crate) fn caused_by(mut self, cause: Self) -> Self {
        const MOST: usize = 32;
        let mut length = 0;
        let mut next = Some(&cause);
        while let Some(exception) = next {
            length += 1;
            next = exception.inner();
        }
        if length < MOST {
            self.inner = Some(Arc::new(cause));
        }
        self
    }

    /// What caused it, if that was said.
    pub(crate) fn inner(&self) -> Option<&Self> {
        self.inner.as_deref()
    }

    /// Whether a budget was overrun; such an exception passes every `catch`.
    #[must_use]
    pub fn is_budget(&self) -> bool {
        self.budget.is_some()
    }

    /// The budget that was overrun, if one was.
    #[must_use]
    pub fn exceeded(&self) -> Option<BudgetKind> {
        self.budget
    }

    /// Whether `catch (type_name)` takes this exception.
    pub(crate) fn is_a(&self, type_name: &str) -> bool {
        if self.is_budget() {
            return false;
        }
        let mut current = self.type_name.as_ref();
        loop {
            if current == type_name {
                return true;
            }
            match base_of(current) {
                Some(base) => current = base,
                None => return false,
            }
        }
    }

    pub(crate) fn null_reference() -> Self {
        Self::new(
            names::NULL_REFERENCE,
            "Object reference not set to an instance of an object.",
        )
    }

    pub(crate) fn argument_null(parameter: &str) -> Self {
        Self::new(
            names::ARGUMENT_NULL,
            format!("Value cannot be null. (Parameter '{parameter}')"),
        )
    }

    pub(crate) fn argument_range(message: &str, parameter: &str) -> Self {
        Self::new(
            names::ARGUMENT_RANGE,
            format!("{message} (Parameter '{parameter}')"),
        )
    }

    /// The message of `ThrowArgumentOutOfRange_IndexMustBeLessException`.
    pub(crate) fn index_argument() -> Self {
        Self::argument_range(
            "Index was out of range. Must be non-negative and less than the size of the \
             collection.",
            "index",
        )
    }

    pub(crate) fn index_range() -> Self {
        Self::new(
            names::INDEX_RANGE,
            "Index was outside the bounds of the array.",
        )
    }

    pub(crate) fn invalid_cast(from: &str, to: &str) -> Self {
        Self::new(
            names::INVALID_CAST,
            format!("Unable to cast object of type '{from}' to type '{to}'."),
        )
    }

    pub(crate) fn format(message: impl Into<String>) -> Self {
        Self::new(names::FORMAT, message)
    }

    /// A body that is no text in a known encoding.
    pub(crate) fn not_text() -> Self {
        Self::format("The body is not text in UTF-8.")
    }

    pub(crate) fn invalid_operation(message: &'static str) -> Self {
        Self::new(names::INVALID_OPERATION, message)
    }
}

impl fmt::Display for Exception {
    /// The message alone, as `Expression evaluation failed. <message>` continues.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.message)
    }
}

impl std::error::Error for Exception {}

/// The base class of a known exception type.
pub(crate) fn base_of(type_name: &str) -> Option<&'static str> {
    use names::*;
    Some(match type_name {
        EXCEPTION => return None,
        ARGUMENT_NULL | ARGUMENT_RANGE | REGEX_PARSE => ARGUMENT,
        MATCH_TIMEOUT => TIMEOUT,
        DIVIDE_BY_ZERO | OVERFLOW => ARITHMETIC,
        URI_FORMAT => FORMAT,
        JSON_READER | JSON_WRITER | JSON_SERIALIZATION => JSON,
        ARGUMENT | TIMEOUT | ARITHMETIC | FORMAT | INDEX_RANGE | INVALID_CAST
        | INVALID_OPERATION | KEY_NOT_FOUND | NOT_SUPPORTED | NULL_REFERENCE | CRYPTOGRAPHIC
        | XML => SYSTEM,
        _ => EXCEPTION,
    })
}
