//! A body that arrives piece by piece from a connection.

use std::future::Future;
use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::Duration;

use bytes::Bytes;
use http_body::{Body as _, Frame};
use hyper::body::Incoming;
use tokio::time::{Instant, Sleep};

use super::{BodyError, sources};
use crate::headers::clean_trailers;
use crate::upstream::pool::Lease;

pub(super) struct Streaming {
    pub(super) incoming: Incoming,
    /// Longest pause between pieces.
    patience: Duration,
    /// Runs while a piece is awaited.
    waiting: Option<Pin<Box<Sleep>>>,
    armed: bool,
    /// Bytes that may still come.
    left: Option<u64>,
    pub(super) finished: bool,
    pub(super) error: Option<BodyError>,
    /// The backend connection it comes from, given back at the end.
    pub(super) lease: Option<Lease>,
    /// One that must not be used again.
    pub(super) held: Option<Lease>,
}

impl Streaming {
    pub(super) fn new(incoming: Incoming, patience: Duration, limit: Option<u64>) -> Self {
        Self {
            incoming,
            patience,
            waiting: None,
            armed: false,
            left: limit,
            finished: false,
            error: None,
            lease: None,
            held: None,
        }
    }

    pub(super) fn poll_frame(
        &mut self,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, BodyError>>> {
        if self.finished {
            return Poll::Ready(None);
        }
        let Poll::Ready(frame) = Pin::new(&mut self.incoming).poll_frame(context) else {
            return match self.poll_patience(context) {
                Poll::Pending => Poll::Pending,
                Poll::Ready(()) => Poll::Ready(Some(Err(self.fail(BodyError::Timeout)))),
            };
        };
        self.armed = false;
        match frame {
            None => {
                self.finished = true;
                if let Some(lease) = self.lease.take() {
                    lease.give_back();
                }
                Poll::Ready(None)
            }
            Some(Err(error)) => {
                let error = BodyError::Broken(sources(&error));
                Poll::Ready(Some(Err(self.fail(error))))
            }
            Some(Ok(frame)) => {
                let frame = match frame.into_trailers() {
                    Ok(mut trailers) => {
                        clean_trailers(&mut trailers);
                        Frame::trailers(trailers)
                    }
                    Err(frame) => frame,
                };
                let length = frame.data_ref().map_or(0, Bytes::len) as u64;
                if let Some(left) = self.left {
                    let Some(left) = left.checked_sub(length) else {
                        return Poll::Ready(Some(Err(self.fail(BodyError::TooLarge))));
                    };
                    self.left = Some(left);
                }
                if self.incoming.is_end_stream() {
                    self.finished = true;
                    if let Some(lease) = self.lease.take() {
                        lease.give_back();
                    }
                }
                Poll::Ready(Some(Ok(frame)))
            }
        }
    }

    /// The timer is made at the first pause and only moved afterwards.
    fn poll_patience(&mut self, context: &mut Context<'_>) -> Poll<()> {
        let patience = self.patience;
        let waiting = self
            .waiting
            .get_or_insert_with(|| Box::pin(tokio::time::sleep(patience)));
        if !self.armed {
            self.armed = true;
            waiting.as_mut().reset(Instant::now() + patience);
        }
        waiting.as_mut().poll(context)
    }

    fn fail(&mut self, error: BodyError) -> BodyError {
        self.finished = true;
        self.lease = None;
        self.error = Some(error.clone());
        error
    }
}
