//! `context.Variables`, and parts of `context` as dictionaries.

use std::sync::Arc;

use super::arguments::{text, token, without_token};
use super::collections::strings;
use super::context::{Outcome, handle, shared};
use super::headers::{header, headers_of, listed};
use super::registry::Group;
use super::urls::{query, url_of};
use super::{certificates, full};
use crate::expression::exception::Exception;
use crate::expression::handle::Handle;
use crate::expression::machine::Machine;
use crate::expression::types::{Type, is_instance, type_of};
use crate::expression::value::Value;

/// What is not here is inherited from the dictionary.
pub(super) static PARAMETERS: Group = Group {
    owner: "IMatchedParameters",
    entries: &[],
};

pub(super) static VARIABLES: Group = Group {
    owner: "IVariables",
    entries: &[
        full("object GetValueOrDefault(string variableName)", |m, a| {
            Ok(variable(m, a)?.unwrap_or(Value::Null))
        }),
        full(
            "T GetValueOrDefault<T>(string variableName)",
            typed_variable,
        ),
        full(
            "T GetValueOrDefault<T>(string variableName, T defaultValue)",
            typed_variable,
        ),
    ],
};

pub(super) fn variable(machine: &Machine<'_>, args: &[Value]) -> Result<Option<Value>, Exception> {
    let name = text(args, 1, "key")?;
    Ok(machine.context.variables.get(name.as_str()).cloned())
}

/// The variable as `T`; another type throws, as the documentation says.
pub(super) fn typed_variable(machine: &mut Machine<'_>, args: &[Value]) -> Outcome {
    let wanted = token(args);
    match variable(machine, args)? {
        Some(found) => {
            let fits = match found {
                Value::Null => !wanted.is_value_type(),
                ref other => is_instance(other, &wanted),
            };
            if fits {
                Ok(found)
            } else {
                let from = type_of(&found).map(|ty| ty.full_name()).unwrap_or_default();
                if found.is_null() {
                    return Err(Exception::null_reference());
                }
                Err(Exception::invalid_cast(&from, &wanted.full_name()))
            }
        }
        None => Ok(match without_token(args).get(2) {
            Some(default) => default.clone(),
            None => super::linq::default_value(&wanted),
        }),
    }
}

/// One value of a part of `context` that is a dictionary.
pub(super) fn lookup(
    machine: &mut Machine<'_>,
    which: Handle,
    key: &Value,
) -> Result<Option<Value>, Exception> {
    machine.budget.charge(5)?;
    let Value::Text(name) = key else {
        return Ok(None);
    };
    Ok(match which {
        Handle::Variables => machine.context.variables.get(name.as_str()).cloned(),
        Handle::Certificates => certificates::find(machine, name).map(Value::Certificate),
        Handle::MatchedParameters => machine
            .context
            .request
            .matched_parameters
            .iter()
            .find(|(known, _)| known.eq_ignore_ascii_case(name))
            .map(|(_, value)| Value::from(value.as_str())),
        _ => match listed(machine, &[handle(which), key.clone()])? {
            Value::Null => None,
            found => Some(found),
        },
    })
}

/// All of a part of `context` that is a dictionary.
pub(super) fn pairs(
    machine: &mut Machine<'_>,
    which: Handle,
) -> Result<Vec<(Value, Value)>, Exception> {
    Ok(match which {
        Handle::Variables => machine
            .context
            .variables
            .iter()
            .map(|(name, value)| (shared(name), value.clone()))
            .collect(),
        Handle::Certificates => certificates::pairs(machine),
        Handle::MatchedParameters => machine
            .context
            .request
            .matched_parameters
            .iter()
            .map(|(name, value)| (shared(name), Value::from(value.as_str())))
            .collect(),
        Handle::RequestHeaders | Handle::ResponseHeaders | Handle::SentHeaders(_) => {
            let names: Vec<String> = headers_of(machine, which)
                .map(|headers| headers.keys().map(ToString::to_string).collect())
                .unwrap_or_default();
            names
                .into_iter()
                .map(|name| {
                    let values = header(machine, which, &name);
                    (
                        Value::from(name),
                        strings(values.iter().map(String::as_str)),
                    )
                })
                .collect()
        }
        Handle::RequestQuery | Handle::OriginalQuery | Handle::ServiceQuery => {
            let mut grouped: indexmap::IndexMap<String, Vec<String>> = indexmap::IndexMap::new();
            for (name, value) in query(url_of(machine, &[handle(which)])?) {
                grouped.entry(name).or_default().push(value);
            }
            grouped
                .into_iter()
                .map(|(name, values)| {
                    (
                        Value::from(name),
                        strings(values.iter().map(String::as_str)),
                    )
                })
                .collect()
        }
        _ => return Err(Exception::null_reference()),
    })
}

/// The same as objects, for enumeration.
pub(super) fn entries(machine: &mut Machine<'_>, which: Handle) -> Result<Vec<Value>, Exception> {
    let types: Arc<[Type]> = match Type::Basic(which.basic()).bases().into_iter().next() {
        Some(Type::Generic(_, types)) => types,
        _ => return Err(Exception::null_reference()),
    };
    let pairs = pairs(machine, which)?;
    machine
        .budget
        .allocate(pairs.len().saturating_mul(2 * size_of::<Value>()))?;
    Ok(super::maps::objects(pairs, &types))
}
