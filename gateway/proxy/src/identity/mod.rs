//! Who says who somebody is: the keys of OpenID providers, and tokens of the gateway's own identity.
//! Of the whole process: every worker sees the same, and one fetch serves all who wait for it.

mod flights;
mod managed_identity;
mod openid;

use std::future::Future;
use std::rc::Rc;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use gateway_policy::context::{Body, Url};
use gateway_policy::execution::{AccessToken, Answer, SendRequest, TokenRequest};
use gateway_policy::openid::Provider;
use http::StatusCode;
use http::header::{ACCEPT, HeaderValue};

use crate::effect::send::{Begun, send};
use crate::settings::IdentitySettings;
use crate::worker::Worker;
use flights::{Asked, Fetched, Flights, Outcome, Pace, Trouble, landed};

/// What the workers of one process share.
pub(crate) struct Identities {
    settings: IdentitySettings,
    providers: Arc<Flights<String, Arc<Provider>>>,
    tokens: Arc<Flights<TokenRequest, AccessToken>>,
}

impl Identities {
    pub(crate) fn new(settings: IdentitySettings) -> Self {
        /// How soon a source is asked again that has never answered. Short, because nothing works
        /// without it.
        const WITHOUT: Duration = Duration::from_secs(10);
        let providers = Pace {
            capacity: settings.providers,
            pause: settings.refresh_interval,
            pause_without: settings.refresh_interval.min(WITHOUT),
        };
        let tokens = Pace {
            capacity: settings.tokens,
            pause: WITHOUT,
            pause_without: Duration::from_secs(1),
        };
        Self {
            settings,
            providers: Flights::new(providers),
            tokens: Flights::new(tokens),
        }
    }
}

pub(crate) use managed_identity::token;
pub(crate) use openid::provider;

/// Answers with what is known, or begins to fetch it. The fetch belongs to nobody: it goes on when
/// the client whose request began it goes away.
fn fetch_once<K, V, F>(
    asked: Asked<K, V>,
    worker: &Rc<Worker>,
    fetch: impl FnOnce(Rc<Worker>) -> F,
    answer: fn(V) -> Answer,
) -> Begun<'static>
where
    K: Eq + std::hash::Hash + 'static,
    V: Clone + 'static,
    F: Future<Output = Outcome<Fetched<V>>> + 'static,
{
    let of = move |outcome: Outcome<V>| match outcome {
        Ok(value) => answer(value),
        Err(trouble) => Answer::Failed(trouble.into()),
    };
    let landing = match asked {
        Asked::Known(outcome) => return Begun::Answered(of(outcome)),
        Asked::Wait(landing) => landing,
        Asked::Fetch(landing, ticket) => {
            let fetch = fetch(Rc::clone(worker));
            tokio::task::spawn_local(async move { ticket.land(fetch.await) });
            landing
        }
    };
    Begun::Running(Box::pin(async move { of(landed(landing).await) }))
}

/// The body of a 200 to a `GET`.
async fn get(
    worker: &Worker,
    url: Url,
    headers: &[(http::HeaderName, HeaderValue)],
) -> Outcome<Bytes> {
    let mut request = SendRequest::get(url);
    request.timeout = worker.identities.settings.timeout;
    request
        .headers
        .insert(ACCEPT, HeaderValue::from_static("application/json"));
    for (name, value) in headers {
        request.headers.insert(name.clone(), value.clone());
    }
    let upstream = worker
        .snapshots
        .pin()
        .upstream_of(&request.url, None)
        .map_err(|error| Trouble::configuration(error.to_string()))?;
    let answer = send(worker, &upstream, request, |_| true).await?;
    let Answer::Response(response) = answer else {
        return Err(Trouble::answer("there was no answer"));
    };
    if response.status != StatusCode::OK {
        return Err(Trouble::answer(format!(
            "{} answered {}",
            upstream.host,
            response.status.as_u16()
        )));
    }
    Ok(match response.body {
        Body::Bytes(bytes) => bytes,
        Body::None | Body::Streaming | Body::Consumed => Bytes::new(),
    })
}
