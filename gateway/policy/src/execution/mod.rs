//! Programs at work on one request.
//!
//! An [`Execution`] does no I/O and never waits: [`Execution::run`] goes on until a section ends, the
//! answer is there, or something is needed that only the caller can do.

mod effect;
mod failure;
mod on_error;
mod run;

use std::fmt;
use std::sync::Arc;

use bytes::Bytes;
use smallvec::SmallVec;

pub use effect::{CertificateChoice, Effect, Forward, Target};
pub use failure::Failure;
pub(crate) use run::{Flow, Message, Outcome, Run, State, empty_response};

use crate::context::{Body, Context, LastError, Response};
use crate::expression::{BudgetLimits, Needs};
use crate::host::Host;
use crate::program::instruction::Operation;
use crate::program::{Program, Section};

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
    /// Do this, report the outcome, then call [`Execution::run`] again.
    Need(Effect),
}

/// One request's way through a program.
pub struct Execution {
    program: Arc<Program>,
    context: Context,
    limits: BudgetLimits,
    section: Section,
    frames: SmallVec<[Frame; 4]>,
    state: State,
    phase: Phase,
    /// What the caller was asked for and has not reported yet.
    waiting: Option<Effect>,
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
    /// Over.
    Responded,
    /// Over, with a failure.
    Failed,
}

