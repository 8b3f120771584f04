//! The `context` of a request: what expressions read and statements change.
//!
//! Field names follow `context` of the policy expressions page; semantics of missing values are
//! those of .NET (a missing variable throws, a missing header is null).

use std::net::IpAddr;
use std::sync::Arc;

use bytes::Bytes;
use http::{HeaderMap, Method, StatusCode};

use crate::certificate::Certificate;
use crate::expression::{Handle, Value};
use crate::host::UnixNanos;

/// Everything a policy can see of one exchange.
#[derive(Debug)]
pub struct Context {
    /// Unique id of the request.
    pub request_id: uuid_bytes::RequestId,
    /// When its head was read.
    pub timestamp: UnixNanos,
    /// The request as it will go to the backend.
    pub request: Request,
    /// The response, once there is one: the backend's, or one made by `return-response`.
    pub response: Option<Response>,
    /// The API, once routed.
    pub api: Option<Arc<Api>>,
    /// The operation, once routed.
    pub operation: Option<Arc<Operation>>,
    /// The product the request came through: its subscription's, or an open one.
    pub product: Option<Arc<Product>>,
    /// The subscription whose key came with the request.
    pub subscription: Option<Arc<Subscription>>,
    /// Names and values that `set-variable` made, in order of first assignment.
    pub variables: indexmap::IndexMap<Arc<str>, Value>,
    /// The failure being handled; `None` outside `on-error`.
    pub last_error: Option<LastError>,
    /// Where the gateway runs.
    pub deployment: Arc<Deployment>,
    /// Responses to requests that policies sent themselves; variables refer to them.
    pub sent: Sent,
}

/// Responses to requests that policies sent themselves.
#[derive(Debug, Default)]
pub struct Sent(Vec<Response>);

impl Sent {
    /// Keeps a response; the value that stands for it.
    pub(crate) fn add(&mut self, response: Response) -> Value {
        let index = u32::try_from(self.0.len()).unwrap_or(u32::MAX);
        self.0.push(response);
        Value::Handle(Handle::SentResponse(index))
    }

    pub(crate) fn get(&self, index: u32) -> Option<&Response> {
        self.0.get(usize::try_from(index).ok()?)
    }

    pub(crate) fn get_mut(&mut self, index: u32) -> Option<&mut Response> {
        self.0.get_mut(usize::try_from(index).ok()?)
    }
}

impl Context {
    /// The response that a value stands for.
    pub(crate) fn response_of(&self, value: &Value) -> Option<&Response> {
        match value {
            Value::Handle(handle) => self.response_at(*handle),
            _ => None,
        }
    }

    /// The response that a handle, its headers or its body belong to.
    pub(crate) fn response_at(&self, handle: Handle) -> Option<&Response> {
        match handle {
            Handle::Response | Handle::ResponseHeaders | Handle::ResponseBody => {
                self.response.as_ref()
            }
            Handle::SentResponse(index) | Handle::SentHeaders(index) | Handle::SentBody(index) => {
                self.sent.get(index)
            }
            _ => None,
        }
    }
}

/// The request id type, kept apart so that this crate needs no generator of them.
pub mod uuid_bytes {
    /// A GUID, big-endian as text prints it.
    #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
    pub struct RequestId(pub [u8; 16]);

    impl std::fmt::Display for RequestId {
        /// Lower-case with dashes: .NET's `D` format.
        fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
            for (i, byte) in self.0.iter().enumerate() {
                if matches!(i, 4 | 6 | 8 | 10) {
                    f.write_str("-")?;
                }
                write!(f, "{byte:02x}")?;
            }
            Ok(())
        }
    }
}

/// `context.Request`.
#[derive(Debug)]
pub struct Request {
    /// Method; `set-method` changes it.
    pub method: Method,
    /// URL as the client sent it.
    pub original_url: Url,
    /// URL after `rewrite-uri`; its path is relative to the API, as in APIM.
    pub url: Url,
    /// Headers without hop-by-hop and identity headers.
    pub headers: HeaderMap,
    /// Address of the client.
    pub ip_address: IpAddr,
    /// The client's certificate, if its key was proven in the handshake.
    pub certificate: Option<Arc<Certificate>>,
    /// Values of the operation's template parameters.
    pub matched_parameters: Vec<(Arc<str>, String)>,
    /// Body, as far as the program knows it.
    pub body: Body,
}

/// `context.Response`.
#[derive(Debug)]
pub struct Response {
    /// Status code.
    pub status: StatusCode,
    /// Reason phrase; `None` for the standard one.
    pub reason: Option<Arc<str>>,
    /// Headers without hop-by-hop ones.
    pub headers: HeaderMap,
    /// Body, as far as the program knows it.
    pub body: Body,
}

impl Response {
    /// The same response once more. A body that streams still is the one that streams.
    #[must_use]
    pub fn copied(&self) -> Self {
        Self {
            status: self.status,
            reason: self.reason.clone(),
            headers: self.headers.clone(),
            body: self.body.clone(),
        }
    }
}

/// A message body from the program's point of view.
#[derive(Debug, Clone, Default)]
pub enum Body {
    /// No body.
    #[default]
    None,
    /// It streams past the program, which has not asked for it.
    Streaming,
    /// Read into memory because a policy reads it, or set by `set-body`.
    Bytes(Bytes),
    /// Read by an expression without `preserveContent`.
    Consumed,
}

/// `IUrl`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Url {
    /// `https` or `http`.
    pub scheme: Arc<str>,
    /// Host without port.
    pub host: Arc<str>,
    /// Port, explicit or the scheme's.
    pub port: u16,
    /// Path, percent-encoded as it came, beginning with `/`.
    pub path: String,
    /// Query without the `?`, percent-encoded as it came; empty if none.
    pub query: String,
}

