//! `set-body template="liquid"`: the body of the pipeline's message goes in, another one comes out.

use crate::context::Body;
use crate::document::Element;
use crate::execution::{Failure, Outcome, Run, threw};
use crate::expression::Exception;
use crate::liquid::{Input, InputKind, Nil, Template, source_of};
use crate::program::{Compiler, Section};

use super::whole_body;

/// A template and how it reads the body.
pub(super) struct Liquid {
    template: Template,
    nil: Nil,
    dates: bool,
    /// Within `return-response` there is no body.
    bodiless: bool,
}

pub(super) fn compile(
    element: &Element,
    compiler: &mut Compiler<'_>,
    nil: Nil,
    dates: bool,
) -> Option<Liquid> {
    let bodiless = compiler
        .path
        .iter()
        .rev()
        .take(2)
        .any(|name| name.split('[').next() == Some("return-response"));
    let source = source_of(element);
    if bodiless && source.as_str().contains("body") {
        compiler.warning(
            "LiquidWithoutBody",
            "A template in 'return-response' has no body to read: 'body' is empty in it.",
            element.offset,
        );
    }
    let template = compiler.template(&source)?;
    if !bodiless {
        whole_body::need(compiler);
    }
    Some(Liquid {
        template,
        nil,
        dates,
        bodiless,
    })
}

impl Liquid {
    pub(super) fn render(&self, run: &mut Run<'_>) -> Outcome<String> {
        let input = if self.bodiless {
            Input::NONE
        } else {
            self.input(run)?
        };
        let mut budget = run.budget();
        self.template
            .render(&input, run.context, run.host, &mut budget)
            .map_err(|exception| match exception.is_budget() {
                true => threw(exception),
                false => failed(run, &exception),
            })
    }

    /// The body of the pipeline's message, also where the policy makes another request.
    fn input(&self, run: &Run<'_>) -> Outcome<Input> {
        let nothing = http::HeaderMap::new();
        let (body, headers) = match run.section {
            Section::Inbound | Section::Backend => {
                (&run.context.request.body, &run.context.request.headers)
            }
            Section::Outbound | Section::OnError => match &run.context.response {
                Some(response) => (&response.body, &response.headers),
                None => (&Body::None, &nothing),
            },
        };
        let content = match body {
            Body::Bytes(content) if !content.is_empty() => content,
            Body::Bytes(_) | Body::None | Body::Consumed => return Ok(Input::NONE),
            Body::Streaming => {
                return Err(Box::new(Failure::internal(
                    "BodyNotBuffered",
                    "The body was not read into memory before the policy ran.",
                )));
            }
        };
        let kind = if whole_body::says(headers, "json") {
            InputKind::Json
        } else if whole_body::says(headers, "xml") {
            InputKind::Xml
        } else {
            InputKind::Text
        };
        let text =
            whole_body::decode(content).ok_or_else(|| failed(run, &Exception::not_text()))?;
        Ok(Input {
            text: Some(text),
            kind,
            nil: self.nil,
            dates: self.dates,
        })
    }
}

fn failed(run: &Run<'_>, exception: &Exception) -> Box<Failure> {
    whole_body::cannot(run, exception)
}
