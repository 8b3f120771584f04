//! A balancer that says who its clients are, and everybody else who says so too.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use gateway_proxy::{CertificateHeader, TrustedPeers};
use gateway_testkit::{Alpn, ClientBuilder, Connection, Issued, Response};
use http::Request;
use serde_json::{Value, json};

use crate::bench::Bench;

/// Answers with the thumbprint of what policies see as the client's certificate.
const SHOW: &str = r#"<policies><inbound><base /></inbound><backend><base /></backend><outbound><base /><set-header name="x-client"><value>@(context.Request.Certificate == null ? "nobody" : context.Request.Certificate.Thumbprint)</value></set-header><set-header name="x-address"><value>@(context.Request.IpAddress)</value></set-header></outbound></policies>"#;

/// A gateway that believes 127.0.0.1 and nobody else.
fn bench(header: CertificateHeader) -> Bench {
    let mut bench = Bench::with(|settings| {
        settings.peers = Some(TrustedPeers {
            networks: vec!["127.0.0.1".parse().unwrap()],
            header,
        });
    });
    bench.policy(SHOW);
    bench
}

fn client_cert(issued: &Issued) -> String {
    format!(":{}:", base64(issued))
}

fn base64(issued: &Issued) -> String {
    STANDARD.encode(issued.certificate().to_der().unwrap())
}

fn escaped(issued: &Issued) -> String {
    let pem = issued.certificate().to_pem().unwrap();
    percent_encoding::percent_encode(&pem, percent_encoding::NON_ALPHANUMERIC).to_string()
}

async fn ask(connection: &Connection, headers: &[(&str, &str)]) -> Response {
    let mut request = Request::get("/api/x");
    for (name, value) in headers {
        request = request.header(*name, *value);
    }
    let request = request.body(gateway_testkit::empty()).unwrap();
    connection.send(request).await.unwrap()
}

async fn connect(client: ClientBuilder) -> Connection {
    client.build().unwrap().connect().await.unwrap()
}

fn shown(response: &Response) -> (u16, Option<&str>) {
    (response.status.as_u16(), response.header("x-client"))
}

async fn last_record(bench: &Bench, count: usize) -> Value {
    let records = bench.records(count).await;
    records[count - 1].clone()
}

#[tokio::test]
async fn what_a_trusted_peer_says_is_who_the_client_is_for_each_request_anew() {
    let bench = bench(CertificateHeader::ClientCert);
    let pki = &bench.pki;
    let (a, b) = (client_cert(&pki.partner_a), client_cert(&pki.partner_b));
    let thumbprint = |issued: &Issued| issued.thumbprint().unwrap();
    let mut count = 0;
    for alpn in [Alpn::Http1, Alpn::Http2] {
        // The balancer has a certificate of its own, which is not its clients'.
        let own = bench.client().alpn(alpn).identity(&pki.backend_client);
        let balancer = connect(own).await;
        for (header, expected) in [
            (Some(&a), Some(thumbprint(&pki.partner_a))),
            (Some(&b), Some(thumbprint(&pki.partner_b))),
            (None, None),
            (Some(&a), Some(thumbprint(&pki.partner_a))),
        ] {
            let headers: Vec<_> = header
                .map(|value| ("Client-Cert", value.as_str()))
                .into_iter()
                .collect();
            let response = ask(&balancer, &headers).await;
            let who = expected.clone().unwrap_or_else(|| "nobody".to_owned());
            assert_eq!(shown(&response), (200, Some(who.as_str())), "{alpn:?}");
            assert_eq!(response.header("x-address"), Some("127.0.0.1"));
            count += 1;
            let record = last_record(&bench, count).await;
            assert_eq!(record["thumbprint"], json!(expected));
            assert_eq!(record["captured"], expected.is_some());
            assert_eq!(record["client"], "127.0.0.1");
        }
    }
    // Two connections of the balancer, and two clients behind it.
    let metrics = bench.recorder.render();
    let measured = metrics
        .lines()
        .find_map(|line| line.strip_prefix("countersign_client_certificate_days_left_count "))
        .unwrap();
    assert_eq!(measured, "4");
    let seen = bench.origin.last().unwrap().head;
    assert!(seen.header("client-cert").is_none());
}

