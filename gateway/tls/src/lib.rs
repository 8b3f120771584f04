//! Certificates, trust, revocation, resumption and OpenSSL contexts.
//!
//! The only crate of the workspace that touches OpenSSL. What it decides:
//!
//! - what a certificate says ([`certificate`], [`crl`], [`key_material`], [`server_certificate`]);
//! - whether a presented chain is trusted and what is known about its revocation ([`trust`]),
//!   remembered in [`cache`];
//! - what a TLS connection negotiates and who the peer is ([`host`], [`accept`]) and whom an
//!   upstream connection talks to ([`connect`]);
//! - what policies sign, verify and encrypt ([`crypto`]);
//! - how secrets rest on disk ([`seal`]).
//!
//! No policy lives here: a [`trust::Verdict`] is evidence, and its reader decides.

pub mod accept;
mod appdata;
pub mod cache;
pub mod certificate;
pub mod chain;
pub mod client_session;
pub mod connect;
pub mod crl;
pub mod crypto;
mod der;
pub mod digest;
mod ffi;
mod handshake;
pub mod host;
pub mod issue;
pub mod key_material;
pub mod name;
mod pem;
mod pfx;
pub mod random;
pub mod seal;
pub mod server_certificate;
mod sni;
mod stream_mode;
mod system_roots;
mod ticket_keys;
pub mod trust;
