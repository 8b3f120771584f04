//! One request, from its head to its reply.

use std::net::IpAddr;
use std::sync::Arc;

use actix_web::http::{Method, header};
use actix_web::web::{Data, Payload};
use actix_web::{HttpRequest, HttpResponse};
use gateway_config::change::Actor;

use crate::action;
use crate::audit::AuditSink;
use crate::auth::{Caller, Role, Throttle, Tokens};
use crate::body;
use crate::entity;
use crate::error::ApiError;
use crate::explain::{self, JudgedChains};
use crate::history;
use crate::list;
use crate::plane::ControlPlane;
use crate::query::Query;
use crate::reply::{self, Reply};
use crate::settings::Limits;
use crate::target::{self, NoTarget, ServiceIdentity, Target};
use crate::transaction;

/// What all requests share.
pub(crate) struct Shared {
    pub(crate) plane: Arc<dyn ControlPlane>,
    pub(crate) audit: Arc<dyn AuditSink>,
    pub(crate) chains: Arc<dyn JudgedChains>,
    pub(crate) tokens: Tokens,
    pub(crate) throttle: Throttle,
    pub(crate) identity: ServiceIdentity,
    pub(crate) limits: Limits,
}

/// A request whose sender and target are known.
pub(crate) struct Call<'a> {
    pub(crate) shared: &'a Data<Shared>,
    pub(crate) request: &'a HttpRequest,
    pub(crate) query: Query,
    pub(crate) above: ServiceIdentity,
    pub(crate) caller: Caller,
}

/// Answers one request; every answer is JSON or empty.
pub(crate) async fn serve(
    request: HttpRequest,
    payload: Payload,
    shared: Data<Shared>,
) -> HttpResponse {
    let request_id = uuid::Uuid::new_v4().to_string();
    let outcome = answer(&request, payload, &shared).await;
    if let Err(error) = &outcome
        && error.status >= 500
    {
        tracing::warn!(
            request_id,
            status = error.status,
            code = error.code,
            "an admin request failed"
        );
    }
    reply::write(outcome, shared.plane.revision(), &request_id)
}

async fn answer(
    request: &HttpRequest,
    mut payload: Payload,
    shared: &Data<Shared>,
) -> Result<Reply, ApiError> {
    // Before anything else: whoever is not known learns nothing, not even what exists.
    let caller = match authenticate(request, shared).await {
        Ok(caller) => caller,
        Err(refusal) => {
            body::drain(&mut payload).await;
            return Err(refusal);
        }
    };
    let query = Query::parse(request.query_string());
    let address = target::resolve(request.uri().path(), &shared.identity).map_err(no_target)?;
    query
        .check_version(address.is_long)
        .map_err(|(code, message)| ApiError::bad_request(code, message))?;
    let call = Call {
        shared,
        request,
        query,
        above: address.above,
        caller,
    };
    route(&call, address.target, payload).await
}

async fn route(call: &Call<'_>, target: Target, payload: Payload) -> Result<Reply, ApiError> {
    let method = call.request.method();
    let limits = &call.shared.limits;
    match target {
        Target::Resource(path) => entity::serve(call, path, payload).await,
        Target::Collection { kind, parent } => {
            only(method, &Method::GET, "GET")?;
            list::collection(call, kind, parent.as_ref()).await
        }
        Target::Services => {
            only(method, &Method::GET, "GET")?;
            list::services(call)
        }
        Target::Usage(path) => {
            only(method, &Method::GET, "GET")?;
            list::usage(call, &path)
        }
        Target::Action(path, name) => {
            only(method, &Method::POST, "POST")?;
            body::discard(call.request, payload, limits).await?;
            action::serve(call, path, name).await
        }
        Target::Transactions => {
            only(method, &Method::POST, "POST")?;
            let body = body::read_json(call.request, payload, limits).await?;
            transaction::serve(call, &body).await
        }
        Target::Explain => {
            only(method, &Method::POST, "POST")?;
            let body = body::read_json(call.request, payload, limits).await?;
            explain::serve(call, &body)
        }
        Target::Revisions => {
            only(method, &Method::GET, "GET")?;
            history::list(call).await
        }
        Target::Revision(number) => {
            only(method, &Method::GET, "GET")?;
            history::show(call, number).await
        }
        Target::RevisionDifference(number) => {
            only(method, &Method::GET, "GET")?;
            history::difference(call, number).await
        }
        Target::RevisionRestore(number) => {
            only(method, &Method::POST, "POST")?;
            body::discard(call.request, payload, limits).await?;
            history::restore(call, number).await
        }
    }
}

