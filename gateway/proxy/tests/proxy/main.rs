//! The data path whole: real sockets, TLS, policies and snapshots; only the admin API is missing.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    missing_docs,
    unreachable_pub,
    reason = "tests fail by panicking"
)]

mod backends;
mod bench;
mod bodies;
mod drain;
mod framing;
mod headers;
mod judging;
mod limits;
mod load;
mod records;
mod trusted_peer;
