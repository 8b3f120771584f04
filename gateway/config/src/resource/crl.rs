//! `crls/{id}`: certificate revocation lists.

use std::sync::Arc;

use serde_json::{Map, Value, json};

use super::accept::{Acceptance, Mode, Warning, wanted_properties};
use super::encoded::{self, sentence};
use super::fields::{Fields, Problems};
use super::schema::{Table, effective, read_only};
use super::{Body, moment, thumbprint};
use crate::material::policy_name;

/// Longest base64 text of a CRL. Larger ones do not fit into a request of the admin API anyway.
const MOST_TEXT: usize = 4 * 1024 * 1024;

/// An uploaded CRL.
#[derive(Debug, Clone)]
pub struct Crl {
    /// DER encoding.
    pub der: Arc<[u8]>,
    /// What it says about itself.
    pub facts: Arc<gateway_tls::crl::Crl>,
}

const PROPERTIES: Table = &[
    effective("encodedCrl"),
    read_only("issuer"),
    read_only("number"),
    read_only("thisUpdate"),
    read_only("nextUpdate"),
    read_only("revokedCount"),
    read_only("sha256"),
    read_only("warnings"),
];

pub(crate) fn accept(
    acceptance: &Acceptance<'_>,
    body: &Map<String, Value>,
    problems: &Problems,
) -> Option<Crl> {
    let properties = wanted_properties(Mode::Put, body, Map::new, PROPERTIES, problems)?;
    let fields = Fields::new(&properties, PROPERTIES, "", problems);
    let existing = match acceptance.existing {
        Some(Body::Crl(existing)) => Some(existing),
        _ => None,
    };
    if fields.value("encodedCrl").is_none() {
        let named = fields.value("sha256").and_then(Value::as_str);
        if let (Some(existing), Some(named)) = (existing, named)
            && thumbprint::parse_sha256(named) == Ok(existing.facts.sha256)
        {
            return Some(existing.clone());
        }
        fields.problem(
            "encodedCrl",
            "`encodedCrl` is required: base64 of a CRL as DER or PEM.",
        );
        return None;
    }
    let bytes = encoded::bytes(&fields, "encodedCrl", MOST_TEXT)?;
    let facts = match gateway_tls::crl::parse(&bytes) {
        Ok(facts) => facts,
        Err(error) => {
            fields.problem("encodedCrl", sentence(&error.to_string()));
            return None;
        }
    };
    if facts.is_delta {
        fields.problem(
            "encodedCrl",
            "A delta CRL proves nothing by itself; upload the complete one.",
        );
        return None;
    }
    let is_new = existing.is_none_or(|existing| existing.facts.sha256 != facts.sha256);
    if is_new && facts.next_update.is_some_and(|due| due < acceptance.now) {
        fields.problem("encodedCrl", out_of_date(&facts));
        return None;
    }
    Some(Crl {
        der: Arc::clone(&facts.der),
        facts: Arc::new(facts),
    })
}

fn out_of_date(facts: &gateway_tls::crl::Crl) -> String {
    let due = facts.next_update.map(moment::print).unwrap_or_default();
    format!(
        "The CRL of `{}` is out of date: its next update was due on {due}.",
        issuer(facts)
    )
}

fn issuer(facts: &gateway_tls::crl::Crl) -> Arc<str> {
    policy_name(&facts.issuer).to_shared()
}

/// `properties` as clients read them.
pub(crate) fn render(crl: &Crl) -> Map<String, Value> {
    let facts = &crl.facts;
    let mut properties = Map::new();
    properties.insert("issuer".to_owned(), json!(&*issuer(facts)));
    if let Some(number) = &facts.number {
        properties.insert("number".to_owned(), json!(thumbprint::print(number)));
    }
    properties.insert(
        "thisUpdate".to_owned(),
        json!(moment::print(facts.this_update)),
    );
    if let Some(next) = facts.next_update {
        properties.insert("nextUpdate".to_owned(), json!(moment::print(next)));
    }
    properties.insert("revokedCount".to_owned(), json!(facts.revoked_count));
    properties.insert("sha256".to_owned(), json!(thumbprint::print(&facts.sha256)));
    properties
}

pub(crate) fn warnings(crl: &Crl, now: i64) -> Vec<Warning> {
    let mut warnings = Vec::new();
    if crl.facts.next_update.is_some_and(|due| due < now) {
        warnings.push(Warning::new("CrlExpired", out_of_date(&crl.facts)));
    }
    if crl.facts.next_update.is_none() {
        warnings.push(Warning::new(
            "CrlWithoutNextUpdate",
            format!(
                "The CRL of `{}` does not say when it ends.",
                issuer(&crl.facts)
            ),
        ));
    }
    if crl.facts.this_update > now {
        warnings.push(Warning::new(
            "CrlNotYetValid",
            format!("The CRL of `{}` begins in the future.", issuer(&crl.facts)),
        ));
    }
    warnings
}

pub(crate) fn to_json(crl: &Crl) -> Map<String, Value> {
    let mut stored = Map::new();
    stored.insert("crl".to_owned(), json!(encoded::to_base64(&crl.der)));
    stored
}

pub(crate) fn from_json(stored: &Map<String, Value>) -> Option<Crl> {
    let der = encoded::from_base64(stored.get("crl")?.as_str()?)?;
    let facts = gateway_tls::crl::parse(&der).ok()?;
    Some(Crl {
        der: Arc::clone(&facts.der),
        facts: Arc::new(facts),
    })
}
