//! All resources of a revision, and who refers to whom.

use std::sync::Arc;

use crate::identity::{IdentitySet, Member};
use crate::resource::accept::Warning;
use crate::resource::{Body, Kind, Resource, ResourcePath};

/// Every resource of one revision. Cloning shares everything; changing one resource copies a path
/// of the maps it is in.
#[derive(Debug, Clone, Default)]
pub struct Resources {
    by_path: imbl::OrdMap<ResourcePath, Resource>,
    /// Members of identity lists, by lower-case list id.
    lists: imbl::OrdMap<Arc<str>, Arc<IdentitySet>>,
    referrers: imbl::HashMap<Reference, imbl::OrdSet<ResourcePath>>,
    references: imbl::HashMap<ResourcePath, Arc<[Reference]>>,
    warnings: imbl::HashMap<ResourcePath, Arc<[Warning]>>,
    /// Named values by lower-case display name.
    named_values: imbl::HashMap<Arc<str>, ResourcePath>,
}

/// Something that one resource names in another.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Reference {
    /// A named value by display name, lower case.
    NamedValue(Arc<str>),
    /// A certificate by resource name, lower case.
    Certificate(Arc<str>),
    /// A backend by resource name, lower case.
    Backend(Arc<str>),
    /// An identity list by resource name, lower case.
    IdentityList(Arc<str>),
    /// An API by resource name, lower case.
    Api(Arc<str>),
    /// A policy fragment by resource name, lower case.
    PolicyFragment(Arc<str>),
    /// A product by resource name, lower case.
    Product(Arc<str>),
    /// A logger by resource name, lower case.
    Logger(Arc<str>),
}

impl Reference {
    /// What a resource can be referred to as, if at all.
    #[must_use]
    pub fn to_resource(resource: &Resource) -> Option<Self> {
        let name = || Arc::from(resource.path.name().to_ascii_lowercase());
        Some(match &*resource.body {
            Body::NamedValue(value) => {
                Self::NamedValue(Arc::from(value.display_name.to_lowercase()))
            }
            Body::Certificate(_) => Self::Certificate(name()),
            Body::Backend(_) => Self::Backend(name()),
            Body::IdentityList(_) => Self::IdentityList(name()),
            Body::Api(_) => Self::Api(name()),
            Body::PolicyFragment(_) => Self::PolicyFragment(name()),
            Body::Product(_) => Self::Product(name()),
            Body::Logger(_) => Self::Logger(name()),
            _ => return None,
        })
    }
}

impl Resources {
    /// The resource at `path`.
    #[must_use]
    pub fn get(&self, path: &ResourcePath) -> Option<Resource> {
        if path.kind() == Kind::Identity {
            let member = self.list_of(path)?.get(&path.name())?;
            return Some(member_resource(path, member));
        }
        let mut resource = self.by_path.get(path)?.clone();
        if path.kind() == Kind::IdentityList {
            // A list reads differently when one of its members does.
            let set = self.lists.get(path.name().to_ascii_lowercase().as_str());
            let members = set.map_or(0, |set| set.changed_in);
            resource.changed_in = resource.changed_in.max(members);
        }
        Some(resource)
    }

    /// The body at `path`, except of identities, which have none of their own.
    #[must_use]
    pub fn body(&self, path: &ResourcePath) -> Option<&Arc<Body>> {
        self.by_path.get(path).map(|resource| &resource.body)
    }

    /// Resources of `kind`, below `parent` if given, by name.
    #[must_use]
    pub fn list(&self, kind: Kind, parent: Option<&ResourcePath>) -> Vec<Resource> {
        if kind == Kind::Identity {
            let Some(set) = parent.and_then(|parent| self.set(&parent.name())) else {
                return Vec::new();
            };
            let path = |name: &str| ResourcePath::new(Kind::Identity, &[&set.id, name]);
            return set
                .iter()
                .filter_map(|member| Some(member_resource(&path(&member.name)?, member)))
                .collect();
        }
        self.iter_kind(kind)
            .filter(|path| parent.is_none_or(|parent| path.parent().as_ref() == Some(parent)))
            .filter_map(|path| self.get(path))
            .collect()
    }

    /// Paths of one kind, in order.
    pub(crate) fn iter_kind(&self, kind: Kind) -> impl Iterator<Item = &ResourcePath> {
        // Paths sort by kind first, so a kind is one range.
        let start = ResourcePath::new(kind, &vec![""; kind.collections().len()]);
        self.by_path
            .range(start.unwrap_or_else(ResourcePath::service)..)
            .map(|(path, _)| path)
            .take_while(move |path| path.kind() == kind)
    }

    /// How many warnings there are about all resources.
    #[must_use]
    pub fn warning_count(&self) -> usize {
        self.warnings.values().map(|warnings| warnings.len()).sum()
    }

    /// Resources that go with the one at `path`: an API's operations, policies and places in products.
    pub(crate) fn children(&self, path: &ResourcePath) -> Vec<ResourcePath> {
        let kinds: &[Kind] = match path.kind() {
            Kind::Api => &[Kind::Operation, Kind::ApiPolicy, Kind::OperationPolicy],
            Kind::Operation => &[Kind::OperationPolicy],
            Kind::Product => &[Kind::ProductApi, Kind::ProductPolicy],
            _ => return Vec::new(),
        };
        let ids: Vec<&str> = path.ids().iter().map(|id| &**id).collect();
        let mut found = Vec::new();
        for kind in kinds {
            let mut first = ids.clone();
            first.resize(kind.collections().len(), "");
            let Some(start) = ResourcePath::new(*kind, &first) else {
                continue;
            };
            let below = |child: &ResourcePath| {
                child.kind() == *kind
                    && child
                        .ids()
                        .iter()
                        .zip(&ids)
                        .all(|(a, b)| a.eq_ignore_ascii_case(b))
            };
            found.extend(
                self.by_path
                    .range(start..)
                    .map(|(child, _)| child.clone())
                    .take_while(below),
            );
        }
        if path.kind() == Kind::Api {
            let name = path.name();
            found.extend(
                self.iter_kind(Kind::ProductApi)
                    .filter(|link| link.name().eq_ignore_ascii_case(&name))
                    .cloned(),
            );
        }
        found
    }

