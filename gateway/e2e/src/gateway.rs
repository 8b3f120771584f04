//! A gateway in this process.

#![expect(
    clippy::expect_used,
    clippy::panic,
    reason = "a test fails by panicking"
)]

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::mpsc;
use std::thread::JoinHandle;
use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use gateway::app::{App, Surroundings};
use gateway::settings::Settings;
use gateway_config::clock::{Clock, ShiftedClock};
use gateway_config::control::ControlPlane;
use gateway_telemetry::metric::Recorder;
use gateway_testkit::{AdminClient, AdminReply, Client, ClientBuilder, Issued, Pki};
use serde_json::{Value, json};
use tempfile::TempDir;
use tokio::sync::oneshot;

use crate::configuration::{api, operation, policy, properties};

/// Token of the admin API of every test gateway.
const TOKEN: &str = "end-to-end-test-token";

/// What a test wants of its gateway.
#[derive(Debug)]
pub struct Builder {
    workers: usize,
    extra: String,
    pki: Option<Pki>,
    drain_timeout: &'static str,
    seeded: bool,
}

/// A running gateway with its files.
#[derive(Debug)]
pub struct TestGateway {
    /// Certificates.
    pub pki: Pki,
    /// The gateway's clock.
    pub clock: Arc<ShiftedClock>,
    /// Address of the data path.
    pub address: SocketAddr,
    /// Address of the admin API.
    pub admin_address: SocketAddr,
    /// Address of the health listener.
    pub health_address: SocketAddr,
    /// The running configuration, without the REST face.
    pub plane: ControlPlane,
    admin: AdminClient,
    directory: TempDir,
    stop: Option<oneshot::Sender<Duration>>,
    thread: Option<JoinHandle<usize>>,
}

impl Default for Builder {
    fn default() -> Self {
        Self {
            workers: 2,
            extra: String::new(),
            pki: None,
            drain_timeout: "10s",
            seeded: true,
        }
    }
}

impl Builder {
    /// So many workers.
    #[must_use]
    pub const fn workers(mut self, workers: usize) -> Self {
        self.workers = workers;
        self
    }

    /// More of the configuration file, e.g. `[limits]\nheader_timeout = "1s"`. The sections
    /// `[gateway]`, `[admin]`, `[health]`, `[store]` and `[log]` are written already.
    #[must_use]
    pub fn configuration(mut self, toml: &str) -> Self {
        self.extra.push_str(toml);
        self.extra.push('\n');
        self
    }

    /// These certificates.
    #[must_use]
    pub fn pki(mut self, pki: Pki) -> Self {
        self.pki = Some(pki);
        self
    }

    /// How long requests in flight may go on when it is stopped.
    #[must_use]
    pub const fn drain_timeout(mut self, timeout: &'static str) -> Self {
        self.drain_timeout = timeout;
        self
    }

    /// An empty store: no host name, no CA.
    #[must_use]
    pub const fn empty(mut self) -> Self {
        self.seeded = false;
        self
    }

    /// Starts it; requests are served when this returns.
    ///
    /// # Panics
    /// If it does not start.
    pub async fn start(self) -> TestGateway {
        let pki = self.pki.unwrap_or_default();
        let directory = tempfile::tempdir().expect("a directory");
        let config = write_configuration(
            directory.path(),
            &pki,
            self.workers,
            self.drain_timeout,
            &self.extra,
        );
        let gateway = TestGateway::run(pki, directory, &config);
        if self.seeded {
            gateway.seed().await;
        }
        gateway
    }
}

fn write_configuration(
    directory: &Path,
    pki: &Pki,
    workers: usize,
    drain_timeout: &str,
    extra: &str,
) -> PathBuf {
    let token = directory.join("token");
    std::fs::write(&token, TOKEN).expect("the token is written");
    let mode = std::os::unix::fs::PermissionsExt::from_mode(0o600);
    std::fs::set_permissions(&token, mode).expect("the token is private");
    let text = format!(
        "[gateway]\nlisten = [\"127.0.0.1:0\"]\nworkers = {workers}\nrevision_header = true\n\
         drain_timeout = \"{drain_timeout}\"\n\
         [admin]\nlisten = \"127.0.0.1:0\"\ncertificate = {:?}\nkey = {:?}\ntoken_file = \"token\"\n\
         [health]\nlisten = \"127.0.0.1:0\"\n\
         [store]\npath = \"countersign.db\"\nmaster_key_file = \"master.key\"\n\
         [log]\naccess = \"access.jsonl\"\naudit = \"audit.jsonl\"\n{extra}",
        pki.path("server.pem"),
        pki.path("server.key"),
    );
    let config = directory.join("countersign.toml");
    std::fs::write(&config, text).expect("the configuration is written");
    config
}

