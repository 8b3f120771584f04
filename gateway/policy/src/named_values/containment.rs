//! Whether values stay inside the literals and comments in which they stand.

use std::ops::Range;

use crate::expression::{literal_spans, scan};

/// Indexes of the values in `inserted` that change the code around them: that stand inside a literal
/// or comment of the expression but do not stay inside it.
///
/// `code` has the values put in. The same code with a neutral character in each value's place decides
/// which stand in a literal; a value is contained if it leaves every literal where the neutral
/// character leaves it.
pub(crate) fn code_changes(code: &str, inserted: &[Range<usize>]) -> Vec<usize> {
    let neutral = Variant::of(code, inserted, |_| false);
    // Unless a value brings the whole expression, there is one without the values; else they close
    // what the author left open.
    let begins = neutral.code.starts_with("@(") || neutral.code.starts_with("@{");
    if begins && scan(&neutral.code) != Ok(neutral.code.len()) {
        return (0..inserted.len()).collect();
    }
    let literals = literal_spans(&neutral.code);
    let comments = comments(&neutral.code, &literals);
    let in_literal: Vec<bool> = neutral
        .places
        .iter()
        .map(|place| around(&literals, place).is_some())
        .collect();
    let is_in_literal = |index: usize| in_literal.get(index).copied().unwrap_or(false);
    let mut changes: Vec<usize> = (0..inserted.len())
        .filter(|index| {
            let Some(place) = neutral.places.get(*index) else {
                return false;
            };
            let value = inserted
                .get(*index)
                .and_then(|range| code.get(range.clone()))
                .unwrap_or("");
            if let Some((start, _)) = around(&literals, place) {
                value.contains(['{', '}']) && is_interpolated(&neutral.code, start)
            } else if let Some((start, _)) = around(&comments, place) {
                if neutral
                    .code
                    .get(start..)
                    .is_some_and(|comment| comment.starts_with("//"))
                {
                    value.contains(LINE_ENDS)
                } else {
                    value.contains("*/") || ends_block(&neutral.code, place, value)
                }
            } else {
                false
            }
        })
        .collect();
    // Values that stand as code are code; what is asked is what the others do to it.
    let base = Variant::of(code, inserted, |index| !is_in_literal(index));
    let spans = literal_spans(&base.code);
    let leaves_literals = |variant: &Variant| {
        let expected = spans
            .iter()
            .map(|(start, end)| (base.moved(*start, variant), base.moved(*end, variant)));
        expected.eq(literal_spans(&variant.code))
    };
    if !leaves_literals(&Variant::of(code, inserted, |_| true)) {
        let all: Vec<usize> = (0..inserted.len())
            .filter(|index| is_in_literal(*index))
            .collect();
        let alone: Vec<usize> = all
            .iter()
            .copied()
            .take(MAX_EXAMINED)
            .filter(|one| {
                !leaves_literals(&Variant::of(code, inserted, |i| {
                    i == *one || !is_in_literal(i)
                }))
            })
            .collect();
        // If only together they change something, none is above suspicion.
        changes.extend(if alone.is_empty() { all } else { alone });
        changes.sort_unstable();
        changes.dedup();
    }
    changes
}

/// Values of one refused expression that are examined one by one, to name the guilty ones.
const MAX_EXAMINED: usize = 32;

const LINE_ENDS: [char; 5] = ['\n', '\r', '\u{85}', '\u{2028}', '\u{2029}'];

/// A character that is an identifier in code and itself in every literal.
const NEUTRAL: &str = "a";

/// Code with some of its values replaced by [`NEUTRAL`].
struct Variant {
    code: String,
    /// Where each value, or what replaces it, stands.
    places: Vec<Range<usize>>,
}

