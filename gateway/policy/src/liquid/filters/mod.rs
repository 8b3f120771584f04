//! The filters that APIM documents for `set-body`.

mod lists;
mod numbers;
mod text;

use super::Finding;
use super::compare::type_name;
use super::datum::Datum;
use super::render::Renderer;
use crate::expression::{Exception, Value};
use crate::problem::nearest;

type Outcome = Result<Datum, Exception>;

type Native = fn(&Datum, &[Datum], &mut Renderer<'_>) -> Outcome;

/// A filter.
pub(super) struct Filter {
    name: &'static str,
    /// The same in Liquid's own spelling, where that is not the name in small letters.
    ruby: &'static str,
    /// Fewest and most arguments.
    arguments: (usize, usize),
    native: Native,
}

impl std::fmt::Debug for Filter {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(self.name)
    }
}

const fn filter(
    name: &'static str,
    ruby: &'static str,
    arguments: (usize, usize),
    native: Native,
) -> Filter {
    Filter {
        name,
        ruby,
        arguments,
        native,
    }
}

/// set-body page, "The following Liquid filters are supported".
static FILTERS: [Filter; 44] = [
    filter("Abs", "abs", (0, 0), numbers::abs),
    filter("Append", "append", (1, 1), text::append),
    filter("AtLeast", "at_least", (1, 1), numbers::at_least),
    filter("AtMost", "at_most", (1, 1), numbers::at_most),
    filter("Capitalize", "capitalize", (0, 0), text::capitalize),
    filter("Compact", "compact", (0, 0), lists::compact),
    filter("Currency", "currency", (0, 1), numbers::currency),
    filter("Date", "date", (1, 1), text::date),
    filter("Default", "default", (1, 1), text::default),
    filter("DividedBy", "divided_by", (1, 1), numbers::divided_by),
    filter("Downcase", "downcase", (0, 0), text::downcase),
    filter("Escape", "escape", (0, 0), text::escape),
    filter("First", "first", (0, 0), lists::first),
    filter("H", "h", (0, 0), text::escape),
    filter("Join", "join", (0, 1), lists::join),
    filter("Last", "last", (0, 0), lists::last),
    filter("Lstrip", "lstrip", (0, 0), text::lstrip),
    filter("Map", "map", (1, 1), lists::map),
    filter("Minus", "minus", (1, 1), numbers::minus),
    filter("Modulo", "modulo", (1, 1), numbers::modulo),
    filter("NewlineToBr", "newline_to_br", (0, 0), text::newline_to_br),
    filter("Plus", "plus", (1, 1), numbers::plus),
    filter("Prepend", "prepend", (1, 1), text::prepend),
    filter("Remove", "remove", (1, 1), text::remove),
    filter("RemoveFirst", "remove_first", (1, 1), text::remove_first),
    filter("Replace", "replace", (1, 2), text::replace),
    filter("ReplaceFirst", "replace_first", (1, 2), text::replace_first),
    filter("Round", "round", (0, 1), numbers::round),
    filter("Rstrip", "rstrip", (0, 0), text::rstrip),
    filter("Size", "size", (0, 0), lists::size),
    filter("Slice", "slice", (1, 2), lists::slice),
    filter("Sort", "sort", (0, 1), lists::sort),
    filter("Split", "split", (1, 1), lists::split),
    filter("Strip", "strip", (0, 0), text::strip),
    filter("StripHtml", "strip_html", (0, 0), text::strip_html),
    filter(
        "StripNewlines",
        "strip_newlines",
        (0, 0),
        text::strip_newlines,
    ),
    filter("Times", "times", (1, 1), numbers::times),
    filter("Truncate", "truncate", (0, 2), text::truncate),
    filter(
        "TruncateWords",
        "truncatewords",
        (0, 2),
        text::truncate_words,
    ),
    filter("Uniq", "uniq", (0, 0), lists::uniq),
    filter("Upcase", "upcase", (0, 0), text::upcase),
    filter("UrlDecode", "url_decode", (0, 0), text::url_decode),
    filter("UrlEncode", "url_encode", (0, 0), text::url_encode),
    // The page writes its example so, and the language's name for it is this.
    filter(
        "Truncatewords",
        "truncate_words",
        (0, 2),
        text::truncate_words,
    ),
];

/// The filter of this name for so many arguments.
pub(super) fn find(
    name: &str,
    arguments: usize,
    place: usize,
    findings: &mut Vec<Finding>,
) -> Option<&'static Filter> {
    let found = FILTERS
        .iter()
        .find(|filter| filter.name == name || filter.ruby == name);
    let Some(found) = found else {
        let message = if name.is_empty() {
            "Expected the name of a filter.".to_owned()
        } else {
            let hint = nearest(name, FILTERS.iter().map(|filter| filter.name))
                .map(|near| format!(" Did you mean '{near}'?"))
                .unwrap_or_default();
            format!("There is no filter '{name}'.{hint}")
        };
        findings.push(Finding::syntax(message, place));
        return None;
    };
    if found.name != name {
        findings.push(Finding::warning(
            "LiquidFilterName",
            format!(
                "The filter '{name}' is applied here; APIM, which asks for '{}', leaves the value as \
                 it is.",
                found.name
            ),
            place,
        ));
    }
    let (fewest, most) = found.arguments;
    if !(fewest..=most).contains(&arguments) {
        let expected = match (fewest, most) {
            (0, 0) => "no arguments".to_owned(),
            (1, 1) => "one argument".to_owned(),
            (fewest, most) => format!("{fewest} to {most} arguments"),
        };
        findings.push(Finding::syntax(
            format!("The filter '{name}' takes {expected}."),
            place,
        ));
        return None;
    }
    Some(found)
}

impl Filter {
    pub(super) fn apply(
        &self,
        input: &Datum,
        arguments: &[Datum],
        renderer: &mut Renderer<'_>,
    ) -> Outcome {
        (self.native)(input, arguments, renderer)
    }
}

/// A parameter of type `string`: `None` for `null`; numbers as `Convert.ToString` has them.
fn string(value: &Datum) -> Result<Option<String>, Exception> {
    match value {
        Datum::Scalar(Value::Null) => Ok(None),
        Datum::Scalar(value) => value.to_text().map(Some),
        Datum::Empty | Datum::Blank => Ok(Some(String::new())),
        other => Err(Exception::format(format!(
            "Object of {} cannot be converted to type 'System.String'.",
            type_name(other)
        ))),
    }
}

/// Argument `index` as a text; `null` is `None`.
fn argument(arguments: &[Datum], index: usize) -> Result<Option<String>, Exception> {
    arguments.get(index).map_or(Ok(None), string)
}

/// Argument `index` as an `int`.
fn int(arguments: &[Datum], index: usize, default: i64) -> Result<i64, Exception> {
    let bad = || Exception::format("The argument of the filter is no whole number.");
    match arguments.get(index) {
        None => Ok(default),
        Some(Datum::Scalar(Value::Text(text))) => {
            i64::try_from(crate::expression::parse_integer(text)?).map_err(|_| bad())
        }
        Some(Datum::Scalar(Value::Null)) => Ok(0),
        Some(Datum::Scalar(value)) => super::compare::number(value)
            .and_then(super::compare::Number::to_whole)
            .ok_or_else(bad),
        Some(_) => Err(bad()),
    }
}
