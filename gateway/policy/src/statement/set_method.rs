//! `set-method`.

use http::Method;

use crate::document::Element;
use crate::execution::{Flow, Outcome, Run};
use crate::program::{Compiler, Section};

use super::setting::Setting;
use super::{Kind, Policy, Statement};

pub(super) const POLICY: Policy = Policy {
    name: "set-method",
    sections: &[Section::Inbound, Section::OnError],
    kind: Kind::Statement(compile),
};

const EXPECTED: &str = "an HTTP method";

struct SetMethod(Setting<Method>);

fn compile(element: &Element, compiler: &mut Compiler<'_>) -> Option<Box<dyn Statement>> {
    compiler.check_attributes(element, &[]);
    let method = match compiler.content(element)? {
        Setting::Code(code) => Setting::Code(code),
        Setting::Literal(text) => match read(&text) {
            Some(method) => Setting::Literal(method),
            None => {
                compiler.error(
                    "InvalidValue",
                    format!("'set-method' must hold {EXPECTED}."),
                    element.offset,
                );
                return None;
            }
        },
    };
    Some(Box::new(SetMethod(method)))
}

fn read(text: &str) -> Option<Method> {
    Method::from_bytes(text.as_bytes()).ok()
}

impl Statement for SetMethod {
    fn execute(&self, run: &mut Run<'_>) -> Outcome<Flow> {
        let method = run.parsed(&self.0, read, EXPECTED)?;
        match &mut run.local.draft {
            Some(draft) => draft.request.method = method,
            None => run.context.request.method = method,
        }
        Ok(Flow::Next)
    }
}
