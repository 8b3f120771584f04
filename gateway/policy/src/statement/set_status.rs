//! `set-status`.

use std::sync::Arc;

use http::StatusCode;

use crate::document::Element;
use crate::execution::{Failure, Flow, Outcome, Run};
use crate::expression::Expected;
use crate::program::{Compiler, Section};

use super::setting::Setting;
use super::{Kind, Policy, Statement, status_code};

pub(super) const POLICY: Policy = Policy {
    name: "set-status",
    sections: &Section::ALL,
    kind: Kind::Statement(compile),
};

struct SetStatus {
    code: Setting<StatusCode>,
    reason: Option<Setting<Arc<str>>>,
}

fn compile(element: &Element, compiler: &mut Compiler<'_>) -> Option<Box<dyn Statement>> {
    compiler.check_attributes(element, &["code", "reason"]);
    compiler.check_empty(element);
    let reason = match element.attribute("reason") {
        Some(attribute) => Some(compiler.text(attribute)?),
        None => None,
    };
    if let Some(Setting::Literal(text)) = &reason
        && !is_reason(text)
    {
        compiler.error(
            "InvalidValue",
            "A reason is one line of text.",
            element.offset,
        );
        return None;
    }
    let code = compiler.required(element, "code")?;
    let code = compiler.parsed(
        code,
        Expected::Integer,
        status_code::read,
        status_code::EXPECTED,
    )?;
    Some(Box::new(SetStatus { code, reason }))
}

impl Statement for SetStatus {
    fn execute(&self, run: &mut Run<'_>) -> Outcome<Flow> {
        let status = run.parsed(&self.code, status_code::read, status_code::EXPECTED)?;
        let reason: Option<Arc<str>> = match &self.reason {
            None => None,
            Some(Setting::Literal(text)) => Some(Arc::clone(text)),
            Some(setting) => run.text_or_null(setting)?.map(Into::into),
        };
        if reason.as_ref().is_some_and(|text| !is_reason(text)) {
            return Err(Box::new(Failure::internal(
                "InvalidReason",
                "The reason of set-status is not one line of text.",
            )));
        }
        let response = run.response();
        response.status = status;
        response.reason = reason.filter(|text| !text.is_empty());
        Ok(Flow::Next)
    }
}

/// RFC 9112 section 4: no control characters but the tab.
fn is_reason(text: &str) -> bool {
    !text.chars().any(|c| c.is_control() && c != '\t')
}
