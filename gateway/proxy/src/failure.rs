//! What goes wrong with a request, decided in one place: whose fault it is, what the client sees,
//! whether the connection ends with it.
//!
//! Two kinds. A [`Problem`] ends a request before its policies run, or because there is nobody left
//! to answer. Whatever happens while policies run becomes a policy [`Failure`], which their
//! `on-error` may turn into another response; the functions below translate.

use gateway_config::judge::Reason;
use gateway_config::upstream::UpstreamError;
use gateway_policy::context::LastError;
use gateway_policy::execution::Failure;
use gateway_telemetry::label::Fault;
use http::StatusCode;

use crate::body::BodyError;
use crate::front::After;
use crate::front::framing::Refusal;
use crate::upstream::{FailureKind, UpstreamFailure};

/// Seconds after which a client may try again what is unavailable now.
pub(crate) const RETRY_AFTER: u32 = 5;

/// Why a request is answered without its policies.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Problem {
    /// Its head is malformed, ambiguous, too large or too late.
    Head(Refusal),
    /// Its Host belongs to another host configuration than the connection's (RFC 9110 section
    /// 15.5.20): certificates were asked for, or not, by the rules of that one.
    Misdirected,
    /// The host demands a certificate, and this connection has none that is trusted now.
    Certificate(Reason),
    /// The host demands a certificate of a trusted peer too, and has none that is trusted now.
    PeerCertificate(Reason),
    /// The same about the certificate that a trusted peer has named.
    CapturedCertificate(Reason),
    /// What a trusted peer says about the client cannot be read.
    Captured(&'static str),
    /// The host, the API or the operation could not be compiled at start-up.
    Quarantined(&'static str),
    /// `Expect` says something else than `100-continue`.
    Expectation,
    /// WebSocket.
    Upgrade,
    /// `Content-Length` is over the limit.
    TooLarge,
    /// The worker has as many requests as it can take.
    Overloaded,
    /// Evaluating its policies panicked: a defect, and nobody knows what they would have decided.
    PolicyPanicked,
}

impl Problem {
    pub(crate) fn status(&self) -> StatusCode {
        match self {
            Self::Head(refusal) => refusal.status,
            Self::Misdirected => StatusCode::MISDIRECTED_REQUEST,
            Self::Certificate(_) | Self::PeerCertificate(_) | Self::CapturedCertificate(_) => {
                StatusCode::FORBIDDEN
            }
            Self::Captured(_) => StatusCode::BAD_REQUEST,
            Self::Quarantined(_) | Self::Overloaded => StatusCode::SERVICE_UNAVAILABLE,
            Self::Expectation => StatusCode::EXPECTATION_FAILED,
            Self::Upgrade => StatusCode::NOT_IMPLEMENTED,
            Self::TooLarge => StatusCode::PAYLOAD_TOO_LARGE,
            Self::PolicyPanicked => StatusCode::INTERNAL_SERVER_ERROR,
        }
    }

    /// For the client.
    pub(crate) fn message(&self) -> &'static str {
        match self {
            Self::Head(refusal) => refusal.reason,
            Self::Misdirected => "This connection does not serve the requested host.",
            Self::Certificate(Reason::NotFound) | Self::CapturedCertificate(Reason::NotFound) => {
                "Client certificate missing"
            }
            Self::Certificate(_) | Self::PeerCertificate(_) | Self::CapturedCertificate(_) => {
                "Invalid client certificate"
            }
            Self::Captured(_) => "The header with the client certificate is malformed.",
            Self::Quarantined(_) | Self::Overloaded => "Service unavailable",
            Self::Expectation => "The only expectation that can be met is 100-continue.",
            Self::Upgrade => "WebSocket is not supported.",
            Self::TooLarge => "The request body is too large.",
            Self::PolicyPanicked => "Internal server error",
        }
    }

    /// For the access record; no values from the request.
    pub(crate) fn detail(&self) -> &'static str {
        match self {
            Self::Certificate(reason) | Self::CapturedCertificate(reason) => reason.code(),
            Self::PeerCertificate(_) => "the trusted peer's own certificate is refused",
            Self::Quarantined(what) | Self::Captured(what) => what,
            Self::Overloaded => "the worker has as many requests as it may have",
            Self::PolicyPanicked => "PolicyPanicked",
            _ => self.message(),
        }
    }

    pub(crate) fn fault(&self) -> Fault {
        match self {
            Self::Quarantined(_) | Self::Overloaded | Self::PolicyPanicked => Fault::Gateway,
            _ => Fault::Client,
        }
    }

    /// What becomes of the connection.
    pub(crate) fn after(&self) -> After {
        match self {
            // A new connection may present another certificate; this one never will.
            Self::Certificate(_) | Self::PeerCertificate(_) => After::ConnectionEnds,
            Self::Head(_) | Self::TooLarge | Self::Expectation | Self::PolicyPanicked => {
                After::StreamEnds
            }
            // The next request of a trusted peer may come from another client.
            Self::CapturedCertificate(_)
            | Self::Captured(_)
            | Self::Misdirected
            | Self::Quarantined(_)
            | Self::Upgrade
            | Self::Overloaded => After::Open,
        }
    }

    pub(crate) fn retry_after(&self) -> Option<u32> {
        matches!(self, Self::Quarantined(_) | Self::Overloaded).then_some(RETRY_AFTER)
    }
}

