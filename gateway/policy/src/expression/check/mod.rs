//! The checker: resolves names, types and members, and lowers the tree as it goes.
//!
//! Every problem is collected; where one is found the type becomes [`Type::Unknown`], about which
//! nothing more is said.

mod arguments;
mod assignment;
mod bindings;
mod calls;
mod conditions;
mod control_flow;
mod convert;
mod create;
mod declarations;
mod delegates;
mod expressions;
mod flow;
mod indexers;
mod lambda;
mod lint;
mod members;
mod operators;
mod patterns;
pub(crate) mod resolve;
mod scope;
mod statements;

pub(crate) use expressions::default_of;

use std::collections::HashMap;
use std::sync::Arc;

use super::ast::{Expr, TypeRef, TypeRefKind};
use super::budget::{Budget, BudgetLimits};
use super::node::{Code, Conversion, Function, Node, Program, Step};
use super::parser::Body;
use super::token::Span;
use super::types::{Basic, Type};
use super::value::Value;
use super::{Expected, Names, Needs};
use crate::problem::Severity;
use lint::Lint;
use scope::Frame;

/// A problem before its place in the document is known.
#[derive(Debug)]
pub(crate) struct Finding {
    pub(crate) code: &'static str,
    pub(crate) severity: Severity,
    pub(crate) message: String,
    pub(crate) span: Span,
}

/// What checking found.
#[derive(Debug, Default)]
pub(crate) struct Checked {
    pub(crate) program: Option<Program>,
    pub(crate) findings: Vec<Finding>,
    pub(crate) identity_lists: Vec<String>,
    pub(crate) certificates: Vec<String>,
    pub(crate) unchecked_issuer: Option<Span>,
    pub(crate) needs: Needs,
    pub(crate) mentions_certificate: bool,
    /// Whether the result is a value that cannot hold an array.
    plain_result: bool,
}

/// A checked expression: its code and its static type.
#[derive(Debug)]
pub(crate) struct Typed {
    node: Node,
    ty: Type,
    /// Whether it is a constant of C# (§12.23), and not only a value that is known now.
    constant: bool,
}

impl Typed {
    fn new(node: Node, ty: Type) -> Self {
        Self {
            node,
            ty,
            constant: false,
        }
    }

    fn constant(value: Value, ty: Type) -> Self {
        Self::new(Node::Constant(value), ty)
    }

    /// In place of what could not be checked.
    fn unknown() -> Self {
        Self::constant(Value::Null, Type::Unknown)
    }

    /// The value, if it is known now.
    fn value(&self) -> Option<&Value> {
        match &self.node {
            Node::Constant(value) => Some(value),
            _ => None,
        }
    }

    /// The value, if it is a constant of C#: only those convert to types that hold them (§10.2.11).
    fn constant_value(&self) -> Option<&Value> {
        self.value().filter(|_| self.constant)
    }
}

/// Checks and lowers a parsed expression.
pub(crate) fn check(
    body: &Body,
    expected: Expected,
    mentioned: &HashMap<Arc<str>, u32>,
    assigns_elements: bool,
    names: &dyn Names,
) -> Checked {
    // Constant arrays are shared by all evaluations, so nothing may change one: neither an assignment
    // here nor whoever receives the result.
    let may_share = !assigns_elements
        && !["Array", "CopyTo", "IList"]
            .iter()
            .any(|name| mentioned.contains_key(*name));
    let first = Checker::new(expected, mentioned, may_share, names).run(body);
    if may_share && !first.plain_result {
        return Checker::new(expected, mentioned, false, names).run(body);
    }
    first
}

/// The state of a check.
struct Checker<'a> {
    expected: Expected,
    mentioned: &'a HashMap<Arc<str>, u32>,
    names: &'a dyn Names,
    fold_arrays: bool,
    /// Functions being lowered, innermost last.
    frames: Vec<Frame>,
    /// Functions already lowered; the entry's place is kept free.
    functions: Vec<Option<Function>>,
    folding: Budget,
    lint: Lint,
    out: Checked,
    /// Type of the object that a [`super::ast::ExprKind::Receiver`] stands for, and its slot.
    receivers: Vec<(usize, Type)>,
    catching: u32,
    /// Inside `checked` or `unchecked`, if in either.
    overflow: Option<bool>,
}

impl<'a> Checker<'a> {
    fn new(
        expected: Expected,
        mentioned: &'a HashMap<Arc<str>, u32>,
        fold_arrays: bool,
        names: &'a dyn Names,
    ) -> Self {
        let limits = BudgetLimits {
            instructions: 200_000,
            allocated_bytes: 4 << 20,
            ..BudgetLimits::default()
        };
        Self {
            expected,
            mentioned,
            names,
            fold_arrays,
            frames: vec![Frame::new(scope::Returns::Result)],
            functions: vec![None],
            folding: Budget::new(limits),
            lint: Lint::default(),
            out: Checked {
                plain_result: true,
                ..Checked::default()
            },
            receivers: Vec::new(),
            catching: 0,
            overflow: None,
        }
    }

