//! What the OpenSSL callbacks decide during a handshake, and who the peer is once it has finished.
//!
//! Nothing a callback sees is identity: certificates arrive before their key is proven, and a ticket is
//! decrypted before its holder has shown that it knows the session's secret. [`finish`] reads identity from
//! what OpenSSL itself has authenticated.

use std::ffi::c_int;
use std::sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError};

use openssl::error::ErrorStack;
use openssl::ex_data::Index;
use openssl::ssl::{Ssl, SslOptions, SslRef, SslSessionRef, SslVerifyMode};
use openssl::stack::StackRef;
use openssl::x509::{X509, X509Ref};
use openssl_sys as sys;

use crate::accept::{HostSelector, Selection};
use crate::appdata::TicketData;
use crate::cache::VerifiedChains;
use crate::chain::{IntermediateStore, PresentedChain};
use crate::ffi::connection;
use crate::host::{ClientCertificateMode, HostContext};
use crate::sni;
use crate::ticket_keys::{Generation, TicketKey, TicketKeys};
use crate::trust::{Profile, Refusal};

/// What all connections of an acceptor share.
pub(crate) struct Shared {
    pub(crate) selector: Arc<dyn HostSelector>,
    pub(crate) chains: Arc<VerifiedChains>,
    pub(crate) clock: Arc<dyn Fn() -> i64 + Send + Sync>,
    pub(crate) ticket_keys: TicketKeys,
    pub(crate) intermediates: IntermediateStore,
}

/// One handshake in progress, in the connection's `ex_data`.
pub(crate) struct Handshake {
    shared: Arc<Shared>,
    progress: Mutex<Progress>,
}

#[derive(Default)]
struct Progress {
    hello: Option<Hello>,
    /// Certificates the peer sent in this handshake, their key unproven.
    presented: Option<PresentedChain>,
    /// Chains of tickets the peer sent, its knowledge of their secret unproven. Only a copy of bytes:
    /// whose they are is read from the authenticated session.
    offered: Vec<PresentedChain>,
    stop: Option<Stop>,
}

#[derive(Clone)]
pub(crate) struct Hello {
    pub(crate) server_name: Option<String>,
    pub(crate) host: Arc<HostContext>,
}

/// Why a callback, or the check at the end, ended the handshake.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Stop {
    MalformedServerName,
    UnrecognizedName,
    Unavailable,
    ServerNameChanged,
    CertificateRequired,
    CertificateRefused(Refusal),
    Internal(String),
}

/// A TLS alert description (RFC 8446, 6).
pub(crate) struct AlertNumber(pub(crate) u8);

impl Stop {
    pub(crate) const fn alert(&self) -> u8 {
        match self {
            Self::MalformedServerName => 50,
            Self::UnrecognizedName => 112,
            Self::ServerNameChanged => 47,
            Self::CertificateRequired => 116,
            Self::CertificateRefused(refusal) => match refusal {
                Refusal::Expired | Refusal::NotYetValid => 45,
                Refusal::Revoked { .. } => 44,
                Refusal::RevocationUnknown { .. } => 46,
                Refusal::NotTrusted(untrusted)
                    if untrusted.code == sys::X509_V_ERR_INVALID_PURPOSE =>
                {
                    43
                }
                Refusal::NotTrusted(_) => 48,
            },
            Self::Unavailable | Self::Internal(_) => 80,
        }
    }
}

impl Handshake {
    pub(crate) fn new(shared: Arc<Shared>) -> Arc<Self> {
        Arc::new(Self {
            shared,
            progress: Mutex::default(),
        })
    }

    /// Puts the handshake into a connection's `ex_data`, whence the callbacks take it.
    pub(crate) fn attach(self: &Arc<Self>, ssl: &mut Ssl) -> Result<(), Stop> {
        let index = index().ok_or_else(|| Stop::Internal("no ex_data index".to_owned()))?;
        ssl.set_ex_data(index, Arc::clone(self));
        Ok(())
    }

    fn of(ssl: &SslRef) -> Option<Arc<Self>> {
        ssl.ex_data(index()?).map(Arc::clone)
    }

