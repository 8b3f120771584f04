//! The life of the process: checked, started, asked, told to end.

#![allow(
    missing_docs,
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    reason = "tests fail by panicking"
)]

use std::net::TcpListener;
use std::path::Path;
use std::process::{Command, Output};
use std::time::Duration;

use gateway_e2e::{Installation, Process, health, operation, program, without_test_variables};
use gateway_testkit::{Alpn, Answer, Origin, eventually};
use serde_json::Value;

const ENDS: Duration = Duration::from_secs(20);

fn run(mut command: Command) -> (Option<i32>, String) {
    let Output {
        status,
        stdout,
        stderr,
    } = without_test_variables(&mut command)
        .output()
        .expect("it runs");
    let text = [stdout, stderr].concat();
    (status.code(), String::from_utf8_lossy(&text).into_owned())
}

#[test]
fn check_and_serve_report_every_mistake_by_key_and_exit_before_a_port_is_bound() {
    let taken = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = taken.local_addr().unwrap();
    let directory = tempfile::tempdir().unwrap();
    let config = directory.path().join("countersign.toml");
    let text = format!(
        "[gateway]\nlisten = [\"{address}\"]\nwrokers = 2\ndrain_timeout = \"soon\"\n\
         [admin]\nlisten = \"{address}\"\ncertificate = \"nowhere.pem\"\nkey = \"nowhere.key\"\ntoken_file = \"token\"\n\
         [trust]\nrevocation = \"perhaps\"\n[limits]\nmax_headers = 0\n[[host]]\nname = \"a b\"\n"
    );
    std::fs::write(&config, text).unwrap();
    for word in ["check", "serve"] {
        let mut command = Command::new(program());
        command.arg(word).arg("--config").arg(&config);
        let (code, said) = run(command);
        assert_eq!(code, Some(1), "{word}: {said}");
        for key in [
            "gateway.wrokers",
            "gateway.drain_timeout",
            "admin.certificate",
            "admin.key",
            "admin.token_file",
            "trust.revocation",
            "limits.max_headers",
            "name",
            "certificate",
        ] {
            assert!(said.contains(key), "{word} names {key}: {said}");
        }
        assert!(said.contains("workers"), "the nearest name: {said}");
        // A bind would have met the listener of this test.
        assert!(!said.contains("cannot listen"), "{word}: {said}");
        assert!(!said.contains("panicked"), "{word}: {said}");
    }
    let files: Vec<_> = std::fs::read_dir(directory.path()).unwrap().collect();
    assert_eq!(files.len(), 1, "nothing was made: {files:?}");
}

#[test]
fn a_good_configuration_is_ok_and_an_address_in_use_is_said() {
    let installation = Installation::new("");
    let mut command = Command::new(program());
    command
        .arg("check")
        .arg("--config")
        .arg(installation.file("countersign.toml"));
    assert_eq!(run(command), (Some(0), "ok\n".to_owned()));

    let taken = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = taken.local_addr().unwrap().to_string();
    for key in ["GATEWAY", "ADMIN", "HEALTH"] {
        let mut command = installation.command();
        command.env(format!("COUNTERSIGN_{key}_LISTEN"), &address);
        let (code, said) = run(command);
        assert_ne!(code, Some(0), "{key}: {said}");
        assert!(code.is_some() && said.contains(&address), "{key}: {said}");
    }
}

/// `countersign dev` in a directory, and what it printed.
struct Dev {
    process: Process,
    printed: Vec<String>,
}

impl Dev {
    fn start(directory: &Path) -> Self {
        let mut command = Command::new(program());
        command
            .current_dir(directory)
            .args(["dev", "--gateway", "127.0.0.1:0"])
            .args(["--admin", "127.0.0.1:0", "--health", "127.0.0.1:0"]);
        let process = Process::start(command);
        process.wait_for("`ready`", |line| (line == "ready").then_some(()));
        let printed = process.stdout();
        Self { process, printed }
    }

    fn address(&self, name: &str) -> String {
        let line = self.printed.iter().find_map(|line| {
            let rest = line.trim_start().strip_prefix(name)?;
            rest.starts_with(' ').then(|| rest.trim().to_owned())
        });
        line.expect("an address")
    }

    fn curl_lines(&self) -> Vec<&str> {
        let lines = self.printed.iter().map(String::as_str);
        lines.filter(|line| line.starts_with("curl ")).collect()
    }

    /// Runs a printed line as it is, in the directory where it was printed; status and body.
    fn shell(directory: &Path, line: &str) -> (u16, String) {
        let mut command = Command::new("sh");
        command.current_dir(directory).arg("-c").arg(format!(
            "{line} --silent --show-error --write-out '\\n%{{http_code}}'"
        ));
        let (code, said) = run(command);
        assert_eq!(code, Some(0), "{line}: {said}");
        let (body, status) = said.rsplit_once('\n').expect("a status");
        (status.parse().expect("a status"), body.to_owned())
    }

    fn end(&mut self) {
        self.process.signal("TERM");
        assert_eq!(self.process.wait(ENDS).code(), Some(0));
    }
}

