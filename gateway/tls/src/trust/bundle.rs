//! An immutable set of roots, intermediates and revocation lists, ready to verify with.

use std::fmt;
use std::sync::Arc;

use openssl::error::ErrorStack;
use openssl::x509::store::{X509Store, X509StoreBuilder};
use openssl::x509::verify::{X509VerifyFlags, X509VerifyParam};
use openssl::x509::{X509, X509Crl};
use thiserror::Error;

use crate::certificate::{self, CertificateError, CertificateFacts};
use crate::crl::{self, CrlError};
use crate::digest::PartsDigest;
use crate::ffi;

/// Most certificates between leaf and root. Real chains have one or two.
const MAX_INTERMEDIATES: i32 = 8;

/// OpenSSL's security level 2: at least 112 bits, so RSA from 2048 bits and no SHA-1 signatures.
pub(crate) const SECURITY_LEVEL: u32 = 2;

/// What an administrator configured, as DER.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct TrustSpec {
    /// Certificates that end a path. One that is not self-issued is only looked at as an intermediate: a
    /// path must reach a root (no partial chains).
    pub roots: Vec<Arc<[u8]>>,
    /// Certificates that may stand in a path when a peer does not send them.
    pub intermediates: Vec<Arc<[u8]>>,
    /// Revocation lists.
    pub crls: Vec<Arc<[u8]>>,
}

/// Why a bundle cannot be built. Nothing is left out silently: one bad artefact refuses the whole.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum TrustError {
    /// A root is not a certificate.
    #[error("root certificate {index}: {error}")]
    Root {
        /// Which one, counted from 0 as given.
        index: usize,
        /// What is wrong.
        error: CertificateError,
    },
    /// An intermediate is not a certificate.
    #[error("intermediate certificate {index}: {error}")]
    Intermediate {
        /// Which one, counted from 0 as given.
        index: usize,
        /// What is wrong.
        error: CertificateError,
    },
    /// A revocation list is not one.
    #[error("revocation list {index}: {error}")]
    Crl {
        /// Which one, counted from 0 as given.
        index: usize,
        /// What is wrong.
        error: CrlError,
    },
    /// A delta list, which needs a base list and is not processed.
    #[error("revocation list {index} is a delta list; upload the full list of that issuer")]
    DeltaCrl {
        /// Which one, counted from 0 as given.
        index: usize,
    },
    /// OpenSSL failed for a reason of its own.
    #[error("OpenSSL: {0}")]
    OpenSsl(String),
}

impl From<ErrorStack> for TrustError {
    fn from(error: ErrorStack) -> Self {
        Self::OpenSsl(error.to_string())
    }
}

/// Roots, intermediates and revocation lists. Immutable: put it behind an `Arc`.
pub struct TrustBundle {
    pub(super) store: X509Store,
    pub(super) intermediates: Vec<X509>,
    roots: Vec<CertificateFacts>,
    crl_count: usize,
    /// Every instant at which a verdict may change, ascending.
    boundaries: Vec<i64>,
    digest: [u8; 32],
}

impl TrustBundle {
    /// Builds a bundle. The order of the parts does not matter, nor do repetitions. An empty bundle is
    /// lawful and trusts nobody.
    ///
    /// # Errors
    /// Names the first part that cannot be used.
    pub fn build(spec: &TrustSpec) -> Result<Self, TrustError> {
        let roots = read_certificates(&spec.roots, |index, error| TrustError::Root {
            index,
            error,
        })?;
        let intermediates = read_certificates(&spec.intermediates, |index, error| {
            TrustError::Intermediate { index, error }
        })?;
        let crls = read_crls(&spec.crls)?;

        let mut store = X509StoreBuilder::new()?;
        let parameters = parameters()?;
        store.set_param(&parameters)?;
        for root in &roots {
            store.add_cert(X509::from_der(&root.der)?)?;
        }
        for crl in crls.iter().filter(|crl| !is_superseded(crl, &crls)) {
            ffi::revocation::add_crl(&mut store, &X509Crl::from_der(&crl.der)?)?;
        }
        let digest = {
            let mut digest = PartsDigest::new("countersign trust bundle 1");
            for (kind, hashes) in [
                (
                    "roots",
                    roots.iter().map(|root| root.sha256).collect::<Vec<_>>(),
                ),
                (
                    "intermediates",
                    intermediates.iter().map(|one| one.sha256).collect(),
                ),
                ("crls", crls.iter().map(|crl| crl.sha256).collect()),
            ] {
                digest.part(kind.as_bytes());
                digest.part(&(hashes.len() as u64).to_be_bytes());
                hashes.iter().for_each(|hash| digest.part(hash));
            }
            digest.finish()
        };
        let mut boundaries: Vec<i64> = roots
            .iter()
            .chain(&intermediates)
            .flat_map(|certificate| {
                boundaries_of(certificate.not_before, Some(certificate.not_after))
            })
            .chain(
                crls.iter()
                    .flat_map(|crl| boundaries_of(crl.this_update, crl.next_update)),
            )
            .collect();
        boundaries.sort_unstable();
        boundaries.dedup();
        Ok(Self {
            store: store.build(),
            intermediates: intermediates
                .iter()
                .map(|one| X509::from_der(&one.der))
                .collect::<Result<_, _>>()?,
            roots,
            crl_count: crls.len(),
            boundaries,
            digest,
        })
    }

