//! Identity lists as large as they get: uploaded as a stream, edited one member at a time, looked
//! up by every request. An edit costs the same whatever the size of the list.
//!
//! The normal run holds that by what an edit writes. The times and the memory of a million
//! identities are measured by
//!
//! ```text
//! cargo nextest run --release -p gateway-e2e --test identities_in_bulk --run-ignored only --no-capture
//! ```

#![allow(
    missing_docs,
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::print_stderr,
    reason = "tests fail by panicking, and the measurement reports what it found"
)]

use std::time::{Duration, Instant};

use gateway_e2e::{TestGateway, identity, properties};
use gateway_testkit::{Client, Connection, Issued, Origin, Response};
use serde_json::json;

/// By the list alone, and without a backend, which would only add its own time.
const POLICY: &str = r#"<policies><inbound><base /><validate-client-certificate failed-validation-httpcode="403"><identities><identity-list id="partners" /></identities></validate-client-certificate><return-response><set-status code="200" reason="OK" /></return-response></inbound></policies>"#;

const LIST: &str = "identityLists/partners";

/// Member number `number`, which is nobody's certificate.
fn thumbprint(number: u64) -> String {
    // An odd factor, so that neighbours differ everywhere and none occurs twice.
    let scattered = number.wrapping_mul(0x9E37_79B9_7F4A_7C15);
    format!("{scattered:016X}{number:024X}")
}

