//! Lambdas, method names in their place, and local functions.

use std::sync::Arc;

use super::bindings::is_open;
use super::delegates::delegate;
use super::scope::{DeclaredParameter, Frame, LocalFunction, Returns};
use super::{Checker, Typed};
use crate::expression::ast::{
    Argument, ArgumentValue, Expr, ExprKind, Ident, LambdaBody, LambdaParameter, Parameter,
    Passing, TypeRef,
};
use crate::expression::library::registry::registry;
use crate::expression::node::{Code, Lambda, Node, Target};
use crate::expression::parser::signature::SignatureKind;
use crate::expression::token::Span;
use crate::expression::types::{Family, Type};
use crate::expression::value::Value;

/// Number of parameters of a delegate type.
pub(super) fn lambda_arity(ty: &Type) -> Option<usize> {
    delegate(ty).map(|(parameters, _)| parameters.len())
}

impl Checker<'_> {
    /// A lambda where `hint` says what is wanted.
    pub(super) fn lambda(
        &mut self,
        parameters: &[LambdaParameter],
        body: &LambdaBody,
        hint: Option<&Type>,
        span: Span,
    ) -> Typed {
        let wanted = hint.and_then(delegate);
        let Some((types, result)) = wanted else {
            self.error(
                "TypeMismatch",
                span,
                "The type of this function is not known here.",
            );
            return Typed::unknown();
        };
        if types.len() != parameters.len() {
            self.error(
                "WrongArguments",
                span,
                format!("A function of {} parameters is needed here.", types.len()),
            );
            return Typed::unknown();
        }
        let mut declared = Vec::new();
        for (parameter, ty) in parameters.iter().zip(types) {
            let explicit = parameter
                .ty
                .as_ref()
                .and_then(|reference| self.declared(reference));
            let ty = explicit.unwrap_or(ty);
            let ty = if is_open(&ty) {
                self.error(
                    "TypeMismatch",
                    parameter.name.span,
                    format!("The type of `{}` is not known here.", parameter.name.name),
                );
                Type::Unknown
            } else {
                ty
            };
            declared.push((&parameter.name, ty));
        }
        let returns = if is_open(&result) || result.is_unknown() {
            Returns::Inferred(Vec::new())
        } else {
            Returns::Declared(result)
        };
        let types: Vec<Type> = declared.iter().map(|(_, ty)| ty.clone()).collect();
        let (node, result) = self.function(&declared, body, returns, None, span);
        let family = match hint {
            Some(Type::Generic(family, _)) => *family,
            _ => Family::Func,
        };
        let mut arguments = types;
        if family == Family::Func {
            arguments.push(result);
        }
        let ty = Type::Generic(family, arguments.into());
        Typed::new(set_type(node, &ty), ty)
    }

    /// Lowers a function and gives the node that makes its closure, and what it returns.
    fn function(
        &mut self,
        parameters: &[(&Ident, Type)],
        body: &LambdaBody,
        returns: Returns,
        ty: Option<&Type>,
        span: Span,
    ) -> (Node, Type) {
        let index = self.functions.len();
        self.functions.push(None);
        self.frames.push(Frame::new(returns));
        let receivers = std::mem::take(&mut self.receivers);
        let catching = std::mem::take(&mut self.catching);
        let mut targets: Vec<Target> = Vec::new();
        for (name, ty) in parameters {
            // `_` may be used more than once.
            if name.name.as_ref() == "_" {
                targets.push(Target::Discard);
                continue;
            }
            targets.push(self.declare(name, ty.clone()));
        }
        let code = self.function_body(body, span);
        self.receivers = receivers;
        self.catching = catching;
        let Some(frame) = self.frames.pop() else {
            return (Typed::unknown().node, Type::Unknown);
        };
        let result = match &frame.returns {
            Returns::Result => Type::Unknown,
            Returns::Declared(ty) => ty.clone(),
            Returns::Inferred(types) => inferred(types),
        };
        if let Returns::Inferred(types) = &frame.returns
            && types
                .iter()
                .any(|ty| *ty != result && !returns_as(ty, &result))
        {
            self.error(
                "TypeMismatch",
                span,
                "The function returns values of different types.",
            );
        }
        let captures = frame.captures.iter().map(|(outer, _)| *outer).collect();
        if let Some(place) = self.functions.get_mut(index) {
            *place = Some(frame.into_function(code, targets));
        }
        let ty = ty.cloned().unwrap_or(Type::Unknown);
        (
            Node::Lambda(Box::new(Lambda {
                function: index,
                captures,
                ty,
            })),
            result,
        )
    }

    fn function_body(&mut self, body: &LambdaBody, span: Span) -> Code {
        match body {
            LambdaBody::Expression(expr) => {
                let wanted = match &self.frame().returns {
                    Returns::Declared(ty) => Some(ty.clone()),
                    _ => None,
                };
                let value = self.expr(expr, wanted.as_ref().filter(|ty| **ty != Type::Void));
                match wanted {
                    Some(Type::Void) => Code::Value(value.node),
                    Some(ty) => Code::Value(self.convert(value, &ty, expr.span)),
                    None => {
                        if value.ty == Type::Void {
                            self.error("TypeMismatch", expr.span, "The expression has no value.");
                        }
                        let ty = value.ty.clone();
                        if let Returns::Inferred(types) = &mut self.frame().returns {
                            types.push(ty);
                        }
                        Code::Value(value.node)
                    }
                }
            }
            LambdaBody::Block(statements) => {
                let (steps, completes) = self.block_steps(statements);
                let needs_value = match &self.frame().returns {
                    Returns::Declared(ty) => *ty != Type::Void,
                    Returns::Inferred(types) => !types.is_empty(),
                    Returns::Result => true,
                };
                if completes && needs_value {
                    let end = Span {
                        start: span.end.saturating_sub(1),
                        end: span.end,
                    };
                    self.error("MissingReturn", end, "Not all code paths return a value.");
                }
                Code::Steps(steps)
            }
        }
    }

    /// A lambda or the name of a method, as an argument.
    pub(super) fn function_argument(&mut self, expr: &Expr, hint: &Type) -> Typed {
        if let ExprKind::Lambda { parameters, body } = &expr.kind {
            self.frame().enter();
            let value = self.lambda(parameters, body, Some(hint), expr.span);
            self.frame().depth -= 1;
            return value;
        }
        // `items.Select(int.Parse)` is `items.Select(x => int.Parse(x))`.
        let count = lambda_arity(hint).unwrap_or(1);
        let names: Vec<Ident> = (0..count)
            .map(|index| Ident {
                name: format!("<{index}>").into(),
                span: expr.span,
            })
            .collect();
        let arguments = names
            .iter()
            .map(|name| Argument {
                name: None,
                value: ArgumentValue::Value(Expr {
                    kind: ExprKind::Name(name.clone(), Vec::new()),
                    span: expr.span,
                }),
            })
            .collect();
        let call = ExprKind::Call {
            target: Box::new(expr.clone()),
            arguments,
        };
        let body = LambdaBody::Expression(Box::new(Expr {
            kind: call,
            span: expr.span,
        }));
        let parameters: Vec<LambdaParameter> = names
            .into_iter()
            .map(|name| LambdaParameter { ty: None, name })
            .collect();
        self.lambda(&parameters, &body, Some(hint), expr.span)
    }

    /// Whether an expression is the name of a method and not called.
    pub(super) fn is_method_name(&mut self, expr: &Expr) -> bool {
        match &expr.kind {
            ExprKind::Name(name, _) => self.known_function(&name.name),
            ExprKind::Member { target, name, .. } => {
                // Only types are looked at: their members are known without evaluating anything.
                let ty = match &target.kind {
                    ExprKind::TypeName(reference) => super::resolve::resolve(reference, &[]).ok(),
                    ExprKind::Name(ident, _) if !self.is_variable(&ident.name) => {
                        super::resolve::lookup(&ident.name)
                    }
                    ExprKind::Name(ident, _) => {
                        let span = target.span;
                        let local = self.local(&ident.name, span);
                        return local.is_some_and(|local| has_method_only(&local.ty, &name.name));
                    }
                    _ => None,
                };
                ty.is_some_and(|ty| {
                    registry().of(&ty).iter().any(|member| {
                        member.is_static
                            && member.kind == SignatureKind::Method
                            && member.name == name.name
                    })
                })
            }
            _ => false,
        }
    }

    fn known_function(&mut self, name: &str) -> bool {
        self.local(name, Span::new(0, 0))
            .is_some_and(|local| local.function.is_some())
    }

    fn is_variable(&self, name: &str) -> bool {
        name == "context" || self.known_names().iter().any(|known| known == name)
    }

    /// Checks a lambda whose types nobody knows, for the problems in it.
    pub(super) fn quiet_lambda(&mut self, expr: &Expr) {
        if let ExprKind::Lambda { parameters, body } = &expr.kind {
            let types = vec![Type::Unknown; parameters.len() + 1];
            let hint = Type::Generic(Family::Func, types.into());
            let _ = self.lambda(parameters, body, Some(&hint), expr.span);
        }
    }

    /// Declares a local function before its block is lowered.
    pub(super) fn announce_function(
        &mut self,
        returns: Option<&TypeRef>,
        name: &Ident,
        parameters: &[Parameter],
    ) -> (usize, Type) {
        let returns = match returns {
            Some(reference) => self.resolve(reference),
            None => Type::Void,
        };
        let mut described = Vec::new();
        for parameter in parameters {
            let ty = self.resolve(&parameter.ty);
            let default = match &parameter.default {
                Some(expr) => {
                    let value = self.expr(expr, Some(&ty));
                    match self.convert(value, &ty, expr.span) {
                        Node::Constant(value) => Some(value),
                        _ => {
                            self.error("TypeMismatch", expr.span, "A constant is needed here.");
                            Some(Value::Null)
                        }
                    }
                }
                None => None,
            };
            if parameter.passing == Passing::Params && !matches!(ty, Type::Array(_) | Type::Unknown)
            {
                self.error(
                    "TypeMismatch",
                    parameter.ty.span,
                    "A `params` parameter must be an array.",
                );
            }
            described.push(DeclaredParameter {
                name: Arc::clone(&parameter.name.name),
                ty,
                passing: parameter.passing,
                default,
            });
        }
        let mut arguments: Vec<Type> = described
            .iter()
            .map(|parameter| parameter.ty.clone())
            .collect();
        let family = if returns == Type::Void {
            Family::Action
        } else {
            arguments.push(returns.clone());
            Family::Func
        };
        let ty = Type::Generic(family, arguments.into());
        let function = LocalFunction {
            parameters: described,
            returns,
        };
        let slot = self.declare_function(name, ty.clone(), function);
        (slot, ty)
    }

    /// Lowers the body of a local function.
    pub(super) fn local_function(
        &mut self,
        ty: &Type,
        parameters: &[Parameter],
        body: &LambdaBody,
        span: Span,
    ) -> Node {
        let (types, result) = delegate(ty).unwrap_or((Vec::new(), Type::Void));
        let declared: Vec<(&Ident, Type)> = parameters
            .iter()
            .map(|parameter| &parameter.name)
            .zip(types)
            .collect();
        let (node, _) = self.function(&declared, body, Returns::Declared(result), Some(ty), span);
        node
    }
}

