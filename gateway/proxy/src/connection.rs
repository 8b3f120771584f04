//! One client connection: accept, handshake, identify; then its requests.

use std::net::IpAddr;
use std::rc::Rc;
use std::sync::Arc;
use std::time::Instant;

use gateway_config::judge::Identity;
use gateway_telemetry::label::{ConnectionRefusal, HandshakeEnd, TlsVersion};
use gateway_tls::accept::{Accepted, Alpn, Failure, HandshakeError};
use gateway_tls::host::{self, HostContext};
use gateway_tls::trust::Refusal as CertificateRefusal;
use http::Request;
use tokio::net::TcpStream;

use crate::body::Body;
use crate::front::framing::Refusal;
use crate::front::{self, Answer, End, Handler, Protocol};
use crate::limits;
use crate::peers::CertificateHeader;
use crate::refusals::Refused;
use crate::serve::serve;
use crate::worker::Worker;

/// What every request of a connection shares.
pub(crate) struct Connection {
    pub(crate) worker: Rc<Worker>,
    /// The client's address.
    pub(crate) address: IpAddr,
    /// The host configuration that the `ClientHello` chose.
    pub(crate) host: Arc<HostContext>,
    /// Who the client has proven to be. The verdict about it belongs to each request.
    pub(crate) identity: Option<Rc<Identity>>,
    /// The client is a trusted peer: each request names its own client in this header.
    pub(crate) speaks_for: Option<CertificateHeader>,
    pub(crate) tls: TlsVersion,
    pub(crate) resumed: bool,
}

impl Connection {
    /// SHA-1 thumbprint of the certificate that the handshake has proven.
    pub(crate) fn thumbprint(&self) -> Option<Arc<str>> {
        let identity = self.identity.as_ref()?;
        Some(Arc::clone(&identity.certificate.thumbprint))
    }
}

/// Takes a connection and stays with it until it ends.
pub(crate) async fn take(worker: Rc<Worker>, stream: TcpStream) {
    let Ok(peer) = stream.peer_addr() else { return };
    let address = peer.ip().to_canonical();
    if *worker.drain.borrow() {
        turn_away(&worker, address, ConnectionRefusal::Draining);
        return;
    }
    let (connection_permit, handshake_permit) = match worker.admission.admit(address) {
        Ok(permits) => permits,
        Err(limit) => {
            turn_away(&worker, address, refusal_label(limit));
            return;
        }
    };
    let _open = worker.metrics.connection();
    // Without it a small response waits for the client's delayed ACK.
    if stream.set_nodelay(true).is_err() {
        return;
    }
    let Some(accepted) = shake_hands(&worker, address, stream).await else {
        return;
    };
    drop(handshake_permit);
    let Some((stream, protocol, connection)) = identify(&worker, address, accepted) else {
        return;
    };
    let end = front::serve_connection(
        stream,
        protocol,
        connection,
        Rc::clone(&worker.front),
        worker.drain.clone(),
    )
    .await;
    match end {
        End::Orderly => {}
        End::WriteTimeout => tracing::debug!(client = %address, "the client took nothing; closed"),
        End::Failed(error) => tracing::debug!(client = %address, error, "the connection broke"),
    }
    drop(connection_permit);
}

fn turn_away(worker: &Worker, address: IpAddr, reason: ConnectionRefusal) {
    worker.metrics.refuse(reason);
    Refused::at_the_door(address, reason).record(worker);
}

async fn shake_hands(
    worker: &Rc<Worker>,
    address: IpAddr,
    stream: TcpStream,
) -> Option<Accepted<TcpStream>> {
    let began = Instant::now();
    let deadline = worker.settings.admission.handshake_timeout;
    let handshake = Box::pin(worker.acceptor.accept(stream));
    let count = |end, version, resumed| {
        let took = began.elapsed();
        worker.metrics.handshake(end, version, resumed, took);
    };
    match tokio::time::timeout(deadline, handshake).await {
        Ok(Ok(accepted)) => {
            let version = tls_version(accepted.version);
            count(HandshakeEnd::Accepted, version, accepted.resumed);
            Some(accepted)
        }
        Ok(Err(error)) => {
            let end = handshake_end(&error);
            count(end, TlsVersion::Unknown, false);
            let refused = Refused {
                tls: error.version.map(tls_version),
                error: Some(&error),
                ..Refused::without_error(address, end, began)
            };
            refused.record(worker);
            None
        }
        Err(_) => {
            count(HandshakeEnd::Timeout, TlsVersion::Unknown, false);
            Refused::without_error(address, HandshakeEnd::Timeout, began).record(worker);
            None
        }
    }
}

