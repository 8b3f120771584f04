//! Operators (C# 7 clause 12), from assignment down to unary.

use super::{Parsed, Parser};
use crate::expression::ast::{
    BinaryOp, Expr, ExprKind, LambdaBody, LambdaParameter, Pattern, TypeRef, TypeRefKind, UnaryOp,
};
use crate::expression::token::{Span, TokenKind};

/// Levels of binary operators, loosest first.
const COALESCE: u8 = 0;
const OR: u8 = 1;
const AND: u8 = 2;
const RELATIONAL: u8 = 7;
const SHIFT: u8 = 8;

/// Operators with their levels.
const OPERATORS: &[(&str, u8, BinaryOp)] = &[
    ("|", 3, BinaryOp::Or),
    ("^", 4, BinaryOp::Xor),
    ("&", 5, BinaryOp::And),
    ("==", 6, BinaryOp::Equal),
    ("!=", 6, BinaryOp::NotEqual),
    ("<", RELATIONAL, BinaryOp::Less),
    (">", RELATIONAL, BinaryOp::Greater),
    ("<=", RELATIONAL, BinaryOp::LessEqual),
    (">=", RELATIONAL, BinaryOp::GreaterEqual),
    ("<<", SHIFT, BinaryOp::ShiftLeft),
    ("+", 9, BinaryOp::Add),
    ("-", 9, BinaryOp::Subtract),
    ("*", 10, BinaryOp::Multiply),
    ("/", 10, BinaryOp::Divide),
    ("%", 10, BinaryOp::Remainder),
];

/// An operator that waits for its right operand.
#[derive(Clone, Copy)]
enum Pending {
    Coalesce,
    Or,
    And,
    Binary(BinaryOp),
}

const ASSIGNMENTS: &[(&str, Option<BinaryOp>)] = &[
    ("=", None),
    ("+=", Some(BinaryOp::Add)),
    ("-=", Some(BinaryOp::Subtract)),
    ("*=", Some(BinaryOp::Multiply)),
    ("/=", Some(BinaryOp::Divide)),
    ("%=", Some(BinaryOp::Remainder)),
    ("&=", Some(BinaryOp::And)),
    ("|=", Some(BinaryOp::Or)),
    ("^=", Some(BinaryOp::Xor)),
    ("<<=", Some(BinaryOp::ShiftLeft)),
    ("??=", Some(BinaryOp::Coalesce)),
];

