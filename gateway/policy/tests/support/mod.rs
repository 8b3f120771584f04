//! A world with fixed values: certificates, verdicts, lists, named values; and a caller that
//! performs effects.

#![allow(dead_code, unreachable_pub, reason = "each test file uses its part")]

pub mod crypto;
pub mod script;

use std::collections::HashMap;
use std::net::{IpAddr, Ipv4Addr};
use std::sync::{Arc, Mutex};

use bytes::Bytes;
use gateway_policy::certificate::Certificate;
use gateway_policy::context::{
    Api, Body, Context, Deployment, LastError, Operation, Request, Response, Url,
    uuid_bytes::RequestId,
};
use gateway_policy::dn::Dn;
use gateway_policy::document;
use gateway_policy::execution::{Answer, Effect, Execution, Failure, Forward, Step};
use gateway_policy::expression::BudgetLimits;
use gateway_policy::host::{
    ChainVerdict, Host, IdentityList, LoggerMessage, Metric, Revocation, TraceRecord, Trust,
    UnixNanos,
};
use gateway_policy::problem::{Problem, Severity};
use gateway_policy::program::{
    CompileResult, Environment, NamedValue, Program, ResourceKind, Scope, ScopeProgram, compile,
    link,
};
use http::{HeaderMap, Method, StatusCode};

/// 2026-06-01T00:00:00Z.
pub const NOW: UnixNanos = 1_780_272_000_000_000_000;
pub const DAY: UnixNanos = 86_400_000_000_000;

/// A certificate that is valid at [`NOW`]; `seed` makes its hashes.
pub fn certificate(subject: &str, issuer: &str, seed: u8) -> Certificate {
    Certificate {
        der: Arc::from([seed]),
        sha1: [seed; 20],
        sha256: [seed; 32],
        spki_sha256: [seed; 32],
        thumbprint: format!("{seed:02X}").repeat(20).into(),
        serial_number: format!("00{seed:02X}01").into(),
        subject: Dn::parse(subject).unwrap(),
        issuer: Dn::parse(issuer).unwrap(),
        not_before: NOW - 30 * DAY,
        not_after: NOW + 30 * DAY,
        version: 3,
        dns_names: vec!["client.partner-company.com".into()],
        email_addresses: Vec::new(),
        uris: Vec::new(),
        user_principal_names: Vec::new(),
        has_private_key: false,
    }
}

pub fn ca() -> Certificate {
    certificate(
        "O=Example, CN=My Trusted CA",
        "O=Example, CN=My Trusted CA",
        0xCA,
    )
}

pub fn partner() -> Certificate {
    certificate(
        "C=US, ST=Washington, O=\"Partner, Inc.\", CN=partner-company.com",
        "O=Example, CN=My Trusted CA",
        0xAB,
    )
}

/// The thumbprint of [`partner`].
pub fn partner_thumbprint() -> String {
    "AB".repeat(20)
}

pub struct Members(pub Vec<[u8; 20]>);

impl IdentityList for Members {
    fn contains(&self, certificate: &Certificate, _: &[Arc<Certificate>], _: UnixNanos) -> bool {
        self.0.contains(&certificate.sha1)
    }
}

pub struct World {
    pub verdict: ChainVerdict,
    pub lists: HashMap<String, Members>,
    pub certificates: HashMap<String, Arc<Certificate>>,
    pub traces: Mutex<Vec<TraceRecord>>,
    pub metrics: Mutex<Vec<Metric>>,
    pub logged: Mutex<Vec<(String, LoggerMessage)>>,
}

impl Default for World {
    fn default() -> Self {
        Self {
            verdict: ChainVerdict {
                trust: Trust::Trusted,
                revocation: Revocation::Good,
                issuers: Arc::from([Arc::new(ca())]),
            },
            lists: HashMap::new(),
            certificates: HashMap::from([("ca".to_owned(), Arc::new(ca()))]),
            traces: Mutex::default(),
            metrics: Mutex::default(),
            logged: Mutex::default(),
        }
    }
}

