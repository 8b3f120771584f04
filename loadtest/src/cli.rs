//! Options on the command line, and the files they name.

use std::path::{Path, PathBuf};
use std::time::Duration;

use clap::{Args, Parser, Subcommand, ValueEnum};
use gateway_testkit::{AdminClient, Identity};
use loadtest::{Load, LoadError, Protocol, Report, Target, keepalive, rotate};
use openssl::x509::X509;
use zeroize::Zeroizing;

/// Load for an HTTPS address that asks for client certificates.
#[derive(Debug, Parser)]
#[command(version, about)]
pub(crate) struct Arguments {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Make load, and report.
    ///
    /// Exit status: 0 when all is well, 1 when the report names a problem (an unexpected status, a
    /// fault, a wrong verdict), 2 when there was no load.
    Run(Box<Run>),
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Scenario {
    /// Connections that stay open and ask the same again and again.
    Keepalive,
    /// The same, while certificates leave an identity list and come back; every response is judged.
    Rotate,
}

#[derive(Debug, Args)]
struct Run {
    /// What to do.
    #[arg(long, value_enum)]
    scenario: Scenario,
    /// `https://HOST[:PORT][/PATH]`.
    #[arg(long)]
    target: String,
    /// PEM with the authorities of the target's certificate.
    #[arg(long)]
    ca: PathBuf,
    /// PEM with the client certificate and its intermediates; in `rotate`, one that is rotated.
    #[arg(long, requires = "key")]
    cert: Option<PathBuf>,
    /// PEM with its private key.
    #[arg(long, requires = "cert")]
    key: Option<PathBuf>,
    /// A second client certificate; in `rotate` it takes turns with the first.
    #[arg(long, requires_all = ["cert", "key2"])]
    cert2: Option<PathBuf>,
    /// PEM with its private key.
    #[arg(long, requires = "cert2")]
    key2: Option<PathBuf>,
    /// Connections kept open at the same time.
    #[arg(long, default_value_t = 16)]
    connections: usize,
    /// Seconds.
    #[arg(long, default_value_t = 10.0)]
    duration: f64,
    /// Ends after this many requests, should that come first.
    #[arg(long, default_value_t = 10_000_000)]
    requests: u64,
    /// Requests per second over all connections; without it, as fast as the answers come.
    #[arg(long)]
    rate: Option<f64>,
    /// HTTP/2 instead of HTTP/1.1.
    #[arg(long, conflicts_with = "both_protocols")]
    http2: bool,
    /// Every other connection HTTP/2.
    #[arg(long)]
    both_protocols: bool,
    /// Requests in flight at the same time on one HTTP/2 connection.
    #[arg(long, default_value_t = 4)]
    streams: usize,
    /// Seconds after which a handshake or a request counts as failed.
    #[arg(long, default_value_t = 10.0)]
    deadline: f64,
    /// The only status that is a success in `keepalive` (default: any 2xx or 3xx).
    #[arg(long)]
    expect: Option<u16>,
    /// A local process whose CPU time per response is reported.
    #[arg(long)]
    pid: Option<u32>,
    /// Writes the report as JSON.
    #[arg(long)]
    json: Option<PathBuf>,
    #[command(flatten)]
    rotation: Rotation,
}

#[derive(Debug, Args)]
#[command(next_help_heading = "Scenario rotate")]
struct Rotation {
    /// `https://HOST:PORT` of the admin API.
    #[arg(long, required_if_eq("scenario", "rotate"))]
    admin: Option<String>,
    /// A file with the bearer token.
    #[arg(long, required_if_eq("scenario", "rotate"))]
    admin_token_file: Option<PathBuf>,
    /// PEM with the authorities of the admin API's certificate (default: that of --ca).
    #[arg(long)]
    admin_ca: Option<PathBuf>,
    /// The id of the identity list.
    #[arg(long, required_if_eq("scenario", "rotate"))]
    list: Option<String>,
    /// PEM with a certificate that stays allowed throughout.
    #[arg(long, requires = "steady_key")]
    steady_cert: Option<PathBuf>,
    /// PEM with its private key.
    #[arg(long, requires = "steady_cert")]
    steady_key: Option<PathBuf>,
    /// PEM with a certificate that must never be let in.
    #[arg(long, requires = "stranger_key")]
    stranger_cert: Option<PathBuf>,
    /// PEM with its private key.
    #[arg(long, requires = "stranger_cert")]
    stranger_key: Option<PathBuf>,
    /// Ends after this many swaps, should that come first.
    #[arg(long, default_value_t = 1_000_000)]
    swaps: u64,
    /// Milliseconds between two swaps.
    #[arg(long, default_value_t = 10)]
    pause: u64,
    /// The status of a refusal.
    #[arg(long, default_value_t = 403)]
    refused: u16,
}

/// Runs what the arguments say.
pub(crate) async fn run(arguments: Arguments) -> Result<Report, LoadError> {
    let Command::Run(run) = arguments.command;
    let target = Target::resolve(&run.target, authorities(&run.ca)?).await?;
    let report = match run.scenario {
        Scenario::Keepalive => keepalive::run(run.keepalive(target)?).await?,
        Scenario::Rotate => rotate::run(run.rotate(target).await?).await?,
    };
    if let Some(path) = &run.json {
        let json = report.to_json().map_err(|error| refuse(path, error))?;
        std::fs::write(path, json + "\n").map_err(|error| refuse(path, error))?;
    }
    Ok(report)
}

impl Run {
    fn load(&self) -> Result<Load, LoadError> {
        Ok(Load {
            connections: self.connections,
            streams: self.streams,
            protocol: match (self.http2, self.both_protocols) {
                (true, _) => Protocol::Http2,
                (false, true) => Protocol::Both,
                (false, false) => Protocol::Http1,
            },
            duration: seconds("duration", self.duration)?,
            max_requests: self.requests,
            rate: self.rate,
            deadline: seconds("deadline", self.deadline)?,
            progress: true,
        })
    }

