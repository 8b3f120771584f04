//! Why a handshake failed: one reason, whose fault, which alert.

use std::fmt;
use std::io;

use openssl::error::ErrorStack;
use openssl::ssl::{Error as SslError, ErrorCode, SslRef};

use super::alert::Alert;
use crate::digest::upper_hex;
use crate::handshake::{Handshake, Stop};
use crate::host::TlsVersion;
use crate::trust::Refusal;

/// A handshake that did not finish.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct HandshakeError {
    /// The reason.
    pub failure: Failure,
    /// Whose fault it was.
    pub fault: Fault,
    /// The alert that was sent to, or received from, the peer, where it is known.
    pub alert: Option<Alert>,
    /// The server name, if the `ClientHello` was understood.
    pub server_name: Option<String>,
    /// Id of the host configuration, if one was chosen.
    pub host: Option<String>,
    /// The protocol version, if one was agreed on.
    pub version: Option<TlsVersion>,
    /// SHA-1 of the leaf that the client sent. **Not proven**: anyone can send anyone's certificate.
    pub unproven_thumbprint: Option<[u8; 20]>,
}

/// Why a handshake failed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Failure {
    /// The server name extension is not one lawful host name.
    MalformedServerName,
    /// No host has this name.
    UnrecognizedName,
    /// The host cannot be served now.
    Unavailable,
    /// The second `ClientHello` named another host than the first.
    ServerNameChanged,
    /// Mode `required`, and no certificate came.
    CertificateRequired,
    /// Mode `required`, and the certificate was refused.
    CertificateRefused(Refusal),
    /// The client could not prove that it has the certificate's key.
    BadSignature,
    /// The client speaks no TLS version that the host speaks.
    NoSharedVersion,
    /// No cipher suite, group or signature algorithm in common.
    NoSharedParameters,
    /// ALPN offered nothing that is spoken here.
    NoApplicationProtocol,
    /// The client speaks something else: plain HTTP, for example.
    NotTls,
    /// The client's certificate message is too large.
    CertificateTooLarge,
    /// The client sent a fatal alert: often that it does not trust the server's certificate.
    PeerAlert(Alert),
    /// The client closed the connection before it was done.
    Closed,
    /// Reading or writing failed.
    Io(io::ErrorKind),
    /// The client broke the protocol in another way.
    Protocol(String),
    /// Something failed on this side.
    Internal(String),
}

/// Whose fault a failure was.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Fault {
    /// The client's.
    Client,
    /// Ours: configuration or an internal failure.
    Server,
    /// The connection's.
    Network,
}

impl Failure {
    /// A short name for metrics and records; the set is small and fixed.
    #[must_use]
    pub const fn label(&self) -> &'static str {
        match self {
            Self::MalformedServerName => "malformed_server_name",
            Self::UnrecognizedName => "unrecognized_name",
            Self::Unavailable => "unavailable",
            Self::ServerNameChanged => "server_name_changed",
            Self::CertificateRequired => "certificate_required",
            Self::CertificateRefused(Refusal::NotTrusted(_)) => "unknown_ca",
            Self::CertificateRefused(refusal) => refusal.label(),
            Self::BadSignature => "bad_signature",
            Self::NoSharedVersion => "no_shared_version",
            Self::NoSharedParameters => "no_shared_parameters",
            Self::NoApplicationProtocol => "no_application_protocol",
            Self::NotTls => "not_tls",
            Self::CertificateTooLarge => "certificate_too_large",
            Self::PeerAlert(_) => "peer_alert",
            Self::Closed => "closed",
            Self::Io(_) => "io",
            Self::Protocol(_) => "protocol",
            Self::Internal(_) => "internal",
        }
    }

    const fn fault(&self) -> Fault {
        match self {
            Self::Unavailable | Self::Internal(_) => Fault::Server,
            Self::Closed | Self::Io(_) => Fault::Network,
            _ => Fault::Client,
        }
    }

    const fn alert(&self) -> Option<Alert> {
        match self {
            Self::BadSignature => Some(Alert(51)),
            Self::NoSharedVersion => Some(Alert(70)),
            Self::NoSharedParameters => Some(Alert(40)),
            Self::NoApplicationProtocol => Some(Alert(120)),
            Self::PeerAlert(alert) => Some(*alert),
            _ => None,
        }
    }
}

