//! `authentication-managed-identity`: says to a server who this gateway is, with a token that it gets
//! from the machine it runs on.
//!
//! Where the token goes is the document's to decide: nothing here looks at the server.

use std::sync::Arc;

use http::header::{AUTHORIZATION, HeaderValue};

use crate::document::Element;
use crate::execution::{AccessToken, Answer, Effect, Failure, Flow, Outcome, Run, TokenRequest};
use crate::expression::Value;
use crate::program::{Compiler, Section};

use super::setting::Setting;
use super::{Kind, Policy, Statement};

pub(super) const POLICY: Policy = Policy {
    name: "authentication-managed-identity",
    sections: &[Section::Inbound],
    kind: Kind::Statement(compile),
};

struct ManagedIdentity {
    resource: Setting<Arc<str>>,
    client_id: Option<Arc<str>>,
    then: Then,
}

#[derive(Clone)]
struct Then {
    /// Where the token is put; `None` for the header.
    variable: Option<Arc<str>>,
    ignore_error: bool,
}

fn compile(element: &Element, compiler: &mut Compiler<'_>) -> Option<Box<dyn Statement>> {
    compiler.check_attributes(
        element,
        &[
            "resource",
            "client-id",
            "output-token-variable-name",
            "ignore-error",
        ],
    );
    compiler.check_empty(element);
    if !compiler.has_managed_identity() {
        compiler.warning(
            "NoManagedIdentity",
            "No managed identity is configured: this policy gets no token",
            element.offset,
        );
    }
    let resource = compiler
        .required(element, "resource")
        .and_then(|attribute| compiler.text(attribute));
    let client_id = match element.attribute("client-id") {
        Some(attribute) => Some(compiler.literal(attribute)?),
        None => None,
    };
    let variable = match element.attribute("output-token-variable-name") {
        Some(attribute) => Some(compiler.literal(attribute)?),
        None => None,
    };
    let ignore_error = compiler.flag(element, "ignore-error", false);
    Some(Box::new(ManagedIdentity {
        resource: resource?,
        client_id: client_id.filter(|id| !id.is_empty()),
        then: Then {
            variable,
            ignore_error,
        },
    }))
}

impl Statement for ManagedIdentity {
    fn execute(&self, run: &mut Run<'_>) -> Outcome<Flow> {
        let request = TokenRequest {
            resource: run.text(&self.resource)?.into(),
            client_id: self.client_id.clone(),
        };
        let then = self.then.clone();
        Ok(Flow::ask(Effect::Token(request), move |run, answer| {
            then.answered(run, answer)
        }))
    }
}

impl Then {
    fn answered(self, run: &mut Run<'_>, answer: Answer) -> Outcome<Flow> {
        let AccessToken(token) = match answer {
            Answer::Token(token) => token,
            Answer::Failed(_) if self.ignore_error => return Ok(Flow::Next),
            other => return Err(other.into_failure()),
        };
        if let Some(variable) = self.variable {
            run.context.variables.insert(variable, Value::from(token));
            return Ok(Flow::Next);
        }
        let mut value = HeaderValue::from_str(&format!("Bearer {token}")).map_err(|_| {
            Box::new(Failure::internal(
                "InvalidConfiguration",
                "The token of the managed identity cannot stand in a header.",
            ))
        })?;
        value.set_sensitive(true);
        // The request in the making, or the client's, also when its response is already there.
        let headers = match &mut run.local.draft {
            Some(draft) => &mut draft.request.headers,
            None => &mut run.context.request.headers,
        };
        headers.insert(AUTHORIZATION, value);
        Ok(Flow::Next)
    }
}
