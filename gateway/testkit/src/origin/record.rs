//! What the origin saw.

use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Mutex, PoisonError};

use bytes::{Bytes, BytesMut};
use http::{HeaderMap, Method, Version};
use openssl::sha::Sha256;

use crate::hex;

/// How much of a body is kept as it is.
const KEPT: usize = 64 * 1024;

/// A request's head and the connection it came on: what an answer is decided by.
#[derive(Debug, Clone)]
pub struct RequestHead {
    /// The number of the connection, from 1.
    pub connection: u64,
    /// The method.
    pub method: Method,
    /// Path and query as they arrived.
    pub path: String,
    /// The protocol version.
    pub version: Version,
    /// The header fields.
    pub headers: HeaderMap,
    /// SHA-1 thumbprint (upper-case hexadecimal) of the client certificate that was presented and
    /// verified.
    pub client_thumbprint: Option<String>,
    /// SHA-256 thumbprint of the same.
    pub client_thumbprint_sha256: Option<String>,
}

impl RequestHead {
    /// A header's first value, when it is text.
    #[must_use]
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers.get(name)?.to_str().ok()
    }
}

/// A request as the origin saw it.
#[derive(Debug, Clone)]
pub struct Recorded {
    /// The head and the connection.
    pub head: RequestHead,
    /// How many bytes of body arrived.
    pub body_length: u64,
    /// SHA-256 (upper-case hexadecimal) of what arrived.
    pub body_sha256: String,
    /// The first 64 KiB.
    pub body_start: Bytes,
    /// Whether the body arrived to its end; false when the client broke off or the script did not read.
    pub body_complete: bool,
    /// The trailers, when there were any.
    pub trailers: Option<HeaderMap>,
}

/// Digests a body while it passes.
pub(super) struct BodyDigest {
    length: u64,
    sha256: Sha256,
    start: BytesMut,
    pub(super) trailers: Option<HeaderMap>,
}

impl BodyDigest {
    pub(super) fn new() -> Self {
        Self {
            length: 0,
            sha256: Sha256::new(),
            start: BytesMut::new(),
            trailers: None,
        }
    }

    pub(super) fn update(&mut self, piece: &Bytes) {
        self.length += piece.len() as u64;
        self.sha256.update(piece);
        let room = KEPT.saturating_sub(self.start.len()).min(piece.len());
        self.start
            .extend_from_slice(piece.get(..room).unwrap_or_default());
    }

    pub(super) fn finish(self, head: RequestHead, complete: bool) -> Recorded {
        Recorded {
            head,
            body_length: self.length,
            body_sha256: hex(&self.sha256.finish()),
            body_start: self.start.freeze(),
            body_complete: complete,
            trailers: self.trailers,
        }
    }
}

/// Everything the origin saw.
#[derive(Default)]
pub(super) struct Log {
    recorded: Mutex<Vec<Recorded>>,
    pub(super) connections: AtomicU64,
    pub(super) refused_handshakes: AtomicU64,
    pub(super) requests: AtomicU64,
}

impl Log {
    pub(super) fn push(&self, recorded: Recorded) {
        self.recorded
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .push(recorded);
    }

    pub(super) fn all(&self) -> Vec<Recorded> {
        self.recorded
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .clone()
    }

    pub(super) fn clear(&self) {
        self.recorded
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .clear();
    }

    pub(super) fn count(counter: &AtomicU64) -> u64 {
        counter.load(Ordering::SeqCst)
    }

    pub(super) fn next(counter: &AtomicU64) -> u64 {
        counter.fetch_add(1, Ordering::SeqCst) + 1
    }
}
