//! `countersign dev`: a whole gateway with certificates, a sample API and a sample backend, from
//! nothing, in one directory.

pub mod pki;
mod sample_backend;
mod seed;

use std::fs;
use std::io::{self, Write as _};
use std::net::SocketAddr;
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::{Path, PathBuf};

use crate::app::App;

pub use sample_backend::SampleBackend;
pub use seed::{POLICY, first_change, move_backend};

/// SHA-1 thumbprint of a PEM or DER certificate, upper-case hexadecimal; empty if it is none.
fn thumbprint(certificate: &[u8]) -> String {
    gateway_tls::certificate::parse(certificate)
        .map(|facts| gateway_tls::digest::upper_hex(&facts.sha1))
        .unwrap_or_default()
}

/// Where and how the development gateway listens.
#[derive(Debug, Clone)]
pub struct DevOptions {
    /// Directory for everything it makes.
    pub directory: PathBuf,
    /// Data path.
    pub gateway: String,
    /// Admin API.
    pub admin: String,
    /// Health and metrics.
    pub health: String,
}

impl DevOptions {
    /// The bootstrap file of the development gateway, written on the first start only: what an
    /// operator changes in it stays. Addresses come from the command line.
    #[must_use]
    pub fn default_configuration() -> &'static str {
        "# Made by `countersign dev`. Edit as you like; delete it to get it anew.\n\
         [gateway]\n\
         revision_header = true\n\
         \n\
         [admin]\n\
         certificate = \"pki/server.pem\"\n\
         key = \"pki/server.key\"\n\
         token_file = \"admin-token\"\n\
         \n\
         [store]\n\
         path = \"countersign.db\"\n\
         master_key_file = \"master.key\"\n\
         \n\
         [log]\n\
         access = \"access.jsonl\"\n\
         audit = \"audit.jsonl\"\n"
    }

    /// Path below the directory.
    #[must_use]
    pub fn path(&self, name: &str) -> PathBuf {
        self.directory.join(name)
    }
}

/// Creates a file with this content and mode, unless there is one.
///
/// # Errors
/// If it cannot be written.
pub fn write_once(path: &Path, content: &[u8], mode: u32) -> io::Result<()> {
    match fs::OpenOptions::new()
        .write(true)
        .create_new(true)
        .mode(mode)
        .open(path)
    {
        Ok(mut file) => file.write_all(content),
        Err(error) if error.kind() == io::ErrorKind::AlreadyExists => Ok(()),
        Err(error) => Err(error),
    }
}

/// The lines a newcomer copies and pastes.
#[must_use]
pub fn instructions(directory: &Path, app: &App) -> String {
    let port = app.gateway_addresses().first().map_or(0, SocketAddr::port);
    let gateway = format!("https://localhost:{port}");
    let admin = format!("https://localhost:{}", app.admin_address().port());
    let health = format!("http://{}", app.health_address());
    let d = directory.display();
    let pki = format!("{d}/pki");
    let call = |name: &str| {
        format!(
            "curl --cacert {pki}/ca.pem --cert {pki}/{name}.pem --key {pki}/{name}.key {gateway}/orders/1"
        )
    };
    let admin_call = |arguments: &str| {
        format!(
            "curl --cacert {pki}/ca.pem -H \"Authorization: Bearer $(cat {d}/admin-token)\" {arguments}"
        )
    };
    format!(
        "Countersign development gateway\n\
         \n  gateway  {gateway}\n  admin    {admin}/apim\n  health   {health}/readyz\n  files    {d}\n\
         \n# partner-a is on the identity list: 200\n{a}\n\
         # partner-b is not: 403 (so are expired, revoked, stranger and nobody)\n{b}\n\
         # rotate: partner-b comes in, partner-a goes out, effective on the next request\n{put}\n{delete}\n\
         # what is configured\n{list}\n",
        a = call("partner-a"),
        b = call("partner-b"),
        put = admin_call(&format!(
            "-X PUT -H 'Content-Type: application/json' -d \"{{\\\"properties\\\":{{\\\"thumbprint\\\":\\\"$(openssl x509 -in {pki}/partner-b.pem -noout -fingerprint -sha1 | cut -d= -f2 | tr -d :)\\\"}}}}\" {admin}/apim/identityLists/partners/identities/partner-b"
        )),
        delete = admin_call(&format!(
            "-X DELETE {admin}/apim/identityLists/partners/identities/partner-a"
        )),
        list = admin_call(&format!("{admin}/apim/identityLists/partners")),
    )
}