    fn run(mut self, body: &Body) -> Checked {
        let code = match body {
            Body::Expression(expr) => {
                let value = self.expr(expr, None);
                Code::Value(self.result(value, expr.span))
            }
            Body::Block(statements) => {
                let (steps, completes) = self.block_steps(statements);
                if completes {
                    let span = statements.last().map_or(Span::new(0, 1), |last| last.span);
                    let end = Span {
                        start: span.end.saturating_sub(1),
                        end: span.end,
                    };
                    self.error("MissingReturn", end, "Not all code paths return a value.");
                }
                Code::Steps(steps)
            }
        };
        if let Some(frame) = self.frames.pop() {
            let entry = frame.into_function(code, Vec::new());
            if let Some(place) = self.functions.first_mut() {
                *place = Some(entry);
            }
        }
        for unassigned in flow::unassigned(body) {
            self.error("UnassignedVariable", unassigned.span, unassigned.message);
        }
        self.lint_findings();
        let failed = self
            .out
            .findings
            .iter()
            .any(|finding| finding.severity == Severity::Error);
        if !failed {
            let functions: Option<Vec<Function>> = self.functions.into_iter().collect();
            self.out.program = functions.map(Program::new);
        }
        self.out
    }

    /// Converts what the whole expression yields to what its place wants.
    fn result(&mut self, value: Typed, span: Span) -> Node {
        if !is_plain(&value.ty) {
            self.out.plain_result = false;
        }
        self.lint.returns(&value.ty);
        match value.ty {
            Type::Void => {
                self.error("TypeMismatch", span, "The expression has no value.");
                return value.node;
            }
            Type::Generic(super::types::Family::Func | super::types::Family::Action, _) => {
                self.error(
                    "TypeMismatch",
                    span,
                    "A function cannot be the result of an expression.",
                );
                return value.node;
            }
            _ => {}
        }
        match self.expected {
            Expected::Any | Expected::Text => value.node,
            Expected::Boolean => match value.ty {
                Type::Basic(Basic::Bool) | Type::Unknown => value.node,
                Type::Basic(Basic::Object) => {
                    Node::Convert(Conversion::Unbox(Type::BOOL), Box::new(value.node))
                }
                other => {
                    self.error(
                        "TypeMismatch",
                        span,
                        format!(
                            "The condition must be `bool`, but this is `{}`.",
                            other.display()
                        ),
                    );
                    value.node
                }
            },
            Expected::Integer => {
                let fits = value.ty.is_integral()
                    || matches!(
                        value.ty,
                        Type::Unknown
                            | Type::Basic(Basic::Object | Basic::String)
                            | Type::Nullable(_)
                    );
                if !fits {
                    self.error(
                        "TypeMismatch",
                        span,
                        format!(
                            "An integer is needed here, but this is `{}`.",
                            value.ty.display()
                        ),
                    );
                }
                value.node
            }
        }
    }

    fn error(&mut self, code: &'static str, span: Span, message: impl Into<String>) {
        self.find(code, Severity::Error, span, message.into());
    }

    fn warn(&mut self, code: &'static str, span: Span, message: impl Into<String>) {
        self.find(code, Severity::Warning, span, message.into());
    }

    fn find(&mut self, code: &'static str, severity: Severity, span: Span, message: String) {
        let known = self
            .out
            .findings
            .iter()
            .any(|finding| finding.span.start == span.start && finding.message == message);
        if !known {
            self.out.findings.push(Finding {
                code,
                severity,
                message,
                span,
            });
        }
    }

    /// The type a reference names; [`Type::Unknown`] after a problem.
    fn resolve(&mut self, reference: &TypeRef) -> Type {
        match resolve::resolve(reference, &[]) {
            Ok(ty) => ty,
            Err(unresolved) => {
                self.error(unresolved.code, unresolved.span, unresolved.message);
                Type::Unknown
            }
        }
    }

    /// The declared type, or `None` for `var`.
    fn declared(&mut self, reference: &TypeRef) -> Option<Type> {
        match reference.kind {
            TypeRefKind::Var => None,
            _ => Some(self.resolve(reference)),
        }
    }

    /// A condition of `if`, `?:` and their like.
    fn condition(&mut self, expr: &Expr) -> Node {
        let value = self.expr(expr, Some(&Type::BOOL));
        match value.ty {
            Type::Basic(Basic::Bool) | Type::Unknown => value.node,
            other => {
                self.error(
                    "TypeMismatch",
                    expr.span,
                    format!(
                        "A condition must be `bool`, but this is `{}`.",
                        other.display()
                    ),
                );
                value.node
            }
        }
    }

    fn frame(&mut self) -> &mut Frame {
        if self.frames.is_empty() {
            self.frames.push(Frame::new(scope::Returns::Result));
        }
        let last = self.frames.len() - 1;
        #[expect(
            clippy::indexing_slicing,
            reason = "the vector was just made sure to have it"
        )]
        &mut self.frames[last]
    }

    /// Steps as one.
    fn joined(mut steps: Vec<Step>) -> Step {
        if steps.len() == 1
            && let Some(only) = steps.pop()
        {
            return only;
        }
        Step::Block(steps)
    }
}

/// Whether values of a type are immutable, so that they may be shared by evaluations.
fn is_plain(ty: &Type) -> bool {
    match ty {
        Type::Basic(basic) => {
            !matches!(basic, Basic::Object | Basic::ArrayClass)
                && !ty.derives_from(&Type::Basic(Basic::JToken))
        }
        Type::Nullable(_) | Type::Enumeration(_) | Type::Null | Type::Unknown | Type::Void => true,
        _ => false,
    }
}
