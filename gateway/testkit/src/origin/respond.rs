//! One request, answered by the script.

use std::sync::Arc;
use std::sync::atomic::Ordering;

use http::{HeaderValue, Request, Response};
use http_body_util::BodyExt as _;
use hyper::body::Incoming;

use super::answer::{Answer, Content, Fault};
use super::connection::{Peer, Served};
use super::record::{BodyDigest, Log, Recorded, RequestHead};
use super::wire::ResetOnDrop;
use crate::body::{Body, BodySender, BoxError, bytes, channel, zeros};

/// What decides the answers.
#[derive(Clone)]
pub(super) enum Script {
    /// Decides before the body is read.
    Head(Arc<dyn Fn(&RequestHead) -> Answer + Send + Sync>),
    /// Decides when the body has been read.
    Whole(Arc<dyn Fn(&Recorded) -> Answer + Send + Sync>),
}

pub(super) async fn respond(
    request: Request<Incoming>,
    peer: Peer,
    reset: ResetOnDrop,
    served: Arc<Served>,
) -> Result<Response<Body>, BoxError> {
    Log::next(&served.log.requests);
    let (parts, incoming) = request.into_parts();
    let head = RequestHead {
        connection: peer.connection,
        path: parts
            .uri
            .path_and_query()
            .map_or_else(|| parts.uri.to_string(), ToString::to_string),
        method: parts.method,
        version: parts.version,
        headers: parts.headers,
        client_thumbprint: peer.sha1,
        client_thumbprint_sha256: peer.sha256,
    };
    let (answer, recorded) = match &served.script {
        Script::Head(script) => {
            let answer = script(&head);
            if matches!(answer.content, Content::Echo) && answer.fault == Fault::None {
                return Ok(echo(incoming, head, answer, served).await);
            }
            let recorded = if answer.read_body {
                read(incoming, head).await
            } else {
                BodyDigest::new().finish(head, false)
            };
            (answer, recorded)
        }
        Script::Whole(script) => {
            let recorded = read(incoming, head).await;
            (script(&recorded), recorded)
        }
    };
    served.log.push(recorded);
    tokio::time::sleep(answer.delay).await;
    match answer.fault {
        Fault::Silence => std::future::pending().await,
        Fault::Close => Err("the script closes the connection".into()),
        Fault::Reset => {
            reset.store(true, Ordering::SeqCst);
            Err("the script resets the connection".into())
        }
        Fault::None | Fault::CloseInBody | Fault::ResetInBody => write(answer, reset).await,
    }
}

async fn read(mut incoming: Incoming, head: RequestHead) -> Recorded {
    let mut digest = BodyDigest::new();
    loop {
        match incoming.frame().await {
            None => return digest.finish(head, true),
            Some(Err(_)) => return digest.finish(head, false),
            Some(Ok(frame)) => match frame.into_data() {
                Ok(piece) => digest.update(&piece),
                Err(frame) => digest.trailers = frame.into_trailers().ok(),
            },
        }
    }
}

/// Streams the request's body back with the back-pressure of whoever reads it.
async fn echo(
    mut incoming: Incoming,
    head: RequestHead,
    answer: Answer,
    served: Arc<Served>,
) -> Response<Body> {
    use hyper::body::Body as _;

    let (sender, body) = channel(incoming.size_hint().exact());
    tokio::time::sleep(answer.delay).await;
    tokio::spawn(async move {
        let mut digest = BodyDigest::new();
        let mut complete = false;
        loop {
            match incoming.frame().await {
                None => {
                    complete = true;
                    break;
                }
                Some(Err(_)) => {
                    sender.fail("the request's body broke off").await;
                    break;
                }
                Some(Ok(frame)) => match frame.into_data() {
                    Ok(piece) => {
                        digest.update(&piece);
                        if !sender.send(piece).await {
                            break;
                        }
                    }
                    Err(frame) => digest.trailers = frame.into_trailers().ok(),
                },
            }
        }
        served.log.push(digest.finish(head, complete));
    });
    head_of(&answer, body)
}

async fn write(answer: Answer, reset: ResetOnDrop) -> Result<Response<Body>, BoxError> {
    let simple = answer.fault == Fault::None && answer.trailers.is_none();
    let body = match &answer.content {
        Content::Bytes(content) if simple => bytes(content.clone()),
        Content::Zeros { length, declared } if simple => zeros(*length, *declared),
        Content::Echo => return Err("echo cannot break off".into()),
        _ => {
            let (sender, body) = channel(declared_length(&answer));
            tokio::spawn(feed(sender, answer.clone(), reset));
            body
        }
    };
    Ok(head_of(&answer, body))
}

/// One byte more than there will be, when the body is to break off.
fn declared_length(answer: &Answer) -> Option<u64> {
    let breaks_off = u64::from(matches!(
        answer.fault,
        Fault::CloseInBody | Fault::ResetInBody
    ));
    match &answer.content {
        _ if answer.trailers.is_some() => None,
        Content::Bytes(content) => Some(content.len() as u64 + breaks_off),
        Content::Zeros {
            length,
            declared: true,
        } => Some(length + breaks_off),
        _ => None,
    }
}

async fn feed(sender: BodySender, answer: Answer, reset: ResetOnDrop) {
    match answer.content {
        Content::Bytes(content) => {
            if !content.is_empty() {
                sender.send(content).await;
            }
        }
        Content::Pieces(pieces) => {
            for (wait, piece) in pieces {
                tokio::time::sleep(wait).await;
                if !sender.send(piece).await {
                    return;
                }
            }
        }
        Content::Zeros { length, .. } => {
            let mut body = zeros(length, false);
            while let Some(Ok(frame)) = body.frame().await {
                if let Ok(piece) = frame.into_data()
                    && !sender.send(piece).await
                {
                    return;
                }
            }
        }
        Content::Echo => {}
    }
    if let Some(trailers) = answer.trailers {
        sender.trailers(trailers).await;
    }
    match answer.fault {
        Fault::CloseInBody => {
            sender.fail("the script breaks the body off").await;
        }
        Fault::ResetInBody => {
            reset.store(true, Ordering::SeqCst);
            sender.fail("the script resets the connection").await;
        }
        Fault::None | Fault::Silence | Fault::Close | Fault::Reset => {}
    }
}

fn head_of(answer: &Answer, body: Body) -> Response<Body> {
    let mut response = Response::new(body);
    *response.status_mut() = answer.status;
    *response.headers_mut() = answer.headers.clone();
    if let Some(trailers) = &answer.trailers {
        let names: Vec<&str> = trailers.keys().map(http::HeaderName::as_str).collect();
        if let Ok(names) = HeaderValue::from_str(&names.join(", ")) {
            response.headers_mut().insert(http::header::TRAILER, names);
        }
    }
    response
}
