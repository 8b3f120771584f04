//! What OpenID providers publish about themselves: who they are and the keys that they sign with.
//!
//! Whoever fetches the two documents reads them with these functions and gives policies a
//! [`Provider`] that needs no reading any more.

mod issued_token;
mod key_set;

use std::sync::Arc;

use serde_json::Value as Json;

pub use issued_token::IssuedToken;
pub use key_set::{KeySet, Material, VerificationKey};

/// Most bytes of a provider's document; real ones have some 10 KiB.
pub const MAX_DOCUMENT_BYTES: usize = 256 * 1024;

/// An OpenID provider, as its two documents described it.
#[derive(Debug)]
pub struct Provider {
    /// Its issuer identifier. Of Microsoft Entra's multi-tenant endpoints it has `{tenantid}` in the
    /// place of the tenant.
    pub issuer: Arc<str>,
    /// The keys that it signs with.
    pub keys: KeySet,
}

/// What of a discovery document counts here (OpenID Connect Discovery 1.0, section 3).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Discovery {
    /// `issuer`.
    pub issuer: Arc<str>,
    /// `jwks_uri`, where the keys are.
    pub jwks_uri: Arc<str>,
}

/// Why a provider's document cannot be used. Names no content of it.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum DocumentError {
    /// It is larger than [`MAX_DOCUMENT_BYTES`].
    #[error("the document has more than {MAX_DOCUMENT_BYTES} bytes")]
    TooLarge,
    /// It is no JSON object.
    #[error("the document is no JSON object")]
    NotJson,
    /// A member is missing or no string.
    #[error("the document has no '{0}'")]
    Missing(&'static str),
    /// There are more keys than anybody publishes.
    #[error("the document has more than {0} keys")]
    TooManyKeys(usize),
}

impl Discovery {
    /// Reads a discovery document.
    ///
    /// # Errors
    /// If it is no such document.
    pub fn parse(document: &[u8]) -> Result<Self, DocumentError> {
        let object = object(document)?;
        let member = |name: &'static str| {
            object
                .get(name)
                .and_then(Json::as_str)
                .filter(|text| !text.is_empty())
                .map(Arc::from)
                .ok_or(DocumentError::Missing(name))
        };
        Ok(Self {
            issuer: member("issuer")?,
            jwks_uri: member("jwks_uri")?,
        })
    }
}

fn object(document: &[u8]) -> Result<serde_json::Map<String, Json>, DocumentError> {
    if document.len() > MAX_DOCUMENT_BYTES {
        return Err(DocumentError::TooLarge);
    }
    serde_json::from_slice(document).map_err(|_| DocumentError::NotJson)
}

/// Whether a token's issuer is the one that a provider names. A template's `{tenantid}` is the token's
/// own tenant, which must be a GUID: nothing else can stand between the parts of the template.
pub(crate) fn is_issuer(template: &str, issuer: &str, tenant: Option<&str>) -> bool {
    const TENANT: &str = "{tenantid}";
    match template.split_once(TENANT) {
        None => template == issuer,
        Some((before, after)) => tenant
            .filter(|tenant| is_guid(tenant))
            .is_some_and(|tenant| {
                issuer
                    .strip_prefix(before)
                    .and_then(|rest| rest.strip_suffix(after))
                    .is_some_and(|middle| middle == tenant)
            }),
    }
}

/// Whether it is a GUID with hyphens, in either case.
pub(crate) fn is_guid(text: &str) -> bool {
    text.len() == 36
        && text.bytes().enumerate().all(|(at, byte)| match at {
            8 | 13 | 18 | 23 => byte == b'-',
            _ => byte.is_ascii_hexdigit(),
        })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_discovery_document_gives_issuer_and_the_place_of_the_keys() {
        let parsed = Discovery::parse(
            br#"{"issuer":"https://id.example","jwks_uri":"https://id.example/keys","x":1}"#,
        )
        .unwrap();
        assert_eq!(&*parsed.issuer, "https://id.example");
        assert_eq!(&*parsed.jwks_uri, "https://id.example/keys");
        assert_eq!(
            Discovery::parse(br#"{"issuer":"https://id.example"}"#),
            Err(DocumentError::Missing("jwks_uri"))
        );
        assert_eq!(
            Discovery::parse(br#"{"issuer":7,"jwks_uri":"x"}"#),
            Err(DocumentError::Missing("issuer"))
        );
        assert_eq!(Discovery::parse(b"[]"), Err(DocumentError::NotJson));
        let large = vec![b' '; MAX_DOCUMENT_BYTES + 1];
        assert_eq!(Discovery::parse(&large), Err(DocumentError::TooLarge));
    }

    #[test]
    fn only_a_tenants_guid_fills_the_template_of_an_issuer() {
        const TEMPLATE: &str = "https://login.example/{tenantid}/v2.0";
        const TENANT: &str = "00000000-1111-2222-3333-444444444444";
        let issuer = format!("https://login.example/{TENANT}/v2.0");
        assert!(is_issuer(TEMPLATE, &issuer, Some(TENANT)));
        assert!(!is_issuer(TEMPLATE, &issuer, None));
        assert!(!is_issuer(TEMPLATE, TEMPLATE, Some("{tenantid}")));
        assert!(!is_issuer(
            TEMPLATE,
            "https://login.example/x/v2.0",
            Some("x")
        ));
        assert!(!is_issuer(
            TEMPLATE,
            &issuer.replace("login", "logout"),
            Some(TENANT)
        ));
        assert!(is_issuer("https://a", "https://a", None));
        assert!(!is_issuer("https://a", "https://a/", None));
    }
}
