//! One document: read, read back, compiled, run.

use std::collections::BTreeSet;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use bytes::Bytes;
use gateway_policy::document::{self, Document, Element};
use gateway_policy::problem::{Problem, Severity};
use gateway_policy::program::{Program, Scope, link};
use gateway_policy::statement::{self, Tier};
use http::header::{ACCEPT, CONTENT_TYPE, HOST};
use http::{HeaderValue, Method};

use super::super::Unusable;
use super::super::check::{compile_assuming, is_refused};
use super::super::files;
use super::super::performer::{Memory, Script};
use super::super::program::of_fragment;
use super::super::request::{Answering, Scripted, request_line, url};
use super::super::resources::Resources;
use super::super::scenario::Scenario;
use super::super::world::{OfflineWorld, WorldSpec};

/// What was found out about one document.
#[derive(Debug)]
pub struct Examined {
    /// Its file.
    pub path: PathBuf,
    /// Whether it is a document at all.
    pub parsed: bool,
    /// Whether both forms of it read back say the same.
    pub read_back: bool,
    /// Whether it compiles.
    pub compiled: bool,
    /// How a request through it ended; `None` if it does not compile.
    pub ran: Option<Ran>,
    /// The rarest tier of its policies; `None` if one is in no tier.
    pub tier: Option<Tier>,
    /// Errors, warnings left out.
    pub errors: Vec<Problem>,
}

/// How a request through a document ended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Ran {
    /// With a response: the backend's or a policy's.
    Responded,
    /// With a failure that the document asked for or that a made-up request causes; its reason.
    Failed(String),
    /// With a failure of the gateway itself; what it was.
    Broke(String),
}

/// Reasons of `context.LastError` that no document may cause by itself.
const INTERNAL: [&str; 3] = [
    "InternalError",
    "ExpressionBudgetExceeded",
    "EffectBudgetExceeded",
];

/// Elements whose content is text, whatever it looks like.
const TEMPLATES: [&str; 5] = ["set-body", "body", "value", "message", "metadata"];

/// Examines documents in one world.
#[derive(Debug)]
pub(super) struct Examiner {
    world: OfflineWorld,
    scenario: Scenario,
}

impl Examiner {
    pub(super) fn new() -> Result<Self, Unusable> {
        let world = OfflineWorld::open(&WorldSpec {
            seed: Some(1),
            trust_all: true,
            ..WorldSpec::default()
        })?;
        let (method, target) = request_line("POST /api/items/17?id=17&name=x")?;
        let json = HeaderValue::from_static("application/json");
        let mut answer = Answering {
            body: Bytes::from_static(
                br#"{"id":17,"name":"x","access_token":"t","expires_in":3600}"#,
            ),
            ..Answering::default()
        };
        answer.headers.insert(CONTENT_TYPE, json.clone());
        let script = Script {
            backend: vec![Scripted::Answers(answer.clone())],
            servers: Vec::new(),
            other_servers: Scripted::Answers(answer),
            service_url: url("https://backend.example.com/")?,
            backends: Vec::new(),
        };
        let mut scenario = Scenario::new(Method::POST, target, script);
        scenario.method = method;
        scenario.body = Bytes::from_static(br#"{"id":17,"name":"x","items":[{"id":1}]}"#);
        scenario.headers.insert(ACCEPT, json.clone());
        scenario.headers.insert(CONTENT_TYPE, json);
        scenario
            .headers
            .insert(HOST, HeaderValue::from_static("gateway.example.com"));
        Ok(Self { world, scenario })
    }

    /// Examines a document. A panic is noted as what it is: a defect.
    pub(super) fn examine(&self, path: &Path) -> Examined {
        catch_unwind(AssertUnwindSafe(|| self.look_at(path))).unwrap_or_else(|_| Examined {
            ran: Some(Ran::Broke("the gateway panicked".to_owned())),
            ..unread(path, Vec::new())
        })
    }

    fn look_at(&self, path: &Path) -> Examined {
        let source = match files::read_text(path) {
            Ok(source) => source,
            Err(Unusable(message)) => {
                let problem = Problem::error("Unreadable", message, document_start());
                return unread(path, vec![problem]);
            }
        };
        let document = match document::parse(&source) {
            Ok(document) => document,
            Err(problems) => return unread(path, errors(problems)),
        };
        let same = |printed: &str| document::parse(printed).is_ok_and(|again| again == document);
        let read_back =
            document.source() == source && same(&document.to_xml()) && same(&document.to_raw_xml());
        let mut resources = Resources::assumed();
        let result = compile_assuming(&document, Scope::Api, &mut resources);
        let compiled = !is_refused(&result.problems);
        let program = match result.program {
            Some(program) => Some(link(&[program])),
            None if compiled => of_fragment(&source, Scope::Api, &mut resources),
            None => None,
        };
        Examined {
            path: path.to_owned(),
            parsed: true,
            read_back,
            compiled,
            ran: compiled.then(|| match program {
                Some(program) => self.run(&program),
                None => Ran::Broke("no program came of it".to_owned()),
            }),
            tier: tier_of(&document),
            errors: errors(result.problems),
        }
    }

    fn run(&self, program: &Arc<Program>) -> Ran {
        let mut memory = Memory::default();
        let outcome = self
            .scenario
            .run(program, &self.world, None, &mut memory, 0);
        match outcome {
            Err(stuck) => Ran::Broke(stuck.0.to_owned()),
            Ok(outcome) => match outcome.last_error.filter(|_| outcome.failed) {
                Some(error) if INTERNAL.contains(&&*error.reason) => {
                    Ran::Broke(format!("{}: {}", error.reason, error.message))
                }
                Some(error) => Ran::Failed(error.reason.to_string()),
                None => Ran::Responded,
            },
        }
    }
}

fn document_start() -> gateway_policy::problem::Position {
    gateway_policy::problem::Position::START
}

fn unread(path: &Path, errors: Vec<Problem>) -> Examined {
    Examined {
        path: path.to_owned(),
        parsed: false,
        read_back: false,
        compiled: false,
        ran: None,
        tier: None,
        errors,
    }
}

fn errors(problems: Vec<Problem>) -> Vec<Problem> {
    let mut problems = problems;
    problems.retain(|problem| problem.severity == Severity::Error);
    problems
}

/// The rarest tier among the policies of a document.
fn tier_of(document: &Document) -> Option<Tier> {
    let mut names = BTreeSet::new();
    for element in document.elements() {
        collect(element, &mut names);
    }
    let mut rarest = Tier::A;
    for name in names {
        rarest = rarest.max(Tier::of(name)?);
    }
    Some(rarest)
}

/// Names of policies in an element and below. The depth of documents is bounded where they are read.
fn collect<'a>(element: &'a Element, names: &mut BTreeSet<&'a str>) {
    if statement::is_known(&element.name) || Tier::of(&element.name).is_some() {
        names.insert(element.name.as_str());
    }
    if !TEMPLATES.contains(&element.name.as_str()) {
        element.elements().for_each(|inner| collect(inner, names));
    }
}
