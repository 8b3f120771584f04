//! The composition root: every part is built here, in the order in which they depend on each other,
//! and ended in the opposite one.

use std::net::{SocketAddr, TcpListener};
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use admin_api::explain::RunningChains;
use gateway_config::apply::{Writer, WriterSettings, open_sealer};
use gateway_config::clock::{Clock, SystemClock};
use gateway_config::compile::{CompileSettings, FileHost, TlsSettings};
use gateway_config::control::ControlPlane;
use gateway_config::expiry::{Expired, Expiring, ExpirySettings, ExpiryWatch};
use gateway_config::store::Store;
use gateway_config::store::sqlite::SqliteStore;
use gateway_policy::context::Deployment;
use gateway_proxy::{Drained, Proxy, ProxyDependencies, ProxyHandle};
use gateway_telemetry::label::{CertificateKind, Supervised};
use gateway_telemetry::metric::Recorder;
use gateway_telemetry::record::{AccessLog, Destination};
use gateway_tls::accept::{Acceptor, AcceptorSettings};
use gateway_tls::cache::{CacheSettings, VerifiedChains};
use gateway_tls::seal::MasterKey;

use crate::audit::Audit;
use crate::file_hosts::{self, FileHostSource};
use crate::health::{Degraded, Health, HealthServer};
use crate::settings::{LogTarget, Settings, StoreSection, token};
use crate::supervision::Supervision;
use crate::{master_key, scrape, translate};

/// Names of the service above its resources; local ones, since there is no cloud above.
const SUBSCRIPTION: &str = "00000000-0000-0000-0000-000000000000";
const RESOURCE_GROUP: &str = "local";
const SERVICE: &str = "apim";

/// What a test may bring along instead of the machine's own.
#[derive(Debug, Clone)]
pub struct Surroundings {
    /// The time.
    pub clock: Arc<dyn Clock>,
    /// Metrics.
    pub recorder: Recorder,
}

impl Surroundings {
    /// The machine's clock and a recorder of its own.
    #[must_use]
    pub fn of_machine(recorder: Recorder) -> Self {
        Self {
            clock: Arc::new(SystemClock),
            recorder,
        }
    }
}

/// Why the gateway did not start, in words for the operator.
#[derive(Debug, thiserror::Error)]
#[error("{0}")]
pub struct StartError(pub String);

fn failed(what: &str) -> impl Fn(&dyn std::fmt::Display) -> StartError + '_ {
    move |error| StartError(format!("{what}: {error}"))
}

/// A running gateway.
#[derive(Debug)]
pub struct App {
    plane: ControlPlane,
    proxy: ProxyHandle,
    admin: admin_api::AdminServer,
    health: HealthServer,
    access: AccessLog,
    audit: Audit,
    draining: Arc<AtomicBool>,
    watcher: Option<tokio::task::JoinHandle<()>>,
    supervision: Supervision,
}

/// How the gateway ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Ended {
    /// Connections that were cut because the deadline passed.
    pub cut: usize,
}

impl App {
    /// Starts everything. When this returns, requests are served.
    ///
    /// Must be called inside an actix system.
    ///
    /// # Errors
    /// [`StartError`]; nothing is left listening then.
    pub async fn start(
        settings: &Settings,
        surroundings: Surroundings,
    ) -> Result<Self, StartError> {
        let Surroundings { clock, recorder } = surroundings;
        // Addresses first: the likeliest mistake, found before the store is touched.
        let admin_listener = bind(settings.admin.listen)?;
        let health_listener = bind(settings.health.listen)?;
        let sources = file_host_sources(settings);
        let file_hosts = read_file_hosts(settings)?;
        let managed_identity = translate::managed_identity(settings).map_err(StartError)?;
        let writer = open_writer(settings, &clock, file_hosts)?;
        let mut supervision = Supervision::new(&recorder);
        let publisher = supervision.publisher(&recorder);
        let plane = ControlPlane::start(writer, publisher, &supervision.thread()?);

        let chains = Arc::new(VerifiedChains::new(CacheSettings {
            accepted: settings.limits.verified_certificates_capacity,
            ..CacheSettings::default()
        }));
        let acceptor = acceptor(&plane, &chains, &clock)?;
        let access = access_log(settings, &recorder)?;
        let proxy = Proxy::start(
            translate::proxy_settings(settings, managed_identity),
            ProxyDependencies {
                published: plane.published().clone(),
                acceptor,
                chains: Arc::clone(&chains),
                clock: Arc::clone(&clock),
                recorder: recorder.clone(),
                access: access.clone(),
            },
        )
        .map_err(|error| StartError(error.to_string()))?;

        let audit = audit_log(settings, &recorder)?;
        let judged = RunningChains {
            published: plane.published().clone(),
            chains: Arc::clone(&chains),
            clock: Arc::clone(&clock),
        };
        let admin = admin_server(settings, admin_listener, &plane, &audit, judged)?;
        let draining = Arc::new(AtomicBool::new(false));
        scrape::collect(&recorder, &plane, &chains);
        let watched = ExpirySettings {
            clock: Arc::clone(&clock),
            recorder: recorder.clone(),
            fixed: admin_certificate(settings).into_iter().collect(),
        };
        let expired = ExpiryWatch::start(&plane, watched, &supervision.thread()?);
        let health = Health {
            published: plane.published().clone(),
            degraded: degraded(expired, audit.clone()),
            recorder,
            draining: Arc::clone(&draining),
        }
        .start(health_listener)
        .map_err(|error| failed("the health listener")(&error))?;
        let watcher = (!sources.is_empty()).then(|| {
            let plane = plane.clone();
            let watch = move || file_hosts::watch(sources.clone(), plane.clone());
            supervision.keep_running(Supervised::FileHosts, watch)
        });
        Ok(Self {
            plane,
            proxy,
            admin,
            health,
            access,
            audit,
            draining,
            watcher,
            supervision,
        })
    }

