//! Requests of policies' own.

use std::future::Future;
use std::pin::Pin;
use std::rc::Rc;
use std::sync::Arc;

use gateway_config::snapshot::PinnedSnapshot;
use gateway_config::upstream::Upstream;
use gateway_policy::context;
use gateway_policy::execution::{Answer, EffectFailure, FailureKind, SendRequest};
use http::header;

use crate::body::{Body, BodyError};
use crate::connection::Connection;
use crate::exchange::Exchange;
use crate::headers::remove_hop_by_hop;
use crate::outgoing;
use crate::passage::reason_of;
use crate::upstream::pool::PoolKey;
use crate::upstream::{self, Destination, UpstreamFailure};
use crate::worker::Worker;

use super::outcome::Sending;

/// What became of the beginning of something that may take a while.
pub(crate) enum Begun<'r> {
    /// Its outcome comes later.
    Running(Pin<Box<dyn Future<Output = Answer> + 'r>>),
    /// Its outcome is known.
    Answered(Answer),
}

/// Begins a request. One that nobody waits for runs on its own, within the worker's limit of those.
pub(super) fn begin<'r>(
    request: SendRequest,
    connection: &'r Connection,
    exchange: &'r Rc<Exchange>,
    snapshot: &PinnedSnapshot,
) -> Begun<'r> {
    let sending = Sending::begins(&connection.worker.effects);
    if request.proxy.is_some() {
        return failed(
            sending,
            FailureKind::Configuration,
            "a request through a proxy is not supported",
        );
    }
    let certificate = request.client_certificate.as_ref();
    let upstream = match snapshot.upstream_of(&request.url, certificate) {
        Ok(upstream) => upstream,
        Err(error) => return failed(sending, FailureKind::Configuration, error.to_string()),
    };
    let worker = &connection.worker;
    if request.awaited {
        return Begun::Running(Box::pin(async move {
            let sent = send(worker, &upstream, request, |bytes| {
                exchange.take_room(bytes)
            });
            let outcome = sent.await;
            sending.ends(&outcome);
            outcome.unwrap_or_else(Answer::Failed)
        }));
    }
    let Some(place) = worker.load.enter_background() else {
        return failed(
            sending,
            FailureKind::Limit,
            "as many requests go on without anybody waiting as may",
        );
    };
    let worker = Rc::clone(worker);
    tokio::task::spawn_local(async move {
        let url = format!("{}://{}", request.url.scheme, request.url.host);
        let outcome = send(&worker, &upstream, request, |_| true).await;
        sending.ends(&outcome);
        if let Err(failure) = outcome {
            // Nobody waits for it; the operator may still want to know.
            tracing::debug!(url, error = %failure.message, "a one-way request failed");
        }
        worker.load.leave_background(place);
    });
    Begun::Answered(Answer::Done)
}

/// The whole exchange, within the request's timeout.
pub(crate) async fn send(
    worker: &Worker,
    upstream: &Arc<Upstream>,
    request: SendRequest,
    room: impl Fn(usize) -> bool,
) -> Result<Answer, EffectFailure> {
    let timeout = request.timeout;
    match tokio::time::timeout(timeout, exchange(worker, upstream, request, room)).await {
        Ok(outcome) => outcome,
        Err(_) => Err(EffectFailure::new(
            FailureKind::Timeout,
            format!(
                "no complete response from {}:{} within {timeout:?}",
                upstream.host, upstream.port
            ),
        )),
    }
}

async fn exchange(
    worker: &Worker,
    upstream: &Arc<Upstream>,
    request: SendRequest,
    room: impl Fn(usize) -> bool,
) -> Result<Answer, EffectFailure> {
    let timeout = request.timeout;
    let awaited = request.awaited;
    let outgoing = outgoing::build_own(request, upstream)
        .map_err(|message| EffectFailure::new(FailureKind::Configuration, message))?;
    let tls = match &upstream.tls {
        None => None,
        Some(tls) => Some(
            worker
                .connectors
                .get(tls)
                .await
                .map_err(|error| EffectFailure::new(FailureKind::Tls, error))?,
        ),
    };
    let key = PoolKey {
        host: Arc::clone(&upstream.host),
        port: upstream.port,
        tls: upstream.tls.as_ref().map(|tls| *tls.key()),
    };
    let destination = Destination { key, tls };
    let response = worker
        .upstreams
        .send(&destination, outgoing, timeout)
        .await
        .map_err(of_upstream)?;
    let (mut parts, body) = response.into_parts();
    if parts.status.is_informational() {
        return Err(EffectFailure::new(
            FailureKind::Connection,
            "the server switched protocols although it was not asked to",
        ));
    }
    if !awaited {
        return Ok(Answer::Done);
    }
    let bytes = Body::collect_within(body, worker.front.max_buffered_bytes, room)
        .await
        .map_err(|error| of_body(&error))?;
    remove_hop_by_hop(&mut parts.headers);
    if parts.headers.contains_key(header::TRANSFER_ENCODING) {
        parts.headers.remove(header::TRANSFER_ENCODING);
    }
    Ok(Answer::Response(context::Response {
        status: parts.status,
        reason: reason_of(&mut parts.extensions),
        headers: parts.headers,
        body: if bytes.is_empty() {
            context::Body::None
        } else {
            context::Body::Bytes(bytes)
        },
    }))
}

fn failed<'r>(
    sending: Sending,
    kind: FailureKind,
    message: impl Into<std::borrow::Cow<'static, str>>,
) -> Begun<'r> {
    let failure = EffectFailure::new(kind, message);
    sending.fails(&failure);
    Begun::Answered(Answer::Failed(failure))
}

fn of_upstream(failure: UpstreamFailure) -> EffectFailure {
    let kind = match failure.kind {
        upstream::FailureKind::Connect | upstream::FailureKind::Protocol => FailureKind::Connection,
        upstream::FailureKind::Tls => FailureKind::Tls,
        upstream::FailureKind::ConnectTimeout | upstream::FailureKind::Timeout => {
            FailureKind::Timeout
        }
    };
    EffectFailure::new(kind, failure.detail)
}

fn of_body(error: &BodyError) -> EffectFailure {
    let kind = match error {
        BodyError::Timeout => FailureKind::Timeout,
        BodyError::TooLarge | BodyError::NoRoom => FailureKind::TooLarge,
        BodyError::Broken(_) => FailureKind::Connection,
    };
    EffectFailure::new(kind, format!("the response's body: {error}"))
}
