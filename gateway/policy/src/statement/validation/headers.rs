//! `validate-headers`: the headers of responses against what the operation documents of them.

use std::sync::Arc;

use crate::document::Element;
use crate::execution::{Flow, Outcome, Run};
use crate::program::{Compiler, Section};
use crate::statement::setting::Setting;
use crate::statement::{Kind, Policy, Statement};

use super::value::{Place, check, missing, unspecified};
use super::{
    ACTION, Action, Named, action, action_for, charge, conclude, errors_variable, is_request,
    named, read_action,
};

pub(in crate::statement) const POLICY: Policy = Policy {
    name: "validate-headers",
    sections: &[Section::Outbound, Section::OnError],
    kind: Kind::Statement(compile),
};

struct ValidateHeaders {
    specified: Setting<Action>,
    unspecified: Setting<Action>,
    named: Vec<Named>,
    variable: Option<Arc<str>>,
}

const PLACE: Place = Place {
    kind: "ResponseHeader",
    noun: "header",
    is_request: false,
};

fn compile(element: &Element, compiler: &mut Compiler<'_>) -> Option<Box<dyn Statement>> {
    const SPECIFIED: &str = "specified-header-action";
    const UNSPECIFIED: &str = "unspecified-header-action";
    compiler.check_attributes(element, &[SPECIFIED, UNSPECIFIED, "errors-variable-name"]);
    let specified = action(element, SPECIFIED, compiler);
    let unspecified = action(element, UNSPECIFIED, compiler);
    let variable = errors_variable(element, compiler);
    let named = named(element, "header", compiler);
    Some(Box::new(ValidateHeaders {
        specified: specified?,
        unspecified: unspecified?,
        named: named?,
        variable: variable?,
    }))
}

impl Statement for ValidateHeaders {
    fn execute(&self, run: &mut Run<'_>) -> Outcome<Flow> {
        if is_request(run) {
            return Ok(Flow::Next);
        }
        let for_specified = run.parsed(&self.specified, read_action, ACTION)?;
        let for_unspecified = run.parsed(&self.unspecified, read_action, ACTION)?;
        let response = run.response();
        let status = response.status.as_u16();
        let present: Vec<(String, Vec<String>)> = response
            .headers
            .keys()
            .map(|name| {
                let values = response.headers.get_all(name).iter();
                let texts = values.map(|value| String::from_utf8_lossy(value.as_bytes()).into());
                (name.as_str().to_owned(), texts.collect())
            })
            .collect();
        let operation = run.context.operation.clone();
        let documented = operation
            .as_ref()
            .and_then(|o| o.responses.iter().find(|r| r.status == status))
            .map_or(&[][..], |response| &response.headers);
        charge(run, present.len(), documented.len() + self.named.len())?;
        let mut findings = Vec::new();
        for (name, values) in &present {
            let known = documented
                .iter()
                .find(|one| one.name.eq_ignore_ascii_case(name));
            let general = known.map_or(for_unspecified, |_| for_specified);
            let action = action_for(&self.named, name, general, run)?;
            match known {
                _ if action == Action::Ignore => {}
                None => findings.push(unspecified(PLACE, name, action)),
                Some(known) => findings.extend(check(PLACE, known, values, action)),
            }
        }
        charge(run, documented.len(), present.len() + self.named.len())?;
        for known in documented.iter().filter(|known| known.required) {
            if present
                .iter()
                .any(|(name, _)| known.name.eq_ignore_ascii_case(name))
            {
                continue;
            }
            let action = action_for(&self.named, &known.name, for_specified, run)?;
            if action != Action::Ignore {
                findings.push(missing(PLACE, &known.name, action));
            }
        }
        conclude(run, findings, self.variable.as_ref())
    }
}
