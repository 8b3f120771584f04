//! Statements (C# 7 §9.4.4.2 to §9.4.4.20).

use super::{Binding, Flow, State};
use crate::expression::ast::{
    Catch, Expr, Ident, Pattern, Receiver, Statement, StatementKind, SwitchSection,
};

impl<'e> Flow<'e> {
    pub(super) fn block(&mut self, statements: &'e [Statement]) {
        self.scope(|flow| {
            flow.announce(statements);
            for statement in statements {
                flow.statement(statement);
            }
        });
    }

    pub(super) fn statement(&mut self, statement: &'e Statement) {
        match &statement.kind {
            StatementKind::Empty | StatementKind::LocalFunction { .. } => {}
            StatementKind::Block(statements) | StatementKind::Checked(_, statements) => {
                self.block(statements);
            }
            StatementKind::Expression(expr) => self.expr(expr),
            StatementKind::Local {
                constant, names, ..
            } => {
                for (name, value) in names {
                    self.local(name, value.as_ref(), *constant);
                }
            }
            StatementKind::Deconstruct { parts, value } => self.deconstruct(parts, value),
            StatementKind::If(branches, otherwise) => {
                self.scope(|flow| flow.if_statement(branches, otherwise.as_deref()));
            }
            StatementKind::While(condition, body) => self.scope(|flow| {
                let (holds, fails) = flow.condition(condition);
                flow.state = holds;
                let (breaks, _) = flow.loop_body(body);
                flow.state = fails;
                flow.state.meet(&breaks);
            }),
            StatementKind::Do(body, condition) => self.scope(|flow| {
                let (breaks, continues) = flow.loop_body(body);
                flow.state.meet(&continues);
                let (_, fails) = flow.condition(condition);
                flow.state = fails;
                flow.state.meet(&breaks);
            }),
            StatementKind::For {
                init,
                condition,
                step,
                body,
            } => self.scope(|flow| {
                for statement in init {
                    flow.statement(statement);
                }
                let fails = match condition {
                    Some(condition) => {
                        let (holds, fails) = flow.condition(condition);
                        flow.state = holds;
                        fails
                    }
                    None => State::unreachable(),
                };
                let (breaks, continues) = flow.loop_body(body);
                flow.state.meet(&continues);
                flow.all(step);
                flow.state = fails;
                flow.state.meet(&breaks);
            }),
            StatementKind::Foreach {
                name, source, body, ..
            } => self.scope(|flow| {
                flow.expr(source);
                flow.bind(name, Binding::Assigned);
                // The sequence may be empty.
                let after = flow.state.clone();
                flow.loop_body(body);
                flow.state = after;
            }),
            StatementKind::Switch(subject, sections) => {
                self.scope(|flow| flow.switch(subject, sections));
            }
            StatementKind::Try {
                body,
                catches,
                finally,
            } => self.try_statement(body, catches, finally.as_deref()),
            StatementKind::Using(resource, body) => self.scope(|flow| {
                flow.statement(resource);
                flow.embedded(body);
            }),
            StatementKind::Return(value) => {
                self.all(value);
                let state = self.take();
                self.returns.meet(&state);
            }
            StatementKind::Throw(value) => {
                self.all(value);
                self.take();
            }
            StatementKind::Break => {
                let state = self.take();
                if let Some(breaks) = self.breaks.last_mut() {
                    breaks.meet(&state);
                }
            }
            StatementKind::Continue => {
                let state = self.take();
                if let Some(continues) = self.continues.last_mut() {
                    continues.meet(&state);
                }
            }
        }
    }

    fn local(&mut self, name: &'e Ident, value: Option<&'e Expr>, constant: bool) {
        self.all(value);
        if constant {
            let value = value.and_then(|value| self.truth(value));
            self.bind(name, Binding::Constant(value));
            return;
        }
        // The block has announced it already if functions may capture it.
        let announced = match self.binding(&name.name) {
            Some(Binding::Variable(variable))
                if self
                    .scopes
                    .last()
                    .is_some_and(|scope| scope.contains(&name.name.as_ref())) =>
            {
                Some(variable)
            }
            _ => None,
        };
        match (announced, value) {
            (Some(variable), Some(_)) => self.state.assign(variable),
            (Some(_), None) => {}
            (None, Some(_)) => self.bind(name, Binding::Assigned),
            (None, None) => {
                self.bind_variable(name);
            }
        }
    }

