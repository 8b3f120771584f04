//! Who still uses which identity: the answer to "may I remove the old certificate?".

use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};

use dashmap::DashMap;
use gateway_policy::certificate::Certificate;
use gateway_policy::host::UnixNanos;

/// Last uses by list, identity and certificate, since this process started.
///
/// Noting a use costs a look-up and, at most once a second for each certificate, one store: requests
/// on different workers do not write the same cache line for each request.
#[derive(Debug, Default)]
pub struct Usage {
    lists: DashMap<Arc<str>, Uses>,
}

/// Last uses (unix seconds) by identity name and SHA-1 thumbprint.
type Uses = DashMap<(Arc<str>, [u8; 20]), AtomicI64>;

/// One certificate's last use under one identity.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LastUse {
    /// Name of the identity.
    pub identity: Arc<str>,
    /// SHA-1 thumbprint, upper case.
    pub thumbprint: String,
    /// Unix seconds.
    pub last_used: i64,
}

/// Certificates remembered for each list; beyond it new ones are not noted. Bounds memory against
/// identities that match any number of certificates (an issuer, a name).
const CERTIFICATES_PER_LIST: usize = 2_000_000;

impl Usage {
    /// Notes that `certificate` was found under `identity` of `list`.
    pub fn note(
        &self,
        list: &Arc<str>,
        identity: &Arc<str>,
        certificate: &Certificate,
        now: UnixNanos,
    ) {
        let seconds = i64::try_from(now.div_euclid(1_000_000_000)).unwrap_or(i64::MAX);
        let uses = match self.lists.get(list) {
            Some(uses) => uses,
            None => self.lists.entry(Arc::clone(list)).or_default().downgrade(),
        };
        let key = (Arc::clone(identity), certificate.sha1);
        if let Some(last) = uses.get(&key) {
            if last.load(Ordering::Relaxed) < seconds {
                last.store(seconds, Ordering::Relaxed);
            }
        } else if uses.len() < CERTIFICATES_PER_LIST {
            uses.insert(key, AtomicI64::new(seconds));
        }
    }

    /// Last uses of `list`, by identity name, then most recent first.
    #[must_use]
    pub fn of(&self, list: &str) -> Vec<LastUse> {
        let mut found: Vec<LastUse> = self
            .lists
            .iter()
            .filter(|entry| entry.key().eq_ignore_ascii_case(list))
            .flat_map(|entry| {
                let uses: Vec<LastUse> = entry
                    .value()
                    .iter()
                    .map(|each| LastUse {
                        identity: Arc::clone(&each.key().0),
                        thumbprint: gateway_tls::digest::upper_hex(&each.key().1),
                        last_used: each.value().load(Ordering::Relaxed),
                    })
                    .collect();
                uses
            })
            .collect();
        found.sort_by(|a, b| {
            a.identity
                .cmp(&b.identity)
                .then(b.last_used.cmp(&a.last_used))
        });
        found
    }
}
