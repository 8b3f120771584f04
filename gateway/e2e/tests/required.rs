//! Mode `required`: who gets a connection and who does not, and what strangers with other people's
//! certificates achieve.

#![allow(
    missing_docs,
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::indexing_slicing,
    reason = "tests fail by panicking"
)]

use gateway_e2e::{TestGateway, health, properties};
use gateway_testkit::{Alpn, ClientBuilder, Identity, Issued, Origin, TlsVersion};
use openssl::bn::BigNum;
use openssl::ec::{EcGroup, EcKey};
use openssl::nid::Nid;
use serde_json::json;

const OPEN: &str = "<policies><inbound><base /></inbound></policies>";
const TRUSTED: &str = r#"<policies><inbound><base /><validate-client-certificate failed-validation-httpcode="403" /></inbound></policies>"#;

async fn gateway(origin: &Origin, configuration: &str) -> TestGateway {
    let builder = TestGateway::builder().configuration(configuration);
    let gateway = builder.start().await;
    gateway.put_api("open", &origin.url(), OPEN).await;
    gateway.put_api("trusted", &origin.url(), TRUSTED).await;
    gateway
}

async fn mode(gateway: &TestGateway, mode: &str) {
    let name = "Countersign.Host.localhost.ClientCertificate";
    let body = properties(&json!({ "customProperties": { name: mode } }));
    gateway.patch("", &body).await;
}

/// 200, or the alert that ended the connection.
async fn outcome(client: ClientBuilder) -> String {
    match client.build().unwrap().get("/open/1").await {
        Ok(response) => response.status.as_u16().to_string(),
        Err(error) => error
            .alert()
            .unwrap_or_else(|| format!("no alert: {error}")),
    }
}

