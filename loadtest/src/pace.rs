//! When the next request is due, and when it is over.

use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::Duration;

use tokio::time::Instant;

use crate::Load;

/// Hands out the moments at which requests are due, to all connections together.
#[derive(Debug)]
pub(crate) struct Pace {
    start: Instant,
    end: Instant,
    /// Seconds between two requests in an open loop.
    interval: Option<f64>,
    max_requests: u64,
    handed_out: AtomicU64,
    stopped: AtomicBool,
}

impl Pace {
    pub(crate) fn begin(load: &Load) -> Self {
        let start = Instant::now();
        Self {
            start,
            end: start + load.duration,
            interval: load.rate.map(|rate| 1.0 / rate),
            max_requests: load.max_requests,
            handed_out: AtomicU64::new(0),
            stopped: AtomicBool::new(false),
        }
    }

    /// Waits until the next request is due and returns the moment it was due: in an open loop that
    /// may be long ago, and the waiting since then is part of its latency. `None` when it is over.
    pub(crate) async fn next(&self) -> Option<Instant> {
        if self.is_over() {
            return None;
        }
        let number = self.handed_out.fetch_add(1, Ordering::Relaxed);
        if number >= self.max_requests {
            return None;
        }
        let Some(interval) = self.interval else {
            return Some(Instant::now());
        };
        let due = Duration::try_from_secs_f64(interval * number as f64)
            .ok()
            .and_then(|since| self.start.checked_add(since))?;
        if due > self.end {
            return None;
        }
        tokio::time::sleep_until(due).await;
        (!self.is_over()).then_some(due)
    }

    pub(crate) fn stop(&self) {
        self.stopped.store(true, Ordering::SeqCst);
    }

    pub(crate) fn is_over(&self) -> bool {
        self.stopped.load(Ordering::SeqCst) || Instant::now() >= self.end
    }

    /// Waits until it is over.
    pub(crate) async fn over(&self) {
        while !self.is_over() && self.handed_out.load(Ordering::Relaxed) < self.max_requests {
            let next = Instant::now() + Duration::from_millis(50);
            tokio::time::sleep_until(next.min(self.end)).await;
        }
    }

    pub(crate) fn elapsed(&self) -> Duration {
        self.start.elapsed()
    }

    pub(crate) fn duration(&self) -> Duration {
        self.end.duration_since(self.start)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test(start_paused = true)]
    async fn an_open_loop_keeps_its_schedule_when_a_request_was_slow() {
        let load = Load {
            rate: Some(10.0),
            duration: Duration::from_secs(1),
            ..Load::default()
        };
        let pace = Pace::begin(&load);
        let start = Instant::now();
        assert_eq!(pace.next().await, Some(start));
        tokio::time::advance(Duration::from_millis(350)).await;
        let due: Vec<Duration> = [pace.next().await, pace.next().await, pace.next().await]
            .map(|moment| moment.unwrap() - start)
            .into();
        assert_eq!(due, [100, 200, 300].map(Duration::from_millis));
        assert_eq!(
            start.elapsed(),
            Duration::from_millis(350),
            "none of them waited"
        );
        assert_eq!(
            pace.next().await.unwrap() - start,
            Duration::from_millis(400)
        );
    }

    #[tokio::test(start_paused = true)]
    async fn it_is_over_after_its_time_its_requests_or_a_stop() {
        let load = Load {
            max_requests: 2,
            duration: Duration::from_secs(1),
            ..Load::default()
        };
        let pace = Pace::begin(&load);
        assert!(pace.next().await.is_some() && pace.next().await.is_some());
        assert!(pace.next().await.is_none());
        let pace = Pace::begin(&load);
        tokio::time::advance(Duration::from_secs(1)).await;
        assert!(pace.next().await.is_none());
        let pace = Pace::begin(&load);
        pace.stop();
        assert!(pace.next().await.is_none());
    }
}
