//! Performs what a program asks for: bodies and the request to the backend.

use std::rc::Rc;
use std::sync::Arc;

use gateway_config::route::RoutedApi;
use gateway_config::snapshot::PinnedSnapshot;
use gateway_config::upstream::UpstreamError;
use gateway_policy::context;
use gateway_policy::execution::{Answer, Effect, Execution, Failure, Forward};
use gateway_telemetry::label::{Fault, Stage};
use http::header::{self, HeaderMap};
use http::{Extensions, Method, Response, StatusCode};
use hyper::ext::ReasonPhrase;

use crate::arrival::ClientSide;
use crate::body::{Body, BodyError};
use crate::connection::Connection;
use crate::exchange::Exchange;
use crate::failure;
use crate::front::After;
use crate::headers::remove_hop_by_hop;
use crate::outgoing;
use crate::respond::Reply;
use crate::upstream::Destination;
use crate::upstream::pool::PoolKey;

/// One request on its way through the gateway: the parts of it that programs do not hold.
pub(crate) struct Passage<'r> {
    connection: &'r Connection,
    exchange: &'r Rc<Exchange>,
    snapshot: &'r PinnedSnapshot,
    api: Option<Arc<RoutedApi>>,
    client: ClientSide,
    backend: Option<BackendSide>,
    /// The request's body did not arrive whole: nothing can follow it.
    broken: bool,
}

/// What of the backend's response programs do not see.
struct BackendSide {
    /// `None` once it has been read.
    body: Option<Body>,
    extensions: Extensions,
}

impl<'r> Passage<'r> {
    pub(crate) fn new(
        connection: &'r Connection,
        exchange: &'r Rc<Exchange>,
        snapshot: &'r PinnedSnapshot,
        api: Option<Arc<RoutedApi>>,
        client: ClientSide,
    ) -> Self {
        Self {
            connection,
            exchange,
            snapshot,
            api,
            client,
            backend: None,
            broken: false,
        }
    }

