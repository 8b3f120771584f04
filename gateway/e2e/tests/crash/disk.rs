//! There is no room for a change.

use std::path::PathBuf;
use std::process::Command;
use std::time::Duration;

use gateway_e2e::{Installation, Served, identity, named_value, program};
use gateway_testkit::{Origin, eventually};

use crate::{Random, WRITERS, prepare};

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

#[tokio::test]
async fn a_full_disk_under_the_logs_costs_records_that_are_counted_and_no_request() {
    let origin = Origin::http();
    let installation = Installation::new("");
    let mut command = installation.command();
    // Every write to it fails as on a full disk (full(4)).
    command
        .env("COUNTERSIGN_LOG_ACCESS", "/dev/full")
        .env("COUNTERSIGN_LOG_AUDIT", "/dev/full");
    let served = installation.serve_by(command);
    prepare(&installation, &served, &origin).await;
    let client = installation.client(&served).build().unwrap();
    for _ in 0..5 {
        let pairs = client.get("/pairs/1").await.unwrap();
        assert_eq!(pairs.text(), ["0/0"; WRITERS].join(" "));
    }
    let count = |metrics: &str, name: &str, log: &str| -> u64 {
        let series = format!("countersign_log_{name}_total{{log=\"{log}\"}} ");
        let line = metrics.lines().find_map(|line| line.strip_prefix(&series));
        line.and_then(|value| value.parse().ok())
            .expect("the metric")
    };
    let soon = Duration::from_secs(10);
    eventually(soon, "the lost records are counted", || async {
        let (_, metrics) = served.health("/metrics");
        let lost = ["access", "audit"].map(|log| count(&metrics, "records_dropped", log));
        let failures = ["access", "audit"].map(|log| count(&metrics, "errors", log));
        (lost[0] == 5 && lost[1] > 0 && failures.iter().all(|count| *count > 0)).then_some(())
    })
    .await;
    let said = served.process.stderr().join("\n");
    assert!(
        said.contains("access log") && said.contains("audit"),
        "{said}"
    );
    let (status, readiness) = served.health("/readyz");
    assert_eq!(status, 200, "it serves: {readiness}");
    assert!(
        readiness.contains("degraded")
            && readiness.contains("the audit log `/dev/full` cannot be written"),
        "{readiness}"
    );
}
