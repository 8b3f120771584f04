//! Changes: applied to the end even if the client hangs up, and always on record.

use std::future::Future;

use actix_web::web::Data;
use gateway_config::change::{Actor, Applied, Change, Edit, Outcome};
use gateway_telemetry::record::{AuditOutcome, AuditRecord};

use crate::error::ApiError;
use crate::handle::{Call, Shared};

/// What is known of a change before its body has been understood.
pub(crate) struct Attempt {
    shared: Data<Shared>,
    actor: Actor,
    action: &'static str,
    paths: Vec<String>,
    comment: Option<String>,
    dry_run: bool,
}

impl Attempt {
    /// An attempt to change the resources at `paths`.
    pub(crate) fn new(
        call: &Call<'_>,
        action: &'static str,
        paths: Vec<String>,
        comment: Option<String>,
        dry_run: bool,
    ) -> Self {
        Self {
            shared: Data::clone(call.shared),
            actor: call.actor(),
            action,
            paths,
            comment,
            dry_run,
        }
    }

    /// Applies the edits, or refuses with why they could not be understood.
    pub(crate) async fn apply(
        self,
        edits: Result<Vec<Edit>, ApiError>,
        allow_code_in_named_values: bool,
    ) -> Result<Applied, ApiError> {
        let own = match self.paths.as_slice() {
            [only] if self.action != "transaction" => Some(only.clone()),
            _ => None,
        };
        let change = edits.map(|edits| Change {
            edits,
            actor: self.actor.clone(),
            comment: self.comment.clone(),
            dry_run: self.dry_run,
            allow_code_in_named_values,
        });
        let plane = std::sync::Arc::clone(&self.shared.plane);
        self.perform(async move {
            plane
                .apply(change?)
                .await
                .map_err(|error| ApiError::from_apply(error, own.as_deref()))
        })
        .await
    }

    /// Performs a change in a task of its own: a client that hangs up does not cut it in two.
    pub(crate) async fn perform(
        self,
        change: impl Future<Output = Result<Applied, ApiError>> + 'static,
    ) -> Result<Applied, ApiError> {
        let task = actix_rt::spawn(async move {
            let before = self.shared.plane.revision();
            let outcome = change.await;
            let record = self.record(before, &outcome);
            self.shared.audit.record(record).await;
            outcome
        });
        task.await.unwrap_or_else(|_| {
            Err(ApiError::new(
                500,
                "InternalServerError",
                "The change ended unexpectedly.",
            ))
        })
    }

    fn record(&self, before: u64, outcome: &Result<Applied, ApiError>) -> AuditRecord {
        let (revision, result, reason) = match outcome {
            Ok(applied) if self.dry_run => (applied.revision, AuditOutcome::DryRun, None),
            Ok(applied) if applied.revision > before && has_changed(applied) => {
                (applied.revision, AuditOutcome::Applied, None)
            }
            Ok(applied) => (applied.revision, AuditOutcome::Unchanged, None),
            // Codes only: a message may quote what somebody typed.
            Err(error) => (
                self.shared.plane.revision(),
                AuditOutcome::Refused,
                Some(error.code.to_owned()),
            ),
        };
        AuditRecord {
            time: jiff::Timestamp::now(),
            actor: std::sync::Arc::clone(&self.actor.name),
            address: self.actor.address,
            action: self.action.to_owned(),
            paths: self.paths.clone(),
            path_count: self.paths.len(),
            revision,
            outcome: result,
            reason,
            comment: self.comment.clone(),
        }
    }
}

/// Whether anything differs from before. A restore lists no results.
fn has_changed(applied: &Applied) -> bool {
    applied.results.is_empty()
        || applied.results.iter().any(|result| match result.outcome {
            Outcome::Deleted => true,
            Outcome::Absent => false,
            Outcome::Created | Outcome::Updated => result
                .resource
                .as_ref()
                .is_some_and(|resource| resource.changed_in == applied.revision),
        })
}
