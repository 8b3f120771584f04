//! The certificates of the development environment: made once, then kept.

use std::fs;
use std::io;
use std::io::Write as _;
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::{Path, PathBuf};

use gateway_tls::issue::{
    Authority, AuthorityOptions, CrlRequest, IssueError, Issued, LeafRequest, Revocation, Subject,
    Validity,
};

/// Password of every PFX file here. Not a secret: the keys lie beside them.
pub const PFX_PASSWORD: &str = "password";

/// Days that everything but the expired certificate is valid: long enough not to be in the way.
const DAYS: u32 = 3_650;

/// Where the development certificates are.
#[derive(Debug, Clone)]
pub struct DevPki {
    directory: PathBuf,
}

/// Why the certificates could not be made or read.
#[derive(Debug, thiserror::Error)]
pub enum PkiError {
    /// A file.
    #[error("`{path}`: {source}")]
    File {
        /// Which.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
    /// OpenSSL.
    #[error(transparent)]
    Issue(#[from] IssueError),
}

impl DevPki {
    /// Opens `directory`, making whatever is not there yet.
    ///
    /// # Errors
    /// If a certificate cannot be made, or a file not be read or written.
    pub fn open_or_create(directory: &Path, now: i64) -> Result<Self, PkiError> {
        let pki = Self {
            directory: directory.to_path_buf(),
        };
        if !pki.path("complete").exists() {
            fs::create_dir_all(directory).map_err(|source| pki.file_error("", source))?;
            pki.create(now)?;
            // Written last: a run that was interrupted starts over.
            pki.write("complete", b"", 0o644)?;
        }
        Ok(pki)
    }

    fn create(&self, now: i64) -> Result<(), PkiError> {
        let options = AuthorityOptions {
            validity: Validity::days_from(now, DAYS),
            ..AuthorityOptions::default()
        };
        let authority = Authority::new(&Subject::common_name("My Trusted CA"), &options)?;
        self.write("ca.pem", authority.certificate_pem()?.as_bytes(), 0o644)?;
        self.write("ca.key", authority.key_pem()?.as_bytes(), 0o600)?;
        let valid = Validity::days_from(now, DAYS - 1);
        let local = |request: LeafRequest| request.dns("localhost").ip([127, 0, 0, 1]).valid(valid);
        self.issue(
            &authority,
            "server",
            &local(LeafRequest::server("localhost")),
        )?;
        self.issue(
            &authority,
            "sample-backend",
            &local(LeafRequest::server("sample-backend")),
        )?;
        self.issue(
            &authority,
            "my-backend-cert",
            &LeafRequest::client("my-backend-cert").valid(valid),
        )?;
        self.issue(
            &authority,
            "partner-a",
            &LeafRequest::client("partner-company.com").valid(valid),
        )?;
        self.issue(
            &authority,
            "partner-b",
            &LeafRequest::client("partner-b.example").valid(valid),
        )?;
        let past = Validity::between(now - 60 * 86_400, now - 30 * 86_400);
        self.issue(
            &authority,
            "expired",
            &LeafRequest::client("expired.example").valid(past),
        )?;
        let revoked = self.issue(
            &authority,
            "revoked",
            &LeafRequest::client("revoked.example").valid(valid),
        )?;
        let other = Authority::new(&Subject::common_name("Somebody Else's CA"), &options)?;
        self.issue(
            &other,
            "stranger",
            &LeafRequest::client("stranger.example").valid(valid),
        )?;
        let crl = authority.crl(&CrlRequest {
            revoked: vec![Revocation {
                serial: revoked.serial()?,
                at: now,
            }],
            number: 1,
            this_update: now,
            next_update: options.validity.not_after,
        })?;
        self.write("ca.crl.pem", crl.pem().as_bytes(), 0o644)
    }

    fn issue(
        &self,
        authority: &Authority,
        name: &str,
        request: &LeafRequest,
    ) -> Result<Issued, PkiError> {
        let issued = authority.issue(request)?;
        self.write(
            &format!("{name}.pem"),
            issued.certificate_pem().as_bytes(),
            0o644,
        )?;
        self.write(&format!("{name}.key"), issued.key_pem().as_bytes(), 0o600)?;
        self.write(&format!("{name}.pfx"), &issued.to_pfx(PFX_PASSWORD)?, 0o600)?;
        Ok(issued)
    }

    /// Path of one file.
    #[must_use]
    pub fn path(&self, name: &str) -> PathBuf {
        self.directory.join(name)
    }

    /// Content of one file.
    ///
    /// # Errors
    /// If it cannot be read.
    pub fn read(&self, name: &str) -> Result<Vec<u8>, PkiError> {
        fs::read(self.path(name)).map_err(|source| self.file_error(name, source))
    }

    fn write(&self, name: &str, content: &[u8], mode: u32) -> Result<(), PkiError> {
        let path = self.path(name);
        let write = || {
            // Replaced and not truncated: the mode of an old file would stay.
            match fs::remove_file(&path) {
                Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
                _ => {}
            }
            let mut file = fs::OpenOptions::new()
                .write(true)
                .create_new(true)
                .mode(mode)
                .open(&path)?;
            file.write_all(content)
        };
        write().map_err(|source| self.file_error(name, source))
    }

    fn file_error(&self, name: &str, source: io::Error) -> PkiError {
        PkiError::File {
            path: self.path(name),
            source,
        }
    }
}
