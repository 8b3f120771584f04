//! A control plane in memory: real acceptance, no store, no compilation.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use admin_api::plane::{ControlPlane, Later};
use gateway_config::apply::Difference;
use gateway_config::change::{
    Action, Actor, Applied, ApplyError, Change, Edit, EditResult, IfMatch, Outcome, RevisionSummary,
};
use gateway_config::resource::accept::{Acceptance, FieldProblem, Mode, Warning, accept};
use gateway_config::resource::identity_list::IdentityList;
use gateway_config::resource::{Body, Kind, Resource, ResourcePath, default_service};
use gateway_config::store::StoreError;
use gateway_config::usage::LastUse;

#[derive(Clone)]
pub struct Memory(Arc<Mutex<State>>);

/// A resource before and after a change.
type Step = (ResourcePath, Option<Resource>, Option<Resource>);

#[derive(Clone)]
struct State {
    now: i64,
    revision: u64,
    resources: BTreeMap<ResourcePath, (Resource, Vec<Warning>)>,
    history: Vec<(RevisionSummary, Vec<Step>)>,
    refusal: Option<fn(&ResourcePath) -> ApplyError>,
    delay: Duration,
    started: usize,
    code_allowed: bool,
}

impl Memory {
    pub fn new(now: i64) -> Self {
        Self(Arc::new(Mutex::new(State {
            now,
            revision: 0,
            resources: BTreeMap::new(),
            history: Vec::new(),
            refusal: None,
            delay: Duration::ZERO,
            started: 0,
            code_allowed: false,
        })))
    }

    /// Every further change is refused like this.
    pub fn refuse(&self, refusal: fn(&ResourcePath) -> ApplyError) {
        self.0.lock().unwrap().refusal = Some(refusal);
    }

    /// Every further change takes this long.
    pub fn delay(&self, delay: Duration) {
        self.0.lock().unwrap().delay = delay;
    }

    /// How many changes have been begun.
    pub fn started(&self) -> usize {
        self.0.lock().unwrap().started
    }

    /// Whether the last change was allowed to put code into named values.
    pub fn code_was_allowed(&self) -> bool {
        self.0.lock().unwrap().code_allowed
    }
}

impl State {
    fn apply(&mut self, change: Change) -> Result<Applied, ApplyError> {
        self.code_allowed = change.allow_code_in_named_values;
        if let (Some(refusal), Some(edit)) = (self.refusal, change.edits.first()) {
            return Err(refusal(&edit.path));
        }
        let mut next = self.clone();
        next.revision += 1;
        let mut results = Vec::new();
        let mut changes = Vec::new();
        for edit in change.edits {
            let before = self
                .resources
                .get(&edit.path)
                .map(|(resource, _)| resource.clone());
            let result = next.edit(edit)?;
            changes.push((result.path.clone(), before, result.resource.clone()));
            results.push(result);
        }
        if change.dry_run {
            return Ok(Applied {
                revision: self.revision,
                results,
            });
        }
        if results
            .iter()
            .all(|result| result.outcome == Outcome::Absent)
        {
            return Ok(Applied {
                revision: self.revision,
                results,
            });
        }
        let summary = RevisionSummary {
            number: next.revision,
            time_ms: self.now * 1000,
            actor: change.actor.name,
            comment: change.comment,
            changes: changes
                .iter()
                .map(|(path, _, after)| (path.to_string(), after.is_some()))
                .collect(),
            change_count: changes.len() as u64,
        };
        next.history.push((summary, changes));
        *self = next;
        Ok(Applied {
            revision: self.revision,
            results,
        })
    }

    fn edit(&mut self, edit: Edit) -> Result<EditResult, ApplyError> {
        let Edit {
            path,
            action,
            if_match,
        } = edit;
        let existing = self.get(&path).map(|(resource, _)| resource);
        if let IfMatch::Revision(tag) = if_match
            && existing
                .as_ref()
                .is_some_and(|resource| resource.changed_in != tag)
        {
            return Err(ApplyError::PreconditionFailed(path));
        }
        if let Some(parent) = path.parent()
            && !matches!(action, Action::Delete)
            && self.get(&parent).is_none()
        {
            return Err(ApplyError::NotFound(parent));
        }
        let take = |mode, body: &serde_json::Value| {
            let body_before = existing.as_ref().map(|resource| &*resource.body);
            accept(
                &Acceptance {
                    mode,
                    path: &path,
                    existing: body_before,
                    now: self.now,
                },
                body,
            )
            .map_err(|problems| ApplyError::Invalid {
                path: path.clone(),
                problems,
            })
        };
        let (body, warnings) = match action {
            Action::Put(body) => take(Mode::Put, &body)?,
            Action::Patch(_) if existing.is_none() => return Err(ApplyError::NotFound(path)),
            Action::Patch(body) => take(Mode::Patch, &body)?,
            Action::PutList(list) => {
                self.resources
                    .retain(|known, _| known.parent().as_ref() != Some(&path));
                for (name, identity) in list.members {
                    let member = ResourcePath::new(Kind::Identity, &[&path.name(), &name]).unwrap();
                    self.insert(member, Body::Identity(identity), Vec::new());
                }
                (
                    Body::IdentityList(IdentityList {
                        description: list.description,
                    }),
                    Vec::new(),
                )
            }
            Action::RegenerateKey(which) => match existing.as_ref().map(|resource| &*resource.body)
            {
                Some(Body::Subscription(subscription)) => (
                    Body::Subscription(subscription.with_new_key(which).unwrap()),
                    Vec::new(),
                ),
                _ => return Err(ApplyError::NotFound(path)),
            },
            Action::Delete => {
                let outcome = match self.resources.remove(&path) {
                    Some(_) => Outcome::Deleted,
                    None => Outcome::Absent,
                };
                return Ok(EditResult {
                    path,
                    outcome,
                    resource: None,
                    warnings: Vec::new(),
                });
            }
        };
        if matches!(&body, Body::Policy(policy) if policy.source.contains("<broken")) {
            let problem = FieldProblem {
                line: Some(4),
                column: Some(114),
                ..FieldProblem::new("representation", "`broken` is not a policy.")
            };
            return Err(ApplyError::Invalid {
                path,
                problems: vec![problem],
            });
        }
        let outcome = if existing.is_some() {
            Outcome::Updated
        } else {
            Outcome::Created
        };
        let path = existing.map_or(path, |resource| resource.path);
        let resource = self.insert(path.clone(), body, warnings.clone());
        Ok(EditResult {
            path,
            outcome,
            resource: Some(resource),
            warnings,
        })
    }

