//! Choosing a host and asking for certificates, in full handshakes.
#![allow(
    missing_docs,
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    reason = "tests fail by panicking"
)]

mod support;

use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};

use gateway_tls::accept::{Alert, Alpn, Failure, Fault, Selection};
use gateway_tls::chain::PresentedChain;
use gateway_tls::host::{
    ClientCertificateMode as Mode, HostContext, HostContextError, HostSettings, TlsVersion,
};
use gateway_tls::issue::{KeyKind, LeafRequest, Validity};
use gateway_tls::trust::{Profile, Refusal, RevocationPolicy, TrustBundle, TrustSpec};
use openssl::bn::BigNum;
use openssl::ec::{EcGroup, EcKey};
use openssl::nid::Nid;
use openssl::pkey::PKey;
use openssl::ssl::SslVersion;
use support::{BOTH_VERSIONS, Client, DAY, Gate, NOW, Pki, der, host_settings, presented};
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};

fn no_trust() -> Arc<TrustBundle> {
    Arc::new(TrustBundle::empty().unwrap())
}

#[tokio::test]
async fn each_name_gets_its_own_host_and_mode() {
    let pki = Pki::new("a");
    let gate = Gate::new();
    gate.hosts
        .set(host_settings("none.test", Mode::None, &no_trust()));
    gate.hosts
        .set(host_settings("optional.test", Mode::Optional, &no_trust()));
    gate.hosts.set(host_settings(
        "required.test",
        Mode::Required,
        &pki.bundle(),
    ));
    let client = pki.client("partner");
    for version in BOTH_VERSIONS {
        let (seen, _) = gate
            .meet(Client::to("none.test", version).with(&client))
            .await
            .both();
        assert_eq!((seen.host.as_str(), seen.peer), ("none.test", None));
        let (seen, _) = gate.meet(Client::to("optional.test", version)).await.both();
        assert_eq!((seen.host.as_str(), seen.peer), ("optional.test", None));
        for name in ["optional.test", "required.test"] {
            let (seen, _) = gate
                .meet(Client::to(name, version).with(&client))
                .await
                .both();
            assert_eq!(
                (seen.host.as_str(), seen.peer),
                (name, Some(presented(&client)))
            );
        }
    }
}

#[tokio::test]
async fn optional_lets_strangers_pass_with_the_certificate_they_proved() {
    let (ours, theirs) = (Pki::new("a"), Pki::new("b"));
    let gate = Gate::new();
    gate.hosts
        .set(host_settings("a.test", Mode::Optional, &ours.bundle()));
    let stranger = theirs.client("stranger");
    for version in BOTH_VERSIONS {
        let (seen, _) = gate
            .meet(Client::to("a.test", version).with(&stranger))
            .await
            .both();
        assert_eq!(seen.peer, Some(presented(&stranger)));
    }
    assert_eq!(
        gate.chains.counters().misses,
        0,
        "optional does no chain work"
    );
}

#[tokio::test]
async fn required_without_a_certificate_is_refused_as_such() {
    let gate = Gate::new();
    gate.hosts.set(host_settings(
        "a.test",
        Mode::Required,
        &Pki::new("a").bundle(),
    ));
    for version in BOTH_VERSIONS {
        let meeting = gate.meet(Client::to("a.test", version)).await;
        assert!(meeting.client.is_err());
        let error = meeting.refused();
        let spoken = match version {
            SslVersion::TLS1_2 => TlsVersion::Tls12,
            _ => TlsVersion::Tls13,
        };
        assert_eq!(error.version, Some(spoken));
        assert_eq!(
            (&error.failure, error.fault, error.label()),
            (
                &Failure::CertificateRequired,
                Fault::Client,
                "certificate_required"
            )
        );
        assert_eq!(error.server_name.as_deref(), Some("a.test"));
    }
}