fn only(method: &Method, allowed: &Method, name: &'static str) -> Result<(), ApiError> {
    if method == allowed {
        Ok(())
    } else {
        Err(ApiError::method(name))
    }
}

async fn authenticate(request: &HttpRequest, shared: &Shared) -> Result<Caller, ApiError> {
    let sent = request
        .headers()
        .get(header::AUTHORIZATION)
        .map(|value| value.as_bytes());
    if let Some(caller) = shared.tokens.caller(sent) {
        return Ok(caller.clone());
    }
    let address = peer(request);
    let refusal = if shared.throttle.delay(address).await {
        let message = if sent.is_some() {
            "The access token is invalid."
        } else {
            "Authentication failed. The 'Authorization' header is missing; send 'Authorization: Bearer <token>'."
        };
        // Only here, where at most so many wait: a flood must not fill the log.
        tracing::warn!(address = ?address, token_sent = sent.is_some(), "an admin request was refused: no valid token");
        ApiError::new(401, "InvalidAuthenticationToken", message)
    } else {
        let message = "Too many requests with a wrong token are waiting.";
        ApiError {
            retry_after: Some(1),
            ..ApiError::new(429, "TooManyRequests", message)
        }
    };
    Err(ApiError {
        ends_connection: true,
        ..refusal
    })
}

fn no_target(reason: NoTarget) -> ApiError {
    match reason {
        NoTarget::Unknown => {
            ApiError::new(404, "ResourceNotFound", "There is nothing at this path.")
        }
        NoTarget::OtherService(name) => {
            let shown: String = name.chars().take(100).collect();
            ApiError::new(
                404,
                "ResourceNotFound",
                format!("The service `{shown}` is not served here."),
            )
        }
        NoTarget::Unsupported(collection) => ApiError::new(
            404,
            "ResourceTypeNotSupported",
            format!("`{collection}` are not supported."),
        ),
    }
}

/// The address a request came from: the connection's, whatever its headers claim.
fn peer(request: &HttpRequest) -> Option<IpAddr> {
    request.peer_addr().map(|address| address.ip())
}

impl Call<'_> {
    /// Who makes a change.
    pub(crate) fn actor(&self) -> Actor {
        Actor {
            name: Arc::clone(&self.caller.name),
            address: peer(self.request),
        }
    }

    /// A header as text.
    pub(crate) fn header(&self, name: &str) -> Result<Option<&str>, ApiError> {
        self.request
            .headers()
            .get(name)
            .map(|value| value.to_str())
            .transpose()
            .map_err(|_| {
                ApiError::bad_request(
                    "InvalidHeader",
                    format!("The header {name} is not readable text."),
                )
            })
    }

    /// `?dryRun=true`.
    pub(crate) fn dry_run(&self) -> Result<bool, ApiError> {
        self.query
            .flag("dryRun")
            .map_err(|reason| ApiError::bad_request("InvalidParameter", reason))
    }

    /// `?allowCodeInNamedValues=true`, which only the role `admin` may say (DESIGN decision 15).
    pub(crate) fn allow_code_in_named_values(&self) -> Result<bool, ApiError> {
        let wanted = self
            .query
            .flag("allowCodeInNamedValues")
            .map_err(|reason| ApiError::bad_request("InvalidParameter", reason))?;
        if wanted && self.caller.role != Role::Admin {
            let message = "Only the role `admin` may let named values change code.";
            return Err(ApiError::new(403, "AuthorizationFailed", message));
        }
        Ok(wanted)
    }
}
