//! The nine documents of the mTLS article, saved through the admin API at the scope of one API and
//! called by the programs that people use. Byte for byte each does what its bytes say; with only the
//! placeholder literals replaced it does what the article means.

#![allow(
    missing_docs,
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::panic,
    reason = "tests fail by panicking"
)]

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use gateway_e2e::{Got, Program, TestGateway, api, named_value, operation, policy, properties};
use gateway_testkit::{Issued, Origin};
use serde_json::{Value, json};

const ONE: &str = include_str!("../../policy/tests/fixtures/mtls-article-1.xml");
const TWO: &str = include_str!("../../policy/tests/fixtures/mtls-article-2.xml");
const THREE: &str = include_str!("../../policy/tests/fixtures/mtls-article-3.xml");
const FOUR: &str = include_str!("../../policy/tests/fixtures/mtls-article-4.xml");
const FIVE: &str = include_str!("../../policy/tests/fixtures/mtls-article-5.xml");
const SIX: &str = include_str!("../../policy/tests/fixtures/mtls-article-6.xml");
const SEVEN: &str = include_str!("../../policy/tests/fixtures/mtls-article-7.xml");
const EIGHT: &str = include_str!("../../policy/tests/fixtures/mtls-article-8.xml");
const NINE: &str = include_str!("../../policy/tests/fixtures/mtls-article-9.xml");

struct Article {
    gateway: TestGateway,
    origin: Origin,
}

impl Article {
    async fn new() -> Self {
        let gateway = TestGateway::start().await;
        let origin = Origin::mutual_tls(&gateway.pki.backend_server, gateway.pki.ca.certificate());
        let pfx = STANDARD.encode(gateway.pki.backend_client.to_pfx("password").unwrap());
        let certificate = properties(&json!({ "data": pfx, "password": "password" }));
        gateway
            .put("certificates/my-backend-cert", &certificate)
            .await;
        gateway
            .put(
                "namedValues/allowed",
                &named_value("allowed-thumbprints", "AA"),
            )
            .await;
        // The backend demands the certificate that the backend entity names, whatever the document.
        let backend = properties(&json!({
            "url": origin.url(), "protocol": "http",
            "credentials": { "certificateIds": ["my-backend-cert"] }
        }));
        gateway.put("backends/b", &backend).await;
        let global = r#"<policies><inbound><set-backend-service backend-id="b" /></inbound><backend><forward-request /></backend><outbound /><on-error /></policies>"#;
        gateway.put("policies/policy", &policy(global)).await;
        gateway
            .put("apis/orders", &api("orders", &origin.url()))
            .await;
        gateway
            .put("apis/orders/operations/any", &operation())
            .await;
        Self { gateway, origin }
    }

    /// Saves `document` and returns the codes of the warnings.
    async fn save(&self, document: &str) -> Vec<String> {
        let path = "apis/orders/policies/policy";
        let reply = self.gateway.put(path, &policy(document)).await;
        let read = self
            .gateway
            .admin()
            .get(&format!("/apim/{path}?format=rawxml"))
            .await
            .unwrap();
        assert_eq!(
            read.json["properties"]["value"], document,
            "it is read back as it was saved"
        );
        let warnings = reply.json["properties"]["warnings"]
            .as_array()
            .cloned()
            .unwrap_or_default();
        warnings
            .iter()
            .map(|warning| warning["code"].as_str().unwrap().to_owned())
            .collect()
    }

    /// What each program gets with a certificate, or without one; they must agree.
    fn get(&self, identity: Option<&str>) -> Got {
        let url = format!("https://localhost:{}/orders/1", self.gateway.address.port());
        let [curl, python] =
            Program::ALL.map(|program| program.get(&self.gateway.pki, &url, identity));
        assert_eq!(curl, python, "curl and Python get the same");
        curl
    }

    fn passes(&self, identity: Option<&str>) {
        let got = self.get(identity);
        assert_eq!(got.status, 200, "{identity:?}: {got:?}");
    }

