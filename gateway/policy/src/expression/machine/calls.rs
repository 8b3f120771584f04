//! Calls, closures and assignments.

use std::sync::Arc;

use smallvec::SmallVec;

use super::{Machine, Slot, conversion, operators};
use crate::expression::exception::Exception;
use crate::expression::node::{
    Call, InvokeUpdating, Lambda, Native, Node, Place, SetElement, Target, Update,
};
use crate::expression::object::{Closure, Object, Variable};
use crate::expression::text::Text;
use crate::expression::value::Value;

impl<'a> Machine<'a> {
    #[inline(never)]
    pub(super) fn eval_call(&mut self, call: &'a Call) -> Result<Value, Exception> {
        self.budget.charge(1)?;
        let mut arguments: SmallVec<[Value; 3]> = SmallVec::new();
        for (index, node) in call.arguments.iter().enumerate() {
            let value = self.eval(node)?;
            if index == 0 && call.checks_null && value.is_null() {
                // C# evaluates the arguments before it notices.
                for rest in call.arguments.iter().skip(1) {
                    self.eval(rest)?;
                }
                return Err(Exception::null_reference());
            }
            self.budget.charge_reading(&value)?;
            arguments.push(value);
        }
        let value = self.native(call.native, &arguments)?;
        if !call.outs.is_empty() {
            let outs = std::mem::take(&mut self.outs);
            for (target, out) in call.outs.iter().zip(outs) {
                if let Target::Captured(slot) = target
                    && self.variable(*slot).is_none()
                {
                    self.put(*slot, Slot::Variable(Arc::new(Variable::default())));
                }
                self.store(*target, out);
            }
        }
        Ok(value)
    }

    /// Runs a library function.
    pub(crate) fn native(
        &mut self,
        native: Native,
        arguments: &[Value],
    ) -> Result<Value, Exception> {
        match native {
            Native::Pure(function) => function(self.budget, arguments),
            Native::Full(function) => function(self, arguments),
        }
    }

    #[inline(never)]
    pub(super) fn eval_invoke(
        &mut self,
        delegate: &'a Node,
        arguments: &'a [Node],
    ) -> Result<Value, Exception> {
        self.budget.charge(1)?;
        let delegate = self.eval(delegate)?;
        let mut values: SmallVec<[Value; 3]> = SmallVec::new();
        for argument in arguments {
            values.push(self.eval(argument)?);
        }
        self.invoke(&delegate, &values)
    }

    /// Writes back what the function left in its `ref` and `out` parameters. A function that throws
    /// leaves the variables as they were.
    #[inline(never)]
    pub(super) fn eval_invoke_updating(
        &mut self,
        call: &'a InvokeUpdating,
    ) -> Result<Value, Exception> {
        self.budget.charge(1)?;
        let function = self.eval(&call.function)?;
        let mut values: SmallVec<[Value; 3]> = SmallVec::new();
        for argument in &call.arguments {
            values.push(self.eval(argument)?);
        }
        let mut left: SmallVec<[Value; 3]> = SmallVec::new();
        let value = self.invoke_then(&function, &values, |machine, function| {
            left.extend(call.updates.iter().map(|(index, _)| {
                let target = function.parameters.get(*index);
                target.map_or(Value::Null, |target| machine.read(*target))
            }));
        })?;
        for ((_, target), new) in call.updates.iter().zip(left) {
            if let Target::Captured(slot) = target
                && self.variable(*slot).is_none()
            {
                self.put(*slot, Slot::Variable(Arc::new(Variable::default())));
            }
            self.store(*target, new);
        }
        Ok(value)
    }

    #[inline(never)]
    pub(super) fn eval_lambda(&mut self, lambda: &'a Lambda) -> Result<Value, Exception> {
        self.budget.allocate(64 + 8 * lambda.captures.len())?;
        let captures: Vec<Arc<Variable>> = lambda
            .captures
            .iter()
            .map(|slot| match self.variable(*slot) {
                Some(variable) => Arc::clone(variable),
                None => {
                    let variable = Arc::new(Variable::default());
                    self.put(*slot, Slot::Variable(Arc::clone(&variable)));
                    variable
                }
            })
            .collect();
        // A function may end up in a variable that it captured; that is undone at the end.
        self.defined.extend(captures.iter().cloned());
        let closure = Closure {
            program: self.program.id,
            function: lambda.function,
            captures,
            ty: lambda.ty.clone(),
        };
        Ok(Value::object(Object::Closure(closure)))
    }

    #[inline(never)]
    pub(super) fn eval_set_element(&mut self, set: &'a SetElement) -> Result<Value, Exception> {
        self.budget.charge(1)?;
        let target = self.eval(&set.target)?;
        let index = self.eval(&set.index)?;
        let value = self.eval(&set.value)?;
        if target.is_null() {
            return Err(Exception::null_reference());
        }
        self.native(set.set, &[target, index, value.clone()])?;
        Ok(value)
    }

    #[inline(never)]
    pub(super) fn eval_update(&mut self, update: &'a Update) -> Result<Value, Exception> {
        self.budget.charge(1)?;
        match &update.place {
            Place::Variable(target) => {
                let old = self.read(*target);
                let new = self.updated(update, &old)?;
                self.store(*target, new.clone());
                Ok(if update.yields_old { old } else { new })
            }
            Place::Element {
                target,
                index,
                get,
                set,
            } => {
                let target = self.eval(target)?;
                let index = self.eval(index)?;
                if target.is_null() {
                    return Err(Exception::null_reference());
                }
                let old = self.native(*get, &[target.clone(), index.clone()])?;
                let new = self.updated(update, &old)?;
                self.native(*set, &[target, index, new.clone()])?;
                Ok(if update.yields_old { old } else { new })
            }
        }
    }

    fn updated(&mut self, update: &'a Update, old: &Value) -> Result<Value, Exception> {
        let operand = self.eval(&update.operand)?;
        if update.concat {
            let mut text = String::new();
            self.append(&mut text, old)?;
            self.append(&mut text, &operand)?;
            return Ok(Value::Text(Text::new(text)));
        }
        let left = match &update.widen {
            Some(conversion) => conversion::convert(conversion, old.clone(), self.budget)?,
            None => old.clone(),
        };
        let new = if update.checked {
            operators::checked(update.op, &left, &operand)?
        } else {
            operators::binary(update.op, &left, &operand)?
        };
        match &update.narrow {
            Some(conversion) => conversion::convert(conversion, new, self.budget),
            None => Ok(new),
        }
    }
}
