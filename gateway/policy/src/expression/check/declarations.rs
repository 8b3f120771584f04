//! Declarations of locals.

use super::{Checker, Typed};
use crate::expression::ast::{Expr, Ident, Receiver, TypeRef};
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

    /// `var (a, b) = …` and its like.
    pub(super) fn deconstruct(&mut self, parts: &[Receiver], value: &Expr) -> Vec<Step> {
        let typed = self.expr(value, None);
        let types = self.parts_of(&typed.ty, parts.len(), value.span);
        let slot = self.frame().slot();
        let mut steps = vec![Step::Value(Node::Store(
            Target::Local(slot),
            Box::new(typed.node),
        ))];
        for (index, (part, ty)) in parts.iter().zip(types).enumerate() {
            let field = Node::Field(Box::new(Node::Local(slot)), index);
            match part {
                Receiver::Discard => {}
                Receiver::Assign(target) => {
                    steps.extend(self.assign_part(target, field, ty).map(Step::Value));
                }
                Receiver::Declare(reference, name) => {
                    let declared = self.declared(reference).unwrap_or_else(|| ty.clone());
                    let field = self.convert(Typed::new(field, ty), &declared, name.span);
                    let target = self.declare(name, declared);
                    if let Target::Captured(slot) = target {
                        steps.push(Step::Fresh(vec![slot]));
                    }
                    steps.push(Step::Value(Node::Store(target, Box::new(field))));
                }
            }
        }
        steps
    }

    /// The types of the `count` values that a value is taken apart into.
    pub(super) fn parts_of(&mut self, ty: &Type, count: usize, span: Span) -> Vec<Type> {
        match ty {
            Type::Generic(Family::ValueTuple | Family::Tuple | Family::Pair, types)
                if types.len() == count =>
            {
                types.iter().map(Type::without_name).cloned().collect()
            }
            Type::Unknown => vec![Type::Unknown; count],
            other => {
                let message = format!(
                    "`{}` cannot be taken apart into {count} variables.",
                    other.display()
                );
                self.error("TypeMismatch", span, message);
                vec![Type::Unknown; count]
            }
        }
    }
}
