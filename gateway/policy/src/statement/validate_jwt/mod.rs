//! `validate-jwt`: refuses a request without an acceptable token.
//!
//! Reasons are those of APIM's error handling page, with its messages where it has them. What a
//! document does not say is decided for the side that refuses: a token in a second header or query
//! parameter, an extension in `crit`, a provider's shared secret.

mod claims;
mod judge;
mod keys;
mod rules;
mod token;

use std::sync::Arc;

use crate::document::Element;
use crate::expression::Expected;
use crate::host::UnixNanos;
use crate::program::{Compiler, FAILS_OPEN, Section};

use super::set_backend_service::{URL, read_url};
use super::setting::Setting;
use super::{Kind, Policy, Statement, check_header, status_code};
pub(super) use claims::compile as compile_claims;
pub(super) use judge::ValidateToken;
pub(super) use rules::{Place, Providers, Rules, tenant_name};

pub(super) const POLICY: Policy = Policy {
    name: "validate-jwt",
    sections: &[Section::Inbound],
    kind: Kind::Statement(compile),
};

const ATTRIBUTES: [&str; 10] = [
    "header-name",
    "query-parameter-name",
    "token-value",
    "failed-validation-httpcode",
    "failed-validation-error-message",
    "require-expiration-time",
    "require-scheme",
    "require-signed-tokens",
    "clock-skew",
    "output-token-variable-name",
];

const CHILDREN: [&str; 6] = [
    "openid-config",
    "issuer-signing-keys",
    "decryption-keys",
    "audiences",
    "issuers",
    "required-claims",
];

const SKEW: &str = "a number of seconds or a time span";

fn compile(element: &Element, compiler: &mut Compiler<'_>) -> Option<Box<dyn Statement>> {
    compiler.check_attributes(element, &ATTRIBUTES);
    compiler.check_no_text(element);
    let common = common(element, compiler, None);
    let needs_expiration = boolean(element, compiler, "require-expiration-time");
    let needs_signature = boolean(element, compiler, "require-signed-tokens");
    if needs_signature.as_ref().and_then(Setting::literal) == Some(&false) {
        compiler.warning(
            FAILS_OPEN,
            "With 'require-signed-tokens=\"false\"' anybody can make a token that is accepted",
            element.offset,
        );
    }
    let scheme = match element.attribute("require-scheme") {
        Some(attribute) => Some(compiler.text(attribute)?),
        None => None,
    };
    let skew = match element.attribute("clock-skew") {
        Some(attribute) => compiler.parsed(attribute, Expected::Any, read_skew, SKEW),
        None => Some(Setting::Literal(0)),
    };
    let Common {
        place,
        status,
        message,
        variable,
    } = common?;
    let mut rules = Rules {
        place,
        scheme,
        status,
        message,
        needs_expiration: needs_expiration?,
        needs_signature: needs_signature?,
        skew: skew?,
        variable,
        keys: Vec::new(),
        providers: Providers::OpenId(Vec::new()),
        audiences: None,
        issuers: None,
        clients: None,
        claims: Vec::new(),
    };
    children(element, compiler, &mut rules);
    Some(Box::new(ValidateToken(Arc::new(rules))))
}

fn children(element: &Element, compiler: &mut Compiler<'_>, rules: &mut Rules) {
    let mut urls = Vec::new();
    let mut has_providers = false;
    for (at, child) in element.elements().enumerate() {
        let name = child.name.as_str();
        if name == "openid-config" {
            has_providers = true;
            urls.extend(provider(child, compiler));
            continue;
        }
        if CHILDREN.contains(&name) && element.elements().take(at).any(|one| one.name == name) {
            compiler.error(
                "UnexpectedElement",
                format!("'{name}' occurs twice."),
                child.offset,
            );
            continue;
        }
        match name {
            "issuer-signing-keys" => rules.keys = keys::compile(child, compiler),
            "audiences" => rules.audiences = Some(texts(child, compiler, "audience")),
            "issuers" => rules.issuers = Some(texts(child, compiler, "issuer")),
            "required-claims" => rules.claims = claims::compile(child, compiler),
            "decryption-keys" => refuse_decryption(child, compiler),
            _ => compiler.unknown_child(element, child, &CHILDREN),
        }
    }
    rules.providers = Providers::OpenId(urls);
    let has_keys = element
        .elements()
        .any(|child| child.name == "issuer-signing-keys");
    if !has_providers && !has_keys {
        compiler.warning(
            "MissingElement",
            "Without 'openid-config' and 'issuer-signing-keys' no signature can be verified",
            element.offset,
        );
    }
}

/// Encrypted tokens are refused, so keys for them would do nothing.
pub(super) fn refuse_decryption(element: &Element, compiler: &mut Compiler<'_>) {
    compiler.error(
        "NotSupported",
        "Encrypted tokens ('decryption-keys') are not supported.",
        element.offset,
    );
}

