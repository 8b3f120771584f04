//! Calls of delegates and local functions.

use super::arguments::{OutTarget, Prepared, PreparedValue};
use super::scope::{DeclaredParameter, Local};
use super::{Checker, Typed};
use crate::expression::ast::{Argument, Expr, Ident, Passing};
use crate::expression::node::{InvokeUpdating, Node, Target};
use crate::expression::token::Span;
use crate::expression::types::{Family, Type};
use crate::expression::value::Value;

impl Checker<'_> {
    pub(super) fn call_value(
        &mut self,
        value: Typed,
        target: &Expr,
        arguments: &[Argument],
        span: Span,
    ) -> Typed {
        if let Some((parameters, result)) = delegate(&value.ty) {
            return self.invoke(value, &parameters, &result, arguments, span);
        }
        for argument in arguments {
            let _ = self.prepare(std::slice::from_ref(argument));
        }
        if !value.ty.is_unknown() {
            self.error(
                "TypeMismatch",
                target.span,
                format!("A value of type `{}` cannot be called.", value.ty.display()),
            );
        }
        Typed::unknown()
    }

    pub(super) fn invoke(
        &mut self,
        delegate: Typed,
        parameters: &[Type],
        result: &Type,
        arguments: &[Argument],
        span: Span,
    ) -> Typed {
        let prepared = self.prepare(arguments);
        if prepared.len() != parameters.len() {
            self.error(
                "WrongArguments",
                span,
                format!(
                    "The function takes {} arguments, not {}.",
                    parameters.len(),
                    prepared.len()
                ),
            );
            return Typed::unknown();
        }
        let mut nodes = Vec::new();
        for (argument, parameter) in prepared.into_iter().zip(parameters) {
            nodes.push(self.plain_argument(argument, parameter));
        }
        Typed::new(
            Node::Invoke(Box::new(delegate.node), nodes.into()),
            result.clone(),
        )
    }

    pub(super) fn plain_argument(&mut self, argument: Prepared<'_>, parameter: &Type) -> Node {
        match argument.value {
            PreparedValue::Value(value) => self.convert(value, parameter, argument.span),
            PreparedValue::Function { expr, .. } => self.function_argument(expr, parameter).node,
            PreparedValue::Out(_) | PreparedValue::Ref(..) | PreparedValue::Taken => {
                self.error(
                    "WrongArguments",
                    argument.span,
                    "An `out` or `ref` argument is not expected here.",
                );
                Typed::unknown().node
            }
        }
    }

    pub(super) fn call_local(
        &mut self,
        name: &Ident,
        local: &Local,
        arguments: &[Argument],
    ) -> Typed {
        let Some(function) = local.function.clone() else {
            return Typed::unknown();
        };
        let prepared = self.prepare(arguments);
        let mut given: Vec<Option<Prepared<'_>>> =
            function.parameters.iter().map(|_| None).collect();
        let mut rest: Vec<Prepared<'_>> = Vec::new();
        let collector = function
            .parameters
            .iter()
            .position(|parameter| parameter.passing == Passing::Params);
        let wrong = |checker: &mut Self| {
            checker.error(
                "WrongArguments",
                name.span,
                format!(
                    "`{}` takes {} arguments, not {}.",
                    name.name,
                    function.parameters.len(),
                    arguments.len()
                ),
            );
            Typed::unknown()
        };
        let collects = collector.is_some_and(|last| {
            let wanted = function.parameters.get(last).map(|parameter| &parameter.ty);
            match (prepared.get(last), wanted) {
                // An array in the place of the items is the array itself.
                (
                    Some(Prepared {
                        value: PreparedValue::Value(value),
                        name: None,
                        ..
                    }),
                    Some(ty),
                ) if prepared.len() == last + 1 => {
                    super::convert::cost(&value.ty, ty, value.constant_value()).is_none()
                }
                (Some(Prepared { name: Some(_), .. }), _) => false,
                _ => true,
            }
        });
        for (index, argument) in prepared.into_iter().enumerate() {
            let place = match argument.name {
                Some(ident) => function
                    .parameters
                    .iter()
                    .position(|known| known.name == ident.name),
                None => Some(index),
            };
            if collects && place.is_some_and(|place| Some(place) >= collector) {
                rest.push(argument);
                continue;
            }
            match place.and_then(|place| given.get_mut(place)) {
                Some(slot @ None) => *slot = Some(argument),
                _ => return wrong(self),
            }
        }
        let mut nodes = Vec::new();
        let mut updates = Vec::new();
        for (index, (argument, parameter)) in
            given.into_iter().zip(&function.parameters).enumerate()
        {
            match (argument, parameter.passing, &parameter.default) {
                (None, Passing::Params, _) => {
                    nodes.push(self.collected(std::mem::take(&mut rest), &parameter.ty));
                }
                (Some(argument), Passing::Ref | Passing::Out, _) => {
                    let (node, target) = self.reference_argument(argument, parameter);
                    nodes.push(node);
                    updates.push((index, target));
                }
                (Some(argument), ..) => nodes.push(self.plain_argument(argument, &parameter.ty)),
                (None, _, Some(default)) => nodes.push(Node::Constant(default.clone())),
                (None, _, None) => return wrong(self),
            }
        }
        let callee = super::scope::read(local).node;
        let node = if updates.is_empty() {
            Node::Invoke(Box::new(callee), nodes.into())
        } else {
            Node::InvokeUpdating(Box::new(InvokeUpdating {
                function: callee,
                arguments: nodes.into(),
                updates: updates.into(),
            }))
        };
        Typed::new(node, function.returns.clone())
    }

    /// The items of a `params` parameter as its array.
    fn collected(&mut self, items: Vec<Prepared<'_>>, ty: &Type) -> Node {
        let element = match ty {
            Type::Array(element) => element.as_ref().clone(),
            other => other.clone(),
        };
        let nodes: Vec<Node> = items
            .into_iter()
            .map(|item| self.plain_argument(item, &element))
            .collect();
        Node::NewArray(element, nodes.into())
    }

    /// What a `ref` or `out` parameter begins with, and the variable that gets what it ends with.
    fn reference_argument(
        &mut self,
        argument: Prepared<'_>,
        parameter: &DeclaredParameter,
    ) -> (Node, Target) {
        let span = argument.span;
        let initial =
            || Node::Constant(super::expressions::default_of(&parameter.ty).unwrap_or(Value::Null));
        let (target, ty, node) = match (argument.value, parameter.passing) {
            (PreparedValue::Ref(target, ty), Passing::Ref) => {
                let node = match target {
                    Target::Local(slot) => Node::Local(slot),
                    Target::Captured(slot) => Node::Captured(slot),
                    Target::Discard => initial(),
                };
                (target, ty, node)
            }
            (PreparedValue::Out(OutTarget::Existing(target, ty)), Passing::Out) => {
                (target, ty, initial())
            }
            (PreparedValue::Out(OutTarget::Declare(reference, name)), Passing::Out) => {
                let ty = self
                    .declared(reference)
                    .unwrap_or_else(|| parameter.ty.clone());
                (self.declare(name, ty.clone()), ty, initial())
            }
            (PreparedValue::Out(OutTarget::Discard), Passing::Out) => {
                return (initial(), Target::Discard);
            }
            _ => {
                let word = if parameter.passing == Passing::Ref {
                    "ref"
                } else {
                    "out"
                };
                self.error(
                    "WrongArguments",
                    span,
                    format!("`{}` must be passed with `{word}`.", parameter.name),
                );
                return (initial(), Target::Discard);
            }
        };
        if ty != parameter.ty && !ty.is_unknown() {
            self.error(
                "TypeMismatch",
                span,
                format!(
                    "The argument must be a `{}` variable.",
                    parameter.ty.display()
                ),
            );
        }
        (node, target)
    }
}

/// Parameters and result of a delegate type.
pub(super) fn delegate(ty: &Type) -> Option<(Vec<Type>, Type)> {
    match ty {
        Type::Generic(Family::Func, arguments) => {
            let (result, parameters) = arguments.split_last()?;
            Some((parameters.to_vec(), result.clone()))
        }
        Type::Generic(Family::Action, arguments) => Some((arguments.to_vec(), Type::Void)),
        Type::Generic(Family::Predicate, arguments) => Some((arguments.to_vec(), Type::BOOL)),
        _ => None,
    }
}
