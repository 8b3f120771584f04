//! Programs at work on one request.
//!
//! An [`Execution`] does no I/O and never waits: [`Execution::run`] goes on until a section ends, the
//! answer is there, or something is needed that only the caller can do.

mod answer;
mod cached;
mod effect;
mod failure;
mod fiber;
mod fibers;
mod on_error;
mod run;

use std::fmt;
use std::sync::Arc;

use smallvec::SmallVec;

pub use answer::{AccessToken, Answer, Counted, EffectFailure, FailureKind, Permit};
pub use cached::Cached;
pub use effect::{
    Acquire, CacheGet, CachePut, CachingType, CertificateChoice, Count, Effect, EffectId, Forward,
    ProviderDocument, ProviderRequest, Proxy, SendRequest, Target, TokenRequest, Window,
};
pub use failure::Failure;
pub(crate) use fiber::Fork;
pub(crate) use run::{
    Block, Caching, Draft, Flow, Message, Outcome, Postponed, Run, State, empty_response, threw,
};

use crate::context::{Body, Context, LastError, Response};
use crate::expression::{BudgetKind, BudgetLimits, Needs};
use crate::host::Host;
use crate::program::instruction::Operation;
use crate::program::{Program, Section};
use fiber::{Fiber, Waits};
use run::Then;

/// What happened, and what the caller does next.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Step {
    /// This section has ended: call [`Execution::run`] again. Not reported for the last one of a
    /// request, which ends with one of the next two.
    Continue(Section),
    /// `context.response` is the answer: a `return-response`, or the end of `outbound`.
    Respond,
    /// `context.response` is the answer to a failure, `on-error` has run, and
    /// [`Execution::last_error`] says what failed.
    Fail,
    /// Begin this and call [`Execution::run`] again: more may be asked for meanwhile. Report the
    /// outcome with [`Execution::provide`] when it is there. Each effect is asked for once.
    Need(EffectId, Effect),
    /// Nothing goes on before the outcome of an effect is provided.
    Blocked,
    /// Nobody waits for this effect any more: end it if it goes on. Its outcome is ignored.
    Cancel(EffectId),
}

/// One request's way through a program.
pub struct Execution {
    program: Arc<Program>,
    context: Context,
    limits: BudgetLimits,
    section: Section,
    state: State,
    phase: Phase,
    /// The line of execution that goes on, or did last.
    fiber: Fiber,
    /// The others, while a `wait` has several.
    others: Vec<Fiber>,
    /// What the caller was asked for and has not reported yet.
    pending: SmallVec<[(EffectId, Pending); 1]>,
    /// What it need not report any more, and has not been told so.
    cancelled: Vec<EffectId>,
    /// Whether instructions are passed over until a response would be stored.
    behind_store: bool,
    next_effect: u32,
    next_fiber: u32,
    /// Whether only the policies that answer a preflight request are run.
    preflight: bool,
}

/// What becomes of an answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Pending {
    /// It is the response.
    Forward { fail_on_error_status_code: bool },
    /// It is the body of the request.
    RequestBody,
    /// It is the body of the response.
    ResponseBody,
    /// A policy takes it.
    Policy,
}

/// Where one document's instructions have got to.
#[derive(Debug, Clone, Copy)]
struct Frame {
    scope: usize,
    next: usize,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Phase {
    /// The section has not begun.
    Begin,
    /// Its instructions are running.
    Running,
    /// The answer is there; what was postponed until then is done.
    Ending(Verdict),
    /// Over.
    Responded,
    /// Over, with a failure.
    Failed,
}

/// How a request ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Verdict {
    Responded,
    Failed,
}

/// How many effects one request may ask for by default. A `retry` of fifty around a `wait` for ten
/// requests asks for 560 with its pauses; a program that wants more is a runaway.
pub const DEFAULT_EFFECTS: u32 = 1_000;

impl Execution {
    /// A request at the beginning of `program`. Each expression may use up to `limits`.
    #[must_use]
    pub fn new(program: Arc<Program>, context: Context, limits: BudgetLimits) -> Self {
        Self {
            program,
            context,
            limits,
            section: Section::Inbound,
            state: State::default(),
            phase: Phase::Begin,
            fiber: Fiber::default(),
            others: Vec::new(),
            pending: SmallVec::new(),
            cancelled: Vec::new(),
            behind_store: false,
            next_effect: 0,
            next_fiber: fiber::MAIN + 1,
            preflight: false,
        }
        .with_effects(DEFAULT_EFFECTS)
    }

