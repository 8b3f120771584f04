//! Certificates as policies see them: plain values, already parsed by somebody who can.

use std::sync::Arc;

use crate::dn::Dn;
use crate::host::UnixNanos;

/// An X.509 certificate.
///
/// Every field is computed once, when the certificate is first seen, so that a request compares
/// bytes and never parses. Built by `gateway-config` from what `gateway-tls` parsed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Certificate {
    /// The DER encoding.
    pub der: Arc<[u8]>,
    /// SHA-1 of the DER encoding (what .NET and APIM call the thumbprint).
    pub sha1: [u8; 20],
    /// SHA-256 of the DER encoding.
    pub sha256: [u8; 32],
    /// SHA-256 of the DER `SubjectPublicKeyInfo` (RFC 7469 pins).
    pub spki_sha256: [u8; 32],
    /// Upper-case hexadecimal of `sha1`, 40 characters.
    pub thumbprint: Arc<str>,
    /// Serial number as .NET prints it: upper-case hexadecimal, big-endian, with a leading `00`
    /// where DER has one.
    pub serial_number: Arc<str>,
    /// Subject.
    pub subject: Dn,
    /// Issuer.
    pub issuer: Dn,
    /// Start of validity.
    pub not_before: UnixNanos,
    /// End of validity.
    pub not_after: UnixNanos,
    /// X.509 version as people count: 1 or 3.
    pub version: u32,
    /// `dNSName` entries of the subject alternative name.
    pub dns_names: Vec<Arc<str>>,
    /// `rfc822Name` entries.
    pub email_addresses: Vec<Arc<str>>,
    /// `uniformResourceIdentifier` entries.
    pub uris: Vec<Arc<str>>,
    /// User principal names (`otherName` 1.3.6.1.4.1.311.20.2.3).
    pub user_principal_names: Vec<Arc<str>>,
    /// Whether a private key is stored with it.
    pub has_private_key: bool,
}

/// .NET's `X509NameType`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum NameType {
    /// `SimpleName` (0).
    Simple,
    /// `EmailName` (1).
    Email,
    /// `UpnName` (2).
    Upn,
    /// `DnsName` (3): a `dNSName`, else the common name.
    Dns,
    /// `DnsFromAlternativeName` (4): a `dNSName` only.
    DnsFromAlternativeName,
    /// `UrlName` (5).
    Url,
}

impl Certificate {
    /// .NET's `GetNameInfo`: empty when the certificate has no such name. Of the issuer only the
    /// distinguished name is known, so its alternative names count as absent.
    #[must_use]
    pub fn name_info(&self, name_type: NameType, for_issuer: bool) -> &str {
        let name = if for_issuer {
            &self.issuer
        } else {
            &self.subject
        };
        let alternative = |names: &'_ [Arc<str>]| -> bool { !for_issuer && !names.is_empty() };
        match name_type {
            NameType::Simple => name.simple_name().unwrap_or(""),
            NameType::Email if alternative(&self.email_addresses) => first(&self.email_addresses),
            NameType::Email => name.email_address().unwrap_or(""),
            NameType::Upn if alternative(&self.user_principal_names) => {
                first(&self.user_principal_names)
            }
            NameType::Dns | NameType::DnsFromAlternativeName if alternative(&self.dns_names) => {
                first(&self.dns_names)
            }
            NameType::Dns => name.common_name().unwrap_or(""),
            NameType::Url if alternative(&self.uris) => first(&self.uris),
            NameType::Upn | NameType::DnsFromAlternativeName | NameType::Url => "",
        }
    }

    /// .NET's `X509Certificate2.ToString()`: six headed values, the dates in UTC in the invariant
    /// culture's format.
    #[must_use]
    pub fn to_dotnet_string(&self) -> String {
        format!(
            "[Subject]\n  {}\n\n[Issuer]\n  {}\n\n[Serial Number]\n  {}\n\n[Not Before]\n  {}\n\n\
             [Not After]\n  {}\n\n[Thumbprint]\n  {}\n",
            self.subject,
            self.issuer,
            self.serial_number,
            invariant_date(self.not_before),
            invariant_date(self.not_after),
            self.thumbprint,
        )
    }

