//! The `ClientHello`: which host configuration a connection is for, and its settings.

use std::sync::Arc;

use openssl::error::ErrorStack;
use openssl::ssl::{SslOptions, SslRef, SslVerifyMode};

use super::{AlertNumber, Handshake, Hello, Stop};
use crate::accept::Selection;
use crate::ffi::connection;
use crate::host::{ClientCertificateMode, HostContext};
use crate::sni;

/// Chooses the host configuration and sets the connection up for it.
pub(crate) fn client_hello(ssl: &mut SslRef) -> Result<(), AlertNumber> {
    let Some(handshake) = Handshake::of(ssl) else {
        return Err(AlertNumber(80));
    };
    choose_host(&handshake, ssl).map_err(|stop| AlertNumber(handshake.stop(stop).alert()))
}

fn choose_host(handshake: &Handshake, ssl: &mut SslRef) -> Result<(), Stop> {
    let server_name = connection::client_hello_server_name(ssl)
        .map(|extension| sni::parse(&extension))
        .transpose()
        .map_err(|sni::MalformedServerName| Stop::MalformedServerName)?;
    if let Some(first) = handshake.hello() {
        // The second hello, after a HelloRetryRequest: everything is set, and must stay as it is.
        return if first.server_name == server_name {
            Ok(())
        } else {
            Err(Stop::ServerNameChanged)
        };
    }
    handshake.progress().asked_for.clone_from(&server_name);
    let host = match handshake.shared.selector.select(server_name.as_deref()) {
        Selection::Host(host) => host,
        Selection::Unrecognized => return Err(Stop::UnrecognizedName),
        Selection::Unavailable => return Err(Stop::Unavailable),
    };
    handshake.progress().hello = Some(Hello {
        server_name,
        host: Arc::clone(&host),
    });
    apply(&host, ssl)
        .map_err(|error| Stop::Internal(format!("setting up the connection failed: {error}")))
}

/// The order matters: replacing the context overwrites the session-id context and the certificate block.
fn apply(host: &HostContext, ssl: &mut SslRef) -> Result<(), ErrorStack> {
    connection::set_context(ssl, host.context())?;
    connection::set_session_id_context(ssl, host.session_id_context())?;
    ssl.set_verify(match host.mode() {
        ClientCertificateMode::None => SslVerifyMode::NONE,
        ClientCertificateMode::Optional => SslVerifyMode::PEER,
        ClientCertificateMode::Required => {
            SslVerifyMode::PEER | SslVerifyMode::FAIL_IF_NO_PEER_CERT
        }
    });
    if host.tickets() == 0 {
        connection::change_options(ssl, SslOptions::NO_TICKET, SslOptions::empty());
    } else {
        connection::change_options(ssl, SslOptions::empty(), SslOptions::NO_TICKET);
    }
    ssl.set_min_proto_version(Some(host.min_version().to_openssl()))?;
    ssl.set_max_proto_version(Some(host.max_version().to_openssl()))?;
    connection::set_groups(ssl, host.groups())?;
    ssl.set_num_tickets(usize::from(host.tickets()))
}
