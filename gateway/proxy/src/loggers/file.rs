//! Loggers that are files of JSON lines.

use std::io::{self, Write as _};
use std::os::unix::fs::{DirBuilderExt as _, OpenOptionsExt as _};
use std::path::{Path, PathBuf};
use std::sync::Arc;

/// A file that is opened anew for each batch: one that was moved away is followed by a new one.
pub(super) struct LogFile {
    name: Arc<str>,
    path: PathBuf,
    /// Writing failed, maybe half-way through a line.
    torn: bool,
}

impl LogFile {
    pub(super) fn new(directory: &Path, name: &Arc<str>) -> Self {
        Self {
            name: Arc::clone(name),
            path: directory.join(&**name),
            torn: false,
        }
    }

    /// Whether this is the file called `name`.
    pub(super) fn is(&self, name: &str) -> bool {
        *self.name == *name
    }

    /// Appends a line for each record. The disk is waited for on another thread.
    pub(super) async fn append(&mut self, records: &[&str]) -> Result<(), String> {
        let mut text = String::new();
        if self.torn {
            text.push('\n');
        }
        for record in records {
            text.push_str(record);
            text.push('\n');
        }
        let path = self.path.clone();
        let written = tokio::task::spawn_blocking(move || append(&path, text.as_bytes())).await;
        let outcome = match written {
            Ok(Ok(())) => Ok(()),
            Ok(Err(error)) => Err(format!("`{}`: {error}", self.path.display())),
            Err(error) => Err(error.to_string()),
        };
        self.torn = outcome.is_err();
        outcome
    }
}

/// Messages may hold what only the gateway's user may read.
fn append(path: &Path, bytes: &[u8]) -> io::Result<()> {
    let open = || {
        std::fs::OpenOptions::new()
            .append(true)
            .create(true)
            .mode(0o600)
            .open(path)
    };
    let mut file = match open() {
        Err(error) if error.kind() == io::ErrorKind::NotFound => {
            if let Some(directory) = path.parent() {
                std::fs::DirBuilder::new()
                    .recursive(true)
                    .mode(0o700)
                    .create(directory)?;
            }
            open()?
        }
        opened => opened?,
    };
    file.write_all(bytes)
}
