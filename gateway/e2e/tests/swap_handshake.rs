//! Fresh handshakes under mode `required`, on every worker: refused from the reply on, accepted again from
//! the reply to the reverse. A refused handshake names its worker in a record of its own.

#![allow(
    missing_docs,
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::indexing_slicing,
    reason = "tests fail by panicking"
)]

use std::collections::BTreeSet;
use std::net::Ipv4Addr;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use gateway_e2e::{TestGateway, Worker, properties, unique_path};
use gateway_testkit::{AdminReply, Client, Identity, Issued, Origin, TlsVersion, eventually};
use gateway_tls::issue::{Authority, CrlRequest};
use serde_json::{Value, json};

const WORKERS: usize = 4;
const EVERY: [Worker; WORKERS] = [0, 1, 2, 3];
const VERSIONS: [TlsVersion; 2] = [TlsVersion::Tls13, TlsVersion::Tls12];
const PATIENCE: Duration = Duration::from_secs(10);

/// The handshake decides; nothing else does.
const POLICY: &str = "<policies><inbound><base /></inbound></policies>";

/// What a client without a certificate is told: TLS 1.3 has an alert of its own for it (RFC 8446
/// section 6.2), TLS 1.2 has not (RFC 5246 section 7.4.6).
const MISSING: &[&str] = &["certificate required", "handshake failure"];

async fn gateway(origin: &Origin) -> TestGateway {
    let gateway = TestGateway::builder().workers(WORKERS).start().await;
    gateway.put_api("orders", &origin.url(), POLICY).await;
    gateway
}

async fn set_mode(gateway: &TestGateway, mode: &str) -> AdminReply {
    let name = "Countersign.Host.localhost.ClientCertificate";
    let body = properties(&json!({ "customProperties": { name: mode } }));
    gateway.patch("", &body).await
}

async fn trust(gateway: &TestGateway, authorities: &[&Authority]) -> AdminReply {
    let certificates: Vec<Value> = authorities
        .iter()
        .map(|authority| STANDARD.encode(authority.certificate().to_der().unwrap()))
        .map(|encoded| json!({ "storeName": "Root", "encodedCertificate": encoded }))
        .collect();
    let body = properties(&json!({ "certificates": certificates }));
    gateway.patch("", &body).await
}

async fn put_crl(gateway: &TestGateway, id: &str, der: &[u8]) -> AdminReply {
    let body = properties(&json!({ "encodedCrl": STANDARD.encode(der) }));
    gateway.put(&format!("crls/{id}"), &body).await
}

/// One client whose handshakes are watched, each from an address of its own: the record of a refused
/// one is found by that.
struct Watched<'g> {
    gateway: &'g TestGateway,
    identity: Option<&'g Issued>,
}

impl Watched<'_> {
    fn client(&self, version: TlsVersion) -> (Ipv4Addr, Client) {
        static NEXT: AtomicU32 = AtomicU32::new(0x7f01_0000);
        let address = Ipv4Addr::from_bits(NEXT.fetch_add(1, Ordering::Relaxed));
        let mut client = self
            .gateway
            .client()
            .tls(version)
            .from_address(address.into());
        if let Some(identity) = self.identity {
            client = client.identity(identity);
        }
        (address, client.build().unwrap())
    }

    /// Fresh handshakes are accepted by every worker, each request judged by this revision.
    async fn is_answered_everywhere(&self, revision: u64) {
        for version in VERSIONS {
            let mut seen = BTreeSet::new();
            for _ in 0..4 * WORKERS {
                let path = unique_path("orders");
                let (_, client) = self.client(version);
                let response = client.get(&path).await.unwrap();
                assert_eq!(response.status, 200);
                let workers = self.gateway.workers_of(std::slice::from_ref(&path)).await;
                seen.insert(workers[&path]);
                let judged_by = response.header("x-countersign-revision").unwrap();
                assert_eq!(judged_by.parse(), Ok(revision));
            }
            assert_eq!(seen, BTreeSet::from(EVERY), "{version:?}");
        }
    }

    /// Fresh handshakes are refused for this reason and under this revision by every worker, which its own
    /// record says.
    async fn is_refused_everywhere(&self, revision: u64, alerts: &[&str], reason: &str) {
        let requests = self.gateway.access_records().len();
        for version in VERSIONS {
            let mut seen = BTreeSet::new();
            for _ in 0..4 * WORKERS {
                let (address, client) = self.client(version);
                let error = client.get(&unique_path("orders")).await.unwrap_err();
                let alert = error.alert().unwrap_or_default();
                assert!(
                    alerts.iter().any(|known| alert.contains(known)),
                    "{error:?}"
                );
                let record = self.record_of(address).await;
                let presented = self.identity.map(|issued| {
                    let (sha1, _) = Identity::from(issued).thumbprints().unwrap();
                    sha1
                });
                let spoken = match version {
                    TlsVersion::Tls12 => "TLSv1.2",
                    _ => "TLSv1.3",
                };
                assert_eq!(record["reason"], reason, "{record}");
                assert_eq!(record["revision"], revision, "{record}");
                assert_eq!(record["presented_thumbprint"], json!(presented), "{record}");
                assert_eq!(record["tls"], spoken, "{record}");
                assert_eq!(record["server_name"], "localhost", "{record}");
                seen.insert(record["worker"].as_u64().unwrap());
            }
            assert_eq!(seen, BTreeSet::from(EVERY), "{version:?}");
        }
        assert_eq!(
            self.gateway.access_records().len(),
            requests,
            "no request was made"
        );
    }

    /// The only record of the handshake from this address.
    async fn record_of(&self, address: Ipv4Addr) -> Value {
        let address = address.to_string();
        let mut found = eventually(PATIENCE, "the handshake has a record", || async {
            let mut records = self.gateway.handshake_records();
            records.retain(|record| record["client"] == address.as_str());
            (!records.is_empty()).then_some(records)
        })
        .await;
        assert_eq!(found.len(), 1, "{found:?}");
        found.remove(0)
    }
}

