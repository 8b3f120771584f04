//! Compiling expressions, with named values in them that may be secret or malicious.

use std::ops::Range;

use crate::document::{SourceText, is_blank};
use crate::expression::{self, Expected, Expression, Names, scan};
use crate::named_values::code_changes;
use crate::problem::{Position, Problem};

use super::Compiler;
use super::environment::{Environment, ResourceKind};
use super::values::Read;

impl Compiler<'_> {
    /// Compiles an expression.
    pub(super) fn expression(&mut self, read: &Read, expected: Expected) -> Option<Expression> {
        let whole = read.text.as_str();
        let trimmed = whole.trim_start_matches(is_blank);
        let start = whole.len() - trimmed.len();
        let length = match scan(trimmed) {
            Ok(length) => length,
            Err(error) => {
                let message = match first_secret(read) {
                    Some(name) => secret_message(name),
                    None => format!("The expression has no end. {}", error.message),
                };
                self.error(
                    "ExpressionNotBalanced",
                    message,
                    read.text.source_offset(start + error.offset),
                );
                return None;
            }
        };
        let code = trimmed.get(..length)?;
        if !trimmed
            .get(length..)
            .is_some_and(|rest| rest.trim_matches(is_blank).is_empty())
        {
            self.error(
                "TextAfterExpression",
                "An expression must be the whole value; text follows its end.",
                read.text.source_offset(start + length),
            );
            return None;
        }
        let inserted: Vec<Range<usize>> = read
            .inserted
            .iter()
            .filter(|range| range.start >= start)
            .map(|range| range.start - start..range.end - start)
            .collect();
        if self.changes_code(read, code, &inserted) {
            return None;
        }
        let position = |offset: usize| {
            self.document
                .position(read.text.source_offset(start + offset))
        };
        let identity_lists = IdentityLists(self.environment);
        let compiled = expression::compile(code, expected, &position, &identity_lists);
        match &read.masked {
            Some(masked) if !compiled.problems.is_empty() => {
                self.problems_without_secret(read, masked, expected, compiled.problems);
            }
            _ => compiled
                .problems
                .into_iter()
                .for_each(|problem| self.push(problem)),
        }
        self.unchecked_issuers
            .extend(compiled.references.unchecked_issuer);
        for id in &compiled.references.identity_lists {
            self.references.insert(ResourceKind::IdentityList, id);
        }
        for thumbprint in &compiled.references.certificates {
            self.references.insert(
                ResourceKind::CertificateThumbprint,
                &thumbprint.to_ascii_uppercase(),
            );
        }
        if let Some(expression) = &compiled.expression {
            let needs = expression.needs();
            self.needs.request_body |= needs.request_body;
            self.needs.response_body |= needs.response_body;
        }
        compiled.expression
    }

    /// Reports problems of code with a secret value in it. A message may quote the code, and with it
    /// the value: shown are the messages about the same code without the value, and for what only the
    /// value causes, that it does.
    fn problems_without_secret(
        &mut self,
        read: &Read,
        masked: &SourceText,
        expected: Expected,
        problems: Vec<Problem>,
    ) {
        let trimmed = masked.as_str().trim_start_matches(is_blank);
        let start = masked.as_str().len() - trimmed.len();
        let code = trimmed.trim_end_matches(is_blank);
        let position = |offset: usize| self.document.position(masked.source_offset(start + offset));
        let names = IdentityLists(self.environment);
        let shown = expression::compile(code, expected, &position, &names).problems;
        // What is said about the letter itself means nothing.
        let secrets: Vec<Position> = read
            .inserted
            .iter()
            .zip(&read.values)
            .filter(|(_, (_, secret))| *secret)
            .map(|(range, _)| self.document.position(read.text.source_offset(range.start)))
            .collect();
        let name = first_secret(read).unwrap_or_default();
        for problem in problems {
            let same = shown.iter().find(|other| {
                other.code == problem.code
                    && other.position == problem.position
                    && !secrets.contains(&problem.position)
            });
            self.push(match same {
                Some(other) => other.clone(),
                None => Problem {
                    message: secret_message(name),
                    ..problem
                },
            });
        }
    }

    /// Whether a named value inside a literal changes the code around it, which is reported.
    fn changes_code(&mut self, read: &Read, code: &str, inserted: &[Range<usize>]) -> bool {
        if inserted.is_empty() || self.environment.allow_code_in_named_values() {
            return false;
        }
        // A value before the expression's start is a blank one; the counts then differ by it.
        let skipped = read.inserted.len() - inserted.len();
        let changes = code_changes(code, inserted);
        for index in &changes {
            let name = read
                .values
                .get(index + skipped)
                .map_or("", |(name, _)| name);
            let offset = read
                .inserted
                .get(index + skipped)
                .map_or(0, |range| range.start);
            self.error(
                "NamedValueChangesCode",
                format!(
                    "The value of the named value '{name}' would end the literal or comment in which it \
                     stands and change the code around it."
                ),
                read.text.source_offset(offset),
            );
        }
        !changes.is_empty()
    }
}

fn first_secret(read: &Read) -> Option<&str> {
    read.values
        .iter()
        .find(|(_, secret)| *secret)
        .map(|(name, _)| name.as_str())
}

fn secret_message(name: &str) -> String {
    format!(
        "The expression does not compile with the value of the secret named value '{name}' put in. \
         Details are not shown because they could contain it."
    )
}

/// What an expression may ask about the service.
struct IdentityLists<'a>(&'a dyn Environment);

impl Names for IdentityLists<'_> {
    fn identity_lists(&self) -> Vec<String> {
        self.0.names(ResourceKind::IdentityList)
    }
}
