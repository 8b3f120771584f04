//! `required-claims`.

use std::sync::Arc;

use super::rules::Refusal;
use super::token::Token;
use crate::document::Element;
use crate::execution::{Outcome, Run};
use crate::expression::Expected;
use crate::expression::library::tokens::claims::values_of;
use crate::program::Compiler;
use crate::statement::setting::Setting;

/// Most characters of a claim that a message repeats.
const SHOWN: usize = 100;

const MATCH: &str = "'all' or 'any'";

/// A `claim`.
pub(in crate::statement) struct RequiredClaim {
    name: Setting<Arc<str>>,
    matching: Setting<Matching>,
    /// What stands between the values of a claim that has several in one text.
    separator: Option<Setting<Arc<str>>>,
    /// Without any, the claim must be there.
    values: Vec<Setting<Arc<str>>>,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Matching {
    All,
    Any,
}

/// Compiles `required-claims`.
pub(in crate::statement) fn compile(
    element: &Element,
    compiler: &mut Compiler<'_>,
) -> Vec<RequiredClaim> {
    compiler.check_attributes(element, &[]);
    compiler.check_no_text(element);
    let mut claims = Vec::new();
    for child in element.elements() {
        if child.name == "claim" {
            claims.extend(compile_claim(child, compiler));
        } else {
            compiler.unknown_child(element, child, &["claim"]);
        }
    }
    claims
}

fn compile_claim(element: &Element, compiler: &mut Compiler<'_>) -> Option<RequiredClaim> {
    compiler.check_attributes(element, &["name", "match", "separator"]);
    compiler.check_no_text(element);
    let name = compiler
        .required(element, "name")
        .and_then(|attribute| compiler.text(attribute));
    let matching = match element.attribute("match") {
        Some(attribute) => compiler.parsed(attribute, Expected::Text, read_matching, MATCH),
        None => Some(Setting::Literal(Matching::All)),
    };
    let separator = match element.attribute("separator") {
        Some(attribute) => Some(compiler.text(attribute)?),
        None => None,
    };
    let mut values = Vec::new();
    for child in element.elements() {
        if child.name == "value" {
            compiler.check_attributes(child, &[]);
            values.extend(compiler.content(child));
        } else {
            compiler.unknown_child(element, child, &["value"]);
        }
    }
    Some(RequiredClaim {
        name: name?,
        matching: matching?,
        separator,
        values,
    })
}

fn read_matching(text: &str) -> Option<Matching> {
    match text {
        "all" => Some(Matching::All),
        "any" => Some(Matching::Any),
        _ => None,
    }
}

/// Whether the token has what is required. All claims that are missing are named at once.
pub(super) fn judge(
    claims: &[RequiredClaim],
    token: &Token,
    run: &mut Run<'_>,
) -> Outcome<Result<(), Refusal>> {
    let mut missing = Vec::new();
    let mut wrong = None;
    for claim in claims {
        let name = run.text(&claim.name)?.into_owned();
        let Some(values) = token.claims.get(&name).map(values_of) else {
            missing.push(name);
            continue;
        };
        if wrong.is_none() && !claim.matches(&values, run)? {
            wrong = Some(not_allowed(&name, &values.join(",")));
        }
    }
    if !missing.is_empty() {
        return Ok(Err(not_found(&missing)));
    }
    Ok(wrong.map_or(Ok(()), Err))
}

impl RequiredClaim {
    fn matches(&self, values: &[String], run: &mut Run<'_>) -> Outcome<bool> {
        let separator = match &self.separator {
            Some(separator) => run.text(separator)?.into_owned(),
            None => String::new(),
        };
        let present: Vec<&str> = if separator.is_empty() {
            values.iter().map(String::as_str).collect()
        } else {
            values
                .iter()
                .flat_map(|value| value.split(separator.as_str()))
                .collect()
        };
        let matching = run.parsed(&self.matching, read_matching, MATCH)?;
        if self.values.is_empty() {
            return Ok(true);
        }
        for value in &self.values {
            // A value that is null is none that a token can have.
            let has = match run.text_or_null(value)? {
                Some(value) => present.contains(&&*value),
                None => false,
            };
            match (matching, has) {
                (Matching::All, false) => return Ok(false),
                (Matching::Any, true) => return Ok(true),
                _ => {}
            }
        }
        Ok(matching == Matching::All)
    }
}

/// Claims are missing.
pub(super) fn not_found(names: &[String]) -> Refusal {
    Refusal::new(
        "TokenClaimNotFound",
        format!(
            "JWT token is missing the following claims: {}. Access denied.",
            names.join(", ")
        ),
    )
}

/// A claim has another value.
pub(super) fn not_allowed(name: &str, value: &str) -> Refusal {
    let shown: String = value.chars().take(SHOWN).collect();
    Refusal::new(
        "TokenClaimValueNotAllowed",
        format!("Claim {name} value of {shown} is not allowed. Access denied."),
    )
}
