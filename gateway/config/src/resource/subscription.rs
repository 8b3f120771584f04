//! `subscriptions/{id}`: keys that callers present.

use std::fmt;
use std::sync::Arc;

use serde_json::Value;

/// A subscription.
#[derive(Clone)]
pub struct Subscription {
    /// What the keys open.
    pub scope: SubscriptionScope,
    /// Display name.
    pub display_name: Arc<str>,
    /// Primary key.
    pub primary_key: Arc<str>,
    /// Secondary key.
    pub secondary_key: Arc<str>,
    /// State; only `Active` opens anything.
    pub state: SubscriptionState,
    /// Creation, unix seconds.
    pub created: i64,
    /// First moment of validity, unix seconds.
    pub start: Option<i64>,
    /// Last moment of validity, unix seconds.
    pub expiration: Option<i64>,
    /// The properties as the client sent them, without keys, to be read back.
    pub properties: Value,
}

/// What a subscription's keys open.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum SubscriptionScope {
    /// Every API.
    AllApis,
    /// One API, by name.
    Api(Arc<str>),
}

/// `properties.state`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[expect(missing_docs, reason = "the contract's own words")]
pub enum SubscriptionState {
    Suspended,
    Active,
    Expired,
    Submitted,
    Rejected,
    Cancelled,
}

impl fmt::Debug for Subscription {
    /// Without keys.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Subscription")
            .field("scope", &self.scope)
            .field("state", &self.state)
            .finish_non_exhaustive()
    }
}
