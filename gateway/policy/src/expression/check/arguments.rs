//! Overload resolution: which member takes the arguments of a call.

use super::bindings::{Bindings, is_open, substitute, unify};
use super::lambda::lambda_arity;
use super::{Checker, Typed};
use crate::expression::ast::{Argument, ArgumentValue, Expr, ExprKind, Ident, TypeRef};
use crate::expression::library::registry::{Member, Parameter};
use crate::expression::node::{Node, Target};
use crate::expression::token::Span;
use crate::expression::types::{Family, Type};

/// An argument before the method is known: lambdas wait for their types.
pub(super) struct Prepared<'e> {
    pub(super) name: Option<&'e Ident>,
    pub(super) span: Span,
    pub(super) value: PreparedValue<'e>,
}

/// Forms of prepared arguments.
pub(super) enum PreparedValue<'e> {
    Value(Typed),
    /// A lambda, or the name of a method in its place.
    Function {
        expr: &'e Expr,
        arity: Option<usize>,
    },
    Out(OutTarget<'e>),
    /// `ref x`.
    Ref(Target, Type),
    /// Taken by the call.
    Taken,
}

/// Where an `out` argument goes.
pub(super) enum OutTarget<'e> {
    Existing(Target, Type),
    Declare(&'e TypeRef, &'e Ident),
    Discard,
}

/// A member that fits, and how.
pub(super) struct Fit<'m> {
    pub(super) member: &'m Member,
    pub(super) bindings: Bindings,
    /// For each parameter, the index of its argument; several for the last one with `params`.
    pub(super) order: Vec<Vec<usize>>,
    /// Whether the arguments of a `params` parameter are its items.
    pub(super) expanded: bool,
    cost: u32,
}

