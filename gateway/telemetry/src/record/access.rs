//! One line for each request that was parsed.

use std::borrow::Cow;
use std::net::IpAddr;
use std::sync::Arc;

use jiff::Timestamp;
use serde::{Serialize, Serializer};

use super::milliseconds;
use crate::label::{Fault, HttpVersion, PolicyBudget, TlsVersion};

/// What happened to one request. No header, body or query is in it: they may hold secrets.
#[derive(Debug, Clone, Serialize)]
pub struct AccessRecord {
    /// When its head was complete.
    #[serde(serialize_with = "milliseconds")]
    pub time: Timestamp,
    /// The request's id, also in traces and in what the backend is sent.
    pub request_id: Arc<str>,
    /// The worker that served it.
    pub worker: usize,
    /// The revision that it was judged and routed under.
    pub revision: u64,
    /// The client's address.
    pub client: IpAddr,
    /// The host it asked for, as resolved from `Host` or `:authority`.
    pub host: Option<Arc<str>>,
    /// The method.
    pub method: Cow<'static, str>,
    /// The path. A query is cut off when it is written.
    #[serde(serialize_with = "without_query")]
    pub path: String,
    /// The status it was answered with; `None` if the connection ended before.
    pub status: Option<u16>,
    /// The API it was routed to.
    pub api: Option<Arc<str>>,
    /// The operation it was routed to.
    pub operation: Option<Arc<str>>,
    /// SHA-1 thumbprint of the client's certificate, as policies and identity lists name it.
    pub thumbprint: Option<Arc<str>>,
    /// Whether a trusted peer named that certificate in a header; else the handshake has proven it.
    pub captured: bool,
    /// What judging that certificate gave, if it was judged.
    pub verdict: Option<Verdict>,
    /// Why it was refused: the code that policies see.
    pub verdict_reason: Option<Cow<'static, str>>,
    /// Whose fault it is if it did not succeed.
    pub fault: Fault,
    /// What went wrong, in words for an operator; no values from the request.
    pub error: Option<Cow<'static, str>>,
    /// Bytes of the request's body that were read.
    pub bytes_in: u64,
    /// Bytes of the answer's body that were written.
    pub bytes_out: u64,
    /// The TLS version of the connection.
    pub tls: Option<TlsVersion>,
    /// Whether the connection's TLS session was resumed.
    pub resumed: bool,
    /// The HTTP version.
    pub http: HttpVersion,
    /// How long each stage took.
    pub stages: StageTimes,
    /// The subscription whose key it carried.
    pub subscription: Option<Arc<str>>,
    /// The error of a policy, if one failed: reason and place.
    pub policy_error: Option<String>,
    /// The budgets that its policies overran, whatever it was answered with.
    pub budgets_exceeded: Vec<PolicyBudget>,
}

/// Microseconds per stage; `None` for those it did not reach.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub struct StageTimes {
    /// The chain's verdict.
    pub judge_us: Option<u32>,
    /// Host, path, operation.
    pub route_us: Option<u32>,
    /// Policies before the backend.
    pub inbound_us: Option<u32>,
    /// Until the head of the backend's answer.
    pub forward_us: Option<u32>,
    /// Policies after the backend.
    pub outbound_us: Option<u32>,
    /// From the request's head to the last byte of the answer.
    pub total_us: u32,
}

/// What judging a certificate gave.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Verdict {
    /// The request went on.
    Accepted,
    /// It was refused because of the certificate.
    Refused,
}

fn without_query<S: Serializer>(path: &str, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.serialize_str(path.split_once('?').map_or(path, |(path, _)| path))
}

#[cfg(test)]
pub(super) mod tests {
    use super::*;

    pub(in crate::record) fn record() -> AccessRecord {
        AccessRecord {
            time: Timestamp::from_millisecond(1_795_386_411_040).unwrap(),
            request_id: "0f3a".into(),
            worker: 1,
            revision: 42,
            client: "192.0.2.7".parse().unwrap(),
            host: Some("api.example.com".into()),
            method: "GET".into(),
            path: "/orders/1?subscription-key=SECRET".into(),
            status: Some(403),
            api: Some("orders".into()),
            operation: Some("get1".into()),
            thumbprint: Some("AB12".into()),
            captured: false,
            verdict: Some(Verdict::Refused),
            verdict_reason: Some("ClientCertificateRevoked".into()),
            fault: Fault::Client,
            error: None,
            bytes_in: 0,
            bytes_out: 29,
            tls: Some(TlsVersion::Tls13),
            resumed: true,
            http: HttpVersion::Http2,
            stages: StageTimes {
                judge_us: Some(3),
                total_us: 120,
                ..StageTimes::default()
            },
            subscription: None,
            policy_error: None,
            budgets_exceeded: vec![PolicyBudget::Regex],
        }
    }

    #[test]
    fn a_record_says_everything_by_name_and_leaves_the_query_out() {
        let expected = serde_json::json!({
            "time": "2026-11-22T22:26:51.040Z",
            "request_id": "0f3a", "worker": 1, "revision": 42, "client": "192.0.2.7",
            "host": "api.example.com", "method": "GET", "path": "/orders/1", "status": 403,
            "api": "orders", "operation": "get1", "thumbprint": "AB12",
            "captured": false,
            "verdict": "refused", "verdict_reason": "ClientCertificateRevoked",
            "fault": "client", "error": null, "bytes_in": 0, "bytes_out": 29,
            "tls": "TLSv1.3", "resumed": true, "http": "HTTP/2",
            "stages": {"judge_us": 3, "route_us": null, "inbound_us": null, "forward_us": null,
                       "outbound_us": null, "total_us": 120},
            "subscription": null, "policy_error": null,
            "budgets_exceeded": ["regex"],
        });
        assert_eq!(serde_json::to_value(record()).unwrap(), expected);
    }

    #[test]
    fn whole_seconds_are_written_with_milliseconds_too() {
        let record = AccessRecord {
            time: Timestamp::UNIX_EPOCH,
            ..record()
        };
        assert_eq!(
            serde_json::to_value(record).unwrap()["time"],
            "1970-01-01T00:00:00.000Z"
        );
    }
}
