//! A change being made: edits applied in order to a copy, nothing visible yet.

use std::collections::BTreeMap;
use std::sync::Arc;

use crate::change::{Action, ApplyError, Edit, EditResult, IfMatch, KeyName, Outcome, ParsedList};
use crate::identity::{IdentitySet, Member};
use crate::resource::accept::{self, Acceptance, FieldProblem, Mode, Warning};
use crate::resource::identity_list::IdentityList;
use crate::resource::{Body, Kind, Resource, ResourcePath};
use crate::resources::{Reference, Resources};

/// A copy of a revision's resources with edits applied.
#[derive(Debug)]
pub(crate) struct Draft {
    /// The resources as they would be.
    pub(crate) resources: Resources,
    /// Every path an edit touched, with what the store will hold: `None` removes.
    pub(crate) changed: BTreeMap<ResourcePath, Option<Arc<Body>>>,
    /// Resources as they were before the change, for those removed or replaced.
    pub(crate) before: BTreeMap<ResourcePath, Resource>,
    revision: u64,
    now: i64,
}

impl Draft {
    /// A draft of revision `revision`, made at `now` (unix seconds).
    pub(crate) fn new(resources: Resources, revision: u64, now: i64) -> Self {
        Self {
            resources,
            changed: BTreeMap::new(),
            before: BTreeMap::new(),
            revision,
            now,
        }
    }

    /// Applies one edit.
    pub(crate) fn edit(&mut self, edit: Edit) -> Result<EditResult, ApplyError> {
        let existing = self.resources.get(&edit.path);
        self.check_condition(&edit, existing.as_ref())?;
        self.check_parent(&edit, existing.is_some())?;
        match edit.action {
            Action::Put(body) => self.put(edit.path, existing, Mode::Put, &body),
            Action::Patch(body) => match existing {
                Some(_) => self.put(edit.path, existing, Mode::Patch, &body),
                None => Err(ApplyError::NotFound(edit.path)),
            },
            Action::PutList(list) => self.put_list(edit.path, existing, *list),
            Action::Delete => Ok(self.delete(edit.path, existing)),
            Action::RegenerateKey(which) => self.regenerate(edit.path, existing, which),
        }
    }

    fn check_condition(&self, edit: &Edit, existing: Option<&Resource>) -> Result<(), ApplyError> {
        match (&edit.if_match, existing) {
            (IfMatch::Any, _) => Ok(()),
            // Deleting what is gone is silent whatever tag was given.
            (IfMatch::Revision(_), None) if matches!(edit.action, Action::Delete) => Ok(()),
            (IfMatch::Revision(tag), Some(resource)) if resource.changed_in == *tag => Ok(()),
            _ => Err(ApplyError::PreconditionFailed(edit.path.clone())),
        }
    }

    /// What is put must belong to something that is there; an API that is put in a product, to both.
    fn check_parent(&self, edit: &Edit, exists: bool) -> Result<(), ApplyError> {
        if edit.path.kind() == Kind::ProductApi && !matches!(edit.action, Action::Delete) {
            let api = ResourcePath::new(Kind::Api, &[&edit.path.name()]);
            if let Some(api) = api.filter(|api| self.resources.get(api).is_none()) {
                return Err(ApplyError::NotFound(api));
            }
        }
        match edit.path.parent() {
            Some(parent) if !exists && !matches!(edit.action, Action::Delete) => {
                match self.resources.get(&parent) {
                    Some(_) => Ok(()),
                    None => Err(ApplyError::NotFound(parent)),
                }
            }
            _ => Ok(()),
        }
    }

    fn put(
        &mut self,
        path: ResourcePath,
        existing: Option<Resource>,
        mode: Mode,
        body: &serde_json::Value,
    ) -> Result<EditResult, ApplyError> {
        // The spelling a resource was created with stays.
        let path = existing
            .as_ref()
            .map_or(path, |resource| resource.path.clone());
        let acceptance = Acceptance {
            mode,
            path: &path,
            existing: existing.as_ref().map(|resource| &*resource.body),
            now: self.now,
        };
        let (body, warnings) =
            accept::accept(&acceptance, body).map_err(|problems| ApplyError::Invalid {
                path: path.clone(),
                problems,
            })?;
        self.check_unique(&path, &body)?;
        let body = Arc::new(body);
        self.insert_body(&path, &body)?;
        self.resources.set_warnings(&path, warnings.clone());
        Ok(self.changed(path, existing, Some(body), warnings))
    }