impl Checker<'_> {
    /// Checks all arguments that do not depend on the method.
    pub(super) fn prepare<'e>(&mut self, arguments: &'e [Argument]) -> Vec<Prepared<'e>> {
        arguments
            .iter()
            .map(|argument| self.prepare_one(argument))
            .collect()
    }

    fn prepare_one<'e>(&mut self, argument: &'e Argument) -> Prepared<'e> {
        let name = argument.name.as_ref();
        let (span, value) = match &argument.value {
            ArgumentValue::Value(expr) => {
                let value = match &expr.kind {
                    ExprKind::Lambda { parameters, .. } => PreparedValue::Function {
                        expr,
                        arity: Some(parameters.len()),
                    },
                    _ if self.is_method_name(expr) => PreparedValue::Function { expr, arity: None },
                    _ => PreparedValue::Value(self.expr(expr, None)),
                };
                (expr.span, value)
            }
            ArgumentValue::Declare { ty, name } => {
                (name.span, PreparedValue::Out(OutTarget::Declare(ty, name)))
            }
            ArgumentValue::Discard(span) => (*span, PreparedValue::Out(OutTarget::Discard)),
            ArgumentValue::Reference { out: true, target } => {
                (target.span, self.out_target(target))
            }
            ArgumentValue::Reference { out: false, target } => {
                let value = match self.out_target(target) {
                    PreparedValue::Out(OutTarget::Existing(place, ty)) => {
                        PreparedValue::Ref(place, ty)
                    }
                    other => other,
                };
                (target.span, value)
            }
        };
        Prepared { name, span, value }
    }

    fn out_target<'e>(&mut self, target: &Expr) -> PreparedValue<'e> {
        if let ExprKind::Name(name, _) = &target.kind
            && let Some(local) = self.local(&name.name, target.span)
            && local.constant.is_none()
            && local.function.is_none()
            && local.read_only.is_none()
        {
            return PreparedValue::Out(OutTarget::Existing(local.target, local.ty));
        }
        self.error(
            "TypeMismatch",
            target.span,
            "An `out` or `ref` argument must be a variable that can be assigned to.",
        );
        PreparedValue::Value(Typed::unknown())
    }

    /// The members of one level that take the arguments, best first found.
    pub(super) fn best_fit<'m>(
        members: impl Iterator<Item = &'m Member>,
        owner_bindings: &Bindings,
        type_arguments: &[Type],
        arguments: &[Prepared<'_>],
    ) -> Option<Fit<'m>> {
        let mut best: Option<Fit<'m>> = None;
        for member in members {
            for expanded in [false, true] {
                if expanded && !member.parameters.last().is_some_and(|p| p.params) {
                    continue;
                }
                let fit = fit(member, owner_bindings, type_arguments, arguments, expanded);
                if let Some(fit) = fit
                    && best.as_ref().is_none_or(|best| fit.cost < best.cost)
                {
                    best = Some(fit);
                }
            }
        }
        best
    }

    /// The nodes of the arguments in the order of the parameters, with the targets of `out` ones.
    /// Completes the bindings from lambdas.
    pub(super) fn finish_arguments(
        &mut self,
        fit: &mut Fit<'_>,
        mut arguments: Vec<Prepared<'_>>,
    ) -> (Vec<Node>, Vec<Target>) {
        let mut nodes = Vec::new();
        let mut outs = Vec::new();
        let order = std::mem::take(&mut fit.order);
        for (parameter, indexes) in fit.member.parameters.iter().zip(&order) {
            if parameter.params && fit.expanded {
                let element = match &parameter.ty {
                    Type::Array(element) => substitute(element, &fit.bindings),
                    other => other.clone(),
                };
                let mut items = Vec::new();
                for index in indexes {
                    items.push(self.finish_one(fit, &element, arguments.get_mut(*index)));
                }
                nodes.push(Node::NewArray(element, items.into()));
                continue;
            }
            let Some(index) = indexes.first() else {
                let default = parameter
                    .default
                    .clone()
                    .unwrap_or(crate::expression::Value::Null);
                nodes.push(Node::Constant(default));
                continue;
            };
            let argument = arguments.get_mut(*index);
            if parameter.out {
                let ty = substitute(&parameter.ty, &fit.bindings);
                outs.push(self.finish_out(argument, &ty));
                continue;
            }
            nodes.push(self.finish_one(fit, &parameter.ty, argument));
        }
        (nodes, outs)
    }

    fn finish_out(&mut self, argument: Option<&mut Prepared<'_>>, ty: &Type) -> Target {
        let Some(argument) = argument else {
            return Target::Discard;
        };
        let span = argument.span;
        match std::mem::replace(&mut argument.value, PreparedValue::Taken) {
            PreparedValue::Out(OutTarget::Existing(target, declared)) => {
                if super::convert::cost(ty, &declared, None) != Some(0) {
                    self.error(
                        "TypeMismatch",
                        span,
                        format!("The `out` argument must be a `{}` variable.", ty.display()),
                    );
                }
                target
            }
            PreparedValue::Out(OutTarget::Declare(reference, name)) => {
                let declared = self.declared(reference).unwrap_or_else(|| ty.clone());
                if super::convert::cost(ty, &declared, None) != Some(0) {
                    self.error(
                        "TypeMismatch",
                        span,
                        format!("The `out` argument must be a `{}` variable.", ty.display()),
                    );
                }
                self.declare(name, declared)
            }
            _ => Target::Discard,
        }
    }

    fn finish_one(
        &mut self,
        fit: &mut Fit<'_>,
        parameter: &Type,
        argument: Option<&mut Prepared<'_>>,
    ) -> Node {
        let Some(argument) = argument else {
            return Typed::unknown().node;
        };
        let span = argument.span;
        match std::mem::replace(&mut argument.value, PreparedValue::Taken) {
            PreparedValue::Value(value) => {
                let to = substitute(parameter, &fit.bindings);
                self.convert(value, &to, span)
            }
            PreparedValue::Function { expr, .. } => {
                let hint = substitute(parameter, &fit.bindings);
                let value = self.function_argument(expr, &hint);
                // What the lambda returns tells the parameters that are still free.
                if is_open(&hint) {
                    unify(parameter, &value.ty, &mut fit.bindings);
                }
                value.node
            }
            PreparedValue::Out(_) | PreparedValue::Ref(..) | PreparedValue::Taken => {
                Typed::unknown().node
            }
        }
    }
}

