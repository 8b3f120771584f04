//! A PKI per test, TLS clients and a scripted origin.
