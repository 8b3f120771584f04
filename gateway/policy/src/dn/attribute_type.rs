//! Attribute types by name and by object identifier.

/// `commonName`.
pub(super) const COMMON_NAME: &str = "2.5.4.3";
/// `organizationalUnitName`.
pub(super) const ORGANIZATIONAL_UNIT: &str = "2.5.4.11";
/// `organizationName`.
pub(super) const ORGANIZATION: &str = "2.5.4.10";
/// `emailAddress` (PKCS #9).
pub(super) const EMAIL_ADDRESS: &str = "1.2.840.113549.1.9.1";

/// Object identifier, the key .NET prints, and what else people write.
const TYPES: [(&str, &str, &[&str]); 22] = [
    (COMMON_NAME, "CN", &["commonName"]),
    ("2.5.4.4", "SN", &["surname"]),
    ("2.5.4.5", "SERIALNUMBER", &["serialNumber"]),
    ("2.5.4.6", "C", &["countryName"]),
    ("2.5.4.7", "L", &["localityName"]),
    ("2.5.4.8", "S", &["ST", "stateOrProvinceName"]),
    ("2.5.4.9", "STREET", &["streetAddress"]),
    (ORGANIZATION, "O", &["organizationName"]),
    (ORGANIZATIONAL_UNIT, "OU", &["organizationalUnitName"]),
    ("2.5.4.12", "T", &["title"]),
    ("2.5.4.13", "Description", &[]),
    ("2.5.4.17", "PostalCode", &[]),
    ("2.5.4.18", "POBox", &["postOfficeBox"]),
    ("2.5.4.20", "Phone", &["telephoneNumber"]),
    ("2.5.4.42", "G", &["GN", "givenName"]),
    ("2.5.4.43", "I", &["initials"]),
    ("2.5.4.46", "dnQualifier", &["dnq"]),
    (EMAIL_ADDRESS, "E", &["EMAIL", "emailAddress"]),
    ("0.9.2342.19200300.100.1.25", "DC", &["domainComponent"]),
    // .NET has no key for these; people and OpenSSL do.
    ("0.9.2342.19200300.100.1.1", "", &["UID", "userId"]),
    ("2.5.4.97", "", &["organizationIdentifier"]),
    ("2.5.4.15", "", &["businessCategory"]),
];

/// The key .NET prints for `oid`; `None` where it prints `OID.` and the number.
pub(super) fn key(oid: &str) -> Option<&'static str> {
    TYPES
        .iter()
        .find(|(known, key, _)| *known == oid && !key.is_empty())
        .map(|(_, key, _)| *key)
}

/// The object identifier of a key in a written name: a known name in any case, or dotted numbers
/// with or without `OID.` before them.
pub(super) fn oid(key: &str) -> Option<&str> {
    let dotted = match key.get(..4) {
        Some(prefix) if prefix.eq_ignore_ascii_case("oid.") => key.get(4..).unwrap_or(""),
        _ => key,
    };
    if is_dotted(dotted) {
        return Some(dotted);
    }
    TYPES
        .iter()
        .find(|(_, printed, aliases)| {
            (!printed.is_empty() && printed.eq_ignore_ascii_case(key))
                || aliases.iter().any(|alias| alias.eq_ignore_ascii_case(key))
        })
        .map(|(oid, _, _)| *oid)
}

fn is_dotted(text: &str) -> bool {
    text.contains('.')
        && text
            .split('.')
            .all(|part| !part.is_empty() && part.bytes().all(|b| b.is_ascii_digit()))
}
