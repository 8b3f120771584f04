//! Where a resource is: `apis/orders/operations/get1/policies/policy`.

use std::fmt;
use std::sync::Arc;

/// Kinds of resources.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Kind {
    /// The service itself: trusted CAs, host names, settings. There is one; its path is empty.
    Service,
    /// `namedValues/{id}`.
    NamedValue,
    /// `certificates/{id}`.
    Certificate,
    /// `backends/{id}`.
    Backend,
    /// `apis/{id}`.
    Api,
    /// `apis/{id}/operations/{id}`.
    Operation,
    /// `policies/policy`.
    GlobalPolicy,
    /// `apis/{id}/policies/policy`.
    ApiPolicy,
    /// `apis/{id}/operations/{id}/policies/policy`.
    OperationPolicy,
    /// `subscriptions/{id}`.
    Subscription,
    /// `identityLists/{id}`.
    IdentityList,
    /// `identityLists/{id}/identities/{name}`.
    Identity,
    /// `crls/{id}`.
    Crl,
    /// `policyFragments/{id}`.
    PolicyFragment,
    /// `products/{id}`.
    Product,
    /// `products/{id}/apis/{id}`: an API that is in a product.
    ProductApi,
    /// `products/{id}/policies/policy`.
    ProductPolicy,
    /// `loggers/{id}`.
    Logger,
    /// `caches/{id}`.
    Cache,
}

impl Kind {
    /// The fixed segments of the path, in the spelling of the contract.
    #[must_use]
    pub const fn collections(self) -> &'static [&'static str] {
        match self {
            Self::Service => &[],
            Self::NamedValue => &["namedValues"],
            Self::Certificate => &["certificates"],
            Self::Backend => &["backends"],
            Self::Api => &["apis"],
            Self::Operation => &["apis", "operations"],
            Self::GlobalPolicy => &["policies"],
            Self::ApiPolicy => &["apis", "policies"],
            Self::OperationPolicy => &["apis", "operations", "policies"],
            Self::Subscription => &["subscriptions"],
            Self::IdentityList => &["identityLists"],
            Self::Identity => &["identityLists", "identities"],
            Self::Crl => &["crls"],
            Self::PolicyFragment => &["policyFragments"],
            Self::Product => &["products"],
            Self::ProductApi => &["products", "apis"],
            Self::ProductPolicy => &["products", "policies"],
            Self::Logger => &["loggers"],
            Self::Cache => &["caches"],
        }
    }

    /// All kinds.
    pub const ALL: [Self; 19] = [
        Self::Service,
        Self::NamedValue,
        Self::Certificate,
        Self::Backend,
        Self::Api,
        Self::Operation,
        Self::GlobalPolicy,
        Self::ApiPolicy,
        Self::OperationPolicy,
        Self::Subscription,
        Self::IdentityList,
        Self::Identity,
        Self::Crl,
        Self::PolicyFragment,
        Self::Product,
        Self::ProductApi,
        Self::ProductPolicy,
        Self::Logger,
        Self::Cache,
    ];

    /// Whether it is a policy document; its name is always `policy`.
    #[must_use]
    pub const fn is_policy(self) -> bool {
        matches!(
            self,
            Self::GlobalPolicy | Self::ProductPolicy | Self::ApiPolicy | Self::OperationPolicy
        )
    }
}

/// The path of one resource below the service, e.g. `namedValues/allowed`.
///
/// INVARIANT: `ids` has one element for each segment of `kind.collections()`. Ids compare without
/// regard to ASCII case, as in Azure, and keep the spelling they were created with.
#[derive(Debug, Clone)]
pub struct ResourcePath {
    kind: Kind,
    ids: smallvec::SmallVec<[Arc<str>; 2]>,
}

impl ResourcePath {
    /// The service resource.
    #[must_use]
    pub fn service() -> Self {
        Self {
            kind: Kind::Service,
            ids: smallvec::SmallVec::new(),
        }
    }

    /// A path of `kind` with the given ids, one for each collection; `None` if the number is wrong.
    #[must_use]
    pub fn new(kind: Kind, ids: &[&str]) -> Option<Self> {
        (ids.len() == kind.collections().len()).then(|| Self {
            kind,
            ids: ids.iter().map(|id| Arc::from(*id)).collect(),
        })
    }