#[tokio::test]
async fn what_anybody_else_says_changes_nothing_and_is_removed() {
    let bench = bench(CertificateHeader::ClientCert);
    let pki = &bench.pki;
    let (a, b) = (
        client_cert(&pki.partner_a),
        pki.partner_b.thumbprint().unwrap(),
    );
    let stranger = || bench.client().from_address("127.0.0.2".parse().unwrap());
    let nobody = connect(stranger()).await;
    let partner_b = connect(stranger().identity(&pki.partner_b)).await;
    for value in [a.as_str(), "garbage"] {
        let headers = [("client-cert", value), ("client-cert", value)];
        for (connection, who) in [(&nobody, "nobody"), (&partner_b, b.as_str())] {
            let response = ask(connection, &headers).await;
            assert_eq!(shown(&response), (200, Some(who)));
            assert_eq!(response.header("x-address"), Some("127.0.0.2"));
            let seen = bench.origin.last().unwrap().head;
            assert!(seen.header("client-cert").is_none());
        }
    }
    let records = bench.records(4).await;
    assert!(records.iter().all(|record| record["captured"] == false));
    assert_eq!(records[0]["thumbprint"], json!(null));
    assert_eq!(records[1]["thumbprint"], json!(b));
}

#[tokio::test]
async fn every_header_works_and_only_the_chosen_one_is_read() {
    for header in CertificateHeader::ALL {
        let bench = bench(header);
        let pki = &bench.pki;
        let form = |issued: &Issued| match header {
            CertificateHeader::ClientCert => client_cert(issued),
            CertificateHeader::XForwardedClientCert => {
                format!("Hash=00;Cert=\"{}\"", escaped(issued))
            }
            CertificateHeader::XArrClientCert | CertificateHeader::XClientCert => base64(issued),
            CertificateHeader::XSslClientCert | CertificateHeader::XSslClientEscapedCert => {
                escaped(issued)
            }
        };
        let (a, b) = (form(&pki.partner_a), form(&pki.partner_b));
        let others: Vec<(&str, &str)> = CertificateHeader::ALL
            .into_iter()
            .filter(|other| *other != header)
            .map(|other| (other.name(), b.as_str()))
            .collect();
        let with_underscores = header.name().replace('-', "_");
        let mut headers = others.clone();
        headers.push((&with_underscores, &b));
        let balancer = connect(bench.client()).await;
        let response = ask(&balancer, &headers).await;
        assert_eq!(shown(&response), (200, Some("nobody")), "{header:?}");
        // A client that asks its balancer to drop the header on the way achieves nothing here.
        headers.push((header.name(), &a));
        headers.push(("connection", header.name()));
        let response = ask(&balancer, &headers).await;
        let who = pki.partner_a.thumbprint().unwrap();
        assert_eq!(shown(&response), (200, Some(who.as_str())), "{header:?}");
        let seen = bench.origin.last().unwrap().head;
        let passed = |value: &http::HeaderValue| *value == *a || *value == *b;
        assert!(!seen.headers.values().any(passed), "{header:?}");
    }
}

#[tokio::test]
async fn a_malformed_header_of_a_trusted_peer_is_400_and_its_connection_serves_on() {
    let bench = bench(CertificateHeader::ClientCert);
    let a = client_cert(&bench.pki.partner_a);
    let cases: [(&[(&str, &str)], &str); 5] = [
        (
            &[("client-cert", "garbage")],
            "the header is not a byte sequence (RFC 9440)",
        ),
        (
            &[("client-cert", "")],
            "the header is not a byte sequence (RFC 9440)",
        ),
        (
            &[("client-cert", ":AAAA:")],
            "the header does not hold a certificate",
        ),
        (
            &[("client-cert", &a), ("client-cert", &a)],
            "the header came more than once",
        ),
        (
            &[("client-cert-chain", &a)],
            "a chain came without its certificate",
        ),
    ];
    let mut count = 0;
    for alpn in [Alpn::Http1, Alpn::Http2] {
        let balancer = connect(bench.client().alpn(alpn).identity(&bench.pki.partner_b)).await;
        for (headers, reason) in cases {
            let response = ask(&balancer, headers).await;
            assert_eq!(response.status, 400, "{reason}");
            assert_eq!(
                response.json().unwrap()["message"],
                "The header with the client certificate is malformed."
            );
            count += 1;
            let record = last_record(&bench, count).await;
            assert_eq!(record["error"], reason);
            assert_eq!(record["fault"], "client");
            assert_eq!(record["thumbprint"], json!(null));
        }
        assert_eq!(ask(&balancer, &[("client-cert", &a)]).await.status, 200);
        count += 1;
    }
    assert_eq!(bench.origin.request_count(), 2);
}

