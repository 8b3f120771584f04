//! Runs a [`Program`].
//!
//! A tree walk: one native frame per node, its height bounded by the parser's depth within a function
//! and by [`Budget::enter`] across calls. Arms of the big match only delegate, which keeps frames
//! small in unoptimised builds too.

mod calls;
mod construct;
mod conversion;
pub(crate) mod cursor;
pub(crate) mod operators;
mod query_buffers;
mod query_steps;
mod steps;

pub(crate) use conversion::{checked_numeric, convert, from_integer, integer, numeric};

use std::sync::Arc;

use smallvec::SmallVec;

use super::ast::UnaryOp;
use super::budget::Budget;
use super::exception::Exception;
use super::key;
use super::node::{Code, Function, Node, Piece, Program, Target};
use super::object::{Object, Variable};
use super::text::{Text, utf16_len};
use super::types::{Type, is_instance};
use super::value::Value;
use crate::context::Context;
use crate::host::Host;

/// One evaluation.
pub struct Machine<'a> {
    pub(crate) context: &'a mut Context,
    pub(crate) host: &'a dyn Host,
    pub(crate) budget: &'a mut Budget,
    program: &'a Program,
    stack: SmallVec<[Slot; 6]>,
    base: usize,
    /// Values a library function leaves for its `out` arguments.
    pub(crate) outs: SmallVec<[Value; 1]>,
    /// What `return` carries to the end of its function.
    result: Value,
    /// Exceptions whose `catch` blocks run now, for `throw;`.
    handling: Vec<Exception>,
    /// Variables that functions captured. A function that is stored in one of them would otherwise
    /// keep itself alive for ever.
    defined: Vec<Arc<Variable>>,
}

/// Its name only: what an evaluation holds stays out of logs.
impl std::fmt::Debug for Machine<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Machine")
    }
}

/// A place of a frame.
#[derive(Debug, Default)]
enum Slot {
    #[default]
    Empty,
    Value(Value),
    Variable(Arc<Variable>),
}

/// How a statement ended.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Flow {
    Next,
    Break,
    Continue,
    Return,
}

/// Runs the entry of `program`.
pub(crate) fn run(
    program: &Program,
    context: &mut Context,
    host: &dyn Host,
    budget: &mut Budget,
) -> Result<Value, Exception> {
    let Some(entry) = program.functions.first() else {
        return Ok(Value::Null);
    };
    let mut machine = Machine {
        context,
        host,
        budget,
        program,
        stack: SmallVec::new(),
        base: 0,
        outs: SmallVec::new(),
        result: Value::Null,
        handling: Vec::new(),
        defined: Vec::new(),
    };
    let value = machine.entry(entry);
    for variable in machine.defined.drain(..) {
        variable.clear();
    }
    value
}

impl<'a> Machine<'a> {
    fn entry(&mut self, entry: &'a Function) -> Result<Value, Exception> {
        self.budget.enter(entry.height)?;
        self.stack.resize_with(entry.slots, Slot::default);
        let value = self.function_body(entry);
        self.budget.leave(entry.height);
        // A query would read variables and `context` of an evaluation that is over.
        self.settle(value?)
    }

    fn settle(&mut self, value: Value) -> Result<Value, Exception> {
        match &value {
            Value::Object(object) => match object.as_ref() {
                Object::Query(query) => {
                    let element = query.element.clone();
                    let items = self.collect(&value)?;
                    Ok(Value::object(Object::list(element, items)))
                }
                Object::Closure(_) => Err(Exception::new(
                    super::exception::names::NOT_SUPPORTED,
                    "A function cannot be the result of an expression.",
                )),
                _ => Ok(value),
            },
            _ => Ok(value),
        }
    }

    /// Calls a delegate.
    pub(crate) fn invoke(
        &mut self,
        delegate: &Value,
        arguments: &[Value],
    ) -> Result<Value, Exception> {
        self.invoke_then(delegate, arguments, |_, _| {})
    }

