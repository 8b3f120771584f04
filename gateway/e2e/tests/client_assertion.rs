//! A policy signs a client assertion (RFC 7523) with the key of an uploaded certificate; whoever has
//! the certificate verifies it, and the key itself never shows.

#![allow(
    missing_docs,
    clippy::unwrap_used,
    clippy::indexing_slicing,
    reason = "tests fail by panicking"
)]

use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use gateway_e2e::{TestGateway, properties};
use gateway_testkit::{Issued, Origin};
use gateway_tls::crypto::{JwsAlgorithm, JwsKey, PublicKey, verify_jws};
use gateway_tls::digest::Algorithm;
use gateway_tls::issue::{KeyKind, LeafRequest};
use serde_json::json;

fn document(thumbprint: &str) -> String {
    format!(
        r#"<policies><inbound><base />
  <set-variable name="assertion" value="@{{
    Func<byte[], string> encode = bytes => Convert.ToBase64String(bytes).Split('=')[0].Replace('+', '-').Replace('/', '_');
    var certificate = context.Deployment.Certificates["{thumbprint}"];
    var header = "{{\"alg\":\"RS256\",\"x5t\":\"" + encode(certificate.GetCertHash()) + "\"}}";
    var payload = "{{\"iss\":\"client\",\"sub\":\"client\"}}";
    var token = encode(Encoding.UTF8.GetBytes(header)) + "." + encode(Encoding.UTF8.GetBytes(payload));
    using (var rsa = certificate.GetRSAPrivateKey())
    {{
      var signature = rsa.SignData(Encoding.UTF8.GetBytes(token), HashAlgorithmName.SHA256, RSASignaturePadding.Pkcs1);
      return token + "." + encode(signature);
    }}
  }}" />
  <return-response>
    <set-status code="200" />
    <set-body>@((string)context.Variables["assertion"])</set-body>
  </return-response>
</inbound><backend><base /></backend><outbound><base /></outbound><on-error><base /></on-error></policies>"#
    )
}

async fn upload(gateway: &TestGateway, certificate: &Issued) {
    let pfx = STANDARD.encode(certificate.to_pfx("password").unwrap());
    let body = properties(&json!({ "data": pfx, "password": "password" }));
    gateway.put("certificates/signer", &body).await;
}

#[tokio::test]
async fn a_client_assertion_is_signed_with_the_key_of_an_uploaded_certificate() {
    let gateway = TestGateway::start().await;
    let request = LeafRequest::client("client").key(KeyKind::Rsa2048);
    let signer = gateway.pki.ca.issue(&request).unwrap();
    upload(&gateway, &signer).await;
    let origin = Origin::mutual_tls(&gateway.pki.backend_server, gateway.pki.ca.certificate());
    gateway
        .put_api("a", &origin.url(), &document(&signer.thumbprint().unwrap()))
        .await;

    let client = gateway.client().build().unwrap();
    let response = client.get("/a/x").await.unwrap();
    assert_eq!(response.status.as_u16(), 200);
    let token = String::from_utf8(response.body.to_vec()).unwrap();

    let (input, signature) = token.rsplit_once('.').unwrap();
    let signature = URL_SAFE_NO_PAD.decode(signature).unwrap();
    let key = PublicKey::from_certificate(signer.certificate_der()).unwrap();
    let verified = |input: &str| {
        verify_jws(
            JwsAlgorithm::RsaPkcs1(Algorithm::Sha256),
            JwsKey::Public(&key),
            input.as_bytes(),
            &signature,
        )
    };
    assert_eq!(verified(input), Ok(true));
    assert_eq!(verified(&input.replace('.', "..")), Ok(false));
}