#[tokio::test]
async fn every_worker_refuses_handshakes_without_a_certificate_from_the_reply_that_requires_one_until_the_reverse()
 {
    let origin = Origin::http();
    let gateway = gateway(&origin).await;
    let nobody = Watched {
        gateway: &gateway,
        identity: None,
    };
    let partner = Watched {
        gateway: &gateway,
        identity: Some(&gateway.pki.partner_a),
    };
    let before = gateway.plane.revision();
    nobody.is_answered_everywhere(before).await;

    let strict = set_mode(&gateway, "required").await.revision().unwrap();
    nobody
        .is_refused_everywhere(strict, MISSING, "no_certificate")
        .await;
    partner.is_answered_everywhere(strict).await;

    let mild = set_mode(&gateway, "optional").await.revision().unwrap();
    nobody.is_answered_everywhere(mild).await;
}

#[tokio::test]
async fn every_worker_refuses_handshakes_of_a_ca_that_is_no_longer_trusted_from_the_reply_on_until_the_reverse()
 {
    let origin = Origin::http();
    let gateway = gateway(&origin).await;
    let pki = &gateway.pki;
    set_mode(&gateway, "required").await;
    let request = CrlRequest {
        revoked: Vec::new(),
        number: 1,
        this_update: pki.now - 60,
        next_update: pki.now + 86_400,
    };
    let crl = pki.stranger_ca.crl(&request).unwrap();
    put_crl(&gateway, "stranger", crl.der()).await;
    let [partner, bystander] = [&pki.partner_a, &pki.stranger].map(|issued| Watched {
        gateway: &gateway,
        identity: Some(issued),
    });
    let both = [&pki.ca, &pki.stranger_ca];
    let before = trust(&gateway, &both).await.revision().unwrap();
    partner.is_answered_everywhere(before).await;

    let gone = trust(&gateway, &[&pki.stranger_ca])
        .await
        .revision()
        .unwrap();
    partner
        .is_refused_everywhere(gone, &["unknown ca"], "untrusted")
        .await;
    bystander.is_answered_everywhere(gone).await;

    let back = trust(&gateway, &both).await.revision().unwrap();
    partner.is_answered_everywhere(back).await;
}

#[tokio::test]
async fn every_worker_refuses_handshakes_of_who_is_revoked_from_the_reply_that_brings_the_list_until_the_reverse()
 {
    let origin = Origin::http();
    let gateway = gateway(&origin).await;
    let pki = &gateway.pki;
    let before = set_mode(&gateway, "required").await.revision().unwrap();
    let [partner, bystander] = [&pki.partner_a, &pki.partner_b].map(|issued| Watched {
        gateway: &gateway,
        identity: Some(issued),
    });
    partner.is_answered_everywhere(before).await;

    let crl = pki.crl_revoking(&[&pki.revoked, &pki.partner_a], 2);
    let arrived = put_crl(&gateway, "ca", crl.der()).await.revision().unwrap();
    partner
        .is_refused_everywhere(arrived, &["certificate revoked"], "revoked")
        .await;
    bystander.is_answered_everywhere(arrived).await;

    let crl = pki.crl_revoking(&[&pki.revoked], 3);
    let lifted = put_crl(&gateway, "ca", crl.der()).await.revision().unwrap();
    partner.is_answered_everywhere(lifted).await;
}
