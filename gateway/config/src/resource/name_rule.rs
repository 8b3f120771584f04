//! Which names resources may have (Microsoft.ApiManagement, path parameters of each operation).

use super::fields::Problems;
use super::{Kind, ResourcePath};

/// Characters that no name may contain.
const FORBIDDEN: &[char] = &['*', '#', '&', '+', ':', '<', '>', '?'];

/// Reports what is wrong with the last id of `path`.
pub(crate) fn check(path: &ResourcePath, problems: &Problems) {
    let name = path.name();
    let Some(most) = longest(path.kind()) else {
        return;
    };
    let length = name.chars().count();
    if length == 0 || length > most {
        problems.add(
            "name",
            format!("A name has 1 to {most} characters; this one has {length}."),
        );
    }
    if let Some(c) = name.chars().find(|c| FORBIDDEN.contains(c)) {
        problems.add("name", format!("A name must not contain `{c}`."));
    }
    if name
        .chars()
        .any(|c| c.is_control() || c == '/' || c == '\\')
    {
        problems.add(
            "name",
            "A name must not contain slashes or control characters.",
        );
    }
    if name.chars().all(|c| c == '.') && length > 0 {
        problems.add("name", "A name must not consist of dots only.");
    }
    if path.kind() == Kind::Api && name.contains(";rev=") {
        problems.add("name", "API revisions (`;rev=`) are not supported.");
    }
    if path.kind() == Kind::PolicyFragment && !is_word(&name) {
        problems.add(
            "name",
            "The name of a policy fragment consists of letters, digits, `_` and, not at its ends, `-`.",
        );
    }
    if path.kind().is_policy() && !name.eq_ignore_ascii_case("policy") {
        problems.add("name", "The name of a policy is always `policy`.");
    }
}

fn is_word(name: &str) -> bool {
    let is_word = |c: char| c.is_alphanumeric() || c == '_';
    name.chars().all(|c| is_word(c) || c == '-')
        && name.starts_with(is_word)
        && name.ends_with(is_word)
}

/// The most characters of a name; `None` for the service, whose name is configured.
const fn longest(kind: Kind) -> Option<usize> {
    match kind {
        Kind::Service => None,
        Kind::Certificate
        | Kind::Backend
        | Kind::Operation
        | Kind::Crl
        | Kind::PolicyFragment
        | Kind::Cache => Some(80),
        Kind::NamedValue
        | Kind::Api
        | Kind::GlobalPolicy
        | Kind::ApiPolicy
        | Kind::OperationPolicy
        | Kind::Subscription
        | Kind::IdentityList
        | Kind::Identity
        | Kind::Product
        | Kind::ProductApi
        | Kind::ProductPolicy
        | Kind::Logger => Some(256),
    }
}
