//! Policy fragments: put in where a document includes them, and checked on their own when saved.
//!
//! What is wrong inside a fragment is reported where it is included, with the fragment's name and the
//! place inside it; the paths of `context.LastError` go through it by name.

use std::sync::Arc;

use crate::document::{self, Document, Element};
use crate::problem::{Problem, Severity};

use super::instruction::Code;
use super::{CompileResult, Compiler, ResourceKind, block};

/// How many fragments one document may include, those inside fragments counted.
const MAX_INCLUDED: usize = 200;

/// How many bytes of fragments one document may include, for the same reason: fragments inside
/// fragments multiply.
const MAX_BYTES: usize = 2 * 1024 * 1024;

/// What a document has included so far.
#[derive(Debug, Default)]
pub(crate) struct Included {
    /// Names of the fragments around the current place, outermost first.
    chain: Vec<Arc<str>>,
    count: usize,
    bytes: usize,
}

/// Compiles a fragment by itself, for its problems and references only: what it may do depends on the
/// section that includes it, so that no program comes of it.
#[must_use]
pub fn compile_fragment(
    document: &Document,
    name: &str,
    environment: &dyn super::Environment,
) -> CompileResult {
    let mut compiler = Compiler::new(document, environment);
    compiler.any_section = true;
    compiler.included.chain.push(name.into());
    if let Some(root) = root_of(&mut compiler) {
        block(&mut compiler, &root.children, &mut Code::new());
    }
    let (mut problems, references) = compiler.finish();
    problems.sort_by_key(|problem| problem.position);
    CompileResult {
        program: None,
        problems,
        references,
    }
}

/// The one `fragment` of a document.
fn root_of<'a>(compiler: &mut Compiler<'a>) -> Option<&'a Element> {
    let document = compiler.document();
    super::outside::check(compiler, document.nodes());
    let mut elements = document.elements();
    let Some(root) = elements.next() else {
        compiler.error("EmptyDocument", "The fragment has no element.", 0);
        return None;
    };
    if root.name != "fragment" {
        compiler.error(
            "UnknownElement",
            format!(
                "A policy fragment begins with 'fragment', not with '{}'.",
                root.name
            ),
            root.offset,
        );
        return None;
    }
    if let Some(other) = elements.next() {
        compiler.error(
            "UnknownElement",
            format!("'{}' stands behind the end of 'fragment'.", other.name),
            other.offset,
        );
    }
    compiler.check_attributes(root, &[]);
    compiler.check_no_text(root);
    Some(root)
}

impl Compiler<'_> {
    /// Puts the policies of the fragment `name` in; whether they always end the pipeline.
    pub(crate) fn include(&mut self, element: &Element, name: &Arc<str>, code: &mut Code) -> bool {
        let Some(source) = self.environment.fragment(name) else {
            return false;
        };
        let is_here = |around: &Arc<str>| around.eq_ignore_ascii_case(name);
        if self.included.chain.iter().any(is_here) {
            let chain: Vec<&str> = self.included.chain.iter().map(AsRef::as_ref).collect();
            let message = format!(
                "The policy fragment '{name}' includes itself: {} → {name}.",
                chain.join(" → ")
            );
            self.error("FragmentCycle", message, element.offset);
            return false;
        }
        self.included.count += 1;
        self.included.bytes = self.included.bytes.saturating_add(source.len());
        if self.included.count > MAX_INCLUDED || self.included.bytes > MAX_BYTES {
            self.error(
                "FragmentsTooLarge",
                format!(
                    "A document includes at most {MAX_INCLUDED} policy fragments of together \
                     {MAX_BYTES} bytes."
                ),
                element.offset,
            );
            return false;
        }
        match document::parse(&source) {
            Ok(document) => self.put_in(&document, element, name, code),
            Err(problems) => {
                self.report_inside(element, name, problems);
                false
            }
        }
    }

    fn put_in(
        &mut self,
        document: &Document,
        element: &Element,
        name: &Arc<str>,
        code: &mut Code,
    ) -> bool {
        let mut inner = Compiler::new(document, self.environment);
        inner.scope = self.scope;
        inner.section = self.section;
        inner.any_section = self.any_section;
        inner.path = std::mem::take(&mut self.path);
        inner.path.push(name.to_string());
        inner.references = std::mem::take(&mut self.references);
        inner.substituted = self.substituted;
        inner.included = std::mem::take(&mut self.included);
        inner.included.chain.push(Arc::clone(name));
        let ends = match root_of(&mut inner) {
            Some(root) => block(&mut inner, &root.children, code),
            None => false,
        };
        inner.included.chain.pop();
        inner.path.pop();
        self.path = std::mem::take(&mut inner.path);
        self.included = std::mem::take(&mut inner.included);
        self.substituted = inner.substituted;
        self.references = std::mem::take(&mut inner.references);
        // Whether access is refused is a question to the whole document.
        self.facts.validates_trust |= inner.facts.validates_trust;
        self.facts.validates_certificate |= inner.facts.validates_certificate;
        if !std::mem::take(&mut inner.facts.open_chooses).is_empty() {
            self.facts.open_chooses.push(element.offset);
        }
        if !std::mem::take(&mut inner.unchecked_issuers).is_empty() {
            let position = self.document.position(element.offset);
            self.unchecked_issuers.push(position);
        }
        let (problems, _) = inner.finish();
        self.report_inside(element, name, problems);
        ends
    }

    /// Problems inside a fragment, at the place of the document that includes it.
    fn report_inside(&mut self, element: &Element, name: &str, problems: Vec<Problem>) {
        let position = self.document.position(element.offset);
        for problem in problems {
            let Problem {
                code,
                severity,
                message,
                position: inside,
            } = problem;
            let message = match severity {
                Severity::Error => format!(
                    "In the policy fragment '{name}', line {}, position {}: {message}",
                    inside.line, inside.column
                ),
                Severity::Warning => format!(
                    "{message} (in the policy fragment '{name}', line {}, position {})",
                    inside.line, inside.column
                ),
            };
            self.push(Problem {
                code,
                severity,
                message,
                position,
            });
        }
    }

    /// Whether the current policy stands in a section itself, or in a fragment that does: in no
    /// other policy.
    pub(crate) fn is_direct(&self) -> bool {
        // An inclusion adds itself and the fragment's name to the path.
        self.path.len() == 1 + 2 * self.included.chain.len()
    }

    /// The attribute that names a fragment.
    pub(crate) fn fragment_name(&mut self, element: &Element) -> Option<Arc<str>> {
        let attribute = self.required(element, "fragment-id")?;
        let name = self.literal(attribute)?;
        self.reference(ResourceKind::PolicyFragment, &name, attribute);
        Some(name)
    }
}
