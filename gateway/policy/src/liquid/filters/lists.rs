//! Filters on lists.

use std::cmp::Ordering;

use super::super::compare::{compare, equal};
use super::super::datum::Datum;
use super::super::render::Renderer;
use super::{Outcome, argument, int, string};
use crate::expression::Exception;

/// The elements; of what is no list, the value alone.
fn elements(input: &Datum, renderer: &mut Renderer<'_>) -> Result<Vec<Datum>, Exception> {
    match input.elements(0, usize::MAX, renderer.budget)? {
        Some(items) => Ok(items),
        None => Ok(vec![input.clone()]),
    }
}

/// The elements of what must be a list.
fn sequence(input: &Datum, renderer: &mut Renderer<'_>) -> Result<Vec<Datum>, Exception> {
    input
        .elements(0, usize::MAX, renderer.budget)?
        .ok_or_else(|| Exception::format("The filter takes a list; the value is none."))
}

pub(super) fn size(input: &Datum, _: &[Datum], renderer: &mut Renderer<'_>) -> Outcome {
    if let Some(text) = input.as_str() {
        renderer.budget.charge(text.len() as u64 / 64)?;
        return Ok(Datum::int(text.encode_utf16().count()));
    }
    Ok(Datum::int(input.length(renderer.budget)?.unwrap_or(0)))
}

pub(super) fn first(input: &Datum, _: &[Datum], renderer: &mut Renderer<'_>) -> Outcome {
    end(input, renderer, |_| 0)
}

pub(super) fn last(input: &Datum, _: &[Datum], renderer: &mut Renderer<'_>) -> Outcome {
    end(input, renderer, |length| length.saturating_sub(1))
}

fn end(input: &Datum, renderer: &mut Renderer<'_>, at: fn(usize) -> usize) -> Outcome {
    if input.is_null() {
        return Ok(Datum::NULL);
    }
    let Some(length) = input.length(renderer.budget)? else {
        return Err(Exception::format(
            "The filter takes a list; the value is none.",
        ));
    };
    let at = at(length);
    let items = input.elements(at, at + 1, renderer.budget)?;
    Ok(items.unwrap_or_default().pop().unwrap_or(Datum::NULL))
}

pub(super) fn join(input: &Datum, arguments: &[Datum], renderer: &mut Renderer<'_>) -> Outcome {
    if input.is_null() {
        return Ok(Datum::NULL);
    }
    let glue = match arguments.first() {
        Some(_) => argument(arguments, 0)?.unwrap_or_default(),
        None => " ".to_owned(),
    };
    let mut out = String::new();
    for (index, item) in sequence(input, renderer)?.iter().enumerate() {
        let text = match item {
            Datum::Scalar(value) => value.to_text()?,
            other => renderer.print(other)?,
        };
        renderer.budget.allocate(text.len() + glue.len())?;
        if index > 0 {
            out.push_str(&glue);
        }
        out.push_str(&text);
    }
    Ok(Datum::text(out))
}

/// The members of this name of all elements.
pub(super) fn map(input: &Datum, arguments: &[Datum], renderer: &mut Renderer<'_>) -> Outcome {
    if input.is_null() {
        return Ok(Datum::NULL);
    }
    let name = argument(arguments, 0)?.unwrap_or_default();
    let mut mapped = Vec::new();
    for item in sequence(input, renderer)? {
        mapped.push(property(&item, &name, renderer)?);
    }
    Ok(Datum::List(mapped.into()))
}

fn property(item: &Datum, name: &str, renderer: &mut Renderer<'_>) -> Outcome {
    Ok(item.member(name, renderer.budget)?.unwrap_or(Datum::NULL))
}

/// By value or by a member, letters of both cases alike. `null` comes first.
pub(super) fn sort(input: &Datum, arguments: &[Datum], renderer: &mut Renderer<'_>) -> Outcome {
    if input.is_null() {
        return Ok(Datum::NULL);
    }
    let name = argument(arguments, 0)?.filter(|name| !name.is_empty());
    let mut keyed = Vec::new();
    for item in elements(input, renderer)? {
        let key = match &name {
            Some(name) => property(&item, name, renderer)?,
            None => item.clone(),
        };
        let key = match key.as_str() {
            Some(text) => {
                renderer.budget.allocate(text.len())?;
                Datum::text(text.to_uppercase())
            }
            None => key,
        };
        keyed.push((key, item));
    }
    let rounds = u64::from(keyed.len().max(1).ilog2()) + 1;
    renderer.budget.charge(rounds * keyed.len() as u64)?;
    let mut failure = None;
    keyed.sort_by(|(a, _), (b, _)| {
        if failure.is_some() {
            return Ordering::Equal;
        }
        ordered(a, b, renderer).unwrap_or_else(|exception| {
            failure = Some(exception);
            Ordering::Equal
        })
    });
    match failure {
        Some(exception) => Err(exception),
        None => Ok(Datum::List(
            keyed.into_iter().map(|(_, item)| item).collect(),
        )),
    }
}

