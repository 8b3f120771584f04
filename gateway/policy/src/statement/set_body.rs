//! `set-body`: a text as it stands, nested XML, an expression, or a Liquid template.

use bytes::Bytes;
use http::header::CONTENT_LENGTH;

use crate::context::Body;
use crate::document::{Element, SourceText};
use crate::execution::{Flow, Message, Outcome, Run};
use crate::expression::{Expected, Expression};
use crate::liquid::Nil;
use crate::program::{Compiler, Section};

use super::set_body_liquid::{self, Liquid};
use super::setting::Setting;
use super::{Kind, Policy, Statement};

pub(super) const POLICY: Policy = Policy {
    name: "set-body",
    sections: &[Section::Inbound, Section::Backend, Section::Outbound],
    kind: Kind::Statement(compile),
};

enum SetBody {
    Literal(Bytes),
    Code(Box<Expression>),
    Liquid(Box<Liquid>),
}

fn compile(element: &Element, compiler: &mut Compiler<'_>) -> Option<Box<dyn Statement>> {
    const KNOWN: [&str; 4] = [
        "template",
        "xsi-nil",
        "parse-date",
        "html-decode-expression",
    ];
    compiler.check_attributes(element, &KNOWN);
    compiler.refuse_attributes(element, &["html-decode-expression"]);
    let is_liquid = match element.attribute("template") {
        Some(template) => match &*compiler.literal(template)? {
            "none" => false,
            "liquid" | "Liquid" => true,
            _ => {
                compiler.error(
                    "InvalidValue",
                    "The attribute 'template' must be 'liquid'.",
                    template.offset,
                );
                return None;
            }
        },
        None => false,
    };
    // These two say how Liquid reads a body; without a template they have nothing to do.
    let nil = match element.attribute("xsi-nil") {
        Some(attribute) => compiler.literal_as(
            attribute,
            |text| match text {
                "blank" => Some(Nil::Blank),
                "null" => Some(Nil::Null),
                _ => None,
            },
            "'blank' or 'null'",
        )?,
        None => Nil::Blank,
    };
    let dates = compiler.flag(element, "parse-date", true);
    if is_liquid {
        let liquid = set_body_liquid::compile(element, compiler, nil, dates)?;
        return Some(Box::new(SetBody::Liquid(Box::new(liquid))));
    }
    let has_markup = element.elements().next().is_some();
    let content = if has_markup {
        let mut xml = SourceText::empty(element.offset);
        xml.push_replacement(&element.inner_xml(), element.offset);
        xml
    } else {
        element.text()
    };
    Some(Box::new(
        match compiler.setting(&content, Expected::Any, false)? {
            Setting::Literal(text) => SetBody::Literal(Bytes::from(text.as_bytes().to_vec())),
            Setting::Code(expression) => SetBody::Code(expression),
        },
    ))
}

impl Statement for SetBody {
    fn execute(&self, run: &mut Run<'_>) -> Outcome<Flow> {
        let bytes = match self {
            Self::Literal(bytes) => bytes.clone(),
            Self::Liquid(liquid) => liquid.render(run)?.into(),
            Self::Code(expression) => {
                let value = run.evaluate(expression)?;
                if value.is_null() {
                    Bytes::new()
                } else if let Some(bytes) = value.as_bytes() {
                    bytes.into()
                } else {
                    run.print(&value)?.into()
                }
            }
        };
        let body = if bytes.is_empty() {
            Body::None
        } else {
            Body::Bytes(bytes)
        };
        let (headers, slot) = match run.message() {
            Message::Request(request) => (&mut request.headers, &mut request.body),
            Message::Response(response) => (&mut response.headers, &mut response.body),
        };
        // It described the body that is gone.
        headers.remove(CONTENT_LENGTH);
        *slot = body;
        Ok(Flow::Next)
    }
}
