//! Sessions: what is resumed, with whose identity, and what is declined.
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

use gateway_tls::accept::Failure;
use gateway_tls::host::{ClientCertificateMode as Mode, HostSettings};
use gateway_tls::trust::{RevocationPolicy, TrustBundle, TrustSpec};
use openssl::ssl::SslVersion;
use support::{BOTH_VERSIONS, Client, DAY, Gate, NOW, Pki, der, host_settings, presented};

#[tokio::test]
async fn a_resumed_session_keeps_the_leaf_and_the_chain_in_every_mode() {
    let pki = Pki::new("a");
    let client = pki.client("p");
    let gate = Gate::new();
    gate.hosts
        .set(host_settings("none.test", Mode::None, &pki.bundle()));
    gate.hosts.set(host_settings(
        "optional.test",
        Mode::Optional,
        &pki.bundle(),
    ));
    gate.hosts.set(host_settings(
        "required.test",
        Mode::Required,
        &pki.bundle(),
    ));
    for version in BOTH_VERSIONS {
        for name in ["none.test", "optional.test", "required.test"] {
            let dial = || Client::to(name, version).with(&client);
            let (first, heard) = gate.meet(dial()).await.both();
            assert!(!first.resumed);
            assert_eq!(heard.sessions.len(), 1, "one ticket by default");
            let (second, heard) = gate.meet(dial().resuming(heard.session())).await.both();
            assert!(second.resumed && heard.resumed, "{name} {version:?}");
            assert_eq!(second.peer, first.peer);
            assert_eq!(second.peer.is_some(), name != "none.test");
            if version == SslVersion::TLS1_3 {
                let (third, _) = gate.meet(dial().resuming(heard.session())).await.both();
                assert!(third.resumed);
                assert_eq!(third.peer, first.peer);
            }
        }
    }
}

#[tokio::test]
async fn a_session_without_a_certificate_is_resumed_without_one() {
    let gate = Gate::new();
    gate.hosts.set(host_settings(
        "a.test",
        Mode::Optional,
        &Pki::new("a").bundle(),
    ));
    for version in BOTH_VERSIONS {
        let (_, heard) = gate.meet(Client::to("a.test", version)).await.both();
        let (seen, _) = gate
            .meet(Client::to("a.test", version).resuming(heard.session()))
            .await
            .both();
        assert!(seen.resumed);
        assert_eq!(seen.peer, None);
    }
}

#[tokio::test]
async fn a_ticket_of_another_host_is_declined_and_the_new_hosts_rules_count() {
    let pki = Pki::new("a");
    let client = pki.client("p");
    let gate = Gate::new();
    gate.hosts
        .set(host_settings("a.test", Mode::None, &pki.bundle()));
    gate.hosts
        .set(host_settings("b.test", Mode::Optional, &pki.bundle()));
    gate.hosts
        .set(host_settings("c.test", Mode::Required, &pki.bundle()));
    gate.hosts.set(host_settings(
        "d.test",
        Mode::Required,
        &Pki::new("b").bundle(),
    ));
    let names = ["a.test", "b.test", "c.test"];
    for version in BOTH_VERSIONS {
        for from in names {
            for to in names.into_iter().filter(|to| *to != from) {
                let (_, heard) = gate
                    .meet(Client::to(from, version).with(&client))
                    .await
                    .both();
                let dial = Client::to(to, version)
                    .with(&client)
                    .resuming(heard.session());
                let (seen, heard) = gate.meet(dial).await.both();
                assert!(!seen.resumed, "{from} to {to}");
                assert_eq!(seen.peer, (to != "a.test").then(|| presented(&client)));
                assert_eq!(heard.sessions.len(), 1, "declined with a new ticket");
            }
        }
        // A ticket from where nothing is asked does not open where a certificate is required.
        let (_, heard) = gate.meet(Client::to("a.test", version)).await.both();
        let error = gate
            .meet(Client::to("c.test", version).resuming(heard.session()))
            .await
            .refused();
        assert_eq!(error.failure, Failure::CertificateRequired);
        // Nor a ticket for a certificate that another host trusts.
        let (_, heard) = gate
            .meet(Client::to("c.test", version).with(&client))
            .await
            .both();
        let dial = Client::to("d.test", version)
            .with(&client)
            .resuming(heard.session());
        assert_eq!(gate.meet(dial).await.refused().label(), "unknown_ca");
    }
}