fn ordered(a: &Datum, b: &Datum, renderer: &mut Renderer<'_>) -> Result<Ordering, Exception> {
    match (a.is_null(), b.is_null()) {
        (true, true) => return Ok(Ordering::Equal),
        (true, false) => return Ok(Ordering::Less),
        (false, true) => return Ok(Ordering::Greater),
        (false, false) => {}
    }
    // .NET compares only values of one type.
    if a.as_str().is_some() != b.as_str().is_some() {
        return Err(Exception::format(
            "Failed to compare two elements in the array.",
        ));
    }
    compare(a, b, renderer.budget)
}

/// Each value once.
pub(super) fn uniq(input: &Datum, _: &[Datum], renderer: &mut Renderer<'_>) -> Outcome {
    if input.is_null() {
        return Ok(Datum::NULL);
    }
    let mut kept: Vec<Datum> = Vec::new();
    for item in elements(input, renderer)? {
        let mut known = false;
        for other in &kept {
            // A text and a number are two values.
            if item.as_str().is_some() == other.as_str().is_some()
                && equal(&item, other, renderer.budget)?
            {
                known = true;
                break;
            }
        }
        if !known {
            kept.push(item);
        }
    }
    Ok(Datum::List(kept.into()))
}

pub(super) fn compact(input: &Datum, _: &[Datum], renderer: &mut Renderer<'_>) -> Outcome {
    if input.is_null() {
        return Ok(Datum::NULL);
    }
    let mut items = elements(input, renderer)?;
    items.retain(|item| !item.is_null());
    Ok(Datum::List(items.into()))
}

/// A part of a text by UTF-16 units, or of a list.
pub(super) fn slice(input: &Datum, arguments: &[Datum], renderer: &mut Renderer<'_>) -> Outcome {
    let offset = int(arguments, 0, 0)?;
    let length = int(arguments, 1, 1)?;
    let units: Option<Vec<u16>> = input.as_str().map(|text| text.encode_utf16().collect());
    let size = match &units {
        Some(units) => {
            renderer.budget.allocate(units.len() * 2)?;
            units.len()
        }
        None => match input.length(renderer.budget)? {
            Some(size) => size,
            None => return Ok(input.clone()),
        },
    };
    let total = i64::try_from(size).unwrap_or(i64::MAX);
    if units.is_some() && offset > total {
        return Ok(Datum::NULL);
    }
    let mut start = offset;
    let mut count = length;
    if start < 0 {
        start += total;
        if start < 0 {
            count = count.saturating_add(start);
            start = 0;
        }
    }
    if units.is_some() && count < 0 && offset >= 0 {
        return Err(Exception::argument_range(
            "Length cannot be less than zero.",
            "length",
        ));
    }
    let from = usize::try_from(start).unwrap_or(0).min(size);
    let to = from
        .saturating_add(usize::try_from(count).unwrap_or(0))
        .min(size);
    Ok(match units {
        Some(units) => Datum::text(String::from_utf16_lossy(
            units.get(from..to).unwrap_or_default(),
        )),
        None => {
            let items = input.elements(from, to, renderer.budget)?;
            Datum::List(items.unwrap_or_default().into())
        }
    })
}

/// The parts between separators, empty ones left out; without a separator, the characters.
pub(super) fn split(input: &Datum, arguments: &[Datum], renderer: &mut Renderer<'_>) -> Outcome {
    let text = string(input)?;
    let Some(text) = text.filter(|text| !text.trim().is_empty()) else {
        return Ok(Datum::List([input.clone()].into()));
    };
    let separator = argument(arguments, 0)?.unwrap_or_default();
    renderer.budget.charge(text.len() as u64 / 8)?;
    let parts: Vec<Datum> = if separator.is_empty() {
        text.chars().map(|c| Datum::text(c.to_string())).collect()
    } else {
        text.split(separator.as_str())
            .filter(|part| !part.is_empty())
            .map(Datum::text)
            .collect()
    };
    let bytes = parts.len().saturating_mul(size_of::<Datum>() + 32);
    renderer.budget.allocate(bytes + text.len())?;
    Ok(Datum::List(parts.into()))
}