    /// The same execution with room for so many effects: bodies, requests, cache entries, counters,
    /// pauses, and rounds of loops. One more is the failure `EffectBudgetExceeded`.
    #[must_use]
    pub fn with_effects(mut self, limit: u32) -> Self {
        self.state.effects = limit;
        self.state.effects_left = limit;
        self
    }

    /// The same execution for a browser's preflight request to a [`Program::answers_preflight`]: of
    /// the inbound sections only the `cors` policies in effect are run, and nothing is forwarded. An
    /// origin that none of them allows gets an empty 200, which allows nothing.
    #[must_use]
    pub fn for_preflight(mut self) -> Self {
        self.preflight = true;
        self
    }

    /// The request and, once there is one, its response.
    #[must_use]
    pub fn context(&self) -> &Context {
        &self.context
    }

    /// The same, to be changed between two runs.
    pub fn context_mut(&mut self) -> &mut Context {
        &mut self.context
    }

    /// What failed, if something did.
    #[must_use]
    pub fn last_error(&self) -> Option<&LastError> {
        self.context.last_error.as_ref()
    }

    /// The budgets that ran out so far, each once, in the order in which they did. They may have left
    /// no other trace: `on-error` can answer a failure with success.
    #[must_use]
    pub fn exceeded(&self) -> &[BudgetKind] {
        &self.state.exceeded
    }

    /// The answer; an empty 200 if no policy and no backend made one.
    #[must_use]
    pub fn into_response(self) -> Response {
        self.context.response.unwrap_or_else(empty_response)
    }

    /// Goes on until the caller has to do something.
    pub fn run(&mut self, host: &dyn Host) -> Step {
        // Held here so that instructions can be read while the context is changed.
        let program = Arc::clone(&self.program);
        loop {
            if let Some(id) = self.cancelled.pop() {
                return Step::Cancel(id);
            }
            match self.phase {
                Phase::Responded => return Step::Respond,
                Phase::Failed => return Step::Fail,
                _ => {}
            }
            if self.fiber.waits != Waits::Nothing && !self.switch() {
                return Step::Blocked;
            }
            let stepped = match self.take_answer() {
                Some((then, answer)) => {
                    let flow = then(&mut self.view(host), answer);
                    flow.and_then(|flow| self.follow(flow))
                }
                None => match self.phase {
                    Phase::Begin => {
                        self.phase = Phase::Running;
                        self.descend(&program, program.scope_count())
                    }
                    Phase::Ending(verdict) => self.end(verdict, host),
                    _ => self.step(&program, host),
                },
            };
            match stepped {
                Ok(None) => {}
                Ok(Some(step)) => return step,
                Err(failure) => {
                    self.state.note_exceeded(&failure);
                    // What is postponed has no section to fail in; each part of it has seen to itself.
                    if !matches!(self.phase, Phase::Ending(_)) {
                        self.fail_at(*failure);
                    }
                }
            }
        }
    }

    fn take_answer(&mut self) -> Option<(Then, Answer)> {
        let answer = self.fiber.answer.take()?;
        Some((self.fiber.then.take()?, answer))
    }

    /// Runs one instruction of the current fiber.
    fn step(&mut self, program: &Program, host: &dyn Host) -> Outcome<Option<Step>> {
        if std::mem::take(&mut self.fiber.again) {
            self.fiber.step_back();
        }
        let Some(frame) = self.fiber.frames.last() else {
            return Ok(self.end_section());
        };
        let instruction = program
            .code(frame.scope, self.section)
            .and_then(|code| code.get(frame.next));
        let Some(instruction) = instruction else {
            self.fiber.frames.pop();
            return Ok(None);
        };
        if self.preflight && self.section == Section::Inbound && !instruction.is_for_preflight() {
            self.fiber.goes_on();
            return Ok(None);
        }
        // Also if it cannot be run yet: whatever goes wrong from here on happened at this place.
        self.fiber.goes_on();
        if self.behind_store {
            return self.skip(program, &instruction.operation);
        }
        if let Some(effect) = self.body_needed(instruction.needs) {
            self.fiber.again = true;
            return self.need_body(effect);
        }
        self.execute(program, &instruction.operation, host)
    }

