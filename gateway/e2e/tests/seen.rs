//! What is seen from outside: metrics, access records, audit records, traces.

#![allow(
    missing_docs,
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    reason = "tests fail by panicking"
)]

use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use gateway_e2e::{TestGateway, api, health, identity, named_value, operation, policy, properties};
use gateway_testkit::{
    Alpn, Answer, Issued, Origin, TlsVersion, channel, empty, eventually, zeros,
};
use http::{Method, Request};
use openssl::asn1::{Asn1Time, Asn1TimeRef};
use serde_json::{Value, json};

const OPEN: &str = "<policies><inbound><base /></inbound></policies>";
const LISTED: &str = r#"<policies><inbound><base /><validate-client-certificate failed-validation-httpcode="403"><identities><identity-list id="partners" /></identities></validate-client-certificate></inbound></policies>"#;
const SOON: Duration = Duration::from_secs(15);

async fn gateway(origin: &Origin, configuration: &str) -> TestGateway {
    let gateway = TestGateway::builder()
        .configuration(configuration)
        .start()
        .await;
    let empty = properties(&json!({ "identities": [] }));
    gateway.put("identityLists/partners", &empty).await;
    let path = "identityLists/partners/identities/a";
    gateway.put(path, &identity(&gateway.pki.partner_a)).await;
    gateway.put_api("orders", &origin.url(), LISTED).await;
    gateway.put_api("open", &origin.url(), OPEN).await;
    gateway
}

/// What a scrape says.
struct Scrape(String);

impl Scrape {
    fn of(gateway: &TestGateway) -> Self {
        let (status, text) = health(gateway.health_address, "/metrics");
        assert_eq!(status, 200);
        Self(text)
    }

    /// The one sample with this name and (in any order) exactly these labels.
    fn value(&self, name: &str, labels: &[(&str, &str)]) -> Option<f64> {
        let mut wanted: Vec<String> = labels.iter().map(|(k, v)| format!("{k}=\"{v}\"")).collect();
        wanted.sort();
        self.0.lines().find_map(|line| {
            let (series, value) = line.rsplit_once(' ')?;
            let (found, rest) = series.split_once('{').unwrap_or((series, "}"));
            let rest = rest.strip_suffix('}')?;
            // No value in these tests has a comma.
            let mut labels: Vec<&str> = rest.split(',').filter(|label| !label.is_empty()).collect();
            labels.sort_unstable();
            (found == name && labels == wanted).then(|| value.parse().expect("a number"))
        })
    }

    fn count(&self, name: &str, labels: &[(&str, &str)]) -> u64 {
        let value = self.value(name, labels);
        value.unwrap_or_else(|| panic!("no {name} {labels:?} in\n{}", self.0)) as u64
    }
}

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
        let written = scrape.count("countersign_log_records_total", &[("log", "access")]) == 11;
        (closed && written).then_some(scrape)
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

/// A path that tells its record from the others.
fn record<'r>(records: &'r [Value], path: &str) -> &'r Value {
    let found: Vec<_> = records
        .iter()
        .filter(|record| record["path"] == path)
        .collect();
    assert_eq!(found.len(), 1, "{path}: {records:#?}");
    found[0]
}