#[tokio::test]
async fn a_ticket_of_another_host_with_the_same_rules_is_declined() {
    let pki = Pki::new("a");
    let client = pki.client("p");
    let gate = Gate::new();
    for mode in [Mode::None, Mode::Optional, Mode::Required] {
        for name in ["a.test", "b.test"] {
            gate.hosts.set(host_settings(name, mode, &pki.bundle()));
        }
        for version in BOTH_VERSIONS {
            let (_, heard) = gate
                .meet(Client::to("a.test", version).with(&client))
                .await
                .both();
            let dial = Client::to("b.test", version)
                .with(&client)
                .resuming(heard.session());
            let (seen, heard) = gate.meet(dial).await.both();
            assert!(!seen.resumed && heard.sessions.len() == 1);
            assert_eq!(seen.host, "b.test");
        }
    }
}

#[tokio::test]
async fn names_under_one_wildcard_host_share_its_sessions() {
    let pki = Pki::new("a");
    let client = pki.client("p");
    let gate = Gate::new();
    let host = gate
        .hosts
        .set(host_settings("*.test", Mode::Required, &pki.bundle()));
    for name in ["a.test", "b.test"] {
        gate.hosts.set_selection(
            name,
            gateway_tls::accept::Selection::Host(Arc::clone(&host)),
        );
    }
    for version in BOTH_VERSIONS {
        let (_, heard) = gate
            .meet(Client::to("a.test", version).with(&client))
            .await
            .both();
        let (seen, _) = gate
            .meet(Client::to("b.test", version).resuming(heard.session()))
            .await
            .both();
        assert!(seen.resumed);
        assert_eq!(
            (seen.host.as_str(), seen.server_name.as_deref()),
            ("*.test", Some("b.test"))
        );
        assert_eq!(seen.peer, Some(presented(&client)));
    }
}

#[tokio::test]
async fn a_ticket_of_another_mode_of_the_same_host_is_declined() {
    let pki = Pki::new("a");
    let client = pki.client("p");
    let gate = Gate::new();
    let modes = [Mode::None, Mode::Optional, Mode::Required];
    for version in BOTH_VERSIONS {
        for from in modes {
            for to in modes.into_iter().filter(|to| *to != from) {
                gate.hosts.set(host_settings("a.test", from, &pki.bundle()));
                let (_, heard) = gate
                    .meet(Client::to("a.test", version).with(&client))
                    .await
                    .both();
                gate.hosts.set(host_settings("a.test", to, &pki.bundle()));
                let dial = Client::to("a.test", version)
                    .with(&client)
                    .resuming(heard.session());
                let (seen, heard) = gate.meet(dial).await.both();
                assert!(
                    !seen.resumed && heard.sessions.len() == 1,
                    "{from:?} to {to:?}"
                );
                assert_eq!(seen.peer.is_some(), to != Mode::None);
            }
        }
    }
}

#[tokio::test]
async fn a_ticket_of_another_trust_epoch_is_declined_and_not_failed() {
    let pki = Pki::new("a");
    let (client, other) = (pki.client("p"), pki.client("other"));
    let bundle = |spec: &TrustSpec| Arc::new(TrustBundle::build(spec).unwrap());
    let base = pki.spec_with_lists(&[]);
    let more_roots = TrustSpec {
        roots: vec![
            der(pki.root.certificate()),
            der(Pki::new("b").root.certificate()),
        ],
        ..base.clone()
    };
    let epochs = [
        host_settings("a.test", Mode::Required, &bundle(&more_roots)),
        host_settings(
            "a.test",
            Mode::Required,
            &bundle(&pki.spec_with_lists(&[&other])),
        ),
        HostSettings {
            revocation: RevocationPolicy::Soft,
            ..host_settings("a.test", Mode::Required, &bundle(&base))
        },
        HostSettings {
            groups: vec!["P-256".to_owned()],
            ..host_settings("a.test", Mode::Required, &bundle(&base))
        },
    ];
    let gate = Gate::new();
    for version in BOTH_VERSIONS {
        for changed in epochs.clone() {
            gate.hosts
                .set(host_settings("a.test", Mode::Required, &bundle(&base)));
            let (_, heard) = gate
                .meet(Client::to("a.test", version).with(&client))
                .await
                .both();
            gate.hosts.set(changed);
            let dial = Client::to("a.test", version)
                .with(&client)
                .resuming(heard.session());
            let (seen, heard) = gate.meet(dial).await.both();
            assert!(!seen.resumed);
            assert_eq!(heard.sessions.len(), 1);
            let dial = Client::to("a.test", version)
                .with(&client)
                .resuming(heard.session());
            assert!(
                gate.meet(dial).await.both().0.resumed,
                "the new epoch's ticket counts"
            );
        }
    }
}

