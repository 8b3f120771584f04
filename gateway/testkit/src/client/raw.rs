//! Raw bytes over TLS, for what no well-behaved client would send.

use std::io;
use std::pin::Pin;
use std::time::Duration;

use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio_openssl::SslStream;

use super::session::{Session, Sessions};
use super::wire::Wire;
use super::{ClientError, TlsFacts, within};

/// A TLS connection that carries whatever is written.
#[derive(Debug)]
pub struct RawTls {
    stream: SslStream<Wire>,
    facts: TlsFacts,
    sessions: Sessions,
    deadline: Duration,
}

impl RawTls {
    pub(super) fn new(stream: SslStream<Wire>, sessions: &Sessions, deadline: Duration) -> Self {
        let facts = TlsFacts::of(&stream);
        Self {
            stream,
            facts,
            sessions: sessions.clone(),
            deadline,
        }
    }

    /// What the handshake came to.
    #[must_use]
    pub fn tls(&self) -> &TlsFacts {
        &self.facts
    }

    /// The newest session received.
    #[must_use]
    pub fn session(&self) -> Option<Session> {
        self.sessions.all().pop()
    }

    /// Writes bytes as they are.
    ///
    /// # Errors
    ///
    /// [`ClientError::Stream`] or [`ClientError::Deadline`].
    pub async fn write(&mut self, bytes: &[u8]) -> Result<(), ClientError> {
        let writing = async {
            self.stream
                .write_all(bytes)
                .await
                .map_err(ClientError::Stream)?;
            self.stream.flush().await.map_err(ClientError::Stream)
        };
        within(self.deadline, "writing", writing).await
    }

    /// Reads what is there, at least one byte; empty when the server has closed.
    ///
    /// # Errors
    ///
    /// [`ClientError::Stream`] or [`ClientError::Deadline`].
    pub async fn read(&mut self) -> Result<Vec<u8>, ClientError> {
        let reading = async {
            let mut buffer = vec![0; 16 * 1024];
            let length = self
                .stream
                .read(&mut buffer)
                .await
                .map_err(ClientError::Stream)?;
            buffer.truncate(length);
            Ok(buffer)
        };
        within(self.deadline, "reading", reading).await
    }

    /// Reads until `end` has been seen, and returns everything up to and with it, and what happened
    /// to arrive after it.
    ///
    /// # Errors
    ///
    /// [`ClientError::Stream`] (with `UnexpectedEof` when the server closes first) or
    /// [`ClientError::Deadline`].
    pub async fn read_until(&mut self, end: &[u8]) -> Result<Vec<u8>, ClientError> {
        let mut all = Vec::new();
        while !all.windows(end.len().max(1)).any(|window| window == end) {
            let piece = self.read().await?;
            if piece.is_empty() {
                let closed = io::Error::new(
                    io::ErrorKind::UnexpectedEof,
                    format!("closed after {:?}", String::from_utf8_lossy(&all)),
                );
                return Err(ClientError::Stream(closed));
            }
            all.extend_from_slice(&piece);
        }
        Ok(all)
    }

    /// Reads until the server closes. A connection cut off without a goodbye counts as closed, for
    /// that is how servers end connections whose framing they do not trust.
    ///
    /// # Errors
    ///
    /// [`ClientError::Deadline`] when the server keeps the connection open.
    pub async fn read_to_close(&mut self) -> Result<Vec<u8>, ClientError> {
        let stream = &mut self.stream;
        let reading = async {
            let mut all = Vec::new();
            // Whatever arrived before a reset stays in `all`.
            let _ = stream.read_to_end(&mut all).await;
            Ok(all)
        };
        within(self.deadline, "the connection", reading).await
    }

    /// Says goodbye (`close_notify`) and ends the sending side.
    ///
    /// # Errors
    ///
    /// [`ClientError::Stream`] or [`ClientError::Deadline`].
    pub async fn shutdown(&mut self) -> Result<(), ClientError> {
        let stream = &mut self.stream;
        let ending = async {
            Pin::new(stream)
                .shutdown()
                .await
                .map_err(ClientError::Stream)
        };
        within(self.deadline, "shutting down", ending).await
    }
}
