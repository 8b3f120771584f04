//! Policy fragments: checked by themselves when they are saved, and again when something they name
//! changes. Documents compile them in where they include them.

use std::collections::BTreeSet;

use gateway_policy::document;
use gateway_policy::problem::{Problem, Severity};
use gateway_policy::program;

use super::Compilation;
use super::policies::{ResourceEnvironment, field_problem, warning};
use crate::material::CertificateTable;
use crate::resource::{Body, Kind, ResourcePath};
use crate::resources::Reference;

impl Compilation<'_> {
    /// Checks fragments; the ones that cannot be used. A document that includes one of these is not
    /// compiled: what is wrong is reported once, where it is.
    pub(super) fn fragments(&mut self, certificates: &CertificateTable) -> BTreeSet<ResourcePath> {
        let mut refused = BTreeSet::new();
        for path in self.stale_fragments() {
            let body = self.resources.body(&path).cloned();
            let Some(Body::PolicyFragment(fragment)) = body.as_deref() else {
                continue;
            };
            let problems = self.check_fragment(&path, &fragment.source, certificates);
            let (errors, warnings): (Vec<Problem>, Vec<Problem>) = problems
                .into_iter()
                .partition(|problem| problem.severity == Severity::Error);
            self.resources
                .set_warnings(&path, warnings.iter().map(warning).collect());
            if errors.is_empty() {
                continue;
            }
            // One that start-up found broken stays closed until a change is about it.
            let key = path.to_string();
            let was_broken = self
                .previous
                .is_some_and(|previous| previous.quarantine.iter().any(|it| it.path == key));
            if !was_broken || self.dirty.contains(&path) {
                self.problems_of(&path, errors.iter().map(field_problem).collect());
                refused.insert(path);
            }
        }
        refused
    }

    fn stale_fragments(&self) -> BTreeSet<ResourcePath> {
        let changed = self.to_compile(Kind::PolicyFragment);
        let dependent = self
            .stale_by_reference()
            .into_iter()
            .filter(|path| path.kind() == Kind::PolicyFragment);
        changed.into_iter().chain(dependent).collect()
    }

    fn check_fragment(
        &mut self,
        path: &ResourcePath,
        source: &str,
        certificates: &CertificateTable,
    ) -> Vec<Problem> {
        let document = match document::parse(source) {
            Ok(document) => document,
            Err(problems) => {
                self.resources.set_references(path, Vec::new());
                return problems;
            }
        };
        let environment = ResourceEnvironment::of(self, certificates);
        let result = program::compile_fragment(&document, &path.name(), &environment);
        self.note_references(path, &result.references, certificates);
        result.problems
    }

    /// Whether the document at `path` includes, as it was last compiled, one of `fragments`.
    pub(super) fn includes_one_of(
        &self,
        path: &ResourcePath,
        fragments: &BTreeSet<ResourcePath>,
    ) -> bool {
        fragments.iter().any(|fragment| {
            let name = fragment.name().to_ascii_lowercase();
            let reference = Reference::PolicyFragment(name.into());
            self.resources.referrers(&reference).contains(path)
        })
    }
}
