//! Tokens that say who this gateway is, from an endpoint of the machine that it runs on.

use std::rc::Rc;

use gateway_policy::context::Url;
use gateway_policy::execution::{Answer, TokenRequest};
use gateway_policy::openid::IssuedToken;
use http::header::HeaderValue;
use percent_encoding::{NON_ALPHANUMERIC, utf8_percent_encode};

use super::flights::{Fetched, Outcome, Trouble};
use super::{fetch_once, get};
use crate::effect::send::Begun;
use crate::settings::{ManagedIdentity, ManagedIdentityKind};
use crate::worker::Worker;

/// So long before its end a token is asked for anew: nanoseconds. It must last for the request that
/// carries it.
const MARGIN: i128 = 5 * 60 * 1_000_000_000;

/// A token: known, or being fetched.
pub(crate) fn token(request: &TokenRequest, worker: &Rc<Worker>) -> Begun<'static> {
    let identities = &worker.identities;
    let Some(identity) = identities.settings.managed_identity.clone() else {
        let message = "no managed identity is configured (managed_identity.endpoint)";
        return Begun::Answered(Answer::Failed(Trouble::configuration(message).into()));
    };
    let now = worker.clock.now_nanos();
    let asked = identities.tokens.ask(request, now, false);
    let request = request.clone();
    fetch_once(
        asked,
        worker,
        move |worker| async move {
            let fetched = fetch(&worker, &identity, &request, now).await;
            if let Err(trouble) = &fetched {
                tracing::warn!(
                    resource = &*request.resource,
                    error = ?trouble,
                    "a token of the managed identity cannot be had"
                );
            }
            fetched.map(|issued| {
                // A token that is short anyway serves for half of its time.
                let margin = MARGIN.min(issued.expires.saturating_sub(now).max(0) / 2);
                Fetched {
                    value: issued.token,
                    fresh_until: issued.expires - margin,
                    usable_until: issued.expires,
                }
            })
        },
        Answer::Token,
    )
}

async fn fetch(
    worker: &Worker,
    identity: &ManagedIdentity,
    request: &TokenRequest,
    now: i128,
) -> Outcome<IssuedToken> {
    let url = url(identity, request)
        .ok_or_else(|| Trouble::configuration("managed_identity.endpoint is no URL"))?;
    let header = header(identity)?;
    let answer = get(worker, url, &[header]).await?;
    IssuedToken::parse(&answer, now).map_err(|error| Trouble::answer(error.to_string()))
}

fn url(identity: &ManagedIdentity, request: &TokenRequest) -> Option<Url> {
    let version = match identity.kind {
        ManagedIdentityKind::Imds => "2018-02-01",
        ManagedIdentityKind::AppService => "2019-08-01",
    };
    let mut url = Url::parse(&identity.endpoint)?;
    let escaped = |text: &str| utf8_percent_encode(text, NON_ALPHANUMERIC).to_string();
    let mut query = format!(
        "api-version={version}&resource={}",
        escaped(&request.resource)
    );
    if let Some(client) = &request.client_id {
        query.push_str("&client_id=");
        query.push_str(&escaped(client));
    }
    if !url.query.is_empty() {
        query = format!("{}&{query}", url.query);
    }
    url.query = query;
    Some(url)
}

/// The header that keeps requests from being made by accident, or by somebody without the secret.
fn header(identity: &ManagedIdentity) -> Outcome<(http::HeaderName, HeaderValue)> {
    match identity.kind {
        ManagedIdentityKind::Imds => Ok((
            http::HeaderName::from_static("metadata"),
            HeaderValue::from_static("true"),
        )),
        ManagedIdentityKind::AppService => {
            let secret = identity.secret.as_deref().unwrap_or_default();
            let mut value = HeaderValue::from_str(secret).map_err(|_| {
                Trouble::configuration("managed_identity.secret_file holds no header's value")
            })?;
            value.set_sensitive(true);
            Ok((http::HeaderName::from_static("x-identity-header"), value))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_policy_computes_stays_a_value_in_the_query() {
        let identity = ManagedIdentity {
            kind: ManagedIdentityKind::Imds,
            endpoint: "http://169.254.169.254/metadata/identity/oauth2/token".to_owned(),
            secret: None,
        };
        let request = TokenRequest {
            resource: "https://a.example/&client_id=x".into(),
            client_id: Some("b c".into()),
        };
        let url = url(&identity, &request).unwrap();
        assert_eq!(url.path, "/metadata/identity/oauth2/token");
        assert_eq!(
            url.query,
            "api-version=2018%2D02%2D01&resource=https%3A%2F%2Fa%2Eexample%2F%26client%5Fid%3Dx&client_id=b%20c"
                .replace("2018%2D02%2D01", "2018-02-01")
        );
        assert_eq!(header(&identity).unwrap().0, "metadata");
    }
}