    /// Passes over an instruction in front of the one that stores responses, whatever block that
    /// stands in: what they do was done to the response before it was stored.
    fn skip(&mut self, program: &Program, operation: &Operation) -> Outcome<Option<Step>> {
        match operation {
            Operation::Base => {
                let scope = self.fiber.frames.last().map_or(0, |frame| frame.scope);
                self.descend(program, scope)
            }
            Operation::Statement(statement) => {
                self.behind_store = !statement.stores_response();
                Ok(None)
            }
            Operation::When { .. } | Operation::Jump(_) | Operation::EndResponse => Ok(None),
        }
    }

    /// Does the next of what was postponed; when there is nothing left, the request is over.
    fn end(&mut self, verdict: Verdict, host: &dyn Host) -> Outcome<Option<Step>> {
        let Some(next) = self.state.postponed.last() else {
            self.phase = match verdict {
                Verdict::Responded => Phase::Responded,
                Verdict::Failed => Phase::Failed,
            };
            return Ok(None);
        };
        if let Some(effect) = self.body_needed(next.needs) {
            return self.need_body(effect);
        }
        match self.state.postponed.pop() {
            Some(next) => {
                let flow = (next.action)(&mut self.view(host))?;
                self.follow(flow)
            }
            None => Ok(None),
        }
    }

    /// Reports the outcome of an effect. Without effect if it was cancelled or reported before.
    pub fn provide(&mut self, id: EffectId, answer: Answer) {
        let Some(at) = self.pending.iter().position(|(known, _)| *known == id) else {
            return;
        };
        let (_, pending) = self.pending.swap_remove(at);
        if pending == Pending::Policy {
            self.deliver(id, answer);
            return;
        }
        let Some(waiter) = self.wake(id) else {
            return;
        };
        match (pending, answer) {
            (
                Pending::Forward {
                    fail_on_error_status_code: fails,
                },
                Answer::Response(response),
            ) => {
                let status = response.status;
                self.context.response = Some(response);
                if fails && (status.is_client_error() || status.is_server_error()) {
                    self.make_current(waiter);
                    self.fail_keeping_response(status.as_u16());
                }
            }
            (Pending::RequestBody, Answer::Body(bytes)) => {
                self.context.request.body = body_of(bytes);
            }
            (Pending::ResponseBody, Answer::Body(bytes)) => {
                if let Some(response) = &mut self.context.response {
                    response.body = body_of(bytes);
                }
            }
            (_, answer) => {
                let failure = answer.into_failure();
                if matches!(self.phase, Phase::Ending(_)) {
                    // The answer's own body is broken: there is no answer.
                    self.context.response = Some(failure.into_response(self.context.request_id));
                } else {
                    self.make_current(waiter);
                    self.fail_at(*failure);
                }
            }
        }
    }

    /// Begins the current section of the innermost of the first `count` scopes that has it.
    fn descend(&mut self, program: &Program, count: usize) -> Outcome<Option<Step>> {
        match program.scope_of(self.section, count) {
            Some(scope) => {
                self.fiber.frames.push(Frame { scope, next: 0 });
                Ok(None)
            }
            // Around the outermost document is the product's own: it forwards.
            None if self.section == Section::Backend => self.need(Effect::Forward(Forward {
                target: Target::ServiceUrl,
                client_certificate: None,
                timeout: Forward::DEFAULT_TIMEOUT,
                follow_redirects: false,
                buffer_response: true,
                fail_on_error_status_code: false,
            })),
            None => Ok(None),
        }
    }

    /// Asks for an effect on behalf of the current fiber.
    fn need(&mut self, effect: Effect) -> Outcome<Option<Step>> {
        // What is postponed counts the request; it is done however much the request has spent.
        if !matches!(self.phase, Phase::Ending(_)) {
            self.state.spend_effect()?;
        }
        let (effect, pending) = match effect {
            // Where to and as whom is what the policies decided before.
            Effect::Forward(forward) => (
                Effect::Forward(Forward {
                    target: self.state.target.clone(),
                    client_certificate: self.state.client_certificate.clone(),
                    ..forward
                }),
                Pending::Forward {
                    fail_on_error_status_code: forward.fail_on_error_status_code,
                },
            ),
            Effect::RequestBody => (Effect::RequestBody, Pending::RequestBody),
            Effect::ResponseBody => (Effect::ResponseBody, Pending::ResponseBody),
            other => (other, Pending::Policy),
        };
        let id = EffectId(self.next_effect);
        self.next_effect = self.next_effect.wrapping_add(1);
        self.pending.push((id, pending));
        self.fiber.waits = Waits::Effect(id);
        Ok(Some(Step::Need(id, effect)))
    }

