//! A request as it came, checked and cleaned.

use std::sync::Arc;

use gateway_config::snapshot::Snapshot;
use gateway_policy::context::{self, Context};
use http::header::{self, HeaderMap, HeaderValue};
use http::{Extensions, Method, Request, Version};

use crate::body::Body;
use crate::captured::{Caller, Claim};
use crate::connection::Connection;
use crate::exchange::Exchange;
use crate::failure::Problem;
use crate::front::framing::Refusal;
use crate::headers::{self, Expectation};
use crate::routing::Routed;
use crate::target::{self, Target};

/// A request that may be judged and routed.
pub(crate) struct Arrival {
    pub(crate) method: Method,
    /// Lower case, without port; empty only in HTTP/1.0.
    pub(crate) host: Arc<str>,
    pub(crate) port: u16,
    /// Percent-encoded as it came.
    pub(crate) path: String,
    /// Without `?`.
    pub(crate) query: String,
    /// Without hop-by-hop and identity headers; with `Host` and `X-Forwarded-*`.
    pub(crate) headers: HeaderMap,
    /// What a trusted peer says about the client; `None` from everybody else.
    pub(crate) claim: Option<Claim>,
    pub(crate) client: ClientSide,
}

/// What of a request policies do not see and the backend is sent.
pub(crate) struct ClientSide {
    /// `None` once it has been read or sent.
    pub(crate) body: Option<Body>,
    /// The spelling of header names, among others.
    pub(crate) extensions: Extensions,
    pub(crate) version: Version,
    /// `Host` as it came: a backend gets its own name instead, unless a policy sets another.
    pub(crate) host: Option<HeaderValue>,
    /// Whether the client takes trailers.
    pub(crate) trailers: bool,
}

impl Arrival {
    /// Checks what the front cannot, and takes away what must not pass.
    pub(crate) fn check(
        connection: &Connection,
        exchange: &Exchange,
        request: Request<Body>,
    ) -> Result<Self, Problem> {
        let (parts, body) = request.into_parts();
        let Target { host, port } = target::of(&parts)?;
        exchange.note(|facts| facts.host = Some(Arc::clone(&host)));
        let query = parts.uri.query().unwrap_or_default().to_owned();
        let authority = parts
            .uri
            .authority()
            .and_then(|authority| HeaderValue::from_str(authority.as_str()).ok());
        let mut headers = parts.headers;

        if headers.len() > connection.worker.front.max_header_fields {
            return Err(Problem::from(Refusal::TOO_MANY_HEADERS));
        }
        if headers::asks_for_websocket(&parts.method, &headers) {
            return Err(Problem::Upgrade);
        }
        let limit = connection.worker.front.max_body_bytes;
        if limit.is_some_and(|limit| content_length(&headers).is_some_and(|length| length > limit))
        {
            return Err(Problem::TooLarge);
        }
        if headers::take_expectation(&mut headers) == Expectation::Unknown {
            return Err(Problem::Expectation);
        }
        let claim = connection
            .speaks_for
            .map(|header| Claim::of(header, &headers));
        headers::remove_identity(&mut headers);
        let trailers = headers::remove_hop_by_hop(&mut headers);
        if let Some(authority) = authority {
            headers.insert(header::HOST, authority);
        }
        let host_header = headers.get(header::HOST).cloned();
        let named = host_header
            .as_ref()
            .and_then(|value| value.to_str().ok())
            .unwrap_or_default();
        headers::add_forwarded(&mut headers, connection.address, named);

        Ok(Self {
            method: parts.method,
            host,
            port,
            path: parts.uri.path().to_owned(),
            query,
            headers,
            claim,
            client: ClientSide {
                body: Some(body),
                extensions: parts.extensions,
                version: parts.version,
                host: host_header,
                trailers,
            },
        })
    }

    /// What policies see. Takes the headers.
    pub(crate) fn context(
        &mut self,
        connection: &Connection,
        caller: &Caller,
        exchange: &Exchange,
        snapshot: &Snapshot,
        routed: &mut Routed,
    ) -> Context {
        let url = |path: String| context::Url {
            scheme: Arc::clone(&connection.worker.https),
            host: Arc::clone(&self.host),
            port: self.port,
            path,
            query: self.query.clone(),
        };
        let original_url = url(std::mem::take(&mut self.path));
        let url = url(std::mem::take(&mut routed.relative_path));
        let empty = self.client.body.as_ref().is_none_or(Body::is_empty);
        let request = context::Request {
            method: self.method.clone(),
            original_url,
            url,
            headers: std::mem::take(&mut self.headers),
            ip_address: connection.address,
            certificate: caller
                .identity
                .as_ref()
                .map(|it| Arc::clone(&it.certificate)),
            matched_parameters: std::mem::take(&mut routed.parameters),
            body: if empty {
                context::Body::None
            } else {
                context::Body::Streaming
            },
        };
        Context {
            request_id: exchange.id,
            timestamp: connection.worker.clock.now_nanos(),
            request,
            response: None,
            api: routed.api.as_ref().map(|api| Arc::clone(&api.context)),
            operation: routed.operation.take(),
            product: routed.admission.product.take(),
            subscription: routed.admission.subscription.take(),
            variables: indexmap::IndexMap::new(),
            last_error: None,
            deployment: Arc::clone(&snapshot.deployment),
            sent: context::Sent::default(),
        }
    }
}

fn content_length(headers: &HeaderMap) -> Option<u64> {
    headers
        .get(header::CONTENT_LENGTH)?
        .to_str()
        .ok()?
        .parse()
        .ok()
}
