//! `validate-status-code`: only status codes that the operation documents leave.

use std::sync::Arc;

use crate::document::Element;
use crate::execution::{Flow, Outcome, Run};
use crate::program::{Compiler, Section};
use crate::statement::setting::Setting;
use crate::statement::{Kind, Policy, Statement};

use super::{
    ACTION, Action, Finding, action, charge, conclude, errors_variable, is_request, read_action,
};

pub(in crate::statement) const POLICY: Policy = Policy {
    name: "validate-status-code",
    sections: &[Section::Outbound, Section::OnError],
    kind: Kind::Statement(compile),
};

struct ValidateStatusCode {
    unspecified: Setting<Action>,
    codes: Vec<(u16, Setting<Action>)>,
    variable: Option<Arc<str>>,
}

fn compile(element: &Element, compiler: &mut Compiler<'_>) -> Option<Box<dyn Statement>> {
    const UNSPECIFIED: &str = "unspecified-status-code-action";
    compiler.check_attributes(element, &[UNSPECIFIED, "errors-variable-name"]);
    compiler.check_no_text(element);
    let unspecified = action(element, UNSPECIFIED, compiler);
    let variable = errors_variable(element, compiler);
    let mut codes = Some(Vec::new());
    for child in element.elements() {
        if child.name != "status-code" {
            compiler.unknown_child(element, child, &["status-code"]);
            codes = None;
            continue;
        }
        compiler.check_attributes(child, &["code", "action"]);
        compiler.check_empty(child);
        let code = compiler.required(child, "code").and_then(|a| {
            let read = |text: &str| text.parse().ok().filter(|c| (100..=599).contains(c));
            compiler.literal_as(a, read, "a status code from 100 to 599")
        });
        let action = action(child, "action", compiler);
        match (code, action, &mut codes) {
            (Some(code), Some(action), Some(codes)) => codes.push((code, action)),
            _ => codes = None,
        }
    }
    Some(Box::new(ValidateStatusCode {
        unspecified: unspecified?,
        codes: codes?,
        variable: variable?,
    }))
}

impl Statement for ValidateStatusCode {
    fn execute(&self, run: &mut Run<'_>) -> Outcome<Flow> {
        if is_request(run) {
            return Ok(Flow::Next);
        }
        let status = run.response().status.as_u16();
        let operation = run.context.operation.clone();
        let documented = operation.as_ref().map_or(&[][..], |o| &o.responses);
        charge(run, 1, documented.len() + self.codes.len())?;
        if documented.iter().any(|response| response.status == status) {
            return Ok(Flow::Next);
        }
        let own = self.codes.iter().find(|(code, _)| *code == status);
        let setting = own.map_or(&self.unspecified, |(_, action)| action);
        let action = run.parsed(setting, read_action, ACTION)?;
        if action == Action::Ignore {
            return Ok(Flow::Next);
        }
        let finding = Finding {
            name: status.to_string(),
            kind: "StatusCode",
            rule: "Unspecified",
            details: format!("Response status code {status} is not allowed."),
            public: None,
            action,
        };
        conclude(run, vec![finding], self.variable.as_ref())
    }
}
