//! Local functions (C# 7 §9.4.4.34): a call needs what the body reads of the variables around it, and
//! gives what the body assigns.

use super::{Binding, Flow, LocalFunction, Progress, Unassigned};
use crate::expression::ast::{Ident, LambdaBody, Parameter, Passing, Statement, StatementKind};
use crate::expression::token::Span;

impl<'e> Flow<'e> {
    /// Makes the functions of a block known, with the variables of the block they may capture: both may
    /// be declared further down than they are used.
    pub(super) fn announce(&mut self, statements: &'e [Statement]) {
        let mut announced = Vec::new();
        for statement in statements {
            if let StatementKind::LocalFunction {
                name,
                parameters,
                body,
                ..
            } = &statement.kind
            {
                announced.push((name, parameters.as_slice(), body));
            }
        }
        if announced.is_empty() {
            return;
        }
        for statement in statements {
            if let StatementKind::Local {
                names,
                constant: false,
                ..
            } = &statement.kind
            {
                for (name, _) in names {
                    self.bind_variable(name);
                }
            }
        }
        let first = self.functions.len();
        for (name, parameters, body) in announced {
            self.announce_one(name, parameters, body);
        }
        for function in first..self.functions.len() {
            self.run(function);
        }
    }

    fn announce_one(&mut self, name: &'e Ident, parameters: &'e [Parameter], body: &'e LambdaBody) {
        self.bind(name, Binding::Function(self.functions.len()));
        self.functions.push(LocalFunction {
            parameters,
            body,
            progress: Progress::Waiting,
        });
    }

    /// Looks at the body of a function, unless that was done or is being done.
    fn run(&mut self, function: usize) {
        let Some(entry) = self.functions.get_mut(function) else {
            return;
        };
        if !matches!(entry.progress, Progress::Waiting) {
            return;
        }
        entry.progress = Progress::Running;
        let (parameters, body) = (entry.parameters, entry.body);
        let state = std::mem::take(&mut self.state);
        let required = std::mem::take(&mut self.required);
        let outer = std::mem::replace(&mut self.outer, self.variables);
        self.scope(|flow| {
            let mut outs = Vec::new();
            for parameter in parameters {
                if parameter.passing == Passing::Out {
                    outs.push((flow.bind_variable(&parameter.name), &parameter.name));
                } else {
                    flow.bind(&parameter.name, Binding::Assigned);
                }
            }
            flow.function_body(body);
            for (variable, name) in outs {
                if !flow.state.has(variable) {
                    flow.found.push(Unassigned {
                        span: name.span,
                        message: format!(
                            "The `out` parameter `{}` must be assigned before the function returns.",
                            name.name
                        ),
                    });
                }
            }
        });
        self.outer = outer;
        let end = std::mem::replace(&mut self.state, state);
        let required = std::mem::replace(&mut self.required, required);
        if let Some(entry) = self.functions.get_mut(function) {
            entry.progress = Progress::Done(required, end);
        }
    }

    /// A function is called, or its name is used as a delegate.
    pub(super) fn use_function(&mut self, function: usize, name: &str, span: Span, called: bool) {
        self.run(function);
        let (required, end) = match self.functions.get(function).map(|entry| &entry.progress) {
            Some(Progress::Done(required, end)) => (required.clone(), Some(end.clone())),
            // It calls itself: whatever it assigns it has assigned when that call returns.
            _ => (Vec::new(), None),
        };
        for variable in required {
            if self.state.has(variable) {
                continue;
            }
            if variable < self.outer {
                self.required.push(variable);
            } else if !self.reported.has(variable) {
                self.reported.assign(variable);
                self.found.push(Unassigned {
                    span,
                    message: format!(
                        "`{name}` reads a variable that may not have been assigned a value here."
                    ),
                });
            }
        }
        if !called {
            return;
        }
        match end {
            Some(end) => self.state.join(&end),
            None => (0..self.outer).for_each(|variable| self.state.assign(variable)),
        }
    }
}
