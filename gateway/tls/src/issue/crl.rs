//! Certificate revocation lists.

use openssl::bn::BigNum;
use openssl::hash::MessageDigest;
use openssl::x509::extension::{AuthorityKeyIdentifier, CrlNumber};
use openssl::x509::{X509, X509Crl, X509CrlBuilder, X509RevokedBuilder};

use super::issued::pem_text;
use super::validity::time;
use super::{Authority, IssueError, Serial};

/// One entry: a certificate that is no longer good.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Revocation {
    /// The certificate's serial number.
    pub serial: Serial,
    /// When it was revoked, in Unix seconds.
    pub at: i64,
}

/// A revocation list as it is wanted.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct CrlRequest {
    /// The revoked certificates; none is a lawful list.
    pub revoked: Vec<Revocation>,
    /// The CRL number, which grows from list to list (RFC 5280 §5.2.3).
    pub number: u64,
    /// When the list was made, in Unix seconds.
    pub this_update: i64,
    /// By when the next one is due, in Unix seconds: after it OpenSSL calls the list expired.
    pub next_update: i64,
}

/// A signed revocation list.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Crl {
    der: Vec<u8>,
    pem: String,
}

impl Crl {
    /// The list in DER.
    #[must_use]
    pub fn der(&self) -> &[u8] {
        &self.der
    }

    /// The list in PEM.
    #[must_use]
    pub fn pem(&self) -> &str {
        &self.pem
    }
}

impl Authority {
    /// Signs a version 2 revocation list (RFC 5280 §5).
    ///
    /// # Errors
    ///
    /// [`IssueError::Request`] when the next update is not after this one, a time cannot be written,
    /// or a serial number appears twice.
    pub fn crl(&self, request: &CrlRequest) -> Result<Crl, IssueError> {
        if request.next_update <= request.this_update {
            return Err(IssueError::Request(
                "a revocation list's next update is not after its own".to_owned(),
            ));
        }
        let mut seen = std::collections::HashSet::new();
        if let Some(twice) = request
            .revoked
            .iter()
            .find(|entry| !seen.insert(&entry.serial))
        {
            return Err(IssueError::Request(format!(
                "serial number {} is revoked twice",
                twice.serial.to_hex()
            )));
        }
        let list = self.signed_list(request)?;
        Ok(Crl {
            der: list.to_der()?,
            pem: pem_text(list.to_pem()?),
        })
    }

    fn signed_list(&self, request: &CrlRequest) -> Result<X509Crl, IssueError> {
        let mut builder = X509CrlBuilder::new()?;
        builder.set_issuer_name(self.certificate().subject_name())?;
        let this_update = time(request.this_update)?;
        builder.set_last_update(&this_update)?;
        let next_update = time(request.next_update)?;
        builder.set_next_update(&next_update)?;
        for entry in &request.revoked {
            let mut revoked = X509RevokedBuilder::new()?;
            let serial = entry.serial.to_asn1()?;
            revoked.set_serial_number(&serial)?;
            let at = time(entry.at)?;
            revoked.set_revocation_date(&at)?;
            builder.add_revoked(revoked.build())?;
        }
        builder.sort()?;
        // The binding makes contexts for certificates only; the identifier depends on nothing but
        // the issuer, so an empty certificate may stand in for the subject.
        let stand_in = X509::builder()?;
        let context = stand_in.x509v3_context(Some(self.certificate()), None);
        builder.append_extension(AuthorityKeyIdentifier::new().keyid(true).build(&context)?)?;
        let number = BigNum::from_slice(&request.number.to_be_bytes())?;
        builder.append_extension(CrlNumber::new(number)?.build()?)?;
        builder.sign(self.key(), MessageDigest::sha256())?;
        Ok(builder.build()?)
    }
}
