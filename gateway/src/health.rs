//! The health listener: plain HTTP, no secrets.
//!
//! `/healthz`: the process works. `/readyz`: it can be given traffic, or 503 with the reasons.
//! `/metrics`: Prometheus text format.

use std::net::{SocketAddr, TcpListener};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use actix_web::dev::ServerHandle;
use actix_web::{App, HttpResponse, HttpServer, web};
use gateway_config::snapshot::Published;
use gateway_telemetry::metric::Recorder;
use serde::Serialize;

/// Says what is closed or lost beyond what the snapshot knows; asked at each `/readyz`.
pub type Degraded = Arc<dyn Fn() -> Vec<String> + Send + Sync>;

/// What readiness is judged by.
#[derive(Clone)]
pub struct Health {
    /// The newest snapshot.
    pub published: Published,
    /// What else is closed or lost.
    pub degraded: Degraded,
    /// Metrics.
    pub recorder: Recorder,
    /// Set when the process begins to end: it must get no new traffic.
    pub draining: Arc<AtomicBool>,
}

/// A running health listener.
#[derive(Debug)]
pub struct HealthServer {
    /// Where it listens.
    pub address: SocketAddr,
    handle: ServerHandle,
}

#[derive(Debug, Serialize)]
struct Readiness {
    status: &'static str,
    revision: u64,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    reasons: Vec<String>,
}

impl Health {
    /// Starts the listener.
    ///
    /// # Errors
    /// If the address cannot be listened on.
    pub fn start(self, listener: TcpListener) -> std::io::Result<HealthServer> {
        let address = listener.local_addr()?;
        let server = HttpServer::new(move || {
            App::new()
                .app_data(web::Data::new(self.clone()))
                .route("/healthz", web::get().to(healthz))
                .route("/readyz", web::get().to(readyz))
                .route("/metrics", web::get().to(metrics))
        })
        .workers(1)
        .disable_signals()
        .listen(listener)?
        .run();
        let handle = server.handle();
        actix_rt::spawn(server);
        Ok(HealthServer { address, handle })
    }

    /// `ready`, `degraded` (serving, but something is closed or not recorded) or `unavailable`.
    fn readiness(&self) -> Readiness {
        self.published.with(|snapshot| {
            let mut reasons: Vec<String> = snapshot
                .quarantine
                .iter()
                .map(|entry| format!("`{}` is closed: {}", entry.path, entry.reason))
                .collect();
            reasons.extend((self.degraded)());
            let mut status = if reasons.is_empty() {
                "ready"
            } else {
                "degraded"
            };
            if snapshot.hosts.is_empty() {
                reasons.push("no host name is configured".to_owned());
                status = "unavailable";
            }
            if self.draining.load(Ordering::Relaxed) {
                reasons.push("draining".to_owned());
                status = "unavailable";
            }
            Readiness {
                status,
                revision: snapshot.revision,
                reasons,
            }
        })
    }
}

impl std::fmt::Debug for Health {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Health").finish_non_exhaustive()
    }
}

impl HealthServer {
    /// Stops it.
    pub async fn stop(self) {
        self.handle.stop(true).await;
    }
}

async fn healthz() -> HttpResponse {
    HttpResponse::Ok().content_type("text/plain").body("ok\n")
}

async fn readyz(health: web::Data<Health>) -> HttpResponse {
    let readiness = health.readiness();
    if readiness.status == "unavailable" {
        HttpResponse::ServiceUnavailable().json(readiness)
    } else {
        HttpResponse::Ok().json(readiness)
    }
}

async fn metrics(health: web::Data<Health>) -> HttpResponse {
    HttpResponse::Ok()
        .content_type("text/plain; version=0.0.4; charset=utf-8")
        .body(health.recorder.render())
}
