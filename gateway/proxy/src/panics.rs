//! The last line of defence against defects in policies' code.
//!
//! No input should make policies panic. If one does, the panic must end this request only: the task
//! belongs to the connection, and on HTTP/2 to the streams of other requests.

use std::panic::{AssertUnwindSafe, catch_unwind};

use gateway_telemetry::metric::EffectMetrics;

use crate::failure::Problem;

/// What `evaluate` returns, unless it panics: then the request is refused. Whatever `evaluate` changes
/// must not be used after that, as it may be half changed.
///
/// What the panic says is not logged here: it may have parts of the request in it.
pub(crate) fn guarded<T>(
    metrics: &EffectMetrics,
    evaluate: impl FnOnce() -> T,
) -> Result<T, Problem> {
    catch_unwind(AssertUnwindSafe(evaluate)).map_err(|_| {
        metrics.panicked();
        tracing::error!("evaluating policies panicked; the request is answered with 500");
        Problem::PolicyPanicked
    })
}

#[cfg(test)]
mod tests {
    use gateway_telemetry::label::Fault;
    use gateway_telemetry::metric::Recorder;
    use http::StatusCode;

    use super::*;
    use crate::front::After;

    const NAME: &str = "countersign_policy_panics_total";

    #[test]
    fn a_panic_ends_its_own_request_with_500_and_is_counted() {
        let recorder = Recorder::new();
        let metrics = recorder.effects();
        assert_eq!(guarded(&metrics, || 7), Ok(7));
        assert!(recorder.render().contains(&format!("{NAME} 0\n")));
        let problem = guarded(&metrics, || -> u8 { panic!("secret of the request") }).unwrap_err();
        assert_eq!(problem, Problem::PolicyPanicked);
        assert_eq!(problem.status(), StatusCode::INTERNAL_SERVER_ERROR);
        assert_eq!(problem.fault(), Fault::Gateway);
        assert_eq!(problem.after(), After::StreamEnds);
        assert!(!problem.message().contains("secret"));
        assert_eq!(problem.detail(), "PolicyPanicked");
        assert!(recorder.render().contains(&format!("{NAME} 1\n")));
        assert_eq!(guarded(&metrics, || 8), Ok(8));
    }
}
