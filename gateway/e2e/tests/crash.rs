//! `kill -9`, and a disk without room: what was acknowledged is there, whole, and served.

#![allow(
    missing_docs,
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    reason = "tests fail by panicking"
)]

use std::cell::RefCell;
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use gateway_e2e::{
    Installation, Served, api, identity, named_value, operation, policy, program, properties,
};
use gateway_testkit::{AdminClient, Issued, Origin, hex};
use http::Method;
use serde_json::{Value, json};

/// Kills of one run.
const CRASHES: usize = 32;

/// Writers at a time, each with a connection of its own.
const WRITERS: usize = 4;

/// Plain named values of each writer.
const PLAIN: u64 = 5;

/// xorshift64*: the same run for the same seed, as far as the machine's timing allows.
struct Random(u64);

impl Random {
    fn next(&mut self) -> u64 {
        self.0 ^= self.0 >> 12;
        self.0 ^= self.0 << 25;
        self.0 ^= self.0 >> 27;
        self.0.wrapping_mul(0x2545_F491_4F6C_DD1D) >> 16
    }

    fn below(&mut self, end: u64) -> u64 {
        self.next() % end
    }
}

/// What clients read of each resource; a resource that is not there is not here.
type State = BTreeMap<String, String>;

/// One request and what it changes.
struct Op {
    method: Method,
    path: String,
    body: Option<Value>,
    changes: Vec<(String, Option<String>)>,
}

impl Op {
    fn apply(&self, state: &mut State) {
        for (path, value) in &self.changes {
            match value {
                Some(value) => state.insert(path.clone(), value.clone()),
                None => state.remove(path),
            };
        }
    }
}

/// Writes to resources that are its own, and remembers what was acknowledged.
struct Writer {
    number: usize,
    random: Random,
    written: u64,
    acknowledged: State,
    in_flight: Option<Op>,
    revision: u64,
    changes: usize,
    client: Issued,
    uploads: [Issued; 2],
}

impl Writer {
    fn all_paths(number: usize) -> Vec<String> {
        let mut paths = vec![
            format!("namedValues/t{number}-a"),
            format!("namedValues/t{number}-b"),
            format!("identityLists/partners/identities/w{number}"),
            format!("certificates/c{number}"),
        ];
        paths.extend((0..PLAIN).map(|k| format!("namedValues/n{number}-{k}")));
        paths
    }

    fn put(path: String, body: Value, value: String) -> Op {
        Op {
            method: Method::PUT,
            path: format!("/apim/{path}"),
            body: Some(body),
            changes: vec![(path, Some(value))],
        }
    }

    fn next(&mut self) -> Op {
        let number = self.number;
        self.written += 1;
        let token = format!("{number}-{}", self.written);
        let paths = Self::all_paths(number);
        let path = match self.random.below(8) {
            0..=2 => return self.pair(&token),
            3 => paths[2].clone(),
            4 => paths[3].clone(),
            _ => format!("namedValues/n{number}-{}", self.random.below(PLAIN)),
        };
        let is_there = self.acknowledged.contains_key(&path);
        if is_there && self.random.below(2) == 0 {
            return Op {
                method: Method::DELETE,
                path: format!("/apim/{path}"),
                body: None,
                changes: vec![(path, None)],
            };
        }
        if path.starts_with("identityLists/") {
            return Self::put(path, identity(&self.client), "on the list".to_owned());
        }
        if path.starts_with("certificates/") {
            let upload = &self.uploads[usize::from(self.random.below(2) == 0)];
            let data = STANDARD.encode(upload.to_pfx("password").unwrap());
            let body = properties(&json!({ "data": data, "password": "password" }));
            return Self::put(path, body, upload.thumbprint().unwrap());
        }
        let name = path.rsplit('/').next().unwrap().to_owned();
        Self::put(path, named_value(&name, &token), token)
    }

    /// Two named values in one transaction: never one without the other.
    fn pair(&self, token: &str) -> Op {
        let names = ["a", "b"].map(|half| format!("t{}-{half}", self.number));
        let operation = |name: &String| {
            let path = format!("namedValues/{name}");
            json!({ "method": "PUT", "path": path, "body": named_value(name, token) })
        };
        let changed = |name: &String| (format!("namedValues/{name}"), Some(token.to_owned()));
        Op {
            method: Method::POST,
            path: "/apim/transactions".to_owned(),
            body: Some(json!({ "operations": names.each_ref().map(operation) })),
            changes: names.iter().map(changed).collect(),
        }
    }

    /// Writes until the process is gone.
    async fn write(&mut self, admin: &AdminClient) {
        loop {
            let op = self.next();
            let fields = [(http::header::IF_MATCH, "*")];
            let fields = if op.method == Method::DELETE {
                &fields[..]
            } else {
                &[]
            };
            let sent = admin
                .request(op.method.clone(), &op.path, op.body.as_ref(), fields)
                .await;
            let Ok(reply) = sent else {
                self.in_flight = Some(op);
                return;
            };
            let (status, text) = (reply.status, &reply.text);
            assert!(
                status.is_success(),
                "{} {}: {status} {text}",
                op.method,
                op.path
            );
            self.revision = reply.revision().expect("a revision");
            self.changes += 1;
            op.apply(&mut self.acknowledged);
        }
    }

