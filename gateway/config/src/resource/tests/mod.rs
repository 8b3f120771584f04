//! What each kind takes, refuses, shows and keeps.
#![expect(
    clippy::needless_pass_by_value,
    reason = "tests pass JSON as they write it"
)]

mod apis;
mod backends;
mod certificates;
mod identities;
mod named_values;
mod policies;
mod service;
mod storage;
mod subscriptions;
mod with_policies;

use std::sync::Arc;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use gateway_tls::issue::{Authority, AuthorityOptions, Issued, LeafRequest, Subject, Validity};
use serde_json::{Value, json};

use super::accept::{Acceptance, Accepted, FieldProblem, Mode, Warning, accept};
use super::{Body, Resource, ResourcePath, render};

/// 2026-11-22T20:00:00Z.
const NOW: i64 = 1_795_377_600;
const DAY: i64 = 86_400;

fn path(text: &str) -> ResourcePath {
    ResourcePath::parse(text).unwrap()
}

fn take(mode: Mode, at: &str, existing: Option<&Body>, body: &Value) -> Accepted {
    accept(
        &Acceptance {
            mode,
            path: &path(at),
            existing,
            now: NOW,
        },
        body,
    )
}

/// `PUT` of `properties` where nothing was.
fn put(at: &str, properties: Value) -> Accepted {
    put_over(at, None, properties)
}

fn put_over(at: &str, existing: Option<&Body>, properties: Value) -> Accepted {
    take(
        Mode::Put,
        at,
        existing,
        &json!({ "properties": properties }),
    )
}

fn patch(at: &str, existing: &Body, properties: Value) -> Accepted {
    take(
        Mode::Patch,
        at,
        Some(existing),
        &json!({ "properties": properties }),
    )
}

#[track_caller]
fn accepted(outcome: Accepted) -> Body {
    match outcome {
        Ok((body, _)) => body,
        Err(problems) => panic!("refused: {problems:?}"),
    }
}

#[track_caller]
fn warnings(outcome: Accepted) -> Vec<Warning> {
    match outcome {
        Ok((_, warnings)) => warnings,
        Err(problems) => panic!("refused: {problems:?}"),
    }
}

#[track_caller]
fn codes(outcome: Accepted) -> Vec<String> {
    warnings(outcome)
        .iter()
        .map(|warning| warning.code.to_string())
        .collect()
}

#[track_caller]
fn refused(outcome: Accepted) -> Vec<FieldProblem> {
    match outcome {
        Ok((body, _)) => panic!("accepted: {body:?}"),
        Err(problems) => problems,
    }
}

/// Asserts that exactly one problem was found, at `target`, whose message contains `words`.
#[track_caller]
fn refused_at(outcome: Accepted, target: &str, words: &str) {
    let problems = refused(outcome);
    let [problem] = problems.as_slice() else {
        panic!("one problem is expected: {problems:?}")
    };
    assert_eq!(problem.target, target, "{}", problem.message);
    assert!(
        problem.message.contains(words),
        "`{}` does not contain `{words}`",
        problem.message
    );
}

fn targets(outcome: Accepted) -> Vec<String> {
    refused(outcome)
        .into_iter()
        .map(|problem| problem.target)
        .collect()
}

/// What clients read.
fn shown(at: &str, body: Body) -> Value {
    render(&Resource {
        path: path(at),
        changed_in: 1,
        body: Arc::new(body),
    })
}

fn authority() -> Authority {
    let options = AuthorityOptions {
        validity: Validity::days_from(NOW, 3650),
        ..AuthorityOptions::default()
    };
    Authority::new(&Subject::common_name("Test CA"), &options).unwrap()
}

fn server(authority: &Authority, name: &str) -> Issued {
    let request = LeafRequest::server(name)
        .dns(name)
        .valid(Validity::days_from(NOW, 90));
    authority.issue(&request).unwrap()
}

fn expired(authority: &Authority, name: &str) -> Issued {
    let past = Validity::between(NOW - 30 * DAY, NOW - DAY);
    authority
        .issue(&LeafRequest::server(name).dns(name).valid(past))
        .unwrap()
}

fn pfx(issued: &Issued) -> String {
    STANDARD.encode(issued.to_pfx("password").unwrap())
}

fn der(issued: &Issued) -> String {
    STANDARD.encode(issued.certificate_der())
}

fn ca_der(authority: &Authority) -> String {
    STANDARD.encode(authority.certificate().to_der().unwrap())
}

fn ca_thumbprint(authority: &Authority) -> String {
    let facts = gateway_tls::certificate::parse(&authority.certificate().to_der().unwrap());
    facts.unwrap().thumbprint()
}
