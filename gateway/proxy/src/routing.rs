//! Step *route*: which API and operation, with which subscription.

use std::sync::Arc;

use gateway_config::route::{Programs, RouteFailure, RouteMatch, RoutedApi};
use gateway_config::snapshot::Snapshot;
use gateway_config::subscriptions::{Admission, SubscriptionFailure};
use gateway_policy::context;
use gateway_policy::execution::Failure;
use gateway_policy::program::{Program, is_preflight};
use http::Method;
use http::header::ACCESS_CONTROL_REQUEST_METHOD;

use crate::arrival::Arrival;
use crate::connection::Connection;
use crate::exchange::Exchange;
use crate::failure::Problem;

/// Where a request belongs, and the program that handles it.
pub(crate) struct Routed {
    pub(crate) program: Arc<Program>,
    pub(crate) api: Option<Arc<RoutedApi>>,
    pub(crate) operation: Option<Arc<context::Operation>>,
    pub(crate) parameters: Vec<(Arc<str>, String)>,
    /// Below the API's prefix, with a leading slash.
    pub(crate) relative_path: String,
    pub(crate) admission: Admission,
    /// Whether the program answers for the backend what a browser asks it before it sends a request.
    pub(crate) preflight: bool,
    /// What `on-error` of the program must handle instead of the request.
    pub(crate) failure: Option<Failure>,
}

/// Finds the operation and judges the subscription key, before any policy runs.
pub(crate) fn route(
    connection: &Connection,
    exchange: &Exchange,
    snapshot: &Snapshot,
    arrival: &Arrival,
) -> Result<Routed, Problem> {
    if let Some(routed) = preflight(connection, exchange, snapshot, arrival) {
        return Ok(routed);
    }
    let found = snapshot
        .routes
        .find(&arrival.path, &arrival.query, &arrival.method);
    let RouteMatch {
        api,
        operation,
        parameters,
        relative_path,
    } = match found {
        Ok(found) if speaks_https(&found.api) => found,
        Ok(found) => return unmatched(exchange, snapshot, arrival, Some(found.api)),
        Err(failure) => return unmatched(exchange, snapshot, arrival, failure.api),
    };
    exchange.note(|facts| {
        facts.api = Some(Arc::clone(&api.context.id));
        facts.operation = Some(Arc::clone(&operation.context.id));
    });
    let key = subscription_key(&api, arrival);
    let now = connection.worker.clock.now_seconds();
    let (admission, failure) = match snapshot.subscriptions.judge(&api, key.as_deref(), now) {
        Ok(admission) => (admission, None),
        Err(failure) => (
            Admission::default(),
            Some(subscription_failure(failure, &api, arrival)),
        ),
    };
    if let Some(subscription) = &admission.subscription {
        exchange.note(|facts| facts.subscription = Some(Arc::clone(&subscription.id)));
    }
    Ok(Routed {
        program: open(&operation.programs, admission.product.as_deref())?,
        operation: Some(Arc::clone(&operation.context)),
        api: Some(api),
        parameters,
        relative_path,
        admission,
        preflight: false,
        failure,
    })
}

