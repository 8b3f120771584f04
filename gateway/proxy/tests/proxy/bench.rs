//! A gateway in this process: a store, a writer, a proxy, an origin.

use std::io::{self, Write};
use std::net::SocketAddr;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use gateway_config::apply::{Writer, WriterSettings, open_sealer};
use gateway_config::change::{Action, Actor, Applied, ApplyError, Change, Edit, IfMatch};
use gateway_config::clock::{Clock, ShiftedClock};
use gateway_config::compile::{CompileSettings, TlsSettings};
use gateway_config::hosts::UnknownName;
use gateway_config::resource::ResourcePath;
use gateway_config::store::sqlite::SqliteStore;
use gateway_policy::context::Deployment;
use gateway_proxy::{Proxy, ProxyDependencies, ProxyHandle, ProxySettings};
use gateway_telemetry::metric::Recorder;
use gateway_telemetry::record::{AccessLog, Destination};
use gateway_testkit::{Client, ClientBuilder, Origin, Pki, eventually};
use gateway_tls::accept::{Acceptor, AcceptorSettings};
use gateway_tls::cache::{CacheSettings, VerifiedChains};
use gateway_tls::seal::MasterKey;
use gateway_tls::trust::RevocationPolicy;
use serde_json::{Value, json};
use tempfile::TempDir;

pub const DEADLINE: Duration = Duration::from_secs(20);

/// Forwards everything.
pub const PLAIN: &str = "<policies><inbound><base /></inbound><backend><base /></backend><outbound><base /></outbound></policies>";

pub struct Bench {
    pub pki: Pki,
    pub origin: Origin,
    pub recorder: Recorder,
    writer: Writer,
    pub proxy: Option<ProxyHandle>,
    address: SocketAddr,
    log: Shared,
    _directory: TempDir,
}

impl Bench {
    /// One API `/api` that forwards everything to an origin over plain HTTP, on host `localhost`,
    /// which asks for certificates.
    pub fn start() -> Self {
        Self::with(|_| {})
    }

    pub fn with(adjust: impl FnOnce(&mut ProxySettings)) -> Self {
        Self::over(Origin::http(), adjust)
    }

    pub fn over(origin: Origin, adjust: impl FnOnce(&mut ProxySettings)) -> Self {
        let pki = Pki::new();
        Self::made_of(pki, origin, adjust)
    }

    pub fn made_of(pki: Pki, origin: Origin, adjust: impl FnOnce(&mut ProxySettings)) -> Self {
        let directory = tempfile::tempdir().unwrap();
        let mut store = SqliteStore::open(&directory.path().join("test.db")).unwrap();
        let sealer = open_sealer(&mut store, &MasterKey::generate().unwrap()).unwrap();
        let clock = Arc::new(ShiftedClock::default());
        let writer = Writer::open(Box::new(store), sealer, writer_settings(&clock)).unwrap();
        let published = writer.published().clone();
        let chains = Arc::new(VerifiedChains::new(CacheSettings::default()));
        let acceptor = Acceptor::new(AcceptorSettings::new(
            Arc::new(published.clone()),
            Arc::clone(&chains),
            {
                let clock = Arc::clone(&clock);
                Arc::new(move || clock.now_seconds())
            },
        ))
        .unwrap();
        let recorder = Recorder::new();
        let log = Shared::default();
        let access =
            AccessLog::start(Destination::Writer(Box::new(log.clone())), &recorder).unwrap();
        let mut settings = ProxySettings {
            listen: vec!["127.0.0.1:0".parse().unwrap()],
            revision_header: true,
            ..ProxySettings::default()
        };
        adjust(&mut settings);
        let dependencies = ProxyDependencies {
            published,
            acceptor: Arc::new(acceptor),
            chains,
            clock,
            recorder: recorder.clone(),
            access,
        };
        let proxy = Proxy::start(settings, dependencies).unwrap();
        let address = proxy.local_addrs()[0];
        let mut bench = Self {
            pki,
            origin,
            recorder,
            writer,
            proxy: Some(proxy),
            address,
            log,
            _directory: directory,
        };
        let service = bench.service(true);
        bench.put_raw("", service);
        let url = bench.origin.url();
        bench.put(
            "apis/api",
            json!({
                "displayName": "API", "path": "api", "protocols": ["https"],
                "subscriptionRequired": false, "serviceUrl": url
            }),
        );
        bench.put(
            "apis/api/operations/any",
            json!({
                "displayName": "Any", "method": "*", "urlTemplate": "/*"
            }),
        );
        bench.policy(PLAIN);
        bench
    }