#[tokio::test]
async fn required_refuses_each_bad_certificate_for_its_own_reason_and_alert() {
    let (pki, other) = (Pki::new("a"), Pki::new("b"));
    let revoked = pki.client("revoked");
    let expired = pki
        .intermediate
        .issue(&LeafRequest::client("expired").valid(Validity {
            not_before: NOW - 2 * DAY,
            not_after: NOW - DAY,
        }))
        .unwrap();
    let trust = Arc::new(TrustBundle::build(&pki.spec_with_lists(&[&revoked])).unwrap());
    let gate = Gate::new();
    gate.hosts.set(HostSettings {
        revocation: RevocationPolicy::Hard,
        ..host_settings("a.test", Mode::Required, &trust)
    });
    gate.hosts.set(HostSettings {
        revocation: RevocationPolicy::Hard,
        ..host_settings("nolist.test", Mode::Required, &pki.bundle())
    });
    let (good, stranger) = (pki.client("good"), other.client("stranger"));
    for version in BOTH_VERSIONS {
        let refuse = async |name: &str, issued| {
            let meeting = gate.meet(Client::to(name, version).with(issued)).await;
            let heard = meeting.client.as_ref().unwrap_err().clone();
            (meeting.refused(), heard)
        };
        let (error, heard) = refuse("a.test", &revoked).await;
        assert!(matches!(
            error.failure,
            Failure::CertificateRefused(Refusal::Revoked { .. })
        ));
        assert!(heard.contains("certificate revoked"), "{heard}");
        let (error, heard) = refuse("a.test", &expired).await;
        assert_eq!(error.failure, Failure::CertificateRefused(Refusal::Expired));
        assert!(heard.contains("certificate expired"), "{heard}");
        let (error, heard) = refuse("a.test", &stranger).await;
        assert!(matches!(
            error.failure,
            Failure::CertificateRefused(Refusal::NotTrusted(_))
        ));
        assert_eq!(
            (error.label(), error.alert),
            ("unknown_ca", Some(Alert(48)))
        );
        assert!(heard.contains("unknown ca"), "{heard}");
        let (error, heard) = refuse("nolist.test", &good).await;
        assert!(
            error
                .to_string()
                .contains("the revocation list of CN=a intermediate is missing"),
            "{error}"
        );
        assert!(heard.contains("certificate unknown"), "{heard}");
        gate.meet(Client::to("a.test", version).with(&good))
            .await
            .both();
    }
}

#[tokio::test]
async fn no_server_name_selects_the_default_host_and_an_unknown_one_is_refused() {
    let gate = Gate::new();
    for version in BOTH_VERSIONS {
        let error = gate.meet(Client::nameless(version)).await.refused();
        assert_eq!(error.failure, Failure::UnrecognizedName);
        let meeting = gate.meet(Client::to("nobody.test", version)).await;
        let heard = meeting.client.as_ref().unwrap_err().clone();
        assert!(heard.contains("unrecognized name"), "{heard}");
        let error = meeting.refused();
        assert_eq!(error.alert, Some(Alert(112)));
        assert_eq!(error.server_name.as_deref(), Some("nobody.test"));
        assert_eq!((error.host, error.version), (None, None));
    }
    gate.hosts
        .set(host_settings("default", Mode::None, &no_trust()));
    for version in BOTH_VERSIONS {
        let (seen, _) = gate.meet(Client::nameless(version)).await.both();
        assert_eq!((seen.host.as_str(), seen.server_name), ("default", None));
    }
}

#[tokio::test]
async fn a_host_that_cannot_be_served_refuses_and_the_fault_is_ours() {
    let gate = Gate::new();
    gate.hosts.set_selection("a.test", Selection::Unavailable);
    let error = gate
        .meet(Client::to("a.test", SslVersion::TLS1_3))
        .await
        .refused();
    assert_eq!(
        (error.failure, error.fault, error.alert),
        (Failure::Unavailable, Fault::Server, Some(Alert(80)))
    );
}

