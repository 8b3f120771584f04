//! The process is killed at any moment, and started again.

use std::cell::RefCell;
use std::path::Path;
use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use gateway_e2e::{Installation, Served};
use gateway_testkit::{AdminClient, Origin, hex};
use serde_json::Value;

use crate::writer::Writer;
use crate::{PUBLIC, Random, SECRET, WRITERS, prepare};

/// Kills of one run.
const CRASHES: usize = 32;

/// The data path judges and answers by exactly what GET shows.
async fn check_served(installation: &Installation, served: &Served, writers: &[Writer]) {
    let value = |w: usize, half: &str| {
        let writer: &Writer = &writers[w];
        writer.acknowledged[&format!("namedValues/t{w}-{half}")].clone()
    };
    let pairs = (0..WRITERS).map(|w| format!("{}/{}", value(w, "a"), value(w, "b")));
    let expected = pairs.collect::<Vec<_>>().join(" ");
    let nobody = installation.client(served).build().unwrap();
    assert_eq!(nobody.get("/pairs/1").await.unwrap().text(), expected);
    for writer in writers {
        let member = format!("identityLists/partners/identities/w{}", writer.number);
        let client = installation.client_of(served, &writer.client);
        let status = client.get("/orders/1").await.unwrap().status.as_u16();
        let expected = if writer.acknowledged.contains_key(&member) {
            200
        } else {
            403
        };
        assert_eq!(status, expected, "writer {}", writer.number);
    }
}

#[tokio::test]
async fn whenever_the_process_is_killed_every_acknowledged_change_is_there_whole_and_served() {
    let seed = std::env::var("COUNTERSIGN_TEST_CRASH_SEED");
    let seed = seed
        .ok()
        .and_then(|seed| seed.parse().ok())
        .unwrap_or(20_261_122);
    println!("COUNTERSIGN_TEST_CRASH_SEED={seed}");
    let mut random = Random(seed);
    let installation = Installation::new("");
    // So that forgetting old revisions is interrupted too.
    let toml = installation.file("countersign.toml");
    let text = std::fs::read_to_string(&toml).unwrap();
    let text = text.replace("[store]\n", "[store]\nkeep_revisions = 25\n");
    std::fs::write(&toml, text).unwrap();
    let origin = Origin::http();
    let mut served = installation.serve();
    prepare(&installation, &served, &origin).await;
    let mut writers: Vec<Writer> = (0..WRITERS)
        .map(|number| Writer {
            number,
            random: Random(random.next() | 1),
            written: 0,
            acknowledged: ["a", "b"]
                .map(|half| (format!("namedValues/t{number}-{half}"), "0".to_owned()))
                .into(),
            in_flight: None,
            revision: 0,
            changes: 0,
            client: installation.pki.client(format!("writer-{number}").as_str()),
            uploads: ["one", "two"].map(|name| installation.pki.client(name)),
        })
        .collect();

    let mut said = Vec::new();
    let mut late = 0;
    for _ in 0..CRASHES {
        let moment = Duration::from_micros(5_000 + random.below(200_000));
        let clients: Vec<AdminClient> = writers
            .iter()
            .map(|_| admin(&installation, &served))
            .collect();
        let killed = RefCell::new(&mut served);
        let killing = async {
            tokio::time::sleep(moment).await;
            killed.borrow_mut().process.kill();
        };
        let [a, b, c, d] = &mut writers[..] else {
            panic!("four writers")
        };
        tokio::join!(
            killing,
            a.write(&clients[0]),
            b.write(&clients[1]),
            c.write(&clients[2]),
            d.write(&clients[3]),
        );
        said.extend([served.process.stdout(), served.process.stderr()].concat());

        served = installation.serve();
        let acknowledged = writers.iter().map(|writer| writer.revision).max().unwrap();
        let reply = served.admin.get("/apim/namedValues").await.unwrap();
        let revision = reply.revision().unwrap();
        assert!(revision >= acknowledged, "{revision} after {acknowledged}");
        assert!(
            revision <= acknowledged + WRITERS as u64,
            "{revision} after {acknowledged}"
        );
        late += revision - acknowledged;
        for writer in &mut writers {
            writer.check(&served).await;
            // What was in flight is known now: the next run begins here.
            writer.revision = revision;
        }
        check_served(&installation, &served, &writers).await;
    }
    let changes: usize = writers.iter().map(|writer| writer.changes).sum();
    println!(
        "{CRASHES} kills, {changes} changes acknowledged, {late} in flight were found besides"
    );
    assert!(
        changes >= CRASHES * 5,
        "{changes} changes are too few to say anything"
    );
    said.extend([served.process.stdout(), served.process.stderr()].concat());
    served.process.kill();

    let audited = audited(&installation.file("audit.jsonl"));
    assert!(
        audited >= changes,
        "{audited} of {changes} acknowledged changes are in the audit log"
    );
    let logs = said.join("\n");
    assert!(!logs.contains("panicked"), "{logs}");
    no_secret_is_written(&installation, &writers, &logs);
}

