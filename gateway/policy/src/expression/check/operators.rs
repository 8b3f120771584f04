//! Operators (C# 7 §12.4 and §12.9 to §12.14).

use super::bindings::levels;
use super::{Checker, Typed};
use crate::expression::ast::{BinaryOp, Expr, UnaryOp};
use crate::expression::library::registry::{Member, registry};
use crate::expression::machine::operators;
use crate::expression::node::{Conversion, Native, Node};
use crate::expression::text::Text;
use crate::expression::token::Span;
use crate::expression::types::{Basic, Type};
use crate::expression::value::Value;
use std::sync::Arc;

/// What an operator does with operands of two types.
pub(super) struct Operation {
    /// What both operands are converted to, if to anything.
    pub(super) operands: Option<(Type, Type)>,
    pub(super) result: Type,
    pub(super) kind: OperationKind,
}

/// How an operation runs.
#[derive(Clone, Copy)]
pub(super) enum OperationKind {
    Values,
    References,
    Concat,
    /// An operator of the library: see [`declared`].
    Library(Native),
}

impl Checker<'_> {
    pub(super) fn unary(&mut self, op: UnaryOp, operand: &Expr, span: Span) -> Typed {
        let value = self.expr(operand, None);
        let plain = value.ty.unwrap_nullable().clone();
        let lift = |ty: Type| match value.ty {
            Type::Nullable(_) => Type::Nullable(Arc::new(ty)),
            _ => ty,
        };
        let target = match (op, &plain) {
            (_, Type::Unknown) => return Typed::unknown(),
            (UnaryOp::Not, Type::Basic(Basic::Bool)) => Type::BOOL,
            (UnaryOp::Minus, Type::Basic(Basic::TimeSpan)) => plain.clone(),
            (UnaryOp::Minus, Type::Basic(Basic::UInt)) => Type::Basic(Basic::Long),
            // -2147483648 and -9223372036854775808 are literals of their own (§12.9.3).
            (UnaryOp::Minus, Type::Basic(Basic::ULong))
                if matches!(value.value(), Some(Value::ULong(0x8000_0000_0000_0000))) =>
            {
                return Typed::constant(Value::Long(i64::MIN), Type::Basic(Basic::Long));
            }
            (UnaryOp::Plus | UnaryOp::Minus, ty) if ty.rank() == Some(0) => Type::INT,
            (UnaryOp::Plus | UnaryOp::Minus, ty)
                if ty.is_numeric() && *ty != Type::Basic(Basic::ULong) =>
            {
                ty.clone()
            }
            (UnaryOp::Complement, ty) if ty.rank() == Some(0) => Type::INT,
            (UnaryOp::Complement, ty) if ty.is_integral() => ty.clone(),
            _ => {
                let symbol = match op {
                    UnaryOp::Plus => "+",
                    UnaryOp::Minus => "-",
                    UnaryOp::Not => "!",
                    UnaryOp::Complement => "~",
                };
                self.error(
                    "TypeMismatch",
                    span,
                    format!(
                        "Operator `{symbol}` cannot be applied to `{}`.",
                        value.ty.display()
                    ),
                );
                return Typed::unknown();
            }
        };
        if let Some(Value::UInt(0x8000_0000)) = value.value()
            && op == UnaryOp::Minus
        {
            return Typed::constant(Value::Int(i32::MIN), Type::INT);
        }
        let result = lift(target);
        let node = self.apply_conversion(value, &result);
        if let Node::Constant(constant) = &node
            && let Ok(folded) = operators::unary(op, constant)
        {
            return Typed::constant(folded, result);
        }
        Typed::new(Node::Unary(op, Box::new(node)), result)
    }

    /// Operators of one level, from left to right.
    pub(super) fn chain(&mut self, first: &Expr, rest: &[(BinaryOp, Expr)]) -> Typed {
        let mut left = self.expr(first, None);
        let mut span = first.span;
        let mut constant = self.is_constant(first);
        for (op, operand) in rest {
            let right = self.expr(operand, None);
            let whole = span.to(operand.span);
            constant = constant && self.is_constant(operand);
            left = self.binary(*op, left, right, (span, operand.span), constant);
            left.constant = constant && left.value().is_some();
            span = whole;
        }
        left
    }

    fn binary(
        &mut self,
        op: BinaryOp,
        left: Typed,
        right: Typed,
        (left_span, right_span): (Span, Span),
        constant: bool,
    ) -> Typed {
        let span = left_span.to(right_span);
        let Some(operation) = self.operation(op, &left, &right, span) else {
            return Typed::unknown();
        };
        if matches!(operation.kind, OperationKind::Concat) {
            return concat(left, right);
        }
        let (a, b) = match &operation.operands {
            Some((to_left, to_right)) => (
                self.apply_conversion(left, to_left),
                self.apply_conversion(right, to_right),
            ),
            None => (left.node, right.node),
        };
        if let OperationKind::Library(native) = operation.kind {
            return self.library_call(native, vec![a, b], false, operation.result);
        }
        if matches!(operation.kind, OperationKind::References) {
            let node = Node::SameReference {
                negate: op == BinaryOp::NotEqual,
                operands: Box::new((a, b)),
            };
            return Typed::new(node, operation.result);
        }
        let checked = self.overflow == Some(true)
            && matches!(op, BinaryOp::Add | BinaryOp::Subtract | BinaryOp::Multiply)
            && operation.result.unwrap_nullable().is_integral();
        if let (Node::Constant(x), Node::Constant(y)) = (&a, &b) {
            // Constants are checked unless `unchecked` says otherwise (§12.8.20).
            if constant && self.overflow != Some(false) && operators::checked(op, x, y).is_err() {
                let message = match op {
                    BinaryOp::Divide | BinaryOp::Remainder => "Division by constant zero.",
                    _ => "The result of this constant does not fit its type.",
                };
                self.error("Overflow", span, message);
                return Typed::unknown();
            }
            let folded = if checked {
                operators::checked(op, x, y)
            } else {
                operators::binary(op, x, y)
            };
            if let Ok(value) = folded {
                return Typed::constant(value, operation.result);
            }
        }
        if checked {
            return Typed::new(Node::Checked(Box::new((op, a, b))), operation.result);
        }
        // Chains stay flat, so that a long sum does not nest.
        let node = match a {
            Node::Chain(first, rest) => {
                let mut rest = rest.into_vec();
                rest.push((op, b));
                Node::Chain(first, rest.into())
            }
            Node::Binary(parts) if !matches!(b, Node::Chain(..)) => {
                let (first_op, x, y) = *parts;
                Node::Chain(Box::new(x), Box::new([(first_op, y), (op, b)]))
            }
            a => Node::Binary(Box::new((op, a, b))),
        };
        Typed::new(node, operation.result)
    }

    /// Finds the operator for two operands, or reports that there is none.
    pub(super) fn operation(
        &mut self,
        op: BinaryOp,
        left: &Typed,
        right: &Typed,
        span: Span,
    ) -> Option<Operation> {
        if left.ty.is_unknown() || right.ty.is_unknown() {
            return None;
        }
        let equality = matches!(op, BinaryOp::Equal | BinaryOp::NotEqual);
        let found = if let Some(operation) = declared(op, left, right) {
            Some(operation)
        } else if equality {
            self.equality(left, right, span)
        } else {
            arithmetic(op, left, right)
        };
        if found.is_none() {
            self.error(
                "TypeMismatch",
                span,
                format!(
                    "Operator `{}` cannot be applied to operands of type `{}` and `{}`.",
                    op.symbol(),
                    left.ty.display(),
                    right.ty.display()
                ),
            );
        }
        found
    }

    fn equality(&mut self, left: &Typed, right: &Typed, span: Span) -> Option<Operation> {
        let values = |operands: Option<(Type, Type)>| {
            Some(Operation {
                operands,
                result: Type::BOOL,
                kind: OperationKind::Values,
            })
        };
        let (a, b) = (&left.ty, &right.ty);
        if *a == Type::Void || *b == Type::Void {
            return None;
        }
        // Comparison with null: of references, and of nullable values.
        if *a == Type::Null || *b == Type::Null {
            let other = if *a == Type::Null { b } else { a };
            if other.is_value_type() {
                self.warn(
                    "AlwaysSame",
                    span,
                    format!(
                        "`{}` is never null; the comparison always gives the same.",
                        other.display()
                    ),
                );
            }
            return values(None);
        }
        let (x, y) = (a.unwrap_nullable(), b.unwrap_nullable());
        if x.is_numeric() && y.is_numeric() {
            let to = promoted(left, right)?;
            return values(Some((to.clone(), to)));
        }
        let operator_of_its_own = *x == Type::STRING || *x == Type::Basic(Basic::Uri);
        if x == y && (x.is_value_type() || operator_of_its_own) {
            return values(None);
        }
        if let (Type::Enumeration(_), Some(Value::Int(0))) = (x, right.constant_value()) {
            return values(Some((x.clone(), x.clone())));
        }
        let offset = Type::Basic(Basic::DateTimeOffset);
        if (*x == offset && *y == Type::Basic(Basic::DateTime))
            || (*y == offset && *x == Type::Basic(Basic::DateTime))
        {
            return values(Some((offset.clone(), offset)));
        }
        if a.is_value_type() || b.is_value_type() {
            // `object == 1` does not compile.
            return None;
        }
        let related = super::convert::reference_cast(a, b) || super::convert::reference_cast(b, a);
        if !related {
            return None;
        }
        let string = *a == Type::STRING || *b == Type::STRING;
        if string {
            self.warn(
                "ReferenceComparison",
                span,
                "This compares references, not texts: cast the `object` to `string`.",
            );
        }
        Some(Operation {
            operands: None,
            result: Type::BOOL,
            kind: OperationKind::References,
        })
    }
}