struct Started {
    address: SocketAddr,
    admin: SocketAddr,
    health: SocketAddr,
    plane: ControlPlane,
}

impl TestGateway {
    /// A gateway like the development one, on an empty machine: two workers, seeded.
    pub async fn start() -> Self {
        Builder::default().start().await
    }

    /// A gateway as a test wants it.
    #[must_use]
    pub fn builder() -> Builder {
        Builder::default()
    }

    fn run(pki: Pki, directory: TempDir, config: &Path) -> Self {
        let clock = Arc::new(ShiftedClock::default());
        let surroundings = Surroundings {
            clock: Arc::clone(&clock) as Arc<dyn Clock>,
            recorder: Recorder::new(),
        };
        // Not the environment of this process: `COUNTERSIGN_TEST_…` is not a setting.
        let settings = match Settings::load(config, &BTreeMap::new()) {
            Ok(settings) => settings,
            Err(problems) => panic!("the configuration is refused: {problems:?}"),
        };
        let (started, starting) = mpsc::channel();
        let (stop, stopped) = oneshot::channel::<Duration>();
        let thread = std::thread::spawn(move || {
            actix_rt::System::new().block_on(async move {
                let app = App::start(&settings, surroundings)
                    .await
                    .expect("the gateway starts");
                let _ = started.send(Started {
                    address: *app.gateway_addresses().first().expect("an address"),
                    admin: app.admin_address(),
                    health: app.health_address(),
                    plane: app.plane().clone(),
                });
                let timeout = stopped.await.unwrap_or(Duration::ZERO);
                app.stop(timeout).await.cut
            })
        });
        let Started {
            address,
            admin,
            health,
            plane,
        } = starting.recv().expect("the gateway starts");
        let client = AdminClient::new(admin, pki.ca.certificate(), TOKEN).expect("an admin client");
        Self {
            pki,
            clock,
            address,
            admin_address: admin,
            health_address: health,
            plane,
            admin: client,
            directory,
            stop: Some(stop),
            thread: Some(thread),
        }
    }

    /// The admin API's client.
    #[must_use]
    pub const fn admin(&self) -> &AdminClient {
        &self.admin
    }

