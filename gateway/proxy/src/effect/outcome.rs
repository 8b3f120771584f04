//! What became of effects, as metrics name it.

use gateway_policy::execution::{Count, Counted, EffectFailure, FailureKind, Window};
use gateway_telemetry::label::{PolicyRefusal, SendEnd};
use gateway_telemetry::metric::EffectMetrics;

/// What a limit has refused, if it did. What is added when the answer is there refuses nobody.
pub(super) fn of_count(
    count: &Count,
    counted: &Result<Counted, EffectFailure>,
) -> Option<PolicyRefusal> {
    let asks = count.only_if_allowed || count.add == 0;
    match counted {
        Err(_) => Some(PolicyRefusal::CountersFull),
        Ok(counted) if counted.allowed || !asks => None,
        Ok(_) => Some(match count.window {
            Window::Sliding(_) => PolicyRefusal::RateLimit,
            Window::Fixed { .. } => PolicyRefusal::Quota,
        }),
    }
}

/// Counts a request of a policy's own, once, also if nobody waits for it any more.
pub(super) struct Sending {
    metrics: EffectMetrics,
    end: SendEnd,
}

impl Sending {
    pub(super) fn begins(metrics: &EffectMetrics) -> Self {
        Self {
            metrics: metrics.clone(),
            end: SendEnd::Cancelled,
        }
    }

    pub(super) fn ends<T>(mut self, outcome: &Result<T, EffectFailure>) {
        match outcome {
            Ok(_) => self.end = SendEnd::Answered,
            Err(failure) => self.fails(failure),
        }
    }

    pub(super) fn fails(mut self, failure: &EffectFailure) {
        self.end = match failure.kind {
            FailureKind::Timeout => SendEnd::Timeout,
            FailureKind::Tls => SendEnd::Tls,
            FailureKind::TooLarge => SendEnd::TooLarge,
            FailureKind::Limit => SendEnd::Limit,
            FailureKind::Configuration => SendEnd::Configuration,
            FailureKind::Connection | FailureKind::Storage | FailureKind::Judged(_) => {
                SendEnd::Connection
            }
        };
    }
}

impl Drop for Sending {
    fn drop(&mut self) {
        self.metrics.sent(self.end);
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    #[test]
    fn only_what_was_asked_for_is_refused() {
        let count = |add, only_if_allowed| Count {
            key: "k".into(),
            place: 0,
            window: Window::Sliding(10),
            limit: 1,
            add,
            only_if_allowed,
            meters: false,
        };
        let counted = |allowed| {
            Ok(Counted {
                allowed,
                remaining: 0,
                retry_after: Duration::ZERO,
            })
        };
        let refused = Some(PolicyRefusal::RateLimit);
        assert_eq!(of_count(&count(1, true), &counted(false)), refused);
        assert_eq!(of_count(&count(0, false), &counted(false)), refused);
        assert_eq!(of_count(&count(1, true), &counted(true)), None);
        assert_eq!(of_count(&count(1, false), &counted(false)), None);
        let full = Err(EffectFailure::new(FailureKind::Storage, "full"));
        assert_eq!(
            of_count(&count(1, false), &full),
            Some(PolicyRefusal::CountersFull)
        );
    }
}
