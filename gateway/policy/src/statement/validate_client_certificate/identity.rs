//! `identities`: who is accepted.

use std::sync::Arc;

use crate::certificate::Certificate;
use crate::dn::{self, Dn};
use crate::document::{Attribute, Element};
use crate::host::Host;
use crate::program::{Compiler, FAILS_OPEN, ResourceKind};
use crate::statement::thumbprint::{bytes, digits};

/// One way to be accepted.
pub(super) enum Accepted {
    /// All claims hold.
    Identity(Vec<Claim>),
    /// On the list with this id, as it is when it is asked.
    List(Arc<str>),
}

/// One property that a certificate must have. Values are in the form in which they are compared.
pub(super) enum Claim {
    Sha1([u8; 20]),
    Sha256([u8; 32]),
    /// A thumbprint that is none: matches nothing.
    Never,
    SerialNumber(String),
    CommonName(String),
    Subject(Dn),
    DnsName(String),
    IssuerSubject(Dn),
    IssuerSha1([u8; 20]),
    IssuerSha256([u8; 32]),
    IssuerCertificate(Arc<str>),
}

const CHILDREN: [&str; 2] = ["identity", "identity-list"];

const CLAIMS: [&str; 9] = [
    "thumbprint",
    "serial-number",
    "common-name",
    "subject",
    "dns-name",
    "issuer-subject",
    "issuer-thumbprint",
    "issuer-certificate-id",
    // What the first documentation called `issuer-subject`.
    "issuer",
];

pub(super) fn compile(
    element: &Element,
    compiler: &mut Compiler<'_>,
    validates_trust: bool,
) -> Vec<Accepted> {
    compiler.check_attributes(element, &[]);
    compiler.check_no_text(element);
    let mut accepted = Vec::new();
    let mut count = 0;
    for child in element.elements() {
        count += 1;
        match child.name.as_str() {
            "identity" => accepted.extend(identity(child, compiler, validates_trust)),
            "identity-list" => accepted.extend(identity_list(child, compiler)),
            _ => compiler.unknown_child(element, child, &CHILDREN),
        }
    }
    if count == 0 {
        // Nobody or everybody? Not to be guessed.
        compiler.error(
            "MissingElement",
            "'identities' is empty; leave it out to accept every identity.",
            element.offset,
        );
    }
    accepted
}

fn identity_list(element: &Element, compiler: &mut Compiler<'_>) -> Option<Accepted> {
    compiler.check_empty(element);
    for attribute in element
        .attributes
        .iter()
        .filter(|attribute| attribute.name != "id")
    {
        compiler.error(
            "UnknownAttribute",
            format!(
                "The element 'identity-list' has no attribute '{}'.",
                attribute.name
            ),
            attribute.offset,
        );
    }
    let attribute = compiler.required(element, "id")?;
    let id = compiler.literal(attribute)?;
    compiler.reference(ResourceKind::IdentityList, &id, attribute);
    Some(Accepted::List(id))
}

fn identity(
    element: &Element,
    compiler: &mut Compiler<'_>,
    validates_trust: bool,
) -> Option<Accepted> {
    compiler.check_attributes(element, &CLAIMS);
    compiler.check_empty(element);
    let mut claims = Vec::new();
    let mut complete = true;
    for attribute in element
        .attributes
        .iter()
        .filter(|a| CLAIMS.contains(&a.name.as_str()))
    {
        match claim(attribute, compiler) {
            Some(claim) => claims.push(claim),
            None => complete = false,
        }
    }
    let has = |names: &[&str]| {
        element
            .attributes
            .iter()
            .any(|a| names.contains(&a.name.as_str()))
    };
    if has(&["issuer-certificate-id"]) && has(&["issuer-subject", "issuer-thumbprint", "issuer"]) {
        compiler.error(
            "InvalidAttributes",
            "'issuer-certificate-id' excludes the other attributes about the issuer.",
            element.offset,
        );
        complete = false;
    }
    if complete && claims.is_empty() {
        compiler.error(
            "MissingAttribute",
            "'identity' needs at least one attribute; without any it would match every certificate.",
            element.offset,
        );
        return None;
    }
    let bound = |claim: &Claim| {
        matches!(
            claim,
            Claim::Sha1(_)
                | Claim::Sha256(_)
                | Claim::Never
                | Claim::IssuerSha1(_)
                | Claim::IssuerSha256(_)
                | Claim::IssuerCertificate(_)
        )
    };
    if complete && !validates_trust && !claims.iter().any(bound) {
        compiler.warning(
            FAILS_OPEN,
            "With 'validate-trust=\"false\"' anyone can make a certificate with these names; add a \
             'thumbprint' or validate the chain",
            element.offset,
        );
    }
    complete.then_some(Accepted::Identity(claims))
}

