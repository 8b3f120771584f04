//! A PKI, a host selector that a test can change, and a client that does what the test tells it.
#![allow(
    dead_code,
    unreachable_pub,
    missing_debug_implementations,
    reason = "each test binary uses a part"
)]

use std::collections::HashMap;
use std::pin::Pin;
use std::sync::atomic::{AtomicI64, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use gateway_tls::accept::{
    Accepted, Acceptor, AcceptorSettings, Alpn, HandshakeError, HostSelector, Selection,
};
use gateway_tls::cache::VerifiedChains;
use gateway_tls::chain::PresentedChain;
use gateway_tls::host::{ClientCertificateMode, HostContext, HostSettings, TlsVersion};
use gateway_tls::issue::{
    Authority, AuthorityOptions, CrlRequest, Issued, LeafRequest, Revocation, Subject, Validity,
};
use gateway_tls::key_material::{self, KeyMaterial};
use gateway_tls::trust::{RevocationPolicy, TrustBundle, TrustSpec};
use openssl::ssl::{
    Ssl, SslContextBuilder, SslMethod, SslSessionCacheMode, SslVerifyMode, SslVersion,
};
use openssl::x509::X509;
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt, DuplexStream};
use tokio_openssl::SslStream;

/// The injected time of all tests.
pub const NOW: i64 = 1_800_000_000;
pub const DAY: i64 = 86_400;

pub fn years_around_now() -> Validity {
    Validity {
        not_before: NOW - 100 * DAY,
        not_after: NOW + 1000 * DAY,
    }
}

pub fn authority_options() -> AuthorityOptions {
    AuthorityOptions {
        validity: years_around_now(),
        ..AuthorityOptions::default()
    }
}

/// A root, an intermediate below it, and who they issue for.
pub struct Pki {
    pub root: Authority,
    pub intermediate: Authority,
}

impl Pki {
    pub fn new(name: &str) -> Self {
        let root = Authority::new(
            &Subject::common_name(format!("{name} root")),
            &authority_options(),
        )
        .unwrap();
        let intermediate = root
            .intermediate(
                &Subject::common_name(format!("{name} intermediate")),
                &authority_options(),
            )
            .unwrap();
        Self { root, intermediate }
    }

    pub fn client(&self, name: &str) -> Issued {
        self.intermediate
            .issue(&LeafRequest::client(name).valid(years_around_now()))
            .unwrap()
    }

    pub fn spec(&self) -> TrustSpec {
        TrustSpec {
            roots: vec![der(self.root.certificate())],
            ..TrustSpec::default()
        }
    }

    pub fn bundle(&self) -> Arc<TrustBundle> {
        Arc::new(TrustBundle::build(&self.spec()).unwrap())
    }

    /// The root and current lists of both issuers, on which nobody stands but those given.
    pub fn spec_with_lists(&self, revoked: &[&Issued]) -> TrustSpec {
        TrustSpec {
            crls: vec![
                crl(&self.root, &[], NOW - DAY, NOW + 10 * DAY),
                crl(&self.intermediate, revoked, NOW - DAY, NOW + 5 * DAY),
            ],
            ..self.spec()
        }
    }
}

pub fn crl(authority: &Authority, revoked: &[&Issued], from: i64, until: i64) -> Arc<[u8]> {
    let request = CrlRequest {
        revoked: revoked
            .iter()
            .map(|issued| Revocation {
                serial: issued.serial().unwrap(),
                at: NOW - 2 * DAY,
            })
            .collect(),
        number: 1,
        this_update: from,
        next_update: until,
    };
    Arc::from(authority.crl(&request).unwrap().der())
}

pub fn der(certificate: &X509) -> Arc<[u8]> {
    Arc::from(certificate.to_der().unwrap())
}

/// Leaf and intermediates as a client sends them.
pub fn presented(issued: &Issued) -> PresentedChain {
    let certificates = std::iter::once(issued.certificate())
        .chain(issued.chain())
        .map(der)
        .collect();
    PresentedChain::new(certificates).unwrap()
}

pub fn server_material(name: &str) -> Arc<KeyMaterial> {
    let authority =
        Authority::new(&Subject::common_name("server ca"), &authority_options()).unwrap();
    let request = LeafRequest::server(name)
        .dns(name)
        .valid(years_around_now());
    let issued = authority.issue(&request).unwrap();
    Arc::new(
        key_material::from_pem(issued.chain_pem().as_bytes(), issued.key_pem().as_bytes()).unwrap(),
    )
}