    /// The same; `after` sees the frame of the function before it goes.
    fn invoke_then(
        &mut self,
        delegate: &Value,
        arguments: &[Value],
        after: impl FnOnce(&Self, &Function),
    ) -> Result<Value, Exception> {
        let closure = super::query::closure(delegate).ok_or_else(Exception::null_reference)?;
        if closure.program != self.program.id {
            return Err(Exception::new(
                super::exception::names::NOT_SUPPORTED,
                "A function can only be called by the expression that made it.",
            ));
        }
        let function = self
            .program
            .functions
            .get(closure.function)
            .ok_or_else(Exception::null_reference)?;
        let height = function.height;
        self.budget.enter(height)?;
        let base = self.stack.len();
        let saved = std::mem::replace(&mut self.base, base);
        self.stack.resize_with(base + function.slots, Slot::default);
        for (slot, variable) in function.captures.iter().zip(&closure.captures) {
            self.put(*slot, Slot::Variable(Arc::clone(variable)));
        }
        for (target, argument) in function.parameters.iter().zip(arguments) {
            if let Target::Captured(slot) = target {
                self.put(*slot, Slot::Variable(Arc::new(Variable::default())));
            }
            self.store(*target, argument.clone());
        }
        let value = self.function_body(function);
        after(self, function);
        self.stack.truncate(base);
        self.base = saved;
        self.budget.leave(height);
        value
    }

    fn function_body(&mut self, function: &'a Function) -> Result<Value, Exception> {
        match &function.body {
            Code::Value(node) => self.eval(node),
            Code::Steps(steps) => {
                self.run_steps(steps)?;
                Ok(std::mem::replace(&mut self.result, Value::Null))
            }
        }
    }

    fn put(&mut self, slot: usize, content: Slot) {
        if let Some(place) = self.stack.get_mut(self.base + slot) {
            *place = content;
        }
    }

    fn variable(&self, slot: usize) -> Option<&Arc<Variable>> {
        match self.stack.get(self.base + slot) {
            Some(Slot::Variable(variable)) => Some(variable),
            _ => None,
        }
    }

    fn local(&self, slot: usize) -> Value {
        match self.stack.get(self.base + slot) {
            Some(Slot::Value(value)) => value.clone(),
            _ => Value::Null,
        }
    }

    /// What a variable holds.
    fn read(&self, target: Target) -> Value {
        match target {
            Target::Local(slot) => self.local(slot),
            Target::Captured(slot) => self.variable(slot).map_or(Value::Null, |v| v.get()),
            Target::Discard => Value::Null,
        }
    }

    pub(crate) fn store(&mut self, target: Target, value: Value) {
        match target {
            Target::Local(slot) => self.put(slot, Slot::Value(value)),
            Target::Captured(slot) => match self.variable(slot) {
                Some(variable) => variable.set(value),
                None => self.put(slot, Slot::Variable(Arc::new(Variable::new(value)))),
            },
            Target::Discard => {}
        }
    }

    /// The value of an expression.
    pub(crate) fn eval(&mut self, node: &'a Node) -> Result<Value, Exception> {
        match node {
            Node::Constant(value) => Ok(value.clone()),
            Node::Local(slot) => Ok(self.local(*slot)),
            Node::Captured(slot) => Ok(self.variable(*slot).map_or(Value::Null, |v| v.get())),
            Node::Store(target, value) => self.eval_store(*target, value),
            Node::Call(call) => self.eval_call(call),
            Node::Invoke(delegate, arguments) => self.eval_invoke(delegate, arguments),
            Node::InvokeUpdating(call) => self.eval_invoke_updating(call),
            Node::Unary(op, operand) => self.eval_unary(*op, operand),
            Node::Binary(parts) => self.eval_binary(parts),
            Node::Checked(parts) => self.eval_checked(parts),
            Node::Chain(first, rest) => self.eval_chain(first, rest),
            Node::SameReference { negate, operands } => self.eval_same(*negate, operands),
            Node::And(all) => self.eval_and(all),
            Node::Or(all) => self.eval_or(all),
            Node::Coalesce(all) => self.eval_coalesce(all),
            Node::Conditional(parts) => self.eval_conditional(parts),
            Node::ConditionalAccess(slot, parts) => self.eval_access(*slot, parts),
            Node::Concat(parts) => self.eval_concat(parts),
            Node::Format(pieces) => self.eval_format(pieces),
            Node::Convert(conversion, operand) => {
                let value = self.eval(operand)?;
                convert(conversion, value, self.budget)
            }
            Node::Is(operand, ty) => {
                let value = self.eval(operand)?;
                Ok(Value::Bool(is_instance(&value, ty)))
            }
            Node::As(operand, ty) => self.eval_as(operand, ty),
            Node::IsStore(operand, ty, target) => self.eval_is_store(operand, ty, *target),
            Node::EqualsConstant(operand, constant) => {
                let value = self.eval(operand)?;
                Ok(Value::Bool(key::equals(&value, constant)))
            }
            Node::NewArray(element, items) => self.eval_array(element, items),
            Node::NewArraySized(element, default, length) => {
                self.eval_sized_array(element, default, length)
            }
            Node::Anonymous(shape, values) => self.eval_anonymous(shape, values),
            Node::Tuple(types, items) => self.eval_tuple(types, items),
            Node::Field(target, index) => self.eval_field(target, *index),
            Node::Initialize {
                slot,
                object,
                additions,
            } => self.eval_initialize(*slot, object, additions),
            Node::Lambda(lambda) => self.eval_lambda(lambda),
            Node::Update(update) => self.eval_update(update),
            Node::SetElement(set) => self.eval_set_element(set),
            Node::Throw(exception) => self.eval_throw(exception),
        }
    }

