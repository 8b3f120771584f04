//! An admin API over real TLS with a control plane in memory.

mod memory;

use std::net::TcpListener;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use admin_api::audit::AuditSink;
use admin_api::explain::{Judged, JudgedChains};
use admin_api::plane::Later;
use admin_api::{AdminServer, AdminSettings, AdminToken, Limits, Role, ServiceIdentity, start};
use gateway_telemetry::record::AuditRecord;
use gateway_testkit::AdminClient;
use gateway_testkit::Pki;
use gateway_tls::cache::VerifiedChains;
use gateway_tls::trust::RevocationPolicy;
use zeroize::Zeroizing;

pub use memory::Memory;

pub const TOKEN: &str = "admin-token-for-tests";
pub const OPERATOR: &str = "operator-token-for-tests";
pub const LONG: &str =
    "/subscriptions/0/resourceGroups/local/providers/Microsoft.ApiManagement/service/apim";
pub const VERSION: &str = "api-version=2024-05-01";

/// Audit records, kept in memory.
#[derive(Default)]
pub struct Records(Mutex<Vec<AuditRecord>>);

impl Records {
    pub fn all(&self) -> Vec<AuditRecord> {
        self.0.lock().unwrap().clone()
    }
}

impl AuditSink for Records {
    fn record(&self, record: AuditRecord) -> Later<()> {
        self.0.lock().unwrap().push(record);
        Box::pin(async {})
    }
}

/// A cache whose entries were all judged under the trust in force.
pub struct Cache {
    pub chains: Arc<VerifiedChains>,
    pub now: i64,
}

impl JudgedChains for Cache {
    fn about(&self, leaf_sha1: [u8; 20]) -> Judged {
        Judged {
            revision: 7,
            at: self.now,
            revocation: RevocationPolicy::Hard,
            chains: self.chains.explain(leaf_sha1),
        }
    }
}

pub struct Api {
    pub server: AdminServer,
    pub pki: Pki,
    pub client: AdminClient,
    pub plane: Arc<Memory>,
    pub audit: Arc<Records>,
    pub chains: Arc<VerifiedChains>,
}

impl Api {
    pub fn start() -> Self {
        Self::with(|_| {})
    }

    pub fn with(adjust: impl FnOnce(&mut Limits)) -> Self {
        let pki = Pki::new();
        let plane = Arc::new(Memory::new(pki.now));
        let audit = Arc::new(Records::default());
        let mut limits = Limits {
            failure_delay: Duration::ZERO,
            ..Limits::default()
        };
        adjust(&mut limits);
        let mut settings = settings(&pki, limits);
        settings.audit = audit.clone();
        let chains = Arc::new(VerifiedChains::default());
        settings.chains = Arc::new(Cache {
            chains: Arc::clone(&chains),
            now: pki.now,
        });
        let server = start(settings, plane.clone()).unwrap();
        let client = AdminClient::new(server.address(), pki.ca.certificate(), TOKEN).unwrap();
        Self {
            server,
            pki,
            client,
            plane,
            audit,
            chains,
        }
    }

    pub fn client_with(&self, token: &str) -> AdminClient {
        AdminClient::new(self.server.address(), self.pki.ca.certificate(), token).unwrap()
    }
}

pub fn settings(pki: &Pki, limits: Limits) -> AdminSettings {
    let token = |name: &str, secret: &str, role| AdminToken {
        name: name.into(),
        secret: Zeroizing::new(secret.to_owned()),
        role,
    };
    AdminSettings {
        listener: TcpListener::bind("127.0.0.1:0").unwrap(),
        certificate_pem: pki.server.chain_pem().as_bytes().to_vec(),
        key_pem: Zeroizing::new(pki.server.key_pem().as_bytes().to_vec()),
        tokens: vec![
            token("admin", TOKEN, Role::Admin),
            token("operator", OPERATOR, Role::Operator),
        ],
        identity: ServiceIdentity {
            subscription: "0".into(),
            resource_group: "local".into(),
            service: "apim".into(),
        },
        limits,
        audit: Arc::new(Records::default()),
        chains: Arc::new(Cache {
            chains: Arc::new(VerifiedChains::default()),
            now: pki.now,
        }),
    }
}
