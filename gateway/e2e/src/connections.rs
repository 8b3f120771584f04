//! One client's connections of every kind, on every worker: what a swap must reach.

#![expect(
    clippy::expect_used,
    clippy::indexing_slicing,
    reason = "a test fails by panicking"
)]

use std::collections::BTreeMap;
use std::future::Future;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use gateway_testkit::{
    Alpn, Client, ClientBuilder, ClientError, Connection, Identity, Response, Session, TlsVersion,
};
use tokio::task::JoinSet;

use crate::TestGateway;
use crate::echo::Echo;
use crate::seen::{Kind, Outcome, Seen};
use crate::workers::{Worker, unique_path};

/// Handshakes of one kind that begin at the same time.
const AT_ONCE: usize = 8;

/// After so many rounds of handshakes without reaching every worker something is wrong.
const ROUNDS: usize = 16;

/// A connection that is kept open.
struct Open {
    kind: Kind,
    connection: Arc<Connection>,
    /// An echo that has not ended, on the same HTTP/2 connection.
    stream: Option<Echo>,
}

/// One client: an open connection of each kind on every worker, and a session of each TLS version.
pub struct Connections<'g> {
    gateway: &'g TestGateway,
    api: &'static str,
    workers: usize,
    open: Vec<Open>,
    sessions: BTreeMap<Kind, Session>,
    clients: BTreeMap<Kind, Client>,
}

impl<'g> Connections<'g> {
    /// Opens them all for the client with this certificate, or without any, and makes a first
    /// request to `api` (an echo) on each, which must be answered with 200.
    ///
    /// # Panics
    /// If that fails, or not every one of `workers` workers can be reached.
    pub async fn open(
        gateway: &'g TestGateway,
        workers: usize,
        identity: Option<Identity>,
        api: &'static str,
    ) -> Self {
        let clients = Kind::ALL
            .into_iter()
            .map(|kind| (kind, client(gateway.client(), kind, identity.clone())))
            .collect();
        let mut connections = Self {
            gateway,
            api,
            workers,
            open: Vec::new(),
            sessions: BTreeMap::new(),
            clients,
        };
        connections.reopen().await;
        for kind in [Kind::Session13, Kind::Session12] {
            let session = connections.obtain_session(kind).await;
            connections.sessions.insert(kind, session);
        }
        connections
    }

    /// Opens the connections of the kinds that stay open anew, as a client does whose connections
    /// have ended. The sessions stay.
    ///
    /// # Panics
    /// As [`Connections::open`].
    pub async fn reopen(&mut self) {
        self.open.clear();
        for kind in [Kind::KeepAlive, Kind::Multiplexed] {
            let mut found = BTreeMap::new();
            for _ in 0..self.workers * 4 {
                let (worker, connection) = self.connect(kind).await;
                found.entry(worker).or_insert(connection);
                if found.len() == self.workers {
                    break;
                }
            }
            assert_eq!(found.len(), self.workers, "{kind:?} reaches every worker");
            for connection in found.into_values() {
                let stream = match kind {
                    Kind::Multiplexed => Some(Echo::begin(&connection, self.api).await),
                    _ => None,
                };
                self.open.push(Open {
                    kind,
                    connection: Arc::new(connection),
                    stream,
                });
            }
        }
    }

    async fn connect(&self, kind: Kind) -> (Worker, Connection) {
        let connection = self.clients[&kind].connect().await.expect("a connection");
        let path = unique_path(self.api);
        let response = connection.get(&path).await.expect("a response");
        assert_eq!(response.status, 200, "{kind:?}: {}", response.text());
        let workers = self.gateway.workers_of(std::slice::from_ref(&path)).await;
        (workers[&path], connection)
    }

    /// A session as a client keeps it that was answered once and has gone.
    async fn obtain_session(&self, kind: Kind) -> Session {
        let connection = self.clients[&kind].connect().await.expect("a connection");
        assert!(!connection.reused());
        let response = connection.get(&unique_path(self.api)).await;
        assert_eq!(response.expect("a response").status, 200);
        let session = connection.session().expect("a session");
        connection.close().await;
        session
    }

    /// Makes a change while every open connection asks without pause: no worker is caught in the
    /// moment in which it happens to look for something new. What is answered meanwhile may be
    /// either verdict.
    pub async fn during<T>(&self, change: impl Future<Output = T>) -> T {
        let over = Arc::new(AtomicBool::new(false));
        let mut busy = JoinSet::new();
        for open in &self.open {
            let (connection, over) = (Arc::clone(&open.connection), Arc::clone(&over));
            let path = unique_path(self.api);
            busy.spawn(async move {
                while !over.load(Ordering::SeqCst) && connection.get(&path).await.is_ok() {}
            });
        }
        let changed = change.await;
        over.store(true, Ordering::SeqCst);
        // The requests in flight end by themselves: aborted, they would end their connections.
        busy.detach_all();
        changed
    }

