//! The origin's server.
#![expect(clippy::expect_used, reason = "a test without its origin can only end")]

use std::net::{Ipv4Addr, SocketAddr};
use std::sync::Arc;
use std::thread::JoinHandle;

use gateway_tls::issue::Issued;
use openssl::ssl::SslContextBuilder;
use openssl::x509::X509;
use tokio::sync::watch;

use super::answer::Answer;
use super::connection::{Served, run, tls_context};
use super::query;
use super::record::{Log, Recorded, RequestHead};
use super::respond::Script;

/// Builds an [`Origin`].
pub struct OriginBuilder {
    tls: Option<SslContextBuilder>,
    http2: bool,
    script: Script,
    address: SocketAddr,
}

impl OriginBuilder {
    /// Speaks TLS with this certificate.
    ///
    /// # Panics
    ///
    /// When OpenSSL refuses it.
    #[must_use]
    pub fn tls(mut self, server: &Issued) -> Self {
        self.tls = Some(tls_context(server, None).expect("a TLS context for the origin"));
        self
    }

    /// Speaks TLS and demands a client certificate of this authority.
    ///
    /// # Panics
    ///
    /// When OpenSSL refuses it.
    #[must_use]
    pub fn mutual_tls(mut self, server: &Issued, clients: &X509) -> Self {
        self.tls = Some(tls_context(server, Some(clients)).expect("a TLS context for the origin"));
        self
    }

    /// Offers HTTP/2 beside HTTP/1.1 by ALPN; only over TLS.
    #[must_use]
    pub fn http2(mut self) -> Self {
        self.http2 = true;
        self
    }

    /// Answers by this closure instead of by the query.
    #[must_use]
    pub fn answering(
        mut self,
        script: impl Fn(&RequestHead) -> Answer + Send + Sync + 'static,
    ) -> Self {
        self.script = Script::Head(Arc::new(script));
        self
    }

    /// Answers by this closure, which sees the body too (its first 64 KiB); it cannot echo.
    #[must_use]
    pub fn answering_whole(
        mut self,
        script: impl Fn(&Recorded) -> Answer + Send + Sync + 'static,
    ) -> Self {
        self.script = Script::Whole(Arc::new(script));
        self
    }

    /// Listens here instead of on `127.0.0.1:0`: to come back where another origin was.
    #[must_use]
    pub fn listen(mut self, address: SocketAddr) -> Self {
        self.address = address;
        self
    }

    /// Starts it, on a thread of its own so that it answers whatever runtime the test has.
    ///
    /// # Panics
    ///
    /// When there is no port or no thread left.
    #[must_use]
    pub fn start(self) -> Origin {
        let listener = std::net::TcpListener::bind(self.address).expect("a port for the origin");
        listener
            .set_nonblocking(true)
            .expect("a listener that does not block");
        let address = listener
            .local_addr()
            .expect("the address of a bound listener");
        let log = Arc::new(Log::default());
        let (stop, stopped) = watch::channel(false);
        let tls = self.tls.map(|mut context| {
            if self.http2 {
                context.set_alpn_select_callback(|_, offered| {
                    openssl::ssl::select_next_proto(b"\x02h2\x08http/1.1", offered)
                        .ok_or(openssl::ssl::AlpnError::NOACK)
                });
            }
            context.build()
        });
        let served = Served {
            tls,
            script: self.script,
            log: Arc::clone(&log),
        };
        let scheme = if served.tls.is_some() {
            "https"
        } else {
            "http"
        };
        let thread = std::thread::Builder::new()
            .name("origin".to_owned())
            .spawn(move || run(listener, Arc::new(served), stopped))
            .expect("a thread for the origin");
        Origin {
            address,
            scheme,
            log,
            stop,
            thread: Some(thread),
        }
    }
}

impl std::fmt::Debug for OriginBuilder {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter
            .debug_struct("OriginBuilder")
            .field("address", &self.address)
            .finish_non_exhaustive()
    }
}

/// A running backend. It stops, with all its connections, when it is dropped.
pub struct Origin {
    address: SocketAddr,
    scheme: &'static str,
    log: Arc<Log>,
    stop: watch::Sender<bool>,
    thread: Option<JoinHandle<()>>,
}

impl Origin {
    /// Answers by the query over plain HTTP unless told otherwise; see the words in
    /// [`OriginBuilder::answering`]'s absence: `status`, `size`, `delay` (milliseconds), `chunked`,
    /// `header=name:value`, `echo`, `early`, `never`, `close`, `reset`, `close_in_body`, `reset_in_body`.
    #[must_use]
    pub fn builder() -> OriginBuilder {
        OriginBuilder {
            tls: None,
            http2: false,
            script: Script::Head(Arc::new(query::answer)),
            address: SocketAddr::from((Ipv4Addr::LOCALHOST, 0)),
        }
    }

    /// Plain HTTP, answering by the query.
    #[must_use]
    pub fn http() -> Self {
        Self::builder().start()
    }

    /// HTTPS, answering by the query.
    #[must_use]
    pub fn https(server: &Issued) -> Self {
        Self::builder().tls(server).start()
    }

    /// HTTPS that demands a client certificate, answering by the query.
    #[must_use]
    pub fn mutual_tls(server: &Issued, clients: &X509) -> Self {
        Self::builder().mutual_tls(server, clients).start()
    }

    /// Where it listens.
    #[must_use]
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// `http://127.0.0.1:PORT` or `https://localhost:PORT`.
    #[must_use]
    pub fn url(&self) -> String {
        let host = if self.scheme == "https" {
            "localhost"
        } else {
            "127.0.0.1"
        };
        format!("{}://{host}:{}", self.scheme, self.address.port())
    }

    /// The requests whose bodies are over, in the order they ended.
    #[must_use]
    pub fn recorded(&self) -> Vec<Recorded> {
        self.log.all()
    }

    /// The newest of [`Origin::recorded`].
    #[must_use]
    pub fn last(&self) -> Option<Recorded> {
        self.log.all().pop()
    }

    /// Forgets the recorded requests; the counters go on.
    pub fn forget(&self) {
        self.log.clear();
    }

    /// How many requests began.
    #[must_use]
    pub fn request_count(&self) -> u64 {
        Log::count(&self.log.requests)
    }

    /// How many TCP connections were accepted.
    #[must_use]
    pub fn connection_count(&self) -> u64 {
        Log::count(&self.log.connections)
    }

    /// How many TLS handshakes failed.
    #[must_use]
    pub fn refused_handshakes(&self) -> u64 {
        Log::count(&self.log.refused_handshakes)
    }

    /// Stops it, with all its connections.
    pub fn stop(self) {
        drop(self);
    }
}

impl Drop for Origin {
    fn drop(&mut self) {
        let _ = self.stop.send(true);
        if let Some(thread) = self.thread.take() {
            let _ = thread.join();
        }
    }
}

impl std::fmt::Debug for Origin {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter
            .debug_struct("Origin")
            .field("url", &self.url())
            .finish_non_exhaustive()
    }
}
