//! What one connection is doing, shared by its reader, its requests and its driver.

use std::cell::{Cell, RefCell};
use std::collections::VecDeque;
use std::rc::Rc;
use std::time::Duration;

use tokio::time::Instant;

use crate::front::framing::Refusal;
use crate::settings::FrontSettings;

/// Shared record of a connection's state. One thread only.
#[derive(Debug)]
pub(crate) struct Activity {
    /// Since when an unfinished head has been waiting for its end.
    partial_head: Cell<Option<Instant>>,
    /// Since when nothing happens.
    quiet_since: Cell<Instant>,
    /// Requests that have begun and not ended.
    open_requests: Cell<u32>,
    /// Requests ever seen.
    requests: Cell<u64>,
    /// Since when the client has taken no byte although there are some for it.
    write_blocked: Cell<Option<Instant>>,
    /// Responses of which the client has taken nothing since their last piece.
    waiting_for_client: Cell<u32>,
    /// When the client last took a piece of any response.
    last_taken: Cell<Instant>,
    /// Verdicts on the heads that were passed on, oldest first.
    heads: RefCell<VecDeque<Option<Refusal>>>,
    /// A refusal that the reader shall hand out as the next head.
    forced: Cell<Option<Refusal>>,
    /// Whether a response asked for the connection's end.
    close: Cell<bool>,
    /// Whether the next response is the last.
    draining: Cell<bool>,
}

/// Something the driver must do now.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Due {
    /// Answer 408 and close.
    RefuseHead,
    /// Close without a word.
    CloseIdle,
    /// Give the client up.
    Abort,
}

impl Activity {
    pub(crate) fn new() -> Rc<Self> {
        Rc::new(Self {
            partial_head: Cell::new(None),
            quiet_since: Cell::new(Instant::now()),
            open_requests: Cell::new(0),
            requests: Cell::new(0),
            write_blocked: Cell::new(None),
            waiting_for_client: Cell::new(0),
            last_taken: Cell::new(Instant::now()),
            heads: RefCell::new(VecDeque::new()),
            forced: Cell::new(None),
            close: Cell::new(false),
            draining: Cell::new(false),
        })
    }

    pub(crate) fn head_passed(&self, verdict: Option<Refusal>) {
        self.partial_head.set(None);
        self.heads.borrow_mut().push_back(verdict);
    }

    pub(crate) fn head_is_partial(&self) {
        if self.partial_head.get().is_none() {
            self.partial_head.set(Some(Instant::now()));
        }
    }

    /// The verdict on the head of the request that is handed over now.
    pub(crate) fn next_head(&self) -> Option<Refusal> {
        self.heads.borrow_mut().pop_front().flatten()
    }

    pub(crate) fn force(&self, refusal: Refusal) {
        self.forced.set(Some(refusal));
        // INVARIANT: what was due is not due again, even if the reader does not come to it now (a
        // client that does not take the response before). Else the driver would never rest.
        self.partial_head.set(None);
        self.quiet_since.set(Instant::now());
    }

    pub(crate) fn take_forced(&self) -> Option<Refusal> {
        self.forced.take()
    }

    pub(crate) fn request_begins(self: &Rc<Self>) -> OpenRequest {
        self.open_requests.set(self.open_requests.get() + 1);
        self.requests.set(self.requests.get() + 1);
        OpenRequest(Rc::clone(self))
    }

    pub(crate) fn write_blocked(&self) {
        if self.write_blocked.get().is_none() {
            self.write_blocked.set(Some(Instant::now()));
        }
    }

    pub(crate) fn write_progressed(&self) {
        self.write_blocked.set(None);
    }

    /// From now on every response says that it is the last.
    pub(crate) fn drain(&self) {
        self.draining.set(true);
    }

    pub(crate) fn is_draining(&self) -> bool {
        self.draining.get()
    }

    /// Whether a request has ever begun.
    pub(crate) fn has_served(&self) -> bool {
        self.requests.get() > 0
    }

    /// A response handed out a piece: until it is asked for the next, the client's window is full.
    pub(crate) fn piece_given(&self) {
        self.waiting_for_client
            .set(self.waiting_for_client.get() + 1);
        self.last_taken.set(Instant::now());
    }

    /// The piece was taken, or the response given up.
    pub(crate) fn piece_taken(&self) {
        self.waiting_for_client
            .set(self.waiting_for_client.get().saturating_sub(1));
        self.last_taken.set(Instant::now());
    }

    /// Asks the driver to let the open requests finish and then close.
    pub(crate) fn close_after_responses(&self) {
        self.close.set(true);
    }

    pub(crate) fn wants_close(&self) -> bool {
        self.close.get()
    }

    /// The next deadline, and what is due when it has passed; `None` while a request runs and the
    /// client takes what it is sent.
    pub(crate) fn deadline(&self, settings: &FrontSettings) -> Option<(Instant, Due)> {
        let stalled = (self.waiting_for_client.get() > 0).then(|| self.last_taken.get());
        let blocked = [self.write_blocked.get(), stalled]
            .into_iter()
            .flatten()
            .min()
            .map(|since| (since + settings.write_timeout, Due::Abort));
        if self.open_requests.get() > 0 {
            return blocked;
        }
        let quiet = self.quiet_since.get();
        let next = match self.partial_head.get() {
            Some(since) => (since.max(quiet) + settings.header_timeout, Due::RefuseHead),
            None if self.requests.get() == 0 => (quiet + settings.header_timeout, Due::CloseIdle),
            None => (quiet + settings.idle_timeout, Due::CloseIdle),
        };
        match blocked {
            Some(blocked) if blocked.0 < next.0 => Some(blocked),
            _ => Some(next),
        }
    }

    /// Nothing can be due sooner than this.
    pub(crate) fn shortest(settings: &FrontSettings) -> Duration {
        settings
            .header_timeout
            .min(settings.idle_timeout)
            .min(settings.write_timeout)
    }
}

/// Counts as an open request until dropped.
#[derive(Debug)]
pub(crate) struct OpenRequest(Rc<Activity>);

impl OpenRequest {
    pub(crate) fn activity(&self) -> &Activity {
        &self.0
    }
}

impl Drop for OpenRequest {
    fn drop(&mut self) {
        let left = self.0.open_requests.get().saturating_sub(1);
        self.0.open_requests.set(left);
        if left == 0 {
            self.0.quiet_since.set(Instant::now());
        }
    }
}
