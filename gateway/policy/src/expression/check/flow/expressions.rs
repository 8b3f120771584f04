//! Expressions (C# 7 §9.4.4.21 to §9.4.4.33), with the states of conditions that hold and that fail.

use super::{Binding, Flow, State};
use crate::expression::ast::{
    Argument, ArgumentValue, BinaryOp, Element, Expr, ExprKind, Initializer, Literal, Part,
    Pattern, TypeRefKind, UnaryOp,
};
use crate::expression::token::IntegerLiteral;

impl<'e> Flow<'e> {
    pub(super) fn expr(&mut self, expr: &'e Expr) {
        match &expr.kind {
            ExprKind::Literal(_)
            | ExprKind::TypeName(_)
            | ExprKind::Receiver
            | ExprKind::Default(_)
            | ExprKind::Typeof(_)
            // Only names it.
            | ExprKind::Nameof(_) => {}
            ExprKind::Interpolated(parts) => {
                for part in parts {
                    if let Part::Hole(hole) = part {
                        self.expr(&hole.value);
                        self.all(&hole.alignment);
                    }
                }
            }
            ExprKind::Name(name, _) => match self.binding(&name.name) {
                Some(Binding::Variable(variable)) => self.read(variable, &name.name, expr.span),
                Some(Binding::Function(function)) => {
                    self.use_function(function, &name.name, expr.span, false);
                }
                Some(Binding::Assigned | Binding::Constant(_)) | None => {}
            },
            ExprKind::Member { target, .. } => self.expr(target),
            ExprKind::ConditionalAccess { target, rest } => {
                self.expr(target);
                let skipped = self.state.clone();
                self.expr(rest);
                self.state = skipped;
            }
            ExprKind::Index { target, arguments } => {
                self.expr(target);
                self.arguments(arguments);
            }
            ExprKind::Call { target, arguments } => self.call(target, arguments),
            ExprKind::New {
                arguments,
                initializer,
                ..
            } => {
                self.arguments(arguments);
                self.initializer(initializer.as_ref());
            }
            ExprKind::NewArray { length, items, .. } => {
                self.all(length.as_deref());
                self.all(items.iter().flatten());
            }
            ExprKind::ImplicitArray(items) | ExprKind::ArrayInitializer(items) => self.all(items),
            ExprKind::Anonymous(members) => self.all(members.iter().map(|(_, value)| value)),
            ExprKind::Tuple(items) => self.all(items.iter().map(|(_, value)| value)),
            ExprKind::Lambda { parameters, body } => {
                let before = self.state.clone();
                self.scope(|flow| {
                    for parameter in parameters {
                        flow.bind(&parameter.name, Binding::Assigned);
                    }
                    flow.function_body(body);
                });
                self.state = before;
            }
            ExprKind::Unary(UnaryOp::Not, _)
            | ExprKind::And(_)
            | ExprKind::Or(_)
            | ExprKind::Conditional { .. }
            | ExprKind::Is(..) => {
                let (holds, fails) = self.condition(expr);
                self.state = holds;
                self.state.meet(&fails);
            }
            ExprKind::Unary(_, inner)
            | ExprKind::Step { target: inner, .. }
            | ExprKind::Cast(_, inner)
            | ExprKind::As(inner, _)
            | ExprKind::Checked(_, inner) => self.expr(inner),
            ExprKind::Chain { first, rest } => {
                self.expr(first);
                self.all(rest.iter().map(|(_, operand)| operand));
            }
            ExprKind::Coalesce(all) => {
                let mut operands = all.iter();
                self.all(operands.next());
                // Those that follow may not be evaluated.
                let skipped = self.state.clone();
                self.all(operands);
                self.state = skipped;
            }
            ExprKind::Assign { target, op, value } => {
                if op.is_some() {
                    self.expr(target);
                    self.expr(value);
                    return;
                }
                match &target.kind {
                    ExprKind::Name(..) => {
                        self.expr(value);
                        self.assign_to(target);
                    }
                    ExprKind::Tuple(_) => {
                        self.expr(value);
                        self.assign_to(target);
                    }
                    _ => {
                        self.expr(target);
                        self.expr(value);
                    }
                }
            }
            ExprKind::Throw(value) => {
                self.expr(value);
                self.take();
            }
        }
    }

    /// What gets a value that was computed.
    pub(super) fn assign_to(&mut self, target: &'e Expr) {
        match &target.kind {
            ExprKind::Name(name, _) => self.assign_name(&name.name),
            ExprKind::Tuple(targets) => {
                for (_, target) in targets {
                    self.assign_to(target);
                }
            }
            _ => self.expr(target),
        }
    }

    fn call(&mut self, target: &'e Expr, arguments: &'e [Argument]) {
        if let ExprKind::Name(name, _) = &target.kind
            && let Some(Binding::Function(function)) = self.binding(&name.name)
        {
            self.arguments(arguments);
            self.use_function(function, &name.name, target.span, true);
            return;
        }
        self.expr(target);
        self.arguments(arguments);
    }