async fn outcomes(gateway: &TestGateway) -> Vec<(&'static str, String)> {
    let pki = &gateway.pki;
    let who: [(&'static str, Option<&Issued>); 8] = [
        ("good", Some(&pki.partner_a)),
        ("nobody", None),
        ("untrusted", Some(&pki.stranger)),
        ("expired", Some(&pki.expired)),
        ("not yet valid", Some(&pki.not_yet_valid)),
        ("revoked", Some(&pki.revoked)),
        // Its root's list is there, its intermediate's is not.
        ("unknown", Some(&pki.through_intermediate)),
        ("another good one", Some(&pki.partner_b)),
    ];
    let mut found = Vec::new();
    for (name, issued) in who {
        let mut seen = Vec::new();
        for version in [TlsVersion::Tls12, TlsVersion::Tls13] {
            for alpn in [Alpn::Http1, Alpn::Http2] {
                let mut client = gateway.client().tls(version).alpn(alpn);
                if let Some(issued) = issued {
                    client = client.identity(issued);
                }
                let alert = outcome(client).await;
                // OpenSSL names the version in most alerts of its.
                let word = alert.split(" alert ").last().unwrap().to_owned();
                if !seen.contains(&word) {
                    seen.push(word);
                }
            }
        }
        found.push((name, seen.join(" / ")));
    }
    found
}

/// Handshakes that ended so, of every version.
fn handshakes(gateway: &TestGateway, reason: &str) -> u64 {
    let (_, metrics) = health(gateway.health_address, "/metrics");
    let reason = format!("reason=\"{reason}\"");
    let lines = metrics
        .lines()
        .filter(|line| line.starts_with("countersign_handshakes_total{") && line.contains(&reason));
    lines
        .map(|line| line.rsplit(' ').next().unwrap().parse::<u64>().unwrap())
        .sum()
}

#[tokio::test]
async fn required_lets_in_trusted_certificates_only_and_tells_each_other_one_why() {
    for (revocation, revoked, unknown) in [
        ("hard", "certificate revoked", "REFUSED"),
        ("soft", "certificate revoked", "200"),
        ("off", "200", "200"),
    ] {
        let origin = Origin::http();
        let toml = format!("[trust]\nrevocation = \"{revocation}\"");
        let gateway = gateway(&origin, &toml).await;
        mode(&gateway, "required").await;
        let found = outcomes(&gateway).await;
        let of = |who: &str| &*found.iter().find(|(name, _)| *name == who).unwrap().1;
        assert_eq!(of("good"), "200", "{revocation}");
        assert_eq!(of("another good one"), "200", "{revocation}");
        // TLS 1.2 has no alert of its own for it (RFC 5246 section 7.2.2), TLS 1.3 has.
        assert_eq!(
            of("nobody"),
            "handshake failure / certificate required",
            "{revocation}"
        );
        assert_eq!(of("untrusted"), "unknown ca", "{revocation}");
        assert_eq!(of("expired"), "certificate expired", "{revocation}");
        assert!(
            of("not yet valid").contains("certificate"),
            "{revocation}: {found:?}"
        );
        assert_eq!(of("revoked"), revoked, "{revocation}");
        if unknown == "REFUSED" {
            assert!(
                of("unknown").contains("certificate"),
                "{revocation}: {found:?}"
            );
        } else {
            assert_eq!(of("unknown"), unknown, "{revocation}");
        }
        let admitted = found.iter().filter(|(_, outcome)| outcome == "200").count();
        assert_eq!(origin.request_count(), 4 * admitted as u64, "{revocation}");
        if revocation == "hard" {
            for (reason, count) in [
                ("none", 8),
                ("no_certificate", 4),
                ("untrusted", 4),
                ("outside_dates", 8),
                ("revoked", 4),
                ("revocation_unknown", 4),
            ] {
                assert_eq!(handshakes(&gateway, reason), count, "{reason}");
            }
        }
        // Without any list nothing is known about anybody.
        gateway.delete("crls/ca").await;
        let found = outcome(gateway.client().identity(&gateway.pki.partner_a)).await;
        assert_eq!(
            found == "200",
            revocation != "hard",
            "{revocation}: {found}"
        );
    }
}

/// A key that claims the victim's public half and has another private half.
fn impostor(victim: &Issued) -> Identity {
    let group = EcGroup::from_curve_name(Nid::X9_62_PRIME256V1).unwrap();
    let public = victim.key().ec_key().unwrap();
    let private = BigNum::from_u32(4242).unwrap();
    let key = EcKey::from_private_components(&group, &private, public.public_key()).unwrap();
    let key = key.private_key_to_pem().unwrap();
    Identity::from_pem(victim.chain_pem().as_bytes(), &key).unwrap()
}

#[tokio::test]
async fn a_stranger_who_sends_a_victims_certificate_gets_nowhere_and_harms_nobody() {
    let origin = Origin::http();
    let gateway = gateway(&origin, "[trust]\nrevocation = \"off\"").await;
    let victim = &gateway.pki.through_intermediate;
    for word in ["optional", "required"] {
        mode(&gateway, word).await;
        for version in [TlsVersion::Tls12, TlsVersion::Tls13] {
            let with = |identity: Identity| {
                let client = gateway.client().tls(version).identity(identity);
                client.build().unwrap()
            };
            let victims = async || with(Identity::from(victim)).get("/trusted/1").await;
            let forwarded = origin.request_count();
            // With its chain and alone, before and after the victim has been seen.
            for _ in 0..2 {
                for stranger in [impostor(victim).without_chain(), impostor(victim)] {
                    let refused = with(stranger).get("/trusted/1").await;
                    assert!(refused.is_err(), "{word} {version:?}: {refused:?}");
                }
                assert_eq!(origin.request_count(), forwarded, "{word} {version:?}");
            }
            assert_eq!(victims().await.unwrap().status, 200, "{word} {version:?}");
            // The victim itself, misconfigured without its intermediate: no verdict leaks either way.
            let alone = with(Identity::from(victim).without_chain())
                .get("/trusted/1")
                .await;
            match word {
                "optional" => assert_eq!(alone.unwrap().status, 403, "{version:?}"),
                _ => assert!(alone.is_err(), "{version:?}: {alone:?}"),
            }
            assert_eq!(victims().await.unwrap().status, 200, "{word} {version:?}");
            let forwarded = origin.request_count();
            assert!(with(impostor(victim)).get("/trusted/1").await.is_err());
            assert_eq!(origin.request_count(), forwarded);
        }
    }
}