impl Host for World {
    fn now(&self) -> UnixNanos {
        NOW
    }

    fn random(&self, buffer: &mut [u8]) {
        buffer.fill(7);
    }

    fn parse_certificate(&self, _: &[u8]) -> Option<Arc<Certificate>> {
        None
    }

    fn client_verdict(&self) -> ChainVerdict {
        self.verdict.clone()
    }

    fn verdict(&self, _: &Certificate) -> ChainVerdict {
        self.verdict.clone()
    }

    fn identity_list(&self, id: &str) -> Option<&dyn IdentityList> {
        self.lists.get(id).map(|list| list as &dyn IdentityList)
    }

    fn deployment_certificate(&self, thumbprint: &str) -> Option<Arc<Certificate>> {
        self.certificates
            .values()
            .find(|c| &*c.thumbprint == thumbprint)
            .cloned()
    }

    fn deployment_certificates(&self) -> Vec<Arc<Certificate>> {
        self.certificates.values().cloned().collect()
    }

    fn certificate_by_id(&self, id: &str) -> Option<Arc<Certificate>> {
        self.certificates.get(id).cloned()
    }

    fn trace(&self, record: TraceRecord) {
        self.traces.lock().unwrap().push(record);
    }

    fn emit_metric(&self, metric: Metric) {
        self.metrics.lock().unwrap().push(metric);
    }

    fn log_to(&self, logger: &str, message: LoggerMessage) {
        let entry = (logger.to_owned(), message);
        self.logged.lock().unwrap().push(entry);
    }
}

/// What documents may name.
#[derive(Default)]
pub struct Names {
    pub values: HashMap<String, NamedValue>,
    pub allow_code: bool,
    pub fragments: HashMap<String, String>,
}

impl Names {
    pub fn with(mut self, name: &str, value: &str) -> Self {
        self.values.insert(
            name.to_owned(),
            NamedValue {
                value: value.into(),
                secret: false,
            },
        );
        self
    }

    pub fn with_secret(mut self, name: &str, value: &str) -> Self {
        self.values.insert(
            name.to_owned(),
            NamedValue {
                value: value.into(),
                secret: true,
            },
        );
        self
    }

    pub fn with_fragment(mut self, id: &str, source: &str) -> Self {
        self.fragments.insert(id.to_owned(), source.to_owned());
        self
    }

    pub fn allowing_code(mut self) -> Self {
        self.allow_code = true;
        self
    }
}

impl Environment for Names {
    fn fragment(&self, id: &str) -> Option<Arc<str>> {
        self.fragments.get(id).map(|source| source.as_str().into())
    }

    fn named_value(&self, name: &str) -> Option<NamedValue> {
        self.values.get(name).cloned()
    }

    fn exists(&self, kind: ResourceKind, name: &str) -> bool {
        self.names(kind).iter().any(|known| known == name)
    }

    fn names(&self, kind: ResourceKind) -> Vec<String> {
        match kind {
            ResourceKind::NamedValue => self.values.keys().cloned().collect(),
            ResourceKind::CertificateId => vec!["my-backend-cert".to_owned(), "ca".to_owned()],
            ResourceKind::CertificateThumbprint => vec!["BC".repeat(20)],
            ResourceKind::Backend => vec!["orders-backend".to_owned()],
            ResourceKind::IdentityList => vec!["partners".to_owned()],
            ResourceKind::PolicyFragment => self.fragments.keys().cloned().collect(),
            ResourceKind::Logger => vec!["events".to_owned()],
        }
    }

    fn allow_code_in_named_values(&self) -> bool {
        self.allow_code
    }
}

pub fn check(source: &str, scope: Scope, names: &Names) -> CompileResult {
    match document::parse(source) {
        Ok(document) => compile(&document, scope, names),
        Err(problems) => CompileResult {
            program: None,
            problems,
            references: Default::default(),
        },
    }
}