/// The operator that a type of the library declares for two operands (C# 7 §12.4.5): a static, pure
/// entry named as the metadata of .NET names it (`op_Addition`, `op_Equality`, …) in the group of
/// either type or of a base of it. The one whose conversions are best wins.
fn declared(op: BinaryOp, left: &Typed, right: &Typed) -> Option<Operation> {
    let name = metadata_name(op)?;
    let declares = |ty: &Type| {
        !ty.is_numeric() && !matches!(ty, Type::Basic(Basic::String | Basic::Object | Basic::Bool))
    };
    let mut best: Option<(u32, &'static Member)> = None;
    for ty in [&left.ty, &right.ty].into_iter().filter(|ty| declares(ty)) {
        for level in levels(ty.unwrap_nullable()) {
            let members = registry().of(&level).iter();
            for member in members.filter(|m| m.is_static && m.name.as_ref() == name) {
                let [a, b] = member.parameters.as_slice() else {
                    continue;
                };
                let costs = super::convert::cost(&left.ty, &a.ty, left.constant_value()).zip(
                    super::convert::cost(&right.ty, &b.ty, right.constant_value()),
                );
                if let Some((x, y)) = costs
                    && best.is_none_or(|(least, _)| x + y < least)
                {
                    best = Some((x + y, member));
                }
            }
        }
    }
    let (_, member) = best?;
    let [a, b] = member.parameters.as_slice() else {
        return None;
    };
    Some(Operation {
        operands: Some((a.ty.clone(), b.ty.clone())),
        result: member.returns.clone(),
        kind: OperationKind::Library(member.native),
    })
}

/// What an operator is called in the metadata of .NET (ECMA-335 §I.10.3.2).
fn metadata_name(op: BinaryOp) -> Option<&'static str> {
    Some(match op {
        BinaryOp::Add => "op_Addition",
        BinaryOp::Subtract => "op_Subtraction",
        BinaryOp::Equal => "op_Equality",
        BinaryOp::NotEqual => "op_Inequality",
        BinaryOp::Less => "op_LessThan",
        BinaryOp::Greater => "op_GreaterThan",
        BinaryOp::LessEqual => "op_LessThanOrEqual",
        BinaryOp::GreaterEqual => "op_GreaterThanOrEqual",
        _ => return None,
    })
}

