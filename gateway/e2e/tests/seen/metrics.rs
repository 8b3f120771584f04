//! Metrics after known traffic.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use gateway_e2e::{identity, properties};
use gateway_testkit::{Issued, Origin, TlsVersion, eventually};
use http::Method;
use openssl::asn1::{Asn1Time, Asn1TimeRef};
use serde_json::json;

use crate::scrape::Scrape;
use crate::{OPEN, SOON, gateway};

fn unix(time: &Asn1TimeRef) -> i64 {
    let passed = Asn1Time::from_unix(0).unwrap().diff(time).unwrap();
    i64::from(passed.days) * 86_400 + i64::from(passed.secs)
}

#[tokio::test]
async fn after_known_traffic_each_metric_has_the_right_value() {
    let origin = Origin::http();
    let gateway = gateway(&origin, "").await;
    let pki = &gateway.pki;
    let pfx = |issued: &Issued| STANDARD.encode(issued.to_pfx("password").unwrap());
    let data = json!({ "data": pfx(&pki.backend_client), "password": "password" });
    gateway
        .put("certificates/presented", &properties(&data))
        .await;
    let backend = json!({ "url": "https://localhost:1", "protocol": "http",
        "credentials": { "certificateIds": ["presented"] } });
    gateway.put("backends/b", &properties(&backend)).await;
    let data = json!({ "data": pfx(&pki.partner_b), "password": "password" });
    gateway
        .put("certificates/uploaded", &properties(&data))
        .await;
    gateway.put_api("dead", "http://127.0.0.1:1", OPEN).await;

    // Connections with a certificate: a (3 requests), a resumed (1), b, expired, stranger.
    let client = gateway
        .client()
        .tls(TlsVersion::Tls12)
        .identity(&pki.partner_a)
        .build()
        .unwrap();
    let first = client.connect().await.unwrap();
    for _ in 0..3 {
        assert_eq!(first.get("/orders/1").await.unwrap().status, 200);
    }
    let resumed = client.resume(&first.session().unwrap()).await.unwrap();
    assert!(resumed.reused());
    assert_eq!(resumed.get("/orders/1").await.unwrap().status, 200);
    for refused in [&pki.partner_b, &pki.expired, &pki.stranger] {
        assert_eq!(
            gateway
                .client_of(refused)
                .get("/orders/1")
                .await
                .unwrap()
                .status,
            403
        );
    }
    // Without: nobody at two APIs, at none, and at one whose backend is gone.
    let nobody = gateway.client().build().unwrap();
    for (path, status) in [("/orders/1", 403), ("/open/1", 200), ("/nowhere", 404)] {
        assert_eq!(nobody.get(path).await.unwrap().status, status, "{path}");
    }
    assert!(
        nobody
            .get("/dead/1")
            .await
            .unwrap()
            .status
            .is_server_error()
    );
    // A handshake that fails: a client that does not trust the gateway.
    let distrusts = gateway_testkit::Client::builder(gateway.address)
        .build()
        .unwrap();
    assert!(distrusts.connect().await.is_err());
    // Changes that are refused.
    let admin = gateway.admin();
    let refused = admin
        .put(
            "/apim/namedValues/x",
            &json!({ "properties": { "nonsense": 1 } }),
        )
        .await
        .unwrap();
    assert_eq!(refused.status, 400);
    assert_eq!(
        admin
            .delete("/apim/certificates/presented")
            .await
            .unwrap()
            .status,
        409
    );
    let stale = [(http::header::IF_MATCH, "\"stale\"")];
    let (path, member) = (
        "/apim/identityLists/partners/identities/a",
        identity(&pki.partner_a),
    );
    let put = admin.request(Method::PUT, path, Some(&member), &stale);
    assert_eq!(put.await.unwrap().status, 412);

    first.close().await;
    resumed.close().await;
    let scrape = eventually(SOON, "everything has ended and is counted", || async {
        let scrape = Scrape::of(&gateway);
        let closed = scrape.count("countersign_connections_open", &[]) == 0;
        // Eleven requests, and the handshake that failed.
        let written = scrape.count("countersign_log_records_total", &[("log", "access")]) == 12;
        let labels = [("kind", "uploaded"), ("name", "uploaded")];
        let watched = scrape.value("countersign_certificate_expiry_seconds", &labels);
        (closed && written && watched.is_some()).then_some(scrape)
    })
    .await;
    let requests = |api, class, fault| {
        let labels = [("api", api), ("class", class), ("fault", fault)];
        scrape.count("countersign_requests_total", &labels)
    };
    assert_eq!(requests("orders", "2xx", "none"), 4);
    assert_eq!(requests("orders", "4xx", "client"), 4);
    assert_eq!(requests("open", "2xx", "none"), 1);
    assert_eq!(requests("(none)", "4xx", "client"), 1);
    assert_eq!(requests("dead", "5xx", "backend"), 1);

    let handshakes = |result, reason, version, resumed| {
        let labels = [
            ("result", result),
            ("reason", reason),
            ("version", version),
            ("resumed", resumed),
        ];
        scrape.count("countersign_handshakes_total", &labels)
    };
    assert_eq!(handshakes("accepted", "none", "TLSv1.2", "false"), 1);
    assert_eq!(handshakes("accepted", "none", "TLSv1.2", "true"), 1);
    assert_eq!(handshakes("accepted", "none", "TLSv1.3", "false"), 7);
    let alerted = scrape.0.lines().filter(|line| {
        line.starts_with("countersign_handshakes_total{")
            && line.contains("reason=\"client_alert\"")
    });
    assert_eq!(alerted.count(), 1, "{}", scrape.0);

    let verdicts = |reason| scrape.count("countersign_verdicts_total", &[("reason", reason)]);
    assert_eq!(verdicts("Accepted"), 4);
    assert_eq!(verdicts("ClientCertificateIdentityNotMatched"), 1);
    assert_eq!(verdicts("ClientCertificateExpired"), 1);
    assert_eq!(verdicts("ClientCertificateNotTrusted"), 1);
    assert_eq!(verdicts("ClientCertificateNotFound"), 1);
    assert_eq!(verdicts("ClientCertificateRevoked"), 0);

    assert_eq!(
        scrape.count("countersign_connections_accepted_total", &[]),
        10
    );
    let cache = |what: &str| {
        scrape.count(
            &format!("countersign_verified_certificate_cache_{what}"),
            &[],
        )
    };
    // a, b, the stranger; the expired one is refused before its chain is asked about.
    assert_eq!(
        (cache("misses_total"), cache("hits_total")),
        (3, 3),
        "{}",
        scrape.0
    );
    assert_eq!(cache("entries"), 3);

    let revision = admin
        .get("/apim/namedValues")
        .await
        .unwrap()
        .revision()
        .unwrap();
    assert_eq!(scrape.count("countersign_revision", &[]), revision);
    assert!(scrape.count("countersign_publishes_total", &[]) >= revision);
    for (reason, count) in [
        ("invalid", 1),
        ("in_use", 1),
        ("precondition_failed", 1),
        ("store", 0),
    ] {
        let refused = scrape.count("countersign_changes_refused_total", &[("reason", reason)]);
        assert_eq!(refused, count, "{reason}");
    }
    assert_eq!(scrape.count("countersign_quarantined", &[]), 0);

    let expiry = |kind, name| {
        let value = scrape.value(
            "countersign_certificate_expiry_seconds",
            &[("kind", kind), ("name", name)],
        );
        value.unwrap_or_else(|| panic!("{kind} {name}: {}", scrape.0)) as i64
    };
    assert_eq!(
        expiry("ca", "CN=My Trusted CA"),
        unix(pki.ca.certificate().not_after())
    );
    let server = unix(pki.server.certificate().not_after());
    assert_eq!(
        (expiry("server", "localhost"), expiry("admin", "admin")),
        (server, server)
    );
    assert_eq!(
        expiry("backend", "presented"),
        unix(pki.backend_client.certificate().not_after())
    );
    assert_eq!(
        expiry("uploaded", "uploaded"),
        unix(pki.partner_b.certificate().not_after())
    );
    assert_eq!(expiry("crl", "ca"), pki.now + 3650 * 86_400);

    let days = |end: &str, labels: &[(&str, &str)]| {
        scrape.count(
            &format!("countersign_client_certificate_days_left{end}"),
            labels,
        )
    };
    assert_eq!(days("_count", &[]), 5, "connections with a certificate");
    assert_eq!(days("_bucket", &[("le", "0")]), 1, "the expired one");
    assert_eq!(days("_bucket", &[("le", "180")]), 1);
    assert_eq!(days("_bucket", &[("le", "365")]), 5);
    let stage = |stage| {
        scrape.count(
            "countersign_request_duration_seconds_count",
            &[("stage", stage)],
        )
    };
    assert_eq!(
        (stage("total"), stage("handshake")),
        (11, 10),
        "{}",
        scrape.0
    );
    assert!(
        scrape
            .0
            .contains("countersign_tls_library_info{version=\"OpenSSL 3.")
    );
    // Every line is a comment or a sample; every sample has a type.
    for line in scrape
        .0
        .lines()
        .filter(|line| !line.is_empty() && !line.starts_with('#'))
    {
        let name = line.split(['{', ' ']).next().unwrap();
        let family = ["_bucket", "_sum", "_count"]
            .iter()
            .find_map(|end| name.strip_suffix(end));
        let typed = |name: &str| scrape.0.contains(&format!("# TYPE {name} "));
        assert!(typed(name) || family.is_some_and(typed), "{line}");
    }
}
