//! `certificates/{id}`: a certificate that policies and backends use, with or without its key.

use std::sync::Arc;

use gateway_tls::certificate::CertificateFacts;
use gateway_tls::key_material::KeyMaterial;
use serde_json::{Map, Value, json};

use super::accept::{Acceptance, Mode, Warning, wanted_properties};
use super::encoded::{self, Upload};
use super::fields::{Fields, Problems};
use super::schema::{Table, effective, read_only, refused};
use super::{Body, moment, thumbprint};
use crate::material::policy_certificate;

/// An uploaded certificate.
#[derive(Debug, Clone)]
pub struct Certificate {
    /// The certificate.
    pub facts: Arc<CertificateFacts>,
    /// Key and chain, if a PFX with a key was uploaded.
    pub material: Option<Arc<KeyMaterial>>,
}

const PROPERTIES: Table = &[
    effective("data"),
    effective("password"),
    refused("keyVault", "there is no Key Vault here; send `data`."),
    read_only("subject"),
    read_only("thumbprint"),
    read_only("expirationDate"),
    read_only("hasPrivateKey"),
    read_only("warnings"),
];

pub(crate) fn accept(
    acceptance: &Acceptance<'_>,
    body: &Map<String, Value>,
    problems: &Problems,
) -> Option<Certificate> {
    let properties = wanted_properties(Mode::Put, body, Map::new, PROPERTIES, problems)?;
    let fields = Fields::new(&properties, PROPERTIES, "", problems);
    let existing = match acceptance.existing {
        Some(Body::Certificate(existing)) => Some(existing),
        _ => None,
    };
    if fields.value("data").is_none() {
        return keep(existing, &fields);
    }
    let upload = encoded::upload(&fields, "data", "password")?;
    let facts = Arc::clone(upload.facts());
    let material = match upload {
        Upload::WithKey(material) => Some(material),
        Upload::Public(_) => None,
    };
    let is_new = existing.is_none_or(|existing| existing.facts.sha256 != facts.sha256);
    // Without its key it is a pin or an issuer, and an expired one only ever refuses.
    if is_new && material.is_some() && facts.not_after < acceptance.now {
        fields.problem("data", expired(&facts));
        return None;
    }
    Some(Certificate { facts, material })
}

/// A `PUT` of what a `GET` gave names the certificate by its thumbprint and has no data.
fn keep(existing: Option<&Certificate>, fields: &Fields<'_>) -> Option<Certificate> {
    let named = fields.value("thumbprint").and_then(Value::as_str);
    if let (Some(existing), Some(named)) = (existing, named)
        && thumbprint::parse(named) == Ok(thumbprint::Thumbprint::Sha1(existing.facts.sha1))
    {
        return Some(existing.clone());
    }
    fields.problem(
        "data",
        "`data` is required: base64 of a PFX file or of a certificate (.cer).",
    );
    None
}

/// The message for a certificate that may not be brought in any more.
pub(crate) fn expired(facts: &CertificateFacts) -> String {
    format!(
        "The certificate `{}` expired on {}.",
        subject(facts),
        moment::print(facts.not_after)
    )
}

/// The subject as .NET and the contract print it.
pub(crate) fn subject(facts: &CertificateFacts) -> Arc<str> {
    policy_certificate(facts, false).subject.to_shared()
}

/// `properties` as clients read them.
pub(crate) fn render(certificate: &Certificate) -> Map<String, Value> {
    let facts = &certificate.facts;
    let mut properties = Map::new();
    properties.insert("subject".to_owned(), json!(&*subject(facts)));
    properties.insert("thumbprint".to_owned(), json!(facts.thumbprint()));
    properties.insert(
        "expirationDate".to_owned(),
        json!(moment::print(facts.not_after)),
    );
    properties.insert(
        "hasPrivateKey".to_owned(),
        json!(certificate.material.is_some()),
    );
    properties
}

pub(crate) fn warnings(certificate: &Certificate, now: i64) -> Vec<Warning> {
    let mut warnings = Vec::new();
    about(&certificate.facts, now, &mut warnings);
    warnings
}

/// Warnings that any uploaded certificate may deserve.
pub(crate) fn about(facts: &CertificateFacts, now: i64, warnings: &mut Vec<Warning>) {
    if facts.not_after < now {
        warnings.push(Warning::new("CertificateExpired", expired(facts)));
    }
    if facts.not_before > now {
        warnings.push(Warning::new(
            "CertificateNotYetValid",
            format!(
                "The certificate `{}` is not valid before {}.",
                subject(facts),
                moment::print(facts.not_before)
            ),
        ));
    }
    if facts.version < 3 {
        warnings.push(Warning::new(
            "CertificateVersion",
            format!(
                "The certificate `{}` is X.509 version {}; clients may refuse it because it cannot \
                 carry extensions.",
                subject(facts),
                facts.version
            ),
        ));
    }
}

pub(crate) fn to_json(certificate: &Certificate) -> Map<String, Value> {
    let mut stored = Map::new();
    match &certificate.material {
        Some(material) => {
            stored.insert("material".to_owned(), material_to_json(material));
        }
        None => {
            let der = encoded::to_base64(&certificate.facts.der);
            stored.insert("certificate".to_owned(), json!(der));
        }
    }
    stored
}

pub(crate) fn from_json(stored: &Map<String, Value>) -> Option<Certificate> {
    if let Some(material) = stored.get("material") {
        let material = material_from_json(material)?;
        return Some(Certificate {
            facts: Arc::clone(material.facts()),
            material: Some(material),
        });
    }
    let facts = facts_from_json(stored.get("certificate")?)?;
    Some(Certificate {
        facts,
        material: None,
    })
}

/// A certificate in its stored form.
pub(crate) fn facts_from_json(stored: &Value) -> Option<Arc<CertificateFacts>> {
    let der = encoded::from_base64(stored.as_str()?)?;
    gateway_tls::certificate::parse(&der).ok().map(Arc::new)
}

/// Key and chain in their stored form; a key that cannot be exported stores as null and does not
/// load again.
pub(crate) fn material_to_json(material: &KeyMaterial) -> Value {
    let mut chain = vec![encoded::to_base64(&material.facts().der)];
    chain.extend(
        material
            .chain_der()
            .iter()
            .map(|der| encoded::to_base64(der)),
    );
    let key = material
        .private_key_pkcs8()
        .ok()
        .map(|key| encoded::to_base64(&key));
    json!({ "certificates": chain, "key": key })
}

pub(crate) fn material_from_json(stored: &Value) -> Option<Arc<KeyMaterial>> {
    let chain: Option<Vec<Vec<u8>>> = stored
        .get("certificates")?
        .as_array()?
        .iter()
        .map(|der| der.as_str().and_then(encoded::from_base64))
        .collect();
    let key = zeroize::Zeroizing::new(encoded::from_base64(stored.get("key")?.as_str()?)?);
    KeyMaterial::from_der(&chain?, &key).ok().map(Arc::new)
}
