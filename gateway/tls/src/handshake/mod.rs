//! What the OpenSSL callbacks decide during a handshake, and who the peer is once it has finished.
//!
//! Nothing a callback sees is identity: certificates arrive before their key is proven, and a ticket is
//! decrypted before its holder has shown that it knows the session's secret. [`finish()`] reads identity from
//! what OpenSSL itself has authenticated.

mod certificates;
mod finish;
mod hello;
mod tickets;

use std::sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError};

use openssl::ex_data::Index;
use openssl::ssl::{Ssl, SslRef};
use openssl_sys as sys;

pub(crate) use self::certificates::verify_certificate;
pub(crate) use self::finish::{Finished, finish};
pub(crate) use self::hello::client_hello;
pub(crate) use self::tickets::{key_for_new_ticket, key_of_ticket, ticket_made, ticket_received};
use crate::accept::HostSelector;
use crate::cache::VerifiedChains;
use crate::chain::{IntermediateStore, PresentedChain};
use crate::host::HostContext;
use crate::ticket_keys::TicketKeys;
use crate::trust::Refusal;

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
    /// The lawful server name of the first hello, whether a host has it or not.
    asked_for: Option<String>,
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

    pub(crate) fn asked_for(&self) -> Option<String> {
        self.progress().asked_for.clone()
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