/// The list's document in pieces, the partner's certificate in the middle of it.
fn document(count: u64, partner: &Issued) -> impl Iterator<Item = String> {
    const PIECE: u64 = 1_000;
    let partner = partner.thumbprint().unwrap();
    let begin = r#"{"properties":{"identities":["#.to_owned();
    let pieces = (0..count).step_by(PIECE as usize).map(move |start| {
        let members: Vec<String> = (start..count.min(start + PIECE))
            .map(|number| {
                let thumbprint = if number == count / 2 {
                    partner.clone()
                } else {
                    thumbprint(number)
                };
                format!(r#"{{"name":"member-{number}","thumbprint":"{thumbprint}"}}"#)
            })
            .collect();
        let comma = if start == 0 { "" } else { "," };
        format!("{comma}{}", members.join(","))
    });
    std::iter::once(begin)
        .chain(pieces)
        .chain(std::iter::once("]}}".to_owned()))
}

/// An upload that was acknowledged.
struct Uploaded {
    bytes: u64,
    revision: Option<u64>,
}

/// Uploads a list as a stream of unknown length, written chunk by chunk (RFC 9112 section 7.1).
async fn upload(gateway: &TestGateway, count: u64) -> Uploaded {
    let client = Client::builder(gateway.admin_address)
        .trust(gateway.pki.ca.certificate())
        .deadline(Duration::from_secs(600))
        .build()
        .unwrap();
    let mut connection = client.raw().await.unwrap();
    let head = format!(
        "PUT /apim/{LIST} HTTP/1.1\r\nHost: localhost\r\nAuthorization: Bearer {}\r\n\
         Content-Type: application/json\r\nTransfer-Encoding: chunked\r\n\r\n",
        gateway.token()
    );
    connection.write(head.as_bytes()).await.unwrap();
    let mut bytes = 0;
    for piece in document(count, &gateway.pki.partner_a) {
        bytes += piece.len() as u64;
        let chunk = format!("{:x}\r\n{piece}\r\n", piece.len());
        connection.write(chunk.as_bytes()).await.unwrap();
    }
    connection.write(b"0\r\n\r\n").await.unwrap();
    let reply = connection.read_until(b"\r\n\r\n").await.unwrap();
    let reply = String::from_utf8_lossy(&reply).to_ascii_lowercase();
    assert!(reply.starts_with("http/1.1 20"), "{reply}");
    let revision = reply
        .lines()
        .find_map(|line| line.strip_prefix("x-countersign-revision: "));
    Uploaded {
        bytes,
        revision: revision.and_then(|revision| revision.trim().parse().ok()),
    }
}

async fn gateway_with(count: u64) -> (TestGateway, u64) {
    let origin = Origin::http();
    let gateway = TestGateway::builder().workers(2).start().await;
    let size = upload(&gateway, count).await.bytes;
    gateway.put_api("orders", &origin.url(), POLICY).await;
    (gateway, size)
}

async fn connect(gateway: &TestGateway, issued: &Issued) -> Connection {
    gateway.client_of(issued).connect().await.unwrap()
}

async fn ask(connection: &Connection) -> Response {
    connection.get("/orders/1").await.unwrap()
}

/// The member in the middle, which is the partner's.
fn middle(count: u64) -> String {
    format!("{LIST}/identities/member-{}", count / 2)
}

async fn etag(gateway: &TestGateway, path: &str) -> String {
    let reply = gateway.admin().get(&format!("/apim/{path}")).await.unwrap();
    assert_eq!(reply.status, 200, "{path}: {}", reply.text);
    reply.etag().unwrap().to_owned()
}

/// The paths of what a revision wrote to the store, in order; paths compare without regard to case.
async fn written_in(gateway: &TestGateway, revision: Option<u64>) -> Vec<String> {
    let path = format!("/apim/revisions/{}", revision.unwrap());
    let shown = gateway.admin().get(&path).await.unwrap();
    let changes = shown.json["changes"].as_array().expect(&shown.text);
    let mut paths: Vec<String> = changes
        .iter()
        .map(|change| change["path"].as_str().unwrap().to_ascii_lowercase())
        .collect();
    paths.sort();
    paths
}

/// The bytes of the store's files.
fn store_size(gateway: &TestGateway) -> u64 {
    ["countersign.db", "countersign.db-wal"]
        .iter()
        .filter_map(|name| std::fs::metadata(gateway.file(name)).ok())
        .map(|metadata| metadata.len())
        .sum()
}

#[tokio::test]
async fn an_edit_of_one_member_of_a_large_list_writes_that_member_only_and_swaps_its_verdict() {
    const COUNT: u64 = 20_000;
    let (gateway, _) = gateway_with(COUNT).await;
    let partner = connect(&gateway, &gateway.pki.partner_a).await;
    let newcomer = connect(&gateway, &gateway.pki.partner_b).await;
    assert_eq!(ask(&partner).await.status, 200);
    assert_eq!(ask(&newcomer).await.status, 403);

    let neighbour = format!("{LIST}/identities/member-{}", COUNT / 2 + 1);
    let neighbours_tag = etag(&gateway, &neighbour).await;
    let edited = gateway
        .put(&middle(COUNT), &identity(&gateway.pki.partner_b))
        .await;
    assert_eq!(ask(&partner).await.status, 403);
    assert_eq!(ask(&newcomer).await.status, 200);

    assert_eq!(etag(&gateway, &neighbour).await, neighbours_tag);
    let written = written_in(&gateway, edited.revision()).await;
    assert_eq!(written, [middle(COUNT).to_ascii_lowercase()]);

    gateway.delete(&middle(COUNT)).await;
    assert_eq!(ask(&newcomer).await.status, 403);
}

#[tokio::test]
async fn a_large_list_put_again_with_one_difference_writes_the_difference_only() {
    const COUNT: u64 = 20_000;
    let (gateway, _) = gateway_with(COUNT).await;
    let partner = connect(&gateway, &gateway.pki.partner_a).await;
    gateway
        .put(&middle(COUNT), &identity(&gateway.pki.partner_b))
        .await;
    assert_eq!(ask(&partner).await.status, 403);
    let uploaded = upload(&gateway, COUNT).await;
    assert_eq!(ask(&partner).await.status, 200);
    let written = written_in(&gateway, uploaded.revision).await;
    let expected = [LIST.to_owned(), middle(COUNT)].map(|path| path.to_ascii_lowercase());
    assert_eq!(written, expected);
}

#[tokio::test]
async fn a_large_list_is_there_again_after_a_restart_with_the_edit_of_one_member() {
    const COUNT: u64 = 20_000;
    let (gateway, _) = gateway_with(COUNT).await;
    gateway
        .put(&middle(COUNT), &identity(&gateway.pki.partner_b))
        .await;
    let gateway = gateway.restart();
    let reply = gateway
        .admin()
        .get(&format!("/apim/{LIST}/identities?$top=1"))
        .await;
    assert_eq!(reply.unwrap().json["count"], COUNT);
    let partner = connect(&gateway, &gateway.pki.partner_a).await;
    let newcomer = connect(&gateway, &gateway.pki.partner_b).await;
    assert_eq!(ask(&partner).await.status, 403);
    assert_eq!(ask(&newcomer).await.status, 200);
}

/// What one size of the list came to.
struct Measured {
    edit: Duration,
    lookup: Duration,
    refusal: Duration,
}

fn median(mut times: Vec<Duration>) -> Duration {
    times.sort_unstable();
    times[times.len() / 2]
}

/// Medians over many, each timed from the client's end.
async fn measure(gateway: &TestGateway, count: u64) -> Measured {
    let allowed = connect(gateway, &gateway.pki.partner_a).await;
    let refused = connect(gateway, &gateway.pki.partner_b).await;
    let timed = async |connection: &Connection, status: u16| {
        let mut times = Vec::new();
        for _ in 0..2_000 {
            let start = Instant::now();
            let response = ask(connection).await;
            times.push(start.elapsed());
            assert_eq!(response.status, status);
        }
        median(times)
    };
    let (lookup, refusal) = (timed(&allowed, 200).await, timed(&refused, 403).await);
    let mut edits = Vec::new();
    for number in 0..200 {
        // Not the one in the middle, which is asked for.
        let path = format!("{LIST}/identities/member-{}", number * (count / 200) + 1);
        let body = properties(&json!({ "thumbprint": thumbprint(count * 2 + number) }));
        let start = Instant::now();
        gateway.put(&path, &body).await;
        edits.push(start.elapsed());
    }
    Measured {
        edit: median(edits),
        lookup,
        refusal,
    }
}

/// `VmRSS` and `VmHWM` of this process in MiB.
fn memory() -> (u64, u64) {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let of = |name: &str| {
        let line = status.lines().find(|line| line.starts_with(name));
        let kilobytes = line.and_then(|line| line.split_whitespace().nth(1));
        kilobytes
            .and_then(|text| text.parse::<u64>().ok())
            .unwrap_or(0)
            / 1024
    };
    (of("VmRSS:"), of("VmHWM:"))
}

fn report(count: u64, measured: &Measured) {
    eprintln!(
        "{count} identities: edit of one member {:?}, request let through {:?}, request refused {:?} (medians)",
        measured.edit, measured.lookup, measured.refusal
    );
}

#[tokio::test]
#[ignore = "a measurement of times and memory; the head of the file says how to run it"]
async fn the_edit_of_one_member_does_not_grow_with_the_list() {
    const SMALL: u64 = 1_000;
    const LARGE: u64 = 1_000_000;
    let (small, _) = gateway_with(SMALL).await;
    let at_small = measure(&small, SMALL).await;
    report(SMALL, &at_small);
    drop(small);

    let (before, _) = memory();
    let start = Instant::now();
    let (large, size) = gateway_with(LARGE).await;
    let uploaded = start.elapsed();
    let (after, peak) = memory();
    eprintln!(
        "{LARGE} identities: {} MiB uploaded in {uploaded:?}; memory {before} -> {after} MiB (peak {peak}); store {} MiB",
        size >> 20,
        store_size(&large) >> 20,
    );
    let at_large = measure(&large, LARGE).await;
    report(LARGE, &at_large);
    let start = Instant::now();
    let large = large.restart();
    eprintln!(
        "restarted in {:?}; memory {} MiB",
        start.elapsed(),
        memory().0
    );
    let partner = connect(&large, &large.pki.partner_a).await;
    assert_eq!(ask(&partner).await.status, 200);

    // A thousand times the list: anything proportional would be far outside.
    assert!(at_large.edit < at_small.edit * 10, "the edit grows");
    assert!(at_large.lookup < at_small.lookup * 10, "the lookup grows");
}
