//! The reference: a walk over programs that takes every rule literally and is in no hurry.

use std::collections::HashMap;

use super::language::{Expr, Kind, Op, Program, Stmt, TextCall, Val};

/// Most steps of one program.
const MOST_STEPS: u32 = 50_000;
/// Longest text.
const LONGEST: usize = 50_000;

/// Exceptions by their .NET types.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Thrown {
    DivideByZero,
    Overflow,
    NullReference,
    ArgumentRange,
    IndexRange,
    InvalidOperation,
}

/// How a program ends.
#[derive(Debug)]
pub enum Outcome {
    Gives(Val),
    Throws(Thrown),
    Unfinished,
}

/// Why a value is not there.
#[derive(Debug, Clone, Copy)]
pub(super) enum Stop {
    Thrown(Thrown),
    Unfinished,
}

pub(super) type Eval<T> = Result<T, Stop>;

pub(super) fn throw<T>(thrown: Thrown) -> Eval<T> {
    Err(Stop::Thrown(thrown))
}

/// Where a statement leads.
enum Flow {
    Next,
    Break,
    Continue,
    Return(Val),
}

#[derive(Default)]
pub struct Reference {
    locals: HashMap<u32, Val>,
    steps: u32,
}

impl Reference {
    pub fn run(mut self, program: &Program) -> Outcome {
        match self.block(&program.body) {
            Ok(Flow::Return(value)) => Outcome::Gives(value),
            Ok(_) => unreachable!("every program ends with a return"),
            Err(Stop::Thrown(thrown)) => Outcome::Throws(thrown),
            Err(Stop::Unfinished) => Outcome::Unfinished,
        }
    }

    pub(super) fn set(&mut self, local: u32, value: Val) {
        self.locals.insert(local, value);
    }

    fn block(&mut self, body: &[Stmt]) -> Eval<Flow> {
        for statement in body {
            match self.statement(statement)? {
                Flow::Next => {}
                other => return Ok(other),
            }
        }
        Ok(Flow::Next)
    }

    fn statement(&mut self, statement: &Stmt) -> Eval<Flow> {
        self.step()?;
        match statement {
            Stmt::Declare(_, local, value) => {
                let value = self.value(value)?;
                self.set(*local, value);
                Ok(Flow::Next)
            }
            Stmt::Evaluate(value) => self.value(value).map(|_| Flow::Next),
            Stmt::Compound(op, local, value) => {
                // The old value is read before the right side runs.
                let old = self.locals[local].clone();
                let new = self.value(value)?;
                let new = binary(*op, old, new)?;
                self.set(*local, new);
                Ok(Flow::Next)
            }
            Stmt::If(condition, then, other) => {
                let taken = if self.bool(condition)? { then } else { other };
                self.block(taken)
            }
            Stmt::For(local, count, body) => {
                for i in 0..i32::from(*count) {
                    self.set(*local, Val::Int(i));
                    match self.block(body)? {
                        Flow::Break => break,
                        Flow::Return(value) => return Ok(Flow::Return(value)),
                        Flow::Next | Flow::Continue => {}
                    }
                }
                Ok(Flow::Next)
            }
            Stmt::ForEach(local, source, body) => {
                for item in self.ints(source)? {
                    self.set(*local, Val::Int(item));
                    match self.block(body)? {
                        Flow::Break => break,
                        Flow::Return(value) => return Ok(Flow::Return(value)),
                        Flow::Next | Flow::Continue => {}
                    }
                }
                Ok(Flow::Next)
            }
            Stmt::While(_, most, condition, body) => {
                for _ in 0..*most {
                    if !self.bool(condition)? {
                        break;
                    }
                    match self.block(body)? {
                        Flow::Break => break,
                        Flow::Return(value) => return Ok(Flow::Return(value)),
                        Flow::Next | Flow::Continue => {}
                    }
                }
                Ok(Flow::Next)
            }
            Stmt::Switch(value, cases, default) => {
                let value = self.int(value)?;
                let found = cases.iter().find(|(label, _)| *label == value);
                self.block(found.map_or(default, |(_, body)| body))
            }
            Stmt::Try(body, all, handler, last) => self.attempt(body, *all, handler, last),
            Stmt::Break => Ok(Flow::Break),
            Stmt::Continue => Ok(Flow::Continue),
            Stmt::Return(value) => self.value(value).map(Flow::Return),
        }
    }