fn claim(attribute: &Attribute, compiler: &mut Compiler<'_>) -> Option<Claim> {
    let value = compiler.literal(attribute)?;
    let value = value.trim();
    if value.is_empty() {
        compiler.error(
            "InvalidValue",
            format!("The attribute '{}' is empty.", attribute.name),
            attribute.offset,
        );
        return None;
    }
    match attribute.name.as_str() {
        "thumbprint" => Some(thumbprint(
            attribute,
            value,
            compiler,
            Claim::Sha1,
            Claim::Sha256,
        )),
        "issuer-thumbprint" => Some(thumbprint(
            attribute,
            value,
            compiler,
            Claim::IssuerSha1,
            Claim::IssuerSha256,
        )),
        "serial-number" => Some(Claim::SerialNumber(serial_number(value))),
        "common-name" => Some(Claim::CommonName(value.to_owned())),
        "dns-name" => Some(Claim::DnsName(
            value.trim_end_matches('.').to_ascii_lowercase(),
        )),
        "subject" => name(attribute, value, compiler).map(Claim::Subject),
        "issuer-subject" | "issuer" => name(attribute, value, compiler).map(Claim::IssuerSubject),
        "issuer-certificate-id" => {
            compiler.reference(ResourceKind::CertificateId, value, attribute);
            Some(Claim::IssuerCertificate(value.into()))
        }
        // Callers only pass the names in CLAIMS.
        _ => None,
    }
}

fn thumbprint(
    attribute: &Attribute,
    value: &str,
    compiler: &mut Compiler<'_>,
    sha1: fn([u8; 20]) -> Claim,
    sha256: fn([u8; 32]) -> Claim,
) -> Claim {
    if let Some(bytes) = bytes(&digits(value)) {
        if let Ok(hash) = <[u8; 20]>::try_from(bytes.as_slice()) {
            return sha1(hash);
        }
        if let Ok(hash) = <[u8; 32]>::try_from(bytes.as_slice()) {
            return sha256(hash);
        }
    }
    compiler.warning(
        "InvalidThumbprint",
        format!(
            "'{}' is no thumbprint (40 hexadecimal digits, or 64 for SHA-256): it matches no certificate",
            attribute.name
        ),
        attribute.offset,
    );
    Claim::Never
}

/// Upper-case digits without separators and leading zeros.
fn serial_number(value: &str) -> String {
    digits(value).trim_start_matches('0').to_owned()
}

fn name(attribute: &Attribute, value: &str, compiler: &mut Compiler<'_>) -> Option<Dn> {
    match Dn::parse(value) {
        Ok(name) => Some(name),
        Err(error) => {
            // The reason quotes the value, which a secret named value may have put there.
            let message = if attribute.value.as_str().contains("{{") {
                format!(
                    "The attribute '{}' is no distinguished name.",
                    attribute.name
                )
            } else {
                let why: String = error.to_string().chars().take(200).collect();
                format!(
                    "The attribute '{}' is no distinguished name: {why}.",
                    attribute.name
                )
            };
            compiler.error("InvalidName", message, attribute.offset);
            None
        }
    }
}

impl Accepted {
    /// Whether it asks about certificates above the client's.
    pub(super) fn asks_issuers(&self) -> bool {
        match self {
            Self::List(_) => true,
            Self::Identity(claims) => claims.iter().any(|claim| {
                matches!(
                    claim,
                    Claim::IssuerSha1(_) | Claim::IssuerSha256(_) | Claim::IssuerCertificate(_)
                )
            }),
        }
    }

    /// Whether `certificate`, whose verified path goes up over `issuers`, is meant.
    pub(super) fn matches(
        &self,
        certificate: &Certificate,
        issuers: &[Arc<Certificate>],
        host: &dyn Host,
    ) -> bool {
        match self {
            Self::Identity(claims) => claims
                .iter()
                .all(|claim| claim.holds(certificate, issuers.first(), host)),
            // A list that is gone accepts nobody.
            Self::List(id) => host
                .identity_list(id)
                .is_some_and(|list| list.contains(certificate, issuers, host.now())),
        }
    }
}

impl Claim {
    /// `issuer` is the next certificate of the verified path. Without a path it is unknown, and what
    /// is claimed about it does not hold; only its name stands in the certificate itself.
    fn holds(
        &self,
        certificate: &Certificate,
        issuer: Option<&Arc<Certificate>>,
        host: &dyn Host,
    ) -> bool {
        match self {
            Self::Sha1(hash) => certificate.sha1 == *hash,
            Self::Sha256(hash) => certificate.sha256 == *hash,
            Self::Never => false,
            Self::SerialNumber(number) => certificate
                .serial_number
                .trim_start_matches('0')
                .eq_ignore_ascii_case(number),
            Self::CommonName(name) => certificate
                .subject
                .common_name()
                .is_some_and(|common| dn::same_text(common, name)),
            Self::Subject(name) => certificate.subject.same_name(name),
            Self::DnsName(name) => certificate
                .dns_names
                .iter()
                .any(|entry| entry.trim_end_matches('.').eq_ignore_ascii_case(name)),
            Self::IssuerSubject(name) => certificate.issuer.same_name(name),
            Self::IssuerSha1(hash) => issuer.is_some_and(|issuer| issuer.sha1 == *hash),
            Self::IssuerSha256(hash) => issuer.is_some_and(|issuer| issuer.sha256 == *hash),
            Self::IssuerCertificate(id) => match (issuer, host.certificate_by_id(id)) {
                (Some(issuer), Some(wanted)) => issuer.sha256 == wanted.sha256,
                _ => false,
            },
        }
    }
}
