//! What an operator reads about connections that never got to ask for anything, and what is remembered
//! about their certificates.

#![allow(
    missing_docs,
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::indexing_slicing,
    reason = "tests fail by panicking"
)]

use std::net::{IpAddr, Ipv4Addr};
use std::time::{Duration, Instant};

use gateway_e2e::{Installation, TestGateway, health, properties, unique_path};
use gateway_testkit::{ClientBuilder, Identity, Issued, Origin, TlsVersion, eventually};
use serde_json::{Value, json};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpSocket, TcpStream};

const PATIENCE: Duration = Duration::from_secs(15);
const POLICY: &str = "<policies><inbound><base /></inbound></policies>";

/// Mode `required` on `localhost`; short deadlines and few connections for each address.
async fn strict(origin: &Origin, limits: &str) -> TestGateway {
    let gateway = TestGateway::builder()
        .configuration(&format!("[limits]\n{limits}"))
        .start()
        .await;
    gateway.put_api("orders", &origin.url(), POLICY).await;
    let name = "Countersign.Host.localhost.ClientCertificate";
    let body = properties(&json!({ "customProperties": { name: "required" } }));
    gateway.patch("", &body).await;
    gateway
}

/// An address of loopback that only one case of a test uses.
const fn address(last: u8) -> Ipv4Addr {
    Ipv4Addr::new(127, 2, 0, last)
}

/// The only record of a refused handshake from this address.
async fn record(gateway: &TestGateway, from: Ipv4Addr) -> Value {
    let from = from.to_string();
    let mut found = eventually(PATIENCE, "the record is written", || async {
        let mut records = gateway.handshake_records();
        records.retain(|record| record["client"] == from.as_str());
        (!records.is_empty()).then_some(records)
    })
    .await;
    assert_eq!(found.len(), 1, "{found:?}");
    found.remove(0)
}

async fn raw(gateway: &TestGateway, from: Ipv4Addr) -> TcpStream {
    let socket = TcpSocket::new_v4().unwrap();
    socket.bind((IpAddr::V4(from), 0).into()).unwrap();
    socket.connect(gateway.address).await.unwrap()
}

fn metrics(gateway: &TestGateway) -> String {
    health(gateway.health_address, "/metrics").1
}

fn sha1(issued: &Issued) -> String {
    Identity::from(issued).thumbprints().unwrap().0
}

#[tokio::test]
async fn each_reason_for_refusing_a_handshake_has_its_own_code_in_one_record() {
    let origin = Origin::http();
    let gateway = strict(&origin, "handshake_timeout = \"400ms\"").await;
    let pki = &gateway.pki;
    let revision = gateway.plane.revision();
    let client = |last| gateway.client().from_address(address(last).into());
    type Case<'a> = (u8, ClientBuilder, &'a str, Value, Value);
    let host = json!("localhost");
    let cases: [Case<'_>; 5] = [
        (1, client(1), "no_certificate", Value::Null, host.clone()),
        (
            2,
            client(2).identity(&pki.stranger),
            "untrusted",
            json!(sha1(&pki.stranger)),
            host.clone(),
        ),
        (
            3,
            client(3).identity(&pki.expired),
            "outside_dates",
            json!(sha1(&pki.expired)),
            host.clone(),
        ),
        (
            4,
            client(4).identity(&pki.revoked),
            "revoked",
            json!(sha1(&pki.revoked)),
            host,
        ),
        (
            6,
            client(6).sni("not a name"),
            "bad_name",
            Value::Null,
            Value::Null,
        ),
    ];
    for (last, client, reason, presented, host) in cases {
        client.build().unwrap().get("/orders/1").await.unwrap_err();
        let record = record(&gateway, address(last)).await;
        assert_eq!(record["reason"], reason, "{record}");
        assert_eq!(record["presented_thumbprint"], presented, "{record}");
        assert_eq!(record["host"].is_null(), host.is_null(), "{record}");
        assert_eq!(record["revision"], revision, "{record}");
        assert_eq!(record["suppressed"], 0, "{record}");
        assert_eq!(record["tls"].is_null(), host.is_null(), "{record}");
        assert!(
            record["error"]
                .as_str()
                .is_some_and(|text| !text.is_empty()),
            "{record}"
        );
        assert!(
            record["worker"].as_u64().is_some_and(|worker| worker < 2),
            "{record}"
        );
        assert!(record.get("thumbprint").is_none(), "unproven: {record}");
    }
    let mut plain = raw(&gateway, address(7)).await;
    plain
        .write_all(b"GET / HTTP/1.1\r\nhost: localhost\r\n\r\n")
        .await
        .unwrap();
    assert_eq!(record(&gateway, address(7)).await["reason"], "protocol");
    let silent = raw(&gateway, address(8)).await;
    let late = record(&gateway, address(8)).await;
    assert_eq!(late["reason"], "timeout");
    assert!(late["total_us"].as_u64().unwrap() >= 400_000, "{late}");
    drop(silent);
    drop(raw(&gateway, address(9)).await);
    assert_eq!(
        record(&gateway, address(9)).await["reason"],
        "client_closed"
    );
    assert!(gateway.access_records().is_empty(), "nobody made a request");
}