impl Parser<'_> {
    /// The content of `@(…)`.
    pub(super) fn whole_expression(&mut self) -> Parsed<Expr> {
        let expr = self.expression()?;
        match self.kind() {
            TokenKind::End => Ok(expr),
            _ => Err(self.unexpected("the end of the expression")),
        }
    }

    /// Any expression.
    pub(crate) fn expression(&mut self) -> Parsed<Expr> {
        self.nested(Self::assignment)
    }

    fn assignment(&mut self) -> Parsed<Expr> {
        let start = self.span();
        if let Some(lambda) = self.lambda()? {
            return Ok(lambda);
        }
        if self.eat_keyword("throw") {
            let value = self.expression()?;
            let span = self.since(start);
            return Ok(Expr {
                kind: ExprKind::Throw(Box::new(value)),
                span,
            });
        }
        let target = self.conditional()?;
        let op = match self.kind() {
            TokenKind::Punctuation(punctuation) => ASSIGNMENTS
                .iter()
                .find(|(symbol, _)| symbol == punctuation)
                .map(|(_, op)| *op),
            _ => None,
        };
        let op = match op {
            Some(op) => {
                self.advance();
                Some(op)
            }
            // `>>=` arrives as `>` and `>=`.
            None if self.is(">") && self.is_at(1, ">=") && self.adjacent() => {
                self.advance();
                self.advance();
                Some(Some(BinaryOp::ShiftRight))
            }
            None => None,
        };
        let Some(op) = op else { return Ok(target) };
        self.assigned(&target);
        let value = self.expression()?;
        let span = self.since(start);
        Ok(Expr {
            kind: ExprKind::Assign {
                target: Box::new(target),
                op,
                value: Box::new(value),
            },
            span,
        })
    }

    /// Whether the next token begins where this one ends.
    fn adjacent(&self) -> bool {
        match (self.tokens.get(self.at), self.tokens.get(self.at + 1)) {
            (Some(a), Some(b)) => a.span.end == b.span.start,
            _ => false,
        }
    }

    fn conditional(&mut self) -> Parsed<Expr> {
        let start = self.span();
        let condition = self.binary(COALESCE)?;
        if !self.eat("?") {
            return Ok(condition);
        }
        let then = self.expression()?;
        self.expect(":")?;
        let otherwise = self.expression()?;
        let span = self.since(start);
        let kind = ExprKind::Conditional {
            condition: Box::new(condition),
            then: Box::new(then),
            otherwise: Box::new(otherwise),
        };
        Ok(Expr { kind, span })
    }

    /// Binary operators of `least` and tighter levels, by precedence. Two stacks instead of one
    /// function per level: a level of brackets costs few native frames.
    fn binary(&mut self, least: u8) -> Parsed<Expr> {
        let mut operands = vec![self.operand()?];
        let mut pending: Vec<(u8, Pending)> = Vec::new();
        let mut tests = 0;
        loop {
            if least <= RELATIONAL && (self.is_keyword("is") || self.is_keyword("as")) {
                tests += 1;
                if tests > 50 {
                    return Err(self.unexpected("fewer type tests in a row"));
                }
                while pending
                    .last()
                    .is_some_and(|(level, _)| *level >= RELATIONAL)
                {
                    reduce(&mut operands, &mut pending);
                }
                let Some(operand) = operands.pop() else {
                    return Err(self.unexpected("an operand"));
                };
                let start = operand.span;
                let tested = self.type_test(operand, start)?;
                operands.push(tested);
                continue;
            }
            let Some((level, operator, width)) = self.operator().filter(|(l, ..)| *l >= least)
            else {
                break;
            };
            self.at += width;
            let right = matches!(operator, Pending::Coalesce);
            while pending
                .last()
                .is_some_and(|(l, _)| *l > level || (*l == level && !right))
            {
                reduce(&mut operands, &mut pending);
            }
            pending.push((level, operator));
            operands.push(self.operand()?);
        }
        while !pending.is_empty() {
            reduce(&mut operands, &mut pending);
        }
        operands.pop().ok_or_else(|| self.unexpected("an operand"))
    }

    fn operand(&mut self) -> Parsed<Expr> {
        // `a ?? throw …`, as `throw` elsewhere is refused by what it is not.
        if self.is_keyword("throw") {
            self.expression()
        } else {
            self.unary()
        }
    }

    /// The operator at the cursor, its level, and its number of tokens.
    fn operator(&self) -> Option<(u8, Pending, usize)> {
        let TokenKind::Punctuation(punctuation) = *self.kind() else {
            return None;
        };
        match punctuation {
            "??" => return Some((COALESCE, Pending::Coalesce, 1)),
            "||" => return Some((OR, Pending::Or, 1)),
            "&&" => return Some((AND, Pending::And, 1)),
            // `>` `>` is a shift, `>` `>=` an assignment.
            ">" if self.is_at(1, ">") && self.adjacent() => {
                return Some((SHIFT, Pending::Binary(BinaryOp::ShiftRight), 2));
            }
            ">" if self.is_at(1, ">=") && self.adjacent() => return None,
            _ => {}
        }
        let found = OPERATORS.iter().find(|(symbol, ..)| *symbol == punctuation);
        found.map(|(_, level, op)| (*level, Pending::Binary(*op), 1))
    }

    fn type_test(&mut self, operand: Expr, start: Span) -> Parsed<Expr> {
        if self.eat_keyword("as") {
            let ty = self.tested_type()?;
            return Ok(Expr {
                kind: ExprKind::As(Box::new(operand), ty),
                span: self.since(start),
            });
        }
        self.expect_keyword("is")?;
        let pattern = self.pattern()?;
        Ok(Expr {
            kind: ExprKind::Is(Box::new(operand), pattern),
            span: self.since(start),
        })
    }

    /// A type behind `is` or `as`, where a `?` belongs to a conditional if an expression follows it.
    fn tested_type(&mut self) -> Parsed<TypeRef> {
        let start = self.span();
        let mut ty = self.type_without_suffix()?;
        loop {
            if self.is("[") && (self.is_at(1, "]") || self.is_at(1, ",")) {
                let rank = self.array_rank()?;
                let span = self.since(start);
                ty = TypeRef {
                    kind: TypeRefKind::Array(Box::new(ty), rank),
                    span,
                };
            } else if self.is("?") && !self.starts_expression_at(1) {
                self.advance();
                let span = self.since(start);
                ty = TypeRef {
                    kind: TypeRefKind::Nullable(Box::new(ty)),
                    span,
                };
            } else {
                return Ok(ty);
            }
        }
    }

    /// What may follow `is` or `case`.
    pub(super) fn pattern(&mut self) -> Parsed<Pattern> {
        let typed = self.attempt(|parser| {
            let ty = parser.tested_type()?;
            let named = match parser.kind() {
                TokenKind::Identifier(name) => !matches!(name.as_ref(), "when" | "and" | "or"),
                _ => false,
            };
            if named {
                return Ok(Pattern::Type(ty, Some(parser.identifier()?)));
            }
            // A plain dotted name is a constant or a type: the checker knows.
            match &ty.kind {
                TypeRefKind::Named(names, arguments) if arguments.is_empty() => {
                    let predefined = names.len() == 1
                        && names.first().is_some_and(|name| {
                            crate::expression::token::KEYWORDS.contains(&name.name.as_ref())
                        });
                    if predefined && !parser.is(".") {
                        Ok(Pattern::Type(ty, None))
                    } else {
                        Err(parser.unexpected("a constant"))
                    }
                }
                _ => Ok(Pattern::Type(ty, None)),
            }
        });
        match typed {
            Some(pattern) => Ok(pattern),
            None => Ok(Pattern::Constant(Box::new(self.binary(SHIFT)?))),
        }
    }

    /// Whether the token `ahead` can begin an operand.
    fn starts_expression_at(&self, ahead: usize) -> bool {
        match self.kind_at(ahead) {
            TokenKind::Punctuation(punctuation) => {
                matches!(
                    *punctuation,
                    "(" | "-" | "+" | "!" | "~" | "++" | "--" | "{"
                )
            }
            TokenKind::Keyword(word) => !matches!(*word, "as" | "is"),
            TokenKind::End => false,
            _ => true,
        }
    }

    pub(super) fn unary(&mut self) -> Parsed<Expr> {
        let start = self.span();
        let op = match self.kind() {
            TokenKind::Punctuation("+") => Some(UnaryOp::Plus),
            TokenKind::Punctuation("-") => Some(UnaryOp::Minus),
            TokenKind::Punctuation("!") => Some(UnaryOp::Not),
            TokenKind::Punctuation("~") => Some(UnaryOp::Complement),
            _ => None,
        };
        if let Some(op) = op {
            self.advance();
            let operand = self.nested(Self::unary)?;
            let span = self.since(start);
            return Ok(Expr {
                kind: ExprKind::Unary(op, Box::new(operand)),
                span,
            });
        }
        for (symbol, increment) in [("++", true), ("--", false)] {
            if self.eat(symbol) {
                let target = Box::new(self.nested(Self::unary)?);
                self.assigned(&target);
                let span = self.since(start);
                return Ok(Expr {
                    kind: ExprKind::Step {
                        increment,
                        prefix: true,
                        target,
                    },
                    span,
                });
            }
        }
        if self.is("(")
            && let Some(ty) = self.cast_type()
        {
            let operand = self.nested(Self::unary)?;
            let span = self.since(start);
            return Ok(Expr {
                kind: ExprKind::Cast(ty, Box::new(operand)),
                span,
            });
        }
        if matches!(self.kind(), TokenKind::Identifier(name) if name.as_ref() == "await")
            && matches!(self.kind_at(1), TokenKind::Identifier(_))
        {
            return Err(self.unexpected("an expression; `await` has no place in a policy"));
        }
        self.postfix()
    }

    /// The type of a cast, if the parenthesis at the cursor is one (C# 7 §12.9.7).
    fn cast_type(&mut self) -> Option<TypeRef> {
        self.attempt(|parser| {
            parser.expect("(")?;
            let ty = parser.type_ref()?;
            parser.expect(")")?;
            let certain = match &ty.kind {
                TypeRefKind::Named(names, arguments) => {
                    arguments.is_empty()
                        && names.first().is_some_and(|name| {
                            crate::expression::token::KEYWORDS.contains(&name.name.as_ref())
                        })
                }
                TypeRefKind::Nullable(_) | TypeRefKind::Array(..) => true,
                TypeRefKind::Tuple(_) => false,
                TypeRefKind::Var => return Err(parser.unexpected("a type")),
            };
            let operand = match parser.kind() {
                TokenKind::Punctuation(punctuation) => {
                    matches!(*punctuation, "(" | "!" | "~")
                        || (certain && matches!(*punctuation, "+" | "-" | "++" | "--"))
                }
                TokenKind::Keyword(word) => !matches!(*word, "as" | "is"),
                TokenKind::End => false,
                _ => true,
            };
            if operand {
                Ok(ty)
            } else {
                Err(parser.unexpected("an operand"))
            }
        })
    }

    /// A lambda, if there is one at the cursor.
    fn lambda(&mut self) -> Parsed<Option<Expr>> {
        let start = self.span();
        let parameters = match self.kind() {
            TokenKind::Identifier(_) if self.is_at(1, "=>") => {
                let name = self.identifier()?;
                vec![LambdaParameter { ty: None, name }]
            }
            TokenKind::Keyword("delegate") => {
                return Err(self.unexpected("a lambda instead of an anonymous method"));
            }
            TokenKind::Punctuation("(") => {
                let arrow = self
                    .closing_index()
                    .and_then(|index| self.tokens.get(index + 1))
                    .is_some_and(|token| token.kind == TokenKind::Punctuation("=>"));
                if !arrow {
                    return Ok(None);
                }
                self.lambda_parameters()?
            }
            _ => return Ok(None),
        };
        self.expect("=>")?;
        let body = self.function_body()?;
        Ok(Some(Expr {
            kind: ExprKind::Lambda { parameters, body },
            span: self.since(start),
        }))
    }

    fn lambda_parameters(&mut self) -> Parsed<Vec<LambdaParameter>> {
        self.expect("(")?;
        let mut parameters = Vec::new();
        while !self.is(")") {
            let untyped = self.is_at(1, ",") || self.is_at(1, ")");
            let ty = if untyped {
                None
            } else {
                Some(self.type_ref()?)
            };
            parameters.push(LambdaParameter {
                ty,
                name: self.identifier()?,
            });
            if !self.eat(",") {
                break;
            }
        }
        self.expect(")")?;
        Ok(parameters)
    }

    /// `expr` or `{ … }` behind `=>`.
    pub(super) fn function_body(&mut self) -> Parsed<LambdaBody> {
        self.function(|parser| {
            if parser.is("{") {
                Ok(LambdaBody::Block(parser.block()?))
            } else {
                Ok(LambdaBody::Expression(Box::new(parser.expression()?)))
            }
        })
    }
}

