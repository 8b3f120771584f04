//! Key exchange groups: which are offered, and which lists would lock clients out.

use std::ffi::CString;
use std::sync::OnceLock;

use openssl::ssl::{SslContextBuilder, SslMethod};

use super::{HostContextError, HostSettings, TlsVersion};

/// Key exchange groups unless configured: post-quantum hybrid first, then the curves everybody has.
pub const DEFAULT_GROUPS: &[&str] = &["X25519MLKEM768", "X25519", "P-256", "P-384"];

/// [`DEFAULT_GROUPS`] without those that the OpenSSL in use does not know: a system's may be older than
/// the post-quantum groups.
#[must_use]
pub fn default_groups() -> &'static [String] {
    static KNOWN: OnceLock<Vec<String>> = OnceLock::new();
    KNOWN.get_or_init(|| {
        let Ok(mut scratch) = SslContextBuilder::new(SslMethod::tls_server()) else {
            return DEFAULT_GROUPS
                .iter()
                .map(|group| (*group).to_owned())
                .collect();
        };
        DEFAULT_GROUPS
            .iter()
            .filter(|group| scratch.set_groups_list(group).is_ok())
            .map(|group| (*group).to_owned())
            .collect()
    })
}

pub(super) fn checked_groups(settings: &HostSettings) -> Result<CString, HostContextError> {
    if settings.groups.is_empty() {
        return Err(HostContextError::NoGroups);
    }
    for group in &settings.groups {
        // OpenSSL's list syntax gives meaning to `?`, `*`, `-` in front, `/` and keywords; only names are taken.
        let plain = group
            .bytes()
            .all(|byte| byte.is_ascii_alphanumeric() || byte == b'-' || byte == b'_')
            && group.starts_with(|first: char| first.is_ascii_alphanumeric());
        if !plain || group.eq_ignore_ascii_case("DEFAULT") {
            return Err(HostContextError::GroupName(group.clone()));
        }
    }
    if settings.min_version == TlsVersion::Tls12 {
        if !offers(&settings.groups, P256) {
            return Err(HostContextError::GroupsWithoutP256);
        }
        check_server_curve(settings)?;
    }
    CString::new(settings.groups.join(":")).map_err(|_| HostContextError::NoGroups)
}

const P256: &[&str] = &["P-256", "prime256v1", "secp256r1"];
const P384: &[&str] = &["P-384", "secp384r1"];
const P521: &[&str] = &["P-521", "secp521r1"];

fn offers(groups: &[String], names: &[&str]) -> bool {
    groups
        .iter()
        .any(|group| names.iter().any(|name| group.eq_ignore_ascii_case(name)))
}

/// In TLS 1.2 the groups also say which curves certificates may use (RFC 8422, 5.1).
fn check_server_curve(settings: &HostSettings) -> Result<(), HostContextError> {
    let Ok(key) = settings.material.key().ec_key() else {
        return Ok(());
    };
    let (curve, names) = match key.group().curve_name() {
        Some(openssl::nid::Nid::X9_62_PRIME256V1) => ("P-256", P256),
        Some(openssl::nid::Nid::SECP384R1) => ("P-384", P384),
        Some(openssl::nid::Nid::SECP521R1) => ("P-521", P521),
        _ => {
            return Err(HostContextError::Certificate(
                "its key is on a curve that TLS does not use".to_owned(),
            ));
        }
    };
    if offers(&settings.groups, names) {
        Ok(())
    } else {
        Err(HostContextError::GroupsWithoutServerCurve(curve))
    }
}
