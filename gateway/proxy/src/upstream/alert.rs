//! A backend's last word.
//!
//! In TLS 1.3 a client has finished its handshake before the server has judged its certificate (RFC
//! 8446 section 4.4.2.4): a refusal arrives as an alert, followed by the end of the connection, while
//! the first request is being written. What fails first is chance; what the backend said is not.

use std::cell::Cell;
use std::io;
use std::pin::Pin;
use std::rc::Rc;
use std::task::{Context, Poll};

use gateway_tls::accept::Alert;
use gateway_tls::connect::backend_alert;
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};

/// The fatal alert that a backend has sent, if it has sent one.
#[derive(Debug, Clone, Default)]
pub(crate) struct LastWord(Rc<Cell<Option<Alert>>>);

impl LastWord {
    pub(crate) fn alert(&self) -> Option<Alert> {
        self.0.get()
    }

    fn note(&self, error: &io::Error) {
        if let Some(alert) = backend_alert(error) {
            self.0.set(Some(alert));
        }
    }
}

/// A TLS stream that keeps the alert which ends it, also when writing fails before it has been read.
#[derive(Debug)]
pub(crate) struct Attentive<S> {
    stream: S,
    last_word: LastWord,
    /// What was read while looking for an alert: an early response.
    early: Vec<u8>,
}

/// Bytes of an early response that are looked through for an alert behind them.
const MAX_EARLY: usize = 64 * 1024;

impl<S: AsyncRead + Unpin> Attentive<S> {
    pub(crate) fn new(stream: S) -> (Self, LastWord) {
        let last_word = LastWord::default();
        let attentive = Self {
            stream,
            last_word: last_word.clone(),
            early: Vec::new(),
        };
        (attentive, last_word)
    }

    /// Writing has failed: reads what has arrived, and waits for nothing. A reset comes behind all that
    /// was sent before it, so an alert is here by now or never.
    fn listen(&mut self, context: &mut Context<'_>) {
        let mut space = [0; 4096];
        while self.early.len() < MAX_EARLY {
            let mut buffer = ReadBuf::new(&mut space);
            match Pin::new(&mut self.stream).poll_read(context, &mut buffer) {
                Poll::Ready(Ok(())) if !buffer.filled().is_empty() => {
                    self.early.extend_from_slice(buffer.filled());
                }
                Poll::Ready(Err(error)) => return self.last_word.note(&error),
                Poll::Ready(Ok(())) | Poll::Pending => return,
            }
        }
    }

    fn heard<T>(&mut self, context: &mut Context<'_>, error: io::Error) -> Poll<io::Result<T>> {
        self.last_word.note(&error);
        if self.last_word.alert().is_none() {
            self.listen(context);
        }
        Poll::Ready(Err(gone(error)))
    }
}

/// OpenSSL reports a failed write as an error of its own and loses the system's: whoever asks whether
/// the connection had gone stale could not tell.
fn gone(error: io::Error) -> io::Error {
    match error.kind() {
        io::ErrorKind::Other => io::Error::new(io::ErrorKind::BrokenPipe, error),
        _ => error,
    }
}

impl<S: AsyncRead + Unpin> AsyncRead for Attentive<S> {
    fn poll_read(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        if !self.early.is_empty() {
            let count = self.early.len().min(buffer.remaining());
            buffer.put_slice(self.early.drain(..count).as_slice());
            return Poll::Ready(Ok(()));
        }
        let polled = Pin::new(&mut self.stream).poll_read(context, buffer);
        if let Poll::Ready(Err(error)) = &polled {
            self.last_word.note(error);
        }
        polled
    }
}

impl<S: AsyncRead + AsyncWrite + Unpin> AsyncWrite for Attentive<S> {
    fn poll_write(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        match Pin::new(&mut self.stream).poll_write(context, bytes) {
            Poll::Ready(Err(error)) => self.heard(context, error),
            polled => polled,
        }
    }