#[tokio::test]
async fn the_record_of_an_unknown_server_name_says_which_one_was_asked_for() {
    let installation = Installation::with_gateway("unknown_server_name = \"refuse\"", "");
    let process = installation.serve();
    installation.seed(&process).await;
    let client = installation.client(&process).sni("nobody.example");
    client.build().unwrap().connect().await.unwrap_err();
    let record = eventually(PATIENCE, "the record is written", || async {
        let text = std::fs::read_to_string(installation.file("access.jsonl")).unwrap_or_default();
        text.lines()
            .filter_map(|line| serde_json::from_str::<Value>(line).ok())
            .find(|record| record["kind"] == "handshake")
    })
    .await;
    assert_eq!(record["reason"], "unknown_name", "{record}");
    assert_eq!(record["server_name"], "nobody.example", "{record}");
    assert_eq!(
        (&record["host"], &record["tls"]),
        (&Value::Null, &Value::Null)
    );
}

#[tokio::test]
async fn a_connection_over_a_limit_is_recorded_with_the_limit_that_it_met() {
    let origin = Origin::http();
    let gateway = strict(&origin, "max_connections_per_address = 1").await;
    let partner = gateway.client().identity(&gateway.pki.partner_a);
    let first = partner.from_address(address(20).into()).build().unwrap();
    let open = first.connect().await.unwrap();
    assert_eq!(open.get("/orders/1").await.unwrap().status, 200);

    let mut second = raw(&gateway, address(20)).await;
    assert!(matches!(second.read(&mut [0; 16]).await, Ok(0) | Err(_)));
    let record = record(&gateway, address(20)).await;
    assert_eq!(record["reason"], "address_connections");
    assert_eq!(
        (&record["tls"], &record["error"]),
        (&Value::Null, &Value::Null)
    );
}

