//! `validate-client-certificate`: refuses a request whose certificate is not acceptable.
//!
//! The order of the checks and the messages for clients are APIM's, as measured; so is that the dates
//! are looked at before the chain. `ClientCertificateRevoked` and `ClientCertificateRevocationUnknown`
//! are this gateway's names: APIM has none that is documented. Of APIM's articles also the attributes
//! `failed-validation-httpcode`, `failed-validation-error-message` and `issuer` are understood.

mod identity;

use std::borrow::Cow;
use std::sync::Arc;

use http::StatusCode;

use crate::certificate::Certificate;
use crate::document::Element;
use crate::execution::{Failure, Flow, Outcome, Run};
use crate::expression::Expected;
use crate::host::{ChainVerdict, Revocation, Trust};
use crate::program::{Compiler, FAILS_OPEN, Section};

use super::setting::Setting;
use super::{Kind, Policy, Statement, status_code};
use identity::Accepted;

pub(super) const POLICY: Policy = Policy {
    name: "validate-client-certificate",
    sections: &[Section::Inbound],
    kind: Kind::Statement(compile),
};

const ATTRIBUTES: [&str; 7] = [
    "validate-revocation",
    "validate-trust",
    "validate-not-before",
    "validate-not-after",
    "ignore-error",
    "failed-validation-httpcode",
    "failed-validation-error-message",
];

struct ValidateClientCertificate {
    revocation: bool,
    trust: bool,
    not_before: bool,
    not_after: bool,
    ignore_error: bool,
    status: Option<Setting<StatusCode>>,
    message: Option<Setting<Arc<str>>>,
    /// Any of these will do; `None` accepts every identity.
    identities: Option<Vec<Accepted>>,
}

fn compile(element: &Element, compiler: &mut Compiler<'_>) -> Option<Box<dyn Statement>> {
    compiler.check_attributes(element, &ATTRIBUTES);
    compiler.check_no_text(element);
    let status = match element.attribute("failed-validation-httpcode") {
        Some(attribute) => Some(compiler.parsed(
            attribute,
            Expected::Integer,
            status_code::read,
            status_code::EXPECTED,
        )?),
        None => None,
    };
    let message = match element.attribute("failed-validation-error-message") {
        Some(attribute) => Some(compiler.text(attribute)?),
        None => None,
    };
    let trust = compiler.flag(element, "validate-trust", true);
    let ignore_error = compiler.flag(element, "ignore-error", false);
    let mut identities = None;
    for child in element.elements() {
        if child.name != "identities" {
            compiler.unknown_child(element, child, &["identities"]);
        } else if identities.is_some() {
            compiler.error(
                "UnexpectedElement",
                "'identities' occurs twice.",
                child.offset,
            );
        } else {
            identities = Some(identity::compile(child, compiler, trust));
        }
    }
    if ignore_error {
        compiler.warning(
            FAILS_OPEN,
            "With 'ignore-error=\"true\"' this policy refuses nobody",
            element.offset,
        );
    } else if compiler.path.len() == 1 {
        // Inside another policy it may not run.
        compiler.facts.validates_certificate = true;
        compiler.facts.validates_trust |= trust;
    }
    Some(Box::new(ValidateClientCertificate {
        revocation: compiler.flag(element, "validate-revocation", true),
        trust,
        not_before: compiler.flag(element, "validate-not-before", true),
        not_after: compiler.flag(element, "validate-not-after", true),
        ignore_error,
        status,
        message,
        identities,
    }))
}

/// Why a certificate is refused: the reason, the operator's and the client's message.
struct Refusal {
    reason: &'static str,
    message: Cow<'static, str>,
    client_message: &'static str,
}

impl Refusal {
    fn new(reason: &'static str, message: impl Into<Cow<'static, str>>) -> Self {
        Self {
            reason,
            message: message.into(),
            client_message: "Invalid client certificate",
        }
    }
}

impl Statement for ValidateClientCertificate {
    fn execute(&self, run: &mut Run<'_>) -> Outcome<Flow> {
        let Err(refusal) = self.judge(run) else {
            return Ok(Flow::Next);
        };
        if self.ignore_error {
            return Ok(Flow::Next);
        }
        let status = match &self.status {
            Some(status) => run.parsed(status, status_code::read, status_code::EXPECTED)?,
            None => StatusCode::UNAUTHORIZED,
        };
        let client_message = match &self.message {
            Some(message) => Cow::Owned(run.text(message)?.into_owned()),
            None => Cow::Borrowed(refusal.client_message),
        };
        Err(Box::new(Failure::of_policy(
            refusal.reason,
            refusal.message,
            status,
            client_message,
        )))
    }
}

impl ValidateClientCertificate {
    fn judge(&self, run: &Run<'_>) -> Result<(), Refusal> {
        let Some(certificate) = &run.context.request.certificate else {
            return Err(Refusal {
                client_message: "Client certificate missing",
                ..Refusal::new(
                    "ClientCertificateNotFound",
                    "The client presented no certificate.",
                )
            });
        };
        self.judge_dates(certificate, run)?;
        let asks_identity = self
            .identities
            .as_ref()
            .is_some_and(|identities| identities.iter().any(Accepted::asks_issuers));
        let verdict =
            (self.trust || self.revocation || asks_identity).then(|| run.host.client_verdict());
        if let Some(verdict) = &verdict {
            self.judge_chain(verdict)?;
        }
        let issuers = verdict.as_ref().map_or(&[][..], |verdict| &verdict.issuers);
        let accepted = match &self.identities {
            None => true,
            Some(identities) => identities
                .iter()
                .any(|accepted| accepted.matches(certificate, issuers, run.host)),
        };
        if accepted {
            Ok(())
        } else {
            Err(Refusal::new(
                "ClientCertificateIdentityNotMatched",
                "Certificate does not match any of allowed identities.",
            ))
        }
    }

    fn judge_dates(&self, certificate: &Certificate, run: &Run<'_>) -> Result<(), Refusal> {
        if !self.not_before && !self.not_after {
            return Ok(());
        }
        let now = run.host.now();
        if self.not_before && !certificate.has_begun(now) {
            return Err(Refusal::new(
                "ClientCertificateNotYetValid",
                "The client certificate is not valid yet.",
            ));
        }
        if self.not_after && certificate.has_ended(now) {
            return Err(Refusal::new(
                "ClientCertificateExpired",
                "The client certificate has expired.",
            ));
        }
        Ok(())
    }

    fn judge_chain(&self, verdict: &ChainVerdict) -> Result<(), Refusal> {
        let trusted = verdict.trust == Trust::Trusted;
        if self.trust && !trusted {
            return Err(Refusal::new(
                "ClientCertificateNotTrusted",
                "A certificate chain could not be built to a trusted root authority.",
            ));
        }
        if !self.revocation {
            return Ok(());
        }
        match &verdict.revocation {
            Revocation::Good => Ok(()),
            Revocation::Revoked(why) => Err(Refusal::new(
                "ClientCertificateRevoked",
                format!("The client certificate or one above it is revoked: {why}"),
            )),
            // Without a path there is nobody whose list could be asked; the policy said that it does
            // not want one.
            Revocation::Unknown(_) if !trusted => Ok(()),
            Revocation::Unknown(why) => Err(Refusal::new(
                "ClientCertificateRevocationUnknown",
                format!("Whether the client certificate is revoked cannot be told: {why}"),
            )),
        }
    }
}
