//! What the admin client sends and reads.
#![allow(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    reason = "tests fail by panicking"
)]

use gateway_testkit::{AdminClient, Answer, Origin, Pki};
use http::StatusCode;
use serde_json::json;

#[tokio::test]
async fn the_admin_client_sends_its_token_and_reads_revision_and_json() {
    let pki = Pki::new();
    let origin = Origin::builder()
        .tls(&pki.server)
        .answering(|head| {
            Answer::status(if head.header("authorization") == Some("Bearer secret") {
                200
            } else {
                401
            })
            .header("x-countersign-revision", "7")
            .header("etag", "\"3\"")
            .body(r#"{"name":"partners"}"#)
        })
        .start();
    let admin = AdminClient::new(origin.address(), pki.ca.certificate(), "secret").unwrap();
    let reply = admin
        .put("/apim/identityLists/partners", &json!({"properties": {}}))
        .await
        .unwrap();
    assert_eq!(reply.status, StatusCode::OK);
    assert_eq!((reply.revision(), reply.etag()), (Some(7), Some("\"3\"")));
    assert_eq!(reply.json["name"], "partners");
    let put = origin.last().unwrap();
    assert_eq!(put.head.method, "PUT");
    assert_eq!(put.head.header("content-type"), Some("application/json"));
    assert_eq!(&put.body_start[..], br#"{"properties":{}}"#);

    admin.patch("/apim/x", &json!({})).await.unwrap();
    assert_eq!(origin.last().unwrap().head.header("if-match"), Some("*"));
    admin.delete("/apim/x").await.unwrap();
    assert_eq!(origin.last().unwrap().head.method, "DELETE");
    admin.get("/apim/x").await.unwrap();
    admin.post("/apim/x", &json!([])).await.unwrap();
    assert_eq!(origin.connection_count(), 1, "one connection is kept");

    let wrong = AdminClient::new(origin.address(), pki.ca.certificate(), "other").unwrap();
    assert_eq!(
        wrong.get("/").await.unwrap().status,
        StatusCode::UNAUTHORIZED
    );
    assert!(!format!("{admin:?}").contains("secret"));
}
