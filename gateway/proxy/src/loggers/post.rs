//! Loggers that are receivers of HTTP requests.

use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use gateway_config::upstream::Upstream;
use gateway_policy::context::Url;
use gateway_policy::execution::SendRequest;
use http::header::{CONTENT_TYPE, HeaderValue};
use http::{Method, StatusCode};

use crate::outgoing;
use crate::settings::UpstreamSettings;
use crate::upstream::pool::PoolKey;
use crate::upstream::{Destination, Upstreams};
use crate::worker::Connectors;

/// Pauses before the second and the third try.
const PAUSES: [Duration; 2] = [Duration::from_millis(250), Duration::from_secs(1)];

/// Bytes of an answer that are read so that its connection serves again.
const ANSWER: usize = 64 * 1024;

/// Sends batches as JSON arrays.
pub(super) struct Poster {
    upstreams: Upstreams,
    connectors: Connectors,
    timeout: Duration,
}

/// Why a try failed.
enum Trouble {
    /// Another try may do better.
    Passing(String),
    /// The receiver does not want it.
    Lasting(String),
}

impl Poster {
    pub(super) fn new(settings: UpstreamSettings, timeout: Duration) -> Self {
        Self {
            upstreams: Upstreams::new(settings),
            connectors: Connectors::default(),
            timeout,
        }
    }

    /// Posts the records as one array, up to three times. A receiver that took a batch and failed to
    /// say so gets it twice.
    ///
    /// # Errors
    /// Why it was given up, without the URL, which may hold a secret.
    pub(super) async fn post(
        &self,
        url: &Url,
        upstream: &Arc<Upstream>,
        records: &[&str],
    ) -> Result<(), String> {
        let body = Bytes::from(format!("[{}]", records.join(",")));
        self.upstreams.sweep();
        let mut pauses = PAUSES.into_iter();
        loop {
            let trouble = match self.attempt(url, upstream, body.clone()).await {
                Ok(()) => return Ok(()),
                Err(Trouble::Lasting(trouble)) => return Err(trouble),
                Err(Trouble::Passing(trouble)) => trouble,
            };
            match pauses.next() {
                Some(pause) => tokio::time::sleep(pause).await,
                None => return Err(trouble),
            }
        }
    }

    async fn attempt(
        &self,
        url: &Url,
        upstream: &Arc<Upstream>,
        body: Bytes,
    ) -> Result<(), Trouble> {
        let mut request = SendRequest::get(url.clone());
        request.method = Method::POST;
        request.body = body;
        request
            .headers
            .insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
        let outgoing = outgoing::build_own(request, upstream).map_err(Trouble::Lasting)?;
        let tls = match &upstream.tls {
            None => None,
            Some(tls) => Some(self.connectors.get(tls).await.map_err(Trouble::Passing)?),
        };
        let key = PoolKey {
            host: Arc::clone(&upstream.host),
            port: upstream.port,
            tls: upstream.tls.as_ref().map(|tls| *tls.key()),
        };
        let destination = Destination { key, tls };
        let response = self
            .upstreams
            .send(&destination, outgoing, self.timeout)
            .await
            .map_err(|failure| Trouble::Passing(failure.detail))?;
        let status = response.status();
        let read = response.into_body().collect(ANSWER);
        // Its content says nothing that is needed.
        let _ = tokio::time::timeout(self.timeout, read).await;
        let answered = || format!("{} answered {}", upstream.host, status.as_u16());
        match status {
            _ if status.is_success() => Ok(()),
            StatusCode::TOO_MANY_REQUESTS | StatusCode::REQUEST_TIMEOUT => {
                Err(Trouble::Passing(answered()))
            }
            _ if status.is_server_error() => Err(Trouble::Passing(answered())),
            _ => Err(Trouble::Lasting(answered())),
        }
    }
}