/// The problems of `source`, as `code: message`.
pub fn problems(source: &str) -> Vec<Problem> {
    check(source, Scope::Api, &Names::default()).problems
}

pub fn errors(source: &str) -> Vec<Problem> {
    problems(source)
        .into_iter()
        .filter(|p| p.severity == Severity::Error)
        .collect()
}

pub fn codes(problems: &[Problem]) -> Vec<&'static str> {
    problems.iter().map(|problem| problem.code).collect()
}

#[track_caller]
pub fn scope_program(source: &str, scope: Scope, names: &Names) -> Arc<ScopeProgram> {
    let result = check(source, scope, names);
    result
        .program
        .unwrap_or_else(|| panic!("{source}\n{:#?}", result.problems))
}

/// The program of one API's document.
#[track_caller]
pub fn program(source: &str) -> Arc<Program> {
    link(&[scope_program(source, Scope::Api, &Names::default())])
}

pub fn url(text_path: &str, query: &str) -> Url {
    Url {
        scheme: "https".into(),
        host: "gateway.example.com".into(),
        port: 443,
        path: text_path.to_owned(),
        query: query.to_owned(),
    }
}

/// `GET /orders/17?x=1` of the API `orders`, without a certificate.
pub fn context() -> Context {
    Context {
        request_id: RequestId([0x11; 16]),
        timestamp: NOW,
        request: Request {
            method: Method::GET,
            original_url: url("/orders/17", "x=1"),
            url: url("/17", "x=1"),
            headers: HeaderMap::new(),
            ip_address: IpAddr::V4(Ipv4Addr::new(10, 1, 2, 3)),
            certificate: None,
            matched_parameters: vec![("id".into(), "17".to_owned())],
            body: Body::None,
        },
        response: None,
        api: Some(Arc::new(Api {
            id: "orders".into(),
            name: "Orders".into(),
            path: "orders".into(),
            revision: "1".into(),
            version: "".into(),
            service_url: None,
            protocols: vec!["https".into()],
            key_header: "Ocp-Apim-Subscription-Key".into(),
            key_query: "subscription-key".into(),
        })),
        operation: Some(Arc::new(Operation {
            id: "get-order".into(),
            name: "Get order".into(),
            method: "GET".into(),
            url_template: "/{id}".into(),
            template_parameters: Vec::new(),
            request: Default::default(),
            responses: Vec::new(),
        })),
        product: None,
        subscription: None,
        variables: Default::default(),
        last_error: None,
        deployment: Arc::new(Deployment {
            gateway_id: "countersign".into(),
            instance_id: "one".into(),
            region: "here".into(),
            service_id: "/service".into(),
            service_name: "service".into(),
        }),
        sent: Default::default(),
    }
}

pub fn context_with(certificate: Certificate) -> Context {
    let mut context = context();
    context.request.certificate = Some(Arc::new(certificate));
    context
}

/// How a request ended.
#[derive(Debug)]
pub struct Ended {
    pub step: Step,
    pub forwards: Vec<Forward>,
    pub status: u16,
    pub reason: Option<String>,
    pub headers: HeaderMap,
    pub body: String,
    pub last_error: Option<LastError>,
    pub context: Context,
}

impl Ended {
    pub fn forwarded(&self) -> bool {
        !self.forwards.is_empty()
    }

    pub fn error(&self) -> &LastError {
        self.last_error.as_ref().expect("an error")
    }

    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers.get(name).map(|value| value.to_str().unwrap())
    }
}

