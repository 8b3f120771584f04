//! `countersign serve` as a process, over files of its own.

#![expect(clippy::expect_used, reason = "a test fails by panicking")]

use std::io::{Read as _, Write as _};
use std::net::{SocketAddr, TcpStream};
use std::os::unix::fs::PermissionsExt as _;
use std::path::PathBuf;
use std::process::Command;
use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use gateway_testkit::{AdminClient, Client, ClientBuilder, Issued, Pki, patience};
use serde_json::{Value, json};
use tempfile::TempDir;

use crate::configuration::properties;
use crate::process::{Process, program};

/// Token of the admin API.
const TOKEN: &str = "end-to-end-test-token";

/// The files of a `countersign serve`: configuration, certificates, store, logs.
#[derive(Debug)]
pub struct Installation {
    /// Certificates.
    pub pki: Pki,
    directory: TempDir,
}

/// A `countersign serve` that serves.
#[derive(Debug)]
pub struct Served {
    /// The process.
    pub process: Process,
    /// Address of the data path.
    pub gateway: SocketAddr,
    /// Address of the admin API.
    pub admin_address: SocketAddr,
    /// Address of the health listener.
    pub health: SocketAddr,
    /// The admin API's client.
    pub admin: AdminClient,
}

impl Installation {
    /// With an empty store. `extra` is more of the configuration file, e.g. `[limits]\n…`.
    ///
    /// # Panics
    /// If a file cannot be written.
    #[must_use]
    pub fn new(extra: &str) -> Self {
        Self::with_gateway("drain_timeout = \"10s\"", extra)
    }

    /// The same with keys of one's own in `[gateway]`.
    ///
    /// # Panics
    /// If a file cannot be written.
    #[must_use]
    pub fn with_gateway(gateway: &str, extra: &str) -> Self {
        let pki = Pki::new();
        let directory = tempfile::tempdir().expect("a directory");
        let installation = Self { pki, directory };
        installation.write("token", TOKEN);
        let key = installation.pki.path("server.key");
        for file in [installation.file("token"), key.clone()] {
            let private = std::fs::Permissions::from_mode(0o600);
            std::fs::set_permissions(file, private).expect("a private file");
        }
        let configuration = format!(
            "[gateway]\nlisten = [\"127.0.0.1:0\"]\nworkers = 2\nrevision_header = true\n{gateway}\n\
             [admin]\nlisten = \"127.0.0.1:0\"\ncertificate = {:?}\nkey = {:?}\ntoken_file = \"token\"\n\
             [health]\nlisten = \"127.0.0.1:0\"\n\
             [store]\npath = \"countersign.db\"\nmaster_key_file = \"master.key\"\n\
             [log]\naccess = \"access.jsonl\"\naudit = \"audit.jsonl\"\nformat = \"json\"\n{extra}\n",
            installation.pki.path("server.pem"),
            key,
        );
        installation.write("countersign.toml", &configuration);
        installation
    }

    /// A file in its directory.
    #[must_use]
    pub fn file(&self, name: &str) -> PathBuf {
        self.directory.path().join(name)
    }

    /// Writes a file into its directory.
    ///
    /// # Panics
    /// If it cannot be written.
    pub fn write(&self, name: &str, content: &str) {
        std::fs::write(self.file(name), content).expect("a file is written");
    }

    /// The command `countersign serve`.
    #[must_use]
    pub fn command(&self) -> Command {
        let mut command = Command::new(program());
        command
            .arg("serve")
            .arg("--config")
            .arg(self.file("countersign.toml"));
        command
    }

    /// Starts `countersign serve` and waits until it serves.
    ///
    /// # Panics
    /// If it does not.
    #[must_use]
    pub fn serve(&self) -> Served {
        self.serve_by(self.command())
    }

