//! Programs from bytes: every input is a program that type-checks.

use super::language::{End, Expr, Kind, Op, Program, Stage, Stmt, TextCall, Val};

/// Deepest expression.
const DEEPEST: u32 = 5;
/// Deepest block.
const DEEPEST_BLOCK: u32 = 3;
/// Most statements and expressions together.
const MOST: u32 = 400;

/// Makes a program.
pub struct Generator<'a> {
    bytes: &'a [u8],
    /// Locals in scope with their types; those that may not be assigned are not variables.
    scope: Vec<(u32, Kind, bool)>,
    next: u32,
    left: u32,
    /// Whether assignments may stand in an expression.
    pure_only: bool,
}

const SCALARS: [Kind; 5] = [Kind::Int, Kind::Long, Kind::Double, Kind::Bool, Kind::Text];

/// The program of these bytes.
pub fn generate(bytes: &[u8]) -> Program {
    let mut generator = Generator {
        bytes,
        scope: Vec::new(),
        next: 0,
        left: MOST,
        pure_only: false,
    };
    let mut body = Vec::new();
    for kind in [Kind::Int, Kind::Text, Kind::Ints] {
        body.push(generator.declare(kind));
    }
    let count = 1 + generator.below(6);
    for _ in 0..count {
        body.push(generator.statement(0, false));
    }
    let kind = SCALARS[generator.below(5) as usize];
    let result = generator.expression(kind, 0);
    body.push(Stmt::Return(result));
    fix_returns(&mut body, kind);
    Program { body }
}

/// All returns have one type: what returns something else returns a literal of it.
fn fix_returns(body: &mut [Stmt], kind: Kind) {
    let literal = || {
        Expr::Literal(match kind {
            Kind::Int => Val::Int(-7),
            Kind::Long => Val::Long(-7),
            Kind::Double => Val::Double(-7.5),
            Kind::Bool => Val::Bool(true),
            Kind::Text | Kind::Ints => Val::Text(Some("early".to_owned())),
        })
    };
    let last = body.len().saturating_sub(1);
    for statement in body.iter_mut().take(last) {
        replace(statement, &literal);
    }
}

fn replace(statement: &mut Stmt, literal: &dyn Fn() -> Expr) {
    let all = |body: &mut Vec<Stmt>| body.iter_mut().for_each(|s| replace(s, literal));
    match statement {
        Stmt::Return(value) => *value = literal(),
        Stmt::If(_, a, b) => {
            all(a);
            all(b);
        }
        Stmt::For(_, _, a) | Stmt::ForEach(_, _, a) | Stmt::While(_, _, _, a) => all(a),
        Stmt::Switch(_, cases, default) => {
            cases.iter_mut().for_each(|(_, body)| all(body));
            all(default);
        }
        Stmt::Try(a, _, b, c) => {
            all(a);
            all(b);
            all(c);
        }
        _ => {}
    }
}

