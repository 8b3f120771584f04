//! Verification: OpenSSL builds and checks the path once; each of its objections is sorted into trust,
//! revocation or the leaf's own dates.

use std::ffi::{CStr, c_int};
use std::sync::Arc;

use openssl::error::ErrorStack;
use openssl::stack::Stack;
use openssl::x509::{X509, X509NameRef, X509Ref};
use openssl_sys as sys;

use super::bundle::{TrustBundle, boundaries_of};
use super::verdict::{
    CrlProblem, LeafTime, Profile, Purpose, RevocationStatus, Untrusted, Verdict,
};
use crate::certificate::{self, CertificateFacts};
use crate::chain::PresentedChain;
use crate::ffi::verification::{self, Judgement, Objection};
use crate::name::Name;

/// Most certificates of a presented chain that are looked at. OpenSSL's path search grows with them.
const MAX_PRESENTED: usize = 32;

impl TrustBundle {
    /// Judges a chain at a time. Never fails: what cannot be verified is untrusted.
    #[must_use]
    pub fn verify(&self, chain: &PresentedChain, profile: Profile, at_unix: i64) -> Verdict {
        match self.try_verify(chain, profile, at_unix) {
            Ok(verdict) => verdict,
            Err(message) => Verdict {
                path: Vec::new(),
                trust: Err(Untrusted {
                    code: sys::X509_V_ERR_UNSPECIFIED,
                    depth: 0,
                    message,
                }),
                revocation: RevocationStatus::Unknown {
                    missing: String::new(),
                    problem: CrlProblem::NotExamined,
                },
                leaf_time: LeafTime::Valid,
                holds_from: at_unix,
                holds_until: at_unix.saturating_add(1),
            },
        }
    }

    fn try_verify(
        &self,
        chain: &PresentedChain,
        profile: Profile,
        at_unix: i64,
    ) -> Result<Verdict, String> {
        if chain.certificates().len() > MAX_PRESENTED {
            return Err(format!(
                "more than {MAX_PRESENTED} certificates were presented"
            ));
        }
        let presented = chain
            .certificates()
            .iter()
            .map(|der| certificate::parse_der(der))
            .collect::<Result<Vec<_>, _>>()
            .map_err(|error| error.to_string())?;
        let leaf_facts = presented.first().ok_or("no certificate was presented")?;
        let describe = |error: ErrorStack| format!("OpenSSL: {error}");

        let leaf = X509::from_der(chain.leaf()).map_err(describe)?;
        let untrusted = self.untrusted(chain).map_err(describe)?;
        let mut notes = Notes::default();
        let outcome = verification::verify(
            &self.store,
            &leaf,
            &untrusted,
            parameters(profile),
            at_unix,
            &mut |objection| notes.judge(&objection),
        )
        .map_err(describe)?;

        if !outcome.completed && notes.untrusted.is_none() {
            notes.untrusted = Some(untrusted_by(outcome.code, 0));
        }
        if !outcome.completed && matches!(notes.revocation, RevocationStatus::Good) {
            notes.revocation = RevocationStatus::Unknown {
                missing: leaf_facts.issuer.to_string(),
                problem: CrlProblem::NotExamined,
            };
        }
        let (holds_from, holds_until) = self.holds(&presented, at_unix);
        let path = if outcome.completed {
            outcome.path
        } else {
            Vec::new()
        };
        Ok(Verdict {
            path: path.into_iter().map(Arc::from).collect(),
            trust: notes.untrusted.map_or(Ok(()), Err),
            revocation: notes.revocation,
            leaf_time: notes.leaf_time.unwrap_or(LeafTime::Valid),
            holds_from,
            holds_until,
        })
    }

    fn untrusted(&self, chain: &PresentedChain) -> Result<Stack<X509>, ErrorStack> {
        let mut stack = Stack::new()?;
        for der in chain.intermediates() {
            stack.push(X509::from_der(der)?)?;
        }
        for certificate in &self.intermediates {
            stack.push(certificate.clone())?;
        }
        Ok(stack)
    }