    fn insert(&mut self, path: ResourcePath, body: Body, warnings: Vec<Warning>) -> Resource {
        let resource = Resource {
            path: path.clone(),
            changed_in: self.revision,
            body: Arc::new(body),
        };
        self.resources.insert(path, (resource.clone(), warnings));
        resource
    }

    fn get(&self, path: &ResourcePath) -> Option<(Resource, Vec<Warning>)> {
        let found = self.resources.get(path).cloned();
        found.or_else(|| (path.kind() == Kind::Service).then(|| (default_service(), Vec::new())))
    }

    fn list(&self, kind: Kind, parent: Option<&ResourcePath>) -> Vec<Resource> {
        self.resources
            .values()
            .map(|(resource, _)| resource)
            .filter(|resource| {
                resource.path.kind() == kind && resource.path.parent().as_ref() == parent
            })
            .cloned()
            .collect()
    }
}

impl ControlPlane for Memory {
    fn revision(&self) -> u64 {
        self.0.lock().unwrap().revision
    }

    fn get(&self, path: &ResourcePath) -> Option<(Resource, Vec<Warning>)> {
        self.0.lock().unwrap().get(path)
    }

    fn list(&self, kind: Kind, parent: Option<&ResourcePath>) -> Vec<Resource> {
        self.0.lock().unwrap().list(kind, parent)
    }

    fn referrers(&self, path: &ResourcePath) -> Vec<ResourcePath> {
        let named = format!("fragment-id=\"{}\"", path.name());
        let state = self.0.lock().unwrap();
        let including = state.resources.iter().filter(|(_, (resource, _))| {
            matches!(&*resource.body, Body::Policy(policy) if policy.source.contains(&named))
        });
        including.map(|(path, _)| path.clone()).collect()
    }

    fn member_count(&self, path: &ResourcePath) -> usize {
        self.list(Kind::Identity, Some(path)).len()
    }

    fn members(&self, path: &ResourcePath, skip: usize, top: usize) -> Vec<Resource> {
        self.list(Kind::Identity, Some(path))
            .into_iter()
            .skip(skip)
            .take(top)
            .collect()
    }

    fn usage(&self, list: &str) -> Vec<LastUse> {
        vec![LastUse {
            identity: format!("{list}-a").into(),
            thumbprint: "AB".repeat(20),
            last_used: 0,
        }]
    }

    fn apply(&self, change: Change) -> Later<Result<Applied, ApplyError>> {
        let state = Arc::clone(&self.0);
        Box::pin(async move {
            let delay = {
                let mut state = state.lock().unwrap();
                state.started += 1;
                state.delay
            };
            tokio::time::sleep(delay).await;
            state.lock().unwrap().apply(change)
        })
    }

    fn restore(&self, number: u64, actor: Actor) -> Later<Result<Applied, ApplyError>> {
        let state = Arc::clone(&self.0);
        Box::pin(async move {
            let mut state = state.lock().unwrap();
            let path = ResourcePath::service();
            if number == 0 || number > state.revision {
                return Err(ApplyError::NotFound(path));
            }
            let undone: Vec<_> = state.history.drain(number as usize..).collect();
            for (_, changes) in undone.into_iter().rev() {
                for (path, before, _) in changes {
                    match before {
                        Some(resource) => state.resources.insert(path, (resource, Vec::new())),
                        None => state.resources.remove(&path),
                    };
                }
            }
            state.revision += 1;
            let _ = actor;
            Ok(Applied {
                revision: state.revision,
                results: Vec::new(),
            })
        })
    }

    fn revisions(
        &self,
        before: Option<u64>,
        limit: usize,
    ) -> Later<Result<Vec<RevisionSummary>, StoreError>> {
        let history = self.0.lock().unwrap().history.clone();
        let found = history
            .into_iter()
            .rev()
            .map(|(summary, _)| summary)
            .filter(|summary| before.is_none_or(|before| summary.number < before))
            .take(limit)
            .collect();
        Box::pin(async move { Ok(found) })
    }

    fn revision_detail(&self, number: u64) -> Later<Result<Option<RevisionSummary>, StoreError>> {
        let state = self.0.lock().unwrap();
        let found = state
            .history
            .iter()
            .map(|(summary, _)| summary)
            .find(|s| s.number == number)
            .cloned();
        Box::pin(async move { Ok(found) })
    }

    fn difference(&self, number: u64) -> Later<Result<Option<Vec<Difference>>, StoreError>> {
        let state = self.0.lock().unwrap();
        let found = state
            .history
            .iter()
            .find(|(s, _)| s.number == number)
            .map(|(_, changes)| {
                changes
                    .iter()
                    .map(|(path, before, after)| Difference {
                        key: path.key(),
                        before: before.clone(),
                        after: after.clone(),
                    })
                    .collect()
            });
        Box::pin(async move { Ok(found) })
    }
}
