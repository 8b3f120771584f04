//! The body that a template sees: JSON and XML by what `Content-Type` says, otherwise text.

use std::sync::Arc;

use super::datum::{Datum, Element};
use crate::expression::xml_binding::{self, Bound};
use crate::expression::{Budget, Exception, Value, json_binding};

/// What a body is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Kind {
    Json,
    Xml,
    Text,
}

/// What becomes of elements with `xsi:nil="true"`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Nil {
    /// An empty text.
    Blank,
    /// `null`.
    Null,
}

/// A body to be read.
#[derive(Debug)]
pub(crate) struct Input {
    /// `None`: there is none.
    pub(crate) text: Option<String>,
    pub(crate) kind: Kind,
    pub(crate) nil: Nil,
    /// Whether JSON texts that are dates become dates.
    pub(crate) dates: bool,
}

impl Input {
    /// No body.
    pub(crate) const NONE: Self = Self {
        text: None,
        kind: Kind::Text,
        nil: Nil::Blank,
        dates: true,
    };

    pub(super) fn bind(&self, budget: &mut Budget) -> Result<Datum, Exception> {
        let Some(text) = self.text.as_deref() else {
            return Ok(Datum::NULL);
        };
        match self.kind {
            Kind::Text => {
                budget.allocate(text.len())?;
                Ok(Datum::text(text))
            }
            Kind::Json => match json_binding::parse(budget, text, self.dates)? {
                Some(value) => Datum::of(value, budget),
                None => Ok(Datum::NULL),
            },
            Kind::Xml => {
                let (name, root) = xml_binding::bind(budget, text.trim_start())?;
                let root = self.element(root);
                Ok(Datum::Xml(Arc::new(Element(vec![(name, root)]))))
            }
        }
    }

    /// The depth is bounded by the parser of XML.
    fn element(&self, bound: Bound) -> Datum {
        match bound {
            Bound::Text(text) => Datum::text(text),
            Bound::Nil if self.nil == Nil::Null => Datum::Scalar(Value::Null),
            Bound::Nil => Datum::text(""),
            Bound::Elements(elements) => Datum::Xml(Arc::new(Element(
                elements
                    .into_iter()
                    .map(|(name, bound)| (name, self.element(bound)))
                    .collect(),
            ))),
        }
    }
}