    /// The admin API's token.
    #[must_use]
    pub const fn token(&self) -> &'static str {
        TOKEN
    }

    /// A client of the data path that trusts the test CA and names `localhost`.
    #[must_use]
    pub fn client(&self) -> ClientBuilder {
        Client::builder(self.address)
            .trust(self.pki.ca.certificate())
            .name("localhost")
    }

    /// The same with a certificate.
    ///
    /// # Panics
    /// If the client cannot be made.
    #[must_use]
    pub fn client_of(&self, identity: &Issued) -> Client {
        self.client().identity(identity).build().expect("a client")
    }

    /// `PUT`s, and the test fails unless that succeeds.
    ///
    /// # Panics
    /// If it is refused.
    pub async fn put(&self, path: &str, body: &Value) -> AdminReply {
        let reply = self
            .admin
            .put(&format!("/apim/{path}"), body)
            .await
            .expect("an answer");
        assert!(
            reply.status.is_success(),
            "PUT {path}: {} {}",
            reply.status,
            reply.text
        );
        reply
    }

    /// `PATCH`es, and the test fails unless that succeeds.
    ///
    /// # Panics
    /// If it is refused.
    pub async fn patch(&self, path: &str, body: &Value) -> AdminReply {
        let reply = self
            .admin
            .patch(&format!("/apim/{path}"), body)
            .await
            .expect("an answer");
        assert!(
            reply.status.is_success(),
            "PATCH {path}: {} {}",
            reply.status,
            reply.text
        );
        reply
    }

    /// `DELETE`s, and the test fails unless that succeeds.
    ///
    /// # Panics
    /// If it is refused.
    pub async fn delete(&self, path: &str) -> AdminReply {
        let reply = self
            .admin
            .delete(&format!("/apim/{path}"))
            .await
            .expect("an answer");
        assert!(
            reply.status.is_success(),
            "DELETE {path}: {} {}",
            reply.status,
            reply.text
        );
        reply
    }

    /// Puts an API at `path` with one operation that takes everything and a policy.
    pub async fn put_api(&self, path: &str, service_url: &str, document: &str) {
        self.put(&format!("apis/{path}"), &api(path, service_url))
            .await;
        self.put(&format!("apis/{path}/operations/any"), &operation())
            .await;
        self.put(&format!("apis/{path}/policies/policy"), &policy(document))
            .await;
    }

    /// The service resource: the test CA as root, `localhost` as the default host, certificates asked
    /// for; a CRL that says nothing against anybody but `pki.revoked`.
    async fn seed(&self) {
        self.put("", &self.service()).await;
        let encoded = STANDARD.encode(self.pki.crl.der());
        self.put("crls/ca", &properties(&json!({ "encodedCrl": encoded })))
            .await;
    }

    /// The body of the service resource that a seeded gateway begins with.
    ///
    /// # Panics
    /// If a certificate cannot be encoded.
    #[must_use]
    pub fn service(&self) -> Value {
        json!({
            "location": "local",
            "sku": { "name": "Developer", "capacity": 1 },
            "properties": {
                "publisherEmail": "test@example.test",
                "publisherName": "test",
                "certificates": [{ "storeName": "Root", "encodedCertificate": self.ca_base64() }],
                "hostnameConfigurations": [self.host("localhost", &self.pki.server, true, true)]
            }
        })
    }

    /// The test CA as the contract takes it.
    ///
    /// # Panics
    /// If it cannot be encoded.
    #[must_use]
    pub fn ca_base64(&self) -> String {
        STANDARD.encode(self.pki.ca.certificate().to_der().expect("a certificate"))
    }

    /// One element of `hostnameConfigurations`.
    ///
    /// # Panics
    /// If the certificate cannot be encoded.
    #[must_use]
    pub fn host(&self, name: &str, server: &Issued, asks: bool, is_default: bool) -> Value {
        json!({
            "type": "Proxy",
            "hostName": name,
            "encodedCertificate": STANDARD.encode(server.to_pfx("password").expect("a PFX")),
            "certificatePassword": "password",
            "negotiateClientCertificate": asks,
            "defaultSslBinding": is_default
        })
    }

    /// A file of the gateway's directory.
    #[must_use]
    pub fn file(&self, name: &str) -> PathBuf {
        self.directory.path().join(name)
    }

    /// The access records written so far.
    #[must_use]
    pub fn access_records(&self) -> Vec<Value> {
        records(&self.file("access.jsonl"), "access")
    }

    /// The records of refused handshakes written so far.
    #[must_use]
    pub fn handshake_records(&self) -> Vec<Value> {
        records(&self.file("access.jsonl"), "handshake")
    }

    /// The trace records written so far.
    #[must_use]
    pub fn trace_records(&self) -> Vec<Value> {
        records(&self.file("access.jsonl"), "trace")
    }

    /// Tells it to end as SIGTERM does, without waiting for it.
    pub fn begin_stop(&mut self) {
        self.tell_to_stop(Duration::from_secs(10));
    }

    fn tell_to_stop(&mut self, drain_timeout: Duration) {
        if let Some(stop) = self.stop.take() {
            // An error means that it has ended already.
            let _ = stop.send(drain_timeout);
        }
    }

    /// Ends it and returns how many connections had to be cut.
    ///
    /// # Panics
    /// If it ended by a panic.
    pub fn stop(mut self) -> usize {
        self.end()
    }

    /// Ends it and starts it again over the same files; the ports are new.
    ///
    /// # Panics
    /// If it does not end or start.
    #[must_use]
    pub fn restart(mut self) -> Self {
        self.end();
        let pki = std::mem::take(&mut self.pki);
        let directory = std::mem::replace(
            &mut self.directory,
            tempfile::tempdir().expect("a directory"),
        );
        let config = directory.path().join("countersign.toml");
        Self::run(pki, directory, &config)
    }

    fn end(&mut self) -> usize {
        self.begin_stop();
        match self.thread.take() {
            Some(thread) => thread.join().expect("the gateway ended without a panic"),
            None => 0,
        }
    }
}

impl Drop for TestGateway {
    fn drop(&mut self) {
        // Short: the clients of this test cannot answer while its only thread waits here.
        self.tell_to_stop(Duration::from_millis(50));
        if let Some(thread) = self.thread.take() {
            let ended = thread.join();
            if !std::thread::panicking() {
                assert!(ended.is_ok(), "the gateway ended by a panic");
            }
        }
    }
}

fn records(path: &Path, kind: &str) -> Vec<Value> {
    let text = std::fs::read_to_string(path).unwrap_or_default();
    text.lines()
        .filter_map(|line| serde_json::from_str::<Value>(line).ok())
        .filter(|record| record["kind"] == kind)
        .collect()
}
