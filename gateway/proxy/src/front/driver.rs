//! Watches over one connection while the HTTP implementation works on it.

use std::future::Future;
use std::pin::{Pin, pin};
use std::rc::Rc;
use std::task::{Context, Poll};
use std::time::Duration;

use http_body::Body as HttpBody;
use hyper::body::Incoming;
use hyper::server::conn::{http1, http2};
use tokio::sync::watch;
use tokio::time::{Instant, Sleep};

use super::End;
use super::activity::{Activity, Due};
use super::framing::Refusal;
use crate::settings::FrontSettings;

/// What the driver needs of either protocol's connection.
pub(super) trait Connection: Future<Output = hyper::Result<()>> {
    fn finish(self: Pin<&mut Self>);
}

impl<I, S, B> Connection for http1::Connection<I, S>
where
    S: hyper::service::HttpService<Incoming, ResBody = B>,
    S::Error: Into<Box<dyn std::error::Error + Send + Sync>>,
    I: hyper::rt::Read + hyper::rt::Write + Unpin,
    B: HttpBody + 'static,
    B::Error: Into<Box<dyn std::error::Error + Send + Sync>>,
{
    fn finish(self: Pin<&mut Self>) {
        self.graceful_shutdown();
    }
}

impl<I, S, B, E> Connection for http2::Connection<I, S, E>
where
    S: hyper::service::HttpService<Incoming, ResBody = B>,
    S::Error: Into<Box<dyn std::error::Error + Send + Sync>>,
    I: hyper::rt::Read + hyper::rt::Write + Unpin,
    B: HttpBody + 'static,
    B::Error: Into<Box<dyn std::error::Error + Send + Sync>>,
    E: hyper::rt::bounds::Http2ServerConnExec<S::Future, B>,
{
    fn finish(self: Pin<&mut Self>) {
        self.graceful_shutdown();
    }
}

/// Polls the connection, sends what it has to send, and acts when a deadline passes or the proxy drains.
pub(super) async fn drive<C: Connection>(
    connection: C,
    activity: Rc<Activity>,
    settings: Rc<FrontSettings>,
    mut drain: watch::Receiver<bool>,
    grace: Duration,
    mut send: impl FnMut(&mut Context<'_>) -> Poll<std::io::Result<()>>,
) -> End {
    let mut connection = pin!(connection);
    let mut draining = pin!(async move { drain.wait_for(|drain| *drain).await.is_ok() });
    let shortest = Activity::shortest(&settings);
    let mut timer: Pin<&mut Sleep> = pin!(tokio::time::sleep(shortest));
    let mut finishing = false;
    let mut watching = true;
    let mut grace_ends = None;
    std::future::poll_fn(|context| {
        loop {
            if let Poll::Ready(result) = connection.as_mut().poll(context) {
                return Poll::Ready(match result {
                    Ok(()) => End::Orderly,
                    Err(error) => End::Failed(crate::body::sources(&error)),
                });
            }
            if let Poll::Ready(Err(error)) = send(context) {
                return Poll::Ready(End::Failed(error.to_string()));
            }
            if !finishing && activity.wants_close() {
                finishing = true;
                connection.as_mut().finish();
                continue;
            }
            if watching && let Poll::Ready(drain) = draining.as_mut().poll(context) {
                watching = false;
                if drain {
                    activity.drain();
                    grace_ends = Some(Instant::now() + grace);
                }
            }
            if !finishing
                && let Some(ends) = grace_ends
                && (activity.has_served() || ends <= Instant::now())
            {
                finishing = true;
                connection.as_mut().finish();
                continue;
            }
            // The timer follows the deadline lazily: moved when it fires, or when the deadline came
            // nearer, never once per request.
            let deadline = activity.deadline(&settings);
            let grace = grace_ends.filter(|_| !finishing);
            let sooner = deadline.map(|(due, _)| due).into_iter().chain(grace).min();
            if let Some(due) = sooner.filter(|due| *due < timer.deadline()) {
                timer.as_mut().reset(due);
            }
            if timer.as_mut().poll(context).is_pending() {
                return Poll::Pending;
            }
            let now = Instant::now();
            match deadline {
                Some((due, action)) if due <= now => {
                    timer.as_mut().reset(now + shortest);
                    match action {
                        Due::Abort => return Poll::Ready(End::WriteTimeout),
                        Due::RefuseHead => activity.force(Refusal::HEAD_TIMEOUT),
                        // Nothing is open: a client that does not even take our good-bye is given up.
                        Due::CloseIdle if finishing => return Poll::Ready(End::Orderly),
                        Due::CloseIdle => {
                            finishing = true;
                            connection.as_mut().finish();
                        }
                    }
                }
                Some((due, _)) => timer.as_mut().reset(due),
                None => timer.as_mut().reset(now + shortest),
            }
        }
    })
    .await
}