    /// The value of a condition, whose type the checker made sure of.
    fn condition(&mut self, node: &'a Node) -> Result<bool, Exception> {
        match self.eval(node)? {
            Value::Bool(value) => Ok(value),
            // A `bool?` without value, which `if` cannot take.
            _ => Err(Exception::null_reference()),
        }
    }

    #[inline(never)]
    fn eval_store(&mut self, target: Target, value: &'a Node) -> Result<Value, Exception> {
        let value = self.eval(value)?;
        self.store(target, value.clone());
        Ok(value)
    }

    #[inline(never)]
    fn eval_unary(&mut self, op: UnaryOp, operand: &'a Node) -> Result<Value, Exception> {
        let value = self.eval(operand)?;
        operators::unary(op, &value)
    }

    #[inline(never)]
    fn eval_binary(
        &mut self,
        parts: &'a (super::ast::BinaryOp, Node, Node),
    ) -> Result<Value, Exception> {
        let (op, left, right) = parts;
        self.budget.charge(1)?;
        let left = self.eval(left)?;
        let right = self.eval(right)?;
        self.budget.charge_reading(&right)?;
        operators::binary(*op, &left, &right)
    }

    #[inline(never)]
    fn eval_checked(
        &mut self,
        parts: &'a (super::ast::BinaryOp, Node, Node),
    ) -> Result<Value, Exception> {
        let (op, left, right) = parts;
        self.budget.charge(1)?;
        let left = self.eval(left)?;
        let right = self.eval(right)?;
        operators::checked(*op, &left, &right)
    }

    #[inline(never)]
    fn eval_chain(
        &mut self,
        first: &'a Node,
        rest: &'a [(super::ast::BinaryOp, Node)],
    ) -> Result<Value, Exception> {
        let mut left = self.eval(first)?;
        for (op, right) in rest {
            self.budget.charge(1)?;
            let right = self.eval(right)?;
            self.budget.charge_reading(&right)?;
            left = operators::binary(*op, &left, &right)?;
        }
        Ok(left)
    }

    #[inline(never)]
    fn eval_same(&mut self, negate: bool, operands: &'a (Node, Node)) -> Result<Value, Exception> {
        let left = self.eval(&operands.0)?;
        let right = self.eval(&operands.1)?;
        Ok(Value::Bool(key::same_reference(&left, &right) != negate))
    }

    #[inline(never)]
    fn eval_and(&mut self, all: &'a [Node]) -> Result<Value, Exception> {
        self.budget.charge(1)?;
        for node in all {
            if !self.condition(node)? {
                return Ok(Value::Bool(false));
            }
        }
        Ok(Value::Bool(true))
    }

    #[inline(never)]
    fn eval_or(&mut self, all: &'a [Node]) -> Result<Value, Exception> {
        self.budget.charge(1)?;
        for node in all {
            if self.condition(node)? {
                return Ok(Value::Bool(true));
            }
        }
        Ok(Value::Bool(false))
    }

    #[inline(never)]
    fn eval_coalesce(&mut self, all: &'a [Node]) -> Result<Value, Exception> {
        self.budget.charge(1)?;
        for node in all {
            let value = self.eval(node)?;
            if !value.is_null() {
                return Ok(value);
            }
        }
        Ok(Value::Null)
    }

