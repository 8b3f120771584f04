//! Subscription keys: who may call an API that demands one.

use std::sync::Arc;

use gateway_policy::context;

use crate::resource::subscription::{Subscription, SubscriptionScope, SubscriptionState};
use crate::route::RoutedApi;

/// All subscriptions of a revision, by key.
#[derive(Debug, Clone, Default)]
pub struct SubscriptionTable {
    by_key: imbl::HashMap<Key, Arc<Entry>>,
}

/// A key, never printed.
#[derive(Clone, PartialEq, Eq, Hash)]
struct Key(Arc<str>);

impl std::fmt::Debug for Key {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("…")
    }
}

struct Entry {
    name: Arc<str>,
    subscription: Subscription,
}

impl std::fmt::Debug for Entry {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}", self.name)
    }
}

/// Whom a request comes from, and through what.
#[derive(Debug, Clone, Default)]
pub struct Admission {
    /// The subscription whose key came; `None` without one.
    pub subscription: Option<Arc<context::Subscription>>,
    /// The subscription's product, or an open product that the API is in.
    pub product: Option<Arc<context::Product>>,
}

/// Why a key does not open an API.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SubscriptionFailure {
    /// The API demands a key and none came.
    NotFound,
    /// A key came that is unknown, not active, out of its dates, or for something else.
    Invalid,
}

impl SubscriptionTable {
    /// Judges the key that came with a request.
    ///
    /// # Errors
    /// [`SubscriptionFailure`], if the API demands a subscription and is in no open product. Where none
    /// is demanded a wrong key is ignored: then there is just no subscription.
    ///
    /// Only the key of a product's own subscription, or no key and an open product, makes a request
    /// one of that product. A product's key works whether it is published or not; to be open, it must be.
    pub fn judge(
        &self,
        api: &RoutedApi,
        key: Option<&str>,
        now: i64,
    ) -> Result<Admission, SubscriptionFailure> {
        // A header that is there and empty counts as a key that is wrong, as in APIM.
        let found = key.and_then(|key| {
            let entry = self.by_key.get(&Key(Arc::from(key)))?;
            let product = entry.opens(api, now)?;
            Some(Admission {
                subscription: Some(Arc::new(entry.context(key))),
                product,
            })
        });
        let open = || api.products.iter().find(|product| product.is_open);
        match (found, key) {
            (Some(admission), _) => Ok(admission),
            (None, _) if let Some(product) = open() => Ok(Admission {
                subscription: None,
                product: Some(Arc::clone(&product.context)),
            }),
            (None, _) if !api.subscription_required => Ok(Admission::default()),
            (None, None) => Err(SubscriptionFailure::NotFound),
            (None, Some(_)) => Err(SubscriptionFailure::Invalid),
        }
    }

    pub(crate) fn insert(&mut self, name: &Arc<str>, subscription: &Subscription) {
        let entry = Arc::new(Entry {
            name: Arc::clone(name),
            subscription: subscription.clone(),
        });
        for key in [&subscription.primary_key, &subscription.secondary_key] {
            self.by_key.insert(Key(Arc::clone(key)), Arc::clone(&entry));
        }
    }

    pub(crate) fn remove(&mut self, subscription: &Subscription) {
        for key in [&subscription.primary_key, &subscription.secondary_key] {
            self.by_key.remove(&Key(Arc::clone(key)));
        }
    }

    /// The name of the subscription that has `key`, if any: keys are unique.
    pub(crate) fn owner(&self, key: &Arc<str>) -> Option<&Arc<str>> {
        self.by_key
            .get(&Key(Arc::clone(key)))
            .map(|entry| &entry.name)
    }
}

impl Entry {
    /// The product through which it opens `api`, if any; `None` if it does not open it.
    fn opens(&self, api: &RoutedApi, now: i64) -> Option<Option<Arc<context::Product>>> {
        let subscription = &self.subscription;
        let is_in_force = subscription.state == SubscriptionState::Active
            && subscription.start.is_none_or(|start| start <= now)
            && subscription.expiration.is_none_or(|end| now < end);
        if !is_in_force {
            return None;
        }
        match &subscription.scope {
            SubscriptionScope::AllApis => Some(None),
            SubscriptionScope::Api(id) => id.eq_ignore_ascii_case(&api.context.id).then_some(None),
            SubscriptionScope::Product(id) => api
                .products
                .iter()
                .find(|product| product.context.id.eq_ignore_ascii_case(id))
                .map(|product| Some(Arc::clone(&product.context))),
        }
    }

    fn context(&self, key: &str) -> context::Subscription {
        let nanos = |seconds: i64| i128::from(seconds) * 1_000_000_000;
        context::Subscription {
            id: Arc::clone(&self.name),
            name: Arc::clone(&self.subscription.display_name),
            key: Arc::from(key),
            primary_key: Arc::clone(&self.subscription.primary_key),
            secondary_key: Arc::clone(&self.subscription.secondary_key),
            created_date: nanos(self.subscription.created),
            start_date: self.subscription.start.map(nanos),
            end_date: self.subscription.expiration.map(nanos),
        }
    }
}
