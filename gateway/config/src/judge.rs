//! Judging a client's certificate under one snapshot.
//!
//! The identity belongs to the connection and is found once; the verdict belongs to the request, is
//! computed under the trust of the snapshot that the request pinned, and comes from the
//! verified-certificate cache when the same chain was judged under the same trust before. This
//! module is where policies (`gateway-policy`) and trust (`gateway-tls`) meet.

mod crypto;

use std::cell::{OnceCell, RefCell};
use std::rc::Rc;
use std::sync::Arc;

use gateway_policy::certificate::Certificate;
use gateway_policy::host::{
    ChainVerdict, Host, IdentityList, LoggerMessage, Metric, Revocation, TraceRecord, Trust,
    UnixNanos,
};
use gateway_tls::cache::VerifiedChains;
use gateway_tls::chain::PresentedChain;
use gateway_tls::trust::RevocationPolicy;
use gateway_tls::trust::{Profile, RevocationStatus, Verdict};

use crate::clock::Clock;
use crate::loggers::Delivery;
use crate::material::policy_certificate;
use crate::snapshot::{PinnedSnapshot, Snapshot};

/// Who the peer of a connection is: its proven certificate and everything it presented with it.
///
/// Made once per connection, after the handshake has finished.
#[derive(Debug)]
pub struct Identity {
    /// What was presented, leaf first.
    pub chain: PresentedChain,
    /// The leaf, parsed.
    pub certificate: Arc<Certificate>,
    /// The verdict of the connection's last request in the words of policies, with the verdict it was
    /// made from. Only a shortcut around parsing the path again: the cache is asked every time, and
    /// this is used when it answers with the very same verdict.
    last: RefCell<Option<(Arc<Verdict>, RevocationPolicy, ChainVerdict)>>,
}

/// A leaf that OpenSSL took and we cannot read: nobody is let in on it.
#[derive(Debug, thiserror::Error)]
#[error("the client's certificate cannot be read: {0}")]
pub struct UnreadableIdentity(String);

impl Identity {
    /// Reads the leaf of a presented chain.
    ///
    /// # Errors
    /// If the leaf cannot be parsed.
    pub fn from_chain(chain: PresentedChain) -> Result<Self, UnreadableIdentity> {
        let facts = gateway_tls::certificate::parse(chain.leaf())
            .map_err(|error| UnreadableIdentity(error.to_string()))?;
        Ok(Self {
            certificate: Arc::new(policy_certificate(&facts, false)),
            chain,
            last: RefCell::new(None),
        })
    }
}

/// Why a certificate is refused; the order of the variants is the order of the checks.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Reason {
    /// None was presented.
    NotFound,
    /// It is not valid yet.
    NotYetValid,
    /// It has expired.
    Expired,
    /// No path leads to a trusted root.
    NotTrusted,
    /// It, or a certificate above it, is revoked.
    Revoked,
    /// Its revocation status cannot be told and must be.
    RevocationUnknown,
}

impl Reason {
    /// The stable code (APIM's names; the two of revocation are ours).
    #[must_use]
    pub const fn code(self) -> &'static str {
        match self {
            Self::NotFound => "ClientCertificateNotFound",
            Self::NotYetValid => "ClientCertificateNotYetValid",
            Self::Expired => "ClientCertificateExpired",
            Self::NotTrusted => "ClientCertificateNotTrusted",
            Self::Revoked => "ClientCertificateRevoked",
            Self::RevocationUnknown => "ClientCertificateRevocationUnknown",
        }
    }
}

/// The world as the policies of one request see it.
#[derive(Debug)]
pub struct World {
    snapshot: PinnedSnapshot,
    chains: Arc<VerifiedChains>,
    clock: Arc<dyn Clock>,
    identity: Option<Rc<Identity>>,
    revocation: RevocationPolicy,
    verdict: OnceCell<ChainVerdict>,
    traces: RefCell<Vec<TraceRecord>>,
    metrics: RefCell<Vec<Metric>>,
    delivery: Option<Rc<dyn Delivery>>,
}