fn records(path: &Path) -> Vec<Value> {
    let text = std::fs::read_to_string(path).unwrap_or_default();
    text.lines()
        .map(|line| serde_json::from_str(line).expect("a JSON line"))
        .collect()
}

#[tokio::test]
async fn dev_makes_its_files_and_lets_partner_a_in_and_each_other_out_for_its_own_reason() {
    let directory = tempfile::tempdir().unwrap();
    let dev = Dev::start(directory.path());
    let made = directory.path().join(".countersign");
    for (name, mode) in [
        ("admin-token", 0o600),
        ("master.key", 0o600),
        ("countersign.db", 0o600),
        ("pki/ca.pem", 0o644),
        ("pki/ca.key", 0o600),
    ] {
        assert_eq!(mode_of(&made.join(name)), mode, "{name}");
    }
    let clients = ["partner-a", "partner-b", "stranger", "expired", "revoked"];
    for name in clients.iter().chain(&["server", "my-backend-cert"]) {
        assert_eq!(mode_of(&made.join(format!("pki/{name}.pem"))), 0o644);
        assert_eq!(mode_of(&made.join(format!("pki/{name}.key"))), 0o600);
        assert_eq!(mode_of(&made.join(format!("pki/{name}.pfx"))), 0o600);
    }
    let mut openssl = Command::new("openssl");
    openssl
        .args(["pkcs12", "-nokeys", "-passin", "pass:password", "-in"])
        .arg(made.join("pki/partner-a.pfx"));
    let (code, said) = run(openssl);
    assert_eq!(code, Some(0), "{said}");
    assert!(said.contains("partner-company.com"), "{said}");

    let mine = dev.curl_lines()[0].to_owned();
    let (status, body) = Dev::shell(directory.path(), &mine);
    assert_eq!(status, 200, "{body}");
    // The sample backend demands a certificate of its own and says which it was.
    let body: Value = serde_json::from_str(&body).unwrap();
    assert_eq!(
        body["presentedCertificate"].as_str().map(str::len),
        Some(40)
    );
    for other in &clients[1..] {
        let (status, body) = Dev::shell(directory.path(), &mine.replace("partner-a", other));
        assert_eq!(status, 403, "{other}: {body}");
    }
    let url = mine.rsplit(' ').next().unwrap();
    let nobody = format!("curl --cacert .countersign/pki/ca.pem {url}");
    assert_eq!(Dev::shell(directory.path(), &nobody).0, 403);

    let log = made.join("access.jsonl");
    eventually(ENDS, "all requests are recorded", || async {
        (records(&log).len() == 6).then_some(())
    })
    .await;
    let reasons: Vec<_> = records(&log)
        .iter()
        .map(|record| {
            let text = |name: &str| record[name].as_str().unwrap_or("-").to_owned();
            format!(
                "{} {} {}",
                record["status"],
                text("verdict"),
                text("verdict_reason")
            )
        })
        .collect();
    assert_eq!(
        reasons,
        [
            "200 accepted -",
            "403 refused ClientCertificateIdentityNotMatched",
            "403 refused ClientCertificateNotTrusted",
            "403 refused ClientCertificateExpired",
            "403 refused ClientCertificateRevoked",
            "403 refused ClientCertificateNotFound",
        ]
    );
}

fn mode_of(path: &Path) -> u32 {
    use std::os::unix::fs::PermissionsExt as _;
    let metadata = std::fs::metadata(path).unwrap_or_else(|error| panic!("{path:?}: {error}"));
    metadata.permissions().mode() & 0o7777
}

#[test]
fn the_printed_commands_swap_the_partners_and_a_second_start_keeps_everything() {
    let directory = tempfile::tempdir().unwrap();
    let shell = |line: &str| Dev::shell(directory.path(), line);
    let mut dev = Dev::start(directory.path());
    let lines: Vec<String> = dev.curl_lines().iter().map(ToString::to_string).collect();
    let [a, b, put, delete, list] = lines.as_slice() else {
        panic!("five commands: {lines:#?}");
    };
    assert_eq!((shell(a).0, shell(b).0), (200, 403));
    let (status, said) = shell(put);
    assert_eq!(status, 201, "{said}");
    let (status, said) = shell(delete);
    assert!((200..300).contains(&status), "{status} {said}");
    assert_eq!((shell(a).0, shell(b).0), (403, 200));
    let (status, said) = shell(list);
    assert_eq!(status, 200);
    assert!(
        said.contains("partner-b") && !said.contains("partner-a"),
        "{said}"
    );
    let kept =
        |name: &str| std::fs::read(directory.path().join(".countersign").join(name)).unwrap();
    let names = [
        "pki/ca.pem",
        "pki/ca.key",
        "pki/partner-a.pfx",
        "admin-token",
        "master.key",
        "countersign.toml",
    ];
    let before = names.map(kept);
    dev.end();

    let mut dev = Dev::start(directory.path());
    assert_eq!(names.map(kept), before);
    let lines: Vec<String> = dev.curl_lines().iter().map(ToString::to_string).collect();
    assert_eq!((shell(&lines[0]).0, shell(&lines[1]).0), (403, 200));
    dev.end();
}