    /// Whether the certificate's validity has begun at `now`.
    #[must_use]
    pub fn has_begun(&self, now: UnixNanos) -> bool {
        self.not_before <= now
    }

    /// Whether the certificate's validity has ended at `now`. `notAfter` itself still counts
    /// (RFC 5280 section 4.1.2.5), to the end of its second.
    #[must_use]
    pub fn has_ended(&self, now: UnixNanos) -> bool {
        now.div_euclid(1_000_000_000) > self.not_after.div_euclid(1_000_000_000)
    }
}

fn first(names: &[Arc<str>]) -> &str {
    names.first().map_or("", |name| name)
}

/// `MM/dd/yyyy HH:mm:ss`.
fn invariant_date(moment: UnixNanos) -> String {
    match jiff::Timestamp::from_nanosecond(moment) {
        Ok(timestamp) => timestamp.strftime("%m/%d/%Y %H:%M:%S").to_string(),
        // Outside years -9999 to 9999, which no certificate can encode.
        Err(_) => moment.to_string(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn certificate() -> Certificate {
        Certificate {
            der: Arc::new([]),
            sha1: [0xAB; 20],
            sha256: [0; 32],
            spki_sha256: [0; 32],
            thumbprint: "AB".repeat(20).into(),
            serial_number: "00C0FFEE".into(),
            subject: Dn::parse("C=US, ST=WA, CN=partner, E=p@example.com").unwrap(),
            issuer: Dn::parse("O=Org, CN=My Trusted CA").unwrap(),
            not_before: 1_704_067_200_000_000_000,
            not_after: 1_735_689_599_000_000_000,
            version: 3,
            dns_names: vec!["a.example.com".into(), "b.example.com".into()],
            email_addresses: Vec::new(),
            uris: vec!["urn:x".into()],
            user_principal_names: Vec::new(),
            has_private_key: false,
        }
    }

    #[test]
    fn prints_as_dotnet_prints_a_certificate() {
        assert_eq!(
            certificate().to_dotnet_string(),
            "[Subject]\n  E=p@example.com, CN=partner, S=WA, C=US\n\n[Issuer]\n  CN=My Trusted CA, O=Org\n\n\
             [Serial Number]\n  00C0FFEE\n\n[Not Before]\n  01/01/2024 00:00:00\n\n\
             [Not After]\n  12/31/2024 23:59:59\n\n[Thumbprint]\n  ABABABABABABABABABABABABABABABABABABABAB\n"
        );
    }

    #[test]
    fn name_information_prefers_alternative_names_and_is_empty_when_absent() {
        let certificate = certificate();
        assert_eq!(certificate.name_info(NameType::Simple, false), "partner");
        assert_eq!(
            certificate.name_info(NameType::Simple, true),
            "My Trusted CA"
        );
        assert_eq!(certificate.name_info(NameType::Dns, false), "a.example.com");
        assert_eq!(certificate.name_info(NameType::Dns, true), "My Trusted CA");
        assert_eq!(
            certificate.name_info(NameType::DnsFromAlternativeName, true),
            ""
        );
        assert_eq!(
            certificate.name_info(NameType::Email, false),
            "p@example.com"
        );
        assert_eq!(certificate.name_info(NameType::Upn, false), "");
        assert_eq!(certificate.name_info(NameType::Url, false), "urn:x");
    }

    #[test]
    fn a_certificate_is_good_for_the_whole_of_its_last_second() {
        let certificate = certificate();
        assert!(!certificate.has_ended(certificate.not_after));
        assert!(!certificate.has_ended(certificate.not_after + 999_999_999));
        assert!(certificate.has_ended(certificate.not_after + 1_000_000_000));
        assert!(!certificate.has_begun(certificate.not_before - 1));
        assert!(certificate.has_begun(certificate.not_before));
    }
}
