//! Acceptor, workers, front, upstream and backends: the request.

mod body;
mod front;
mod headers;
mod limits;
mod settings;
mod target;
mod upstream;

pub use body::{Body, BodyError};
pub use settings::{AdmissionSettings, FrontSettings, ProxySettings, UpstreamSettings};
