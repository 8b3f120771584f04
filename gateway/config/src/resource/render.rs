//! What clients read back, and how resources rest in the store.

use std::sync::Arc;

use serde_json::{Map, Value};

use super::fields::Problems;
use super::{Body, Kind, Resource};
use super::{
    api, backend, cache, certificate, crl, identity_list, identity_member, logger, named_value,
    operation,
};
use super::{policy, policy_fragment, product, service, subscription};

/// `properties` of a resource as clients read them, secrets left out; for the service the whole
/// resource without `id`, `name`, `type` and `etag`. Policies are rendered as they were uploaded.
#[must_use]
pub fn render(resource: &Resource) -> Value {
    Value::Object(match &*resource.body {
        Body::Service(service) => service::render(service),
        Body::NamedValue(named_value) => named_value::render(named_value),
        Body::Certificate(certificate) => certificate::render(certificate),
        Body::Backend(backend) => backend::render(backend),
        Body::Api(api) => api::render(api),
        Body::Operation(operation) => operation::render(operation),
        Body::Policy(policy) => policy::render(policy),
        Body::Subscription(subscription) => subscription::render(subscription),
        Body::IdentityList(list) => identity_list::render(list),
        Body::Identity(identity) => identity_member::render(identity),
        Body::Crl(crl) => crl::render(crl),
        Body::PolicyFragment(fragment) => policy_fragment::render(fragment),
        Body::Product(product) => product::render(product),
        Body::ProductApi => Map::new(),
        Body::Logger(logger) => logger::render(logger),
        Body::Cache(cache) => cache::render(cache),
    })
}

/// The secrets of a resource, as the contract's `POST …/list*` answers; `None` if its kind has none.
#[must_use]
pub fn secrets(body: &Body) -> Option<Value> {
    match body {
        Body::NamedValue(named_value) => Some(named_value::secrets(named_value)),
        Body::Subscription(subscription) => Some(subscription::secrets(subscription)),
        _ => None,
    }
}

/// The whole content, secrets and private keys included, in the clear: to be sealed before it is
/// written anywhere.
#[must_use]
pub fn to_stored(body: &Body) -> Vec<u8> {
    let json = match body {
        Body::Service(service) => service::to_json(service),
        Body::NamedValue(named_value) => named_value::to_json(named_value),
        Body::Certificate(certificate) => certificate::to_json(certificate),
        Body::Backend(backend) => backend::render(backend),
        Body::Api(api) => api.properties.as_object().cloned().unwrap_or_default(),
        Body::Operation(operation) => operation::render(operation),
        Body::Policy(policy) => policy::render(policy),
        Body::Subscription(subscription) => subscription::to_json(subscription),
        Body::IdentityList(list) => identity_list::render(list),
        Body::Identity(identity) => return identity_member::to_bytes(identity),
        Body::Crl(crl) => crl::to_json(crl),
        Body::PolicyFragment(fragment) => policy_fragment::to_json(fragment),
        Body::Product(product) => product::to_json(product),
        Body::ProductApi => Map::new(),
        Body::Logger(logger) => logger::to_json(logger),
        Body::Cache(cache) => cache::to_json(cache),
    };
    Value::Object(json).to_string().into_bytes()
}

/// The reverse of [`to_stored`].
///
/// # Errors
///
/// Why the content cannot be used: damaged, or not valid by the rules of this release. The message
/// contains no secret.
pub fn from_stored(kind: Kind, stored: &[u8]) -> Result<Body, String> {
    if kind == Kind::Identity {
        return identity_member::from_bytes(stored).map(Body::Identity);
    }
    let damaged = || format!("the stored {kind:?} is damaged");
    let json: Map<String, Value> = serde_json::from_slice(stored).map_err(|_| damaged())?;
    let problems = Problems::default();
    let body = match kind {
        Kind::Service => service::from_json(&json).map(Body::Service),
        Kind::NamedValue => named_value::from_json(&json).map(Body::NamedValue),
        Kind::Certificate => certificate::from_json(&json).map(Body::Certificate),
        Kind::Backend => backend::from_json(&json, &problems).map(Body::Backend),
        Kind::Api => api::from_json(&json, &problems).map(Body::Api),
        Kind::Operation => operation::from_json(&json, &problems).map(Body::Operation),
        Kind::GlobalPolicy | Kind::ProductPolicy | Kind::ApiPolicy | Kind::OperationPolicy => {
            policy::from_json(&json).map(Body::Policy)
        }
        Kind::Subscription => subscription::from_json(&json, &problems).map(Body::Subscription),
        Kind::IdentityList => Some(Body::IdentityList(identity_list::from_json(&json))),
        Kind::Identity => None,
        Kind::Crl => crl::from_json(&json).map(Body::Crl),
        Kind::PolicyFragment => policy_fragment::from_json(&json).map(Body::PolicyFragment),
        Kind::Product => product::from_json(&json, &problems).map(Body::Product),
        Kind::ProductApi => Some(Body::ProductApi),
        Kind::Logger => logger::from_json(&json, &problems).map(Body::Logger),
        Kind::Cache => cache::from_json(&json, &problems).map(Body::Cache),
    };
    let found = problems.into_vec();
    if !found.is_empty() {
        let texts: Vec<String> = found
            .iter()
            .map(|problem| format!("{}: {}", problem.target, problem.message))
            .collect();
        return Err(texts.join(" "));
    }
    body.ok_or_else(damaged)
}

/// The service resource of a store that has none: it can always be read.
#[must_use]
pub fn default_service() -> Resource {
    Resource {
        path: super::ResourcePath::service(),
        changed_in: 0,
        body: Arc::new(Body::Service(service::Service::default())),
    }
}
