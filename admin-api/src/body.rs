//! Reading request bodies: bounded, strict, and identity lists as they arrive.

use std::io::{self, Read};
use std::time::Duration;

use actix_web::HttpRequest;
use actix_web::http::header;
use actix_web::web::Payload;
use bytes::{Buf as _, Bytes};
use futures_util::StreamExt as _;
use gateway_config::change::ParsedList;
use gateway_config::resource::identity_list::parse_list;
use serde_json::Value;
use tokio::sync::mpsc;
use zeroize::Zeroizing;

use crate::error::ApiError;
use crate::json;
use crate::settings::Limits;

/// The body as JSON.
pub(crate) async fn read_json(
    request: &HttpRequest,
    payload: Payload,
    limits: &Limits,
) -> Result<Value, ApiError> {
    let body = read(request, payload, limits.body, limits).await?;
    if body.is_empty() {
        return Err(ApiError::bad_request(
            "InvalidRequestContent",
            "A JSON body is required.",
        ));
    }
    json::parse(&body).map_err(|reason| ApiError::bad_request("InvalidRequestContent", reason))
}

/// The body as JSON; an empty object if there is none.
pub(crate) async fn read_optional_json(
    request: &HttpRequest,
    payload: Payload,
    limits: &Limits,
) -> Result<Value, ApiError> {
    let body = read(request, payload, limits.body, limits).await?;
    if body.is_empty() {
        return Ok(Value::Object(serde_json::Map::new()));
    }
    json::parse(&body).map_err(|reason| ApiError::bad_request("InvalidRequestContent", reason))
}

/// The body of a request that needs none, in case there is one: it must at least be read.
pub(crate) async fn discard(
    request: &HttpRequest,
    payload: Payload,
    limits: &Limits,
) -> Result<(), ApiError> {
    read(request, payload, limits.body, limits).await.map(drop)
}

/// Reads on for a moment what will not be looked at, so that a client that is still sending sees the
/// refusal instead of a connection that breaks.
pub(crate) async fn drain(payload: &mut Payload) {
    let mut left = DRAINED_BYTES;
    let reading = async {
        while let Some(Ok(part)) = payload.next().await {
            left = left.saturating_sub(part.len());
            if left == 0 {
                break;
            }
        }
    };
    // Whoever takes longer has been given a fair chance.
    let _ = tokio::time::timeout(DRAINED_FOR, reading).await;
}

/// How much of a refused body is read, and for how long.
const DRAINED_BYTES: usize = 16 * 1024 * 1024;
const DRAINED_FOR: Duration = Duration::from_secs(2);

async fn read(
    request: &HttpRequest,
    mut payload: Payload,
    most: usize,
    limits: &Limits,
) -> Result<Zeroizing<Vec<u8>>, ApiError> {
    if let Err(refusal) = check(request, most) {
        drain(&mut payload).await;
        return Err(refusal);
    }
    let mut body = Zeroizing::new(Vec::new());
    while let Some(part) = next(&mut payload, limits).await? {
        if body.len() + part.len() > most {
            drain(&mut payload).await;
            return Err(too_large(most));
        }
        body.extend_from_slice(&part);
    }
    Ok(body)
}

/// An identity list, parsed on another thread while it arrives.
pub(crate) async fn read_list(
    request: &HttpRequest,
    mut payload: Payload,
    limits: &Limits,
) -> Result<ParsedList, ApiError> {
    let most = limits.list_body;
    if let Err(refusal) = check(request, most) {
        drain(&mut payload).await;
        return Err(refusal);
    }
    let (sender, receiver) = mpsc::channel(8);
    let list_limits = limits.list;
    let reader = PartReader {
        parts: receiver,
        current: Bytes::new(),
    };
    let parsing = tokio::task::spawn_blocking(move || parse_list(reader, list_limits));
    let mut size = 0;
    let mut failure = None;
    while failure.is_none() {
        let part = match next(&mut payload, limits).await {
            Ok(None) => break,
            Ok(Some(part)) => {
                size += part.len();
                if size > most {
                    Err(too_large(most))
                } else {
                    Ok(part)
                }
            }
            Err(error) => Err(error),
        };
        let sent = match part {
            Ok(part) => sender.send(Ok(part)).await,
            Err(error) => {
                failure = Some(error);
                sender
                    .send(Err(io::Error::other("the body is not whole")))
                    .await
            }
        };
        if sent.is_err() {
            // The parser has seen enough: its problems are the answer.
            break;
        }
    }
    drop(sender);
    let parsed = parsing.await;
    if failure.is_some() || !matches!(parsed, Ok(Ok(_))) {
        drain(&mut payload).await;
    }
    if let Some(failure) = failure {
        return Err(failure);
    }
    match parsed {
        Ok(Ok(list)) => Ok(list),
        Ok(Err(problems)) => Err(ApiError {
            ends_connection: true,
            ..ApiError::invalid(problems)
        }),
        Err(_) => Err(ApiError::new(
            500,
            "InternalServerError",
            "The list could not be read.",
        )),
    }
}

/// What can be refused before the body is read.
fn check(request: &HttpRequest, most: usize) -> Result<(), ApiError> {
    let encoding = request.headers().get(header::CONTENT_ENCODING);
    if encoding.is_some_and(|encoding| !encoding.as_bytes().eq_ignore_ascii_case(b"identity")) {
        let message = "Bodies with a Content-Encoding are not read.";
        return Err(ApiError {
            ends_connection: true,
            ..ApiError::new(415, "UnsupportedMediaType", message)
        });
    }
    let announced = request
        .headers()
        .get(header::CONTENT_LENGTH)
        .and_then(|length| length.to_str().ok()?.parse::<u64>().ok());
    if announced.is_some_and(|length| length > most as u64) {
        return Err(too_large(most));
    }
    Ok(())
}

async fn next(payload: &mut Payload, limits: &Limits) -> Result<Option<Bytes>, ApiError> {
    match tokio::time::timeout(limits.body_pause, payload.next()).await {
        Ok(None) => Ok(None),
        Ok(Some(Ok(part))) => Ok(Some(part)),
        Ok(Some(Err(_))) => Err(ApiError {
            ends_connection: true,
            ..ApiError::bad_request("InvalidRequestContent", "The body did not arrive whole.")
        }),
        Err(_) => Err(ApiError {
            ends_connection: true,
            ..ApiError::new(408, "RequestTimeout", "The body did not arrive in time.")
        }),
    }
}

fn too_large(most: usize) -> ApiError {
    ApiError {
        ends_connection: true,
        ..ApiError::new(
            413,
            "RequestEntityTooLarge",
            format!("The body has more than {most} bytes."),
        )
    }
}

/// Parts of a body as a reader, for a thread that may wait.
struct PartReader {
    parts: mpsc::Receiver<io::Result<Bytes>>,
    current: Bytes,
}

impl Read for PartReader {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        while self.current.is_empty() {
            match self.parts.blocking_recv() {
                None => return Ok(0),
                Some(part) => self.current = part?,
            }
        }
        let length = buffer.len().min(self.current.len());
        if let Some(target) = buffer.get_mut(..length) {
            self.current.copy_to_slice(target);
        }
        Ok(length)
    }
}
