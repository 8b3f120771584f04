//! The master key file: what everything secret in the store is finally sealed under.

use std::fs::{self, OpenOptions};
use std::io::{self, Write as _};
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::Path;

use gateway_tls::seal::MasterKey;

/// Reads the master key at `path`, making one (mode 0600, synced) if there is none.
///
/// # Errors
/// If the file cannot be read or written, or is not a master key.
pub(crate) fn open_or_create(path: &Path) -> Result<MasterKey, String> {
    let named = |error: &dyn std::fmt::Display| format!("`{}`: {error}", path.display());
    match fs::read(path) {
        Ok(contents) => MasterKey::parse(&contents).map_err(|error| named(&error)),
        Err(error) if error.kind() == io::ErrorKind::NotFound => {
            let key = MasterKey::generate().map_err(|error| named(&error))?;
            create(path, key.to_file().as_bytes()).map_err(|error| named(&error))?;
            Ok(key)
        }
        Err(error) => Err(named(&error)),
    }
}

/// Synced before anything is sealed under it: a store whose key was lost in a crash is lost too.
fn create(path: &Path, contents: &[u8]) -> io::Result<()> {
    let mut file = OpenOptions::new()
        .write(true)
        .create_new(true)
        .mode(0o600)
        .open(path)?;
    file.write_all(contents)?;
    file.sync_all()?;
    let directory = path
        .parent()
        .filter(|parent| !parent.as_os_str().is_empty());
    fs::File::open(directory.unwrap_or_else(|| Path::new(".")))?.sync_all()
}