    fn poll_flush(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        match Pin::new(&mut self.stream).poll_flush(context) {
            Poll::Ready(Err(error)) => self.heard(context, error),
            polled => polled,
        }
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_shutdown(context)
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use gateway_testkit::{Origin, Pki};
    use gateway_tls::connect::{ConnectorContext, ConnectorSettings};
    use tokio::io::{AsyncReadExt, AsyncWriteExt};
    use tokio::net::TcpStream;

    use super::*;

    /// A connection whose writing fails from a moment on, as after a reset.
    struct Breaking {
        stream: TcpStream,
        broken: Rc<Cell<bool>>,
    }

    impl AsyncRead for Breaking {
        fn poll_read(
            mut self: Pin<&mut Self>,
            context: &mut Context<'_>,
            buffer: &mut ReadBuf<'_>,
        ) -> Poll<io::Result<()>> {
            Pin::new(&mut self.stream).poll_read(context, buffer)
        }
    }

    impl AsyncWrite for Breaking {
        fn poll_write(
            mut self: Pin<&mut Self>,
            context: &mut Context<'_>,
            bytes: &[u8],
        ) -> Poll<io::Result<usize>> {
            if self.broken.get() {
                return Poll::Ready(Err(io::ErrorKind::BrokenPipe.into()));
            }
            Pin::new(&mut self.stream).poll_write(context, bytes)
        }

        fn poll_flush(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
            Pin::new(&mut self.stream).poll_flush(context)
        }

        fn poll_shutdown(
            mut self: Pin<&mut Self>,
            context: &mut Context<'_>,
        ) -> Poll<io::Result<()>> {
            Pin::new(&mut self.stream).poll_shutdown(context)
        }
    }

    /// A TLS connection to `origin`, once something has arrived on it; `send` goes before.
    async fn connected(
        pki: &Pki,
        origin: &Origin,
        send: &[u8],
    ) -> (
        Attentive<tokio_openssl::SslStream<Breaking>>,
        LastWord,
        Rc<Cell<bool>>,
    ) {
        let connector = ConnectorContext::build(&ConnectorSettings {
            roots: vec![Arc::from(pki.ca.certificate().to_der().unwrap())],
            system_roots: false,
            ..ConnectorSettings::default()
        })
        .unwrap();
        let broken = Rc::new(Cell::new(false));
        let stream = Breaking {
            stream: TcpStream::connect(origin.address()).await.unwrap(),
            broken: Rc::clone(&broken),
        };
        let mut stream = connector.connect(stream, "localhost").await.unwrap();
        stream.write_all(send).await.unwrap();
        stream.flush().await.unwrap();
        stream.get_ref().stream.peek(&mut [0]).await.unwrap();
        let (attentive, last_word) = Attentive::new(stream);
        (attentive, last_word, broken)
    }

    #[tokio::test]
    async fn an_alert_that_has_arrived_is_heard_although_writing_failed_first() {
        let pki = Pki::new();
        let origin = Origin::mutual_tls(&pki.backend_server, pki.ca.certificate());
        let (mut stream, last_word, broken) = connected(&pki, &origin, b"").await;
        broken.set(true);
        let error = stream
            .write_all(b"GET / HTTP/1.1\r\n\r\n")
            .await
            .unwrap_err();
        assert_eq!(error.kind(), io::ErrorKind::BrokenPipe);
        assert_eq!(last_word.alert(), Some(Alert(116)));
    }

    #[tokio::test]
    async fn an_early_response_is_not_lost_to_looking_for_an_alert() {
        let pki = Pki::new();
        let origin = Origin::https(&pki.backend_server);
        let request = b"GET / HTTP/1.1\r\nhost: localhost\r\nconnection: close\r\n\r\n";
        let (mut stream, last_word, broken) = connected(&pki, &origin, request).await;
        broken.set(true);
        stream.write_all(b"more").await.unwrap_err();
        assert_eq!(last_word.alert(), None);
        let mut response = [0; 12];
        stream.read_exact(&mut response).await.unwrap();
        assert_eq!(&response, b"HTTP/1.1 200");
    }
}