    fn arguments(&mut self, arguments: &'e [Argument]) {
        let mut outs = Vec::new();
        for argument in arguments {
            match &argument.value {
                ArgumentValue::Value(expr) => self.expr(expr),
                ArgumentValue::Reference { out, target } => match &target.kind {
                    ExprKind::Name(name, _) if *out => {
                        if let Some(Binding::Variable(variable)) = self.binding(&name.name) {
                            outs.push(variable);
                        }
                    }
                    _ => self.expr(target),
                },
                ArgumentValue::Declare { name, .. } => outs.push(self.bind_variable(name)),
                ArgumentValue::Discard(_) => {}
            }
        }
        for variable in outs {
            self.state.assign(variable);
        }
    }

    fn initializer(&mut self, initializer: Option<&'e Initializer>) {
        match initializer {
            Some(Initializer::Members(members)) => {
                self.all(members.iter().map(|(_, value)| value));
            }
            Some(Initializer::Elements(elements)) => {
                for element in elements {
                    match element {
                        Element::Add(values) => self.all(values),
                        Element::Set(arguments, value) => {
                            self.arguments(arguments);
                            self.expr(value);
                        }
                    }
                }
            }
            None => {}
        }
    }

    /// A condition: the states when it holds and when it fails.
    pub(super) fn condition(&mut self, expr: &'e Expr) -> (State, State) {
        match &expr.kind {
            ExprKind::Unary(UnaryOp::Not, inner) => {
                let (holds, fails) = self.condition(inner);
                (fails, holds)
            }
            ExprKind::Checked(_, inner) => self.condition(inner),
            ExprKind::And(all) => {
                let mut failed = State::unreachable();
                for operand in all {
                    let (holds, fails) = self.condition(operand);
                    failed.meet(&fails);
                    self.state = holds;
                }
                (self.take(), failed)
            }
            ExprKind::Or(all) => {
                let mut held = State::unreachable();
                for operand in all {
                    let (holds, fails) = self.condition(operand);
                    held.meet(&holds);
                    self.state = fails;
                }
                (held, self.take())
            }
            ExprKind::Conditional {
                condition,
                then,
                otherwise,
            } => {
                let (holds, fails) = self.condition(condition);
                self.state = holds;
                let (mut held, mut failed) = self.condition(then);
                self.state = fails;
                let (holds, fails) = self.condition(otherwise);
                held.meet(&holds);
                failed.meet(&fails);
                (held, failed)
            }
            ExprKind::Is(operand, pattern) => {
                self.expr(operand);
                match pattern {
                    Pattern::Constant(constant) => self.expr(constant),
                    Pattern::Type(ty, Some(name)) => {
                        let fails = self.state.clone();
                        let variable = self.bind_variable(name);
                        self.state.assign(variable);
                        if !matches!(ty.kind, TypeRefKind::Var) {
                            return (self.take(), fails);
                        }
                    }
                    Pattern::Type(_, None) => {}
                }
                self.both()
            }
            _ => {
                self.expr(expr);
                match self.truth(expr) {
                    Some(true) => (self.take(), State::unreachable()),
                    Some(false) => (State::unreachable(), self.take()),
                    None => self.both(),
                }
            }
        }
    }

    fn both(&mut self) -> (State, State) {
        let state = self.take();
        (state.clone(), state)
    }

    /// The value of a constant condition (§12.23), as far as conditions are written.
    pub(super) fn truth(&self, expr: &Expr) -> Option<bool> {
        let integer = |expr: &Expr| match &expr.kind {
            ExprKind::Literal(Literal::Integer(IntegerLiteral::Int(value))) => Some(*value),
            _ => None,
        };
        match &expr.kind {
            ExprKind::Literal(Literal::Bool(value)) => Some(*value),
            ExprKind::Name(name, _) => match self.binding(&name.name) {
                Some(Binding::Constant(value)) => value,
                _ => None,
            },
            ExprKind::Unary(UnaryOp::Not, inner) => self.truth(inner).map(|value| !value),
            ExprKind::Checked(_, inner) => self.truth(inner),
            ExprKind::Chain { first, rest } => {
                let [(op, second)] = rest.as_slice() else {
                    return None;
                };
                let (first, second) = (integer(first)?, integer(second)?);
                match op {
                    BinaryOp::Equal => Some(first == second),
                    BinaryOp::NotEqual => Some(first != second),
                    BinaryOp::Less => Some(first < second),
                    BinaryOp::LessEqual => Some(first <= second),
                    BinaryOp::Greater => Some(first > second),
                    BinaryOp::GreaterEqual => Some(first >= second),
                    _ => None,
                }
            }
            _ => None,
        }
    }
}
