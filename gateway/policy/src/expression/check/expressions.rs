//! Literals, names, interpolation and what else is neither a call nor an operator.

use std::sync::Arc;

use super::members::Bound;
use super::scope::read;
use super::{Checker, Typed};
use crate::expression::ast::{Expr, ExprKind, Hole, Literal, Part, TypeRef};
use crate::expression::node::{Node, Piece};
use crate::expression::text::Text;
use crate::expression::token::{IntegerLiteral, Span};
use crate::expression::types::{Basic, Type};
use crate::expression::value::Value;

impl Checker<'_> {
    /// Checks an expression. `hint` is the type its place wants, which gives lambdas and `default`
    /// theirs; converting to it is left to the caller.
    pub(super) fn expr(&mut self, expr: &Expr, hint: Option<&Type>) -> Typed {
        self.frame().enter();
        let mut typed = self.expr_kind(expr, hint);
        self.frame().depth -= 1;
        typed.constant = typed.constant || (typed.value().is_some() && self.is_constant(expr));
        typed
    }

    pub(super) fn expr_kind(&mut self, expr: &Expr, hint: Option<&Type>) -> Typed {
        let span = expr.span;
        match &expr.kind {
            ExprKind::Literal(literal) => Self::literal(literal),
            ExprKind::Interpolated(parts) => self.interpolated(parts),
            ExprKind::Name(..) | ExprKind::Member { .. } | ExprKind::TypeName(_) => {
                self.value_of(expr)
            }
            ExprKind::ConditionalAccess { target, rest } => self.conditional_access(target, rest),
            ExprKind::Receiver => match self.receivers.last() {
                Some((slot, ty)) => Typed::new(Node::Local(*slot), ty.clone()),
                None => Typed::unknown(),
            },
            ExprKind::Index { target, arguments } => self.index(target, arguments, span),
            ExprKind::Call { target, arguments } => self.call(target, arguments, span),
            ExprKind::New {
                ty,
                arguments,
                initializer,
            } => self.creation(ty, arguments, initializer.as_ref(), span),
            ExprKind::NewArray {
                element,
                length,
                items,
            } => self.new_array(element, length.as_deref(), items.as_deref(), span),
            ExprKind::ImplicitArray(items) => self.implicit_array(items, span),
            ExprKind::ArrayInitializer(items) => self.array_initializer(items, hint, span),
            ExprKind::Anonymous(members) => self.anonymous(members),
            ExprKind::Lambda { parameters, body } => self.lambda(parameters, body, hint, span),
            ExprKind::Unary(op, operand) => self.unary(*op, operand, span),
            ExprKind::Step {
                increment,
                prefix,
                target,
            } => self.step_operator(*increment, *prefix, target, span),
            ExprKind::Chain { first, rest } => self.chain(first, rest),
            ExprKind::And(all) => self.logical(all, true),
            ExprKind::Or(all) => self.logical(all, false),
            ExprKind::Coalesce(all) => self.coalesce(all, hint),
            ExprKind::Conditional {
                condition,
                then,
                otherwise,
            } => self.conditional(condition, then, otherwise, hint, span),
            ExprKind::Assign { target, op, value } => self.assign(target, *op, value, span),
            ExprKind::Cast(ty, operand) => {
                let to = self.resolve(ty);
                let value = self.expr(operand, Some(&to));
                self.constant_cast(operand, &value, &to, span);
                self.cast(value, &to, span)
            }
            ExprKind::Is(operand, pattern) => {
                let value = self.expr(operand, None);
                let node = self.pattern(value, pattern, span);
                Typed::new(node, Type::BOOL)
            }
            ExprKind::As(operand, ty) => self.as_type(operand, ty, span),
            ExprKind::Default(ty) => self.default_value(ty.as_ref(), hint, span),
            ExprKind::Nameof(target) => self.nameof(target, span),
            ExprKind::Typeof(_) => {
                self.error(
                    "NotSupported",
                    span,
                    "`typeof` is not allowed in policy expressions.",
                );
                Typed::unknown()
            }
            ExprKind::Tuple(items) => self.tuple(items, hint),
            ExprKind::Checked(checked, inner) => {
                let outer = self.overflow.replace(*checked);
                let typed = self.expr(inner, hint);
                self.overflow = outer;
                typed
            }
            ExprKind::Throw(value) => {
                let value = self.expr(value, None);
                self.thrown(&value.ty, span);
                Typed::new(Node::Throw(Box::new(value.node)), Type::Null)
            }
        }
    }

    /// What may be thrown.
    pub(super) fn thrown(&mut self, ty: &Type, span: Span) {
        if !matches!(ty, Type::Exception(_) | Type::Unknown | Type::Null) {
            self.error(
                "TypeMismatch",
                span,
                format!("Only an exception can be thrown, not `{}`.", ty.display()),
            );
        }
    }

    pub(super) fn literal(literal: &Literal) -> Typed {
        let (value, ty) = match literal {
            Literal::Null => (Value::Null, Type::Null),
            Literal::Bool(value) => (Value::Bool(*value), Type::BOOL),
            Literal::Integer(IntegerLiteral::Int(value)) => (Value::Int(*value), Type::INT),
            Literal::Integer(IntegerLiteral::Uint(value)) => {
                (Value::UInt(*value), Type::Basic(Basic::UInt))
            }
            Literal::Integer(IntegerLiteral::Long(value)) => {
                (Value::Long(*value), Type::Basic(Basic::Long))
            }
            Literal::Integer(IntegerLiteral::Ulong(value)) => {
                (Value::ULong(*value), Type::Basic(Basic::ULong))
            }
            Literal::Float(value) => (Value::Float(*value), Type::Basic(Basic::Float)),
            Literal::Double(value) => (Value::Double(*value), Type::Basic(Basic::Double)),
            Literal::Decimal(value) => (Value::Decimal(*value), Type::Basic(Basic::Decimal)),
            Literal::Character(unit) => (Value::Char(*unit), Type::CHAR),
            Literal::String(text) => (Value::Text(Text::literal(Arc::clone(text))), Type::STRING),
        };
        Typed::constant(value, ty)
    }

    pub(super) fn interpolated(&mut self, parts: &[Part]) -> Typed {
        let mut pieces = Vec::new();
        for part in parts {
            match part {
                Part::Text(text) => pieces.push(Piece::Text(Arc::clone(text))),
                Part::Hole(hole) => {
                    let Hole {
                        value,
                        alignment,
                        format,
                    } = hole.as_ref();
                    let typed = self.expr(value, None);
                    if typed.ty == Type::Void {
                        self.error("TypeMismatch", value.span, "The expression has no value.");
                    }
                    let alignment = match alignment {
                        Some(expr) => self.alignment(expr),
                        None => 0,
                    };
                    pieces.push(Piece::Value {
                        node: typed.node,
                        alignment,
                        format: format.clone(),
                    });
                }
            }
        }
        if let [Piece::Text(text)] = pieces.as_slice() {
            let value = Value::Text(Text::literal(Arc::clone(text)));
            return Typed::constant(value, Type::STRING);
        }
        if pieces.is_empty() {
            return Typed::constant(Value::Text(Text::literal("")), Type::STRING);
        }
        Typed::new(Node::Format(pieces.into()), Type::STRING)
    }

    pub(super) fn alignment(&mut self, expr: &Expr) -> i32 {
        let typed = self.expr(expr, None);
        match typed.value() {
            Some(Value::Int(value)) if (-10_000..=10_000).contains(value) => *value,
            _ => {
                self.error(
                    "TypeMismatch",
                    expr.span,
                    "The alignment must be a constant number between -10000 and 10000.",
                );
                0
            }
        }
    }

    /// Whether an expression is a constant of C# (§12.23), and not only one whose value is known.
    pub(super) fn is_constant(&self, expr: &Expr) -> bool {
        match &expr.kind {
            ExprKind::Literal(_) | ExprKind::Default(_) | ExprKind::Nameof(_) => true,
            ExprKind::Conditional {
                condition,
                then,
                otherwise,
            } => [condition, then, otherwise]
                .into_iter()
                .all(|part| self.is_constant(part)),
            ExprKind::And(all) | ExprKind::Or(all) => all.iter().all(|part| self.is_constant(part)),
            ExprKind::Name(name, _) => self.names_constant(&name.name),
            ExprKind::Member { target, name, .. } => {
                matches!(target.kind, ExprKind::TypeName(_) | ExprKind::Name(..))
                    && matches!(name.name.as_ref(), "MaxValue" | "MinValue")
            }
            ExprKind::Unary(_, inner) | ExprKind::Cast(_, inner) | ExprKind::Checked(_, inner) => {
                self.is_constant(inner)
            }
            ExprKind::Chain { first, rest } => {
                self.is_constant(first) && rest.iter().all(|(_, operand)| self.is_constant(operand))
            }
            _ => false,
        }
    }

    /// A constant that does not fit the type it is cast to is refused, unless `unchecked` (§12.23).
    fn constant_cast(&mut self, operand: &Expr, value: &Typed, to: &Type, span: Span) {
        let Type::Basic(basic) = to.unwrap_nullable() else {
            return;
        };
        if self.overflow == Some(false) || !to.unwrap_nullable().is_integral() {
            return;
        }
        let Some(constant) = value.value() else {
            return;
        };
        if crate::expression::machine::checked_numeric(constant, *basic).is_err()
            && self.is_constant(operand)
        {
            let text = constant.to_text().unwrap_or_default();
            self.error(
                "Overflow",
                span,
                format!(
                    "The constant {text} does not fit `{}`; `unchecked` would cut it.",
                    to.display()
                ),
            );
        }
    }

    /// A name or member as a value.
    pub(super) fn value_of(&mut self, expr: &Expr) -> Typed {
        match self.bind(expr) {
            Bound::Value(value) => value,
            Bound::Type(ty) => {
                if !ty.is_unknown() {
                    self.error(
                        "TypeMismatch",
                        expr.span,
                        format!("`{}` is a type, but a value is needed here.", ty.display()),
                    );
                }
                Typed::unknown()
            }
            Bound::Namespace(name) => {
                self.error(
                    "UnknownName",
                    expr.span,
                    format!("`{name}` is a namespace, not a value."),
                );
                Typed::unknown()
            }
            Bound::Methods(group) => {
                self.error(
                    "TypeMismatch",
                    group.name.span,
                    format!("`{}` is a method and must be called.", group.name.name),
                );
                Typed::unknown()
            }
        }
    }

    pub(super) fn default_value(
        &mut self,
        ty: Option<&TypeRef>,
        hint: Option<&Type>,
        span: Span,
    ) -> Typed {
        let ty = match (ty, hint) {
            (Some(reference), _) => self.resolve(reference),
            (None, Some(hint)) => hint.clone(),
            (None, None) => {
                self.error(
                    "TypeMismatch",
                    span,
                    "The type of `default` is not known here.",
                );
                Type::Unknown
            }
        };
        match default_of(&ty) {
            Some(value) => Typed::constant(value, ty),
            None => Typed::constant(Value::Null, ty),
        }
    }

    pub(super) fn nameof(&mut self, target: &Expr, span: Span) -> Typed {
        let name = match &target.kind {
            ExprKind::Name(name, _) | ExprKind::Member { name, .. } => Arc::clone(&name.name),
            _ => {
                self.error("TypeMismatch", span, "`nameof` needs a name.");
                return Typed::unknown();
            }
        };
        if let ExprKind::Name(ident, _) = &target.kind
            && let Some(local) = self.local(&ident.name, span)
        {
            let _ = read(&local);
        }
        Typed::constant(Value::Text(Text::literal(name)), Type::STRING)
    }
}

