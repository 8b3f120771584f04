//! `cross-domain`: answers requests for `/crossdomain.xml`, which Flash and Silverlight clients make,
//! with the policy file that is written in it (Adobe's cross-domain policy file specification).

use bytes::Bytes;
use http::Method;
use http::header::{CONTENT_TYPE, HeaderValue};

use crate::context::Body;
use crate::document::Element;
use crate::execution::{Flow, Outcome, Run, empty_response};
use crate::program::instruction::{Code, Operation};
use crate::program::{Compiler, Section};

use super::{Kind, Policy, Statement};

pub(super) const POLICY: Policy = Policy {
    name: "cross-domain",
    sections: &[Section::Inbound],
    kind: Kind::Block(compile),
};

const PATH: &str = "/crossdomain.xml";

/// Elements of a policy file with their attributes.
const ELEMENTS: &[(&str, &[&str])] = &[
    ("site-control", &["permitted-cross-domain-policies"]),
    ("allow-access-from", &["domain", "to-ports", "secure"]),
    ("allow-access-from-identity", &[]),
    (
        "allow-http-request-headers-from",
        &["domain", "headers", "secure"],
    ),
];

struct CrossDomain {
    file: Bytes,
    /// Where other requests go on.
    otherwise: usize,
}

fn compile(element: &Element, compiler: &mut Compiler<'_>, code: &mut Code) -> bool {
    if let Some(file) = file(element, compiler) {
        let otherwise = code.len() + 2;
        let answer = Operation::Statement(Box::new(CrossDomain { file, otherwise }));
        code.push(compiler.instruction(element, answer));
        code.push(compiler.instruction(element, Operation::EndResponse));
    }
    false
}

/// The policy file.
fn file(element: &Element, compiler: &mut Compiler<'_>) -> Option<Bytes> {
    compiler.check_attributes(element, &[]);
    compiler.check_no_text(element);
    let mut root = None;
    for child in element.elements() {
        if child.name != "cross-domain-policy" || root.is_some() {
            compiler.unknown_child(element, child, &["cross-domain-policy"]);
            return None;
        }
        root = Some(child);
    }
    let Some(root) = root else {
        compiler.error(
            "MissingElement",
            "'cross-domain' needs a 'cross-domain-policy'.",
            element.offset,
        );
        return None;
    };
    compiler.check_no_text(root);
    let names: Vec<&str> = ELEMENTS.iter().map(|(name, _)| *name).collect();
    for child in root.elements() {
        match ELEMENTS.iter().find(|(name, _)| *name == child.name) {
            Some((_, attributes)) => {
                if child.name != "allow-access-from-identity" {
                    compiler.check_attributes(child, attributes);
                    compiler.check_empty(child);
                }
                for attribute in &child.attributes {
                    compiler.literal(attribute)?;
                }
            }
            None => compiler.unknown_child(root, child, &names),
        }
    }
    let file = format!("<?xml version=\"1.0\"?>{}", element.inner_xml());
    Some(file.into())
}

impl Statement for CrossDomain {
    fn execute(&self, run: &mut Run<'_>) -> Outcome<Flow> {
        let request = &run.context.request;
        if request.original_url.path != PATH
            || !matches!(request.method, Method::GET | Method::HEAD)
        {
            return Ok(Flow::Jump(self.otherwise));
        }
        let mut response = empty_response();
        response.headers.insert(
            CONTENT_TYPE,
            HeaderValue::from_static("text/x-cross-domain-policy"),
        );
        response.body = Body::Bytes(self.file.clone());
        run.local.response = Some(response);
        Ok(Flow::Next)
    }
}