impl Generator<'_> {
    fn byte(&mut self) -> u8 {
        match self.bytes.split_first() {
            Some((first, rest)) => {
                self.bytes = rest;
                *first
            }
            None => 0,
        }
    }

    fn below(&mut self, limit: u32) -> u32 {
        u32::from(self.byte()) % limit
    }

    fn fresh(&mut self) -> u32 {
        self.next += 1;
        self.next - 1
    }

    fn declare(&mut self, kind: Kind) -> Stmt {
        let value = self.expression(kind, 1);
        let local = self.fresh();
        self.scope.push((local, kind, true));
        Stmt::Declare(kind, local, value)
    }

    /// A block whose locals end with it.
    fn block(&mut self, depth: u32, in_loop: bool) -> Vec<Stmt> {
        let before = self.scope.len();
        let count = self.below(4);
        let mut body: Vec<Stmt> = (0..count)
            .map(|_| self.statement(depth + 1, in_loop))
            .collect();
        // Nothing behind a jump, which would only be a warning about code that is never reached.
        if let Some(at) = body
            .iter()
            .position(|s| matches!(s, Stmt::Break | Stmt::Continue | Stmt::Return(_)))
        {
            body.truncate(at + 1);
        }
        self.scope.truncate(before);
        body
    }

    fn statement(&mut self, depth: u32, in_loop: bool) -> Stmt {
        self.left = self.left.saturating_sub(1);
        let simple = depth >= DEEPEST_BLOCK || self.left == 0;
        match self.below(if simple { 4 } else { 13 }) {
            0 | 1 => {
                let kind = match self.below(6) {
                    5 => Kind::Ints,
                    at => SCALARS[at as usize],
                };
                self.declare(kind)
            }
            2 => self.assignment(),
            3 => match self.variable(Kind::Int) {
                Some(local) => {
                    const OPS: [Op; 8] = [
                        Op::Add,
                        Op::Sub,
                        Op::Mul,
                        Op::Div,
                        Op::Xor,
                        Op::Shl,
                        Op::Shr,
                        Op::Rem,
                    ];
                    let op = OPS[self.below(8) as usize];
                    Stmt::Compound(op, local, self.expression(Kind::Int, 2))
                }
                None => self.declare(Kind::Int),
            },
            4 | 5 => {
                let condition = self.expression(Kind::Bool, 1);
                let then = self.block(depth, in_loop);
                let other = self.block(depth, in_loop);
                Stmt::If(condition, then, other)
            }
            6 => {
                let count = self.below(6) as u8;
                let local = self.fresh();
                self.scope.push((local, Kind::Int, false));
                let body = self.block(depth, true);
                self.scope.retain(|(known, ..)| *known != local);
                Stmt::For(local, count, body)
            }
            7 => {
                let source = self.expression(Kind::Ints, 2);
                let local = self.fresh();
                self.scope.push((local, Kind::Int, false));
                let body = self.block(depth, true);
                self.scope.retain(|(known, ..)| *known != local);
                Stmt::ForEach(local, source, body)
            }
            8 => {
                let most = self.below(5) as u8;
                let condition = self.expression(Kind::Bool, 2);
                let counter = self.fresh();
                let body = self.block(depth, true);
                Stmt::While(counter, most, condition, body)
            }
            9 => {
                let value = self.expression(Kind::Int, 2);
                let count = self.below(3);
                // A `break` in a switch would end the switch, and one here is at its end anyway.
                let cases = (0..count)
                    .map(|label| {
                        let body = self.block(depth, false);
                        (label as i32 * 2 - 1, without_end(body))
                    })
                    .collect();
                let default = without_end(self.block(depth, false));
                Stmt::Switch(value, cases, default)
            }
            10 => {
                let body = self.block(depth, in_loop);
                let all = self.below(2) == 0;
                let handler = self.block(depth, in_loop);
                // C# lets no jump leave a finally.
                let last = without_jumps(self.block(depth, false));
                Stmt::Try(body, all, handler, last)
            }
            11 if in_loop => match self.below(2) {
                0 => Stmt::Break,
                _ => Stmt::Continue,
            },
            12 if depth > 0 && self.below(3) == 0 => Stmt::Return(Expr::Literal(Val::Bool(true))),
            _ => self.assignment(),
        }
    }

    fn assignment(&mut self) -> Stmt {
        let variables: Vec<(u32, Kind)> = self
            .scope
            .iter()
            .filter(|(_, _, variable)| *variable)
            .map(|(local, kind, _)| (*local, *kind))
            .collect();
        let at = self.below(variables.len() as u32);
        let (local, kind) = variables[at as usize];
        let value = self.expression(kind, 1);
        Stmt::Evaluate(Expr::Assign(local, Box::new(value)))
    }

    /// A local of this type that may be assigned.
    fn variable(&mut self, kind: Kind) -> Option<u32> {
        let found: Vec<u32> = self
            .scope
            .iter()
            .filter(|(_, known, variable)| *known == kind && *variable)
            .map(|(local, ..)| *local)
            .collect();
        let at = self.below(found.len().max(1) as u32);
        found.get(at as usize).copied()
    }

    fn local(&mut self, kind: Kind) -> Option<Expr> {
        let found: Vec<u32> = self
            .scope
            .iter()
            .filter(|(_, known, _)| *known == kind)
            .map(|(local, ..)| *local)
            .collect();
        let at = self.below(found.len().max(1) as u32);
        found.get(at as usize).copied().map(Expr::Local)
    }

    fn boxed(&mut self, kind: Kind, depth: u32) -> Box<Expr> {
        Box::new(self.expression(kind, depth))
    }

    fn expression(&mut self, kind: Kind, depth: u32) -> Expr {
        self.left = self.left.saturating_sub(1);
        if depth >= DEEPEST || self.left == 0 || self.bytes.is_empty() || self.below(5) == 0 {
            return match self.below(3) {
                0 => self.literal(kind),
                _ => match self.local(kind) {
                    Some(local) => local,
                    None => self.literal(kind),
                },
            };
        }
        let deeper = depth + 1;
        match self.below(8) {
            0 => {
                let condition = self.boxed(Kind::Bool, deeper);
                let yes = self.boxed(kind, deeper);
                return Expr::Choose(condition, yes, self.boxed(kind, deeper));
            }
            1 if !self.pure_only => {
                if let Some(local) = self.variable(kind) {
                    return Expr::Assign(local, self.boxed(kind, deeper));
                }
            }
            _ => {}
        }
        match kind {
            Kind::Int => self.int(deeper),
            Kind::Long => self.long(deeper),
            Kind::Double => self.double(deeper),
            Kind::Bool => self.boolean(deeper),
            Kind::Text => self.text(deeper),
            Kind::Ints => self.ints(deeper),
        }
    }

    fn literal(&mut self, kind: Kind) -> Expr {
        const INTS: [i32; 8] = [i32::MAX, i32::MIN, -1, 1, 2, 31, 1_000_000_007, 0x5555_5555];
        const LONGS: [i64; 6] = [i64::MAX, -i64::MAX, -1, 1 << 40, 63, 4_294_967_296];
        const DOUBLES: [f64; 6] = [0.5, 1e300, -2.25, 1e-10, 3.0, 0.1];
        const TEXTS: [&str; 6] = ["", "a", "abc", "xyzzy ", " B,c", "bab"];
        Expr::Literal(match kind {
            Kind::Int if self.below(3) == 0 => Val::Int(INTS[self.below(8) as usize]),
            Kind::Int => Val::Int(i32::from(self.byte()) - 4),
            Kind::Long if self.below(2) == 0 => Val::Long(LONGS[self.below(6) as usize]),
            Kind::Long => Val::Long(i64::from(self.byte()) - 4),
            Kind::Double => Val::Double(DOUBLES[self.below(6) as usize]),
            Kind::Bool => Val::Bool(self.below(2) == 0),
            Kind::Text if self.below(8) == 0 => Val::Text(None),
            Kind::Text => Val::Text(Some(TEXTS[self.below(6) as usize].to_owned())),
            Kind::Ints => {
                let count = self.below(4);
                let items = (0..count).map(|_| self.literal(Kind::Int)).collect();
                return Expr::Array(items);
            }
        })
    }

    fn arithmetic(&mut self, left: Kind, right: Kind, depth: u32) -> Expr {
        const OPS: [Op; 5] = [Op::Add, Op::Sub, Op::Mul, Op::Div, Op::Rem];
        let op = OPS[self.below(5) as usize];
        let left = self.variable_operand(left, depth);
        Expr::Binary(op, left, self.boxed(right, depth))
    }

    /// An operand that is no constant, if there is a local for it: constants that overflow are refused.
    fn variable_operand(&mut self, kind: Kind, depth: u32) -> Box<Expr> {
        let operand = self.expression(kind, depth);
        if !is_constant(&operand) {
            return Box::new(operand);
        }
        let other = self.local(kind);
        let of_int = |local| Expr::Cast(kind, Box::new(local));
        let other = match kind {
            Kind::Long | Kind::Double if other.is_none() => self.local(Kind::Int).map(of_int),
            _ => other,
        };
        Box::new(other.unwrap_or(operand))
    }

    fn bits(&mut self, kind: Kind, depth: u32) -> Expr {
        const OPS: [Op; 5] = [Op::And, Op::Or, Op::Xor, Op::Shl, Op::Shr];
        let op = OPS[self.below(5) as usize];
        let left = self.boxed(kind, depth);
        let right = match op {
            Op::Shl | Op::Shr => Kind::Int,
            _ => kind,
        };
        Expr::Binary(op, left, self.boxed(right, depth))
    }

    fn int(&mut self, depth: u32) -> Expr {
        match self.below(12) {
            0..=2 => self.arithmetic(Kind::Int, Kind::Int, depth),
            3 => self.bits(Kind::Int, depth),
            4 => Expr::Minus(self.variable_operand(Kind::Int, depth)),
            5 => Expr::Complement(self.boxed(Kind::Int, depth)),
            6 => Expr::Cast(Kind::Int, self.variable_operand(Kind::Long, depth)),
            7 if !self.pure_only => match self.variable(Kind::Int) {
                Some(local) => Expr::Step {
                    local,
                    up: self.below(2) == 0,
                    prefix: self.below(2) == 0,
                },
                None => self.literal(Kind::Int),
            },
            8 => {
                let call = [TextCall::Length, TextCall::IndexOf][self.below(2) as usize];
                self.call(call, depth)
            }
            9 => match self.below(2) {
                0 => Expr::ArrayLength(self.boxed(Kind::Ints, depth)),
                _ => {
                    let array = self.boxed(Kind::Ints, depth);
                    Expr::Element(array, self.boxed(Kind::Int, depth))
                }
            },
            10 => {
                let argument = self.boxed(Kind::Int, depth);
                let parameter = self.fresh();
                let body = self.lambda(&[parameter], Kind::Int, depth);
                Expr::Invoke {
                    parameter,
                    body,
                    argument,
                }
            }
            _ => self.query(Kind::Int, depth),
        }
    }

    fn long(&mut self, depth: u32) -> Expr {
        match self.below(6) {
            0 => self.arithmetic(Kind::Long, Kind::Long, depth),
            1 => self.arithmetic(Kind::Int, Kind::Long, depth),
            2 => self.arithmetic(Kind::Long, Kind::Int, depth),
            3 => self.bits(Kind::Long, depth),
            4 => Expr::Minus(self.variable_operand(Kind::Long, depth)),
            _ => Expr::Cast(Kind::Long, self.boxed(Kind::Int, depth)),
        }
    }

    fn double(&mut self, depth: u32) -> Expr {
        match self.below(5) {
            0 => self.arithmetic(Kind::Double, Kind::Double, depth),
            1 => self.arithmetic(Kind::Int, Kind::Double, depth),
            2 => self.arithmetic(Kind::Double, Kind::Long, depth),
            3 => Expr::Minus(self.boxed(Kind::Double, depth)),
            _ => {
                let from = [Kind::Int, Kind::Long][self.below(2) as usize];
                Expr::Cast(Kind::Double, self.boxed(from, depth))
            }
        }
    }

    fn boolean(&mut self, depth: u32) -> Expr {
        const COMPARISONS: [Op; 6] = [
            Op::Less,
            Op::LessOrEqual,
            Op::Greater,
            Op::GreaterOrEqual,
            Op::Equal,
            Op::NotEqual,
        ];
        match self.below(9) {
            0..=2 => {
                let kinds = [Kind::Int, Kind::Long, Kind::Double];
                let op = COMPARISONS[self.below(6) as usize];
                let left = kinds[self.below(3) as usize];
                let left = self.boxed(left, depth);
                let right = kinds[self.below(3) as usize];
                Expr::Binary(op, left, self.boxed(right, depth))
            }
            3 => {
                let op = [Op::Equal, Op::NotEqual][self.below(2) as usize];
                let left = self.boxed(Kind::Text, depth);
                Expr::Binary(op, left, self.boxed(Kind::Text, depth))
            }
            4 => Expr::Not(self.boxed(Kind::Bool, depth)),
            5 => {
                let op =
                    [Op::BothTrue, Op::OneTrue, Op::Xor, Op::And, Op::Or][self.below(5) as usize];
                let left = self.boxed(Kind::Bool, depth);
                Expr::Binary(op, left, self.boxed(Kind::Bool, depth))
            }
            6 => {
                let call = [TextCall::Contains, TextCall::StartsWith][self.below(2) as usize];
                self.call(call, depth)
            }
            7 => {
                let op = [Op::BothTrue, Op::OneTrue][self.below(2) as usize];
                let left = self.boxed(Kind::Bool, depth);
                Expr::Binary(op, left, self.boxed(Kind::Bool, depth))
            }
            _ => self.query(Kind::Bool, depth),
        }
    }

    fn text(&mut self, depth: u32) -> Expr {
        const CALLS: [TextCall; 8] = [
            TextCall::Substring,
            TextCall::SubstringFrom,
            TextCall::Upper,
            TextCall::Lower,
            TextCall::Trim,
            TextCall::Replace,
            TextCall::PadLeft,
            TextCall::Insert,
        ];
        match self.below(8) {
            0 | 1 => {
                let kinds = [Kind::Text, Kind::Int, Kind::Long, Kind::Bool];
                let right = kinds[self.below(4) as usize];
                let left = self.boxed(Kind::Text, depth);
                Expr::Binary(Op::Add, left, self.boxed(right, depth))
            }
            2 => {
                let left = self.boxed(Kind::Int, depth);
                Expr::Binary(Op::Add, left, self.boxed(Kind::Text, depth))
            }
            3 => {
                let kind = [Kind::Int, Kind::Long, Kind::Bool][self.below(3) as usize];
                Expr::Print(self.boxed(kind, depth))
            }
            4 => {
                let left = self.boxed(Kind::Text, depth);
                Expr::Coalesce(left, self.boxed(Kind::Text, depth))
            }
            5 => self.query(Kind::Text, depth),
            _ => {
                let call = CALLS[self.below(8) as usize];
                self.call(call, depth)
            }
        }
    }

    fn call(&mut self, call: TextCall, depth: u32) -> Expr {
        let text = self.boxed(Kind::Text, depth);
        let kinds: &[Kind] = match call {
            TextCall::Length | TextCall::Upper | TextCall::Lower | TextCall::Trim => &[],
            TextCall::Substring => &[Kind::Int, Kind::Int],
            TextCall::SubstringFrom => &[Kind::Int],
            TextCall::IndexOf | TextCall::Contains | TextCall::StartsWith => &[],
            TextCall::Insert | TextCall::PadLeft | TextCall::Replace => &[],
        };
        let mut arguments: Vec<Expr> = kinds
            .iter()
            .map(|kind| self.expression(*kind, depth + 1))
            .collect();
        // Of null and the empty string there are special cases, told apart in tests of the library.
        let word = |at: u32| {
            let words = ["a", "b", "xy", "z", "B", ","];
            Expr::Literal(Val::Text(Some(words[at as usize % 6].to_owned())))
        };
        match call {
            TextCall::IndexOf | TextCall::Contains | TextCall::StartsWith => {
                arguments.push(word(self.below(6)));
            }
            TextCall::Replace => {
                arguments.push(word(self.below(6)));
                arguments.push(word(self.below(6)));
            }
            TextCall::Insert => {
                arguments.push(self.expression(Kind::Int, depth + 1));
                arguments.push(word(self.below(6)));
            }
            TextCall::PadLeft => {
                // Small, so that the padding is paid for.
                arguments.push(Expr::Literal(Val::Int(self.below(9) as i32)));
            }
            _ => {}
        }
        Expr::Call(call, text, arguments)
    }

    fn ints(&mut self, depth: u32) -> Expr {
        match self.below(3) {
            0 | 1 => {
                let count = self.below(5);
                let items = (0..count)
                    .map(|_| self.expression(Kind::Int, depth + 1))
                    .collect();
                Expr::Array(items)
            }
            _ => self.query(Kind::Ints, depth),
        }
    }

    /// The body of a lambda: it changes nothing, so that when it runs cannot be told.
    fn lambda(&mut self, parameters: &[u32], kind: Kind, depth: u32) -> Box<Expr> {
        let before = (self.scope.len(), self.pure_only);
        self.pure_only = true;
        for parameter in parameters {
            self.scope.push((*parameter, Kind::Int, false));
        }
        let body = self.boxed(kind, depth + 1);
        self.scope.truncate(before.0);
        self.pure_only = before.1;
        body
    }

    fn query(&mut self, kind: Kind, depth: u32) -> Expr {
        let source = self.boxed(Kind::Ints, depth + 1);
        let parameter = self.fresh();
        let second = self.fresh();
        let count = self.below(3) + u32::from(kind == Kind::Ints);
        let mut stages = Vec::new();
        for _ in 0..count {
            let one = [parameter];
            stages.push(match self.below(10) {
                0 | 1 => Stage::Where(self.lambda(&one, Kind::Bool, depth)),
                2 | 3 => Stage::Select(self.lambda(&one, Kind::Int, depth)),
                4 => Stage::Skip(self.boxed(Kind::Int, depth + 2)),
                5 => Stage::Take(self.boxed(Kind::Int, depth + 2)),
                6 => Stage::OrderBy(self.lambda(&one, Kind::Int, depth)),
                7 => Stage::OrderByDescending(self.lambda(&one, Kind::Int, depth)),
                8 => match self.below(2) {
                    0 => Stage::TakeWhile(self.lambda(&one, Kind::Bool, depth)),
                    _ => Stage::SkipWhile(self.lambda(&one, Kind::Bool, depth)),
                },
                _ => match self.below(2) {
                    0 => Stage::Distinct,
                    _ => Stage::Reverse,
                },
            });
        }
        let one = [parameter];
        let end = match kind {
            Kind::Bool => match self.below(2) {
                0 => End::Any(self.lambda(&one, Kind::Bool, depth)),
                _ => End::All(self.lambda(&one, Kind::Bool, depth)),
            },
            Kind::Text => End::Join,
            Kind::Ints => End::ToArray,
            _ => match self.below(8) {
                0 => End::Sum,
                1 => End::Count,
                2 => End::Max,
                3 => End::Min,
                4 => End::First,
                5 => End::FirstOrDefault,
                6 => End::Last,
                _ => {
                    let seed = self.boxed(Kind::Int, depth + 2);
                    let body = self.lambda(&[parameter, second], Kind::Int, depth);
                    End::Aggregate(seed, body)
                }
            },
        };
        Expr::Query {
            source,
            parameter,
            stages,
            end,
        }
    }
}

/// Whether C# computes it when it compiles.
fn is_constant(expr: &Expr) -> bool {
    match expr {
        Expr::Literal(value) => !matches!(value, Val::Text(_)),
        Expr::Binary(_, left, right) => is_constant(left) && is_constant(right),
        Expr::Minus(inner) | Expr::Not(inner) | Expr::Complement(inner) | Expr::Cast(_, inner) => {
            is_constant(inner)
        }
        Expr::Choose(condition, yes, no) => {
            is_constant(condition) && is_constant(yes) && is_constant(no)
        }
        _ => false,
    }
}

/// Without a jump at its end: `break;` follows anyway.
fn without_end(mut body: Vec<Stmt>) -> Vec<Stmt> {
    if matches!(
        body.last(),
        Some(Stmt::Break | Stmt::Continue | Stmt::Return(_))
    ) {
        body.pop();
    }
    body
}

fn without_jumps(body: Vec<Stmt>) -> Vec<Stmt> {
    body.into_iter()
        .filter(|statement| {
            matches!(
                statement,
                Stmt::Declare(..) | Stmt::Evaluate(_) | Stmt::Compound(..)
            )
        })
        .collect()
}
