//! The audit log: who writes it, and that it is seen when nobody does.
//!
//! A change whose record cannot be written stands: it is durable and served before the record is asked
//! for. What happened is in the log, in `countersign_log_records_dropped_total` and in `/readyz`.

use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};

use actix::{Addr, Arbiter};
use admin_api::audit::AuditSink;
use admin_api::plane::Later;
use gateway_telemetry::label::Supervised;
use gateway_telemetry::metric::Recorder;
use gateway_telemetry::record::{Append, AuditError, AuditRecord, AuditWriter, Reopen};

/// The audit log, if one is kept.
#[derive(Debug, Clone)]
pub(crate) struct Audit(Option<Arc<Kept>>);

#[derive(Debug)]
struct Kept {
    path: PathBuf,
    recorder: Recorder,
    writer: Mutex<Running>,
    /// Why the last record is not in the log.
    failing: Mutex<Option<String>>,
}

/// An actor on a thread of its own: it syncs each record.
#[derive(Debug)]
struct Running {
    actor: Addr<AuditWriter>,
    arbiter: Arbiter,
}

impl Running {
    fn start(path: &Path, recorder: &Recorder) -> Result<Self, String> {
        let writer = AuditWriter::open(path, recorder).map_err(|error| error.to_string())?;
        let arbiter = Arbiter::try_new().map_err(|error| error.to_string())?;
        Ok(Self {
            actor: writer.supervised(&arbiter.handle()),
            arbiter,
        })
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        // `false`: it has ended already.
        self.arbiter.stop();
    }
}

impl Audit {
    /// No audit log is kept.
    pub(crate) const fn off() -> Self {
        Self(None)
    }

    /// Opens the log at `path`.
    ///
    /// # Errors
    /// If it cannot be opened.
    pub(crate) fn open(path: &Path, recorder: &Recorder) -> Result<Self, String> {
        Ok(Self(Some(Arc::new(Kept {
            path: path.to_owned(),
            recorder: recorder.clone(),
            writer: Mutex::new(Running::start(path, recorder)?),
            failing: Mutex::new(None),
        }))))
    }

    /// Opens the file again by its path, after it was moved away.
    pub(crate) async fn reopen(&self) {
        if let Some(kept) = &self.0 {
            let actor = kept.actor();
            if let Ok(Err(error)) = actor.send(Reopen).await {
                tracing::error!(%error, "the audit log could not be opened again");
            }
        }
    }

    /// Why the last record is not in the log, if it is not.
    pub(crate) fn failing(&self) -> Option<String> {
        lock(&self.0.as_ref()?.failing).clone()
    }
}

impl Kept {
    fn actor(&self) -> Addr<AuditWriter> {
        lock(&self.writer).actor.clone()
    }

    async fn keep(&self, record: AuditRecord) {
        let actor = self.actor();
        let outcome = match actor.send(Append(record.clone())).await {
            Ok(written) => written.map_err(|error: AuditError| error.to_string()),
            // It ended before it answered. The record may be there already: better twice than not.
            Err(_) => self.keep_with_another(&actor, record).await,
        };
        if let Err(why) = &outcome {
            tracing::error!(%why, "an audit record could not be written");
        }
        *lock(&self.failing) = outcome.err();
    }

    async fn keep_with_another(
        &self,
        ended: &Addr<AuditWriter>,
        record: AuditRecord,
    ) -> Result<(), String> {
        let restarted = self.restart(ended);
        let lost = |why: String| {
            self.recorder.log("audit").dropped(1);
            why
        };
        let actor = restarted.map_err(lost)?;
        match actor.send(Append(record)).await {
            Ok(written) => written.map_err(|error| error.to_string()),
            Err(_) => Err(lost("its writer ends over this record".to_owned())),
        }
    }

