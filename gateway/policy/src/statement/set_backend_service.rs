//! `set-backend-service`: where the request goes.

use std::sync::Arc;

use crate::context::Url;
use crate::document::Element;
use crate::execution::{Flow, Outcome, Run, Target};
use crate::expression::Expected;
use crate::program::{Compiler, ResourceKind, Section};

use super::setting::Setting;
use super::{Kind, Policy, Statement};

pub(super) const POLICY: Policy = Policy {
    name: "set-backend-service",
    sections: &[Section::Inbound, Section::Backend],
    kind: Kind::Statement(compile),
};

pub(super) const URL: &str = "an http or https URL";

/// Only for Service Fabric, which this gateway does not speak.
const SERVICE_FABRIC: [&str; 5] = [
    "sf-resolve-condition",
    "sf-service-instance-name",
    "sf-partition-key",
    "sf-replica-type",
    "sf-listener-name",
];

const DAPR: [&str; 3] = ["dapr-app-id", "dapr-method", "dapr-namespace"];

enum SetBackendService {
    BaseUrl(Setting<Url>),
    Backend(Setting<Arc<str>>),
}

fn compile(element: &Element, compiler: &mut Compiler<'_>) -> Option<Box<dyn Statement>> {
    let known: Vec<&str> = ["base-url", "backend-id"]
        .into_iter()
        .chain(SERVICE_FABRIC)
        .chain(DAPR)
        .collect();
    compiler.check_attributes(element, &known);
    compiler.refuse_attributes(element, &SERVICE_FABRIC);
    compiler.refuse_attributes(element, &DAPR);
    compiler.check_empty(element);
    match (
        element.attribute("base-url"),
        element.attribute("backend-id"),
    ) {
        (Some(attribute), None) => {
            let url = compiler.parsed(attribute, Expected::Text, read_url, URL)?;
            Some(Box::new(SetBackendService::BaseUrl(url)))
        }
        (None, Some(attribute)) => {
            let id = compiler.text(attribute)?;
            if let Setting::Literal(id) = &id {
                compiler.reference(ResourceKind::Backend, id, attribute);
            }
            Some(Box::new(SetBackendService::Backend(id)))
        }
        _ => {
            compiler.error(
                "InvalidAttributes",
                "'set-backend-service' needs either 'base-url' or 'backend-id'.",
                element.offset,
            );
            None
        }
    }
}

/// An absolute URL without user and fragment.
pub(super) fn read_url(text: &str) -> Option<Url> {
    Url::parse(text)
}

impl Statement for SetBackendService {
    fn execute(&self, run: &mut Run<'_>) -> Outcome<Flow> {
        run.state.target = match self {
            Self::BaseUrl(url) => Target::BaseUrl(run.parsed(url, read_url, URL)?),
            Self::Backend(Setting::Literal(id)) => Target::Backend(Arc::clone(id)),
            Self::Backend(id) => Target::Backend(run.text(id)?.into()),
        };
        Ok(Flow::Next)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_urls_with_their_default_ports_and_nothing_else() {
        let url = read_url("https://b.example.com/v1").unwrap();
        assert_eq!(
            (&*url.host, url.port, url.path.as_str()),
            ("b.example.com", 443, "/v1")
        );
        assert_eq!(read_url("http://10.0.0.1:8080").unwrap().path, "/");
        assert_eq!(
            read_url("https://b/m?api-version=1").unwrap().query,
            "api-version=1"
        );
        let url = read_url("https://[::1]:8443").unwrap();
        assert_eq!((&*url.host, url.port), ("::1", 8443));
        for text in [
            "",
            "b.example.com",
            "ftp://b",
            "https://u:p@b/",
            "https://b/#f",
            "/v1",
        ] {
            assert_eq!(read_url(text), None, "{text}");
        }
    }
}
