//! `validate-parameters`: headers, query and path of requests against what the operation documents.

use std::borrow::Cow;
use std::sync::Arc;

use percent_encoding::percent_decode_str;

use crate::context::{DocumentedParameter, Operation};
use crate::document::Element;
use crate::execution::{Flow, Outcome, Run};
use crate::program::{Compiler, Section};
use crate::statement::setting::Setting;
use crate::statement::{Kind, Policy, Statement};

use super::value::{Place, check, missing, unspecified};
use super::{
    ACTION, Action, Finding, Named, action, action_for, charge, conclude, errors_variable,
    is_request, named, optional_action, read_action,
};

pub(in crate::statement) const POLICY: Policy = Policy {
    name: "validate-parameters",
    sections: &[Section::Inbound],
    kind: Kind::Statement(compile),
};

const SPECIFIED: &str = "specified-parameter-action";
const UNSPECIFIED: &str = "unspecified-parameter-action";
const PARTS: [&str; 3] = ["headers", "query", "path"];

struct ValidateParameters {
    specified: Setting<Action>,
    unspecified: Setting<Action>,
    headers: Part,
    query: Part,
    path: Part,
    variable: Option<Arc<str>>,
}

/// What is different for the headers, the query or the path.
#[derive(Default)]
struct Part {
    specified: Option<Setting<Action>>,
    unspecified: Option<Setting<Action>>,
    named: Vec<Named>,
}

fn compile(element: &Element, compiler: &mut Compiler<'_>) -> Option<Box<dyn Statement>> {
    compiler.check_attributes(element, &[SPECIFIED, UNSPECIFIED, "errors-variable-name"]);
    compiler.check_no_text(element);
    let specified = action(element, SPECIFIED, compiler);
    let unspecified = action(element, UNSPECIFIED, compiler);
    let variable = errors_variable(element, compiler);
    let mut parts: [Option<Part>; 3] = std::array::from_fn(|_| Some(Part::default()));
    let mut seen = [false; 3];
    for child in element.elements() {
        let at = PARTS.iter().position(|name| *name == child.name);
        let slot = at.and_then(|at| parts.get_mut(at).zip(seen.get_mut(at)));
        let Some((part, seen)) = slot else {
            compiler.unknown_child(element, child, &PARTS);
            continue;
        };
        if std::mem::replace(seen, true) {
            let message = format!("'{}' has more than one '{}'.", element.name, child.name);
            compiler.error("DuplicateElement", message, child.offset);
        }
        *part = one_part(child, compiler);
    }
    let [headers, query, path] = parts;
    Some(Box::new(ValidateParameters {
        specified: specified?,
        unspecified: unspecified?,
        headers: headers?,
        query: query?,
        path: path?,
        variable: variable?,
    }))
}

fn one_part(element: &Element, compiler: &mut Compiler<'_>) -> Option<Part> {
    let known: &[&str] = match element.name.as_str() {
        "path" => &[SPECIFIED],
        _ => &[SPECIFIED, UNSPECIFIED],
    };
    compiler.check_attributes(element, known);
    let specified = optional_action(element, SPECIFIED, compiler);
    let unspecified = optional_action(element, UNSPECIFIED, compiler);
    let named = named(element, "parameter", compiler);
    Some(Part {
        specified: specified?,
        unspecified: unspecified?,
        named: named?,
    })
}

/// Names and all their values.
type Present = Vec<(String, Vec<String>)>;

impl Statement for ValidateParameters {
    fn execute(&self, run: &mut Run<'_>) -> Outcome<Flow> {
        if !is_request(run) {
            return Ok(Flow::Next);
        }
        let operation = run.context.operation.clone();
        let operation = operation.as_deref();
        let mut findings = Vec::new();
        let place = |kind, noun| Place {
            kind,
            noun,
            is_request: true,
        };
        let headers = operation.map_or_else(Vec::new, |o| o.request.headers.iter().collect());
        let present = headers_of(run);
        let at = place("RequestHeader", "header");
        self.examine(run, &self.headers, at, &headers, &present, &mut findings)?;

        let (query, path) = operation.map_or_else(Default::default, documented);
        let present = query_of(run)?;
        let at = place("QueryParameter", "query parameter");
        self.examine(run, &self.query, at, &query, &present, &mut findings)?;

        let present = path_of(run, operation);
        let at = place("PathParameter", "path parameter");
        self.examine(run, &self.path, at, &path, &present, &mut findings)?;
        conclude(run, findings, self.variable.as_ref())
    }
}