#[tokio::test]
async fn case_and_a_trailing_dot_of_the_server_name_do_not_matter_and_utf8_is_refused() {
    let gate = Gate::new();
    gate.hosts
        .set(host_settings("a.test", Mode::None, &no_trust()));
    for name in ["A.Test", "a.test.", "A.TEST."] {
        let (seen, _) = gate.meet(Client::to(name, SslVersion::TLS1_3)).await.both();
        assert_eq!(seen.server_name.as_deref(), Some("a.test"));
    }
    for name in ["münchen.test", ".", "a.test..", "a b.test"] {
        let error = gate
            .meet(Client::to(name, SslVersion::TLS1_3))
            .await
            .refused();
        assert_eq!(
            (error.failure, error.alert),
            (Failure::MalformedServerName, Some(Alert(50))),
            "{name}"
        );
    }
}

#[tokio::test]
async fn a_selector_that_panics_fails_its_handshake_only() {
    struct Panics;
    impl gateway_tls::accept::HostSelector for Panics {
        fn select(&self, _: Option<&str>) -> Selection {
            panic!("a bug")
        }
    }
    let gate = Gate::with(|settings| settings.selector = Arc::new(Panics));
    for version in BOTH_VERSIONS {
        let meeting = gate.meet(Client::to("a.test", version)).await;
        let heard = meeting.client.as_ref().unwrap_err().clone();
        assert!(heard.contains("internal error"), "{heard}");
        meeting.refused();
    }
}

/// Makes the gateway ask for another key share: it does not offer the client's first group.
const RETRY_GROUPS: &str = "P-521:P-256";

#[tokio::test]
async fn after_a_hello_retry_request_the_same_name_passes() {
    let pki = Pki::new("a");
    let gate = Gate::new();
    gate.hosts
        .set(host_settings("c.test", Mode::Required, &pki.bundle()));
    let client = Client {
        groups: Some(RETRY_GROUPS),
        ..Client::to("c.test", SslVersion::TLS1_3).with(&pki.client("p"))
    };
    let (seen, _) = gate.meet(client).await.both();
    assert!(seen.peer.is_some());
}

#[tokio::test]
async fn a_second_hello_with_another_name_is_an_illegal_parameter() {
    let gate = Gate::new();
    gate.hosts
        .set(host_settings("c.test", Mode::None, &no_trust()));
    gate.hosts
        .set(host_settings("d.test", Mode::None, &no_trust()));
    let client = Client {
        groups: Some(RETRY_GROUPS),
        ..Client::to("c.test", SslVersion::TLS1_3)
    };
    let wire = |stream| SecondHello { stream, hellos: 0 };
    let error = gate.meet_over(client, wire).await.refused();
    assert_eq!(
        (error.failure, error.alert),
        (Failure::ServerNameChanged, Some(Alert(47)))
    );
    assert_eq!(
        error.host.as_deref(),
        Some("c.test"),
        "the first hello chose"
    );
}

/// Renames `c.test` to `d.test` in the second `ClientHello` that passes.
struct SecondHello<S> {
    stream: S,
    hellos: usize,
}

