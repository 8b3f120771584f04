//! Filters on texts.

use super::super::datum::Datum;
use super::super::render::Renderer;
use super::{Outcome, argument, int, string};
use crate::expression::{
    DateTime, Exception, Value, format_value, html_encode, parse_date_time, replace_matches,
};

/// `map` of a text, which may become `factor` times as long; `null` stays.
fn mapped(
    input: &Datum,
    renderer: &mut Renderer<'_>,
    factor: usize,
    map: impl FnOnce(&str) -> String,
) -> Outcome {
    let Some(text) = string(input)? else {
        return Ok(Datum::NULL);
    };
    renderer
        .budget
        .allocate(text.len().saturating_mul(factor))?;
    Ok(Datum::text(map(&text)))
}

pub(super) fn downcase(input: &Datum, _: &[Datum], renderer: &mut Renderer<'_>) -> Outcome {
    mapped(input, renderer, 2, str::to_lowercase)
}

pub(super) fn upcase(input: &Datum, _: &[Datum], renderer: &mut Renderer<'_>) -> Outcome {
    mapped(input, renderer, 2, str::to_uppercase)
}

/// At this level of compatibility every word begins with a capital letter.
pub(super) fn capitalize(input: &Datum, _: &[Datum], renderer: &mut Renderer<'_>) -> Outcome {
    mapped(input, renderer, 2, |text| {
        let mut out = String::with_capacity(text.len());
        let mut inside = false;
        for c in text.chars() {
            let letter = c.is_alphanumeric() || c == '_';
            if letter && !inside {
                out.extend(c.to_uppercase());
            } else {
                out.push(c);
            }
            inside = letter;
        }
        out
    })
}

pub(super) fn escape(input: &Datum, _: &[Datum], renderer: &mut Renderer<'_>) -> Outcome {
    mapped(input, renderer, 6, html_encode)
}

pub(super) fn url_encode(input: &Datum, _: &[Datum], renderer: &mut Renderer<'_>) -> Outcome {
    mapped(input, renderer, 3, crate::expression::url_encode)
}

pub(super) fn url_decode(input: &Datum, _: &[Datum], renderer: &mut Renderer<'_>) -> Outcome {
    mapped(input, renderer, 1, crate::expression::url_decode)
}

pub(super) fn strip(input: &Datum, _: &[Datum], renderer: &mut Renderer<'_>) -> Outcome {
    mapped(input, renderer, 1, |text| text.trim().to_owned())
}

pub(super) fn lstrip(input: &Datum, _: &[Datum], renderer: &mut Renderer<'_>) -> Outcome {
    mapped(input, renderer, 1, |text| text.trim_start().to_owned())
}

pub(super) fn rstrip(input: &Datum, _: &[Datum], renderer: &mut Renderer<'_>) -> Outcome {
    mapped(input, renderer, 1, |text| text.trim_end().to_owned())
}

pub(super) fn strip_newlines(input: &Datum, _: &[Datum], renderer: &mut Renderer<'_>) -> Outcome {
    mapped(input, renderer, 1, |text| {
        text.replace("\r\n", "").replace('\n', "")
    })
}

pub(super) fn newline_to_br(input: &Datum, _: &[Datum], renderer: &mut Renderer<'_>) -> Outcome {
    mapped(input, renderer, 7, |text| {
        if text.trim().is_empty() {
            return text.to_owned();
        }
        text.replace("\r\n", "\n\r")
            .replace('\n', "<br />\n")
            .replace("<br />\n\r", "<br />\r\n")
    })
}

/// Scripts, styles and comments with their content, then every tag.
pub(super) fn strip_html(input: &Datum, _: &[Datum], renderer: &mut Renderer<'_>) -> Outcome {
    let Some(text) = string(input)? else {
        return Ok(Datum::NULL);
    };
    let blocks = "(?is)<script.*?</script>|<!--.*?-->|<style.*?</style>";
    let text = replace_matches(renderer.budget, &text, blocks, "", false)?;
    replace_matches(renderer.budget, &text, "(?s)<.*?>", "", false).map(Datum::text)
}

pub(super) fn append(input: &Datum, arguments: &[Datum], renderer: &mut Renderer<'_>) -> Outcome {
    joined(&string(input)?, &argument(arguments, 0)?, renderer)
}

pub(super) fn prepend(input: &Datum, arguments: &[Datum], renderer: &mut Renderer<'_>) -> Outcome {
    joined(&argument(arguments, 0)?, &string(input)?, renderer)
}

fn joined(a: &Option<String>, b: &Option<String>, renderer: &mut Renderer<'_>) -> Outcome {
    let (a, b) = (
        a.as_deref().unwrap_or_default(),
        b.as_deref().unwrap_or_default(),
    );
    renderer.budget.allocate(a.len() + b.len())?;
    Ok(Datum::text(format!("{a}{b}")))
}

