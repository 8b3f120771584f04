//! The stream between the TLS connection and the HTTP implementation.
//!
//! Reading HTTP/1.1 it lets [`Scanner`] see every byte first and passes on only what was vetted; in
//! place of a refused head it passes on a fixed one, whose request is answered with the refusal
//! (so the order of pipelined responses holds and there is one access record). Writing, it notes
//! when the client stops taking bytes. Closing, it reads what the client still sends for a moment,
//! because a reset would destroy the response in the client's buffers (RFC 9112 section 9.6).

use std::io;
use std::pin::Pin;
use std::rc::Rc;
use std::task::{Context, Poll, ready};
use std::time::Duration;

use bytes::{Buf, BytesMut};
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::time::Sleep;

use crate::front::activity::Activity;
use crate::front::framing::{Refusal, Scanner, Stop};

/// Stands for a refused head. Only the refusal noted beside it is ever looked at.
const SUBSTITUTE: &[u8] = b"GET / HTTP/1.1\r\nhost: refused.invalid\r\nconnection: close\r\n\r\n";

/// How long, and how many bytes, a closing connection is read on.
const LINGER: Duration = Duration::from_secs(2);
const LINGER_BYTES: usize = 256 * 1024;

/// Read while an unfinished head waits.
const PIECE: usize = 2048;

/// A connection's stream, watched.
#[derive(Debug)]
pub(crate) struct GuardedIo<S> {
    stream: S,
    activity: Rc<Activity>,
    /// `None` for HTTP/2, whose frames leave nothing ambiguous.
    scanner: Option<Scanner>,
    /// Bytes taken from the stream and not passed on: an unfinished head.
    held: BytesMut,
    /// Leading bytes of `held` that may be passed on.
    vetted: usize,
    /// Nothing more is read for the HTTP implementation.
    stopped: bool,
    /// Reported once all vetted bytes are passed on.
    broken: Option<&'static str>,
    linger: Option<Linger>,
}

#[derive(Debug)]
struct Linger {
    sleep: Pin<Box<Sleep>>,
    left: usize,
}

impl<S> GuardedIo<S> {
    pub(crate) fn http1(stream: S, activity: Rc<Activity>, scanner: Scanner) -> Self {
        Self::new(stream, activity, Some(scanner))
    }

    pub(crate) fn http2(stream: S, activity: Rc<Activity>) -> Self {
        Self::new(stream, activity, None)
    }

    fn new(stream: S, activity: Rc<Activity>, scanner: Option<Scanner>) -> Self {
        Self {
            stream,
            activity,
            scanner,
            held: BytesMut::new(),
            vetted: 0,
            stopped: false,
            broken: None,
            linger: None,
        }
    }

    /// Passes on vetted bytes; `true` if there were any.
    fn pass_on(&mut self, buffer: &mut ReadBuf<'_>) -> bool {
        let count = self.vetted.min(buffer.remaining());
        if count == 0 {
            return false;
        }
        buffer.put_slice(self.held.get(..count).unwrap_or_default());
        self.held.advance(count);
        self.vetted -= count;
        if self.held.is_empty() {
            // Idle connections are many: none keeps a buffer.
            self.held = BytesMut::new();
        }
        true
    }

    fn refuse(&mut self, refusal: Refusal) {
        self.held.truncate(self.vetted);
        self.held.extend_from_slice(SUBSTITUTE);
        self.vetted = self.held.len();
        self.stopped = true;
        self.activity.head_passed(Some(refusal));
    }

    fn note(&mut self, heads: u32, stop: Option<&Stop>) {
        for _ in 0..heads {
            self.activity.head_passed(None);
        }
        match stop {
            Some(Stop::Head(refusal)) => self.refuse(*refusal),
            Some(Stop::Body(reason)) => {
                self.held.truncate(self.vetted);
                self.stopped = true;
                self.broken = Some(*reason);
            }
            None if self.held.len() > self.vetted => self.activity.head_is_partial(),
            None => {}
        }
    }
}

