//! `authentication-certificate`: which of its own certificates the gateway shows to the backend.

use std::sync::Arc;

use crate::document::Element;
use crate::execution::{CertificateChoice, Flow, Outcome, Run};
use crate::program::{Compiler, ResourceKind, Section};

use super::setting::Setting;
use super::thumbprint::digits;
use super::{Kind, Policy, Statement};

pub(super) const POLICY: Policy = Policy {
    name: "authentication-certificate",
    sections: &[Section::Inbound],
    kind: Kind::Statement(compile),
};

enum AuthenticationCertificate {
    Id(Setting<Arc<str>>),
    Thumbprint(Setting<Arc<str>>),
}

fn compile(element: &Element, compiler: &mut Compiler<'_>) -> Option<Box<dyn Statement>> {
    compiler.check_attributes(
        element,
        &["thumbprint", "certificate-id", "body", "password"],
    );
    compiler.refuse_attributes(element, &["body", "password"]);
    compiler.check_empty(element);
    match (
        element.attribute("certificate-id"),
        element.attribute("thumbprint"),
    ) {
        (Some(attribute), None) => {
            let id = compiler.text(attribute)?;
            if let Setting::Literal(id) = &id {
                compiler.reference(ResourceKind::CertificateId, id, attribute);
            }
            Some(Box::new(AuthenticationCertificate::Id(id)))
        }
        (None, Some(attribute)) => {
            let thumbprint = compiler
                .text(attribute)?
                .map(|text| Arc::<str>::from(digits(&text)));
            if let Setting::Literal(thumbprint) = &thumbprint {
                compiler.reference(ResourceKind::CertificateThumbprint, thumbprint, attribute);
            }
            Some(Box::new(AuthenticationCertificate::Thumbprint(thumbprint)))
        }
        _ => {
            compiler.error(
                "InvalidAttributes",
                "'authentication-certificate' needs either 'thumbprint' or 'certificate-id'.",
                element.offset,
            );
            None
        }
    }
}

impl Statement for AuthenticationCertificate {
    fn execute(&self, run: &mut Run<'_>) -> Outcome<Flow> {
        let choice = match self {
            Self::Id(Setting::Literal(id)) => CertificateChoice::Id(Arc::clone(id)),
            Self::Id(id) => CertificateChoice::Id(run.text(id)?.into()),
            Self::Thumbprint(Setting::Literal(thumbprint)) => {
                CertificateChoice::Thumbprint(Arc::clone(thumbprint))
            }
            Self::Thumbprint(thumbprint) => {
                CertificateChoice::Thumbprint(digits(&run.text(thumbprint)?).into())
            }
        };
        *run.client_certificate() = Some(choice);
        Ok(Flow::Next)
    }
}
