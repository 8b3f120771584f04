//! Uploaded certificates, and certificates as policies see them.

use std::sync::Arc;

use gateway_policy::certificate::Certificate;
use gateway_policy::dn::{Attribute, AttributeValue, Dn, Rdn};
use gateway_tls::certificate::CertificateFacts;
use gateway_tls::digest::upper_hex;
use gateway_tls::key_material::KeyMaterial;
use gateway_tls::name::{Name, NameValue};

/// One uploaded certificate.
#[derive(Debug)]
pub struct UploadedCertificate {
    /// Resource name.
    pub id: Arc<str>,
    /// As policies see it.
    pub certificate: Arc<Certificate>,
    /// Key and chain, if it was uploaded with its key.
    pub material: Option<Arc<KeyMaterial>>,
}

/// All uploaded certificates of a revision.
#[derive(Debug, Clone, Default)]
pub struct CertificateTable {
    by_id: imbl::OrdMap<Arc<str>, Arc<UploadedCertificate>>,
    by_thumbprint: imbl::HashMap<Arc<str>, Arc<UploadedCertificate>>,
}

impl CertificateTable {
    /// By resource name, without regard to case.
    #[must_use]
    pub fn by_id(&self, id: &str) -> Option<&Arc<UploadedCertificate>> {
        self.by_id.get(id.to_ascii_lowercase().as_str())
    }

    /// By SHA-1 thumbprint in hexadecimal, any case, blanks and colons ignored.
    #[must_use]
    pub fn by_thumbprint(&self, thumbprint: &str) -> Option<&Arc<UploadedCertificate>> {
        let canonical: String = thumbprint
            .chars()
            .filter(|c| c.is_ascii_alphanumeric())
            .map(|c| c.to_ascii_uppercase())
            .collect();
        self.by_thumbprint.get(canonical.as_str())
    }

    /// All of them, by name.
    pub fn iter(&self) -> impl Iterator<Item = &Arc<UploadedCertificate>> {
        self.by_id.values()
    }

    pub(crate) fn insert(&mut self, uploaded: Arc<UploadedCertificate>) {
        self.remove(&uploaded.id);
        let thumbprint = Arc::clone(&uploaded.certificate.thumbprint);
        self.by_id.insert(
            Arc::from(uploaded.id.to_ascii_lowercase()),
            Arc::clone(&uploaded),
        );
        self.by_thumbprint.insert(thumbprint, uploaded);
    }

    pub(crate) fn remove(&mut self, id: &str) {
        let Some(removed) = self.by_id.remove(id.to_ascii_lowercase().as_str()) else {
            return;
        };
        let thumbprint = &removed.certificate.thumbprint;
        // The same certificate may be uploaded under two names.
        let other = self
            .by_id
            .values()
            .find(|other| other.certificate.thumbprint == *thumbprint);
        match other.cloned() {
            Some(other) => self.by_thumbprint.insert(Arc::clone(thumbprint), other),
            None => self.by_thumbprint.remove(thumbprint),
        };
    }
}

/// What policies see of a parsed certificate.
#[must_use]
pub fn policy_certificate(facts: &CertificateFacts, has_private_key: bool) -> Certificate {
    let nanos = |seconds: i64| i128::from(seconds) * 1_000_000_000;
    let shared = |texts: &[String]| texts.iter().map(|text| Arc::from(text.as_str())).collect();
    Certificate {
        der: Arc::clone(&facts.der),
        sha1: facts.sha1,
        sha256: facts.sha256,
        spki_sha256: facts.spki_sha256,
        thumbprint: Arc::from(upper_hex(&facts.sha1)),
        serial_number: Arc::from(upper_hex(&facts.serial)),
        subject: policy_name(&facts.subject),
        issuer: policy_name(&facts.issuer),
        not_before: nanos(facts.not_before),
        not_after: nanos(facts.not_after),
        version: facts.version,
        dns_names: shared(&facts.dns_names),
        email_addresses: shared(&facts.email_addresses),
        uris: shared(&facts.uris),
        user_principal_names: shared(&facts.user_principal_names),
        has_private_key,
    }
}

pub(crate) fn policy_name(name: &Name) -> Dn {
    let attribute = |(oid, value): &(String, NameValue)| Attribute {
        oid: Arc::from(oid.as_str()),
        value: match value {
            NameValue::Text(text) => AttributeValue::Text(Arc::from(text.as_str())),
            NameValue::Der(der) => AttributeValue::Der(Arc::from(der.as_slice())),
        },
    };
    Dn::from_rdns(
        name.0
            .iter()
            .map(|rdn| Rdn(rdn.iter().map(attribute).collect()))
            .collect(),
    )
}
