//! Every reason for which `validate-client-certificate` refuses, with real handshakes: its status, its
//! two messages, its place in the order; and each attribute, switched off, lets exactly its case through.

#![allow(
    missing_docs,
    clippy::unwrap_used,
    clippy::panic,
    reason = "tests fail by panicking"
)]

use gateway_e2e::{TestGateway, properties};
use gateway_testkit::{Issued, Origin};
use gateway_tls::issue::{LeafRequest, Validity};
use serde_json::json;

const DAY: i64 = 86_400;

struct Bench {
    gateway: TestGateway,
    _origin: Origin,
}

/// Status, reason, message for the operator (both by way of on-error), body.
#[derive(Debug, PartialEq, Eq)]
struct Refusal {
    status: u16,
    reason: String,
    message: String,
    body: String,
}

impl Bench {
    async fn new(attributes: &str, identities: &str) -> Self {
        Self::with(TestGateway::start().await, attributes, identities).await
    }

    async fn with(gateway: TestGateway, attributes: &str, identities: &str) -> Self {
        let origin = Origin::http();
        let bench = Self {
            gateway,
            _origin: origin,
        };
        bench.policy(attributes, identities).await;
        bench
    }

    async fn policy(&self, attributes: &str, identities: &str) {
        let document = format!(
            r#"<policies><inbound><validate-client-certificate {attributes}>{identities}</validate-client-certificate></inbound>
            <on-error><set-header name="x-reason"><value>@(context.LastError.Reason)</value></set-header>
            <set-header name="x-message"><value>@(context.LastError.Message)</value></set-header></on-error></policies>"#
        );
        self.gateway
            .put_api("orders", &self._origin.url(), &document)
            .await;
    }

    async fn passes(&self, identity: Option<&Issued>) -> bool {
        self.call(identity).await.is_none()
    }

    /// `None` if it was let through.
    async fn call(&self, identity: Option<&Issued>) -> Option<Refusal> {
        let mut client = self.gateway.client();
        if let Some(identity) = identity {
            client = client.identity(identity);
        }
        let response = client.build().unwrap().get("/orders/1").await.unwrap();
        let header = |name: &str| response.header(name).unwrap_or_default().to_owned();
        (response.status != 200).then(|| Refusal {
            status: response.status.as_u16(),
            reason: header("x-reason"),
            message: header("x-message"),
            body: response.text(),
        })
    }
}

