//! What is known about one request, and the promise that it is recorded exactly once.

use std::borrow::Cow;
use std::cell::{Cell, RefCell};
use std::rc::Rc;
use std::sync::Arc;
use std::time::Instant;

use gateway_policy::context::uuid_bytes::RequestId;
use gateway_policy::execution::Count;
use gateway_policy::expression::BudgetKind;
use gateway_policy::host::{Metric, TraceRecord, TraceSeverity};
use gateway_telemetry::label::{
    Fault, HttpVersion, PolicyBudget, Stage, StatusClass, VerdictReason,
};
use gateway_telemetry::record::{self, AccessRecord, StageTimes, Verdict};
use http::{Method, Request, StatusCode, Uri, Version};
use jiff::Timestamp;

use crate::body::{Body, BodyError, Tally, Which};
use crate::connection::Connection;

/// One request from its head to the last byte of its answer.
///
/// Shared by whoever works on the request; the record is written when the response's body has ended,
/// or else when the last of them lets go (a client that hung up, a worker that ends).
pub(crate) struct Exchange {
    connection: Rc<Connection>,
    /// The request's id.
    pub(crate) id: RequestId,
    began: Instant,
    lap: Cell<Instant>,
    bytes_in: Cell<u64>,
    bytes_out: Cell<u64>,
    buffered: Cell<usize>,
    request_error: RefCell<Option<BodyError>>,
    recorded: Cell<bool>,
    forwarded: Cell<bool>,
    head: bool,
    facts: RefCell<Facts>,
    /// What the bytes of this exchange count for.
    meters: RefCell<Vec<Count>>,
}

/// What is learned on the way.
pub(crate) struct Facts {
    time: Timestamp,
    http: HttpVersion,
    method: Cow<'static, str>,
    /// What was asked for; shares its bytes with the request.
    uri: Option<Uri>,
    stages: StageTimes,
    pub(crate) revision: u64,
    pub(crate) host: Option<Arc<str>>,
    pub(crate) api: Option<Arc<str>>,
    pub(crate) operation: Option<Arc<str>>,
    pub(crate) subscription: Option<Arc<str>>,
    pub(crate) thumbprint: Option<Arc<str>>,
    /// Whether a trusted peer has named the certificate with that thumbprint.
    pub(crate) captured: bool,
    pub(crate) verdict: Option<VerdictReason>,
    pub(crate) status: Option<StatusCode>,
    pub(crate) fault: Fault,
    pub(crate) error: Option<Cow<'static, str>>,
    pub(crate) policy_error: Option<String>,
    budgets_exceeded: Vec<PolicyBudget>,
}

impl Exchange {
    /// From here on there will be one access record.
    pub(crate) fn begin(connection: &Rc<Connection>, request: &Request<Body>) -> Rc<Self> {
        let now = Instant::now();
        connection.worker.load.request_begins();
        Rc::new(Self {
            id: connection.worker.request_id(),
            began: now,
            lap: Cell::new(now),
            bytes_in: Cell::new(0),
            bytes_out: Cell::new(0),
            buffered: Cell::new(0),
            request_error: RefCell::new(None),
            recorded: Cell::new(false),
            forwarded: Cell::new(false),
            head: request.method() == Method::HEAD,
            facts: RefCell::new(Facts {
                time: Timestamp::now(),
                http: match request.version() {
                    Version::HTTP_10 | Version::HTTP_09 => HttpVersion::Http10,
                    Version::HTTP_2 => HttpVersion::Http2,
                    _ => HttpVersion::Http11,
                },
                method: method(request.method()),
                uri: Some(request.uri().clone()),
                stages: StageTimes::default(),
                revision: 0,
                host: None,
                api: None,
                operation: None,
                subscription: None,
                thumbprint: own_thumbprint(connection),
                captured: false,
                verdict: None,
                status: None,
                fault: Fault::Nobody,
                error: None,
                policy_error: None,
                budgets_exceeded: Vec::new(),
            }),
            connection: Rc::clone(connection),
            meters: RefCell::default(),
        })
    }

    /// Notes what has been learned.
    pub(crate) fn note(&self, learn: impl FnOnce(&mut Facts)) {
        learn(&mut self.facts.borrow_mut());
    }

    /// The front has put a request of its own in place of one that it refused.
    pub(crate) fn head_was_refused(&self) {
        self.note(|facts| {
            facts.method = Cow::Borrowed("-");
            facts.uri = None;
        });
    }

