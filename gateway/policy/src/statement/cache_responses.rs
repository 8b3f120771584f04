//! `cache-lookup` and `cache-store`: whole responses, kept for later requests that ask for the same.
//!
//! Only `GET` requests take part, and of those with `Authorization` only where
//! `allow-private-response-caching` says so. A key is made of everything that the document varies by,
//! each part with its length, so that no value can pass for another one. What sets cookies or asks
//! not to be stored is never stored.
//!
//! A hit goes on behind the `cache-store` of the outbound section, if it has one: what stands before
//! it has been done to the stored response already.

use std::fmt::Write as _;
use std::sync::Arc;
use std::time::Duration;

use http::header::{AUTHORIZATION, CACHE_CONTROL, CONTENT_LENGTH, HeaderName, HeaderValue};
use http::{HeaderMap, Method, StatusCode};

use crate::context::Body;
use crate::document::Element;
use crate::execution::{
    Answer, CacheGet, CachePut, Cached, Caching, CachingType, Effect, Flow, Outcome, Run,
};
use crate::expression::Expected;
use crate::program::{Compiler, Section};

use super::cache_values::read_seconds;
use super::set_query_parameter::decoded;
use super::setting::Setting;
use super::{Kind, Policy, Statement, caching_type};

pub(super) const LOOKUP: Policy = Policy {
    name: "cache-lookup",
    sections: &[Section::Inbound],
    kind: Kind::Statement(compile_lookup),
};

pub(super) const STORE: Policy = Policy {
    name: "cache-store",
    sections: &[Section::Outbound],
    kind: Kind::Statement(compile_store),
};

/// Begins the keys of stored responses; those of cached values cannot begin so.
const PREFIX: &str = "\u{1}response";

/// Longest response that is stored, as far as its length is known before it is read.
const MAX_BODY: u64 = 2 * 1024 * 1024;

/// Statuses that answer what one request said about ranges and about what its client has already (RFC
/// 9110 sections 13 and 14): a cache that does not compare that gives others a part or nothing.
const ONE_REQUEST_ONLY: [StatusCode; 4] = [
    StatusCode::PARTIAL_CONTENT,
    StatusCode::NOT_MODIFIED,
    StatusCode::PRECONDITION_FAILED,
    StatusCode::RANGE_NOT_SATISFIABLE,
];

const SECONDS: &str = "a number of seconds";
const DOWNSTREAM: &str = "'none', 'private' or 'public'";

struct Lookup {
    by_developer: Setting<bool>,
    by_groups: Setting<bool>,
    caching: CachingType,
    downstream: Setting<Downstream>,
    must_revalidate: Setting<bool>,
    allow_private: Setting<bool>,
    headers: Vec<HeaderName>,
    parameters: Vec<Arc<str>>,
}

struct Store {
    duration: Setting<u64>,
    /// `None`: if its status is 200.
    cache: Option<Setting<bool>>,
}

/// Who may cache the response on its way to the client.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Downstream {
    None,
    Private,
    Public,
}

fn compile_lookup(element: &Element, compiler: &mut Compiler<'_>) -> Option<Box<dyn Statement>> {
    compiler.check_attributes(
        element,
        &[
            "vary-by-developer",
            "vary-by-developer-groups",
            "caching-type",
            "downstream-caching-type",
            "must-revalidate",
            "allow-private-response-caching",
        ],
    );
    compiler.check_no_text(element);
    let mut headers = Vec::new();
    let mut parameters = Vec::new();
    for child in element.elements() {
        match child.name.as_str() {
            "vary-by-header" => names(child, compiler, |name| {
                name.parse().map(|name| headers.push(name)).is_ok()
            }),
            "vary-by-query-parameter" => names(child, compiler, |name| {
                parameters.push(Arc::from(name));
                true
            }),
            _ => compiler.unknown_child(
                element,
                child,
                &["vary-by-header", "vary-by-query-parameter"],
            ),
        }
    }
    let mut flag = |name, default| match element.attribute(name) {
        Some(attribute) => compiler.boolean(attribute),
        None => Some(Setting::Literal(default)),
    };
    let by_developer = flag("vary-by-developer", false);
    let by_groups = flag("vary-by-developer-groups", false);
    let must_revalidate = flag("must-revalidate", true);
    let allow_private = flag("allow-private-response-caching", false);
    let downstream = match element.attribute("downstream-caching-type") {
        Some(attribute) => compiler.parsed(attribute, Expected::Text, read_downstream, DOWNSTREAM),
        None => Some(Setting::Literal(Downstream::None)),
    };
    let caching = caching_type::compile(element, compiler);
    Some(Box::new(Lookup {
        by_developer: by_developer?,
        by_groups: by_groups?,
        caching: caching?,
        downstream: downstream?,
        must_revalidate: must_revalidate?,
        allow_private: allow_private?,
        headers,
        parameters,
    }))
}

