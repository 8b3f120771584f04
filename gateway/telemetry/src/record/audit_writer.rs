//! Appends audit records and answers when they are on the disk.

use std::fs::File;
use std::io::{self, Read as _, Seek as _, SeekFrom, Write as _};
use std::path::{Path, PathBuf};

use actix::{Actor, Addr, ArbiterHandle, Context, Handler, Message, Supervised, Supervisor};

use super::AuditRecord;
use super::destination::append_to;
use crate::metric::{LogMetrics, Recorder};

/// An actor that appends to the audit log. It syncs each record, so it wants a thread of its own:
/// start it in an arbiter where nothing waits for anything else.
pub struct AuditWriter {
    path: PathBuf,
    /// `None` after a failure, until the next record or restart opens it again.
    log: Option<AuditLog>,
    metrics: LogMetrics,
}

/// Appends a record; answered when it is on the disk.
#[derive(Debug)]
pub struct Append(pub AuditRecord);

impl Message for Append {
    type Result = Result<(), AuditError>;
}

/// Opens the file again by its path; for SIGHUP, after it was moved away.
#[derive(Debug)]
pub struct Reopen;

impl Message for Reopen {
    type Result = Result<(), AuditError>;
}

/// A record is not on the disk.
#[derive(Debug, thiserror::Error)]
#[error("the audit log `{path}` cannot be written: {why}", path = path.display())]
pub struct AuditError {
    path: PathBuf,
    why: io::Error,
}

impl AuditWriter {
    /// Opens the audit log at `path`, creating it (mode 0600) if absent.
    ///
    /// # Errors
    /// If it cannot be opened for appending.
    pub fn open(path: &Path, recorder: &Recorder) -> Result<Self, AuditError> {
        let log = AuditLog::open(path).map_err(|why| AuditError {
            path: path.to_owned(),
            why,
        })?;
        Ok(Self {
            path: path.to_owned(),
            log: Some(log),
            metrics: recorder.log("audit"),
        })
    }

    /// Starts it in `arbiter`, restarted if it fails.
    #[must_use]
    pub fn supervised(self, arbiter: &ArbiterHandle) -> Addr<Self> {
        Supervisor::start_in_arbiter(arbiter, move |_| self)
    }

    fn append(&mut self, record: &AuditRecord) -> io::Result<()> {
        let mut line = serde_json::to_vec(record).map_err(io::Error::other)?;
        line.push(b'\n');
        let mut log = match self.log.take() {
            Some(log) => log,
            None => AuditLog::open(&self.path)?,
        };
        log.append(&line)?;
        self.log = Some(log);
        Ok(())
    }

    /// Counts a failure and says where it was.
    fn failed(&self, why: io::Error) -> AuditError {
        self.metrics.failed();
        tracing::error!(path = %self.path.display(), error = %why, "the audit log cannot be written");
        AuditError {
            path: self.path.clone(),
            why,
        }
    }
}

impl Actor for AuditWriter {
    type Context = Context<Self>;
}

impl Supervised for AuditWriter {
    fn restarting(&mut self, _: &mut Self::Context) {
        self.log = None;
    }
}

impl Handler<Append> for AuditWriter {
    type Result = Result<(), AuditError>;

    fn handle(&mut self, Append(record): Append, _: &mut Self::Context) -> Self::Result {
        match self.append(&record) {
            Ok(()) => {
                self.metrics.written(1);
                Ok(())
            }
            Err(why) => {
                self.metrics.dropped(1);
                Err(self.failed(why))
            }
        }
    }
}

impl Handler<Reopen> for AuditWriter {
    type Result = Result<(), AuditError>;

    fn handle(&mut self, _: Reopen, _: &mut Self::Context) -> Self::Result {
        // If it fails the old file is kept: better the moved log than none.
        let log = AuditLog::open(&self.path).map_err(|why| self.failed(why))?;
        self.log = Some(log);
        Ok(())
    }
}

impl std::fmt::Debug for AuditWriter {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("AuditWriter")
            .field("path", &self.path)
            .finish_non_exhaustive()
    }
}

/// The file. INVARIANT: what it holds up to where we append is whole lines.
struct AuditLog {
    file: File,
    /// A pipe or a device cannot be synced, and has no last line.
    regular: bool,
}

impl AuditLog {
    fn open(path: &Path) -> io::Result<Self> {
        let file = append_to(path, 0o600)?;
        // So that a new file's name survives power loss as its content does.
        let directory = path
            .parent()
            .filter(|parent| !parent.as_os_str().is_empty());
        File::open(directory.unwrap_or(Path::new(".")))?.sync_all()?;
        let regular = file.metadata()?.is_file();
        let mut log = Self { file, regular };
        if regular {
            log.end_torn_line(path)?;
        }
        Ok(log)
    }

    /// A crash or a full disk may have left half a line: end it, so that it spoils only itself.
    fn end_torn_line(&mut self, path: &Path) -> io::Result<()> {
        let mut last = [b'\n'];
        let mut reader = File::open(path)?;
        if reader.seek(SeekFrom::End(0))? > 0 {
            reader.seek(SeekFrom::End(-1))?;
            reader.read_exact(&mut last)?;
        }
        if last != *b"\n" {
            self.file.write_all(b"\n")?;
        }
        Ok(())
    }

    fn append(&mut self, line: &[u8]) -> io::Result<()> {
        self.file.write_all(line)?;
        if self.regular {
            self.file.sync_data()
        } else {
            Ok(())
        }
    }
}

#[cfg(test)]
mod tests;