    /// The members of a list, by list id.
    #[must_use]
    pub fn set(&self, list: &str) -> Option<&Arc<IdentitySet>> {
        self.lists.get(list.to_ascii_lowercase().as_str())
    }

    fn list_of(&self, member: &ResourcePath) -> Option<&Arc<IdentitySet>> {
        self.set(member.ids().first()?)
    }

    /// All lists.
    pub(crate) fn sets(&self) -> impl Iterator<Item = &Arc<IdentitySet>> {
        self.lists.values()
    }

    /// Puts `resource` in place of what was at its path.
    pub(crate) fn insert(&mut self, resource: Resource) {
        if resource.path.kind() == Kind::IdentityList {
            let id = resource.path.name();
            let key: Arc<str> = Arc::from(id.to_ascii_lowercase());
            if !self.lists.contains_key(&key) {
                self.lists
                    .insert(key, Arc::new(IdentitySet::new(id, resource.changed_in)));
            }
        }
        self.forget_display_name(&resource.path);
        if let Body::NamedValue(value) = &*resource.body {
            let name = Arc::from(value.display_name.to_lowercase());
            self.named_values.insert(name, resource.path.clone());
        }
        self.by_path.insert(resource.path.clone(), resource);
    }

    fn forget_display_name(&mut self, path: &ResourcePath) {
        if let Some(Body::NamedValue(value)) = self.by_path.get(path).map(|old| &*old.body) {
            let name = value.display_name.to_lowercase();
            if self.named_values.get(name.as_str()) == Some(path) {
                self.named_values.remove(name.as_str());
            }
        }
    }

    /// Replaces the members of a list.
    pub(crate) fn insert_set(&mut self, set: Arc<IdentitySet>) {
        self.lists
            .insert(Arc::from(set.id.to_ascii_lowercase()), set);
    }

    /// Adds or replaces one member of a list that exists.
    pub(crate) fn insert_member(&mut self, list: &str, member: Member) {
        if let Some(set) = self.lists.get_mut(list.to_ascii_lowercase().as_str()) {
            // Clones the set's two roots, not its members.
            Arc::make_mut(set).insert(member);
        }
    }

    /// Removes one member; whether it was there.
    pub(crate) fn remove_member(&mut self, list: &str, name: &str, changed_in: u64) -> bool {
        let Some(set) = self.lists.get_mut(list.to_ascii_lowercase().as_str()) else {
            return false;
        };
        let set = Arc::make_mut(set);
        let removed = set.remove(name);
        if removed {
            set.changed_in = changed_in;
        }
        removed
    }

    /// Removes the resource at `path` with its warnings and references.
    pub(crate) fn remove(&mut self, path: &ResourcePath) -> Option<Resource> {
        self.set_references(path, Vec::new());
        self.warnings.remove(path);
        self.forget_display_name(path);
        if path.kind() == Kind::IdentityList {
            self.lists.remove(path.name().to_ascii_lowercase().as_str());
        }
        self.by_path.remove(path)
    }

    /// Says what the resource at `path` refers to.
    pub(crate) fn set_references(&mut self, path: &ResourcePath, mut references: Vec<Reference>) {
        references.sort();
        references.dedup();
        if let Some(old) = self.references.remove(path) {
            for reference in old.iter() {
                let Some(mut referrers) = self.referrers.remove(reference) else {
                    continue;
                };
                referrers.remove(path);
                if !referrers.is_empty() {
                    self.referrers.insert(reference.clone(), referrers);
                }
            }
        }
        for reference in &references {
            self.referrers
                .entry(reference.clone())
                .or_default()
                .insert(path.clone());
        }
        if !references.is_empty() {
            self.references.insert(path.clone(), references.into());
        }
    }

    /// Who refers to `reference`.
    #[must_use]
    pub fn referrers(&self, reference: &Reference) -> Vec<ResourcePath> {
        self.referrers
            .get(reference)
            .map(|set| set.iter().cloned().collect())
            .unwrap_or_default()
    }

    /// Keeps the warnings of the resource at `path`.
    pub(crate) fn set_warnings(&mut self, path: &ResourcePath, warnings: Vec<Warning>) {
        if warnings.is_empty() {
            self.warnings.remove(path);
        } else {
            self.warnings.insert(path.clone(), warnings.into());
        }
    }

    /// The warnings about the resource at `path`.
    #[must_use]
    pub fn warnings(&self, path: &ResourcePath) -> Vec<Warning> {
        self.warnings
            .get(path)
            .map(|all| all.to_vec())
            .unwrap_or_default()
    }

    /// The named value with this display name, without regard to case.
    #[must_use]
    pub fn named_value(&self, display_name: &str) -> Option<&Resource> {
        self.by_path.get(
            self.named_values
                .get(display_name.to_lowercase().as_str())?,
        )
    }
}

fn member_resource(path: &ResourcePath, member: &Member) -> Resource {
    let ids: Vec<&str> = path.ids().iter().map(|id| &**id).collect();
    let spelled = ids
        .first()
        .and_then(|list| ResourcePath::new(Kind::Identity, &[list, &member.name]));
    Resource {
        path: spelled.unwrap_or_else(|| path.clone()),
        changed_in: member.changed_in,
        body: Arc::new(Body::Identity(member.identity.clone())),
    }
}
