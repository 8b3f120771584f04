//! OpenSSL calls that the `openssl` crate does not bind, wrapped so that their callers need no `unsafe`.
//!
//! Each callback that OpenSSL calls is an `extern "C"` function here that catches panics, turns pointers
//! into references that live as long as the call, and hands over to a safe function in
//! [`crate::handshake`] or to the caller's closure. A callback that cannot do its work fails closed.

pub(crate) mod callbacks;
pub(crate) mod connection;
mod externs;
pub(crate) mod revocation;
pub(crate) mod ticket_cipher;
pub(crate) mod verification;