/// `requests` where the project's virtual environment has it, else the standard library.
const PYTHON: &str = r"
import sys
url, ca, certificates = sys.argv[1], sys.argv[2], sys.argv[3:]
try:
    import requests
    def get(name):
        cert = (name + '.pem', name + '.key') if name else None
        return requests.get(url, verify=ca, cert=cert, timeout=20).status_code
    print('requests')
except ImportError:
    import ssl, urllib.request, urllib.error
    def get(name):
        context = ssl.create_default_context(cafile=ca)
        if name:
            context.load_cert_chain(name + '.pem', name + '.key')
        try:
            return urllib.request.urlopen(url, context=context, timeout=20).status
        except urllib.error.HTTPError as error:
            return error.code
    print('urllib')
for name in certificates + ['']:
    print(get(name))
";

#[test]
fn python_is_let_in_with_the_right_certificate_only() {
    let directory = tempfile::tempdir().unwrap();
    let dev = Dev::start(directory.path());
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
    let ours = root.join(".venv/bin/python");
    let with_requests = ours.exists();
    let mut command = Command::new(if with_requests {
        &ours
    } else {
        Path::new("/usr/bin/python3")
    });
    let pki = directory.path().join(".countersign/pki");
    command
        .args(["-c", PYTHON])
        .arg(format!("{}/orders/1", dev.address("gateway")))
        .arg(pki.join("ca.pem"));
    for name in ["partner-a", "partner-b", "expired"] {
        command.arg(pki.join(name));
    }
    let (code, said) = run(command);
    assert_eq!(code, Some(0), "{said}");
    let library = if with_requests { "requests" } else { "urllib" };
    let lines: Vec<&str> = said.lines().collect();
    assert_eq!(lines, [library, "200", "403", "403", "403"]);
}

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

fn check_store(installation: &Installation) -> (Option<i32>, String) {
    let mut command = Command::new(program());
    command
        .args(["check", "--store", "--config"])
        .arg(installation.file("countersign.toml"));
    run(command)
}

#[tokio::test]
async fn check_of_a_store_says_what_serve_would_close_and_makes_nothing() {
    let installation = Installation::new("");
    let (code, said) = check_store(&installation);
    assert!(code == Some(1) && said.contains("does not exist"), "{said}");
    for name in ["countersign.db", "master.key"] {
        assert!(!installation.file(name).exists(), "{name} was made");
    }
    let mut served = installation.serve();
    installation.seed(&served).await;
    let (code, said) = check_store(&installation);
    assert!(code == Some(1) && said.contains("in use"), "{said}");
    served.process.signal("TERM");
    assert_eq!(served.process.wait(ENDS).code(), Some(0));
    assert_eq!(check_store(&installation), (Some(0), "ok\n".to_owned()));

    // A host of the files that the store has too: `serve` would not know which one to show.
    let toml = installation.file("countersign.toml");
    let host = format!(
        "[[host]]\nname = \"localhost\"\ncertificate = {:?}\nkey = {:?}\n",
        installation.pki.path("server.pem"),
        installation.pki.path("server.key")
    );
    let text = std::fs::read_to_string(&toml).unwrap() + &host;
    std::fs::write(&toml, text).unwrap();
    let (code, said) = check_store(&installation);
    assert!(
        code == Some(1) && said.contains("configured twice"),
        "{said}"
    );
}

#[tokio::test]
async fn a_store_without_its_master_key_is_refused_and_no_other_key_is_made() {
    let installation = Installation::new("");
    let mut served = installation.serve();
    installation.seed(&served).await;
    served.process.signal("TERM");
    assert_eq!(served.process.wait(ENDS).code(), Some(0));
    let (key, elsewhere) = (
        installation.file("master.key"),
        installation.file("elsewhere"),
    );
    std::fs::rename(&key, &elsewhere).unwrap();
    let serve = without_key(run(installation.command()));
    let check = without_key(check_store(&installation));
    for said in [serve, check] {
        assert!(
            said.contains("master.key") && said.contains("countersign.db"),
            "{said}"
        );
    }
    assert!(
        !key.exists(),
        "another key would only hide that this one is lost"
    );

    // Another store's key is not taken either, and says so.
    std::fs::write(&key, "00".repeat(32)).unwrap();
    std::fs::set_permissions(&key, std::os::unix::fs::PermissionsExt::from_mode(0o600)).unwrap();
    let said = without_key(run(installation.command()));
    assert!(said.contains("master key"), "{said}");

    std::fs::rename(&elsewhere, &key).unwrap();
    let served = installation.serve();
    assert_eq!(served.health("/readyz").0, 200);
}

fn without_key((code, said): (Option<i32>, String)) -> String {
    assert!(code.is_some_and(|code| code != 0), "{said}");
    assert!(!said.contains("panicked"), "{said}");
    said
}