/// Binary numeric promotion (§12.4.7.3).
fn promoted(left: &Typed, right: &Typed) -> Option<Type> {
    let (x, y) = (left.ty.unwrap_nullable(), right.ty.unwrap_nullable());
    let (a, b) = (x.rank()?, y.rank()?);
    let signed = |ty: &Type| {
        matches!(
            ty,
            Type::Basic(Basic::SByte | Basic::Short | Basic::Int | Basic::Long)
        )
    };
    // A constant that is not negative converts to the unsigned type beside it.
    let counts_as_signed = |typed: &Typed, ty: &Type| {
        signed(ty) && !matches!(typed.constant_value(), Some(Value::Int(v)) if *v >= 0)
    };
    let ty = match a.max(b) {
        // Neither converts to the other.
        7 if matches!(a.min(b), 5 | 6) => return None,
        7 => Basic::Decimal,
        6 => Basic::Double,
        5 => Basic::Float,
        4 => {
            if (a < 4 && counts_as_signed(left, x)) || (b < 4 && counts_as_signed(right, y)) {
                return None;
            }
            Basic::ULong
        }
        3 => Basic::Long,
        2 => {
            if (a < 2 && counts_as_signed(left, x)) || (b < 2 && counts_as_signed(right, y)) {
                Basic::Long
            } else {
                Basic::UInt
            }
        }
        _ => Basic::Int,
    };
    let plain = Type::Basic(ty);
    let lifted = matches!(left.ty, Type::Nullable(_)) || matches!(right.ty, Type::Nullable(_));
    Some(if lifted {
        Type::Nullable(Arc::new(plain))
    } else {
        plain
    })
}

