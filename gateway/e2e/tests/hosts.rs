//! Host names: each with its certificate and its mode, from the newest snapshot, nothing rebound.

#![allow(
    missing_docs,
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::indexing_slicing,
    reason = "tests fail by panicking"
)]

use std::path::Path;
use std::pin::Pin;
use std::time::Duration;

use gateway_e2e::{Installation, TestGateway, api, operation, policy};
use gateway_testkit::{
    Alpn, Answer, ClientBuilder, Connection, Issued, Origin, Pki, empty, eventually,
};
use http::Request;
use serde_json::{Value, json};

const OPEN: &str = "<policies><inbound><base /></inbound></policies>";

/// Answers with what the policy makes of the client's certificate.
const WHO: &str = r#"<policies><inbound><base /><validate-client-certificate failed-validation-httpcode="403" validate-revocation="false"><identities><identity-list id="anybody" /></identities></validate-client-certificate></inbound></policies>"#;

const SOON: Duration = Duration::from_secs(15);

/// Boxed: a builder holds a whole PKI, and would lie in the future of every test.
fn gateway<'o>(
    builder: gateway_e2e::Builder,
    origin: &'o Origin,
) -> Pin<Box<dyn Future<Output = TestGateway> + 'o>> {
    Box::pin(async move {
        let gateway = builder.start().await;
        gateway.put_api("open", &origin.url(), OPEN).await;
        let list = json!({ "properties": { "identities": [] } });
        gateway.put("identityLists/anybody", &list).await;
        let member = gateway_e2e::identity(&gateway.pki.partner_a);
        gateway
            .put("identityLists/anybody/identities/a", &member)
            .await;
        gateway.put_api("who", &origin.url(), WHO).await;
        gateway
    })
}

async fn patch_hosts(gateway: &TestGateway, hosts: Vec<Value>) {
    let body = json!({ "properties": { "hostnameConfigurations": hosts } });
    gateway.patch("", &body).await;
}

fn named(gateway: &TestGateway, name: &str) -> ClientBuilder {
    gateway.client().name(name)
}

fn shown(connection: &Connection) -> Vec<u8> {
    connection.tls().server.as_ref().unwrap().to_der().unwrap()
}

async fn status(connection: &Connection, path: &str) -> u16 {
    connection.get(path).await.unwrap().status.as_u16()
}

/// Asks for `path` of `host` over a connection that may be another host's.
async fn status_of(connection: &Connection, host: &str, path: &str) -> u16 {
    let request = Request::get(path)
        .header("host", host)
        .body(empty())
        .unwrap();
    connection.send(request).await.unwrap().status.as_u16()
}

#[tokio::test]
async fn each_host_name_has_its_certificate_and_mode_from_the_answer_on_and_nothing_is_rebound() {
    let origin = Origin::http();
    let gateway = gateway(TestGateway::builder(), &origin).await;
    let before = gateway
        .client_of(&gateway.pki.partner_a)
        .connect()
        .await
        .unwrap();
    assert_eq!(status(&before, "/who/1").await, 200);
    let one = gateway.pki.server_for(&["one.test"]);
    let two = gateway.pki.server_for(&["two.test"]);
    patch_hosts(
        &gateway,
        vec![
            gateway.host("localhost", &gateway.pki.server, true, true),
            gateway.host("one.test", &one, false, false),
            gateway.host("two.test", &two, true, false),
        ],
    )
    .await;
    for alpn in [Alpn::Http1, Alpn::Http2] {
        for (name, server, who) in [
            ("localhost", &gateway.pki.server, 200),
            // Not asked, so the certificate is not presented.
            ("one.test", &one, 403),
            ("two.test", &two, 200),
        ] {
            let client = named(&gateway, name)
                .alpn(alpn)
                .identity(&gateway.pki.partner_a);
            let connection = client.build().unwrap().connect().await.unwrap();
            assert_eq!(shown(&connection), server.certificate_der(), "{name}");
            assert_eq!(status(&connection, "/who/1").await, who, "{name}");
        }
    }
    // The mode of one host, and of no other.
    let property = "Countersign.Host.two.test.ClientCertificate";
    gateway
        .patch(
            "",
            &json!({ "properties": { "customProperties": { property: "required" } } }),
        )
        .await;
    let nobody = named(&gateway, "two.test").build().unwrap();
    assert!(nobody.get("/open/1").await.is_err());
    let nobody = named(&gateway, "one.test").build().unwrap();
    assert_eq!(nobody.get("/open/1").await.unwrap().status, 200);
    assert_eq!(
        status(&before, "/who/1").await,
        200,
        "the first connection goes on"
    );

    patch_hosts(
        &gateway,
        vec![gateway.host("localhost", &gateway.pki.server, true, true)],
    )
    .await;
    let gone = named(&gateway, "one.test").insecure().build().unwrap();
    let connection = gone.connect().await.unwrap();
    assert_eq!(
        shown(&connection),
        gateway.pki.server.certificate_der(),
        "the default serves it"
    );
}

