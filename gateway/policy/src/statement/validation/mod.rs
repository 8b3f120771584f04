//! What the policies that hold messages against the documentation of an operation have in common: the
//! actions, and what is made of what they find.
//!
//! Types, rules, details and what the client is told follow the validation errors of the policies'
//! documentation.

pub(super) mod headers;
pub(super) mod parameters;
pub(super) mod status_code;
mod value;

use std::sync::Arc;

use http::StatusCode;

use crate::document::Element;
use crate::execution::{Failure, Flow, Outcome, Run, threw};
use crate::expression::{Expected, json_array};
use crate::program::{Compiler, Section};

use super::setting::Setting;

/// What is done about a kind of finding.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Action {
    /// It is not looked for.
    Ignore,
    /// The request ends.
    Prevent,
    /// It is noted.
    Detect,
}

const ACTION: &str = "'ignore', 'prevent' or 'detect'";

/// Told to clients about responses and about the documentation, which are not their business.
const INTERNAL: &str =
    "The request could not be processed due to an internal error. Contact the API owner.";

fn read_action(text: &str) -> Option<Action> {
    match text {
        "ignore" => Some(Action::Ignore),
        "prevent" => Some(Action::Prevent),
        "detect" => Some(Action::Detect),
        _ => None,
    }
}

/// The action that an attribute names; the outer `None` after an error.
#[expect(clippy::option_option, reason = "an error against no attribute")]
fn optional_action(
    element: &Element,
    name: &str,
    compiler: &mut Compiler<'_>,
) -> Option<Option<Setting<Action>>> {
    match element.attribute(name) {
        None => Some(None),
        Some(a) => compiler
            .parsed(a, Expected::Text, read_action, ACTION)
            .map(Some),
    }
}

/// The action that an attribute names, which must be there.
fn action(element: &Element, name: &str, compiler: &mut Compiler<'_>) -> Option<Setting<Action>> {
    let attribute = compiler.required(element, name)?;
    compiler.parsed(attribute, Expected::Text, read_action, ACTION)
}

/// `errors-variable-name`; the outer `None` after an error.
#[expect(clippy::option_option, reason = "an error against no attribute")]
fn errors_variable(element: &Element, compiler: &mut Compiler<'_>) -> Option<Option<Arc<str>>> {
    match element.attribute("errors-variable-name") {
        None => Some(None),
        Some(attribute) => compiler.literal(attribute).map(Some),
    }
}

/// An action for something by its name.
struct Named {
    name: Arc<str>,
    action: Setting<Action>,
}

/// Children that name things: `<header name="…" action="…"/>`.
fn named(
    element: &Element,
    child_name: &'static str,
    compiler: &mut Compiler<'_>,
) -> Option<Vec<Named>> {
    let mut all = Some(Vec::new());
    compiler.check_no_text(element);
    for child in element.elements() {
        if child.name != child_name {
            compiler.unknown_child(element, child, &[child_name]);
            all = None;
            continue;
        }
        compiler.check_attributes(child, &["name", "action"]);
        compiler.check_empty(child);
        let name = compiler.required(child, "name");
        let name = name.and_then(|attribute| compiler.literal(attribute));
        let action = action(child, "action", compiler);
        match (name, action, &mut all) {
            (Some(name), Some(action), Some(all)) => all.push(Named { name, action }),
            _ => all = None,
        }
    }
    all
}

/// The action for the thing called `name`: its own, or the one that holds for all.
fn action_for(
    named: &[Named],
    name: &str,
    otherwise: Action,
    run: &mut Run<'_>,
) -> Outcome<Action> {
    match named.iter().find(|one| one.name.eq_ignore_ascii_case(name)) {
        Some(one) => run.parsed(&one.action, read_action, ACTION),
        None => Ok(otherwise),
    }
}

/// Something that is not as documented.
struct Finding {
    /// What it is about: the name of a header or parameter, a status code.
    name: String,
    /// `QueryParameter`, `ResponseHeader`, ….
    kind: &'static str,
    /// `Unspecified`, `IncorrectMessage`, ….
    rule: &'static str,
    /// For operators.
    details: String,
    /// For clients; `None`: only that something is wrong.
    public: Option<String>,
    action: Action,
}

/// Notes what was found, and ends the request if something of it must be prevented: with 400 before
/// the backend was asked, with 502 after that.
fn conclude(
    run: &mut Run<'_>,
    findings: Vec<Finding>,
    variable: Option<&Arc<str>>,
) -> Outcome<Flow> {
    if findings.is_empty() {
        return Ok(Flow::Next);
    }
    if let Some(variable) = variable {
        let errors: Vec<serde_json::Value> = findings.iter().map(shown).collect();
        let text = serde_json::Value::Array(errors).to_string();
        let mut budget = run.budget();
        let errors = json_array(&mut budget, &text).map_err(threw)?;
        run.context.variables.insert(Arc::clone(variable), errors);
    }
    let prevented = findings
        .into_iter()
        .find(|finding| finding.action == Action::Prevent);
    let Some(finding) = prevented else {
        return Ok(Flow::Next);
    };
    let (reason, status) = if is_request(run) {
        ("Bad request", StatusCode::BAD_REQUEST)
    } else {
        ("Response not allowed", StatusCode::BAD_GATEWAY)
    };
    let public = finding.public.unwrap_or_else(|| INTERNAL.to_owned());
    Err(Box::new(Failure::of_policy(
        reason,
        finding.details,
        status,
        public,
    )))
}

fn shown(finding: &Finding) -> serde_json::Value {
    serde_json::json!({
        "Name": finding.name,
        "Type": finding.kind,
        "ValidationRule": finding.rule,
        "Details": finding.details,
        "Action": if finding.action == Action::Prevent { "prevent" } else { "detect" },
    })
}

/// Whether the section's message is the request.
fn is_request(run: &Run<'_>) -> bool {
    matches!(run.section, Section::Inbound | Section::Backend)
}

/// Pays for looking each of `count` things up among `known`.
fn charge(run: &Run<'_>, count: usize, known: usize) -> Outcome<()> {
    let steps = count.saturating_mul(known.saturating_add(1));
    let mut budget = run.budget();
    budget
        .charge(u64::try_from(steps).unwrap_or(u64::MAX))
        .map_err(threw)
}
