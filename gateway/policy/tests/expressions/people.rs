//! Products, users and the rest of `context` that comes with resources.

use std::sync::Arc;

use gateway_policy::context::Product;
use gateway_policy::expression::Budget;

use crate::support::World;
use crate::{Case, check, expression, request};

const PAGE: &str = "API Management policy expressions, context variable";
const NULL: &str = "policy-language.md section 4.4: null without subscription or product";

#[test]
fn without_product_and_user_they_are_null_and_reading_on_fails() {
    const CASES: &[Case] = &[
        ("@(context.Product == null)", "True", NULL),
        ("@(context.User == null)", "True", NULL),
        ("@(context.Workspace == null)", "True", PAGE),
        (
            "@(context.Request.PrivateEndpointConnection == null)",
            "True",
            PAGE,
        ),
        ("@(context.User?.Email ?? \"nobody\")", "nobody", NULL),
        ("@(context.Product?.Id ?? \"none\")", "none", NULL),
        (
            "@(context.User.Id)",
            "!System.NullReferenceException: Object reference not set to an instance of an object.",
            NULL,
        ),
        (
            "@(context.Product.Name)",
            "!System.NullReferenceException: Object reference not set to an instance of an object.",
            NULL,
        ),
        ("@(context.Api.IsCurrentRevision)", "True", PAGE),
        (
            "@(context.Api.SubscriptionKeyParameterNames.Header)",
            "Ocp-Apim-Subscription-Key",
            PAGE,
        ),
        (
            "@(context.Api.SubscriptionKeyParameterNames.Query)",
            "subscription-key",
            PAGE,
        ),
    ];
    check(CASES);
}

#[test]
fn the_members_of_a_product_are_those_of_the_documentation() {
    for (code, expected) in [
        ("@(context.Product.Id + context.Product.Name)", "goldGold"),
        ("@(context.Product.State)", "Published"),
        ("@(context.Product.State == ProductState.Published)", "True"),
        ("@(context.Product.ApprovalRequired)", "False"),
        ("@(context.Product.SubscriptionRequired)", "True"),
        ("@(context.Product.SubscriptionsLimit)", "3"),
        ("@(context.Product.SubscriptionLimit)", "3"),
        ("@(context.Product.Groups.Select(g => g.Name).Count())", "0"),
    ] {
        let mut context = request();
        context.product = Some(Arc::new(Product {
            id: "gold".into(),
            name: "Gold".into(),
            is_published: true,
            approval_required: false,
            subscription_required: true,
            subscriptions_limit: Some(3),
        }));
        let value = expression(code)
            .evaluate(&mut context, &World::default(), &mut Budget::default())
            .and_then(|value| value.to_text());
        assert_eq!(value.as_deref().ok(), Some(expected), "{code}");
    }
}
