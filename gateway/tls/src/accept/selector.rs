//! How the acceptor asks which host configuration a connection is for.

use std::sync::Arc;

use crate::host::HostContext;

/// Chooses a host configuration from the newest snapshot. Called inside the handshake: it must not block.
pub trait HostSelector: Send + Sync {
    /// `server_name` is one lawful ASCII name, lower-cased, without a trailing dot; `None` when the client
    /// sent none.
    fn select(&self, server_name: Option<&str>) -> Selection;
}

/// The answer of a [`HostSelector`].
#[derive(Debug, Clone)]
pub enum Selection {
    /// This host configuration.
    Host(Arc<HostContext>),
    /// No host has this name: alert `unrecognized_name`.
    Unrecognized,
    /// The host cannot be served, or nothing is configured: alert `internal_error`.
    Unavailable,
}