/// Names separated by semicolons.
fn names(child: &Element, compiler: &mut Compiler<'_>, mut take: impl FnMut(&str) -> bool) {
    compiler.check_attributes(child, &[]);
    let Some(content) = compiler.content(child) else {
        return;
    };
    let Setting::Literal(text) = content else {
        compiler.error(
            "ExpressionNotAllowed",
            format!("Policy expressions are not allowed in '{}'.", child.name),
            child.offset,
        );
        return;
    };
    for name in text
        .split(';')
        .map(str::trim)
        .filter(|name| !name.is_empty())
    {
        if !take(name) {
            compiler.error(
                "InvalidValue",
                format!("'{name}' is not a name that '{}' can hold.", child.name),
                child.offset,
            );
        }
    }
}

fn compile_store(element: &Element, compiler: &mut Compiler<'_>) -> Option<Box<dyn Statement>> {
    compiler.check_attributes(element, &["duration", "cache-response"]);
    compiler.check_empty(element);
    let duration = compiler
        .required(element, "duration")
        .and_then(|attribute| compiler.parsed(attribute, Expected::Any, read_seconds, SECONDS));
    let cache = match element.attribute("cache-response") {
        Some(attribute) => Some(compiler.boolean(attribute)?),
        None => None,
    };
    Some(Box::new(Store {
        duration: duration?,
        cache,
    }))
}

fn read_downstream(text: &str) -> Option<Downstream> {
    match text {
        "none" => Some(Downstream::None),
        "private" => Some(Downstream::Private),
        "public" => Some(Downstream::Public),
        _ => None,
    }
}

impl Lookup {
    /// What tells responses to this request apart.
    fn key(&self, run: &mut Run<'_>) -> Outcome<Arc<str>> {
        let by_developer = run.boolean(&self.by_developer)?;
        let by_groups = run.boolean(&self.by_groups)?;
        let context = &run.context;
        let request = &context.request;
        let url = &request.original_url;
        let mut key = String::from(PREFIX);
        let mut part = |name: &str, value: &str| {
            // Writing to a string cannot fail.
            let _ = write!(
                key,
                "\u{1f}{}:{name}\u{1f}{}:{value}",
                name.len(),
                value.len()
            );
        };
        part("api", context.api.as_ref().map_or("", |api| &api.id));
        part("scheme", &url.scheme);
        part("host", &url.host.to_ascii_lowercase());
        part("port", &url.port.to_string());
        part("path", &url.path);
        if self.parameters.is_empty() {
            part("query", &url.query);
        }
        for name in &self.parameters {
            for pair in url.query.split('&') {
                let (found, value) = pair.split_once('=').unwrap_or((pair, ""));
                if decoded(found).eq_ignore_ascii_case(name) {
                    part(name, &decoded(value));
                }
            }
        }
        for name in &self.headers {
            for value in request.headers.get_all(name) {
                part(name.as_str(), &String::from_utf8_lossy(value.as_bytes()));
            }
        }
        // Groups are told apart by their members: no two developers share what one group may see.
        if by_developer || by_groups {
            let subscription = context.subscription.as_ref();
            part("developer", subscription.map_or("", |one| &one.id));
            let certificate = request.certificate.as_ref();
            part("certificate", certificate.map_or("", |one| &one.thumbprint));
        }
        Ok(key.into())
    }
}

