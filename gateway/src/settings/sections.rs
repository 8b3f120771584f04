//! The sections of the configuration file, the limits aside.

use std::net::SocketAddr;
use std::path::PathBuf;
use std::time::Duration;

use gateway_config::hosts::UnknownName;
use gateway_proxy::Network;
use gateway_telemetry::logging::{LogFormat, check_filter};
use gateway_tls::trust::RevocationPolicy;

use super::section::{between, section};
use super::value::{LogTarget, PeerHeader};

section! {
    /// The data path: where clients connect.
    GatewaySection = "gateway" {
        /// Addresses to listen on. Always TLS.
        listen: Vec<SocketAddr> = ["0.0.0.0:8443"], |listen: &Vec<SocketAddr>| {
            if listen.is_empty() { Err("must name at least one address".to_owned()) } else { Ok(()) }
        };
        /// Worker threads, each with connections of its own. Without it: one for each core.
        workers: Option<usize> = none, |workers: &Option<usize>| match workers {
            None | Some(1..=1_024) => Ok(()),
            Some(_) => Err("must be from 1 to 1024".to_owned()),
        };
        /// How long requests in flight may go on after SIGTERM. Orchestrators kill after 30 s unless
        /// told otherwise; set theirs higher than this.
        drain_timeout: Duration = "30s";
        /// What is done with a server name (SNI) that no host has: `default` serves it with the default
        /// host's certificate and rules, `refuse` ends the handshake with `unrecognized_name`.
        unknown_server_name: UnknownName = "default";
        /// Whether responses carry `x-countersign-revision`, the revision that judged the request. It
        /// tells clients when the configuration changes, so it is for development.
        revision_header: bool = false;
    }
}

section! {
    /// Load balancers and other proxies that terminate TLS for clients and are believed when they say
    /// whose certificate it was. A request from one of them has the certificate in the header, judged
    /// like one from a handshake, or none: never the peer's own. A host in mode `required` demands a
    /// trusted certificate of the peer as well. Headers like these are removed from every request.
    TrustedPeersSection = "trusted_peers" {
        /// Addresses and networks (CIDR) that they connect from. Let nobody else send from there:
        /// whoever can is any client at will.
        networks: Vec<Network> = [], |networks: &Vec<Network>| {
            networks.iter().try_for_each(Network::check)
        };
        /// The one header that counts: `client-cert` (RFC 9440, with `Client-Cert-Chain`),
        /// `x-forwarded-client-cert` (Envoy; its last element), `x-arr-clientcert` or `x-client-cert` (base64
        /// of the DER), `x-ssl-client-cert` or `x-ssl-client-escaped-cert` (percent-encoded PEM, as nginx's
        /// `$ssl_client_escaped_cert`), or `none`. The peer must replace what its clients send under this name,
        /// and leave it out if there is no certificate: malformed, empty or twice, it is answered 400.
        certificate_header: PeerHeader = "none";
    }
}

section! {
    /// The admin API. Always TLS, always with the token.
    AdminSection = "admin" {
        /// Address to listen on. Whoever reaches it and has the token decides who is let in.
        listen: SocketAddr = "127.0.0.1:9443";
        /// Its certificate chain (PEM, leaf first).
        certificate: PathBuf = "admin.pem";
        /// The private key of that certificate (PEM, not encrypted).
        key: PathBuf = "admin.key";
        /// A file that holds the bearer token: at least 16 characters, not accessible to others.
        token_file: PathBuf = "admin-token";
    }
}

section! {
    /// `/healthz`, `/readyz` and `/metrics`, plain HTTP, without secrets.
    HealthSection = "health" {
        /// Address to listen on.
        listen: SocketAddr = "127.0.0.1:9080";
    }
}

section! {
    /// Where the configuration that the admin API writes is kept.
    StoreSection = "store" {
        /// The database. One process uses it at a time; its directory must be on a local disk.
        path: PathBuf = "countersign.db";
        /// The key that private keys and secret values in the store are sealed under. Created (mode
        /// 0600) if there is none. Keep a copy away from the database: without it they are lost.
        master_key_file: PathBuf = "master.key";
        /// So many revisions can be shown, compared and restored; older ones are forgotten.
        keep_revisions: u64 = 1000, between(1..=1_000_000);
    }
}

section! {
    /// How clients' certificates are trusted. Which authorities are trusted is set over the admin API.
    TrustSection = "trust" {
        /// What it means that the revocation status of a certificate is not known because a list is
        /// missing, expired or unusable: `hard` refuses, `soft` lets pass (a revoked certificate is
        /// refused), `off` does not look at revocation at all.
        revocation: RevocationPolicy = "hard";
    }
}

section! {
    /// What is written, and where. The process's own log goes to standard error.
    LogSection = "log" {
        /// Access records, one JSON line for each request: `stdout`, `off` or a file.
        access: LogTarget = "stdout";
        /// Audit records, one JSON line for each change that was asked for, on the disk before the
        /// answer: `off` or a file.
        audit: LogTarget = "audit.jsonl", |target: &LogTarget| match target {
            LogTarget::Stdout => Err("cannot be stdout: records must be on the disk; use a file or \"off\"".to_owned()),
            LogTarget::File(_) | LogTarget::Off => Ok(()),
        };
        /// The directory of the files that loggers with the destination `file` name; made when the
        /// first message comes.
        loggers: PathBuf = "loggers";
        /// What the process's own log shows: off, error, warn, info, debug, trace, or a list of
        /// `target=level`.
        level: String = "info,actix_server=warn", |level: &String| check_filter(level).map_err(|error| error.to_string());
        /// How the process's own log looks: `text` or `json`.
        format: LogFormat = "text";
    }
}
