//! Acceptor, workers, front, upstream and backends: the request.
//!
//! The story of a request is `serve`; that of a connection, `connection`. Around them: [`Proxy`]
//! starts workers and drains them, `front` speaks HTTP with clients and `upstream` with backends,
//! both behind `http` types and one [`Body`].

mod arrival;
mod body;
mod captured;
mod connection;
mod effect;
mod exchange;
mod failure;
mod front;
mod headers;
mod identity;
mod limits;
mod loggers;
mod memory;
mod outgoing;
mod panics;
mod passage;
mod peers;
mod refusals;
mod respond;
mod routing;
mod serve;
mod settings;
mod target;
mod upstream;
mod worker;
mod workers;

pub use body::{Body, BodyError};
pub use peers::{CertificateHeader, Network, NotANetwork, TrustedPeers};
pub use settings::{
    AdmissionSettings, FrontSettings, IdentitySettings, LoadSettings, LoggerSettings,
    ManagedIdentity, ManagedIdentityKind, MemorySettings, ProxySettings, UpstreamSettings,
};
pub use worker::ProxyDependencies;
pub use workers::{Drained, Proxy, ProxyHandle, StartError};
