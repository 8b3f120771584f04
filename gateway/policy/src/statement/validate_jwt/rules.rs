//! What a policy demands of a token.

use std::borrow::Cow;
use std::sync::Arc;

use http::StatusCode;
use http::header::HeaderName;

use super::claims::RequiredClaim;
use super::keys::DocumentKey;
use crate::context::Url;
use crate::execution::{Failure, Outcome, ProviderDocument, Run};
use crate::host::UnixNanos;
use crate::statement::set_backend_service::{URL, read_url};
use crate::statement::setting::Setting;
use crate::statement::status_code;

/// Everything a policy says about tokens.
pub(in crate::statement) struct Rules {
    pub(in crate::statement) place: Place,
    pub(in crate::statement) scheme: Option<Setting<Arc<str>>>,
    pub(in crate::statement) status: Option<Setting<StatusCode>>,
    pub(in crate::statement) message: Option<Setting<Arc<str>>>,
    pub(in crate::statement) needs_expiration: Setting<bool>,
    pub(in crate::statement) needs_signature: Setting<bool>,
    /// How far the clocks may be apart.
    pub(in crate::statement) skew: Setting<UnixNanos>,
    /// Where the token is put when it is good.
    pub(in crate::statement) variable: Option<Arc<str>>,
    pub(in crate::statement) keys: Vec<DocumentKey>,
    pub(in crate::statement) providers: Providers,
    /// One of these must be among the token's; `None` asks nothing.
    pub(in crate::statement) audiences: Option<Vec<Setting<Arc<str>>>>,
    /// One of these must be the token's; `None` asks that it be the provider's.
    pub(in crate::statement) issuers: Option<Vec<Setting<Arc<str>>>>,
    /// One of these must be the application that the token was issued to; `None` asks nothing.
    pub(in crate::statement) clients: Option<Vec<Setting<Arc<str>>>>,
    pub(in crate::statement) claims: Vec<RequiredClaim>,
}

/// Where the token is.
pub(in crate::statement) enum Place {
    Header(Setting<HeaderName>),
    Query(Setting<Arc<str>>),
    Value(Setting<Arc<str>>),
}

/// Whose keys are believed beside those of the document.
pub(in crate::statement) enum Providers {
    /// Those with discovery documents at these places.
    OpenId(Vec<Setting<Url>>),
    /// Microsoft Entra ID.
    Entra {
        tenant: Setting<Arc<str>>,
        /// Where it is; `None` for the configured place.
        endpoint: Option<Url>,
    },
}

/// Tenants of Microsoft Entra ID that mean several.
const ANY_ORGANIZATION: &str = "organizations";

/// The tenant of personal Microsoft accounts, which are of no organisation.
const PERSONAL: &str = "9188040d-6c67-4c5b-b112-36a304b66dad";

/// Which providers a token may be from.
pub(super) struct Believed {
    pub(super) documents: Vec<ProviderDocument>,
    /// A tenant whose tokens are not taken although the provider signs them.
    pub(super) not_of_tenant: Option<&'static str>,
}

impl Rules {
    /// The providers, for a token of this version (`ver`; Microsoft Entra's two have issuers of
    /// their own). `None` if the tenant cannot be one.
    pub(super) fn believed(
        &self,
        run: &mut Run<'_>,
        version: Option<&str>,
    ) -> Outcome<Option<Believed>> {
        match &self.providers {
            Providers::OpenId(urls) => {
                let mut documents = Vec::with_capacity(urls.len());
                for url in urls {
                    documents.push(ProviderDocument::At(run.parsed(url, read_url, URL)?));
                }
                Ok(Some(Believed {
                    documents,
                    not_of_tenant: None,
                }))
            }
            Providers::Entra { tenant, endpoint } => {
                let written = run.text(tenant)?;
                let Some(tenant) = tenant_name(&written) else {
                    return Ok(None);
                };
                let path = match version {
                    Some("2.0") => format!("/{tenant}/v2.0/.well-known/openid-configuration"),
                    _ => format!("/{tenant}/.well-known/openid-configuration"),
                };
                let document = match endpoint {
                    None => ProviderDocument::Entra(path.into()),
                    Some(base) => ProviderDocument::At(Url {
                        path: base.path.trim_end_matches('/').to_owned() + &path,
                        ..base.clone()
                    }),
                };
                let personal = tenant.eq_ignore_ascii_case(ANY_ORGANIZATION);
                Ok(Some(Believed {
                    documents: vec![document],
                    not_of_tenant: personal.then_some(PERSONAL),
                }))
            }
        }
    }

