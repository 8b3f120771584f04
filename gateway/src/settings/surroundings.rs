//! What loading the settings looks at: the environment and the files. Tests bring their own.

use std::collections::BTreeMap;
use std::fs;
use std::io;
use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;

/// Variables of an environment.
pub trait Environment {
    /// Those whose names begin with `prefix`.
    fn variables(&self, prefix: &str) -> BTreeMap<String, String>;
}

/// The environment of this process. A value that is not UTF-8 is read with replacement characters.
#[derive(Debug, Clone, Copy)]
pub struct ProcessEnvironment;

impl Environment for ProcessEnvironment {
    fn variables(&self, prefix: &str) -> BTreeMap<String, String> {
        std::env::vars_os()
            .filter_map(|(name, value)| Some((name.into_string().ok()?, value)))
            .filter(|(name, _)| name.starts_with(prefix))
            .map(|(name, value)| (name, value.to_string_lossy().into_owned()))
            .collect()
    }
}

impl Environment for BTreeMap<String, String> {
    fn variables(&self, prefix: &str) -> BTreeMap<String, String> {
        self.iter()
            .filter(|(name, _)| name.starts_with(prefix))
            .map(|(name, value)| (name.clone(), value.clone()))
            .collect()
    }
}

/// Files as loading needs them.
pub trait Files {
    /// The whole content.
    ///
    /// # Errors
    /// If it cannot be read.
    fn read(&self, path: &Path) -> io::Result<Vec<u8>>;

    /// What is there.
    ///
    /// # Errors
    /// If it cannot be told; [`io::ErrorKind::NotFound`] if there is nothing.
    fn status(&self, path: &Path) -> io::Result<FileStatus>;
}

/// What is at a path.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct FileStatus {
    /// Whether it is a directory.
    pub is_directory: bool,
    /// Its permission bits.
    pub mode: u32,
}

/// The files of this machine.
#[derive(Debug, Clone, Copy)]
pub struct MachineFiles;

impl Files for MachineFiles {
    fn read(&self, path: &Path) -> io::Result<Vec<u8>> {
        fs::read(path)
    }

    fn status(&self, path: &Path) -> io::Result<FileStatus> {
        let metadata = fs::metadata(path)?;
        Ok(FileStatus {
            is_directory: metadata.is_dir(),
            mode: metadata.permissions().mode() & 0o7777,
        })
    }
}