impl Url {
    /// Reads an absolute `https` or `http` URL without user and fragment.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        let uri: http::Uri = text.parse().ok()?;
        let scheme = match uri.scheme_str()? {
            "https" => "https",
            "http" => "http",
            _ => return None,
        };
        let authority = uri.authority()?;
        if authority.as_str().contains('@') || text.contains('#') {
            return None;
        }
        let port = match authority.port_u16() {
            Some(port) => port,
            // A port that is no number is not the same as none.
            None if authority.port().is_some() => return None,
            None if scheme == "https" => 443,
            None => 80,
        };
        let path = match uri.path() {
            "" => "/",
            path => path,
        };
        Some(Self {
            scheme: scheme.into(),
            host: authority.host().trim_matches(['[', ']']).into(),
            port,
            path: path.to_owned(),
            query: uri.query().unwrap_or("").to_owned(),
        })
    }
}

/// `context.Api`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Api {
    /// Resource name.
    pub id: Arc<str>,
    /// Display name.
    pub name: Arc<str>,
    /// Path prefix without slashes around it.
    pub path: Arc<str>,
    /// `apiRevision`, `1` if absent.
    pub revision: Arc<str>,
    /// `apiVersion`, empty if absent.
    pub version: Arc<str>,
    /// Backend URL, if one is set on the API.
    pub service_url: Option<Url>,
    /// Accepted schemes.
    pub protocols: Vec<Arc<str>>,
    /// Header that carries the subscription key.
    pub key_header: Arc<str>,
    /// Query parameter that carries it.
    pub key_query: Arc<str>,
}

/// `context.Product`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Product {
    /// Resource name.
    pub id: Arc<str>,
    /// Display name.
    pub name: Arc<str>,
    /// Whether it is published.
    pub is_published: bool,
    /// Whether subscriptions need to be approved.
    pub approval_required: bool,
    /// Whether it demands a subscription.
    pub subscription_required: bool,
    /// How many subscriptions a user may have.
    pub subscriptions_limit: Option<i32>,
}

/// `context.Operation`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Operation {
    /// Resource name.
    pub id: Arc<str>,
    /// Display name.
    pub name: Arc<str>,
    /// Method as configured.
    pub method: Arc<str>,
    /// URL template as configured.
    pub url_template: Arc<str>,
    /// What is documented of the parameters in the URL template.
    pub template_parameters: Vec<DocumentedParameter>,
    /// What is documented of requests.
    pub request: DocumentedRequest,
    /// The responses that are documented.
    pub responses: Vec<DocumentedResponse>,
}

/// What an operation documents of its requests.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct DocumentedRequest {
    /// Headers.
    pub headers: Vec<DocumentedParameter>,
    /// Parameters of the query, besides those of the URL template.
    pub query: Vec<DocumentedParameter>,
}

/// A header or parameter that an operation documents.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct DocumentedParameter {
    /// Its name.
    pub name: Arc<str>,
    /// Its type, as JSON Schema names types; others say nothing about values.
    pub kind: Arc<str>,
    /// Whether it must be there.
    pub required: bool,
    /// The values it may have; empty for any.
    pub values: Vec<Arc<str>>,
    /// The definition in one of the API's schemas that says more, by its name.
    pub definition: Option<Arc<str>>,
}

/// A response that an operation documents.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DocumentedResponse {
    /// Status code.
    pub status: u16,
    /// Its headers.
    pub headers: Vec<DocumentedParameter>,
    /// Its bodies, by media type.
    pub representations: Vec<Representation>,
}

/// A body that an operation documents.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Representation {
    /// Media type.
    pub content_type: Arc<str>,
    /// Examples, as they would be sent.
    pub examples: Vec<Bytes>,
}

/// `context.Subscription`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Subscription {
    /// Resource name.
    pub id: Arc<str>,
    /// Display name.
    pub name: Arc<str>,
    /// The key that was presented.
    pub key: Arc<str>,
    /// Primary key.
    pub primary_key: Arc<str>,
    /// Secondary key.
    pub secondary_key: Arc<str>,
    /// Creation.
    pub created_date: UnixNanos,
    /// First moment of validity.
    pub start_date: Option<UnixNanos>,
    /// Last moment of validity.
    pub end_date: Option<UnixNanos>,
}

/// `context.Deployment`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Deployment {
    /// Name of this gateway resource.
    pub gateway_id: Arc<str>,
    /// Id of this process.
    pub instance_id: Arc<str>,
    /// Location of the service resource.
    pub region: Arc<str>,
    /// ARM id of the service resource.
    pub service_id: Arc<str>,
    /// Name of the service resource.
    pub service_name: Arc<str>,
}

/// `context.LastError`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LastError {
    /// Element name of the policy that failed, or a built-in step (`configuration`, `authorization`).
    pub source: Arc<str>,
    /// Stable reason, e.g. `ClientCertificateNotFound`.
    pub reason: Arc<str>,
    /// Message for the operator; the client gets another one.
    pub message: Arc<str>,
    /// Scope whose document failed: `global`, `product`, `api`, `operation`; empty for built-in steps.
    pub scope: Arc<str>,
    /// Section: `inbound`, `backend`, `outbound`, `on-error`.
    pub section: Arc<str>,
    /// Place within the section, e.g. `choose[3]\when[2]\validate-client-certificate`.
    pub path: Arc<str>,
    /// The failing policy's `id` attribute, or empty.
    pub policy_id: Arc<str>,
}
