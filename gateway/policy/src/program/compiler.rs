//! What compiling the policies of one document shares: problems, references, and reading values.

use std::ops::Range;
use std::sync::Arc;

use crate::document::{Attribute, Document, Element, SourceText, begins_expression, is_blank};
use crate::expression::{self, Expected, Expression, Names, Needs, scan};
use crate::named_values::{Placeholder, Substituted, code_changes, substitute};
use crate::problem::{Position, Problem, nearest};
use crate::statement::setting::Setting;

use super::environment::{Environment, References, ResourceKind};
use super::{Section, lint};

/// Most bytes that named values may add to one document.
const MAX_SUBSTITUTED: usize = 2 * 1024 * 1024;

/// Problems kept; a document with more is better read from the top.
const MAX_PROBLEMS: usize = 100;

/// Compiles the policies of one document.
pub(crate) struct Compiler<'a> {
    document: &'a Document,
    environment: &'a dyn Environment,
    problems: Vec<Problem>,
    references: References,
    substituted: usize,
    /// Where an issuer's name is believed without a chain check.
    unchecked_issuers: Vec<Position>,
    /// What the expressions of the current policy read.
    needs: Needs,
    /// The section that is being compiled.
    pub(crate) section: Section,
    /// Names of the elements around the current one, from the section down, as `LastError.Path`
    /// has them.
    pub(crate) path: Vec<String>,
    /// What lints must know of the whole document.
    pub(crate) facts: lint::Facts,
}

/// A value after substitution.
struct Read {
    text: SourceText,
    inserted: Vec<Range<usize>>,
    /// For each inserted value, its name and whether it is secret.
    values: Vec<(String, bool)>,
    /// The text with a letter in the place of each secret value, if there is one.
    masked: Option<SourceText>,
}

impl<'a> Compiler<'a> {
    pub(super) fn new(document: &'a Document, environment: &'a dyn Environment) -> Self {
        Self {
            document,
            environment,
            problems: Vec::new(),
            references: References::default(),
            substituted: 0,
            unchecked_issuers: Vec::new(),
            needs: Needs::default(),
            section: Section::Inbound,
            path: Vec::new(),
            facts: lint::Facts::default(),
        }
    }

