//! What compiling the policies of one document shares: its problems, its references, and the checks
//! that every element needs.

use crate::document::{Attribute, Document, Element, is_blank};
use crate::expression::Needs;
use crate::problem::{Position, Problem, Severity, nearest};

use super::environment::{Environment, References};
use super::fragments::Included;
use super::{Scope, Section, lint};

/// Errors kept, and warnings; a document with more is better read from the top.
const MAX_PROBLEMS: usize = 100;

/// Compiles the policies of one document.
pub(crate) struct Compiler<'a> {
    pub(super) document: &'a Document,
    pub(super) environment: &'a dyn Environment,
    /// One error refuses the document, however many warnings came before it: they are kept apart.
    errors: Vec<Problem>,
    warnings: Vec<Problem>,
    pub(super) references: References,
    /// Bytes that named values have added so far.
    pub(super) substituted: usize,
    /// Where an issuer's name is believed without a chain check.
    pub(super) unchecked_issuers: Vec<Position>,
    /// What the expressions of the current policy read.
    pub(super) needs: Needs,
    /// Where the document is saved, or the one that includes the fragment.
    pub(crate) scope: Scope,
    /// The section that is being compiled.
    pub(crate) section: Section,
    /// Names of the elements around the current one, from the section down, as `LastError.Path`
    /// has them.
    pub(crate) path: Vec<String>,
    /// What lints must know of the whole document.
    pub(crate) facts: lint::Facts,
    /// Fragments that were put in.
    pub(super) included: Included,
    /// Whether it is not known which section this will stand in.
    pub(crate) any_section: bool,
}

impl<'a> Compiler<'a> {
    pub(super) fn new(document: &'a Document, environment: &'a dyn Environment) -> Self {
        Self {
            document,
            environment,
            errors: Vec::new(),
            warnings: Vec::new(),
            references: References::default(),
            substituted: 0,
            unchecked_issuers: Vec::new(),
            needs: Needs::default(),
            scope: Scope::Global,
            section: Section::Inbound,
            path: Vec::new(),
            facts: lint::Facts::default(),
            included: Included::default(),
            any_section: false,
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
        self.errors.append(&mut self.warnings);
        (self.errors, self.references)
    }

    pub(super) fn push(&mut self, problem: Problem) {
        let problems = match problem.severity {
            Severity::Error => &mut self.errors,
            Severity::Warning => &mut self.warnings,
        };
        if problems.len() < MAX_PROBLEMS && !problems.contains(&problem) {
            problems.push(problem);
        }
    }

    /// Whether the gateway can get tokens that say who it is.
    pub(crate) fn has_managed_identity(&self) -> bool {
        self.environment.has_managed_identity()
    }

    /// Whether there are so many errors that further ones are not kept.
    pub(crate) fn is_full(&self) -> bool {
        self.errors.len() >= MAX_PROBLEMS
    }

    pub(crate) fn error(&mut self, code: &'static str, message: impl Into<String>, offset: usize) {
        if !self.is_full() {
            let position = self.document.position(offset);
            self.push(Problem::error(code, message, position));
        }
    }

    pub(crate) fn warning(
        &mut self,
        code: &'static str,
        message: impl Into<String>,
        offset: usize,
    ) {
        if self.warnings.len() < MAX_PROBLEMS {
            let position = self.document.position(offset);
            self.push(Problem::warning(code, message, position));
        }
    }

    /// Warns if a policy that a document may use once stands in it again. Each of them counts by
    /// itself, under the same key: a call is counted as often as it meets one.
    pub(crate) fn once_per_document(&mut self, element: &Element, name: &'static str) {
        if self.facts.once.contains(&name) {
            self.warning(
                "UsedTwice",
                format!("The policy '{name}' can be used only once in a policy document"),
                element.offset,
            );
        } else {
            self.facts.once.push(name);
        }
    }

    /// What the expressions read that were compiled since this was called last.
    pub(crate) fn take_needs(&mut self) -> Needs {
        std::mem::take(&mut self.needs)
    }

    /// Lets what was compiled before read the same again.
    pub(crate) fn give_needs(&mut self, needs: Needs) {
        self.needs.request_body |= needs.request_body;
        self.needs.response_body |= needs.response_body;
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
}