    /// Addresses of the data path.
    #[must_use]
    pub fn gateway_addresses(&self) -> &[SocketAddr] {
        self.proxy.local_addrs()
    }

    /// Address of the admin API.
    #[must_use]
    pub const fn admin_address(&self) -> SocketAddr {
        self.admin.address()
    }

    /// Address of the health listener.
    #[must_use]
    pub const fn health_address(&self) -> SocketAddr {
        self.health.address
    }

    /// The running configuration.
    #[must_use]
    pub const fn plane(&self) -> &ControlPlane {
        &self.plane
    }

    /// Client connections that are open now.
    #[must_use]
    pub fn open_connections(&self) -> usize {
        self.proxy.open_connections()
    }

    /// Opens the log files again, after they were moved away.
    pub async fn reopen_logs(&self) {
        self.access.reopen();
        self.audit.reopen().await;
    }

    /// Ends everything: readiness first, then the data path with its requests in flight, then the
    /// admin API, then the store.
    pub async fn stop(self, drain_timeout: Duration) -> Ended {
        self.draining.store(true, Ordering::Relaxed);
        if let Some(watcher) = &self.watcher {
            watcher.abort();
        }
        let Drained { cut, one_way_cut } = self.proxy.drain(drain_timeout).await;
        if one_way_cut > 0 {
            tracing::warn!(
                one_way_cut,
                "requests of policies that nobody waits for were cut"
            );
        }
        self.admin.stop().await;
        self.plane.stop().await;
        self.health.stop().await;
        let access = self.access;
        // A second is plenty for a disk that works; one that does not must not keep the process.
        let closed =
            tokio::task::spawn_blocking(move || access.close(Duration::from_secs(1))).await;
        if !matches!(closed, Ok(Ok(()))) {
            tracing::warn!("access records may have been lost");
        }
        drop(self.supervision);
        Ended { cut }
    }
}

fn bind(address: SocketAddr) -> Result<TcpListener, StartError> {
    TcpListener::bind(address)
        .map_err(|error| StartError(format!("cannot listen on {address}: {error}")))
}

fn file_host_sources(settings: &Settings) -> Vec<FileHostSource> {
    settings
        .hosts
        .iter()
        .map(|host| FileHostSource {
            name: Arc::from(host.name.as_str()),
            certificate: host.certificate.clone(),
            key: host.key.clone(),
            mode: host.client_certificate,
            is_default: host.default,
        })
        .collect()
}

/// Reads the hosts whose certificates are files.
///
/// # Errors
/// If one of them cannot be used.
pub fn read_file_hosts(settings: &Settings) -> Result<Vec<Arc<FileHost>>, StartError> {
    file_host_sources(settings)
        .iter()
        .map(|source| {
            let host = source.read().map(Arc::new);
            host.map_err(|reason| StartError(format!("host `{}`: {reason}", source.name)))
        })
        .collect()
}

/// Opens the store and compiles its newest revision.
///
/// # Errors
/// If the store or its master key cannot be used.
pub fn open_writer(
    settings: &Settings,
    clock: &Arc<dyn Clock>,
    file_hosts: Vec<Arc<FileHost>>,
) -> Result<Writer, StartError> {
    let master = master_key(&settings.store)?;
    let store =
        SqliteStore::open(&settings.store.path).map_err(|error| StartError(error.to_string()))?;
    writer_over(Box::new(store), &master, settings, clock, file_hosts)
}

/// The master key; a new one only for a new store, since no other than its own opens an old one.
fn master_key(store: &StoreSection) -> Result<MasterKey, StartError> {
    let (key, database) = (&store.master_key_file, &store.path);
    if database.exists() && !key.exists() {
        return Err(StartError(format!(
            "the master key `{}` does not exist, and the store `{}` is sealed under it; put it back",
            key.display(),
            database.display()
        )));
    }
    master_key::open_or_create(key).map_err(|error| failed("the master key")(&error))
}