    pub(super) fn document(&self) -> &'a Document {
        self.document
    }

    pub(super) fn finish(mut self) -> (Vec<Problem>, References) {
        if !self.facts.validates_trust {
            for position in std::mem::take(&mut self.unchecked_issuers) {
                self.push(lint::unchecked_issuer(position));
            }
        }
        if !self.facts.validates_certificate {
            for offset in std::mem::take(&mut self.facts.open_chooses) {
                let position = self.document.position(offset);
                self.push(lint::open_choose(position));
            }
        }
        (self.problems, self.references)
    }

    fn push(&mut self, problem: Problem) {
        if self.problems.len() < MAX_PROBLEMS && !self.problems.contains(&problem) {
            self.problems.push(problem);
        }
    }

    pub(crate) fn error(&mut self, code: &'static str, message: impl Into<String>, offset: usize) {
        let position = self.document.position(offset);
        self.push(Problem::error(code, message, position));
    }

    pub(crate) fn warning(
        &mut self,
        code: &'static str,
        message: impl Into<String>,
        offset: usize,
    ) {
        let position = self.document.position(offset);
        self.push(Problem::warning(code, message, position));
    }

    /// What the expressions read that were compiled since this was called last.
    pub(crate) fn take_needs(&mut self) -> Needs {
        std::mem::take(&mut self.needs)
    }

    /// Reports the attributes of `element` that are none of `known`.
    pub(crate) fn check_attributes(&mut self, element: &Element, known: &[&str]) {
        for attribute in &element.attributes {
            let name = attribute.name.as_str();
            if name == "id" || known.contains(&name) {
                continue;
            }
            let hint = match nearest(name, known.iter().copied()) {
                Some(known) => format!(" Did you mean '{known}'?"),
                None => String::new(),
            };
            self.error(
                "UnknownAttribute",
                format!(
                    "The element '{}' has no attribute '{name}'.{hint}",
                    element.name
                ),
                attribute.offset,
            );
        }
    }

    /// Refuses attributes that APIM has and this gateway does not implement.
    pub(crate) fn refuse_attributes(&mut self, element: &Element, names: &[&str]) {
        for attribute in element
            .attributes
            .iter()
            .filter(|a| names.contains(&a.name.as_str()))
        {
            self.error(
                "NotSupported",
                format!(
                    "The attribute '{}' of '{}' is not supported yet.",
                    attribute.name, element.name
                ),
                attribute.offset,
            );
        }
    }

    /// Reports text other than blanks in an element that has only elements in it.
    pub(crate) fn check_no_text(&mut self, element: &Element) {
        let text = element.text();
        let content = text.as_str().trim_start_matches(is_blank);
        if !content.is_empty() {
            let at = text.source_offset(text.as_str().len() - content.len());
            self.error(
                "TextNotAllowed",
                format!("The element '{}' cannot contain text.", element.name),
                at,
            );
        }
    }

    /// Reports everything inside `element`.
    pub(crate) fn check_empty(&mut self, element: &Element) {
        self.check_no_text(element);
        for child in element.elements() {
            self.unknown_child(element, child, &[]);
        }
    }

    /// Reports that `child` does not belong into `element`.
    pub(crate) fn unknown_child(&mut self, element: &Element, child: &Element, known: &[&str]) {
        let hint = match nearest(&child.name, known.iter().copied()) {
            Some(known) => format!(" Did you mean '{known}'?"),
            None if known.is_empty() => String::new(),
            None => format!(" Expected: {}.", known.join(", ")),
        };
        self.error(
            "UnknownElement",
            format!(
                "The element '{}' cannot contain '{}'.{hint}",
                element.name, child.name
            ),
            child.offset,
        );
    }

    /// The attribute `name`, which must be there.
    pub(crate) fn required<'e>(
        &mut self,
        element: &'e Element,
        name: &str,
    ) -> Option<&'e Attribute> {
        let attribute = element.attribute(name);
        if attribute.is_none() {
            self.error(
                "MissingAttribute",
                format!(
                    "The element '{}' needs the attribute '{name}'.",
                    element.name
                ),
                element.offset,
            );
        }
        attribute
    }

    /// The value of an attribute that takes no expressions.
    pub(crate) fn literal(&mut self, attribute: &Attribute) -> Option<Arc<str>> {
        let read = self.read(&attribute.value)?;
        if begins_expression(read.text.as_str()) {
            self.error(
                "ExpressionNotAllowed",
                format!(
                    "Policy expressions are not allowed in the attribute '{}'.",
                    attribute.name
                ),
                attribute.offset,
            );
            return None;
        }
        Some(read.text.as_str().into())
    }

    /// The value of an attribute that takes no expressions and has its own type. `expected`
    /// completes "must be …".
    pub(crate) fn literal_as<T>(
        &mut self,
        attribute: &Attribute,
        read: impl FnOnce(&str) -> Option<T>,
        expected: &str,
    ) -> Option<T> {
        let text = self.literal(attribute)?;
        let value = read(text.trim_matches(is_blank));
        if value.is_none() {
            self.wrong_value(&attribute.name, &attribute.value, expected);
        }
        value
    }

    /// `true` or `false`, written out; `default` without the attribute.
    pub(crate) fn flag(&mut self, element: &Element, name: &str, default: bool) -> bool {
        match element.attribute(name) {
            Some(attribute) => self
                .literal_as(attribute, read_bool, "'true' or 'false'")
                .unwrap_or(default),
            None => default,
        }
    }

    /// The text of an attribute, written out or computed.
    pub(crate) fn text(&mut self, attribute: &Attribute) -> Option<Setting<Arc<str>>> {
        self.setting(&attribute.value, Expected::Text, false)
    }

    /// A value with its own type, written out or computed. `expected` completes "must be …".
    pub(crate) fn parsed<T>(
        &mut self,
        attribute: &Attribute,
        kind: Expected,
        read: impl FnOnce(&str) -> Option<T>,
        expected: &str,
    ) -> Option<Setting<T>> {
        match self.setting(&attribute.value, kind, true)? {
            Setting::Code(expression) => Some(Setting::Code(expression)),
            Setting::Literal(text) => match read(&text) {
                Some(value) => Some(Setting::Literal(value)),
                None => {
                    self.wrong_value(&attribute.name, &attribute.value, expected);
                    None
                }
            },
        }
    }

    /// `true`, `false` or an expression.
    pub(crate) fn boolean(&mut self, attribute: &Attribute) -> Option<Setting<bool>> {
        self.parsed(
            attribute,
            Expected::Boolean,
            read_bool,
            "'true', 'false' or an expression",
        )
    }

    /// The text inside an element, written out (blanks around it removed) or computed.
    pub(crate) fn content(&mut self, element: &Element) -> Option<Setting<Arc<str>>> {
        for child in element.elements() {
            self.unknown_child(element, child, &[]);
        }
        self.setting(&element.text(), Expected::Text, true)
    }

    /// A value that may be an expression.
    pub(crate) fn setting(
        &mut self,
        written: &SourceText,
        expected: Expected,
        trim: bool,
    ) -> Option<Setting<Arc<str>>> {
        let read = self.read(written)?;
        if begins_expression(read.text.as_str()) {
            return self
                .expression(&read, expected)
                .map(|code| Setting::Code(Box::new(code)));
        }
        let text = read.text.as_str();
        Some(Setting::Literal(
            if trim {
                text.trim_matches(is_blank)
            } else {
                text
            }
            .into(),
        ))
    }

    /// Notes that `attribute` names a resource; reports one that does not exist.
    pub(crate) fn reference(&mut self, kind: ResourceKind, name: &str, attribute: &Attribute) {
        self.references.insert(kind, name);
        if self.environment.exists(kind, name) {
            return;
        }
        // Shown as written: a named value by its name, for it may be secret.
        let written = attribute.value.as_str();
        let hint = if written == name {
            self.near_name(kind, name)
        } else {
            String::new()
        };
        self.error(
            "UnknownReference",
            format!("There is no {} '{written}'.{hint}", kind.noun()),
            attribute.offset,
        );
    }

    fn near_name(&self, kind: ResourceKind, name: &str) -> String {
        let names = self.environment.names(kind);
        match nearest(name, names.iter().map(String::as_str)) {
            Some(near) => format!(" Did you mean '{near}'?"),
            None => String::new(),
        }
    }

    fn wrong_value(&mut self, name: &str, written: &SourceText, expected: &str) {
        // As written, so that a named value is shown by name.
        let shown: String = written
            .as_str()
            .trim_matches(is_blank)
            .chars()
            .take(60)
            .collect();
        self.error(
            "InvalidValue",
            format!("'{shown}' is not a valid value for '{name}'; it must be {expected}."),
            written.source_offset(0),
        );
    }

    /// A text with its named values put in; `None` if one is unknown.
    fn read(&mut self, written: &SourceText) -> Option<Read> {
        let mut values = Vec::new();
        let mut unknown = Vec::new();
        let mut budget = MAX_SUBSTITUTED.saturating_sub(self.substituted);
        let mut too_much = false;
        let environment = self.environment;
        let references = &mut self.references;
        let Substituted { text, inserted } = substitute(written, |placeholder| {
            references.insert(ResourceKind::NamedValue, placeholder.name);
            let Some(named) = environment.named_value(placeholder.name) else {
                let offset = written.source_offset(placeholder.range.start);
                unknown.push((placeholder.name.to_owned(), offset));
                return None;
            };
            let Some(left) = budget.checked_sub(named.value.len()) else {
                too_much = true;
                return None;
            };
            budget = left;
            values.push((placeholder.name.to_owned(), named.secret));
            Some(named.value)
        });
        self.substituted = MAX_SUBSTITUTED - budget;
        if too_much {
            self.error(
                "NamedValuesTooLarge",
                format!(
                    "The named values of this document add more than {MAX_SUBSTITUTED} bytes to it."
                ),
                written.source_offset(0),
            );
        }
        let complete = unknown.is_empty() && !too_much;
        for (name, offset) in unknown {
            let hint = self.near_name(ResourceKind::NamedValue, &name);
            self.error(
                "UnknownNamedValue",
                format!("There is no named value '{name}'.{hint}"),
                offset,
            );
        }
        if !complete {
            return None;
        }
        let masked = values.iter().any(|(_, secret)| *secret).then(|| {
            let mask = |placeholder: &Placeholder<'_>| {
                let named = environment.named_value(placeholder.name)?;
                Some(if named.secret {
                    Arc::from("a")
                } else {
                    named.value
                })
            };
            substitute(written, mask).text
        });
        Some(Read {
            text,
            inserted,
            values,
            masked,
        })
    }

    /// Compiles an expression.
    fn expression(&mut self, read: &Read, expected: Expected) -> Option<Expression> {
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

pub(crate) fn read_bool(text: &str) -> Option<bool> {
    match text {
        "true" | "True" => Some(true),
        "false" | "False" => Some(false),
        _ => None,
    }
}

struct IdentityLists<'a>(&'a dyn Environment);

impl Names for IdentityLists<'_> {
    fn identity_lists(&self) -> Vec<String> {
        self.0.names(ResourceKind::IdentityList)
    }
}
