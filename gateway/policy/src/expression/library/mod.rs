//! What expressions may call: the members of APIM's allow-list, by type.
//!
//! Each file holds a few types: a table of signatures as .NET's documentation writes them, and one
//! function per signature. The checker binds to the functions; nothing is looked up at run time.

mod arguments;
mod arrays;
mod byte_members;
mod certificates;
mod characters;
mod collections;
mod context;
mod convert;
mod crypto;
mod date_time;
mod date_time_offset;
mod dates;
mod decimal;
mod encoding;
mod formatting;
mod headers;
mod json;
mod linq;
mod linq_results;
mod list_members;
mod lists;
mod maps;
mod math;
mod messages;
mod misc;
mod net;
mod numbers;
mod objects;
mod people;
pub(crate) mod regex;
pub(crate) mod registry;
mod security;
mod sets;
mod string_comparers;
mod string_making;
mod string_members;
mod string_search;
mod string_splitting;
mod strings;
mod text_building;
mod time_span;
pub(crate) mod tokens;
mod urls;
mod variables;
mod xml;
mod zones;

use std::cmp::Ordering;

use super::budget::Budget;
use super::exception::{Exception, names};
use super::handle::Handle;
use super::machine::Machine;
use super::node::Native;
use super::object::Object;
use super::types::Type;
use super::value::Value;
use registry::{Entry, Group};

pub(crate) use formatting::format_value;
pub(crate) use headers::text_of as header_text;
pub(crate) use json::binding as json_binding;
pub(crate) use json::{array as json_array, object_pairs};
pub(crate) use messages::is_body_type;
pub(crate) use net::{html_encode, url_decode, url_encode};
pub(crate) use string_splitting::split;
pub(crate) use urls::{printed as print_url, query as query_of};
pub(crate) use xml::binding as xml_binding;
pub(crate) use xml::{FromJson, ToJson, json_to_xml, xml_to_json};

/// All tables.
static GROUPS: &[&[&Group]] = &[
    CORE,
    json::GROUPS,
    xml::GROUPS,
    regex::GROUPS,
    tokens::GROUPS,
    net::GROUPS,
    zones::GROUPS,
    security::GROUPS,
    people::GROUPS,
];

/// Tables of types that need no directory of their own.
static CORE: &[&Group] = &[
    &objects::OBJECT,
    &objects::ENUM,
    &objects::NULLABLE,
    &objects::BOOL,
    &objects::PAIR,
    &objects::EXCEPTION,
    &objects::TUPLE,
    &objects::TUPLE_CLASS,
    &strings::STRING,
    &string_search::STRING_SEARCH,
    &string_making::STRING_MAKING,
    &string_splitting::STRING_SPLITTING,
    &string_members::STRING_MEMBERS,
    &characters::CHAR,
    &string_members::CHAR_MEMBERS,
    &string_comparers::COMPARER,
    &text_building::STRING_BUILDER,
    &numbers::SBYTE,
    &numbers::BYTE,
    &numbers::SHORT,
    &numbers::USHORT,
    &numbers::INT,
    &numbers::UINT,
    &numbers::LONG,
    &numbers::ULONG,
    &numbers::FLOAT,
    &numbers::DOUBLE,
    &decimal::DECIMAL,
    &math::MATH,
    &convert::CONVERT,
    &byte_members::CONVERT_MEMBERS,
    &date_time::DATE_TIME,
    &date_time_offset::DATE_TIME_OFFSET,
    &time_span::TIME_SPAN,
    &misc::GUID,
    &misc::RANDOM,
    &encoding::ENCODING,
    &encoding::BIT_CONVERTER,
    &byte_members::BIT_CONVERTER_MEMBERS,
    &byte_members::ENCODING_MEMBERS,
    &byte_members::OFFSET_MEMBERS,
    &crypto::MD5,
    &crypto::SHA1,
    &crypto::SHA1_MANAGED,
    &crypto::SHA256,
    &crypto::SHA256_MANAGED,
    &crypto::SHA384,
    &crypto::SHA384_MANAGED,
    &crypto::SHA512,
    &crypto::SHA512_MANAGED,
    &crypto::HMAC_MD5,
    &crypto::HMAC_SHA1,
    &crypto::HMAC_SHA256,
    &crypto::HMAC_SHA384,
    &crypto::HMAC_SHA512,
    &arrays::ARRAY,
    &arrays::ARRAY_CLASS,
    &list_members::ARRAY_MEMBERS,
    &lists::LIST,
    &list_members::LIST_MEMBERS,
    &lists::ILIST,
    &lists::COLLECTION,
    &lists::READ_ONLY_COLLECTION,
    &lists::READ_ONLY_LIST,
    &sets::SET,
    &sets::ISET,
    &sets::QUEUE,
    &sets::STACK,
    &maps::DICTIONARY,
    &maps::IDICTIONARY,
    &maps::READ_ONLY_DICTIONARY,
    &decimal::DECIMALS,
    &linq::ENUMERABLE,
    &linq_results::ENUMERABLE_RESULTS,
    &linq::ENUMERABLE_CLASS,
    &linq::ORDERED,
    &linq::GROUPING,
    &certificates::BASE_CERTIFICATE,
    &certificates::CERTIFICATE,
    &certificates::DISTINGUISHED_NAME,
    &certificates::CERTIFICATES,
    &certificates::IDENTITY_LISTS,
    &certificates::IDENTITY_LIST,
    &context::CONTEXT,
    &context::API,
    &context::OPERATION,
    &context::SUBSCRIPTION,
    &messages::REQUEST,
    &messages::RESPONSE,
    &urls::URL,
    &headers::HEADERS,
    &headers::QUERY,
    &variables::PARAMETERS,
    &variables::VARIABLES,
    &context::DEPLOYMENT,
    &context::GATEWAY,
    &context::LAST_ERROR,
    &messages::BODY,
];