    fn is_refused(&self, identity: Option<&str>, body: &str) {
        let expected = Got {
            status: 403,
            body: body.to_owned(),
        };
        assert_eq!(self.get(identity), expected, "{identity:?}");
    }
}

fn thumbprint(issued: &Issued) -> String {
    issued.thumbprint().unwrap()
}

#[tokio::test]
async fn trace_writes_one_structured_record_with_the_interpolated_message() {
    let article = Article::new().await;
    article.save(ONE).await;
    article.passes(Some("partner-a"));
    let records = article.gateway.trace_records();
    let pki = &article.gateway.pki;
    assert_eq!(records.len(), 2, "one for each request: {records:?}");
    let record = &records[0];
    assert_eq!(record["source"], "mtls-auth");
    assert_eq!(record["severity"], "information");
    let message = record["message"].as_str().unwrap();
    let expected = format!(
        "Client cert: Subject=CN=partner-company.com, Thumbprint={}, Expires=",
        thumbprint(&pki.partner_a)
    );
    assert!(message.starts_with(&expected), "{message}");
    // .NET's general format in the invariant culture: MM/dd/yyyy HH:mm:ss.
    let expires = message.strip_prefix(&expected).unwrap();
    let shape: String = expires
        .chars()
        .map(|c| if c.is_ascii_digit() { '0' } else { c })
        .collect();
    assert_eq!(shape, "00/00/0000 00:00:00");
    let ids: Vec<Value> = article
        .gateway
        .access_records()
        .iter()
        .map(|access| access["request_id"].clone())
        .collect();
    assert!(ids.contains(&record["request_id"]), "{ids:?}");
}

#[tokio::test]
async fn an_expired_certificate_reaches_the_policy_and_gets_its_own_message() {
    let article = Article::new().await;
    article.save(TWO).await;
    article.is_refused(Some("expired"), "Client certificate has expired");
    article.passes(Some("partner-a"));
    article.passes(None);
}

#[tokio::test]
async fn validate_client_certificate_as_the_article_writes_it() {
    let article = Article::new().await;
    let refusal = r#"{ "statusCode": 403, "message": "Client certificate validation failed" }"#;
    // Byte for byte its thumbprints match nobody.
    article.save(THREE).await;
    for identity in [Some("partner-a"), Some("stranger"), None] {
        article.is_refused(identity, refusal);
    }
    let real = THREE
        .replace(
            "A1B2C3D4E5F6...",
            &thumbprint(&article.gateway.pki.partner_a),
        )
        .replace("G7H8I9J0K1L2...", &thumbprint(&article.gateway.pki.revoked));
    article.save(&real).await;
    article.passes(Some("partner-a"));
    for identity in [
        Some("partner-b"),
        Some("stranger"),
        Some("expired"),
        Some("revoked"),
        None,
    ] {
        article.is_refused(identity, refusal);
    }
    let reasons: Vec<String> = article
        .gateway
        .access_records()
        .iter()
        .rev()
        .step_by(2)
        .take(5)
        .map(|record| {
            record["verdict_reason"]
                .as_str()
                .unwrap_or_default()
                .to_owned()
        })
        .collect();
    let expected = [
        "ClientCertificateNotFound",
        "ClientCertificateRevoked",
        "ClientCertificateExpired",
        "ClientCertificateNotTrusted",
        "ClientCertificateIdentityNotMatched",
    ];
    assert_eq!(reasons, expected);
}

#[tokio::test]
async fn subject_contains_lets_the_right_subject_through() {
    let article = Article::new().await;
    article.save(FOUR).await;
    article.passes(Some("partner-a"));
    article.is_refused(Some("partner-b"), "Invalid certificate subject");
    article.is_refused(None, "Invalid certificate subject");
}

#[tokio::test]
async fn old_and_new_thumbprint_both_pass_during_a_rotation() {
    let article = Article::new().await;
    article.save(FIVE).await;
    for identity in [Some("partner-a"), None] {
        article.is_refused(identity, "");
    }
    let pki = &article.gateway.pki;
    let real = FIVE
        .replace("OLD_THUMBPRINT", &thumbprint(&pki.partner_a))
        .replace("NEW_THUMBPRINT", &thumbprint(&pki.partner_b));
    article.save(&real).await;
    article.passes(Some("partner-a"));
    article.passes(Some("partner-b"));
    article.is_refused(Some("stranger"), "");
    article.is_refused(None, "");
}

