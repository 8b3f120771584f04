//! `set-header`: on the request before it was answered, on the response after that.

use http::header::{self, HeaderName, HeaderValue};

use crate::document::Element;
use crate::execution::{Failure, Flow, Message, Outcome, Run};
use crate::expression::Expected;
use crate::program::{Compiler, Section};

use super::exists_action::{self, ExistsAction};
use super::setting::Setting;
use super::{Kind, Policy, Statement};

pub(super) const POLICY: Policy = Policy {
    name: "set-header",
    sections: &Section::ALL,
    kind: Kind::Statement(compile),
};

const NAME: &str = "the name of a header";

/// Headers that describe the connection or the framing, which are the gateway's business.
fn is_fixed(name: &HeaderName) -> bool {
    [
        header::CONNECTION,
        header::CONTENT_LENGTH,
        header::TRANSFER_ENCODING,
    ]
    .contains(name)
        || name.as_str() == "keep-alive"
}

/// Headers whose values have commas of their own; several values stay several lines.
fn keeps_lines(name: &HeaderName) -> bool {
    [
        header::USER_AGENT,
        header::WWW_AUTHENTICATE,
        header::PROXY_AUTHENTICATE,
        header::COOKIE,
        header::SET_COOKIE,
        header::WARNING,
        header::DATE,
        header::EXPIRES,
        header::IF_MODIFIED_SINCE,
        header::IF_UNMODIFIED_SINCE,
        header::LAST_MODIFIED,
        header::RETRY_AFTER,
    ]
    .contains(name)
}

struct SetHeader {
    name: Setting<HeaderName>,
    action: Setting<ExistsAction>,
    values: Vec<Setting<HeaderValue>>,
}

fn compile(element: &Element, compiler: &mut Compiler<'_>) -> Option<Box<dyn Statement>> {
    compiler.check_attributes(element, &["name", "exists-action"]);
    compiler.check_no_text(element);
    let name = compiler.required(element, "name");
    let name = name.and_then(|name| compiler.parsed(name, Expected::Text, read_name, NAME));
    let action = exists_action::compile(element, compiler);
    let mut values = Vec::new();
    for child in element.elements() {
        if child.name != "value" {
            compiler.unknown_child(element, child, &["value"]);
            continue;
        }
        compiler.check_attributes(child, &[]);
        match compiler.content(child)? {
            Setting::Code(code) => values.push(Setting::Code(code)),
            Setting::Literal(text) => match HeaderValue::from_bytes(text.as_bytes()) {
                Ok(value) => values.push(Setting::Literal(value)),
                Err(_) => compiler.error(
                    "InvalidValue",
                    "The value of a header is one line of text.",
                    child.offset,
                ),
            },
        }
    }
    let (name, action) = (name?, action?);
    if let Setting::Literal(name) = &name
        && is_fixed(name)
    {
        compiler.warning(
            "NoEffect",
            format!(
                "The header '{name}' belongs to the connection; 'set-header' leaves it as it is"
            ),
            element.offset,
        );
    }
    if values.is_empty()
        && action
            .literal()
            .is_some_and(|action| *action != ExistsAction::Delete)
    {
        compiler.warning("NoEffect", "'set-header' has no 'value'", element.offset);
    }
    Some(Box::new(SetHeader {
        name,
        action,
        values,
    }))
}

fn read_name(text: &str) -> Option<HeaderName> {
    HeaderName::from_bytes(text.as_bytes()).ok()
}

impl Statement for SetHeader {
    fn execute(&self, run: &mut Run<'_>) -> Outcome<Flow> {
        let name = run.parsed(&self.name, read_name, NAME)?;
        let action = run.parsed(&self.action, exists_action::read, exists_action::EXPECTED)?;
        if is_fixed(&name) {
            return Ok(Flow::Next);
        }
        if action == ExistsAction::Delete {
            // Which server answered is not for a policy to hide.
            let kept = name == header::SERVER && matches!(run.message(), Message::Response(_));
            if !kept {
                run.headers().remove(&name);
            }
            return Ok(Flow::Next);
        }
        if action == ExistsAction::Skip && run.headers().contains_key(&name) {
            return Ok(Flow::Next);
        }
        let mut values = Vec::with_capacity(self.values.len());
        for setting in &self.values {
            match setting {
                Setting::Literal(value) => values.push(value.clone()),
                Setting::Code(code) => {
                    let value = run.evaluate(code)?;
                    // A null is no value; what is left decides.
                    if !value.is_null() {
                        let text = run.print(&value)?;
                        values.push(header_value(&name, text)?);
                    }
                }
            }
        }
        let headers = run.headers();
        let existing: Vec<HeaderValue> = match action {
            ExistsAction::Append => headers.get_all(&name).iter().cloned().collect(),
            _ => Vec::new(),
        };
        if action == ExistsAction::Append && values.is_empty() {
            return Ok(Flow::Next);
        }
        headers.remove(&name);
        let mut all = existing.into_iter().chain(values);
        if keeps_lines(&name) {
            for value in all {
                headers.append(name.clone(), value);
            }
        } else if let Some(first) = all.next() {
            headers.insert(name, all.fold(first, |joined, value| join(&joined, &value)));
        }
        Ok(Flow::Next)
    }
}

fn header_value(name: &HeaderName, text: String) -> Outcome<HeaderValue> {
    HeaderValue::try_from(text).map_err(|_| {
        // Without the value: it may be a secret, and it is not printable.
        Box::new(Failure::internal(
            "InvalidHeaderValue",
            format!(
                "The value for the header '{name}' contains a line break or control character."
            ),
        ))
    })
}

/// `a,b`.
fn join(a: &HeaderValue, b: &HeaderValue) -> HeaderValue {
    let mut bytes = Vec::with_capacity(a.len() + 1 + b.len());
    bytes.extend_from_slice(a.as_bytes());
    bytes.push(b',');
    bytes.extend_from_slice(b.as_bytes());
    // Two valid values with a comma between them are one.
    HeaderValue::from_bytes(&bytes).unwrap_or_else(|_| a.clone())
}
