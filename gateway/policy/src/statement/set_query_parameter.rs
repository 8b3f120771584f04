//! `set-query-parameter`.

use std::borrow::Cow;
use std::sync::Arc;

use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, percent_decode_str, utf8_percent_encode};

use crate::document::Element;
use crate::execution::{Flow, Outcome, Run};
use crate::program::{Compiler, Section};

use super::exists_action::{self, ExistsAction};
use super::setting::Setting;
use super::{Kind, Policy, Statement};

pub(super) const POLICY: Policy = Policy {
    name: "set-query-parameter",
    sections: &[Section::Inbound, Section::Backend],
    kind: Kind::Statement(compile),
};

/// All but RFC 3986's unreserved characters.
pub(super) const QUERY: &AsciiSet = &NON_ALPHANUMERIC
    .remove(b'-')
    .remove(b'.')
    .remove(b'_')
    .remove(b'~');

struct SetQueryParameter {
    name: Setting<Arc<str>>,
    action: Setting<ExistsAction>,
    values: Vec<Setting<Arc<str>>>,
}

fn compile(element: &Element, compiler: &mut Compiler<'_>) -> Option<Box<dyn Statement>> {
    compiler.check_attributes(element, &["name", "exists-action"]);
    compiler.check_no_text(element);
    let name = compiler
        .required(element, "name")
        .and_then(|attribute| compiler.text(attribute));
    let action = exists_action::compile(element, compiler);
    let mut values = Vec::new();
    for child in element.elements() {
        if child.name == "value" {
            compiler.check_attributes(child, &[]);
            values.push(compiler.content(child)?);
        } else {
            compiler.unknown_child(element, child, &["value"]);
        }
    }
    let action = action?;
    if values.is_empty()
        && action
            .literal()
            .is_some_and(|action| *action != ExistsAction::Delete)
    {
        compiler.error(
            "MissingElement",
            "'set-query-parameter' needs a 'value'.",
            element.offset,
        );
    }
    Some(Box::new(SetQueryParameter {
        name: name?,
        action,
        values,
    }))
}

impl Statement for SetQueryParameter {
    fn execute(&self, run: &mut Run<'_>) -> Outcome<Flow> {
        let name = run.text(&self.name)?.into_owned();
        let action = run.parsed(&self.action, exists_action::read, exists_action::EXPECTED)?;
        let mut values = Vec::with_capacity(self.values.len());
        if action != ExistsAction::Delete {
            for setting in &self.values {
                if let Some(value) = run.text_or_null(setting)? {
                    values.push(value);
                }
            }
        }
        let query = &mut run.context.request.url.query;
        *query = apply(query, &name, action, &values);
        Ok(Flow::Next)
    }
}

/// `query` after the action; other parameters keep their place and spelling.
fn apply(query: &str, name: &str, action: ExistsAction, values: &[Cow<'_, str>]) -> String {
    let is_it = |pair: &&str| decoded(pair.split('=').next().unwrap_or("")) == name;
    let pairs = || query.split('&').filter(|pair| !pair.is_empty());
    let exists = pairs().any(|pair| is_it(&pair));
    let new = values.iter().map(|value| {
        format!(
            "{}={}",
            utf8_percent_encode(name, QUERY),
            utf8_percent_encode(value, QUERY)
        )
    });
    let all: Vec<String> = match action {
        ExistsAction::Skip if exists => return query.to_owned(),
        ExistsAction::Skip | ExistsAction::Append => {
            pairs().map(str::to_owned).chain(new).collect()
        }
        ExistsAction::Override | ExistsAction::Delete => pairs()
            .filter(|pair| !is_it(pair))
            .map(str::to_owned)
            .chain(new)
            .collect(),
    };
    all.join("&")
}

/// A name or value of a query as it is meant.
pub(super) fn decoded(text: &str) -> String {
    let spaced = text.replace('+', " ");
    percent_decode_str(&spaced).decode_utf8_lossy().into_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn apply_one(query: &str, action: ExistsAction, values: &[&str]) -> String {
        let values: Vec<Cow<'_, str>> = values.iter().map(|value| Cow::Borrowed(*value)).collect();
        apply(query, "a b", action, &values)
    }

    #[test]
    fn overrides_skips_appends_and_deletes_by_decoded_name() {
        let query = "x=1&a%20b=2&a+b=3";
        assert_eq!(
            apply_one(query, ExistsAction::Override, &["n&w"]),
            "x=1&a%20b=n%26w"
        );
        assert_eq!(
            apply_one(query, ExistsAction::Override, &["1", "2"]),
            "x=1&a%20b=1&a%20b=2"
        );
        assert_eq!(apply_one(query, ExistsAction::Skip, &["n"]), query);
        assert_eq!(apply_one("x=1", ExistsAction::Skip, &["n"]), "x=1&a%20b=n");
        assert_eq!(
            apply_one(query, ExistsAction::Append, &["n"]),
            format!("{query}&a%20b=n")
        );
        assert_eq!(apply_one(query, ExistsAction::Delete, &[]), "x=1");
        assert_eq!(apply_one("", ExistsAction::Override, &["n"]), "a%20b=n");
    }
}
