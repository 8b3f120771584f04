//! `?:`, `??`, `&&`, `||` and the type their operands share.

use std::sync::Arc;

use super::{Checker, Typed};
use crate::expression::ast::Expr;
use crate::expression::node::Node;
use crate::expression::token::Span;
use crate::expression::types::Type;
use crate::expression::value::Value;

impl Checker<'_> {
    pub(super) fn conditional_access(&mut self, target: &Expr, rest: &Expr) -> Typed {
        let target_value = self.expr(target, None);
        let ty = target_value.ty.clone();
        if ty.is_value_type() {
            self.error(
                "TypeMismatch",
                target.span,
                format!(
                    "`?.` cannot be applied to `{}`, which is never null.",
                    ty.display()
                ),
            );
        }
        let slot = self.frame().slot();
        let receiver = ty.unwrap_nullable().clone();
        self.receivers.push((slot, receiver));
        let value = self.expr(rest, None);
        self.receivers.pop();
        let result = if value.ty.is_value_type() {
            Type::Nullable(Arc::new(value.ty))
        } else {
            value.ty
        };
        let parts = Box::new((target_value.node, value.node));
        Typed::new(Node::ConditionalAccess(slot, parts), result)
    }

    pub(super) fn conditional(
        &mut self,
        condition: &Expr,
        then: &Expr,
        otherwise: &Expr,
        hint: Option<&Type>,
        span: Span,
    ) -> Typed {
        let condition = self.condition(condition);
        let then_value = self.expr(then, hint);
        let else_value = self.expr(otherwise, hint);
        let Some(ty) = self.common(&[&then_value, &else_value], hint) else {
            self.error(
                "TypeMismatch",
                span,
                format!(
                    "There is no conversion between `{}` and `{}`.",
                    then_value.ty.display(),
                    else_value.ty.display()
                ),
            );
            return Typed::unknown();
        };
        let a = self.convert(then_value, &ty, then.span);
        let b = self.convert(else_value, &ty, otherwise.span);
        match condition {
            Node::Constant(Value::Bool(true)) => Typed::new(a, ty),
            Node::Constant(Value::Bool(false)) => Typed::new(b, ty),
            condition => Typed::new(Node::Conditional(Box::new((condition, a, b))), ty),
        }
    }

    /// The type all values convert to: one of theirs, or the hint.
    pub(super) fn common(&mut self, values: &[&Typed], hint: Option<&Type>) -> Option<Type> {
        let reaches = |ty: &Type| {
            values
                .iter()
                .all(|value| super::convert::cost(&value.ty, ty, value.constant_value()).is_some())
        };
        let candidates = values
            .iter()
            .map(|value| &value.ty)
            .filter(|ty| **ty != Type::Null);
        let mut best: Option<&Type> = None;
        for candidate in candidates {
            if candidate.is_unknown() {
                return Some(Type::Unknown);
            }
            if reaches(candidate) {
                let better = best.is_none_or(|best| {
                    super::convert::cost(candidate, best, None).is_some()
                        && super::convert::cost(best, candidate, None).is_none()
                });
                if better {
                    best = Some(candidate);
                }
            }
        }
        if let Some(best) = best {
            return Some(best.clone());
        }
        if let Some(hint) = hint
            && reaches(hint)
        {
            return Some(hint.clone());
        }
        // `cond ? 1 : null` of C# 7 needs a hint; `int?` is what its writer means.
        let value_types: Vec<&Type> = values
            .iter()
            .map(|value| &value.ty)
            .filter(|ty| ty.is_value_type())
            .collect();
        if let [only] = value_types.as_slice() {
            let nullable = Type::Nullable(Arc::new((*only).clone()));
            if reaches(&nullable) && hint.is_some() {
                return Some(nullable);
            }
        }
        values
            .iter()
            .all(|value| value.ty == Type::Null)
            .then_some(Type::Null)
    }

    pub(super) fn coalesce(&mut self, all: &[Expr], hint: Option<&Type>) -> Typed {
        let mut values: Vec<(Typed, Span)> = Vec::new();
        for expr in all {
            values.push((self.expr(expr, hint), expr.span));
        }
        if values
            .iter()
            .skip(1)
            .any(|(value, _)| matches!(value.value(), Some(Value::Text(text)) if text.is_empty()))
        {
            self.lint.empty_default();
        }
        let count = values.len();
        for (value, span) in values.iter().take(count.saturating_sub(1)) {
            if value.ty.is_value_type() {
                let message = format!(
                    "`??` cannot be applied to `{}`, which is never null.",
                    value.ty.display()
                );
                self.error("TypeMismatch", *span, message);
            }
        }
        // The result cannot be null if the last operand cannot.
        let last_is_value = values
            .last()
            .is_some_and(|(value, _)| value.ty.is_value_type());
        let unwrapped: Vec<Typed> = values
            .iter()
            .map(|(value, _)| {
                let ty = if last_is_value {
                    value.ty.unwrap_nullable().clone()
                } else {
                    value.ty.clone()
                };
                match value.value() {
                    Some(constant) => Typed {
                        constant: value.constant,
                        ..Typed::constant(constant.clone(), ty)
                    },
                    None => Typed::new(Node::Constant(Value::Null), ty),
                }
            })
            .collect();
        let borrowed: Vec<&Typed> = unwrapped.iter().collect();
        let Some(ty) = self.common(&borrowed, hint) else {
            let names: Vec<String> = values
                .iter()
                .map(|(value, _)| format!("`{}`", value.ty.display()))
                .collect();
            let span = values.first().map_or(Span::new(0, 1), |(_, span)| *span);
            self.error(
                "TypeMismatch",
                span,
                format!(
                    "`??` cannot be applied to operands of type {}.",
                    names.join(" and ")
                ),
            );
            return Typed::unknown();
        };
        let mut nodes = Vec::with_capacity(count);
        for (index, (value, span)) in values.into_iter().enumerate() {
            let target = if index + 1 < count && ty.is_value_type() {
                Type::Nullable(Arc::new(ty.clone()))
            } else {
                ty.clone()
            };
            nodes.push(self.convert(value, &target, span));
        }
        Typed::new(Node::Coalesce(nodes.into()), ty)
    }

    pub(super) fn logical(&mut self, all: &[Expr], and: bool) -> Typed {
        let mut nodes = Vec::new();
        for expr in all {
            let node = self.condition(expr);
            match node {
                Node::Constant(Value::Bool(value)) if value == and => {}
                other => nodes.push(other),
            }
        }
        let node = match nodes.as_slice() {
            [] => Node::Constant(Value::Bool(and)),
            [Node::Constant(Value::Bool(value)), ..] => Node::Constant(Value::Bool(*value)),
            _ if and => Node::And(nodes.into()),
            _ => Node::Or(nodes.into()),
        };
        Typed::new(node, Type::BOOL)
    }
}
