//! Liquid, the template language of `set-body template="liquid"`, as APIM has it: `DotLiquid` in C# mode
//! at its first level of compatibility.
//!
//! A template is compiled when its document is saved ([`compile`]); rendering parses nothing but the
//! body. Two properties of real templates show the level: `Replace` takes a regular expression (what
//! APIM generates for SOAP escapes quotes with one), and `{{-` removes blanks but no line breaks.
//! `JSONArrayFor` and the roots `body`, `context` and `query` are APIM's own.
//!
//! Where `DotLiquid` writes an error into the output, rendering fails here: a message of an error is
//! no body. All work is paid from the evaluation's budget.

mod body;
mod compare;
mod conditions;
mod datum;
mod filters;
mod lexer;
mod loops;
mod markup;
mod members;
mod nodes;
mod operand;
mod output;
mod parser;
mod render;
mod source;

pub(crate) use body::{Input, Kind as InputKind, Nil};
pub(crate) use lexer::shape;
pub(crate) use source::source_of;

use crate::context::Context;
use crate::expression::{Budget, Exception};
use crate::host::Host;
use crate::problem::Severity;

/// Longest template in bytes.
const MAX_SOURCE: usize = 256 * 1024;

/// Blocks within blocks (`DotLiquid` ends at 80 scopes).
const MAX_NESTING: u32 = 80;

/// Something wrong with a template.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Finding {
    pub(crate) severity: Severity,
    pub(crate) code: &'static str,
    pub(crate) message: String,
    /// Byte offset in the template.
    pub(crate) offset: usize,
}

impl Finding {
    fn syntax(message: impl Into<String>, offset: usize) -> Self {
        Self::error("LiquidSyntax", message, offset)
    }

    fn error(code: &'static str, message: impl Into<String>, offset: usize) -> Self {
        Self {
            severity: Severity::Error,
            code,
            message: message.into(),
            offset,
        }
    }

    fn warning(code: &'static str, message: impl Into<String>, offset: usize) -> Self {
        Self {
            severity: Severity::Warning,
            ..Self::error(code, message, offset)
        }
    }
}

/// A compiled template.
#[derive(Debug)]
pub(crate) struct Template {
    nodes: Vec<nodes::Node>,
}

/// Compiles a template; `None` if a finding is an error.
pub(crate) fn compile(source: &str) -> (Option<Template>, Vec<Finding>) {
    if source.len() > MAX_SOURCE {
        let message = format!("The template is longer than {MAX_SOURCE} bytes.");
        return (None, vec![Finding::error("TooLong", message, 0)]);
    }
    let mut findings = Vec::new();
    let nodes = match lexer::cut(source) {
        Ok(pieces) => parser::parse(&pieces, &mut findings),
        Err(finding) => {
            findings.push(finding);
            Vec::new()
        }
    };
    let refused = findings
        .iter()
        .any(|finding| finding.severity == Severity::Error);
    ((!refused).then_some(Template { nodes }), findings)
}

impl Template {
    /// Renders it.
    ///
    /// # Errors
    ///
    /// What a filter throws, or the overrun of `budget`.
    pub(crate) fn render(
        &self,
        input: &Input,
        context: &Context,
        host: &dyn Host,
        budget: &mut Budget,
    ) -> Result<String, Exception> {
        let body = input.bind(budget)?;
        render::render(&self.nodes, body, context, host, budget)
    }
}
