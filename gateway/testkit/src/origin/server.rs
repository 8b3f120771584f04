//! The origin's server.
#![expect(clippy::expect_used, reason = "a test without its origin can only end")]

use std::net::{Ipv4Addr, SocketAddr};
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::thread::JoinHandle;

use gateway_tls::issue::Issued;
use http::{HeaderValue, Request, Response};
use http_body_util::BodyExt as _;
use hyper::body::Incoming;
use hyper::server::conn::{http1, http2};
use hyper::service::service_fn;
use hyper_util::rt::{TokioExecutor, TokioIo};
use openssl::hash::MessageDigest;
use openssl::ssl::{
    Ssl, SslContext, SslContextBuilder, SslMethod, SslRef, SslVerifyMode, SslVersion,
};
use openssl::x509::X509;
use openssl::x509::store::X509StoreBuilder;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::watch;
use tokio_openssl::SslStream;

use super::answer::{Answer, Content, Fault};
use super::query;
use super::record::{BodyDigest, Log, Recorded, RequestHead};
use super::wire::{ResetOnDrop, Wire};
use crate::body::{Body, BodySender, BoxError, bytes, channel, zeros};
use crate::hex;

type Script = Arc<dyn Fn(&RequestHead) -> Answer + Send + Sync>;

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
        self.script = Arc::new(script);
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
            script: Arc::new(query::answer),
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

fn tls_context(
    server: &Issued,
    clients: Option<&X509>,
) -> Result<SslContextBuilder, openssl::error::ErrorStack> {
    let mut context = SslContextBuilder::new(SslMethod::tls_server())?;
    context.set_min_proto_version(Some(SslVersion::TLS1_2))?;
    context.set_certificate(server.certificate())?;
    context.set_private_key(server.key())?;
    for above in server.chain() {
        context.add_extra_chain_cert(above.clone())?;
    }
    // Without it OpenSSL refuses to resume sessions that have a client certificate.
    context.set_session_id_context(b"origin")?;
    if let Some(authority) = clients {
        let mut store = X509StoreBuilder::new()?;
        store.add_cert(authority.clone())?;
        context.set_cert_store(store.build());
        context.add_client_ca(authority)?;
        context.set_verify(SslVerifyMode::PEER | SslVerifyMode::FAIL_IF_NO_PEER_CERT);
    }
    Ok(context)
}

struct Served {
    tls: Option<SslContext>,
    script: Script,
    log: Arc<Log>,
}

/// The client certificate of one connection.
#[derive(Clone, Default)]
struct Peer {
    connection: u64,
    sha1: Option<String>,
    sha256: Option<String>,
}

fn run(listener: std::net::TcpListener, served: Arc<Served>, mut stopped: watch::Receiver<bool>) {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .expect("a runtime for the origin");
    runtime.block_on(async move {
        let listener = TcpListener::from_std(listener).expect("a listener in the runtime");
        loop {
            tokio::select! {
                // Also ends when the sender is gone.
                _ = stopped.changed() => break,
                accepted = listener.accept() => {
                    // Out of descriptors, for instance: the next turn tries again.
                    let Ok((tcp, _)) = accepted else { continue };
                    tokio::spawn(connection(tcp, Arc::clone(&served)));
                }
            }
        }
    });
    // Dropping the runtime drops every connection.
}

async fn connection(tcp: TcpStream, served: Arc<Served>) {
    let _ = tcp.set_nodelay(true);
    let mut peer = Peer {
        connection: Log::next(&served.log.connections),
        ..Peer::default()
    };
    let (wire, reset) = Wire::new(tcp);
    let Some(context) = &served.tls else {
        return serve(wire, peer, reset, served).await;
    };
    let Ok(ssl) = Ssl::new(context) else { return };
    let Ok(mut stream) = SslStream::new(ssl, wire) else {
        return;
    };
    if Pin::new(&mut stream).accept().await.is_err() {
        Log::next(&served.log.refused_handshakes);
        return;
    }
    identify(stream.ssl(), &mut peer);
    if stream.ssl().selected_alpn_protocol() == Some(b"h2") {
        serve_http2(stream, peer, reset, served).await;
    } else {
        serve(stream, peer, reset, served).await;
    }
}

fn identify(ssl: &SslRef, peer: &mut Peer) {
    if let Some(certificate) = ssl.peer_certificate() {
        peer.sha1 = certificate
            .digest(MessageDigest::sha1())
            .ok()
            .map(|digest| hex(&digest));
        peer.sha256 = certificate
            .digest(MessageDigest::sha256())
            .ok()
            .map(|digest| hex(&digest));
    }
}

async fn serve<S>(stream: S, peer: Peer, reset: ResetOnDrop, served: Arc<Served>)
where
    S: AsyncRead + AsyncWrite + Unpin + Send + 'static,
{
    let service = service_fn(move |request| {
        respond(
            request,
            peer.clone(),
            Arc::clone(&reset),
            Arc::clone(&served),
        )
    });
    // A connection that ends badly is either the script's doing or the client's.
    let _ = http1::Builder::new()
        .max_headers(1024)
        .serve_connection(TokioIo::new(stream), service)
        .await;
}

async fn serve_http2<S>(stream: S, peer: Peer, reset: ResetOnDrop, served: Arc<Served>)
where
    S: AsyncRead + AsyncWrite + Unpin + Send + 'static,
{
    let service = service_fn(move |request| {
        respond(
            request,
            peer.clone(),
            Arc::clone(&reset),
            Arc::clone(&served),
        )
    });
    let _ = http2::Builder::new(TokioExecutor::new())
        .serve_connection(TokioIo::new(stream), service)
        .await;
}