/// A browser's question what it may send, if a policy answers it: of the operation that it asks about,
/// or else of the API. A preflight request needs no subscription key; one in the URL says which
/// product's policies apply. An operation for `OPTIONS` takes it as any other request; one for every
/// method (`*`) is not meant for it.
fn preflight(
    connection: &Connection,
    exchange: &Exchange,
    snapshot: &Snapshot,
    arrival: &Arrival,
) -> Option<Routed> {
    if !is_preflight(&arrival.method, &arrival.headers) {
        return None;
    }
    let find = |method: &Method| snapshot.routes.find(&arrival.path, &arrival.query, method);
    let own = find(&arrival.method);
    if own.is_ok_and(|found| &*found.operation.context.method != "*") {
        return None;
    }
    let asked = arrival
        .headers
        .get(ACCESS_CONTROL_REQUEST_METHOD)
        .and_then(|method| Method::from_bytes(method.as_bytes()).ok());
    let (api, operation, parameters, relative_path) = match find(&asked?) {
        Ok(found) => (
            found.api,
            Some(found.operation),
            found.parameters,
            found.relative_path,
        ),
        Err(RouteFailure { api }) => (api?, None, Vec::new(), arrival.path.clone()),
    };
    if !speaks_https(&api) {
        return None;
    }
    let key = subscription_key(&api, arrival);
    let now = connection.worker.clock.now_seconds();
    let admission = snapshot
        .subscriptions
        .judge(&api, key.as_deref(), now)
        .unwrap_or_default();
    let programs = match &operation {
        Some(operation) => &operation.programs,
        None => &api.programs,
    };
    let program = open(programs, admission.product.as_deref()).ok()?;
    if !program.answers_preflight() {
        return None;
    }
    exchange.note(|facts| {
        facts.api = Some(Arc::clone(&api.context.id));
        facts.operation = operation.as_ref().map(|o| Arc::clone(&o.context.id));
    });
    Some(Routed {
        program,
        operation: operation.map(|operation| Arc::clone(&operation.context)),
        api: Some(api),
        parameters,
        relative_path,
        admission,
        preflight: true,
        failure: None,
    })
}

/// No operation: the policies of what did match handle the failure.
fn unmatched(
    exchange: &Exchange,
    snapshot: &Snapshot,
    arrival: &Arrival,
    api: Option<Arc<RoutedApi>>,
) -> Result<Routed, Problem> {
    if let Some(api) = &api {
        exchange.note(|facts| facts.api = Some(Arc::clone(&api.context.id)));
    }
    let program = match &api {
        Some(api) => open(&api.programs, None)?,
        None => Arc::clone(&snapshot.global_program),
    };
    Ok(Routed {
        program,
        api,
        operation: None,
        parameters: Vec::new(),
        relative_path: arrival.path.clone(),
        admission: Admission::default(),
        preflight: false,
        failure: Some(Failure::operation_not_found()),
    })
}

/// The program for requests that come through `product`.
fn open(programs: &Programs, product: Option<&context::Product>) -> Result<Arc<Program>, Problem> {
    match programs.of(product) {
        Ok(program) => Ok(Arc::clone(program)),
        Err(_) => Err(Problem::Quarantined("the API is quarantined")),
    }
}

/// Every listener is HTTPS: an API that only takes `http` answers nobody.
fn speaks_https(api: &RoutedApi) -> bool {
    let protocols = &api.context.protocols;
    protocols.is_empty()
        || protocols
            .iter()
            .any(|protocol| protocol.eq_ignore_ascii_case("https"))
}

/// The header wins, even if it is empty, as in APIM.
fn subscription_key(api: &RoutedApi, arrival: &Arrival) -> Option<String> {
    if let Some(value) = arrival.headers.get(&api.key_header) {
        return Some(value.to_str().unwrap_or_default().to_owned());
    }
    let decode = |text: &str| {
        percent_encoding::percent_decode_str(&text.replace('+', " "))
            .decode_utf8_lossy()
            .into_owned()
    };
    arrival
        .query
        .split('&')
        .filter_map(|pair| pair.split_once('='))
        .find(|(name, _)| decode(name).eq_ignore_ascii_case(&api.key_query))
        .map(|(_, value)| decode(value))
}

fn subscription_failure(
    failure: SubscriptionFailure,
    api: &RoutedApi,
    arrival: &Arrival,
) -> Failure {
    let realm = format!("https://{}/{}", arrival.host, api.context.path);
    match failure {
        SubscriptionFailure::NotFound => Failure::subscription_key_not_found(&realm),
        SubscriptionFailure::Invalid => Failure::subscription_key_invalid(&realm),
    }
}