/// A host with one ticket; revocation is not looked at unless the test says so.
pub fn host_settings(
    name: &str,
    mode: ClientCertificateMode,
    trust: &Arc<TrustBundle>,
) -> HostSettings {
    HostSettings {
        mode,
        revocation: RevocationPolicy::Off,
        ..HostSettings::new(name, server_material(name), Arc::clone(trust))
    }
}

/// Hosts by name; what has none is unrecognised. No server name selects `default`, if there is one.
#[derive(Default)]
pub struct Hosts(Mutex<HashMap<String, Selection>>);

impl Hosts {
    pub fn set(&self, settings: HostSettings) -> Arc<HostContext> {
        let key = settings.key.clone();
        let host = HostContext::build(settings).unwrap();
        self.0
            .lock()
            .unwrap()
            .insert(key, Selection::Host(Arc::clone(&host)));
        host
    }

    pub fn set_selection(&self, name: &str, selection: Selection) {
        self.0.lock().unwrap().insert(name.to_owned(), selection);
    }
}

impl HostSelector for Hosts {
    fn select(&self, server_name: Option<&str>) -> Selection {
        self.0
            .lock()
            .unwrap()
            .get(server_name.unwrap_or("default"))
            .cloned()
            .unwrap_or(Selection::Unrecognized)
    }
}

pub struct Gate {
    pub acceptor: Acceptor,
    pub hosts: Arc<Hosts>,
    pub chains: Arc<VerifiedChains>,
    pub clock: Arc<AtomicI64>,
}

impl Gate {
    pub fn new() -> Self {
        Self::with(|_| {})
    }

    pub fn with(change: impl FnOnce(&mut AcceptorSettings)) -> Self {
        let hosts = Arc::new(Hosts::default());
        let chains = Arc::new(VerifiedChains::default());
        let clock = Arc::new(AtomicI64::new(NOW));
        let read = Arc::clone(&clock);
        let mut settings = AcceptorSettings::new(
            Arc::clone(&hosts) as Arc<dyn HostSelector>,
            Arc::clone(&chains),
            Arc::new(move || read.load(Ordering::Relaxed)),
        );
        change(&mut settings);
        Self {
            acceptor: Acceptor::new(settings).unwrap(),
            hosts,
            chains,
            clock,
        }
    }

    pub fn advance(&self, seconds: i64) {
        self.clock.fetch_add(seconds, Ordering::Relaxed);
    }

    pub async fn meet(&self, client: Client) -> Meeting {
        self.meet_over(client, |stream| stream).await
    }

    /// `wire` sits between the client and the gateway.
    pub async fn meet_over<W>(
        &self,
        client: Client,
        wire: impl FnOnce(DuplexStream) -> W,
    ) -> Meeting
    where
        W: AsyncRead + AsyncWrite + Unpin,
    {
        let (near, far) = tokio::io::duplex(256 << 10);
        let server = async {
            let mut accepted = self.acceptor.accept(far).await?;
            // The client may be gone already, having disliked something: that is its result to tell.
            let _ = accepted.stream.write_all(b"!").await;
            let mut rest = Vec::new();
            let _ = accepted.stream.read_to_end(&mut rest).await;
            Ok(Seen::from(&accepted))
        };
        let both = async { tokio::join!(server, client.run(wire(near))) };
        let (server, client) = tokio::time::timeout(Duration::from_secs(20), both)
            .await
            .expect("the handshake ends");
        Meeting { server, client }
    }
}

pub struct Meeting {
    pub server: Result<Seen, HandshakeError>,
    pub client: Result<Heard, String>,
}

impl Meeting {
    pub fn both(self) -> (Seen, Heard) {
        match (self.server, self.client) {
            (Ok(seen), Ok(heard)) => (seen, heard),
            (server, client) => panic!(
                "server: {:?}, client: {:?}",
                server.err().map(|error| error.to_string()),
                client.err()
            ),
        }
    }

    pub fn refused(self) -> HandshakeError {
        match self.server {
            Err(error) => error,
            Ok(_) => panic!("the handshake succeeded"),
        }
    }
}

/// What the gateway knows about a connection.
#[derive(Debug)]
pub struct Seen {
    pub peer: Option<PresentedChain>,
    pub resumed: bool,
    pub server_name: Option<String>,
    pub host: String,
    pub alpn: Alpn,
    pub version: TlsVersion,
    pub cipher: &'static str,
}

