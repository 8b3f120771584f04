//! Sessions for resumption.

use std::sync::{Arc, Mutex, OnceLock, PoisonError};

use openssl::error::ErrorStack;
use openssl::ex_data::Index;
use openssl::ssl::{Ssl, SslRef, SslSessionRef};

use super::ClientError;

/// A session, serialised.
///
/// Serialised because a live TLS 1.3 session object resumes only once, and because freeing an SSL
/// that was not shut down marks its live TLS 1.2 session as not resumable.
#[derive(Clone, PartialEq, Eq)]
pub struct Session {
    der: Vec<u8>,
}

impl Session {
    /// A session in OpenSSL's DER form.
    #[must_use]
    pub fn from_der(der: Vec<u8>) -> Self {
        Self { der }
    }

    /// OpenSSL's DER form. It contains the secret of the session.
    #[must_use]
    pub fn der(&self) -> &[u8] {
        &self.der
    }

    pub(super) fn offer(&self, ssl: &mut SslRef) -> Result<(), ClientError> {
        Ok(gateway_tls::client_session::offer(ssl, &self.der)?)
    }
}

impl std::fmt::Debug for Session {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(formatter, "Session({} octets)", self.der.len())
    }
}

/// The sessions that arrived on one connection, oldest first.
#[derive(Debug, Clone, Default)]
pub(super) struct Sessions {
    received: Arc<Mutex<Vec<Session>>>,
}

impl Sessions {
    pub(super) fn attach(&self, ssl: &mut Ssl) -> Result<(), ErrorStack> {
        ssl.set_ex_data(index()?, self.clone());
        Ok(())
    }

    pub(super) fn all(&self) -> Vec<Session> {
        self.received
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .clone()
    }
}

/// OpenSSL's new-session callback: in TLS 1.3 once per ticket, after the handshake.
pub(super) fn keep(ssl: &SslRef, session: &SslSessionRef) {
    let Ok(index) = index() else { return };
    if let (Some(sessions), Ok(der)) = (ssl.ex_data(index), session.to_der()) {
        sessions
            .received
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .push(Session { der });
    }
}

fn index() -> Result<Index<Ssl, Sessions>, ErrorStack> {
    static INDEX: OnceLock<Index<Ssl, Sessions>> = OnceLock::new();
    if let Some(index) = INDEX.get() {
        return Ok(*index);
    }
    let index = Ssl::new_ex_index()?;
    Ok(*INDEX.get_or_init(|| index))
}
