//! Of two writers who start from the same entity tag, one wins; the other learns that it would have
//! overwritten what it has not seen (RFC 9110 section 13.1.1).

#![allow(
    missing_docs,
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::panic,
    reason = "tests fail by panicking"
)]

use gateway_e2e::{TestGateway, named_value};
use gateway_testkit::{AdminClient, AdminReply};
use http::Method;
use http::header::IF_MATCH;
use serde_json::json;

/// Two administrators, each with a connection of their own.
fn writers(gateway: &TestGateway) -> [AdminClient; 2] {
    [(); 2].map(|()| {
        let authority = gateway.pki.ca.certificate();
        AdminClient::new(gateway.admin_address, authority, gateway.token()).unwrap()
    })
}

/// The winner's position; the other one got 412.
fn winner(replies: [&AdminReply; 2]) -> usize {
    let statuses = replies.map(|reply| reply.status.as_u16());
    match statuses {
        [200, 412] => 0,
        [412, 200] => 1,
        _ => panic!("{statuses:?} {} {}", replies[0].text, replies[1].text),
    }
}

#[tokio::test]
async fn of_two_writers_with_one_etag_one_wins_and_the_other_gets_412() {
    let gateway = TestGateway::start().await;
    let [left, right] = writers(&gateway);
    let path = "/apim/namedValues/contested";
    let of = |text: &str| named_value("contested", text);
    gateway.put("namedValues/contested", &of("start")).await;
    let mut wins = [0; 2];
    for round in 0..100 {
        let before = left.get(path).await.unwrap();
        let tag = [(IF_MATCH, before.etag().unwrap())];
        let values = [format!("left-{round}"), format!("right-{round}")];
        let bodies = [of(&values[0]), of(&values[1])];
        let (left_reply, right_reply) = tokio::join!(
            left.request(Method::PUT, path, Some(&bodies[0]), &tag),
            right.request(Method::PUT, path, Some(&bodies[1]), &tag),
        );
        let replies = [left_reply.unwrap(), right_reply.unwrap()];
        let won = winner([&replies[0], &replies[1]]);
        wins[won] += 1;
        let after = right.get(path).await.unwrap();
        assert_eq!(after.json["properties"]["value"], values[won]);
        assert_eq!(after.etag(), replies[won].etag());
        assert_eq!(after.revision(), before.revision().map(|r| r + 1));
    }
    assert_eq!(wins[0] + wins[1], 100);
}

#[tokio::test]
async fn of_two_transactions_with_one_etag_one_is_made_whole_and_the_other_not_at_all() {
    let gateway = TestGateway::start().await;
    let [left, right] = writers(&gateway);
    for name in ["contested", "left", "right"] {
        let path = format!("namedValues/{name}");
        gateway.put(&path, &named_value(name, "start")).await;
    }
    let value = async |name: &str| {
        let path = format!("/apim/namedValues/{name}");
        let reply = left.get(&path).await.unwrap();
        reply.json["properties"]["value"]
            .as_str()
            .unwrap()
            .to_owned()
    };
    for round in 0..50 {
        let before = left.get("/apim/namedValues/contested").await.unwrap();
        let body = |own: &str| {
            let text = format!("{own}-{round}");
            let edit = |name: &str| json!({ "method": "PUT", "path": format!("namedValues/{name}"), "body": named_value(name, &text) });
            let mut contested = edit("contested");
            contested["ifMatch"] = json!(before.etag().unwrap());
            // The one without a condition first: it must not stay behind when the other is refused.
            json!({ "operations": [edit(own), contested] })
        };
        let was = [value("left").await, value("right").await];
        let bodies = [body("left"), body("right")];
        let (left_reply, right_reply) = tokio::join!(
            left.post("/apim/transactions", &bodies[0]),
            right.post("/apim/transactions", &bodies[1]),
        );
        let won = winner([&left_reply.unwrap(), &right_reply.unwrap()]);
        let winning = format!("{}-{round}", ["left", "right"][won]);
        let mut expected = was;
        expected[won].clone_from(&winning);
        assert_eq!(value("contested").await, winning);
        assert_eq!([value("left").await, value("right").await], expected);
    }
}
