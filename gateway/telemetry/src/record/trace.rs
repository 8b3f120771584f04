//! What a `trace` policy, or `context.Trace`, wants recorded.

use std::sync::Arc;

use jiff::Timestamp;
use serde::{Serialize, Serializer};

use super::milliseconds;

/// One message of a policy.
#[derive(Debug, Clone, Serialize)]
pub struct TraceRecord {
    /// When it was traced.
    #[serde(serialize_with = "milliseconds")]
    pub time: Timestamp,
    /// The request it belongs to.
    pub request_id: Arc<str>,
    /// The policy's `source` attribute.
    pub source: String,
    /// How important it is.
    pub severity: TraceSeverity,
    /// The evaluated message.
    pub message: String,
    /// `metadata` names and values; of equal names the last value counts.
    #[serde(serialize_with = "object")]
    pub metadata: Vec<(String, String)>,
}

/// Severity, in the words of the policy.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
#[expect(missing_docs, reason = "the policy's own words")]
pub enum TraceSeverity {
    Verbose,
    Information,
    Error,
}

fn object<S: Serializer>(pairs: &[(String, String)], serializer: S) -> Result<S::Ok, S::Error> {
    let last = pairs
        .iter()
        .enumerate()
        .filter(|(i, (name, _))| !pairs.iter().skip(i + 1).any(|(later, _)| later == name))
        .map(|(_, (name, value))| (name, value));
    serializer.collect_map(last)
}

#[cfg(test)]
pub(super) mod tests {
    use super::*;

    pub(in crate::record) fn record() -> TraceRecord {
        TraceRecord {
            time: Timestamp::from_millisecond(1).unwrap(),
            request_id: "0f3a".into(),
            source: "mtls".into(),
            severity: TraceSeverity::Information,
            message: "line one\nline \"two\"".into(),
            metadata: vec![
                ("a".into(), "1".into()),
                ("b".into(), "2".into()),
                ("a".into(), "3".into()),
            ],
        }
    }

    #[test]
    fn metadata_is_an_object_and_of_equal_names_the_last_counts() {
        let json = serde_json::to_string(&record()).unwrap();
        assert_eq!(
            json,
            r#"{"time":"1970-01-01T00:00:00.001Z","request_id":"0f3a","source":"mtls","severity":"information","message":"line one\nline \"two\"","metadata":{"b":"2","a":"3"}}"#
        );
    }
}
