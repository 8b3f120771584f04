//! The product a request came through, and what an API says of its subscription keys.

use crate::context::Product;
use crate::expression::exception::Exception;
use crate::expression::handle::Handle;
use crate::expression::library::context::{Outcome, api, handle, present, shared};
use crate::expression::library::full;
use crate::expression::library::registry::Group;
use crate::expression::machine::Machine;
use crate::expression::object::Object;
use crate::expression::types::{Basic, Enumeration, Type};
use crate::expression::value::Value;

pub(super) static CONTEXT: Group = Group {
    owner: "IProxyRequestContext",
    entries: &[full("IProduct Product", |m, _| {
        present(m.context.product.is_some(), Handle::Product)
    })],
};

fn product(machine: &Machine<'_>, read: impl FnOnce(&Product) -> Value) -> Outcome {
    machine
        .context
        .product
        .as_ref()
        .map(|product| read(product))
        .ok_or_else(Exception::null_reference)
}

fn limit(machine: &mut Machine<'_>, _: &[Value]) -> Outcome {
    product(machine, |p| {
        p.subscriptions_limit.map_or(Value::Null, Value::Int)
    })
}

pub(super) static PRODUCT: Group = Group {
    owner: "IProduct",
    entries: &[
        full("string Id", |m, _| product(m, |p| shared(&p.id))),
        full("string Name", |m, _| product(m, |p| shared(&p.name))),
        full("bool ApprovalRequired", |m, _| {
            product(m, |p| Value::Bool(p.approval_required))
        }),
        full("bool SubscriptionRequired", |m, _| {
            product(m, |p| Value::Bool(p.subscription_required))
        }),
        // The documentation has one name, Microsoft's policy toolkit the other.
        full("int? SubscriptionsLimit", limit),
        full("int? SubscriptionLimit", limit),
        full("ProductState State", |m, _| {
            product(m, |p| {
                Value::Enum(Enumeration::ProductState, i32::from(p.is_published))
            })
        }),
        // Groups are made of users: there are none.
        full("IEnumerable<IGroup> Groups", |m, _| {
            product(m, |_| {
                Value::object(Object::array(Type::Basic(Basic::UserGroup), Vec::new()))
            })
        }),
    ],
};

pub(super) static API: Group = Group {
    owner: "IApi",
    entries: &[
        // Other revisions than the current one are refused when they are saved.
        full("bool IsCurrentRevision", |m, _| {
            api(m, |_| Value::Bool(true))
        }),
        full(
            "ISubscriptionKeyParameterNames SubscriptionKeyParameterNames",
            |m, _| api(m, |_| handle(Handle::SubscriptionKeyNames)),
        ),
    ],
};

pub(super) static KEY_NAMES: Group = Group {
    owner: "ISubscriptionKeyParameterNames",
    entries: &[
        full("string Header", |m, _| {
            api(m, |api| shared(&api.key_header))
        }),
        full("string Query", |m, _| api(m, |api| shared(&api.key_query))),
    ],
};