#[tokio::test]
async fn no_server_name_is_served_by_the_default_host_and_addresses_are_no_names() {
    let origin = Origin::http();
    let gateway = gateway(TestGateway::builder(), &origin).await;
    let other = gateway.pki.server_for(&["other.test"]);
    patch_hosts(
        &gateway,
        vec![
            gateway.host("other.test", &other, false, false),
            gateway.host("localhost", &gateway.pki.server, true, true),
        ],
    )
    .await;
    let port = gateway.address.port();
    for alpn in [Alpn::Http1, Alpn::Http2] {
        for host in ["127.0.0.1", "127.0.0.1:1", "[::1]"] {
            let client = gateway
                .client()
                .without_sni()
                .expect_name("127.0.0.1")
                .authority(&format!("127.0.0.1:{port}"))
                .identity(&gateway.pki.partner_a)
                .alpn(alpn);
            let connection = client.build().unwrap().connect().await.unwrap();
            assert_eq!(shown(&connection), gateway.pki.server.certificate_der());
            assert_eq!(status(&connection, "/who/1").await, 200);
            assert_eq!(status_of(&connection, host, "/who/1").await, 200, "{host}");
            assert_eq!(status_of(&connection, "other.test", "/who/1").await, 421);
        }
    }
}

#[tokio::test]
async fn an_unknown_server_name_is_served_by_the_default_host_or_refused_as_configured() {
    let origin = Origin::http();
    for (word, served) in [("default", true), ("refuse", false)] {
        let keys = format!("unknown_server_name = \"{word}\"");
        let installation = Installation::with_gateway(&keys, "");
        let process = installation.serve();
        installation.seed(&process).await;
        process.put("apis/open", &api("open", &origin.url())).await;
        process.put("apis/open/operations/any", &operation()).await;
        process
            .put("apis/open/policies/policy", &policy(OPEN))
            .await;
        let unknown = installation
            .client(&process)
            .sni("unknown.test")
            .build()
            .unwrap();
        match unknown.connect().await {
            Ok(connection) => {
                assert!(served, "{word}");
                assert_eq!(status_of(&connection, "unknown.test", "/open/1").await, 200);
                assert_eq!(status_of(&connection, "localhost", "/open/1").await, 200);
            }
            Err(error) => {
                // unrecognized_name (RFC 6066 section 3).
                let alert = error.alert().unwrap_or_else(|| error.to_string());
                assert!(
                    !served && alert.ends_with("alert number 112"),
                    "{word}: {alert}"
                );
            }
        }
        // Whoever uses the address as a URL sends no name, whatever is done with unknown ones.
        let by_address = installation
            .client(&process)
            .without_sni()
            .expect_name("127.0.0.1");
        let connection = by_address.build().unwrap().connect().await.unwrap();
        assert_eq!(status(&connection, "/open/1").await, 200, "{word}");
        let known = installation
            .client(&process)
            .build()
            .unwrap()
            .connect()
            .await
            .unwrap();
        assert_eq!(status(&known, "/open/1").await, 200);
        let expected = if served { 200 } else { 421 };
        assert_eq!(
            status_of(&known, "unknown.test", "/open/1").await,
            expected,
            "{word}"
        );
    }
}

