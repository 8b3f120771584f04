//! `identityLists/{id}` and their members: who may come in.

use std::sync::Arc;

use serde_json::{Map, Value, json};

use super::Body;
use super::accept::{Acceptance, wanted_properties};
use super::fields::{Fields, Problems};
use super::schema::{Table, effective, read_only, refused};

pub use super::identity_parse::{ListLimits, parse_list, parse_list_value};

/// The list itself; its members are resources of their own.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct IdentityList {
    /// Description for people.
    pub description: Arc<str>,
}

/// One identity: all its claims must hold. Stored compactly, because lists have up to millions.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Identity {
    /// Only a SHA-1 thumbprint.
    Sha1([u8; 20]),
    /// Only a SHA-256 thumbprint.
    Sha256([u8; 32]),
    /// Anything else.
    Claims(Box<Claims>),
}

/// The claims of an identity; at least one that names a certificate is present.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Claims {
    /// SHA-1 of the certificate.
    pub sha1: Option<[u8; 20]>,
    /// SHA-256 of the certificate.
    pub sha256: Option<[u8; 32]>,
    /// SHA-256 of the public key (SPKI).
    pub spki: Option<[u8; 32]>,
    /// Serial number, upper-case hexadecimal.
    pub serial_number: Option<Arc<str>>,
    /// Subject, compared as a parsed name.
    pub subject: Option<Arc<str>>,
    /// Common name of the subject.
    pub common_name: Option<Arc<str>>,
    /// `dNSName` of the SAN.
    pub dns_name: Option<Arc<str>>,
    /// URI of the SAN.
    pub uri: Option<Arc<str>>,
    /// Issuer, compared as a parsed name.
    pub issuer_subject: Option<Arc<str>>,
    /// SHA-1 of the direct issuer.
    pub issuer_thumbprint: Option<[u8; 20]>,
    /// Name of an uploaded certificate that must be the direct issuer.
    pub issuer_certificate_id: Option<Arc<str>>,
    /// For people.
    pub display_name: Option<Arc<str>>,
    /// Not before, unix seconds.
    pub not_before: Option<i64>,
    /// Not after, unix seconds.
    pub not_after: Option<i64>,
}

const PROPERTIES: Table = &[
    effective("description"),
    // A whole list with members is `Action::PutList`; here it would be a change without members.
    refused(
        "identities",
        "PUT the whole list, or change one member at identityLists/{id}/identities/{name}.",
    ),
    read_only("identityCount"),
    read_only("provisioningState"),
    read_only("warnings"),
];

pub(crate) fn accept(
    acceptance: &Acceptance<'_>,
    body: &Map<String, Value>,
    problems: &Problems,
) -> Option<IdentityList> {
    let stored = || match acceptance.existing {
        Some(Body::IdentityList(existing)) => render(existing),
        _ => Map::new(),
    };
    let properties = wanted_properties(acceptance.mode, body, stored, PROPERTIES, problems)?;
    let fields = Fields::new(&properties, PROPERTIES, "", problems);
    let description = fields.text("description", 0, 1000).unwrap_or("");
    Some(IdentityList {
        description: Arc::from(description),
    })
}

/// `properties` as clients read them; members are added by who knows them.
pub(crate) fn render(list: &IdentityList) -> Map<String, Value> {
    let mut properties = Map::new();
    if !list.description.is_empty() {
        properties.insert("description".to_owned(), json!(&*list.description));
    }
    properties
}

pub(crate) fn from_json(stored: &Map<String, Value>) -> IdentityList {
    let description = stored
        .get("description")
        .and_then(Value::as_str)
        .unwrap_or("");
    IdentityList {
        description: Arc::from(description),
    }
}
