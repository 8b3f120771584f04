//! Thousands of swaps while 64 connections ask: no wrong verdict, no dropped connection, no failure
//! for a certificate that was always allowed.
//!
//! The promise is 2,000 swaps and 100,000 judged responses. Both are counts, so the machine decides
//! how long it takes; the release build needs the least:
//!
//! ```text
//! COUNTERSIGN_TEST_RATE=0 cargo nextest run --release -p gateway-e2e --test swap_under_load --no-capture
//! ```
//!
//! `COUNTERSIGN_TEST_SWAPS`, `COUNTERSIGN_TEST_RESPONSES` and `COUNTERSIGN_TEST_RATE` (requests per
//! second; 0: as many as are answered) ask for more or less.

#![allow(
    missing_docs,
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::print_stderr,
    reason = "tests fail by panicking, and this one reports what it measured"
)]

use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use gateway_e2e::{TestGateway, identity, properties};
use gateway_testkit::Origin;
use gateway_tls::issue::CrlRequest;
use loadtest::{Load, Protocol, Report, Target, rotate};
use serde_json::json;

const POLICY: &str = r#"<policies><inbound><base /><validate-client-certificate failed-validation-httpcode="403"><identities><identity-list id="partners" /></identities></validate-client-certificate><return-response><set-status code="200" reason="OK" /></return-response></inbound></policies>"#;

const CONNECTIONS: usize = 64;

/// Requests per second that leave two cores without optimisation time for the changes.
const RATE: u64 = 4_000;

/// From the environment, or the promised number.
fn wanted(variable: &str, promised: u64) -> u64 {
    match std::env::var(variable) {
        Ok(number) => number.parse().expect("a whole number"),
        Err(_) => promised,
    }
}

async fn gateway(origin: &Origin) -> TestGateway {
    let gateway = TestGateway::builder().workers(4).start().await;
    gateway
        .put(
            "identityLists/partners",
            &properties(&json!({ "identities": [] })),
        )
        .await;
    let pki = &gateway.pki;
    for (name, issued) in [("a", &pki.partner_a), ("steady", &pki.through_intermediate)] {
        let path = format!("identityLists/partners/identities/{name}");
        gateway.put(&path, &identity(issued)).await;
    }
    gateway.put_api("orders", &origin.url(), POLICY).await;
    // The steady one comes through an intermediate, whose clients' status must be known too.
    let request = CrlRequest {
        revoked: Vec::new(),
        number: 1,
        this_update: pki.now - 60,
        next_update: pki.now + 86_400,
    };
    let crl = pki.intermediate.crl(&request).unwrap();
    let encoded = STANDARD.encode(crl.der());
    let body = properties(&json!({ "encodedCrl": encoded }));
    gateway.put("crls/intermediate", &body).await;
    gateway
}

fn options(gateway: &TestGateway, swaps: u64) -> rotate::Options {
    let pki = &gateway.pki;
    rotate::Options {
        load: Load {
            connections: CONNECTIONS,
            streams: 4,
            protocol: Protocol::Both,
            duration: Duration::from_secs(600),
            rate: match wanted("COUNTERSIGN_TEST_RATE", RATE) {
                0 => None,
                rate => Some(rate as f64),
            },
            deadline: Duration::from_secs(30),
            ..Load::default()
        },
        target: Target::local(
            gateway.address,
            "/orders/1",
            vec![pki.ca.certificate().clone()],
        ),
        admin: gateway.admin().clone(),
        list: "partners".to_owned(),
        rotated: vec![(&pki.partner_a).into(), (&pki.partner_b).into()],
        steady: vec![(&pki.through_intermediate).into()],
        stranger: Some((&pki.stranger).into()),
        refused: 403,
        swaps,
        pause: Duration::ZERO,
        pid: None,
    }
}

#[derive(Debug, Default)]
struct Sum {
    swaps: u64,
    judged: u64,
    allowed: u64,
    refused: u64,
}

impl Sum {
    fn add(&mut self, report: &Report) {
        assert!(report.passed(), "{report}");
        let rotation = report.rotation.as_ref().expect("a judgement");
        let findings = &rotation.findings;
        let wrong = (findings.wrong, findings.stale, findings.unmarked);
        assert_eq!(wrong, (0, 0, 0), "{report}");
        assert_eq!((findings.unknown, rotation.dropped), (0, 0), "{report}");
        assert!(rotation.strangers.attempts > 0, "{report}");
        assert_eq!(rotation.strangers.let_in, 0, "{report}");
        let [_, _, steady] = findings.identities[..] else {
            panic!("three certificates: {report}")
        };
        assert!(steady.allowed > 0, "{report}");
        assert_eq!((steady.refused, steady.wrong), (0, 0), "{report}");
        assert_eq!(
            report.totals.handshakes, CONNECTIONS as u64,
            "none had to be opened again: {report}"
        );
        self.swaps += rotation.swaps;
        self.judged += findings.judged;
        for verdicts in &findings.identities {
            self.allowed += verdicts.allowed;
            self.refused += verdicts.refused;
        }
    }
}

#[tokio::test]
async fn two_thousand_swaps_under_load_make_no_wrong_verdict_and_drop_no_connection() {
    let swaps = wanted("COUNTERSIGN_TEST_SWAPS", 2_000);
    let responses = wanted("COUNTERSIGN_TEST_RESPONSES", 100_000);
    let origin = Origin::http();
    let gateway = gateway(&origin).await;
    let mut sum = Sum::default();
    let mut next = swaps;
    while sum.swaps < swaps || sum.judged < responses {
        let report = rotate::run(options(&gateway, next)).await.unwrap();
        eprintln!("{report}");
        sum.add(&report);
        next = (swaps / 4).max(1);
    }
    eprintln!("{sum:?}");
    for share in [sum.allowed, sum.refused] {
        assert!(share * 10 >= sum.judged, "at least a tenth: {sum:?}");
    }
}
