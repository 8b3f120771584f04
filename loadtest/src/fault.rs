//! What goes wrong, told apart.

use gateway_testkit::ClientError;

/// Why a request got no whole response.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Fault {
    /// No TCP connection could be made.
    Connect,
    /// The target refused the client with a TLS alert, in the handshake or (TLS 1.3) right after it.
    Refused,
    /// The handshake failed otherwise.
    Handshake,
    /// The connection ended, without an alert, before its first response.
    ClosedEarly,
    /// A connection that was in use ended without the response that was due: what must not happen.
    Dropped,
    /// The response broke off in its body.
    BrokenBody,
    /// Nothing came within the deadline.
    Deadline,
    /// A fault of this program or its options.
    Own,
}

impl Fault {
    /// The fault behind an error. `established` says that the connection had already carried a
    /// response: only then an alert can no longer be about who the client is.
    #[must_use]
    pub fn of(error: &ClientError, established: bool) -> Self {
        match error {
            ClientError::Connect(_) => Self::Connect,
            ClientError::Handshake(_) if error.alert().is_some() => Self::Refused,
            ClientError::Handshake(_) => Self::Handshake,
            ClientError::Request { .. } if !established && error.alert().is_some() => Self::Refused,
            ClientError::Request { .. } if !established => Self::ClosedEarly,
            ClientError::Request { .. } | ClientError::Stream(_) => Self::Dropped,
            ClientError::ResponseBody(_) => Self::BrokenBody,
            ClientError::Deadline { .. } => Self::Deadline,
            ClientError::NotARequest(_)
            | ClientError::Json(_)
            | ClientError::Setting(_)
            | ClientError::Tls(_) => Self::Own,
        }
    }

    /// The word for reports.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Connect => "connect",
            Self::Refused => "refused by TLS alert",
            Self::Handshake => "handshake",
            Self::ClosedEarly => "closed before the first response",
            Self::Dropped => "dropped",
            Self::BrokenBody => "body broken off",
            Self::Deadline => "deadline",
            Self::Own => "own",
        }
    }
}
