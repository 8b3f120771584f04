//! Connections to backends: which chain and name are demanded, and what is said when they fail.
#![allow(
    missing_docs,
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    reason = "tests fail by panicking"
)]

mod support;

use std::sync::Arc;
use std::time::Duration;

use gateway_tls::accept::Alert;
use gateway_tls::connect::{
    ConnectError, ConnectorContext, ConnectorError, ConnectorSettings, backend_alert,
};
use gateway_tls::host::{ClientCertificateMode as Mode, HostSettings, TlsVersion};
use gateway_tls::issue::{Issued, LeafRequest, Validity};
use gateway_tls::key_material::{self, KeyMaterial};
use support::{Gate, Pki, der, host_settings};
use tokio::io::{AsyncReadExt, AsyncWriteExt};

/// Issued at the real time: connectors have no injected clock.
fn now_pki() -> (Pki, impl Fn(LeafRequest) -> Issued) {
    let options = gateway_tls::issue::AuthorityOptions::default();
    let name = |text: &str| gateway_tls::issue::Subject::common_name(text);
    let root = gateway_tls::issue::Authority::new(&name("backend root"), &options).unwrap();
    let intermediate = root
        .intermediate(&name("backend intermediate"), &options)
        .unwrap();
    let issuer = intermediate.clone();
    (Pki { root, intermediate }, move |request| {
        issuer.issue(&request).unwrap()
    })
}

fn material(issued: &Issued) -> Arc<KeyMaterial> {
    Arc::new(
        key_material::from_pem(issued.chain_pem().as_bytes(), issued.key_pem().as_bytes()).unwrap(),
    )
}

fn backend(issued: &Issued, name: &str, mode: Mode, clients: &Pki) -> Gate {
    let gate = Gate::new();
    for key in [name, "default"] {
        gate.hosts.set(HostSettings {
            material: material(issued),
            ..host_settings(key, mode, &clients.bundle())
        });
    }
    gate
}

fn settings(pki: &Pki) -> ConnectorSettings {
    ConnectorSettings {
        roots: vec![der(pki.root.certificate())],
        system_roots: false,
        ..ConnectorSettings::default()
    }
}

/// Connects, reads one byte, and says what the backend saw of the client.
async fn dial(
    gate: &Gate,
    settings: &ConnectorSettings,
    name: &str,
) -> Result<Option<[u8; 20]>, ConnectError> {
    let connector = ConnectorContext::build(settings).unwrap();
    let (near, far) = tokio::io::duplex(1 << 18);
    let server = async {
        let mut accepted = gate.acceptor.accept(far).await.ok()?;
        accepted.stream.write_all(b"!").await.ok()?;
        Some(accepted.peer.map(|peer| peer.leaf_sha1()))
    };
    let client = async {
        let mut stream = connector.connect(near, name).await?;
        let mut byte = [0];
        stream.read_exact(&mut byte).await.map_err(|error| {
            backend_alert(&error).map_or(ConnectError::Io(error.kind()), ConnectError::Alert)
        })?;
        Ok(())
    };
    let both = async { tokio::join!(server, client) };
    let (seen, connected) = tokio::time::timeout(Duration::from_secs(10), both)
        .await
        .unwrap();
    connected.map(|()| seen.unwrap())
}

#[tokio::test]
async fn a_backend_with_the_right_chain_and_name_sees_the_clients_certificate() {
    let (pki, issue) = now_pki();
    let clients = Pki::new("clients");
    let gate = backend(
        &issue(LeafRequest::server("b").dns("b.test")),
        "b.test",
        Mode::Optional,
        &clients,
    );
    let client = clients.client("my-backend-cert");
    assert_eq!(dial(&gate, &settings(&pki), "b.test").await, Ok(None));
    let with_client = ConnectorSettings {
        client: Some(material(&client)),
        ..settings(&pki)
    };
    let sha1 = material(&client).facts().sha1;
    assert_eq!(dial(&gate, &with_client, "b.test").await, Ok(Some(sha1)));
    assert_eq!(dial(&gate, &with_client, "B.Test.").await, Ok(Some(sha1)));
}

#[tokio::test]
async fn a_chain_that_is_not_trusted_is_refused_unless_chains_are_not_verified() {
    let (pki, issue) = now_pki();
    let gate = backend(
        &issue(LeafRequest::server("b").dns("b.test")),
        "b.test",
        Mode::None,
        &pki,
    );
    let other = settings(&now_pki().0);
    assert!(matches!(
        dial(&gate, &other, "b.test").await,
        Err(ConnectError::Chain { code: 20, .. })
    ));
    let lax = ConnectorSettings {
        verify_chain: false,
        ..other
    };
    assert_eq!(dial(&gate, &lax, "b.test").await, Ok(None));
    // The name is still looked at.
    gate.hosts.set(HostSettings {
        material: material(&issue(LeafRequest::server("b").dns("b.test"))),
        ..host_settings("other.test", Mode::None, &pki.bundle())
    });
    assert_eq!(
        dial(&gate, &lax, "other.test").await,
        Err(ConnectError::Name("other.test".to_owned()))
    );
    let laxest = ConnectorSettings {
        verify_name: false,
        ..lax
    };
    assert_eq!(dial(&gate, &laxest, "other.test").await, Ok(None));
    let no_roots = ConnectorSettings {
        system_roots: false,
        ..ConnectorSettings::default()
    };
    assert!(matches!(
        dial(&gate, &no_roots, "b.test").await,
        Err(ConnectError::Chain { .. })
    ));
}

