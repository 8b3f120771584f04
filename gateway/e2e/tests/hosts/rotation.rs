//! Server certificates are replaced while connections are open, over the API and in files.

use std::path::Path;
use std::time::Duration;

use gateway_e2e::TestGateway;
use gateway_testkit::{Alpn, Answer, Issued, Origin, Pki, eventually};

use crate::{SOON, gateway, named, patch_hosts, shown, status};

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
