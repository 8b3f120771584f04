//! The client's certificates, before their key is proven.

use std::ffi::c_int;
use std::sync::Arc;

use openssl::ssl::SslRef;
use openssl::stack::StackRef;
use openssl::x509::{X509, X509Ref};
use openssl_sys as sys;

use super::{Handshake, Stop};
use crate::chain::{IntermediateStore, PresentedChain};
use crate::host::{ClientCertificateMode, HostContext};
use crate::trust::{Profile, Refusal};

/// Notes what was presented and, in mode `required`, judges it. The error is an `X509_V_ERR_…`, from which
/// OpenSSL picks the alert.
pub(crate) fn verify_certificate(
    ssl: &SslRef,
    leaf: &X509Ref,
    presented: &StackRef<X509>,
) -> Result<(), c_int> {
    let handshake = Handshake::of(ssl).ok_or(sys::X509_V_ERR_UNSPECIFIED)?;
    let hello = handshake.hello().ok_or(sys::X509_V_ERR_UNSPECIFIED)?;
    let internal = |what: &str| {
        handshake.stop(Stop::Internal(what.to_owned()));
        sys::X509_V_ERR_UNSPECIFIED
    };
    let chain = encode(presented, &handshake.shared.intermediates)
        .and_then(PresentedChain::new)
        .ok_or_else(|| internal("the presented certificates cannot be encoded"))?;
    if leaf.to_der().ok().as_deref() != Some(chain.leaf()) {
        return Err(internal("the leaf is not the first presented certificate"));
    }
    handshake.progress().presented = Some(chain.clone());
    if hello.host.mode() != ClientCertificateMode::Required {
        return Ok(());
    }
    judge(&handshake, &hello.host, &chain).map_err(|refusal| {
        let error = error_code(&refusal);
        handshake.stop(Stop::CertificateRefused(refusal));
        error
    })
}

fn encode(presented: &StackRef<X509>, known: &IntermediateStore) -> Option<Vec<Arc<[u8]>>> {
    presented
        .iter()
        .enumerate()
        .map(|(position, certificate)| {
            let der = certificate.to_der().ok()?;
            let shared = if position == 0 {
                None
            } else {
                known.get(&crate::digest::sha256(&der))
            };
            Some(shared.unwrap_or_else(|| Arc::from(der)))
        })
        .collect()
}

pub(super) fn judge(
    handshake: &Handshake,
    host: &HostContext,
    chain: &PresentedChain,
) -> Result<(), Refusal> {
    handshake
        .shared
        .chains
        .verdict_before_proof(host.trust(), chain, Profile::CLIENT, handshake.now())
        .accept(host.revocation())
}

/// The code from which OpenSSL picks the alert that [`Stop::alert`] names.
fn error_code(refusal: &Refusal) -> c_int {
    // Not in OpenSSL's table of alerts, which makes it `certificate_unknown`.
    const OCSP_CERT_UNKNOWN: c_int = 75;
    match refusal {
        Refusal::NotYetValid | Refusal::Expired => sys::X509_V_ERR_CERT_HAS_EXPIRED,
        Refusal::NotTrusted(untrusted) if untrusted.code == sys::X509_V_ERR_INVALID_PURPOSE => {
            untrusted.code
        }
        Refusal::NotTrusted(_) => sys::X509_V_ERR_UNABLE_TO_GET_ISSUER_CERT_LOCALLY,
        Refusal::Revoked { .. } => sys::X509_V_ERR_CERT_REVOKED,
        Refusal::RevocationUnknown { .. } => OCSP_CERT_UNKNOWN,
    }
}
