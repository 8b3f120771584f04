//! Where lines go.

use std::fs::{File, OpenOptions};
use std::io::{self, Write};
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::{Path, PathBuf};

/// Where the lines of a log go.
pub enum Destination {
    /// Standard output.
    Stdout,
    /// A file, appended to; created with mode 0640 if absent.
    File(PathBuf),
    /// Anything else, for tests and embedding.
    Writer(Box<dyn Write + Send>),
    /// Nowhere; records are still counted.
    Nowhere,
}

impl std::fmt::Debug for Destination {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Stdout => f.write_str("Stdout"),
            Self::File(path) => f.debug_tuple("File").field(path).finish(),
            Self::Writer(_) => f.write_str("Writer"),
            Self::Nowhere => f.write_str("Nowhere"),
        }
    }
}

/// An open destination.
pub(super) struct Opened {
    path: Option<PathBuf>,
    target: Box<dyn Write + Send>,
}

impl Opened {
    pub(super) fn open(destination: Destination) -> io::Result<Self> {
        Ok(match destination {
            Destination::Stdout => Self {
                path: None,
                target: Box::new(io::stdout()),
            },
            Destination::File(path) => {
                let target = Box::new(append_to(&path, 0o640)?);
                Self {
                    path: Some(path),
                    target,
                }
            }
            Destination::Writer(target) => Self { path: None, target },
            Destination::Nowhere => Self {
                path: None,
                target: Box::new(io::sink()),
            },
        })
    }

    /// Opens a file again by its path, after it was moved away; if that fails, the old one stays.
    pub(super) fn reopen(&mut self) -> io::Result<()> {
        if let Some(path) = &self.path {
            self.target = Box::new(append_to(path, 0o640)?);
        }
        Ok(())
    }

    /// Writes whole lines and flushes.
    pub(super) fn write(&mut self, lines: &[u8]) -> io::Result<()> {
        self.target.write_all(lines)?;
        self.target.flush()
    }
}

/// A file that is only ever appended to.
pub(super) fn append_to(path: &Path, mode: u32) -> io::Result<File> {
    OpenOptions::new()
        .append(true)
        .create(true)
        .mode(mode)
        .open(path)
}
