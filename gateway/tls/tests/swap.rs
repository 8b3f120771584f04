//! Host configurations are swapped while handshakes run on several threads.
#![allow(
    missing_docs,
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    reason = "tests fail by panicking"
)]

mod support;

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use gateway_tls::host::ClientCertificateMode as Mode;
use gateway_tls::trust::{TrustBundle, TrustSpec};
use support::{BOTH_VERSIONS, Client, Gate, Pki, der, host_settings, presented};

#[test]
fn no_handshake_fails_and_no_identity_is_mixed_up_while_hosts_are_swapped() {
    const SWAPS: usize = 200;
    let pki = Pki::new("a");
    let more = TrustSpec {
        roots: vec![
            der(pki.root.certificate()),
            der(Pki::new("b").root.certificate()),
        ],
        ..TrustSpec::default()
    };
    let bundles = [pki.bundle(), Arc::new(TrustBundle::build(&more).unwrap())];
    let gate = Arc::new(Gate::new());
    gate.hosts
        .set(host_settings("a.test", Mode::Required, &bundles[0]));
    let (swapping, resumed, full) = (
        Arc::new(AtomicBool::new(true)),
        Arc::new(AtomicUsize::new(0)),
        Arc::new(AtomicUsize::new(0)),
    );
    let mut clients = Vec::new();
    for index in 0..6 {
        let (gate, swapping) = (Arc::clone(&gate), Arc::clone(&swapping));
        let (resumed, full) = (Arc::clone(&resumed), Arc::clone(&full));
        let issued = pki.client(&format!("client {index}"));
        clients.push(std::thread::spawn(move || {
            on_this_thread(async move {
                let mut session = None;
                while swapping.load(Ordering::Relaxed) {
                    let mut dial = Client::to("a.test", BOTH_VERSIONS[index % 2]).with(&issued);
                    dial.session = session.take();
                    let (seen, heard) = gate.meet(dial).await.both();
                    assert_eq!(seen.peer, Some(presented(&issued)));
                    let counter = if seen.resumed { &resumed } else { &full };
                    counter.fetch_add(1, Ordering::Relaxed);
                    session = heard.sessions.last().cloned();
                }
            })
        }));
    }
    let deadline = Instant::now() + Duration::from_secs(60);
    let mut swap = 0;
    while swap < SWAPS || resumed.load(Ordering::Relaxed) < 20 || full.load(Ordering::Relaxed) < 20
    {
        assert!(
            Instant::now() < deadline,
            "{resumed:?} resumed, {full:?} full"
        );
        swap += 1;
        // The epoch moves every tenth time.
        gate.hosts.set(host_settings(
            "a.test",
            Mode::Required,
            &bundles[(swap / 10) % 2],
        ));
        std::thread::yield_now();
    }
    swapping.store(false, Ordering::Relaxed);
    for client in clients {
        client.join().unwrap();
    }
}

fn on_this_thread(work: impl Future<Output = ()>) {
    tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .unwrap()
        .block_on(work);
}

#[tokio::test]
async fn a_connection_that_has_ended_lets_go_of_its_host() {
    let pki = Pki::new("a");
    let client = pki.client("p");
    let gate = Gate::new();
    let host = gate
        .hosts
        .set(host_settings("a.test", Mode::Required, &pki.bundle()));
    let held = Arc::strong_count(&host);
    for version in BOTH_VERSIONS {
        let dial = || Client::to("a.test", version).with(&client);
        let (_, heard) = gate.meet(dial()).await.both();
        gate.meet(dial().resuming(heard.session())).await.both();
        gate.meet(Client::to("a.test", version)).await.refused();
    }
    assert_eq!(Arc::strong_count(&host), held);
}
