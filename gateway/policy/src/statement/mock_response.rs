//! `mock-response`: answers with an example of the operation's documentation.

use std::sync::Arc;

use http::StatusCode;
use http::header::{CONTENT_TYPE, HeaderValue};

use crate::context::{Body, Operation, Representation};
use crate::document::Element;
use crate::execution::{Flow, Outcome, Run, empty_response};
use crate::program::{Compiler, Section};

use super::{Kind, Policy, Statement, status_code};

pub(super) const POLICY: Policy = Policy {
    name: "mock-response",
    sections: &[Section::Inbound, Section::Outbound, Section::OnError],
    kind: Kind::Statement(compile),
};

struct MockResponse {
    status: StatusCode,
    /// As written, and as it is compared.
    content_type: Option<(HeaderValue, String)>,
    /// Which of several examples.
    index: usize,
}

fn compile(element: &Element, compiler: &mut Compiler<'_>) -> Option<Box<dyn Statement>> {
    compiler.check_attributes(element, &["status-code", "content-type", "index"]);
    compiler.check_empty(element);
    let status = match element.attribute("status-code") {
        Some(a) => compiler.literal_as(a, status_code::read, status_code::EXPECTED),
        None => Some(StatusCode::OK),
    };
    let content_type = match element.attribute("content-type") {
        Some(attribute) => {
            let value = compiler.literal_as(attribute, read_media_type, "a media type");
            Some(value?)
        }
        None => None,
    };
    let index = match element.attribute("index") {
        Some(a) => compiler.literal_as(a, |text| text.parse().ok(), "a number from 0"),
        None => Some(0),
    };
    Some(Box::new(MockResponse {
        status: status?,
        content_type,
        index: index?,
    }))
}

fn read_media_type(text: &str) -> Option<(HeaderValue, String)> {
    let value = HeaderValue::from_str(text).ok()?;
    let essence = essence(text);
    let (kind, subtype) = essence.split_once('/')?;
    (!kind.is_empty() && !subtype.is_empty()).then_some((value, essence))
}

/// A media type without its parameters (RFC 9110 section 8.3.1).
fn essence(text: &str) -> String {
    let name = text.split(';').next().unwrap_or(text);
    name.trim().to_ascii_lowercase()
}

impl Statement for MockResponse {
    fn execute(&self, run: &mut Run<'_>) -> Outcome<Flow> {
        let operation: Option<Arc<Operation>> = run.context.operation.clone();
        let representation = operation.as_ref().and_then(|o| self.representation(o));
        let mut response = empty_response();
        response.status = self.status;
        let content_type = match (&self.content_type, representation) {
            (Some((written, _)), _) => Some(written.clone()),
            (None, Some(found)) => HeaderValue::from_str(&found.content_type).ok(),
            (None, None) => None,
        };
        if let Some(content_type) = content_type {
            response.headers.insert(CONTENT_TYPE, content_type);
        }
        let example = representation.and_then(|found| found.examples.get(self.index));
        if let Some(example) = example.filter(|example| !example.is_empty()) {
            response.body = Body::Bytes(example.clone());
        }
        Ok(Flow::Respond(Box::new(response)))
    }
}

impl MockResponse {
    /// What the operation documents for the status, of the media type if one is named.
    fn representation<'o>(&self, operation: &'o Operation) -> Option<&'o Representation> {
        operation
            .responses
            .iter()
            .filter(|response| response.status == self.status.as_u16())
            .flat_map(|response| &response.representations)
            .find(|representation| match &self.content_type {
                Some((_, wanted)) => essence(&representation.content_type) == *wanted,
                None => true,
            })
    }
}