#[tokio::test]
async fn an_expired_backend_certificate_is_refused() {
    let (pki, issue) = now_pki();
    let old = Validity {
        not_before: 1_000_000_000,
        not_after: 1_100_000_000,
    };
    let gate = backend(
        &issue(LeafRequest::server("b").dns("b.test").valid(old)),
        "b.test",
        Mode::None,
        &pki,
    );
    assert!(matches!(
        dial(&gate, &settings(&pki), "b.test").await,
        Err(ConnectError::Chain {
            code: 10,
            depth: 0,
            ..
        })
    ));
}

#[tokio::test]
async fn a_name_that_does_not_match_is_refused_unless_names_are_not_verified() {
    let (pki, issue) = now_pki();
    let gate = backend(
        &issue(
            LeafRequest::server("b")
                .dns("b.test")
                .ip(std::net::Ipv4Addr::LOCALHOST),
        ),
        "c.test",
        Mode::None,
        &pki,
    );
    assert_eq!(
        dial(&gate, &settings(&pki), "c.test").await,
        Err(ConnectError::Name("c.test".to_owned()))
    );
    let lax = ConnectorSettings {
        verify_name: false,
        ..settings(&pki)
    };
    assert_eq!(dial(&gate, &lax, "c.test").await, Ok(None));
    let foreign = ConnectorSettings {
        verify_name: false,
        ..settings(&now_pki().0)
    };
    assert!(matches!(
        dial(&gate, &foreign, "c.test").await,
        Err(ConnectError::Chain { .. })
    ));
    assert_eq!(
        dial(&gate, &settings(&pki), "127.0.0.1").await,
        Ok(None),
        "addresses match addresses, without SNI"
    );
    assert_eq!(
        dial(&gate, &settings(&pki), "127.0.0.2").await,
        Err(ConnectError::Name("127.0.0.2".to_owned()))
    );
    for bad in ["", "a b", "münchen.test"] {
        assert!(
            matches!(
                dial(&gate, &settings(&pki), bad).await,
                Err(ConnectError::ServerName(_))
            ),
            "{bad}"
        );
    }
}

#[tokio::test]
async fn a_backend_that_refuses_the_client_is_told_apart_in_both_versions() {
    let (pki, issue) = now_pki();
    let (clients, strangers) = (Pki::new("clients"), Pki::new("strangers"));
    let server = issue(LeafRequest::server("b").dns("b.test"));
    let stranger = ConnectorSettings {
        client: Some(material(&strangers.client("s"))),
        ..settings(&pki)
    };
    for (version, no_certificate) in [
        (TlsVersion::Tls12, Alert(40)),
        (TlsVersion::Tls13, Alert(116)),
    ] {
        let gate = Gate::new();
        gate.hosts.set(HostSettings {
            material: material(&server),
            max_version: version,
            ..host_settings("b.test", Mode::Required, &clients.bundle())
        });
        assert_eq!(
            dial(&gate, &settings(&pki), "b.test").await,
            Err(ConnectError::Alert(no_certificate))
        );
        assert_eq!(
            dial(&gate, &stranger, "b.test").await,
            Err(ConnectError::Alert(Alert(48)))
        );
    }
}

#[tokio::test]
async fn a_backend_that_is_gone_or_speaks_no_tls_is_told_apart() {
    let connector = ConnectorContext::build(&settings(&now_pki().0)).unwrap();
    let say = async |bytes: &'static [u8]| {
        let (near, mut far) = tokio::io::duplex(1 << 16);
        far.write_all(bytes).await.unwrap();
        far.shutdown().await.unwrap();
        connector.connect(near, "b.test").await.unwrap_err()
    };
    assert_eq!(say(b"").await, ConnectError::Closed);
    assert!(matches!(
        say(b"HTTP/1.1 400 Bad Request\r\n\r\n").await,
        ConnectError::Protocol(_)
    ));
}

#[test]
fn a_root_that_is_no_certificate_is_named() {
    let broken = ConnectorSettings {
        roots: vec![Arc::from(&b"nonsense"[..])],
        system_roots: false,
        ..ConnectorSettings::default()
    };
    assert!(matches!(
        ConnectorContext::build(&broken),
        Err(ConnectorError::Root { index: 0, .. })
    ));
}
