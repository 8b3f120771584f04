//! Policy documents: compiled one by one, and again when something they name changes.

use std::collections::BTreeSet;
use std::sync::Arc;

use gateway_policy::document;
use gateway_policy::problem::{Problem, Severity};
use gateway_policy::program::{
    self, Environment, NamedValue, References, ResourceKind, Scope, ScopeProgram,
};

use super::Compilation;
use crate::material::CertificateTable;
use crate::resource::accept::{FieldProblem, Warning};
use crate::resource::{Body, Kind, ResourcePath};
use crate::resources::{Reference, Resources};

/// A compiled policy document.
#[derive(Debug)]
pub(crate) struct PolicyArtefact {
    /// The program, or why there is none (found at start-up: its scope is closed).
    pub(crate) program: Result<Arc<ScopeProgram>, Arc<str>>,
}

impl PartialEq for PolicyArtefact {
    /// Whether it is the very same program: compiling again makes another one.
    fn eq(&self, other: &Self) -> bool {
        match (&self.program, &other.program) {
            (Ok(a), Ok(b)) => Arc::ptr_eq(a, b),
            (Err(a), Err(b)) => a == b,
            _ => false,
        }
    }
}

/// All compiled documents of a revision.
pub(crate) type PolicyTable = imbl::OrdMap<ResourcePath, Arc<PolicyArtefact>>;

const POLICY_KINDS: [Kind; 4] = [
    Kind::GlobalPolicy,
    Kind::ProductPolicy,
    Kind::ApiPolicy,
    Kind::OperationPolicy,
];

impl Compilation<'_> {
    pub(super) fn policies(&mut self, certificates: &CertificateTable) -> PolicyTable {
        let mut table = self
            .previous
            .map(|p| p.policies.clone())
            .unwrap_or_default();
        let refused = self.fragments(certificates);
        for path in self.stale_policies(&table) {
            if self.previous.is_some() && self.includes_one_of(&path, &refused) {
                continue;
            }
            let body = self.resources.body(&path).cloned();
            let Some(Body::Policy(policy)) = body.as_deref() else {
                table.remove(&path);
                continue;
            };
            let artefact = self.policy(&path, &policy.source, certificates);
            table.insert(path, Arc::new(artefact));
        }
        table
    }

    /// The documents to compile: changed ones, ones that name something that changed, and ones that
    /// did not compile before.
    fn stale_policies(&self, table: &PolicyTable) -> BTreeSet<ResourcePath> {
        if self.previous.is_none() {
            return POLICY_KINDS
                .iter()
                .flat_map(|kind| self.resources.iter_kind(*kind).cloned())
                .collect();
        }
        let changed = self.dirty.iter().cloned();
        let mut stale: BTreeSet<ResourcePath> = changed
            .chain(self.stale_by_reference())
            .filter(|path| path.kind().is_policy())
            .collect();
        let broken = table
            .iter()
            .filter(|(_, artefact)| artefact.program.is_err());
        stale.extend(broken.map(|(path, _)| path.clone()));
        stale
    }

    /// What names something that changed and is compiled from it.
    pub(super) fn stale_by_reference(&self) -> BTreeSet<ResourcePath> {
        let mut stale = BTreeSet::new();
        for path in self.dirty {
            let now = self.resources.get(path);
            let then = self.before.get(path);
            for resource in now.iter().chain(then) {
                let Some(reference) = Reference::to_resource(resource) else {
                    continue;
                };
                // Only the text of a named value or fragment changes what a document compiles to, and
                // a logger may cease to deliver; the rest is looked up when a request runs.
                if matches!(
                    reference,
                    Reference::NamedValue(_) | Reference::PolicyFragment(_) | Reference::Logger(_)
                ) {
                    stale.extend(self.resources.referrers(&reference));
                }
            }
        }
        stale
    }

    fn policy(
        &mut self,
        path: &ResourcePath,
        source: &str,
        certificates: &CertificateTable,
    ) -> PolicyArtefact {
        let scope = match path.kind() {
            Kind::ProductPolicy => Scope::Product,
            Kind::ApiPolicy => Scope::Api,
            Kind::OperationPolicy => Scope::Operation,
            _ => Scope::Global,
        };
        let (program, problems) = match document::parse(source) {
            Err(problems) => (None, problems),
            Ok(document) => {
                let environment = ResourceEnvironment::of(self, certificates);
                let result = program::compile(&document, scope, &environment);
                self.note_references(path, &result.references, certificates);
                (result.program, result.problems)
            }
        };
        let (errors, warnings): (Vec<Problem>, Vec<Problem>) = problems
            .into_iter()
            .partition(|problem| problem.severity == Severity::Error);
        self.resources
            .set_warnings(path, warnings.iter().map(warning).collect());
        let Some(program) = program.filter(|_| errors.is_empty()) else {
            return PolicyArtefact {
                program: Err(self.refuse_policy(path, &errors)),
            };
        };
        PolicyArtefact {
            program: Ok(program),
        }
    }

    /// A document with errors refuses the change, unless it was broken already and is not what the
    /// change is about: then it stays closed.
    fn refuse_policy(&mut self, path: &ResourcePath, errors: &[Problem]) -> Arc<str> {
        let reason: Vec<String> = errors.iter().map(ToString::to_string).collect();
        let was_broken = self
            .previous
            .and_then(|previous| previous.policies.get(path))
            .is_some_and(|artefact| artefact.program.is_err());
        if !was_broken || self.dirty.contains(path) {
            self.problems_of(path, errors.iter().map(field_problem).collect());
        }
        Arc::from(reason.join(" "))
    }

    pub(super) fn note_references(
        &mut self,
        path: &ResourcePath,
        found: &References,
        certificates: &CertificateTable,
    ) {
        let lower = |name: &Arc<str>| Arc::from(name.to_lowercase());
        let mut references: Vec<Reference> = Vec::new();
        references.extend(
            found
                .named_values
                .iter()
                .map(|n| Reference::NamedValue(lower(n))),
        );
        references.extend(
            found
                .certificate_ids
                .iter()
                .map(|n| Reference::Certificate(lower(n))),
        );
        references.extend(
            found
                .backend_ids
                .iter()
                .map(|n| Reference::Backend(lower(n))),
        );
        references.extend(
            found
                .identity_list_ids
                .iter()
                .map(|n| Reference::IdentityList(lower(n))),
        );
        references.extend(
            found
                .policy_fragment_ids
                .iter()
                .map(|n| Reference::PolicyFragment(lower(n))),
        );
        references.extend(found.logger_ids.iter().map(|n| Reference::Logger(lower(n))));
        for thumbprint in &found.certificate_thumbprints {
            if let Some(uploaded) = certificates.by_thumbprint(thumbprint) {
                references.push(Reference::Certificate(lower(&uploaded.id)));
            }
        }
        self.resources.set_references(path, references);
    }
}

