//! Cases: a policy document, a request, and what is expected to become of it.
//!
//! A case is a TOML file `*.case.toml`; the files it names are found beside it. Unknown keys are
//! refused, so that a misspelt expectation cannot hold by accident.

mod expectation;
mod junit;

use std::collections::BTreeMap;
use std::net::IpAddr;
use std::path::{Path, PathBuf};

use gateway_policy::program::Scope;
use serde::Deserialize;

pub use expectation::Difference;
pub use junit::to_junit;

use super::performer::{Memory, Script};
use super::request::{Answering, Scripted, add_header, body, request_line, scripted, url};
use super::resources::Resources;
use super::scenario::Scenario;
use super::world::{OfflineWorld, WorldSpec};
use super::{Unusable, files, material, program};
use expectation::Expectation;

/// Most rounds of one case.
const MAX_REPEAT: u32 = 10_000;

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct CaseFile {
    name: Option<String>,
    policy: PathBuf,
    #[serde(default)]
    scope: ScopeName,
    #[serde(default)]
    assume_resources: bool,
    #[serde(default)]
    named_values: BTreeMap<String, String>,
    fragments: Option<PathBuf>,
    now: Option<String>,
    seed: Option<u64>,
    repeat: Option<u32>,
    service_url: Option<String>,
    #[serde(default)]
    backends: BTreeMap<String, String>,
    request: RequestPart,
    #[serde(default)]
    trust: TrustPart,
    #[serde(default)]
    identity_lists: BTreeMap<String, PathBuf>,
    #[serde(default)]
    uploaded_certificates: BTreeMap<String, String>,
    #[serde(default)]
    backend: Vec<AnswerPart>,
    #[serde(default)]
    send: Vec<SendPart>,
    expect: Expectation,
}

