//! Results in the XML that CI systems read (the `JUnit` format of Apache Ant's `junitreport`).

use std::fmt::Write as _;

use super::{Ran, Verdict};

/// The results of all cases as one test suite.
#[must_use]
pub fn to_junit(cases: &[Ran]) -> String {
    let count = |wanted: fn(&Verdict) -> bool| cases.iter().filter(|c| wanted(&c.verdict)).count();
    let mut out = String::from("<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n");
    let _ = writeln!(
        out,
        "<testsuite name=\"countersign policy test\" tests=\"{}\" failures=\"{}\" errors=\"{}\">",
        cases.len(),
        count(|verdict| matches!(verdict, Verdict::Failed(_))),
        count(|verdict| matches!(verdict, Verdict::Unusable(_))),
    );
    for case in cases {
        let file = escaped(&case.path.display().to_string());
        let name = escaped(&case.name);
        let (kind, text) = match &case.verdict {
            Verdict::Passed => {
                let _ = writeln!(out, "  <testcase classname=\"{file}\" name=\"{name}\" />");
                continue;
            }
            Verdict::Failed(differences) => {
                let texts: Vec<String> = differences.iter().map(ToString::to_string).collect();
                ("failure", texts.join("\n"))
            }
            Verdict::Unusable(problem) => ("error", problem.clone()),
        };
        let _ = writeln!(
            out,
            "  <testcase classname=\"{file}\" name=\"{name}\">\n    <{kind}>{}</{kind}>\n  </testcase>",
            escaped(&text)
        );
    }
    out.push_str("</testsuite>\n");
    out
}

/// For text and attributes; without the characters that XML 1.0 (section 2.2) cannot hold.
fn escaped(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '"' => out.push_str("&quot;"),
            '\n' | '\t' => out.push(c),
            c if c.is_control() || matches!(c, '\u{fffe}' | '\u{ffff}') => out.push('\u{fffd}'),
            c => out.push(c),
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use std::path::PathBuf;

    use super::super::Difference;
    use super::*;

    #[test]
    fn a_failure_is_reported_with_its_text_escaped() {
        let ran = |verdict| Ran {
            path: PathBuf::from("a.case.toml"),
            name: "a \"b\"".to_owned(),
            verdict,
        };
        let difference = Difference {
            what: "body".to_owned(),
            expected: "<a>".to_owned(),
            found: "\u{1}".to_owned(),
        };
        let text = to_junit(&[
            ran(Verdict::Passed),
            ran(Verdict::Failed(vec![difference])),
            ran(Verdict::Unusable("no file".to_owned())),
        ]);
        assert!(
            text.contains("tests=\"3\" failures=\"1\" errors=\"1\""),
            "{text}"
        );
        assert!(text.contains("name=\"a &quot;b&quot;\""), "{text}");
        assert!(text.contains("expected  &lt;a&gt;"), "{text}");
        assert!(text.contains("\u{fffd}"), "{text}");
        assert!(text.contains("<error>no file</error>"), "{text}");
    }
}
