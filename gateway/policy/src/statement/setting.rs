//! Values in policies: written out, or computed.

use crate::expression::Expression;

/// The value of an attribute or of text.
pub(crate) enum Setting<T> {
    /// Written in the document.
    Literal(T),
    /// Computed per request.
    Code(Box<Expression>),
}

impl<T> Setting<T> {
    /// The literal value.
    pub(crate) fn literal(&self) -> Option<&T> {
        match self {
            Self::Literal(value) => Some(value),
            Self::Code(_) => None,
        }
    }

    /// Whether it reads the client's certificate.
    pub(crate) fn mentions_certificate(&self) -> bool {
        matches!(self, Self::Code(expression) if expression.mentions_certificate())
    }

    /// The same setting with its literal converted.
    pub(crate) fn map<U>(self, convert: impl FnOnce(T) -> U) -> Setting<U> {
        match self {
            Self::Literal(value) => Setting::Literal(convert(value)),
            Self::Code(expression) => Setting::Code(expression),
        }
    }
}