impl<S: AsyncRead + Unpin> GuardedIo<S> {
    /// Reads straight into the caller's buffer; what is not vetted is taken back out.
    fn read_directly(
        &mut self,
        context: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<Progress>> {
        let before = buffer.filled().len();
        ready!(Pin::new(&mut self.stream).poll_read(context, buffer))?;
        let fresh = buffer.filled().get(before..).unwrap_or_default();
        if fresh.is_empty() {
            return Poll::Ready(Ok(Progress::Passed));
        }
        let Some(scanner) = &mut self.scanner else {
            return Poll::Ready(Ok(Progress::Passed));
        };
        let found = scanner.scan(fresh);
        let passed = found.vetted > 0;
        self.held
            .extend_from_slice(fresh.get(found.vetted..).unwrap_or_default());
        buffer.set_filled(before + found.vetted);
        self.note(found.heads, found.stop.as_ref());
        Poll::Ready(Ok(if passed {
            Progress::Passed
        } else {
            Progress::Held
        }))
    }

    /// Reads more of an unfinished head.
    fn read_held(&mut self, context: &mut Context<'_>) -> Poll<io::Result<Progress>> {
        let mut piece = [0; PIECE];
        let mut piece = ReadBuf::new(&mut piece);
        ready!(Pin::new(&mut self.stream).poll_read(context, &mut piece))?;
        if piece.filled().is_empty() {
            // The head will never be complete; the HTTP implementation sees the end of the stream.
            self.held = BytesMut::new();
            return Poll::Ready(Ok(Progress::Passed));
        }
        self.held.extend_from_slice(piece.filled());
        if let Some(scanner) = &mut self.scanner {
            let found = scanner.scan(&self.held);
            self.vetted = found.vetted;
            self.note(found.heads, found.stop.as_ref());
        }
        Poll::Ready(Ok(Progress::Held))
    }

    fn poll_linger(&mut self, context: &mut Context<'_>) -> Poll<()> {
        let linger = self.linger.get_or_insert_with(|| Linger {
            sleep: Box::pin(tokio::time::sleep(LINGER)),
            left: LINGER_BYTES,
        });
        let mut piece = [0; PIECE];
        loop {
            if linger.sleep.as_mut().poll(context).is_ready() {
                return Poll::Ready(());
            }
            let mut piece = ReadBuf::new(&mut piece);
            match ready!(Pin::new(&mut self.stream).poll_read(context, &mut piece)) {
                Ok(()) if !piece.filled().is_empty() && linger.left > 0 => {
                    linger.left = linger.left.saturating_sub(piece.filled().len());
                }
                _ => return Poll::Ready(()),
            }
        }
    }
}

enum Progress {
    /// The caller's buffer has what there is (nothing means the end of the stream).
    Passed,
    /// Something changed in `held`.
    Held,
}

impl<S: AsyncRead + Unpin> AsyncRead for GuardedIo<S> {
    fn poll_read(
        self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let this = self.get_mut();
        if let Some(refusal) = this.activity.take_forced().filter(|_| !this.stopped) {
            this.refuse(refusal);
        }
        if buffer.remaining() == 0 {
            return Poll::Ready(Ok(()));
        }
        loop {
            if this.pass_on(buffer) {
                return Poll::Ready(Ok(()));
            }
            if let Some(reason) = this.broken.take() {
                return Poll::Ready(Err(io::Error::new(io::ErrorKind::InvalidData, reason)));
            }
            if this.stopped {
                // The response decides when the connection ends, not another byte.
                return Poll::Pending;
            }
            let progress = if this.held.is_empty() {
                ready!(this.read_directly(context, buffer))?
            } else {
                ready!(this.read_held(context))?
            };
            if matches!(progress, Progress::Passed) {
                return Poll::Ready(Ok(()));
            }
        }
    }
}

impl<S: AsyncRead + AsyncWrite + Unpin> AsyncWrite for GuardedIo<S> {
    fn poll_write(
        self: Pin<&mut Self>,
        context: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        let this = self.get_mut();
        let result = Pin::new(&mut this.stream).poll_write(context, bytes);
        this.watch(&result);
        result
    }

    fn poll_write_vectored(
        self: Pin<&mut Self>,
        context: &mut Context<'_>,
        slices: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        let this = self.get_mut();
        let result = Pin::new(&mut this.stream).poll_write_vectored(context, slices);
        this.watch(&result);
        result
    }

    fn is_write_vectored(&self) -> bool {
        self.stream.is_write_vectored()
    }

    fn poll_flush(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        let this = self.get_mut();
        let result = Pin::new(&mut this.stream).poll_flush(context);
        if result.is_pending() {
            this.activity.write_blocked();
        }
        result
    }

    fn poll_shutdown(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        let this = self.get_mut();
        if this.linger.is_none() {
            ready!(Pin::new(&mut this.stream).poll_shutdown(context))?;
            let unread = this.stopped
                || this
                    .scanner
                    .as_ref()
                    .is_some_and(|scanner| !scanner.between_messages());
            if !unread {
                return Poll::Ready(Ok(()));
            }
        }
        this.poll_linger(context).map(Ok)
    }
}

impl<S> GuardedIo<S> {
    fn watch(&self, result: &Poll<io::Result<usize>>) {
        if result.is_pending() {
            self.activity.write_blocked();
        } else {
            self.activity.write_progressed();
        }
    }
}
