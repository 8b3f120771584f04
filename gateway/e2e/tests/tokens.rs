//! Tokens with real signatures: the keys of a provider, their rotation, its absence, and the gateway's
//! own identity.

#![allow(
    missing_docs,
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    reason = "tests fail by panicking"
)]

use std::sync::{Arc, Mutex};

use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use gateway_e2e::{TestGateway, policy};
use gateway_testkit::{Answer, Origin, Response};
use openssl::hash::MessageDigest;
use openssl::pkey::{PKey, Private};
use openssl::rsa::Rsa;
use openssl::sign::Signer;
use serde_json::{Value, json};

const HTTP: &str = "[identity_providers]\nallow_http = true\n";

fn encoded(bytes: impl AsRef<[u8]>) -> String {
    URL_SAFE_NO_PAD.encode(bytes)
}

/// A key of a provider.
#[derive(Clone)]
struct Key {
    id: &'static str,
    key: PKey<Private>,
}

impl Key {
    fn new(id: &'static str) -> Self {
        let key = PKey::from_rsa(Rsa::generate(2048).unwrap()).unwrap();
        Self { id, key }
    }

    fn jwk(&self) -> Value {
        let rsa = self.key.rsa().unwrap();
        json!({
            "kty": "RSA", "use": "sig", "kid": self.id,
            "n": encoded(rsa.n().to_vec()), "e": encoded(rsa.e().to_vec()),
        })
    }

    fn token(&self, claims: &Value) -> String {
        let header = json!({ "alg": "RS256", "typ": "JWT", "kid": self.id });
        let input = format!(
            "{}.{}",
            encoded(header.to_string()),
            encoded(claims.to_string())
        );
        let mut signer = Signer::new(MessageDigest::sha256(), &self.key).unwrap();
        let signature = signer.sign_oneshot_to_vec(input.as_bytes()).unwrap();
        format!("{input}.{}", encoded(signature))
    }
}

/// What a provider publishes; `None`: it is down.
#[derive(Clone)]
struct Published(Arc<Mutex<Option<Value>>>);

impl Published {
    fn keys(keys: &[&Key]) -> Self {
        let published = Self(Arc::default());
        published.publish(keys);
        published
    }

    fn publish(&self, keys: &[&Key]) {
        let keys: Vec<Value> = keys.iter().map(|key| key.jwk()).collect();
        *self.0.lock().unwrap() = Some(json!({ "keys": keys }));
    }

    fn go_down(&self) {
        *self.0.lock().unwrap() = None;
    }

    /// A provider whose issuer is its URL, and whose keys are at `/keys`.
    fn origin(&self) -> Origin {
        let published = self.clone();
        Origin::builder()
            .answering(move |head| {
                let keys = published.0.lock().unwrap().clone();
                match (keys, head.path.as_str()) {
                    (None, _) => Answer::status(503),
                    (Some(keys), "/keys") => Answer::ok().body(keys.to_string()),
                    (Some(_), _) => {
                        let base = format!("http://{}", head.header("host").unwrap());
                        let document =
                            json!({ "issuer": base, "jwks_uri": format!("{base}/keys") });
                        Answer::ok().body(document.to_string())
                    }
                }
            })
            .start()
    }
}

fn validating(url: &str) -> String {
    format!(
        "<policies><inbound><validate-jwt header-name=\"Authorization\" require-scheme=\"Bearer\" output-token-variable-name=\"jwt\"><openid-config url=\"{url}/.well-known/openid-configuration\"/></validate-jwt>{SAY}</inbound><on-error><return-response><set-status code=\"401\"/><set-body>@(context.LastError.Reason)</set-body></return-response></on-error></policies>"
    )
}

const SAY: &str = "<return-response><set-body>@(((Jwt)context.Variables[\"jwt\"]).Subject)</set-body></return-response>";

