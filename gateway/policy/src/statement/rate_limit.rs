//! `rate-limit` and `rate-limit-by-key`: so many calls in a sliding window; one more is a 429.

use std::sync::Arc;

use http::StatusCode;
use http::header::{HeaderName, HeaderValue, RETRY_AFTER};

use crate::document::Element;
use crate::execution::{Count, Counted, Failure, Flow, Outcome, Postponed, Run, Window};
use crate::expression::{Expected, Needs, Value};
use crate::program::{Compiler, Scope, Section};

use super::increment::{
    self, Increment, Part, applying, counter_of_subscription, read_limit, seconds, with_retry_after,
};
use super::setting::Setting;
use super::{Kind, Policy, Statement};

pub(super) const BY_KEY: Policy = Policy {
    name: "rate-limit-by-key",
    sections: &[Section::Inbound],
    kind: Kind::Statement(compile_by_key),
};

pub(super) const BY_SUBSCRIPTION: Policy = Policy {
    name: "rate-limit",
    sections: &[Section::Inbound],
    kind: Kind::Statement(compile_by_subscription),
};

const CALLS: &str = "a number of calls";
const PERIOD: &str = "a number of seconds from 1 to 300";

/// Names of headers and variables that tell where the counter stands.
const REPORTS: [&str; 5] = [
    "retry-after-header-name",
    "retry-after-variable-name",
    "remaining-calls-header-name",
    "remaining-calls-variable-name",
    "total-calls-header-name",
];

struct ByKey {
    key: Setting<Arc<str>>,
    calls: Setting<u64>,
    period: Setting<u32>,
    increment: Arc<Increment>,
    reports: Arc<Reports>,
}

struct BySubscription {
    scope: Scope,
    limit: Limit,
    apis: Vec<Part<Limit>>,
    increment: Arc<Increment>,
    reports: Arc<Reports>,
}

#[derive(Clone, Copy)]
struct Limit {
    calls: u64,
    period: u32,
}

struct Reports {
    retry_after_header: HeaderName,
    retry_after_variable: Option<Arc<str>>,
    remaining_header: Option<HeaderName>,
    remaining_variable: Option<Arc<str>>,
    total_header: Option<HeaderName>,
}

fn compile_by_key(element: &Element, compiler: &mut Compiler<'_>) -> Option<Box<dyn Statement>> {
    let known: Vec<&str> = [
        "calls",
        "renewal-period",
        "counter-key",
        "increment-condition",
        "increment-count",
    ]
    .into_iter()
    .chain(REPORTS)
    .collect();
    compiler.check_attributes(element, &known);
    compiler.check_empty(element);
    let key = compiler
        .required(element, "counter-key")
        .and_then(|attribute| compiler.text(attribute));
    let calls = compiler
        .required(element, "calls")
        .and_then(|attribute| compiler.parsed(attribute, Expected::Integer, read_limit, CALLS));
    let period = compiler
        .required(element, "renewal-period")
        .and_then(|attribute| compiler.parsed(attribute, Expected::Integer, read_period, PERIOD));
    let increment = increment::compile(element, compiler);
    let reports = Reports::compile(element, compiler);
    Some(Box::new(ByKey {
        key: key?,
        calls: calls?,
        period: period?,
        increment: increment?,
        reports: Arc::new(reports?),
    }))
}

fn compile_by_subscription(
    element: &Element,
    compiler: &mut Compiler<'_>,
) -> Option<Box<dyn Statement>> {
    let known: Vec<&str> = ["calls", "renewal-period"]
        .into_iter()
        .chain(REPORTS)
        .collect();
    compiler.once_per_document(element, BY_SUBSCRIPTION.name);
    compiler.check_attributes(element, &known);
    compiler.check_no_text(element);
    let limit = Limit::compile(element, compiler);
    let period = limit.map(|limit| limit.period);
    let mut apis = Vec::new();
    for child in element.elements() {
        if child.name == "api" {
            let known = ["calls", "renewal-period"];
            let mut one = |element: &Element, compiler: &mut Compiler<'_>| {
                // The window of the whole is the default of its parts, as the examples have it.
                Limit::of_part(element, compiler, period)
            };
            apis.extend(Part::compile(child, compiler, &known, &mut one));
        } else {
            compiler.unknown_child(element, child, &["api"]);
        }
    }
    let increment = increment::compile(element, compiler);
    let reports = Reports::compile(element, compiler);
    Some(Box::new(BySubscription {
        scope: compiler.scope,
        limit: limit?,
        apis,
        increment: increment?,
        reports: Arc::new(reports?),
    }))
}

fn read_period(text: &str) -> Option<u32> {
    text.parse()
        .ok()
        .filter(|seconds| (1..=300).contains(seconds))
}

impl Limit {
    fn compile(element: &Element, compiler: &mut Compiler<'_>) -> Option<Self> {
        Self::of_part(element, compiler, None)
    }

