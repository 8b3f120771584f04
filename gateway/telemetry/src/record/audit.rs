//! One line for each change that was asked for.

use std::net::IpAddr;
use std::sync::Arc;

use jiff::Timestamp;
use serde::{Serialize, Serializer};

use super::milliseconds;

/// At most so many paths of one change are listed; `path_count` tells how many there are.
pub const PATHS_MAX: usize = 100;

/// Who asked for what, and what came of it. Never the bodies: they hold keys and secret values.
#[derive(Debug, Clone, Serialize)]
pub struct AuditRecord {
    /// When it was decided.
    #[serde(serialize_with = "milliseconds")]
    pub time: Timestamp,
    /// Name of the credential.
    pub actor: Arc<str>,
    /// The address it came from.
    pub address: Option<IpAddr>,
    /// What was asked: `PUT`, `PATCH`, `DELETE`, `transaction`, `restore`, `regenerateKey`.
    pub action: String,
    /// The resources it names, at most [`PATHS_MAX`] of them.
    #[serde(serialize_with = "first_paths")]
    pub paths: Vec<String>,
    /// How many it names.
    pub path_count: usize,
    /// The revision that came of it, or that stayed.
    pub revision: u64,
    /// What came of it.
    pub outcome: AuditOutcome,
    /// Why it was refused: a code, or words without values of the body.
    pub reason: Option<String>,
    /// The operator's own words.
    pub comment: Option<String>,
}

/// What came of a change.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum AuditOutcome {
    /// It is durable and served.
    Applied,
    /// It was valid and changed nothing.
    Unchanged,
    /// It was only tried.
    DryRun,
    /// It was refused; nothing changed.
    Refused,
    /// It was applied as a whole when the store had been read again.
    AppliedLate,
}

fn first_paths<S: Serializer>(paths: &[String], serializer: S) -> Result<S::Ok, S::Error> {
    serializer.collect_seq(paths.iter().take(PATHS_MAX))
}

#[cfg(test)]
pub(super) mod tests {
    use super::*;

    pub(in crate::record) fn record() -> AuditRecord {
        AuditRecord {
            time: Timestamp::from_millisecond(1_795_386_411_040).unwrap(),
            actor: "admin".into(),
            address: Some("::1".parse().unwrap()),
            action: "PUT".into(),
            paths: vec!["namedValues/allowed".into()],
            path_count: 1,
            revision: 7,
            outcome: AuditOutcome::Applied,
            reason: None,
            comment: Some("rotate \u{2028} partner".into()),
        }
    }

    #[test]
    fn a_record_is_one_line_that_says_who_did_what() {
        let json = serde_json::to_string(&record()).unwrap();
        assert_eq!(
            json,
            "{\"time\":\"2026-11-22T22:26:51.040Z\",\"actor\":\"admin\",\"address\":\"::1\",\"action\":\"PUT\",\
             \"paths\":[\"namedValues/allowed\"],\"path_count\":1,\"revision\":7,\"outcome\":\"applied\",\
             \"reason\":null,\"comment\":\"rotate \u{2028} partner\"}"
        );
        let outcomes = [AuditOutcome::DryRun, AuditOutcome::AppliedLate]
            .map(|o| serde_json::to_value(o).unwrap());
        assert_eq!(outcomes, ["dry_run", "applied_late"]);
    }

    #[test]
    fn a_transaction_over_many_resources_lists_only_the_first() {
        let record = AuditRecord {
            paths: (0..1_000).map(|i| format!("namedValues/v{i}")).collect(),
            path_count: 1_000,
            ..record()
        };
        let json = serde_json::to_value(record).unwrap();
        assert_eq!(json["paths"].as_array().unwrap().len(), PATHS_MAX);
        assert_eq!(json["path_count"], 1_000);
    }
}