#[tokio::test]
async fn an_unchanged_host_that_is_built_anew_resumes_its_sessions() {
    let pki = Pki::new("a");
    let client = pki.client("p");
    let gate = Gate::new();
    for version in BOTH_VERSIONS {
        gate.hosts
            .set(host_settings("a.test", Mode::Required, &pki.bundle()));
        let (_, heard) = gate
            .meet(Client::to("a.test", version).with(&client))
            .await
            .both();
        // Another server certificate is no other epoch: the handshake decides the same.
        gate.hosts
            .set(host_settings("a.test", Mode::Required, &pki.bundle()));
        let dial = Client::to("a.test", version)
            .with(&client)
            .resuming(heard.session());
        assert!(gate.meet(dial).await.both().0.resumed);
    }
}

#[tokio::test]
async fn a_revocation_ends_the_resumed_session_too() {
    let pki = Pki::new("a");
    let client = pki.client("p");
    let gate = Gate::new();
    let host = |revoked: &[_]| HostSettings {
        revocation: RevocationPolicy::Hard,
        ..host_settings(
            "a.test",
            Mode::Required,
            &Arc::new(TrustBundle::build(&pki.spec_with_lists(revoked)).unwrap()),
        )
    };
    for version in BOTH_VERSIONS {
        gate.hosts.set(host(&[]));
        let (_, heard) = gate
            .meet(Client::to("a.test", version).with(&client))
            .await
            .both();
        gate.hosts.set(host(&[&client]));
        let dial = Client::to("a.test", version)
            .with(&client)
            .resuming(heard.session());
        assert_eq!(
            gate.meet(dial).await.refused().label(),
            "certificate_revoked"
        );
    }
}

#[tokio::test]
async fn a_session_whose_evidence_has_run_out_is_declined_and_judged_again() {
    let pki = Pki::new("a");
    let client = pki.client("p");
    for version in BOTH_VERSIONS {
        let gate = Gate::with(|settings| settings.ticket_key_interval = 1000 * 86_400);
        gate.hosts.set(HostSettings {
            revocation: RevocationPolicy::Hard,
            max_ticket_age: u32::MAX,
            ..host_settings(
                "a.test",
                Mode::Required,
                &Arc::new(TrustBundle::build(&pki.spec_with_lists(&[])).unwrap()),
            )
        });
        let (_, heard) = gate
            .meet(Client::to("a.test", version).with(&client))
            .await
            .both();
        gate.advance(5 * DAY);
        let dial = Client::to("a.test", version)
            .with(&client)
            .resuming(heard.session());
        assert_eq!(
            gate.meet(dial).await.refused().label(),
            "revocation_unknown"
        );
    }
}

#[tokio::test]
async fn a_chain_whose_intermediates_are_unknown_is_declined_with_a_new_ticket() {
    let pki = Pki::new("a");
    let (with_chain, direct) = (
        pki.client("p"),
        pki.root
            .issue(&gateway_tls::issue::LeafRequest::client("q").valid(support::years_around_now()))
            .unwrap(),
    );
    let gate = Gate::with(|settings| settings.max_intermediate_bytes = 0);
    gate.hosts
        .set(host_settings("a.test", Mode::Optional, &pki.bundle()));
    for version in BOTH_VERSIONS {
        for (client, resumed) in [(&with_chain, false), (&direct, true)] {
            let (_, heard) = gate
                .meet(Client::to("a.test", version).with(client))
                .await
                .both();
            let dial = Client::to("a.test", version)
                .with(client)
                .resuming(heard.session());
            let (seen, heard) = gate.meet(dial).await.both();
            assert_eq!(seen.resumed, resumed);
            assert_eq!(seen.peer, Some(presented(client)));
            assert!(!heard.sessions.is_empty() || (resumed && version == SslVersion::TLS1_2));
        }
    }
}

#[tokio::test]
async fn resumption_ends_at_the_maximum_age_however_often_it_is_repeated() {
    let pki = Pki::new("a");
    let client = pki.client("p");
    for version in BOTH_VERSIONS {
        let gate = Gate::new();
        gate.hosts.set(HostSettings {
            max_ticket_age: 100,
            ..host_settings("a.test", Mode::Optional, &pki.bundle())
        });
        let (_, heard) = gate
            .meet(Client::to("a.test", version).with(&client))
            .await
            .both();
        let mut session = heard.session();
        let mut resumed = Vec::new();
        for _ in 0..5 {
            gate.advance(40);
            let dial = Client::to("a.test", version)
                .with(&client)
                .resuming(session.clone());
            let (seen, heard) = gate.meet(dial).await.both();
            assert_eq!(seen.peer, Some(presented(&client)));
            resumed.push(seen.resumed);
            session = heard.sessions.last().cloned().unwrap_or(session);
        }
        assert_eq!(
            resumed,
            [true, true, false, true, true],
            "{version:?}: 120 s after the full handshake"
        );
    }
}

