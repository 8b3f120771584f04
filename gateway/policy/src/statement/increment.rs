//! What a request counts for: `increment-condition` and `increment-count`.
//!
//! Written out, they are known before the request is let through, and the limit is exact. Computed,
//! they depend on the response: the request is let through if there is room, and counted when the
//! answer is there, so that the limit shows one request later.

use std::hash::{DefaultHasher, Hash as _, Hasher as _};
use std::sync::Arc;

use crate::context::{Api, Operation};
use crate::document::Element;
use crate::execution::{Answer, Count, Counted, Effect, Failure, Flow, Outcome, Postponed, Run};
use crate::expression::{Expected, Needs};
use crate::program::{Compiler, Scope};

use super::setting::Setting;

const COUNT: &str = "a number from 0 to 4294967295";

/// What one request counts for.
pub(super) struct Increment {
    condition: Setting<bool>,
    count: Setting<u64>,
    /// What their expressions read.
    needs: Needs,
    /// Where the policy stands in its document.
    scope: Scope,
    offset: usize,
}

/// The attributes of `element`; one without them.
pub(super) fn compile(element: &Element, compiler: &mut Compiler<'_>) -> Option<Arc<Increment>> {
    // What they read is read at the end, not before the policy runs.
    let before = compiler.take_needs();
    let condition = match element.attribute("increment-condition") {
        Some(attribute) => compiler.boolean(attribute),
        None => Some(Setting::Literal(true)),
    };
    let count = match element.attribute("increment-count") {
        Some(attribute) => compiler.parsed(attribute, Expected::Integer, read_count, COUNT),
        None => Some(Setting::Literal(1)),
    };
    let needs = compiler.take_needs();
    compiler.give_needs(before);
    Some(Arc::new(Increment {
        condition: condition?,
        count: count?,
        needs,
        scope: compiler.scope,
        offset: element.offset,
    }))
}

fn read_count(text: &str) -> Option<u64> {
    text.parse::<u32>().ok().map(u64::from)
}