impl Variant {
    fn of(code: &str, inserted: &[Range<usize>], keep: impl Fn(usize) -> bool) -> Self {
        let mut variant = Self {
            code: String::with_capacity(code.len()),
            places: Vec::new(),
        };
        let mut from = 0;
        for (index, range) in inserted.iter().enumerate() {
            variant
                .code
                .push_str(code.get(from..range.start).unwrap_or(""));
            let start = variant.code.len();
            let value = if keep(index) {
                code.get(range.clone()).unwrap_or("")
            } else {
                NEUTRAL
            };
            variant.code.push_str(value);
            variant.places.push(start..variant.code.len());
            from = range.end;
        }
        variant.code.push_str(code.get(from..).unwrap_or(""));
        variant
    }

    /// Where an offset of this variant, outside of values that differ, is in another one.
    fn moved(&self, offset: usize, other: &Self) -> usize {
        let after = self.places.partition_point(|place| place.end <= offset);
        let last = after
            .checked_sub(1)
            .and_then(|i| self.places.get(i).zip(other.places.get(i)));
        match last {
            Some((here, there)) => there.end + (offset - here.end),
            None => offset,
        }
    }
}

/// The one of `spans`, which are in order and apart, that `place` is inside of.
fn around(spans: &[(usize, usize)], place: &Range<usize>) -> Option<(usize, usize)> {
    let after = spans.partition_point(|(start, _)| *start < place.start);
    let span = after.checked_sub(1).and_then(|i| spans.get(i)).copied()?;
    (place.end <= span.1).then_some(span)
}

/// Whether the literal at `start` is an interpolated string, in which braces hold code.
fn is_interpolated(code: &str, start: usize) -> bool {
    code.get(start..start + 2)
        .is_some_and(|opening| opening.contains('$'))
}

/// The comments of code whose literals are known.
fn comments(code: &str, literals: &[(usize, usize)]) -> Vec<(usize, usize)> {
    let mut found = Vec::new();
    let mut literals = literals.iter().peekable();
    let mut at = 0;
    while let Some(start) = code
        .get(at..)
        .and_then(|rest| rest.find('/'))
        .map(|length| at + length)
    {
        // Literals that begin before the slash: it is inside the last of them, or none is left.
        let mut inside = None;
        while let Some((_, end)) = literals.next_if(|(begin, _)| *begin <= start) {
            inside = Some(*end).filter(|end| *end > start);
        }
        if let Some(end) = inside {
            at = end;
            continue;
        }
        let rest = code.get(start..).unwrap_or("");
        let behind = code.get(start + 2..).unwrap_or("");
        let length = if rest.starts_with("//") {
            behind.find(LINE_ENDS)
        } else if rest.starts_with("/*") {
            behind.find("*/").map(|length| length + 2)
        } else {
            at = start + 1;
            continue;
        };
        at = length.map_or(code.len(), |length| start + 2 + length);
        found.push((start, at));
    }
    found
}

