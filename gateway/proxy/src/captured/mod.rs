//! Step *identify* where a trusted peer, not the handshake, says who the client is.
//!
//! A balancer sends many clients' requests over one connection, so this happens for each request.
//! Whatever is wrong with the header ends the request with 400: had it gone on without a certificate,
//! an API that lets anonymous callers in would have mistaken a partner for one of them.

mod decode;

use std::cell::RefCell;
use std::collections::HashMap;
use std::rc::Rc;
use std::sync::Arc;

use gateway_config::hosts::HostConfiguration;
use gateway_config::judge::Identity;
use gateway_tls::chain::PresentedChain;
use gateway_tls::digest;
use gateway_tls::host::ClientCertificateMode;
use http::header::{HeaderMap, HeaderName, HeaderValue};
use smallvec::SmallVec;

use crate::connection::Connection;
use crate::exchange::Exchange;
use crate::failure::Problem;
use crate::peers::CertificateHeader;

/// The chain that belongs to [`CertificateHeader::ClientCert`] (RFC 9440 section 2.3).
const CHAIN: HeaderName = HeaderName::from_static("client-cert-chain");

/// What a trusted peer has written, before anybody has looked at it.
pub(crate) struct Claim {
    header: CertificateHeader,
    leaf: SmallVec<[HeaderValue; 1]>,
    /// Only with [`CertificateHeader::ClientCert`].
    chain: SmallVec<[HeaderValue; 1]>,
}

impl Claim {
    /// Takes a copy of what counts; must come before identity headers are removed.
    pub(crate) fn of(header: CertificateHeader, headers: &HeaderMap) -> Self {
        let all = |name: &HeaderName| headers.get_all(name).iter().cloned().collect();
        Self {
            header,
            leaf: all(&HeaderName::from_static(header.name())),
            chain: match header {
                CertificateHeader::ClientCert => all(&CHAIN),
                _ => SmallVec::new(),
            },
        }
    }

    /// `None` if the peer says that there is no certificate: it has left the header out.
    fn read(
        &self,
        known: &Captured,
        first_seen: impl FnOnce(&Identity),
    ) -> Result<Option<Rc<Identity>>, Malformed> {
        let leaf = match self.leaf.as_slice() {
            [] if self.chain.is_empty() => return Ok(None),
            [] => return Err(Malformed("a chain came without its certificate")),
            [one] => one.as_bytes(),
            _ => return Err(Malformed("the header came more than once")),
        };
        let chain = match self.chain.as_slice() {
            [] => None,
            [one] => Some(one.as_bytes()),
            _ => return Err(Malformed("the header of the chain came more than once")),
        };
        let read = || {
            let identity = identify(decode::chain(self.header, leaf, chain)?)?;
            first_seen(&identity);
            Ok(identity)
        };
        known.identity(leaf, chain, read).map(Some)
    }
}

/// What is wrong with a header from a trusted peer; no values from the request.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Malformed(pub(crate) &'static str);

/// Who a request comes from.
pub(crate) struct Caller {
    /// What is judged, and what policies see.
    pub(crate) identity: Option<Rc<Identity>>,
    /// Whether a trusted peer says so; else the connection's handshake has proven it.
    pub(crate) captured: bool,
}

impl Caller {
    /// On a connection from a trusted peer it is whom the peer names, or nobody, never the peer itself.
    /// A host in mode `none` takes no certificate from anyone.
    pub(crate) fn of(
        connection: &Connection,
        exchange: &Exchange,
        host: &HostConfiguration,
        claim: Option<&Claim>,
    ) -> Result<Self, Problem> {
        let Some(claim) = claim else {
            return Ok(Self {
                identity: connection.identity.clone(),
                captured: false,
            });
        };
        let identity = if host.mode == ClientCertificateMode::None {
            None
        } else {
            let worker = &connection.worker;
            let read = claim.read(&worker.captured, |identity| worker.saw(identity));
            read.map_err(|Malformed(why)| Problem::Captured(why))?
        };
        exchange.note(|facts| {
            facts.captured = identity.is_some();
            facts.thumbprint = identity
                .as_ref()
                .map(|identity| Arc::clone(&identity.certificate.thumbprint));
        });
        Ok(Self {
            identity,
            captured: true,
        })
    }
}

/// Identities that were captured lately, by the exact bytes of the headers, so that a client's second
/// request costs no parsing. Verdicts are not kept here: each request is judged.
#[derive(Debug, Default)]
pub(crate) struct Captured(RefCell<Generations>);

#[derive(Debug, Default)]
struct Generations {
    young: HashMap<[u8; 32], Rc<Identity>>,
    old: HashMap<[u8; 32], Rc<Identity>>,
}

impl Captured {
    /// Identities of one generation; there are at most twice as many.
    const KEPT: usize = 512;

    fn identity(
        &self,
        leaf: &[u8],
        chain: Option<&[u8]>,
        read: impl FnOnce() -> Result<Identity, Malformed>,
    ) -> Result<Rc<Identity>, Malformed> {
        let key = key(leaf, chain);
        let mut generations = self.0.borrow_mut();
        if let Some(identity) = generations.young.get(&key) {
            return Ok(Rc::clone(identity));
        }
        let identity = match generations.old.remove(&key) {
            Some(identity) => identity,
            None => Rc::new(read()?),
        };
        if generations.young.len() >= Self::KEPT {
            generations.old = std::mem::take(&mut generations.young);
        }
        generations.young.insert(key, Rc::clone(&identity));
        Ok(identity)
    }
}

fn identify(chain: Vec<Arc<[u8]>>) -> Result<Identity, Malformed> {
    let chain =
        PresentedChain::new(chain).ok_or(Malformed("there is no certificate in the header"))?;
    Identity::from_chain(chain).map_err(|_| Malformed("the certificate cannot be read"))
}

/// Which header it is does not matter: there is one for a whole process.
fn key(leaf: &[u8], chain: Option<&[u8]>) -> [u8; 32] {
    let chain = chain.unwrap_or_default();
    let mut bytes = Vec::with_capacity(leaf.len() + chain.len() + size_of::<u64>());
    bytes.extend_from_slice(&(leaf.len() as u64).to_be_bytes());
    bytes.extend_from_slice(leaf);
    bytes.extend_from_slice(chain);
    digest::sha256(&bytes)
}

#[cfg(test)]
mod tests;
