//! How a request reached the gateway, and what became of it.

use crate::workers::Worker;

/// The ways in which a request reaches the gateway.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Kind {
    /// An HTTP/1.1 connection that has carried requests before.
    KeepAlive,
    /// An HTTP/2 connection that has carried requests before and carries another stream now.
    Multiplexed,
    /// A connection that offers a TLS 1.3 session.
    Session13,
    /// A connection that offers a TLS 1.2 session.
    Session12,
    /// A connection that offers no session.
    Fresh,
}

impl Kind {
    /// All of them.
    pub const ALL: [Self; 5] = [
        Self::KeepAlive,
        Self::Multiplexed,
        Self::Session13,
        Self::Session12,
        Self::Fresh,
    ];

    /// Those that begin with a handshake.
    pub const HANDSHAKES: [Self; 3] = [Self::Session13, Self::Session12, Self::Fresh];

    /// Whether the connection was there before.
    #[must_use]
    pub const fn is_open(self) -> bool {
        matches!(self, Self::KeepAlive | Self::Multiplexed)
    }

    /// Whether a session is offered.
    #[must_use]
    pub const fn offers_session(self) -> bool {
        matches!(self, Self::Session13 | Self::Session12)
    }
}

/// What became of one request.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Outcome {
    /// It was answered, by this revision and this worker.
    Answered {
        /// The status.
        status: u16,
        /// The revision that judged.
        revision: u64,
        /// Where.
        worker: Worker,
    },
    /// A TLS alert ended the connection instead.
    Alert(String),
    /// Anything else.
    Failed(String),
}

/// One request as its client saw it.
#[derive(Debug, Clone)]
pub struct Seen {
    /// The way it took.
    pub kind: Kind,
    /// Whether the session that was offered was resumed; false where none was offered.
    pub resumed: bool,
    /// What became of it.
    pub outcome: Outcome,
}
