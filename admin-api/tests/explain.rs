//! `POST explain`: what is remembered about the chains of one certificate.
#![allow(
    missing_docs,
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    reason = "tests fail by panicking"
)]
#![allow(
    unreachable_pub,
    dead_code,
    reason = "each test binary uses a part of the support"
)]

mod support;

use std::sync::Arc;

use gateway_testkit::{AdminReply, Identity, Issued};
use gateway_tls::chain::PresentedChain;
use gateway_tls::trust::{Profile, TrustBundle, TrustSpec};
use serde_json::{Value, json};

use support::{Api, LONG, OPERATOR, VERSION};

fn thumbprint(issued: &Issued) -> String {
    let (sha1, _) = Identity::from(issued).thumbprints().unwrap();
    sha1
}

/// Has the cache judge what this client would present, under the CA of the test and its list.
fn judge(api: &Api, client: &Issued, extra: &[&Issued]) {
    let pki = &api.pki;
    let der = |issued: &&Issued| -> Arc<[u8]> { issued.certificate().to_der().unwrap().into() };
    let spec = TrustSpec {
        roots: vec![pki.ca.certificate().to_der().unwrap().into()],
        crls: vec![pki.crl_revoking(&[&pki.revoked], 1).der().into()],
        ..TrustSpec::default()
    };
    let trust = TrustBundle::build(&spec).unwrap();
    let certificates = std::iter::once(&client).chain(extra).map(der).collect();
    let chain = PresentedChain::new(certificates).unwrap();
    let _ = api.chains.verdict(&trust, &chain, Profile::CLIENT, pki.now);
}

async fn explain(api: &Api, issued: &Issued) -> Value {
    let body = json!({ "thumbprint": thumbprint(issued) });
    let reply = api.client.post("/apim/explain", &body).await.unwrap();
    assert_eq!(reply.status, 200, "{}", reply.text);
    assert_eq!(reply.revision(), Some(7), "the revision that it is about");
    assert_eq!(reply.json["thumbprint"], thumbprint(issued));
    assert_eq!(reply.json["revision"], 7);
    reply.json
}

#[tokio::test]
async fn each_judged_chain_of_a_certificate_is_told_with_its_reason_path_and_end() {
    let api = Api::start();
    let pki = &api.pki;
    for client in [&pki.partner_a, &pki.stranger, &pki.revoked, &pki.expired] {
        judge(&api, client, &[]);
    }
    judge(&api, &pki.partner_a, &[&pki.partner_b]);

    let partner = explain(&api, &pki.partner_a).await;
    assert_eq!(partner["chainCount"], 2, "with and without a companion");
    for chain in partner["chains"].as_array().unwrap() {
        assert_eq!(chain["verdict"], "accepted");
        assert_eq!(
            (&chain["reason"], &chain["message"]),
            (&Value::Null, &Value::Null)
        );
        let path = chain["path"].as_array().unwrap();
        assert_eq!(path[0]["thumbprint"], thumbprint(&pki.partner_a));
        assert_eq!(path[0]["subject"], "CN=partner-company.com");
        assert_eq!(path.last().unwrap()["subject"], "CN=My Trusted CA");
        assert!(chain["holdsUntil"].as_str().unwrap() > partner["time"].as_str().unwrap());
        assert_eq!(chain["chainId"].as_str().unwrap().len(), 64);
    }
    for (client, reason) in [
        (&pki.stranger, "ClientCertificateNotTrusted"),
        (&pki.revoked, "ClientCertificateRevoked"),
        (&pki.expired, "ClientCertificateExpired"),
    ] {
        let told = explain(&api, client).await;
        let chain = &told["chains"][0];
        assert_eq!(
            (&chain["verdict"], &chain["reason"]),
            (&json!("refused"), &json!(reason))
        );
        assert!(!chain["message"].as_str().unwrap().is_empty());
    }
    assert_eq!(
        explain(&api, &pki.stranger).await["chains"][0]["path"],
        json!([])
    );
}

