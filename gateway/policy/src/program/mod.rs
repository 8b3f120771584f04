//! Documents → programs.
//!
//! [`compile`] turns the document of one scope into a [`ScopeProgram`]; [`link`] puts the programs of
//! the scopes that apply to a request on top of each other. Linking copies nothing: `<base/>` is
//! followed at run time.

mod code;
mod compiler;
mod environment;
mod fragments;
pub(crate) mod instruction;
mod lint;
mod outside;
mod sections;
mod templates;
mod values;

use std::fmt;
use std::sync::Arc;

pub(crate) use compiler::Compiler;
pub use environment::{Environment, NamedValue, References, ResourceKind};
pub use fragments::compile_fragment;
pub(crate) use lint::FAILS_OPEN;
pub(crate) use sections::{block, indexed_names};

pub use crate::statement::cors::is_preflight;

use crate::document::Document;
use crate::problem::{Problem, Severity};
use instruction::{Code, Instruction};

/// Where a document is saved.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Scope {
    /// The whole service.
    Global,
    /// One product, for requests that came through it.
    Product,
    /// One API.
    Api,
    /// One operation.
    Operation,
}

impl Scope {
    /// The name `context.LastError.Scope` has for it.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Global => "global",
            Self::Product => "product",
            Self::Api => "api",
            Self::Operation => "operation",
        }
    }
}

/// The four parts of a document.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Section {
    /// Before the request is forwarded.
    Inbound,
    /// Forwarding.
    Backend,
    /// After the response arrived.
    Outbound,
    /// After a failure anywhere.
    OnError,
}

impl Section {
    /// All, in the order in which they run.
    pub const ALL: [Self; 4] = [Self::Inbound, Self::Backend, Self::Outbound, Self::OnError];

    /// The element's name.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Inbound => "inbound",
            Self::Backend => "backend",
            Self::Outbound => "outbound",
            Self::OnError => "on-error",
        }
    }

    /// The section with this element name.
    #[must_use]
    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL
            .into_iter()
            .find(|section| section.as_str() == name)
    }

    fn index(self) -> usize {
        match self {
            Self::Inbound => 0,
            Self::Backend => 1,
            Self::Outbound => 2,
            Self::OnError => 3,
        }
    }
}

/// What came of compiling a document.
#[derive(Debug)]
pub struct CompileResult {
    /// The program; `None` if a problem is an error.
    pub program: Option<Arc<ScopeProgram>>,
    /// Errors and warnings, in the order of the document.
    pub problems: Vec<Problem>,
    /// What the document names, whether it compiled or not.
    pub references: References,
}

/// The compiled document of one scope.
pub struct ScopeProgram {
    scope: Scope,
    /// `None`: the document says nothing about the section, which counts as `<base/>`.
    sections: [Option<Code>; 4],
    reads_request_body: bool,
    reads_response_body: bool,
    stores_responses: bool,
}

/// The programs of all scopes that apply to a request.
pub struct Program {
    /// Outermost first.
    scopes: Vec<Arc<ScopeProgram>>,
}

/// Checks and compiles the document of `scope`.
#[must_use]
pub fn compile(document: &Document, scope: Scope, environment: &dyn Environment) -> CompileResult {
    let mut compiler = Compiler::new(document, environment);
    compiler.scope = scope;
    outside::check(&mut compiler, document.nodes());
    let sections = sections::compile(&mut compiler);
    let (mut problems, references) = compiler.finish();
    problems.sort_by_key(|problem| problem.position);
    let refused = problems
        .iter()
        .any(|problem| problem.severity == Severity::Error);
    let program = (!refused).then(|| {
        let code = || sections.iter().flatten().flatten();
        Arc::new(ScopeProgram {
            scope,
            reads_request_body: code().any(|i| i.needs.request_body),
            stores_responses: sections
                .get(Section::Outbound.index())
                .into_iter()
                .flatten()
                .flatten()
                .any(Instruction::stores_response),
            reads_response_body: code().any(|i| i.needs.response_body),
            sections,
        })
    });
    CompileResult {
        program,
        problems,
        references,
    }
}

/// The program of a request to which documents at `scopes` apply, outermost first. Without any,
/// the request is forwarded and the response returned.
#[must_use]
pub fn link(scopes: &[Arc<ScopeProgram>]) -> Arc<Program> {
    Arc::new(Program {
        scopes: scopes.to_vec(),
    })
}

impl ScopeProgram {
    /// The scope it was compiled for.
    #[must_use]
    pub fn scope(&self) -> Scope {
        self.scope
    }
}

impl Program {
    /// Whether some policy reads the request's body, so that it may have to be held in memory.
    #[must_use]
    pub fn reads_request_body(&self) -> bool {
        self.scopes.iter().any(|scope| scope.reads_request_body)
    }

    /// Whether some policy reads the response's body.
    #[must_use]
    pub fn reads_response_body(&self) -> bool {
        self.scopes.iter().any(|scope| scope.reads_response_body)
    }

    /// Whether an outbound section stores responses.
    pub(crate) fn stores_responses(&self) -> bool {
        self.scopes.iter().any(|scope| scope.stores_responses)
    }

    /// Whether a `cors` policy is in effect, that is whether it and not the backend answers preflight
    /// requests: one that stands in an inbound section itself or a fragment there, not in `choose`.
    #[must_use]
    pub fn answers_preflight(&self) -> bool {
        let mut count = self.scopes.len();
        while let Some(scope) = self.scope_of(Section::Inbound, count) {
            let code = self.code(scope, Section::Inbound);
            let mut code = code.into_iter().flatten().map(|i| &i.operation);
            let mut goes_up = false;
            let answers = code.any(|operation| match operation {
                instruction::Operation::Statement(statement) => statement.answers_preflight(),
                instruction::Operation::Base => {
                    goes_up = true;
                    false
                }
                _ => false,
            });
            if answers {
                return true;
            }
            if !goes_up {
                return false;
            }
            count = scope;
        }
        false
    }

    /// The innermost of the first `count` scopes whose document has `section`.
    pub(crate) fn scope_of(&self, section: Section, count: usize) -> Option<usize> {
        (0..count.min(self.scopes.len()))
            .rev()
            .find(|index| self.code(*index, section).is_some())
    }

    pub(crate) fn code(&self, scope: usize, section: Section) -> Option<&Code> {
        self.scopes
            .get(scope)?
            .sections
            .get(section.index())?
            .as_ref()
    }

    pub(crate) fn scope_count(&self) -> usize {
        self.scopes.len()
    }

    pub(crate) fn scope_name(&self, scope: usize) -> &'static str {
        self.scopes
            .get(scope)
            .map_or("", |program| program.scope.as_str())
    }
}

impl fmt::Debug for ScopeProgram {
    /// Without its instructions: literals may hold secret named values.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ScopeProgram")
            .field("scope", &self.scope)
            .finish_non_exhaustive()
    }
}

impl fmt::Debug for Program {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Program")
            .field("scopes", &self.scopes)
            .finish()
    }
}