impl<S: AsyncWrite + Unpin> AsyncWrite for SecondHello<S> {
    fn poll_write(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<std::io::Result<usize>> {
        let mut bytes = bytes.to_vec();
        if let Some(at) = bytes.windows(6).position(|window| window == b"c.test") {
            self.hellos += 1;
            if self.hellos == 2 {
                bytes[at] = b'd';
            }
        }
        Pin::new(&mut self.stream).poll_write(cx, &bytes)
    }
    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<std::io::Result<()>> {
        Pin::new(&mut self.stream).poll_flush(cx)
    }
    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<std::io::Result<()>> {
        Pin::new(&mut self.stream).poll_shutdown(cx)
    }
}

impl<S: AsyncRead + Unpin> AsyncRead for SecondHello<S> {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<std::io::Result<()>> {
        Pin::new(&mut self.stream).poll_read(cx, buffer)
    }
}

#[tokio::test]
async fn a_stranger_with_the_victims_chain_fails_at_the_proof_of_the_key() {
    let pki = Pki::new("a");
    let victim = pki.client("victim");
    let gate = Gate::new();
    gate.hosts
        .set(host_settings("a.test", Mode::Required, &pki.bundle()));
    gate.hosts
        .set(host_settings("o.test", Mode::Optional, &pki.bundle()));
    for version in BOTH_VERSIONS {
        for name in ["a.test", "o.test"] {
            // The victim's verdict is in the cache: that must not help.
            gate.meet(Client::to(name, version).with(&victim))
                .await
                .both();
            let mut stranger = Client::to(name, version).with(&victim);
            stranger.key = Some(impostor_key(&victim));
            let meeting = gate.meet(stranger).await;
            assert!(meeting.client.is_err());
            let error = meeting.refused();
            assert_eq!(error.failure, Failure::BadSignature, "{name} {error}");
            assert!(error.unproven_thumbprint.is_some());
        }
    }
}

/// A key that claims the victim's public half and has another private half.
fn impostor_key(victim: &gateway_tls::issue::Issued) -> PKey<openssl::pkey::Private> {
    let group = EcGroup::from_curve_name(Nid::X9_62_PRIME256V1).unwrap();
    let public = victim.key().ec_key().unwrap();
    let private = BigNum::from_u32(4242).unwrap();
    let key = EcKey::from_private_components(&group, &private, public.public_key()).unwrap();
    PKey::from_ec_key(key).unwrap()
}

#[tokio::test]
async fn a_stranger_who_sends_the_victims_leaf_alone_poisons_nothing() {
    let pki = Pki::new("a");
    let victim = pki.client("victim");
    let gate = Gate::new();
    gate.hosts
        .set(host_settings("a.test", Mode::Required, &pki.bundle()));
    for version in BOTH_VERSIONS {
        let mut stranger = Client::to("a.test", version).with(&victim);
        stranger.certificates.truncate(1);
        stranger.key = Some(impostor_key(&victim));
        let error = gate.meet(stranger).await.refused();
        assert!(matches!(
            error.failure,
            Failure::CertificateRefused(Refusal::NotTrusted(_))
        ));
        let (seen, _) = gate
            .meet(Client::to("a.test", version).with(&victim))
            .await
            .both();
        assert_eq!(seen.peer, Some(presented(&victim)));
    }
}

#[tokio::test]
async fn the_handshake_of_required_asks_the_cache() {
    let pki = Pki::new("a");
    let client = pki.client("p");
    let gate = Gate::new();
    let host = gate
        .hosts
        .set(host_settings("a.test", Mode::Required, &pki.bundle()));
    gate.meet(Client::to("a.test", SslVersion::TLS1_3).with(&client))
        .await
        .both();
    gate.meet(Client::to("a.test", SslVersion::TLS1_3).with(&client))
        .await
        .both();
    let counters = gate.chains.counters();
    assert_eq!((counters.misses, counters.hits), (1, 1));
    let verdict = gate
        .chains
        .verdict(host.trust(), &presented(&client), Profile::CLIENT, NOW);
    assert_eq!(verdict.trust, Ok(()), "requests share the verdict");
    assert_eq!(gate.chains.counters().hits, 2);
}

#[tokio::test]
async fn http2_is_chosen_where_it_is_offered_and_unknown_protocols_are_refused() {
    let gate = Gate::new();
    gate.hosts
        .set(host_settings("a.test", Mode::None, &no_trust()));
    gate.hosts.set(HostSettings {
        http2: false,
        ..host_settings("old.test", Mode::None, &no_trust())
    });
    let meet = async |name: &str, alpn| {
        let client = Client {
            alpn,
            ..Client::to(name, SslVersion::TLS1_3)
        };
        gate.meet(client).await
    };
    let both: Option<&'static [u8]> = Some(b"\x08http/1.1\x02h2");
    assert_eq!(meet("a.test", both).await.both().0.alpn, Alpn::Http2);
    assert_eq!(meet("old.test", both).await.both().0.alpn, Alpn::Http11);
    assert_eq!(meet("a.test", None).await.both().0.alpn, Alpn::None);
    let error = meet("a.test", Some(b"\x03foo")).await.refused();
    assert_eq!(
        (error.failure, error.alert),
        (Failure::NoApplicationProtocol, Some(Alert(120)))
    );
}

#[tokio::test]
async fn versions_and_ciphers_are_the_hosts() {
    let gate = Gate::new();
    gate.hosts.set(HostSettings {
        min_version: TlsVersion::Tls13,
        ..host_settings("new.test", Mode::None, &no_trust())
    });
    gate.hosts
        .set(host_settings("both.test", Mode::None, &no_trust()));
    gate.hosts.set(HostSettings {
        max_version: TlsVersion::Tls12,
        ..host_settings("old.test", Mode::None, &no_trust())
    });
    let error = gate
        .meet(Client::to("new.test", SslVersion::TLS1_2))
        .await
        .refused();
    assert_eq!((error.label(), error.version), ("no_shared_version", None));
    let error = gate
        .meet(Client::to("old.test", SslVersion::TLS1_3))
        .await
        .refused();
    assert_eq!((error.label(), error.version), ("no_shared_version", None));
    let (seen, _) = gate
        .meet(Client::to("both.test", SslVersion::TLS1_3))
        .await
        .both();
    assert_eq!(
        (seen.version, seen.cipher),
        (TlsVersion::Tls13, "TLS_AES_256_GCM_SHA384")
    );
    let weak = Client {
        ciphers: Some("AES128-SHA@SECLEVEL=0"),
        ..Client::to("both.test", SslVersion::TLS1_2)
    };
    assert_eq!(
        gate.meet(weak).await.refused().label(),
        "no_shared_parameters"
    );
}

#[test]
fn groups_without_p256_are_refused_while_tls12_is_on() {
    let build = |groups: &[&str], min_version| {
        let settings = HostSettings {
            groups: groups.iter().map(|group| (*group).to_owned()).collect(),
            min_version,
            ..host_settings("a.test", Mode::None, &no_trust())
        };
        HostContext::build(settings).map(|_| ())
    };
    assert_eq!(
        build(&["X25519", "P-384"], TlsVersion::Tls12),
        Err(HostContextError::GroupsWithoutP256)
    );
    assert_eq!(build(&["X25519", "P-384"], TlsVersion::Tls13), Ok(()));
    assert_eq!(build(&["X25519", "prime256v1"], TlsVersion::Tls12), Ok(()));
    assert_eq!(
        build(&[], TlsVersion::Tls12),
        Err(HostContextError::NoGroups)
    );
    assert_eq!(
        build(&["P-256:P-384"], TlsVersion::Tls12),
        Err(HostContextError::GroupName("P-256:P-384".to_owned()))
    );
    assert!(matches!(
        build(&["P-256", "nonsense"], TlsVersion::Tls12),
        Err(HostContextError::Groups(_))
    ));
}

#[test]
fn groups_without_the_server_keys_curve_are_refused_while_tls12_is_on() {
    let authority = gateway_tls::issue::Authority::new(
        &gateway_tls::issue::Subject::common_name("ca"),
        &support::authority_options(),
    )
    .unwrap();
    let issued = authority
        .issue(
            &LeafRequest::server("a.test")
                .dns("a.test")
                .key(KeyKind::EcP384),
        )
        .unwrap();
    let material = gateway_tls::key_material::from_pem(
        issued.chain_pem().as_bytes(),
        issued.key_pem().as_bytes(),
    )
    .unwrap();
    let settings = HostSettings {
        groups: vec!["P-256".to_owned()],
        ..HostSettings::new("a.test", Arc::new(material), no_trust())
    };
    assert_eq!(
        HostContext::build(settings).unwrap_err(),
        HostContextError::GroupsWithoutServerCurve("P-384")
    );
}

#[tokio::test]
async fn what_is_not_tls_is_told_apart() {
    use tokio::io::AsyncWriteExt;
    let gate = Gate::new();
    let say = async |bytes: &'static [u8]| {
        let (mut near, far) = tokio::io::duplex(1 << 16);
        near.write_all(bytes).await.unwrap();
        near.shutdown().await.unwrap();
        gate.acceptor.accept(far).await.unwrap_err()
    };
    assert_eq!(
        say(b"GET / HTTP/1.1\r\nhost: a\r\n\r\n").await.failure,
        Failure::NotTls
    );
    let error = say(b"").await;
    assert_eq!(
        (error.failure, error.fault),
        (Failure::Closed, Fault::Network)
    );
    assert_eq!(
        say(b"\x16\x03\x01\x00\x05\x01\x00\x00\x01\x00").await.fault,
        Fault::Client
    );
}

