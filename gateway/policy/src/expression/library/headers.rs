//! Headers and query parameters by name.

use http::HeaderMap;

use super::arguments::{text, without_token};
use super::collections::strings;
use super::context::Outcome;
use super::full;
use super::registry::Group;
use super::urls::query_values;
use crate::expression::exception::Exception;
use crate::expression::handle::Handle;
use crate::expression::machine::Machine;
use crate::expression::value::Value;

pub(super) fn headers_of<'m>(machine: &'m Machine<'_>, which: Handle) -> Option<&'m HeaderMap> {
    match which {
        Handle::RequestHeaders => Some(&machine.context.request.headers),
        response => machine.context.response_at(response).map(|r| &r.headers),
    }
}

/// Values of a header, as text.
pub(super) fn header(machine: &Machine<'_>, which: Handle, name: &str) -> Vec<String> {
    headers_of(machine, which)
        .map(|headers| headers.get_all(name).iter().map(text_of).collect())
        .unwrap_or_default()
}

/// Header bytes are Latin-1 when they are not ASCII (RFC 9110 section 5.5); UTF-8 where it is that.
pub(crate) fn text_of(value: &http::HeaderValue) -> String {
    match std::str::from_utf8(value.as_bytes()) {
        Ok(text) => text.to_owned(),
        Err(_) => value
            .as_bytes()
            .iter()
            .map(|byte| char::from(*byte))
            .collect(),
    }
}

/// Values under a name of headers or query parameters; none if it is missing.
pub(super) fn values_of(
    machine: &mut Machine<'_>,
    args: &[Value],
) -> Result<Vec<String>, Exception> {
    machine.budget.charge(10)?;
    let Some(Value::Handle(which)) = args.first() else {
        return Err(Exception::null_reference());
    };
    let name = text(args, 1, "key")?;
    Ok(match which {
        Handle::RequestHeaders | Handle::ResponseHeaders | Handle::SentHeaders(_) => {
            header(machine, *which, name)
        }
        _ => query_values(machine, *which, name),
    })
}

/// Joined with commas; the default if there are none.
pub(super) fn joined(machine: &mut Machine<'_>, args: &[Value]) -> Outcome {
    let mut values = values_of(machine, args)?;
    match values.len() {
        0 => Ok(without_token(args).get(2).cloned().unwrap_or(Value::Null)),
        1 => Ok(values.pop().map_or(Value::Null, Value::from)),
        _ => {
            let text = values.join(",");
            machine.budget.allocate(text.len())?;
            Ok(Value::text(text))
        }
    }
}

/// The indexer of headers and query parameters: `null` for what is missing, as observed of APIM.
pub(super) fn listed(machine: &mut Machine<'_>, args: &[Value]) -> Outcome {
    let values = values_of(machine, args)?;
    if values.is_empty() {
        return Ok(Value::Null);
    }
    Ok(strings(values.iter().map(String::as_str)))
}

pub(super) fn has(machine: &mut Machine<'_>, args: &[Value]) -> Outcome {
    Ok(Value::Bool(!values_of(machine, args)?.is_empty()))
}

pub(super) static HEADERS: Group = Group {
    owner: "IHeaders",
    entries: &[
        full("string GetValueOrDefault(string headerName)", joined),
        full(
            "string GetValueOrDefault(string headerName, string defaultValue)",
            joined,
        ),
        full("string[] this[string headerName]", listed),
        full("bool ContainsKey(string headerName)", has),
    ],
};

pub(super) static QUERY: Group = Group {
    owner: "IQuery",
    entries: &[
        full(
            "string GetValueOrDefault(string queryParameterName)",
            joined,
        ),
        full(
            "string GetValueOrDefault(string queryParameterName, string defaultValue)",
            joined,
        ),
        full("string[] this[string queryParameterName]", listed),
        full("bool ContainsKey(string queryParameterName)", has),
    ],
};