#[tokio::test]
async fn of_a_certificate_that_nobody_has_presented_nothing_is_told() {
    let api = Api::start();
    judge(&api, &api.pki.partner_a, &[]);
    let told = explain(&api, &api.pki.partner_b).await;
    assert_eq!(
        (&told["chains"], &told["chainCount"]),
        (&json!([]), &json!(0))
    );
    api.chains.evict(gateway_tls::digest::sha1(
        api.pki.partner_a.certificate_der(),
    ));
    assert_eq!(explain(&api, &api.pki.partner_a).await["chainCount"], 0);
}

#[tokio::test]
async fn of_very_many_chains_of_one_certificate_the_first_hundred_are_told_and_all_are_counted() {
    let api = Api::start();
    let pki = &api.pki;
    let companions = [&pki.partner_b, &pki.stranger];
    for number in 0..120 {
        let extra: Vec<&Issued> = (0..7).map(|bit| companions[number >> bit & 1]).collect();
        judge(&api, &pki.partner_a, &extra);
    }
    let told = explain(&api, &pki.partner_a).await;
    assert_eq!(told["chains"].as_array().unwrap().len(), 100);
    assert_eq!(told["chainCount"], 120);
}

#[tokio::test]
async fn what_is_not_asked_properly_is_refused_by_name() {
    let api = Api::start();
    let good = thumbprint(&api.pki.partner_a);
    let targets = |reply: &AdminReply| -> Vec<String> {
        let details = reply.json["error"]["details"].as_array().unwrap();
        details
            .iter()
            .map(|d| d["target"].as_str().unwrap().to_owned())
            .collect()
    };
    for (body, wrong) in [
        (
            json!({ "thumbprint": good, "host": "localhost" }),
            vec!["host"],
        ),
        (
            json!({ "thumprint": good }),
            vec!["thumprint", "thumbprint"],
        ),
        (json!({}), vec!["thumbprint"]),
        (json!({ "thumbprint": null }), vec!["thumbprint"]),
        (json!({ "thumbprint": 5 }), vec!["thumbprint"]),
        (json!({ "thumbprint": "" }), vec!["thumbprint"]),
        (json!({ "thumbprint": "xy".repeat(20) }), vec!["thumbprint"]),
        (json!({ "thumbprint": "ab".repeat(32) }), vec!["thumbprint"]),
        (json!([]), vec![""]),
    ] {
        let reply = api.client.post("/apim/explain", &body).await.unwrap();
        assert_eq!(reply.status, 400, "{body}");
        assert_eq!(reply.json["error"]["code"], "ValidationError");
        assert_eq!(targets(&reply), wrong, "{body}");
    }
    let nearest = api
        .client
        .post("/apim/explain", &json!({ "thumprint": good }))
        .await
        .unwrap();
    assert!(
        nearest.text.contains("Did you mean `thumbprint`?"),
        "{}",
        nearest.text
    );
    let reply = api.client.get("/apim/explain").await.unwrap();
    assert_eq!(
        (reply.status.as_u16(), &reply.headers["allow"]),
        (405, &"POST".parse().unwrap())
    );
}

#[tokio::test]
async fn it_is_asked_on_both_paths_by_every_role_and_by_nobody_without_a_token() {
    let api = Api::start();
    let body = json!({ "thumbprint": thumbprint(&api.pki.partner_a) });
    let long = format!("{LONG}/explain?{VERSION}");
    let operator = api.client_with(OPERATOR);
    for path in ["/apim/explain", &long] {
        assert_eq!(
            operator.post(path, &body).await.unwrap().status,
            200,
            "{path}"
        );
        let stranger = api.client_with("a-token-that-nobody-gave-out");
        assert_eq!(
            stranger.post(path, &body).await.unwrap().status,
            401,
            "{path}"
        );
    }
    assert!(api.audit.all().is_empty(), "nothing was changed");
}