#[tokio::test]
async fn whatever_happens_to_a_request_it_has_exactly_one_access_record() {
    let origin = Origin::http();
    let gateway = gateway(
        &origin,
        "[limits]\nmax_body_bytes = \"1KiB\"\nbackend_body_timeout = \"2s\"",
    )
    .await;
    gateway.put_api("dead", "http://127.0.0.1:1", OPEN).await;
    let mut keyed = api("keyed", &origin.url());
    keyed["properties"]["subscriptionRequired"] = json!(true);
    gateway.put("apis/keyed", &keyed).await;
    gateway.put("apis/keyed/operations/any", &operation()).await;
    let other = gateway.pki.server_for(&["other.test"]);
    let hosts = [
        gateway.host("localhost", &gateway.pki.server, true, true),
        gateway.host("other.test", &other, true, false),
    ];
    gateway
        .patch("", &properties(&json!({ "hostnameConfigurations": hosts })))
        .await;

    let mut expected: Vec<(String, Value, &str)> = Vec::new();
    for (alpn, word) in [(Alpn::Http1, "one"), (Alpn::Http2, "two")] {
        let client = gateway
            .client()
            .alpn(alpn)
            .identity(&gateway.pki.partner_a)
            .build()
            .unwrap();
        for (path, status, fault) in [
            ("/orders/ok", 200, "none"),
            ("/open/missing?status=404", 404, "client"),
            ("/open/broken?status=503", 503, "backend"),
            ("/nowhere", 404, "client"),
            ("/keyed/x", 401, "client"),
            ("/open/closes?close", 500, "backend"),
            ("/dead/x", 500, "backend"),
        ] {
            let (path, query) = path.split_once('?').unwrap_or((path, ""));
            let path = format!("{path}-{word}");
            let response = client.get(&format!("{path}?{query}")).await.unwrap();
            assert_eq!(response.status.as_u16(), status, "{path}");
            expected.push((path, json!(status), fault));
        }
        let b = gateway
            .client()
            .alpn(alpn)
            .identity(&gateway.pki.partner_b)
            .build()
            .unwrap();
        assert_eq!(
            b.get(&format!("/orders/b-{word}")).await.unwrap().status,
            403
        );
        expected.push((format!("/orders/b-{word}"), json!(403), "client"));
        let connection = client.connect().await.unwrap();
        let request =
            Request::get(format!("/open/misdirected-{word}")).header("host", "other.test");
        let response = connection
            .send(request.body(empty()).unwrap())
            .await
            .unwrap();
        assert_eq!(response.status, 421);
        expected.push((format!("/open/misdirected-{word}"), json!(421), "client"));
        let request = Request::post(format!("/open/large-{word}"))
            .body(zeros(5_000, true))
            .unwrap();
        assert_eq!(client.send(request).await.unwrap().status, 413);
        expected.push((format!("/open/large-{word}"), json!(413), "client"));
        // The backend breaks off in the middle of its answer.
        let path = format!("/open/cut-{word}");
        assert!(
            client
                .get(&format!("{path}?size=100&close_in_body"))
                .await
                .is_err()
        );
        expected.push((path, json!(200), "backend"));
        // The client hangs up: before the answer, in its body, and in the middle of its own request.
        let begun = origin.request_count();
        let path = format!("/open/unanswered-{word}");
        let connection = client.connect().await.unwrap();
        let request = Request::get(format!("{path}?never")).body(empty()).unwrap();
        tokio::select! {
            answer = connection.send(request) => panic!("{answer:?}"),
            () = eventually(SOON, "it is with the backend", || async {
                (origin.request_count() > begun).then_some(())
            }) => connection.abort(),
        }
        expected.push((path, Value::Null, "client"));
        let path = format!("/open/unread-{word}");
        let connection = client.connect().await.unwrap();
        let request = Request::get(format!("{path}?size=1000000000"))
            .body(empty())
            .unwrap();
        let mut response = connection.stream(request).await.unwrap();
        response.next().await.unwrap();
        connection.abort();
        expected.push((path, json!(200), "client"));
        let begun = origin.request_count();
        let path = format!("/open/half-{word}");
        let connection = client.connect().await.unwrap();
        let (sender, body) = channel(Some(1_000));
        assert!(sender.send("half").await);
        let request = Request::post(&path).body(body).unwrap();
        tokio::select! {
            answer = connection.send(request) => panic!("{answer:?}"),
            () = eventually(SOON, "it is with the backend", || async {
                (origin.request_count() > begun).then_some(())
            }) => connection.abort(),
        }
        expected.push((path, Value::Null, "client"));
    }
    // Heads that are refused name nothing, for what they name cannot be trusted.
    let ambiguous = "POST /open/x HTTP/1.1\r\nHost: localhost\r\nContent-Length: 4\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n";
    let many = format!(
        "GET /open/x HTTP/1.1\r\nHost: localhost\r\n{}\r\n",
        "X: y\r\n".repeat(200)
    );
    for (head, status) in [
        (ambiguous, 400),
        (&many, 431),
        ("GET /open/x HTTP/1.1\r\n\r\n", 400),
    ] {
        let mut raw = gateway.client().build().unwrap().raw().await.unwrap();
        raw.write(head.as_bytes()).await.unwrap();
        let answer = String::from_utf8(raw.read_to_close().await.unwrap()).unwrap();
        assert!(
            answer.starts_with(&format!("HTTP/1.1 {status} ")),
            "{answer}"
        );
    }

    let total = expected.len() + 3;
    eventually(SOON, "every request is recorded", || async {
        (gateway.access_records().len() >= total).then_some(())
    })
    .await;
    let log = gateway.file("access.jsonl");
    let keep = tempfile::tempdir().unwrap();
    let kept = keep.path().join("access.jsonl");
    std::fs::hard_link(&log, &kept)
        .or_else(|_| std::fs::copy(&log, &kept).map(drop))
        .unwrap();
    let records = gateway.access_records();
    assert_eq!(gateway.stop(), 0, "no connection had to be cut");
    for (path, status, fault) in &expected {
        let record = record(&records, path);
        // Whoever hangs up while sending may have been answered before that was noticed.
        if path.contains("/half-") && record["status"] == 400 {
            assert_eq!(record["fault"], "client", "{record}");
            continue;
        }
        assert_eq!(
            (&record["status"], &record["fault"]),
            (status, &json!(fault)),
            "{record}"
        );
    }
    let refused: Vec<_> = records
        .iter()
        .filter(|record| record["path"] == "-")
        .collect();
    let statuses: Vec<_> = refused
        .iter()
        .map(|record| record["status"].as_u64().unwrap())
        .collect();
    assert_eq!(statuses, [400, 431, 400]);
    // Not one more, even now that everything has ended.
    let text = std::fs::read_to_string(&kept).unwrap();
    assert_eq!(text.lines().count(), total);
    let mut ids: Vec<_> = records
        .iter()
        .map(|record| record["request_id"].as_str().unwrap())
        .collect();
    ids.sort_unstable();
    ids.dedup();
    assert_eq!(ids.len(), total, "each has an id of its own");
    assert!(!text.contains("status=503"), "no query is recorded");
}