impl World {
    /// The world for one request.
    #[must_use]
    pub fn new(
        snapshot: PinnedSnapshot,
        chains: Arc<VerifiedChains>,
        clock: Arc<dyn Clock>,
        identity: Option<Rc<Identity>>,
    ) -> Self {
        let revocation = snapshot.revocation;
        Self {
            snapshot,
            chains,
            clock,
            identity,
            revocation,
            verdict: OnceCell::new(),
            traces: RefCell::default(),
            metrics: RefCell::default(),
            delivery: None,
        }
    }

    /// The same world, whose loggers deliver.
    #[must_use]
    pub fn delivering(mut self, delivery: Rc<dyn Delivery>) -> Self {
        self.delivery = Some(delivery);
        self
    }

    /// Step *judge* for a host in mode `required`: the certificate must be there, within its dates,
    /// trusted and not revoked, under the newest snapshot and not the one of the handshake.
    ///
    /// # Errors
    /// The first reason to refuse, in the order of the checks.
    pub fn require_certificate(&self) -> Result<(), Reason> {
        let identity = self.identity.as_ref().ok_or(Reason::NotFound)?;
        let now = self.clock.now_nanos();
        if now < identity.certificate.not_before {
            return Err(Reason::NotYetValid);
        }
        if now > identity.certificate.not_after {
            return Err(Reason::Expired);
        }
        let verdict = self.client_verdict();
        match (&verdict.trust, &verdict.revocation) {
            (Trust::Untrusted(_), _) => Err(Reason::NotTrusted),
            (_, Revocation::Revoked(_)) => Err(Reason::Revoked),
            (_, Revocation::Unknown(_)) => Err(Reason::RevocationUnknown),
            (Trust::Trusted, Revocation::Good) => Ok(()),
        }
    }

    /// The verdict, if anything asked for it during the request.
    #[must_use]
    pub fn judged(&self) -> Option<&ChainVerdict> {
        self.verdict.get()
    }

    /// The snapshot this request pinned.
    #[must_use]
    pub fn snapshot(&self) -> &Snapshot {
        &self.snapshot
    }

    /// Takes the records that policies have traced so far.
    pub fn take_traces(&self) -> Vec<TraceRecord> {
        std::mem::take(&mut *self.traces.borrow_mut())
    }

    /// Takes what policies have added to metrics so far.
    pub fn take_metrics(&self) -> Vec<Metric> {
        std::mem::take(&mut *self.metrics.borrow_mut())
    }

    fn judge_identity(&self, identity: &Identity) -> ChainVerdict {
        let verdict = self.ask(&identity.chain);
        let mut last = identity.last.borrow_mut();
        match &*last {
            Some((known, revocation, judged))
                if Arc::ptr_eq(known, &verdict) && *revocation == self.revocation =>
            {
                judged.clone()
            }
            _ => {
                let judged = policy_verdict(&verdict, self.revocation);
                *last = Some((verdict, self.revocation, judged.clone()));
                judged
            }
        }
    }

    fn ask(&self, chain: &PresentedChain) -> Arc<Verdict> {
        let now = self.clock.now_seconds();
        self.chains
            .verdict(&self.snapshot.trust, chain, Profile::CLIENT, now)
    }
}

/// The verdict about nobody.
fn no_certificate() -> ChainVerdict {
    let nobody: Arc<str> = Arc::from("no certificate was presented");
    ChainVerdict {
        trust: Trust::Untrusted(Arc::clone(&nobody)),
        revocation: Revocation::Unknown(nobody),
        issuers: Arc::from([]),
    }
}