/// What the backend does.
pub enum Backend {
    Answers(u16, &'static str),
    Fails(Failure),
}

pub fn run(program: &Arc<Program>, context: Context, world: &World) -> Ended {
    run_with(
        program,
        context,
        world,
        &Backend::Answers(200, "from the backend"),
    )
}

pub fn run_with(
    program: &Arc<Program>,
    context: Context,
    world: &World,
    backend: &Backend,
) -> Ended {
    let execution = Execution::new(Arc::clone(program), context, BudgetLimits::default());
    finish(execution, world, backend)
}

/// Performs effects until the end. Bodies that stream read `{"a":1}`.
pub fn finish(mut execution: Execution, world: &World, backend: &Backend) -> Ended {
    let mut forwards = Vec::new();
    let step = loop {
        match execution.run(world) {
            Step::Continue(_) => {}
            Step::Need(id, Effect::Forward(forward)) => {
                forwards.push(forward);
                let answer = match backend {
                    Backend::Answers(status, body) => Answer::Response(Response {
                        status: StatusCode::from_u16(*status).unwrap(),
                        reason: None,
                        headers: HeaderMap::new(),
                        body: Body::Bytes(Bytes::from_static(body.as_bytes())),
                    }),
                    Backend::Fails(failure) => Answer::Failed(failure.clone().into()),
                };
                execution.provide(id, answer);
            }
            Step::Need(id, Effect::RequestBody | Effect::ResponseBody) => {
                let body = Bytes::from_static(b"{\"a\":1}");
                execution.provide(id, Answer::Body(body));
            }
            Step::Need(_, other) => panic!("an effect that this test does not script: {other:?}"),
            step => break step,
        }
    };
    ended(execution, step, forwards)
}

/// What an execution that has ended shows.
pub fn ended(mut execution: Execution, step: Step, forwards: Vec<Forward>) -> Ended {
    let last_error = execution.last_error().cloned();
    let mut context = std::mem::replace(execution.context_mut(), self::context());
    let response = context.response.take().expect("a response at the end");
    let body = match &response.body {
        Body::Bytes(bytes) => String::from_utf8(bytes.to_vec()).unwrap(),
        _ => String::new(),
    };
    Ended {
        step,
        forwards,
        status: response.status.as_u16(),
        reason: response.reason.as_deref().map(str::to_owned),
        headers: response.headers,
        body,
        last_error,
        context,
    }
}

/// A small generator of numbers, so that failures can be repeated.
pub struct Numbers(pub u64);

impl Numbers {
    pub fn below(&mut self, limit: usize) -> usize {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        usize::try_from(self.0 % u64::try_from(limit.max(1)).unwrap()).unwrap()
    }
}

/// The documents under `tests/fixtures`, by name.
pub fn fixtures() -> Vec<String> {
    let directory = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/fixtures");
    let mut paths: Vec<_> = std::fs::read_dir(directory)
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .collect();
    paths.sort();
    paths
        .iter()
        .map(|path| std::fs::read_to_string(path).unwrap())
        .collect()
}

/// A few insertions, deletions and copies at places that `numbers` chooses.
pub fn damage(text: &str, numbers: &mut Numbers) -> String {
    const PIECES: [&str; 30] = [
        "<",
        ">",
        "\"",
        "'",
        "@(",
        "@{",
        ")",
        "}",
        "&",
        "&quot;",
        "&#10;",
        "<!--",
        "-->",
        "<![CDATA[",
        "]]>",
        "/>",
        "</",
        "=",
        "{{",
        "}}",
        "$\"",
        "@\"",
        "//",
        "/*",
        "\n",
        "\u{a0}",
        "\u{feff}",
        "😀",
        "\\",
        "\0",
    ];
    let mut text: Vec<char> = text.chars().collect();
    for _ in 0..=numbers.below(4) {
        let at = numbers.below(text.len());
        match numbers.below(3) {
            0 => {
                let end = (at + numbers.below(20)).min(text.len());
                text.drain(at..end);
            }
            1 => {
                let piece: Vec<char> = PIECES[numbers.below(PIECES.len())].chars().collect();
                text.splice(at..at, piece);
            }
            _ => {
                let end = (at + numbers.below(40)).min(text.len());
                let copy: Vec<char> = text[at..end].to_vec();
                let to = numbers.below(text.len());
                text.splice(to..to, copy);
            }
        }
    }
    text.into_iter().collect()
}
