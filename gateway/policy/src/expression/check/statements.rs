//! Statements (C# 7 clause 13): what they do, and whether control leaves them at the end.

use super::scope::Returns;
use super::{Checker, Typed};
use crate::expression::ast::{
    Catch, Expr, ExprKind, Ident, Statement, StatementKind, SwitchSection, TypeRef,
};
use crate::expression::node::{Handler, Node, Step, Target};
use crate::expression::token::Span;
use crate::expression::types::{Family, Type};
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

    fn unreachable(&mut self, statement: &Statement) {
        if !matches!(statement.kind, StatementKind::Empty | StatementKind::Break) {
            self.warn(
                "UnreachableCode",
                statement.span,
                "This code is never reached.",
            );
        }
    }

    fn statement(&mut self, statement: &Statement) -> (Vec<Step>, bool) {
        self.frame().enter();
        let lowered = self.statement_kind(statement);
        self.frame().depth -= 1;
        lowered
    }

    /// A statement that stands alone, as one step.
    fn embedded(&mut self, statement: &Statement) -> (Step, bool) {
        self.push_scope();
        let (steps, completes) = self.statement(statement);
        self.pop_scope();
        (Self::joined(steps), completes)
    }

    fn statement_kind(&mut self, statement: &Statement) -> (Vec<Step>, bool) {
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
            StatementKind::Deconstruct { names, value } => (self.deconstruct(names, value), true),
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

    fn expression_statement(&mut self, expr: &Expr) -> (Vec<Step>, bool) {
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

    fn local_declaration(
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

    fn inferred_type(&mut self, typed: &Typed, name: &Ident, span: Span) -> Type {
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

    fn deconstruct(&mut self, names: &[Ident], value: &Expr) -> Vec<Step> {
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

    fn if_statement(
        &mut self,
        branches: &[(Expr, Statement)],
        otherwise: Option<&Statement>,
    ) -> (Vec<Step>, bool) {
        let mut lowered = Vec::new();
        let mut completes = false;
        let mut decided = false;
        for (condition, then) in branches {
            let condition = self.condition(condition);
            let (step, goes_on) = self.embedded(then);
            if !matches!(condition, Node::Constant(Value::Bool(false))) {
                completes |= goes_on;
            }
            decided |= matches!(condition, Node::Constant(Value::Bool(true)));
            lowered.push((condition, step));
        }
        let otherwise = match otherwise {
            Some(statement) => {
                let (step, goes_on) = self.embedded(statement);
                completes |= goes_on && !decided;
                Some(Box::new(step))
            }
            None => {
                completes |= !decided;
                None
            }
        };
        (vec![Step::If(lowered, otherwise)], completes)
    }

    fn for_statement(
        &mut self,
        init: &[Statement],
        condition: Option<&Expr>,
        between: &[Expr],
        body: &Statement,
    ) -> (Vec<Step>, bool) {
        self.push_scope();
        let mut steps = Vec::new();
        for statement in init {
            let (more, _) = self.statement(statement);
            steps.extend(more);
        }
        let condition = condition.map(|condition| self.condition(condition));
        let endless = condition
            .as_ref()
            .is_none_or(|condition| matches!(condition, Node::Constant(Value::Bool(true))));
        let (body_step, _) = self.embedded(body);
        let between = between
            .iter()
            .map(|expr| self.expr(expr, None).node)
            .collect();
        self.pop_scope();
        let completes = !endless || breaks(body);
        steps.push(Step::Loop {
            condition,
            body: Box::new(body_step),
            between,
            late: false,
        });
        (vec![Step::Block(steps)], completes)
    }

    fn foreach(&mut self, ty: &TypeRef, name: &Ident, source: &Expr, body: &Statement) -> Step {
        let typed = self.expr(source, None);
        let element = match typed.ty.element() {
            Some(element) => element,
            None => {
                if !typed.ty.is_unknown() {
                    self.error(
                        "TypeMismatch",
                        source.span,
                        format!("`{}` cannot be enumerated.", typed.ty.display()),
                    );
                }
                Type::Unknown
            }
        };
        let declared = self.declared(ty);
        let conversion = match &declared {
            Some(declared) => self.element_conversion(&element, declared, ty.span),
            None => None,
        };
        self.push_scope();
        let variable = self.declare(name, declared.unwrap_or(element));
        let (body, _) = self.embedded(body);
        self.pop_scope();
        Step::Foreach {
            variable,
            conversion,
            source: typed.node,
            body: Box::new(body),
        }
    }

    fn switch(&mut self, subject: &Expr, sections: &[SwitchSection]) -> (Vec<Step>, bool) {
        let typed = self.expr(subject, None);
        let slot = self.frame().slot();
        let ty = typed.ty.clone();
        let mut lowered = Vec::new();
        let mut default = None;
        let mut completes = false;
        for (index, section) in sections.iter().enumerate() {
            self.push_scope();
            let mut labels = Vec::new();
            for label in &section.labels {
                let Some((pattern, guard)) = label else {
                    if default.replace(index).is_some() {
                        self.error(
                            "Syntax",
                            subject.span,
                            "The `switch` has two `default` labels.",
                        );
                    }
                    continue;
                };
                let value = Typed::new(Node::Local(slot), ty.clone());
                let test = self.pattern(value, pattern, subject.span);
                labels.push(match guard {
                    Some(guard) => {
                        let guard = self.condition(guard);
                        Node::And(Box::new([test, guard]))
                    }
                    None => test,
                });
            }
            let (body, falls) = self.block_steps(&section.body);
            self.pop_scope();
            if falls {
                let span = section.body.last().map_or(subject.span, |last| last.span);
                self.error(
                    "Syntax",
                    span,
                    "Control cannot fall from one `case` to the next: a `break` is missing.",
                );
            }
            completes |= section.body.iter().any(breaks);
            lowered.push((labels, body));
        }
        completes |= default.is_none();
        let subject = typed.node;
        (
            vec![Step::Switch {
                slot,
                subject,
                sections: lowered,
                default,
            }],
            completes,
        )
    }

    fn try_statement(
        &mut self,
        body: &[Statement],
        catches: &[Catch],
        finally: Option<&[Statement]>,
    ) -> (Vec<Step>, bool) {
        let (body, mut completes) = self.block_steps(body);
        let mut handlers = Vec::new();
        for catch in catches {
            self.push_scope();
            let ty = match &catch.ty {
                Some(reference) => self.resolve(reference),
                None => Type::Exception(crate::expression::exception::names::EXCEPTION),
            };
            let type_name = match (&ty, &catch.ty) {
                (Type::Exception(name), _) => name,
                (Type::Unknown, _) | (_, None) => "",
                (other, Some(reference)) => {
                    self.error(
                        "TypeMismatch",
                        reference.span,
                        format!("`{}` is not an exception.", other.display()),
                    );
                    ""
                }
            };
            let variable = catch
                .name
                .as_ref()
                .map(|name| self.declare(name, ty.clone()));
            let filter = catch.filter.as_ref().map(|filter| self.condition(filter));
            self.catching += 1;
            let (body, goes_on) = self.block_steps(&catch.body);
            self.catching -= 1;
            self.pop_scope();
            completes |= goes_on;
            handlers.push(Handler {
                type_name,
                variable,
                filter,
                body,
            });
        }
        let finally = finally.map(|statements| {
            let (steps, goes_on) = self.block_steps(statements);
            completes &= goes_on;
            steps
        });
        (
            vec![Step::Try {
                body,
                catches: handlers,
                finally,
            }],
            completes,
        )
    }

    fn return_statement(&mut self, value: Option<&Expr>, span: Span) -> Step {
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

/// Whether a `break` in a statement leaves the loop or switch around it.
fn breaks(statement: &Statement) -> bool {
    leaves(
        statement,
        &|kind| matches!(kind, StatementKind::Break),
        true,
    )
}

/// Whether a `continue` in a statement reaches the end of the loop's body.
fn continues(statement: &Statement) -> bool {
    leaves(
        statement,
        &|kind| matches!(kind, StatementKind::Continue),
        false,
    )
}

fn leaves(
    statement: &Statement,
    wanted: &dyn Fn(&StatementKind) -> bool,
    switch_owns: bool,
) -> bool {
    let any = |all: &[Statement]| all.iter().any(|inner| leaves(inner, wanted, switch_owns));
    match &statement.kind {
        kind if wanted(kind) => true,
        StatementKind::Block(all) => any(all),
        StatementKind::If(branches, otherwise) => {
            branches
                .iter()
                .any(|(_, then)| leaves(then, wanted, switch_owns))
                || otherwise
                    .as_ref()
                    .is_some_and(|inner| leaves(inner, wanted, switch_owns))
        }
        StatementKind::Switch(_, sections) if !switch_owns => {
            sections.iter().any(|section| any(&section.body))
        }
        StatementKind::Try {
            body,
            catches,
            finally,
        } => {
            any(body)
                || catches.iter().any(|catch| any(&catch.body))
                || finally.as_ref().is_some_and(|all| any(all))
        }
        StatementKind::Using(_, body) => leaves(body, wanted, switch_owns),
        _ => false,
    }
}
