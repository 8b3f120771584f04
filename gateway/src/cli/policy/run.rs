//! `countersign policy run`.

use std::net::IpAddr;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use clap::{Args, ValueEnum};

use super::{ResourceArguments, ScopeArgument, line, problem};
use crate::cli::REFUSED;
use crate::offline::performer::{Memory, Script};
use crate::offline::request::{Answering, Scripted, add_header, body, request_line, scripted, url};
use crate::offline::resources::split_argument;
use crate::offline::scenario::Scenario;
use crate::offline::world::{OfflineWorld, WorldSpec};
use crate::offline::{Unusable, files, material, program};

#[derive(Debug, Args)]
pub(in crate::cli) struct RunArguments {
    /// The document.
    #[arg(value_name = "FILE")]
    file: PathBuf,
    /// Method and path, or method and URL.
    #[arg(long, value_name = "\"METHOD URL\"")]
    request: String,
    /// A header of the request. May be repeated.
    #[arg(long = "header", value_name = "\"NAME: VALUE\"")]
    headers: Vec<String>,
    /// The body of the request: a text, or @FILE.
    #[arg(long, value_name = "TEXT|@FILE")]
    body: Option<String>,
    /// What the client presents: a PEM file with a certificate or a chain, or FILE.pfx:password.
    #[arg(long, value_name = "FILE")]
    certificate: Option<String>,
    /// A certificate authority that clients' certificates may chain to (PEM). May be repeated.
    #[arg(long = "ca", value_name = "FILE.pem")]
    authorities: Vec<PathBuf>,
    /// A revocation list (PEM or DER). With one, an unknown revocation status refuses; without any,
    /// revocation is not looked at. May be repeated.
    #[arg(long = "crl", value_name = "FILE")]
    revocation_lists: Vec<PathBuf>,
    /// `all` trusts every certificate; `none`, without --ca, trusts none. By default the chain is
    /// judged by --ca.
    #[arg(long, value_enum)]
    trust: Option<TrustArgument>,
    /// An identity list: a JSON array of thumbprints or identities. May be repeated.
    #[arg(long = "identity-list", value_name = "ID=FILE.json")]
    identity_lists: Vec<String>,
    /// An uploaded certificate with its key. May be repeated.
    #[arg(long = "uploaded-certificate", value_name = "ID=FILE.pfx:PASSWORD")]
    uploaded_certificates: Vec<String>,
    /// A variable that exists before the first policy, a text. May be repeated.
    #[arg(long = "variable", value_name = "NAME=VALUE")]
    variables: Vec<String>,
    /// What the backend answers: "200 OK", "timeout", "unreachable", or a file with status line,
    /// headers, an empty line and body. Repeated: one answer after the other, then always the last.
    #[arg(long = "backend-response", value_name = "STATUS|FILE")]
    backend_responses: Vec<String>,
    /// A header of the backend's answers. May be repeated.
    #[arg(long = "backend-header", value_name = "\"NAME: VALUE\"")]
    backend_headers: Vec<String>,
    /// The body of the backend's answers: a text, or @FILE.
    #[arg(long, value_name = "TEXT|@FILE")]
    backend_body: Option<String>,
    /// What servers answer that policies send requests to, by the beginning of the URL, written as for
    /// --backend-response. Others are unreachable. May be repeated.
    #[arg(long = "send-response", value_name = "URLPREFIX=STATUS|FILE")]
    send_responses: Vec<String>,
    /// The address that the API forwards to.
    #[arg(
        long,
        value_name = "URL",
        default_value = "https://backend.example.com"
    )]
    service_url: String,
    /// The address of a backend. May be repeated.
    #[arg(long = "backend", value_name = "ID=URL")]
    backends: Vec<String>,
    /// Path prefix of the API, which policies do not see.
    #[arg(long, value_name = "PATH", default_value = "")]
    api_path: String,
    /// Name of the product, if the request comes through one.
    #[arg(long, value_name = "NAME")]
    product: Option<String>,
    /// A value of the operation's template. May be repeated.
    #[arg(long = "matched-parameter", value_name = "NAME=VALUE")]
    matched_parameters: Vec<String>,
    /// The time of the request, such as 2026-06-01T00:00:00Z. It stands still but for pauses.
    #[arg(long, value_name = "TIME")]
    now: Option<String>,
    /// Makes random values the same in every run.
    #[arg(long, value_name = "NUMBER")]
    seed: Option<u64>,
    /// Address of the client.
    #[arg(long, value_name = "ADDRESS", default_value = "127.0.0.1")]
    client_ip: IpAddr,
    /// Print one JSON object.
    #[arg(long)]
    json: bool,
    /// Where the document would be saved.
    #[arg(long, value_enum, default_value = "api")]
    scope: ScopeArgument,
    #[command(flatten)]
    resources: ResourceArguments,
}

/// Who is trusted.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum TrustArgument {
    None,
    All,
}

