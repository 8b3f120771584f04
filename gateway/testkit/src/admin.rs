//! A client for the admin API: HTTPS, bearer token, JSON.

use std::net::SocketAddr;
use std::sync::Arc;

use http::header::{AUTHORIZATION, CONTENT_TYPE, ETAG, HeaderName, IF_MATCH};
use http::{HeaderMap, HeaderValue, Method, Request, StatusCode};
use openssl::x509::X509;
use serde_json::Value;
use tokio::sync::Mutex;

use crate::body::{bytes, empty};
use crate::client::{Client, ClientBuilder, ClientError, Connection, Response};

/// An answer of the admin API.
#[derive(Debug, Clone)]
pub struct AdminReply {
    /// The status.
    pub status: StatusCode,
    /// The header fields.
    pub headers: HeaderMap,
    /// The body; `Null` when it is empty or not JSON.
    pub json: Value,
    /// The body as it came.
    pub text: String,
}

impl AdminReply {
    /// The `ETag`, when there is one.
    #[must_use]
    pub fn etag(&self) -> Option<&str> {
        self.headers.get(ETAG)?.to_str().ok()
    }

    /// The node's revision when it answered (`x-countersign-revision`).
    #[must_use]
    pub fn revision(&self) -> Option<u64> {
        self.headers
            .get("x-countersign-revision")?
            .to_str()
            .ok()?
            .parse()
            .ok()
    }
}

/// Speaks to the admin API over one connection that is kept, and made again when it has ended.
/// Clones share it; a lock keeps their requests in order.
#[derive(Clone)]
pub struct AdminClient {
    client: Client,
    token: HeaderValue,
    connection: Arc<Mutex<Option<Connection>>>,
}

impl AdminClient {
    /// A client for the API at `address` (certificate for `localhost`), with a bearer token.
    ///
    /// # Errors
    ///
    /// [`ClientError::Setting`] when the token is not printable ASCII, [`ClientError::Tls`].
    pub fn new(address: SocketAddr, authority: &X509, token: &str) -> Result<Self, ClientError> {
        Self::with(Client::builder(address).trust(authority), token)
    }

    /// A client over TLS settings of one's own.
    ///
    /// # Errors
    ///
    /// As [`AdminClient::new`].
    pub fn with(client: ClientBuilder, token: &str) -> Result<Self, ClientError> {
        let mut token = HeaderValue::from_str(&format!("Bearer {token}"))
            .map_err(|_| ClientError::Setting("the token is not printable ASCII"))?;
        token.set_sensitive(true);
        Ok(Self {
            client: client.build()?,
            token,
            connection: Arc::default(),
        })
    }

    /// `GET`.
    ///
    /// # Errors
    ///
    /// Those of [`Client::connect`] and [`Connection::send`]; a status is never an error.
    pub async fn get(&self, path: &str) -> Result<AdminReply, ClientError> {
        self.request(Method::GET, path, None, &[]).await
    }

    /// `PUT` of a JSON document.
    ///
    /// # Errors
    ///
    /// As [`AdminClient::get`].
    pub async fn put(&self, path: &str, document: &Value) -> Result<AdminReply, ClientError> {
        self.request(Method::PUT, path, Some(document), &[]).await
    }

    /// `PATCH` of a JSON document against any version (`If-Match: *`).
    ///
    /// # Errors
    ///
    /// As [`AdminClient::get`].
    pub async fn patch(&self, path: &str, document: &Value) -> Result<AdminReply, ClientError> {
        self.request(Method::PATCH, path, Some(document), &[(IF_MATCH, "*")])
            .await
    }

    /// `DELETE` of any version (`If-Match: *`).
    ///
    /// # Errors
    ///
    /// As [`AdminClient::get`].
    pub async fn delete(&self, path: &str) -> Result<AdminReply, ClientError> {
        self.request(Method::DELETE, path, None, &[(IF_MATCH, "*")])
            .await
    }

    /// `POST` of a JSON document.
    ///
    /// # Errors
    ///
    /// As [`AdminClient::get`].
    pub async fn post(&self, path: &str, document: &Value) -> Result<AdminReply, ClientError> {
        self.request(Method::POST, path, Some(document), &[]).await
    }

    /// Any request, with header fields of one's own.
    ///
    /// # Errors
    ///
    /// As [`AdminClient::get`], and [`ClientError::Setting`] when a header value is not text.
    pub async fn request(
        &self,
        method: Method,
        path: &str,
        document: Option<&Value>,
        headers: &[(HeaderName, &str)],
    ) -> Result<AdminReply, ClientError> {
        let content = match document {
            Some(document) => Some(serde_json::to_vec(document)?),
            None => None,
        };
        self.bytes(method, path, content, "application/json", headers)
            .await
    }

    /// Any request with any body.
    ///
    /// # Errors
    ///
    /// As [`AdminClient::request`].
    pub async fn bytes(
        &self,
        method: Method,
        path: &str,
        content: Option<Vec<u8>>,
        content_type: &str,
        headers: &[(HeaderName, &str)],
    ) -> Result<AdminReply, ClientError> {
        let mut request = Request::builder()
            .method(method)
            .uri(path)
            .header(AUTHORIZATION, self.token.clone());
        if content.is_some() {
            request = request.header(CONTENT_TYPE, content_type);
        }
        for (name, value) in headers {
            request = request.header(name, *value);
        }
        let request = request.body(content.map_or_else(empty, bytes))?;
        Ok(reply(self.exchange(request).await?))
    }

    async fn exchange(&self, request: Request<crate::Body>) -> Result<Response, ClientError> {
        let mut kept = self.connection.lock().await;
        let connection = match kept.take() {
            Some(connection) if !connection.is_closed() => connection,
            _ => self.client.connect().await?,
        };
        // Not tried again on failure: the change may have happened, and the caller must know.
        let response = connection.send(request).await?;
        *kept = Some(connection);
        Ok(response)
    }
}

impl std::fmt::Debug for AdminClient {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter
            .debug_struct("AdminClient")
            .field("client", &self.client)
            .finish_non_exhaustive()
    }
}

fn reply(response: Response) -> AdminReply {
    AdminReply {
        status: response.status,
        json: serde_json::from_slice(&response.body).unwrap_or(Value::Null),
        text: response.text(),
        headers: response.headers,
    }
}