#[tokio::test]
async fn a_ticket_from_the_future_is_declined() {
    let gate = Gate::new();
    gate.hosts
        .set(host_settings("a.test", Mode::None, &Pki::new("a").bundle()));
    for version in BOTH_VERSIONS {
        let (_, heard) = gate.meet(Client::to("a.test", version)).await.both();
        gate.advance(-10);
        let (seen, _) = gate
            .meet(Client::to("a.test", version).resuming(heard.session()))
            .await
            .both();
        assert!(!seen.resumed);
    }
}

#[tokio::test]
async fn an_eavesdropped_ticket_without_its_secret_carries_no_identity() {
    let pki = Pki::new("a");
    let victim = pki.client("victim");
    for version in BOTH_VERSIONS {
        let gate = Gate::new();
        gate.hosts
            .set(host_settings("a.test", Mode::Optional, &pki.bundle()));
        let (_, heard) = gate
            .meet(Client::to("a.test", version).with(&victim))
            .await
            .both();
        let stolen = without_secret(&heard.session());
        // While the ticket counts, the handshake fails for want of the secret.
        let meeting = gate
            .meet(Client::to("a.test", version).resuming(stolen.clone()))
            .await;
        assert!(meeting.client.is_err() && meeting.server.is_err());
        // When the epoch has moved it is a full handshake, of nobody. In TLS 1.3 OpenSSL checks the proof of
        // the secret even then, so that only whoever holds the whole session gets there.
        gate.hosts.set(host_settings(
            "a.test",
            Mode::Optional,
            &Pki::new("b").bundle(),
        ));
        let stolen = if version == SslVersion::TLS1_3 {
            heard.session()
        } else {
            stolen
        };
        let (seen, heard) = gate
            .meet(Client::to("a.test", version).resuming(stolen.clone()))
            .await
            .both();
        assert!(!seen.resumed);
        assert_eq!(seen.peer, None);
        // And so is what its new ticket brings back.
        let (seen, _) = gate
            .meet(Client::to("a.test", version).resuming(heard.session()))
            .await
            .both();
        assert!(seen.resumed);
        assert_eq!(seen.peer, None);
        // Where a certificate is required it opens nothing.
        gate.hosts
            .set(host_settings("a.test", Mode::Required, &pki.bundle()));
        let error = gate
            .meet(Client::to("a.test", version).resuming(stolen))
            .await
            .refused();
        assert_eq!(error.failure, Failure::CertificateRequired);
    }
}

/// `SSL_SESSION` DER: version, protocol, cipher, session id, master key, … Replaces the master key.
fn without_secret(session: &[u8]) -> Vec<u8> {
    let mut bytes = session.to_vec();
    let length_of = |at: usize| -> (usize, usize) {
        let first = usize::from(session[at + 1]);
        if first < 0x80 {
            return (2, first);
        }
        let count = first & 0x7f;
        let length = session[at + 2..at + 2 + count]
            .iter()
            .fold(0, |length, byte| (length << 8) | usize::from(*byte));
        (2 + count, length)
    };
    let (header, _) = length_of(0);
    let mut at = header;
    for _ in 0..4 {
        let (header, length) = length_of(at);
        at += header + length;
    }
    let (header, length) = length_of(at);
    assert!(length >= 32, "the master key");
    for byte in &mut bytes[at + header..at + header + length] {
        *byte ^= 0x5a;
    }
    bytes
}

#[tokio::test]
async fn a_host_without_tickets_sends_none() {
    let pki = Pki::new("a");
    let gate = Gate::new();
    for version in BOTH_VERSIONS {
        gate.hosts
            .set(host_settings("a.test", Mode::Optional, &pki.bundle()));
        let dial = || Client::to("a.test", version).with(&pki.client("p"));
        let (_, heard) = gate.meet(dial()).await.both();
        let session = heard.session();
        gate.hosts.set(HostSettings {
            tickets: 0,
            ..host_settings("a.test", Mode::Optional, &pki.bundle())
        });
        let (seen, heard) = gate.meet(dial().resuming(session)).await.both();
        assert!(!seen.resumed, "nor does it take one");
        if version == SslVersion::TLS1_3 {
            assert_eq!(heard.sessions.len(), 0);
        } else {
            let again = heard.sessions.last().cloned();
            if let Some(session) = again {
                assert!(!gate.meet(dial().resuming(session)).await.both().0.resumed);
            }
        }
    }
}

