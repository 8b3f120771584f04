//! Members of `System.Uri`, and `IUrl.ToUri()`.

use super::escaping::{relative, unescape};
use super::uri::{Absolute, HostKind, check_host, is_scheme};
use super::uri_reference::{Reference, Wanted, make_relative, reference, refused};
use crate::expression::budget::Budget;
use crate::expression::exception::Exception;
use crate::expression::key::equals;
use crate::expression::library::arguments::{int, optional_text, text, value};
use crate::expression::library::registry::Group;
use crate::expression::library::{collections, full, pure, urls};
use crate::expression::machine::Machine;
use crate::expression::types::Enumeration;
use crate::expression::value::Value;

type Outcome = Result<Value, Exception>;

pub(super) static URL: Group = Group {
    owner: "IUrl",
    entries: &[full("Uri ToUri()", |machine, args| {
        let printed = urls::printed(urls::url_of(machine, args)?);
        pay(machine.budget, printed.len())?;
        Reference::parse(&printed, Wanted::Absolute)
            .map(Value::foreign)
            .map_err(refused)
    })],
};

pub(super) static URI: Group = Group {
    owner: "Uri",
    entries: &[
        pure("new(string uriString)", |budget, args| {
            make(budget, args, Wanted::Absolute)
        }),
        pure("new(string uriString, UriKind uriKind)", |budget, args| {
            make(budget, args, wanted(args, 1))
        }),
        pure("new(Uri baseUri, string relativeUri)", |budget, args| {
            let text = optional_text(args, 1).map_or("", |text| text);
            combined(budget, args, text)?.ok_or_else(relative)
        }),
        pure("new(Uri baseUri, Uri relativeUri)", |budget, args| {
            let other = reference(args.get(1))?.original.clone();
            combined(budget, args, &other)?.ok_or_else(relative)
        }),
        full(
            "static bool TryCreate(string uriString, UriKind uriKind, out Uri result)",
            |machine, args| {
                let made = optional_text(args, 0)
                    .map(|_| make(machine.budget, args, wanted(args, 1)))
                    .unwrap_or(Ok(Value::Null));
                tried(machine, made)
            },
        ),
        full(
            "static bool TryCreate(Uri baseUri, string relativeUri, out Uri result)",
            |machine, args| {
                let made = match optional_text(args, 1) {
                    Some(text) if !value(args, 0).is_null() => {
                        combined(machine.budget, args, text).map(|made| made.unwrap_or(Value::Null))
                    }
                    _ => Ok(Value::Null),
                };
                tried(machine, made)
            },
        ),
        pure(
            "static bool IsWellFormedUriString(string uriString, UriKind uriKind)",
            |budget, args| {
                let Some(source) = optional_text(args, 0) else {
                    return Ok(Value::Bool(false));
                };
                pay(budget, source.len())?;
                Ok(Value::Bool(
                    Reference::parse(source, wanted(args, 1)).is_ok_and(|uri| uri.is_well_formed()),
                ))
            },
        ),
        pure(
            "static bool CheckSchemeName(string schemeName)",
            |_, args| {
                Ok(Value::Bool(
                    optional_text(args, 0).is_some_and(|text| is_scheme(text)),
                ))
            },
        ),
        pure(
            "static UriHostNameType CheckHostName(string name)",
            |_, args| {
                let kind = optional_text(args, 0).map_or(HostKind::None, |text| check_host(text));
                Ok(host_name_type(kind, true))
            },
        ),
        pure("static string UriSchemeHttp", |_, _| {
            Ok(Value::from("http"))
        }),
        pure("static string UriSchemeHttps", |_, _| {
            Ok(Value::from("https"))
        }),
        pure("static string UriSchemeFtp", |_, _| Ok(Value::from("ftp"))),
        pure("static string UriSchemeFile", |_, _| {
            Ok(Value::from("file"))
        }),
        pure("static string UriSchemeMailto", |_, _| {
            Ok(Value::from("mailto"))
        }),
        pure("static string SchemeDelimiter", |_, _| {
            Ok(Value::from("://"))
        }),
        pure("bool IsAbsoluteUri", |_, args| {
            Ok(Value::Bool(reference(args.first())?.absolute.is_some()))
        }),
        pure("string OriginalString", |_, args| {
            Ok(Value::from(reference(args.first())?.original.as_str()))
        }),
        pure("string AbsoluteUri", |b, a| shown(b, a, Absolute::printed)),
        pure("string AbsolutePath", |b, a| {
            shown(b, a, |uri| uri.path.clone())
        }),
        pure("string LocalPath", |b, a| {
            shown(b, a, |uri| unescape(&uri.path, |_| true))
        }),
        pure("string Query", |b, a| shown(b, a, |uri| uri.query.clone())),
        pure("string Fragment", |b, a| {
            shown(b, a, |uri| uri.fragment.clone())
        }),
        pure("string PathAndQuery", |b, a| {
            shown(b, a, |uri| format!("{}{}", uri.path, uri.query))
        }),
        pure("string Scheme", |b, a| {
            shown(b, a, |uri| uri.scheme.clone())
        }),
        pure("string Host", |b, a| shown(b, a, |uri| uri.host.clone())),
        pure("string DnsSafeHost", |b, a| {
            shown(b, a, |uri| uri.host.replace(['[', ']'], ""))
        }),
        pure("string Authority", |b, a| {
            shown(b, a, Absolute::host_and_port)
        }),
        pure("string UserInfo", |b, a| {
            shown(b, a, |uri| uri.user_info.clone())
        }),
        pure("int Port", |_, a| Ok(Value::Int(absolute(a)?.port))),
        pure("bool IsDefaultPort", |_, a| {
            Ok(Value::Bool(absolute(a)?.is_default_port()))
        }),
        pure("bool IsFile", |_, a| {
            Ok(Value::Bool(absolute(a)?.scheme == "file"))
        }),
        pure("bool IsLoopback", |_, a| {
            let host = &absolute(a)?.host;
            let address = host.trim_matches(['[', ']']).parse::<std::net::IpAddr>();
            Ok(Value::Bool(
                host == "localhost" || address.is_ok_and(|address| address.is_loopback()),
            ))
        }),
        pure("UriHostNameType HostNameType", |_, a| {
            Ok(host_name_type(absolute(a)?.host_kind, false))
        }),
        pure("string[] Segments", |budget, a| {
            let uri = absolute(a)?;
            budget.allocate(uri.path.len().saturating_mul(8))?;
            Ok(collections::strings(uri.path.split_inclusive('/')))
        }),
        pure("string GetLeftPart(UriPartial part)", |b, a| {
            let part = int(a, 1);
            shown(b, a, |uri| match part {
                0 => {
                    let slashes = if uri.authority { "//" } else { "" };
                    format!("{}:{slashes}", uri.scheme)
                }
                1 if !uri.authority => String::new(),
                1 => uri.origin(),
                2 => format!("{}{}", uri.origin(), uri.path),
                _ => format!("{}{}{}", uri.origin(), uri.path, uri.query),
            })
        }),
        pure("Uri MakeRelativeUri(Uri uri)", |budget, a| {
            let to = reference(a.get(1))?;
            pay(budget, to.original.len())?;
            let source = make_relative(absolute(a)?, to).unwrap_or_else(|| to.original.clone());
            Reference::parse(&source, Wanted::Either)
                .map(Value::foreign)
                .map_err(refused)
        }),
        pure("bool IsBaseOf(Uri uri)", |_, a| {
            let (base, other) = (absolute(a)?, reference(a.get(1))?);
            let folder = base.path.rfind('/').and_then(|at| base.path.get(..=at));
            Ok(Value::Bool(match &other.absolute {
                Some(other) => {
                    (&base.scheme, &base.host, base.port)
                        == (&other.scheme, &other.host, other.port)
                        && other.path.starts_with(folder.unwrap_or_default())
                }
                None => true,
            }))
        }),
        pure("bool IsWellFormedOriginalString()", |_, a| {
            Ok(Value::Bool(reference(a.first())?.is_well_formed()))
        }),
        pure("bool Equals(Uri comparand)", |_, a| {
            Ok(Value::Bool(equals(&value(a, 0), &value(a, 1))))
        }),
    ],
};