#[tokio::test]
async fn every_change_that_is_asked_for_is_audited_whether_it_is_made_or_not() {
    let origin = Origin::http();
    let gateway = gateway(&origin, "").await;
    let audit = || -> Vec<Value> {
        let text = std::fs::read_to_string(gateway.file("audit.jsonl")).unwrap();
        text.lines()
            .map(|line| serde_json::from_str(line).unwrap())
            .collect()
    };
    let before = audit().len();
    let admin = gateway.admin();
    let revision = admin
        .get("/apim/namedValues")
        .await
        .unwrap()
        .revision()
        .unwrap();
    assert_eq!(audit().len(), before, "reading is no change");

    let value = |value: &str| named_value("x", value);
    let ask = async |method: Method, path: &str, body: Option<Value>, if_match: Option<&str>| {
        let fields: Vec<_> = if_match
            .map(|tag| (http::header::IF_MATCH, tag))
            .into_iter()
            .collect();
        let path = format!("/apim/{path}");
        admin
            .request(method, &path, body.as_ref(), &fields)
            .await
            .unwrap()
            .status
            .as_u16()
    };
    assert_eq!(
        ask(Method::PUT, "namedValues/x", Some(value("hush-hush")), None).await,
        201
    );
    assert_eq!(
        ask(Method::DELETE, "namedValues/absent", None, Some("*")).await,
        204
    );
    assert_eq!(
        ask(
            Method::PUT,
            "namedValues/x",
            Some(json!({ "properties": { "valeu": "hush-hush" } })),
            None
        )
        .await,
        400
    );
    assert_eq!(
        ask(
            Method::PUT,
            "namedValues/x",
            Some(value("hush-hush")),
            Some("\"stale\"")
        )
        .await,
        412
    );
    assert_eq!(
        ask(Method::DELETE, "identityLists/partners", None, Some("*")).await,
        409
    );
    let operations = json!([
        { "method": "PUT", "path": "namedValues/x", "body": value("2") },
        { "method": "PUT", "path": "namedValues/y", "body": named_value("y", "2") },
    ]);
    let transaction = json!({ "operations": operations, "comment": "two at once" });
    assert_eq!(
        ask(
            Method::POST,
            "transactions?dryRun=true",
            Some(transaction.clone()),
            None
        )
        .await,
        200
    );
    assert_eq!(
        ask(Method::POST, "transactions", Some(transaction), None).await,
        200
    );
    assert_eq!(
        ask(Method::DELETE, "namedValues/y", None, Some("*")).await,
        200
    );

    let records = audit()[before..].to_vec();
    let seen: Vec<_> = records
        .iter()
        .map(|record| {
            let text = |name: &str| record[name].as_str().unwrap_or("-").to_owned();
            let relative = record["revision"].as_u64().unwrap() - revision;
            let paths: Vec<_> = record["paths"]
                .as_array()
                .unwrap()
                .iter()
                .map(|p| p.as_str().unwrap())
                .collect();
            format!(
                "{} {} {} {} +{relative}",
                text("action"),
                paths.join(","),
                text("outcome"),
                text("reason")
            )
        })
        .collect();
    assert_eq!(
        seen,
        [
            "PUT namedValues/x applied - +1",
            "DELETE namedValues/absent unchanged - +1",
            "PUT namedValues/x refused ValidationError +1",
            "PUT namedValues/x refused PreconditionFailed +1",
            "DELETE identityLists/partners refused ResourceInUse +1",
            "transaction namedValues/x,namedValues/y dry_run - +1",
            "transaction namedValues/x,namedValues/y applied - +2",
            "DELETE namedValues/y applied - +3",
        ]
    );
    for record in &records {
        assert_eq!(
            (&record["actor"], &record["address"]),
            (&json!("admin"), &json!("127.0.0.1"))
        );
    }
    assert_eq!(records[6]["comment"], "two at once");
    let text = std::fs::read_to_string(gateway.file("audit.jsonl")).unwrap();
    assert!(
        !text.contains("hush-hush") && !text.contains(gateway.token()),
        "{text}"
    );
}

