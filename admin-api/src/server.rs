//! The running server: one actix-web worker on a thread of its own, speaking TLS only.

use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::mpsc;
use std::thread::JoinHandle;
use std::time::Duration;

use actix_web::dev::{Server, ServerHandle};
use actix_web::{App, HttpServer, web};
use gateway_tls::key_material;
use openssl::pkey::PKey;
use openssl::ssl::{SslAcceptor, SslAcceptorBuilder, SslMethod};
use openssl::x509::X509;

use crate::auth::{SHORTEST_TOKEN, Throttle, Tokens};
use crate::handle::{self, Shared};
use crate::plane::ControlPlane;
use crate::settings::{AdminSettings, StartError};

/// A running admin API. Dropping it stops it without waiting for requests in flight.
#[derive(Debug)]
pub struct AdminServer {
    address: SocketAddr,
    handle: ServerHandle,
    thread: Option<JoinHandle<()>>,
}

impl AdminServer {
    /// Where it listens.
    #[must_use]
    pub const fn address(&self) -> SocketAddr {
        self.address
    }

    /// Takes no more connections, lets requests in flight finish (as long as the limits say), ends.
    pub async fn stop(mut self) {
        self.handle.stop(true).await;
        if let Some(thread) = self.thread.take() {
            // An error means that the thread panicked; there is nothing left to stop.
            let _ = tokio::task::spawn_blocking(move || thread.join()).await;
        }
    }
}

impl Drop for AdminServer {
    fn drop(&mut self) {
        if self.thread.is_some() {
            // The command is sent by the call; the future only waits for its end.
            drop(self.handle.stop(false));
        }
    }
}

/// Starts the admin API over `plane`.
///
/// # Errors
///
/// If the settings cannot be used; nothing runs then.
pub fn start(
    settings: AdminSettings,
    plane: Arc<dyn ControlPlane>,
) -> Result<AdminServer, StartError> {
    check_tokens(&settings)?;
    let tls = acceptor(&settings)?;
    let address = settings.listener.local_addr()?;
    let (started, outcome) = mpsc::channel();
    let thread = std::thread::Builder::new()
        .name("admin-api".to_owned())
        .spawn(move || {
            actix_rt::System::new().block_on(async move {
                match server(settings, tls, plane) {
                    Ok(server) => {
                        let _ = started.send(Ok(server.handle()));
                        if let Err(error) = server.await {
                            tracing::error!(%error, "the admin API has ended");
                        }
                    }
                    Err(error) => {
                        let _ = started.send(Err(error));
                    }
                }
            });
        })?;
    match outcome.recv() {
        Ok(Ok(handle)) => Ok(AdminServer {
            address,
            handle,
            thread: Some(thread),
        }),
        Ok(Err(error)) => Err(StartError::Listener(error)),
        Err(_) => Err(StartError::Listener(std::io::Error::other(
            "its thread ended at once",
        ))),
    }
}

fn server(
    settings: AdminSettings,
    tls: SslAcceptorBuilder,
    plane: Arc<dyn ControlPlane>,
) -> std::io::Result<Server> {
    let limits = settings.limits;
    let shared = web::Data::new(Shared {
        plane,
        audit: settings.audit,
        chains: settings.chains,
        tokens: Tokens::new(&settings.tokens),
        throttle: Throttle::new(limits.failure_delay),
        identity: settings.identity,
        limits,
    });
    let server = HttpServer::new(move || {
        App::new()
            .app_data(web::Data::clone(&shared))
            .default_service(web::to(handle::serve))
    })
    .workers(1)
    .worker_max_blocking_threads(4)
    .max_connections(limits.connections)
    .client_request_timeout(Duration::from_secs(10))
    .tls_handshake_timeout(Duration::from_secs(10))
    .keep_alive(Duration::from_secs(60))
    .shutdown_timeout(limits.stop.as_secs().max(1))
    .disable_signals()
    .listen_openssl(settings.listener, tls)?;
    Ok(server.run())
}

fn check_tokens(settings: &AdminSettings) -> Result<(), StartError> {
    if settings.tokens.is_empty() {
        return Err(StartError::NoToken);
    }
    match settings
        .tokens
        .iter()
        .find(|token| token.secret.trim().len() < SHORTEST_TOKEN)
    {
        Some(short) => Err(StartError::ShortToken(Arc::clone(&short.name))),
        None => Ok(()),
    }
}

/// TLS 1.2 and 1.3 with the certificate of the settings.
fn acceptor(settings: &AdminSettings) -> Result<SslAcceptorBuilder, StartError> {
    let refuse = |reason: String| StartError::Certificate(reason);
    // Says what is wrong in words; the calls below would only give OpenSSL's codes.
    let material = key_material::from_pem(&settings.certificate_pem, &settings.key_pem)
        .map_err(|error| refuse(error.to_string()))?;
    let openssl = |error: openssl::error::ErrorStack| refuse(error.to_string());
    let key = material
        .private_key_pkcs8()
        .map_err(|error| refuse(error.to_string()))?;
    let key = PKey::private_key_from_der(&key).map_err(openssl)?;
    let mut builder = SslAcceptor::mozilla_intermediate_v5(SslMethod::tls()).map_err(openssl)?;
    let leaf = X509::from_der(&material.facts().der).map_err(openssl)?;
    builder.set_certificate(&leaf).map_err(openssl)?;
    for der in material.chain_der() {
        builder
            .add_extra_chain_cert(X509::from_der(der).map_err(openssl)?)
            .map_err(openssl)?;
    }
    builder.set_private_key(&key).map_err(openssl)?;
    builder.check_private_key().map_err(openssl)?;
    Ok(builder)
}
