//! Who looks after what does not serve requests, and what happens when one of them ends.
//!
//! | who | where | after a panic | if it does not come back |
//! |---|---|---|---|
//! | publisher | thread of its own (waits for the disk) | reads the store again, answers, is started again | the process ends: what is served may not be what is stored |
//! | expiry watch | thread of its own | starts again with its next look | its metrics stand still; restarts are counted |
//! | audit writer | thread of its own (syncs each record) | is opened again for the record that failed | changes stand unrecorded: log, metric, `/readyz` degraded |
//! | loggers | thread of their own | a logger's task is made again with its next message | messages are dropped and counted |
//! | file hosts | main thread | starts again after a pause | files are not read again; restarts are counted |
//! | access log, workers, admin, health | threads of their own | theirs: one record, one connection, one request | — |
//!
//! A request waits for none of them.

use std::future::Future;
use std::sync::Arc;
use std::time::Duration;

use actix::{Arbiter, ArbiterHandle};
use gateway_config::control::{LastResort, PublisherSettings};
use gateway_telemetry::label::Supervised;
use gateway_telemetry::metric::{Recorder, RestartMetrics};

use crate::app::StartError;

/// How long a task that panicked waits before it is started again: what panics at once must not keep a
/// core busy.
const PAUSE: Duration = Duration::from_secs(5);

/// Starts parts of the slow side, and ends their threads.
#[derive(Debug)]
pub(crate) struct Supervision {
    restarts: Arc<RestartMetrics>,
    arbiters: Vec<Arbiter>,
}

impl Supervision {
    pub(crate) fn new(recorder: &Recorder) -> Self {
        Self {
            restarts: recorder.restarts(),
            arbiters: Vec::new(),
        }
    }

    /// A thread for one actor.
    ///
    /// # Errors
    /// If the system does not give one.
    pub(crate) fn thread(&mut self) -> Result<ArbiterHandle, StartError> {
        let arbiter = Arbiter::try_new()
            .map_err(|error| StartError(format!("a thread could not be started: {error}")))?;
        let handle = arbiter.handle();
        self.arbiters.push(arbiter);
        Ok(handle)
    }

    /// How the publisher is looked after.
    pub(crate) fn publisher(&self, recorder: &Recorder) -> PublisherSettings {
        PublisherSettings {
            metrics: recorder.changes(),
            restarts: Arc::clone(&self.restarts),
            last_resort: end_process(),
        }
    }

    /// Runs what `task` makes on this thread until it ends by itself; one that panics is made and run
    /// again. Aborting the handle ends it.
    pub(crate) fn keep_running<F>(
        &self,
        what: Supervised,
        task: impl FnMut() -> F + 'static,
    ) -> tokio::task::JoinHandle<()>
    where
        F: Future<Output = ()> + 'static,
    {
        tokio::task::spawn_local(again_and_again(
            what,
            Arc::clone(&self.restarts),
            PAUSE,
            task,
        ))
    }
}

impl Drop for Supervision {
    fn drop(&mut self) {
        for arbiter in &self.arbiters {
            // `false`: it has ended already.
            arbiter.stop();
        }
    }
}

fn end_process() -> LastResort {
    Arc::new(|why| {
        tracing::error!("ending: {why}");
        std::process::abort();
    })
}

async fn again_and_again<F>(
    what: Supervised,
    restarts: Arc<RestartMetrics>,
    pause: Duration,
    mut task: impl FnMut() -> F,
) where
    F: Future<Output = ()> + 'static,
{
    // Dropping the set aborts what runs in it.
    let mut running = tokio::task::JoinSet::new();
    loop {
        running.spawn_local(task());
        match running.join_next().await {
            Some(Err(error)) if error.is_panic() => {
                tracing::error!(actor = what.word(), "ended by a defect of the gateway");
                tokio::time::sleep(pause).await;
                restarts.restarted(what);
            }
            _ => return,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::cell::Cell;
    use std::rc::Rc;

    #[test]
    fn a_task_that_panics_is_started_again_until_it_ends_by_itself() {
        let recorder = Recorder::new();
        let started = Rc::new(Cell::new(0));
        actix_rt::System::new().block_on(async {
            let count = Rc::clone(&started);
            let task = move || {
                count.set(count.get() + 1);
                let number = count.get();
                async move { assert!(number > 2, "told to panic") }
            };
            let restarts = recorder.restarts();
            again_and_again(Supervised::FileHosts, restarts, Duration::ZERO, task).await;
        });
        assert_eq!(started.get(), 3);
        let expected = "countersign_actor_restarts_total{actor=\"file_hosts\"} 2\n";
        assert!(recorder.render().contains(expected));
    }

    #[test]
    fn what_supervision_started_ends_with_it() {
        let recorder = Recorder::new();
        actix_rt::System::new().block_on(async {
            let mut supervision = Supervision::new(&recorder);
            let handle = supervision.thread().unwrap();
            assert!(handle.spawn_fn(|| ()));
            drop(supervision);
            let deadline = std::time::Instant::now() + Duration::from_secs(10);
            while handle.spawn_fn(|| ()) {
                assert!(std::time::Instant::now() < deadline, "the thread goes on");
                tokio::task::yield_now().await;
            }
        });
    }
}