/// What a policy does when it knows where the counter stands.
pub(super) type Judge = Box<dyn FnOnce(&mut Run<'_>, Counted) -> Outcome<Flow>>;

impl Increment {
    /// Counts the request, now or at its end. `count` says against which limit.
    ///
    /// A counter that does not answer lets nobody through.
    pub(super) fn count(self: &Arc<Self>, run: &mut Run<'_>, count: Count, judge: Judge) -> Flow {
        let now = match (&self.condition, &self.count) {
            (Setting::Literal(false), _) => Some(0),
            (Setting::Literal(true), Setting::Literal(number)) => Some(*number),
            _ => None,
        };
        let first = match now {
            Some(number) => Count {
                add: if count.meters { 0 } else { number },
                meters: count.meters && number > 0,
                ..count
            },
            None => {
                self.postpone(run, &count);
                Count {
                    add: 0,
                    meters: false,
                    ..count
                }
            }
        };
        Flow::ask(Effect::Count(first), |run, answer| match answer {
            Answer::Counted(counted) => judge(run, counted),
            other => Err(other.into_failure()),
        })
    }

    /// The place of this policy, for [`Count::place`]: its document and where it stands there. Nothing
    /// in it is of the client's choosing.
    pub(super) fn place(&self, run: &Run<'_>) -> u64 {
        let context = &run.context;
        let mut hasher = DefaultHasher::new();
        (self.scope.as_str(), self.offset).hash(&mut hasher);
        match self.scope {
            Scope::Global => {}
            Scope::Product => context.product.as_ref().map(|it| &it.id).hash(&mut hasher),
            Scope::Api => context.api.as_ref().map(|it| &it.id).hash(&mut hasher),
            Scope::Operation => {
                context.api.as_ref().map(|it| &it.id).hash(&mut hasher);
                (context.operation.as_ref().map(|it| &it.id)).hash(&mut hasher);
            }
        }
        hasher.finish()
    }

    fn postpone(self: &Arc<Self>, run: &mut Run<'_>, count: &Count) {
        let increment = Arc::clone(self);
        let count = count.clone();
        run.state.postponed.push(Postponed {
            needs: self.needs,
            action: Box::new(move |run| {
                let add = increment.evaluate(run);
                if add == 0 {
                    return Ok(Flow::Next);
                }
                let count = Count {
                    add: if count.meters { 0 } else { add },
                    only_if_allowed: false,
                    ..count
                };
                Ok(Flow::ask(Effect::Count(count), |_, _| Ok(Flow::Next)))
            }),
        });
    }

    /// What the request counts for now that its answer is there. If that cannot be computed it
    /// counts for one: an expression that fails must not be a way around the limit.
    fn evaluate(&self, run: &mut Run<'_>) -> u64 {
        match run.boolean(&self.condition) {
            Ok(false) => 0,
            Ok(true) => run.parsed(&self.count, read_count, COUNT).unwrap_or(1),
            Err(_) => 1,
        }
    }
}

/// Seconds until a limit allows more, for clients: at least 1.
pub(super) fn seconds(counted: Counted) -> u64 {
    let after = counted.retry_after;
    after
        .as_secs()
        .saturating_add(u64::from(after.subsec_nanos() > 0))
        .max(1)
}

/// Limits for single APIs and operations inside one for all: `api` and `operation` elements.
pub(super) struct Part<L> {
    pub(super) id: Option<Arc<str>>,
    pub(super) name: Option<Arc<str>>,
    pub(super) limit: Option<L>,
    pub(super) parts: Vec<Self>,
}

impl<L> Part<L> {
    /// `element`, and the `operation` elements in it if it is an `api`.
    pub(super) fn compile(
        element: &Element,
        compiler: &mut Compiler<'_>,
        known: &[&str],
        limit: &mut dyn FnMut(&Element, &mut Compiler<'_>) -> Option<L>,
    ) -> Option<Self> {
        let all: Vec<&str> = ["id", "name"]
            .into_iter()
            .chain(known.iter().copied())
            .collect();
        compiler.check_attributes(element, &all);
        compiler.check_no_text(element);
        let mut literal = |name| match element.attribute(name) {
            Some(attribute) => compiler.literal(attribute).map(Some),
            None => Some(None),
        };
        let (id, name) = (literal("id")?, literal("name")?);
        if id.is_none() && name.is_none() {
            compiler.error(
                "MissingAttribute",
                format!("'{}' needs 'id' or 'name'.", element.name),
                element.offset,
            );
            return None;
        }
        let mut parts = Vec::new();
        for child in element.elements() {
            if element.name == "api" && child.name == "operation" {
                parts.extend(Self::compile(child, compiler, known, limit));
            } else {
                let children: &[&str] = if element.name == "api" {
                    &["operation"]
                } else {
                    &[]
                };
                compiler.unknown_child(element, child, children);
            }
        }
        // An `api` may be there for its operations only.
        let has_limit = known.iter().any(|name| element.attribute(name).is_some());
        let limit = if has_limit || parts.is_empty() {
            Some(limit(element, compiler)?)
        } else {
            None
        };
        Some(Self {
            id,
            name,
            limit,
            parts,
        })
    }

    fn is(&self, id: &str, name: &str) -> bool {
        match (&self.id, &self.name) {
            (Some(own), _) => own.eq_ignore_ascii_case(id),
            (None, Some(own)) => **own == *name,
            (None, None) => false,
        }
    }
}

/// The limits that apply to this request among `parts`, with what tells their counters apart.
pub(super) fn applying<'p, L>(
    parts: &'p [Part<L>],
    api: Option<&Api>,
    operation: Option<&Operation>,
) -> Vec<(String, &'p L)> {
    let mut limits = Vec::new();
    let Some(api) = api else { return limits };
    for part in parts.iter().filter(|part| part.is(&api.id, &api.name)) {
        let key = format!("api {}", api.id);
        limits.extend(part.limit.as_ref().map(|limit| (key.clone(), limit)));
        let Some(operation) = operation else { continue };
        let inner = part
            .parts
            .iter()
            .filter(|inner| inner.is(&operation.id, &operation.name));
        limits.extend(inner.filter_map(|inner| {
            let limit = inner.limit.as_ref()?;
            Some((format!("{key} operation {}", operation.id), limit))
        }));
    }
    limits
}

/// What tells the counters of a subscription apart by where the policy stands: one for a whole
/// product, one for each API or operation that has a policy of its own.
pub(super) fn counter_of_subscription(run: &Run<'_>, kind: &str, scope: Scope) -> Option<String> {
    let subscription = run.context.subscription.as_ref()?;
    let mut key = format!("{kind}\u{1f}{}\u{1f}{}", subscription.id, scope.as_str());
    let api = run.context.api.as_ref().map(|api| &api.id);
    let operation = run
        .context
        .operation
        .as_ref()
        .map(|operation| &operation.id);
    if matches!(scope, Scope::Api | Scope::Operation) {
        key.extend(["\u{1f}", api.map_or("", |id| id)]);
    }
    if scope == Scope::Operation {
        key.extend(["\u{1f}", operation.map_or("", |id| id)]);
    }
    Some(key)
}

/// A number of calls, or of kilobytes.
pub(super) fn read_limit(text: &str) -> Option<u64> {
    text.parse().ok().filter(|limit| *limit <= 1 << 50)
}

/// A failure with `Retry-After`, or with the header that takes its place.
pub(super) fn with_retry_after(
    failure: Failure,
    name: http::HeaderName,
    seconds: u64,
) -> Box<Failure> {
    Box::new(failure.with_header(name, http::HeaderValue::from(seconds)))
}
