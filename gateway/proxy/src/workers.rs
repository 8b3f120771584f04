//! Starting and ending: listeners, worker threads, drain.

use std::cell::RefCell;
use std::io;
use std::net::{SocketAddr, TcpListener};
use std::rc::{Rc, Weak};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant};

use actix_server::{Server, ServerHandle};
use actix_service::{fn_factory, fn_service};
use socket2::{Domain, Protocol, Socket, Type};
use tokio::net::TcpStream;
use tokio::sync::watch;

use crate::connection;
use crate::identity::Identities;
use crate::limits::Addresses;
use crate::loggers::{LoggerQueue, Loggers};
use crate::memory::Memory;
use crate::settings::ProxySettings;
use crate::worker::{ProxyDependencies, Surroundings, Worker};

/// Why the proxy did not start.
#[derive(Debug, thiserror::Error)]
pub enum StartError {
    /// No address to listen on.
    #[error("no address to listen on")]
    NoAddress,
    /// No worker.
    #[error("at least one worker is needed")]
    NoWorker,
    /// Addresses that cannot be listened on; all of them.
    #[error("cannot listen on {}", .0.iter().map(|(address, error)| format!("{address} ({error})")).collect::<Vec<_>>().join(", "))]
    Listen(Vec<(SocketAddr, io::Error)>),
    /// A thread or a runtime did not start.
    #[error("the workers did not start: {0}")]
    Workers(io::Error),
}

/// The data path.
#[derive(Debug, Clone, Copy)]
pub struct Proxy;

impl Proxy {
    /// Binds all addresses and starts the workers on threads of their own. Returns when they serve.
    ///
    /// Blocks for the time that takes; signals are the caller's business.
    ///
    /// # Errors
    /// [`StartError`]; nothing is left listening then.
    pub fn start(
        settings: ProxySettings,
        dependencies: ProxyDependencies,
    ) -> Result<ProxyHandle, StartError> {
        if settings.workers == 0 {
            return Err(StartError::NoWorker);
        }
        let listeners = bind(&settings.listen)?;
        let local_addrs = listeners.iter().map(|(address, _)| *address).collect();
        let addresses = Arc::new(Addresses::default());
        let (drain, draining) = watch::channel(false);
        let clock = Arc::clone(&dependencies.clock);
        let memory = Arc::new(Memory::new(&settings.memory, clock));
        let kept = Arc::downgrade(&memory);
        dependencies.recorder.collect_with(move |recorder| {
            if let Some(memory) = kept.upgrade() {
                memory.report(&recorder.effects());
            }
        });
        let identities = Arc::new(Identities::new(settings.identity.clone()));
        let loggers = Loggers::start(
            settings.loggers.clone(),
            settings.upstream.clone(),
            Arc::clone(&dependencies.clock),
            dependencies.recorder.clone(),
        )
        .map_err(StartError::Workers)?;
        let cast = Cast {
            proxy: PROXIES.fetch_add(1, Ordering::Relaxed),
            settings,
            dependencies,
            addresses: Arc::clone(&addresses),
            memory,
            identities,
            loggers: loggers.queue(),
            draining,
            next: Arc::new(AtomicUsize::new(0)),
        };
        let (started, starting) = std::sync::mpsc::channel();
        let thread = thread::Builder::new()
            .name("proxy".to_owned())
            .spawn(move || run(listeners, &cast, &started))
            .map_err(StartError::Workers)?;
        let server = starting
            .recv()
            .unwrap_or_else(|_| Err(io::Error::other("the proxy's thread ended")))
            .map_err(StartError::Workers)?;
        Ok(ProxyHandle {
            local_addrs,
            addresses,
            drain,
            server,
            thread: Some(thread),
            loggers: Some(loggers),
        })
    }
}

/// A running proxy. Dropped, it ends without draining.
#[derive(Debug)]
pub struct ProxyHandle {
    local_addrs: Vec<SocketAddr>,
    addresses: Arc<Addresses>,
    drain: watch::Sender<bool>,
    server: ServerHandle,
    thread: Option<JoinHandle<()>>,
    loggers: Option<Loggers>,
}

/// How a drain ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Drained {
    /// Connections that were still open at the deadline and have been cut.
    pub cut: usize,
    /// Requests of policies that nobody waits for (`send-one-way-request`) and that were cut likewise.
    pub one_way_cut: usize,
}

impl ProxyHandle {
    /// The addresses that are listened on, in the order of the settings.
    #[must_use]
    pub fn local_addrs(&self) -> &[SocketAddr] {
        &self.local_addrs
    }

    /// Open connections of all workers, handshakes included.
    #[must_use]
    pub fn open_connections(&self) -> usize {
        self.addresses.open()
    }