fn refusal(reason: &str, message: &str, body: &str) -> Option<Refusal> {
    Some(Refusal {
        status: 401,
        reason: reason.to_owned(),
        message: message.to_owned(),
        body: format!(r#"{{ "statusCode": 401, "message": "{body}" }}"#),
    })
}

const INVALID: &str = "Invalid client certificate";

#[tokio::test]
async fn a_good_certificate_passes_all_checks() {
    let bench = Bench::new("", "").await;
    assert_eq!(bench.call(Some(&bench.gateway.pki.partner_a)).await, None);
}

#[tokio::test]
async fn no_certificate_is_missing() {
    let bench = Bench::new("", "").await;
    let refused = bench.call(None).await.unwrap();
    assert_eq!(
        (refused.status, refused.reason.as_str()),
        (401, "ClientCertificateNotFound")
    );
    assert_eq!(
        refused.body,
        r#"{ "statusCode": 401, "message": "Client certificate missing" }"#
    );
}

#[tokio::test]
async fn a_certificate_that_is_not_valid_yet_is_refused_unless_not_before_is_switched_off() {
    let bench = Bench::new("", "").await;
    let future = bench.gateway.pki.not_yet_valid.clone();
    let refused = bench.call(Some(&future)).await.unwrap();
    assert_eq!(
        (refused.status, refused.reason.as_str()),
        (401, "ClientCertificateNotYetValid")
    );
    bench.policy(r#"validate-not-before="false""#, "").await;
    assert!(bench.passes(Some(&future)).await);
    assert!(!bench.passes(Some(&bench.gateway.pki.expired)).await);
    assert!(!bench.passes(Some(&bench.gateway.pki.stranger)).await);
    assert!(!bench.passes(Some(&bench.gateway.pki.revoked)).await);
}

#[tokio::test]
async fn an_expired_certificate_is_refused_unless_not_after_is_switched_off() {
    let bench = Bench::new("", "").await;
    let expired = bench.gateway.pki.expired.clone();
    let refused = bench.call(Some(&expired)).await.unwrap();
    assert_eq!(
        (refused.status, refused.reason.as_str()),
        (401, "ClientCertificateExpired")
    );
    bench.policy(r#"validate-not-after="false""#, "").await;
    assert!(bench.passes(Some(&expired)).await);
    assert!(!bench.passes(Some(&bench.gateway.pki.not_yet_valid)).await);
    assert!(!bench.passes(Some(&bench.gateway.pki.stranger)).await);
    assert!(!bench.passes(Some(&bench.gateway.pki.revoked)).await);
}

#[tokio::test]
async fn a_certificate_of_another_authority_is_not_trusted_unless_trust_is_switched_off() {
    let bench = Bench::new("", "").await;
    let stranger = bench.gateway.pki.stranger.clone();
    let expected = refusal(
        "ClientCertificateNotTrusted",
        "A certificate chain could not be built to a trusted root authority.",
        INVALID,
    );
    assert_eq!(bench.call(Some(&stranger)).await, expected);
    // Without a path nothing is known of its revocation: that check has to go too.
    bench
        .policy(r#"validate-trust="false" validate-revocation="false""#, "")
        .await;
    assert!(bench.passes(Some(&stranger)).await);
    assert!(!bench.passes(Some(&bench.gateway.pki.expired)).await);
}

#[tokio::test]
async fn a_revoked_certificate_is_refused_unless_revocation_is_switched_off() {
    let bench = Bench::new("", "").await;
    let revoked = bench.gateway.pki.revoked.clone();
    let refused = bench.call(Some(&revoked)).await.unwrap();
    assert_eq!(
        (refused.status, refused.reason.as_str()),
        (401, "ClientCertificateRevoked")
    );
    bench.policy(r#"validate-revocation="false""#, "").await;
    assert!(bench.passes(Some(&revoked)).await);
    assert!(!bench.passes(Some(&bench.gateway.pki.expired)).await);
    assert!(!bench.passes(Some(&bench.gateway.pki.stranger)).await);
}

#[tokio::test]
async fn an_unknown_revocation_status_is_refused_and_the_missing_list_is_named() {
    let bench = Bench::new("", "").await;
    bench.gateway.delete("crls/ca").await;
    let partner = bench.gateway.pki.partner_a.clone();
    let refused = bench.call(Some(&partner)).await.unwrap();
    assert_eq!(
        (refused.status, refused.reason.as_str()),
        (401, "ClientCertificateRevocationUnknown")
    );
    assert!(
        refused.message.contains("My Trusted CA"),
        "{}",
        refused.message
    );
    assert!(
        !refused.body.contains("My Trusted CA"),
        "the client learns nothing: {}",
        refused.body
    );
    bench.policy(r#"validate-revocation="false""#, "").await;
    assert!(bench.passes(Some(&partner)).await);
}

#[tokio::test]
async fn an_unknown_revocation_status_passes_when_the_configuration_is_soft_and_a_revoked_one_does_not()
 {
    for (setting, revoked_passes) in [("soft", false), ("off", true)] {
        let gateway = TestGateway::builder()
            .configuration(&format!("[trust]\nrevocation = \"{setting}\""))
            .start()
            .await;
        let bench = Bench::with(gateway, "", "").await;
        let pki = &bench.gateway.pki;
        assert_eq!(
            bench.passes(Some(&pki.revoked)).await,
            revoked_passes,
            "{setting}"
        );
        bench.gateway.delete("crls/ca").await;
        assert!(bench.passes(Some(&pki.partner_a)).await, "{setting}");
    }
}

#[tokio::test]
async fn a_certificate_that_is_none_of_the_identities_is_refused() {
    let bench = Bench::new("", "").await;
    let pki = &bench.gateway.pki;
    let identity = format!(
        r#"<identities><identity thumbprint="{}" /><identity subject="CN=nobody" /></identities>"#,
        pki.partner_a.thumbprint().unwrap().to_lowercase()
    );
    bench.policy("", &identity).await;
    assert!(bench.passes(Some(&pki.partner_a)).await);
    let expected = refusal(
        "ClientCertificateIdentityNotMatched",
        "Certificate does not match any of allowed identities.",
        INVALID,
    );
    assert_eq!(bench.call(Some(&pki.partner_b)).await, expected);
}

#[tokio::test]
async fn claims_of_one_identity_must_all_hold() {
    let bench = Bench::new("", "").await;
    let pki = &bench.gateway.pki;
    for (claims, passes) in [
        (
            r#"common-name="partner-company.com" issuer="CN=My Trusted CA""#,
            true,
        ),
        (
            r#"common-name="partner-company.com" issuer-subject="CN=Other CA""#,
            false,
        ),
        (
            r#"subject="CN=partner-company.com" issuer-subject="CN=My Trusted CA""#,
            true,
        ),
        (
            r#"subject="CN=other-company.com" issuer-subject="CN=My Trusted CA""#,
            false,
        ),
    ] {
        bench
            .policy(
                "",
                &format!("<identities><identity {claims} /></identities>"),
            )
            .await;
        assert_eq!(bench.passes(Some(&pki.partner_a)).await, passes, "{claims}");
    }
}

#[tokio::test]
async fn of_several_reasons_the_first_in_the_order_is_told() {
    let bench = Bench::new(
        "",
        r#"<identities><identity subject="CN=nobody" /></identities>"#,
    )
    .await;
    let pki = &bench.gateway.pki;
    let past = Validity::between(pki.now - 9 * DAY, pki.now - DAY);
    let expired_stranger = pki
        .stranger_ca
        .issue(&LeafRequest::client("x").valid(past))
        .unwrap();
    let reasons = [
        (expired_stranger, "ClientCertificateExpired"),
        (pki.stranger.clone(), "ClientCertificateNotTrusted"),
        (pki.revoked.clone(), "ClientCertificateRevoked"),
        (pki.partner_a.clone(), "ClientCertificateIdentityNotMatched"),
    ];
    for (identity, reason) in reasons {
        assert_eq!(bench.call(Some(&identity)).await.unwrap().reason, reason);
    }
}

#[tokio::test]
async fn the_articles_own_attributes_set_status_and_message() {
    let attributes =
        r#"failed-validation-httpcode="403" failed-validation-error-message="Go away""#;
    let bench = Bench::new(attributes, "").await;
    let refused = bench.call(Some(&bench.gateway.pki.stranger)).await.unwrap();
    assert_eq!(refused.status, 403);
    assert_eq!(
        refused.body,
        r#"{ "statusCode": 403, "message": "Go away" }"#
    );
}

#[tokio::test]
async fn ignore_error_goes_on_to_the_next_policy() {
    let bench = Bench::new(r#"ignore-error="true""#, "").await;
    assert!(bench.passes(Some(&bench.gateway.pki.stranger)).await);
    assert!(bench.passes(None).await);
}

#[tokio::test]
async fn a_certificate_below_an_intermediate_needs_the_intermediate_and_its_list() {
    let bench = Bench::new(r#"validate-revocation="false""#, "").await;
    let pki = &bench.gateway.pki;
    assert!(bench.passes(Some(&pki.through_intermediate)).await);
    bench.policy("", "").await;
    let refused = bench.call(Some(&pki.through_intermediate)).await.unwrap();
    assert_eq!(refused.reason, "ClientCertificateRevocationUnknown");
    assert!(
        refused.message.contains("My Intermediate CA"),
        "{}",
        refused.message
    );
}

#[tokio::test]
async fn an_identity_list_is_asked_by_the_policy_and_by_code() {
    let bench = Bench::new("", "").await;
    let gateway = &bench.gateway;
    let member = json!({ "name": "a", "thumbprint": gateway.pki.partner_a.thumbprint().unwrap() });
    gateway
        .put(
            "identityLists/partners",
            &properties(&json!({ "identities": [member] })),
        )
        .await;
    bench
        .policy(
            "",
            r#"<identities><identity-list id="partners" /></identities>"#,
        )
        .await;
    assert!(bench.passes(Some(&gateway.pki.partner_a)).await);
    assert!(!bench.passes(Some(&gateway.pki.partner_b)).await);

    let code = r#"<policies><inbound><choose><when condition="@(!context.Deployment.IdentityLists["partners"].Contains(context.Request.Certificate))">
        <return-response><set-status code="403" reason="Forbidden" /></return-response></when></choose></inbound></policies>"#;
    gateway.put_api("orders", &bench._origin.url(), code).await;
    assert!(bench.passes(Some(&gateway.pki.partner_a)).await);
    assert!(!bench.passes(Some(&gateway.pki.partner_b)).await);
    assert!(!bench.passes(None).await);
}
