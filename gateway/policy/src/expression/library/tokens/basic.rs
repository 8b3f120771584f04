//! `BasicAuthCredentials` (RFC 7617).

use base64::Engine;
use base64::engine::general_purpose::STANDARD;

use crate::expression::budget::Budget;
use crate::expression::exception::Exception;
use crate::expression::foreign::Foreign;
use crate::expression::library::arguments::optional_text;
use crate::expression::library::registry::Group;
use crate::expression::library::{full, pure};
use crate::expression::types::{Basic, Type};
use crate::expression::value::Value;

struct Credentials {
    user: String,
    password: String,
}

/// Nothing of the content: it is a secret.
impl std::fmt::Debug for Credentials {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("BasicAuthCredentials")
    }
}

impl Credentials {
    /// `Basic` and the Base64 of user and password with the first colon between them, in UTF-8.
    fn parse(header: &str) -> Option<Self> {
        let (scheme, encoded) = header.trim().split_once(' ')?;
        if !scheme.eq_ignore_ascii_case("Basic") {
            return None;
        }
        let decoded = String::from_utf8(STANDARD.decode(encoded.trim_start()).ok()?).ok()?;
        let (user, password) = decoded.split_once(':')?;
        Some(Self {
            user: user.to_owned(),
            password: password.to_owned(),
        })
    }
}

impl Foreign for Credentials {
    fn type_of(&self) -> Type {
        Type::Basic(Basic::BasicAuthCredentials)
    }
}

fn parsed(budget: &mut Budget, args: &[Value]) -> Result<Value, Exception> {
    let Some(header) = optional_text(args, 0) else {
        return Ok(Value::Null);
    };
    budget.allocate(header.len().saturating_mul(2))?;
    Ok(Credentials::parse(header).map_or(Value::Null, Value::foreign))
}

pub(super) static STRING: Group = Group {
    owner: "string",
    entries: &[
        pure("BasicAuthCredentials AsBasic()", parsed),
        full(
            "bool TryParseBasic(out BasicAuthCredentials result)",
            |machine, args| {
                let credentials = parsed(machine.budget, args)?;
                let valid = !credentials.is_null();
                machine.outs.push(credentials);
                Ok(Value::Bool(valid))
            },
        ),
    ],
};

pub(super) static CREDENTIALS: Group = Group {
    owner: "BasicAuthCredentials",
    entries: &[
        pure("string UserId", |_, args| this(args, |c| &c.user)),
        pure("string Username", |_, args| this(args, |c| &c.user)),
        pure("string Password", |_, args| this(args, |c| &c.password)),
    ],
};

fn this(args: &[Value], read: impl FnOnce(&Credentials) -> &str) -> Result<Value, Exception> {
    args.first()
        .and_then(Value::as_foreign::<Credentials>)
        .map(|credentials| Value::from(read(credentials)))
        .ok_or_else(Exception::null_reference)
}
