//! One identity of a list: its claims read, checked, printed and packed.

use std::sync::Arc;

use gateway_policy::dn::Dn;
use serde_json::{Map, Value, json};

use super::accept::{Acceptance, FieldProblem, wanted_properties};
use super::fields::Problems;
use super::identity_list::{Claims, Identity};
use super::schema::{Table, effective, read_only, unknown};
use super::thumbprint::{self, Thumbprint};
use super::{Body, moment};

/// The claims of an identity, in the contract's style.
pub(crate) const CLAIMS: Table = &[
    effective("thumbprint"),
    effective("spki"),
    effective("serialNumber"),
    effective("subject"),
    effective("commonName"),
    effective("dnsName"),
    effective("uri"),
    effective("issuerSubject"),
    effective("issuerThumbprint"),
    effective("issuerCertificateId"),
    effective("displayName"),
    effective("notBefore"),
    effective("notAfter"),
    read_only("provisioningState"),
    read_only("warnings"),
];

pub(crate) fn accept(
    acceptance: &Acceptance<'_>,
    body: &Map<String, Value>,
    problems: &Problems,
) -> Option<Identity> {
    let stored = || match acceptance.existing {
        Some(Body::Identity(existing)) => render(existing),
        _ => Map::new(),
    };
    let properties = wanted_properties(acceptance.mode, body, stored, CLAIMS, problems)?;
    let mut reader = ClaimReader::default();
    for (name, value) in &properties {
        match value {
            Value::Null => {}
            Value::String(text) => reader.set(name, text),
            _ => reader.fault(name, format!("`{name}` must be a string.")),
        }
    }
    match reader.finish() {
        Ok(identity) => Some(identity),
        Err(faults) => {
            for fault in faults {
                problems.add(fault.target, fault.message);
            }
            None
        }
    }
}

/// Reads the claims of one identity one by one, as they come.
#[derive(Debug, Default)]
pub(crate) struct ClaimReader {
    claims: Claims,
    faults: Vec<FieldProblem>,
}

impl ClaimReader {
    /// Takes one claim.
    pub(crate) fn set(&mut self, name: &str, text: &str) {
        if let Err(message) = self.take(name, text) {
            self.fault(name, message);
        }
    }

    /// Reports a problem of one claim.
    pub(crate) fn fault(&mut self, name: &str, message: String) {
        self.faults.push(FieldProblem::new(name, message));
    }

    fn take(&mut self, name: &str, text: &str) -> Result<(), String> {
        let claims = &mut self.claims;
        match name {
            "thumbprint" => match thumbprint::parse(text)? {
                Thumbprint::Sha1(sha1) => claims.sha1 = Some(sha1),
                Thumbprint::Sha256(sha256) => claims.sha256 = Some(sha256),
            },
            "spki" => claims.spki = Some(thumbprint::parse_sha256(text)?),
            "serialNumber" => claims.serial_number = Some(serial_number(text)?),
            "subject" => claims.subject = Some(name_text(text)?),
            "commonName" => claims.common_name = Some(plain(text)?),
            "dnsName" => claims.dns_name = Some(plain(text)?),
            "uri" => claims.uri = Some(plain(text)?),
            "issuerSubject" => claims.issuer_subject = Some(name_text(text)?),
            "issuerThumbprint" => claims.issuer_thumbprint = Some(thumbprint::parse_sha1(text)?),
            "issuerCertificateId" => claims.issuer_certificate_id = Some(plain(text)?),
            "displayName" => claims.display_name = Some(plain(text)?),
            "notBefore" => claims.not_before = Some(date(text)?),
            "notAfter" => claims.not_after = Some(date(text)?),
            "provisioningState" | "warnings" => {}
            _ => return Err(unknown(name, CLAIMS)),
        }
        Ok(())
    }

    /// The identity, if it is whole.
    pub(crate) fn finish(self) -> Result<Identity, Vec<FieldProblem>> {
        let Self { claims, mut faults } = self;
        if faults.is_empty() && !names_a_certificate(&claims) {
            faults.push(FieldProblem::new(
                "thumbprint",
                "An identity needs at least one claim about a certificate, such as `thumbprint`.",
            ));
        }
        if let (Some(start), Some(end)) = (claims.not_before, claims.not_after)
            && start > end
        {
            faults.push(FieldProblem::new(
                "notAfter",
                "`notAfter` is before `notBefore`.",
            ));
        }
        if !faults.is_empty() {
            return Err(faults);
        }
        Ok(pack(claims))
    }
}

fn names_a_certificate(claims: &Claims) -> bool {
    let Claims {
        sha1,
        sha256,
        spki,
        serial_number,
        subject,
        common_name,
        dns_name,
        uri,
        issuer_subject,
        issuer_thumbprint,
        issuer_certificate_id,
        display_name: _,
        not_before: _,
        not_after: _,
    } = claims;
    sha1.is_some()
        || sha256.is_some()
        || spki.is_some()
        || issuer_thumbprint.is_some()
        || [
            serial_number,
            subject,
            common_name,
            dns_name,
            uri,
            issuer_subject,
            issuer_certificate_id,
        ]
        .into_iter()
        .any(Option::is_some)
}

