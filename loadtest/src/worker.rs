//! One connection's worth of load: open, ask, ask again, open anew.

use std::sync::atomic::Ordering;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use futures_util::future::join_all;
use gateway_testkit::{Client, Connection, Response, empty};
use http::header::CONNECTION;
use http::{Method, Request};
use tokio::time::Instant;

use crate::pace::Pace;
use crate::progress::Counters;
use crate::{Fault, Tally};

/// Sees each exchange from both ends.
pub(crate) trait Observer: Send + Sync + 'static {
    /// Just before a request is sent; what it returns comes back with the response.
    fn sending(&self) -> u64;
    /// After a whole response.
    fn answered(&self, sending: u64, response: &Response);
}

/// Sees nothing.
pub(crate) struct Blind;

impl Observer for Blind {
    fn sending(&self) -> u64 {
        0
    }

    fn answered(&self, _sending: u64, _response: &Response) {}
}

/// What a connection needs to carry its share.
pub(crate) struct Worker<O> {
    pub(crate) client: Client,
    pub(crate) path: Arc<str>,
    /// Requests in flight at the same time; more than one only in HTTP/2.
    pub(crate) streams: usize,
    pub(crate) pace: Arc<Pace>,
    pub(crate) counters: Arc<Counters>,
    pub(crate) observer: Arc<O>,
    pub(crate) tally: Mutex<Tally>,
}

/// Why a stream of requests ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum End {
    /// The load is over.
    Over,
    /// The connection is not usable any more; it has been counted.
    Connection,
}

impl<O: Observer> Worker<O> {
    /// Runs until the load is over and returns what it came to. A connection opened beforehand is
    /// used first, so that handshakes do not count into the measurement.
    pub(crate) async fn run(self, mut opened: Option<Connection>) -> Tally {
        while !self.pace.is_over() {
            let connection = match opened.take() {
                Some(connection) => connection,
                None => match self.open().await {
                    Some(connection) => connection,
                    None => continue,
                },
            };
            let state = State::default();
            let streams = (0..self.streams).map(|_| self.stream(&connection, &state));
            let ends = join_all(streams).await;
            if !ends.contains(&End::Connection) {
                connection.close().await;
                break;
            }
        }
        self.tally
            .into_inner()
            .unwrap_or_else(PoisonError::into_inner)
    }

    async fn open(&self) -> Option<Connection> {
        match self.client.connect().await {
            Ok(connection) => {
                self.count(|tally| tally.opened(&connection));
                Some(connection)
            }
            Err(error) => {
                self.fault(Fault::of(&error, false), &error.to_string());
                // A target that refuses must not be hammered by a loop without any pause.
                tokio::time::sleep(Duration::from_millis(20)).await;
                None
            }
        }
    }

    async fn stream(&self, connection: &Connection, state: &State) -> End {
        loop {
            if state.is_closing() {
                return End::Connection;
            }
            // Before the first response a closed connection is asked all the same: the error says why.
            if state.is_established() && connection.is_closed() {
                self.closed_while_idle(state);
                return End::Connection;
            }
            let Some(due) = self.pace.next().await else {
                return End::Over;
            };
            if let Some(end) = self.exchange(connection, state, due).await {
                return end;
            }
        }
    }

    async fn exchange(&self, connection: &Connection, state: &State, due: Instant) -> Option<End> {
        let Ok(request) = Request::builder()
            .method(Method::GET)
            .uri(&*self.path)
            .body(empty())
        else {
            self.fault(Fault::Own, "the path cannot be requested");
            self.pace.stop();
            return Some(End::Over);
        };
        let sending = self.observer.sending();
        match connection.send(request).await {
            Ok(response) => {
                self.observer.answered(sending, &response);
                self.counters.responses.fetch_add(1, Ordering::Relaxed);
                let status = response.status.as_u16();
                self.count(|tally| tally.response(status, due.elapsed(), response.body.len()));
                state.established();
                if announces_close(&response) && state.close() {
                    self.count(|tally| tally.announced_closes += 1);
                }
                None
            }
            Err(error) => {
                let fault = Fault::of(&error, state.is_established());
                // Streams that fail because their connection fails are one drop each: each lost a
                // response.
                self.fault(fault, &error.to_string());
                state.close();
                tokio::time::sleep(Duration::from_millis(20)).await;
                Some(End::Connection)
            }
        }
    }

    /// The connection ended between two requests, without having announced it.
    fn closed_while_idle(&self, state: &State) {
        if state.close() {
            self.fault(
                Fault::Dropped,
                "the connection was closed between two requests",
            );
        }
    }

    fn fault(&self, fault: Fault, words: &str) {
        self.counters.faults.fetch_add(1, Ordering::Relaxed);
        self.count(|tally| tally.fault(fault, words));
    }

    fn count(&self, counting: impl FnOnce(&mut Tally)) {
        counting(&mut self.tally.lock().unwrap_or_else(PoisonError::into_inner));
    }
}

impl Tally {
    pub(crate) fn opened(&mut self, connection: &Connection) {
        self.connections += 1;
        self.resumed += u64::from(connection.reused());
    }
}

/// What the streams of one connection share.
#[derive(Debug, Default)]
struct State {
    established: std::sync::atomic::AtomicBool,
    closing: std::sync::atomic::AtomicBool,
}

impl State {
    fn established(&self) {
        self.established.store(true, Ordering::Relaxed);
    }

    fn is_established(&self) -> bool {
        self.established.load(Ordering::Relaxed)
    }

    /// True for the first who says so.
    fn close(&self) -> bool {
        !self.closing.swap(true, Ordering::Relaxed)
    }

    fn is_closing(&self) -> bool {
        self.closing.load(Ordering::Relaxed)
    }
}

fn announces_close(response: &Response) -> bool {
    response.headers.get_all(CONNECTION).iter().any(|value| {
        value.to_str().is_ok_and(|value| {
            value
                .split(',')
                .any(|token| token.trim().eq_ignore_ascii_case("close"))
        })
    })
}