#[tokio::test]
async fn a_trace_is_one_record_with_message_severity_source_and_the_requests_id() {
    let origin = Origin::builder().answering(|_| Answer::ok()).start();
    let gateway = gateway(&origin, "").await;
    let document = r#"<policies><inbound><base />
        <trace source="orders-api" severity="error"><message>@($"{context.Request.Method} of {context.Request.OriginalUrl.Path}")</message><metadata name="partner" value="{{x}}" /></trace>
        <trace source="plain"><message>told</message></trace>
        </inbound></policies>"#;
    gateway
        .put("namedValues/x", &named_value("x", "from a named value"))
        .await;
    gateway
        .put("apis/traced", &api("traced", &origin.url()))
        .await;
    gateway
        .put("apis/traced/operations/any", &operation())
        .await;
    gateway
        .put("apis/traced/policies/policy", &policy(document))
        .await;
    let client = gateway.client().build().unwrap();
    assert_eq!(client.get("/traced/1").await.unwrap().status, 200);
    let traces = eventually(SOON, "both are written", || async {
        let traces = gateway.trace_records();
        (traces.len() >= 2 && !gateway.access_records().is_empty()).then_some(traces)
    })
    .await;
    let id = &gateway.access_records()[0]["request_id"];
    let seen: Vec<_> = traces
        .iter()
        .map(|t| (&t["source"], &t["severity"], &t["message"], &t["metadata"]))
        .collect();
    assert_eq!(
        seen,
        [
            (
                &json!("orders-api"),
                &json!("error"),
                &json!("GET of /traced/1"),
                &json!({ "partner": "from a named value" })
            ),
            (
                &json!("plain"),
                &json!("verbose"),
                &json!("told"),
                &json!({})
            ),
        ]
    );
    assert!(traces.iter().all(|trace| trace["request_id"] == *id));
}
