//! Documents compiled and run to their end, with everything observable written down, so that two
//! runs, two spellings or two evaluators of one document can be compared.

use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use gateway_policy::context::{Body, Context, Response};
use gateway_policy::document::Document;
use gateway_policy::execution::{
    AccessToken, Answer, Counted, Effect, EffectFailure, Execution, Failure, FailureKind, Permit,
    Step,
};
use gateway_policy::expression::BudgetLimits;
use gateway_policy::openid::{KeySet, Provider};
use gateway_policy::problem::Problem;
use gateway_policy::program::{Program, Scope, compile, link};
use http::{HeaderMap, HeaderValue, StatusCode};

use crate::support::{self, Names, World};

/// Small, so that a runaway document costs milliseconds.
pub const LIMITS: BudgetLimits = BudgetLimits {
    instructions: 20_000,
    allocated_bytes: 1 << 20,
    depth: 200,
    regex_steps: 20_000,
};

/// Most steps of one run. Policies loop only as long as they may ask for effects, of which there is
/// a limit.
const MOST_STEPS: usize = 10_000;

/// What a run showed to the world.
#[derive(Debug, PartialEq, Eq)]
pub struct Observed {
    /// Every step, effects with their contents.
    pub steps: Vec<String>,
    /// Status, reason, headers and body of the answer.
    pub response: String,
    /// Method, URL, headers and body as they would go upstream.
    pub request: String,
    /// Source, reason, message, scope and place of what failed.
    pub failure: Option<String>,
    /// Traces written.
    pub traces: String,
}

/// Named values that documents may use; one is secret, one is code, one has special characters.
pub fn names() -> Names {
    Names::default()
        .with("thumbprints", "ABABABABABABABABABABABABABABABABABABABAB,00")
        .with("code", "@(context.Request.Method)")
        .with("number", "401")
        .with("quote", "a\"b\\c{d}")
        .with_secret("password", "hunter2")
}

/// The program of `documents`, the outermost scope last, or what is wrong with them.
///
/// # Errors
/// The problems of the first document that is refused.
pub fn program(documents: &[&Document], names: &Names) -> Result<Arc<Program>, Vec<Problem>> {
    const SCOPES: [Scope; 3] = [Scope::Operation, Scope::Api, Scope::Global];
    let mut scopes = Vec::new();
    for (document, scope) in documents.iter().zip(SCOPES) {
        let result = compile(document, scope, names);
        scopes.push(result.program.ok_or(result.problems)?);
    }
    scopes.reverse();
    Ok(link(&scopes))
}

/// `POST /orders/17?x=1` with a certificate, headers and a body that streams.
#[must_use]
pub fn request() -> Context {
    let mut context = support::context_with(support::partner());
    let headers = &mut context.request.headers;
    headers.append("x-many", HeaderValue::from_static("a"));
    headers.append("x-many", HeaderValue::from_static("b"));
    headers.append("x-number", HeaderValue::from_static("17"));
    context.request.method = http::Method::POST;
    context.request.url.query = "x=1&x=2&name=J%C3%BCrgen+K".to_owned();
    context.request.body = Body::Streaming;
    context
}

/// Runs `program` on [`request`]; `backend_fails` decides how the backend answers.
///
/// # Panics
/// If the run does not end, or ends without an answer.
#[must_use]
pub fn observe(program: &Arc<Program>, limits: BudgetLimits, backend_fails: bool) -> Observed {
    let world = World::default();
    let mut execution = Execution::new(Arc::clone(program), request(), limits);
    let mut steps = Vec::new();
    let mut waiting = Vec::new();
    let ended = loop {
        assert!(steps.len() < MOST_STEPS, "the run does not end");
        let step = execution.run(&world);
        steps.push(format!("{step:?}"));
        match step {
            Step::Continue(_) => {}
            Step::Need(id, effect) => waiting.push((id, effect)),
            Step::Blocked => {
                let (id, effect) = waiting.pop().expect("it waits for something");
                execution.provide(id, answer(&effect, backend_fails));
            }
            Step::Cancel(id) => {
                let before = waiting.len();
                waiting.retain(|(known, _)| *known != id);
                assert_eq!(before, waiting.len() + 1, "it was waited for");
            }
            Step::Respond => break step,
            Step::Fail => {
                assert!(execution.last_error().is_some(), "a failure has a cause");
                break step;
            }
        }
    };
    assert_eq!(execution.run(&world), ended, "an end is an end");
    let context = execution.context();
    let response = context.response.as_ref().expect("an end has an answer");
    let failure = context
        .last_error
        .as_ref()
        .map(|error| format!("{error:?}"));
    Observed {
        response: format!(
            "{} {:?} {:?} {:?}",
            response.status, response.reason, response.headers, response.body
        ),
        request: format!(
            "{} {:?} {:?} {:?}",
            context.request.method,
            context.request.url,
            context.request.headers,
            context.request.body
        ),
        failure,
        steps,
        traces: format!("{:?}", world.traces.lock()),
    }
}

fn answer(effect: &Effect, fails: bool) -> Answer {
    match effect {
        Effect::Forward(_) if fails => {
            Answer::Failed(Failure::backend_connection("No route to host.").into())
        }
        Effect::Send(_)
        | Effect::CacheGet(_)
        | Effect::Count(_)
        | Effect::Acquire(_)
        | Effect::Provider(_)
        | Effect::Token(_)
            if fails =>
        {
            Answer::Failed(EffectFailure::new(FailureKind::Timeout, "It took too long."))
        }
        Effect::Forward(_) => Answer::Response(response(Body::Streaming)),
        Effect::Send(_) => Answer::Response(response(Body::Bytes(BODY))),
        Effect::RequestBody | Effect::ResponseBody => Answer::Body(BODY),
        Effect::Sleep(_) | Effect::CachePut(_) | Effect::CacheRemove(_) => Answer::Done,
        Effect::CacheGet(_) => Answer::Cached(None),
        Effect::Count(_) => Answer::Counted(Counted {
            allowed: true,
            remaining: 1,
            retry_after: Duration::ZERO,
        }),
        Effect::Acquire(_) => Answer::Permit(Permit::new(())),
        Effect::Provider(_) => Answer::Provider(Arc::new(Provider {
            issuer: "https://id.example".into(),
            keys: KeySet::default(),
        })),
        Effect::Token(_) => Answer::Token(AccessToken("token".into())),
    }
}

const BODY: Bytes = Bytes::from_static(br#"{"a":[1,{"b":"c"}]}"#);

fn response(body: Body) -> Response {
    let mut headers = HeaderMap::new();
    headers.append("content-type", HeaderValue::from_static("application/json"));
    Response {
        status: StatusCode::OK,
        reason: None,
        headers,
        body,
    }
}