/// `default(T)`; `None` for types whose default is `null`.
pub(crate) fn default_of(ty: &Type) -> Option<Value> {
    use crate::expression::time::{DateTime, DateTimeOffset, Kind, TimeSpan};
    Some(match ty {
        Type::Basic(basic) => match basic {
            Basic::Bool => Value::Bool(false),
            Basic::Char => Value::Char(0),
            Basic::SByte => Value::SByte(0),
            Basic::Byte => Value::Byte(0),
            Basic::Short => Value::Short(0),
            Basic::UShort => Value::UShort(0),
            Basic::Int => Value::Int(0),
            Basic::UInt => Value::UInt(0),
            Basic::Long => Value::Long(0),
            Basic::ULong => Value::ULong(0),
            Basic::Float => Value::Float(0.0),
            Basic::Double => Value::Double(0.0),
            Basic::Decimal => Value::Decimal(rust_decimal::Decimal::ZERO),
            Basic::Guid => Value::Guid([0; 16]),
            Basic::DateTime => Value::DateTime(DateTime {
                ticks: 0,
                kind: Kind::Unspecified,
            }),
            Basic::DateTimeOffset => Value::DateTimeOffset(DateTimeOffset {
                local_ticks: 0,
                offset_minutes: 0,
            }),
            Basic::TimeSpan => Value::TimeSpan(TimeSpan(0)),
            _ => return None,
        },
        Type::Enumeration(enumeration) => Value::Enum(*enumeration, 0),
        Type::Generic(crate::expression::types::Family::ValueTuple, types) => {
            let items = types
                .iter()
                .map(|ty| default_of(ty.without_name()).unwrap_or(Value::Null))
                .collect();
            Value::object(crate::expression::object::Object::Tuple {
                family: crate::expression::types::Family::ValueTuple,
                types: Arc::clone(types),
                items,
            })
        }
        _ => return None,
    })
}
