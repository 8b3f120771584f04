//! Requests made by the clients that people use: `curl`, and Python's `requests`.

#![expect(
    clippy::expect_used,
    clippy::panic,
    reason = "a test fails by panicking"
)]

use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use gateway_testkit::Pki;

/// A client program.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Program {
    /// `curl`.
    Curl,
    /// Python with `requests`.
    PythonRequests,
}

/// What it got.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Got {
    /// Status code.
    pub status: u16,
    /// Body.
    pub body: String,
}

/// The Python script: URL, CA, and optionally certificate and key; prints the status, a line end, the body.
const SCRIPT: &str = "import sys, requests
cert = tuple(sys.argv[3:5]) or None
answer = requests.get(sys.argv[1], verify=sys.argv[2], cert=cert, timeout=20)
sys.stdout.write(f'{answer.status_code}\\n{answer.text}')";

impl Program {
    /// Both.
    pub const ALL: [Self; 2] = [Self::Curl, Self::PythonRequests];

    /// GETs `url` with the certificate whose files in the PKI's directory are called `identity`.
    ///
    /// # Panics
    /// If the program is missing or gets no answer.
    #[must_use]
    pub fn get(self, pki: &Pki, url: &str, identity: Option<&str>) -> Got {
        let ca = pki.path("ca.pem");
        let files = identity.map(|name| {
            (
                pki.path(&format!("{name}.pem")),
                pki.path(&format!("{name}.key")),
            )
        });
        let output = match self {
            Self::Curl => curl(url, &ca, files),
            Self::PythonRequests => python(url, &ca, files),
        };
        let text = String::from_utf8_lossy(&output.stdout).into_owned();
        let parsed = match self {
            // The status is written last.
            Self::Curl => text.rsplit_once('\n').map(|(body, status)| (status, body)),
            Self::PythonRequests => text.split_once('\n'),
        };
        let answer = parsed.and_then(|(status, body)| {
            Some(Got {
                status: status.trim().parse().ok()?,
                body: body.to_owned(),
            })
        });
        answer.unwrap_or_else(|| {
            panic!(
                "{self:?} got no answer: {}",
                String::from_utf8_lossy(&output.stderr)
            )
        })
    }
}

fn curl(url: &str, ca: &Path, files: Option<(PathBuf, PathBuf)>) -> Output {
    let mut command = Command::new("curl");
    command.args([
        "--silent",
        "--show-error",
        "--max-time",
        "20",
        "--write-out",
        "\n%{http_code}",
    ]);
    command.arg("--cacert").arg(ca);
    if let Some((certificate, key)) = files {
        command.arg("--cert").arg(certificate).arg("--key").arg(key);
    }
    command
        .arg(url)
        .output()
        .expect("curl is installed (scripts/setup test)")
}

fn python(url: &str, ca: &Path, files: Option<(PathBuf, PathBuf)>) -> Output {
    let mut command = Command::new(python_program());
    command.arg("-c").arg(SCRIPT).arg(url).arg(ca);
    if let Some((certificate, key)) = files {
        command.arg(certificate).arg(key);
    }
    command
        .output()
        .expect("Python is installed (scripts/setup test)")
}

/// The interpreter of the project's virtual environment, which `scripts/setup test` makes.
///
/// # Panics
/// If there is none.
#[must_use]
pub fn python_program() -> PathBuf {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"))
        .ancestors()
        .nth(2)
        .expect("the project's directory");
    let program = root.join(".venv/bin/python");
    assert!(
        program.exists(),
        "{} is missing: run scripts/setup test",
        program.display()
    );
    program
}