    /// What is there now must be what was acknowledged, or that and the change in flight.
    async fn check(&mut self, served: &Served) {
        let mut found = State::new();
        for path in Self::all_paths(self.number) {
            let reply = served.admin.get(&format!("/apim/{path}")).await.unwrap();
            let properties = &reply.json["properties"];
            let value = match (reply.status.as_u16(), path.split('/').next().unwrap()) {
                (404, _) => continue,
                (200, "namedValues") => properties["value"].as_str().unwrap(),
                (200, "certificates") => properties["thumbprint"].as_str().unwrap(),
                (200, _) => "on the list",
                (status, _) => panic!("GET {path}: {status} {}", reply.text),
            };
            found.insert(path, value.to_owned());
        }
        let in_flight = self.in_flight.take();
        if found == self.acknowledged {
            return;
        }
        let op = in_flight.expect("only a change in flight can be there besides");
        op.apply(&mut self.acknowledged);
        assert_eq!(found, self.acknowledged, "{} {}", op.method, op.path);
    }
}

const LISTED: &str = r#"<policies><inbound><base /><validate-client-certificate failed-validation-httpcode="403"><identities><identity-list id="partners" /></identities></validate-client-certificate></inbound></policies>"#;

/// A policy that answers with the pairs of all writers.
fn pairs_document() -> String {
    let pairs = (0..WRITERS).map(|w| format!("{{{{t{w}-a}}}}/{{{{t{w}-b}}}}"));
    let body = pairs.collect::<Vec<_>>().join(" ");
    format!(
        "<policies><inbound><base /><return-response><set-body>{body}</set-body></return-response></inbound></policies>"
    )
}

async fn prepare(installation: &Installation, served: &Served, origin: &Origin) {
    installation.seed(served).await;
    for writer in 0..WRITERS {
        for half in ["a", "b"] {
            let name = format!("t{writer}-{half}");
            let body = named_value(&name, "0");
            served.put(&format!("namedValues/{name}"), &body).await;
        }
    }
    let empty = properties(&json!({ "description": PUBLIC, "identities": [] }));
    served.put("identityLists/partners", &empty).await;
    for (name, document) in [("orders", LISTED), ("pairs", &pairs_document())] {
        served
            .put(&format!("apis/{name}"), &api(name, &origin.url()))
            .await;
        served
            .put(&format!("apis/{name}/operations/any"), &operation())
            .await;
        let path = format!("apis/{name}/policies/policy");
        served.put(&path, &policy(document)).await;
    }
    let mut secret = named_value("secret", SECRET);
    secret["properties"]["secret"] = json!(true);
    served.put("namedValues/secret", &secret).await;
}

/// Lists are stored in the clear.
const PUBLIC: &str = "words that anybody may read";

const SECRET: &str = "the-secret-that-nobody-may-find";

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

/// Whether this user may have a mount of its own (user namespaces).
fn can_mount() -> bool {
    let script = "mount -t tmpfs -o size=64k tmpfs /tmp";
    let tried = Command::new("unshare")
        .args(["-Urm", "sh", "-c", script])
        .output();
    tried.is_ok_and(|tried| tried.status.success())
}

async fn write_until_refused(served: &Served) -> (usize, gateway_testkit::AdminReply) {
    // Incompressible, so that no file system makes room where there is none.
    let mut random = Random(7);
    for number in 0..4_000 {
        let value: String = (0..200)
            .map(|_| format!("{:012x}", random.next() & 0xffff_ffff_ffff))
            .collect();
        let body = named_value(&format!("fill{number}"), &value);
        let reply = served
            .admin
            .put(&format!("/apim/namedValues/fill{number}"), &body)
            .await;
        let reply = reply.unwrap();
        if !reply.status.is_success() {
            return (number, reply);
        }
    }
    panic!("the disk never became full");
}

