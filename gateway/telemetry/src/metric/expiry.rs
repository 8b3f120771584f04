//! When certificates and revocation lists expire.
//!
//! The set is replaced as a whole with each snapshot, so that a certificate that was removed is not
//! shown, and alerted on, for ever; the exporter's own gauges cannot be removed.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use crate::label::CertificateKind;

/// Name of the gauge.
pub const CERTIFICATE_EXPIRY: &str = "countersign_certificate_expiry_seconds";

/// Name of the gauge of certificates that were left out.
pub const CERTIFICATE_EXPIRY_OMITTED: &str = "countersign_certificate_expiry_omitted";

/// At most so many are shown: a scrape must stay small, whatever is uploaded. The ones that expire
/// first are shown; the others are counted in [`CERTIFICATE_EXPIRY_OMITTED`].
pub const CERTIFICATE_EXPIRY_MAX: usize = 2_000;

/// When one certificate expires.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CertificateExpiry {
    /// What it is for.
    pub kind: CertificateKind,
    /// The resource's id or the host's name.
    pub name: String,
    /// `notAfter` (of a list: `nextUpdate`), seconds since 1970-01-01T00:00:00Z.
    pub not_after: i64,
}

#[derive(Debug, Default)]
pub(super) struct Expiries {
    shown: Vec<CertificateExpiry>,
    omitted: usize,
}

impl Expiries {
    /// Of several with one kind and name (a chain), the one that expires first counts.
    pub(super) fn new(all: Vec<CertificateExpiry>) -> Self {
        let mut first: BTreeMap<(CertificateKind, String), i64> = BTreeMap::new();
        for CertificateExpiry {
            kind,
            name,
            not_after,
        } in all
        {
            first
                .entry((kind, name))
                .and_modify(|first| *first = not_after.min(*first))
                .or_insert(not_after);
        }
        let mut shown: Vec<_> = first
            .into_iter()
            .map(|((kind, name), not_after)| CertificateExpiry {
                kind,
                name,
                not_after,
            })
            .collect();
        let omitted = shown.len().saturating_sub(CERTIFICATE_EXPIRY_MAX);
        if omitted > 0 {
            shown.sort_by_key(|expiry| expiry.not_after);
            shown.truncate(CERTIFICATE_EXPIRY_MAX);
        }
        Self { shown, omitted }
    }

    pub(super) fn render(&self, text: &mut String) {
        // Writing to a string cannot fail.
        let _ = writeln!(
            text,
            "# HELP {CERTIFICATE_EXPIRY} When a certificate or revocation list expires, in seconds since \
             1970-01-01T00:00:00Z.\n# TYPE {CERTIFICATE_EXPIRY} gauge"
        );
        for CertificateExpiry {
            kind,
            name,
            not_after,
        } in &self.shown
        {
            let name = Escaped(name);
            let kind = kind.word();
            let _ = writeln!(
                text,
                "{CERTIFICATE_EXPIRY}{{kind=\"{kind}\",name=\"{name}\"}} {not_after}"
            );
        }
        let _ = writeln!(
            text,
            "# HELP {CERTIFICATE_EXPIRY_OMITTED} Certificates that are not shown because there are too many; \
             they expire later than those shown.\n# TYPE {CERTIFICATE_EXPIRY_OMITTED} gauge\n\
             {CERTIFICATE_EXPIRY_OMITTED} {}",
            self.omitted
        );
    }
}

/// A label value as the text format wants it: backslash, double quote and line feed escaped.
struct Escaped<'a>(&'a str);

impl std::fmt::Display for Escaped<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        for character in self.0.chars() {
            match character {
                '\\' => f.write_str("\\\\")?,
                '"' => f.write_str("\\\"")?,
                '\n' => f.write_str("\\n")?,
                other => f.write_char(other)?,
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn expiry(kind: CertificateKind, name: &str, not_after: i64) -> CertificateExpiry {
        CertificateExpiry {
            kind,
            name: name.to_owned(),
            not_after,
        }
    }

    #[test]
    fn each_is_shown_once_with_its_earliest_expiry_and_a_safe_name() {
        let expiries = Expiries::new(vec![
            expiry(CertificateKind::Server, "api.example.com", 200),
            expiry(CertificateKind::Server, "api.example.com", 100),
            expiry(CertificateKind::Ca, "a \"b\" \\ c\nd", -5),
        ]);
        let mut text = String::new();
        expiries.render(&mut text);
        let lines: Vec<_> = text.lines().filter(|line| !line.starts_with('#')).collect();
        assert_eq!(
            lines,
            [
                r#"countersign_certificate_expiry_seconds{kind="ca",name="a \"b\" \\ c\nd"} -5"#,
                r#"countersign_certificate_expiry_seconds{kind="server",name="api.example.com"} 100"#,
                "countersign_certificate_expiry_omitted 0",
            ]
        );
    }

    #[test]
    fn of_too_many_the_first_to_expire_are_shown_and_the_rest_counted() {
        let all = (0..CERTIFICATE_EXPIRY_MAX as i64 + 7)
            .rev()
            .map(|i| expiry(CertificateKind::Uploaded, &format!("c{i}"), i))
            .collect();
        let mut text = String::new();
        Expiries::new(all).render(&mut text);
        assert!(text.contains("name=\"c0\"} 0\n"));
        assert!(text.contains("name=\"c1999\"} 1999\n"));
        assert!(!text.contains("name=\"c2000\""));
        assert!(text.ends_with("countersign_certificate_expiry_omitted 7\n"));
    }
}
