//! `subscriptions/{id}`: keys that callers present.

use std::fmt;
use std::sync::Arc;

use serde_json::{Map, Value, json};

use super::accept::{Acceptance, FieldProblem, Mode, Warning, wanted_properties};
use super::fields::{Fields, Problems};
use super::schema::{self, Table, effective, no_effect, read_only};
use super::{Body, moment, thumbprint};
use crate::change::KeyName;

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
    /// The APIs of one product, by name.
    Product(Arc<str>),
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

impl SubscriptionState {
    const ALL: [(&'static str, Self); 6] = [
        ("suspended", Self::Suspended),
        ("active", Self::Active),
        ("expired", Self::Expired),
        ("submitted", Self::Submitted),
        ("rejected", Self::Rejected),
        ("cancelled", Self::Cancelled),
    ];

    /// The contract's word.
    #[must_use]
    pub fn name(self) -> &'static str {
        Self::ALL
            .iter()
            .find(|(_, state)| *state == self)
            .map_or("", |(name, _)| name)
    }
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

const PROPERTIES: Table = &[
    effective("scope"),
    effective("displayName"),
    effective("primaryKey"),
    effective("secondaryKey"),
    effective("state"),
    effective("startDate"),
    effective("expirationDate"),
    effective("stateComment"),
    effective("ownerId"),
    no_effect("allowTracing"),
    no_effect("appType"),
    read_only("createdDate"),
    read_only("endDate"),
    read_only("notificationDate"),
    read_only("warnings"),
];

const KEYS: &[&str] = &["primaryKey", "secondaryKey"];

pub(crate) fn accept(
    acceptance: &Acceptance<'_>,
    body: &Map<String, Value>,
    problems: &Problems,
) -> Option<Subscription> {
    let existing = match acceptance.existing {
        Some(Body::Subscription(existing)) => Some(existing),
        _ => None,
    };
    let stored = || existing.map(with_keys).unwrap_or_default();
    let mut properties = wanted_properties(acceptance.mode, body, stored, PROPERTIES, problems)?;
    if acceptance.mode == Mode::Put {
        // Keys are never read back, so a PUT of what a GET gave has none: they stay.
        for (name, value) in existing.map(with_keys).into_iter().flatten() {
            if KEYS.contains(&name.as_str()) && properties.get(&name).is_none_or(Value::is_null) {
                properties.insert(name, value);
            }
        }
    }
    for name in KEYS {
        if properties.get(*name).is_none_or(Value::is_null) {
            match new_key() {
                Ok(key) => properties.insert((*name).to_owned(), json!(&*key)),
                Err(reason) => {
                    problems.add(*name, reason);
                    return None;
                }
            };
        }
    }
    let created = existing.map_or(acceptance.now, |existing| existing.created);
    read(&properties, created, problems)
}

fn read(
    properties: &Map<String, Value>,
    created: i64,
    problems: &Problems,
) -> Option<Subscription> {
    let fields = Fields::new(properties, PROPERTIES, "", problems);
    let scope = fields
        .required_text("scope", 1, 2000)
        .and_then(|scope| read_scope(scope, &fields));
    let display_name = fields.required_text("displayName", 1, 100);
    let primary_key = read_key(&fields, "primaryKey");
    let secondary_key = read_key(&fields, "secondaryKey");
    if primary_key.is_some() && primary_key == secondary_key {
        fields.problem("secondaryKey", "The keys must differ.");
    }
    // The contract's default: somebody still has to activate it.
    let state = fields.text("state", 1, 20).unwrap_or("submitted");
    let state = SubscriptionState::ALL
        .iter()
        .find(|(name, _)| *name == state)
        .map(|(_, state)| *state);
    if state.is_none() {
        let names = SubscriptionState::ALL.map(|(name, _)| name).join(", ");
        fields.problem("state", format!("`state` must be one of {names}."));
    }
    fields.text("stateComment", 0, 2000);
    fields.text("ownerId", 1, 2000);
    let start = fields.moment("startDate");
    let expiration = fields.moment("expirationDate");
    Some(Subscription {
        scope: scope?,
        display_name: Arc::from(display_name?),
        primary_key: primary_key?,
        secondary_key: secondary_key?,
        state: state?,
        created,
        start,
        expiration,
        properties: Value::Object(schema::to_keep(properties, PROPERTIES, KEYS)),
    })
}

fn read_key(fields: &Fields<'_>, name: &str) -> Option<Arc<str>> {
    let key = fields.text(name, 1, 256)?;
    if !key.bytes().all(|b| b.is_ascii_graphic()) {
        fields.problem(
            name,
            "A key consists of visible ASCII characters, because it travels in a header.",
        );
        return None;
    }
    Some(Arc::from(key))
}

/// `/apis`, `/apis/{id}`, `/products/{id}`, or the full ids of these.
fn read_scope(scope: &str, fields: &Fields<'_>) -> Option<SubscriptionScope> {
    let segments: Vec<&str> = scope
        .split('/')
        .filter(|segment| !segment.is_empty())
        .collect();
    let is = |segment: &str, word: &str| segment.eq_ignore_ascii_case(word);
    let read = match segments.as_slice() {
        [.., apis] if is(apis, "apis") => Some(SubscriptionScope::AllApis),
        [.., apis, id] if is(apis, "apis") => Some(SubscriptionScope::Api(Arc::from(*id))),
        [.., products, id] if is(products, "products") => {
            Some(SubscriptionScope::Product(Arc::from(*id)))
        }
        _ => None,
    };
    if read.is_none() {
        fields.problem(
            "scope",
            "`scope` must be `/apis` (all APIs), `/apis/{id}` or `/products/{id}`.",
        );
    }
    read
}

/// A new key: 128 random bits in hexadecimal, as the contract's service makes them.
fn new_key() -> Result<Arc<str>, String> {
    let bytes: [u8; 16] = gateway_tls::random::bytes().map_err(|error| error.to_string())?;
    Ok(Arc::from(thumbprint::print(&bytes).to_ascii_lowercase()))
}

impl Subscription {
    /// The subscription with a new key in place of `which`.
    ///
    /// # Errors
    ///
    /// If there is no randomness.
    pub fn with_new_key(&self, which: KeyName) -> Result<Self, FieldProblem> {
        let (name, place): (&str, fn(&mut Self) -> &mut Arc<str>) = match which {
            KeyName::Primary => ("primaryKey", |subscription| &mut subscription.primary_key),
            KeyName::Secondary => ("secondaryKey", |subscription| {
                &mut subscription.secondary_key
            }),
        };
        let mut changed = self.clone();
        *place(&mut changed) = new_key().map_err(|reason| FieldProblem::new(name, reason))?;
        Ok(changed)
    }
}

/// `properties` as clients read them: without keys.
pub(crate) fn render(subscription: &Subscription) -> Map<String, Value> {
    let mut properties = subscription
        .properties
        .as_object()
        .cloned()
        .unwrap_or_default();
    properties.insert("state".to_owned(), json!(subscription.state.name()));
    properties.insert(
        "createdDate".to_owned(),
        json!(moment::print(subscription.created)),
    );
    properties
}

/// The answer to `listSecrets`.
pub(crate) fn secrets(subscription: &Subscription) -> Value {
    json!({ "primaryKey": &*subscription.primary_key, "secondaryKey": &*subscription.secondary_key })
}

pub(crate) fn warnings(subscription: &Subscription) -> Vec<Warning> {
    let mut warnings = Vec::new();
    if let Some(properties) = subscription.properties.as_object() {
        schema::warn(properties, PROPERTIES, "", &mut warnings);
    }
    warnings
}

fn with_keys(subscription: &Subscription) -> Map<String, Value> {
    let mut properties = subscription
        .properties
        .as_object()
        .cloned()
        .unwrap_or_default();
    properties.insert("primaryKey".to_owned(), json!(&*subscription.primary_key));
    properties.insert(
        "secondaryKey".to_owned(),
        json!(&*subscription.secondary_key),
    );
    properties
}

pub(crate) fn to_json(subscription: &Subscription) -> Map<String, Value> {
    let mut stored = Map::new();
    stored.insert(
        "properties".to_owned(),
        Value::Object(with_keys(subscription)),
    );
    stored.insert("created".to_owned(), json!(subscription.created));
    stored
}

pub(crate) fn from_json(stored: &Map<String, Value>, problems: &Problems) -> Option<Subscription> {
    let created = stored.get("created")?.as_i64()?;
    read(stored.get("properties")?.as_object()?, created, problems)
}
