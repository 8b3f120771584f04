//! Certificates, lists and times from files and arguments.

use std::path::Path;
use std::sync::Arc;

use gateway_policy::host::UnixNanos;
use gateway_tls::certificate;
use gateway_tls::key_material;
use serde_json::{Value, json};

use super::{Unusable, files};

/// Reads what a client presents, leaf first: a PEM file with one certificate or a chain, a DER file, or
/// a PFX file written `FILE.pfx` or `FILE.pfx:password`.
///
/// # Errors
/// If the file is none of them.
pub fn presented(argument: &str, directory: &Path) -> Result<Vec<Arc<[u8]>>, Unusable> {
    if let Some((path, password)) = pfx(argument) {
        let path = directory.join(path);
        let material = key_material::from_pfx(&files::read(&path)?, Some(password))
            .map_err(|error| Unusable::file(&path, error))?;
        let leaf = Arc::clone(&material.facts().der);
        let mut chain = vec![leaf];
        for der in material.chain_der() {
            if !chain.contains(der) {
                chain.push(Arc::clone(der));
            }
        }
        return Ok(chain);
    }
    let path = directory.join(argument);
    let bytes = files::read(&path)?;
    let many = match certificate::parse(&bytes) {
        Ok(one) => vec![one],
        Err(_) => {
            certificate::parse_many_pem(&bytes).map_err(|error| Unusable::file(&path, error))?
        }
    };
    Ok(many.into_iter().map(|facts| facts.der).collect())
}

/// Reads an uploaded certificate: PFX file and password.
///
/// # Errors
/// If it is not written `FILE.pfx[:password]` or cannot be read.
pub fn uploaded(argument: &str, directory: &Path) -> Result<(Vec<u8>, String), Unusable> {
    let (path, password) = pfx(argument).ok_or_else(|| {
        Unusable(format!(
            "an uploaded certificate is written FILE.pfx:password: `{argument}`"
        ))
    })?;
    Ok((files::read(&directory.join(path))?, password.to_owned()))
}

/// The parts of `FILE.pfx:password`.
fn pfx(argument: &str) -> Option<(&str, &str)> {
    for end in [".pfx", ".p12"] {
        if argument.ends_with(end) {
            return Some((argument, ""));
        }
        let marked = format!("{end}:");
        if let Some(at) = argument.find(&marked) {
            let (path, password) = argument.split_at(at + end.len());
            return Some((path, password.strip_prefix(':').unwrap_or(password)));
        }
    }
    None
}

/// Reads an identity list: the body of the management API, an object with `identities`, or an array of
/// identities, each an object with claims or only a thumbprint.
///
/// # Errors
/// If the file is no JSON, or no such list.
pub fn identity_list(path: &Path) -> Result<Value, Unusable> {
    let text = files::read_text(path)?;
    let content: Value =
        serde_json::from_str(&text).map_err(|error| Unusable::file(path, error))?;
    if content.get("properties").is_some() {
        return Ok(content);
    }
    let identities = content.get("identities").unwrap_or(&content);
    let Value::Array(identities) = identities else {
        return Err(Unusable::file(path, "an array of identities is expected"));
    };
    let named: Vec<Value> = identities
        .iter()
        .enumerate()
        .map(|(number, identity)| {
            let mut identity = match identity {
                Value::String(thumbprint) => json!({ "thumbprint": thumbprint }),
                other => other.clone(),
            };
            if let Value::Object(members) = &mut identity
                && !members.contains_key("name")
            {
                members.insert("name".to_owned(), Value::from(format!("identity-{number}")));
            }
            identity
        })
        .collect();
    Ok(json!({ "properties": { "identities": named } }))
}

/// Reads a moment (RFC 3339), such as `2026-06-01T00:00:00Z`.
///
/// # Errors
/// If it is none.
pub fn moment(text: &str) -> Result<UnixNanos, Unusable> {
    let moment: jiff::Timestamp = text.trim().parse().map_err(|error| {
        Unusable(format!(
            "a time is written 2026-06-01T00:00:00Z: `{text}`: {error}"
        ))
    })?;
    Ok(moment.as_nanosecond())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_pfx_file_may_be_followed_by_its_password() {
        assert_eq!(pfx("a/b.pfx"), Some(("a/b.pfx", "")));
        assert_eq!(pfx("a.pfx:pass:word"), Some(("a.pfx", "pass:word")));
        assert_eq!(pfx("a.pem"), None);
    }

    #[test]
    fn a_time_is_a_moment_with_its_zone() {
        assert_eq!(
            moment("2026-06-01T00:00:00Z").unwrap(),
            1_780_272_000_000_000_000
        );
        assert!(moment("yesterday").is_err());
    }
}
