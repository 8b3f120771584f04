//! Property tables: what each property of the contract means here.
//!
//! DESIGN decision 1: a property is *effective*, *contract-known without effect here* (stored, read
//! back, warned about), *read-only* (ignored on write), *refused* (it would be dangerous to accept
//! and ignore it), or unknown, which is an error that names the nearest property.

use serde_json::{Map, Value};

use super::accept::Warning;
use super::fields::Problems;

/// One property of the contract.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Property {
    /// Its name, in the contract's spelling.
    pub(crate) name: &'static str,
    /// What it means here.
    pub(crate) class: Class,
}

/// What a property means here.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Class {
    /// It does what the contract says; for descriptions that is to be read back.
    Effective,
    /// Clients may send what they read; it is not looked at.
    ReadOnly,
    /// Stored and read back, without effect; a warning unless the value is one of `harmless`
    /// (as JSON text), which ask for nothing.
    NoEffect { harmless: &'static [&'static str] },
    /// Refused unless the value is one of `harmless`, because ignoring it would mislead.
    Refused {
        harmless: &'static [&'static str],
        reason: &'static str,
    },
}

/// All properties of one object of the contract.
pub(crate) type Table = &'static [Property];

/// Values that ask for nothing.
const NOTHING: &[&str] = &["null", "false", "\"\"", "[]", "{}", "0"];

pub(crate) const fn effective(name: &'static str) -> Property {
    Property {
        name,
        class: Class::Effective,
    }
}

pub(crate) const fn read_only(name: &'static str) -> Property {
    Property {
        name,
        class: Class::ReadOnly,
    }
}

/// Without effect; warned about unless the value is empty or false.
pub(crate) const fn no_effect(name: &'static str) -> Property {
    Property {
        name,
        class: Class::NoEffect { harmless: NOTHING },
    }
}

/// Without effect; warned about unless the value is one of `harmless`.
pub(crate) const fn no_effect_unless(
    name: &'static str,
    harmless: &'static [&'static str],
) -> Property {
    Property {
        name,
        class: Class::NoEffect { harmless },
    }
}

/// Refused unless the value is empty or false.
pub(crate) const fn refused(name: &'static str, reason: &'static str) -> Property {
    Property {
        name,
        class: Class::Refused {
            harmless: NOTHING,
            reason,
        },
    }
}

/// Refused unless the value is one of `harmless`.
pub(crate) const fn refused_unless(
    name: &'static str,
    harmless: &'static [&'static str],
    reason: &'static str,
) -> Property {
    Property {
        name,
        class: Class::Refused { harmless, reason },
    }
}

/// The part of every resource outside `properties`.
pub(crate) const ENVELOPE: Table = &[
    effective("properties"),
    read_only("id"),
    read_only("name"),
    read_only("type"),
    read_only("etag"),
    read_only("systemData"),
];

/// Reports unknown and refused members of `object`, whose own place is `prefix`.
pub(crate) fn check(object: &Map<String, Value>, table: Table, prefix: &str, problems: &Problems) {
    for (name, value) in object {
        match find(table, name) {
            None => problems.add(join(prefix, name), unknown(name, table)),
            Some(Class::Refused { harmless, reason }) if !is_one_of(value, harmless) => {
                problems.add(
                    join(prefix, name),
                    format!("`{name}` is not supported: {reason}"),
                );
            }
            Some(_) => {}
        }
    }
}

/// Warnings for members that are stored without effect.
pub(crate) fn warn(
    object: &Map<String, Value>,
    table: Table,
    prefix: &str,
    warnings: &mut Vec<Warning>,
) {
    for (name, value) in object {
        if let Some(Class::NoEffect { harmless }) = find(table, name)
            && !is_one_of(value, harmless)
        {
            let place = join(prefix, name);
            warnings.push(Warning::new(
                "NoEffect",
                format!("`{place}` is stored and read back, and has no effect here."),
            ));
        }
    }
}

/// `object` without read-only members, members that are null and the members named in `secrets`.
pub(crate) fn to_keep(
    object: &Map<String, Value>,
    table: Table,
    secrets: &[&str],
) -> Map<String, Value> {
    object
        .iter()
        .filter(|(name, value)| {
            !value.is_null()
                && !secrets.contains(&name.as_str())
                && !matches!(find(table, name), None | Some(Class::ReadOnly))
        })
        .map(|(name, value)| (name.clone(), value.clone()))
        .collect()
}

/// `prefix.name`, or `name` at the top.
pub(crate) fn join(prefix: &str, name: &str) -> String {
    if prefix.is_empty() {
        name.to_owned()
    } else {
        format!("{prefix}.{name}")
    }
}

/// The message for a member that no table knows.
pub(crate) fn unknown(name: &str, table: Table) -> String {
    let shown: String = name.chars().take(100).collect();
    let known = || table.iter().map(|property| property.name);
    match gateway_policy::problem::nearest(name, known()) {
        Some(nearest) => format!("`{shown}` is not a known property. Did you mean `{nearest}`?"),
        None => format!(
            "`{shown}` is not a known property. Known are: {}.",
            known().collect::<Vec<_>>().join(", ")
        ),
    }
}

fn find(table: Table, name: &str) -> Option<Class> {
    table
        .iter()
        .find(|property| property.name == name)
        .map(|property| property.class)
}

fn is_one_of(value: &Value, harmless: &[&str]) -> bool {
    value.is_null() || harmless.contains(&value.to_string().as_str())
}
