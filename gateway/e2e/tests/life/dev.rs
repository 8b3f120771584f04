//! `countersign dev`, as the README has it: with curl, Python and a second start.

use std::path::Path;
use std::process::Command;

use gateway_e2e::{Process, program};
use gateway_testkit::eventually;
use serde_json::Value;

use crate::{ENDS, records, run};

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
