//! Which worker answered: the proof behind "on every worker".
//!
//! A response does not say it; the access record does. So each request gets a path of its own, and
//! its record is looked up by that.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use gateway_testkit::eventually;
use serde_json::Value;

use crate::TestGateway;

/// How long the log's writer may take.
const DEADLINE: Duration = Duration::from_secs(10);

/// The index of a worker, from 0.
pub type Worker = u64;

/// A path below `api` that no other request of this process has.
#[must_use]
pub fn unique_path(api: &str) -> String {
    static NEXT: AtomicU64 = AtomicU64::new(1);
    format!("/{api}/{}", NEXT.fetch_add(1, Ordering::Relaxed))
}

impl TestGateway {
    /// The workers that answered the requests with these paths, once all their records are written.
    ///
    /// # Panics
    /// If a record does not appear, or one path has two.
    pub async fn workers_of(&self, paths: &[String]) -> BTreeMap<String, Worker> {
        let wanted: BTreeSet<&str> = paths.iter().map(String::as_str).collect();
        let records = eventually(DEADLINE, "each request has an access record", || async {
            let records: Vec<Value> = self
                .access_records()
                .into_iter()
                .filter(|record| {
                    record["path"]
                        .as_str()
                        .is_some_and(|path| wanted.contains(path))
                })
                .collect();
            (records.len() >= wanted.len()).then_some(records)
        })
        .await;
        let found: BTreeMap<String, Worker> = records
            .iter()
            .filter_map(|record| {
                let path = record["path"].as_str()?.to_owned();
                Some((path, record["worker"].as_u64()?))
            })
            .collect();
        assert_eq!(found.len(), records.len(), "one record for each request");
        found
    }
}
