//! `Oid`.

use crate::expression::exception::Exception;
use crate::expression::foreign::Foreign;
use crate::expression::library::arguments::optional_text;
use crate::expression::library::pure;
use crate::expression::library::registry::Group;
use crate::expression::types::{Basic, Type};
use crate::expression::value::Value;

/// An object identifier and its friendly name, either of which may be absent.
#[derive(Debug)]
struct Oid {
    value: Option<String>,
    friendly: Option<String>,
}

impl Foreign for Oid {
    fn type_of(&self) -> Type {
        Type::Basic(Basic::Oid)
    }
}

/// Names that Windows and .NET give to what certificates are made with.
const FRIENDLY: &[(&str, &str)] = &[
    ("1.2.840.113549.1.1.1", "RSA"),
    ("1.2.840.113549.1.1.4", "md5RSA"),
    ("1.2.840.113549.1.1.5", "sha1RSA"),
    ("1.2.840.113549.1.1.10", "RSASSA-PSS"),
    ("1.2.840.113549.1.1.11", "sha256RSA"),
    ("1.2.840.113549.1.1.12", "sha384RSA"),
    ("1.2.840.113549.1.1.13", "sha512RSA"),
    ("1.2.840.10045.2.1", "ECC"),
    ("1.2.840.10045.4.1", "sha1ECDSA"),
    ("1.2.840.10045.4.3.2", "sha256ECDSA"),
    ("1.2.840.10045.4.3.3", "sha384ECDSA"),
    ("1.2.840.10045.4.3.4", "sha512ECDSA"),
    ("1.2.840.113549.2.5", "md5"),
    ("1.3.14.3.2.26", "sha1"),
    ("2.16.840.1.101.3.4.2.1", "sha256"),
    ("2.16.840.1.101.3.4.2.2", "sha384"),
    ("2.16.840.1.101.3.4.2.3", "sha512"),
];

fn friendly(value: &str) -> Option<String> {
    FRIENDLY
        .iter()
        .find(|(oid, _)| *oid == value)
        .map(|(_, name)| (*name).to_owned())
}

/// `new Oid(text)`, where the text may be a friendly name.
pub(super) fn of(text: &str) -> Value {
    let by_name = FRIENDLY
        .iter()
        .find(|(_, name)| name.eq_ignore_ascii_case(text));
    Value::foreign(match by_name {
        Some((oid, _)) => Oid {
            value: Some((*oid).to_owned()),
            friendly: friendly(oid),
        },
        None => Oid {
            value: Some(text.to_owned()),
            friendly: friendly(text),
        },
    })
}

fn this(args: &[Value]) -> Result<&Oid, Exception> {
    args.first()
        .and_then(Value::as_foreign)
        .ok_or_else(Exception::null_reference)
}

fn owned(args: &[Value], index: usize) -> Option<String> {
    optional_text(args, index).map(|text| text.as_str().to_owned())
}

fn shown(text: Option<&str>) -> Value {
    text.map_or(Value::Null, Value::from)
}

pub(super) static OID: Group = Group {
    owner: "Oid",
    entries: &[
        pure("new()", |_, _| {
            Ok(Value::foreign(Oid {
                value: None,
                friendly: None,
            }))
        }),
        pure("new(string oid)", |_, a| {
            Ok(owned(a, 0).map_or_else(
                || {
                    Value::foreign(Oid {
                        value: None,
                        friendly: None,
                    })
                },
                |text| of(&text),
            ))
        }),
        pure("new(string value, string friendlyName)", |_, a| {
            Ok(Value::foreign(Oid {
                value: owned(a, 0),
                friendly: owned(a, 1),
            }))
        }),
        pure("string Value", |_, a| Ok(shown(this(a)?.value.as_deref()))),
        pure("string FriendlyName", |_, a| {
            Ok(shown(this(a)?.friendly.as_deref()))
        }),
    ],
};
