//! Hosts whose certificate and key are files: `[[host]]`.

use std::collections::HashMap;
use std::path::PathBuf;

use gateway_tls::host::ClientCertificateMode;

use super::files::FileCheck;
use super::reader::{Entry, Reader};

/// The name of the list.
pub(super) const LIST: &str = "host";

/// A host name with its certificate from files, which are read again when they change.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct HostEntry {
    /// The name in lower case, or `*.example.com` for every name with one label more.
    pub name: String,
    /// Certificate chain (PEM, leaf first).
    pub certificate: PathBuf,
    /// Its private key (PEM, not encrypted).
    pub key: PathBuf,
    /// Whether clients are asked for a certificate. `optional`: any is taken, policies judge it;
    /// `required`: without a trusted one there is no connection.
    pub client_certificate: ClientCertificateMode,
    /// Whether it serves clients that name no host. At most one does.
    pub default: bool,
}

/// For the reference: key, example, help.
pub(super) const REFERENCE: [(&str, &str, &str); 5] = [
    (
        "name",
        "\"api.example.com\"",
        "Host name, or \"*.example.com\". Required.",
    ),
    (
        "certificate",
        "\"fullchain.pem\"",
        "Certificate chain (PEM, leaf first). Required.",
    ),
    (
        "key",
        "\"privkey.pem\"",
        "Its private key (PEM, not encrypted). Required.",
    ),
    (
        "client_certificate",
        "\"optional\"",
        "none: not asked for. optional: any is taken, policies judge it. required: without a trusted one there is no connection.",
    ),
    (
        "default",
        "false",
        "Whether it serves clients that name no host. At most one does.",
    ),
];

/// All entries that can be used; what is wrong is noted by the reader.
pub(super) fn read(reader: &mut Reader<'_>, files: &mut FileCheck<'_>) -> Vec<HostEntry> {
    let mut hosts = Vec::new();
    let mut names: HashMap<String, String> = HashMap::new();
    let mut default: Option<String> = None;
    for entry in &reader.entries(LIST) {
        reader.check_entry_keys(entry, &REFERENCE.map(|(key, ..)| key));
        let name = read_name(reader, entry);
        let certificate: Option<PathBuf> = reader.entry_value(entry, "certificate", None);
        let key: Option<PathBuf> = reader.entry_value(entry, "key", None);
        let client_certificate =
            reader.entry_value(entry, "client_certificate", Some("\"optional\""));
        let is_default = reader.entry_value(entry, "default", Some("false"));
        if let Some(name) = &name
            && let Some(first) = names.insert(name.clone(), entry.label.clone())
        {
            note(
                reader,
                entry,
                "name",
                format!("`{name}` is the name of {first} too"),
            );
        }
        if is_default == Some(true)
            && let Some(first) = default.replace(entry.label.clone())
        {
            note(
                reader,
                entry,
                "default",
                format!("{first} is the default already"),
            );
        }
        if let (Some(certificate), Some(key)) = (&certificate, &key) {
            for (which, message) in files.key_pair(certificate, key) {
                note(reader, entry, which, message);
            }
            if let Some(warning) = files.exposed_key(key) {
                files.warn(
                    format!("{}.key", entry.label),
                    entry.place(reader, "key"),
                    warning,
                );
            }
        }
        if let (Some(name), Some(certificate), Some(key), Some(client_certificate), Some(default)) =
            (name, certificate, key, client_certificate, is_default)
        {
            hosts.push(HostEntry {
                name,
                certificate,
                key,
                client_certificate,
                default,
            });
        }
    }
    hosts
}

fn read_name(reader: &mut Reader<'_>, entry: &Entry) -> Option<String> {
    let name = reader
        .entry_value::<String>(entry, "name", None)?
        .to_ascii_lowercase();
    match check_name(&name) {
        Ok(()) => Some(name),
        Err(why) => {
            note(reader, entry, "name", format!("`{name}` {why}"));
            None
        }
    }
}

fn note(reader: &mut Reader<'_>, entry: &Entry, key: &str, message: String) {
    let place = entry.place(reader, key);
    reader.note_at(format!("{}.{key}", entry.label), place, message);
}

/// A name that a client can put into SNI (RFC 6066 section 3, RFC 1034 section 3.5), or a wildcard
/// for its whole first label (RFC 6125 section 6.4.3).
fn check_name(name: &str) -> Result<(), &'static str> {
    let labels = name.strip_prefix("*.").unwrap_or(name);
    if labels.contains('*') {
        return Err("may have a `*` only as its whole first label");
    }
    if name.len() > 253 {
        return Err("is longer than 253 characters");
    }
    if name.starts_with("*.") && !labels.contains('.') {
        return Err("would stand for every name of a top-level domain");
    }
    if labels.parse::<std::net::IpAddr>().is_ok() {
        return Err(
            "is an address; clients do not name addresses, make it the default host instead",
        );
    }
    let fits = |label: &str| {
        (1..=63).contains(&label.len())
            && label
                .bytes()
                .all(|b| b.is_ascii_alphanumeric() || b == b'-' || b == b'_')
            && !label.starts_with('-')
            && !label.ends_with('-')
    };
    if labels.split('.').all(fits) {
        Ok(())
    } else {
        Err("is not a host name")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn host_names_are_what_clients_can_name() {
        for name in [
            "localhost",
            "api.example.com",
            "*.example.com",
            "xn--bcher-kva.example",
            "a_b.example",
        ] {
            assert_eq!(check_name(name), Ok(()), "{name}");
        }
        let long = format!("{}.example", "a".repeat(64));
        for name in [
            "",
            "a..b",
            "*",
            "*.com",
            "a.*.com",
            "127.0.0.1",
            "::1",
            "-a.com",
            "bücher.example",
            "a.com.",
            &long,
        ] {
            assert!(check_name(name).is_err(), "{name}");
        }
    }
}