    /// Ends the proxy: no more connections are taken, requests in flight are finished, HTTP/1.1
    /// connections close after their response, HTTP/2 connections get GOAWAY. Requests of policies that
    /// nobody waits for are finished too. What is still under way after `deadline` is cut. Then
    /// messages for loggers are delivered for what is left of it, and for a second at least.
    pub async fn drain(mut self, deadline: Duration) -> Drained {
        /// How soon the last connection's end is noticed.
        const LOOK: Duration = Duration::from_millis(10);
        let until = Instant::now() + deadline;
        self.server.pause().await;
        self.drain.send_replace(true);
        let under_way = || self.addresses.open() > 0 || self.addresses.background() > 0;
        while under_way() && Instant::now() < until {
            tokio::time::sleep(LOOK).await;
        }
        let cut = self.addresses.open();
        let one_way_cut = self.addresses.background();
        self.server.stop(false).await;
        if let Some(thread) = self.thread.take() {
            // It has nothing left to wait for.
            let _ = tokio::task::spawn_blocking(move || thread.join()).await;
        }
        let patience = until
            .saturating_duration_since(Instant::now())
            .max(Duration::from_secs(1));
        let loggers = self.loggers.take();
        let closing = tokio::task::spawn_blocking(move || {
            if let Some(mut loggers) = loggers {
                loggers.close(patience);
            }
        });
        if closing.await.is_err() {
            tracing::warn!("messages for loggers may have been lost");
        }
        Drained { cut, one_way_cut }
    }
}

impl Drop for ProxyHandle {
    fn drop(&mut self) {
        if self.thread.is_some() {
            // The command is sent when the future is made.
            drop(self.server.stop(false));
        }
    }
}

/// What each worker is made from.
#[derive(Clone)]
struct Cast {
    proxy: u64,
    settings: ProxySettings,
    dependencies: ProxyDependencies,
    addresses: Arc<Addresses>,
    memory: Arc<Memory>,
    identities: Arc<Identities>,
    loggers: LoggerQueue,
    draining: watch::Receiver<bool>,
    next: Arc<AtomicUsize>,
}

static PROXIES: AtomicU64 = AtomicU64::new(0);

thread_local! {
    /// The worker of this thread, by proxy: actix-server makes one service per listener, and they
    /// share it.
    static WORKER: RefCell<Option<(u64, Weak<Worker>)>> = const { RefCell::new(None) };
}

impl Cast {
    fn worker(&self) -> Rc<Worker> {
        WORKER.with_borrow_mut(|slot| {
            let known = slot.as_ref().filter(|(proxy, _)| *proxy == self.proxy);
            if let Some(worker) = known.and_then(|(_, worker)| worker.upgrade()) {
                return worker;
            }
            let worker = Worker::start(
                self.next.fetch_add(1, Ordering::Relaxed),
                self.settings.clone(),
                &self.dependencies,
                Arc::clone(&self.addresses),
                Surroundings {
                    memory: Arc::clone(&self.memory),
                    identities: Arc::clone(&self.identities),
                    delivery: Rc::new(self.loggers.clone()),
                },
                self.draining.clone(),
            );
            *slot = Some((self.proxy, Rc::downgrade(&worker)));
            worker
        })
    }
}

fn run(
    listeners: Vec<(SocketAddr, TcpListener)>,
    cast: &Cast,
    started: &std::sync::mpsc::Sender<io::Result<ServerHandle>>,
) {
    let runtime = match tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
    {
        Ok(runtime) => runtime,
        Err(error) => {
            let _ = started.send(Err(error));
            return;
        }
    };
    runtime.block_on(async {
        let server = match build(listeners, cast) {
            Ok(server) => server,
            Err(error) => {
                let _ = started.send(Err(error));
                return;
            }
        };
        let _ = started.send(Ok(server.handle()));
        if let Err(error) = server.await {
            tracing::error!(%error, "the proxy's server ended");
        }
    });
}

fn build(listeners: Vec<(SocketAddr, TcpListener)>, cast: &Cast) -> io::Result<Server> {
    let mut builder = Server::build()
        .workers(cast.settings.workers)
        .disable_signals()
        // Over-full workers refuse by themselves; a paused accept would keep everybody out.
        .max_concurrent_connections(usize::MAX);
    for (address, listener) in listeners {
        let cast = cast.clone();
        builder = builder.listen(format!("gateway {address}"), listener, move || {
            let cast = cast.clone();
            fn_factory(move || {
                let worker = cast.worker();
                async move {
                    Ok::<_, ()>(fn_service(move |stream: TcpStream| {
                        let worker = Rc::clone(&worker);
                        async move {
                            connection::take(worker, stream).await;
                            Ok::<_, ()>(())
                        }
                    }))
                }
            })
        })?;
    }
    Ok(builder.run())
}

/// Connections that wait to be accepted; the kernel lowers it to `net.core.somaxconn`.
const BACKLOG: i32 = 4096;

fn bind(addresses: &[SocketAddr]) -> Result<Vec<(SocketAddr, TcpListener)>, StartError> {
    if addresses.is_empty() {
        return Err(StartError::NoAddress);
    }
    let mut listeners = Vec::new();
    let mut failed = Vec::new();
    for address in addresses {
        match listen(*address) {
            Ok(listener) => listeners.push(listener),
            Err(error) => failed.push((*address, error)),
        }
    }
    if failed.is_empty() {
        Ok(listeners)
    } else {
        Err(StartError::Listen(failed))
    }
}

fn listen(address: SocketAddr) -> io::Result<(SocketAddr, TcpListener)> {
    let socket = Socket::new(
        Domain::for_address(address),
        Type::STREAM,
        Some(Protocol::TCP),
    )?;
    // A restart must not wait for connections of the process before.
    socket.set_reuse_address(true)?;
    if address.is_ipv6() {
        socket.set_only_v6(false)?;
    }
    socket.set_nonblocking(true)?;
    socket.bind(&address.into())?;
    socket.listen(BACKLOG)?;
    let listener = TcpListener::from(socket);
    Ok((listener.local_addr()?, listener))
}
