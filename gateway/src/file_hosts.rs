//! Hosts whose certificate and key are files: read at start, read again when they change.
//!
//! certbot and cert-manager replace files (or the links to them) while the gateway runs. Contents
//! are compared, not modification times: a link that is switched keeps the target's old time. A pair
//! that cannot be used, or of which only one half has been replaced yet, leaves the old one in place.

use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use gateway_config::compile::FileHost;
use gateway_config::control::ControlPlane;
use gateway_tls::host::ClientCertificateMode;
use gateway_tls::key_material::from_pem;

/// One host to be read from files.
#[derive(Debug, Clone)]
pub struct FileHostSource {
    /// Name, lower case, possibly `*.example.com`.
    pub name: Arc<str>,
    /// PEM, leaf first.
    pub certificate: PathBuf,
    /// PEM.
    pub key: PathBuf,
    /// Whether clients are asked for a certificate.
    pub mode: ClientCertificateMode,
    /// Whether it serves clients without SNI.
    pub is_default: bool,
}

/// How often the files are looked at. Certificates are replaced weeks before they expire; this is
/// short only so that an operator who replaces one sees it taken.
const INTERVAL: Duration = Duration::from_secs(2);

impl FileHostSource {
    /// Reads the pair.
    ///
    /// # Errors
    /// What is wrong, naming the files.
    pub fn read(&self) -> Result<FileHost, String> {
        let file = |path: &PathBuf| {
            std::fs::read(path).map_err(|error| format!("`{}`: {error}", path.display()))
        };
        let material = from_pem(&file(&self.certificate)?, &file(&self.key)?).map_err(|error| {
            format!(
                "`{}` with `{}`: {error}",
                self.certificate.display(),
                self.key.display()
            )
        })?;
        Ok(FileHost {
            name: Arc::clone(&self.name),
            material: Arc::new(material),
            mode: self.mode,
            is_default: self.is_default,
        })
    }
}

/// Looks after the files until the process ends. The snapshot has them in the order of `sources`, which
/// is how they were first read. Runs on its own; nothing waits for it.
pub async fn watch(sources: Vec<FileHostSource>, plane: ControlPlane) {
    let mut current = plane.published().load().file_hosts.clone();
    let mut ticker = tokio::time::interval(INTERVAL);
    loop {
        ticker.tick().await;
        let newest = reread(&sources, &current);
        let is_same = |(a, b): (&Arc<FileHost>, &Arc<FileHost>)| Arc::ptr_eq(a, b);
        if newest.iter().zip(&current).all(is_same) {
            continue;
        }
        match plane.set_file_hosts(newest.clone()).await {
            Ok(()) => {
                tracing::info!("certificates from files have been replaced");
                current = newest;
            }
            Err(error) => {
                tracing::warn!(%error, "certificates from files were refused; the old ones stay");
            }
        }
    }
}

/// What the files hold now; the very same value where nothing changed or nothing usable is there.
fn reread(sources: &[FileHostSource], current: &[Arc<FileHost>]) -> Vec<Arc<FileHost>> {
    let pair = |(source, old): (&FileHostSource, &Arc<FileHost>)| match source.read() {
        Ok(new)
            if new.material.chain_der() == old.material.chain_der()
                && new.material.facts().der == old.material.facts().der =>
        {
            Arc::clone(old)
        }
        Ok(new) => Arc::new(new),
        Err(reason) => {
            tracing::warn!(host = %source.name, %reason, "certificate files cannot be used; the old ones stay");
            Arc::clone(old)
        }
    };
    sources.iter().zip(current).map(pair).collect()
}