#[tokio::test]
async fn a_certificate_message_over_the_limit_is_refused() {
    let pki = Pki::new("a");
    let gate = Gate::with(|settings| settings.max_cert_list = 600);
    gate.hosts
        .set(host_settings("a.test", Mode::Optional, &no_trust()));
    for version in BOTH_VERSIONS {
        let error = gate
            .meet(Client::to("a.test", version).with(&pki.client("p")))
            .await
            .refused();
        assert_eq!(error.failure, Failure::CertificateTooLarge, "{error}");
    }
    let refused = gateway_tls::accept::Acceptor::new(gateway_tls::accept::AcceptorSettings {
        max_cert_list: 65_280,
        ..gateway_tls::accept::AcceptorSettings::new(
            Arc::new(support::Hosts::default()),
            Arc::default(),
            Arc::new(|| NOW),
        )
    });
    assert!(refused.is_err());
}

#[tokio::test]
async fn a_swapped_trust_decides_the_next_handshake() {
    let (one, two) = (Pki::new("a"), Pki::new("b"));
    let gate = Gate::new();
    let client = one.client("p");
    for version in BOTH_VERSIONS {
        gate.hosts
            .set(host_settings("a.test", Mode::Required, &one.bundle()));
        gate.meet(Client::to("a.test", version).with(&client))
            .await
            .both();
        gate.hosts
            .set(host_settings("a.test", Mode::Required, &two.bundle()));
        let error = gate
            .meet(Client::to("a.test", version).with(&client))
            .await
            .refused();
        assert_eq!(error.label(), "unknown_ca");
    }
}

