//! Where the operating system keeps its trusted roots. The vendored OpenSSL was built elsewhere and does
//! not know.

use std::path::{Path, PathBuf};

/// Bundles of the common distributions, most common first.
const FILES: &[&str] = &[
    "/etc/ssl/certs/ca-certificates.crt",
    "/etc/pki/ca-trust/extracted/pem/tls-ca-bundle.pem",
    "/etc/pki/tls/certs/ca-bundle.crt",
    "/etc/ssl/ca-bundle.pem",
    "/etc/ssl/cert.pem",
];

/// `SSL_CERT_FILE` if it is set (as OpenSSL has it), else the first bundle that exists.
pub(crate) fn bundle() -> Option<PathBuf> {
    if let Some(file) = std::env::var_os("SSL_CERT_FILE").filter(|file| !file.is_empty()) {
        return Some(PathBuf::from(file));
    }
    FILES
        .iter()
        .map(Path::new)
        .find(|path| path.is_file())
        .map(Path::to_path_buf)
}
