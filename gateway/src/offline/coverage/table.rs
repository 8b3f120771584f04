//! What was found out about all documents together.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;

use gateway_policy::problem::Problem;
use gateway_policy::statement::Tier;
use serde_json::{Value, json};

use super::{Examined, Ran};

/// Why documents do not compile.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Cause {
    /// How many documents have it.
    pub documents: usize,
    /// How many of them have no other.
    pub alone: usize,
    /// What kind of thing it is: `policy`, `expression`, `attribute`, `value` or `document`.
    pub kind: &'static str,
    /// The message, with the name in it.
    pub what: String,
}

/// Counts over all documents.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Report {
    /// Documents that were counted.
    pub documents: usize,
    /// Documents left out as broken by their authors.
    pub left_out: usize,
    /// Documents that are read.
    pub parsed: usize,
    /// Documents that say the same when they are read back in both forms.
    pub read_back: usize,
    /// Documents that compile.
    pub compiled: usize,
    /// By tier: documents whose policies are in it or a more common one, and how many compile.
    pub tiers: [(usize, usize); 3],
    /// Documents through which a request comes to an end.
    pub ran: usize,
    /// Those of them in which the made-up request ended in a failure, by its reason.
    pub failed: BTreeMap<String, usize>,
    /// Documents in which the gateway itself failed, and how.
    pub broke: Vec<(String, String)>,
    /// What stops documents, the most frequent first.
    pub causes: Vec<Cause>,
}

impl Report {
    /// Counts.
    #[must_use]
    pub fn of(examined: &[Examined], left_out: usize) -> Self {
        let mut report = Self {
            documents: examined.len(),
            left_out,
            ..Self::default()
        };
        let mut causes: BTreeMap<(&'static str, &str), (usize, usize)> = BTreeMap::new();
        for one in examined {
            report.parsed += usize::from(one.parsed);
            report.read_back += usize::from(one.read_back);
            report.compiled += usize::from(one.compiled);
            for (tier, counts) in Tier::ALL.into_iter().zip(&mut report.tiers) {
                if one.parsed && one.tier.is_some_and(|rarest| rarest <= tier) {
                    counts.0 += 1;
                    counts.1 += usize::from(one.compiled);
                }
            }
            match &one.ran {
                Some(Ran::Broke(how)) => {
                    let file = one.path.display().to_string();
                    report.broke.push((file, how.clone()));
                }
                Some(Ran::Failed(reason)) => {
                    report.ran += 1;
                    *report.failed.entry(reason.clone()).or_default() += 1;
                }
                Some(Ran::Responded) => report.ran += 1,
                None => {}
            }
            let of_document: BTreeSet<_> = one
                .errors
                .iter()
                .map(|problem| (kind(problem), problem.message.as_str()))
                .collect();
            let alone = usize::from(of_document.len() == 1);
            for cause in of_document {
                let counts = causes.entry(cause).or_default();
                counts.0 += 1;
                counts.1 += alone;
            }
        }
        report.causes = causes
            .into_iter()
            .map(|((kind, what), (documents, alone))| Cause {
                documents,
                alone,
                kind,
                what: what.to_owned(),
            })
            .collect();
        // Stable: causes of one frequency stay in the order of kind and name.
        report
            .causes
            .sort_by_key(|cause| std::cmp::Reverse(cause.documents));
        report
    }

    /// For people. Shows at most `rows` causes.
    #[must_use]
    pub fn to_text(&self, rows: usize) -> String {
        let mut out = String::new();
        let mut row = |name: &str, part: usize, whole: usize| {
            let percent = percent(part, whole);
            let _ = writeln!(out, "{name:<34}{part:>6} of {whole:<6}{percent:>6.1} %");
        };
        row("read", self.parsed, self.documents);
        row("the same when read back", self.read_back, self.documents);
        row("compile", self.compiled, self.documents);
        let names = ["tier A", "tiers A and B", "tiers A to C"];
        for (name, (documents, compiled)) in names.iter().zip(self.tiers) {
            row(&format!("compile, policies of {name}"), compiled, documents);
        }
        row("run, of those that compile", self.ran, self.compiled);
        if self.left_out > 0 {
            let _ = writeln!(out, "left out, broken by their authors: {}", self.left_out);
        }
        if !self.failed.is_empty() {
            let reasons: Vec<String> = self
                .failed
                .iter()
                .map(|(reason, count)| format!("{reason} {count}"))
                .collect();
            let _ = writeln!(
                out,
                "ran into a failure with the made-up request: {}",
                reasons.join(", ")
            );
        }
        for (file, how) in &self.broke {
            let _ = writeln!(out, "BROKE {file}: {how}");
        }
        if !self.causes.is_empty() {
            let _ = writeln!(out, "\n  docs  alone  what stops them");
        }
        for cause in self.causes.iter().take(rows) {
            let what = cause.what.replace(['\r', '\n'], " ");
            let _ = writeln!(
                out,
                "{:>6} {:>6}  {}: {what}",
                cause.documents, cause.alone, cause.kind
            );
        }
        if self.causes.len() > rows {
            let _ = writeln!(out, "        and {} more", self.causes.len() - rows);
        }
        out
    }

    /// For tools.
    #[must_use]
    pub fn to_json(&self) -> Value {
        let tiers: serde_json::Map<String, Value> = Tier::ALL
            .into_iter()
            .zip(self.tiers)
            .map(|(tier, (documents, compiled))| {
                let counts = json!({ "documents": documents, "compiled": compiled });
                (tier.as_str().to_owned(), counts)
            })
            .collect();
        let causes: Vec<Value> = self
            .causes
            .iter()
            .map(|cause| {
                json!({
                    "documents": cause.documents,
                    "alone": cause.alone,
                    "kind": cause.kind,
                    "what": cause.what,
                })
            })
            .collect();
        let broke: Vec<Value> = self
            .broke
            .iter()
            .map(|(file, how)| json!({ "file": file, "how": how }))
            .collect();
        json!({
            "documents": self.documents,
            "leftOut": self.left_out,
            "parsed": self.parsed,
            "readBack": self.read_back,
            "compiled": self.compiled,
            "tiers": tiers,
            "ran": self.ran,
            "failed": self.failed,
            "broke": broke,
            "causes": causes,
        })
    }
}

fn percent(part: usize, whole: usize) -> f64 {
    100.0 * part as f64 / whole.max(1) as f64
}

/// What kind of thing a problem is about.
fn kind(problem: &Problem) -> &'static str {
    match problem.code {
        "NotSupported" if problem.message.starts_with("The policy ") => "policy",
        "UnknownElement" | "FragmentNotAllowed" => "policy",
        "UnknownAttribute" | "MissingAttribute" | "InvalidAttributes" => "attribute",
        "NotSupported" if !problem.message.contains('`') => "attribute",
        "InvalidValue" | "InvalidThumbprint" | "MissingElement" => "value",
        "TextNotAllowed" | "ElementNotClosed" | "NameExpected" | "DeclarationNotAllowed" => {
            "document"
        }
        _ => "expression",
    }
}