/// A table row of a function without effects.
const fn pure(
    signature: &'static str,
    native: fn(&mut super::budget::Budget, &[Value]) -> Result<Value, Exception>,
) -> Entry {
    Entry {
        signature,
        native: Native::Pure(native),
    }
}

/// A table row of any other function.
const fn full(
    signature: &'static str,
    native: fn(&mut Machine<'_>, &[Value]) -> Result<Value, Exception>,
) -> Entry {
    Entry {
        signature,
        native: Native::Full(native),
    }
}

/// The value by which a function is told a type.
pub(crate) fn type_argument(ty: Type) -> Value {
    Value::object(Object::Token(ty))
}

/// The elements of a part of `context` that is a dictionary, as pairs.
pub(crate) fn entries(machine: &mut Machine<'_>, handle: Handle) -> Result<Vec<Value>, Exception> {
    variables::entries(machine, handle)
}

/// `Comparer<T>.Default.Compare`; strings ordinally or not as `ignore_case` says, by culture if it
/// is not given.
pub(crate) fn compare_values(
    a: &Value,
    b: &Value,
    ignore_case: Option<bool>,
) -> Result<Ordering, Exception> {
    Ok(match (a, b) {
        (Value::Null, Value::Null) => Ordering::Equal,
        (Value::Null, _) => Ordering::Less,
        (_, Value::Null) => Ordering::Greater,
        (Value::Text(a), Value::Text(b)) => match ignore_case {
            None => strings::compare_culture(a, b, false),
            Some(true) => strings::compare_ordinal(&super::key::fold(a), &super::key::fold(b)),
            Some(false) => strings::compare_ordinal(a, b),
        },
        (Value::Double(a), Value::Double(b)) => compare_real(*a, *b),
        (Value::Decimal(a), Value::Decimal(b)) => a.cmp(b),
        (Value::Float(a), Value::Float(b)) => compare_real(f64::from(*a), f64::from(*b)),
        (Value::Bool(a), Value::Bool(b)) => a.cmp(b),
        (Value::Guid(a), Value::Guid(b)) => a.cmp(b),
        (Value::DateTime(a), Value::DateTime(b)) => a.ticks.cmp(&b.ticks),
        (Value::DateTimeOffset(a), Value::DateTimeOffset(b)) => a.utc_ticks().cmp(&b.utc_ticks()),
        (Value::TimeSpan(a), Value::TimeSpan(b)) => a.cmp(b),
        _ => match (super::machine::integer(a), super::machine::integer(b)) {
            (Some(a), Some(b)) => a.cmp(&b),
            _ => {
                return Err(Exception::new(
                    names::ARGUMENT,
                    "At least one object must implement IComparable.",
                ));
            }
        },
    })
}

/// Makes sure that all values have an order among them, and pays for sorting them. A comparison that
/// fails in the middle would be no order at all, which sorting must not be given.
pub(crate) fn check_order(budget: &mut Budget, values: &[&Value]) -> Result<(), Exception> {
    let rounds = u64::from(values.len().max(2).ilog2()) + 1;
    budget.charge((values.len() as u64).saturating_mul(rounds))?;
    let mut first: Option<&Value> = None;
    for value in values.iter().filter(|value| !value.is_null()) {
        if let Value::Text(text) = value {
            budget.charge((text.len() as u64 / 16).saturating_mul(rounds))?;
        }
        match first {
            Some(first) => {
                compare_values(first, value, None)?;
            }
            None => first = Some(value),
        }
    }
    Ok(())
}

/// NaN comes first.
fn compare_real(a: f64, b: f64) -> Ordering {
    a.partial_cmp(&b)
        .unwrap_or_else(|| b.is_nan().cmp(&a.is_nan()))
}

#[cfg(test)]
mod tests {
    use super::registry::registry;

    #[test]
    fn every_signature_of_the_library_can_be_read() {
        assert_eq!(registry().broken, Vec::<String>::new());
    }
}
