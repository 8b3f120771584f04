//! Declarations of locals.

use super::{Checker, Typed};
use crate::expression::ast::{Expr, Ident, TypeRef};
use crate::expression::node::{Node, Step, Target};
use crate::expression::token::Span;
use crate::expression::types::{Family, Type};
use crate::expression::value::Value;

impl Checker<'_> {
    pub(super) fn local_declaration(
        &mut self,
        reference: &TypeRef,
        constant: bool,
        names: &[(Ident, Option<Expr>)],
    ) -> Vec<Step> {
        let declared = self.declared(reference);
        let mut steps = Vec::new();
        for (name, value) in names {
            let typed = match value {
                Some(value) => {
                    let typed = self.expr(value, declared.as_ref());
                    Some((typed, value.span))
                }
                None => None,
            };
            let ty = match (&declared, &typed) {
                (Some(declared), _) => declared.clone(),
                (None, Some((typed, span))) => self.inferred_type(typed, name, *span),
                (None, None) => {
                    self.error(
                        "TypeMismatch",
                        name.span,
                        format!("`var {}` needs a value that tells its type.", name.name),
                    );
                    Type::Unknown
                }
            };
            let node = match typed {
                Some((typed, span)) => self.convert(typed, &ty, span),
                None => Node::Constant(super::expressions::default_of(&ty).unwrap_or(Value::Null)),
            };
            if constant {
                match node {
                    Node::Constant(value) => self.declare_constant(name, ty, value),
                    _ => {
                        self.error(
                            "TypeMismatch",
                            name.span,
                            "A `const` needs a constant value.",
                        );
                        self.declare(name, ty);
                    }
                }
                continue;
            }
            let target = self.declare(name, ty);
            if let Target::Captured(slot) = target {
                steps.push(Step::Fresh(vec![slot]));
            }
            steps.push(Step::Value(Node::Store(target, Box::new(node))));
        }
        steps
    }

    pub(super) fn inferred_type(&mut self, typed: &Typed, name: &Ident, span: Span) -> Type {
        match typed.ty {
            Type::Null | Type::Void => {
                let what = if typed.ty == Type::Null {
                    "null"
                } else {
                    "no value"
                };
                self.error(
                    "TypeMismatch",
                    span,
                    format!("The type of `{}` cannot be told from {what}.", name.name),
                );
                Type::Unknown
            }
            ref ty => ty.clone(),
        }
    }

    pub(super) fn deconstruct(&mut self, names: &[Ident], value: &Expr) -> Vec<Step> {
        let typed = self.expr(value, None);
        let types = match &typed.ty {
            Type::Generic(Family::ValueTuple, types) if types.len() == names.len() => {
                types.to_vec()
            }
            Type::Unknown => vec![Type::Unknown; names.len()],
            other => {
                let message = format!(
                    "`{}` cannot be taken apart into {} variables.",
                    other.display(),
                    names.len()
                );
                self.error("TypeMismatch", value.span, message);
                vec![Type::Unknown; names.len()]
            }
        };
        let slot = self.frame().slot();
        let mut steps = vec![Step::Value(Node::Store(
            Target::Local(slot),
            Box::new(typed.node),
        ))];
        for (index, (name, ty)) in names.iter().zip(types).enumerate() {
            if name.name.as_ref() == "_" {
                continue;
            }
            let target = self.declare(name, ty);
            if let Target::Captured(slot) = target {
                steps.push(Step::Fresh(vec![slot]));
            }
            let field = Node::Field(Box::new(Node::Local(slot)), index);
            steps.push(Step::Value(Node::Store(target, Box::new(field))));
        }
        steps
    }
}
