//! Statements.

use std::sync::Arc;

use super::cursor::Cursor;
use super::{Flow, Machine, Slot, conversion, thrown};
use crate::expression::exception::{Exception, names};
use crate::expression::node::{Conversion, Handler, Node, Step, Target};
use crate::expression::object::{Object, Variable};
use crate::expression::value::Value;

impl<'a> Machine<'a> {
    pub(super) fn run_steps(&mut self, steps: &'a [Step]) -> Result<Flow, Exception> {
        for step in steps {
            let flow = self.step(step)?;
            if flow != Flow::Next {
                return Ok(flow);
            }
        }
        Ok(Flow::Next)
    }

    fn step(&mut self, step: &'a Step) -> Result<Flow, Exception> {
        self.budget.charge(1)?;
        match step {
            Step::Value(node) => {
                self.eval(node)?;
                Ok(Flow::Next)
            }
            Step::Block(steps) => self.run_steps(steps),
            Step::Fresh(slots) => {
                self.fresh(slots);
                Ok(Flow::Next)
            }
            Step::Define(functions) => self.define(functions),
            Step::If(branches, otherwise) => self.run_if(branches, otherwise.as_deref()),
            Step::Loop {
                condition,
                body,
                between,
                late,
            } => self.run_loop(condition.as_ref(), body, between, *late),
            Step::Foreach {
                variable,
                conversion,
                source,
                body,
            } => self.run_foreach(*variable, conversion.as_ref(), source, body),
            Step::Switch {
                slot,
                subject,
                sections,
                default,
            } => self.run_switch(*slot, subject, sections, *default),
            Step::Try {
                body,
                catches,
                finally,
            } => self.run_try(body, catches, finally.as_deref()),
            Step::Return(value) => {
                self.result = match value {
                    Some(node) => self.eval(node)?,
                    None => Value::Null,
                };
                Ok(Flow::Return)
            }
            Step::Throw(node) => {
                let value = self.eval(node)?;
                Err(thrown(&value))
            }
            Step::Rethrow => Err(self.handling.last().cloned().unwrap_or_else(|| {
                Exception::new(
                    names::INVALID_OPERATION,
                    "There is no exception to throw again.",
                )
            })),
            Step::Break => Ok(Flow::Break),
            Step::Continue => Ok(Flow::Continue),
        }
    }

    #[inline(never)]
    fn fresh(&mut self, slots: &[usize]) {
        for slot in slots {
            self.put(*slot, Slot::Variable(Arc::new(Variable::default())));
        }
    }

    #[inline(never)]
    fn define(&mut self, functions: &'a [(usize, Node)]) -> Result<Flow, Exception> {
        for (slot, _) in functions {
            let variable = Arc::new(Variable::default());
            self.defined.push(Arc::clone(&variable));
            self.put(*slot, Slot::Variable(variable));
        }
        for (slot, closure) in functions {
            let closure = self.eval(closure)?;
            self.store(Target::Captured(*slot), closure);
        }
        Ok(Flow::Next)
    }

    #[inline(never)]
    fn run_if(
        &mut self,
        branches: &'a [(Node, Step)],
        otherwise: Option<&'a Step>,
    ) -> Result<Flow, Exception> {
        for (condition, then) in branches {
            if self.condition(condition)? {
                return self.step(then);
            }
        }
        otherwise.map_or(Ok(Flow::Next), |step| self.step(step))
    }

    #[inline(never)]
    fn run_loop(
        &mut self,
        condition: Option<&'a Node>,
        body: &'a Step,
        between: &'a [Node],
        late: bool,
    ) -> Result<Flow, Exception> {
        let mut first = late;
        loop {
            if let Some(condition) = condition
                && !first
                && !self.condition(condition)?
            {
                return Ok(Flow::Next);
            }
            first = false;
            match self.step(body)? {
                Flow::Break => return Ok(Flow::Next),
                Flow::Return => return Ok(Flow::Return),
                Flow::Next | Flow::Continue => {}
            }
            for node in between {
                self.eval(node)?;
            }
        }
    }

