//! Definite assignment (C# 7 §9.4): a variable is read only where every way to that place gave it a
//! value.
//!
//! A pass of its own over the syntax tree: it needs neither types nor code. Names it does not know are
//! left to the checker. Each piece of code is looked at once, so that its work is linear but for the
//! width of a [`State`], which is one bit for each variable that is declared without a value.

mod expressions;
mod functions;
mod state;
mod statements;

use std::collections::HashMap;

use super::super::ast::{Expr, Ident, LambdaBody, Parameter, Statement};
use super::super::parser::Body;
use super::super::token::Span;
use state::State;

/// A variable that is read, or left, where it may have no value.
#[derive(Debug)]
pub(super) struct Unassigned {
    pub(super) span: Span,
    pub(super) message: String,
}

/// All places of a body that may read a variable before it has a value.
pub(super) fn unassigned(body: &Body) -> Vec<Unassigned> {
    let mut flow = Flow::default();
    match body {
        Body::Expression(expr) => flow.expr(expr),
        Body::Block(statements) => flow.block(statements),
    }
    flow.found
}

/// What a name stands for.
#[derive(Debug, Clone, Copy)]
enum Binding {
    /// A variable that has a value wherever it is known.
    Assigned,
    /// A constant, with its value if that is a truth value.
    Constant(Option<bool>),
    /// A variable by its number.
    Variable(usize),
    /// A local function by its number.
    Function(usize),
}

/// A local function, and what its calls need and give.
#[derive(Debug)]
struct LocalFunction<'e> {
    parameters: &'e [Parameter],
    body: &'e LambdaBody,
    progress: Progress,
}

#[derive(Debug)]
enum Progress {
    Waiting,
    Running,
    /// Variables of enclosing functions that must have a value before a call, and the state at its end.
    Done(Vec<usize>, State),
}

/// The state of the pass.
#[derive(Debug, Default)]
struct Flow<'e> {
    names: HashMap<&'e str, Vec<Binding>>,
    scopes: Vec<Vec<&'e str>>,
    state: State,
    /// States at the `break`s and `continue`s of each statement that takes them, innermost last.
    breaks: Vec<State>,
    continues: Vec<State>,
    /// State at the `return`s of the function.
    returns: State,
    functions: Vec<LocalFunction<'e>>,
    /// Variables with smaller numbers belong to functions around the local function that is looked at.
    outer: usize,
    /// Those of them that it reads before it gives them a value.
    required: Vec<usize>,
    variables: usize,
    /// Variables that were reported: once each is enough.
    reported: State,
    found: Vec<Unassigned>,
}

impl<'e> Flow<'e> {
    fn scope(&mut self, inside: impl FnOnce(&mut Self)) {
        self.scopes.push(Vec::new());
        inside(self);
        for name in self.scopes.pop().unwrap_or_default() {
            if let Some(bindings) = self.names.get_mut(name) {
                bindings.pop();
            }
        }
    }

    fn bind(&mut self, name: &'e Ident, binding: Binding) {
        let name = name.name.as_ref();
        self.names.entry(name).or_default().push(binding);
        if let Some(scope) = self.scopes.last_mut() {
            scope.push(name);
        }
    }

    /// Declares a variable without a value.
    fn bind_variable(&mut self, name: &'e Ident) -> usize {
        let variable = self.variables;
        self.variables += 1;
        self.bind(name, Binding::Variable(variable));
        variable
    }

    fn binding(&self, name: &str) -> Option<Binding> {
        self.names.get(name)?.last().copied()
    }

    /// A variable is read.
    fn read(&mut self, variable: usize, name: &str, span: Span) {
        if self.state.has(variable) {
            return;
        }
        if variable < self.outer {
            self.required.push(variable);
        } else if !self.reported.has(variable) {
            self.reported.assign(variable);
            self.found.push(Unassigned {
                span,
                message: format!("`{name}` is used here, but may not have been assigned a value."),
            });
        }
        self.state.assign(variable);
    }

    /// `name = …`, after the value was computed.
    fn assign_name(&mut self, name: &str) {
        if let Some(Binding::Variable(variable)) = self.binding(name) {
            self.state.assign(variable);
        }
    }

    fn take(&mut self) -> State {
        std::mem::replace(&mut self.state, State::unreachable())
    }

    /// Runs the body of a lambda or local function, apart from the loops around it.
    fn function_body(&mut self, body: &'e LambdaBody) {
        let breaks = std::mem::take(&mut self.breaks);
        let continues = std::mem::take(&mut self.continues);
        let returns = std::mem::replace(&mut self.returns, State::unreachable());
        match body {
            LambdaBody::Expression(expr) => self.expr(expr),
            LambdaBody::Block(statements) => self.block(statements),
        }
        self.breaks = breaks;
        self.continues = continues;
        let returns = std::mem::replace(&mut self.returns, returns);
        self.state.meet(&returns);
    }

    fn all(&mut self, exprs: impl IntoIterator<Item = &'e Expr>) {
        for expr in exprs {
            self.expr(expr);
        }
    }

    /// A statement that stands alone.
    fn embedded(&mut self, statement: &'e Statement) {
        self.scope(|flow| flow.statement(statement));
    }
}
