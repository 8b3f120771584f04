//! The identity of a finished handshake.

use openssl::ssl::SslRef;

use super::{Handshake, Hello, Stop};
use crate::appdata::TicketData;
use crate::chain::PresentedChain;
use crate::ffi::connection;
use crate::host::ClientCertificateMode;

/// What a finished handshake has shown.
pub(crate) struct Finished {
    pub(crate) hello: Hello,
    pub(crate) peer: Option<PresentedChain>,
    pub(crate) resumed: bool,
}

/// Takes the identity. Everything here is read after OpenSSL has verified `CertificateVerify` and Finished.
pub(crate) fn finish(handshake: &Handshake, ssl: &SslRef) -> Result<Finished, Stop> {
    let internal = |what: &str| Stop::Internal(what.to_owned());
    if !ssl.is_init_finished() {
        return Err(internal("the handshake has not finished"));
    }
    let hello = handshake
        .hello()
        .ok_or_else(|| internal("no host was chosen"))?;
    let resumed = ssl.session_reused();
    let peer = if resumed {
        resumed_peer(handshake, ssl)
            .ok_or_else(|| internal("the resumed session's peer cannot be told"))?
    } else {
        let presented = handshake.progress().presented.clone();
        let proven = ssl.peer_certificate().map(|leaf| leaf.to_der()).transpose();
        let proven = proven.map_err(|error| Stop::Internal(error.to_string()))?;
        if proven.as_deref() != presented.as_ref().map(PresentedChain::leaf) {
            return Err(internal("the proven certificate is not the presented one"));
        }
        for der in presented.iter().flat_map(PresentedChain::intermediates) {
            handshake.shared.intermediates.intern(der);
        }
        presented
    };
    match (hello.host.mode(), &peer) {
        (ClientCertificateMode::Required, None) => Err(Stop::CertificateRequired),
        (ClientCertificateMode::None, Some(_)) => {
            Err(internal("a certificate arrived that was not asked for"))
        }
        _ => Ok(Finished {
            hello,
            peer,
            resumed,
        }),
    }
}

/// `None`: it cannot be told. `Some(None)`: the session has no peer certificate.
fn resumed_peer(handshake: &Handshake, ssl: &SslRef) -> Option<Option<PresentedChain>> {
    let session = ssl.session()?;
    let data = TicketData::decode(&connection::ticket_appdata(session))?;
    match (data.chain, connection::session_peer(session)) {
        (None, None) => Some(None),
        (Some(reference), Some(leaf)) => {
            let leaf = leaf.to_der().ok()?;
            // An intermediate may have fallen out of the store since the ticket was read.
            let offered = std::mem::take(&mut handshake.progress().offered)
                .into_iter()
                .find(|chain| chain.key() == reference.key && chain.leaf() == leaf);
            let chain =
                offered.or_else(|| reference.rebuild(&leaf, &handshake.shared.intermediates))?;
            Some(Some(chain))
        }
        _ => None,
    }
}
