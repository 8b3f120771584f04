//! Calls of delegates and local functions.

use super::arguments::{Prepared, PreparedValue};
use super::scope::Local;
use super::{Checker, Typed};
use crate::expression::ast::{Argument, Expr, Ident};
use crate::expression::node::Node;
use crate::expression::token::Span;
use crate::expression::types::{Family, Type};

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
            PreparedValue::Out(_) | PreparedValue::Taken => {
                self.error(
                    "WrongArguments",
                    argument.span,
                    "An `out` argument is not expected here.",
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
        for (index, argument) in prepared.into_iter().enumerate() {
            let place = match argument.name {
                Some(ident) => function
                    .parameters
                    .iter()
                    .position(|(known, ..)| *known == ident.name),
                None => Some(index),
            };
            match place.and_then(|place| given.get_mut(place)) {
                Some(slot @ None) => *slot = Some(argument),
                _ => return wrong(self),
            }
        }
        let mut nodes = Vec::new();
        for (argument, (_, ty, default)) in given.into_iter().zip(&function.parameters) {
            match (argument, default) {
                (Some(argument), _) => nodes.push(self.plain_argument(argument, ty)),
                (None, Some(default)) => nodes.push(Node::Constant(default.clone())),
                (None, None) => return wrong(self),
            }
        }
        let callee = super::scope::read(local).node;
        Typed::new(
            Node::Invoke(Box::new(callee), nodes.into()),
            function.returns.clone(),
        )
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