/// Whether a value closes a block comment together with what stands around it.
fn ends_block(code: &str, place: &Range<usize>, value: &str) -> bool {
    let before = code.get(..place.start).unwrap_or("");
    let after = code.get(place.end..).unwrap_or("");
    (value.starts_with('/') && before.ends_with('*'))
        || (value.ends_with('*') && after.starts_with('/'))
        || (value.is_empty() && before.ends_with('*') && after.starts_with('/'))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::document::SourceText;
    use crate::named_values::substitute;

    /// Whether `value`, put into `code` for every name, changes the code around it.
    fn changes(code: &str, value: &str) -> bool {
        let mut text = SourceText::empty(0);
        text.push(code, 0);
        let substituted = substitute(&text, |_| Some(value.to_owned()));
        !code_changes(substituted.text.as_str(), &substituted.inserted).is_empty()
    }

    #[test]
    fn a_value_without_special_characters_never_changes_code() {
        for code in [
            r#"@("{{v}}")"#,
            r#"@("{{v}}".Split(',').Contains("{{v}}"))"#,
            r#"@(@"{{v}}" + $"{1}{{v}}" + $@"{{v}}")"#,
            r#"@(1 /* {{v}} */ + 2)"#,
        ] {
            assert!(!changes(code, "AB12,CD34"), "{code}");
            assert!(!changes(code, ""), "{code} (empty)");
        }
    }

    #[test]
    fn a_value_that_ends_the_literal_around_it_changes_code() {
        for value in [
            r#"" + context.Evil + ""#,
            r#"""#,
            r"\",
            "line\nbreak",
            r#"x", true, "y"#,
        ] {
            assert!(changes(r#"@("{{v}}".Contains("x"))"#, value), "{value}");
        }
        assert!(changes(r#"@(@"{{v}}" + "")"#, r#"" + 1 + @""#));
        assert!(changes("@('{{v}}' == 'a')", "' || 'b"));
        // A backslash before the value would escape the closing quote.
        assert!(changes(r#"@("\{{v}}" + "b")"#, ""));
    }

    #[test]
    fn a_value_with_braces_in_an_interpolated_string_changes_code() {
        assert!(changes(r#"@($"a {{v}} b")"#, "{context.Evil}"));
        assert!(changes(r#"@($@"a {{v}} b")"#, "{context.Evil}"));
        assert!(!changes(r#"@("a {{v}} b")"#, "{context.Evil}"));
    }

    #[test]
    fn escapes_that_stay_inside_their_literal_are_no_change() {
        assert!(!changes(r#"@("{{v}}")"#, r"a\tb\\"));
        assert!(!changes(r#"@("{{v}}")"#, r#"say \"hi\""#));
        assert!(!changes(r#"@(@"{{v}}")"#, r"C:\dir\"));
    }

    #[test]
    fn a_value_in_a_comment_may_not_end_it() {
        assert!(changes("@(1 // {{v}}\n + 2)", "x\n + evil()"));
        assert!(changes("@(1 /* {{v}} */ + 2)", "*/ + evil() /*"));
        assert!(changes("@(1 /* *{{v}} x */ + 2)", "/ + evil() /*"));
        assert!(!changes("@(1 // {{v}}\n + 2)", "\"quote"));
    }

    #[test]
    fn slashes_in_literals_begin_no_comment() {
        assert!(!changes(r#"@("http://x" + {{v}})"#, "1\n + 2"));
        assert!(changes("@('/' + \"//\" // \"{{v}}\"\n + 1)", "x\ny"));
        assert!(!changes("@(a / b / {{v}})", "1\n"));
    }

    #[test]
    fn many_values_take_time_in_proportion_to_their_number() {
        for piece in ["{{v}} ", "\"{{v}}\",", "/*{{v}}*/", "/ {{v}}"] {
            let code = format!("@({})", piece.repeat(20_000));
            let start = std::time::Instant::now();
            changes(&code, "\"");
            assert!(
                start.elapsed().as_secs() < 120,
                "{piece}: {:?}",
                start.elapsed()
            );
        }
    }

    #[test]
    fn a_value_that_stands_as_code_is_code() {
        assert!(!changes("@({{v}})", r#"a + "b""#));
        assert!(!changes(r#"@{ var a = "x"; return {{v}}; }"#, r#"a + "b""#));
    }

    #[test]
    fn a_literal_that_begins_in_bare_code_cannot_hide_an_injection_in_another_literal() {
        let mut text = SourceText::empty(0);
        text.push(r#"@({{a}} + "{{b}}" + "x")"#, 0);
        let substituted = substitute(&text, |p| {
            Some(if p.name == "a" { "1" } else { "\" + 2 + \"" })
        });
        assert_eq!(
            code_changes(substituted.text.as_str(), &substituted.inserted),
            [1]
        );
    }

    #[test]
    fn literals_in_bare_code_do_not_accuse_the_values_in_other_literals() {
        let mut text = SourceText::empty(0);
        text.push(r#"@({{a}} + "{{b}}")"#, 0);
        let substituted = substitute(&text, |p| {
            Some(if p.name == "a" {
                r#""q" + "r""#
            } else {
                "plain"
            })
        });
        assert!(code_changes(substituted.text.as_str(), &substituted.inserted).is_empty());
    }

    #[test]
    fn a_value_may_not_close_what_the_author_left_open() {
        assert!(changes("@(\"{{v}})", "x\""));
        assert!(changes("@{ return f({{v}}; }", "1)"));
        assert!(!changes("{{v}}", "@(1)"));
    }
}
