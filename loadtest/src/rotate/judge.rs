//! The judge: was each response right for the revision that gave it?
//!
//! Two promises are held against every response. *Consistency*: a response that carries revision N
//! says what the list said at N. *Freshness*: a request sent after the admin API had answered with
//! revision R is judged by R or a newer one.

use std::collections::BTreeMap;

use serde::Serialize;

/// What a response said about the certificate.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Verdict {
    /// It let the request through.
    Allowed,
    /// It refused because of the certificate.
    Refused,
}

/// One response, as it was seen.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Observation {
    /// Whose certificate was presented: its position in [`Timeline`].
    pub identity: usize,
    /// The revision that judged, by the response's header.
    pub revision: Option<u64>,
    /// The newest revision that the admin API had acknowledged when the request was sent.
    pub acknowledged: u64,
    /// What it said.
    pub verdict: Verdict,
}

/// Who was on the list from which revision on.
#[derive(Debug, Clone)]
pub struct Timeline {
    first: u64,
    /// Per identity, in ascending order of revisions; the state from that revision on.
    states: Vec<BTreeMap<u64, bool>>,
    /// After this revision nothing is certain any more, because a change had no answer.
    certain_until: Option<u64>,
}

impl Timeline {
    /// Begins at a revision at which it is known who is on the list.
    #[must_use]
    pub fn new(revision: u64, on_list: &[bool]) -> Self {
        Self {
            first: revision,
            states: on_list
                .iter()
                .map(|on| BTreeMap::from([(revision, *on)]))
                .collect(),
            certain_until: None,
        }
    }

    /// From this revision on the identity is on the list, or off it.
    pub fn change(&mut self, identity: usize, revision: u64, on_list: bool) {
        if let Some(states) = self.states.get_mut(identity) {
            states.insert(revision, on_list);
        }
    }

    /// A change had no answer: what newer revisions than the acknowledged one say is not known.
    pub fn lose_track(&mut self, acknowledged: u64) {
        self.certain_until.get_or_insert(acknowledged);
    }

    /// The only right verdict at a revision; `None` when it is not known.
    #[must_use]
    pub fn expected(&self, identity: usize, revision: u64) -> Option<Verdict> {
        if revision < self.first || self.certain_until.is_some_and(|until| revision > until) {
            return None;
        }
        let (_, on_list) = self.states.get(identity)?.range(..=revision).next_back()?;
        Some(if *on_list {
            Verdict::Allowed
        } else {
            Verdict::Refused
        })
    }
}

/// How many wrong responses are kept as examples.
const EXAMPLES: usize = 10;

/// Everything that was observed, counted so that its size depends on the revisions, not on the
/// responses.
#[derive(Debug, Clone, Default)]
pub struct Record {
    counts: BTreeMap<(usize, u64, Verdict), u64>,
    unmarked: u64,
    stale: u64,
    stale_examples: Vec<WrongVerdict>,
}

impl Record {
    /// Takes down a response. Freshness is judged at once; consistency must wait until all changes
    /// have been answered, because a response may overtake the answer to the change it saw.
    pub fn observe(&mut self, seen: Observation) {
        let Some(revision) = seen.revision else {
            self.unmarked += 1;
            return;
        };
        *self
            .counts
            .entry((seen.identity, revision, seen.verdict))
            .or_default() += 1;
        if revision < seen.acknowledged {
            self.stale += 1;
            if self.stale_examples.len() < EXAMPLES {
                self.stale_examples.push(WrongVerdict {
                    identity: seen.identity,
                    revision,
                    verdict: seen.verdict,
                    acknowledged: Some(seen.acknowledged),
                    count: 1,
                });
            }
        }
    }
}

/// Responses that broke a promise.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct WrongVerdict {
    /// Whose certificate: its position in [`Timeline`].
    pub identity: usize,
    /// The revision that judged.
    pub revision: u64,
    /// What it said.
    pub verdict: Verdict,
    /// The revision that had been acknowledged before, when that is what makes it wrong.
    pub acknowledged: Option<u64>,
    /// How many responses said so.
    pub count: u64,
}

/// What became of the responses of one identity.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize)]
pub struct Verdicts {
    /// Let through.
    pub allowed: u64,
    /// Refused.
    pub refused: u64,
    /// Either of them, and wrong at its revision.
    pub wrong: u64,
    /// Judged by a revision at which the list is not known.
    pub unknown: u64,
}

/// The judge's findings.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct Findings {
    /// Responses whose verdict could be held against the list.
    pub judged: u64,
    /// Wrong at the revision they carry.
    pub wrong: u64,
    /// Judged by an older revision than had been acknowledged before the request was sent.
    pub stale: u64,
    /// Without the revision that judged them.
    pub unmarked: u64,
    /// Judged by a revision at which the list is not known.
    pub unknown: u64,
    /// Per identity, in their order.
    pub identities: Vec<Verdicts>,
    /// Some of the wrong and stale ones.
    pub examples: Vec<WrongVerdict>,
}

