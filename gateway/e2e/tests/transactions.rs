//! A transaction over three named values and two identity lists is one change: no request sees a
//! part of it.

#![allow(
    missing_docs,
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    reason = "tests fail by panicking"
)]

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};

use gateway_e2e::{TestGateway, identity, named_value, policy, properties};
use gateway_testkit::{Alpn, Connection, Issued, Origin, Response};
use serde_json::{Value, json};
use tokio::task::JoinSet;

/// Reads all five: the values by their text, each list by what it says of the client.
const BY_STATEMENTS: &str = r#"<policies><inbound><base />
<validate-client-certificate failed-validation-httpcode="403" failed-validation-error-message="{{one}} {{two}} {{three}} not on the first"><identities><identity-list id="first" /></identities></validate-client-certificate>
<validate-client-certificate failed-validation-httpcode="403" failed-validation-error-message="{{one}} {{two}} {{three}} not on the second"><identities><identity-list id="second" /></identities></validate-client-certificate>
<return-response><set-status code="200" reason="OK" /><set-body>{{one}} {{two}} {{three}} on both</set-body></return-response>
</inbound></policies>"#;

/// The same in one expression.
const IN_CODE: &str = r#"<policies><inbound><base />
<return-response><set-status code="200" reason="OK" /><set-body>@{
    var certificate = context.Request.Certificate;
    var lists = context.Deployment.IdentityLists;
    var first = lists["first"].Contains(certificate);
    var second = lists["second"].Contains(certificate);
    var on = first && second ? "on both" : first ? "not on the second" : second ? "not on the first" : "on none";
    return "{{one}} {{two}} {{three}} " + on;
}</set-body></return-response>
</inbound></policies>"#;

const VALUES: [&str; 3] = ["one", "two", "three"];
const TRANSACTIONS: u64 = 100;
const CONNECTIONS: usize = 16;

/// Who is on which list in a generation: `a` always on the first and, in even ones, on the second;
/// `b` the other way around.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Client {
    A,
    B,
}

/// What the policy must say to this client in a generation.
fn expected(client: Client, generation: u64) -> String {
    let lists = match client {
        _ if generation.is_multiple_of(2) => "on both",
        Client::A => "not on the second",
        Client::B => "not on the first",
    };
    format!("value-{generation} value-{generation} value-{generation} {lists}")
}

/// The generation that a response speaks of, if it speaks of one only.
fn generation_of(client: Client, text: &str) -> Option<u64> {
    let (_, rest) = text.split_once("value-")?;
    let generation = rest.split_whitespace().next()?.parse().ok()?;
    text.contains(&expected(client, generation))
        .then_some(generation)
}

fn list(members: &[&Issued]) -> Value {
    let identities: Vec<Value> = members
        .iter()
        .enumerate()
        .map(|(number, issued)| {
            let mut member = identity(issued)["properties"].clone();
            member["name"] = json!(format!("member-{number}"));
            member
        })
        .collect();
    properties(&json!({ "identities": identities }))
}

/// The five edits that make a generation.
fn edits(gateway: &TestGateway, generation: u64) -> Vec<(String, Value)> {
    let (a, b) = (&gateway.pki.partner_a, &gateway.pki.partner_b);
    let (first, second) = if generation.is_multiple_of(2) {
        (list(&[a, b]), list(&[a, b]))
    } else {
        (list(&[a]), list(&[b]))
    };
    let value = format!("value-{generation}");
    let mut edits: Vec<(String, Value)> = VALUES
        .iter()
        .map(|name| (format!("namedValues/{name}"), named_value(name, &value)))
        .collect();
    // Between the values, so that a change made in pieces shows wherever it is cut.
    edits.insert(1, ("identityLists/first".to_owned(), first));
    edits.insert(3, ("identityLists/second".to_owned(), second));
    edits
}