/// What policies see of a verdict, after `trust.revocation` has decided about unknown status.
fn policy_verdict(verdict: &Verdict, revocation: RevocationPolicy) -> ChainVerdict {
    let issuers: Arc<[Arc<Certificate>]> = verdict
        .path
        .iter()
        .skip(1)
        .filter_map(|der| gateway_tls::certificate::parse(der).ok())
        .map(|facts| Arc::new(policy_certificate(&facts, false)))
        .collect();
    let trust = match &verdict.trust {
        Ok(()) => Trust::Trusted,
        Err(untrusted) => Trust::Untrusted(Arc::from(untrusted.message.as_str())),
    };
    let revocation = match (&verdict.revocation, revocation) {
        (_, RevocationPolicy::Off)
        | (RevocationStatus::Good, _)
        | (RevocationStatus::Unknown { .. }, RevocationPolicy::Soft) => Revocation::Good,
        (
            RevocationStatus::Revoked {
                serial, by_issuer, ..
            },
            _,
        ) => {
            let serial = gateway_tls::digest::upper_hex(serial);
            let message = format!("certificate {serial} is revoked by `{by_issuer}`");
            Revocation::Revoked(Arc::from(message))
        }
        (RevocationStatus::Unknown { missing, problem }, RevocationPolicy::Hard) => {
            let message = format!("the revocation list of `{missing}` {}", problem.describe());
            Revocation::Unknown(Arc::from(message))
        }
    };
    ChainVerdict {
        trust,
        revocation,
        issuers,
    }
}

impl Host for World {
    fn now(&self) -> UnixNanos {
        self.clock.now_nanos()
    }

    fn random(&self, buffer: &mut [u8]) {
        if gateway_tls::random::fill(buffer).is_err() {
            // Without entropy nothing this process does is safe, and a policy must not go on with
            // predictable bytes.
            tracing::error!("the random number generator has failed");
            std::process::abort();
        }
    }

    fn parse_certificate(&self, bytes: &[u8]) -> Option<Arc<Certificate>> {
        let facts = gateway_tls::certificate::parse(bytes).ok()?;
        Some(Arc::new(policy_certificate(&facts, false)))
    }

    fn client_verdict(&self) -> ChainVerdict {
        self.verdict
            .get_or_init(|| match &self.identity {
                Some(identity) => self.judge_identity(identity),
                None => no_certificate(),
            })
            .clone()
    }

    fn verdict(&self, certificate: &Certificate) -> ChainVerdict {
        match &self.identity {
            Some(identity) if identity.certificate.sha256 == certificate.sha256 => {
                self.client_verdict()
            }
            _ => match PresentedChain::new(vec![Arc::clone(&certificate.der)]) {
                Some(chain) => policy_verdict(&self.ask(&chain), self.revocation),
                None => no_certificate(),
            },
        }
    }

    fn identity_list(&self, id: &str) -> Option<&dyn IdentityList> {
        let list = self
            .snapshot
            .identity_lists
            .get(id.to_ascii_lowercase().as_str())?;
        Some(list.as_ref())
    }

    fn deployment_certificate(&self, thumbprint: &str) -> Option<Arc<Certificate>> {
        let uploaded = self.snapshot.certificates.by_thumbprint(thumbprint)?;
        Some(Arc::clone(&uploaded.certificate))
    }

    fn deployment_certificates(&self) -> Vec<Arc<Certificate>> {
        self.snapshot
            .certificates
            .iter()
            .map(|c| Arc::clone(&c.certificate))
            .collect()
    }

    fn certificate_by_id(&self, id: &str) -> Option<Arc<Certificate>> {
        Some(Arc::clone(
            &self.snapshot.certificates.by_id(id)?.certificate,
        ))
    }

    fn trace(&self, record: TraceRecord) {
        self.traces.borrow_mut().push(record);
    }

    fn emit_metric(&self, metric: Metric) {
        self.metrics.borrow_mut().push(metric);
    }

    fn log_to(&self, logger: &str, message: LoggerMessage) {
        let target = self.snapshot.loggers.get(&*logger.to_ascii_lowercase());
        // At once, so that a client that goes away takes no message with it.
        match (&self.delivery, target) {
            (Some(delivery), Some(target)) => delivery.deliver(&self.snapshot, target, message),
            // No document compiles that names one which does not deliver.
            _ => tracing::error!(logger, "a policy names a logger that nothing delivers to"),
        }
    }
}