    /// The same by a command of one's own, for instance under a limit.
    ///
    /// # Panics
    /// If it does not serve.
    #[must_use]
    pub fn serve_by(&self, command: Command) -> Served {
        let process = Process::start(command);
        let addresses = process.wait_for("its addresses", |line| {
            let record: Value = serde_json::from_str(line).ok()?;
            (record.get("message")? == "serving").then_some(record)
        });
        let address = |name: &str| -> SocketAddr {
            let text = addresses.get(name).and_then(Value::as_str);
            let text = text.expect("an address").trim_matches(['[', ']']);
            text.parse().expect("an address")
        };
        let admin = AdminClient::new(address("admin"), self.pki.ca.certificate(), TOKEN);
        Served {
            gateway: address("gateway"),
            admin_address: address("admin"),
            health: address("health"),
            admin: admin.expect("an admin client"),
            process,
        }
    }

    /// The body of a service that trusts the test CA and serves `localhost`.
    ///
    /// # Panics
    /// If a certificate cannot be encoded.
    #[must_use]
    pub fn service(&self) -> Value {
        let ca = self.pki.ca.certificate().to_der().expect("a certificate");
        let pfx = self.pki.server.to_pfx("password").expect("a PFX");
        json!({
            "location": "local",
            "sku": { "name": "Developer", "capacity": 1 },
            "properties": {
                "publisherEmail": "test@example.test",
                "publisherName": "test",
                "certificates": [
                    { "storeName": "Root", "encodedCertificate": STANDARD.encode(ca) }
                ],
                "hostnameConfigurations": [{
                    "type": "Proxy",
                    "hostName": "localhost",
                    "encodedCertificate": STANDARD.encode(pfx),
                    "certificatePassword": "password",
                    "negotiateClientCertificate": true,
                    "defaultSslBinding": true
                }]
            }
        })
    }

    /// Puts the service and the revocation list of the test CA.
    pub async fn seed(&self, served: &Served) {
        served.put("", &self.service()).await;
        let crl = STANDARD.encode(self.pki.crl.der());
        served
            .put("crls/ca", &properties(&json!({ "encodedCrl": crl })))
            .await;
    }

    /// A client of the data path that trusts the test CA and names `localhost`.
    #[must_use]
    pub fn client(&self, served: &Served) -> ClientBuilder {
        Client::builder(served.gateway)
            .trust(self.pki.ca.certificate())
            .name("localhost")
    }

    /// The same with a certificate.
    ///
    /// # Panics
    /// If the client cannot be made.
    #[must_use]
    pub fn client_of(&self, served: &Served, identity: &Issued) -> Client {
        let client = self.client(served).identity(identity);
        client.build().expect("a client")
    }
}

impl Served {
    /// `PUT`s, and the test fails unless that succeeds.
    ///
    /// # Panics
    /// If it is refused.
    pub async fn put(&self, path: &str, body: &Value) {
        let reply = self.admin.put(&format!("/apim/{path}"), body).await;
        let reply = reply.expect("an answer");
        assert!(
            reply.status.is_success(),
            "PUT {path}: {} {}",
            reply.status,
            reply.text
        );
    }

    /// `GET` of the health listener.
    ///
    /// # Panics
    /// If it does not answer.
    #[must_use]
    pub fn health(&self, path: &str) -> (u16, String) {
        health(self.health, path)
    }
}

/// `GET` of a health listener: status and body. Blocks.
///
/// # Panics
/// If it does not answer.
#[must_use]
pub fn health(address: SocketAddr, path: &str) -> (u16, String) {
    let mut stream = TcpStream::connect(address).expect("the health listener");
    let deadline = patience(Duration::from_secs(10));
    stream.set_read_timeout(Some(deadline)).expect("a deadline");
    write!(
        stream,
        "GET {path} HTTP/1.1\r\nHost: {address}\r\nConnection: close\r\n\r\n"
    )
    .expect("the request is sent");
    let mut answer = Vec::new();
    stream.read_to_end(&mut answer).expect("an answer");
    let answer = String::from_utf8_lossy(&answer);
    let (head, body) = answer.split_once("\r\n\r\n").expect("a head");
    let status = head
        .split(' ')
        .nth(1)
        .and_then(|status| status.parse().ok());
    let chunked = head
        .to_ascii_lowercase()
        .contains("transfer-encoding: chunked");
    assert!(!chunked, "{head}");
    (status.expect("a status"), body.to_owned())
}
