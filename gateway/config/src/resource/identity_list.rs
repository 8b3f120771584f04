//! `identityLists/{id}` and their members: who may come in.

use std::sync::Arc;

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
    /// SHA-1 of a certificate above the leaf.
    pub issuer_thumbprint: Option<[u8; 20]>,
    /// Name of an uploaded certificate that must be above the leaf.
    pub issuer_certificate_id: Option<Arc<str>>,
    /// For people.
    pub display_name: Option<Arc<str>>,
    /// Not before, unix seconds.
    pub not_before: Option<i64>,
    /// Not after, unix seconds.
    pub not_after: Option<i64>,
}
