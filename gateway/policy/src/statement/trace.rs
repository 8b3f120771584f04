//! `trace`: one record for the operator.

use std::sync::Arc;

use crate::document::Element;
use crate::execution::{Flow, Outcome, Run};
use crate::expression::Expected;
use crate::host::{TraceRecord, TraceSeverity};
use crate::program::{Compiler, Section};

use super::setting::Setting;
use super::{Kind, Policy, Statement};

pub(super) const POLICY: Policy = Policy {
    name: "trace",
    sections: &[Section::Inbound, Section::Backend, Section::Outbound],
    kind: Kind::Statement(compile),
};

const CHILDREN: [&str; 2] = ["message", "metadata"];

struct Trace {
    source: Arc<str>,
    severity: TraceSeverity,
    message: Setting<Arc<str>>,
    metadata: Vec<Metadata>,
}

/// A name and a value.
type Metadata = (Setting<Arc<str>>, Setting<Arc<str>>);

fn compile(element: &Element, compiler: &mut Compiler<'_>) -> Option<Box<dyn Statement>> {
    compiler.check_attributes(element, &["source", "severity"]);
    let source = compiler
        .required(element, "source")
        .and_then(|a| compiler.literal(a));
    let severity = match element.attribute("severity") {
        Some(attribute) => compiler.literal_as(
            attribute,
            read_severity,
            "'verbose', 'information' or 'error'",
        ),
        None => Some(TraceSeverity::Verbose),
    };
    let mut message = None;
    let mut metadata = Vec::new();
    for child in element.elements() {
        match child.name.as_str() {
            "message" => {
                compiler.check_attributes(child, &[]);
                if message.is_some() {
                    compiler.error("UnexpectedElement", "'message' occurs twice.", child.offset);
                }
                message = Some(compiler.content(child)?);
            }
            "metadata" => {
                compiler.check_attributes(child, &["name", "value"]);
                compiler.check_empty(child);
                let name = compiler
                    .required(child, "name")
                    .and_then(|a| compiler.text(a));
                let value = compiler
                    .required(child, "value")
                    .and_then(|a| compiler.text(a));
                metadata.extend(name.zip(value));
            }
            _ => compiler.unknown_child(element, child, &CHILDREN),
        }
    }
    let message = match message {
        Some(message) => {
            compiler.check_no_text(element);
            message
        }
        // The schema also allows the message as the element's own text.
        None => {
            let text = element.text();
            if text.as_str().trim().is_empty() {
                compiler.error(
                    "MissingElement",
                    "'trace' needs a 'message'.",
                    element.offset,
                );
                return None;
            }
            compiler.setting(&text, Expected::Text, true)?
        }
    };
    Some(Box::new(Trace {
        source: source?,
        severity: severity?,
        message,
        metadata,
    }))
}

fn read_severity(text: &str) -> Option<TraceSeverity> {
    match text {
        "verbose" => Some(TraceSeverity::Verbose),
        "information" => Some(TraceSeverity::Information),
        "error" => Some(TraceSeverity::Error),
        _ => None,
    }
}

impl Statement for Trace {
    fn execute(&self, run: &mut Run<'_>) -> Outcome<Flow> {
        let message = run.text(&self.message)?.into_owned();
        let mut metadata = Vec::with_capacity(self.metadata.len());
        for (name, value) in &self.metadata {
            let name = run.text(name)?.into_owned();
            metadata.push((name, run.text(value)?.into_owned()));
        }
        run.host.trace(TraceRecord {
            source: self.source.to_string(),
            severity: self.severity,
            message,
            metadata,
        });
        Ok(Flow::Next)
    }
}
