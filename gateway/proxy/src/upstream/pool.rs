//! Connections to backends, one pool per worker.
//!
//! A connection belongs to exactly one key: host, port, and everything that TLS with that backend
//! depends on (its roots, its verification, the client certificate). A connection that was opened
//! with a withdrawn certificate therefore never serves a request of a newer snapshot.

use std::cell::RefCell;
use std::collections::HashMap;
use std::rc::Rc;
use std::sync::Arc;
use std::time::{Duration, Instant};

use hyper::client::conn::http1::SendRequest;

use crate::body::Body;

/// What connections are told apart by.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(crate) struct PoolKey {
    /// Host name or address as configured.
    pub(crate) host: Arc<str>,
    /// TCP port.
    pub(crate) port: u16,
    /// Digest of everything TLS with this backend depends on; `None` for plain TCP.
    pub(crate) tls: Option<[u8; 32]>,
}

/// One worker's unused connections.
#[derive(Debug)]
pub(crate) struct Pool {
    idle: RefCell<HashMap<PoolKey, Vec<Idle>>>,
    idle_timeout: Duration,
    per_key: usize,
}

#[derive(Debug)]
struct Idle {
    sender: SendRequest<Body>,
    since: Instant,
}

impl Pool {
    pub(crate) fn new(idle_timeout: Duration, per_key: usize) -> Rc<Self> {
        Rc::new(Self {
            idle: RefCell::default(),
            idle_timeout,
            per_key,
        })
    }

    /// The connection used last, because the longest unused one is the likeliest to be closing.
    pub(crate) fn take(&self, key: &PoolKey) -> Option<SendRequest<Body>> {
        let mut idle = self.idle.borrow_mut();
        let list = idle.get_mut(key)?;
        // One that was given back a moment ago may still have to notice that its response ended; one
        // that is closed or too old is left to the sweep.
        let ready = list
            .iter()
            .rposition(|one| one.sender.is_ready() && one.since.elapsed() < self.idle_timeout)?;
        Some(list.remove(ready).sender)
    }

    /// Closes what has been unused for too long.
    pub(crate) fn sweep(&self) {
        let now = Instant::now();
        self.idle.borrow_mut().retain(|_, list| {
            list.retain(|one| {
                !one.sender.is_closed() && now.duration_since(one.since) < self.idle_timeout
            });
            !list.is_empty()
        });
    }

    /// Unused connections.
    #[cfg(test)]
    pub(crate) fn len(&self) -> usize {
        self.idle.borrow().values().map(Vec::len).sum()
    }

    fn put(&self, key: PoolKey, sender: SendRequest<Body>) {
        if sender.is_closed() {
            return;
        }
        let mut idle = self.idle.borrow_mut();
        let list = idle.entry(key).or_default();
        if list.len() < self.per_key {
            list.push(Idle {
                sender,
                since: Instant::now(),
            });
        }
    }
}

/// A connection in use. Dropped, it closes; given back, it serves again.
#[derive(Debug)]
pub(crate) struct Lease {
    pub(crate) pool: Rc<Pool>,
    pub(crate) key: PoolKey,
    pub(crate) sender: SendRequest<Body>,
}

impl Lease {
    pub(crate) fn give_back(self) {
        self.pool.put(self.key, self.sender);
    }
}