    pub(crate) fn snapshot(&self) -> &'r PinnedSnapshot {
        self.snapshot
    }

    /// Does what `execution` needs of the request itself.
    pub(crate) async fn perform(&mut self, execution: &Execution, effect: Effect) -> Answer {
        match effect {
            Effect::RequestBody => match self.read_request_body().await {
                Ok(bytes) => Answer::Body(bytes),
                Err(error) => {
                    self.broken = true;
                    Answer::Failed(failure::of_request_body(&error).into())
                }
            },
            Effect::ResponseBody => match self.read_response_body().await {
                Ok(bytes) => Answer::Body(bytes),
                Err(error) => Answer::Failed(failure::of_response_body(&error).into()),
            },
            Effect::Forward(forward) => {
                self.exchange.stage_ends(self.stage());
                self.exchange.forwarding();
                let response = Box::pin(self.forward(execution, &forward)).await;
                self.exchange.stage_ends(Stage::Forward);
                match response {
                    Ok(response) => Answer::Response(response),
                    Err(failure) => Answer::Failed((*failure).into()),
                }
            }
            // None of the passage's: it is never asked.
            _ => Answer::Done,
        }
    }

    /// The stage that runs between effects.
    pub(crate) fn stage(&self) -> Stage {
        if self.exchange.was_forwarded() {
            Stage::Outbound
        } else {
            Stage::Inbound
        }
    }

    async fn read_request_body(&mut self) -> Result<bytes::Bytes, BodyError> {
        let limit = self.connection.worker.front.max_buffered_bytes;
        self.client
            .body
            .take()
            .unwrap_or_default()
            .collect_within(limit, |bytes| self.exchange.take_room(bytes))
            .await
    }

    async fn read_response_body(&mut self) -> Result<bytes::Bytes, BodyError> {
        let limit = self.connection.worker.front.max_buffered_bytes;
        let body = self
            .backend
            .as_mut()
            .and_then(|backend| backend.body.take());
        body.unwrap_or_default()
            .collect_within(limit, |bytes| self.exchange.take_room(bytes))
            .await
    }

    async fn forward(
        &mut self,
        execution: &Execution,
        forward: &Forward,
    ) -> Result<context::Response, Box<Failure>> {
        let worker = &self.connection.worker;
        let Some(api) = &self.api else {
            return Err(failure::of_destination(&UpstreamError::NoService).into());
        };
        let upstream = self
            .snapshot
            .upstream(api, forward)
            .map_err(|error| failure::of_destination(&error))?;
        let request = &execution.context().request;
        let body = match &request.body {
            context::Body::None | context::Body::Consumed => Body::empty(),
            context::Body::Bytes(bytes) => Body::full(bytes.clone()),
            context::Body::Streaming => self.client.body.take().ok_or_else(|| {
                Failure::internal(
                    "BackendConnectionFailure",
                    "the request body has been sent already and cannot be sent again",
                )
            })?,
        };
        let outgoing = outgoing::build(
            request,
            &upstream,
            &mut self.client,
            &worker.settings.via,
            body,
        )?;
        let tls = match &upstream.tls {
            None => None,
            Some(tls) => Some(
                worker
                    .connectors
                    .get(tls)
                    .await
                    .map_err(Failure::backend_connection)?,
            ),
        };
        let key = PoolKey {
            host: Arc::clone(&upstream.host),
            port: upstream.port,
            tls: upstream.tls.as_ref().map(|tls| *tls.key()),
        };
        let destination = Destination { key, tls };
        match worker
            .upstreams
            .send(&destination, outgoing, forward.timeout)
            .await
        {
            Ok(response) => self.receive(response),
            Err(failed) => Err(Box::new(match self.exchange.request_error() {
                // The backend's failure is only the echo of the client's.
                Some(error) => {
                    self.broken = true;
                    failure::of_request_body(&error)
                }
                None => failure::of_upstream(failed),
            })),
        }
    }

    fn receive(&mut self, response: Response<Body>) -> Result<context::Response, Box<Failure>> {
        let (mut parts, body) = response.into_parts();
        if parts.status.is_informational() {
            return Err(Box::new(Failure::backend_connection(
                "the backend switched protocols although it was not asked to",
            )));
        }
        if parts.headers.contains_key(header::TRANSFER_ENCODING) {
            parts.headers.remove(header::CONTENT_LENGTH);
        }
        remove_hop_by_hop(&mut parts.headers);
        let reason = reason_of(&mut parts.extensions);
        let policy_body = if body.is_empty() {
            context::Body::None
        } else {
            context::Body::Streaming
        };
        self.backend = Some(BackendSide {
            body: Some(body),
            extensions: parts.extensions,
        });
        Ok(context::Response {
            status: parts.status,
            reason,
            headers: parts.headers,
            body: policy_body,
        })
    }

    /// The answer that the program has come to.
    pub(crate) fn into_reply(mut self, execution: Execution) -> Reply {
        let head = execution.context().request.method == Method::HEAD;
        let last_error = execution.last_error().cloned();
        let answered = execution.into_response();
        let status = final_status(answered.status);
        let fault = match &last_error {
            Some(error) => failure::fault_of(error, status),
            None if self.backend.is_some() && status.is_server_error() => Fault::Backend,
            None => failure::fault_of_status(status),
        };
        if let Some(error) = last_error {
            self.exchange.note(|facts| {
                if fault == Fault::Backend {
                    facts.error = Some(error.message.to_string().into());
                }
                facts.policy_error = Some(place_of(&error));
            });
        }
        let backend = self.backend.take();
        let untouched = matches!(answered.body, context::Body::Streaming)
            || matches!(answered.body, context::Body::None) && head;
        let mut headers = answered.headers;
        if !untouched {
            headers.remove(header::CONTENT_LENGTH);
        }
        let (backend_body, extensions) = match backend {
            Some(backend) => (backend.body, backend.extensions),
            None => (None, Extensions::new()),
        };
        let body = match answered.body {
            context::Body::Streaming => backend_body.unwrap_or_default(),
            context::Body::Bytes(bytes) => Body::full(bytes),
            context::Body::None | context::Body::Consumed => Body::empty(),
        };
        let mut response = Response::new(body);
        *response.status_mut() = status;
        *response.headers_mut() = without_framing(headers);
        *response.extensions_mut() = extensions;
        if let Some(reason) = answered.reason
            && let Ok(reason) = ReasonPhrase::try_from(reason.as_bytes())
        {
            response.extensions_mut().insert(reason);
        }
        Reply {
            response,
            fault,
            after: if self.broken {
                After::StreamEnds
            } else {
                After::Open
            },
        }
    }
}

/// The reason phrase that came with a response.
pub(crate) fn reason_of(extensions: &mut Extensions) -> Option<Arc<str>> {
    let reason = extensions.remove::<ReasonPhrase>()?;
    std::str::from_utf8(reason.as_bytes()).ok().map(Arc::from)
}

/// A policy may compute any number; an interim status cannot end a request.
fn final_status(status: StatusCode) -> StatusCode {
    if status.is_informational() {
        StatusCode::INTERNAL_SERVER_ERROR
    } else {
        status
    }
}

/// Framing is this gateway's own business whatever a policy put there.
fn without_framing(mut headers: HeaderMap) -> HeaderMap {
    headers.remove(header::TRANSFER_ENCODING);
    headers.remove(header::CONNECTION);
    headers
}

fn place_of(error: &context::LastError) -> String {
    let mut text = format!("{}: {}", error.source, error.reason);
    for part in [&error.scope, &error.section, &error.path] {
        if !part.is_empty() {
            text.push_str(" / ");
            text.push_str(part);
        }
    }
    text
}