pub(super) fn field_problem(problem: &Problem) -> FieldProblem {
    FieldProblem {
        target: "value".to_owned(),
        message: problem.to_string(),
        line: Some(problem.position.line),
        column: Some(problem.position.column),
    }
}

pub(super) fn warning(problem: &Problem) -> Warning {
    Warning {
        code: Arc::from(problem.code),
        message: problem.to_string(),
        line: Some(problem.position.line),
        column: Some(problem.position.column),
    }
}

/// The resources of a draft, as documents may name them.
pub(super) struct ResourceEnvironment<'a> {
    resources: &'a Resources,
    certificates: &'a CertificateTable,
    allow_code: bool,
    managed_identity: bool,
}

impl<'a> ResourceEnvironment<'a> {
    pub(super) fn of(compilation: &'a Compilation<'_>, certificates: &'a CertificateTable) -> Self {
        Self {
            resources: compilation.resources,
            certificates,
            allow_code: compilation.allow_code_in_named_values || compilation.previous.is_none(),
            managed_identity: compilation.settings.managed_identity,
        }
    }
}

impl Environment for ResourceEnvironment<'_> {
    fn fragment(&self, id: &str) -> Option<Arc<str>> {
        let path = ResourcePath::new(Kind::PolicyFragment, &[id])?;
        match &**self.resources.body(&path)? {
            Body::PolicyFragment(fragment) => Some(Arc::clone(&fragment.source)),
            _ => None,
        }
    }

    fn has_managed_identity(&self) -> bool {
        self.managed_identity
    }

    fn named_value(&self, name: &str) -> Option<NamedValue> {
        match &*self.resources.named_value(name)?.body {
            Body::NamedValue(value) => Some(NamedValue {
                value: Arc::clone(&value.value),
                secret: value.secret,
            }),
            _ => None,
        }
    }

    fn exists(&self, kind: ResourceKind, name: &str) -> bool {
        let at = |kind| ResourcePath::new(kind, &[name]);
        let stored = |kind| at(kind).is_some_and(|path| self.resources.body(&path).is_some());
        match kind {
            ResourceKind::NamedValue => self.resources.named_value(name).is_some(),
            ResourceKind::CertificateId => self.certificates.by_id(name).is_some(),
            ResourceKind::CertificateThumbprint => self.certificates.by_thumbprint(name).is_some(),
            ResourceKind::Backend => stored(Kind::Backend),
            ResourceKind::IdentityList => stored(Kind::IdentityList),
            ResourceKind::PolicyFragment => stored(Kind::PolicyFragment),
            ResourceKind::Logger => stored(Kind::Logger),
        }
    }

    fn unusable(&self, kind: ResourceKind, name: &str) -> Option<String> {
        if kind != ResourceKind::Logger {
            return None;
        }
        let path = ResourcePath::new(Kind::Logger, &[name])?;
        match &**self.resources.body(&path)? {
            Body::Logger(logger) if logger.destination.is_none() => Some(
                "sends to a service that is not spoken here: give it credentials with a \
                 'destination', 'file' or 'http'"
                    .to_owned(),
            ),
            _ => None,
        }
    }

    fn names(&self, kind: ResourceKind) -> Vec<String> {
        // Enough for a suggestion; a service with more of them gets suggestions among these.
        const LIMIT: usize = 1_000;
        let stored = |kind| {
            self.resources
                .iter_kind(kind)
                .take(LIMIT)
                .map(|path| path.name().to_string())
                .collect()
        };
        match kind {
            ResourceKind::NamedValue => self
                .resources
                .iter_kind(Kind::NamedValue)
                .take(LIMIT)
                .filter_map(|path| match self.resources.body(path).map(|body| &**body) {
                    Some(Body::NamedValue(value)) => Some(value.display_name.to_string()),
                    _ => None,
                })
                .collect(),
            ResourceKind::CertificateId => stored(Kind::Certificate),
            ResourceKind::CertificateThumbprint => self
                .certificates
                .iter()
                .take(LIMIT)
                .map(|uploaded| uploaded.certificate.thumbprint.to_string())
                .collect(),
            ResourceKind::Backend => stored(Kind::Backend),
            ResourceKind::PolicyFragment => stored(Kind::PolicyFragment),
            ResourceKind::Logger => stored(Kind::Logger),
            // Complete, because expressions that name a list are checked against it.
            ResourceKind::IdentityList => self
                .resources
                .iter_kind(Kind::IdentityList)
                .map(|path| path.name().to_string())
                .collect(),
        }
    }

    fn allow_code_in_named_values(&self) -> bool {
        self.allow_code
    }
}
