//! Why a connector cannot be made, or a connection to a backend failed.

use std::io;

use openssl::error::ErrorStack;
use thiserror::Error;

use crate::accept::Alert;
use crate::certificate::CertificateError;

/// Why a connector cannot be made.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum ConnectorError {
    /// A root is not a certificate.
    #[error("root certificate {index}: {error}")]
    Root {
        /// Which one, counted from 0 as given.
        index: usize,
        /// What is wrong.
        error: CertificateError,
    },
    /// The system's roots are asked for and cannot be read.
    #[error("the system's trusted roots cannot be read: {0}")]
    SystemRoots(String),
    /// The client certificate cannot be used.
    #[error("the client certificate cannot be used: {0}")]
    ClientCertificate(String),
    /// OpenSSL failed for a reason of its own.
    #[error("OpenSSL: {0}")]
    OpenSsl(String),
}

impl From<ErrorStack> for ConnectorError {
    fn from(error: ErrorStack) -> Self {
        Self::OpenSsl(error.to_string())
    }
}

/// Why a connection to a backend failed.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum ConnectError {
    /// The name is neither a host name nor an address.
    #[error("`{0}` is not a host name")]
    ServerName(String),
    /// The backend's chain is not accepted.
    #[error(
        "the backend's certificate is not trusted: {message} (certificate {depth} of the chain)"
    )]
    Chain {
        /// OpenSSL's `X509_V_ERR_…`.
        code: i32,
        /// Which certificate of the path, the leaf being 0.
        depth: u32,
        /// What it means.
        message: String,
    },
    /// The backend's certificate is for another name.
    #[error("the backend's certificate is not for `{0}`")]
    Name(String),
    /// The backend sent a fatal alert: often that it wants a certificate, or another one.
    #[error("the backend sent the alert {0}")]
    Alert(Alert),
    /// The connection ended.
    #[error("the backend closed the connection during the handshake")]
    Closed,
    /// Reading or writing failed.
    #[error("the connection failed: {0}")]
    Io(io::ErrorKind),
    /// The backend broke the protocol, or speaks something else.
    #[error("the TLS handshake with the backend failed: {0}")]
    Protocol(String),
}

impl ConnectError {
    /// A short name for metrics and records.
    #[must_use]
    pub const fn label(&self) -> &'static str {
        match self {
            Self::ServerName(_) => "server_name",
            Self::Chain { .. } => "chain",
            Self::Name(_) => "name",
            Self::Alert(_) => "alert",
            Self::Closed => "closed",
            Self::Io(_) => "io",
            Self::Protocol(_) => "protocol",
        }
    }
}

/// The alert behind a read or write error on an established connection, if the backend sent one. In TLS 1.3
/// this is how it says that it refuses the client's certificate.
#[must_use]
pub fn backend_alert(error: &io::Error) -> Option<Alert> {
    let error = error.get_ref()?.downcast_ref::<openssl::ssl::Error>()?;
    alert_in(error.ssl_error()?)
}

pub(super) fn classify(error: &openssl::ssl::Error) -> ConnectError {
    const UNEXPECTED_EOF: i32 = 294;
    if let Some(stack) = error.ssl_error() {
        if let Some(alert) = alert_in(stack) {
            return ConnectError::Alert(alert);
        }
        let first = stack.errors().first();
        return match first {
            Some(first) if first.reason_code() == UNEXPECTED_EOF => ConnectError::Closed,
            Some(first) => ConnectError::Protocol(first.reason().unwrap_or("unknown").to_owned()),
            None => ConnectError::Protocol("unknown".to_owned()),
        };
    }
    match error.io_error() {
        Some(error) if error.kind() == io::ErrorKind::UnexpectedEof => ConnectError::Closed,
        Some(error) => ConnectError::Io(error.kind()),
        None => ConnectError::Closed,
    }
}

fn alert_in(stack: &ErrorStack) -> Option<Alert> {
    const LIBRARY_SSL: i32 = 20;
    const ALERT_OFFSET: i32 = 1000;
    stack
        .errors()
        .iter()
        .filter(|error| error.library_code() == LIBRARY_SSL)
        .filter_map(|error| u8::try_from(error.reason_code() - ALERT_OFFSET).ok())
        .map(Alert)
        .next()
}