fn writer_over(
    mut store: Box<dyn Store>,
    master: &MasterKey,
    settings: &Settings,
    clock: &Arc<dyn Clock>,
    file_hosts: Vec<Arc<FileHost>>,
) -> Result<Writer, StartError> {
    let sealer = open_sealer(&mut *store, master).map_err(|error| StartError(error.to_string()))?;
    let deployment = Deployment {
        gateway_id: Arc::from("countersign"),
        instance_id: Arc::from(std::process::id().to_string()),
        region: Arc::from("local"),
        service_id: Arc::from(identity().id()),
        service_name: Arc::from(SERVICE),
    };
    let compile = CompileSettings {
        deployment: Arc::new(deployment),
        revocation: settings.trust.revocation,
        unknown_name: settings.gateway.unknown_server_name,
        tls: TlsSettings {
            tickets: 1,
            max_ticket_age: u32::try_from(settings.limits.ticket_max_age.as_secs())
                .unwrap_or(u32::MAX),
        },
        file_hosts,
        managed_identity: settings.managed_identity.endpoint.is_some(),
    };
    let settings = WriterSettings {
        compile,
        clock: Arc::clone(clock),
        keep_revisions: settings.store.keep_revisions,
    };
    Writer::open(store, sealer, settings).map_err(|error| StartError(error.to_string()))
}

fn acceptor(
    plane: &ControlPlane,
    chains: &Arc<VerifiedChains>,
    clock: &Arc<dyn Clock>,
) -> Result<Arc<Acceptor>, StartError> {
    let clock = Arc::clone(clock);
    let settings = AcceptorSettings::new(
        Arc::new(plane.published().clone()),
        Arc::clone(chains),
        Arc::new(move || clock.now_seconds()),
    );
    Acceptor::new(settings)
        .map(Arc::new)
        .map_err(|error| failed("TLS")(&error))
}

fn access_log(settings: &Settings, recorder: &Recorder) -> Result<AccessLog, StartError> {
    let destination = match &settings.log.access {
        LogTarget::Stdout => Destination::Stdout,
        LogTarget::Off => Destination::Nowhere,
        LogTarget::File(path) => Destination::File(path.clone()),
    };
    AccessLog::start(destination, recorder).map_err(|error| failed("the access log")(&error))
}

fn identity() -> admin_api::ServiceIdentity {
    admin_api::ServiceIdentity {
        subscription: SUBSCRIPTION.to_owned(),
        resource_group: RESOURCE_GROUP.to_owned(),
        service: SERVICE.to_owned(),
    }
}

fn admin_server(
    settings: &Settings,
    listener: TcpListener,
    plane: &ControlPlane,
    audit: &Audit,
    judged: RunningChains,
) -> Result<admin_api::AdminServer, StartError> {
    let read = |path: &Path| {
        std::fs::read(path).map_err(|error| StartError(format!("`{}`: {error}", path.display())))
    };
    let token = token::read(&crate::settings::MachineFiles, &settings.admin.token_file)
        .map_err(StartError)?;
    let limits = admin_api::Limits {
        list_body: usize::try_from(settings.limits.max_identity_list_bytes.0).unwrap_or(usize::MAX),
        ..admin_api::Limits::default()
    };
    let admin = admin_api::AdminSettings {
        listener,
        certificate_pem: read(&settings.admin.certificate)?,
        key_pem: read(&settings.admin.key)?.into(),
        tokens: vec![admin_api::AdminToken {
            name: Arc::from("admin"),
            secret: token.expose().to_owned().into(),
            role: admin_api::Role::Admin,
        }],
        identity: identity(),
        limits,
        audit: Arc::new(audit.clone()),
        chains: Arc::new(judged),
    };
    admin_api::start(admin, Arc::new(plane.clone())).map_err(|error| StartError(error.to_string()))
}

fn audit_log(settings: &Settings, recorder: &Recorder) -> Result<Audit, StartError> {
    match &settings.log.audit {
        LogTarget::File(path) => {
            Audit::open(path, recorder).map_err(|error| failed("the audit log")(&error))
        }
        LogTarget::Stdout | LogTarget::Off => Ok(Audit::off()),
    }
}

/// The certificate of the admin listener, as it was read when the listener was started: it is shown to
/// clients until the process ends, whatever the file says later.
fn admin_certificate(settings: &Settings) -> Option<Expiring> {
    let pem = std::fs::read(&settings.admin.certificate).ok()?;
    let leaf = gateway_tls::certificate::parse_many_pem(&pem).ok()?;
    let leaf = leaf.into_iter().next()?;
    Some(Expiring::certificate(
        CertificateKind::Admin,
        "admin",
        &leaf,
    ))
}

/// What is closed or lost beyond what the snapshot knows, in words.
fn degraded(expired: Expired, audit: Audit) -> Degraded {
    Arc::new(move || {
        let mut reasons = expired.reasons().to_vec();
        reasons.extend(audit.failing());
        reasons
    })
}
