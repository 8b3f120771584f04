//! What the proxy can be told, with the reason for every default.

use std::net::SocketAddr;
use std::path::PathBuf;
use std::time::Duration;

use gateway_policy::execution::DEFAULT_EFFECTS;
use gateway_policy::expression::BudgetLimits;

use crate::peers::TrustedPeers;

/// Settings of the data path; filled from the configuration file by `gateway`.
#[derive(Debug, Clone)]
pub struct ProxySettings {
    /// Addresses to listen on; port 0 takes a free one.
    pub listen: Vec<SocketAddr>,
    /// Worker threads; at least one.
    pub workers: usize,
    /// Whether responses carry `x-countersign-revision`.
    pub revision_header: bool,
    /// The pseudonym this gateway adds to `Via` (RFC 9110 section 7.6.3).
    pub via: String,
    /// Peers that say who the client is; `None`: nobody is believed.
    pub peers: Option<TrustedPeers>,
    /// Limits on connections and handshakes.
    pub admission: AdmissionSettings,
    /// Limits on what is worked on at a time.
    pub load: LoadSettings,
    /// Limits and deadlines towards clients.
    pub front: FrontSettings,
    /// Deadlines and pool sizes towards backends.
    pub upstream: UpstreamSettings,
    /// What the expressions of one policy may use up.
    pub policy: BudgetLimits,
    /// How many effects the policies of one request may ask for: requests, bodies, cache entries,
    /// counters, pauses, rounds of a `retry`.
    pub policy_effects: u32,
    /// What policies remember between requests.
    pub memory: MemorySettings,
    /// Whom the gateway asks who somebody is.
    pub identity: IdentitySettings,
    /// How messages of policies reach their loggers.
    pub loggers: LoggerSettings,
}

impl Default for ProxySettings {
    fn default() -> Self {
        Self {
            listen: Vec::new(),
            workers: 1,
            revision_header: false,
            via: "countersign".to_owned(),
            peers: None,
            admission: AdmissionSettings::default(),
            load: LoadSettings::default(),
            front: FrontSettings::default(),
            upstream: UpstreamSettings::default(),
            policy: BudgetLimits::default(),
            policy_effects: DEFAULT_EFFECTS,
            memory: MemorySettings::default(),
            identity: IdentitySettings::default(),
            loggers: LoggerSettings::default(),
        }
    }
}

/// How messages of policies reach their loggers.
#[derive(Debug, Clone)]
pub struct LoggerSettings {
    /// Where the files of loggers are; made when the first message comes.
    pub directory: PathBuf,
    /// Bytes of messages that may wait for one logger; more are dropped and counted.
    pub waiting_bytes: usize,
    /// Time for one request to a receiver.
    pub timeout: Duration,
}

impl Default for LoggerSettings {
    fn default() -> Self {
        Self {
            directory: PathBuf::from("loggers"),
            waiting_bytes: 8 * 1024 * 1024,
            timeout: Duration::from_secs(10),
        }
    }
}

/// OpenID providers whose keys verify tokens, and the gateway's own identity.
#[derive(Debug, Clone)]
pub struct IdentitySettings {
    /// How long a provider's keys are used before they are fetched anew.
    pub key_lifetime: Duration,
    /// Time between two fetches from one provider: because a token names an unknown key, or because
    /// the last fetch failed. Whoever sends such tokens must not make the gateway a nuisance.
    pub refresh_interval: Duration,
    /// How long the last keys are used while the provider is down.
    pub stale_lifetime: Duration,
    /// For each of a provider's documents, and for a token.
    pub timeout: Duration,
    /// Whether keys may come over plain HTTP.
    pub allow_http: bool,
    /// Where Microsoft Entra ID is.
    pub entra_authority: String,
    /// Providers kept: policies may compute their addresses.
    pub providers: usize,
    /// Tokens kept: policies may compute what they are for.
    pub tokens: usize,
    /// Where the gateway gets tokens of its own; `None`: nowhere.
    pub managed_identity: Option<ManagedIdentity>,
}

impl Default for IdentitySettings {
    fn default() -> Self {
        Self {
            key_lifetime: Duration::from_secs(3_600),
            refresh_interval: Duration::from_secs(300),
            stale_lifetime: Duration::from_secs(24 * 3_600),
            timeout: Duration::from_secs(10),
            allow_http: false,
            entra_authority: "https://login.microsoftonline.com".to_owned(),
            providers: 256,
            tokens: 256,
            managed_identity: None,
        }
    }
}

/// An endpoint that gives the gateway tokens.
#[derive(Clone)]
pub struct ManagedIdentity {
    /// Which requests it understands.
    pub kind: ManagedIdentityKind,
    /// Its URL.
    pub endpoint: String,
    /// What proves to it that the request comes from the application.
    pub secret: Option<String>,
}

impl std::fmt::Debug for ManagedIdentity {
    /// Without the secret.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("ManagedIdentity")
            .field("kind", &self.kind)
            .field("endpoint", &self.endpoint)
            .finish_non_exhaustive()
    }
}

/// Kinds of endpoints that give tokens.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ManagedIdentityKind {
    /// The instance metadata service of Azure's virtual machines, or one like it.
    Imds,
    /// The one of Azure App Service and Container Apps: with a secret.
    AppService,
}

