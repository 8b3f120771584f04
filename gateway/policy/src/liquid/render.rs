//! Running a template.

use std::collections::HashMap;
use std::sync::Arc;

use super::compare::equal;
use super::datum::Datum;
use super::nodes::{Branch, Chain, Comparison, Condition, Join, Node, When};
use super::operand::{Operand, Step};
use super::{members, output};
use crate::context::Context;
use crate::expression::{Budget, Exception, Handle, Value};
use crate::host::Host;

/// How a node ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Signal {
    Next,
    Break,
    Continue,
}

/// Height that a level of blocks takes of the budget's recursion.
const LEVEL: u32 = 6;

/// The state of one run.
pub(super) struct Renderer<'r> {
    pub(super) context: &'r Context,
    pub(super) host: &'r dyn Host,
    pub(super) budget: &'r mut Budget,
    body: Datum,
    /// Variables of the blocks that are open, the whole template's first.
    scopes: Vec<HashMap<Arc<str>, Datum>>,
    /// Of `increment` and `decrement`, which `assign` does not touch.
    counters: HashMap<Arc<str>, i64>,
    pub(super) cycles: HashMap<String, usize>,
    /// Where loops ended, for `offset:continue`.
    pub(super) continues: HashMap<Arc<str>, usize>,
    changed: Option<String>,
    out: String,
}

pub(super) fn render(
    nodes: &[Node],
    body: Datum,
    context: &Context,
    host: &dyn Host,
    budget: &mut Budget,
) -> Result<String, Exception> {
    let mut renderer = Renderer {
        context,
        host,
        budget,
        body,
        scopes: vec![HashMap::new()],
        counters: HashMap::new(),
        cycles: HashMap::new(),
        continues: HashMap::new(),
        changed: None,
        out: String::new(),
    };
    renderer.nodes(nodes)?;
    Ok(renderer.out)
}