    /// One request on each open connection, and handshakes of each kind until every worker has
    /// answered one; all of them begin at once. Where handshakes are refused by TLS nobody says
    /// which worker did it, and a number of them is made.
    ///
    /// # Panics
    /// If not every worker can be reached.
    pub async fn next_requests(&self) -> Vec<Seen> {
        let mut requests = JoinSet::new();
        for open in &self.open {
            let (kind, connection) = (open.kind, Arc::clone(&open.connection));
            let path = unique_path(self.api);
            requests.spawn(async move { ask(kind, Ok(connection), path).await });
        }
        for kind in Kind::HANDSHAKES {
            self.shake_hands(kind, &mut requests);
        }
        let mut seen = self.collect(requests).await;
        for _ in 0..ROUNDS {
            let missing: Vec<Kind> = Kind::HANDSHAKES
                .into_iter()
                .filter(|kind| !self.reached_every_worker(&seen, *kind))
                .collect();
            if missing.is_empty() {
                break;
            }
            let mut requests = JoinSet::new();
            for kind in missing {
                self.shake_hands(kind, &mut requests);
            }
            seen.extend(self.collect(requests).await);
        }
        for kind in Kind::ALL {
            assert!(
                self.reached_every_worker(&seen, kind),
                "{kind:?} reaches every worker"
            );
        }
        seen
    }

    fn shake_hands(&self, kind: Kind, requests: &mut JoinSet<Asked>) {
        for _ in 0..AT_ONCE {
            let client = self.clients[&kind].clone();
            let session = self.sessions.get(&kind).cloned();
            let path = unique_path(self.api);
            requests.spawn(async move {
                let connection = match &session {
                    Some(session) => client.resume(session).await,
                    None => client.connect().await,
                };
                ask(kind, connection.map(Arc::new), path).await
            });
        }
    }

    /// Whether each worker answered a request of this kind, or TLS refused all.
    fn reached_every_worker(&self, seen: &[Seen], kind: Kind) -> bool {
        let mut of_kind = seen.iter().filter(|seen| seen.kind == kind).peekable();
        assert!(of_kind.peek().is_some(), "{kind:?} was asked");
        let mut workers = std::collections::BTreeSet::new();
        let mut alerts_only = true;
        for seen in of_kind {
            if let Outcome::Answered { worker, .. } = seen.outcome {
                alerts_only = false;
                workers.insert(worker);
            }
        }
        workers.len() == self.workers || (alerts_only && !kind.is_open())
    }

    async fn collect(&self, requests: JoinSet<Asked>) -> Vec<Seen> {
        let asked = requests.join_all().await;
        let answered: Vec<String> = asked
            .iter()
            .filter(|asked| asked.response.is_ok())
            .map(|asked| asked.path.clone())
            .collect();
        let workers = self.gateway.workers_of(&answered).await;
        asked
            .into_iter()
            .map(|asked| Seen {
                kind: asked.kind,
                resumed: asked.resumed,
                outcome: match asked.response {
                    Ok(response) => Outcome::Answered {
                        status: response.status.as_u16(),
                        revision: revision(&response),
                        worker: workers[&asked.path],
                    },
                    Err(error) => match error.alert() {
                        Some(alert) => Outcome::Alert(alert),
                        None => Outcome::Failed(error.to_string()),
                    },
                },
            })
            .collect()
    }

    /// Sends one more piece over every open stream and receives it back.
    ///
    /// # Panics
    /// If a stream has been cut.
    pub async fn streams_go_on(&mut self) {
        for open in &mut self.open {
            if let Some(stream) = &mut open.stream {
                stream.exchange("once more ").await;
            }
        }
    }

    /// Ends every open stream as it should end.
    ///
    /// # Panics
    /// If a stream has been cut.
    pub async fn end_streams(&mut self) {
        for open in &mut self.open {
            if let Some(stream) = open.stream.take() {
                stream.end().await;
            }
        }
    }

    /// Whether every connection that was kept open has ended.
    #[must_use]
    pub fn all_have_ended(&self) -> bool {
        self.open.iter().all(|open| open.connection.is_closed())
    }

    /// Whether none of the connections that were kept open has ended.
    #[must_use]
    pub fn none_has_ended(&self) -> bool {
        self.open.iter().all(|open| !open.connection.is_closed())
    }
}

impl std::fmt::Debug for Connections<'_> {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter
            .debug_struct("Connections")
            .field("open", &self.open.len())
            .finish_non_exhaustive()
    }
}

fn client(builder: ClientBuilder, kind: Kind, identity: Option<Identity>) -> Client {
    let builder = match identity {
        Some(identity) => builder.identity(identity),
        None => builder,
    };
    let builder = match kind {
        Kind::KeepAlive | Kind::Fresh => builder,
        Kind::Multiplexed => builder.alpn(Alpn::Http2),
        Kind::Session13 => builder.tls(TlsVersion::Tls13),
        Kind::Session12 => builder.tls(TlsVersion::Tls12),
    };
    builder.build().expect("a client")
}

/// A request that has been made.
struct Asked {
    kind: Kind,
    path: String,
    resumed: bool,
    response: Result<Response, ClientError>,
}

async fn ask(kind: Kind, connection: Result<Arc<Connection>, ClientError>, path: String) -> Asked {
    let resumed = !kind.is_open() && connection.as_ref().is_ok_and(|c| c.reused());
    let response = match connection {
        Ok(connection) => connection.get(&path).await,
        Err(error) => Err(error),
    };
    Asked {
        kind,
        path,
        resumed,
        response,
    }
}

fn revision(response: &Response) -> u64 {
    response
        .header("x-countersign-revision")
        .and_then(|revision| revision.parse().ok())
        .expect("a revision")
}