fn admin(installation: &Installation, served: &Served) -> AdminClient {
    let ca = installation.pki.ca.certificate();
    AdminClient::new(served.admin_address, ca, "end-to-end-test-token").unwrap()
}

/// Whole records of applied changes; a kill may tear the last line of a run.
fn audited(path: &Path) -> usize {
    let text = std::fs::read_to_string(path).unwrap();
    let records = text
        .lines()
        .filter_map(|line| serde_json::from_str::<Value>(line).ok());
    records
        .filter(|record| record["outcome"] == "applied")
        .count()
}

/// Greps database, log of the database and logs for every form that a key or a secret may take.
fn no_secret_is_written(installation: &Installation, writers: &[Writer], logs: &str) {
    let mut files: Vec<(String, Vec<u8>)> = [
        "countersign.db",
        "countersign.db-wal",
        "access.jsonl",
        "audit.jsonl",
    ]
    .iter()
    .map(|name| {
        (
            name.to_string(),
            std::fs::read(installation.file(name)).unwrap(),
        )
    })
    .collect();
    files.push(("output".to_owned(), logs.as_bytes().to_vec()));
    let mut needles: Vec<(&str, Vec<u8>)> = Vec::new();
    let mut forms = |what, secret: &[u8]| {
        needles.push((what, secret.to_vec()));
        needles.push((what, hex(secret).into_bytes()));
        needles.push((what, hex(secret).to_ascii_lowercase().into_bytes()));
        // Base64 of it wherever it begins in what was encoded; the ends depend on the neighbours.
        for skip in 0..3 {
            let whole = &secret[skip..skip + (secret.len() - skip) / 3 * 3];
            needles.push((what, STANDARD.encode(whole).into_bytes()));
        }
    };
    let issued = writers.iter().flat_map(|writer| &writer.uploads);
    for issued in issued.chain([&installation.pki.server]) {
        let scalar = issued.key().ec_key().unwrap().private_key().to_vec();
        forms("a private key", &scalar);
    }
    forms("a secret value", SECRET.as_bytes());
    forms("the token", b"end-to-end-test-token");
    let master = std::fs::read(installation.file("master.key")).unwrap();
    forms("the master key", master.trim_ascii());
    for (name, content) in &files {
        for (what, needle) in &needles {
            assert!(!contains(content, needle), "{what} is in {name}");
        }
        for marker in ["PRIVATE KEY-----", "\"password\":\"password\""] {
            assert!(
                !contains(content, marker.as_bytes()),
                "{marker} is in {name}"
            );
        }
    }
    // The search does find what is not secret.
    let mut stored = files[..2].iter();
    assert!(stored.any(|(_, content)| contains(content, PUBLIC.as_bytes())));
}

fn contains(content: &[u8], needle: &[u8]) -> bool {
    content.windows(needle.len()).any(|window| window == needle)
}
