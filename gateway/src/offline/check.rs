//! Documents checked and compiled as when they are saved.

use std::fmt;
use std::path::Path;
use std::sync::Arc;

use gateway_policy::document::{self, Document};
use gateway_policy::problem::{Problem, Severity};
use gateway_policy::program::{CompileResult, Scope, compile, compile_fragment};
use serde_json::{Value, json};

use super::resources::{ASSUMED_VALUES, Resources};

/// How often one document is compiled to find values for assumed named values.
const MAX_ATTEMPTS: usize = 60;

/// A problem with the file it is in.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Finding {
    /// The file as it was named.
    pub file: String,
    /// What and where.
    pub problem: Problem,
}

impl Finding {
    /// Whether the document is refused because of it.
    #[must_use]
    pub fn is_error(&self) -> bool {
        self.problem.severity == Severity::Error
    }

    /// `error` or `warning`.
    #[must_use]
    pub fn severity(&self) -> &'static str {
        match self.problem.severity {
            Severity::Error => "error",
            Severity::Warning => "warning",
        }
    }

    /// For tools. Columns count UTF-16 code units from 1, as editors do.
    #[must_use]
    pub fn to_json(&self) -> Value {
        json!({
            "file": self.file,
            "line": self.problem.position.line,
            "column": self.problem.position.column,
            "severity": self.severity(),
            "code": self.problem.code,
            "message": self.problem.message,
        })
    }
}

impl fmt::Display for Finding {
    /// `file:line:column: error: message [Code]`, which editors and CI systems can read. On one line,
    /// whatever the message quotes.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Problem {
            code,
            message,
            position,
            ..
        } = &self.problem;
        let message = message.replace(['\r', '\n'], " ");
        write!(
            f,
            "{}:{}:{}: {}: {message} [{code}]",
            self.file,
            position.line,
            position.column,
            self.severity()
        )
    }
}

/// Whether the document is a policy fragment: its root says so.
#[must_use]
pub fn is_fragment(document: &Document) -> bool {
    document
        .elements()
        .next()
        .is_some_and(|root| root.name == "fragment")
}

/// Compiles a document, or a fragment by itself, which then has no program.
#[must_use]
pub fn compile_any(document: &Document, scope: Scope, resources: &Resources) -> CompileResult {
    if is_fragment(document) {
        // No fragment can have this id, so that none seems to include itself.
        compile_fragment(document, "\u{1}this fragment", resources)
    } else {
        compile(document, scope, resources)
    }
}

/// Whether a problem refuses the document.
#[must_use]
pub fn is_refused(problems: &[Problem]) -> bool {
    errors(problems) > 0
}

fn errors(problems: &[Problem]) -> usize {
    problems
        .iter()
        .filter(|problem| problem.severity == Severity::Error)
        .count()
}

/// Compiles a document whose named values and identity lists are assumed: for each name, the first of
/// [`ASSUMED_VALUES`] under which the fewest errors remain is chosen, one name after the other. The
/// values chosen stay in `resources`.
#[must_use]
pub fn compile_assuming(
    document: &Document,
    scope: Scope,
    resources: &mut Resources,
) -> CompileResult {
    let mut best = compile_any(document, scope, resources);
    if !best.references.identity_list_ids.is_empty() {
        let lists = best.references.identity_list_ids.iter();
        resources
            .identity_lists
            .extend(lists.map(ToString::to_string));
        best = compile_any(document, scope, resources);
    }
    let names: Vec<Arc<str>> = best.references.named_values.iter().cloned().collect();
    let mut attempts = 0;
    for name in names {
        if resources.is_given(&name) {
            continue;
        }
        let key = name.to_lowercase();
        for value in ASSUMED_VALUES.iter().skip(1) {
            if !is_refused(&best.problems) || attempts >= MAX_ATTEMPTS {
                return best;
            }
            attempts += 1;
            let before = resources.chosen.insert(key.clone(), Arc::from(*value));
            let tried = compile_any(document, scope, resources);
            if errors(&tried.problems) < errors(&best.problems) {
                best = tried;
                continue;
            }
            match before {
                Some(before) => resources.chosen.insert(key.clone(), before),
                None => resources.chosen.remove(&key),
            };
        }
    }
    best
}

/// Every problem of one document, in the order of its text.
#[must_use]
pub fn check(file: &Path, source: &str, scope: Scope, resources: &Resources) -> Vec<Finding> {
    let problems = match document::parse(source) {
        Err(problems) => problems,
        Ok(document) if resources.assume_named_values => {
            compile_assuming(&document, scope, &mut resources.clone()).problems
        }
        Ok(document) => compile_any(&document, scope, resources).problems,
    };
    let mut findings: Vec<Finding> = problems
        .into_iter()
        .map(|problem| Finding {
            file: file.display().to_string(),
            problem,
        })
        .collect();
    findings.sort_by_key(|finding| finding.problem.position);
    findings
}

#[cfg(test)]
mod tests {
    use super::*;

    fn checked(source: &str, resources: &Resources) -> Vec<String> {
        check(Path::new("p.xml"), source, Scope::Api, resources)
            .iter()
            .map(ToString::to_string)
            .collect()
    }

    #[test]
    fn problems_come_in_the_order_of_the_text_with_file_line_column_and_code() {
        let source = "<policies>\n  <inbound>\n    <set-headr name=\"a\" />\n    \
                      <set-variable name=\"v\" value=\"@(1 +)\" />\n  </inbound>\n</policies>";
        let found = checked(source, &Resources::default());
        assert_eq!(found.len(), 2, "{found:#?}");
        assert!(
            found[0].starts_with("p.xml:3:6: error: There is no policy 'set-headr'."),
            "{found:#?}"
        );
        assert!(found[0].ends_with("[UnknownElement]"), "{found:#?}");
        assert!(found[1].starts_with("p.xml:4:"), "{found:#?}");
    }

    #[test]
    fn an_unknown_named_value_is_a_problem_unless_resources_are_assumed() {
        let source = "<policies><inbound><rate-limit calls=\"{{calls}}\" renewal-period=\"60\" />\
                      <set-backend-service base-url=\"{{url}}\" /></inbound></policies>";
        assert_eq!(checked(source, &Resources::default()).len(), 2);
        assert_eq!(checked(source, &Resources::assumed()), Vec::<String>::new());
    }

    #[test]
    fn a_fragment_is_checked_as_one() {
        assert_eq!(
            checked("<fragment><base /></fragment>", &Resources::assumed()).len(),
            checked("<fragment><base /></fragment>", &Resources::default()).len()
        );
        let source = "<fragment><set-method>PUT</set-method></fragment>";
        assert_eq!(checked(source, &Resources::default()), Vec::<String>::new());
    }

    #[test]
    fn identity_lists_that_expressions_name_are_assumed_too() {
        let source = "<policies><inbound><set-variable name=\"v\" value=\"@(context.Deployment.\
                      IdentityLists[&quot;partners&quot;].Contains(context.Request.Certificate))\" />\
                      </inbound></policies>";
        assert_eq!(checked(source, &Resources::default()).len(), 1);
        assert_eq!(checked(source, &Resources::assumed()), Vec::<String>::new());
    }
}
