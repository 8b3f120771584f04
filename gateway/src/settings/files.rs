//! Files that the settings name: whether they are there, and whether they fit.

use std::io;
use std::path::Path;

use gateway_tls::key_material::{KeyMaterialError, from_pem};

use super::problem::{Place, SettingsProblem};
use super::surroundings::Files;
use super::token;

/// Looks at files and collects warnings.
pub(super) struct FileCheck<'a> {
    files: &'a dyn Files,
    pub(super) warnings: Vec<SettingsProblem>,
}

impl<'a> FileCheck<'a> {
    pub(super) fn new(files: &'a dyn Files) -> Self {
        Self {
            files,
            warnings: Vec::new(),
        }
    }

    /// The files that are checked.
    pub(super) fn files(&self) -> &dyn Files {
        self.files
    }

    pub(super) fn warn(&mut self, key: String, place: Place, message: String) {
        self.warnings.push(SettingsProblem {
            key,
            place,
            message,
        });
    }

    /// A certificate and its key: problems by which of the two has them.
    pub(super) fn key_pair(&self, certificate: &Path, key: &Path) -> Vec<(&'static str, String)> {
        let mut problems = Vec::new();
        let mut read = |which, path: &Path| match self.files.read(path) {
            Ok(bytes) => Some(bytes),
            Err(error) => {
                problems.push((which, unreadable(path, &error)));
                None
            }
        };
        let (chain, private) = (read("certificate", certificate), read("key", key));
        if let (Some(chain), Some(private)) = (chain, private)
            && let Err(error) = from_pem(&chain, &private)
        {
            let (which, path) = match error {
                KeyMaterialError::NoPrivateKey
                | KeyMaterialError::KeyMismatch { .. }
                | KeyMaterialError::EncryptedKey { .. }
                | KeyMaterialError::SecondPrivateKey { .. }
                | KeyMaterialError::BadPrivateKey
                | KeyMaterialError::KeyPem(_) => ("key", key),
                KeyMaterialError::Empty if private.is_empty() => ("key", key),
                _ => ("certificate", certificate),
            };
            problems.push((which, format!("`{}`: {error}", path.display())));
        }
        problems
    }

    /// What to say about a private key that every account of the machine can read. Only a warning:
    /// secrets that Kubernetes mounts have mode 0644 unless told otherwise.
    pub(super) fn exposed_key(&self, path: &Path) -> Option<String> {
        let status = self.files.status(path).ok()?;
        (status.mode & 0o007 != 0).then(|| exposed(path, status.mode))
    }

    /// The token file must hold a usable token and not be accessible to others.
    pub(super) fn token(&self, path: &Path) -> Result<(), String> {
        let status = self
            .files
            .status(path)
            .map_err(|error| unreadable(path, &error))?;
        if status.mode & 0o007 != 0 {
            return Err(exposed(path, status.mode));
        }
        token::read(self.files, path).map(drop)
    }

    /// A key file that may be absent, then its directory must be there.
    pub(super) fn master_key(&self, path: &Path) -> Result<(), String> {
        match self.files.status(path) {
            Ok(status) if status.is_directory => {
                Err(format!("`{}` is a directory", path.display()))
            }
            Ok(status) if status.mode & 0o077 != 0 => Err(exposed(path, status.mode)),
            Ok(_) => {
                let content = self
                    .files
                    .read(path)
                    .map_err(|error| unreadable(path, &error))?;
                gateway_tls::seal::MasterKey::parse(&content)
                    .map(drop)
                    .map_err(|error| format!("`{}`: {error}", path.display()))
            }
            Err(error) if error.kind() == io::ErrorKind::NotFound => self.directory_of(path),
            Err(error) => Err(unreadable(path, &error)),
        }
    }

    /// A file that is created if absent.
    pub(super) fn creatable(&self, path: &Path) -> Result<(), String> {
        match self.files.status(path) {
            Ok(status) if status.is_directory => {
                Err(format!("`{}` is a directory", path.display()))
            }
            Ok(_) => Ok(()),
            Err(error) if error.kind() == io::ErrorKind::NotFound => self.directory_of(path),
            Err(error) => Err(unreadable(path, &error)),
        }
    }

    fn directory_of(&self, path: &Path) -> Result<(), String> {
        let directory = match path.parent() {
            Some(parent) if !parent.as_os_str().is_empty() => parent,
            _ => Path::new("."),
        };
        match self.files.status(directory) {
            Ok(status) if status.is_directory => Ok(()),
            Ok(_) => Err(format!("`{}` is not a directory", directory.display())),
            Err(error) => Err(format!(
                "`{}` cannot be created: {}",
                path.display(),
                unreadable(directory, &error)
            )),
        }
    }
}

pub(super) fn unreadable(path: &Path, error: &io::Error) -> String {
    match error.kind() {
        io::ErrorKind::NotFound => format!("`{}` does not exist", path.display()),
        _ => format!("`{}` cannot be read: {error}", path.display()),
    }
}

fn exposed(path: &Path, mode: u32) -> String {
    format!(
        "`{path}` is accessible to others (mode {mode:04o}); run `chmod 600 {path}`",
        path = path.display()
    )
}