    /// Takes room for so many more bytes of bodies in memory, for as long as the exchange lasts;
    /// `false` if the worker has none left.
    pub(crate) fn take_room(&self, bytes: usize) -> bool {
        let taken = self.connection.worker.load.take_room(bytes);
        if taken {
            self.buffered.set(self.buffered.get() + bytes);
        }
        taken
    }

    /// When the exchange has ended, its bytes are added to this counter.
    pub(crate) fn meter(&self, count: Count) {
        self.meters.borrow_mut().push(count);
    }

    fn settle_meters(&self) {
        let bytes = self.bytes_in.get().saturating_add(self.bytes_out.get());
        let meters = self
            .meters
            .try_borrow_mut()
            .map(|mut meters| std::mem::take(&mut *meters));
        for count in meters.unwrap_or_default() {
            let added = Count {
                add: bytes,
                only_if_allowed: false,
                meters: false,
                ..count
            };
            // A counter that has no room any more limits nobody either.
            let _ = self.connection.worker.memory.count(&added);
        }
    }

    /// The request is about to be sent to a backend.
    pub(crate) fn forwarding(&self) {
        self.forwarded.set(true);
    }

    pub(crate) fn was_forwarded(&self) -> bool {
        self.forwarded.get()
    }

    /// Whether the client asked for the head of the response only.
    pub(crate) fn is_head(&self) -> bool {
        self.head
    }

    /// The revision that was pinned, if it came to that.
    pub(crate) fn revision(&self) -> Option<u64> {
        Some(self.facts.borrow().revision).filter(|revision| *revision > 0)
    }

    /// A stage has ended that began when the one before ended.
    pub(crate) fn stage_ends(&self, stage: Stage) {
        let now = Instant::now();
        let took = now.duration_since(self.lap.replace(now));
        self.connection.worker.metrics.stage(stage, took);
        let micros = u32::try_from(took.as_micros()).unwrap_or(u32::MAX);
        let stages = &mut self.facts.borrow_mut().stages;
        let time = match stage {
            Stage::Judge => &mut stages.judge_us,
            Stage::Route => &mut stages.route_us,
            Stage::Inbound => &mut stages.inbound_us,
            Stage::Forward => &mut stages.forward_us,
            Stage::Outbound => &mut stages.outbound_us,
            Stage::Handshake | Stage::Total => return,
        };
        *time = Some(time.unwrap_or(0).saturating_add(micros));
    }

    /// What went wrong with the request's body, if something did.
    pub(crate) fn request_error(&self) -> Option<BodyError> {
        self.request_error.borrow().clone()
    }

    /// Hands over what policies traced.
    pub(crate) fn record_traces(&self, traces: Vec<TraceRecord>) {
        if traces.is_empty() {
            return;
        }
        let id: Arc<str> = Arc::from(self.id.to_string());
        for trace in traces {
            self.connection.worker.access.trace(record::TraceRecord {
                time: Timestamp::now(),
                request_id: Arc::clone(&id),
                source: trace.source,
                severity: match trace.severity {
                    TraceSeverity::Verbose => record::TraceSeverity::Verbose,
                    TraceSeverity::Information => record::TraceSeverity::Information,
                    TraceSeverity::Error => record::TraceSeverity::Error,
                },
                message: trace.message,
                metadata: trace.metadata,
            });
        }
    }

    /// Counts the budgets that policies overran, and notes them for the record.
    pub(crate) fn record_exceeded(&self, budgets: &[BudgetKind]) {
        for kind in budgets {
            let budget = match kind {
                BudgetKind::Instructions => PolicyBudget::Instructions,
                BudgetKind::Allocation => PolicyBudget::Allocation,
                BudgetKind::Depth => PolicyBudget::Depth,
                BudgetKind::Regex => PolicyBudget::Regex,
                BudgetKind::Effects => PolicyBudget::Effects,
            };
            self.connection.worker.effects.exceeded(budget);
            self.note(|facts| facts.budgets_exceeded.push(budget));
        }
    }

    /// Hands over what policies added to metrics.
    pub(crate) fn record_metrics(&self, metrics: &[Metric]) {
        let recorder = &self.connection.worker.recorder;
        for metric in metrics {
            recorder.add_to_policy_metric(
                &metric.namespace,
                &metric.name,
                metric.value,
                &metric.dimensions,
            );
        }
    }