#[derive(Debug, Default, Clone, Copy, Deserialize)]
#[serde(rename_all = "lowercase")]
enum ScopeName {
    Global,
    Product,
    #[default]
    Api,
    Operation,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct RequestPart {
    line: String,
    #[serde(default)]
    headers: Vec<String>,
    body: Option<String>,
    certificate: Option<String>,
    client_ip: Option<IpAddr>,
    api_path: Option<String>,
    api: Option<String>,
    operation: Option<String>,
    product: Option<String>,
    #[serde(default)]
    matched_parameters: BTreeMap<String, String>,
    #[serde(default)]
    variables: BTreeMap<String, String>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
struct TrustPart {
    #[serde(default)]
    all: bool,
    #[serde(default)]
    authorities: Vec<PathBuf>,
    #[serde(default)]
    revocation_lists: Vec<PathBuf>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct AnswerPart {
    answer: String,
    #[serde(default)]
    headers: Vec<String>,
    body: Option<String>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct SendPart {
    url: String,
    answer: String,
    #[serde(default)]
    headers: Vec<String>,
    body: Option<String>,
}

/// What became of a case.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Verdict {
    /// Everything is as expected.
    Passed,
    /// Something is not.
    Failed(Vec<Difference>),
    /// The document does not compile, or the case cannot be used.
    Unusable(String),
}

/// A case that was run.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Ran {
    /// Its file.
    pub path: PathBuf,
    /// Its name; the file's without one.
    pub name: String,
    /// What became of it.
    pub verdict: Verdict,
}

/// The name of a case: what its file says, else the file's name.
#[must_use]
pub fn name_of(path: &Path) -> String {
    let file = path.file_name().unwrap_or_default().to_string_lossy();
    let own = files::read_text(path)
        .ok()
        .and_then(|text| text.parse::<toml::Table>().ok())
        .and_then(|table| table.get("name")?.as_str().map(str::to_owned));
    own.unwrap_or_else(|| file.trim_end_matches(".case.toml").to_owned())
}

/// Runs the case in a file.
#[must_use]
pub fn run(path: &Path) -> Ran {
    let (name, verdict) = match read(path) {
        Err(Unusable(problem)) => (name_of(path), Verdict::Unusable(problem)),
        Ok(case) => {
            let name = case.name.clone().unwrap_or_else(|| name_of(path));
            let verdict = case.judge(path);
            (
                name,
                verdict.unwrap_or_else(|Unusable(problem)| Verdict::Unusable(problem)),
            )
        }
    };
    Ran {
        path: path.to_owned(),
        name,
        verdict,
    }
}

fn read(path: &Path) -> Result<CaseFile, Unusable> {
    let text = files::read_text(path)?;
    toml::from_str(&text).map_err(|error| Unusable::file(path, error.to_string().trim_end()))
}

impl CaseFile {
    fn judge(&self, path: &Path) -> Result<Verdict, Unusable> {
        let directory = path.parent().unwrap_or(Path::new(""));
        let spec = self.world(directory)?;
        let mut resources = self.resources(directory)?;
        let lists = spec.identity_lists.iter();
        resources
            .identity_lists
            .extend(lists.map(|(id, _)| id.clone()));
        let policy = directory.join(&self.policy);
        let loaded = program::load(&policy, self.scope.into(), &mut resources)?;
        let Some(program) = loaded.program else {
            let problems: Vec<String> = loaded
                .findings
                .iter()
                .filter(|finding| finding.is_error())
                .map(ToString::to_string)
                .collect();
            return Ok(Verdict::Unusable(problems.join("\n")));
        };
        let scenario = self.scenario(directory)?;
        let identity = scenario.identity()?;
        let world = OfflineWorld::open(&spec)?;
        let mut memory = Memory::default();
        let rounds = self.repeat.unwrap_or(1).clamp(1, MAX_REPEAT);
        let mut last = None;
        for round in 0..rounds {
            let outcome = scenario.run(
                &program,
                &world,
                identity.as_ref(),
                &mut memory,
                u64::from(round),
            );
            last = Some(outcome.map_err(|stuck| Unusable(stuck.0.to_owned()))?);
        }
        let differences = last.map_or_else(Vec::new, |outcome| self.expect.compare(&outcome));
        Ok(if differences.is_empty() {
            Verdict::Passed
        } else {
            Verdict::Failed(differences)
        })
    }

    fn resources(&self, directory: &Path) -> Result<Resources, Unusable> {
        let mut resources = if self.assume_resources {
            Resources::assumed()
        } else {
            Resources::default()
        };
        resources.assume = true;
        for (name, value) in &self.named_values {
            resources.add_named_value(name, value, false);
        }
        if let Some(fragments) = &self.fragments {
            resources.add_fragments(&directory.join(fragments))?;
        }
        Ok(resources)
    }

    fn world(&self, directory: &Path) -> Result<WorldSpec, Unusable> {
        let read = |path: &PathBuf| files::read(&directory.join(path));
        let trust = &self.trust;
        let mut spec = WorldSpec {
            authorities: trust
                .authorities
                .iter()
                .map(read)
                .collect::<Result<_, _>>()?,
            revocation_lists: trust
                .revocation_lists
                .iter()
                .map(read)
                .collect::<Result<_, _>>()?,
            now: self.now.as_deref().map(material::moment).transpose()?,
            seed: Some(self.seed.unwrap_or(0)),
            trust_all: trust.all,
            ..WorldSpec::default()
        };
        for (id, path) in &self.identity_lists {
            let list = material::identity_list(&directory.join(path))?;
            spec.identity_lists.push((id.clone(), list));
        }
        for (id, file) in &self.uploaded_certificates {
            let (pfx, password) = material::uploaded(file, directory)?;
            spec.certificates.push((id.clone(), pfx, password));
        }
        Ok(spec)
    }

    fn scenario(&self, directory: &Path) -> Result<Scenario, Unusable> {
        let part = &self.request;
        let (method, target) = request_line(&part.line)?;
        let mut scenario = Scenario::new(method, target, self.script(directory)?);
        for header in &part.headers {
            add_header(&mut scenario.headers, header)?;
        }
        if let Some(text) = &part.body {
            scenario.body = body(text, directory)?;
        }
        if let Some(certificate) = &part.certificate {
            scenario.certificates = material::presented(certificate, directory)?;
        }
        if let Some(address) = part.client_ip {
            scenario.client_ip = address;
        }
        let set = |to: &mut String, from: &Option<String>| {
            if let Some(from) = from {
                to.clone_from(from);
            }
        };
        set(&mut scenario.api_path, &part.api_path);
        set(&mut scenario.api, &part.api);
        set(&mut scenario.operation, &part.operation);
        scenario.product.clone_from(&part.product);
        scenario.matched_parameters = part.matched_parameters.clone().into_iter().collect();
        scenario.variables = part.variables.clone().into_iter().collect();
        Ok(scenario)
    }

    fn script(&self, directory: &Path) -> Result<Script, Unusable> {
        let mut backend = Vec::new();
        for part in &self.backend {
            backend.push(answer(&part.answer, &part.headers, &part.body, directory)?);
        }
        if backend.is_empty() {
            backend.push(Scripted::Answers(Answering::default()));
        }
        let mut servers = Vec::new();
        for part in &self.send {
            let scripted = answer(&part.answer, &part.headers, &part.body, directory)?;
            servers.push((part.url.clone(), scripted));
        }
        let service_url = self.service_url.as_deref();
        let mut backends = Vec::new();
        for (id, address) in &self.backends {
            backends.push((id.clone(), url(address)?));
        }
        Ok(Script {
            backend,
            servers,
            other_servers: Scripted::Unreachable,
            service_url: url(service_url.unwrap_or("https://backend.example.com"))?,
            backends,
        })
    }
}

fn answer(
    text: &str,
    headers: &[String],
    content: &Option<String>,
    directory: &Path,
) -> Result<Scripted, Unusable> {
    let mut scripted = scripted(text, directory)?;
    if let Scripted::Answers(answering) = &mut scripted {
        for header in headers {
            add_header(&mut answering.headers, header)?;
        }
        if let Some(content) = content {
            answering.body = body(content, directory)?;
        }
    }
    Ok(scripted)
}

impl From<ScopeName> for Scope {
    fn from(scope: ScopeName) -> Self {
        match scope {
            ScopeName::Global => Self::Global,
            ScopeName::Product => Self::Product,
            ScopeName::Api => Self::Api,
            ScopeName::Operation => Self::Operation,
        }
    }
}