fn transaction(edits: &[(String, Value)]) -> Value {
    let operations: Vec<Value> = edits
        .iter()
        .map(|(path, body)| json!({ "method": "PUT", "path": path, "body": body }))
        .collect();
    json!({ "operations": operations })
}

async fn commit(gateway: &TestGateway, generation: u64) -> u64 {
    let body = transaction(&edits(gateway, generation));
    let reply = gateway.admin().post("/apim/transactions", &body).await;
    let reply = reply.unwrap();
    assert_eq!(reply.status, 200, "{}", reply.text);
    reply.revision().unwrap()
}

async fn gateway(origin: &Origin, document: &str) -> TestGateway {
    let gateway = TestGateway::builder().workers(4).start().await;
    commit(&gateway, 0).await;
    gateway.put_api("orders", &origin.url(), document).await;
    gateway
}

async fn connect(gateway: &TestGateway, client: Client, alpn: Alpn) -> Connection {
    let issued = match client {
        Client::A => &gateway.pki.partner_a,
        Client::B => &gateway.pki.partner_b,
    };
    let builder = gateway.client().identity(issued).alpn(alpn);
    builder.build().unwrap().connect().await.unwrap()
}

fn revision(response: &Response) -> u64 {
    let revision = response.header("x-countersign-revision");
    revision.unwrap().parse().unwrap()
}

/// What one connection saw: how often each generation at which revision.
type Sightings = BTreeMap<(u64, u64), u64>;

/// Asks until it is over. Each response must speak of one generation, and of none older than was
/// acknowledged when the request was sent.
async fn watch(
    connection: Connection,
    client: Client,
    acknowledged: Arc<AtomicU64>,
    over: Arc<AtomicBool>,
) -> Sightings {
    let mut seen = Sightings::new();
    while !over.load(Ordering::SeqCst) {
        let at_least = acknowledged.load(Ordering::SeqCst);
        let response = connection.get("/orders/1").await.expect("a response");
        let text = response.text();
        let Some(generation) = generation_of(client, &text) else {
            panic!("{client:?} saw a part of a change: {text}");
        };
        assert!(
            generation >= at_least,
            "{at_least} was acknowledged: {text}"
        );
        *seen.entry((revision(&response), generation)).or_default() += 1;
    }
    seen
}

async fn never_half(document: &str) {
    let origin = Origin::http();
    let gateway = gateway(&origin, document).await;
    let acknowledged = Arc::new(AtomicU64::new(0));
    let over = Arc::new(AtomicBool::new(false));
    let mut watchers = JoinSet::new();
    for number in 0..CONNECTIONS {
        let client = [Client::A, Client::B][number % 2];
        let alpn = [Alpn::Http1, Alpn::Http2][number / 2 % 2];
        let connection = connect(&gateway, client, alpn).await;
        let (acknowledged, over) = (Arc::clone(&acknowledged), Arc::clone(&over));
        watchers.spawn(watch(connection, client, acknowledged, over));
    }
    let mut committed = BTreeMap::new();
    for generation in 1..=TRANSACTIONS {
        let revision = commit(&gateway, generation).await;
        committed.insert(revision, generation);
        acknowledged.store(generation, Ordering::SeqCst);
        assert!(
            watchers.try_join_next().is_none(),
            "a watcher ended: it saw what must not be"
        );
    }
    over.store(true, Ordering::SeqCst);
    let mut responses = 0;
    let mut generations = BTreeSet::new();
    for seen in watchers.join_all().await {
        for ((revision, generation), count) in seen {
            let at = committed.get(&revision).copied().unwrap_or(0);
            assert_eq!(generation, at, "what revision {revision} says");
            generations.insert(generation);
            responses += count;
        }
    }
    // Otherwise nobody looked while it changed.
    assert!(
        generations.len() as u64 * 4 >= TRANSACTIONS,
        "{generations:?}"
    );
    assert!(responses >= 4 * TRANSACTIONS, "{responses}");
}

