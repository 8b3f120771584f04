//! Templates in documents: named values put in where one exists, everything else left to Liquid.

use std::sync::Arc;

use crate::document::SourceText;
use crate::liquid::{self, Template};
use crate::named_values::{Placeholder, substitute};
use crate::problem::{Problem, Severity};

use super::Compiler;
use super::environment::ResourceKind;

/// Most bytes that named values may add to one document.
const MAX_SUBSTITUTED: usize = 2 * 1024 * 1024;

impl Compiler<'_> {
    /// A Liquid template. `{{name}}` is a named value only if there is one of exactly this name; its
    /// value is text of the template and must not add outputs or tags to it.
    pub(crate) fn template(&mut self, written: &SourceText) -> Option<Template> {
        let environment = self.environment;
        let mut secret = None;
        let mut left = MAX_SUBSTITUTED.saturating_sub(self.substituted);
        let mut too_much = false;
        let references = &mut self.references;
        let put_in = substitute(written, |placeholder| {
            let named = environment.named_value(placeholder.name)?;
            references.insert(ResourceKind::NamedValue, placeholder.name);
            match left.checked_sub(named.value.len()) {
                Some(rest) => left = rest,
                None => {
                    too_much = true;
                    return None;
                }
            }
            if named.secret {
                secret = Some(placeholder.name.to_owned());
            }
            Some(named.value)
        });
        self.substituted = MAX_SUBSTITUTED - left;
        let start = written.source_offset(0);
        if too_much {
            self.error(
                "NamedValuesTooLarge",
                format!(
                    "The named values of this document add more than {MAX_SUBSTITUTED} bytes to it."
                ),
                start,
            );
            return None;
        }
        if !put_in.inserted.is_empty() && !self.environment.allow_code_in_named_values() {
            let letter = |placeholder: &Placeholder<'_>| {
                environment
                    .named_value(placeholder.name)
                    .map(|_| Arc::<str>::from("a"))
            };
            let masked = substitute(written, letter).text;
            if liquid::shape(put_in.text.as_str()) != liquid::shape(masked.as_str()) {
                let at = put_in.inserted.first().map_or(0, |range| range.start);
                self.error(
                    "NamedValueChangesCode",
                    "The value of a named value would change the template around it.",
                    put_in.text.source_offset(at),
                );
                return None;
            }
        }
        let (template, findings) = liquid::compile(put_in.text.as_str());
        for finding in findings {
            let position = self
                .document()
                .position(put_in.text.source_offset(finding.offset));
            // A message repeats what is written, which may be the value.
            let message = match (&secret, finding.severity) {
                (Some(name), Severity::Error) => format!(
                    "The template does not compile with the value of the secret named value \
                     '{name}' put in."
                ),
                (Some(_), Severity::Warning) => continue,
                (None, _) => finding.message,
            };
            self.push(Problem {
                code: finding.code,
                severity: finding.severity,
                message,
                position,
            });
        }
        template
    }
}
