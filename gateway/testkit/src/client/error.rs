//! What may go wrong for a client, told apart.

use std::error::Error;
use std::sync::Arc;
use std::time::Duration;

use openssl::error::ErrorStack;

/// Why a client got no response.
#[derive(Debug, thiserror::Error)]
pub enum ClientError {
    /// The TCP connection could not be made.
    #[error("connecting: {0}")]
    Connect(#[source] std::io::Error),
    /// The TLS handshake failed.
    #[error("handshake: {0}")]
    Handshake(#[source] openssl::ssl::Error),
    /// The connection ended, or broke the protocol, before the response's head was there.
    #[error("request: {error}{}", ended.as_ref().map(|end| format!(" (the connection ended: {end})")).unwrap_or_default())]
    Request {
        /// What the request was told.
        #[source]
        error: hyper::Error,
        /// How the connection ended, when it did: an alert that arrived between two requests is here.
        ended: Option<Arc<hyper::Error>>,
    },
    /// The connection ended, or broke the protocol, inside the response's body.
    #[error("response body: {0}")]
    ResponseBody(#[source] hyper::Error),
    /// Reading or writing raw bytes failed.
    #[error("stream: {0}")]
    Stream(#[source] std::io::Error),
    /// It took too long.
    #[error("{what} was not over after {after:?}")]
    Deadline {
        /// What took too long.
        what: &'static str,
        /// The deadline.
        after: Duration,
    },
    /// A request that cannot be written.
    #[error("not a request: {0}")]
    NotARequest(#[from] http::Error),
    /// A response body that is not what was asked for.
    #[error("the response's body is not JSON: {0}")]
    Json(#[from] serde_json::Error),
    /// A setting that contradicts itself.
    #[error("{0}")]
    Setting(&'static str),
    /// OpenSSL refused a setting.
    #[error("OpenSSL: {0}")]
    Tls(#[from] ErrorStack),
}

impl ClientError {
    /// The TLS alert that ended the connection, in OpenSSL's words (`tlsv1 alert unknown ca`,
    /// `tlsv13 alert certificate required`), if one did.
    #[must_use]
    pub fn alert(&self) -> Option<String> {
        self.chain().into_iter().find_map(|error| {
            let cause = error.to_string();
            let start = cause.find("alert ")?;
            // "error:0A000418:SSL routines:ssl3_read_bytes:tlsv1 alert unknown ca:file.c:908:SSL alert number 48"
            let before = cause.get(..start)?.rfind(':').map_or(0, |colon| colon + 1);
            cause.get(before..)?.split(':').next().map(str::to_owned)
        })
    }

    /// Whether the server ended the connection before anything of the response arrived: what an
    /// idle connection looks like when it is closed under a request.
    #[must_use]
    pub fn is_closed_before_response(&self) -> bool {
        matches!(self, Self::Request { error, .. }
            if error.is_incomplete_message() || error.is_canceled() || error.is_closed())
    }

    /// Whether the server reset the TCP connection.
    #[must_use]
    pub fn is_reset(&self) -> bool {
        self.chain().into_iter().any(|error| {
            error
                .downcast_ref::<std::io::Error>()
                .is_some_and(|error| error.kind() == std::io::ErrorKind::ConnectionReset)
        })
    }

    /// Every error beneath this one, the innermost first, because it says it most precisely.
    fn chain(&self) -> Vec<&(dyn Error + 'static)> {
        let ended: Option<&(dyn Error + 'static)> = match self {
            Self::Request {
                ended: Some(ended), ..
            } => Some(&**ended),
            _ => None,
        };
        let mut chain: Vec<&(dyn Error + 'static)> = vec![];
        for mut cause in [Some(self as &(dyn Error + 'static)), ended] {
            while let Some(error) = cause {
                chain.push(error);
                cause = error.source();
            }
        }
        chain.reverse();
        chain
    }
}
