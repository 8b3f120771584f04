//! A public-key infrastructure per test.
#![expect(clippy::expect_used, reason = "a test without its PKI can only end")]

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};
use std::path::{Path, PathBuf};
use std::time::{SystemTime, UNIX_EPOCH};

use gateway_tls::issue::{
    Authority, AuthorityOptions, Crl, CrlRequest, Issued, LeafRequest, Revocation, Subject,
    Validity,
};
use tempfile::TempDir;

/// The password of every PFX file.
const PASSWORD: &str = "password";

/// Seconds in a day.
const DAY: i64 = 86_400;

/// Authorities, a server, clients good and bad, and a backend's two sides; as files too.
#[derive(Debug)]
pub struct Pki {
    /// The moment everything was issued for, in Unix seconds.
    pub now: i64,
    /// `CN=My Trusted CA`: the root of everything that is not a stranger's.
    pub ca: Authority,
    /// `CN=My Intermediate CA`, below [`Pki::ca`].
    pub intermediate: Authority,
    /// `CN=Stranger CA`, which nobody trusts.
    pub stranger_ca: Authority,
    /// The gateway's certificate: `localhost`, `127.0.0.1`, `::1`.
    pub server: Issued,
    /// `CN=partner-company.com`.
    pub partner_a: Issued,
    /// `CN=other-company.com`, of the same authority.
    pub partner_b: Issued,
    /// `CN=partner-company.com`, but of [`Pki::stranger_ca`].
    pub stranger: Issued,
    /// Ended a day before [`Pki::now`].
    pub expired: Issued,
    /// Begins a day after [`Pki::now`].
    pub not_yet_valid: Issued,
    /// On [`Pki::crl`].
    pub revoked: Issued,
    /// Issued by [`Pki::intermediate`], whose certificate it carries.
    pub through_intermediate: Issued,
    /// A backend's server certificate: `localhost`, `127.0.0.1`, `::1`.
    pub backend_server: Issued,
    /// `CN=my-backend-cert`: what the gateway presents to a backend.
    pub backend_client: Issued,
    /// The list of [`Pki::ca`], good for ten years, with [`Pki::revoked`] on it.
    pub crl: Crl,
    directory: TempDir,
}

/// Where one certificate's files are.
#[derive(Debug, Clone)]
pub struct Files {
    /// The leaf and its intermediates, PEM.
    pub certificate: PathBuf,
    /// The private key, PEM.
    pub key: PathBuf,
    /// PKCS #12, password `password`.
    pub pfx: PathBuf,
}

impl Pki {
    /// By the machine's clock.
    ///
    /// # Panics
    ///
    /// When OpenSSL or the file system fail.
    #[must_use]
    pub fn new() -> Self {
        let now = SystemTime::now()
            .duration_since(UNIX_EPOCH)
            .map_or(0, |passed| passed.as_secs());
        Self::at(i64::try_from(now).unwrap_or(i64::MAX))
    }

    /// Everything dated around `now` (Unix seconds), for tests with a clock of their own.
    ///
    /// # Panics
    ///
    /// As [`Pki::new`].
    #[must_use]
    pub fn at(now: i64) -> Self {
        let options = AuthorityOptions {
            validity: Validity::days_from(now, 3650),
            ..Default::default()
        };
        let root = |name: &str| {
            Authority::new(&Subject::common_name(name), &options).expect("an authority is made")
        };
        let ca = root("My Trusted CA");
        let stranger_ca = root("Stranger CA");
        let intermediate = ca
            .intermediate(&Subject::common_name("My Intermediate CA"), &options)
            .expect("an intermediate is made");
        let year = Validity::days_from(now, 365);
        let client = |authority: &Authority, name: &str, validity: Validity| {
            authority
                .issue(&LeafRequest::client(name).valid(validity))
                .expect("a client certificate is issued")
        };
        let revoked = client(&ca, "revoked-company.com", year);
        let past = Validity::between(now - 30 * DAY, now - DAY);
        let future = Validity::between(now + DAY, now + 30 * DAY);
        let pki = Self {
            server: local_server(&ca, "localhost", year),
            partner_a: client(&ca, "partner-company.com", year),
            partner_b: client(&ca, "other-company.com", year),
            stranger: client(&stranger_ca, "partner-company.com", year),
            expired: client(&ca, "expired-company.com", past),
            not_yet_valid: client(&ca, "future-company.com", future),
            through_intermediate: client(&intermediate, "branch-company.com", year),
            backend_server: local_server(&ca, "backend.local", year),
            backend_client: client(&ca, "my-backend-cert", year),
            crl: revocation_list(&ca, &[&revoked], now, 1),
            revoked,
            ca,
            intermediate,
            stranger_ca,
            now,
            directory: tempfile::tempdir().expect("a directory for certificates"),
        };
        pki.write_all();
        pki
    }