    fn deconstruct(&mut self, parts: &'e [Receiver], value: &'e Expr) {
        self.expr(value);
        for part in parts {
            match part {
                Receiver::Declare(_, name) => self.bind(name, Binding::Assigned),
                Receiver::Assign(target) => self.assign_to(target),
                Receiver::Discard => {}
            }
        }
    }

    fn if_statement(
        &mut self,
        branches: &'e [(Expr, Statement)],
        otherwise: Option<&'e Statement>,
    ) {
        let mut after = State::unreachable();
        for (condition, then) in branches {
            let (holds, fails) = self.condition(condition);
            self.state = holds;
            self.embedded(then);
            after.meet(&self.state);
            self.state = fails;
        }
        if let Some(otherwise) = otherwise {
            self.embedded(otherwise);
        }
        self.state.meet(&after);
    }

    /// The body of a loop: the states at its `break`s and `continue`s.
    fn loop_body(&mut self, body: &'e Statement) -> (State, State) {
        self.breaks.push(State::unreachable());
        self.continues.push(State::unreachable());
        self.embedded(body);
        (
            self.breaks.pop().unwrap_or_default(),
            self.continues.pop().unwrap_or_default(),
        )
    }

    fn switch(&mut self, subject: &'e Expr, sections: &'e [SwitchSection]) {
        self.expr(subject);
        let before = self.state.clone();
        let mut has_default = false;
        self.breaks.push(State::unreachable());
        for section in sections {
            self.scope(|flow| {
                let mut body = State::unreachable();
                for label in &section.labels {
                    flow.state = before.clone();
                    match label {
                        Some((pattern, guard)) => {
                            if let Pattern::Type(_, Some(name)) = pattern {
                                let variable = flow.bind_variable(name);
                                flow.state.assign(variable);
                            }
                            if let Some(guard) = guard {
                                let (holds, _) = flow.condition(guard);
                                flow.state = holds;
                            }
                        }
                        None => has_default = true,
                    }
                    body.meet(&flow.state);
                }
                flow.state = body;
                flow.block(&section.body);
            });
        }
        self.state = self.breaks.pop().unwrap_or_default();
        if !has_default {
            self.state.meet(&before);
        }
    }

    fn try_statement(
        &mut self,
        body: &'e [Statement],
        catches: &'e [Catch],
        finally: Option<&'e [Statement]>,
    ) {
        let before = self.state.clone();
        // What leaves through `finally` has its assignments as well: such jumps are gathered apart.
        let jumps = finally.map(|_| self.set_jumps([None, None, None]));
        self.block(body);
        let mut after = self.take();
        for catch in catches {
            self.state = before.clone();
            self.scope(|flow| {
                if let Some(name) = &catch.name {
                    flow.bind(name, Binding::Assigned);
                }
                if let Some(filter) = &catch.filter {
                    let (holds, _) = flow.condition(filter);
                    flow.state = holds;
                }
                flow.block(&catch.body);
            });
            after.meet(&self.state);
        }
        let Some((finally, outside)) = finally.zip(jumps) else {
            self.state = after;
            return;
        };
        let inside = self.set_jumps(outside);
        self.state = before;
        self.block(finally);
        let assigned = self.take();
        let all = [
            self.breaks.last_mut(),
            self.continues.last_mut(),
            Some(&mut self.returns),
        ];
        for (place, jump) in all.into_iter().zip(inside) {
            if let (Some(place), Some(mut jump)) = (place, jump) {
                jump.join(&assigned);
                place.meet(&jump);
            }
        }
        after.join(&assigned);
        self.state = after;
    }

    /// Replaces the states at `break`s, `continue`s and `return`s, by those of nothing if none is given,
    /// and gives the former ones.
    fn set_jumps(&mut self, with: [Option<State>; 3]) -> [Option<State>; 3] {
        let [breaks, continues, returns] =
            with.map(|state| state.unwrap_or_else(State::unreachable));
        [
            self.breaks
                .last_mut()
                .map(|place| std::mem::replace(place, breaks)),
            self.continues
                .last_mut()
                .map(|place| std::mem::replace(place, continues)),
            Some(std::mem::replace(&mut self.returns, returns)),
        ]
    }
}
