//! What a case may give: documents, names, a request, and what the world answers.

use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use gateway_policy::certificate::Certificate;
use gateway_policy::context::{Body, Context, Subscription};
use gateway_policy::host::{Revocation, Trust};
use gateway_policy::program::{CompileResult, Program, Scope, link};
use http::{HeaderName, HeaderValue, Method};

use crate::reading::Case;
use crate::support::script::{Reply, Script};
use crate::support::{self, DAY, Members, NOW, Names, World};

/// Documents by scope, outermost first.
const SCOPES: [(&str, Scope); 3] = [
    ("global", Scope::Global),
    ("api", Scope::Api),
    ("operation", Scope::Operation),
];

/// Sections of a document at the scope of the API.
const SECTIONS: [&str; 4] = ["inbound", "backend", "outbound", "on-error"];

const OTHERS: [&str; 15] = [
    "request",
    "header",
    "body",
    "streaming",
    "ip",
    "certificate",
    "verdict",
    "subscription",
    "original",
    "service-url",
    "url-template",
    "matched",
    "repeat",
    "limit of effects",
    "in use",
];

const MANY: [&str; 6] = [
    "named",
    "secret",
    "fragment",
    "backend-answer",
    "server",
    "member",
];

/// The documents of a case with their scopes.
pub fn documents(case: &Case) -> Vec<(String, Scope)> {
    for (key, _) in &case.given {
        let known = SCOPES.iter().any(|(name, _)| name == key)
            || SECTIONS.contains(&key.as_str())
            || OTHERS.contains(&key.as_str())
            || MANY.contains(&key.as_str());
        assert!(known, "{}:{} has '{key}'", case.file, case.line);
    }
    let sections: String = SECTIONS
        .iter()
        .filter_map(|name| Some(format!("<{name}>{}</{name}>", case.given(name)?)))
        .collect();
    let mut documents = Vec::new();
    for (name, scope) in SCOPES {
        if let Some(source) = case.given(name) {
            documents.push((source.to_owned(), scope));
        } else if scope == Scope::Api && !sections.is_empty() {
            documents.push((format!("<policies>{sections}</policies>"), scope));
        }
    }
    documents
}

/// A text `name = value`.
fn pair(text: &str) -> (&str, &str) {
    text.split_once(" = ").expect("name = value")
}

pub fn names(case: &Case) -> Names {
    let mut names = Names::default();
    for text in case.all("named") {
        let (name, value) = pair(text);
        names = names.with(name, value);
    }
    for text in case.all("secret") {
        let (name, value) = pair(text);
        names = names.with_secret(name, value);
    }
    for text in case.all("fragment") {
        let (name, value) = pair(text);
        names = names.with_fragment(name, value);
    }
    names
}

pub fn compiled(case: &Case) -> Vec<CompileResult> {
    let names = names(case);
    documents(case)
        .iter()
        .map(|(source, scope)| support::check(source, *scope, &names))
        .collect()
}

pub fn program(results: &[CompileResult]) -> Option<Arc<Program>> {
    let programs: Option<Vec<_>> = results.iter().map(|r| r.program.clone()).collect();
    Some(link(&programs?))
}

fn certificate(name: &str) -> Certificate {
    let mut partner = support::partner();
    match name {
        "partner" => {}
        "expired" => partner.not_after = NOW - DAY,
        "not yet valid" => partner.not_before = NOW + DAY,
        "other" => partner = support::certificate("CN=other.example.org", "CN=Other CA", 0x0D),
        other => panic!("no certificate '{other}'"),
    }
    partner
}

