//! What tests of Countersign are made of: a PKI per test, TLS clients that say exactly what they
//! send and saw, a scripted origin, and a client for the admin API.
//!
//! Everything stays on loopback and on port 0, and ends when it is dropped. Clients answer with
//! `Result`; the PKI, the origin and [`eventually`] panic, because a test can do nothing better.

mod admin;
mod body;
mod client;
mod origin;
mod patience;
mod pki;

pub use admin::{AdminClient, AdminReply};
pub use body::{Body, BodySender, BoxError, bytes, channel, empty, zeros};
pub use client::{
    Alpn, Client, ClientBuilder, ClientError, Connection, Identity, RawTls, Response, Session,
    Streamed, TlsFacts, TlsVersion,
};
pub use gateway_tls::issue::Issued;
pub use origin::{Answer, Origin, OriginBuilder, Recorded, RequestHead};
pub use patience::{eventually, patience};
pub use pki::{Files, Pki};

/// Upper-case hexadecimal, as thumbprints are written.
#[must_use]
pub fn hex(octets: &[u8]) -> String {
    use std::fmt::Write as _;
    octets.iter().fold(
        String::with_capacity(octets.len() * 2),
        |mut text, octet| {
            // Writing into a String cannot fail.
            let _ = write!(text, "{octet:02X}");
            text
        },
    )
}