pub(super) fn run(arguments: &RunArguments) -> Result<ExitCode, Unusable> {
    let mut resources = arguments.resources.read()?;
    // Whether backends and certificates exist is not what is tried here.
    resources.assume = true;
    let scenario = arguments.scenario()?;
    let spec = arguments.world()?;
    resources
        .identity_lists
        .extend(spec.identity_lists.iter().map(|(id, _)| id.clone()));
    let loaded = program::load(&arguments.file, arguments.scope.into(), &mut resources)?;
    for finding in &loaded.findings {
        problem(finding);
    }
    let Some(program) = loaded.program else {
        return Ok(ExitCode::from(REFUSED));
    };
    let world = OfflineWorld::open(&spec)?;
    let identity = scenario.identity()?;
    let outcome = scenario
        .run(
            &program,
            &world,
            identity.as_ref(),
            &mut Memory::default(),
            0,
        )
        .map_err(|stuck| Unusable(stuck.0.to_owned()))?;
    if arguments.json {
        line(&outcome.to_json().to_string());
    } else {
        line(outcome.to_text().trim_end());
    }
    Ok(ExitCode::SUCCESS)
}

impl RunArguments {
    fn scenario(&self) -> Result<Scenario, Unusable> {
        let here = Path::new("");
        let (method, target) = request_line(&self.request)?;
        let mut scenario = Scenario::new(method, target, self.script()?);
        for header in &self.headers {
            add_header(&mut scenario.headers, header)?;
        }
        if let Some(text) = &self.body {
            scenario.body = body(text, here)?;
        }
        if let Some(certificate) = &self.certificate {
            scenario.certificates = material::presented(certificate, here)?;
        }
        scenario.client_ip = self.client_ip;
        scenario.api_path.clone_from(&self.api_path);
        scenario.product.clone_from(&self.product);
        scenario.variables = pairs(&self.variables, "a variable")?;
        scenario.matched_parameters = pairs(&self.matched_parameters, "a matched parameter")?;
        Ok(scenario)
    }

    fn script(&self) -> Result<Script, Unusable> {
        let here = Path::new("");
        let mut backend = Vec::new();
        for text in &self.backend_responses {
            backend.push(scripted(text, here)?);
        }
        if backend.is_empty() {
            backend.push(Scripted::Answers(Answering::default()));
        }
        for answer in &mut backend {
            if let Scripted::Answers(answering) = answer {
                for header in &self.backend_headers {
                    add_header(&mut answering.headers, header)?;
                }
                if let Some(text) = &self.backend_body {
                    answering.body = body(text, here)?;
                }
            }
        }
        let mut servers = Vec::new();
        for text in &self.send_responses {
            // URLs hold `=` in their query; what servers answer does not.
            let (prefix, answer) = text.rsplit_once('=').ok_or_else(|| {
                Unusable(format!("an answer is written URLPREFIX=STATUS: `{text}`"))
            })?;
            servers.push((prefix.to_owned(), scripted(answer, here)?));
        }
        let mut backends = Vec::new();
        for text in &self.backends {
            let (id, address) = split_argument(text, "a backend")?;
            backends.push((id.to_owned(), url(address)?));
        }
        Ok(Script {
            backend,
            servers,
            other_servers: Scripted::Unreachable,
            service_url: url(&self.service_url)?,
            backends,
        })
    }

    fn world(&self) -> Result<WorldSpec, Unusable> {
        let here = Path::new("");
        if self.trust == Some(TrustArgument::None) && !self.authorities.is_empty() {
            return Err(Unusable(
                "--trust none and --ca contradict each other".to_owned(),
            ));
        }
        let read = |path: &PathBuf| files::read(path);
        let mut spec = WorldSpec {
            authorities: self
                .authorities
                .iter()
                .map(read)
                .collect::<Result<_, _>>()?,
            revocation_lists: self
                .revocation_lists
                .iter()
                .map(read)
                .collect::<Result<_, _>>()?,
            now: self.now.as_deref().map(material::moment).transpose()?,
            seed: self.seed,
            trust_all: self.trust == Some(TrustArgument::All),
            ..WorldSpec::default()
        };
        for text in &self.identity_lists {
            let (id, path) = split_argument(text, "an identity list")?;
            let list = material::identity_list(Path::new(path))?;
            spec.identity_lists.push((id.to_owned(), list));
        }
        for text in &self.uploaded_certificates {
            let (id, file) = split_argument(text, "an uploaded certificate")?;
            let (pfx, password) = material::uploaded(file, here)?;
            spec.certificates.push((id.to_owned(), pfx, password));
        }
        Ok(spec)
    }
}

fn pairs(arguments: &[String], what: &str) -> Result<Vec<(String, String)>, Unusable> {
    arguments
        .iter()
        .map(|argument| {
            let (name, value) = split_argument(argument, what)?;
            Ok((name.to_owned(), value.to_owned()))
        })
        .collect()
}
