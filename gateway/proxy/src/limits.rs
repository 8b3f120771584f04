//! How many connections and handshakes there are, per worker and per client address.

use std::cell::Cell;
use std::net::IpAddr;
use std::rc::Rc;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use dashmap::DashMap;

use crate::settings::AdmissionSettings;

/// Which limit a connection met.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Refused {
    ConnectionsPerWorker,
    ConnectionsPerAddress,
    HandshakesPerWorker,
    HandshakesPerAddress,
}

/// Counts of all workers; one per proxy.
#[derive(Debug, Default)]
pub(crate) struct Addresses {
    counts: DashMap<IpAddr, Counts>,
    open: AtomicUsize,
    background: AtomicUsize,
}

#[derive(Debug, Default, Clone, Copy)]
struct Counts {
    connections: usize,
    handshakes: usize,
}

impl Addresses {
    /// Open connections of all workers.
    pub(crate) fn open(&self) -> usize {
        self.open.load(Ordering::Relaxed)
    }

    /// Requests of all workers that nobody waits for.
    pub(crate) fn background(&self) -> usize {
        self.background.load(Ordering::Relaxed)
    }

    /// One of them begins; it goes on until what this returns is dropped.
    pub(crate) fn enter_background(self: &Arc<Self>) -> BackgroundPermit {
        self.background.fetch_add(1, Ordering::Relaxed);
        BackgroundPermit(Arc::clone(self))
    }

    fn release(&self, address: IpAddr, change: impl FnOnce(&mut Counts)) {
        if let Some(mut counts) = self.counts.get_mut(&address) {
            change(&mut counts);
        }
        self.counts.remove_if(&address, |_, counts| {
            counts.connections == 0 && counts.handshakes == 0
        });
    }
}

/// Counts as a request that nobody waits for until dropped.
#[derive(Debug)]
pub(crate) struct BackgroundPermit(Arc<Addresses>);

impl Drop for BackgroundPermit {
    fn drop(&mut self) {
        self.0.background.fetch_sub(1, Ordering::Relaxed);
    }
}

/// One worker's counts.
#[derive(Debug)]
pub(crate) struct Admission {
    settings: AdmissionSettings,
    addresses: Arc<Addresses>,
    connections: Cell<usize>,
    handshakes: Cell<usize>,
}

impl Admission {
    pub(crate) fn new(settings: AdmissionSettings, addresses: Arc<Addresses>) -> Rc<Self> {
        Rc::new(Self {
            settings,
            addresses,
            connections: Cell::new(0),
            handshakes: Cell::new(0),
        })
    }

    /// Lets a connection begin its handshake.
    ///
    /// # Errors
    /// The limit that it met; nothing is counted then.
    pub(crate) fn admit(
        self: &Rc<Self>,
        address: IpAddr,
    ) -> Result<(ConnectionPermit, HandshakePermit), Refused> {
        if self.connections.get() >= self.settings.connections_per_worker {
            return Err(Refused::ConnectionsPerWorker);
        }
        if self.handshakes.get() >= self.settings.handshakes_per_worker {
            return Err(Refused::HandshakesPerWorker);
        }
        let address = network(address);
        {
            let mut counts = self.addresses.counts.entry(address).or_default();
            if counts.connections >= self.settings.connections_per_address {
                return Err(Refused::ConnectionsPerAddress);
            }
            if counts.handshakes >= self.settings.handshakes_per_address {
                return Err(Refused::HandshakesPerAddress);
            }
            counts.connections += 1;
            counts.handshakes += 1;
        }
        self.addresses.open.fetch_add(1, Ordering::Relaxed);
        self.connections.set(self.connections.get() + 1);
        self.handshakes.set(self.handshakes.get() + 1);
        Ok((
            ConnectionPermit {
                admission: Rc::clone(self),
                address,
            },
            HandshakePermit {
                admission: Rc::clone(self),
                address,
            },
        ))
    }
}

/// An IPv6 client owns a /64 at least: single addresses would be no limit at all.
fn network(address: IpAddr) -> IpAddr {
    match address.to_canonical() {
        IpAddr::V6(address) if !address.is_loopback() => {
            let [a, b, c, d, ..] = address.segments();
            IpAddr::from([a, b, c, d, 0, 0, 0, 0])
        }
        address => address,
    }
}

/// Counts as an open connection until dropped.
#[derive(Debug)]
pub(crate) struct ConnectionPermit {
    admission: Rc<Admission>,
    address: IpAddr,
}

impl Drop for ConnectionPermit {
    fn drop(&mut self) {
        let admission = &self.admission;
        admission
            .connections
            .set(admission.connections.get().saturating_sub(1));
        admission.addresses.open.fetch_sub(1, Ordering::Relaxed);
        admission.addresses.release(self.address, |counts| {
            counts.connections = counts.connections.saturating_sub(1);
        });
    }
}

/// Counts as a handshake in flight until dropped.
#[derive(Debug)]
pub(crate) struct HandshakePermit {
    admission: Rc<Admission>,
    address: IpAddr,
}

impl Drop for HandshakePermit {
    fn drop(&mut self) {
        let admission = &self.admission;
        admission
            .handshakes
            .set(admission.handshakes.get().saturating_sub(1));
        admission.addresses.release(self.address, |counts| {
            counts.handshakes = counts.handshakes.saturating_sub(1);
        });
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests fail by panicking")]

    use super::*;

    fn settings() -> AdmissionSettings {
        AdmissionSettings {
            connections_per_worker: 3,
            connections_per_address: 2,
            handshakes_per_worker: 2,
            handshakes_per_address: 1,
            ..AdmissionSettings::default()
        }
    }

    #[test]
    fn every_limit_refuses_the_next_and_frees_its_place_again() {
        let addresses = Arc::new(Addresses::default());
        let one = Admission::new(settings(), Arc::clone(&addresses));
        let [a, b, c] = [[192, 0, 2, 1], [192, 0, 2, 2], [192, 0, 2, 3]].map(IpAddr::from);

        let (a1, handshake) = one.admit(a).unwrap();
        assert_eq!(one.admit(a).unwrap_err(), Refused::HandshakesPerAddress);
        drop(handshake);
        let (a2, handshake) = one.admit(a).unwrap();
        drop(handshake);
        assert_eq!(one.admit(a).unwrap_err(), Refused::ConnectionsPerAddress);

        let two = Admission::new(settings(), Arc::clone(&addresses));
        assert_eq!(
            two.admit(a).unwrap_err(),
            Refused::ConnectionsPerAddress,
            "counted over workers"
        );

        let (b1, b_handshake) = one.admit(b).unwrap();
        assert_eq!(one.admit(c).unwrap_err(), Refused::ConnectionsPerWorker);
        assert_eq!(addresses.open(), 3);
        drop((a1, a2, b1, b_handshake));
        assert_eq!(addresses.open(), 0);
        assert!(
            addresses.counts.is_empty(),
            "an address without connections costs no memory"
        );

        let held = (two.admit(a).unwrap(), two.admit(b).unwrap());
        assert_eq!(two.admit(c).unwrap_err(), Refused::HandshakesPerWorker);
        drop(held);
    }

    #[test]
    fn addresses_of_one_ipv6_network_count_together() {
        let network_of = |text: &str| network(text.parse().unwrap());
        assert_eq!(network_of("2001:db8::1"), network_of("2001:db8::ffff:1"));
        assert_ne!(network_of("2001:db8::1"), network_of("2001:db8:0:1::1"));
        assert_eq!(network_of("::ffff:192.0.2.1"), network_of("192.0.2.1"));
    }
}
