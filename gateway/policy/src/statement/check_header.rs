//! `check-header`.

use std::sync::Arc;

use http::StatusCode;
use http::header::HeaderName;

use crate::document::Element;
use crate::execution::{Failure, Flow, Outcome, Run};
use crate::expression::Expected;
use crate::program::{Compiler, Section};

use super::setting::Setting;
use super::{Kind, Policy, Statement, status_code};

pub(super) const POLICY: Policy = Policy {
    name: "check-header",
    sections: &[Section::Inbound],
    kind: Kind::Statement(compile),
};

pub(super) const NAME: &str = "the name of a header";

/// A header by the name that lookups use, and as it was written.
#[derive(Clone)]
struct Name {
    header: HeaderName,
    written: Arc<str>,
}

struct CheckHeader {
    name: Setting<Name>,
    status: Setting<StatusCode>,
    message: Setting<Arc<str>>,
    ignore_case: Setting<bool>,
    values: Vec<Setting<Arc<str>>>,
}

fn compile(element: &Element, compiler: &mut Compiler<'_>) -> Option<Box<dyn Statement>> {
    const KNOWN: [&str; 4] = [
        "name",
        "failed-check-httpcode",
        "failed-check-error-message",
        "ignore-case",
    ];
    compiler.check_attributes(element, &KNOWN);
    compiler.check_no_text(element);
    let name = compiler.required(element, "name");
    let name = name.and_then(|a| compiler.parsed(a, Expected::Text, read_name, NAME));
    let status = compiler
        .required(element, "failed-check-httpcode")
        .and_then(|attribute| {
            compiler.parsed(
                attribute,
                Expected::Integer,
                status_code::read,
                status_code::EXPECTED,
            )
        });
    let message = compiler.required(element, "failed-check-error-message");
    let message = message.and_then(|attribute| compiler.text(attribute));
    let ignore_case = match element.attribute("ignore-case") {
        Some(attribute) => compiler.boolean(attribute),
        None => {
            compiler.warning(
                "MissingAttribute",
                "'check-header' without 'ignore-case' compares with case",
                element.offset,
            );
            Some(Setting::Literal(false))
        }
    };
    let mut values = Vec::new();
    for child in element.elements() {
        if child.name == "value" {
            compiler.check_attributes(child, &[]);
            values.push(compiler.content(child)?);
        } else {
            compiler.unknown_child(element, child, &["value"]);
        }
    }
    Some(Box::new(CheckHeader {
        name: name?,
        status: status?,
        message: message?,
        ignore_case: ignore_case?,
        values,
    }))
}

/// The name of a header.
pub(super) fn read_header(text: &str) -> Option<HeaderName> {
    HeaderName::from_bytes(text.as_bytes()).ok()
}

fn read_name(text: &str) -> Option<Name> {
    let header = read_header(text)?;
    Some(Name {
        header,
        written: text.into(),
    })
}

impl Statement for CheckHeader {
    fn execute(&self, run: &mut Run<'_>) -> Outcome<Flow> {
        let Name {
            header,
            written: name,
        } = run.parsed(&self.name, read_name, NAME)?;
        let lines: Vec<String> = run
            .context
            .request
            .headers
            .get_all(&header)
            .iter()
            .map(|value| String::from_utf8_lossy(value.as_bytes()).into_owned())
            .collect();
        if lines.is_empty() {
            let message = format!("Header {name} was not found in the request. Access denied.");
            return Err(self.denied(run, "HeaderNotFound", message)?);
        }
        if self.values.is_empty() {
            return Ok(Flow::Next);
        }
        let ignore_case = run.boolean(&self.ignore_case)?;
        // Several lines count as one value, so that a second one cannot slip past the check.
        let value = lines.join(",");
        for allowed in &self.values {
            let Some(allowed) = run.text_or_null(allowed)? else {
                continue;
            };
            let same = if ignore_case {
                allowed.to_lowercase() == value.to_lowercase()
            } else {
                *allowed == *value
            };
            if same {
                return Ok(Flow::Next);
            }
        }
        let message = format!("Header {name} value of {value} is not allowed. Access denied.");
        Err(self.denied(run, "HeaderValueNotAllowed", message)?)
    }
}

impl CheckHeader {
    fn denied(
        &self,
        run: &mut Run<'_>,
        reason: &'static str,
        message: String,
    ) -> Outcome<Box<Failure>> {
        let status = run.parsed(&self.status, status_code::read, status_code::EXPECTED)?;
        let client_message = run.text(&self.message)?.into_owned();
        Ok(Box::new(Failure::of_policy(
            reason,
            message,
            status,
            client_message,
        )))
    }
}
