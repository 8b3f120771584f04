//! What a rotation came to.

use std::fmt;

use serde::Serialize;

use super::swapper::Swapped;
use super::{Findings, Options, Strangers};
use crate::report::Micros;
use crate::{Fault, Tally};

/// What the rotation came to.
#[derive(Debug, Clone, Serialize)]
pub struct Judgement {
    /// Swaps that were completed.
    pub swaps: u64,
    /// Changes that the admin API acknowledged.
    pub changes: u64,
    /// How long the admin API took to acknowledge a change: median, 99th percentile and longest, in microseconds.
    pub reply_micros: [u64; 3],
    /// The judge's findings; the rotated identities first, then the steady ones.
    #[serde(flatten)]
    pub findings: Findings,
    /// Connections that ended without the response that was due.
    pub dropped: u64,
    /// What became of the strangers.
    pub strangers: Strangers,
}

pub(super) fn conclude(
    findings: Findings,
    swapped: &Swapped,
    tally: &Tally,
    strangers: Strangers,
) -> Judgement {
    let mut replies: Vec<u64> = swapped
        .replies
        .iter()
        .map(|took| u64::try_from(took.as_micros()).unwrap_or(u64::MAX))
        .collect();
    replies.sort_unstable();
    Judgement {
        swaps: swapped.swaps,
        changes: swapped.replies.len() as u64,
        reply_micros: [0.5, 0.99, 1.0].map(|quantile| at_quantile(&replies, quantile)),
        findings,
        dropped: tally.count(Fault::Dropped) + tally.count(Fault::ClosedEarly),
        strangers,
    }
}

/// The smallest value that at least this part of the sorted values does not exceed.
fn at_quantile(sorted: &[u64], quantile: f64) -> u64 {
    let rank = (quantile * sorted.len() as f64).ceil() as usize;
    sorted.get(rank.saturating_sub(1)).copied().unwrap_or(0)
}

pub(super) fn problems(
    judgement: &Judgement,
    tally: &Tally,
    swapped: &Swapped,
    options: &Options,
) -> Vec<String> {
    let findings = &judgement.findings;
    let mut problems = Vec::new();
    let mut unless_zero = |count: u64, what: &str| {
        if count > 0 {
            problems.push(format!("{count} {what}"));
        }
    };
    unless_zero(findings.wrong, "wrong verdicts");
    unless_zero(
        findings.stale,
        "responses judged by an older revision than was acknowledged",
    );
    unless_zero(
        findings.unmarked,
        "responses without the revision that judged them",
    );
    unless_zero(
        findings.unknown,
        "responses judged by a revision at which the list is not known",
    );
    unless_zero(judgement.strangers.let_in, "strangers let in");
    unless_zero(
        judgement.strangers.unclear,
        "strangers neither let in nor refused",
    );
    for (fault, count) in &tally.faults {
        unless_zero(*count, &format!("faults: {}", fault.name()));
    }
    for (status, count) in &tally.statuses {
        if !(200..300).contains(status) && *status != options.refused {
            unless_zero(*count, &format!("responses with status {status}"));
        }
    }
    if let Some(failure) = &swapped.failure {
        problems.push(format!("a change failed: {failure}"));
    }
    if judgement.swaps == 0 || findings.judged == 0 {
        problems.push("nothing was swapped or judged".to_owned());
    }
    problems
}

impl fmt::Display for Judgement {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        let findings = &self.findings;
        let [p50, p99, max] = self.reply_micros.map(Micros);
        writeln!(
            out,
            "  {} swaps, {} changes; reply p50 {p50}  p99 {p99}  max {max}",
            self.swaps, self.changes
        )?;
        writeln!(
            out,
            "  {} verdicts judged: {} wrong, {} stale, {} unmarked, {} unknown; {} dropped",
            findings.judged,
            findings.wrong,
            findings.stale,
            findings.unmarked,
            findings.unknown,
            self.dropped
        )?;
        for (number, verdicts) in findings.identities.iter().enumerate() {
            writeln!(
                out,
                "    certificate {}: {} allowed, {} refused, {} wrong",
                number + 1,
                verdicts.allowed,
                verdicts.refused,
                verdicts.wrong
            )?;
        }
        if self.strangers.attempts > 0 {
            let strangers = &self.strangers;
            writeln!(
                out,
                "    strangers: {} refused by TLS, {} by closing, {} by response, {} let in, {} unclear",
                strangers.refused_by_tls,
                strangers.refused_by_close,
                strangers.refused_by_response,
                strangers.let_in,
                strangers.unclear
            )?;
        }
        findings.examples.iter().try_for_each(|wrong| {
            writeln!(
                out,
                "    wrong: certificate {} {:?} at revision {} ({} times{})",
                wrong.identity + 1,
                wrong.verdict,
                wrong.revision,
                wrong.count,
                wrong
                    .acknowledged
                    .map(|newer| format!(", {newer} was acknowledged"))
                    .unwrap_or_default()
            )
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn quantiles_of_replies_are_values_that_occurred() {
        let replies: Vec<u64> = (1..=200).collect();
        let found = [0.5, 0.99, 1.0].map(|quantile| at_quantile(&replies, quantile));
        assert_eq!(found, [100, 198, 200]);
        assert_eq!((at_quantile(&[], 0.5), at_quantile(&[7], 0.99)), (0, 7));
    }
}
