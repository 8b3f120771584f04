//! `is`, `as` and `case`.

use super::members::Bound;
use super::{Checker, Typed};
use crate::expression::ast::{Expr, ExprKind, Pattern, TypeRef, TypeRefKind};
use crate::expression::node::{Node, Target};
use crate::expression::token::Span;
use crate::expression::types::Type;

impl Checker<'_> {
    pub(super) fn as_type(&mut self, operand: &Expr, ty: &TypeRef, span: Span) -> Typed {
        let value = self.expr(operand, None);
        let to = self.resolve(ty);
        if to.is_unknown() || value.ty.is_unknown() {
            return Typed::new(value.node, to);
        }
        if to.is_value_type() {
            self.error(
                "TypeMismatch",
                span,
                format!(
                    "`as` needs a type that can be null; `{}` cannot.",
                    to.display()
                ),
            );
            return Typed::unknown();
        }
        let from = value.ty.clone();
        let possible = super::convert::cost(&from, &to, None).is_some()
            || super::convert::reference_cast(&from, &to)
            || from == Type::OBJECT;
        if !possible {
            self.error(
                "TypeMismatch",
                span,
                format!(
                    "Cannot convert type `{}` to `{}`.",
                    from.display(),
                    to.display()
                ),
            );
        }
        let tested = to.unwrap_nullable().clone();
        Typed::new(Node::As(Box::new(value.node), tested), to)
    }

    /// The test of `is` or `case`.
    pub(super) fn pattern(&mut self, value: Typed, pattern: &Pattern, span: Span) -> Node {
        match pattern {
            Pattern::Type(reference, name) => {
                let tested = match reference.kind {
                    TypeRefKind::Var => Type::Unknown,
                    _ => self.resolve(reference),
                };
                self.type_pattern(value, &tested, reference, name.as_ref())
            }
            Pattern::Constant(expr) => {
                if matches!(expr.kind, ExprKind::Name(..) | ExprKind::Member { .. }) {
                    // The name of a type is a type test.
                    if let Bound::Type(tested) = self.bind(expr) {
                        return self.type_test(value, tested);
                    }
                }
                let constant = self.expr(expr, None);
                if constant.ty.is_unknown() || value.ty.is_unknown() {
                    return value.node;
                }
                if super::convert::cost(&constant.ty, &value.ty, constant.constant_value())
                    .is_none()
                {
                    self.error(
                        "TypeMismatch",
                        span,
                        format!(
                            "`{}` cannot be compared with `{}`.",
                            value.ty.display(),
                            constant.ty.display()
                        ),
                    );
                    return value.node;
                }
                let ty = value.ty.clone();
                match self.apply_conversion(constant, &ty) {
                    Node::Constant(constant) => {
                        Node::EqualsConstant(Box::new(value.node), constant)
                    }
                    _ => {
                        self.error("TypeMismatch", expr.span, "A constant is needed here.");
                        value.node
                    }
                }
            }
        }
    }

    pub(super) fn type_pattern(
        &mut self,
        value: Typed,
        tested: &Type,
        reference: &TypeRef,
        name: Option<&crate::expression::ast::Ident>,
    ) -> Node {
        let any = matches!(reference.kind, TypeRefKind::Var);
        let Some(name) = name else {
            return self.type_test(value, tested.clone());
        };
        let declared = if any {
            value.ty.clone()
        } else {
            tested.clone()
        };
        let target = if name.name.as_ref() == "_" {
            Target::Discard
        } else {
            self.declare(name, declared)
        };
        // An unknown type tests nothing: only `var` gets here without a problem.
        Node::IsStore(Box::new(value.node), tested.clone(), target)
    }

    pub(super) fn type_test(&mut self, value: Typed, tested: Type) -> Node {
        Node::Is(Box::new(value.node), tested)
    }
}