    fn record(&self) {
        if self.recorded.replace(true) {
            return;
        }
        self.settle_meters();
        let worker = &self.connection.worker;
        let total = self.began.elapsed();
        worker.metrics.stage(Stage::Total, total);
        // A panic may have struck while it was borrowed, and this may run because of it.
        let Ok(mut facts) = self.facts.try_borrow_mut() else {
            return;
        };
        if std::thread::panicking() {
            facts.fault = Fault::Gateway;
            facts.error = Some(Cow::Borrowed("a defect of the gateway ended the request"));
        } else if facts.status.is_none() && facts.error.is_none() {
            facts.fault = Fault::Client;
            facts.error = Some(Cow::Borrowed("the client went away before it was answered"));
        }
        if let Some(reason) = facts.verdict {
            worker.metrics.verdict(reason);
        }
        let status = facts.status.map(|status| status.as_u16());
        worker.count(facts.api.as_ref(), StatusClass::of(status), facts.fault);
        facts.stages.total_us = u32::try_from(total.as_micros()).unwrap_or(u32::MAX);
        let verdict = facts.verdict.map(|reason| match reason {
            VerdictReason::Accepted => Verdict::Accepted,
            _ => Verdict::Refused,
        });
        worker.access.access(AccessRecord {
            time: facts.time,
            request_id: Arc::from(self.id.to_string()),
            worker: worker.index,
            revision: facts.revision,
            client: self.connection.address,
            host: facts.host.take(),
            method: std::mem::take(&mut facts.method),
            path: facts.uri.as_ref().map_or("-", Uri::path).to_owned(),
            status,
            api: facts.api.take(),
            operation: facts.operation.take(),
            thumbprint: facts.thumbprint.take(),
            captured: facts.captured,
            verdict,
            verdict_reason: facts
                .verdict
                .filter(|reason| *reason != VerdictReason::Accepted)
                .map(|reason| Cow::Borrowed(reason.word())),
            fault: facts.fault,
            error: facts.error.take(),
            bytes_in: self.bytes_in.get(),
            bytes_out: self.bytes_out.get(),
            tls: Some(self.connection.tls),
            resumed: self.connection.resumed,
            http: facts.http,
            stages: facts.stages,
            subscription: facts.subscription.take(),
            policy_error: facts.policy_error.take(),
            budgets_exceeded: std::mem::take(&mut facts.budgets_exceeded),
        });
    }
}

impl Tally for Exchange {
    fn passed(&self, which: Which, bytes: usize) {
        let count = match which {
            Which::Request => &self.bytes_in,
            Which::Response => &self.bytes_out,
        };
        count.set(count.get().saturating_add(bytes as u64));
    }

    fn ended(&self, which: Which, complete: bool, error: Option<&BodyError>) {
        match which {
            Which::Request => {
                if let Some(error) = error {
                    *self.request_error.borrow_mut() = Some(error.clone());
                }
            }
            Which::Response => {
                if !complete {
                    let (fault, what): (_, Cow<'static, str>) = match error {
                        Some(error) => (
                            Fault::Backend,
                            Cow::Owned(format!("the response broke off: {error}")),
                        ),
                        None => (
                            Fault::Client,
                            Cow::Borrowed("the client went away before the response ended"),
                        ),
                    };
                    let mut facts = self.facts.borrow_mut();
                    facts.fault = fault;
                    facts.error.get_or_insert(what);
                }
                self.record();
            }
        }
    }
}

impl Drop for Exchange {
    fn drop(&mut self) {
        self.connection
            .worker
            .load
            .request_ends(self.buffered.get());
        self.record();
    }
}

/// The certificate of a trusted peer is not its clients'.
fn own_thumbprint(connection: &Connection) -> Option<Arc<str>> {
    match connection.speaks_for {
        None => connection.thumbprint(),
        Some(_) => None,
    }
}

fn method(method: &Method) -> Cow<'static, str> {
    match *method {
        Method::GET => Cow::Borrowed("GET"),
        Method::POST => Cow::Borrowed("POST"),
        Method::PUT => Cow::Borrowed("PUT"),
        Method::PATCH => Cow::Borrowed("PATCH"),
        Method::DELETE => Cow::Borrowed("DELETE"),
        Method::HEAD => Cow::Borrowed("HEAD"),
        Method::OPTIONS => Cow::Borrowed("OPTIONS"),
        _ => Cow::Owned(method.as_str().to_owned()),
    }
}
