//! `countersign serve`: an empty store, signals, the end.

use std::path::Path;
use std::time::Duration;

use gateway_e2e::{Installation, health, operation};
use gateway_testkit::{Alpn, Answer, Origin, eventually};
use serde_json::Value;

use crate::{ENDS, records};

const OPEN: &str = "<policies><inbound><base /></inbound></policies>";

async fn put_api(served: &gateway_e2e::Served, origin: &Origin) {
    served
        .put("apis/slow", &gateway_e2e::api("slow", &origin.url()))
        .await;
    served.put("apis/slow/operations/any", &operation()).await;
    served
        .put("apis/slow/policies/policy", &gateway_e2e::policy(OPEN))
        .await;
}

#[tokio::test]
async fn sigterm_lets_requests_in_flight_finish_and_takes_no_new_ones() {
    let origin = Origin::builder()
        .answering(|_| Answer::ok().body("finished").after(Duration::from_secs(2)))
        .start();
    let installation = Installation::new("");
    let mut served = installation.serve();
    installation.seed(&served).await;
    put_api(&served, &origin).await;
    assert_eq!(served.health("/readyz").0, 200);

    let mut connections = Vec::new();
    for alpn in [Alpn::Http1, Alpn::Http2] {
        let client = installation.client(&served).alpn(alpn).build().unwrap();
        connections.push(client.connect().await.unwrap());
        connections.push(client.connect().await.unwrap());
    }
    let late = installation.client(&served).build().unwrap();
    // Of each protocol one connection with a request and one that is idle.
    let (first, second) = (connections[0].get("/slow/1"), connections[2].get("/slow/2"));
    let drain = async {
        eventually(ENDS, "both requests are with the backend", || async {
            (origin.request_count() == 2).then_some(())
        })
        .await;
        served.process.signal("TERM");
        let (status, body) = eventually(ENDS, "it is not ready", || async {
            Some(served.health("/readyz")).filter(|(status, _)| *status == 503)
        })
        .await;
        assert!(status == 503 && body.contains("draining"), "{body}");
        eventually(ENDS, "new connections are refused", || async {
            late.get("/slow/3").await.is_err().then_some(())
        })
        .await;
        eventually(ENDS, "idle connections are closed", || async {
            (connections[1].is_closed() && connections[3].is_closed()).then_some(())
        })
        .await;
        assert_eq!(
            served.health("/healthz").0,
            200,
            "it still works on two requests"
        );
    };
    let (first, second, ()) = tokio::join!(first, second, drain);
    for response in [first.unwrap(), second.unwrap()] {
        assert_eq!(
            (response.status.as_u16(), response.text().as_str()),
            (200, "finished")
        );
    }
    assert_eq!(served.process.wait(ENDS).code(), Some(0));
    let finished = records(&installation.file("access.jsonl"));
    let finished = finished.iter().filter(|record| record["status"] == 200);
    assert_eq!(finished.count(), 2);
}

#[tokio::test]
async fn a_request_that_outlasts_the_drain_timeout_is_cut_and_recorded() {
    let origin = Origin::builder().answering(|_| Answer::never()).start();
    let installation = Installation::with_gateway("drain_timeout = \"300ms\"", "");
    let mut served = installation.serve();
    installation.seed(&served).await;
    put_api(&served, &origin).await;
    let connection = installation
        .client(&served)
        .build()
        .unwrap()
        .connect()
        .await
        .unwrap();
    let cut = async {
        eventually(ENDS, "the request is with the backend", || async {
            (origin.request_count() == 1).then_some(())
        })
        .await;
        served.process.signal("TERM");
    };
    let (response, ()) = tokio::join!(connection.get("/slow/1"), cut);
    assert!(response.is_err(), "{response:?}");
    assert_eq!(served.process.wait(ENDS).code(), Some(0));
    let records = records(&installation.file("access.jsonl"));
    assert_eq!(records.len(), 1, "{records:?}");
    assert_eq!(records[0]["status"], Value::Null);
}

#[tokio::test]
async fn sighup_opens_the_logs_again_after_they_were_moved() {
    let origin = Origin::http();
    let installation = Installation::new("");
    let served = installation.serve();
    installation.seed(&served).await;
    put_api(&served, &origin).await;
    let client = installation.client(&served).build().unwrap();
    client.get("/slow/before").await.unwrap();
    let moved = |name: &str| {
        let old = installation.file(&format!("{name}.1"));
        std::fs::rename(installation.file(name), &old).unwrap();
        old
    };
    let (old_access, old_audit) = (moved("access.jsonl"), moved("audit.jsonl"));
    let changes = records(&old_audit).len();
    served.process.signal("HUP");
    eventually(ENDS, "the files are there again", || async {
        let there = ["access.jsonl", "audit.jsonl"].map(|name| installation.file(name).exists());
        (there == [true, true]).then_some(())
    })
    .await;
    client.get("/slow/after").await.unwrap();
    served
        .put("namedValues/x", &gateway_e2e::named_value("x", "1"))
        .await;
    let access = installation.file("access.jsonl");
    eventually(ENDS, "the request after it is in the new file", || async {
        (!records(&access).is_empty()).then_some(())
    })
    .await;
    let paths = |path: &Path| -> Vec<String> {
        let records = records(path);
        records
            .iter()
            .map(|record| record["path"].as_str().unwrap().to_owned())
            .collect()
    };
    assert_eq!(paths(&old_access), ["/slow/before"]);
    assert_eq!(paths(&access), ["/slow/after"]);
    assert_eq!(records(&old_audit).len(), changes);
    let audit = records(&installation.file("audit.jsonl"));
    assert_eq!(audit.len(), 1);
    assert_eq!(audit[0]["paths"][0], "namedValues/x");
}

#[tokio::test]
async fn serve_on_an_empty_store_is_configured_over_the_admin_api_without_a_restart() {
    let origin = Origin::http();
    let installation = Installation::new("");
    let mut served = installation.serve();
    let (status, body) = served.health("/readyz");
    assert_eq!(status, 503, "{body}");
    assert_eq!(health(served.health, "/healthz"), (200, "ok\n".to_owned()));
    let client = installation.client_of(&served, &installation.pki.partner_a);
    let error = client.get("/slow/1").await.unwrap_err();
    assert!(error.alert().is_some(), "the handshake is refused: {error}");
    let reply = served.admin.get("/apim/apis").await.unwrap();
    assert_eq!(
        (reply.status.as_u16(), &reply.json["value"]),
        (200, &serde_json::json!([]))
    );

    installation.seed(&served).await;
    put_api(&served, &origin).await;
    let (status, body) = served.health("/readyz");
    assert_eq!(status, 200, "{body}");
    assert_eq!(client.get("/slow/1").await.unwrap().status.as_u16(), 200);
    served.process.signal("TERM");
    assert_eq!(served.process.wait(ENDS).code(), Some(0));
}