/// Replaces every match of a regular expression (`$1` stands for its group).
pub(super) fn replace(input: &Datum, arguments: &[Datum], renderer: &mut Renderer<'_>) -> Outcome {
    replaced(input, arguments, renderer, false)
}

/// Replaces the first match of a regular expression by a text.
pub(super) fn replace_first(
    input: &Datum,
    arguments: &[Datum],
    renderer: &mut Renderer<'_>,
) -> Outcome {
    replaced(input, arguments, renderer, true)
}

fn replaced(
    input: &Datum,
    arguments: &[Datum],
    renderer: &mut Renderer<'_>,
    only_first: bool,
) -> Outcome {
    let Some(text) = string(input)? else {
        return Ok(Datum::NULL);
    };
    let pattern = argument(arguments, 0)?.unwrap_or_default();
    let replacement = argument(arguments, 1)?.unwrap_or_default();
    if text.is_empty() || pattern.is_empty() {
        return Ok(Datum::text(text));
    }
    replace_matches(renderer.budget, &text, &pattern, &replacement, only_first).map(Datum::text)
}

/// Removes a text wherever it stands; it is no regular expression.
pub(super) fn remove(input: &Datum, arguments: &[Datum], renderer: &mut Renderer<'_>) -> Outcome {
    let part = argument(arguments, 0)?;
    let Some(part) = part.filter(|part| !part.is_empty()) else {
        return match string(input)?.filter(|text| !text.trim().is_empty()) {
            Some(_) => Err(Exception::format("The text to remove cannot be empty.")),
            None => Ok(input.clone()),
        };
    };
    mapped(input, renderer, 1, |text| text.replace(&part, ""))
}

pub(super) fn remove_first(
    input: &Datum,
    arguments: &[Datum],
    renderer: &mut Renderer<'_>,
) -> Outcome {
    replaced(
        input,
        arguments.get(..1).unwrap_or_default(),
        renderer,
        true,
    )
}

/// At most so many characters, the mark that something is missing included.
pub(super) fn truncate(input: &Datum, arguments: &[Datum], renderer: &mut Renderer<'_>) -> Outcome {
    let length = int(arguments, 0, 50)?;
    let mark = if arguments.len() > 1 {
        argument(arguments, 1)?.unwrap_or_default()
    } else {
        "...".to_owned()
    };
    mapped(input, renderer, 1, |text| {
        let units: Vec<u16> = text.encode_utf16().collect();
        let Ok(length) = usize::try_from(length) else {
            return if text.is_empty() {
                String::new()
            } else {
                mark.clone()
            };
        };
        if units.len() <= length {
            return text.to_owned();
        }
        let kept = length.saturating_sub(mark.encode_utf16().count());
        let head = String::from_utf16_lossy(units.get(..kept).unwrap_or_default());
        format!("{head}{mark}")
    })
}

pub(super) fn truncate_words(
    input: &Datum,
    arguments: &[Datum],
    renderer: &mut Renderer<'_>,
) -> Outcome {
    let words = int(arguments, 0, 15)?;
    let mark = if arguments.len() > 1 {
        argument(arguments, 1)?.unwrap_or_default()
    } else {
        "...".to_owned()
    };
    mapped(input, renderer, 2, |text| {
        if text.is_empty() {
            return String::new();
        }
        let words = match usize::try_from(words) {
            Ok(words) if words > 0 => words,
            _ => return mark.clone(),
        };
        if text.split(' ').count() <= words {
            return text.to_owned();
        }
        let head: Vec<&str> = text.split(' ').take(words).collect();
        format!("{}{mark}", head.join(" "))
    })
}

/// The argument in place of nothing and of blanks.
pub(super) fn default(input: &Datum, arguments: &[Datum], _: &mut Renderer<'_>) -> Outcome {
    match string(input)? {
        Some(text) if !text.trim().is_empty() => Ok(Datum::text(text)),
        _ => Ok(argument(arguments, 0)?.map_or(Datum::NULL, Datum::text)),
    }
}

/// A date by a format string of .NET; what is no date stays.
pub(super) fn date(input: &Datum, arguments: &[Datum], renderer: &mut Renderer<'_>) -> Outcome {
    let format = argument(arguments, 0)?.unwrap_or_default();
    let blank = format.trim().is_empty();
    let moment = match input {
        Datum::Scalar(Value::Null) => return Ok(Datum::NULL),
        Datum::Scalar(Value::DateTime(moment)) => *moment,
        other => {
            let text = string(other)?.unwrap_or_default();
            let now = text.eq_ignore_ascii_case("now") || text.eq_ignore_ascii_case("today");
            if now {
                DateTime::utc(renderer.host.now())
            } else {
                match parse_date_time(&text) {
                    Some(moment) if !blank => moment,
                    _ => return Ok(Datum::text(text)),
                }
            }
        }
    };
    renderer.budget.allocate(format.len().saturating_mul(8))?;
    let value = Value::DateTime(moment);
    let format = if blank { "" } else { &format };
    format_value(&value, format).map(Datum::text)
}
