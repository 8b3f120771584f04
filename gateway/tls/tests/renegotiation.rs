//! A TLS 1.2 client that asks for renegotiation.
#![allow(
    missing_docs,
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    reason = "tests fail by panicking"
)]
#![expect(
    unsafe_code,
    reason = "SSL_renegotiate is not bound by the openssl crate"
)]

mod support;

use std::pin::Pin;
use std::time::Duration;

use foreign_types::ForeignTypeRef;
use gateway_tls::host::ClientCertificateMode as Mode;
use openssl::ssl::{Ssl, SslContextBuilder, SslMethod, SslVerifyMode, SslVersion};
use support::{Gate, Pki, host_settings};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio_openssl::SslStream;

unsafe extern "C" {
    fn SSL_renegotiate(ssl: *mut openssl_sys::SSL) -> std::ffi::c_int;
}

#[tokio::test]
async fn renegotiation_is_refused() {
    let gate = Gate::new();
    gate.hosts.set(host_settings(
        "a.test",
        Mode::Optional,
        &Pki::new("a").bundle(),
    ));
    let (near, far) = tokio::io::duplex(1 << 16);
    let server = async {
        let mut accepted = gate.acceptor.accept(far).await.unwrap();
        accepted.stream.write_all(b"!").await.unwrap();
        let mut rest = Vec::new();
        let _ = accepted.stream.read_to_end(&mut rest).await;
        rest
    };
    let client = async {
        let mut builder = SslContextBuilder::new(SslMethod::tls_client()).unwrap();
        builder.set_verify(SslVerifyMode::NONE);
        builder
            .set_max_proto_version(Some(SslVersion::TLS1_2))
            .unwrap();
        let mut ssl = Ssl::new(&builder.build()).unwrap();
        ssl.set_hostname("a.test").unwrap();
        let mut stream = SslStream::new(ssl, near).unwrap();
        Pin::new(&mut stream).connect().await.unwrap();
        let mut byte = [0];
        stream.read_exact(&mut byte).await.unwrap();
        // SAFETY: the connection is live and nobody else uses it.
        assert_eq!(unsafe { SSL_renegotiate(stream.ssl().as_ptr()) }, 1);
        Pin::new(&mut stream)
            .do_handshake()
            .await
            .unwrap_err()
            .to_string()
    };
    let both = async { tokio::join!(server, client) };
    let (rest, error) = tokio::time::timeout(Duration::from_secs(10), both)
        .await
        .unwrap();
    assert!(error.contains("no renegotiation"), "{error}");
    assert!(rest.is_empty());
}