fn claims(issuer: &str) -> Value {
    json!({ "iss": issuer, "sub": "me", "exp": 4_000_000_000_i64 })
}

async fn ask(gateway: &TestGateway, token: &str) -> (u16, String) {
    let request = http::Request::get("/a/x")
        .header("authorization", format!("Bearer {token}"))
        .body(gateway_testkit::empty())
        .unwrap();
    let answer: Response = gateway
        .client()
        .build()
        .unwrap()
        .send(request)
        .await
        .unwrap();
    (answer.status.as_u16(), answer.text())
}

async fn gateway(configuration: &str) -> TestGateway {
    TestGateway::builder()
        .workers(4)
        .configuration(configuration)
        .start()
        .await
}

fn good() -> (u16, String) {
    (200, "me".to_owned())
}

fn refused(reason: &str) -> (u16, String) {
    (401, reason.to_owned())
}

#[tokio::test]
async fn a_hundred_tokens_at_once_cause_one_fetch_of_the_keys_on_all_workers_together() {
    let key = Key::new("one");
    let origin = Published::keys(&[&key]).origin();
    let gateway = gateway(HTTP).await;
    let url = origin.url();
    gateway
        .put_api("a", "http://127.0.0.1:9", &validating(&url))
        .await;
    let token = key.token(&claims(&url));
    let asked = (0..100).map(|_| ask(&gateway, &token));
    let mut asked: Vec<_> = asked.map(Box::pin).collect();
    let mut answers = Vec::new();
    // All at once: each is polled before any is finished.
    std::future::poll_fn(|context| {
        asked.retain_mut(
            |one| match std::future::Future::poll(one.as_mut(), context) {
                std::task::Poll::Ready(answer) => {
                    answers.push(answer);
                    false
                }
                std::task::Poll::Pending => true,
            },
        );
        if asked.is_empty() {
            std::task::Poll::Ready(())
        } else {
            std::task::Poll::Pending
        }
    })
    .await;
    assert_eq!(answers, vec![good(); 100]);
    for _ in 0..100 {
        assert_eq!(ask(&gateway, &token).await, good());
    }
    assert_eq!(origin.request_count(), 2, "discovery and keys, once");
}

#[tokio::test]
async fn keys_that_a_provider_rotates_take_effect_by_name_at_once_and_else_in_an_hour() {
    let (old, new) = (Key::new("old"), Key::new("new"));
    let published = Published::keys(&[&old]);
    let origin = published.origin();
    let gateway = gateway(HTTP).await;
    let url = origin.url();
    gateway
        .put_api("a", "http://127.0.0.1:9", &validating(&url))
        .await;
    let (by_old, by_new) = (old.token(&claims(&url)), new.token(&claims(&url)));
    assert_eq!(ask(&gateway, &by_old).await, good());
    published.publish(&[&new]);
    // The keys were fetched a moment ago: an unknown one does not make the gateway ask again.
    let unknown = refused("TokenSignatureKeyNotFound");
    for _ in 0..10 {
        assert_eq!(ask(&gateway, &by_new).await, unknown);
    }
    assert_eq!(origin.request_count(), 2);
    gateway.clock.shift_to(301);
    assert_eq!(ask(&gateway, &by_new).await, good());
    assert_eq!(origin.request_count(), 4, "one refresh");
    assert_eq!(ask(&gateway, &by_old).await, unknown, "withdrawn");
    assert_eq!(origin.request_count(), 4);
    // A key that is withdrawn without another being used is gone with the lifetime.
    published.publish(&[&old]);
    assert_eq!(ask(&gateway, &by_new).await, good());
    gateway.clock.shift_to(301 + 3_601);
    assert_eq!(ask(&gateway, &by_new).await, unknown);
}