#[tokio::test]
async fn authentication_certificate_presents_it_to_a_backend_that_demands_it() {
    let article = Article::new().await;
    // Without the backend entity: only the document names the certificate.
    article.gateway.delete("policies/policy").await;
    article.save(SIX).await;
    article.passes(None);
    let presented = article.origin.last().unwrap().head.client_thumbprint;
    assert_eq!(
        presented,
        Some(thumbprint(&article.gateway.pki.backend_client))
    );
}

#[tokio::test]
async fn a_backend_entity_presents_its_own_certificate() {
    let article = Article::new().await;
    article
        .save("<policies><inbound><base /></inbound></policies>")
        .await;
    article.passes(None);
    let presented = article.origin.last().unwrap().head.client_thumbprint;
    assert_eq!(
        presented,
        Some(thumbprint(&article.gateway.pki.backend_client))
    );
}

#[tokio::test]
async fn changing_the_named_value_alone_changes_the_verdict() {
    let article = Article::new().await;
    // Byte for byte it lets everyone through, and says so when it is saved.
    let warnings = article.save(SEVEN).await;
    assert!(warnings.contains(&"FailsOpen".to_owned()), "{warnings:?}");
    article.passes(Some("stranger"));
    article.passes(None);

    let closed = SEVEN.replace(
        "</choose>",
        "<otherwise><return-response><set-status code=\"403\" reason=\"Forbidden\" /></return-response></otherwise></choose>",
    );
    let warnings = article.save(&closed).await;
    assert!(!warnings.contains(&"FailsOpen".to_owned()), "{warnings:?}");
    let pki = &article.gateway.pki;
    let (a, b) = (thumbprint(&pki.partner_a), thumbprint(&pki.partner_b));
    let allow = async |value: String| {
        article
            .gateway
            .put(
                "namedValues/allowed",
                &named_value("allowed-thumbprints", &value),
            )
            .await
    };
    allow(format!("{a},{b}")).await;
    article.passes(Some("partner-a"));
    article.passes(Some("partner-b"));
    article.is_refused(Some("stranger"), "");
    allow(b.clone()).await;
    article.is_refused(Some("partner-a"), "");
    article.passes(Some("partner-b"));
    article.is_refused(None, "");

    // A trailing comma makes an empty item, which meets `?? ""`: said when it is saved.
    let reply = allow(format!("{b},")).await;
    assert!(reply.status.is_success());
    let saved = article.save(&closed).await;
    assert!(saved.contains(&"FailsOpen".to_owned()), "{saved:?}");
    article.passes(None);
}

#[tokio::test]
async fn no_certificate_and_a_wrong_thumbprint_get_the_body_of_their_branch() {
    let article = Article::new().await;
    article.save(EIGHT).await;
    article.is_refused(None, "Client certificate is required");
    article.is_refused(Some("partner-a"), "Invalid client certificate");
    article
        .save(&EIGHT.replace(
            "A1B2C3D4E5F6...",
            &thumbprint(&article.gateway.pki.partner_a),
        ))
        .await;
    article.passes(Some("partner-a"));
    article.is_refused(Some("partner-b"), "Invalid client certificate");
    article.is_refused(None, "Client certificate is required");
}

#[tokio::test]
async fn issuer_contains_lets_certificates_of_the_named_authority_through() {
    let article = Article::new().await;
    let warnings = article.save(NINE).await;
    // A name is not a chain: anybody can make an authority of that name.
    assert!(warnings.contains(&"FailsOpen".to_owned()), "{warnings:?}");
    article.passes(Some("partner-a"));
    article.is_refused(
        Some("stranger"),
        "Certificate must be issued by the trusted CA",
    );
    article.is_refused(None, "Certificate must be issued by the trusted CA");
}