    #[inline(never)]
    fn run_foreach(
        &mut self,
        variable: Target,
        conversion: Option<&'a Conversion>,
        source: &'a Node,
        body: &'a Step,
    ) -> Result<Flow, Exception> {
        let source = self.eval(source)?;
        if source.is_null() {
            return Err(Exception::null_reference());
        }
        let mut cursor = Cursor::over(self, &source)?;
        while let Some(mut item) = cursor.next(self)? {
            if let Some(conversion) = conversion {
                item = conversion::convert(conversion, item, self.budget)?;
            }
            if let Target::Captured(slot) = variable {
                // Each round has its own variable (§13.9.5).
                self.put(slot, Slot::Variable(Arc::new(Variable::default())));
            }
            self.store(variable, item);
            match self.step(body)? {
                Flow::Break => break,
                Flow::Return => return Ok(Flow::Return),
                Flow::Next | Flow::Continue => {}
            }
        }
        Ok(Flow::Next)
    }

    #[inline(never)]
    fn run_switch(
        &mut self,
        slot: usize,
        subject: &'a Node,
        sections: &'a [(Vec<Node>, Vec<Step>)],
        default: Option<usize>,
    ) -> Result<Flow, Exception> {
        let subject = self.eval(subject)?;
        self.put(slot, Slot::Value(subject));
        let mut chosen = None;
        'search: for (index, (labels, _)) in sections.iter().enumerate() {
            for label in labels {
                self.budget.charge(1)?;
                if self.condition(label)? {
                    chosen = Some(index);
                    break 'search;
                }
            }
        }
        let Some((_, body)) = chosen.or(default).and_then(|index| sections.get(index)) else {
            return Ok(Flow::Next);
        };
        match self.run_steps(body)? {
            Flow::Break => Ok(Flow::Next),
            flow => Ok(flow),
        }
    }

    #[inline(never)]
    fn run_try(
        &mut self,
        body: &'a [Step],
        catches: &'a [Handler],
        finally: Option<&'a [Step]>,
    ) -> Result<Flow, Exception> {
        let mut outcome = self.run_steps(body);
        if let Err(exception) = &outcome
            && !exception.is_budget()
        {
            let exception = exception.clone();
            if let Some(handled) = self.run_catch(&exception, catches) {
                outcome = handled;
            }
        }
        if let Some(finally) = finally {
            if matches!(&outcome, Err(exception) if exception.is_budget()) {
                return outcome;
            }
            // A value that is on its way out survives what `finally` computes.
            let result = std::mem::replace(&mut self.result, Value::Null);
            let flow = self.run_steps(finally)?;
            if flow == Flow::Next {
                self.result = result;
            } else {
                return Ok(flow);
            }
        }
        outcome
    }

    #[inline(never)]
    fn run_catch(
        &mut self,
        exception: &Exception,
        catches: &'a [Handler],
    ) -> Option<Result<Flow, Exception>> {
        for handler in catches {
            if !exception.is_a(handler.type_name) {
                continue;
            }
            if let Some(target) = handler.variable {
                if let Target::Captured(slot) = target {
                    self.put(slot, Slot::Variable(Arc::new(Variable::default())));
                }
                self.store(target, Value::object(Object::Exception(exception.clone())));
            }
            if let Some(filter) = &handler.filter {
                match self.condition(filter) {
                    Ok(true) => {}
                    Err(error) if error.is_budget() => return Some(Err(error)),
                    // An exception in a filter counts as false (§13.11).
                    Ok(false) | Err(_) => continue,
                }
            }
            self.handling.push(exception.clone());
            let outcome = self.run_steps(&handler.body);
            self.handling.pop();
            return Some(outcome);
        }
        None
    }
}