#[tokio::test]
async fn a_captured_certificate_is_judged_like_one_from_a_handshake() {
    let mut bench = bench(CertificateHeader::ClientCert);
    bench.put_crl();
    bench.policy(r#"<policies><inbound><base /><validate-client-certificate failed-validation-httpcode="403" /></inbound></policies>"#);
    let pki = &bench.pki;
    let balancer = connect(bench.client().identity(&pki.partner_b)).await;
    let cases = [
        (Some(&pki.partner_a), 200, json!(null)),
        (
            Some(&pki.stranger),
            403,
            json!("ClientCertificateNotTrusted"),
        ),
        (Some(&pki.expired), 403, json!("ClientCertificateExpired")),
        (
            Some(&pki.not_yet_valid),
            403,
            json!("ClientCertificateNotYetValid"),
        ),
        (Some(&pki.revoked), 403, json!("ClientCertificateRevoked")),
        (None, 403, json!("ClientCertificateNotFound")),
        (Some(&pki.partner_a), 200, json!(null)),
    ];
    for (index, (issued, status, reason)) in cases.into_iter().enumerate() {
        let value = issued.map(client_cert);
        let headers: Vec<_> = value
            .iter()
            .map(|value| ("client-cert", value.as_str()))
            .collect();
        assert_eq!(ask(&balancer, &headers).await.status, status, "{reason}");
        let record = last_record(&bench, index + 1).await;
        assert_eq!(record["verdict_reason"], reason);
        let thumbprint = issued.map(|issued| issued.thumbprint().unwrap());
        assert_eq!(record["thumbprint"], json!(thumbprint));
    }
}

#[tokio::test]
async fn mode_required_demands_a_trusted_certificate_of_the_peer_and_of_its_client() {
    let mut bench = bench(CertificateHeader::ClientCert);
    let pki = &bench.pki;
    // These connections were opened while nothing was demanded of them.
    let anonymous = connect(bench.client()).await;
    let untrusted = connect(bench.client().identity(&pki.stranger)).await;
    let balancer = connect(bench.client().identity(&pki.partner_b)).await;
    bench.require_certificates();
    let pki = &bench.pki;
    let a = client_cert(&pki.partner_a);
    let stranger = client_cert(&pki.stranger);
    let outcomes = [
        (
            &[("client-cert", a.as_str())][..],
            200,
            "",
            Some(&pki.partner_a),
        ),
        (
            &[("client-cert", stranger.as_str())],
            403,
            "Invalid client certificate",
            Some(&pki.stranger),
        ),
        (&[], 403, "Client certificate missing", None),
        (&[("client-cert", &a)], 200, "", Some(&pki.partner_a)),
    ];
    for (index, (headers, status, message, named)) in outcomes.into_iter().enumerate() {
        let response = ask(&balancer, headers).await;
        assert_eq!(response.status, status, "{message}");
        if status != 200 {
            assert_eq!(response.json().unwrap()["message"], message);
        }
        let record = last_record(&bench, index + 1).await;
        let thumbprint = named.map(|issued| issued.thumbprint().unwrap());
        assert_eq!(record["thumbprint"], json!(thumbprint));
    }
    // The best client does not help a peer that is not let in itself.
    for (peer, thumbprint, count) in [
        (&anonymous, None, 5),
        (&untrusted, Some(pki.stranger.thumbprint().unwrap()), 6),
    ] {
        assert_eq!(ask(peer, &[("client-cert", &a)]).await.status, 403);
        let record = last_record(&bench, count).await;
        assert_eq!(
            record["error"],
            "the trusted peer's own certificate is refused"
        );
        assert_eq!(record["thumbprint"], json!(thumbprint));
        assert_eq!(record["captured"], false);
        gateway_testkit::eventually(crate::bench::DEADLINE, "the connection ends", || async {
            peer.is_closed().then_some(())
        })
        .await;
    }
}

#[tokio::test]
async fn a_host_in_mode_none_takes_no_certificate_from_anyone() {
    let bench = bench(CertificateHeader::ClientCert);
    let a = client_cert(&bench.pki.partner_a);
    let balancer = connect(bench.client().name("other.example")).await;
    for headers in [[("client-cert", a.as_str())], [("client-cert", "garbage")]] {
        let response = ask(&balancer, &headers).await;
        assert_eq!(shown(&response), (200, Some("nobody")));
        let seen = bench.origin.last().unwrap().head;
        assert!(seen.header("client-cert").is_none());
    }
}