    /// The half-open interval around `at_unix` in which no date passes of any certificate or list that
    /// could have had a part in the verdict.
    fn holds(&self, presented: &[CertificateFacts], at_unix: i64) -> (i64, i64) {
        let split = self
            .boundaries()
            .partition_point(|boundary| *boundary <= at_unix);
        let (past, future) = self
            .boundaries()
            .split_at_checked(split)
            .unwrap_or_default();
        let mut from = past.last().copied().unwrap_or(i64::MIN);
        let mut until = future.first().copied().unwrap_or(i64::MAX);
        for boundary in presented
            .iter()
            .flat_map(|facts| boundaries_of(facts.not_before, Some(facts.not_after)))
        {
            if boundary <= at_unix {
                from = from.max(boundary);
            } else {
                until = until.min(boundary);
            }
        }
        (from, until)
    }
}

fn parameters(profile: Profile) -> Option<&'static CStr> {
    match profile.purpose {
        Purpose::Client => Some(c"ssl_client"),
        Purpose::Server => Some(c"ssl_server"),
        Purpose::Any => None,
    }
}

/// What the judge has noted so far.
struct Notes {
    untrusted: Option<Untrusted>,
    revocation: RevocationStatus,
    leaf_time: Option<LeafTime>,
    /// Depth for which a list was met whose authenticity or scope failed: what it lists means nothing.
    unreliable_at: Option<usize>,
}

impl Default for Notes {
    fn default() -> Self {
        Self {
            untrusted: None,
            revocation: RevocationStatus::Good,
            leaf_time: None,
            unreliable_at: None,
        }
    }
}

impl Notes {
    fn judge(&mut self, objection: &Objection<'_>) -> Judgement {
        if let Some(leaf_time) = leaf_time(objection) {
            self.leaf_time = Some(leaf_time);
            return Judgement::GoOn;
        }
        if objection.code == sys::X509_V_ERR_CERT_REVOKED {
            self.note_revoked(objection);
            return Judgement::GoOn;
        }
        if let Some(problem) = crl_problem(objection.code) {
            self.note_unknown(objection, problem);
            return Judgement::GoOn;
        }
        if is_tolerated(objection.code) {
            return Judgement::GoOn;
        }
        if self.untrusted.is_none() {
            self.untrusted = Some(untrusted_by(objection.code, objection.depth));
        }
        if leaves_a_path(objection.code) {
            Judgement::GoOn
        } else {
            Judgement::Stop
        }
    }

    fn note_revoked(&mut self, objection: &Objection<'_>) {
        if self.unreliable_at == Some(objection.depth) {
            return;
        }
        if matches!(self.revocation, RevocationStatus::Revoked { .. }) {
            return;
        }
        self.revocation = RevocationStatus::Revoked {
            serial: objection.certificate.map(serial_of).unwrap_or_default(),
            by_issuer: objection.certificate.map(issuer_of).unwrap_or_default(),
            depth: objection.depth,
        };
    }

    fn note_unknown(&mut self, objection: &Objection<'_>, problem: CrlProblem) {
        if matches!(problem, CrlProblem::BadSignature | CrlProblem::Unusable) {
            self.unreliable_at = Some(objection.depth);
        }
        if matches!(self.revocation, RevocationStatus::Good) {
            self.revocation = RevocationStatus::Unknown {
                missing: objection.certificate.map(issuer_of).unwrap_or_default(),
                problem,
            };
        }
    }
}

/// Exactly two errors, at the leaf only.
fn leaf_time(objection: &Objection<'_>) -> Option<LeafTime> {
    match (objection.depth, objection.code) {
        (0, sys::X509_V_ERR_CERT_NOT_YET_VALID) => Some(LeafTime::NotYetValid),
        (0, sys::X509_V_ERR_CERT_HAS_EXPIRED) => Some(LeafTime::Expired),
        _ => None,
    }
}

