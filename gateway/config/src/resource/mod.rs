//! Resources: what an operator writes, in the contract of Microsoft.ApiManagement plus our own.
//!
//! A resource has a [`ResourcePath`], a [`Body`] of its kind, and an `ETag`, which is the number of
//! the revision that last changed it. Each kind has one file, which knows its properties, accepts a
//! `PUT` or `PATCH` body (all problems at once, by JSON property), prints the body that clients read
//! back (secrets left out), and stores and loads itself.

pub mod accept;
pub mod api;
pub mod backend;
pub mod cache;
pub mod certificate;
pub mod crl;
mod encoded;
mod fields;
mod host_name;
pub mod identity_list;
mod identity_member;
mod identity_parse;
mod identity_visit;
pub mod logger;
mod merge;
pub(crate) mod moment;
mod name_rule;
pub mod named_value;
mod operation;
pub mod path;
pub mod policy;
pub mod policy_fragment;
pub mod product;
mod render;
mod schema;
pub mod service;
mod service_ca;
mod service_switches;
pub mod subscription;
pub mod thumbprint;
mod url;

#[cfg(test)]
mod tests;

use std::sync::Arc;

pub use path::{Kind, ResourcePath};
pub use render::{default_service, from_stored, render, secrets, to_stored};
pub use service_switches::ClientCertificates;

/// A stored resource.
#[derive(Debug, Clone)]
pub struct Resource {
    /// Where it is.
    pub path: ResourcePath,
    /// Revision that last changed it; its `ETag`.
    pub changed_in: u64,
    /// What it says.
    pub body: Arc<Body>,
}

/// A resource's content, by kind.
#[derive(Debug)]
#[expect(missing_docs, reason = "each variant holds the type of its name")]
pub enum Body {
    Service(service::Service),
    NamedValue(named_value::NamedValue),
    Certificate(certificate::Certificate),
    Backend(backend::Backend),
    Api(api::Api),
    Operation(api::Operation),
    Policy(policy::Policy),
    Subscription(subscription::Subscription),
    IdentityList(identity_list::IdentityList),
    Identity(identity_list::Identity),
    Crl(crl::Crl),
    PolicyFragment(policy_fragment::PolicyFragment),
    Product(product::Product),
    /// That an API is in a product: there is nothing more to say.
    ProductApi,
    Logger(logger::Logger),
    Cache(cache::Cache),
}