impl<S> From<&Accepted<S>> for Seen {
    fn from(accepted: &Accepted<S>) -> Self {
        Self {
            peer: accepted.peer.clone(),
            resumed: accepted.resumed,
            server_name: accepted.server_name.clone(),
            host: accepted.host.key().to_owned(),
            alpn: accepted.alpn,
            version: accepted.version,
            cipher: accepted.cipher,
        }
    }
}

/// What the client knows about a connection.
#[derive(Debug)]
pub struct Heard {
    pub resumed: bool,
    /// Sessions received, DER, in order.
    pub sessions: Vec<Vec<u8>>,
}

impl Heard {
    pub fn session(&self) -> Vec<u8> {
        self.sessions.last().expect("a session").clone()
    }
}

#[derive(Clone)]
pub struct Client {
    pub server_name: Option<String>,
    pub version: SslVersion,
    pub certificates: Vec<X509>,
    pub key: Option<openssl::pkey::PKey<openssl::pkey::Private>>,
    pub session: Option<Vec<u8>>,
    pub groups: Option<&'static str>,
    pub alpn: Option<&'static [u8]>,
    pub ciphers: Option<&'static str>,
}

impl Client {
    pub fn to(server_name: &str, version: SslVersion) -> Self {
        Self {
            server_name: Some(server_name.to_owned()),
            version,
            certificates: Vec::new(),
            key: None,
            session: None,
            groups: None,
            alpn: None,
            ciphers: None,
        }
    }

    pub fn nameless(version: SslVersion) -> Self {
        Self {
            server_name: None,
            ..Self::to("", version)
        }
    }

    pub fn with(mut self, issued: &Issued) -> Self {
        self.certificates = std::iter::once(issued.certificate())
            .chain(issued.chain())
            .cloned()
            .collect();
        self.key = Some(issued.key().clone());
        self
    }

    pub fn resuming(mut self, session: Vec<u8>) -> Self {
        self.session = Some(session);
        self
    }

    async fn run<W: AsyncRead + AsyncWrite + Unpin>(self, wire: W) -> Result<Heard, String> {
        let sessions = Arc::new(Mutex::new(Vec::new()));
        let mut builder = SslContextBuilder::new(SslMethod::tls_client()).unwrap();
        builder.set_verify(SslVerifyMode::NONE);
        builder.set_min_proto_version(Some(self.version)).unwrap();
        builder.set_max_proto_version(Some(self.version)).unwrap();
        builder
            .set_session_cache_mode(SslSessionCacheMode::CLIENT | SslSessionCacheMode::NO_INTERNAL);
        let kept = Arc::clone(&sessions);
        builder.set_new_session_callback(move |_, session| {
            kept.lock().unwrap().push(session.to_der().unwrap());
        });
        if let Some(groups) = self.groups {
            builder.set_groups_list(groups).unwrap();
        }
        if let Some(ciphers) = self.ciphers {
            builder.set_cipher_list(ciphers).unwrap();
        }
        if let Some(alpn) = self.alpn {
            builder.set_alpn_protos(alpn).unwrap();
        }
        if let Some((leaf, others)) = self.certificates.split_first() {
            builder.set_certificate(leaf).unwrap();
            for other in others {
                builder.add_extra_chain_cert(other.clone()).unwrap();
            }
            builder.set_private_key(self.key.as_ref().unwrap()).unwrap();
        }
        let context = builder.build();
        let mut ssl = Ssl::new(&context).unwrap();
        if let Some(name) = &self.server_name {
            ssl.set_hostname(name).unwrap();
        }
        if let Some(session) = &self.session {
            gateway_tls::client_session::offer(&mut ssl, session).unwrap();
        }
        let mut stream = SslStream::new(ssl, wire).unwrap();
        Pin::new(&mut stream)
            .connect()
            .await
            .map_err(|error| error.to_string())?;
        // The byte comes after the tickets of TLS 1.3, or the alert that refuses the certificate.
        let mut byte = [0];
        stream
            .read_exact(&mut byte)
            .await
            .map_err(|error| error.to_string())?;
        let resumed = stream.ssl().session_reused();
        let _ = stream.shutdown().await;
        let mut sessions = sessions.lock().unwrap().clone();
        // OpenSSL does not announce the new ticket of a resumed TLS 1.2 session; the session has it.
        let renewed = stream.ssl().session().map(|now| now.to_der().unwrap());
        if resumed && self.version == SslVersion::TLS1_2 && renewed != self.session {
            sessions.extend(renewed);
        }
        Ok(Heard { resumed, sessions })
    }
}

pub const BOTH_VERSIONS: [SslVersion; 2] = [SslVersion::TLS1_2, SslVersion::TLS1_3];