type Identified = (
    tokio_openssl::SslStream<TcpStream>,
    Protocol,
    Rc<Connection>,
);

/// Step *identify*: once per connection. A certificate that cannot be read lets nobody in.
fn identify(
    worker: &Rc<Worker>,
    address: IpAddr,
    accepted: Accepted<TcpStream>,
) -> Option<Identified> {
    let identity = match accepted.peer.map(Identity::from_chain) {
        None => None,
        Some(Ok(identity)) => Some(Rc::new(identity)),
        Some(Err(error)) => {
            tracing::warn!(client = %address, %error, "connection closed");
            let end = HandshakeEnd::UnreadableCertificate;
            Refused::without_error(address, end, Instant::now()).record(worker);
            return None;
        }
    };
    if let Some(identity) = &identity {
        worker.saw(identity);
    }
    let protocol = match accepted.alpn {
        Alpn::Http2 => Protocol::Http2,
        Alpn::Http11 | Alpn::None => Protocol::Http1,
    };
    let peers = worker.settings.peers.as_ref();
    let connection = Rc::new(Connection {
        worker: Rc::clone(worker),
        address,
        host: accepted.host,
        identity,
        speaks_for: peers.and_then(|peers| peers.header_from(address)),
        tls: tls_version(accepted.version),
        resumed: accepted.resumed,
    });
    Some((accepted.stream, protocol, connection))
}

impl Handler for Connection {
    async fn handle(self: Rc<Self>, request: Request<Body>, refusal: Option<Refusal>) -> Answer {
        serve(&self, request, refusal).await
    }
}

fn refusal_label(limit: limits::Refused) -> ConnectionRefusal {
    match limit {
        limits::Refused::ConnectionsPerWorker => ConnectionRefusal::WorkerConnections,
        limits::Refused::ConnectionsPerAddress => ConnectionRefusal::AddressConnections,
        limits::Refused::HandshakesPerWorker => ConnectionRefusal::WorkerHandshakes,
        limits::Refused::HandshakesPerAddress => ConnectionRefusal::AddressHandshakes,
    }
}

fn tls_version(version: host::TlsVersion) -> TlsVersion {
    match version {
        host::TlsVersion::Tls12 => TlsVersion::Tls12,
        host::TlsVersion::Tls13 => TlsVersion::Tls13,
    }
}

fn handshake_end(error: &HandshakeError) -> HandshakeEnd {
    match &error.failure {
        Failure::MalformedServerName | Failure::ServerNameChanged => HandshakeEnd::BadName,
        Failure::UnrecognizedName => HandshakeEnd::UnknownName,
        Failure::Unavailable => HandshakeEnd::HostUnavailable,
        Failure::CertificateRequired => HandshakeEnd::NoCertificate,
        Failure::CertificateRefused(refusal) => match refusal {
            CertificateRefusal::NotYetValid | CertificateRefusal::Expired => {
                HandshakeEnd::OutsideDates
            }
            CertificateRefusal::NotTrusted(_) => HandshakeEnd::Untrusted,
            CertificateRefusal::Revoked { .. } => HandshakeEnd::Revoked,
            CertificateRefusal::RevocationUnknown { .. } => HandshakeEnd::RevocationUnknown,
        },
        Failure::CertificateTooLarge => HandshakeEnd::UnreadableCertificate,
        Failure::NoSharedVersion | Failure::NoSharedParameters | Failure::NoApplicationProtocol => {
            HandshakeEnd::NothingInCommon
        }
        Failure::BadSignature | Failure::NotTls | Failure::Protocol(_) => HandshakeEnd::Protocol,
        Failure::PeerAlert(_) => HandshakeEnd::ClientAlert,
        Failure::Closed | Failure::Io(_) => HandshakeEnd::ClientClosed,
        Failure::Internal(_) => HandshakeEnd::Internal,
    }
}
