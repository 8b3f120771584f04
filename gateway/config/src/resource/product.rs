//! `products/{id}`: APIs that are offered together, under policies and subscriptions of their own;
//! and `products/{id}/apis/{id}`, which says that an API is in a product.

use std::sync::Arc;

use serde_json::{Map, Value, json};

use super::Body;
use super::accept::{Acceptance, Warning, wanted_properties};
use super::fields::{Fields, Problems};
use super::schema::{self, ENVELOPE, Table, effective, no_effect, read_only};

/// A product.
#[derive(Debug, Clone)]
pub struct Product {
    /// Display name.
    pub display_name: Arc<str>,
    /// Whether its APIs demand a key when they are called through it. A product that demands none and
    /// is published is *open*: requests without a key belong to it.
    pub subscription_required: bool,
    /// Whether subscriptions need to be approved; for developer portals, and policies read it.
    pub approval_required: bool,
    /// Whether it is published.
    pub is_published: bool,
    /// How many subscriptions a user may have; for developer portals, and policies read it.
    pub subscriptions_limit: Option<i32>,
    /// The properties as the client sent them, to be read back.
    pub properties: Value,
}

const PROPERTIES: Table = &[
    effective("displayName"),
    effective("description"),
    effective("terms"),
    effective("subscriptionRequired"),
    effective("state"),
    no_effect("approvalRequired"),
    no_effect("subscriptionsLimit"),
    read_only("warnings"),
];

const STATES: [(&str, bool); 2] = [("notPublished", false), ("published", true)];

pub(crate) fn accept(
    acceptance: &Acceptance<'_>,
    body: &Map<String, Value>,
    problems: &Problems,
) -> Option<Product> {
    let stored = || match acceptance.existing {
        Some(Body::Product(existing)) => to_json(existing),
        _ => Map::new(),
    };
    let properties = wanted_properties(acceptance.mode, body, stored, PROPERTIES, problems)?;
    read(&properties, problems)
}

fn read(properties: &Map<String, Value>, problems: &Problems) -> Option<Product> {
    let fields = Fields::new(properties, PROPERTIES, "", problems);
    let display_name = fields.required_text("displayName", 1, 300);
    fields.text("description", 0, 1000);
    fields.text("terms", 0, usize::MAX);
    // The contract's default, and the safe one.
    let subscription_required = fields.flag("subscriptionRequired").unwrap_or(true);
    let approval_required = fields.flag("approvalRequired").unwrap_or(false);
    let limit = fields.value("subscriptionsLimit").map(|limit| {
        let number = limit
            .as_i64()
            .and_then(|limit| i32::try_from(limit).ok())
            .filter(|limit| *limit >= 0);
        if number.is_none() {
            fields.problem(
                "subscriptionsLimit",
                format!(
                    "`subscriptionsLimit` must be a number from 0 to {}.",
                    i32::MAX
                ),
            );
        }
        number
    });
    if !subscription_required {
        for (name, is_set) in [
            ("approvalRequired", approval_required),
            ("subscriptionsLimit", limit.is_some()),
        ] {
            if is_set {
                fields.problem(
                    name,
                    format!("`{name}` needs `subscriptionRequired` to be true."),
                );
            }
        }
    }
    let state = fields.text("state", 1, 20).unwrap_or("notPublished");
    let state = STATES.iter().find(|(name, _)| *name == state);
    if state.is_none() {
        fields.problem("state", "`state` must be `notPublished` or `published`.");
    }
    Some(Product {
        display_name: Arc::from(display_name?),
        subscription_required,
        approval_required,
        is_published: state?.1,
        subscriptions_limit: match limit {
            Some(limit) => Some(limit?),
            None => None,
        },
        properties: Value::Object(schema::to_keep(properties, PROPERTIES, &[])),
    })
}

/// `properties` as clients read them.
pub(crate) fn render(product: &Product) -> Map<String, Value> {
    let mut properties = to_json(product);
    properties.insert(
        "subscriptionRequired".to_owned(),
        json!(product.subscription_required),
    );
    if product.subscription_required {
        properties.insert(
            "approvalRequired".to_owned(),
            json!(product.approval_required),
        );
    }
    let state = STATES.iter().find(|(_, is)| *is == product.is_published);
    properties.insert("state".to_owned(), json!(state.map(|(name, _)| *name)));
    properties
}

pub(crate) fn to_json(product: &Product) -> Map<String, Value> {
    product.properties.as_object().cloned().unwrap_or_default()
}

pub(crate) fn from_json(stored: &Map<String, Value>, problems: &Problems) -> Option<Product> {
    read(stored, problems)
}

pub(crate) fn warnings(product: &Product) -> Vec<Warning> {
    let mut warnings = Vec::new();
    if let Some(properties) = product.properties.as_object() {
        schema::warn(properties, PROPERTIES, "", &mut warnings);
    }
    if !product.subscription_required && product.is_published {
        warnings.push(Warning::new(
            "OpenProduct",
            "The product demands no subscription: its APIs answer requests without a key.",
        ));
    }
    warnings
}

/// The body of `products/{id}/apis/{id}`: there is nothing to say, so that clients may send nothing,
/// or the API as they read it.
pub(crate) fn accept_link(body: &Map<String, Value>, problems: &Problems) -> Option<()> {
    Fields::new(body, ENVELOPE, "", problems);
    Some(())
}