    fn of_part(
        element: &Element,
        compiler: &mut Compiler<'_>,
        default: Option<u32>,
    ) -> Option<Self> {
        let calls = compiler
            .required(element, "calls")
            .and_then(|attribute| compiler.literal_as(attribute, read_limit, CALLS));
        let period = match (element.attribute("renewal-period"), default) {
            (None, Some(period)) => Some(period),
            _ => compiler
                .required(element, "renewal-period")
                .and_then(|attribute| compiler.literal_as(attribute, read_period, PERIOD)),
        };
        Some(Self {
            calls: calls?,
            period: period?,
        })
    }
}

impl Reports {
    fn compile(element: &Element, compiler: &mut Compiler<'_>) -> Option<Self> {
        let mut header = |name| match element.attribute(name) {
            Some(attribute) => compiler
                .literal_as(attribute, |text| text.parse().ok(), "the name of a header")
                .map(Some),
            None => Some(None),
        };
        let retry_after = header("retry-after-header-name")?;
        let remaining_header = header("remaining-calls-header-name")?;
        let total_header = header("total-calls-header-name")?;
        let mut variable = |name| match element.attribute(name) {
            Some(attribute) => compiler.literal(attribute).map(Some),
            None => Some(None),
        };
        Some(Self {
            retry_after_header: retry_after.unwrap_or(RETRY_AFTER),
            retry_after_variable: variable("retry-after-variable-name")?,
            remaining_header,
            remaining_variable: variable("remaining-calls-variable-name")?,
            total_header,
        })
    }

    /// Tells where the counter stands, and refuses the request if its limit is used up.
    fn judge(&self, run: &mut Run<'_>, counted: Counted, calls: u64) -> Outcome<()> {
        if let Some(name) = &self.remaining_variable {
            let remaining = i32::try_from(counted.remaining).unwrap_or(i32::MAX);
            run.context
                .variables
                .insert(Arc::clone(name), Value::from(remaining));
        }
        // The response that carries them is not there yet.
        let headers: Vec<(HeaderName, u64)> = [
            (self.remaining_header.as_ref(), counted.remaining),
            (self.total_header.as_ref(), calls),
        ]
        .into_iter()
        .filter_map(|(name, number)| Some((name?.clone(), number)))
        .collect();
        if !headers.is_empty() {
            run.state.postponed.push(Postponed {
                needs: Needs::default(),
                action: Box::new(move |run| {
                    let response = run.response();
                    for (name, number) in headers {
                        response.headers.insert(name, HeaderValue::from(number));
                    }
                    Ok(Flow::Next)
                }),
            });
        }
        if counted.allowed {
            return Ok(());
        }
        let seconds = seconds(counted);
        if let Some(name) = &self.retry_after_variable {
            let value = i32::try_from(seconds).unwrap_or(i32::MAX);
            run.context
                .variables
                .insert(Arc::clone(name), Value::from(value));
        }
        let message = format!("Rate limit is exceeded. Try again in {seconds} seconds.");
        let failure = Failure::of_policy(
            "RateLimitExceeded",
            message.clone(),
            StatusCode::TOO_MANY_REQUESTS,
            message,
        );
        let header = self.retry_after_header.clone();
        Err(with_retry_after(failure, header, seconds))
    }
}

impl Statement for ByKey {
    fn execute(&self, run: &mut Run<'_>) -> Outcome<Flow> {
        let key = run.text(&self.key)?;
        let key = format!("rate-limit-by-key\u{1f}{key}");
        let calls = run.parsed(&self.calls, read_limit, CALLS)?;
        let period = run.parsed(&self.period, read_period, PERIOD)?;
        let limits = vec![(key, Limit { calls, period })];
        count(run, limits, &self.increment, &self.reports)
    }
}

impl Statement for BySubscription {
    fn execute(&self, run: &mut Run<'_>) -> Outcome<Flow> {
        // Without a subscription there is nobody to count for.
        let Some(key) = counter_of_subscription(run, "rate-limit", self.scope) else {
            return Ok(Flow::Next);
        };
        let context = &run.context;
        let parts = applying(
            &self.apis,
            context.api.as_deref(),
            context.operation.as_deref(),
        );
        let mut limits = vec![(key.clone(), self.limit)];
        limits.extend(
            parts
                .into_iter()
                .map(|(part, limit)| (format!("{key}\u{1f}{part}"), *limit)),
        );
        // The last is counted first.
        limits.reverse();
        count(run, limits, &self.increment, &self.reports)
    }
}

/// Counts against one limit after the other.
fn count(
    run: &mut Run<'_>,
    mut limits: Vec<(String, Limit)>,
    increment: &Arc<Increment>,
    reports: &Arc<Reports>,
) -> Outcome<Flow> {
    let Some((key, Limit { calls, period })) = limits.pop() else {
        return Ok(Flow::Next);
    };
    let one = Count {
        key: key.into(),
        place: increment.place(run),
        window: Window::Sliding(period),
        limit: calls,
        add: 1,
        only_if_allowed: true,
        meters: false,
    };
    let (counts, reports) = (Arc::clone(increment), Arc::clone(reports));
    Ok(increment.count(
        run,
        one,
        Box::new(move |run, counted| {
            reports.judge(run, counted, calls)?;
            count(run, limits, &counts, &reports)
        }),
    ))
}