fn pack(claims: Claims) -> Identity {
    if let Some(sha1) = claims.sha1
        && claims
            == (Claims {
                sha1: Some(sha1),
                ..Claims::default()
            })
    {
        return Identity::Sha1(sha1);
    }
    if let Some(sha256) = claims.sha256
        && claims
            == (Claims {
                sha256: Some(sha256),
                ..Claims::default()
            })
    {
        return Identity::Sha256(sha256);
    }
    Identity::Claims(Box::new(claims))
}

fn plain(text: &str) -> Result<Arc<str>, String> {
    let length = text.chars().count();
    if text.trim().is_empty() || length > 2000 {
        return Err(format!(
            "A text of 1 to 2000 characters is expected; this one has {length}."
        ));
    }
    if text.chars().any(char::is_control) {
        return Err("The text must not contain control characters.".to_owned());
    }
    Ok(Arc::from(text))
}

fn name_text(text: &str) -> Result<Arc<str>, String> {
    let text = plain(text)?;
    Dn::parse(&text).map_err(|error| format!("This is not a distinguished name: {error}."))?;
    Ok(text)
}

/// Upper-case hexadecimal, as .NET prints it.
fn serial_number(text: &str) -> Result<Arc<str>, String> {
    let digits: String = text
        .chars()
        .filter(|c| !matches!(c, ':' | ' ' | '-' | '\u{200e}'))
        .map(|c| c.to_ascii_uppercase())
        .collect();
    if digits.is_empty() || digits.len() > 80 || !digits.bytes().all(|b| b.is_ascii_hexdigit()) {
        return Err("A serial number consists of 1 to 80 hexadecimal digits.".to_owned());
    }
    Ok(Arc::from(digits))
}

fn date(text: &str) -> Result<i64, String> {
    moment::parse(text)
        .ok_or_else(|| "A date and time such as 2027-01-31T00:00:00Z is expected.".to_owned())
}

/// `properties` as clients read them.
pub(crate) fn render(identity: &Identity) -> Map<String, Value> {
    let mut properties = Map::new();
    let mut put = |name: &str, value: Option<Value>| {
        if let Some(value) = value {
            properties.insert(name.to_owned(), value);
        }
    };
    let hex = |bytes: &[u8]| Some(json!(thumbprint::print(bytes)));
    match identity {
        Identity::Sha1(sha1) => put("thumbprint", hex(sha1)),
        Identity::Sha256(sha256) => put("thumbprint", hex(sha256)),
        Identity::Claims(claims) => {
            let text = |text: &Option<Arc<str>>| text.as_ref().map(|text| json!(&**text));
            let date = |at: Option<i64>| at.map(|at| json!(moment::print(at)));
            let hash = claims.sha256.as_ref().map(<[u8; 32]>::as_slice);
            let hash = hash.or(claims.sha1.as_ref().map(<[u8; 20]>::as_slice));
            put("thumbprint", hash.and_then(hex));
            put("spki", claims.spki.as_ref().and_then(|spki| hex(spki)));
            put("serialNumber", text(&claims.serial_number));
            put("subject", text(&claims.subject));
            put("commonName", text(&claims.common_name));
            put("dnsName", text(&claims.dns_name));
            put("uri", text(&claims.uri));
            put("issuerSubject", text(&claims.issuer_subject));
            put(
                "issuerThumbprint",
                claims.issuer_thumbprint.as_ref().and_then(|sha1| hex(sha1)),
            );
            put("issuerCertificateId", text(&claims.issuer_certificate_id));
            put("displayName", text(&claims.display_name));
            put("notBefore", date(claims.not_before));
            put("notAfter", date(claims.not_after));
        }
    }
    properties
}

const SHA1: u8 = 1;
const SHA256: u8 = 2;
const JSON: u8 = 3;

/// The stored form: one byte for the form, then the bare hash or the claims as JSON.
pub(crate) fn to_bytes(identity: &Identity) -> Vec<u8> {
    match identity {
        Identity::Sha1(sha1) => [&[SHA1], sha1.as_slice()].concat(),
        Identity::Sha256(sha256) => [&[SHA256], sha256.as_slice()].concat(),
        Identity::Claims(_) => {
            let json = Value::Object(render(identity)).to_string();
            [&[JSON], json.as_bytes()].concat()
        }
    }
}

/// The reverse of [`to_bytes`].
pub(crate) fn from_bytes(stored: &[u8]) -> Result<Identity, String> {
    let damaged = || "the stored identity is damaged".to_owned();
    match stored.split_first() {
        Some((&SHA1, hash)) => hash.try_into().map(Identity::Sha1).map_err(|_| damaged()),
        Some((&SHA256, hash)) => hash.try_into().map(Identity::Sha256).map_err(|_| damaged()),
        Some((&JSON, json)) => {
            let claims: Map<String, Value> = serde_json::from_slice(json).map_err(|_| damaged())?;
            let mut reader = ClaimReader::default();
            for (name, value) in &claims {
                reader.set(name, value.as_str().ok_or_else(damaged)?);
            }
            reader.finish().map_err(|faults| {
                faults
                    .into_iter()
                    .map(|fault| fault.message)
                    .collect::<Vec<_>>()
                    .join(" ")
            })
        }
        _ => Err(damaged()),
    }
}