#[tokio::test]
async fn the_last_keys_serve_while_the_provider_is_down_and_not_for_ever() {
    let key = Key::new("one");
    let published = Published::keys(&[&key]);
    let origin = published.origin();
    let gateway = gateway(HTTP).await;
    let url = origin.url();
    gateway
        .put_api("a", "http://127.0.0.1:9", &validating(&url))
        .await;
    let token = key.token(&claims(&url));
    assert_eq!(ask(&gateway, &token).await, good());
    published.go_down();
    gateway.clock.shift_to(3_601);
    for _ in 0..10 {
        assert_eq!(ask(&gateway, &token).await, good());
    }
    assert_eq!(origin.request_count(), 3, "one attempt");
    gateway.clock.shift_to(24 * 3_600 + 10);
    assert_eq!(
        ask(&gateway, &token).await,
        refused("TokenSignatureKeyNotFound")
    );
    published.publish(&[&key]);
    gateway.clock.shift_to(24 * 3_600 + 30);
    assert_eq!(ask(&gateway, &token).await, good());
}

#[tokio::test]
async fn forged_tokens_are_refused() {
    let (key, other) = (Key::new("one"), Key::new("one"));
    let origin = Published::keys(&[&key]).origin();
    let gateway = gateway(HTTP).await;
    let url = origin.url();
    gateway
        .put_api("a", "http://127.0.0.1:9", &validating(&url))
        .await;
    let good_claims = claims(&url);
    let payload = encoded(good_claims.to_string());
    assert_eq!(ask(&gateway, &key.token(&good_claims)).await, good());
    // Signed by somebody else under the same name.
    assert_eq!(
        ask(&gateway, &other.token(&good_claims)).await,
        refused("TokenSignatureInvalid")
    );
    // Unsigned.
    let unsigned = format!("{}.{payload}.", encoded(r#"{"alg":"none"}"#));
    assert_eq!(
        ask(&gateway, &unsigned).await,
        refused("TokenSignatureInvalid")
    );
    // The public key as a shared secret, in all forms that others have fallen for.
    let rsa = key.key.rsa().unwrap();
    for secret in [
        key.key.public_key_to_pem().unwrap(),
        key.key.public_key_to_der().unwrap(),
        rsa.public_key_to_pem_pkcs1().unwrap(),
        rsa.n().to_vec(),
    ] {
        let input = format!("{}.{payload}", encoded(r#"{"alg":"HS256","kid":"one"}"#));
        let secret = PKey::hmac(&secret).unwrap();
        let mut signer = Signer::new(MessageDigest::sha256(), &secret).unwrap();
        let signature = signer.sign_oneshot_to_vec(input.as_bytes()).unwrap();
        let token = format!("{input}.{}", encoded(signature));
        assert_eq!(
            ask(&gateway, &token).await,
            refused("TokenSignatureKeyNotFound")
        );
    }
    // Good, and from another issuer.
    assert_eq!(
        ask(&gateway, &key.token(&claims("https://else.example"))).await,
        refused("TokenIssuerNotAllowed")
    );
}

#[tokio::test]
async fn keys_come_over_plain_http_only_when_it_is_allowed() {
    let key = Key::new("one");
    let origin = Published::keys(&[&key]).origin();
    let gateway = gateway("").await;
    let url = origin.url();
    gateway
        .put_api("a", "http://127.0.0.1:9", &validating(&url))
        .await;
    let answer = ask(&gateway, &key.token(&claims(&url))).await;
    assert_eq!(answer, refused("InvalidConfiguration"));
    assert_eq!(origin.request_count(), 0);
}

/// The examples of RFC 7515, appendices A.1 to A.3: one payload that ended in 2011, hence the skew.
#[tokio::test]
async fn the_examples_of_rfc_7515_verify() {
    const PAYLOAD: &str = "eyJpc3MiOiJqb2UiLA0KICJleHAiOjEzMDA4MTkzODAsDQogImh0dHA6Ly9leGFtcGxlLmNvbS9pc19yb290Ijp0cnVlfQ";
    const HS256: (&str, &str) = (
        "eyJ0eXAiOiJKV1QiLA0KICJhbGciOiJIUzI1NiJ9",
        "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk",
    );
    const SECRET: &str =
        "AyM1SysPpbyDfgZld3umj1qzKObwVMkoqQ-EstJQLr_T-1qS0gZH75aKtMN3Yj0iPS4hcgUuTwjAzZr1Z9CAow";
    const RS256: (&str, &str) = (
        "eyJhbGciOiJSUzI1NiJ9",
        "cC4hiUPoj9Eetdgtv3hF80EGrhuB__dzERat0XF9g2VtQgr9PJbu3XOiZj5RZmh7AAuHIm4Bh-0Qc_lF5YKt_O8W2Fp5jujGbds9uJdbF9CUAr7t1dnZcAcQjbKBYNX4BAynRFdiuB--f_nZLgrnbyTyWzO75vRK5h6xBArLIARNPvkSjtQBMHlb1L07Qe7K0GarZRmB_eSN9383LcOLn6_dO--xi12jzDwusC-eOkHWEsqtFZESc6BfI7noOPqvhJ1phCnvWh6IeYI2w9QOYEUipUTI8np6LbgGY9Fs98rqVt5AXLIhWkWywlVmtVrBp0igcN_IoypGlUPQGe77Rw",
    );
    const MODULUS: &str = "ofgWCuLjybRlzo0tZWJjNiuSfb4p4fAkd_wWJcyQoTbji9k0l8W26mPddxHmfHQp-Vaw-4qPCJrcS2mJPMEzP1Pt0Bm4d4QlL-yRT-SFd2lZS-pCgNMsD1W_YpRPEwOWvG6b32690r2jZ47soMZo9wGzjb_7OMg0LOL-bSf63kpaSHSXndS5z5rexMdbBYUsLA9e-KXBdQOS-UTo7WTBEMa2R2CapHg665xsmtdVMTBQY4uDZlxvb3qCo5ZwKh9kG4LT6_I5IhlJH7aGhyxXFvUK-DWNmoudF8NAco9_h9iaGNj8q2ethFkMLs91kzk2PAcDTW9gb54h4FRWyuXpoQ";
    const ES256: (&str, &str) = (
        "eyJhbGciOiJFUzI1NiJ9",
        "DtEhU3ljbEg8L38VWAfUAqOyKAM6-Xx-F4GawxaepmXFCgfTjDxw5djxLa8ISlSApmWQxfKTUJqPP3-Kg6NU1Q",
    );
    let published = Published(Arc::new(Mutex::new(Some(json!({ "keys": [{
        "kty": "EC", "crv": "P-256",
        "x": "f83OJ3D2xF1Bg8vub9tLe1gHMzV76e8Tus9uPHvRVEU",
        "y": "x_FEzRu9m36HLN_tue659LNpXW6pCyStikYjKIWI5a0",
    }] })))));
    let origin = published.origin();
    let gateway = gateway(HTTP).await;
    let secret = STANDARD.encode(URL_SAFE_NO_PAD.decode(SECRET).unwrap());
    let document = format!(
        "<policies><inbound><validate-jwt header-name=\"Authorization\" clock-skew=\"1500000000\"><openid-config url=\"{}/x\"/><issuer-signing-keys><key>{secret}</key><key n=\"{MODULUS}\" e=\"AQAB\"/></issuer-signing-keys><issuers><issuer>joe</issuer></issuers><required-claims><claim name=\"http://example.com/is_root\"><value>true</value></claim></required-claims></validate-jwt><return-response><set-body>good</set-body></return-response></inbound></policies>",
        origin.url()
    );
    gateway.put_api("a", "http://127.0.0.1:9", &document).await;
    for (header, signature) in [HS256, RS256, ES256] {
        let token = format!("{header}.{PAYLOAD}.{signature}");
        assert_eq!(ask(&gateway, &token).await.1, "good", "{header}");
        let mut wrong = URL_SAFE_NO_PAD.decode(signature).unwrap();
        wrong[7] ^= 1;
        let wrong = format!("{header}.{PAYLOAD}.{}", encoded(wrong));
        assert_eq!(ask(&gateway, &wrong).await.0, 401, "{header}");
    }
}

#[tokio::test]
async fn a_token_of_microsoft_entra_is_judged_by_the_tenants_document() {
    const TENANT: &str = "00000000-1111-2222-3333-444444444444";
    let key = Key::new("one");
    let published = Published::keys(&[&key]);
    let origin = published.origin();
    let url = origin.url();
    let configuration = format!("{HTTP}microsoft_entra = \"{url}\"\n");
    let gateway = gateway(&configuration).await;
    let document = format!(
        "<policies><inbound><validate-azure-ad-token tenant-id=\"{TENANT}\" output-token-variable-name=\"jwt\"><client-application-ids><application-id>app</application-id></client-application-ids></validate-azure-ad-token>{SAY}</inbound></policies>"
    );
    gateway.put_api("a", "http://127.0.0.1:9", &document).await;
    let mut claims = claims(&url);
    claims["ver"] = json!("2.0");
    claims["azp"] = json!("app");
    assert_eq!(ask(&gateway, &key.token(&claims)).await, good());
    let asked = origin.recorded();
    assert_eq!(
        asked[0].head.path,
        format!("/{TENANT}/v2.0/.well-known/openid-configuration")
    );
    claims["azp"] = json!("other");
    assert_eq!(ask(&gateway, &key.token(&claims)).await.0, 401);
}

#[tokio::test]
async fn a_token_of_the_gateways_own_identity_is_fetched_once_and_again_before_it_ends() {
    let machine = Origin::builder()
        .answering(|head| {
            if head.header("x-identity-header") != Some("machine-secret-0123456789") {
                return Answer::status(401);
            }
            Answer::ok().body(json!({ "access_token": "t.o.k", "expires_in": "3600" }).to_string())
        })
        .start();
    let backend = Origin::builder()
        .answering(|head| Answer::ok().body(head.header("authorization").unwrap_or("-").to_owned()))
        .start();
    let directory = tempfile::tempdir().unwrap();
    let secret = directory.path().join("secret");
    std::fs::write(&secret, "machine-secret-0123456789\n").unwrap();
    let gateway = gateway(&format!(
        "[managed_identity]\nendpoint = \"{}/msi/token\"\nkind = \"app-service\"\nsecret_file = {secret:?}\n",
        machine.url()
    ))
    .await;
    let document = "<policies><inbound><authentication-managed-identity resource=\"https://vault.example\"/></inbound></policies>";
    gateway.put_api("a", &backend.url(), document).await;
    for _ in 0..20 {
        assert_eq!(ask(&gateway, "x").await, (200, "Bearer t.o.k".to_owned()));
    }
    assert_eq!(machine.request_count(), 1);
    assert_eq!(
        machine.last().unwrap().head.path,
        "/msi/token?api-version=2019-08-01&resource=https%3A%2F%2Fvault%2Eexample"
    );
    gateway.clock.shift_to(3_600 - 299);
    assert_eq!(ask(&gateway, "x").await.0, 200);
    assert_eq!(machine.request_count(), 2);
}

#[tokio::test]
async fn a_policy_that_wants_an_identity_is_warned_about_where_there_is_none() {
    let gateway = gateway("").await;
    let document =
        "<policies><inbound><authentication-managed-identity resource=\"r\"/></inbound></policies>";
    gateway.put_api("a", "http://127.0.0.1:9", document).await;
    let saved = gateway
        .put("apis/a/policies/policy", &policy(document))
        .await;
    assert!(saved.text.contains("NoManagedIdentity"), "{}", saved.text);
    assert_eq!(ask(&gateway, "x").await.0, 500);
}