/// Whether and how well a member takes the arguments.
fn fit<'m>(
    member: &'m Member,
    owner_bindings: &Bindings,
    type_arguments: &[Type],
    arguments: &[Prepared<'_>],
    expanded: bool,
) -> Option<Fit<'m>> {
    let mut bindings = owner_bindings.clone();
    if !type_arguments.is_empty() {
        if type_arguments.len() != member.type_parameters.len() {
            return None;
        }
        for (name, ty) in member.type_parameters.iter().zip(type_arguments) {
            bindings.push((name.clone(), ty.clone()));
        }
    }
    let order = assign(&member.parameters, arguments, expanded)?;
    let mut cost = if expanded { 20 } else { 0 };
    for (parameter, indexes) in member.parameters.iter().zip(&order) {
        let pattern = match &parameter.ty {
            Type::Array(element) if parameter.params && expanded => element.as_ref().clone(),
            other => other.clone(),
        };
        if indexes.is_empty() {
            cost += 1;
        }
        for index in indexes {
            let argument = arguments.get(*index)?;
            if type_arguments.is_empty()
                && let PreparedValue::Value(value) = &argument.value
            {
                unify(&pattern, &value.ty, &mut bindings);
            }
        }
        let target = substitute(&pattern, &bindings);
        for index in indexes {
            cost += argument_cost(arguments.get(*index)?, parameter, &target)?;
        }
    }
    Some(Fit {
        member,
        bindings,
        order,
        expanded,
        cost,
    })
}

/// Which arguments go to which parameter; `None` if their number or names do not fit.
fn assign(
    parameters: &[Parameter],
    arguments: &[Prepared<'_>],
    expanded: bool,
) -> Option<Vec<Vec<usize>>> {
    let mut order: Vec<Vec<usize>> = vec![Vec::new(); parameters.len()];
    for (index, argument) in arguments.iter().enumerate() {
        let place = match argument.name {
            Some(name) => parameters.iter().position(|p| p.name == name.name)?,
            None if expanded => index.min(parameters.len().checked_sub(1)?),
            None => index,
        };
        let slot = order.get_mut(place)?;
        let params = parameters.get(place)?.params;
        let taken = !slot.is_empty();
        let collects = expanded && params;
        if taken && !collects {
            return None;
        }
        slot.push(index);
    }
    let complete = parameters.iter().zip(&order).all(|(parameter, indexes)| {
        !indexes.is_empty() || parameter.default.is_some() || (expanded && parameter.params)
    });
    complete.then_some(order)
}

fn argument_cost(argument: &Prepared<'_>, parameter: &Parameter, target: &Type) -> Option<u32> {
    let is_out = matches!(argument.value, PreparedValue::Out(_));
    if is_out != parameter.out {
        return None;
    }
    match &argument.value {
        PreparedValue::Value(value) => {
            if let Type::Generic(Family::Func | Family::Predicate | Family::Action, _) = target
                && value.ty == *target
            {
                return Some(0);
            }
            if is_open(target) {
                return Some(0);
            }
            super::convert::cost(&value.ty, target, value.constant_value())
        }
        PreparedValue::Function { arity, .. } => {
            let wanted = lambda_arity(target)?;
            match arity {
                Some(arity) => (*arity == wanted).then_some(0),
                None => Some(u32::try_from(wanted).unwrap_or(9)),
            }
        }
        PreparedValue::Out(OutTarget::Existing(_, ty)) => {
            super::convert::cost(target, ty, None).filter(|cost| *cost == 0)
        }
        PreparedValue::Out(_) => Some(0),
        PreparedValue::Ref(..) | PreparedValue::Taken => None,
    }
}