#[test]
fn a_verdict_expires_from_the_cache_with_the_dates_it_rests_on() {
    let pki = Pki::new("a");
    let cache = gateway_tls::cache::VerifiedChains::default();
    let bundle = TrustBundle::build(&pki.spec_with_lists(&[])).unwrap();
    let chain = presented(&pki.client("p"));
    let accept = |at| {
        cache
            .verdict(&bundle, &chain, Profile::CLIENT, at)
            .accept(RevocationPolicy::Hard)
    };
    assert_eq!(accept(NOW), Ok(()));
    assert_eq!(accept(NOW + 1), Ok(()));
    assert_eq!((cache.counters().hits, cache.counters().misses), (1, 1));
    assert!(matches!(
        accept(NOW + 5 * DAY),
        Err(Refusal::RevocationUnknown { .. })
    ));
    assert_eq!(
        accept(NOW),
        Ok(()),
        "and back: an injected clock may do that"
    );
    assert!(matches!(accept(NOW + 2000 * DAY), Err(Refusal::Expired)));
}

#[test]
fn eviction_and_explanation_go_by_the_leafs_thumbprint() {
    let pki = Pki::new("a");
    let cache = gateway_tls::cache::VerifiedChains::default();
    let bundle = pki.bundle();
    let (one, two) = (presented(&pki.client("one")), presented(&pki.client("two")));
    let alone = PresentedChain::new(vec![Arc::from(one.leaf())]).unwrap();
    for chain in [&one, &two, &alone] {
        let _ = cache.verdict(&bundle, chain, Profile::CLIENT, NOW);
    }
    assert_eq!(
        cache.explain(one.leaf_sha1()).len(),
        2,
        "the trusted chain and the leaf alone"
    );
    cache.evict(one.leaf_sha1());
    assert_eq!(cache.explain(one.leaf_sha1()).len(), 0);
    assert_eq!(cache.explain(two.leaf_sha1()).len(), 1);
    let before = cache.counters().misses;
    let _ = cache.verdict(&bundle, &one, Profile::CLIENT, NOW);
    let _ = cache.verdict(&bundle, &two, Profile::CLIENT, NOW);
    assert_eq!(cache.counters().misses, before + 1);
}

