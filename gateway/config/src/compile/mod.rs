//! From resources to a snapshot: validate everything, compile what changed, share the rest.
//!
//! Order matters only where one part reads another: certificates and CAs first (trust), then hosts,
//! backends, identity lists, then policies (they name all of these), then the APIs that link them.

mod apis;
mod documented;
mod fragments;
mod hosts;
mod loggers;
mod policies;
mod products;
mod scopes;
mod trust;
mod upstreams;

use std::collections::BTreeSet;
use std::sync::Arc;

use gateway_policy::context::Deployment;
use gateway_tls::trust::RevocationPolicy;

pub use hosts::{FileHost, TlsSettings};
pub(crate) use policies::PolicyTable;

use crate::hosts::UnknownName;
use crate::identity::BoundList;
use crate::material::{CertificateTable, UploadedCertificate, policy_certificate};
use crate::resource::accept::FieldProblem;
use crate::resource::subscription::SubscriptionScope;
use crate::resource::{Body, Kind, ResourcePath};
use crate::resources::{Reference, Resources};
use crate::snapshot::{Quarantined, Snapshot};
use crate::subscriptions::SubscriptionTable;
use crate::usage::Usage;

/// What compiling depends on besides the resources: the bootstrap settings.
#[derive(Debug, Clone)]
pub struct CompileSettings {
    /// `context.Deployment`.
    pub deployment: Arc<Deployment>,
    /// What an unknown revocation status means.
    pub revocation: RevocationPolicy,
    /// What is done with server names that are not configured.
    pub unknown_name: UnknownName,
    /// TLS settings of every host.
    pub tls: TlsSettings,
    /// Hosts whose certificates come from files.
    pub file_hosts: Vec<Arc<FileHost>>,
    /// Whether the gateway can get tokens that say who it is.
    pub managed_identity: bool,
}

/// Every problem found, by the resource it is in.
pub(crate) type Problems = Vec<(ResourcePath, Vec<FieldProblem>)>;

/// What is being compiled, and why.
#[derive(Debug)]
pub(crate) struct Compilation<'a> {
    pub(crate) settings: &'a CompileSettings,
    pub(crate) resources: &'a mut Resources,
    /// What was served before; `None` at start-up.
    pub(crate) previous: Option<&'a Snapshot>,
    /// What changed since; ignored at start-up, when everything is compiled.
    pub(crate) dirty: &'a BTreeSet<ResourcePath>,
    /// Bodies of the dirty resources before the change.
    pub(crate) before: &'a std::collections::BTreeMap<ResourcePath, crate::resource::Resource>,
    pub(crate) revision: u64,
    pub(crate) allow_code_in_named_values: bool,
    /// Whether `settings.file_hosts` differs from what `previous` was compiled with.
    pub(crate) file_hosts_changed: bool,
    pub(crate) usage: &'a Arc<Usage>,
    pub(crate) problems: Problems,
    pub(crate) quarantine: Vec<Quarantined>,
}

/// Compiles the resources into a snapshot.
///
/// # Errors
/// Every problem, when a change is compiled. At start-up problems become quarantine entries instead:
/// what they concern is closed, the rest serves.
pub(crate) fn compile(mut compilation: Compilation<'_>) -> Result<Snapshot, Problems> {
    let c = &mut compilation;
    let trust = c.trust()?;
    let certificates = c.certificates();
    let hosts = c.hosts(&trust);
    let backends = c.backends(&certificates);
    let identity_lists = c.identity_lists(&certificates);
    let policies = c.policies(&certificates);
    let (routes, global_program) = c.routes(&policies);
    let subscriptions = c.subscriptions();
    let loggers = c.loggers();
    if c.previous.is_some() && !c.problems.is_empty() {
        return Err(std::mem::take(&mut c.problems));
    }
    Ok(Snapshot {
        revision: c.revision,
        hosts,
        routes,
        global_program,
        subscriptions,
        identity_lists,
        certificates,
        backends,
        loggers,
        trust,
        revocation: c.settings.revocation,
        deployment: Arc::clone(&c.settings.deployment),
        quarantine: c.quarantine(),
        file_hosts: c.settings.file_hosts.clone(),
        policies,
        backend_roots: c.backend_roots(),
    })
}