impl Statement for Lookup {
    fn execute(&self, run: &mut Run<'_>) -> Outcome<Flow> {
        run.state.caching = None;
        if run.context.request.method != Method::GET {
            return Ok(Flow::Next);
        }
        let allow_private = run.boolean(&self.allow_private)?;
        if run.context.request.headers.contains_key(AUTHORIZATION) && !allow_private {
            return Ok(Flow::Next);
        }
        let key = self.key(run)?;
        run.state.caching = Some(Caching {
            key: Arc::clone(&key),
            caching: self.caching,
            downstream: run.parsed(&self.downstream, read_downstream, DOWNSTREAM)?,
            must_revalidate: run.boolean(&self.must_revalidate)?,
            allow_private,
        });
        let get = CacheGet {
            key,
            caching: self.caching,
        };
        Ok(Flow::ask(Effect::CacheGet(get), |run, answer| {
            let found = match answer {
                Answer::Cached(found) => found.and_then(|cached| cached.to_response()),
                // A cache that does not answer is a miss.
                Answer::Failed(_) => None,
                other => return Err(other.into_failure()),
            };
            match found {
                Some(response) => {
                    run.state.caching = None;
                    run.context.response = Some(response);
                    Ok(Flow::Answered)
                }
                None => Ok(Flow::Next),
            }
        }))
    }
}

impl Statement for Store {
    fn execute(&self, run: &mut Run<'_>) -> Outcome<Flow> {
        let wanted = match &self.cache {
            Some(setting) => Some(run.boolean(setting)?),
            None => None,
        };
        let Some(caching) = run.state.caching.clone() else {
            return Ok(Flow::Next);
        };
        let Some(response) = &run.context.response else {
            return Ok(Flow::Next);
        };
        let wanted = wanted.unwrap_or(response.status == StatusCode::OK);
        if !wanted
            || ONE_REQUEST_ONLY.contains(&response.status)
            || !may_be_stored(&response.headers, caching.allow_private)
        {
            return Ok(Flow::Next);
        }
        match &response.body {
            Body::Streaming if is_too_long(&response.headers) => return Ok(Flow::Next),
            Body::Streaming => return Ok(Flow::NeedFirst(Box::new(Effect::ResponseBody))),
            Body::Consumed => return Ok(Flow::Next),
            Body::None | Body::Bytes(_) => {}
        }
        let seconds = run.parsed(&self.duration, read_seconds, SECONDS)?;
        run.state.caching = None;
        let response = run.response();
        let control = caching.control(seconds);
        response.headers.insert(CACHE_CONTROL, control);
        let Some(value) = Cached::response(response) else {
            return Ok(Flow::Next);
        };
        let put = Effect::CachePut(CachePut {
            key: caching.key,
            value,
            duration: Duration::from_secs(seconds),
            caching: caching.caching,
        });
        Ok(Flow::ask(put, |_, answer| match answer {
            Answer::Done | Answer::Failed(_) => Ok(Flow::Next),
            other => Err(other.into_failure()),
        }))
    }

    fn stores_response(&self) -> bool {
        true
    }
}

impl Caching {
    /// `Cache-Control` of a stored response (RFC 9111 section 5.2.2).
    fn control(&self, seconds: u64) -> HeaderValue {
        let who = match self.downstream {
            Downstream::None => return HeaderValue::from_static("no-store"),
            Downstream::Private => "private",
            Downstream::Public => "public",
        };
        let revalidate = if self.must_revalidate {
            ", must-revalidate"
        } else {
            ""
        };
        HeaderValue::try_from(format!("{who}, max-age={seconds}{revalidate}"))
            .unwrap_or(HeaderValue::from_static("no-store"))
    }
}

/// What is meant for one client only stays with it.
fn may_be_stored(headers: &HeaderMap, allow_private: bool) -> bool {
    if headers.contains_key(http::header::SET_COOKIE) {
        return false;
    }
    let directives: Vec<String> = headers
        .get_all(CACHE_CONTROL)
        .iter()
        .flat_map(|value| {
            String::from_utf8_lossy(value.as_bytes())
                .to_ascii_lowercase()
                .split(',')
                .map(|one| one.trim().to_owned())
                .collect::<Vec<_>>()
        })
        .collect();
    let says = |name: &str| {
        directives
            .iter()
            .any(|one| one == name || one.starts_with(&format!("{name}=")))
    };
    !says("no-store") && (allow_private || !says("private"))
}

fn is_too_long(headers: &HeaderMap) -> bool {
    headers
        .get(CONTENT_LENGTH)
        .and_then(|value| value.to_str().ok()?.parse::<u64>().ok())
        .is_some_and(|length| length > MAX_BODY)
}
