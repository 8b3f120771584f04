//! Swapping while the load runs.

use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use super::swap::{List, Member};
use super::{Options, Timeline};
use crate::pace::Pace;
use crate::progress::Counters;

/// Changes the list, one change after the other.
pub(super) struct Swapper<'a> {
    pub(super) list: &'a List,
    pub(super) members: &'a [Member],
    /// What requests sent from now on must be judged by, at least.
    pub(super) acknowledged: &'a AtomicU64,
    pub(super) counters: &'a Counters,
}

/// What the swapping came to.
pub(super) struct Swapped {
    pub(super) timeline: Timeline,
    pub(super) swaps: u64,
    pub(super) replies: Vec<Duration>,
    pub(super) failure: Option<String>,
}

impl Swapper<'_> {
    pub(super) async fn run(&self, timeline: Timeline, options: &Options, pace: &Pace) -> Swapped {
        let mut swapped = Swapped {
            timeline,
            swaps: 0,
            replies: Vec::new(),
            failure: None,
        };
        let mut first_on = true;
        while swapped.swaps < options.swaps && !pace.is_over() {
            if let Err(failure) = self.swap(&mut swapped, first_on).await {
                // Whether the change happened is not known; nor is it worth going on.
                swapped
                    .timeline
                    .lose_track(self.acknowledged.load(Ordering::SeqCst));
                swapped.failure = Some(failure);
                break;
            }
            first_on = !first_on;
            swapped.swaps += 1;
            tokio::time::sleep(options.pause).await;
        }
        swapped
    }

    async fn swap(&self, swapped: &mut Swapped, first_on: bool) -> Result<(), String> {
        // The one that comes before the one that goes: partners overlap when they rotate.
        if self.members.len() == 2 {
            let coming = usize::from(first_on);
            self.change(swapped, coming, true).await?;
            return self.change(swapped, 1 - coming, false).await;
        }
        self.change(swapped, 0, !first_on).await
    }

    async fn change(&self, swapped: &mut Swapped, number: usize, on: bool) -> Result<(), String> {
        let Some(member) = self.members.get(number) else {
            return Ok(());
        };
        let done = self
            .list
            .set(member, on)
            .await
            .map_err(|error| error.to_string())?;
        let before = self.acknowledged.load(Ordering::SeqCst);
        if done.revision <= before {
            return Err(format!(
                "a change was acknowledged with revision {}, but {before} had been before it",
                done.revision
            ));
        }
        swapped.timeline.change(number, done.revision, on);
        swapped.replies.push(done.took);
        // Last: from here on requests must be judged by it.
        self.acknowledged.store(done.revision, Ordering::SeqCst);
        self.counters.changes.fetch_add(1, Ordering::Relaxed);
        Ok(())
    }
}
