//! The program itself, as a process: started, told things by signals, killed.

#![expect(
    clippy::expect_used,
    clippy::panic,
    reason = "a test fails by panicking"
)]

use std::io::{BufRead as _, BufReader, Read};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitStatus, Stdio};
use std::sync::{Arc, Condvar, Mutex, PoisonError};
use std::time::{Duration, Instant, SystemTime};

use gateway_testkit::patience;

/// The program `countersign`, which lies beside the directory of this test's executable.
///
/// # Panics
/// If it has not been built: cargo builds the binaries of a test's own package only.
#[must_use]
pub fn program() -> PathBuf {
    let test = std::env::current_exe().expect("the path of this test");
    let directory = test.parent().and_then(|deps| deps.parent());
    let program = directory
        .expect("a target directory")
        .join(format!("countersign{}", std::env::consts::EXE_SUFFIX));
    assert!(
        program.is_file(),
        "`{}` is not there; build it first: cargo build -p gateway --bin countersign",
        program.display()
    );
    say_if_stale(&program);
    program
}

/// Cargo does not build the program for these tests; a defect that was mended long ago shows again in one
/// that was built before.
#[expect(clippy::print_stderr, reason = "a test that fails shows it")]
fn say_if_stale(program: &Path) {
    let built = program.metadata().and_then(|file| file.modified());
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
    let crates = ["admin-api", "gateway", "gateway/config", "gateway/policy"]
        .into_iter()
        .chain(["gateway/proxy", "gateway/telemetry", "gateway/tls"]);
    let changed = crates.filter_map(|path| newest(&root.join(path).join("src")));
    if let (Ok(built), Some(changed)) = (built, changed.max())
        && built < changed
    {
        eprintln!(
            "`{}` is older than its sources; build it: cargo build -p gateway --bin countersign",
            program.display()
        );
    }
}

/// When something below `directory` was changed last.
fn newest(directory: &Path) -> Option<SystemTime> {
    let entries = std::fs::read_dir(directory).ok()?;
    entries
        .filter_map(|entry| {
            let entry = entry.ok()?;
            if entry.file_type().ok()?.is_dir() {
                newest(&entry.path())
            } else {
                entry.metadata().ok()?.modified().ok()
            }
        })
        .max()
}

/// Takes `COUNTERSIGN_TEST_…` out of its environment: they are no settings, and the program refuses
/// what is none.
pub fn without_test_variables(command: &mut Command) -> &mut Command {
    for (name, _) in std::env::vars_os() {
        if name.to_string_lossy().starts_with("COUNTERSIGN_TEST_") {
            command.env_remove(name);
        }
    }
    command
}

/// A running process whose output is kept. It is killed when it is dropped.
#[derive(Debug)]
pub struct Process {
    child: Child,
    stdout: Lines,
    stderr: Lines,
}

