//! Session tickets: what they carry, and which of them may be resumed.

use std::sync::Arc;

use openssl::ssl::{SslRef, SslSessionRef};

use super::certificates::judge;
use super::{Handshake, Hello};
use crate::appdata::TicketData;
use crate::ffi::connection;
use crate::host::ClientCertificateMode;
use crate::ticket_keys::{Generation, TicketKey};

/// Writes the ticket's application data. A session that has some already keeps it: it was resumed, or this
/// is the second ticket of one handshake. `false` ends the handshake.
pub(crate) fn ticket_made(ssl: &SslRef) -> bool {
    let (Some(handshake), Some(session)) = (Handshake::of(ssl), ssl.session()) else {
        return false;
    };
    if !connection::ticket_appdata(session).is_empty() {
        return true;
    }
    let data = TicketData::new(handshake.now(), handshake.progress().presented.as_ref());
    // Without data the ticket will be declined: that is what a chain too long for it gets.
    data.is_none_or(|data| connection::set_ticket_appdata(session, &data.encode()).is_ok())
}

/// Whether the session of a decrypted ticket may be resumed here and now. OpenSSL checks the session-id
/// context, the session's own expiry and the proof of its secret after this.
pub(crate) fn ticket_received(ssl: &SslRef, session: &SslSessionRef) -> bool {
    let Some(handshake) = Handshake::of(ssl) else {
        return false;
    };
    let Some(Hello { host, .. }) = handshake.hello() else {
        return false;
    };
    let Some(data) = TicketData::decode(&connection::ticket_appdata(session)) else {
        return false;
    };
    let age = handshake.now().saturating_sub(data.full_handshake_at);
    if !(0..=i64::from(host.max_ticket_age())).contains(&age) {
        return false;
    }
    let peer = connection::session_peer(session);
    match (host.mode(), data.chain, peer) {
        (ClientCertificateMode::None | ClientCertificateMode::Optional, None, None) => true,
        (
            ClientCertificateMode::Optional | ClientCertificateMode::Required,
            Some(reference),
            Some(peer),
        ) => {
            let Some(chain) = peer
                .to_der()
                .ok()
                .and_then(|leaf| reference.rebuild(&leaf, &handshake.shared.intermediates))
            else {
                return false;
            };
            // Time may have passed over the chain or a revocation list since the full handshake.
            let accepted = host.mode() == ClientCertificateMode::Optional
                || judge(&handshake, &host, &chain).is_ok();
            if accepted {
                handshake.progress().offered.push(chain);
            }
            accepted
        }
        _ => false,
    }
}

/// The key for a ticket being made.
pub(crate) fn key_for_new_ticket(ssl: &SslRef) -> Option<Arc<TicketKey>> {
    let handshake = Handshake::of(ssl)?;
    handshake.shared.ticket_keys.current(handshake.now()).ok()
}

/// The key that a received ticket names.
pub(crate) fn key_of_ticket(ssl: &SslRef, name: &[u8]) -> Option<(Arc<TicketKey>, Generation)> {
    let handshake = Handshake::of(ssl)?;
    handshake
        .shared
        .ticket_keys
        .find(name, handshake.now())
        .ok()?
}
