//! The way of a failure: noted, answered, handed to `on-error`.

use std::sync::Arc;

use crate::context::LastError;
use crate::program::instruction::Place;
use crate::program::{Program, Section};

use super::{Execution, Failure, Phase, Verdict};

impl Execution {
    /// Reports a failure: of what was asked for, or of a step before the program such as routing.
    /// The next run goes to `on-error`. Without effect once the answer is there.
    pub fn fail(&mut self, failure: Failure) {
        if matches!(
            self.phase,
            Phase::Ending(_) | Phase::Responded | Phase::Failed
        ) {
            return;
        }
        self.fail_at(failure);
    }

    /// A failure of the instruction that the current fiber ran last.
    pub(super) fn fail_at(&mut self, failure: Failure) {
        let program = Arc::clone(&self.program);
        let place = self.running_place(&program);
        self.enter_on_error(
            failure,
            place.as_ref().map(|(scope, place)| (*scope, place)),
        );
    }

    /// The place of the instruction that ran last.
    fn running_place(&self, program: &Program) -> Option<(usize, Arc<Place>)> {
        let frame = self.fiber.frames.last()?;
        let code = program.code(frame.scope, self.section)?;
        let instruction = code.get(frame.next.checked_sub(1)?)?;
        Some((frame.scope, Arc::clone(&instruction.place)))
    }

    /// The response becomes the failure's and `on-error` begins; from `on-error` itself, the
    /// failure's response is final.
    pub(super) fn enter_on_error(&mut self, failure: Failure, place: Option<(usize, &Arc<Place>)>) {
        self.note_failure(&failure, place);
        self.context.response = Some(failure.into_response(self.context.request_id));
        self.begin_on_error();
    }

    /// As [`Execution::enter_on_error`] for a response that the backend made.
    pub(super) fn fail_keeping_response(&mut self, status: u16) {
        let program = Arc::clone(&self.program);
        let place = self.running_place(&program);
        let failure = Failure::internal(
            "BackendErrorStatusCode",
            format!("The backend answered with status code {status}."),
        );
        self.note_failure(
            &failure,
            place.as_ref().map(|(scope, place)| (*scope, place)),
        );
        self.begin_on_error();
    }

    fn begin_on_error(&mut self) {
        self.stop_fibers();
        self.behind_store = false;
        if self.section == Section::OnError {
            self.phase = Phase::Ending(Verdict::Failed);
        } else {
            self.section = Section::OnError;
            self.phase = Phase::Begin;
        }
    }

    fn note_failure(&mut self, failure: &Failure, place: Option<(usize, &Arc<Place>)>) {
        let empty = || Arc::<str>::from("");
        let source = match place {
            Some((_, place)) if failure.source.is_empty() => Arc::clone(&place.source),
            _ => failure.source.as_ref().into(),
        };
        self.context.last_error = Some(LastError {
            source,
            reason: failure.reason.as_ref().into(),
            message: failure.message.as_ref().into(),
            scope: place.map_or_else(empty, |(scope, _)| self.program.scope_name(scope).into()),
            section: self.section.as_str().into(),
            path: place.map_or_else(empty, |(_, place)| Arc::clone(&place.path)),
            policy_id: place.map_or_else(empty, |(_, place)| Arc::clone(&place.policy_id)),
        });
    }
}
