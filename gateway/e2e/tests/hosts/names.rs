//! Which host a connection and a request belong to.

use gateway_e2e::{Installation, TestGateway, api, operation, policy};
use gateway_testkit::{Alpn, Origin};
use serde_json::json;

use crate::{OPEN, gateway, named, patch_hosts, shown, status, status_of};

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