impl HandshakeError {
    /// A short name for metrics and records.
    #[must_use]
    pub const fn label(&self) -> &'static str {
        self.failure.label()
    }

    /// A callback or the last check ended the handshake.
    pub(crate) fn stopped(handshake: &Handshake, stop: Stop) -> Self {
        let alert = Some(Alert(stop.alert()));
        let failure = match stop {
            Stop::MalformedServerName => Failure::MalformedServerName,
            Stop::UnrecognizedName => Failure::UnrecognizedName,
            Stop::Unavailable => Failure::Unavailable,
            Stop::ServerNameChanged => Failure::ServerNameChanged,
            Stop::CertificateRequired => Failure::CertificateRequired,
            Stop::CertificateRefused(refusal) => Failure::CertificateRefused(refusal),
            Stop::Internal(what) => Failure::Internal(what),
        };
        Self::with(handshake, failure, alert)
    }

    /// OpenSSL ended the handshake, perhaps because a callback told it to.
    pub(crate) fn failed(handshake: &Handshake, error: &SslError, ssl: &SslRef) -> Self {
        let failed = match handshake.take_stop() {
            Some(stop) => Self::stopped(handshake, stop),
            None => {
                let failure = classify(error);
                let alert = failure.alert();
                Self::with(handshake, failure, alert)
            }
        };
        failed.over(handshake, ssl)
    }

    /// With the version of the connection that failed.
    pub(crate) fn over(self, handshake: &Handshake, ssl: &SslRef) -> Self {
        Self {
            version: agreed_version(handshake, &self.failure, ssl),
            ..self
        }
    }

    fn with(handshake: &Handshake, failure: Failure, alert: Option<Alert>) -> Self {
        let host = handshake.hello().map(|hello| hello.host.key().to_owned());
        Self {
            fault: failure.fault(),
            failure,
            alert,
            server_name: handshake.asked_for(),
            host,
            version: None,
            unproven_thumbprint: handshake.unproven_thumbprint(),
        }
    }
}

/// The version that a failed handshake had agreed on. Before there is one, OpenSSL names its own highest: it
/// chooses right after the host has been chosen.
fn agreed_version(handshake: &Handshake, failure: &Failure, ssl: &SslRef) -> Option<TlsVersion> {
    if *failure == Failure::NoSharedVersion || handshake.hello().is_none() {
        return None;
    }
    let version = ssl.version2()?;
    [TlsVersion::Tls12, TlsVersion::Tls13]
        .into_iter()
        .find(|known| known.to_openssl() == version)
}

fn classify(error: &SslError) -> Failure {
    if let Some(stack) = error.ssl_error() {
        return stack_failure(stack);
    }
    match error.io_error() {
        Some(error) if error.kind() == io::ErrorKind::UnexpectedEof => Failure::Closed,
        Some(error) => Failure::Io(error.kind()),
        // OpenSSL reports an end of the stream without close_notify as a system call without an error.
        None if matches!(error.code(), ErrorCode::SYSCALL | ErrorCode::ZERO_RETURN) => {
            Failure::Closed
        }
        None => Failure::Protocol(error.to_string()),
    }
}

/// `SSL_R_…` of `sslerr.h`.
fn stack_failure(stack: &ErrorStack) -> Failure {
    const LIBRARY_SSL: i32 = 20;
    const ALERT_OFFSET: i32 = 1000;
    let mut errors = stack.errors().iter();
    let Some(error) = errors.find(|error| error.library_code() == LIBRARY_SSL) else {
        return Failure::Protocol(stack.to_string());
    };
    match error.reason_code() {
        reason @ 1000..=1255 => Failure::PeerAlert(Alert(
            u8::try_from(reason - ALERT_OFFSET).unwrap_or(u8::MAX),
        )),
        123 | 264 | 265 => Failure::BadSignature,
        116 | 258 | 266 | 396 => Failure::NoSharedVersion,
        191 | 193 | 376 | 410 | 295 | 101 | 118 | 378 | 370 => Failure::NoSharedParameters,
        199 => Failure::CertificateRequired,
        235 => Failure::NoApplicationProtocol,
        155 | 156 | 198 | 252 | 267 | 443 => Failure::NotTls,
        152 => Failure::CertificateTooLarge,
        294 => Failure::Closed,
        _ => Failure::Protocol(error.reason().unwrap_or("unknown").to_owned()),
    }
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::MalformedServerName => {
                f.write_str("the server name is not one lawful host name")?
            }
            Self::UnrecognizedName => f.write_str("no host has this name")?,
            Self::Unavailable => f.write_str("the host cannot be served now")?,
            Self::ServerNameChanged => {
                f.write_str("the second ClientHello named another host than the first")?
            }
            Self::CertificateRequired => f.write_str("a client certificate is required")?,
            Self::CertificateRefused(refusal) => write!(f, "{refusal}")?,
            Self::BadSignature => {
                f.write_str("the client did not prove that it has the certificate's key")?
            }
            Self::NoSharedVersion => f.write_str("no TLS version in common")?,
            Self::NoSharedParameters => {
                f.write_str("no cipher suite, group or signature algorithm in common")?;
            }
            Self::NoApplicationProtocol => {
                f.write_str("no application protocol (ALPN) in common")?
            }
            Self::NotTls => f.write_str("the client does not speak TLS")?,
            Self::CertificateTooLarge => f.write_str("the client's certificates are too large")?,
            Self::PeerAlert(alert) => write!(f, "the client sent the alert {alert}")?,
            Self::Closed => f.write_str("the client closed the connection")?,
            Self::Io(kind) => write!(f, "the connection failed: {kind}")?,
            Self::Protocol(reason) => write!(f, "the client broke the TLS protocol: {reason}")?,
            Self::Internal(reason) => write!(f, "internal failure: {reason}")?,
        }
        Ok(())
    }
}

impl fmt::Display for HandshakeError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.failure)?;
        if let Some(name) = &self.server_name {
            write!(f, "; server name {name}")?;
        }
        if let Some(thumbprint) = &self.unproven_thumbprint {
            write!(f, "; certificate sent (unproven) {}", upper_hex(thumbprint))?;
        }
        Ok(())
    }
}

impl std::error::Error for HandshakeError {}