/// Joins the last two operands by the last operator. Runs of one level become one node, so that long
/// sums do not nest; what was in parentheses may join from the left, where that changes nothing.
fn reduce(operands: &mut Vec<Expr>, pending: &mut Vec<(u8, Pending)>) {
    let (Some((level, operator)), Some(right), Some(left)) =
        (pending.pop(), operands.pop(), operands.pop())
    else {
        return;
    };
    let span = left.span.to(right.span);
    let kind = match operator {
        Pending::Or => ExprKind::Or(joined(left, right, |kind| match kind {
            ExprKind::Or(all) => Ok(all),
            other => Err(other),
        })),
        Pending::And => ExprKind::And(joined(left, right, |kind| match kind {
            ExprKind::And(all) => Ok(all),
            other => Err(other),
        })),
        Pending::Coalesce => {
            let (span, kind) = (right.span, right.kind);
            let mut all = vec![left];
            match kind {
                ExprKind::Coalesce(more) => all.extend(more),
                kind => all.push(Expr { kind, span }),
            }
            ExprKind::Coalesce(all)
        }
        Pending::Binary(op) => match left.kind {
            ExprKind::Chain { first, mut rest }
                if rest
                    .first()
                    .is_some_and(|(other, _)| level_of(*other) == level) =>
            {
                rest.push((op, right));
                ExprKind::Chain { first, rest }
            }
            kind => {
                let first = Box::new(Expr {
                    kind,
                    span: left.span,
                });
                ExprKind::Chain {
                    first,
                    rest: vec![(op, right)],
                }
            }
        },
    };
    operands.push(Expr { kind, span });
}

fn joined(
    left: Expr,
    right: Expr,
    list: impl Fn(ExprKind) -> Result<Vec<Expr>, ExprKind>,
) -> Vec<Expr> {
    let span = left.span;
    let mut all = list(left.kind).unwrap_or_else(|kind| vec![Expr { kind, span }]);
    all.push(right);
    all
}

fn level_of(op: BinaryOp) -> u8 {
    match op {
        BinaryOp::ShiftRight => SHIFT,
        _ => OPERATORS
            .iter()
            .find(|(_, _, known)| *known == op)
            .map_or(0, |(_, level, _)| *level),
    }
}
