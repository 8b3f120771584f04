//! Policy expressions: C# 7 as APIM allows it, compiled when a document is saved.
//!
//! [`scan()`] finds where an expression ends in a document. [`compile`] parses it, checks names, types
//! and paths against the library that APIM allows, and lowers it to a tree in which every local is a
//! slot and every member a function. [`Expression::evaluate`] runs that tree within a [`Budget`].

mod ast;
mod budget;
mod check;
mod date_parsing;
mod dates;
mod decimals;
mod exception;
mod foreign;
mod guid;
mod handle;
mod interpolation;
mod key;
mod lexer;
pub(crate) mod library;
mod literals;
mod machine;
mod node;
mod number_formats;
mod number_parsing;
mod number_patterns;
mod numbers;
mod object;
mod parser;
mod print;
mod query;
mod random;
mod scan;
mod stored;
mod text;
mod time;
mod token;
mod type_names;
mod types;
mod value;

use crate::context::Context;
use crate::host::Host;
use crate::problem::{Position, Problem};

pub use budget::{Budget, BudgetKind, BudgetLimits};
pub(crate) use date_parsing::parse_date_time;
pub(crate) use decimals::{
    divide as divide_decimals, from_double as decimal_of, from_integer as whole_decimal,
    parse as decimal, round as round_decimal, to_double as double_of,
};
pub use exception::Exception;
pub(crate) use handle::Handle;
pub(crate) use library::regex::replace as replace_matches;
pub(crate) use library::{
    FromJson, ToJson, format_value, header_text, html_encode, json_array, json_binding,
    json_to_xml, print_url, query_of, url_decode, url_encode, xml_binding, xml_to_json,
};
pub(crate) use number_parsing::{parse_double, parse_integer};
pub(crate) use scan::ends_by_itself;
pub use scan::{ScanError, literal_spans, scan};
pub use text::Text;
pub use time::{DateTime, DateTimeOffset, TimeSpan};
pub use value::Value;

/// Longest source of one expression in bytes.
const MAX_SOURCE: usize = 256 * 1024;

/// A moment with its zone, as .NET's `DateTimeOffset.Parse` reads it.
pub(crate) fn parse_moment(text: &str) -> Option<crate::host::UnixNanos> {
    let ticks = date_parsing::parse_offset(text)?.utc_ticks();
    Some(i128::from(ticks - time::ticks_of(0)) * 100)
}

/// What the place of an expression wants of it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Expected {
    /// `bool`, as a condition.
    Boolean,
    /// Anything that prints.
    Text,
    /// An integral number, as a status code.
    Integer,
    /// Anything.
    Any,
}

/// What exists outside the document.
pub trait Names {
    /// Ids of the identity lists, for `context.Deployment.IdentityLists["id"]`.
    fn identity_lists(&self) -> Vec<String>;
}

/// Resources an expression mentions by literal name.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct References {
    /// Ids in `context.Deployment.IdentityLists["id"]`.
    pub identity_lists: Vec<String>,
    /// Thumbprints in `context.Deployment.Certificates["thumbprint"]`.
    pub certificates: Vec<String>,
    /// Whether the issuer's name is used as the judgement of a certificate without a chain check in
    /// the same expression. The caller warns unless something else in the document checks the chain.
    pub unchecked_issuer: Option<Position>,
}

/// The outcome of [`compile`]: an expression if no problem is an error.
#[derive(Debug)]
pub struct Compiled {
    /// The expression, unless a problem refuses it.
    pub expression: Option<Expression>,
    /// Everything that is wrong, by position.
    pub problems: Vec<Problem>,
    /// What it mentions.
    pub references: References,
}

/// Bodies an expression reads.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Needs {
    /// `context.Request.Body`.
    pub request_body: bool,
    /// `context.Response.Body`.
    pub response_body: bool,
}

/// A compiled expression.
#[derive(Debug)]
pub struct Expression {
    source: Box<str>,
    program: node::Program,
    needs: Needs,
    mentions_certificate: bool,
}

impl Expression {
    /// Runs it.
    ///
    /// # Errors
    ///
    /// What the expression throws and does not catch, or the overrun of `budget`.
    pub fn evaluate(
        &self,
        context: &mut Context,
        host: &dyn Host,
        budget: &mut Budget,
    ) -> Result<Value, Exception> {
        machine::run(&self.program, context, host, budget)
    }

    /// Which bodies must be in memory before it runs.
    #[must_use]
    pub fn needs(&self) -> Needs {
        self.needs
    }

    /// Whether it reads `context.Request.Certificate`.
    #[must_use]
    pub fn mentions_certificate(&self) -> bool {
        self.mentions_certificate
    }

    /// The text it was compiled from, delimiters included.
    #[must_use]
    pub fn source(&self) -> &str {
        &self.source
    }
}

/// Compiles `code`, a whole `@(…)` or `@{…}` as [`scan()`] found it. `locate` maps a byte offset of
/// `code` to its place in the document.
pub fn compile(
    code: &str,
    expected: Expected,
    locate: &dyn Fn(usize) -> Position,
    names: &dyn Names,
) -> Compiled {
    let refused = |problems: Vec<Problem>| Compiled {
        expression: None,
        problems,
        references: References::default(),
    };
    if code.len() > MAX_SOURCE {
        let message = format!("The expression is longer than {MAX_SOURCE} bytes.");
        return refused(vec![Problem::error("TooLong", message, locate(0))]);
    }
    match scan(code) {
        Ok(length) if length == code.len() => {}
        Ok(length) => {
            let message = "Expected the end of the expression.";
            return refused(vec![Problem::error("Syntax", message, locate(length))]);
        }
        Err(error) => {
            return refused(vec![Problem::error(
                "Syntax",
                error.message,
                locate(error.offset),
            )]);
        }
    }
    let parsed = parser::parse(code);
    let Some(body) = parsed.body else {
        return refused(
            parsed
                .errors
                .into_iter()
                .map(|e| Problem::error("Syntax", e.message, locate(e.span.start as usize)))
                .collect(),
        );
    };
    let checked = check::check(
        &body,
        expected,
        &parsed.mentioned,
        parsed.assigns_elements,
        names,
    );
    let mut findings = checked.findings;
    findings.sort_by_key(|finding| finding.span.start);
    let problems = findings
        .into_iter()
        .map(|finding| Problem {
            code: finding.code,
            severity: finding.severity,
            message: finding.message,
            position: locate(finding.span.start as usize),
        })
        .collect();
    let expression = checked.program.map(|program| Expression {
        source: code.into(),
        program,
        needs: checked.needs,
        mentions_certificate: checked.mentions_certificate,
    });
    let references = References {
        identity_lists: checked.identity_lists,
        certificates: checked.certificates,
        unchecked_issuer: checked
            .unchecked_issuer
            .map(|span| locate(span.start as usize)),
    };
    Compiled {
        expression,
        problems,
        references,
    }
}
