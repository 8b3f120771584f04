//! Reading the values of attributes and text: named values put in, literals understood, expressions
//! compiled.

use std::ops::Range;
use std::sync::Arc;

use crate::document::{Attribute, Element, SourceText, begins_expression, is_blank};
use crate::expression::Expected;
use crate::named_values::{Placeholder, Substituted, substitute};
use crate::problem::nearest;
use crate::statement::setting::Setting;

use super::Compiler;
use super::environment::ResourceKind;

/// Most bytes that named values may add to one document.
const MAX_SUBSTITUTED: usize = 2 * 1024 * 1024;

/// Most characters of a value that a message repeats.
const SHOWN: usize = 100;

/// A value with its named values put in.
pub(super) struct Read {
    pub(super) text: SourceText,
    pub(super) inserted: Vec<Range<usize>>,
    /// For each inserted value, its name and whether it is secret.
    pub(super) values: Vec<(String, bool)>,
    /// The text with a letter in the place of each secret value, if there is one.
    pub(super) masked: Option<SourceText>,
}

impl Compiler<'_> {
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
        // Shown as written: a named value by its name, for it may be secret.
        let written: String = attribute.value.as_str().chars().take(SHOWN).collect();
        if self.environment.exists(kind, name) {
            if let Some(why) = self.environment.unusable(kind, name) {
                let message = format!("The {} '{written}' {why}.", kind.noun());
                self.error("UnusableReference", message, attribute.offset);
            }
            return;
        }
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
            .take(SHOWN)
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
}

fn read_bool(text: &str) -> Option<bool> {
    match text {
        "true" | "True" => Some(true),
        "false" | "False" => Some(false),
        _ => None,
    }
}
