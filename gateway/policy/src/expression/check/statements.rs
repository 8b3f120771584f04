//! Statements (C# 7 clause 13): what they do, and whether control leaves them at the end.

use super::Checker;
use super::control_flow::{breaks, continues};
use super::scope::Returns;
use crate::expression::ast::{Expr, ExprKind, Statement, StatementKind};
use crate::expression::node::{Node, Step};
use crate::expression::token::Span;
use crate::expression::types::Type;
use crate::expression::value::Value;

impl Checker<'_> {
    /// The steps of a block in a scope of its own, and whether its end is reached.
    pub(super) fn block_steps(&mut self, statements: &[Statement]) -> (Vec<Step>, bool) {
        self.frame().enter();
        self.push_scope();
        let mut announced = Vec::new();
        for statement in statements {
            if let StatementKind::LocalFunction {
                returns,
                name,
                parameters,
                ..
            } = &statement.kind
            {
                announced.push(self.announce_function(returns.as_ref(), name, parameters));
            }
        }
        let mut functions = announced.into_iter();
        let mut steps = Vec::new();
        let mut defines = Vec::new();
        let mut completes = true;
        for statement in statements {
            if let StatementKind::LocalFunction {
                parameters, body, ..
            } = &statement.kind
            {
                if let Some((slot, ty)) = functions.next() {
                    let node = self.local_function(&ty, parameters, body, statement.span);
                    defines.push((slot, node));
                }
                continue;
            }
            if !completes {
                self.unreachable(statement);
            }
            let (step, goes_on) = self.statement(statement);
            completes &= goes_on;
            steps.extend(step);
        }
        if !defines.is_empty() {
            // Variables of this block that functions capture exist before the functions do.
            let mut fresh = Vec::new();
            steps.retain(|step| match step {
                Step::Fresh(slots) => {
                    fresh.extend(slots.iter().copied());
                    false
                }
                _ => true,
            });
            steps.insert(0, Step::Define(defines));
            steps.insert(0, Step::Fresh(fresh));
        }
        self.pop_scope();
        self.frame().depth -= 1;
        (steps, completes)
    }

    pub(super) fn unreachable(&mut self, statement: &Statement) {
        if !matches!(statement.kind, StatementKind::Empty | StatementKind::Break) {
            self.warn(
                "UnreachableCode",
                statement.span,
                "This code is never reached.",
            );
        }
    }

    pub(super) fn statement(&mut self, statement: &Statement) -> (Vec<Step>, bool) {
        self.frame().enter();
        let lowered = self.statement_kind(statement);
        self.frame().depth -= 1;
        lowered
    }

    /// A statement that stands alone, as one step.
    pub(super) fn embedded(&mut self, statement: &Statement) -> (Step, bool) {
        self.push_scope();
        let (steps, completes) = self.statement(statement);
        self.pop_scope();
        (Self::joined(steps), completes)
    }

    pub(super) fn statement_kind(&mut self, statement: &Statement) -> (Vec<Step>, bool) {
        let span = statement.span;
        match &statement.kind {
            StatementKind::Empty | StatementKind::LocalFunction { .. } => (Vec::new(), true),
            StatementKind::Block(statements) => {
                let (steps, completes) = self.block_steps(statements);
                (vec![Step::Block(steps)], completes)
            }
            StatementKind::Expression(expr) => self.expression_statement(expr),
            StatementKind::Local {
                ty,
                constant,
                names,
            } => (self.local_declaration(ty, *constant, names), true),
            StatementKind::Deconstruct { parts, value } => (self.deconstruct(parts, value), true),
            StatementKind::Checked(checked, statements) => {
                let outer = self.overflow.replace(*checked);
                let (steps, completes) = self.block_steps(statements);
                self.overflow = outer;
                (vec![Step::Block(steps)], completes)
            }
            StatementKind::If(branches, otherwise) => {
                self.if_statement(branches, otherwise.as_deref())
            }
            StatementKind::While(condition, body) => {
                let condition = self.condition(condition);
                let endless = matches!(condition, Node::Constant(Value::Bool(true)));
                let (body_step, _) = self.embedded(body);
                let completes = !endless || breaks(body);
                let step = Step::Loop {
                    condition: (!endless).then_some(condition),
                    body: Box::new(body_step),
                    between: Vec::new(),
                    late: false,
                };
                (vec![step], completes)
            }
            StatementKind::Do(body, condition) => {
                let (body_step, body_completes) = self.embedded(body);
                let condition = self.condition(condition);
                let endless = matches!(condition, Node::Constant(Value::Bool(true)));
                let completes = (!endless && (body_completes || continues(body))) || breaks(body);
                let step = Step::Loop {
                    condition: Some(condition),
                    body: Box::new(body_step),
                    between: Vec::new(),
                    late: true,
                };
                (vec![step], completes)
            }
            StatementKind::For {
                init,
                condition,
                step,
                body,
            } => self.for_statement(init, condition.as_ref(), step, body),
            StatementKind::Foreach {
                ty,
                name,
                source,
                body,
            } => (vec![self.foreach(ty, name, source, body)], true),
            StatementKind::Switch(subject, sections) => self.switch(subject, sections),
            StatementKind::Try {
                body,
                catches,
                finally,
            } => self.try_statement(body, catches, finally.as_deref()),
            StatementKind::Using(resource, body) => {
                self.push_scope();
                let (mut steps, _) = self.statement(resource);
                if matches!(resource.kind, StatementKind::Local { .. }) {
                    self.last_is_read_only("the resource of a `using`");
                }
                let (step, completes) = self.embedded(body);
                self.pop_scope();
                // Nothing the library has holds on to anything, so that disposing does nothing.
                steps.push(step);
                (vec![Step::Block(steps)], completes)
            }
            StatementKind::Return(value) => {
                (vec![self.return_statement(value.as_ref(), span)], false)
            }
            StatementKind::Throw(Some(value)) => {
                let typed = self.expr(value, None);
                self.thrown(&typed.ty, value.span);
                (vec![Step::Throw(typed.node)], false)
            }
            StatementKind::Throw(None) => {
                if self.catching == 0 {
                    self.error("Syntax", span, "`throw;` has no place outside a `catch`.");
                }
                (vec![Step::Rethrow], false)
            }
            StatementKind::Break => (vec![Step::Break], false),
            StatementKind::Continue => (vec![Step::Continue], false),
        }
    }

    pub(super) fn expression_statement(&mut self, expr: &Expr) -> (Vec<Step>, bool) {
        let has_effect = matches!(
            expr.kind,
            ExprKind::Assign { .. }
                | ExprKind::Call { .. }
                | ExprKind::Step { .. }
                | ExprKind::New { .. }
                | ExprKind::ConditionalAccess { .. }
                | ExprKind::Throw(_)
        );
        if !has_effect {
            self.error(
                "Syntax",
                expr.span,
                "Only an assignment, a call, an increment or a creation can be a statement.",
            );
        }
        let value = self.expr(expr, None);
        (vec![Step::Value(value.node)], true)
    }

    pub(super) fn return_statement(&mut self, value: Option<&Expr>, span: Span) -> Step {
        let wanted = match &self.frame().returns {
            Returns::Declared(ty) => Some(ty.clone()),
            Returns::Result | Returns::Inferred(_) => None,
        };
        let is_result = matches!(self.frame().returns, Returns::Result);
        let Some(value) = value else {
            if is_result || wanted.as_ref().is_some_and(|ty| *ty != Type::Void) {
                self.error("MissingReturn", span, "A value must be returned.");
            }
            return Step::Return(None);
        };
        let typed = self.expr(value, wanted.as_ref().filter(|ty| **ty != Type::Void));
        let node = match wanted {
            Some(Type::Void) => {
                self.error("TypeMismatch", span, "This function returns no value.");
                typed.node
            }
            Some(ty) => self.convert(typed, &ty, value.span),
            None if is_result => self.result(typed, value.span),
            None => {
                let ty = typed.ty.clone();
                if let Returns::Inferred(types) = &mut self.frame().returns {
                    types.push(ty);
                }
                typed.node
            }
        };
        Step::Return(Some(node))
    }
}