#[tokio::test]
async fn a_flood_of_refused_handshakes_is_counted_whole_and_recorded_in_part_and_requests_keep_their_records()
 {
    const FLOOD: u64 = 400;
    const WORKERS: usize = 2;
    const RECORDS_PER_SECOND: usize = 25;
    let origin = Origin::http();
    let gateway = strict(&origin, "max_connections_per_address = 1").await;
    let partner = gateway.client().identity(&gateway.pki.partner_a);
    let partner = partner.from_address(address(31).into()).build().unwrap();
    let open = partner.connect().await.unwrap();
    let held = raw(&gateway, address(30)).await;
    let count = || async {
        let metrics = metrics(&gateway);
        let name = "countersign_connections_refused_total{reason=\"address_connections\"}";
        let line = metrics.lines().find_map(|line| line.strip_prefix(name));
        line.map_or(0, |value| value.trim().parse().unwrap())
    };
    let mut paths = Vec::new();
    let began = Instant::now();
    for flood in 0..FLOOD {
        let mut refused = raw(&gateway, address(30)).await;
        assert!(matches!(refused.read(&mut [0; 16]).await, Ok(0) | Err(_)));
        if flood % 40 == 0 {
            let path = unique_path("orders");
            assert_eq!(open.get(&path).await.unwrap().status, 200);
            paths.push(path);
        }
    }
    assert_eq!(gateway.workers_of(&paths).await.len(), paths.len());
    assert_eq!(count().await, FLOOD);

    // Each worker's next record, once its second has passed, says how many it has left out.
    let mut after = 0;
    let recorded = eventually(PATIENCE, "every refused connection is told of", || {
        after += 1;
        let again = raw(&gateway, address(30));
        let gateway = &gateway;
        async move {
            let mut again = again.await;
            assert!(matches!(again.read(&mut [0; 16]).await, Ok(0) | Err(_)));
            let mut records = gateway.handshake_records();
            records.retain(|record| record["reason"] == "address_connections");
            let left_out: u64 = records
                .iter()
                .map(|record| record["suppressed"].as_u64().unwrap())
                .sum();
            let told = u64::try_from(records.len()).unwrap() + left_out;
            assert!(told <= FLOOD + after, "{told}");
            (told >= FLOOD).then_some(records.len())
        }
    })
    .await;
    let seconds = usize::try_from(began.elapsed().as_secs()).unwrap() + 1;
    assert!(
        recorded <= WORKERS * RECORDS_PER_SECOND * seconds,
        "{recorded}"
    );
    let records = gateway.access_records();
    assert_eq!(
        records.len(),
        paths.len(),
        "one for each request and no other"
    );
    drop(held);
}

#[tokio::test]
async fn an_operator_is_told_why_a_certificate_was_refused_and_what_a_change_made_of_it() {
    let origin = Origin::http();
    let gateway = strict(&origin, "").await;
    let pki = &gateway.pki;
    let explain = |issued: &Issued| {
        let body = json!({ "thumbprint": sha1(issued) });
        let gateway = &gateway;
        async move {
            let reply = gateway.admin().post("/apim/explain", &body).await.unwrap();
            assert_eq!(reply.status, 200, "{}", reply.text);
            assert_eq!(reply.json["revision"], gateway.plane.revision());
            reply.json
        }
    };
    let handshake = |issued: &Issued, version| {
        let client = gateway
            .client()
            .identity(issued)
            .tls(version)
            .build()
            .unwrap();
        async move {
            client
                .get("/orders/1")
                .await
                .map(|response| response.status.as_u16())
        }
    };
    assert_eq!(
        explain(&pki.partner_a).await["chains"],
        json!([]),
        "not seen yet"
    );
    for version in [TlsVersion::Tls12, TlsVersion::Tls13] {
        assert_eq!(handshake(&pki.partner_a, version).await.unwrap(), 200);
        handshake(&pki.stranger, version).await.unwrap_err();
    }
    let partner = explain(&pki.partner_a).await;
    assert_eq!(partner["chainCount"], 1, "{partner}");
    assert_eq!(partner["chains"][0]["verdict"], "accepted");
    assert_eq!(
        partner["chains"][0]["path"][0]["thumbprint"],
        sha1(&pki.partner_a)
    );
    let stranger = explain(&pki.stranger).await;
    assert_eq!(
        stranger["chains"][0]["reason"],
        "ClientCertificateNotTrusted"
    );

    // Under another trust nothing has been judged yet, and then it is judged differently.
    let crl = pki.crl_revoking(&[&pki.revoked, &pki.partner_a], 2);
    let encoded = {
        use base64::Engine as _;
        base64::engine::general_purpose::STANDARD.encode(crl.der())
    };
    gateway
        .put("crls/ca", &properties(&json!({ "encodedCrl": encoded })))
        .await;
    assert_eq!(explain(&pki.partner_a).await["chains"], json!([]));
    handshake(&pki.partner_a, TlsVersion::Tls13)
        .await
        .unwrap_err();
    let partner = explain(&pki.partner_a).await;
    assert_eq!(partner["chains"][0]["verdict"], "refused");
    assert_eq!(partner["chains"][0]["reason"], "ClientCertificateRevoked");
}