impl Process {
    /// Starts it.
    ///
    /// # Panics
    /// If it cannot be started.
    #[must_use]
    pub fn start(mut command: Command) -> Self {
        without_test_variables(&mut command)
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped());
        let mut child = command.spawn().expect("the process starts");
        let stdout = Lines::of(child.stdout.take().expect("its output"));
        let stderr = Lines::of(child.stderr.take().expect("its errors"));
        Self {
            child,
            stdout,
            stderr,
        }
    }

    /// Its id.
    #[must_use]
    pub fn id(&self) -> u32 {
        self.child.id()
    }

    /// What it has written to standard output so far.
    #[must_use]
    pub fn stdout(&self) -> Vec<String> {
        self.stdout.all()
    }

    /// What it has written to standard error so far.
    #[must_use]
    pub fn stderr(&self) -> Vec<String> {
        self.stderr.all()
    }

    /// The first line of standard output, or of standard error, for which `find` has an answer.
    ///
    /// # Panics
    /// If it does not come within 20 seconds, or the process ends before.
    pub fn wait_for<T>(&self, what: &str, find: impl Fn(&str) -> Option<T>) -> T {
        let deadline = Instant::now() + patience(Duration::from_secs(20));
        loop {
            let lines = self.stdout.all().into_iter().chain(self.stderr.all());
            if let Some(found) = lines.into_iter().find_map(|line| find(&line)) {
                return found;
            }
            let ended = self.stdout.ended() && self.stderr.ended();
            if ended || Instant::now() >= deadline {
                panic!(
                    "{what} did not come; it said:\n{}\n{}",
                    self.stdout().join("\n"),
                    self.stderr().join("\n")
                );
            }
            self.stdout.wait(Duration::from_millis(10));
        }
    }

    /// Sends a signal by its name, for instance `TERM`.
    ///
    /// # Panics
    /// If it cannot be sent.
    pub fn signal(&self, name: &str) {
        let sent = Command::new("sh")
            .arg("-c")
            .arg(format!("kill -{name} {}", self.id()))
            .status();
        assert!(sent.is_ok_and(|status| status.success()), "SIG{name}");
    }

    /// `kill -9`, and waits until it is gone.
    ///
    /// # Panics
    /// If it cannot be killed.
    pub fn kill(&mut self) {
        self.child.kill().expect("it is killed");
        self.child.wait().expect("it is gone");
    }

    /// Whether it still runs.
    ///
    /// # Panics
    /// If that cannot be told.
    pub fn is_running(&mut self) -> bool {
        self.child.try_wait().expect("its state").is_none()
    }

    /// Waits until it has ended by itself and its output is complete.
    ///
    /// # Panics
    /// If it runs on for longer than `deadline`.
    pub fn wait(&mut self, deadline: Duration) -> ExitStatus {
        let end = Instant::now() + patience(deadline);
        loop {
            if let Some(status) = self.child.try_wait().expect("its state") {
                while !(self.stdout.ended() && self.stderr.ended()) && Instant::now() < end {
                    self.stderr.wait(Duration::from_millis(5));
                }
                return status;
            }
            assert!(
                Instant::now() < end,
                "it still runs after {deadline:?}; it said:\n{}",
                self.stderr().join("\n")
            );
            self.stderr.wait(Duration::from_millis(5));
        }
    }

    /// Memory that is resident now, in bytes.
    ///
    /// # Panics
    /// If the system does not tell.
    #[must_use]
    pub fn resident(&self) -> u64 {
        self.memory("VmRSS:")
    }

    /// The most memory that was resident since the start or [`Process::forget_peak`], in bytes.
    ///
    /// # Panics
    /// If the system does not tell.
    #[must_use]
    pub fn peak(&self) -> u64 {
        self.memory("VmHWM:")
    }

    /// Has [`Process::peak`] begin anew (proc(5), `clear_refs`).
    ///
    /// # Panics
    /// If the system does not let it.
    pub fn forget_peak(&self) {
        std::fs::write(format!("/proc/{}/clear_refs", self.id()), "5").expect("the peak is reset");
    }

    fn memory(&self, key: &str) -> u64 {
        let status = std::fs::read_to_string(format!("/proc/{}/status", self.id()));
        let kibibytes = status.expect("its status").lines().find_map(|line| {
            line.strip_prefix(key)?
                .trim()
                .strip_suffix(" kB")?
                .parse::<u64>()
                .ok()
        });
        kibibytes.expect("its memory") * 1024
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        // Errors mean that it has ended.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// The lines of a pipe, read by a thread so that the process never waits for its reader.
#[derive(Debug, Clone)]
struct Lines(Arc<(Mutex<Said>, Condvar)>);

#[derive(Debug, Default)]
struct Said {
    lines: Vec<String>,
    ended: bool,
}

impl Lines {
    fn of(pipe: impl Read + Send + 'static) -> Self {
        let shared = Self(Arc::default());
        let lines = shared.clone();
        std::thread::spawn(move || {
            for line in BufReader::new(pipe).split(b'\n') {
                let Ok(line) = line else { break };
                lines.change(|read| {
                    read.lines.push(String::from_utf8_lossy(&line).into_owned());
                });
            }
            lines.change(|read| read.ended = true);
        });
        shared
    }

    fn change(&self, change: impl FnOnce(&mut Said)) {
        let (read, changed) = &*self.0;
        change(&mut read.lock().unwrap_or_else(PoisonError::into_inner));
        changed.notify_all();
    }

    fn all(&self) -> Vec<String> {
        let read = self.0.0.lock().unwrap_or_else(PoisonError::into_inner);
        read.lines.clone()
    }

    fn ended(&self) -> bool {
        self.0
            .0
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .ended
    }

    /// Until something changes, or `time` has passed.
    fn wait(&self, time: Duration) {
        let (read, changed) = &*self.0;
        let read = read.lock().unwrap_or_else(PoisonError::into_inner);
        drop(changed.wait_timeout(read, time));
    }
}