    fn progress(&self) -> MutexGuard<'_, Progress> {
        // A callback that panicked has ended its handshake; what it left behind is only read for the error.
        self.progress.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn now(&self) -> i64 {
        (self.shared.clock)()
    }

    pub(crate) fn hello(&self) -> Option<Hello> {
        self.progress().hello.clone()
    }

    /// SHA-1 of the leaf that the peer sent, whose key it may not have.
    pub(crate) fn unproven_thumbprint(&self) -> Option<[u8; 20]> {
        self.progress()
            .presented
            .as_ref()
            .map(PresentedChain::leaf_sha1)
    }

    pub(crate) fn take_stop(&self) -> Option<Stop> {
        self.progress().stop.take()
    }

    fn stop(&self, stop: Stop) -> Stop {
        self.progress().stop = Some(stop.clone());
        stop
    }
}

fn index() -> Option<Index<Ssl, Arc<Handshake>>> {
    static INDEX: OnceLock<Option<Index<Ssl, Arc<Handshake>>>> = OnceLock::new();
    *INDEX.get_or_init(|| Ssl::new_ex_index().ok())
}

/// Chooses the host configuration and sets the connection up for it.
pub(crate) fn client_hello(ssl: &mut SslRef) -> Result<(), AlertNumber> {
    let Some(handshake) = Handshake::of(ssl) else {
        return Err(AlertNumber(80));
    };
    choose_host(&handshake, ssl).map_err(|stop| AlertNumber(handshake.stop(stop).alert()))
}

fn choose_host(handshake: &Handshake, ssl: &mut SslRef) -> Result<(), Stop> {
    let server_name = connection::client_hello_server_name(ssl)
        .map(|extension| sni::parse(&extension))
        .transpose()
        .map_err(|sni::MalformedServerName| Stop::MalformedServerName)?;
    if let Some(first) = handshake.hello() {
        // The second hello, after a HelloRetryRequest: everything is set, and must stay as it is.
        return if first.server_name == server_name {
            Ok(())
        } else {
            Err(Stop::ServerNameChanged)
        };
    }
    let host = match handshake.shared.selector.select(server_name.as_deref()) {
        Selection::Host(host) => host,
        Selection::Unrecognized => return Err(Stop::UnrecognizedName),
        Selection::Unavailable => return Err(Stop::Unavailable),
    };
    handshake.progress().hello = Some(Hello {
        server_name,
        host: Arc::clone(&host),
    });
    apply(&host, ssl)
        .map_err(|error| Stop::Internal(format!("setting up the connection failed: {error}")))
}

/// The order matters: replacing the context overwrites the session-id context and the certificate block.
fn apply(host: &HostContext, ssl: &mut SslRef) -> Result<(), ErrorStack> {
    connection::set_context(ssl, host.context())?;
    connection::set_session_id_context(ssl, host.session_id_context())?;
    ssl.set_verify(match host.mode() {
        ClientCertificateMode::None => SslVerifyMode::NONE,
        ClientCertificateMode::Optional => SslVerifyMode::PEER,
        ClientCertificateMode::Required => {
            SslVerifyMode::PEER | SslVerifyMode::FAIL_IF_NO_PEER_CERT
        }
    });
    if host.tickets() == 0 {
        connection::change_options(ssl, SslOptions::NO_TICKET, SslOptions::empty());
    } else {
        connection::change_options(ssl, SslOptions::empty(), SslOptions::NO_TICKET);
    }
    ssl.set_min_proto_version(Some(host.min_version().to_openssl()))?;
    ssl.set_max_proto_version(Some(host.max_version().to_openssl()))?;
    connection::set_groups(ssl, host.groups())?;
    ssl.set_num_tickets(usize::from(host.tickets()))
}

