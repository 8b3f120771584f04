//! One line on a terminal while the load runs.

use std::io::{IsTerminal as _, Write as _};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use crate::pace::Pace;

/// Counters that the line shows.
#[derive(Debug, Default)]
pub(crate) struct Counters {
    pub(crate) responses: AtomicU64,
    pub(crate) faults: AtomicU64,
    pub(crate) changes: AtomicU64,
}

/// Draws until the load is over; nothing unless standard error is a terminal.
pub(crate) async fn draw(enabled: bool, pace: Arc<Pace>, counters: Arc<Counters>) {
    if !enabled || !std::io::stderr().is_terminal() {
        return;
    }
    let (mut before, mut at) = (0, Duration::ZERO);
    while !pace.is_over() {
        tokio::time::sleep(Duration::from_millis(200)).await;
        let (responses, elapsed) = (counters.responses.load(Ordering::Relaxed), pace.elapsed());
        let rate = (responses - before) as f64 / (elapsed - at).as_secs_f64().max(0.001);
        let text = line(elapsed, pace.duration(), rate, &counters);
        // A terminal that went away is no reason to stop measuring.
        let _ = write!(std::io::stderr(), "\r{text}\x1b[K");
        (before, at) = (responses, elapsed);
    }
    let _ = write!(std::io::stderr(), "\r\x1b[K");
}

fn line(elapsed: Duration, duration: Duration, rate: f64, counters: &Counters) -> String {
    const WIDTH: usize = 24;
    let part = (elapsed.as_secs_f64() / duration.as_secs_f64().max(0.001)).clamp(0.0, 1.0);
    let full = ((part * WIDTH as f64) as usize).min(WIDTH);
    let changes = match counters.changes.load(Ordering::Relaxed) {
        0 => String::new(),
        changes => format!("  {changes} changes"),
    };
    format!(
        "[{}{}] {:.0}/{:.0} s  {} responses  {rate:.0}/s{changes}  {} faults",
        "#".repeat(full),
        ".".repeat(WIDTH - full),
        elapsed.as_secs_f64(),
        duration.as_secs_f64(),
        counters.responses.load(Ordering::Relaxed),
        counters.faults.load(Ordering::Relaxed),
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_line_shows_how_far_it_is() {
        let counters = Counters::default();
        counters.responses.store(1200, Ordering::Relaxed);
        let text = line(
            Duration::from_secs(5),
            Duration::from_secs(10),
            240.4,
            &counters,
        );
        assert_eq!(
            text,
            "[############............] 5/10 s  1200 responses  240/s  0 faults"
        );
    }
}
