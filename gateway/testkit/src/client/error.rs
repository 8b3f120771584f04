//! What may go wrong for a client, told apart.

use std::error::Error;
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
    #[error("request: {0}")]
    Request(#[source] hyper::Error),
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
        self.causes().into_iter().find_map(|cause| {
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
        matches!(self, Self::Request(error)
            if error.is_incomplete_message() || error.is_canceled() || error.is_closed())
    }

    /// Whether the server reset the TCP connection.
    #[must_use]
    pub fn is_reset(&self) -> bool {
        let mut cause: Option<&(dyn Error + 'static)> = Some(self);
        while let Some(error) = cause {
            if let Some(error) = error.downcast_ref::<std::io::Error>()
                && error.kind() == std::io::ErrorKind::ConnectionReset
            {
                return true;
            }
            cause = error.source();
        }
        false
    }

    fn causes(&self) -> Vec<String> {
        let mut texts = Vec::new();
        let mut cause: Option<&(dyn Error + 'static)> = Some(self);
        while let Some(error) = cause {
            texts.push(error.to_string());
            cause = error.source();
        }
        // The innermost says it most precisely.
        texts.reverse();
        texts
    }
}