impl From<Refusal> for Problem {
    fn from(refusal: Refusal) -> Self {
        Self::Head(refusal)
    }
}

/// The backend could not be asked, or did not answer.
pub(crate) fn of_upstream(failure: UpstreamFailure) -> Failure {
    match failure.kind {
        FailureKind::Timeout | FailureKind::ConnectTimeout => {
            Failure::backend_timeout(failure.detail)
        }
        FailureKind::Connect | FailureKind::Tls | FailureKind::Protocol => {
            Failure::backend_connection(failure.detail)
        }
    }
}

/// There is nowhere to send the request.
pub(crate) fn of_destination(error: &UpstreamError) -> Failure {
    Failure::backend_connection(error.to_string())
}

/// The request's body did not arrive.
pub(crate) fn of_request_body(error: &BodyError) -> Failure {
    match error {
        BodyError::Timeout => client(
            StatusCode::REQUEST_TIMEOUT,
            "The request body did not arrive in time.".to_owned(),
            "The request body did not arrive in time.",
        ),
        BodyError::TooLarge => client(
            StatusCode::PAYLOAD_TOO_LARGE,
            "The request body is larger than the limit.".to_owned(),
            "The request body is too large.",
        ),
        BodyError::NoRoom => overloaded(error),
        BodyError::Broken(reason) => Failure::client_connection(reason.clone()),
    }
}

fn overloaded(error: &BodyError) -> Failure {
    let failure = Failure::of_policy(
        "Overloaded",
        error.to_string(),
        StatusCode::SERVICE_UNAVAILABLE,
        "Service unavailable",
    );
    failure.with_header(http::header::RETRY_AFTER, RETRY_AFTER.into())
}

fn client(status: StatusCode, message: String, told: &'static str) -> Failure {
    Failure {
        status,
        client_message: told.into(),
        ..Failure::client_connection(message)
    }
}

/// The response's body did not arrive although a policy reads it.
pub(crate) fn of_response_body(error: &BodyError) -> Failure {
    match error {
        BodyError::Timeout => Failure::backend_timeout("the response body stalled"),
        BodyError::NoRoom => overloaded(error),
        BodyError::TooLarge => Failure::backend_connection(
            "the response body is larger than what policies may read into memory",
        ),
        BodyError::Broken(reason) => {
            Failure::backend_connection(format!("the response body broke off: {reason}"))
        }
    }
}

/// Whose fault a failure is that policies have seen.
pub(crate) fn fault_of(error: &LastError, status: StatusCode) -> Fault {
    match &*error.reason {
        "BackendConnectionFailure" | "Timeout" | "BackendErrorStatusCode" => Fault::Backend,
        "ClientConnectionFailure" => Fault::Client,
        _ => fault_of_status(status),
    }
}

/// Whose fault it is that the gateway itself answered with `status`.
pub(crate) fn fault_of_status(status: StatusCode) -> Fault {
    if status.is_server_error() {
        Fault::Gateway
    } else if status.is_client_error() {
        Fault::Client
    } else {
        Fault::Nobody
    }
}