    /// Asks for a body, or waits with another fiber that has asked for it.
    fn need_body(&mut self, effect: Effect) -> Outcome<Option<Step>> {
        let wanted = match effect {
            Effect::ResponseBody => Pending::ResponseBody,
            _ => Pending::RequestBody,
        };
        match self.pending.iter().find(|(_, pending)| *pending == wanted) {
            Some((id, _)) => {
                self.fiber.waits = Waits::Effect(*id);
                Ok(None)
            }
            None => self.need(effect),
        }
    }

    fn end_section(&mut self) -> Option<Step> {
        let ended = self.section;
        self.phase = Phase::Begin;
        match ended {
            Section::Inbound if self.preflight => {
                self.answer(empty_response());
                return None;
            }
            Section::Inbound => self.section = Section::Backend,
            Section::Backend => {
                self.section = Section::Outbound;
                // A backend section that forwards nothing leaves an empty answer.
                self.context.response.get_or_insert_with(empty_response);
            }
            Section::Outbound => {
                self.behind_store = false;
                self.phase = Phase::Ending(Verdict::Responded);
                return None;
            }
            Section::OnError => {
                self.phase = Phase::Ending(Verdict::Failed);
                return None;
            }
        }
        Some(Step::Continue(ended))
    }

    /// What must be read before an instruction with these needs can run.
    fn body_needed(&self, needs: Needs) -> Option<Effect> {
        if needs.request_body && matches!(self.context.request.body, Body::Streaming) {
            return Some(Effect::RequestBody);
        }
        let streaming = self
            .context
            .response
            .as_ref()
            .is_some_and(|response| matches!(response.body, Body::Streaming));
        (needs.response_body && streaming).then_some(Effect::ResponseBody)
    }

    fn execute(
        &mut self,
        program: &Program,
        operation: &Operation,
        host: &dyn Host,
    ) -> Outcome<Option<Step>> {
        match operation {
            Operation::Statement(statement) => {
                let flow = statement.execute(&mut self.view(host))?;
                self.follow(flow)
            }
            Operation::When {
                condition,
                otherwise,
            } => {
                if !self.view(host).boolean(condition)? {
                    self.fiber.jump(*otherwise);
                }
                Ok(None)
            }
            Operation::Jump(target) => {
                self.fiber.jump(*target);
                Ok(None)
            }
            Operation::Base => {
                let scope = self.fiber.frames.last().map_or(0, |frame| frame.scope);
                self.descend(program, scope)
            }
            Operation::EndResponse => {
                let response = self.fiber.local.response.take();
                self.answer(response.unwrap_or_else(empty_response));
                Ok(None)
            }
        }
    }

    /// Goes on as a policy wants.
    fn follow(&mut self, flow: Flow) -> Outcome<Option<Step>> {
        match flow {
            Flow::Next => Ok(None),
            Flow::Jump(target) => {
                self.fiber.jump(target);
                Ok(None)
            }
            Flow::Need(effect) => self.need(*effect),
            Flow::NeedFirst(effect) => {
                self.fiber.again = true;
                self.need_body(*effect)
            }
            Flow::Ask(effect, then) => {
                let step = self.need(*effect)?;
                self.fiber.then = Some(then);
                Ok(step)
            }
            Flow::Respond(response) => {
                self.answer(*response);
                Ok(None)
            }
            Flow::Fork(fork) => self.fork(&fork).map(|()| None),
            Flow::Join => {
                self.join();
                Ok(None)
            }
            Flow::Answered => {
                self.stop_fibers();
                self.section = Section::Outbound;
                self.phase = Phase::Begin;
                self.behind_store = self.program.stores_responses();
                Ok(None)
            }
        }
    }

    /// Ends the pipeline with this response.
    fn answer(&mut self, response: Response) {
        self.context.response = Some(response);
        self.stop_fibers();
        self.phase = Phase::Ending(Verdict::Responded);
    }

    fn view<'a>(&'a mut self, host: &'a dyn Host) -> Run<'a> {
        Run {
            context: &mut self.context,
            host,
            state: &mut self.state,
            local: &mut self.fiber.local,
            limits: self.limits,
            section: self.section,
        }
    }
}

fn body_of(bytes: bytes::Bytes) -> Body {
    if bytes.is_empty() {
        Body::None
    } else {
        Body::Bytes(bytes)
    }
}

impl fmt::Debug for Execution {
    /// Without the context, which holds keys and bodies.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Execution")
            .field("program", &self.program)
            .field("section", &self.section)
            .field("phase", &self.phase)
            .field("pending", &self.pending)
            .finish_non_exhaustive()
    }
}