    /// The failure that a refusal is.
    pub(super) fn refuse(&self, run: &mut Run<'_>, refusal: Refusal) -> Outcome<Box<Failure>> {
        let status = match &self.status {
            Some(status) => run.parsed(status, status_code::read, status_code::EXPECTED)?,
            None => StatusCode::UNAUTHORIZED,
        };
        let client_message = match &self.message {
            Some(message) => Cow::Owned(run.text(message)?.into_owned()),
            None => Cow::Borrowed(refusal.client_message()),
        };
        Ok(Box::new(Failure::of_policy(
            refusal.reason,
            refusal.message,
            status,
            client_message,
        )))
    }
}

/// The tenant out of its id, its domain, or a URL with one of them: `https://contoso.onmicrosoft.com`,
/// `https://login.microsoftonline.com/organizations`. `None` if it cannot be one.
pub(in crate::statement) fn tenant_name(written: &str) -> Option<&str> {
    let written = written.trim();
    let without_scheme = written
        .strip_prefix("https://")
        .unwrap_or(written)
        .trim_end_matches('/');
    let name = match without_scheme.split_once('/') {
        None => without_scheme,
        Some((_, path)) => path.split('/').next()?,
    };
    let is_name = name
        .bytes()
        .all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'.' | b'-' | b'_'));
    (is_name && name.bytes().any(|byte| byte.is_ascii_alphanumeric())).then_some(name)
}

/// Why a token is refused.
pub(super) struct Refusal {
    pub(super) reason: &'static str,
    /// For operators.
    pub(super) message: String,
}

impl Refusal {
    pub(super) fn new(reason: &'static str, message: impl Into<String>) -> Self {
        Self {
            reason,
            message: message.into(),
        }
    }

    /// No token came.
    pub(super) fn not_found() -> Self {
        Self::new(NOT_FOUND, "JWT not found in the request. Access denied.")
    }

    /// What came is no token.
    pub(super) fn invalid(why: &str) -> Self {
        Self::new("JwtInvalid", format!("The JWT is invalid: {why}."))
    }

    fn client_message(&self) -> &'static str {
        if self.reason == NOT_FOUND {
            "JWT not present."
        } else {
            "Invalid JWT."
        }
    }
}

impl From<super::token::Malformed> for Refusal {
    fn from(malformed: super::token::Malformed) -> Self {
        Self::invalid(malformed.0)
    }
}

const NOT_FOUND: &str = "TokenNotFound";

#[cfg(test)]
mod tests {
    use super::tenant_name;

    #[test]
    fn a_tenant_is_found_in_all_its_spellings() {
        const ID: &str = "00000000-1111-2222-3333-444444444444";
        for (written, expected) in [
            (ID, Some(ID)),
            ("contoso.onmicrosoft.com", Some("contoso.onmicrosoft.com")),
            (
                "https://contoso.onmicrosoft.com/",
                Some("contoso.onmicrosoft.com"),
            ),
            (
                "https://login.microsoftonline.com/organizations",
                Some("organizations"),
            ),
            (
                "https://login.microsoftonline.com/common/v2.0",
                Some("common"),
            ),
            ("{tenant-id}", None),
            ("..", None),
            ("a b", None),
            ("a?b", None),
            ("", None),
        ] {
            assert_eq!(tenant_name(written), expected, "{written}");
        }
    }
}
