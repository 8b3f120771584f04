//! `Jwt`: what a token says, without asking whether it is true. Signatures are `validate-jwt`'s.

use std::sync::Arc;

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde_json::{Map, Value as Json};

use super::claims::{dictionary, values_of};
use crate::expression::budget::Budget;
use crate::expression::exception::Exception;
use crate::expression::foreign::Foreign;
use crate::expression::library::arguments::optional_text;
use crate::expression::library::collections::strings;
use crate::expression::library::registry::Group;
use crate::expression::library::{full, pure};
use crate::expression::object::Object;
use crate::expression::time::{DateTime, Kind, MAX_TICKS, SECOND, UNIX_EPOCH};
use crate::expression::types::{Basic, Type};
use crate::expression::value::Value;

/// A JSON Web Token in compact serialisation (RFC 7519 section 3, RFC 7515 section 3.1).
///
/// Make one with [`Jwt::parse`], or of checked parts with [`Jwt::new`], and store it in a variable
/// as `Value::foreign(jwt)`.
pub(crate) struct Jwt {
    algorithm: Option<String>,
    kind: Option<String>,
    audiences: Vec<String>,
    id: Option<String>,
    issuer: Option<String>,
    subject: Option<String>,
    expiration_time: Option<DateTime>,
    issued_at: Option<DateTime>,
    not_before: Option<DateTime>,
    /// `Dictionary<string, string[]>`.
    claims: Value,
}

/// Nothing of the content: claims are personal.
impl std::fmt::Debug for Jwt {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Jwt")
    }
}

impl Jwt {
    /// Header and claims of a token, whose signature is not looked at. `None` if the text is no
    /// signed (or unsecured) token; encrypted tokens cannot be read. A scheme `Bearer` before the
    /// token is skipped, as documents give the whole header.
    pub(crate) fn parse(source: &str) -> Option<Self> {
        let source = source.trim();
        let token = match source.split_once(' ') {
            Some((scheme, rest)) if scheme.eq_ignore_ascii_case("Bearer") => rest.trim_start(),
            _ => source,
        };
        let mut parts = token.split('.');
        let (header, payload, signature) = (parts.next()?, parts.next()?, parts.next()?);
        if parts.next().is_some() || URL_SAFE_NO_PAD.decode(signature).is_err() {
            return None;
        }
        Some(Self::new(&object(header)?, &object(payload)?))
    }

    /// A token of its decoded header and claims.
    pub(crate) fn new(header: &Map<String, Json>, payload: &Map<String, Json>) -> Self {
        let text = |of: &Map<String, Json>, name: &str| {
            of.get(name).and_then(Json::as_str).map(str::to_owned)
        };
        Self {
            algorithm: text(header, "alg"),
            kind: text(header, "typ"),
            audiences: payload.get("aud").map(values_of).unwrap_or_default(),
            id: text(payload, "jti"),
            issuer: text(payload, "iss"),
            subject: text(payload, "sub"),
            expiration_time: payload.get("exp").and_then(numeric_date),
            issued_at: payload.get("iat").and_then(numeric_date),
            not_before: payload.get("nbf").and_then(numeric_date),
            claims: dictionary(payload),
        }
    }
}

fn object(part: &str) -> Option<Map<String, Json>> {
    let bytes = URL_SAFE_NO_PAD.decode(part).ok()?;
    serde_json::from_slice(&bytes).ok()
}

/// Seconds since 1970 (RFC 7519 section 2), also as a string of them; clamped to what .NET can hold.
fn numeric_date(claim: &Json) -> Option<DateTime> {
    let seconds = match claim {
        Json::Number(number) => number.as_i64().or_else(|| {
            #[expect(
                clippy::cast_possible_truncation,
                reason = "fractions are dropped and the cast saturates"
            )]
            number.as_f64().map(|seconds| seconds as i64)
        })?,
        Json::String(text) => text.parse().ok()?,
        _ => return None,
    };
    let ticks = seconds.saturating_mul(SECOND).saturating_add(UNIX_EPOCH);
    Some(DateTime {
        ticks: ticks.clamp(0, MAX_TICKS),
        kind: Kind::Utc,
    })
}

impl Foreign for Jwt {
    fn type_of(&self) -> Type {
        Type::Basic(Basic::Jwt)
    }

    fn visit_objects(&self, visit: &mut dyn FnMut(&Arc<Object>) -> bool) -> bool {
        match &self.claims {
            Value::Object(claims) => visit(claims),
            _ => true,
        }
    }

    fn take_children(&mut self, into: &mut Vec<Value>) {
        into.push(std::mem::replace(&mut self.claims, Value::Null));
    }
}

fn parsed(budget: &mut Budget, args: &[Value]) -> Result<Value, Exception> {
    let Some(source) = optional_text(args, 0) else {
        return Ok(Value::Null);
    };
    // Decoded JSON and a dictionary of it.
    budget.allocate(source.len().saturating_mul(8))?;
    Ok(Jwt::parse(source).map_or(Value::Null, Value::foreign))
}

pub(super) static STRING: Group = Group {
    owner: "string",
    entries: &[
        pure("Jwt AsJwt()", parsed),
        full("bool TryParseJwt(out Jwt result)", |machine, args| {
            let jwt = parsed(machine.budget, args)?;
            let valid = !jwt.is_null();
            machine.outs.push(jwt);
            Ok(Value::Bool(valid))
        }),
    ],
};

pub(super) static JWT: Group = Group {
    owner: "Jwt",
    entries: &[
        pure("string Algorithm", |_, a| {
            this(a, |jwt| shown(&jwt.algorithm))
        }),
        pure("string Type", |_, a| this(a, |jwt| shown(&jwt.kind))),
        pure("string Id", |_, a| this(a, |jwt| shown(&jwt.id))),
        pure("string Issuer", |_, a| this(a, |jwt| shown(&jwt.issuer))),
        pure("string Subject", |_, a| this(a, |jwt| shown(&jwt.subject))),
        pure("IEnumerable<string> Audiences", |_, a| {
            this(a, |jwt| strings(jwt.audiences.iter().map(String::as_str)))
        }),
        pure("DateTime? ExpirationTime", |_, a| {
            this(a, |jwt| date(jwt.expiration_time))
        }),
        pure("DateTime? IssuedAt", |_, a| {
            this(a, |jwt| date(jwt.issued_at))
        }),
        pure("DateTime? NotBefore", |_, a| {
            this(a, |jwt| date(jwt.not_before))
        }),
        pure("IClaims Claims", |_, a| this(a, |jwt| jwt.claims.clone())),
    ],
};

fn this(args: &[Value], read: impl FnOnce(&Jwt) -> Value) -> Result<Value, Exception> {
    args.first()
        .and_then(Value::as_foreign::<Jwt>)
        .map(read)
        .ok_or_else(Exception::null_reference)
}

fn shown(text: &Option<String>) -> Value {
    text.as_deref().map_or(Value::Null, Value::from)
}

fn date(time: Option<DateTime>) -> Value {
    time.map_or(Value::Null, Value::DateTime)
}