/// Notes what was presented and, in mode `required`, judges it. The error is an `X509_V_ERR_…`, from which
/// OpenSSL picks the alert.
pub(crate) fn verify_certificate(
    ssl: &SslRef,
    leaf: &X509Ref,
    presented: &StackRef<X509>,
) -> Result<(), c_int> {
    let handshake = Handshake::of(ssl).ok_or(sys::X509_V_ERR_UNSPECIFIED)?;
    let hello = handshake.hello().ok_or(sys::X509_V_ERR_UNSPECIFIED)?;
    let internal = |what: &str| {
        handshake.stop(Stop::Internal(what.to_owned()));
        sys::X509_V_ERR_UNSPECIFIED
    };
    let chain = encode(presented, &handshake.shared.intermediates)
        .and_then(PresentedChain::new)
        .ok_or_else(|| internal("the presented certificates cannot be encoded"))?;
    if leaf.to_der().ok().as_deref() != Some(chain.leaf()) {
        return Err(internal("the leaf is not the first presented certificate"));
    }
    handshake.progress().presented = Some(chain.clone());
    if hello.host.mode() != ClientCertificateMode::Required {
        return Ok(());
    }
    judge(&handshake, &hello.host, &chain).map_err(|refusal| {
        let error = error_code(&refusal);
        handshake.stop(Stop::CertificateRefused(refusal));
        error
    })
}

fn encode(presented: &StackRef<X509>, known: &IntermediateStore) -> Option<Vec<Arc<[u8]>>> {
    presented
        .iter()
        .enumerate()
        .map(|(position, certificate)| {
            let der = certificate.to_der().ok()?;
            let shared = if position == 0 {
                None
            } else {
                known.get(&crate::digest::sha256(&der))
            };
            Some(shared.unwrap_or_else(|| Arc::from(der)))
        })
        .collect()
}

fn judge(handshake: &Handshake, host: &HostContext, chain: &PresentedChain) -> Result<(), Refusal> {
    handshake
        .shared
        .chains
        .verdict(host.trust(), chain, Profile::CLIENT, handshake.now())
        .accept(host.revocation())
}

/// The code from which OpenSSL picks the alert that [`Stop::alert`] names.
fn error_code(refusal: &Refusal) -> c_int {
    // Not in OpenSSL's table of alerts, which makes it `certificate_unknown`.
    const OCSP_CERT_UNKNOWN: c_int = 75;
    match refusal {
        Refusal::NotYetValid | Refusal::Expired => sys::X509_V_ERR_CERT_HAS_EXPIRED,
        Refusal::NotTrusted(untrusted) if untrusted.code == sys::X509_V_ERR_INVALID_PURPOSE => {
            untrusted.code
        }
        Refusal::NotTrusted(_) => sys::X509_V_ERR_UNABLE_TO_GET_ISSUER_CERT_LOCALLY,
        Refusal::Revoked { .. } => sys::X509_V_ERR_CERT_REVOKED,
        Refusal::RevocationUnknown { .. } => OCSP_CERT_UNKNOWN,
    }
}

/// Writes the ticket's application data. A session that has some already keeps it: it was resumed, or this
/// is the second ticket of one handshake. `false` ends the handshake.
pub(crate) fn ticket_made(ssl: &SslRef) -> bool {
    let (Some(handshake), Some(session)) = (Handshake::of(ssl), ssl.session()) else {
        return false;
    };
    if !connection::ticket_appdata(session).is_empty() {
        return true;
    }
    let data = TicketData::new(handshake.now(), handshake.progress().presented.as_ref());
    // Without data the ticket will be declined: that is what a chain too long for it gets.
    data.is_none_or(|data| connection::set_ticket_appdata(session, &data.encode()).is_ok())
}

