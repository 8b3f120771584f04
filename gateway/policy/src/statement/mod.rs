//! The policies: each with its attributes, its checks, and what it does.

mod authentication_basic;
mod authentication_certificate;
mod authentication_managed_identity;
mod base;
mod cache_responses;
mod cache_values;
mod caching_type;
mod check_header;
mod choose;
pub(crate) mod cors;
mod cross_domain;
mod emit_metric;
mod exists_action;
mod find_and_replace;
mod forward_request;
mod include_fragment;
mod increment;
mod ip_filter;
mod json_to_xml;
mod jsonp;
mod limit_concurrency;
mod log_to_eventhub;
mod mock_response;
mod quota;
mod rate_limit;
mod redirect_content_urls;
mod retry;
mod return_response;
mod rewrite_uri;
mod send_request;
mod set_backend_service;
mod set_body;
mod set_body_liquid;
mod set_header;
mod set_method;
mod set_query_parameter;
mod set_status;
mod set_variable;
pub(crate) mod setting;
mod status_code;
pub(crate) mod stays_out;
mod thumbprint;
mod tier;
mod trace;
mod validate_azure_ad_token;
mod validate_client_certificate;
mod validate_jwt;
mod validation;
mod wait;
mod whole_body;
mod xml_to_json;

use crate::document::Element;
use crate::execution::{Flow, Outcome, Run};
use crate::program::instruction::Code;
use crate::program::{Compiler, Section};

pub(crate) use cache_responses::Downstream;
pub use tier::Tier;

/// A compiled policy.
pub(crate) trait Statement: Send + Sync {
    /// Does it.
    fn execute(&self, run: &mut Run<'_>) -> Outcome<Flow>;

    /// Whether it is where a response is stored: one from the cache goes on behind it.
    fn stores_response(&self) -> bool {
        false
    }

    /// Whether it is run for a browser that asks what it may do, when nothing else is.
    fn answers_preflight(&self) -> bool {
        false
    }
}

/// What there is to know about an element name.
pub(crate) struct Policy {
    pub(crate) name: &'static str,
    /// Where the documentation allows it. Elsewhere it works, with a warning.
    pub(crate) sections: &'static [Section],
    pub(crate) kind: Kind,
}

/// How a policy compiles.
#[derive(Clone, Copy)]
pub(crate) enum Kind {
    /// To one instruction; `None` after an error.
    Statement(fn(&Element, &mut Compiler<'_>) -> Option<Box<dyn Statement>>),
    /// To instructions of its own making; whether they always end the pipeline.
    Block(fn(&Element, &mut Compiler<'_>, &mut Code) -> bool),
}

const POLICIES: &[&Policy] = &[
    &authentication_basic::POLICY,
    &authentication_certificate::POLICY,
    &authentication_managed_identity::POLICY,
    &base::POLICY,
    &cache_responses::LOOKUP,
    &cache_responses::STORE,
    &cache_values::LOOKUP,
    &cache_values::REMOVE,
    &cache_values::STORE,
    &check_header::POLICY,
    &choose::POLICY,
    &cors::POLICY,
    &emit_metric::POLICY,
    &forward_request::POLICY,
    &include_fragment::POLICY,
    &ip_filter::POLICY,
    &limit_concurrency::POLICY,
    &log_to_eventhub::POLICY,
    &mock_response::POLICY,
    &quota::BY_KEY,
    &quota::BY_SUBSCRIPTION,
    &rate_limit::BY_KEY,
    &rate_limit::BY_SUBSCRIPTION,
    &retry::POLICY,
    &return_response::POLICY,
    &rewrite_uri::POLICY,
    &send_request::SEND_REQUEST,
    &send_request::SEND_ONE_WAY_REQUEST,
    &set_backend_service::POLICY,
    &set_body::POLICY,
    &set_header::POLICY,
    &set_method::POLICY,
    &set_query_parameter::POLICY,
    &set_status::POLICY,
    &set_variable::POLICY,
    &trace::POLICY,
    &validate_azure_ad_token::POLICY,
    &validate_client_certificate::POLICY,
    &validate_jwt::POLICY,
    &validation::headers::POLICY,
    &validation::parameters::POLICY,
    &validation::status_code::POLICY,
    &wait::POLICY,
    &xml_to_json::POLICY,
    &redirect_content_urls::POLICY,
    &jsonp::POLICY,
    &json_to_xml::POLICY,
    &find_and_replace::POLICY,
    &cross_domain::POLICY,
];

/// Policies of APIM that this gateway does not have yet, so that documents learn it by name.
pub(crate) const NOT_SUPPORTED: &[&str] = &["proxy", "validate-content"];

/// Whether APIM has a policy of this name, built here or not.
#[must_use]
pub fn is_known(name: &str) -> bool {
    find(name).is_some() || NOT_SUPPORTED.contains(&name) || stays_out::reason(name).is_some()
}

/// The policy with this element name.
pub(crate) fn find(name: &str) -> Option<&'static Policy> {
    POLICIES.iter().copied().find(|policy| policy.name == name)
}

/// The names of all policies.
pub(crate) fn names() -> impl Iterator<Item = &'static str> {
    POLICIES.iter().map(|policy| policy.name)
}