/// What policies remember between requests, in the whole process.
#[derive(Debug, Clone)]
pub struct MemorySettings {
    /// Bytes of cached values and responses; the least used go first.
    pub cache_bytes: u64,
    /// Counters of rate limits and quotas. Each takes up to 1.5 KiB, however long its key is. A request
    /// that would need one more is refused: forgetting a counter instead would open a limit to whoever
    /// invents keys. One policy may have as many as are still free, alone half of them.
    pub counters: usize,
}

impl Default for MemorySettings {
    fn default() -> Self {
        Self {
            cache_bytes: 64 * 1024 * 1024,
            counters: 100_000,
        }
    }
}

/// How many clients are let in at a time. A connection over a limit is closed at once; accepting
/// itself never stops, because a queue that fills with silent connections keeps good clients out.
#[derive(Debug, Clone)]
pub struct AdmissionSettings {
    /// Open connections per worker.
    pub connections_per_worker: usize,
    /// Open connections per client address, over all workers.
    pub connections_per_address: usize,
    /// Handshakes in flight per worker.
    pub handshakes_per_worker: usize,
    /// Handshakes in flight per client address, over all workers.
    pub handshakes_per_address: usize,
    /// Time from accept to the end of the handshake.
    pub handshake_timeout: Duration,
}

impl Default for AdmissionSettings {
    fn default() -> Self {
        Self {
            connections_per_worker: 16_384,
            connections_per_address: 4_096,
            handshakes_per_worker: 2_048,
            handshakes_per_address: 256,
            handshake_timeout: Duration::from_secs(10),
        }
    }
}

/// How much is worked on at a time. A request over a limit is answered 503 with `Retry-After`, while
/// those that have begun go on.
#[derive(Debug, Clone)]
pub struct LoadSettings {
    /// Requests in flight per worker.
    pub requests_per_worker: usize,
    /// Bytes of bodies that policies have read into memory, per worker. Without it, many requests
    /// each within its own limit would still fill the machine.
    pub buffered_bytes_per_worker: usize,
    /// Requests of policies that nobody waits for, per worker. One over the limit is not sent.
    pub one_way_requests_per_worker: usize,
}

impl Default for LoadSettings {
    fn default() -> Self {
        Self {
            requests_per_worker: 16_384,
            buffered_bytes_per_worker: 256 * 1024 * 1024,
            one_way_requests_per_worker: 1_024,
        }
    }
}

/// Limits and deadlines towards clients.
#[derive(Debug, Clone)]
pub struct FrontSettings {
    /// Time for a complete request head, from its first byte (from the end of the handshake for the
    /// first one). Over it: 408.
    pub header_timeout: Duration,
    /// How long a connection may stay open without a request.
    pub idle_timeout: Duration,
    /// Longest pause between two pieces of a request body. Over it: 408.
    pub body_timeout: Duration,
    /// Longest time a client may take no byte of what is being sent to it.
    pub write_timeout: Duration,
    /// Bytes of a request head (HTTP/1.1) or of a decoded header list (HTTP/2). Over it: 431.
    pub max_head_bytes: usize,
    /// Header fields of a request, at most 100 (the HTTP/1.1 implementation's own limit). Over it:
    /// 431.
    pub max_header_fields: usize,
    /// Bytes of the request target. Over it: 414. APIM allows 16,384.
    pub max_target_bytes: usize,
    /// Bytes of a request body that is streamed; `None` for no limit. Over it: 413.
    pub max_body_bytes: Option<u64>,
    /// Bytes of a body that a policy has read into memory. Over it: 413 for a request.
    pub max_buffered_bytes: usize,
    /// Open streams of one HTTP/2 connection.
    pub http2_streams: u32,
    /// Time between HTTP/2 keep-alive pings.
    pub http2_ping_interval: Duration,
    /// Time for the answer to one.
    pub http2_ping_timeout: Duration,
}

impl Default for FrontSettings {
    fn default() -> Self {
        Self {
            header_timeout: Duration::from_secs(15),
            idle_timeout: Duration::from_secs(75),
            body_timeout: Duration::from_secs(60),
            write_timeout: Duration::from_secs(60),
            max_head_bytes: 32 * 1024,
            max_header_fields: 100,
            max_target_bytes: 16 * 1024,
            max_body_bytes: None,
            max_buffered_bytes: 4 * 1024 * 1024,
            http2_streams: 128,
            http2_ping_interval: Duration::from_secs(30),
            http2_ping_timeout: Duration::from_secs(20),
        }
    }
}

/// Deadlines and pool sizes towards backends.
#[derive(Debug, Clone)]
pub struct UpstreamSettings {
    /// Name look-up and TCP connect together.
    pub connect_timeout: Duration,
    /// The TLS handshake with the backend.
    pub handshake_timeout: Duration,
    /// Longest pause between two pieces of a response body.
    pub body_timeout: Duration,
    /// How long an unused connection is kept. Shorter than the keep-alive of common servers (Node
    /// 5 s is the exception), so that few requests meet a connection that is just being closed.
    pub idle_timeout: Duration,
    /// Unused connections kept per backend and worker.
    pub idle_per_backend: usize,
}

impl Default for UpstreamSettings {
    fn default() -> Self {
        Self {
            connect_timeout: Duration::from_secs(10),
            handshake_timeout: Duration::from_secs(10),
            body_timeout: Duration::from_secs(300),
            idle_timeout: Duration::from_secs(30),
            idle_per_backend: 64,
        }
    }
}
