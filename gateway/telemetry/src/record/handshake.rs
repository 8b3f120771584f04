//! One line for a connection that was closed before it could ask for anything.

use std::net::IpAddr;
use std::sync::Arc;

use jiff::Timestamp;
use serde::{Serialize, Serializer};

use super::milliseconds;
use crate::label::{ConnectionRefusal, HandshakeEnd, TlsVersion};

/// A handshake that was refused or failed. It belongs to no request and to no proven identity.
#[derive(Debug, Clone, Serialize)]
pub struct HandshakeRecord {
    /// When it ended.
    #[serde(serialize_with = "milliseconds")]
    pub time: Timestamp,
    /// The worker that had the connection.
    pub worker: usize,
    /// The revision that was served when it ended.
    pub revision: u64,
    /// The client's address.
    pub client: IpAddr,
    /// The host configuration that its `ClientHello` chose, if it got so far.
    pub host: Option<Arc<str>>,
    /// The server name in its `ClientHello`, if there was a lawful one.
    pub server_name: Option<Arc<str>>,
    /// The TLS version, if one was agreed on.
    pub tls: Option<TlsVersion>,
    /// Why.
    pub reason: HandshakeRefusal,
    /// The same in words for an operator.
    pub error: Option<String>,
    /// SHA-1 thumbprint of the certificate that the client sent. **Not proven**: a certificate is public,
    /// and whoever sent it may not have its key. It is never called `thumbprint`, so that nobody who
    /// looks for what a client did finds what somebody else claimed.
    pub presented_thumbprint: Option<String>,
    /// Time since the connection was taken.
    pub total_us: u32,
    /// How many such records of this worker were left out since its last one, because there were too
    /// many in one second.
    pub suppressed: u64,
}

/// Why a connection was closed: the words of the metrics for handshakes and for refused connections.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum HandshakeRefusal {
    /// The handshake began.
    Ended(HandshakeEnd),
    /// A limit was met before it could begin.
    Connection(ConnectionRefusal),
}

impl Serialize for HandshakeRefusal {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(match self {
            Self::Ended(end) => end.word(),
            Self::Connection(refusal) => refusal.word(),
        })
    }
}

#[cfg(test)]
pub(super) mod tests {
    use super::*;

    pub(in crate::record) fn record() -> HandshakeRecord {
        HandshakeRecord {
            time: Timestamp::from_millisecond(1_795_386_411_040).unwrap(),
            worker: 3,
            revision: 42,
            client: "192.0.2.7".parse().unwrap(),
            host: Some("*.example.com".into()),
            server_name: Some("api.example.com".into()),
            tls: Some(TlsVersion::Tls12),
            reason: HandshakeRefusal::Ended(HandshakeEnd::Untrusted),
            error: Some("the certificate is not trusted".into()),
            presented_thumbprint: Some("AB12".into()),
            total_us: 1_200,
            suppressed: 7,
        }
    }

    #[test]
    fn a_record_says_everything_by_name_and_calls_nothing_unproven_a_thumbprint() {
        let expected = serde_json::json!({
            "time": "2026-11-22T22:26:51.040Z",
            "worker": 3, "revision": 42, "client": "192.0.2.7",
            "host": "*.example.com", "server_name": "api.example.com", "tls": "TLSv1.2",
            "reason": "untrusted", "error": "the certificate is not trusted",
            "presented_thumbprint": "AB12", "total_us": 1200, "suppressed": 7,
        });
        assert_eq!(serde_json::to_value(record()).unwrap(), expected);
    }

    #[test]
    fn the_reasons_of_handshakes_and_of_connections_do_not_share_a_word() {
        let ends = HandshakeEnd::ALL
            .iter()
            .copied()
            .map(HandshakeRefusal::Ended);
        let refusals = ConnectionRefusal::ALL
            .iter()
            .copied()
            .map(HandshakeRefusal::Connection);
        let mut words: Vec<String> = ends
            .chain(refusals)
            .map(|reason| serde_json::to_value(reason).unwrap().to_string())
            .collect();
        let all = words.len();
        words.sort();
        words.dedup();
        assert_eq!(words.len(), all);
    }
}