pub fn context(case: &Case) -> Context {
    let mut context = support::context();
    let request = &mut context.request;
    if let Some(text) = case.given("request") {
        let (method, target) = text.split_once(' ').expect("a method and a target");
        let (path, query) = target.split_once('?').unwrap_or((target, ""));
        request.method = Method::from_bytes(method.as_bytes()).unwrap();
        request.url = support::url(path, query);
        request.original_url = support::url(&format!("/orders{path}"), query);
    }
    if let Some(path) = case.given("original") {
        path.clone_into(&mut request.original_url.path);
    }
    for text in case.all("header") {
        let (name, value) = text.split_once(": ").expect("a name and a value");
        request.headers.append(
            HeaderName::from_bytes(name.as_bytes()).unwrap(),
            HeaderValue::from_str(value).unwrap(),
        );
    }
    if let Some(body) = case.given("body") {
        request.body = Body::Bytes(Bytes::from(body.to_owned()));
    }
    if case.given("streaming").is_some() {
        request.body = Body::Streaming;
    }
    if let Some(address) = case.given("ip") {
        request.ip_address = address.parse().unwrap();
    }
    request.certificate = case.given("certificate").map(|c| Arc::new(certificate(c)));
    for text in case.all("matched") {
        let (name, value) = pair(text);
        request
            .matched_parameters
            .retain(|(known, _)| **known != *name);
        request
            .matched_parameters
            .push((name.into(), value.to_owned()));
    }
    if let Some(id) = case.given("subscription") {
        context.subscription = Some(Arc::new(Subscription {
            id: id.into(),
            name: id.into(),
            key: "k".into(),
            primary_key: "k".into(),
            secondary_key: "l".into(),
            created_date: NOW,
            start_date: None,
            end_date: None,
        }));
    }
    if let Some(template) = case.given("url-template") {
        let mut operation = (**context.operation.as_ref().unwrap()).clone();
        operation.url_template = template.into();
        context.operation = Some(Arc::new(operation));
    }
    if let Some(host) = case.given("service-url") {
        let mut api = (**context.api.as_ref().unwrap()).clone();
        let mut url = support::url("/v1", "");
        url.host = host.into();
        api.service_url = Some(url);
        context.api = Some(Arc::new(api));
    }
    context
}

pub fn world(case: &Case) -> World {
    let mut world = World::default();
    let verdict = &mut world.verdict;
    match case.given("verdict") {
        None => {}
        Some("untrusted") => {
            verdict.trust = Trust::Untrusted("no issuer".into());
            verdict.revocation = Revocation::Unknown("no path".into());
            verdict.issuers = Arc::from([]);
        }
        Some("revoked") => verdict.revocation = Revocation::Revoked("serial 01".into()),
        Some("revocation unknown") => verdict.revocation = Revocation::Unknown("no CRL".into()),
        Some(other) => panic!("no verdict '{other}'"),
    }
    let members: Vec<[u8; 20]> = case
        .all("member")
        .map(|name| certificate(name).sha1)
        .collect();
    world.lists.insert("partners".to_owned(), Members(members));
    world
}

fn leaked(text: &str) -> &'static str {
    Box::leak(text.to_owned().into_boxed_str())
}

fn answer(text: &str) -> (u16, &'static str) {
    let (status, body) = text.split_once(' ').unwrap_or((text, ""));
    (status.parse().expect("a status"), leaked(body))
}

pub fn script(case: &Case) -> Script {
    let mut script = Script::default();
    let backend: Vec<_> = case.all("backend-answer").map(answer).collect();
    if !backend.is_empty() {
        script = script.backend(&backend);
    }
    for text in case.all("server") {
        let (path, reply) = pair(text);
        let reply = match reply {
            "times out" => Reply::TimesOut,
            "is unreachable" => Reply::Unreachable,
            reply => {
                let (status, body) = answer(reply);
                Reply::Answers(status, body)
            }
        };
        script = script.failing(leaked(path), reply);
    }
    if let Some(limit) = case.given("limit of effects") {
        script.effects = Some(limit.parse().unwrap());
    }
    if let Some(count) = case.given("in use") {
        script.occupied.set(count.parse().unwrap());
    }
    script
}

pub fn seconds(duration: Duration) -> String {
    format!("{}s", duration.as_secs_f64())
}
