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

    fn heard<T>(
        &mut self,
        context: &mut Context<'_>,
        polled: Poll<io::Result<T>>,
    ) -> Poll<io::Result<T>> {
        if let Poll::Ready(Err(error)) = &polled {
            self.last_word.note(error);
            if self.last_word.alert().is_none() {
                self.listen(context);
            }
        }
        polled
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
        let polled = Pin::new(&mut self.stream).poll_write(context, bytes);
        self.heard(context, polled)
    }

    fn poll_flush(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        let polled = Pin::new(&mut self.stream).poll_flush(context);
        self.heard(context, polled)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_shutdown(context)
    }
}
