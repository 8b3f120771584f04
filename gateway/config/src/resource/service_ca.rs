//! `certificates` of the service: the CAs that client certificates are checked against.

use std::collections::HashSet;
use std::sync::Arc;

use gateway_tls::certificate::CertificateFacts;
use serde_json::{Map, Value, json};

use super::accept::Warning;
use super::encoded::{self, to_base64};
use super::fields::Fields;
use super::schema::{Table, effective, read_only};
use super::service::{CaCertificate, CaStore, Service, information};
use super::{certificate, thumbprint};

/// Most CAs. The contract's service takes ten; partners bring their own CAs, so more are needed here.
const MOST: usize = 1_000;

const ENTRY: Table = &[
    effective("encodedCertificate"),
    effective("certificatePassword"),
    effective("storeName"),
    effective("certificate"),
];

const INFORMATION: Table = &[
    effective("thumbprint"),
    read_only("expiry"),
    read_only("subject"),
];

/// Reads the list; an entry without data names a stored certificate by its thumbprint.
pub(crate) fn read(
    fields: &Fields<'_>,
    existing: &Service,
    now: i64,
) -> Option<Vec<CaCertificate>> {
    if fields.value("certificates").is_none() {
        return Some(Vec::new());
    }
    let entries = fields.objects("certificates", MOST, ENTRY)?;
    let mut list = Vec::with_capacity(entries.len());
    let mut seen = HashSet::new();
    for entry in &entries {
        let store = read_store(entry);
        let facts = match entry.value("encodedCertificate") {
            Some(_) => brought_in(entry, existing, now),
            None => kept(entry, existing),
        };
        let (Some(store), Some(facts)) = (store, facts) else {
            continue;
        };
        // Saying the same thing twice is harmless; it is kept once.
        if seen.insert((store.name(), facts.sha256)) {
            list.push(CaCertificate { store, facts });
        }
    }
    Some(list)
}

fn read_store(entry: &Fields<'_>) -> Option<CaStore> {
    match entry.required_text("storeName", 1, 64)? {
        "Root" => Some(CaStore::Root),
        "CertificateAuthority" => Some(CaStore::CertificateAuthority),
        _ => {
            entry.problem(
                "storeName",
                "`storeName` must be `Root` or `CertificateAuthority`.",
            );
            None
        }
    }
}

fn brought_in(entry: &Fields<'_>, existing: &Service, now: i64) -> Option<Arc<CertificateFacts>> {
    let upload = encoded::upload(entry, "encodedCertificate", "certificatePassword")?;
    let facts = upload.facts();
    let is_new = !existing
        .certificates
        .iter()
        .any(|ca| ca.facts.sha256 == facts.sha256);
    if is_new && facts.not_after < now {
        entry.problem("encodedCertificate", certificate::expired(facts));
        return None;
    }
    Some(Arc::clone(facts))
}

fn kept(entry: &Fields<'_>, existing: &Service) -> Option<Arc<CertificateFacts>> {
    let information = entry.child("certificate", INFORMATION);
    let named = information.and_then(|information| information.text("thumbprint", 1, 200));
    let named = named.map(thumbprint::parse);
    let found = existing.certificates.iter().find(|ca| match named {
        Some(Ok(thumbprint::Thumbprint::Sha1(sha1))) => ca.facts.sha1 == sha1,
        Some(Ok(thumbprint::Thumbprint::Sha256(sha256))) => ca.facts.sha256 == sha256,
        _ => false,
    });
    if found.is_none() {
        entry.problem(
            "encodedCertificate",
            "`encodedCertificate` is required for a certificate that is not installed.",
        );
    }
    found.map(|ca| Arc::clone(&ca.facts))
}

pub(crate) fn render(ca: &CaCertificate) -> Value {
    json!({ "storeName": ca.store.name(), "certificate": information(&ca.facts) })
}

pub(crate) fn warn(ca: &CaCertificate, index: usize, now: i64, warnings: &mut Vec<Warning>) {
    certificate::about(&ca.facts, now, warnings);
    if ca.facts.version >= 3 && !ca.facts.is_ca {
        warnings.push(Warning::new(
            "NotACertificateAuthority",
            format!(
                "`certificates[{index}]` (`{}`) is not marked as a certification authority; it cannot \
                 have issued anything.",
                certificate::subject(&ca.facts)
            ),
        ));
    }
    if ca.store == CaStore::Root && !ca.facts.is_self_issued() {
        warnings.push(Warning::new(
            "RootIsNotSelfIssued",
            format!(
                "`certificates[{index}]` (`{}`) is in store `Root` and was issued by another CA; \
                 paths that end at it are trusted.",
                certificate::subject(&ca.facts)
            ),
        ));
    }
}

pub(crate) fn to_json(ca: &CaCertificate) -> Value {
    json!({ "storeName": ca.store.name(), "certificate": to_base64(&ca.facts.der) })
}

pub(crate) fn from_json(stored: &Value) -> Option<CaCertificate> {
    let stored: &Map<String, Value> = stored.as_object()?;
    let store = match stored.get("storeName")?.as_str()? {
        "Root" => CaStore::Root,
        "CertificateAuthority" => CaStore::CertificateAuthority,
        _ => return None,
    };
    Some(CaCertificate {
        store,
        facts: certificate::facts_from_json(stored.get("certificate")?)?,
    })
}