#[cfg(test)]
mod tests {
    use std::path::PathBuf;

    use gateway_policy::problem::Position;

    use super::*;

    fn examined(tier: Option<Tier>, errors: &[&str]) -> Examined {
        Examined {
            path: PathBuf::from("p.xml"),
            parsed: true,
            read_back: true,
            compiled: errors.is_empty(),
            ran: errors.is_empty().then_some(Ran::Responded),
            tier,
            errors: errors
                .iter()
                .map(|what| Problem::error("NotSupported", *what, Position::START))
                .collect(),
        }
    }

    #[test]
    fn a_cause_counts_documents_and_those_it_stops_alone_the_most_frequent_first() {
        let report = Report::of(
            &[
                examined(Some(Tier::A), &[]),
                examined(Some(Tier::C), &["The policy 'x' is missing.", "`y`"]),
                examined(Some(Tier::C), &["`y`", "`y`"]),
                examined(None, &["`y`"]),
            ],
            3,
        );
        assert_eq!((report.documents, report.compiled, report.ran), (4, 1, 1));
        assert_eq!(report.tiers, [(1, 1), (1, 1), (3, 1)]);
        let found: Vec<_> = report
            .causes
            .iter()
            .map(|cause| (cause.documents, cause.alone, cause.kind))
            .collect();
        assert_eq!(found, [(3, 2, "expression"), (1, 0, "policy")]);
        let text = report.to_text(1);
        assert!(text.contains("and 1 more"), "{text}");
        assert!(
            text.contains("left out, broken by their authors: 3"),
            "{text}"
        );
    }
}