#[tokio::test]
async fn a_coalesced_request_is_served_under_one_wildcard_host_and_misdirected_to_any_other() {
    let origin = Origin::http();
    let gateway = gateway(TestGateway::builder(), &origin).await;
    let wild = gateway.pki.server_for(&["*.wild.test"]);
    let exact = gateway.pki.server_for(&["exact.wild.test"]);
    patch_hosts(
        &gateway,
        vec![
            gateway.host("localhost", &gateway.pki.server, true, true),
            gateway.host("*.wild.test", &wild, true, false),
            gateway.host("exact.wild.test", &exact, true, false),
        ],
    )
    .await;
    for alpn in [Alpn::Http1, Alpn::Http2] {
        let client = named(&gateway, "a.wild.test")
            .alpn(alpn)
            .identity(&gateway.pki.partner_a);
        let connection = client.build().unwrap().connect().await.unwrap();
        assert_eq!(shown(&connection), wild.certificate_der());
        let forwarded = origin.request_count();
        for host in [
            "a.wild.test",
            "b.wild.test",
            "B.WILD.test:8443",
            "c.wild.test.",
        ] {
            assert_eq!(
                status_of(&connection, host, "/who/1").await,
                200,
                "{alpn:?} {host}"
            );
        }
        assert_eq!(origin.request_count(), forwarded + 4);
        for host in [
            "localhost",
            "exact.wild.test",
            "a.b.wild.test",
            "wild.test",
            "127.0.0.1",
        ] {
            assert_eq!(
                status_of(&connection, host, "/who/1").await,
                421,
                "{alpn:?} {host}"
            );
        }
        assert_eq!(
            origin.request_count(),
            forwarded + 4,
            "nothing of that was forwarded"
        );
        assert_eq!(
            status_of(&connection, "a.wild.test", "/who/1").await,
            200,
            "and it goes on"
        );

        let client = named(&gateway, "exact.wild.test")
            .alpn(alpn)
            .build()
            .unwrap();
        let connection = client.connect().await.unwrap();
        assert_eq!(shown(&connection), exact.certificate_der());
        assert_eq!(status_of(&connection, "a.wild.test", "/open/1").await, 421);
    }
}

#[tokio::test]
async fn a_server_certificate_is_rotated_by_a_patch_and_no_open_connection_is_dropped() {
    let origin = Origin::builder()
        .answering(|head| {
            let slow = head.path.contains("slow");
            let delay = Duration::from_millis(if slow { 1_500 } else { 0 });
            Answer::ok().body("whole").after(delay)
        })
        .start();
    let gateway = gateway(TestGateway::builder(), &origin).await;
    let mut open = Vec::new();
    for alpn in [Alpn::Http1, Alpn::Http2] {
        let client = gateway
            .client()
            .alpn(alpn)
            .identity(&gateway.pki.partner_a)
            .build()
            .unwrap();
        open.push((client.connect().await.unwrap(), client));
    }
    let renewed = gateway.pki.server_for(&["localhost"]);
    let rotate = async {
        eventually(SOON, "slow requests are in flight", || async {
            (origin.request_count() == 2).then_some(())
        })
        .await;
        patch_hosts(
            &gateway,
            vec![gateway.host("localhost", &renewed, true, true)],
        )
        .await;
        for (_, client) in &open {
            let connection = client.connect().await.unwrap();
            assert_eq!(shown(&connection), renewed.certificate_der());
            assert_eq!(status(&connection, "/who/1").await, 200);
        }
        assert!(origin.recorded().len() >= 2);
    };
    let (first, second, ()) = tokio::join!(
        open[0].0.get("/who/slow"),
        open[1].0.get("/who/slow"),
        rotate
    );
    for response in [first.unwrap(), second.unwrap()] {
        assert_eq!(
            (response.status.as_u16(), response.text().as_str()),
            (200, "whole")
        );
    }
    for (connection, _) in &open {
        assert_eq!(shown(connection), gateway.pki.server.certificate_der());
        assert_eq!(
            status(connection, "/who/1").await,
            200,
            "the old connection goes on"
        );
        assert!(!connection.is_closed());
    }
    // Without `encodedCertificate` the stored one stays.
    let mut kept = gateway.host("localhost", &renewed, true, true);
    kept.as_object_mut()
        .unwrap()
        .retain(|key, _| !key.contains("ertificate") || key == "negotiateClientCertificate");
    patch_hosts(&gateway, vec![kept]).await;
    let connection = open[0].1.connect().await.unwrap();
    assert_eq!(shown(&connection), renewed.certificate_der());
}

