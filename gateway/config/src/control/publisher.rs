//! The actor that owns the writer.
//!
//! actix does not restart an actor that panicked: tokio ends the task that the actor and its supervisor
//! are, and everything sent from then on is refused. So each use of the writer runs under
//! `catch_unwind`. After a panic the head is read from the store again *before* the answer, because
//! nobody knows how far the writer got; then the actor stops itself, which is what makes the supervisor
//! start it again: with the messages that wait, and with fresh timers.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::time::Duration;

use actix::{
    ActorContext as _, Arbiter, AsyncContext as _, Context, Handler, Message, Recipient, Supervised,
};
use gateway_telemetry::label::{self, ChangeRefusal};

use super::PublisherSettings;
use crate::apply::{Difference, Writer};
use crate::change::{Actor, Applied, ApplyError, Change, RevisionSummary};
use crate::compile::FileHost;
use crate::store::StoreError;

/// How often retired snapshots are looked at, and revisions pruned.
const HOUSEKEEPING: Duration = Duration::from_secs(1);

pub(super) struct Publisher {
    /// `None` once it has been told to end: the store is closed then.
    writer: Option<Writer>,
    /// Revision after which the store was last pruned.
    pruned: u64,
    settings: PublisherSettings,
    listeners: Vec<Recipient<Republished>>,
}

impl Publisher {
    pub(super) fn new(writer: Writer, settings: PublisherSettings) -> Self {
        count_published(&settings, &writer);
        Self {
            writer: Some(writer),
            pruned: 0,
            settings,
            listeners: Vec::new(),
        }
    }

    /// Uses the writer. A panic in it is a defect of ours: it becomes an error, what is served is read
    /// from the store again, and the actor is started again.
    ///
    /// A store that cannot be read after an unknown outcome ends the process: it may hold a change
    /// that is not served, and an answer either way could be a lie.
    fn with_writer<T>(
        &mut self,
        ctx: &mut Context<Self>,
        work: impl FnOnce(&mut Writer) -> Result<T, ApplyError>,
    ) -> Result<T, ApplyError> {
        let Some(writer) = &mut self.writer else {
            return Err(ApplyError::ShuttingDown);
        };
        let before = writer.published().load();
        let outcome = catch_unwind(AssertUnwindSafe(|| work(writer))).unwrap_or_else(|_| {
            tracing::error!("the publisher met a defect of the gateway; it reads the store again");
            ctx.stop();
            let read_again = catch_unwind(AssertUnwindSafe(|| writer.distrust()));
            Err(read_again.unwrap_or(ApplyError::Unsettled))
        });
        if writer.is_unsettled() {
            (self.settings.last_resort)("the store's head cannot be read");
        }
        if !Arc::ptr_eq(&before, &writer.published().load()) {
            count_published(&self.settings, writer);
            self.tell_listeners();
        }
        outcome
    }

    fn change<T>(
        &mut self,
        ctx: &mut Context<Self>,
        change: impl FnOnce(&mut Writer) -> Result<T, ApplyError>,
    ) -> Result<T, ApplyError> {
        let outcome = self.with_writer(ctx, change);
        if let Err(error) = &outcome {
            self.settings.metrics.refused(refusal(error));
        }
        outcome
    }

    fn read<T>(
        &mut self,
        ctx: &mut Context<Self>,
        read: impl FnOnce(&mut Writer) -> Result<T, StoreError>,
    ) -> Result<T, StoreError> {
        self.with_writer(ctx, |writer| Ok(read(writer)))
            .unwrap_or_else(|error| Err(StoreError::Unusable(error.to_string())))
    }

    fn keep_house(&mut self, ctx: &mut Context<Self>) {
        let mut pruned = self.pruned;
        // What fails has been logged; there is nobody to answer.
        let _ = self.with_writer(ctx, |writer| {
            writer.free_retired();
            let revision = writer.published().with(|snapshot| snapshot.revision);
            // Not after each change: pruning reads more than a commit writes.
            if revision >= pruned.saturating_add(100) {
                pruned = revision;
                if let Err(error) = writer.prune() {
                    tracing::warn!(%error, "old revisions could not be pruned");
                }
            }
            Ok(())
        });
        self.pruned = pruned;
    }

    fn tell_listeners(&self) {
        for listener in &self.listeners {
            // Full: one is waiting already. Closed: the listener's own affair.
            let _ = listener.try_send(Republished);
        }
    }
}

impl actix::Actor for Publisher {
    type Context = Context<Self>;

    fn started(&mut self, ctx: &mut Self::Context) {
        ctx.set_mailbox_capacity(1_024);
        ctx.run_interval(HOUSEKEEPING, Self::keep_house);
    }
}

impl Supervised for Publisher {
    fn restarting(&mut self, _: &mut Self::Context) {
        // The writer is whole again already: the answer to whoever met the panic waited for that.
        self.settings
            .restarts
            .restarted(label::Supervised::Publisher);
        tracing::warn!("the publisher was started again");
    }
}