    #[inline(never)]
    fn eval_conditional(&mut self, parts: &'a (Node, Node, Node)) -> Result<Value, Exception> {
        self.budget.charge(1)?;
        if self.condition(&parts.0)? {
            self.eval(&parts.1)
        } else {
            self.eval(&parts.2)
        }
    }

    #[inline(never)]
    fn eval_access(&mut self, slot: usize, parts: &'a (Node, Node)) -> Result<Value, Exception> {
        let target = self.eval(&parts.0)?;
        if target.is_null() {
            return Ok(Value::Null);
        }
        self.put(slot, Slot::Value(target));
        self.eval(&parts.1)
    }

    #[inline(never)]
    fn eval_concat(&mut self, parts: &'a [Node]) -> Result<Value, Exception> {
        let mut text = String::new();
        for part in parts {
            let value = self.eval(part)?;
            self.append(&mut text, &value)?;
        }
        Ok(Value::Text(Text::new(text)))
    }

    /// Adds the text of `value`, paying for it.
    pub(crate) fn append(&mut self, text: &mut String, value: &Value) -> Result<(), Exception> {
        match value {
            Value::Text(part) => {
                self.budget.allocate(part.len())?;
                text.push_str(part);
            }
            other => {
                let part = other.to_text()?;
                self.budget.allocate(part.len())?;
                text.push_str(&part);
            }
        }
        self.budget.charge(1)
    }

    #[inline(never)]
    fn eval_format(&mut self, pieces: &'a [Piece]) -> Result<Value, Exception> {
        let mut text = String::new();
        for piece in pieces {
            match piece {
                Piece::Text(literal) => {
                    self.budget.allocate(literal.len())?;
                    text.push_str(literal);
                }
                Piece::Value {
                    node,
                    alignment: 0,
                    format: None,
                } => {
                    let value = self.eval(node)?;
                    self.append(&mut text, &value)?;
                }
                Piece::Value {
                    node,
                    alignment,
                    format,
                } => {
                    let value = self.eval(node)?;
                    let part = super::library::format_value(
                        &value,
                        format.as_deref().unwrap_or_default(),
                    )?;
                    push_aligned(self.budget, &mut text, &part, *alignment)?;
                }
            }
        }
        Ok(Value::Text(Text::new(text)))
    }

    #[inline(never)]
    fn eval_as(&mut self, operand: &'a Node, ty: &'a Type) -> Result<Value, Exception> {
        let value = self.eval(operand)?;
        Ok(if is_instance(&value, ty) {
            value
        } else {
            Value::Null
        })
    }

    #[inline(never)]
    fn eval_is_store(
        &mut self,
        operand: &'a Node,
        ty: &'a Type,
        target: Target,
    ) -> Result<Value, Exception> {
        let value = self.eval(operand)?;
        // `x is var name` always holds.
        let holds = ty.is_unknown() || is_instance(&value, ty);
        if holds {
            if let Target::Captured(slot) = target {
                self.put(slot, Slot::Variable(Arc::new(Variable::default())));
            }
            self.store(target, value);
        }
        Ok(Value::Bool(holds))
    }

    #[inline(never)]
    fn eval_throw(&mut self, node: &'a Node) -> Result<Value, Exception> {
        let value = self.eval(node)?;
        Err(thrown(&value))
    }
}

/// The exception a value is; throwing `null` throws what .NET throws.
fn thrown(value: &Value) -> Exception {
    match value {
        Value::Object(object) => match object.as_ref() {
            Object::Exception(exception) => exception.clone(),
            _ => Exception::null_reference(),
        },
        _ => Exception::null_reference(),
    }
}

/// Adds `part`, padded to `alignment` UTF-16 units: right-aligned, or left-aligned if negative.
pub(crate) fn push_aligned(
    budget: &mut Budget,
    text: &mut String,
    part: &str,
    alignment: i32,
) -> Result<(), Exception> {
    let width = alignment.unsigned_abs() as usize;
    let padding = width.saturating_sub(utf16_len(part));
    budget.allocate(part.len().saturating_add(padding))?;
    if alignment > 0 {
        text.extend(std::iter::repeat_n(' ', padding));
    }
    text.push_str(part);
    if alignment < 0 {
        text.extend(std::iter::repeat_n(' ', padding));
    }
    Ok(())
}