    fn attempt(&mut self, body: &[Stmt], all: bool, handler: &[Stmt], last: &[Stmt]) -> Eval<Flow> {
        let outcome = match self.block(body) {
            Err(Stop::Thrown(thrown)) if all || thrown == Thrown::DivideByZero => {
                self.block(handler)
            }
            other => other,
        };
        if matches!(outcome, Err(Stop::Unfinished)) {
            return outcome;
        }
        // What the last block throws replaces what was thrown before it.
        self.block(last)?;
        outcome
    }

    fn step(&mut self) -> Eval<()> {
        self.steps += 1;
        if self.steps > MOST_STEPS {
            return Err(Stop::Unfinished);
        }
        Ok(())
    }

    pub(super) fn bool(&mut self, expr: &Expr) -> Eval<bool> {
        match self.value(expr)? {
            Val::Bool(value) => Ok(value),
            other => unreachable!("{other:?} is no condition"),
        }
    }

    pub(super) fn int(&mut self, expr: &Expr) -> Eval<i32> {
        match self.value(expr)? {
            Val::Int(value) => Ok(value),
            other => unreachable!("{other:?} is no int"),
        }
    }

    pub(super) fn ints(&mut self, expr: &Expr) -> Eval<Vec<i32>> {
        match self.value(expr)? {
            Val::Ints(value) => Ok(value),
            other => unreachable!("{other:?} is no array"),
        }
    }

    pub(super) fn value(&mut self, expr: &Expr) -> Eval<Val> {
        self.step()?;
        Ok(match expr {
            Expr::Literal(value) => value.clone(),
            Expr::Local(local) => self.locals[local].clone(),
            Expr::Binary(Op::BothTrue, left, right) => {
                Val::Bool(self.bool(left)? && self.bool(right)?)
            }
            Expr::Binary(Op::OneTrue, left, right) => {
                Val::Bool(self.bool(left)? || self.bool(right)?)
            }
            Expr::Binary(op, left, right) => {
                let left = self.value(left)?;
                let right = self.value(right)?;
                binary(*op, left, right)?
            }
            Expr::Minus(inner) => match self.value(inner)? {
                Val::Int(value) => Val::Int(value.wrapping_neg()),
                Val::Long(value) => Val::Long(value.wrapping_neg()),
                Val::Double(value) => Val::Double(-value),
                other => unreachable!("minus {other:?}"),
            },
            Expr::Not(inner) => Val::Bool(!self.bool(inner)?),
            Expr::Complement(inner) => Val::Int(!self.int(inner)?),
            Expr::Choose(condition, yes, no) => {
                let taken = if self.bool(condition)? { yes } else { no };
                self.value(taken)?
            }
            Expr::Coalesce(left, right) => match self.value(left)? {
                Val::Text(None) => self.value(right)?,
                value => value,
            },
            Expr::Cast(kind, inner) => match (kind, self.value(inner)?) {
                // Out of its range a number loses its upper bits: unchecked is the default.
                (Kind::Int, Val::Long(value)) => Val::Int(value as i32),
                (Kind::Long, Val::Int(value)) => Val::Long(i64::from(value)),
                (Kind::Double, Val::Int(value)) => Val::Double(f64::from(value)),
                (Kind::Double, Val::Long(value)) => Val::Double(value as f64),
                (_, other) => unreachable!("a cast of {other:?}"),
            },
            Expr::Assign(local, inner) => {
                let value = self.value(inner)?;
                self.set(*local, value.clone());
                value
            }
            Expr::Step { local, up, prefix } => {
                let Val::Int(old) = self.locals[local] else {
                    unreachable!("a step of something else")
                };
                let new = old.wrapping_add(if *up { 1 } else { -1 });
                self.set(*local, Val::Int(new));
                Val::Int(if *prefix { new } else { old })
            }
            Expr::Call(call, text, arguments) => {
                let text = self.value(text)?;
                let mut values = Vec::new();
                for argument in arguments {
                    values.push(self.value(argument)?);
                }
                // The null check comes with the call, behind the arguments.
                let Val::Text(Some(text)) = text else {
                    return throw(Thrown::NullReference);
                };
                called(*call, &text, &values)?
            }
            Expr::Print(inner) => Val::Text(Some(printed(&self.value(inner)?))),
            Expr::Array(items) => {
                let mut values = Vec::new();
                for item in items {
                    values.push(self.int(item)?);
                }
                Val::Ints(values)
            }
            Expr::Element(array, index) => {
                let array = self.ints(array)?;
                let index = self.int(index)?;
                match usize::try_from(index).ok().and_then(|at| array.get(at)) {
                    Some(item) => Val::Int(*item),
                    None => return throw(Thrown::IndexRange),
                }
            }
            Expr::ArrayLength(array) => Val::Int(self.ints(array)?.len() as i32),
            Expr::Query {
                source,
                parameter,
                stages,
                end,
            } => self.query(source, *parameter, stages, end)?,
            Expr::Invoke {
                parameter,
                body,
                argument,
            } => {
                let argument = self.value(argument)?;
                self.set(*parameter, argument);
                self.value(body)?
            }
        })
    }
}

