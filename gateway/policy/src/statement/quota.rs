//! `quota` and `quota-by-key`: so many calls or kilobytes in a period; after that a 403 until the
//! next one begins.

use std::sync::Arc;
use std::time::Duration;

use http::StatusCode;
use http::header::RETRY_AFTER;

use crate::document::Element;
use crate::execution::{Count, Counted, Failure, Flow, Outcome, Run, Window};
use crate::expression::parse_moment;
use crate::host::UnixNanos;
use crate::program::{Compiler, Scope, Section};

use super::increment::{
    self, Increment, Part, applying, counter_of_subscription, read_limit, seconds, with_retry_after,
};
use super::setting::Setting;
use super::{Kind, Policy, Statement};

pub(super) const BY_KEY: Policy = Policy {
    name: "quota-by-key",
    sections: &[Section::Inbound],
    kind: Kind::Statement(compile_by_key),
};

pub(super) const BY_SUBSCRIPTION: Policy = Policy {
    name: "quota",
    sections: &[Section::Inbound],
    kind: Kind::Statement(compile_by_subscription),
};

const LIMIT: &str = "a number of calls or kilobytes";
const PERIOD: &str = "0 or a number of seconds";
const LONG_PERIOD: &str = "0 or a number of seconds from 300";
const MOMENT: &str = "a moment such as 2026-01-31T00:00:00Z";

struct ByKey {
    key: Setting<Arc<str>>,
    limit: Limit,
    first_period: UnixNanos,
    increment: Arc<Increment>,
}

struct BySubscription {
    scope: Scope,
    limit: Limit,
    apis: Vec<Part<Limit>>,
    increment: Arc<Increment>,
}

#[derive(Clone, Copy)]
struct Limit {
    calls: Option<u64>,
    kilobytes: Option<u64>,
    /// `None`: forever.
    period: Option<u64>,
}

/// What is counted against one limit.
struct Quota {
    key: String,
    what: What,
    limit: u64,
    window: Window,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum What {
    Calls,
    Kilobytes,
}

impl What {
    fn noun(self) -> &'static str {
        match self {
            Self::Calls => "call volume",
            Self::Kilobytes => "bandwidth",
        }
    }
}

fn compile_by_key(element: &Element, compiler: &mut Compiler<'_>) -> Option<Box<dyn Statement>> {
    compiler.check_attributes(
        element,
        &[
            "calls",
            "bandwidth",
            "renewal-period",
            "counter-key",
            "increment-condition",
            "increment-count",
            "first-period-start",
        ],
    );
    compiler.check_empty(element);
    let key = compiler
        .required(element, "counter-key")
        .and_then(|attribute| compiler.text(attribute));
    let limit = Limit::compile(element, compiler, read_long_period, LONG_PERIOD);
    let first_period = match element.attribute("first-period-start") {
        Some(attribute) => compiler.literal_as(attribute, read_moment, MOMENT),
        None => read_moment("0001-01-01T00:00:00Z"),
    };
    let increment = increment::compile(element, compiler);
    Some(Box::new(ByKey {
        key: key?,
        limit: limit?,
        first_period: first_period?,
        increment: increment?,
    }))
}

fn compile_by_subscription(
    element: &Element,
    compiler: &mut Compiler<'_>,
) -> Option<Box<dyn Statement>> {
    const KNOWN: [&str; 3] = ["calls", "bandwidth", "renewal-period"];
    compiler.once_per_document(element, BY_SUBSCRIPTION.name);
    compiler.check_attributes(element, &KNOWN);
    compiler.check_no_text(element);
    let limit = Limit::compile(element, compiler, read_period, PERIOD);
    let period = limit.and_then(|limit| limit.period);
    let mut apis = Vec::new();
    for child in element.elements() {
        if child.name == "api" {
            let mut one = |element: &Element, compiler: &mut Compiler<'_>| {
                // The period of the whole is the default of its parts, as the examples have it.
                Limit::of_part(element, compiler, period)
            };
            apis.extend(Part::compile(child, compiler, &KNOWN, &mut one));
        } else {
            compiler.unknown_child(element, child, &["api"]);
        }
    }
    let increment = increment::compile(element, compiler);
    Some(Box::new(BySubscription {
        scope: compiler.scope,
        limit: limit?,
        apis,
        increment: increment?,
    }))
}

fn read_period(text: &str) -> Option<u64> {
    text.parse().ok().filter(|seconds| *seconds <= 1 << 36)
}

fn read_long_period(text: &str) -> Option<u64> {
    read_period(text).filter(|seconds| *seconds == 0 || *seconds >= 300)
}

/// `yyyy-MM-ddTHH:mm:ssZ`.
fn read_moment(text: &str) -> Option<UnixNanos> {
    parse_moment(text)
}

