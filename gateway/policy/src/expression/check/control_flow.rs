//! Branches, loops, `switch` and `try`.

use super::convert::object_as_pairs;
use super::{Checker, Typed};
use crate::expression::ast::{
    Catch, Expr, Ident, Statement, StatementKind, SwitchSection, TypeRef,
};
use crate::expression::node::{Handler, Node, Step};
use crate::expression::types::{Basic, Type};
use crate::expression::value::Value;

impl Checker<'_> {
    pub(super) fn if_statement(
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

    pub(super) fn for_statement(
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

    pub(super) fn foreach(
        &mut self,
        ty: &TypeRef,
        name: &Ident,
        source: &Expr,
        body: &Statement,
    ) -> Step {
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
        let source = if typed.ty == Type::Basic(Basic::JObject) {
            object_as_pairs(typed.node)
        } else {
            typed.node
        };
        let element = match typed.ty {
            Type::Basic(Basic::JObject) => Type::Basic(Basic::JObject)
                .bases()
                .iter()
                .filter(|base| matches!(base, Type::Generic(..)))
                .find_map(Type::element)
                .unwrap_or(element),
            _ => element,
        };
        let declared = self.declared(ty);
        let conversion = match &declared {
            Some(declared) => self.element_conversion(&element, declared, ty.span),
            None => None,
        };
        self.push_scope();
        let variable = self.declare(name, declared.unwrap_or(element));
        self.last_is_read_only("the variable of a `foreach`");
        let (body, _) = self.embedded(body);
        self.pop_scope();
        Step::Foreach {
            variable,
            conversion,
            source,
            body: Box::new(body),
        }
    }

    pub(super) fn switch(
        &mut self,
        subject: &Expr,
        sections: &[SwitchSection],
    ) -> (Vec<Step>, bool) {
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

    pub(super) fn try_statement(
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
}

/// Whether a `break` in a statement leaves the loop or switch around it.
pub(super) fn breaks(statement: &Statement) -> bool {
    leaves(
        statement,
        &|kind| matches!(kind, StatementKind::Break),
        true,
    )
}

/// Whether a `continue` in a statement reaches the end of the loop's body.
pub(super) fn continues(statement: &Statement) -> bool {
    leaves(
        statement,
        &|kind| matches!(kind, StatementKind::Continue),
        false,
    )
}

pub(super) fn leaves(
    statement: &Statement,
    wanted: &dyn Fn(&StatementKind) -> bool,
    switch_owns: bool,
) -> bool {
    let any = |all: &[Statement]| all.iter().any(|inner| leaves(inner, wanted, switch_owns));
    match &statement.kind {
        kind if wanted(kind) => true,
        StatementKind::Block(all) | StatementKind::Checked(_, all) => any(all),
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
