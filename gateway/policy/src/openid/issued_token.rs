//! What a token endpoint answers.

use std::sync::Arc;

use serde_json::Value as Json;

use super::{DocumentError, object};
use crate::execution::AccessToken;
use crate::host::UnixNanos;

const SECOND: UnixNanos = 1_000_000_000;

/// An access token and how long it may be used.
#[derive(Debug, Clone)]
pub struct IssuedToken {
    /// The token.
    pub token: AccessToken,
    /// When it ends.
    pub expires: UnixNanos,
}

impl IssuedToken {
    /// Reads the answer of a managed identity's endpoint (Azure's instance metadata service and App
    /// Service: `access_token` and `expires_on`, seconds since 1970, or `expires_in`, seconds from
    /// `now`, each a number or a string of digits).
    ///
    /// # Errors
    /// If it is no such answer.
    pub fn parse(document: &[u8], now: UnixNanos) -> Result<Self, DocumentError> {
        let object = object(document)?;
        let token = object
            .get("access_token")
            .and_then(Json::as_str)
            .filter(|token| is_header_text(token))
            .ok_or(DocumentError::Missing("access_token"))?;
        let seconds = |name: &str| match object.get(name)? {
            Json::Number(number) => number.as_i64(),
            Json::String(text) => text.parse().ok(),
            _ => None,
        };
        let expires = match (seconds("expires_on"), seconds("expires_in")) {
            (Some(at), _) => UnixNanos::from(at).saturating_mul(SECOND),
            (None, Some(left)) => now.saturating_add(UnixNanos::from(left).saturating_mul(SECOND)),
            (None, None) => return Err(DocumentError::Missing("expires_on")),
        };
        Ok(Self {
            token: AccessToken(Arc::from(token)),
            expires,
        })
    }
}

/// Whether it can stand in a header (`b64token`, RFC 6750 section 2.1, taken widely).
fn is_header_text(token: &str) -> bool {
    !token.is_empty() && token.bytes().all(|byte| byte.is_ascii_graphic())
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOW: UnixNanos = 1_000 * SECOND;

    fn expires(document: &str) -> Option<i128> {
        let token = IssuedToken::parse(document.as_bytes(), NOW).ok()?;
        assert_eq!(&*token.token.0, "a.b.c");
        Some(token.expires / SECOND)
    }

    #[test]
    fn the_end_of_a_token_is_read_in_both_forms() {
        assert_eq!(
            expires(r#"{"access_token":"a.b.c","expires_on":"2000","expires_in":"9"}"#),
            Some(2_000)
        );
        assert_eq!(
            expires(r#"{"access_token":"a.b.c","expires_on":2000}"#),
            Some(2_000)
        );
        assert_eq!(
            expires(r#"{"access_token":"a.b.c","expires_in":3599}"#),
            Some(4_599)
        );
    }

    #[test]
    fn what_is_no_token_for_a_header_is_refused() {
        for document in [
            r#"{"access_token":"a.b.c"}"#,
            r#"{"access_token":"","expires_in":1}"#,
            r#"{"access_token":"a\r\nb","expires_in":1}"#,
            r#"{"access_token":7,"expires_in":1}"#,
            r#"{"error":"invalid_resource"}"#,
            "no",
        ] {
            assert!(
                IssuedToken::parse(document.as_bytes(), NOW).is_err(),
                "{document}"
            );
        }
    }
}