impl Compilation<'_> {
    /// Whether anything of `kind` changed, or everything is being compiled.
    fn touches(&self, kind: Kind) -> bool {
        self.previous.is_none() || self.dirty.iter().any(|path| path.kind() == kind)
    }

    /// The paths of `kind` to compile: the changed ones, or all.
    fn to_compile(&self, kind: Kind) -> Vec<ResourcePath> {
        match self.previous {
            Some(_) => self
                .dirty
                .iter()
                .filter(|path| path.kind() == kind)
                .cloned()
                .collect(),
            None => self.resources.iter_kind(kind).cloned().collect(),
        }
    }

    /// Notes a problem: a refusal of a change, or at start-up a quarantine.
    fn problem(&mut self, path: &ResourcePath, target: &str, message: String) {
        self.problems_of(
            path,
            vec![FieldProblem {
                target: target.to_owned(),
                message,
                line: None,
                column: None,
            }],
        );
    }

    fn problems_of(&mut self, path: &ResourcePath, problems: Vec<FieldProblem>) {
        if self.previous.is_none() {
            let reasons: Vec<&str> = problems.iter().map(|p| p.message.as_str()).collect();
            self.quarantine.push(Quarantined {
                path: path.to_string(),
                reason: reasons.join("; "),
            });
        }
        self.problems.push((path.clone(), problems));
    }

    /// What is still closed: what start-up found, less what has been replaced since.
    fn quarantine(&mut self) -> Vec<Quarantined> {
        let Some(previous) = self.previous else {
            return std::mem::take(&mut self.quarantine);
        };
        let touched: BTreeSet<String> = self.dirty.iter().map(ToString::to_string).collect();
        previous
            .quarantine
            .iter()
            .filter(|entry| !touched.contains(&entry.path))
            .cloned()
            .collect()
    }

    fn certificates(&mut self) -> CertificateTable {
        let mut table = self
            .previous
            .map(|p| p.certificates.clone())
            .unwrap_or_default();
        for path in self.to_compile(Kind::Certificate) {
            let Some(Body::Certificate(body)) = self.resources.body(&path).map(|body| &**body)
            else {
                table.remove(&path.name());
                continue;
            };
            table.insert(Arc::new(UploadedCertificate {
                id: path.name(),
                certificate: Arc::new(policy_certificate(&body.facts, body.material.is_some())),
                material: body.material.clone(),
            }));
        }
        table
    }

    fn identity_lists(
        &mut self,
        certificates: &CertificateTable,
    ) -> imbl::HashMap<Arc<str>, Arc<BoundList>> {
        let certificates_changed = self.touches(Kind::Certificate);
        let mut lists = self
            .previous
            .map(|p| p.identity_lists.clone())
            .unwrap_or_default();
        let stale: Vec<Arc<str>> = lists
            .keys()
            .filter(|id| self.resources.set(id).is_none())
            .cloned()
            .collect();
        for id in stale {
            lists.remove(&id);
        }
        for set in self.resources.sets() {
            let id: Arc<str> = Arc::from(set.id.to_ascii_lowercase());
            let fresh = lists
                .get(&id)
                .is_some_and(|bound| Arc::ptr_eq(&bound.set, set));
            if certificates_changed || !fresh {
                let bound = BoundList {
                    set: Arc::clone(set),
                    certificates: certificates.clone(),
                    usage: Arc::clone(self.usage),
                };
                lists.insert(id, Arc::new(bound));
            }
        }
        lists
    }

    fn subscriptions(&mut self) -> SubscriptionTable {
        let mut table = self
            .previous
            .map(|p| p.subscriptions.clone())
            .unwrap_or_default();
        let paths = self.to_compile(Kind::Subscription);
        for path in &paths {
            if let Some(Body::Subscription(old)) = self.before.get(path).map(|r| &*r.body) {
                table.remove(old);
            }
        }
        for path in paths {
            let Some(body) = self.resources.body(&path).cloned() else {
                continue;
            };
            let Body::Subscription(subscription) = &*body else {
                continue;
            };
            let keys = [
                ("primaryKey", &subscription.primary_key),
                ("secondaryKey", &subscription.secondary_key),
            ];
            let clash = keys.into_iter().find(|(_, key)| table.owner(key).is_some());
            if let Some((target, _)) = clash {
                // The message does not say whose: that would let a caller probe for keys.
                self.problem(
                    &path,
                    target,
                    "the key is in use by another subscription".to_owned(),
                );
                continue;
            }
            let lower = |id: &str| Arc::from(id.to_ascii_lowercase());
            let opened = match &subscription.scope {
                SubscriptionScope::AllApis => None,
                SubscriptionScope::Api(id) => {
                    Some((Kind::Api, "API", id, Reference::Api(lower(id))))
                }
                SubscriptionScope::Product(id) => {
                    Some((Kind::Product, "product", id, Reference::Product(lower(id))))
                }
            };
            let references = opened.iter().map(|(.., reference)| reference.clone());
            self.resources.set_references(&path, references.collect());
            if let Some((kind, noun, id, _)) = opened {
                let at = ResourcePath::new(kind, &[id]);
                if at.is_none_or(|at| self.resources.body(&at).is_none()) {
                    self.problem(&path, "scope", format!("{noun} `{id}` does not exist"));
                }
            }
            table.insert(&path.name(), subscription);
        }
        table
    }
}