#[test]
fn a_victims_leaf_with_ever_new_companions_takes_no_partners_place_before_its_key_is_proven() {
    let pki = Pki::new("a");
    let cache = gateway_tls::cache::VerifiedChains::new(gateway_tls::cache::CacheSettings {
        accepted: 4,
        refused: 8,
        ..gateway_tls::cache::CacheSettings::default()
    });
    let bundle = pki.bundle();
    let partner = presented(&pki.client("partner"));
    let _ = cache.verdict(&bundle, &partner, Profile::CLIENT, NOW);
    let victim = presented(&pki.client("victim"));
    for number in 0..50 {
        let mut certificates = victim.certificates().to_vec();
        certificates.push(der(Pki::new(&format!("companion {number}"))
            .root
            .certificate()));
        let chain = PresentedChain::new(certificates).unwrap();
        let verdict = cache.verdict_before_proof(&bundle, &chain, Profile::CLIENT, NOW);
        assert!(verdict.trust.is_ok());
    }
    let counters = cache.counters();
    assert_eq!(counters.accepted, 1, "the partner's alone");
    assert!(counters.refused <= 8, "{counters:?}");
    let misses = cache.counters().misses;
    let _ = cache.verdict(&bundle, &partner, Profile::CLIENT, NOW);
    assert_eq!(cache.counters().misses, misses, "it is still remembered");
}

#[test]
fn a_verdict_from_the_handshake_is_kept_once_the_key_was_proven() {
    let pki = Pki::new("a");
    let cache = gateway_tls::cache::VerifiedChains::default();
    let bundle = pki.bundle();
    let chain = presented(&pki.client("p"));
    let _ = cache.verdict_before_proof(&bundle, &chain, Profile::CLIENT, NOW);
    assert_eq!(
        (cache.counters().accepted, cache.counters().refused),
        (0, 1)
    );
    let _ = cache.verdict(&bundle, &chain, Profile::CLIENT, NOW);
    assert_eq!(
        (cache.counters().accepted, cache.counters().refused),
        (1, 0)
    );
    assert_eq!((cache.counters().hits, cache.counters().misses), (1, 1));
    let _ = cache.verdict_before_proof(&bundle, &chain, Profile::CLIENT, NOW);
    assert_eq!(
        (cache.counters().accepted, cache.counters().refused),
        (1, 0)
    );
    assert_eq!(cache.explain(chain.leaf_sha1()).len(), 1);
}

#[test]
fn verdicts_of_different_bundles_and_profiles_do_not_meet() {
    let pki = Pki::new("a");
    let cache = gateway_tls::cache::VerifiedChains::default();
    let chain = presented(&pki.client("p"));
    let trusted = |spec: &TrustSpec, profile| {
        let bundle = TrustBundle::build(spec).unwrap();
        cache.verdict(&bundle, &chain, profile, NOW).trust.is_ok()
    };
    assert!(trusted(&pki.spec(), Profile::CLIENT));
    assert!(!trusted(&TrustSpec::default(), Profile::CLIENT));
    assert!(!trusted(&pki.spec(), Profile::SERVER));
    let other_root = TrustSpec {
        roots: vec![der(Pki::new("a").root.certificate())],
        ..TrustSpec::default()
    };
    assert!(!trusted(&other_root, Profile::CLIENT));
    assert_eq!(cache.counters().hits, 0);
}
