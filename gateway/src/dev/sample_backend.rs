//! A backend to forward to: it demands a client certificate and says what it was asked.

use std::net::TcpListener;

use actix_web::dev::ServerHandle;
use actix_web::{App, HttpRequest, HttpResponse, HttpServer, web};
use openssl::hash::MessageDigest;
use openssl::ssl::{SslAcceptor, SslFiletype, SslMethod, SslVerifyMode};
use serde_json::json;

use super::pki::DevPki;

/// A running sample backend.
#[derive(Debug)]
pub struct SampleBackend {
    /// Its URL.
    pub url: String,
    handle: ServerHandle,
}

/// The certificate that a connection presented.
#[derive(Debug, Clone)]
struct Caller(String);

impl SampleBackend {
    /// Starts it on a free port of the loopback interface.
    ///
    /// # Errors
    /// If no port can be bound or its certificate not be used.
    pub fn start(pki: &DevPki) -> Result<Self, Box<dyn std::error::Error>> {
        let mut tls = SslAcceptor::mozilla_intermediate_v5(SslMethod::tls_server())?;
        tls.set_certificate_chain_file(pki.path("sample-backend.pem"))?;
        tls.set_private_key_file(pki.path("sample-backend.key"), SslFiletype::PEM)?;
        tls.set_ca_file(pki.path("ca.pem"))?;
        tls.set_verify(SslVerifyMode::PEER | SslVerifyMode::FAIL_IF_NO_PEER_CERT);
        let listener = TcpListener::bind(("127.0.0.1", 0))?;
        let url = format!("https://{}", listener.local_addr()?);
        let server = HttpServer::new(|| App::new().default_service(web::to(answer)))
            .workers(1)
            .disable_signals()
            .on_connect(|connection, data| {
                type Tls = actix_tls::accept::openssl::TlsStream<tokio::net::TcpStream>;
                let presented = connection
                    .downcast_ref::<Tls>()
                    .and_then(|tls| tokio_openssl::SslStream::ssl(tls).peer_certificate())
                    .and_then(|certificate| certificate.digest(MessageDigest::sha1()).ok());
                if let Some(digest) = presented {
                    data.insert(Caller(gateway_tls::digest::upper_hex(digest.as_ref())));
                }
            })
            .listen_openssl(listener, tls)?
            .run();
        let handle = server.handle();
        actix_rt::spawn(server);
        Ok(Self { url, handle })
    }

    /// Stops it after the requests it is serving.
    pub async fn stop(self) {
        self.handle.stop(true).await;
    }
}

async fn answer(request: HttpRequest, body: web::Bytes) -> HttpResponse {
    let caller = request.conn_data::<Caller>().map(|caller| caller.0.clone());
    HttpResponse::Ok().json(json!({
        "service": "sample backend",
        "method": request.method().as_str(),
        "path": request.uri().to_string(),
        "bodyBytes": body.len(),
        "presentedCertificate": caller,
    }))
}
