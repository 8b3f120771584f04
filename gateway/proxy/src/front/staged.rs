//! Gathers the frames of an HTTP/2 connection into full TLS records.
//!
//! The HTTP implementation writes and flushes frame by frame: one TLS record and one system call for
//! each small response. Here frames wait until the connection has done all it can for now, and then
//! leave together.

use std::cell::RefCell;
use std::io;
use std::pin::Pin;
use std::rc::Rc;
use std::task::{Context, Poll, ready};

use bytes::{Buf, BytesMut};
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};

/// What may wait; beyond it, writing waits for the client. Four TLS records.
const MOST: usize = 64 * 1024;

/// A write this large fills a TLS record by itself.
const RECORD: usize = 16 * 1024;

/// A stream whose writes wait for [`Staged::poll_send`].
#[derive(Debug)]
pub(crate) struct Staged<S>(Rc<RefCell<Inner<S>>>);

#[derive(Debug)]
struct Inner<S> {
    stream: S,
    waiting: BytesMut,
}

impl<S> Staged<S> {
    pub(crate) fn new(stream: S) -> Self {
        let waiting = BytesMut::new();
        Self(Rc::new(RefCell::new(Inner { stream, waiting })))
    }

    /// The same stream, for whoever decides when to send.
    pub(crate) fn share(&self) -> Self {
        Self(Rc::clone(&self.0))
    }
}

impl<S: AsyncWrite + Unpin> Staged<S> {
    /// Sends everything that waits.
    pub(crate) fn poll_send(&self, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        self.0.borrow_mut().poll_send(context)
    }
}

impl<S: AsyncWrite + Unpin> Inner<S> {
    fn poll_send(&mut self, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        if self.waiting.is_empty() {
            return Poll::Ready(Ok(()));
        }
        while !self.waiting.is_empty() {
            let written = ready!(Pin::new(&mut self.stream).poll_write(context, &self.waiting))?;
            if written == 0 {
                return Poll::Ready(Err(io::ErrorKind::WriteZero.into()));
            }
            self.waiting.advance(written);
        }
        // Idle connections are many: none keeps a buffer.
        self.waiting = BytesMut::new();
        Pin::new(&mut self.stream).poll_flush(context)
    }
}

impl<S: AsyncRead + Unpin> AsyncRead for Staged<S> {
    fn poll_read(
        self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        Pin::new(&mut self.0.borrow_mut().stream).poll_read(context, buffer)
    }
}

impl<S: AsyncWrite + Unpin> AsyncWrite for Staged<S> {
    fn poll_write(
        self: Pin<&mut Self>,
        context: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        let mut inner = self.0.borrow_mut();
        if inner.waiting.is_empty() && bytes.len() >= RECORD {
            return Pin::new(&mut inner.stream).poll_write(context, bytes);
        }
        if inner.waiting.len() >= MOST {
            ready!(inner.poll_send(context))?;
        }
        let taken = bytes.len().min(MOST);
        inner
            .waiting
            .extend_from_slice(bytes.get(..taken).unwrap_or_default());
        Poll::Ready(Ok(taken))
    }

    /// Nothing yet: what waits is sent when the connection has done all it can.
    fn poll_flush(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        Poll::Ready(Ok(()))
    }

    fn poll_shutdown(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        let mut inner = self.0.borrow_mut();
        ready!(inner.poll_send(context))?;
        Pin::new(&mut inner.stream).poll_shutdown(context)
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests fail by panicking")]

    use tokio::io::AsyncWriteExt;

    use super::*;

    /// Remembers each write; takes at most `room` bytes at a time.
    #[derive(Default)]
    struct Wire {
        writes: Vec<Vec<u8>>,
        room: usize,
        blocked: bool,
    }

    impl AsyncWrite for Wire {
        fn poll_write(
            mut self: Pin<&mut Self>,
            _: &mut Context<'_>,
            bytes: &[u8],
        ) -> Poll<io::Result<usize>> {
            if self.blocked {
                return Poll::Pending;
            }
            let taken = bytes.len().min(self.room);
            let piece = bytes.get(..taken).unwrap_or_default().to_vec();
            self.writes.push(piece);
            Poll::Ready(Ok(taken))
        }

        fn poll_flush(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
            Poll::Ready(Ok(()))
        }

        fn poll_shutdown(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
            Poll::Ready(Ok(()))
        }
    }

    async fn send(staged: &Staged<Wire>) {
        std::future::poll_fn(|context| staged.poll_send(context))
            .await
            .unwrap();
    }

    #[tokio::test]
    async fn frames_leave_together_and_in_order() {
        let mut staged = Staged::new(Wire {
            room: usize::MAX,
            ..Wire::default()
        });
        let sender = staged.share();
        for frame in [&b"headers "[..], b"data ", b"trailers"] {
            staged.write_all(frame).await.unwrap();
            staged.flush().await.unwrap();
        }
        assert!(sender.0.borrow().stream.writes.is_empty());
        send(&sender).await;
        assert_eq!(
            sender.0.borrow().stream.writes,
            [b"headers data trailers".to_vec()]
        );
    }

    #[tokio::test]
    async fn nothing_is_lost_when_the_wire_takes_little_at_a_time() {
        let mut staged = Staged::new(Wire {
            room: 1000,
            ..Wire::default()
        });
        let sender = staged.share();
        let bytes: Vec<u8> = (0..200_000_u32).map(|n| n.to_le_bytes()[0]).collect();
        for piece in bytes.chunks(777) {
            staged.write_all(piece).await.unwrap();
        }
        staged.shutdown().await.unwrap();
        assert_eq!(sender.0.borrow().stream.writes.concat(), bytes);
    }

    #[tokio::test]
    async fn a_wire_that_takes_nothing_stops_the_writer() {
        let mut staged = Staged::new(Wire {
            blocked: true,
            ..Wire::default()
        });
        let write = async {
            loop {
                staged.write_all(&[0; 1000]).await.unwrap();
            }
        };
        let stopped = tokio::time::timeout(std::time::Duration::from_millis(50), write).await;
        assert!(stopped.is_err());
        assert!(staged.0.borrow().waiting.len() <= MOST + 1000);
    }
}