/// Changes are refused by name, what was there stays and is served.
async fn refuses_and_serves(installation: &Installation, served: &mut Served) -> usize {
    let (number, reply) = write_until_refused(served).await;
    assert_eq!(reply.status.as_u16(), 507, "{}", reply.text);
    assert_eq!(
        reply.json["error"]["code"], "StoreRefusedChange",
        "{}",
        reply.text
    );
    let message = reply.json["error"]["message"].as_str().unwrap();
    assert!(message.contains("was not made"), "{message}");
    let refused = served
        .admin
        .get(&format!("/apim/namedValues/fill{number}"))
        .await
        .unwrap();
    assert_eq!(refused.status.as_u16(), 404);
    // However often it is tried.
    for again in 0..20 {
        let body = named_value("again", &"x".repeat(3_000 + again));
        let reply = served
            .admin
            .put("/apim/namedValues/again", &body)
            .await
            .unwrap();
        let is_answered = reply.status.is_success() || reply.status.as_u16() == 507;
        assert!(is_answered, "{} {}", reply.status, reply.text);
    }
    let kept = format!("/apim/namedValues/fill{}", number - 1);
    assert_eq!(served.admin.get(&kept).await.unwrap().status.as_u16(), 200);
    let client = installation.client(served).build().unwrap();
    let pairs = client.get("/pairs/1").await.unwrap();
    assert_eq!(pairs.text(), ["0/0"; WRITERS].join(" "));
    let a = installation.client_of(served, &installation.pki.partner_a);
    assert_eq!(a.get("/orders/1").await.unwrap().status.as_u16(), 403);
    assert_eq!(served.health("/readyz").0, 200);
    assert!(served.process.is_running());
    number
}

#[tokio::test]
async fn a_full_disk_refuses_changes_with_a_clear_error_serves_on_and_takes_changes_when_there_is_room()
 {
    if !can_mount() {
        println!(
            "not run: user namespaces are not allowed here; the test with a limit of file sizes was"
        );
        return;
    }
    let origin = Origin::http();
    let installation = Installation::new("");
    let disk = installation.file("disk");
    std::fs::create_dir(&disk).unwrap();
    // A file system of its own in a mount namespace of its own: no root, no loop device.
    let script = "mount -t tmpfs -o size=2m tmpfs \"$1\" && exec \"$2\" serve --config \"$3\"";
    let mut command = Command::new("unshare");
    command
        .args(["-Urm", "sh", "-c", script, "sh"])
        .args([
            disk.clone(),
            program(),
            installation.file("countersign.toml"),
        ])
        .env("COUNTERSIGN_STORE_PATH", disk.join("countersign.db"));
    let mut served = installation.serve_by(command);
    prepare(&installation, &served, &origin).await;
    // As this process sees the other's mount; leaves little room.
    let inside = PathBuf::from(format!(
        "/proc/{}/root{}",
        served.process.id(),
        disk.display()
    ));
    let filler = inside.join("filler");
    std::fs::write(&filler, vec![0; 768 * 1024]).unwrap();
    let number = refuses_and_serves(&installation, &mut served).await;
    let reply = served
        .admin
        .put(
            "/apim/namedValues/one-more",
            &named_value("one-more", &"x".repeat(4_000)),
        )
        .await;
    let said = reply.unwrap().text;
    assert!(said.contains("the disk is full"), "{said}");

    std::fs::remove_file(&filler).unwrap();
    let name = format!("fill{number}");
    served
        .put(&format!("namedValues/{name}"), &named_value(&name, "fits"))
        .await;
    served
        .put(
            "identityLists/partners/identities/a",
            &identity(&installation.pki.partner_a),
        )
        .await;
    let a = installation.client_of(&served, &installation.pki.partner_a);
    assert_eq!(a.get("/orders/1").await.unwrap().status.as_u16(), 200);
    // What is in the store is what was acknowledged: it is read back by another process.
    for name in ["countersign.db", "countersign.db-wal"] {
        std::fs::copy(inside.join(name), installation.file(name)).unwrap();
    }
    served.process.kill();
    let served = installation.serve();
    let path = format!("/apim/namedValues/fill{number}");
    let reply = served.admin.get(&path).await.unwrap();
    assert_eq!(reply.json["properties"]["value"], "fits");
    let a = installation.client_of(&served, &installation.pki.partner_a);
    assert_eq!(a.get("/orders/1").await.unwrap().status.as_u16(), 200);
}

#[tokio::test]
async fn a_file_that_may_not_grow_refuses_changes_and_a_restart_with_room_goes_on() {
    let origin = Origin::http();
    let installation = Installation::new("");
    // RLIMIT_FSIZE in units of 512 bytes (POSIX `ulimit`); ignoring the signal makes it an error.
    let script = "trap '' XFSZ; ulimit -f 1200; exec \"$1\" serve --config \"$2\"";
    let mut command = Command::new("sh");
    command
        .args(["-c", script, "sh"])
        .args([program(), installation.file("countersign.toml")]);
    let mut served = installation.serve_by(command);
    prepare(&installation, &served, &origin).await;
    let number = refuses_and_serves(&installation, &mut served).await;
    served.process.signal("TERM");
    assert_eq!(served.process.wait(Duration::from_secs(20)).code(), Some(0));

    let served = installation.serve();
    let kept = format!("/apim/namedValues/fill{}", number - 1);
    assert_eq!(served.admin.get(&kept).await.unwrap().status.as_u16(), 200);
    let name = format!("fill{number}");
    assert_eq!(
        served
            .admin
            .get(&format!("/apim/namedValues/{name}"))
            .await
            .unwrap()
            .status
            .as_u16(),
        404
    );
    served
        .put(&format!("namedValues/{name}"), &named_value(&name, "fits"))
        .await;
}