    /// Parses `namedValues/allowed` (fixed segments in any case, no leading slash). Ids are taken as
    /// they are: already percent-decoded, not yet checked against the contract's rules.
    #[must_use]
    pub fn parse(path: &str) -> Option<Self> {
        let path = path.trim_matches('/');
        if path.is_empty() {
            return Some(Self::service());
        }
        let segments: Vec<&str> = path.split('/').collect();
        Self::from_segments(&segments)
    }

    /// Parses already split segments: collection, id, collection, id, …
    #[must_use]
    pub fn from_segments(segments: &[&str]) -> Option<Self> {
        if !segments.len().is_multiple_of(2) {
            return None;
        }
        let collections: Vec<&str> = segments.iter().step_by(2).copied().collect();
        let ids: Vec<&str> = segments.iter().skip(1).step_by(2).copied().collect();
        if ids.iter().any(|id| id.is_empty()) {
            return None;
        }
        let kind = Kind::ALL.into_iter().find(|kind| {
            kind.collections().len() == collections.len()
                && kind
                    .collections()
                    .iter()
                    .zip(&collections)
                    .all(|(a, b)| a.eq_ignore_ascii_case(b))
        })?;
        Self::new(kind, &ids)
    }

    /// Its kind.
    #[must_use]
    pub const fn kind(&self) -> Kind {
        self.kind
    }

    /// Its ids, outermost first.
    #[must_use]
    pub fn ids(&self) -> &[Arc<str>] {
        &self.ids
    }

    /// The last id: the resource's name. Empty for the service.
    #[must_use]
    pub fn name(&self) -> Arc<str> {
        self.ids.last().cloned().unwrap_or_else(|| Arc::from(""))
    }

    /// The resource this one belongs to: the API of an operation, the list of an identity.
    #[must_use]
    pub fn parent(&self) -> Option<Self> {
        let kind = match self.kind {
            Kind::Operation | Kind::ApiPolicy => Kind::Api,
            Kind::OperationPolicy => Kind::Operation,
            Kind::Identity => Kind::IdentityList,
            Kind::ProductApi | Kind::ProductPolicy => Kind::Product,
            _ => return None,
        };
        let ids = self
            .ids
            .iter()
            .take(kind.collections().len())
            .cloned()
            .collect();
        Some(Self { kind, ids })
    }

    /// The key under which the store and maps know it: the path with ids in lower case.
    #[must_use]
    pub fn key(&self) -> String {
        self.to_string().to_ascii_lowercase()
    }
}

impl fmt::Display for ResourcePath {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (i, (collection, id)) in self.kind.collections().iter().zip(&self.ids).enumerate() {
            if i > 0 {
                f.write_str("/")?;
            }
            write!(f, "{collection}/{id}")?;
        }
        Ok(())
    }
}

impl PartialEq for ResourcePath {
    fn eq(&self, other: &Self) -> bool {
        self.cmp(other).is_eq()
    }
}

impl Eq for ResourcePath {}

impl PartialOrd for ResourcePath {
    fn partial_cmp(&self, other: &Self) -> Option<std::cmp::Ordering> {
        Some(self.cmp(other))
    }
}

impl Ord for ResourcePath {
    fn cmp(&self, other: &Self) -> std::cmp::Ordering {
        fn lower(id: &str) -> impl Iterator<Item = u8> + '_ {
            id.bytes().map(|b| b.to_ascii_lowercase())
        }
        self.kind.cmp(&other.kind).then_with(|| {
            for (a, b) in self.ids.iter().zip(&other.ids) {
                let order = lower(a).cmp(lower(b));
                if order.is_ne() {
                    return order;
                }
            }
            self.ids.len().cmp(&other.ids.len())
        })
    }
}

impl std::hash::Hash for ResourcePath {
    fn hash<H: std::hash::Hasher>(&self, state: &mut H) {
        self.kind.hash(state);
        for id in &self.ids {
            for byte in id.bytes() {
                state.write_u8(byte.to_ascii_lowercase());
            }
            state.write_u8(0);
        }
    }
}