async fn respond(
    request: Request<Incoming>,
    peer: Peer,
    reset: ResetOnDrop,
    served: Arc<Served>,
) -> Result<Response<Body>, BoxError> {
    Log::next(&served.log.requests);
    let (parts, incoming) = request.into_parts();
    let head = RequestHead {
        connection: peer.connection,
        path: parts
            .uri
            .path_and_query()
            .map_or_else(|| parts.uri.to_string(), ToString::to_string),
        method: parts.method,
        version: parts.version,
        headers: parts.headers,
        client_thumbprint: peer.sha1,
        client_thumbprint_sha256: peer.sha256,
    };
    let answer = (served.script)(&head);
    if matches!(answer.content, Content::Echo) && answer.fault == Fault::None {
        return Ok(echo(incoming, head, answer, served).await);
    }
    let recorded = if answer.read_body {
        read(incoming, head).await
    } else {
        BodyDigest::new().finish(head, false)
    };
    served.log.push(recorded);
    tokio::time::sleep(answer.delay).await;
    match answer.fault {
        Fault::Silence => std::future::pending().await,
        Fault::Close => Err("the script closes the connection".into()),
        Fault::Reset => {
            reset.store(true, Ordering::SeqCst);
            Err("the script resets the connection".into())
        }
        Fault::None | Fault::CloseInBody | Fault::ResetInBody => write(answer, reset).await,
    }
}

async fn read(mut incoming: Incoming, head: RequestHead) -> Recorded {
    let mut digest = BodyDigest::new();
    loop {
        match incoming.frame().await {
            None => return digest.finish(head, true),
            Some(Err(_)) => return digest.finish(head, false),
            Some(Ok(frame)) => match frame.into_data() {
                Ok(piece) => digest.update(&piece),
                Err(frame) => digest.trailers = frame.into_trailers().ok(),
            },
        }
    }
}

/// Streams the request's body back with the back-pressure of whoever reads it.
async fn echo(
    mut incoming: Incoming,
    head: RequestHead,
    answer: Answer,
    served: Arc<Served>,
) -> Response<Body> {
    use hyper::body::Body as _;

    let (sender, body) = channel(incoming.size_hint().exact());
    tokio::time::sleep(answer.delay).await;
    tokio::spawn(async move {
        let mut digest = BodyDigest::new();
        let mut complete = false;
        loop {
            match incoming.frame().await {
                None => {
                    complete = true;
                    break;
                }
                Some(Err(_)) => {
                    sender.fail("the request's body broke off").await;
                    break;
                }
                Some(Ok(frame)) => match frame.into_data() {
                    Ok(piece) => {
                        digest.update(&piece);
                        if !sender.send(piece).await {
                            break;
                        }
                    }
                    Err(frame) => digest.trailers = frame.into_trailers().ok(),
                },
            }
        }
        served.log.push(digest.finish(head, complete));
    });
    head_of(&answer, body)
}

async fn write(answer: Answer, reset: ResetOnDrop) -> Result<Response<Body>, BoxError> {
    let simple = answer.fault == Fault::None && answer.trailers.is_none();
    let body = match &answer.content {
        Content::Bytes(content) if simple => bytes(content.clone()),
        Content::Zeros { length, declared } if simple => zeros(*length, *declared),
        Content::Echo => return Err("echo cannot break off".into()),
        _ => {
            let (sender, body) = channel(declared_length(&answer));
            tokio::spawn(feed(sender, answer.clone(), reset));
            body
        }
    };
    Ok(head_of(&answer, body))
}

/// One byte more than there will be, when the body is to break off.
fn declared_length(answer: &Answer) -> Option<u64> {
    let breaks_off = u64::from(matches!(
        answer.fault,
        Fault::CloseInBody | Fault::ResetInBody
    ));
    match &answer.content {
        _ if answer.trailers.is_some() => None,
        Content::Bytes(content) => Some(content.len() as u64 + breaks_off),
        Content::Zeros {
            length,
            declared: true,
        } => Some(length + breaks_off),
        _ => None,
    }
}

async fn feed(sender: BodySender, answer: Answer, reset: ResetOnDrop) {
    match answer.content {
        Content::Bytes(content) => {
            if !content.is_empty() {
                sender.send(content).await;
            }
        }
        Content::Pieces(pieces) => {
            for (wait, piece) in pieces {
                tokio::time::sleep(wait).await;
                if !sender.send(piece).await {
                    return;
                }
            }
        }
        Content::Zeros { length, .. } => {
            let mut body = zeros(length, false);
            while let Some(Ok(frame)) = body.frame().await {
                if let Ok(piece) = frame.into_data()
                    && !sender.send(piece).await
                {
                    return;
                }
            }
        }
        Content::Echo => {}
    }
    if let Some(trailers) = answer.trailers {
        sender.trailers(trailers).await;
    }
    match answer.fault {
        Fault::CloseInBody => {
            sender.fail("the script breaks the body off").await;
        }
        Fault::ResetInBody => {
            reset.store(true, Ordering::SeqCst);
            sender.fail("the script resets the connection").await;
        }
        Fault::None | Fault::Silence | Fault::Close | Fault::Reset => {}
    }
}

fn head_of(answer: &Answer, body: Body) -> Response<Body> {
    let mut response = Response::new(body);
    *response.status_mut() = answer.status;
    *response.headers_mut() = answer.headers.clone();
    if let Some(trailers) = &answer.trailers {
        let names: Vec<&str> = trailers.keys().map(http::HeaderName::as_str).collect();
        if let Ok(names) = HeaderValue::from_str(&names.join(", ")) {
            response.headers_mut().insert(http::header::TRAILER, names);
        }
    }
    response
}