#[tokio::test]
async fn a_transaction_over_three_named_values_and_two_lists_is_never_seen_half_under_load() {
    Box::pin(never_half(BY_STATEMENTS)).await;
}

#[tokio::test]
async fn a_transaction_is_never_seen_half_by_code_that_reads_all_five_under_load() {
    Box::pin(never_half(IN_CODE)).await;
}

#[tokio::test]
async fn the_same_five_changes_made_one_by_one_are_seen_half() {
    let origin = Origin::http();
    let gateway = gateway(&origin, BY_STATEMENTS).await;
    let a = connect(&gateway, Client::A, Alpn::Http1).await;
    let b = connect(&gateway, Client::B, Alpn::Http2).await;
    let look = async || {
        let a = a.get("/orders/1").await.unwrap().text();
        let b = b.get("/orders/1").await.unwrap().text();
        [generation_of(Client::A, &a), generation_of(Client::B, &b)]
    };
    assert_eq!(look().await, [Some(0); 2]);
    let edits = edits(&gateway, 1);
    let (last, before) = edits.split_last().unwrap();
    for (path, body) in before {
        gateway.put(path, body).await;
        assert!(look().await.contains(&None), "half of it after {path}");
    }
    gateway.put(&last.0, &last.1).await;
    assert_eq!(look().await, [Some(1); 2]);
}

#[tokio::test]
async fn a_transaction_with_one_mistake_changes_nothing() {
    let origin = Origin::http();
    let gateway = gateway(&origin, BY_STATEMENTS).await;
    let before = gateway.admin().get("/apim/namedValues/one").await.unwrap();
    let a = connect(&gateway, Client::A, Alpn::Http1).await;
    for mistake in 0..5 {
        let mut edits = edits(&gateway, 1);
        edits[mistake].1 = properties(&json!({ "displayNam": "x", "identitie": [] }));
        let reply = gateway
            .admin()
            .post("/apim/transactions", &transaction(&edits))
            .await
            .unwrap();
        assert_eq!(reply.status, 400, "{}", reply.text);
        assert_eq!(reply.revision(), before.revision());
        let text = a.get("/orders/1").await.unwrap().text();
        assert_eq!(generation_of(Client::A, &text), Some(0), "{text}");
    }
    let after = gateway.admin().get("/apim/namedValues/one").await.unwrap();
    assert_eq!((after.etag(), &after.json), (before.etag(), &before.json));
}

#[tokio::test]
async fn a_policy_and_a_list_that_it_names_come_and_go_in_one_transaction() {
    let origin = Origin::http();
    let gateway = TestGateway::start().await;
    gateway
        .put_api(
            "orders",
            &origin.url(),
            "<policies><inbound><base /></inbound></policies>",
        )
        .await;
    let naming = r#"<policies><inbound><base /><validate-client-certificate failed-validation-httpcode="403"><identities><identity-list id="fresh" /></identities></validate-client-certificate></inbound></policies>"#;
    let (list_path, policy_path) = ("identityLists/fresh", "apis/orders/policies/policy");
    let come = vec![
        (list_path.to_owned(), list(&[&gateway.pki.partner_a])),
        (policy_path.to_owned(), policy(naming)),
    ];
    let connection = connect(&gateway, Client::B, Alpn::Http1).await;
    let status = async || connection.get("/orders/1").await.unwrap().status.as_u16();
    for _ in 0..3 {
        assert_eq!(status().await, 200);
        let reply = gateway
            .admin()
            .post("/apim/transactions", &transaction(&come))
            .await;
        assert_eq!(reply.unwrap().status, 200);
        assert_eq!(status().await, 403);
        let go = json!({ "operations": [
            { "method": "DELETE", "path": list_path },
            { "method": "DELETE", "path": policy_path },
        ] });
        let reply = gateway
            .admin()
            .post("/apim/transactions", &go)
            .await
            .unwrap();
        assert_eq!(reply.status, 200, "{}", reply.text);
    }
    assert_eq!(status().await, 200);
}
