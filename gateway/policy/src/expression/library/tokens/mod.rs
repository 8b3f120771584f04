//! Tokens and credentials in strings: `Jwt`, `BasicAuthCredentials`, `Authorization`.

mod basic;
pub(crate) mod claims;
pub(crate) mod jwt;

use super::pure;
use super::registry::Group;
use crate::expression::exception::Exception;

pub(super) static GROUPS: &[&Group] = &[
    &jwt::JWT,
    &jwt::STRING,
    &claims::CLAIMS,
    &basic::STRING,
    &basic::CREDENTIALS,
    &AUTHORIZATION,
];

/// What `get-authorization-context` would put into a variable. That policy is refused, so no value
/// has this type; documents that name it in a cast compile, and the cast fails.
static AUTHORIZATION: Group = Group {
    owner: "Authorization",
    entries: &[
        pure(
            "string AccessToken",
            |_, _| Err(Exception::null_reference()),
        ),
        pure("IReadOnlyDictionary<string,object> Claims", |_, _| {
            Err(Exception::null_reference())
        }),
    ],
};