/// Whether the session of a decrypted ticket may be resumed here and now. OpenSSL checks the session-id
/// context, the session's own expiry and the proof of its secret after this.
pub(crate) fn ticket_received(ssl: &SslRef, session: &SslSessionRef) -> bool {
    let Some(handshake) = Handshake::of(ssl) else {
        return false;
    };
    let Some(Hello { host, .. }) = handshake.hello() else {
        return false;
    };
    let Some(data) = TicketData::decode(&connection::ticket_appdata(session)) else {
        return false;
    };
    let age = handshake.now().saturating_sub(data.full_handshake_at);
    if !(0..=i64::from(host.max_ticket_age())).contains(&age) {
        return false;
    }
    let peer = connection::session_peer(session);
    match (host.mode(), data.chain, peer) {
        (ClientCertificateMode::None | ClientCertificateMode::Optional, None, None) => true,
        (
            ClientCertificateMode::Optional | ClientCertificateMode::Required,
            Some(reference),
            Some(peer),
        ) => {
            let Some(chain) = peer
                .to_der()
                .ok()
                .and_then(|leaf| reference.rebuild(&leaf, &handshake.shared.intermediates))
            else {
                return false;
            };
            // Time may have passed over the chain or a revocation list since the full handshake.
            let accepted = host.mode() == ClientCertificateMode::Optional
                || judge(&handshake, &host, &chain).is_ok();
            if accepted {
                handshake.progress().offered.push(chain);
            }
            accepted
        }
        _ => false,
    }
}

/// The key for a ticket being made.
pub(crate) fn key_for_new_ticket(ssl: &SslRef) -> Option<Arc<TicketKey>> {
    let handshake = Handshake::of(ssl)?;
    handshake.shared.ticket_keys.current(handshake.now()).ok()
}

/// The key that a received ticket names.
pub(crate) fn key_of_ticket(ssl: &SslRef, name: &[u8]) -> Option<(Arc<TicketKey>, Generation)> {
    let handshake = Handshake::of(ssl)?;
    handshake
        .shared
        .ticket_keys
        .find(name, handshake.now())
        .ok()?
}

/// What a finished handshake has shown.
pub(crate) struct Finished {
    pub(crate) hello: Hello,
    pub(crate) peer: Option<PresentedChain>,
    pub(crate) resumed: bool,
}

/// Takes the identity. Everything here is read after OpenSSL has verified `CertificateVerify` and Finished.
pub(crate) fn finish(handshake: &Handshake, ssl: &SslRef) -> Result<Finished, Stop> {
    let internal = |what: &str| Stop::Internal(what.to_owned());
    if !ssl.is_init_finished() {
        return Err(internal("the handshake has not finished"));
    }
    let hello = handshake
        .hello()
        .ok_or_else(|| internal("no host was chosen"))?;
    let resumed = ssl.session_reused();
    let peer = if resumed {
        resumed_peer(handshake, ssl)
            .ok_or_else(|| internal("the resumed session's peer cannot be told"))?
    } else {
        let presented = handshake.progress().presented.clone();
        let proven = ssl.peer_certificate().map(|leaf| leaf.to_der()).transpose();
        let proven = proven.map_err(|error| Stop::Internal(error.to_string()))?;
        if proven.as_deref() != presented.as_ref().map(PresentedChain::leaf) {
            return Err(internal("the proven certificate is not the presented one"));
        }
        for der in presented.iter().flat_map(PresentedChain::intermediates) {
            handshake.shared.intermediates.intern(der);
        }
        presented
    };
    match (hello.host.mode(), &peer) {
        (ClientCertificateMode::Required, None) => Err(Stop::CertificateRequired),
        (ClientCertificateMode::None, Some(_)) => {
            Err(internal("a certificate arrived that was not asked for"))
        }
        _ => Ok(Finished {
            hello,
            peer,
            resumed,
        }),
    }
}

/// `None`: it cannot be told. `Some(None)`: the session has no peer certificate.
fn resumed_peer(handshake: &Handshake, ssl: &SslRef) -> Option<Option<PresentedChain>> {
    let session = ssl.session()?;
    let data = TicketData::decode(&connection::ticket_appdata(session))?;
    match (data.chain, connection::session_peer(session)) {
        (None, None) => Some(None),
        (Some(reference), Some(leaf)) => {
            let leaf = leaf.to_der().ok()?;
            // An intermediate may have fallen out of the store since the ticket was read.
            let offered = std::mem::take(&mut handshake.progress().offered)
                .into_iter()
                .find(|chain| chain.key() == reference.key && chain.leaf() == leaf);
            let chain =
                offered.or_else(|| reference.rebuild(&leaf, &handshake.shared.intermediates))?;
            Some(Some(chain))
        }
        _ => None,
    }
}
