//! Accepting connections and carrying requests to the script.
#![expect(clippy::expect_used, reason = "a test without its origin can only end")]

use std::pin::Pin;
use std::sync::Arc;

use gateway_tls::issue::Issued;
use hyper::server::conn::{http1, http2};
use hyper::service::service_fn;
use hyper_util::rt::{TokioExecutor, TokioIo};
use openssl::hash::MessageDigest;
use openssl::ssl::{
    Ssl, SslContext, SslContextBuilder, SslMethod, SslMode, SslRef, SslVerifyMode, SslVersion,
};
use openssl::x509::X509;
use openssl::x509::store::X509StoreBuilder;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::watch;
use tokio_openssl::SslStream;

use super::record::Log;
use super::respond::{Script, respond};
use super::wire::{ResetOnDrop, Wire};
use crate::hex;

pub(super) fn tls_context(
    server: &Issued,
    clients: Option<&X509>,
) -> Result<SslContextBuilder, openssl::error::ErrorStack> {
    let mut context = SslContextBuilder::new(SslMethod::tls_server())?;
    // A write that is tried again may come from another buffer: bodies grow while they wait.
    context.set_mode(SslMode::ENABLE_PARTIAL_WRITE | SslMode::ACCEPT_MOVING_WRITE_BUFFER);
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

/// What every connection is served with.
pub(super) struct Served {
    pub(super) tls: Option<SslContext>,
    pub(super) script: Script,
    pub(super) log: Arc<Log>,
}

/// The client certificate of one connection.
#[derive(Clone, Default)]
pub(super) struct Peer {
    pub(super) connection: u64,
    pub(super) sha1: Option<String>,
    pub(super) sha256: Option<String>,
}

/// Serves until told to stop.
pub(super) fn run(
    listener: std::net::TcpListener,
    served: Arc<Served>,
    mut stopped: watch::Receiver<bool>,
) {
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