fn set_type(node: Node, ty: &Type) -> Node {
    match node {
        Node::Lambda(mut lambda) => {
            lambda.ty = ty.clone();
            Node::Lambda(lambda)
        }
        other => other,
    }
}

/// The type that all returned values have or inherit (C# 7 §12.6.3.14), or the first.
fn inferred(types: &[Type]) -> Type {
    types
        .iter()
        .find(|ty| **ty != Type::Null && types.iter().all(|other| returns_as(other, ty)))
        .or(types.iter().find(|ty| **ty != Type::Null))
        .or(types.first())
        .cloned()
        .unwrap_or(Type::Void)
}

/// Whether a value of one type is one of the other as it is.
fn returns_as(ty: &Type, result: &Type) -> bool {
    ty == result
        || ty.is_unknown()
        || (*ty == Type::Null && !result.is_value_type())
        || (!ty.is_value_type() && (*result == Type::OBJECT || ty.derives_from(result)))
}

/// Whether a name of a type is a method and no property.
fn has_method_only(ty: &Type, name: &str) -> bool {
    let all = super::bindings::levels(ty);
    let has = |kind: SignatureKind| {
        all.iter()
            .flat_map(|level| registry().of(level))
            .any(|m| m.kind == kind && m.name.as_ref() == name && !m.is_static)
    };
    !has(SignatureKind::Property) && has(SignatureKind::Method)
}
