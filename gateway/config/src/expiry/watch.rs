//! The actor that looks at the clock.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::time::Duration;

use actix::{
    ActorContext as _, Addr, ArbiterHandle, AsyncContext as _, Context, Handler, Supervised,
    Supervisor,
};
use arc_swap::ArcSwap;
use gateway_telemetry::label;
use gateway_telemetry::metric::{CertificateExpiry, Recorder};

use super::announce::Announced;
use super::collect::{Expiring, closed, collect};
use crate::clock::Clock;
use crate::control::{ControlPlane, Republished};
use crate::resources::Resources;
use crate::snapshot::Published;

/// How often the clock is looked at. What it says in metrics and logs is about days.
const INTERVAL: Duration = Duration::from_secs(5);

/// How long a publication may wait for the ones that follow it: changes come in bursts, and each look
/// goes over everything that expires.
const SETTLE: Duration = Duration::from_millis(100);

/// At most so many lines at once; a thousand CAs of one age are one event.
const MOST_LINES: usize = 50;

/// What the watch is started with.
#[derive(Debug)]
pub struct ExpirySettings {
    /// The time.
    pub clock: Arc<dyn Clock>,
    /// Where the dates are shown and restarts counted.
    pub recorder: Recorder,
    /// What expires and is not in the configuration: the certificate of the admin listener.
    pub fixed: Vec<Expiring>,
}

/// What has expired and closes something, for whoever asks; see [`Expired::reasons`].
#[derive(Debug, Clone, Default)]
pub struct Expired(Arc<ArcSwap<Vec<String>>>);

impl Expired {
    /// In words, as of the last look; empty in a healthy gateway.
    #[must_use]
    pub fn reasons(&self) -> Arc<Vec<String>> {
        self.0.load_full()
    }
}

/// Keeps the metrics of expiry, warns once when something enters a [`Window`](super::Window), and
/// knows what has expired. Looks when another snapshot is served and every five seconds.
#[derive(Debug)]
pub struct ExpiryWatch {
    published: Published,
    resources: Arc<ArcSwap<Resources>>,
    settings: ExpirySettings,
    /// In the order of their ends.
    known: Vec<Expiring>,
    /// Whether `known` may be older than what is served.
    stale: bool,
    /// Whether a look is on its way.
    pending: bool,
    announced: Announced,
    expired: Expired,
}

impl ExpiryWatch {
    /// Starts it in `arbiter`, supervised, over what `plane` serves.
    #[must_use]
    pub fn start(
        plane: &ControlPlane,
        settings: ExpirySettings,
        arbiter: &ArbiterHandle,
    ) -> Expired {
        let watch = Self::new(plane, settings);
        let expired = watch.expired.clone();
        plane.on_publish(watch.supervised(arbiter).recipient());
        expired
    }

    fn new(plane: &ControlPlane, settings: ExpirySettings) -> Self {
        Self {
            published: plane.published().clone(),
            resources: Arc::clone(plane.shared_resources()),
            settings,
            known: Vec::new(),
            stale: true,
            pending: false,
            announced: Announced::default(),
            expired: Expired::default(),
        }
    }

    fn supervised(self, arbiter: &ArbiterHandle) -> Addr<Self> {
        Supervisor::start_in_arbiter(arbiter, |_| self)
    }

    /// A panic in a look is a defect of ours; it must not end the watch. The next look is the next
    /// interval's: what panics at once again must not keep a core busy.
    fn guarded_look(&mut self, ctx: &mut Context<Self>) {
        if catch_unwind(AssertUnwindSafe(|| self.look())).is_err() {
            tracing::error!("the expiry watch met a defect of the gateway");
            self.stale = true;
            ctx.stop();
        }
    }

    fn look(&mut self) {
        if self.stale {
            self.collect();
            self.stale = false;
        }
        let now = self.settings.clock.now_seconds();
        let entered = self.announced.update(&self.known, now);
        for announcement in entered.iter().take(MOST_LINES) {
            tracing::warn!(
                kind = announcement.expiring.kind.word(),
                name = %announcement.expiring.name,
                "{announcement}"
            );
        }
        if entered.len() > MOST_LINES {
            let others = entered.len() - MOST_LINES;
            tracing::warn!(others, "as many others expire or have expired");
        }
        let revocation = self.published.with(|snapshot| snapshot.revocation);
        let reasons = closed(&self.known, revocation, now);
        self.expired.0.store(Arc::new(reasons));
    }

    fn collect(&mut self) {
        let file_hosts = self.published.with(|snapshot| snapshot.file_hosts.clone());
        let mut known = collect(&self.resources.load(), &file_hosts);
        known.extend(self.settings.fixed.iter().cloned());
        known.sort_by_key(|expiring| expiring.ends);
        let shown = known.iter().map(|expiring| CertificateExpiry {
            kind: expiring.kind,
            name: expiring.name.to_string(),
            not_after: expiring.ends,
        });
        self.settings
            .recorder
            .set_certificate_expiries(shown.collect());
        self.known = known;
    }
}

impl actix::Actor for ExpiryWatch {
    type Context = Context<Self>;

    fn started(&mut self, ctx: &mut Self::Context) {
        ctx.run_interval(INTERVAL, Self::guarded_look);
    }
}

impl Supervised for ExpiryWatch {
    fn restarting(&mut self, _: &mut Self::Context) {
        // The look that was on its way went with the old context.
        self.pending = false;
        let restarts = self.settings.recorder.restarts();
        restarts.restarted(label::Supervised::ExpiryWatch);
    }
}

impl Handler<Republished> for ExpiryWatch {
    type Result = ();

    fn handle(&mut self, _: Republished, ctx: &mut Self::Context) {
        self.stale = true;
        if !self.pending {
            self.pending = true;
            ctx.run_later(SETTLE, |watch, ctx| {
                watch.pending = false;
                watch.guarded_look(ctx);
            });
        }
    }
}

#[cfg(test)]
mod tests;