    /// Puts `body` at `path`, whatever kind it is.
    pub(crate) fn insert_body(
        &mut self,
        path: &ResourcePath,
        body: &Arc<Body>,
    ) -> Result<(), ApplyError> {
        if let Body::Identity(identity) = &**body {
            return self.put_member(path, identity);
        }
        let changed_in = self.revision;
        self.resources.insert(Resource {
            path: path.clone(),
            changed_in,
            body: Arc::clone(body),
        });
        Ok(())
    }

    fn put_member(
        &mut self,
        path: &ResourcePath,
        identity: &crate::resource::identity_list::Identity,
    ) -> Result<(), ApplyError> {
        let member = Member::new(path.name(), self.revision, identity.clone())
            .map_err(|error| invalid(path, error.property, error.to_string()))?;
        if let Some(list) = path.ids().first() {
            self.resources.insert_member(list, member);
        }
        Ok(())
    }

    /// Replaces a list with all its members. Members that are as they were keep their ETag and are
    /// not written again.
    fn put_list(
        &mut self,
        path: ResourcePath,
        existing: Option<Resource>,
        list: ParsedList,
    ) -> Result<EditResult, ApplyError> {
        let path = existing
            .as_ref()
            .map_or(path, |resource| resource.path.clone());
        let old = self.resources.set(&path.name()).cloned();
        let mut set = IdentitySet::new(path.name(), self.revision);
        for (name, identity) in list.members {
            let kept = old
                .as_ref()
                .and_then(|old| old.get(&name))
                .filter(|m| m.identity == identity);
            if let Some(kept) = kept {
                set.insert(kept.clone());
                continue;
            }
            let member =
                Member::new(Arc::clone(&name), self.revision, identity).map_err(|error| {
                    invalid(&path, error.property, format!("identity `{name}`: {error}"))
                })?;
            if let Some(member_path) = ResourcePath::new(Kind::Identity, &[&set.id, &name]) {
                let body = Arc::new(Body::Identity(member.identity.clone()));
                self.changed.insert(member_path, Some(body));
            }
            set.insert(member);
        }
        for gone in old
            .iter()
            .flat_map(|old| old.iter())
            .filter(|m| set.get(&m.name).is_none())
        {
            if let Some(member_path) = ResourcePath::new(Kind::Identity, &[&set.id, &gone.name]) {
                self.changed.insert(member_path, None);
            }
        }
        let body = Arc::new(Body::IdentityList(IdentityList {
            description: list.description,
        }));
        let resource = Resource {
            path: path.clone(),
            changed_in: self.revision,
            body: Arc::clone(&body),
        };
        self.resources.insert(resource);
        self.resources.insert_set(Arc::new(set));
        Ok(self.changed(path, existing, Some(body), Vec::new()))
    }

    fn delete(&mut self, path: ResourcePath, existing: Option<Resource>) -> EditResult {
        let Some(existing) = existing else {
            return EditResult {
                path,
                outcome: Outcome::Absent,
                resource: None,
                warnings: Vec::new(),
            };
        };
        let path = existing.path.clone();
        match path.kind() {
            Kind::Identity => {
                if let Some(list) = path.ids().first() {
                    self.resources
                        .remove_member(list, &path.name(), self.revision);
                }
            }
            Kind::IdentityList => {
                for member in self.resources.list(Kind::Identity, Some(&path)) {
                    self.changed.insert(member.path, None);
                }
                self.resources.remove(&path);
            }
            _ => {
                for child in self.resources.children(&path) {
                    if let Some(removed) = self.resources.remove(&child) {
                        self.before.entry(child.clone()).or_insert(removed);
                    }
                    self.changed.insert(child, None);
                }
                self.resources.remove(&path);
            }
        }
        self.changed(path, Some(existing), None, Vec::new())
    }

