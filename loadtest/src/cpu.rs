//! CPU time of a local process.

use std::collections::HashMap;
use std::time::Duration;

use crate::LoadError;

/// A process whose CPU time is read before and after the load.
#[derive(Debug, Clone)]
pub(crate) struct Process {
    pid: u32,
    before: HashMap<u32, u64>,
}

impl Process {
    pub(crate) fn begin(pid: u32) -> Result<Self, LoadError> {
        Ok(Self {
            pid,
            before: used(pid)?,
        })
    }

    /// CPU time since the beginning, over all threads that still live; `None` when the process is
    /// gone. A server's workers live as long as it does; what a thread that has ended used is not
    /// counted.
    pub(crate) fn since(&self) -> Option<Duration> {
        let now = used(self.pid).ok()?;
        let of_thread = |(thread, nanoseconds): (&u32, &u64)| {
            let before = self.before.get(thread).copied().unwrap_or(0);
            nanoseconds.saturating_sub(before)
        };
        Some(Duration::from_nanos(now.iter().map(of_thread).sum()))
    }
}

/// Nanoseconds on a CPU, user and system, by thread, from `/proc/PID/task/*/schedstat` (first field):
/// finer than the clock ticks of `/proc/PID/stat`.
fn used(pid: u32) -> Result<HashMap<u32, u64>, LoadError> {
    let path = format!("/proc/{pid}/task");
    let failed = |reason: String| LoadError::File {
        path: path.clone(),
        reason,
    };
    let threads = std::fs::read_dir(&path).map_err(|error| failed(error.to_string()))?;
    let mut used = HashMap::new();
    for thread in threads.flatten() {
        // A thread may end between the listing and the reading.
        let Ok(text) = std::fs::read_to_string(thread.path().join("schedstat")) else {
            continue;
        };
        let id = thread
            .file_name()
            .to_str()
            .and_then(|name| name.parse::<u32>().ok());
        let nanoseconds = text
            .split_whitespace()
            .next()
            .and_then(|field| field.parse::<u64>().ok());
        used.extend(id.zip(nanoseconds));
    }
    if used.is_empty() {
        return Err(failed("no schedstat of any thread can be read".to_owned()));
    }
    Ok(used)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn work_shows_up_as_cpu_time_and_a_missing_process_is_named() {
        let process = Process::begin(std::process::id()).unwrap();
        let start = std::time::Instant::now();
        let mut sum = 0_u64;
        while start.elapsed() < Duration::from_millis(50) {
            sum = std::hint::black_box(sum.wrapping_add(1));
        }
        assert!(process.since().unwrap() > Duration::from_millis(1), "{sum}");
        let error = Process::begin(u32::MAX).unwrap_err().to_string();
        assert!(error.contains("/proc/4294967295/task"), "{error}");
    }
}