/// `ToString()` of what has no format of its own.
fn printed(value: &Val) -> String {
    match value {
        Val::Int(value) => value.to_string(),
        Val::Long(value) => value.to_string(),
        Val::Bool(true) => "True".to_owned(),
        Val::Bool(false) => "False".to_owned(),
        Val::Text(text) => text.clone().unwrap_or_default(),
        other => unreachable!("{other:?} is not printed"),
    }
}

fn binary(op: Op, left: Val, right: Val) -> Eval<Val> {
    Ok(match (left, right) {
        (left @ Val::Text(_), right @ Val::Text(_)) if op == Op::Equal => Val::Bool(left == right),
        (left @ Val::Text(_), right @ Val::Text(_)) if op == Op::NotEqual => {
            Val::Bool(left != right)
        }
        (left @ Val::Text(_), right) | (left, right @ Val::Text(_)) => {
            let text = printed(&left) + &printed(&right);
            if text.len() > LONGEST {
                return Err(Stop::Unfinished);
            }
            Val::Text(Some(text))
        }
        (Val::Bool(a), Val::Bool(b)) => Val::Bool(match op {
            Op::And => a & b,
            Op::Or => a | b,
            Op::Xor | Op::NotEqual => a != b,
            Op::Equal => a == b,
            other => unreachable!("{other:?} of Booleans"),
        }),
        (Val::Int(a), Val::Int(b)) => return int(op, a, b),
        // The count of a shift is an `int` whatever is shifted.
        (Val::Long(a), Val::Int(b)) if matches!(op, Op::Shl | Op::Shr) => {
            let count = (b & 63) as u32;
            Val::Long(if op == Op::Shl {
                a.wrapping_shl(count)
            } else {
                a >> count
            })
        }
        (Val::Double(a), b) => double(op, a, widened(&b)),
        (a, Val::Double(b)) => double(op, widened(&a), b),
        (a, b) => return long(op, long_of(&a), long_of(&b)),
    })
}

fn long_of(value: &Val) -> i64 {
    match value {
        Val::Int(value) => i64::from(*value),
        Val::Long(value) => *value,
        other => unreachable!("{other:?} is no long"),
    }
}

fn widened(value: &Val) -> f64 {
    match value {
        Val::Int(value) => f64::from(*value),
        Val::Long(value) => *value as f64,
        Val::Double(value) => *value,
        other => unreachable!("{other:?} is no double"),
    }
}

fn int(op: Op, a: i32, b: i32) -> Eval<Val> {
    let value = match op {
        Op::Add => a.wrapping_add(b),
        Op::Sub => a.wrapping_sub(b),
        Op::Mul => a.wrapping_mul(b),
        Op::Div | Op::Rem if b == 0 => return throw(Thrown::DivideByZero),
        Op::Div | Op::Rem if a == i32::MIN && b == -1 => return throw(Thrown::Overflow),
        Op::Div => a / b,
        Op::Rem => a % b,
        Op::Shl => a.wrapping_shl((b & 31) as u32),
        Op::Shr => a >> (b & 31),
        Op::And => a & b,
        Op::Or => a | b,
        Op::Xor => a ^ b,
        op => return Ok(Val::Bool(ordered(op, a.partial_cmp(&b)))),
    };
    Ok(Val::Int(value))
}