    fn keepalive(&self, target: Target) -> Result<keepalive::Options, LoadError> {
        Ok(keepalive::Options {
            load: self.load()?,
            target,
            identities: self.identities()?,
            expect: self.expect,
            pid: self.pid,
        })
    }

    async fn rotate(&self, target: Target) -> Result<rotate::Options, LoadError> {
        let rotation = &self.rotation;
        let missing =
            |option: &str| LoadError::Option(format!("--scenario rotate needs --{option}"));
        let url = rotation.admin.as_deref().ok_or_else(|| missing("admin"))?;
        let token = rotation
            .admin_token_file
            .as_deref()
            .ok_or_else(|| missing("admin-token-file"))?;
        let authority = authorities(rotation.admin_ca.as_deref().unwrap_or(&self.ca))?;
        let admin = Target::resolve(url, authority).await?;
        let rotated = self.identities()?;
        if rotated.is_empty() {
            return Err(missing("cert"));
        }
        let pair = |cert: &Option<PathBuf>, key: &Option<PathBuf>| match (cert, key) {
            (Some(cert), Some(key)) => identity(cert, key).map(Some),
            _ => Ok(None),
        };
        Ok(rotate::Options {
            load: self.load()?,
            target,
            admin: AdminClient::with(admin.builder(), read_token(token)?.trim())?,
            list: rotation.list.clone().ok_or_else(|| missing("list"))?,
            rotated,
            steady: pair(&rotation.steady_cert, &rotation.steady_key)?
                .into_iter()
                .collect(),
            stranger: pair(&rotation.stranger_cert, &rotation.stranger_key)?,
            refused: rotation.refused,
            swaps: rotation.swaps,
            pause: Duration::from_millis(rotation.pause),
            pid: self.pid,
        })
    }

    fn identities(&self) -> Result<Vec<Identity>, LoadError> {
        [(&self.cert, &self.key), (&self.cert2, &self.key2)]
            .into_iter()
            .filter_map(|(cert, key)| Some((cert.as_ref()?, key.as_ref()?)))
            .map(|(cert, key)| identity(cert, key))
            .collect()
    }
}

fn seconds(option: &str, value: f64) -> Result<Duration, LoadError> {
    Duration::try_from_secs_f64(value)
        .map_err(|error| LoadError::Option(format!("{option}: {value}: {error}")))
}

fn authorities(path: &Path) -> Result<Vec<X509>, LoadError> {
    let authorities = X509::stack_from_pem(&read(path)?).map_err(|error| refuse(path, error))?;
    if authorities.is_empty() {
        return Err(refuse(path, "there is no PEM certificate in it"));
    }
    Ok(authorities)
}

fn identity(cert: &Path, key: &Path) -> Result<Identity, LoadError> {
    let certificates = read(cert)?;
    if X509::stack_from_pem(&certificates).map_or(true, |found| found.is_empty()) {
        return Err(refuse(cert, "there is no PEM certificate in it"));
    }
    Identity::from_pem(&certificates, &read(key)?).map_err(|error| refuse(key, error))
}

fn read(path: &Path) -> Result<Zeroizing<Vec<u8>>, LoadError> {
    std::fs::read(path)
        .map(Zeroizing::new)
        .map_err(|error| refuse(path, error))
}

fn read_token(path: &Path) -> Result<Zeroizing<String>, LoadError> {
    std::fs::read_to_string(path)
        .map(Zeroizing::new)
        .map_err(|error| refuse(path, error))
}

fn refuse(path: &Path, reason: impl std::fmt::Display) -> LoadError {
    LoadError::File {
        path: path.display().to_string(),
        reason: reason.to_string(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_command_line_is_consistent() {
        use clap::CommandFactory as _;
        Arguments::command().debug_assert();
    }

    #[test]
    fn rotate_asks_for_the_admin_api_and_certificates_for_their_keys() {
        let keepalive = "loadtest run --scenario keepalive --target https://localhost/ --ca ca.pem";
        let rotate = "loadtest run --scenario rotate --target https://localhost/ --ca ca.pem";
        let parse = |line: &str| Arguments::try_parse_from(line.split(' '));
        assert!(parse(keepalive).is_ok());
        let error = parse(rotate).unwrap_err().to_string();
        assert!(
            error.contains("--admin") && error.contains("--list"),
            "{error}"
        );
        assert!(parse(&format!("{keepalive} --cert a.pem")).is_err());
        assert!(parse(&format!("{keepalive} --http2 --both-protocols")).is_err());
        let admin = "--admin https://localhost:9443 --admin-token-file t --list partners";
        assert!(parse(&format!("{rotate} {admin}")).is_ok());
    }

    #[test]
    fn a_file_that_cannot_be_used_is_named() {
        let error = authorities(Path::new("/nonexistent/ca.pem"))
            .unwrap_err()
            .to_string();
        assert!(error.starts_with("/nonexistent/ca.pem: "), "{error}");
        let error = authorities(Path::new("/dev/null")).unwrap_err().to_string();
        assert!(error.contains("no PEM certificate"), "{error}");
    }
}
