//! `authentication-basic`: who the gateway is to the backend, by user name and password (RFC 7617).

use std::sync::Arc;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use http::header::{AUTHORIZATION, HeaderValue};

use crate::document::Element;
use crate::execution::{Failure, Flow, Outcome, Run};
use crate::program::{Compiler, Section};

use super::setting::Setting;
use super::{Kind, Policy, Statement};

pub(super) const POLICY: Policy = Policy {
    name: "authentication-basic",
    sections: &[Section::Inbound],
    kind: Kind::Statement(compile),
};

const NO_COLON: &str = "The user name of 'authentication-basic' cannot contain a colon or a control \
                        character, and the password no control character.";

struct AuthenticationBasic {
    username: Setting<Arc<str>>,
    password: Setting<Arc<str>>,
}

fn compile(element: &Element, compiler: &mut Compiler<'_>) -> Option<Box<dyn Statement>> {
    compiler.check_attributes(element, &["username", "password"]);
    compiler.check_empty(element);
    let mut text = |name| {
        let attribute = compiler.required(element, name)?;
        compiler.text(attribute)
    };
    let (username, password) = (text("username"), text("password"));
    let (username, password) = (username?, password?);
    let literal = |setting: &Setting<Arc<str>>| setting.literal().cloned().unwrap_or_default();
    if !are_credentials(&literal(&username), &literal(&password)) {
        compiler.error("InvalidValue", NO_COLON, element.offset);
        return None;
    }
    Some(Box::new(AuthenticationBasic { username, password }))
}

/// RFC 7617 section 2: a colon ends the user name.
fn are_credentials(username: &str, password: &str) -> bool {
    !username.contains(|c: char| c == ':' || c.is_control()) && !password.contains(char::is_control)
}

impl Statement for AuthenticationBasic {
    fn execute(&self, run: &mut Run<'_>) -> Outcome<Flow> {
        let username = run.text(&self.username)?;
        let password = run.text(&self.password)?;
        let failure = || Box::new(Failure::internal("InvalidCredentials", NO_COLON));
        if !are_credentials(&username, &password) {
            return Err(failure());
        }
        let credentials = STANDARD.encode(format!("{username}:{password}"));
        let mut value =
            HeaderValue::from_str(&format!("Basic {credentials}")).map_err(|_| failure())?;
        value.set_sensitive(true);
        let request = match &mut run.local.draft {
            Some(draft) => &mut draft.request,
            None => &mut run.context.request,
        };
        request.headers.insert(AUTHORIZATION, value);
        Ok(Flow::Next)
    }
}
