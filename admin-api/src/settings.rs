//! What the admin API is started with.

use std::net::TcpListener;
use std::sync::Arc;
use std::time::Duration;

use gateway_config::resource::identity_list::ListLimits;
use zeroize::Zeroizing;

use crate::audit::AuditSink;
use crate::auth::AdminToken;
use crate::explain::JudgedChains;
use crate::target::ServiceIdentity;

/// Everything but the control plane.
pub struct AdminSettings {
    /// Bound and listening; TLS is spoken on it.
    pub listener: TcpListener,
    /// Certificate and intermediates, PEM.
    pub certificate_pem: Vec<u8>,
    /// Private key, PEM.
    pub key_pem: Zeroizing<Vec<u8>>,
    /// Who may use it; at least one.
    pub tokens: Vec<AdminToken>,
    /// The names above the service in ids. On the long path any subscription and resource group are
    /// taken; the service must have this name.
    pub identity: ServiceIdentity,
    /// Bounds.
    pub limits: Limits,
    /// Where changes are recorded.
    pub audit: Arc<dyn AuditSink>,
    /// What is remembered about clients' certificates, for explaining.
    pub chains: Arc<dyn JudgedChains>,
}

impl std::fmt::Debug for AdminSettings {
    /// Without the key.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("AdminSettings")
            .field("listener", &self.listener)
            .field("identity", &self.identity)
            .field("limits", &self.limits)
            .finish_non_exhaustive()
    }
}

/// Bounds on what a client may ask for.
#[derive(Debug, Clone, Copy)]
pub struct Limits {
    /// Largest body, in bytes.
    pub body: usize,
    /// Largest body of an identity list, in bytes; it is read as a stream.
    pub list_body: usize,
    /// What is read of an identity list.
    pub list: ListLimits,
    /// Most elements of one page.
    pub page: usize,
    /// Most operations of one transaction.
    pub operations: usize,
    /// Longest pause between two parts of a body.
    pub body_pause: Duration,
    /// How much longer each wrong token makes the next refusal take.
    pub failure_delay: Duration,
    /// Most connections at once.
    pub connections: usize,
    /// How long requests in flight may take when the server is stopped.
    pub stop: Duration,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            body: 4 * 1024 * 1024,
            list_body: 512 * 1024 * 1024,
            list: ListLimits::default(),
            page: 1_000,
            operations: 10_000,
            body_pause: Duration::from_secs(30),
            failure_delay: Duration::from_millis(100),
            connections: 256,
            stop: Duration::from_secs(30),
        }
    }
}

/// Why the admin API did not start.
#[derive(Debug, thiserror::Error)]
pub enum StartError {
    /// Nobody could use it.
    #[error("there is no admin token")]
    NoToken,
    /// A token that could be guessed.
    #[error("the admin token `{0}` is shorter than {least} characters", least = crate::auth::SHORTEST_TOKEN)]
    ShortToken(Arc<str>),
    /// Certificate or key.
    #[error("the admin certificate cannot be used: {0}")]
    Certificate(String),
    /// The listener or its thread.
    #[error("the admin listener cannot be used: {0}")]
    Listener(#[from] std::io::Error),
}