impl ValidateParameters {
    fn examine(
        &self,
        run: &mut Run<'_>,
        part: &Part,
        place: Place,
        documented: &[&DocumentedParameter],
        present: &Present,
        findings: &mut Vec<Finding>,
    ) -> Outcome<()> {
        let specified = part.specified.as_ref().unwrap_or(&self.specified);
        let for_specified = run.parsed(specified, read_action, ACTION)?;
        let otherwise = part.unspecified.as_ref().unwrap_or(&self.unspecified);
        let for_unspecified = run.parsed(otherwise, read_action, ACTION)?;
        let known = documented.len() + part.named.len();
        charge(run, present.len(), known)?;
        for (name, values) in present {
            let known = documented
                .iter()
                .find(|one| one.name.eq_ignore_ascii_case(name));
            let general = known.map_or(for_unspecified, |_| for_specified);
            let action = action_for(&part.named, name, general, run)?;
            match known {
                _ if action == Action::Ignore => {}
                None => findings.push(unspecified(place, name, action)),
                Some(known) => findings.extend(check(place, known, values, action)),
            }
        }
        charge(run, documented.len(), present.len() + part.named.len())?;
        for known in documented.iter().filter(|known| known.required) {
            let is_there = present
                .iter()
                .any(|(name, _)| known.name.eq_ignore_ascii_case(name));
            if is_there {
                continue;
            }
            let action = action_for(&part.named, &known.name, for_specified, run)?;
            if action != Action::Ignore {
                findings.push(missing(place, &known.name, action));
            }
        }
        Ok(())
    }
}

fn headers_of(run: &Run<'_>) -> Present {
    let headers = &run.context.request.headers;
    let of = |name: &http::HeaderName| {
        let values = headers.get_all(name).iter();
        let texts = values.map(|value| String::from_utf8_lossy(value.as_bytes()).into());
        (name.as_str().to_owned(), texts.collect())
    };
    headers.keys().map(of).collect()
}

/// The query as the client sent it, decoded.
fn query_of(run: &Run<'_>) -> Outcome<Present> {
    let mut present: indexmap::IndexMap<String, (String, Vec<String>)> = indexmap::IndexMap::new();
    let query = &run.context.request.original_url.query;
    charge(run, query.len(), 0)?;
    for pair in query.split('&').filter(|pair| !pair.is_empty()) {
        let (name, value) = pair.split_once('=').unwrap_or((pair, ""));
        let name = decoded(name).into_owned();
        let entry = present.entry(name.to_ascii_lowercase()).or_default();
        entry.0 = name;
        entry.1.push(decoded(value).into_owned());
    }
    Ok(present.into_values().collect())
}

/// Values of the template's path; what stands in its query is of the query, and `*` is no parameter.
fn path_of(run: &Run<'_>, operation: Option<&Operation>) -> Present {
    let (path, _) = split(operation.map_or("", |o| &*o.url_template));
    run.context
        .request
        .matched_parameters
        .iter()
        .filter(|(name, _)| !name.starts_with('*') && path.contains(&format!("{{{name}}}")))
        .map(|(name, value)| (name.to_string(), vec![decoded(value).into_owned()]))
        .collect()
}

/// What is documented of the query and of the path: a template may have parameters in both.
fn documented(operation: &Operation) -> (Vec<&DocumentedParameter>, Vec<&DocumentedParameter>) {
    let (path, _) = split(&operation.url_template);
    let (in_path, in_query): (Vec<_>, Vec<_>) = operation
        .template_parameters
        .iter()
        .partition(|parameter| path.contains(&format!("{{{}}}", parameter.name)));
    let query = operation.request.query.iter().chain(in_query).collect();
    (query, in_path)
}

fn split(template: &str) -> (&str, &str) {
    template.split_once('?').unwrap_or((template, ""))
}

fn decoded(text: &str) -> Cow<'_, str> {
    if text.contains(['%', '+']) {
        let spaced = text.replace('+', " ");
        let decoded = percent_decode_str(&spaced).decode_utf8_lossy().into_owned();
        Cow::Owned(decoded)
    } else {
        Cow::Borrowed(text)
    }
}