/// Parsing reads and copies a text a few times.
fn pay(budget: &mut Budget, length: usize) -> Result<(), Exception> {
    budget.allocate(length.saturating_mul(8))
}

fn wanted(args: &[Value], index: usize) -> Wanted {
    match int(args, index) {
        0 => Wanted::Either,
        1 => Wanted::Absolute,
        _ => Wanted::Relative,
    }
}

fn make(budget: &mut Budget, args: &[Value], wanted: Wanted) -> Outcome {
    let source = text(args, 0, "uriString")?;
    pay(budget, source.len())?;
    Reference::parse(source, wanted)
        .map(Value::foreign)
        .map_err(refused)
}

/// `relative` seen from the URI at argument 0; `None` if that one is relative itself.
fn combined(
    budget: &mut Budget,
    args: &[Value],
    relative: &str,
) -> Result<Option<Value>, Exception> {
    let base = reference(args.first()).map_err(|_| Exception::argument_null("baseUri"))?;
    pay(budget, base.original.len().saturating_add(relative.len()))?;
    let Some(base) = &base.absolute else {
        return Ok(None);
    };
    Reference::resolve(base, relative)
        .map(|uri| Some(Value::foreign(uri)))
        .map_err(refused)
}

/// The `out` and the result of a `TryCreate`; an overrun budget still ends the evaluation.
fn tried(machine: &mut Machine<'_>, made: Outcome) -> Outcome {
    let uri = match made {
        Err(exception) if exception.is_budget() => return Err(exception),
        made => made.unwrap_or(Value::Null),
    };
    let valid = !uri.is_null();
    machine.outs.push(uri);
    Ok(Value::Bool(valid))
}

fn absolute(args: &[Value]) -> Result<&Absolute, Exception> {
    reference(args.first())?
        .absolute
        .as_ref()
        .ok_or_else(relative)
}

fn shown(budget: &mut Budget, args: &[Value], read: impl FnOnce(&Absolute) -> String) -> Outcome {
    let text = read(absolute(args)?);
    budget.allocate(text.len())?;
    Ok(Value::from(text))
}

fn host_name_type(kind: HostKind, checked: bool) -> Value {
    let number = match kind {
        HostKind::None if checked => 0,
        HostKind::None => 1,
        HostKind::Dns => 2,
        HostKind::V4 => 3,
        HostKind::V6 => 4,
    };
    Value::Enum(Enumeration::UriHostNameType, number)
}