    fn regenerate(
        &mut self,
        path: ResourcePath,
        existing: Option<Resource>,
        which: KeyName,
    ) -> Result<EditResult, ApplyError> {
        let Some(old) = existing else {
            return Err(ApplyError::NotFound(path));
        };
        let Body::Subscription(subscription) = &*old.body else {
            return Err(ApplyError::NotFound(path));
        };
        let mut subscription = subscription.clone();
        let key = new_key().map_err(ApplyError::Store)?;
        match which {
            KeyName::Primary => subscription.primary_key = key,
            KeyName::Secondary => subscription.secondary_key = key,
        }
        let body = Arc::new(Body::Subscription(subscription));
        let path = old.path.clone();
        let resource = Resource {
            path: path.clone(),
            changed_in: self.revision,
            body: Arc::clone(&body),
        };
        self.resources.insert(resource);
        Ok(self.changed(path, Some(old), Some(body), Vec::new()))
    }

    fn changed(
        &mut self,
        path: ResourcePath,
        existing: Option<Resource>,
        body: Option<Arc<Body>>,
        warnings: Vec<Warning>,
    ) -> EditResult {
        let outcome = match (&existing, &body) {
            (None, Some(_)) => Outcome::Created,
            (Some(_), Some(_)) => Outcome::Updated,
            (Some(_), None) => Outcome::Deleted,
            (None, None) => Outcome::Absent,
        };
        if let Some(existing) = existing {
            self.before.entry(path.clone()).or_insert(existing);
        }
        self.changed.insert(path.clone(), body);
        EditResult {
            resource: self.resources.get(&path),
            path,
            outcome,
            warnings,
        }
    }

    /// Names that must be unique across resources of a kind.
    fn check_unique(&self, path: &ResourcePath, body: &Body) -> Result<(), ApplyError> {
        let taken = |target: &str, message: String| Err(invalid(path, target, message));
        match body {
            Body::NamedValue(value) => match self.resources.named_value(&value.display_name) {
                Some(other) if other.path != *path => taken(
                    "displayName",
                    format!(
                        "`{}` is the display name of `{}` already",
                        value.display_name, other.path
                    ),
                ),
                _ => Ok(()),
            },
            Body::Operation(operation) => {
                let others = path
                    .parent()
                    .map(|api| self.resources.list(Kind::Operation, Some(&api)));
                let clash = others.into_iter().flatten().find(|other| {
                    other.path != *path
                        && matches!(&*other.body, Body::Operation(o)
                            if o.method.eq_ignore_ascii_case(&operation.method)
                                && o.url_template == operation.url_template)
                });
                match clash {
                    Some(other) => taken(
                        "urlTemplate",
                        format!("`{}` has the same method and URL template", other.path),
                    ),
                    None => Ok(()),
                }
            }
            _ => Ok(()),
        }
    }

    /// Deletions of what others still refer to.
    pub(crate) fn check_in_use(&self) -> Result<(), ApplyError> {
        for (path, resource) in &self.before {
            let removed = matches!(self.changed.get(path), Some(None));
            let Some(reference) = Reference::to_resource(resource).filter(|_| removed) else {
                continue;
            };
            let by = self.resources.referrers(&reference);
            if !by.is_empty() {
                return Err(ApplyError::InUse {
                    path: path.clone(),
                    by,
                });
            }
        }
        Ok(())
    }
}

/// A problem of one property of one resource.
pub(crate) fn invalid(path: &ResourcePath, target: &str, message: String) -> ApplyError {
    let problem = FieldProblem {
        target: target.to_owned(),
        message,
        line: None,
        column: None,
    };
    ApplyError::Invalid {
        path: path.clone(),
        problems: vec![problem],
    }
}

/// A new subscription key: 128 random bits, lower-case hexadecimal, as APIM makes them.
fn new_key() -> Result<Arc<str>, String> {
    let bytes: [u8; 16] = gateway_tls::random::bytes().map_err(|error| error.to_string())?;
    Ok(Arc::from(
        gateway_tls::digest::upper_hex(&bytes).to_ascii_lowercase(),
    ))
}