#[tokio::test]
async fn no_ticket_allows_early_data() {
    let gate = Gate::new();
    gate.hosts
        .set(host_settings("a.test", Mode::None, &Pki::new("a").bundle()));
    let (_, heard) = gate
        .meet(Client::to("a.test", SslVersion::TLS1_3))
        .await
        .both();
    let session = openssl::ssl::SslSession::from_der(&heard.session()).unwrap();
    assert_eq!(session.max_early_data(), 0);
}

#[tokio::test]
async fn more_tickets_are_sent_where_they_are_asked_for() {
    let pki = Pki::new("a");
    let client = pki.client("p");
    let gate = Gate::new();
    gate.hosts.set(HostSettings {
        tickets: 3,
        ..host_settings("a.test", Mode::Optional, &pki.bundle())
    });
    let (_, heard) = gate
        .meet(Client::to("a.test", SslVersion::TLS1_3).with(&client))
        .await
        .both();
    assert_eq!(heard.sessions.len(), 3);
    for session in heard.sessions {
        let (seen, _) = gate
            .meet(Client::to("a.test", SslVersion::TLS1_3).resuming(session))
            .await
            .both();
        assert!(seen.resumed);
        assert_eq!(seen.peer, Some(presented(&client)));
    }
}

#[tokio::test]
async fn the_previous_ticket_key_still_opens_and_the_one_before_does_not() {
    let gate = Gate::new();
    gate.hosts
        .set(host_settings("a.test", Mode::None, &Pki::new("a").bundle()));
    for version in BOTH_VERSIONS {
        let (_, heard) = gate.meet(Client::to("a.test", version)).await.both();
        let old = heard.session();
        gate.acceptor.rotate_ticket_keys().unwrap();
        let (seen, heard) = gate
            .meet(Client::to("a.test", version).resuming(old.clone()))
            .await
            .both();
        assert!(seen.resumed);
        assert_eq!(heard.sessions.len(), 1, "with a ticket of the new key");
        gate.acceptor.rotate_ticket_keys().unwrap();
        let (seen, heard) = gate
            .meet(Client::to("a.test", version).resuming(old))
            .await
            .both();
        assert!(!seen.resumed);
        assert_eq!(heard.sessions.len(), 1);
    }
}

#[tokio::test]
async fn another_gateways_tickets_are_declined() {
    let (one, two) = (Gate::new(), Gate::new());
    let trust = Pki::new("a").bundle();
    one.hosts.set(host_settings("a.test", Mode::None, &trust));
    two.hosts.set(host_settings("a.test", Mode::None, &trust));
    for version in BOTH_VERSIONS {
        let (_, heard) = one.meet(Client::to("a.test", version)).await.both();
        let (seen, _) = two
            .meet(Client::to("a.test", version).resuming(heard.session()))
            .await
            .both();
        assert!(!seen.resumed);
    }
}

#[tokio::test]
async fn resumption_works_through_a_hello_retry_request() {
    let pki = Pki::new("a");
    let client = pki.client("p");
    let gate = Gate::new();
    gate.hosts
        .set(host_settings("a.test", Mode::Required, &pki.bundle()));
    let dial = || Client {
        groups: Some("P-521:P-256"),
        ..Client::to("a.test", SslVersion::TLS1_3).with(&client)
    };
    let (_, heard) = gate.meet(dial()).await.both();
    let (seen, _) = gate.meet(dial().resuming(heard.session())).await.both();
    assert!(seen.resumed);
    assert_eq!(seen.peer, Some(presented(&client)));
}

#[tokio::test]
async fn a_chain_too_long_for_a_ticket_works_without_resumption() {
    let pki = Pki::new("a");
    let client = pki.client("p");
    let gate = Gate::new();
    gate.hosts
        .set(host_settings("a.test", Mode::Optional, &pki.bundle()));
    for version in BOTH_VERSIONS {
        let mut dial = Client::to("a.test", version).with(&client);
        let filler = dial.certificates[1].clone();
        dial.certificates.resize(14, filler);
        let (seen, heard) = gate.meet(dial.clone()).await.both();
        assert_eq!(seen.peer.unwrap().certificates().len(), 14);
        let (seen, _) = gate.meet(dial.resuming(heard.session())).await.both();
        assert!(!seen.resumed);
        assert_eq!(seen.peer.unwrap().certificates().len(), 14);
    }
    let _ = NOW;
}