    /// A bundle that trusts nobody.
    ///
    /// # Errors
    /// When OpenSSL cannot make a store at all.
    pub fn empty() -> Result<Self, TrustError> {
        Self::build(&TrustSpec::default())
    }

    /// Digest over everything in it; equal for equal sets.
    #[must_use]
    pub const fn digest(&self) -> [u8; 32] {
        self.digest
    }

    /// Whether it trusts nobody.
    #[must_use]
    pub const fn is_empty(&self) -> bool {
        self.roots.is_empty()
    }

    /// The roots.
    #[must_use]
    pub fn roots(&self) -> &[CertificateFacts] {
        &self.roots
    }

    pub(super) fn boundaries(&self) -> &[i64] {
        &self.boundaries
    }
}

impl fmt::Debug for TrustBundle {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("TrustBundle")
            .field(
                "roots",
                &self
                    .roots
                    .iter()
                    .map(|root| root.subject.to_string())
                    .collect::<Vec<_>>(),
            )
            .field("intermediates", &self.intermediates.len())
            .field("crls", &self.crl_count)
            .field("digest", &crate::digest::upper_hex(&self.digest))
            .finish_non_exhaustive()
    }
}

/// OpenSSL counts a certificate as expired *at* its `notAfter`, RFC 5280 only after it; both instants are
/// boundaries, so that no verdict is kept across either reading.
pub(super) fn boundaries_of(start: i64, end: Option<i64>) -> impl Iterator<Item = i64> {
    [Some(start), end, end.map(|end| end.saturating_add(1))]
        .into_iter()
        .flatten()
}

/// `X509_STRICT` stays on; what it says beyond that ordinary private authorities get wrong is let pass by
/// the judge in `verify.rs`, one code at a time.
fn parameters() -> Result<X509VerifyParam, ErrorStack> {
    let mut parameters = X509VerifyParam::new()?;
    parameters.set_flags(
        X509VerifyFlags::X509_STRICT | X509VerifyFlags::CRL_CHECK | X509VerifyFlags::CRL_CHECK_ALL,
    )?;
    parameters.set_depth(MAX_INTERMEDIATES);
    parameters.set_auth_level(i32::try_from(SECURITY_LEVEL).unwrap_or(i32::MAX));
    Ok(parameters)
}

fn read_certificates(
    encodings: &[Arc<[u8]>],
    error: impl Fn(usize, CertificateError) -> TrustError,
) -> Result<Vec<CertificateFacts>, TrustError> {
    let mut certificates = encodings
        .iter()
        .enumerate()
        .map(|(index, der)| certificate::parse_der(der).map_err(|reason| error(index, reason)))
        .collect::<Result<Vec<_>, _>>()?;
    certificates.sort_by_key(|certificate| certificate.sha256);
    certificates.dedup_by_key(|certificate| certificate.sha256);
    Ok(certificates)
}

/// Of several lists OpenSSL takes the one made last, but of two made in the same second any. The one with
/// the higher number counts then (RFC 5280, 5.2.3).
fn is_superseded(crl: &crl::Crl, all: &[crl::Crl]) -> bool {
    let magnitude = |crl: &crl::Crl| {
        let digits = crl.number.as_deref().unwrap_or_default();
        let zeros = digits.iter().take_while(|digit| **digit == 0).count();
        let digits = digits.get(zeros..).unwrap_or_default().to_vec();
        (digits.len(), digits)
    };
    !crl.is_partial
        && all.iter().any(|other| {
            !other.is_partial
                && other.issuer == crl.issuer
                && other.authority_key_id == crl.authority_key_id
                && other.this_update == crl.this_update
                && magnitude(other) > magnitude(crl)
        })
}

fn read_crls(encodings: &[Arc<[u8]>]) -> Result<Vec<crl::Crl>, TrustError> {
    let mut crls = encodings
        .iter()
        .enumerate()
        .map(|(index, der)| match crl::parse(der) {
            Ok(crl) if crl.is_delta => Err(TrustError::DeltaCrl { index }),
            Ok(crl) => Ok(crl),
            Err(error) => Err(TrustError::Crl { index, error }),
        })
        .collect::<Result<Vec<_>, _>>()?;
    crls.sort_by_key(|crl| crl.sha256);
    crls.dedup_by_key(|crl| crl.sha256);
    Ok(crls)
}