impl Execution {
    /// A request at the beginning of `program`. Each expression may use up to `limits`.
    #[must_use]
    pub fn new(program: Arc<Program>, context: Context, limits: BudgetLimits) -> Self {
        Self {
            program,
            context,
            limits,
            section: Section::Inbound,
            frames: SmallVec::new(),
            state: State::default(),
            phase: Phase::Begin,
            waiting: None,
        }
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

    /// The answer; an empty 200 if no policy and no backend made one.
    #[must_use]
    pub fn into_response(self) -> Response {
        self.context.response.unwrap_or_else(empty_response)
    }

    /// Goes on until the caller has to do something.
    ///
    /// While something is awaited that has not been provided, it is asked for again.
    pub fn run(&mut self, host: &dyn Host) -> Step {
        // Held here so that instructions can be read while the context is changed.
        let program = Arc::clone(&self.program);
        loop {
            if let Some(effect) = &self.waiting {
                return Step::Need(effect.clone());
            }
            match self.phase {
                Phase::Responded => return Step::Respond,
                Phase::Failed => return Step::Fail,
                Phase::Begin => {
                    self.phase = Phase::Running;
                    if let Some(step) = self.descend(&program, program.scope_count()) {
                        return step;
                    }
                }
                Phase::Running => {
                    let Some(frame) = self.frames.last_mut() else {
                        match self.end_section() {
                            Some(step) => return step,
                            None => continue,
                        }
                    };
                    let scope = frame.scope;
                    let next = frame.next;
                    let instruction = program
                        .code(scope, self.section)
                        .and_then(|code| code.get(next));
                    let Some(instruction) = instruction else {
                        self.frames.pop();
                        continue;
                    };
                    if let Some(effect) = self.body_needed(instruction.needs) {
                        return self.need(effect);
                    }
                    frame_goes_on(&mut self.frames);
                    match self.execute(&program, &instruction.operation, host) {
                        Ok(None) => {}
                        Ok(Some(step)) => return step,
                        Err(failure) => {
                            self.enter_on_error(*failure, Some((scope, &instruction.place)))
                        }
                    }
                }
            }
        }
    }

    /// Reports the response that [`Effect::Forward`] asked for. Its body may be streaming. Without
    /// effect if none was asked for.
    pub fn provide_response(&mut self, response: Response) {
        let Some(Effect::Forward(forward)) = &self.waiting else {
            return;
        };
        let fails = forward.fail_on_error_status_code;
        self.waiting = None;
        let status = response.status;
        self.context.response = Some(response);
        if fails && (status.is_client_error() || status.is_server_error()) {
            self.fail_keeping_response(status.as_u16());
        }
    }

    /// Reports the body that [`Effect::RequestBody`] or [`Effect::ResponseBody`] asked for. Without
    /// effect if none was asked for.
    pub fn provide_body(&mut self, bytes: Bytes) {
        let body = if bytes.is_empty() {
            Body::None
        } else {
            Body::Bytes(bytes)
        };
        match &self.waiting {
            Some(Effect::RequestBody) => self.context.request.body = body,
            Some(Effect::ResponseBody) => {
                if let Some(response) = &mut self.context.response {
                    response.body = body;
                }
            }
            _ => return,
        }
        self.waiting = None;
    }

    /// Begins the current section of the innermost of the first `count` scopes that has it.
    fn descend(&mut self, program: &Program, count: usize) -> Option<Step> {
        match program.scope_of(self.section, count) {
            Some(scope) => {
                self.frames.push(Frame { scope, next: 0 });
                None
            }
            // Around the outermost document is the product's own: it forwards.
            None if self.section == Section::Backend => Some(self.need(Effect::Forward(Forward {
                target: Target::ServiceUrl,
                client_certificate: None,
                timeout: Forward::DEFAULT_TIMEOUT,
                follow_redirects: false,
                buffer_response: true,
                fail_on_error_status_code: false,
            }))),
            None => None,
        }
    }

    fn need(&mut self, effect: Effect) -> Step {
        let effect = match effect {
            // Where to and as whom is what the policies decided before.
            Effect::Forward(forward) => Effect::Forward(Forward {
                target: self.state.target.clone(),
                client_certificate: self.state.client_certificate.clone(),
                ..forward
            }),
            body => body,
        };
        self.waiting = Some(effect.clone());
        Step::Need(effect)
    }

    fn end_section(&mut self) -> Option<Step> {
        let ended = self.section;
        self.phase = Phase::Begin;
        match ended {
            Section::Inbound => self.section = Section::Backend,
            Section::Backend => {
                self.section = Section::Outbound;
                // A backend section that forwards nothing leaves an empty answer.
                self.context.response.get_or_insert_with(empty_response);
            }
            Section::Outbound => {
                self.phase = Phase::Responded;
                return None;
            }
            Section::OnError => {
                self.phase = Phase::Failed;
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
            Operation::Statement(statement) => match statement.execute(&mut self.view(host))? {
                Flow::Next => Ok(None),
                Flow::Need(effect) => Ok(Some(self.need(*effect))),
                Flow::NeedFirst(effect) => {
                    self.step_back();
                    Ok(Some(self.need(*effect)))
                }
            },
            Operation::When {
                condition,
                otherwise,
            } => {
                if !self.view(host).boolean(condition)? {
                    self.jump(*otherwise);
                }
                Ok(None)
            }
            Operation::Jump(target) => {
                self.jump(*target);
                Ok(None)
            }
            Operation::Base => {
                let scope = self.frames.last().map_or(0, |frame| frame.scope);
                Ok(self.descend(program, scope))
            }
            Operation::BeginResponse => {
                self.state.response = Some(empty_response());
                Ok(None)
            }
            Operation::EndResponse => {
                self.context.response = self.state.response.take();
                self.frames.clear();
                self.phase = Phase::Responded;
                Ok(None)
            }
        }
    }

    fn view<'a>(&'a mut self, host: &'a dyn Host) -> Run<'a> {
        Run {
            context: &mut self.context,
            host,
            state: &mut self.state,
            limits: self.limits,
            section: self.section,
        }
    }

    fn step_back(&mut self) {
        if let Some(frame) = self.frames.last_mut() {
            frame.next = frame.next.saturating_sub(1);
        }
    }

    fn jump(&mut self, target: usize) {
        if let Some(frame) = self.frames.last_mut() {
            frame.next = target;
        }
    }
}

fn frame_goes_on(frames: &mut SmallVec<[Frame; 4]>) {
    if let Some(frame) = frames.last_mut() {
        frame.next += 1;
    }
}

impl fmt::Debug for Execution {
    /// Without the context, which holds keys and bodies.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Execution")
            .field("program", &self.program)
            .field("section", &self.section)
            .field("phase", &self.phase)
            .field("waiting", &self.waiting)
            .finish_non_exhaustive()
    }
}