fn provider(
    element: &Element,
    compiler: &mut Compiler<'_>,
) -> Option<Setting<crate::context::Url>> {
    compiler.check_attributes(element, &["url", "validate-connectivity"]);
    compiler.check_empty(element);
    // Nothing is fetched when a document is saved.
    compiler.flag(element, "validate-connectivity", true);
    let url = compiler.required(element, "url")?;
    compiler.parsed(url, Expected::Text, read_url, URL)
}

/// The texts in the children of `element`, all of which are called `name`.
pub(super) fn texts(
    element: &Element,
    compiler: &mut Compiler<'_>,
    name: &str,
) -> Vec<Setting<Arc<str>>> {
    compiler.check_attributes(element, &[]);
    compiler.check_no_text(element);
    let mut texts = Vec::new();
    for child in element.elements() {
        if child.name == name {
            compiler.check_attributes(child, &[]);
            texts.extend(compiler.content(child));
        } else {
            compiler.unknown_child(element, child, &[name]);
        }
    }
    if !element.elements().any(|child| child.name == name) {
        compiler.error(
            "MissingElement",
            format!("'{}' needs at least one '{name}'.", element.name),
            element.offset,
        );
    }
    texts
}

/// What the policies that validate tokens have in common.
pub(super) struct Common {
    pub(super) place: Place,
    pub(super) status: Option<Setting<http::StatusCode>>,
    pub(super) message: Option<Setting<Arc<str>>>,
    pub(super) variable: Option<Arc<str>>,
}

/// Compiles the attributes that they share. Without a place for the token it is the header
/// `default_header`, if there is one.
pub(super) fn common(
    element: &Element,
    compiler: &mut Compiler<'_>,
    default_header: Option<http::header::HeaderName>,
) -> Option<Common> {
    let places = (
        element.attribute("header-name"),
        element.attribute("query-parameter-name"),
        element.attribute("token-value"),
    );
    let place = match (places, default_header) {
        ((Some(name), None, None), _) => compiler
            .parsed(
                name,
                Expected::Text,
                check_header::read_header,
                check_header::NAME,
            )
            .map(Place::Header),
        ((None, Some(name), None), _) => compiler.text(name).map(Place::Query),
        ((None, None, Some(value)), _) => compiler.text(value).map(Place::Value),
        ((None, None, None), Some(name)) => Some(Place::Header(Setting::Literal(name))),
        _ => {
            compiler.error(
                "InvalidAttributes",
                format!(
                    "'{}' needs one of 'header-name', 'query-parameter-name' and 'token-value'.",
                    element.name
                ),
                element.offset,
            );
            None
        }
    };
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
    let variable = match element.attribute("output-token-variable-name") {
        Some(attribute) => Some(compiler.literal(attribute)?),
        None => None,
    };
    Some(Common {
        place: place?,
        status,
        message,
        variable,
    })
}

/// A boolean that is `true` if nothing is said.
fn boolean(element: &Element, compiler: &mut Compiler<'_>, name: &str) -> Option<Setting<bool>> {
    match element.attribute(name) {
        Some(attribute) => compiler.boolean(attribute),
        None => Some(Setting::Literal(true)),
    }
}

/// Seconds, or a time span `[d.]hh:mm:ss`, as nanoseconds. Not below zero.
fn read_skew(text: &str) -> Option<UnixNanos> {
    const SECOND: UnixNanos = 1_000_000_000;
    let number = |text: &str| text.parse::<u32>().ok().map(UnixNanos::from);
    if let Some(seconds) = number(text) {
        return Some(seconds * SECOND);
    }
    let mut parts = text.split(':');
    let (hours, minutes, seconds) = (parts.next()?, parts.next()?, parts.next()?);
    if parts.next().is_some() {
        return None;
    }
    let (days, hours) = match hours.split_once('.') {
        Some((days, hours)) => (number(days)?, number(hours)?),
        None => (0, number(hours)?),
    };
    let (minutes, seconds) = (number(minutes)?, number(seconds)?);
    (hours < 24 && minutes < 60 && seconds < 60)
        .then(|| (((days * 24 + hours) * 60 + minutes) * 60 + seconds) * SECOND)
}

#[cfg(test)]
mod tests {
    use super::read_skew;

    #[test]
    fn a_skew_is_a_number_of_seconds_or_a_time_span() {
        const SECOND: i128 = 1_000_000_000;
        for (text, expected) in [
            ("60", Some(60)),
            ("0", Some(0)),
            ("00:01:00", Some(60)),
            ("1.02:00:03", Some(93_603)),
            ("-1", None),
            ("00:60:00", None),
            ("24:00:00", None),
            ("1:2", None),
            ("a", None),
        ] {
            assert_eq!(
                read_skew(text),
                expected.map(|s: i128| s * SECOND),
                "{text}"
            );
        }
    }
}