    /// Another writer in place of the one that `ended`; the one that another record has started already.
    fn restart(&self, ended: &Addr<AuditWriter>) -> Result<Addr<AuditWriter>, String> {
        let mut running = lock(&self.writer);
        if running.actor == *ended {
            tracing::error!(
                "the audit writer ended by a defect of the gateway; it is started again"
            );
            *running = Running::start(&self.path, &self.recorder)?;
            self.recorder.restarts().restarted(Supervised::AuditWriter);
        }
        Ok(running.actor.clone())
    }
}

impl AuditSink for Audit {
    fn record(&self, record: AuditRecord) -> Later<()> {
        let kept = self.0.clone();
        Box::pin(async move {
            if let Some(kept) = kept {
                kept.keep(record).await;
            }
        })
    }
}

/// Nothing that holds one of these locks can panic half-way through a change.
fn lock<T>(mutex: &Mutex<T>) -> std::sync::MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

#[cfg(test)]
mod tests {
    use super::*;
    use gateway_telemetry::record::AuditOutcome;

    fn record(revision: u64) -> AuditRecord {
        AuditRecord {
            time: jiff::Timestamp::UNIX_EPOCH,
            actor: "test".into(),
            address: None,
            action: "PUT".to_owned(),
            paths: Vec::new(),
            path_count: 0,
            revision,
            outcome: AuditOutcome::Applied,
            reason: None,
            comment: None,
        }
    }

    fn revisions(path: &Path) -> Vec<u64> {
        let text = std::fs::read_to_string(path).unwrap();
        let revision =
            |line| serde_json::from_str::<serde_json::Value>(line).unwrap()["revision"].as_u64();
        text.lines().map(|line| revision(line).unwrap()).collect()
    }

    /// Leaves what a panic leaves: an address whose actor is gone.
    async fn end_writer(audit: &Audit) {
        let kept = audit.0.as_ref().unwrap();
        lock(&kept.writer).arbiter.stop();
        let deadline = std::time::Instant::now() + std::time::Duration::from_secs(10);
        while kept.actor().connected() {
            assert!(std::time::Instant::now() < deadline, "it goes on");
            tokio::task::yield_now().await;
        }
    }

    #[test]
    fn a_writer_that_ended_is_started_again_for_the_record_that_met_it() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("audit.jsonl");
        let recorder = Recorder::new();
        actix_rt::System::new().block_on(async {
            let audit = Audit::open(&path, &recorder).unwrap();
            audit.record(record(1)).await;
            end_writer(&audit).await;
            // Two at once: one of them starts it again, the other one uses that.
            tokio::join!(audit.record(record(2)), audit.record(record(3)));
            assert_eq!(audit.failing(), None);
        });
        let mut kept = revisions(&path);
        kept.sort_unstable();
        assert_eq!(kept, [1, 2, 3]);
        let text = recorder.render();
        let restarts = "countersign_actor_restarts_total{actor=\"audit_writer\"} 1\n";
        assert!(text.contains(restarts), "{text}");
    }

    #[test]
    fn a_log_that_cannot_be_written_is_told_until_a_record_is_in_it_again() {
        let directory = tempfile::tempdir().unwrap();
        let folder = directory.path().join("logs");
        std::fs::create_dir(&folder).unwrap();
        let path = folder.join("audit.jsonl");
        let recorder = Recorder::new();
        actix_rt::System::new().block_on(async {
            let audit = Audit::open(&path, &recorder).unwrap();
            end_writer(&audit).await;
            std::fs::remove_dir_all(&folder).unwrap();
            audit.record(record(1)).await;
            let why = audit.failing().unwrap();
            assert!(why.contains("audit.jsonl"), "{why}");
            std::fs::create_dir(&folder).unwrap();
            audit.record(record(2)).await;
            assert_eq!(audit.failing(), None);
        });
        assert_eq!(revisions(&path), [2]);
        let text = recorder.render();
        let dropped = "countersign_log_records_dropped_total{log=\"audit\"} 1\n";
        assert!(text.contains(dropped), "{text}");
    }
}