    /// Issues one more client certificate of [`Pki::ca`].
    ///
    /// # Panics
    ///
    /// When OpenSSL refuses the subject.
    #[must_use]
    pub fn client(&self, subject: impl Into<Subject>) -> Issued {
        let request = LeafRequest::client(subject).valid(Validity::days_from(self.now, 365));
        self.ca
            .issue(&request)
            .expect("a client certificate is issued")
    }

    /// Issues one more server certificate of [`Pki::ca`], for DNS names (wildcards too).
    ///
    /// # Panics
    ///
    /// When a name is not ASCII.
    #[must_use]
    pub fn server_for(&self, names: &[&str]) -> Issued {
        let first = names.first().copied().unwrap_or("server");
        let mut request = LeafRequest::server(first).valid(Validity::days_from(self.now, 365));
        for name in names {
            request = request.dns(*name);
        }
        self.ca
            .issue(&request)
            .expect("a server certificate is issued")
    }

    /// A list of [`Pki::ca`] with these certificates on it.
    ///
    /// # Panics
    ///
    /// When one is on it twice.
    #[must_use]
    pub fn crl_revoking(&self, revoked: &[&Issued], number: u64) -> Crl {
        revocation_list(&self.ca, revoked, self.now, number)
    }

    /// The directory with the files: `ca.pem`, `ca.crl`, and per certificate `NAME.pem`, `.key`, `.pfx`,
    /// where `NAME` is the field with hyphens (`partner-a`).
    #[must_use]
    pub fn directory(&self) -> &Path {
        self.directory.path()
    }

    /// A file in [`Pki::directory`].
    #[must_use]
    pub fn path(&self, file: &str) -> PathBuf {
        self.directory.path().join(file)
    }

    /// Writes one more certificate beside the others.
    ///
    /// # Panics
    ///
    /// When the file system fails.
    pub fn write(&self, name: &str, issued: &Issued) -> Files {
        let files = Files {
            certificate: self.path(&format!("{name}.pem")),
            key: self.path(&format!("{name}.key")),
            pfx: self.path(&format!("{name}.pfx")),
        };
        let pfx = issued.to_pfx(PASSWORD).expect("a PFX is made");
        write(&files.certificate, issued.chain_pem());
        write(&files.key, issued.key_pem());
        write(&files.pfx, pfx);
        files
    }

    fn write_all(&self) {
        write(
            &self.path("ca.pem"),
            self.ca.certificate_pem().expect("PEM of the authority"),
        );
        write(&self.path("ca.crl"), self.crl.pem());
        for (name, issued) in [
            ("server", &self.server),
            ("partner-a", &self.partner_a),
            ("partner-b", &self.partner_b),
            ("stranger", &self.stranger),
            ("expired", &self.expired),
            ("not-yet-valid", &self.not_yet_valid),
            ("revoked", &self.revoked),
            ("through-intermediate", &self.through_intermediate),
            ("backend-server", &self.backend_server),
            ("backend-client", &self.backend_client),
        ] {
            self.write(name, issued);
        }
    }
}

impl Default for Pki {
    fn default() -> Self {
        Self::new()
    }
}

fn local_server(authority: &Authority, name: &str, validity: Validity) -> Issued {
    let request = LeafRequest::server(name)
        .valid(validity)
        .dns("localhost")
        .ip(IpAddr::V4(Ipv4Addr::LOCALHOST))
        .ip(IpAddr::V6(Ipv6Addr::LOCALHOST));
    authority
        .issue(&request)
        .expect("a server certificate is issued")
}

fn revocation_list(authority: &Authority, revoked: &[&Issued], now: i64, number: u64) -> Crl {
    let revoked = revoked
        .iter()
        .map(|issued| Revocation {
            serial: issued.serial().expect("an issued serial number is lawful"),
            at: now - 60,
        })
        .collect();
    let request = CrlRequest {
        revoked,
        number,
        this_update: now - 60,
        next_update: now + 3650 * DAY,
    };
    authority
        .crl(&request)
        .expect("a revocation list is signed")
}

fn write(path: &Path, content: impl AsRef<[u8]>) {
    std::fs::write(path, content).expect("a file in the temporary directory is written");
}