fn long(op: Op, a: i64, b: i64) -> Eval<Val> {
    let value = match op {
        Op::Add => a.wrapping_add(b),
        Op::Sub => a.wrapping_sub(b),
        Op::Mul => a.wrapping_mul(b),
        Op::Div | Op::Rem if b == 0 => return throw(Thrown::DivideByZero),
        Op::Div | Op::Rem if a == i64::MIN && b == -1 => return throw(Thrown::Overflow),
        Op::Div => a / b,
        Op::Rem => a % b,
        Op::And => a & b,
        Op::Or => a | b,
        Op::Xor => a ^ b,
        op => return Ok(Val::Bool(ordered(op, a.partial_cmp(&b)))),
    };
    Ok(Val::Long(value))
}

fn double(op: Op, a: f64, b: f64) -> Val {
    Val::Double(match op {
        Op::Add => a + b,
        Op::Sub => a - b,
        Op::Mul => a * b,
        Op::Div => a / b,
        Op::Rem => a % b,
        op => return Val::Bool(ordered(op, a.partial_cmp(&b))),
    })
}

/// A comparison; what is not a number is only unequal.
fn ordered(op: Op, order: Option<std::cmp::Ordering>) -> bool {
    match (op, order) {
        (Op::NotEqual, None) => true,
        (_, None) => false,
        (Op::Less, Some(order)) => order.is_lt(),
        (Op::LessOrEqual, Some(order)) => order.is_le(),
        (Op::Greater, Some(order)) => order.is_gt(),
        (Op::GreaterOrEqual, Some(order)) => order.is_ge(),
        (Op::Equal, Some(order)) => order.is_eq(),
        (Op::NotEqual, Some(order)) => order.is_ne(),
        (other, _) => unreachable!("{other:?} compares nothing"),
    }
}

/// Members of strings; all texts are ASCII, where a character is a byte.
fn called(call: TextCall, text: &str, arguments: &[Val]) -> Eval<Val> {
    let number = |at: usize| match arguments[at] {
        Val::Int(value) => value,
        ref other => unreachable!("{other:?} is no int"),
    };
    let word = |at: usize| match &arguments[at] {
        Val::Text(Some(text)) => text.as_str(),
        other => unreachable!("{other:?} is no text"),
    };
    // A place from 0 to the length.
    let place = |value: i64| {
        let place = usize::try_from(value).ok().filter(|at| *at <= text.len());
        place.ok_or(Stop::Thrown(Thrown::ArgumentRange))
    };
    Ok(match call {
        TextCall::Length => Val::Int(text.len() as i32),
        TextCall::IndexOf => Val::Int(text.find(word(0)).map_or(-1, |at| at as i32)),
        TextCall::Contains => Val::Bool(text.contains(word(0))),
        TextCall::StartsWith => Val::Bool(text.starts_with(word(0))),
        other => Val::Text(Some(match other {
            TextCall::Substring => {
                let start = place(i64::from(number(0)))?;
                if number(1) < 0 {
                    return throw(Thrown::ArgumentRange);
                }
                let end = place(i64::from(number(0)) + i64::from(number(1)))?;
                text[start..end].to_owned()
            }
            TextCall::SubstringFrom => text[place(i64::from(number(0)))?..].to_owned(),
            TextCall::Upper => text.to_ascii_uppercase(),
            TextCall::Lower => text.to_ascii_lowercase(),
            TextCall::Trim => text.trim().to_owned(),
            TextCall::Replace => text.replace(word(0), word(1)),
            TextCall::PadLeft => {
                let missing = (number(0) as usize).saturating_sub(text.len());
                ".".repeat(missing) + text
            }
            TextCall::Insert => {
                let at = place(i64::from(number(0)))?;
                format!("{}{}{}", &text[..at], word(1), &text[at..])
            }
            other => unreachable!("{other:?} gives no text"),
        })),
    })
}
