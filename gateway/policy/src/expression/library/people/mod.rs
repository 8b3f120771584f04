//! Products, users and the rest of `context` that comes with resources.

mod products;
mod users;

use super::registry::Group;

pub(super) static GROUPS: &[&Group] = &[
    &products::CONTEXT,
    &products::PRODUCT,
    &products::API,
    &products::KEY_NAMES,
    &users::CONTEXT,
    &users::USER,
    &users::GROUP,
    &users::IDENTITY,
    &users::WORKSPACE,
    &users::REQUEST,
    &users::PRIVATE_ENDPOINT,
];
