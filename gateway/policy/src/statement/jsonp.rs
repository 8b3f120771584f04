//! `jsonp`: a JSON response wrapped in a call of the function that the client names.

use std::sync::Arc;

use http::StatusCode;

use crate::document::Element;
use crate::execution::{Failure, Flow, Outcome, Run, threw};
use crate::program::{Compiler, Section};

use super::set_query_parameter::decoded;
use super::setting::Setting;
use super::{Kind, Policy, Statement, whole_body};

pub(super) const POLICY: Policy = Policy {
    name: "jsonp",
    sections: &[Section::Outbound],
    kind: Kind::Statement(compile),
};

/// Characters of a function's name, which comes from the client.
const MAX_NAME: usize = 256;

struct Jsonp {
    parameter: Setting<Arc<str>>,
}

fn compile(element: &Element, compiler: &mut Compiler<'_>) -> Option<Box<dyn Statement>> {
    compiler.check_attributes(element, &["callback-parameter-name"]);
    compiler.check_empty(element);
    let attribute = compiler.required(element, "callback-parameter-name")?;
    let parameter = compiler.text(attribute)?;
    whole_body::need(compiler);
    Some(Box::new(Jsonp { parameter }))
}

impl Statement for Jsonp {
    fn execute(&self, run: &mut Run<'_>) -> Outcome<Flow> {
        let parameter = run.text(&self.parameter)?;
        let Some(callback) = callback(&run.context.request.original_url.query, &parameter) else {
            return Ok(Flow::Next);
        };
        if !is_function(&callback) {
            let message = format!(
                "Value of callback parameter {parameter} is not a valid JavaScript identifier."
            );
            return Err(Box::new(Failure::of_policy(
                "CallbackParameterInvalid",
                message.clone(),
                StatusCode::BAD_REQUEST,
                message,
            )));
        }
        if !whole_body::is_kind(run, "json") {
            return Ok(Flow::Next);
        }
        let Some(body) = whole_body::read(run)? else {
            return Ok(Flow::Next);
        };
        run.budget()
            .allocate(body.len().saturating_mul(2))
            .map_err(threw)?;
        let text = whole_body::decode(&body).unwrap_or_default();
        // JSON allows these two in strings; older JavaScript ends a line at them.
        let text = text
            .replace('\u{2028}', "\\u2028")
            .replace('\u{2029}', "\\u2029");
        let content = format!("{callback}({text});").into_bytes();
        whole_body::replace(run, content, Some("application/javascript; charset=utf-8"));
        Ok(Flow::Next)
    }
}

/// The value of the query parameter.
fn callback(query: &str, parameter: &str) -> Option<String> {
    query.split('&').find_map(|pair| {
        let (name, value) = pair.split_once('=').unwrap_or((pair, ""));
        (decoded(name) == parameter).then(|| decoded(value))
    })
}

/// Identifiers joined by dots. Only letters of ASCII: nothing else may get into a script.
fn is_function(name: &str) -> bool {
    name.len() <= MAX_NAME
        && name.split('.').all(|part| {
            part.starts_with(|c: char| c.is_ascii_alphabetic() || matches!(c, '_' | '$'))
                && part
                    .chars()
                    .all(|c| c.is_ascii_alphanumeric() || matches!(c, '_' | '$'))
        })
}