    fn service(&self, negotiate: bool) -> Value {
        let pfx = self.pki.server.to_pfx("password").unwrap();
        json!({
            "location": "local",
            "sku": { "name": "Developer", "capacity": 1 },
            "properties": {
                "publisherEmail": "a@b.example", "publisherName": "test",
                "certificates": [{
                    "storeName": "Root",
                    "encodedCertificate": STANDARD.encode(self.pki.ca.certificate().to_der().unwrap())
                }],
                "hostnameConfigurations": [{
                    "type": "Proxy", "hostName": "localhost",
                    "encodedCertificate": STANDARD.encode(pfx), "certificatePassword": "password",
                    "negotiateClientCertificate": negotiate, "defaultSslBinding": true
                }, {
                    "type": "Proxy", "hostName": "other.example",
                    "encodedCertificate": STANDARD.encode(self.pki.server_for(&["other.example"]).to_pfx("password").unwrap()),
                    "certificatePassword": "password", "negotiateClientCertificate": false
                }]
            }
        })
    }

    /// `localhost` demands a trusted certificate from now on.
    pub fn require_certificates(&mut self) {
        self.apply(vec![Edit {
            path: ResourcePath::service(),
            action: Action::Patch(json!({ "properties": { "customProperties": {
                "Countersign.Host.localhost.ClientCertificate": "required"
            }}})),
            if_match: IfMatch::Any,
        }])
        .unwrap();
        self.put_crl();
    }

    /// The list that names `revoked`.
    pub fn put_crl(&mut self) {
        self.put(
            "crls/ca",
            json!({ "encodedCrl": STANDARD.encode(self.pki.crl.der()) }),
        );
    }

    #[expect(
        clippy::needless_pass_by_value,
        reason = "callers write the value in place"
    )]
    pub fn put(&mut self, path: &str, properties: Value) -> Applied {
        self.put_raw(path, json!({ "properties": properties }))
    }

    fn put_raw(&mut self, path: &str, body: Value) -> Applied {
        self.apply(vec![Edit {
            path: ResourcePath::parse(path).unwrap(),
            action: Action::Put(body),
            if_match: IfMatch::Any,
        }])
        .unwrap_or_else(|error| panic!("{path}: {error:?}"))
    }

    pub fn policy(&mut self, document: &str) -> Applied {
        self.put(
            "apis/api/policies/policy",
            json!({ "format": "rawxml", "value": document }),
        )
    }

    fn apply(&mut self, edits: Vec<Edit>) -> Result<Applied, ApplyError> {
        self.writer.apply(Change {
            edits,
            actor: Actor {
                name: "test".into(),
                address: None,
            },
            comment: None,
            dry_run: false,
            allow_code_in_named_values: false,
        })
    }

    pub fn address(&self) -> SocketAddr {
        self.address
    }

    pub fn proxy(&self) -> &ProxyHandle {
        self.proxy.as_ref().unwrap()
    }

    pub fn take_proxy(&mut self) -> ProxyHandle {
        self.proxy.take().unwrap()
    }

    /// A client without certificate that trusts the gateway.
    pub fn client(&self) -> ClientBuilder {
        Client::builder(self.address)
            .trust(self.pki.ca.certificate())
            .deadline(DEADLINE)
    }

    /// What was logged so far, once there are at least `count` access records.
    pub async fn records(&self, count: usize) -> Vec<Value> {
        eventually(DEADLINE, "access records", || async {
            let records = self.log.records();
            let access = records
                .iter()
                .filter(|record| record.get("method").is_some())
                .count();
            (access >= count).then_some(records)
        })
        .await
    }
}

fn writer_settings(clock: &Arc<ShiftedClock>) -> WriterSettings {
    WriterSettings {
        compile: CompileSettings {
            deployment: Arc::new(Deployment {
                gateway_id: "local".into(),
                instance_id: "1".into(),
                region: "local".into(),
                service_id: "/".into(),
                service_name: "apim".into(),
            }),
            revocation: RevocationPolicy::Hard,
            unknown_name: UnknownName::Default,
            tls: TlsSettings {
                tickets: 1,
                max_ticket_age: 86_400,
            },
            file_hosts: Vec::new(),
            managed_identity: false,
        },
        clock: Arc::clone(clock) as Arc<dyn Clock>,
        keep_revisions: 100,
    }
}

#[derive(Clone, Default)]
struct Shared(Arc<Mutex<Vec<u8>>>);

impl Shared {
    fn records(&self) -> Vec<Value> {
        let bytes = self.0.lock().unwrap().clone();
        String::from_utf8(bytes)
            .unwrap()
            .lines()
            .map(|line| serde_json::from_str(line).unwrap())
            .collect()
    }
}

impl Write for Shared {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.lock().unwrap().extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}
