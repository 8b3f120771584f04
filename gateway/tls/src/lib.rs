//! Certificates, trust, revocation, resumption and OpenSSL contexts.

pub mod issue;