fn arithmetic(op: BinaryOp, left: &Typed, right: &Typed) -> Option<Operation> {
    let make = |operands, result, kind| {
        Some(Operation {
            operands,
            result,
            kind,
        })
    };
    let (a, b) = (&left.ty, &right.ty);
    if *a == Type::Void || *b == Type::Void {
        return None;
    }
    if op == BinaryOp::Add && (*a == Type::STRING || *b == Type::STRING) {
        return make(None, Type::STRING, OperationKind::Concat);
    }
    let (x, y) = (a.unwrap_nullable(), b.unwrap_nullable());
    let lifted = matches!(a, Type::Nullable(_)) || matches!(b, Type::Nullable(_));
    let lift = |ty: Type| {
        if lifted {
            Type::Nullable(Arc::new(ty))
        } else {
            ty
        }
    };
    let comparison = matches!(
        op,
        BinaryOp::Less | BinaryOp::Greater | BinaryOp::LessEqual | BinaryOp::GreaterEqual
    );
    if matches!(op, BinaryOp::ShiftLeft | BinaryOp::ShiftRight) {
        if !x.is_integral() || y.rank().is_none_or(|rank| rank > 1) {
            return None;
        }
        let to = if x.rank() == Some(0) {
            Type::INT
        } else {
            x.clone()
        };
        return make(
            Some((lift(to.clone()), Type::INT)),
            lift(to),
            OperationKind::Values,
        );
    }
    if x.is_numeric() && y.is_numeric() {
        let to = promoted(left, right)?;
        let bits = matches!(op, BinaryOp::And | BinaryOp::Or | BinaryOp::Xor);
        if bits && !to.unwrap_nullable().is_integral() {
            return None;
        }
        let result = if comparison { Type::BOOL } else { to.clone() };
        return make(Some((to.clone(), to)), result, OperationKind::Values);
    }
    let bits = matches!(op, BinaryOp::And | BinaryOp::Or | BinaryOp::Xor);
    if bits && x == y && matches!(x, Type::Basic(Basic::Bool) | Type::Enumeration(_)) {
        return make(None, lift(x.clone()), OperationKind::Values);
    }
    let basic = |ty: &Type| match ty {
        Type::Basic(basic) => Some(*basic),
        _ => None,
    };
    let span = Type::Basic(Basic::TimeSpan);
    let result = match (op, basic(x)?, basic(y)?) {
        (BinaryOp::Subtract, Basic::DateTime, Basic::DateTime)
        | (BinaryOp::Add | BinaryOp::Subtract, Basic::TimeSpan, Basic::TimeSpan) => span,
        (
            BinaryOp::Add | BinaryOp::Subtract,
            time @ (Basic::DateTime | Basic::DateTimeOffset),
            Basic::TimeSpan,
        ) => Type::Basic(time),
        (_, Basic::DateTime | Basic::DateTimeOffset, Basic::DateTime | Basic::DateTimeOffset)
            if comparison || op == BinaryOp::Subtract =>
        {
            let result = if comparison { Type::BOOL } else { lift(span) };
            if x == y {
                return make(None, result, OperationKind::Values);
            }
            let to = Type::Basic(Basic::DateTimeOffset);
            return make(Some((to.clone(), to)), result, OperationKind::Values);
        }
        (_, Basic::TimeSpan, Basic::TimeSpan) if comparison => Type::BOOL,
        _ => return None,
    };
    make(None, lift(result), OperationKind::Values)
}

/// `a + b` with a string; sums of several are one node.
fn concat(left: Typed, right: Typed) -> Typed {
    let mut parts: Vec<Node> = match left.node {
        Node::Concat(parts) => parts.into_vec(),
        node => vec![node],
    };
    match right.node {
        Node::Concat(more) => parts.extend(more.into_vec()),
        node => parts.push(node),
    }
    // Neighbouring constants are one text.
    let mut merged: Vec<Node> = Vec::with_capacity(parts.len());
    for part in parts {
        if let (Some(Node::Constant(before)), Node::Constant(after)) = (merged.last(), &part)
            && let (Ok(before), Ok(after)) = (before.to_text(), after.to_text())
        {
            merged.pop();
            merged.push(Node::Constant(Value::Text(Text::literal(before + &after))));
            continue;
        }
        merged.push(part);
    }
    if let [Node::Constant(value @ Value::Text(_))] = merged.as_slice() {
        return Typed::constant(value.clone(), Type::STRING);
    }
    Typed::new(Node::Concat(merged.into()), Type::STRING)
}

/// The conversion that brings a value of `from` to `to` in a compound operation.
pub(super) fn numeric_conversion(from: &Type, to: &Type) -> Option<Conversion> {
    match to.unwrap_nullable() {
        Type::Basic(basic)
            if from.unwrap_nullable() != to.unwrap_nullable()
                && to.unwrap_nullable().is_numeric() =>
        {
            Some(Conversion::Numeric(*basic))
        }
        _ => None,
    }
}