fn file_host(name: &str, pki: &Pki, files: &str, mode: &str) -> String {
    format!(
        "[[host]]\nname = \"{name}\"\ncertificate = {:?}\nkey = {:?}\nclient_certificate = \"{mode}\"\n",
        pki.path(&format!("{files}.pem")),
        pki.path(&format!("{files}.key")),
    )
}

async fn served_certificate(gateway: &TestGateway, name: &str) -> Vec<u8> {
    shown(
        &named(gateway, name)
            .build()
            .unwrap()
            .connect()
            .await
            .unwrap(),
    )
}

async fn until_served(gateway: &TestGateway, name: &str, server: &Issued) {
    eventually(SOON, "the new certificate is served", || async {
        let served = served_certificate(gateway, name).await;
        (served == server.certificate_der()).then_some(())
    })
    .await;
}

/// Replaces a file as certbot does: the name always leads to a whole file.
fn replace(path: &Path, content: &str) {
    let beside = path.with_extension("new");
    std::fs::write(&beside, content).unwrap();
    std::fs::rename(&beside, path).unwrap();
}

#[tokio::test]
async fn certificates_from_files_are_taken_up_when_replaced_and_a_broken_one_keeps_the_old() {
    let origin = Origin::http();
    let pki = Pki::new();
    let first = ["a.files.test", "b.files.test"].map(|name| pki.server_for(&[name]));
    pki.write("file-a", &first[0]);
    pki.write("file-b", &first[1]);
    let toml = file_host("a.files.test", &pki, "file-a", "optional")
        + &file_host("b.files.test", &pki, "file-b", "none");
    let gateway = gateway(
        TestGateway::builder().pki(pki).configuration(&toml),
        &origin,
    )
    .await;
    let pki = &gateway.pki;
    let a = named(&gateway, "a.files.test")
        .identity(&pki.partner_a)
        .build()
        .unwrap();
    let open = a.connect().await.unwrap();
    assert_eq!(shown(&open), first[0].certificate_der());
    assert_eq!(status(&open, "/who/1").await, 200);
    assert_eq!(
        served_certificate(&gateway, "b.files.test").await,
        first[1].certificate_der()
    );

    // Each way to be broken for `a`; `b`, replaced after it, shows that the files have been read.
    let other = pki.server_for(&["a.files.test"]);
    let key_of_a = std::fs::read_to_string(pki.path("file-a.key")).unwrap();
    for (broken, certificate, key) in [
        (
            "a certificate without its key",
            other.chain_pem().to_owned(),
            key_of_a.clone(),
        ),
        ("no certificate", "not PEM".to_owned(), key_of_a.clone()),
        (
            "an empty key",
            first[0].chain_pem().to_owned(),
            String::new(),
        ),
    ] {
        replace(&pki.path("file-a.pem"), &certificate);
        replace(&pki.path("file-a.key"), &key);
        let next = pki.server_for(&["b.files.test"]);
        replace(&pki.path("file-b.key"), next.key_pem());
        replace(&pki.path("file-b.pem"), next.chain_pem());
        until_served(&gateway, "b.files.test", &next).await;
        let served = served_certificate(&gateway, "a.files.test").await;
        assert_eq!(served, first[0].certificate_der(), "{broken}");
    }
    std::fs::remove_file(pki.path("file-a.pem")).unwrap();

    // And a whole pair again, behind a link that is switched, as cert-manager mounts them.
    pki.write("elsewhere", &other);
    replace(&pki.path("file-a.key"), other.key_pem());
    std::os::unix::fs::symlink(pki.path("elsewhere.pem"), pki.path("file-a.pem")).unwrap();
    until_served(&gateway, "a.files.test", &other).await;
    assert_eq!(
        status(&open, "/who/1").await,
        200,
        "the open connection goes on"
    );
    // Hosts of the API are beside them, and their change leaves these alone.
    let localhost = pki.server_for(&["localhost"]);
    patch_hosts(
        &gateway,
        vec![gateway.host("localhost", &localhost, true, true)],
    )
    .await;
    assert_eq!(
        served_certificate(&gateway, "localhost").await,
        localhost.certificate_der()
    );
    assert_eq!(
        served_certificate(&gateway, "a.files.test").await,
        other.certificate_der()
    );
}
