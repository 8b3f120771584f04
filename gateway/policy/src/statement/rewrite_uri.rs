//! `rewrite-uri`: the path and query that go to the backend.

use std::sync::Arc;

use http::StatusCode;
use percent_encoding::{AsciiSet, utf8_percent_encode};

use crate::document::Element;
use crate::execution::{Failure, Flow, Outcome, Run};
use crate::program::{Compiler, Section};

use super::set_query_parameter::{QUERY, decoded};
use super::setting::Setting;
use super::{Kind, Policy, Statement};

pub(super) const POLICY: Policy = Policy {
    name: "rewrite-uri",
    sections: &[Section::Inbound],
    kind: Kind::Statement(compile),
};

/// As in a query, but a wildcard's slashes stay.
const PATH: &AsciiSet = &QUERY.remove(b'/');

struct RewriteUri {
    template: Setting<Arc<str>>,
    copy_unmatched: Setting<bool>,
}

fn compile(element: &Element, compiler: &mut Compiler<'_>) -> Option<Box<dyn Statement>> {
    compiler.check_attributes(element, &["template", "copy-unmatched-params"]);
    compiler.check_empty(element);
    let copy_unmatched = match element.attribute("copy-unmatched-params") {
        Some(attribute) => compiler.boolean(attribute)?,
        // The documentation's default; the schema says `false` and is wrong.
        None => Setting::Literal(true),
    };
    let template = compiler.required(element, "template")?;
    let template = compiler.text(template)?;
    Some(Box::new(RewriteUri {
        template,
        copy_unmatched,
    }))
}

impl Statement for RewriteUri {
    fn execute(&self, run: &mut Run<'_>) -> Outcome<Flow> {
        let template = run.text(&self.template)?.into_owned();
        let copy_unmatched = run.boolean(&self.copy_unmatched)?;
        let (path, query) = template.split_once('?').unwrap_or((&template, ""));
        let path = fill(path, run)?;
        let mut query = fill(query, run)?;
        if copy_unmatched {
            // Parameters that the operation's template names were matched, not left over.
            let operation = run.context.operation.as_deref();
            let matched = operation
                .and_then(|operation| operation.url_template.split_once('?'))
                .map_or("", |(_, query)| query);
            for pair in run
                .context
                .request
                .url
                .query
                .split('&')
                .filter(|pair| !pair.is_empty())
            {
                if !names(matched, pair) && !names(&query, pair) {
                    if !query.is_empty() {
                        query.push('&');
                    }
                    query.push_str(pair);
                }
            }
        }
        let url = &mut run.context.request.url;
        url.path = if path.starts_with('/') {
            path
        } else {
            format!("/{path}")
        };
        url.query = query;
        Ok(Flow::Next)
    }
}

/// Whether `query` has a parameter with the name of `pair`.
fn names(query: &str, pair: &str) -> bool {
    let name = |pair: &str| decoded(pair.split('=').next().unwrap_or(""));
    let wanted = name(pair);
    query
        .split('&')
        .any(|other| !other.is_empty() && name(other) == wanted)
}

/// `template` with `{name}` replaced by what the operation's template matched.
fn fill(template: &str, run: &Run<'_>) -> Outcome<String> {
    let mut out = String::with_capacity(template.len());
    let mut rest = template;
    while let Some((before, from)) = rest.split_once('{') {
        out.push_str(before);
        let Some((name, behind)) = from.split_once('}') else {
            out.push('{');
            rest = from;
            continue;
        };
        let wildcard = name.starts_with('*');
        let name = name.trim_start_matches('*');
        let value = run
            .context
            .request
            .matched_parameters
            .iter()
            .find(|(matched, _)| matched.trim_start_matches('*') == name)
            .map(|(_, value)| value);
        let Some(value) = value else {
            return Err(Box::new(Failure::internal(
                "InvalidUriTemplate",
                format!(
                    "The template of rewrite-uri names '{name}', which the operation's URL template does not."
                ),
            )));
        };
        // Encoding does not touch dots, and `..` would leave the place the template names.
        if value
            .split('/')
            .any(|segment| matches!(segment, "." | ".."))
        {
            return Err(Box::new(Failure::of_policy(
                "InvalidUriParameter",
                format!("The value of the parameter '{name}' is no part of a path."),
                StatusCode::BAD_REQUEST,
                "Bad request",
            )));
        }
        out.extend(utf8_percent_encode(
            value,
            if wildcard { PATH } else { QUERY },
        ));
        rest = behind;
    }
    out.push_str(rest);
    if out.chars().any(|c| c.is_control() || c == ' ' || c == '#') {
        return Err(Box::new(Failure::internal(
            "InvalidUriTemplate",
            "The template of rewrite-uri gave a text that is no path and query.",
        )));
    }
    Ok(out)
}
