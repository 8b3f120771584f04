//! Local variables, and the functions they live in.

use std::sync::Arc;

use super::{Checker, Typed};
use crate::expression::ast::{Ident, Passing};
use crate::expression::node::{Code, Function, Node, Target};
use crate::expression::token::Span;
use crate::expression::types::Type;
use crate::expression::value::Value;

/// What `return` must carry.
#[derive(Debug)]
pub(super) enum Returns {
    /// The result of the whole expression.
    Result,
    /// A value of this type; [`Type::Void`] for none.
    Declared(Type),
    /// Whatever the statements return: types seen so far.
    Inferred(Vec<Type>),
}

/// A function being lowered.
#[derive(Debug)]
pub(super) struct Frame {
    pub(super) returns: Returns,
    slots: usize,
    /// Slots of the enclosing function and of this one that share a variable.
    pub(super) captures: Vec<(usize, usize)>,
    scopes: Vec<Vec<Local>>,
    pub(super) depth: u32,
    deepest: u32,
}

/// A local variable, constant or parameter.
#[derive(Debug, Clone)]
pub(super) struct Local {
    name: Arc<str>,
    pub(super) ty: Type,
    pub(super) target: Target,
    /// The value of a constant.
    pub(super) constant: Option<Value>,
    /// Default values of a local function's parameters, with all their names.
    pub(super) function: Option<Arc<LocalFunction>>,
    /// What the variable is that may not be assigned to.
    pub(super) read_only: Option<&'static str>,
}

/// What calls of a local function need to know.
#[derive(Debug)]
pub(super) struct LocalFunction {
    pub(super) parameters: Vec<DeclaredParameter>,
    pub(super) returns: Type,
}

/// A parameter of a local function.
#[derive(Debug)]
pub(super) struct DeclaredParameter {
    pub(super) name: Arc<str>,
    pub(super) ty: Type,
    pub(super) passing: Passing,
    pub(super) default: Option<Value>,
}

impl Frame {
    pub(super) fn new(returns: Returns) -> Self {
        Self {
            returns,
            slots: 0,
            captures: Vec::new(),
            scopes: vec![Vec::new()],
            depth: 0,
            deepest: 0,
        }
    }

    pub(super) fn slot(&mut self) -> usize {
        self.slots += 1;
        self.slots - 1
    }

    pub(super) fn enter(&mut self) {
        self.depth += 1;
        self.deepest = self.deepest.max(self.depth);
    }

    pub(super) fn into_function(self, code: Code, parameters: Vec<Target>) -> Function {
        Function {
            slots: self.slots,
            parameters,
            captures: self.captures.iter().map(|(_, inner)| *inner).collect(),
            body: code,
            height: self.deepest + 2,
        }
    }

    fn find(&self, name: &str) -> Option<&Local> {
        self.scopes
            .iter()
            .rev()
            .flat_map(|scope| scope.iter().rev())
            .find(|l| l.name.as_ref() == name)
    }
}

impl Checker<'_> {
    pub(super) fn push_scope(&mut self) {
        self.frame().scopes.push(Vec::new());
    }

    pub(super) fn pop_scope(&mut self) {
        self.frame().scopes.pop();
    }

    /// Declares a variable and says where it lives.
    pub(super) fn declare(&mut self, name: &Ident, ty: Type) -> Target {
        let depth = u32::try_from(self.frames.len().saturating_sub(1)).unwrap_or(u32::MAX);
        let captured = self
            .mentioned
            .get(&name.name)
            .is_some_and(|deepest| *deepest > depth);
        let slot = self.frame().slot();
        let target = if captured {
            Target::Captured(slot)
        } else {
            Target::Local(slot)
        };
        self.add_local(
            name,
            Local {
                name: Arc::clone(&name.name),
                ty,
                target,
                constant: None,
                function: None,
                read_only: None,
            },
        );
        target
    }

    /// Forbids assignments to the variable declared last.
    pub(super) fn last_is_read_only(&mut self, what: &'static str) {
        let last = self
            .frame()
            .scopes
            .last_mut()
            .and_then(|scope| scope.last_mut());
        if let Some(local) = last {
            local.read_only = Some(what);
        }
    }

    /// Whether a name is that of a constant, without making it a captured variable.
    pub(super) fn names_constant(&self, name: &str) -> bool {
        self.frames
            .iter()
            .rev()
            .find_map(|frame| frame.find(name))
            .is_some_and(|local| local.constant.is_some())
    }

    /// Declares a local function; it always lives in a captured variable.
    pub(super) fn declare_function(
        &mut self,
        name: &Ident,
        ty: Type,
        function: LocalFunction,
    ) -> usize {
        let slot = self.frame().slot();
        self.add_local(
            name,
            Local {
                name: Arc::clone(&name.name),
                ty,
                target: Target::Captured(slot),
                constant: None,
                function: Some(Arc::new(function)),
                read_only: None,
            },
        );
        slot
    }

    pub(super) fn declare_constant(&mut self, name: &Ident, ty: Type, value: Value) {
        self.add_local(
            name,
            Local {
                name: Arc::clone(&name.name),
                ty,
                target: Target::Discard,
                constant: Some(value),
                function: None,
                read_only: None,
            },
        );
    }

    fn add_local(&mut self, name: &Ident, local: Local) {
        let twice = self.frame().find(&name.name).is_some();
        if twice || name.name.as_ref() == "context" {
            self.error(
                "DuplicateName",
                name.span,
                format!(
                    "A local variable named `{}` is already defined in this scope.",
                    name.name
                ),
            );
        }
        if let Some(scope) = self.frame().scopes.last_mut() {
            scope.push(local);
        }
    }

    /// The variable a name means here; one of an enclosing function becomes a captured one.
    pub(super) fn local(&mut self, name: &str, span: Span) -> Option<Local> {
        let found = self
            .frames
            .iter()
            .enumerate()
            .rev()
            .find_map(|(index, frame)| frame.find(name).map(|local| (index, local.clone())));
        let (index, local) = found?;
        if index + 1 == self.frames.len() || local.constant.is_some() {
            return Some(local);
        }
        let Target::Captured(mut slot) = local.target else {
            self.error(
                "NotSupported",
                span,
                format!(
                    "`{name}` cannot be captured here; write a lambda instead of a method name."
                ),
            );
            return Some(local);
        };
        for frame in self.frames.iter_mut().skip(index + 1) {
            let inner = frame.slot();
            frame.captures.push((slot, inner));
            slot = inner;
            let alias = Local {
                target: Target::Captured(inner),
                ..local.clone()
            };
            if let Some(scope) = frame.scopes.first_mut() {
                scope.push(alias);
            }
        }
        Some(Local {
            target: Target::Captured(slot),
            ..local
        })
    }

    /// All names in scope, for suggestions.
    pub(super) fn known_names(&self) -> Vec<String> {
        self.frames
            .iter()
            .flat_map(|frame| frame.scopes.iter().flatten())
            .map(|local| local.name.to_string())
            .chain(["context".to_owned()])
            .collect()
    }
}

/// Reads a variable.
pub(super) fn read(local: &Local) -> Typed {
    let node = match (&local.constant, local.target) {
        (Some(value), _) => Node::Constant(value.clone()),
        (None, Target::Local(slot)) => Node::Local(slot),
        (None, Target::Captured(slot)) => Node::Captured(slot),
        (None, Target::Discard) => Node::Constant(Value::Null),
    };
    Typed::new(node, local.ty.clone())
}