/// Holds the record against the timeline.
#[must_use]
pub fn judge(record: &Record, timeline: &Timeline) -> Findings {
    let mut findings = Findings {
        stale: record.stale,
        unmarked: record.unmarked,
        examples: record.stale_examples.clone(),
        identities: vec![Verdicts::default(); timeline.states.len()],
        ..Findings::default()
    };
    for (&(identity, revision, verdict), &count) in &record.counts {
        let expected = timeline.expected(identity, revision);
        let wrong = expected.is_some_and(|expected| expected != verdict);
        if let Some(verdicts) = findings.identities.get_mut(identity) {
            match verdict {
                Verdict::Allowed => verdicts.allowed += count,
                Verdict::Refused => verdicts.refused += count,
            }
            verdicts.wrong += if wrong { count } else { 0 };
            verdicts.unknown += if expected.is_none() { count } else { 0 };
        }
        match expected {
            None => findings.unknown += count,
            Some(_) => findings.judged += count,
        }
        if wrong {
            findings.wrong += count;
            if findings.examples.len() < 2 * EXAMPLES {
                let example = WrongVerdict {
                    identity,
                    revision,
                    verdict,
                    acknowledged: None,
                    count,
                };
                findings.examples.push(example);
            }
        }
    }
    findings
}

#[cfg(test)]
mod tests {
    use super::*;
    use Verdict::{Allowed, Refused};

    fn seen(identity: usize, revision: u64, acknowledged: u64, verdict: Verdict) -> Observation {
        Observation {
            identity,
            revision: Some(revision),
            acknowledged,
            verdict,
        }
    }

    /// Revision 10: a on, b off. 11: b on. 12: a off.
    fn swapped_once() -> Timeline {
        let mut timeline = Timeline::new(10, &[true, false]);
        timeline.change(1, 11, true);
        timeline.change(0, 12, false);
        timeline
    }

    #[test]
    fn right_verdicts_are_right_at_every_revision() {
        let mut record = Record::default();
        for (identity, revision, verdict) in [
            (0, 10, Allowed),
            (1, 10, Refused),
            (0, 11, Allowed),
            (1, 11, Allowed),
            (0, 12, Refused),
            (1, 12, Allowed),
            // Somebody else's change, of something else.
            (0, 13, Refused),
        ] {
            record.observe(seen(identity, revision, 10, verdict));
        }
        let findings = judge(&record, &swapped_once());
        assert_eq!((findings.judged, findings.wrong, findings.stale), (7, 0, 0));
        let (a, b) = (findings.identities[0], findings.identities[1]);
        assert_eq!((a.allowed, a.refused, b.allowed, b.refused), (2, 2, 2, 1));
    }

    #[test]
    fn each_way_of_being_wrong_is_found() {
        for (identity, revision, verdict) in [
            (0, 12, Allowed),
            (0, 11, Refused),
            (1, 10, Allowed),
            (1, 11, Refused),
            (1, 99, Refused),
        ] {
            let mut record = Record::default();
            record.observe(seen(identity, revision, 10, verdict));
            let findings = judge(&record, &swapped_once());
            assert_eq!(findings.wrong, 1, "{identity} {revision} {verdict:?}");
            assert_eq!(findings.identities[identity].wrong, 1);
            assert_eq!(
                (findings.examples[0].revision, findings.examples[0].count),
                (revision, 1)
            );
        }
    }

    #[test]
    fn a_consistent_answer_of_an_old_revision_is_stale_once_a_newer_one_was_acknowledged() {
        let mut record = Record::default();
        record.observe(seen(0, 11, 11, Allowed));
        record.observe(seen(0, 11, 12, Allowed));
        record.observe(seen(0, 12, 11, Refused));
        let findings = judge(&record, &swapped_once());
        assert_eq!((findings.wrong, findings.stale, findings.judged), (0, 1, 3));
        assert_eq!(findings.examples[0].acknowledged, Some(12));
    }

    #[test]
    fn what_cannot_be_known_is_counted_apart() {
        let mut timeline = swapped_once();
        timeline.lose_track(12);
        timeline.change(0, 14, true);
        let mut record = Record::default();
        record.observe(seen(0, 13, 12, Allowed));
        record.observe(seen(0, 9, 0, Refused));
        record.observe(Observation {
            revision: None,
            ..seen(0, 0, 0, Allowed)
        });
        let findings = judge(&record, &timeline);
        assert_eq!(
            (findings.unknown, findings.unmarked, findings.wrong),
            (2, 1, 0)
        );
        assert_eq!(findings.judged, 0);
    }

    #[test]
    fn many_equal_responses_take_one_place() {
        let mut record = Record::default();
        for _ in 0..10_000 {
            record.observe(seen(0, 12, 12, Allowed));
        }
        assert_eq!(record.counts.len(), 1);
        let findings = judge(&record, &swapped_once());
        assert_eq!((findings.wrong, findings.examples.len()), (10_000, 1));
    }
}
