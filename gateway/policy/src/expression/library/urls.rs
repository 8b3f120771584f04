//! `IUrl` and its query.

use percent_encoding::percent_decode_str;

use super::context::{handle, shared};
use super::full;
use super::registry::Group;
use crate::context::Url;
use crate::expression::exception::Exception;
use crate::expression::handle::Handle;
use crate::expression::machine::Machine;
use crate::expression::value::Value;

pub(super) fn url_of<'m>(machine: &'m Machine<'_>, args: &[Value]) -> Result<&'m Url, Exception> {
    let context = &machine.context;
    match args.first() {
        Some(Value::Handle(Handle::RequestUrl | Handle::RequestQuery)) => Ok(&context.request.url),
        Some(Value::Handle(Handle::OriginalUrl | Handle::OriginalQuery)) => {
            Ok(&context.request.original_url)
        }
        _ => context
            .api
            .as_ref()
            .and_then(|api| api.service_url.as_ref())
            .ok_or_else(Exception::null_reference),
    }
}

pub(super) static URL: Group = Group {
    owner: "IUrl",
    entries: &[
        full("string Scheme", |m, a| {
            url_of(m, a).map(|url| shared(&url.scheme))
        }),
        full("string Host", |m, a| {
            url_of(m, a).map(|url| shared(&url.host))
        }),
        full("int Port", |m, a| {
            url_of(m, a).map(|url| Value::Int(i32::from(url.port)))
        }),
        full("string Path", |m, a| {
            url_of(m, a).map(|url| Value::from(url.path.as_str()))
        }),
        full("string QueryString", |m, a| {
            url_of(m, a).map(|url| {
                if url.query.is_empty() {
                    Value::from("")
                } else {
                    Value::from(format!("?{}", url.query))
                }
            })
        }),
        full("IQuery Query", |_, a| {
            Ok(handle(match a.first() {
                Some(Value::Handle(Handle::RequestUrl)) => Handle::RequestQuery,
                Some(Value::Handle(Handle::OriginalUrl)) => Handle::OriginalQuery,
                _ => Handle::ServiceQuery,
            }))
        }),
        full("string ToString()", |m, a| {
            url_of(m, a).map(|url| Value::from(printed(url)))
        }),
    ],
};

/// The whole URL; the port only if it is not the scheme's.
pub(crate) fn printed(url: &Url) -> String {
    let default = matches!(
        (url.scheme.as_ref(), url.port),
        ("https", 443) | ("http", 80)
    );
    let port = if default {
        String::new()
    } else {
        format!(":{}", url.port)
    };
    let query = if url.query.is_empty() {
        String::new()
    } else {
        format!("?{}", url.query)
    };
    format!("{}://{}{port}{}{query}", url.scheme, url.host, url.path)
}

/// Names and values of a query string, decoded as forms are.
pub(crate) fn query(url: &Url) -> Vec<(String, String)> {
    let decode = |part: &str| {
        percent_decode_str(&part.replace('+', " "))
            .decode_utf8_lossy()
            .into_owned()
    };
    url.query
        .split('&')
        .filter(|pair| !pair.is_empty())
        .map(|pair| {
            let (name, value) = pair.split_once('=').unwrap_or((pair, ""));
            (decode(name), decode(value))
        })
        .collect()
}

pub(super) fn query_values(machine: &Machine<'_>, which: Handle, name: &str) -> Vec<String> {
    match url_of(machine, &[handle(which)]) {
        Ok(url) => query(url)
            .into_iter()
            .filter(|(known, _)| known.eq_ignore_ascii_case(name))
            .map(|(_, value)| value)
            .collect(),
        Err(_) => Vec::new(),
    }
}
