//! `validate-azure-ad-token`: refuses a request without an acceptable token of Microsoft Entra ID.
//!
//! The keys and the issuer are those that the tenant's discovery document names: the one of version
//! 2.0 for tokens that say so, else that of 1.0.

use std::sync::Arc;

use crate::context::Url;
use crate::document::{Attribute, Element};
use crate::program::{Compiler, FAILS_OPEN, Section};

use super::set_backend_service::read_url;
use super::setting::Setting;
use super::validate_jwt::{
    Common, Providers, Rules, ValidateToken, common, compile_claims, refuse_decryption,
    tenant_name, texts,
};
use super::{Kind, Policy, Statement};

pub(super) const POLICY: Policy = Policy {
    name: "validate-azure-ad-token",
    sections: &[Section::Inbound],
    kind: Kind::Statement(compile),
};

const ATTRIBUTES: [&str; 8] = [
    "tenant-id",
    "header-name",
    "query-parameter-name",
    "token-value",
    "authentication-endpoint",
    "failed-validation-httpcode",
    "failed-validation-error-message",
    "output-token-variable-name",
];

const CHILDREN: [&str; 5] = [
    "backend-application-ids",
    "client-application-ids",
    "audiences",
    "required-claims",
    "decryption-keys",
];

/// As it is without `authentication-endpoint`, which documents may also write out.
const USUAL_ENDPOINTS: [&str; 2] = ["login.microsoftonline.com", "login-microsoftonline.com"];

fn compile(element: &Element, compiler: &mut Compiler<'_>) -> Option<Box<dyn Statement>> {
    compiler.check_attributes(element, &ATTRIBUTES);
    compiler.check_no_text(element);
    let common = common(element, compiler, Some(http::header::AUTHORIZATION));
    let tenant = compiler
        .required(element, "tenant-id")
        .and_then(|attribute| tenant(attribute, compiler));
    let endpoint = match element.attribute("authentication-endpoint") {
        Some(attribute) => endpoint(attribute, compiler)?,
        None => None,
    };
    let mut clients = None;
    let mut audiences: Option<Vec<Setting<Arc<str>>>> = None;
    let mut claims = Vec::new();
    for (at, child) in element.elements().enumerate() {
        let name = child.name.as_str();
        if CHILDREN.contains(&name) && element.elements().take(at).any(|one| one.name == name) {
            let message = format!("'{name}' occurs twice.");
            compiler.error("UnexpectedElement", message, child.offset);
            continue;
        }
        match name {
            "client-application-ids" => clients = Some(texts(child, compiler, "application-id")),
            "audiences" => {
                let read = texts(child, compiler, "audience");
                audiences.get_or_insert_default().extend(read);
            }
            // A backend application is an audience of the tokens for it.
            "backend-application-ids" => {
                let read = texts(child, compiler, "application-id");
                audiences
                    .get_or_insert_default()
                    .extend(read.into_iter().flat_map(as_audiences));
            }
            "required-claims" => claims = compile_claims(child, compiler),
            "decryption-keys" => refuse_decryption(child, compiler),
            _ => compiler.unknown_child(element, child, &CHILDREN),
        }
    }
    if clients.is_none() && audiences.is_none() {
        compiler.warning(
            FAILS_OPEN,
            "Without 'client-application-ids' and 'audiences' the tenant's tokens for all other \
             applications are accepted",
            element.offset,
        );
    }
    let Common {
        place,
        status,
        message,
        variable,
    } = common?;
    Some(Box::new(ValidateToken(Arc::new(Rules {
        place,
        scheme: None,
        status,
        message,
        needs_expiration: Setting::Literal(true),
        needs_signature: Setting::Literal(true),
        skew: Setting::Literal(0),
        variable,
        keys: Vec::new(),
        providers: Providers::Entra {
            tenant: tenant?,
            endpoint,
        },
        audiences,
        issuers: None,
        clients,
        claims,
    }))))
}

fn tenant(attribute: &Attribute, compiler: &mut Compiler<'_>) -> Option<Setting<Arc<str>>> {
    let tenant = compiler.text(attribute)?;
    if tenant
        .literal()
        .is_some_and(|text| tenant_name(text).is_none())
    {
        // Published documents have placeholders here.
        compiler.warning(
            "InvalidValue",
            "'tenant-id' is neither a tenant's id nor its domain; every token is refused",
            attribute.offset,
        );
    }
    Some(tenant)
}

/// The endpoint; `None` inside for the usual one, which is where the configuration says.
fn endpoint(attribute: &Attribute, compiler: &mut Compiler<'_>) -> Option<Option<Url>> {
    let read = |text: &str| {
        let url = if text.contains("://") {
            read_url(text)
        } else {
            read_url(&format!("https://{text}"))
        };
        url.filter(|url| url.query.is_empty())
    };
    let url = compiler.literal_as(attribute, read, "the host or URL of an endpoint")?;
    let is_usual = &*url.scheme == "https" && USUAL_ENDPOINTS.contains(&&*url.host);
    Some((!is_usual).then_some(url))
}

/// An application's id, and the identifier that is made of it unless its owner chooses another.
fn as_audiences(id: Setting<Arc<str>>) -> Vec<Setting<Arc<str>>> {
    match id {
        Setting::Literal(id) => {
            let uri = format!("api://{id}").into();
            vec![Setting::Literal(id), Setting::Literal(uri)]
        }
        code @ Setting::Code(_) => vec![code],
    }
}