impl Drop for Publisher {
    fn drop(&mut self) {
        // A panic outside `with_writer` takes the actor with it, and nothing could be changed any more.
        if std::thread::panicking() {
            (self.settings.last_resort)("the publisher ended by a panic");
        }
    }
}

fn count_published(settings: &PublisherSettings, writer: &Writer) {
    let now = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH);
    let seconds = now.map_or(0.0, |since| since.as_secs_f64());
    let revision = writer.published().with(|snapshot| snapshot.revision);
    settings.metrics.published(revision, seconds);
}

fn refusal(error: &ApplyError) -> ChangeRefusal {
    match error {
        ApplyError::NotFound(_) => ChangeRefusal::NotFound,
        ApplyError::PreconditionFailed(_) => ChangeRefusal::PreconditionFailed,
        ApplyError::InUse { .. } => ChangeRefusal::InUse,
        ApplyError::Invalid { .. } => ChangeRefusal::Invalid,
        ApplyError::Store(_) => ChangeRefusal::Store,
        ApplyError::Unsettled => ChangeRefusal::Unsettled,
        ApplyError::ShuttingDown => ChangeRefusal::ShuttingDown,
    }
}

#[derive(Message)]
#[rtype(result = "Result<Applied, ApplyError>")]
pub(super) struct Apply(pub(super) Change);

impl Handler<Apply> for Publisher {
    type Result = Result<Applied, ApplyError>;

    fn handle(&mut self, message: Apply, ctx: &mut Self::Context) -> Self::Result {
        self.change(ctx, |writer| writer.apply(message.0))
    }
}

#[derive(Message)]
#[rtype(result = "Result<Applied, ApplyError>")]
pub(super) struct Restore(pub(super) u64, pub(super) Actor);

impl Handler<Restore> for Publisher {
    type Result = Result<Applied, ApplyError>;

    fn handle(&mut self, message: Restore, ctx: &mut Self::Context) -> Self::Result {
        self.change(ctx, |writer| writer.restore(message.0, &message.1))
    }
}

#[derive(Message)]
#[rtype(result = "Result<(), ApplyError>")]
pub(super) struct SetFileHosts(pub(super) Vec<Arc<FileHost>>);

impl Handler<SetFileHosts> for Publisher {
    type Result = Result<(), ApplyError>;

    fn handle(&mut self, message: SetFileHosts, ctx: &mut Self::Context) -> Self::Result {
        self.change(ctx, |writer| writer.set_file_hosts(message.0))
    }
}

#[derive(Message)]
#[rtype(result = "Result<Vec<RevisionSummary>, StoreError>")]
pub(super) struct Revisions {
    pub(super) before: Option<u64>,
    pub(super) limit: usize,
}

impl Handler<Revisions> for Publisher {
    type Result = Result<Vec<RevisionSummary>, StoreError>;

    fn handle(&mut self, message: Revisions, ctx: &mut Self::Context) -> Self::Result {
        self.read(ctx, |writer| {
            writer.revisions(message.before, message.limit)
        })
    }
}

#[derive(Message)]
#[rtype(result = "Result<Option<RevisionSummary>, StoreError>")]
pub(super) struct RevisionDetail(pub(super) u64);

impl Handler<RevisionDetail> for Publisher {
    type Result = Result<Option<RevisionSummary>, StoreError>;

    fn handle(&mut self, message: RevisionDetail, ctx: &mut Self::Context) -> Self::Result {
        self.read(ctx, |writer| writer.revision(message.0))
    }
}

#[derive(Message)]
#[rtype(result = "Result<Option<Vec<Difference>>, StoreError>")]
pub(super) struct DifferenceOf(pub(super) u64);

impl Handler<DifferenceOf> for Publisher {
    type Result = Result<Option<Vec<Difference>>, StoreError>;

    fn handle(&mut self, message: DifferenceOf, ctx: &mut Self::Context) -> Self::Result {
        self.read(ctx, |writer| writer.difference(message.0))
    }
}

/// Another snapshot is served than when the listener was last told.
#[derive(Debug, Clone, Copy, Message)]
#[rtype(result = "()")]
pub struct Republished;

#[derive(Message)]
#[rtype(result = "()")]
pub(super) struct Subscribe(pub(super) Recipient<Republished>);

impl Handler<Subscribe> for Publisher {
    type Result = ();

    fn handle(&mut self, Subscribe(listener): Subscribe, _: &mut Self::Context) {
        // What was published while this message waited is not missed.
        let _ = listener.try_send(Republished);
        self.listeners.push(listener);
    }
}

#[derive(Message)]
#[rtype(result = "()")]
pub(super) struct Stop;

impl Handler<Stop> for Publisher {
    type Result = ();

    fn handle(&mut self, _: Stop, _: &mut Self::Context) {
        // Not `ctx.stop()`: the supervisor would start it again.
        self.writer = None;
        Arbiter::current().stop();
    }
}
