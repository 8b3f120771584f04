//! Waiting with a deadline instead of sleeping.

use std::future::Future;
use std::time::Duration;

use tokio::time::Instant;

/// A deadline, stretched by the whole number in `COUNTERSIGN_TEST_PATIENCE` for slow machines.
#[must_use]
pub fn patience(deadline: Duration) -> Duration {
    let factor = std::env::var("COUNTERSIGN_TEST_PATIENCE")
        .ok()
        .and_then(|factor| factor.parse::<u32>().ok())
        .unwrap_or(1)
        .max(1);
    deadline.saturating_mul(factor)
}

/// Probes until there is an answer, and returns it.
///
/// `what` completes the sentence "it never came true that …". The first probe is made at once, so
/// that what is true already costs nothing.
///
/// # Panics
///
/// When the deadline has passed without an answer.
#[expect(
    clippy::panic,
    reason = "a promise that does not come true ends the test"
)]
pub async fn eventually<T, Probe, Answer>(deadline: Duration, what: &str, mut probe: Probe) -> T
where
    Probe: FnMut() -> Answer,
    Answer: Future<Output = Option<T>>,
{
    let deadline = patience(deadline);
    let end = Instant::now() + deadline;
    let mut pause = Duration::from_millis(1);
    loop {
        if let Some(answer) = probe().await {
            return answer;
        }
        if Instant::now() >= end {
            panic!("within {deadline:?} it never came true that {what}");
        }
        tokio::time::sleep(pause).await;
        pause = (pause * 2).min(Duration::from_millis(50));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn eventually_returns_the_first_answer() {
        let mut probes = 0;
        let answer = eventually(Duration::from_secs(5), "three probes were made", || {
            probes += 1;
            let answer = (probes == 3).then_some(probes);
            async move { answer }
        })
        .await;
        assert_eq!(answer, 3);
    }

    #[tokio::test]
    #[should_panic(expected = "it never came true that pigs fly")]
    async fn eventually_names_what_did_not_come_true() {
        eventually(Duration::from_millis(5), "pigs fly", || async {
            None::<()>
        })
        .await;
    }
}