impl Limit {
    fn compile(
        element: &Element,
        compiler: &mut Compiler<'_>,
        read: fn(&str) -> Option<u64>,
        expected: &str,
    ) -> Option<Self> {
        let period = compiler
            .required(element, "renewal-period")
            .and_then(|attribute| compiler.literal_as(attribute, read, expected));
        let limit = Self::of_part(element, compiler, None);
        Some(Self {
            period: Some(period?).filter(|seconds| *seconds > 0),
            ..limit?
        })
    }

    fn of_part(
        element: &Element,
        compiler: &mut Compiler<'_>,
        period: Option<u64>,
    ) -> Option<Self> {
        let mut number = |name, read: fn(&str) -> Option<u64>| match element.attribute(name) {
            Some(attribute) => compiler.literal_as(attribute, read, LIMIT).map(Some),
            None => Some(None),
        };
        let calls = number("calls", read_limit);
        let kilobytes = number("bandwidth", read_limit);
        let own = match element.attribute("renewal-period") {
            Some(attribute) => Some(compiler.literal_as(attribute, read_period, PERIOD)?),
            None => None,
        };
        let (calls, kilobytes) = (calls?, kilobytes?);
        if calls.is_none() && kilobytes.is_none() {
            compiler.error(
                "MissingAttribute",
                format!("'{}' needs 'calls' or 'bandwidth'.", element.name),
                element.offset,
            );
            return None;
        }
        Some(Self {
            calls,
            kilobytes,
            period: match own {
                Some(seconds) => Some(seconds).filter(|seconds| *seconds > 0),
                None => period,
            },
        })
    }

    /// What this limit counts under `key`, in periods from `start`.
    fn quotas(self, key: &str, start: UnixNanos) -> Vec<Quota> {
        let window = Window::Fixed {
            start,
            seconds: self.period,
        };
        let calls = self.calls.map(|limit| Quota {
            key: format!("{key}\u{1f}calls"),
            what: What::Calls,
            limit,
            window,
        });
        let bytes = self.kilobytes.map(|limit| Quota {
            key: format!("{key}\u{1f}bytes"),
            what: What::Kilobytes,
            limit: limit.saturating_mul(1024),
            window,
        });
        [calls, bytes].into_iter().flatten().collect()
    }
}

impl Statement for ByKey {
    fn execute(&self, run: &mut Run<'_>) -> Outcome<Flow> {
        let key = run.text(&self.key)?;
        let key = format!("quota-by-key\u{1f}{key}");
        let quotas = self.limit.quotas(&key, self.first_period);
        count(run, quotas, &self.increment)
    }
}

impl Statement for BySubscription {
    fn execute(&self, run: &mut Run<'_>) -> Outcome<Flow> {
        let key = counter_of_subscription(run, "quota", self.scope);
        // Without a subscription there is nobody to count for.
        let (Some(key), Some(subscription)) = (key, &run.context.subscription) else {
            return Ok(Flow::Next);
        };
        let start = subscription.start_date.unwrap_or(subscription.created_date);
        let context = &run.context;
        let parts = applying(
            &self.apis,
            context.api.as_deref(),
            context.operation.as_deref(),
        );
        let quotas = self
            .limit
            .quotas(&key, start)
            .into_iter()
            .chain(
                parts
                    .into_iter()
                    .flat_map(|(part, limit)| limit.quotas(&format!("{key}\u{1f}{part}"), start)),
            )
            .collect();
        count(run, quotas, &self.increment)
    }
}

/// Counts against one limit after the other.
fn count(run: &mut Run<'_>, mut quotas: Vec<Quota>, increment: &Arc<Increment>) -> Outcome<Flow> {
    let Some(Quota {
        key,
        what,
        limit,
        window,
    }) = quotas.pop()
    else {
        return Ok(Flow::Next);
    };
    let one = Count {
        key: key.into(),
        place: increment.place(run),
        window,
        limit,
        add: 1,
        only_if_allowed: true,
        meters: what == What::Kilobytes,
    };
    let counts = Arc::clone(increment);
    Ok(increment.count(
        run,
        one,
        Box::new(move |run, counted| {
            if !counted.allowed {
                return Err(exceeded(what, counted));
            }
            count(run, quotas, &counts)
        }),
    ))
}

fn exceeded(what: What, counted: Counted) -> Box<Failure> {
    // A period without end brings nothing back.
    if counted.retry_after == Duration::MAX {
        let message = format!("Out of {} quota.", what.noun());
        return Box::new(Failure::of_policy(
            "QuotaExceeded",
            message.clone(),
            StatusCode::FORBIDDEN,
            message,
        ));
    }
    let seconds = seconds(counted);
    let (hours, minutes) = (seconds / 3600, seconds / 60 % 60);
    let left = format!("{hours:02}:{minutes:02}:{:02}", seconds % 60);
    let what = what.noun();
    let message = format!("Out of {what} quota. Quota will be replenished in {left}.");
    let failure = Failure::of_policy(
        "QuotaExceeded",
        message.clone(),
        StatusCode::FORBIDDEN,
        message,
    );
    with_retry_after(failure, RETRY_AFTER, seconds)
}