fn crl_problem(code: c_int) -> Option<CrlProblem> {
    Some(match code {
        sys::X509_V_ERR_UNABLE_TO_GET_CRL => CrlProblem::Missing,
        sys::X509_V_ERR_CRL_HAS_EXPIRED => CrlProblem::Expired,
        sys::X509_V_ERR_CRL_NOT_YET_VALID => CrlProblem::NotYetValid,
        sys::X509_V_ERR_CRL_SIGNATURE_FAILURE | sys::X509_V_ERR_UNABLE_TO_DECRYPT_CRL_SIGNATURE => {
            CrlProblem::BadSignature
        }
        sys::X509_V_ERR_UNABLE_TO_GET_CRL_ISSUER
        | sys::X509_V_ERR_KEYUSAGE_NO_CRL_SIGN
        | sys::X509_V_ERR_UNHANDLED_CRITICAL_CRL_EXTENSION
        | sys::X509_V_ERR_DIFFERENT_CRL_SCOPE
        | sys::X509_V_ERR_CRL_PATH_VALIDATION_ERROR
        | sys::X509_V_ERR_ERROR_IN_CRL_LAST_UPDATE_FIELD
        | sys::X509_V_ERR_ERROR_IN_CRL_NEXT_UPDATE_FIELD => CrlProblem::Unusable,
        _ => return None,
    })
}

/// Rules of RFC 5280 for those who *issue*, which `openssl req -x509`, older Windows authorities and
/// appliances break, and whose breach lets nobody in: a CA's basic constraints not marked critical, a CA
/// without key usage (then any use is allowed), key identifiers left out.
fn is_tolerated(code: c_int) -> bool {
    const MISSING_AUTHORITY_KEY_IDENTIFIER: c_int = 85;
    const MISSING_SUBJECT_KEY_IDENTIFIER: c_int = 86;
    const CA_BCONS_NOT_CRITICAL: c_int = 89;
    const CA_CERT_MISSING_KEY_USAGE: c_int = 92;
    matches!(
        code,
        MISSING_AUTHORITY_KEY_IDENTIFIER
            | MISSING_SUBJECT_KEY_IDENTIFIER
            | CA_BCONS_NOT_CRITICAL
            | CA_CERT_MISSING_KEY_USAGE
    )
}

/// Reasons against a path that nevertheless exists: its revocation is still worth knowing, because a
/// policy may look at revocation without looking at trust. The verdict stays untrusted.
fn leaves_a_path(code: c_int) -> bool {
    const INVALID_CA: c_int = 79;
    matches!(
        code,
        sys::X509_V_ERR_CERT_NOT_YET_VALID
            | sys::X509_V_ERR_CERT_HAS_EXPIRED
            | sys::X509_V_ERR_INVALID_PURPOSE
            | sys::X509_V_ERR_PATH_LENGTH_EXCEEDED
            | sys::X509_V_ERR_EE_KEY_TOO_SMALL
            | sys::X509_V_ERR_CA_KEY_TOO_SMALL
            | sys::X509_V_ERR_CA_MD_TOO_WEAK
            | sys::X509_V_ERR_PERMITTED_VIOLATION
            | sys::X509_V_ERR_EXCLUDED_VIOLATION
            | INVALID_CA
    )
}

fn untrusted_by(code: c_int, depth: usize) -> Untrusted {
    let code = if code == sys::X509_V_OK {
        sys::X509_V_ERR_UNSPECIFIED
    } else {
        code
    };
    Untrusted {
        code,
        depth,
        message: verification::describe(code).to_owned(),
    }
}

fn serial_of(certificate: &X509Ref) -> Vec<u8> {
    certificate
        .to_der()
        .ok()
        .and_then(|der| certificate::parse_der(&der).ok())
        .map(|facts| facts.serial)
        .unwrap_or_default()
}

fn issuer_of(certificate: &X509Ref) -> String {
    name_text(certificate.issuer_name())
}

fn name_text(name: &X509NameRef) -> String {
    name.to_der()
        .ok()
        .and_then(|der| Name::parse(&der))
        .map_or_else(|| format!("{name:?}"), |name| name.to_string())
}