impl Renderer<'_> {
    pub(super) fn nodes(&mut self, nodes: &[Node]) -> Result<Signal, Exception> {
        self.budget.enter(LEVEL)?;
        let result = self.nodes_inside(nodes);
        self.budget.leave(LEVEL);
        result
    }

    fn nodes_inside(&mut self, nodes: &[Node]) -> Result<Signal, Exception> {
        for node in nodes {
            self.budget.charge(1)?;
            let signal = self.node(node)?;
            if signal != Signal::Next {
                return Ok(signal);
            }
        }
        Ok(Signal::Next)
    }

    fn node(&mut self, node: &Node) -> Result<Signal, Exception> {
        match node {
            Node::Text(text) => self.write(text)?,
            Node::Output(chain) => {
                let value = self.chain(chain)?;
                let text = output::written(&value, self.context, self.budget)?;
                self.out.push_str(&text);
            }
            Node::Assign(name, chain) => {
                let value = self.chain(chain)?;
                self.assign(name, value);
            }
            Node::Capture(name, nodes) => {
                let (text, signal) = self.captured(nodes)?;
                self.assign(name, Datum::text(text));
                return Ok(signal);
            }
            Node::If { branches, negated } => return self.branches(branches, *negated),
            Node::Case { subject, branches } => return self.case(subject, branches),
            Node::For(tag) => return self.for_loop(tag),
            Node::Cycle { key, values } => self.cycle(key, values)?,
            Node::Count { name, up } => {
                let counter = self.counters.entry(Arc::clone(name)).or_insert(0);
                let shown = if *up { *counter } else { *counter - 1 };
                *counter = if *up { shown.saturating_add(1) } else { shown };
                self.write(&shown.to_string())?;
            }
            Node::IfChanged(nodes) => {
                let (text, signal) = self.captured(nodes)?;
                if self.changed.as_deref() != Some(text.as_str()) {
                    self.write(&text)?;
                    self.changed = Some(text);
                }
                return Ok(signal);
            }
            Node::Break => return Ok(Signal::Break),
            Node::Continue => return Ok(Signal::Continue),
        }
        Ok(Signal::Next)
    }

    pub(super) fn write(&mut self, text: &str) -> Result<(), Exception> {
        self.budget.allocate(text.len())?;
        self.out.push_str(text);
        Ok(())
    }

    pub(super) fn print(&mut self, value: &Datum) -> Result<String, Exception> {
        output::written(value, self.context, self.budget)
    }

    /// What nodes write, apart.
    fn captured(&mut self, nodes: &[Node]) -> Result<(String, Signal), Exception> {
        let before = std::mem::take(&mut self.out);
        let result = self.nodes(nodes);
        let text = std::mem::replace(&mut self.out, before);
        Ok((text, result?))
    }

    pub(super) fn enter(&mut self) {
        self.scopes.push(HashMap::new());
    }

    pub(super) fn leave(&mut self) {
        self.scopes.pop();
    }

    /// Sets a variable of the innermost block.
    pub(super) fn set(&mut self, name: Arc<str>, value: Datum) {
        if let Some(scope) = self.scopes.last_mut() {
            scope.insert(name, value);
        }
    }

    /// Sets a variable of the template.
    fn assign(&mut self, name: &Arc<str>, value: Datum) {
        if let Some(scope) = self.scopes.first_mut() {
            scope.insert(Arc::clone(name), value);
        }
    }

    pub(super) fn scoped(&mut self, nodes: &[Node]) -> Result<Signal, Exception> {
        self.enter();
        let result = self.nodes(nodes);
        self.leave();
        result
    }

    fn branches(&mut self, branches: &[Branch], negated: bool) -> Result<Signal, Exception> {
        for (index, branch) in branches.iter().enumerate() {
            let holds = match &branch.condition {
                Some(condition) => self.condition(condition)? != (negated && index == 0),
                None => true,
            };
            if holds {
                return self.scoped(&branch.nodes);
            }
        }
        Ok(Signal::Next)
    }

    /// Every `when` that fits is written, not only the first.
    fn case(&mut self, subject: &Operand, branches: &[When]) -> Result<Signal, Exception> {
        let subject = self.value(subject)?;
        let mut matched = false;
        for branch in branches {
            // A branch is written once for each of its values that fits.
            let mut times = usize::from(branch.values.is_none() && !matched);
            for value in branch.values.iter().flatten() {
                let value = self.value(value)?;
                if equal(&subject, &value, self.budget)? {
                    matched = true;
                    times += 1;
                }
            }
            for _ in 0..times {
                let signal = self.scoped(&branch.nodes)?;
                if signal != Signal::Next {
                    return Ok(signal);
                }
            }
        }
        Ok(Signal::Next)
    }

    fn condition(&mut self, condition: &Condition) -> Result<bool, Exception> {
        let mut result = false;
        for (comparison, join) in &condition.0 {
            result = self.comparison(comparison)?;
            match (join, result) {
                (Some(Join::Or), true) | (Some(Join::And), false) => return Ok(result),
                _ => {}
            }
        }
        Ok(result)
    }

    fn comparison(&mut self, comparison: &Comparison) -> Result<bool, Exception> {
        let left = self.value(&comparison.left)?;
        match &comparison.test {
            None => Ok(left.is_truthy()),
            Some((operator, right)) => {
                let right = self.value(right)?;
                let (left, right) = (self.listed(left)?, self.listed(right)?);
                operator.holds(&left, &right, self.budget)
            }
        }
    }

    fn chain(&mut self, chain: &Chain) -> Result<Datum, Exception> {
        let Some(source) = &chain.source else {
            return Ok(Datum::NULL);
        };
        let mut value = self.value(source)?;
        for call in &chain.filters {
            self.budget.charge(5)?;
            let mut arguments = Vec::with_capacity(call.arguments.len());
            for argument in &call.arguments {
                arguments.push(self.value(argument)?);
            }
            let input = self.listed(value)?;
            value = call.filter.apply(&input, &arguments, self)?;
        }
        Ok(value)
    }

    /// Dictionaries of `context` as lists of pairs; everything else as it is.
    pub(super) fn listed(&mut self, value: Datum) -> Result<Datum, Exception> {
        Ok(match value {
            Datum::Part(part) => match members::print(part, self.context) {
                Some(text) => Datum::text(text),
                None => {
                    members::pairs(part, self.context, self.budget)?.unwrap_or(Datum::Part(part))
                }
            },
            other => other,
        })
    }

    /// The value of an operand; what is missing is `null`.
    pub(super) fn value(&mut self, operand: &Operand) -> Result<Datum, Exception> {
        self.budget.charge(1)?;
        Ok(match operand {
            Operand::Literal(value) => Datum::Scalar(value.clone()),
            Operand::Empty => Datum::Empty,
            Operand::Blank => Datum::Blank,
            Operand::Range(first, last) => Datum::Range(self.whole(first)?, self.whole(last)?),
            Operand::Path(steps) => self.path(steps)?.unwrap_or(Datum::NULL),
        })
    }

    fn path(&mut self, steps: &[Step]) -> Result<Option<Datum>, Exception> {
        let mut steps = steps.iter();
        let mut current = match steps.next() {
            Some(Step::Name(name)) => self.root(name),
            Some(Step::Index(operand)) => {
                let name = self.value(operand)?;
                let name = self.print(&name)?;
                self.root(&name)
            }
            None => None,
        };
        for step in steps {
            self.budget.charge(1)?;
            let Some(value) = current else {
                return Ok(None);
            };
            current = match step {
                Step::Name(name) => match self.member(&value, name)? {
                    Some(found) => Some(found),
                    None => self.command(value, name)?,
                },
                Step::Index(operand) => {
                    let index = self.value(operand)?;
                    self.index(&value, &index)?
                }
            };
        }
        Ok(current)
    }

    fn root(&self, name: &str) -> Option<Datum> {
        if let Some(value) = self.scopes.iter().rev().find_map(|scope| scope.get(name)) {
            return Some(value.clone());
        }
        match name {
            "body" => Some(self.body.clone()),
            "context" => Some(Datum::Part(Handle::Context)),
            // Of APIM's templates that make REST of SOAP.
            "query" => Some(Datum::Part(Handle::RequestQuery)),
            "headers" => Some(Datum::Part(Handle::RequestHeaders)),
            name => self.counters.get(name).map(|count| Datum::whole(*count)),
        }
    }

    fn member(&mut self, value: &Datum, name: &str) -> Result<Option<Datum>, Exception> {
        match value {
            Datum::Part(part) => members::member(*part, name, self.context, self.budget),
            other => other.member(name, self.budget),
        }
    }

    fn index(&mut self, value: &Datum, index: &Datum) -> Result<Option<Datum>, Exception> {
        match index {
            Datum::Scalar(Value::Text(name)) => {
                let name = name.shared();
                self.member(value, &name)
            }
            Datum::Scalar(index) => match super::compare::number(index) {
                Some(number) => match number.exact() {
                    Some(at) => value.item(at, self.budget),
                    None => Ok(None),
                },
                None => Ok(None),
            },
            _ => Ok(None),
        }
    }

    /// `size`, `first` and `last` of what has no member of that name.
    fn command(&mut self, value: Datum, name: &str) -> Result<Option<Datum>, Exception> {
        if !matches!(name, "size" | "Size" | "first" | "First" | "last" | "Last") {
            return Ok(None);
        }
        let value = self.listed(value)?;
        let Some(length) = value.length(self.budget)? else {
            return Ok(None);
        };
        let at = match name {
            "size" | "Size" => return Ok(Some(Datum::int(length))),
            "first" | "First" => 0,
            _ => length.saturating_sub(1),
        };
        let mut items = value.elements(at, at + 1, self.budget)?.unwrap_or_default();
        Ok(Some(items.pop().unwrap_or(Datum::NULL)))
    }
}
