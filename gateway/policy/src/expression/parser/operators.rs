//! Binary operators by precedence.

use super::{Parsed, Parser};
use crate::expression::ast::{BinaryOp, Expr, ExprKind};
use crate::expression::token::TokenKind;

/// Levels of binary operators, loosest first.
pub(super) const COALESCE: u8 = 0;

pub(super) const OR: u8 = 1;

pub(super) const AND: u8 = 2;

pub(super) const RELATIONAL: u8 = 7;

pub(super) const SHIFT: u8 = 8;

/// Operators with their levels.
pub(super) const OPERATORS: &[(&str, u8, BinaryOp)] = &[
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
pub(super) enum Pending {
    Coalesce,
    Or,
    And,
    Binary(BinaryOp),
}

impl Parser<'_> {
    /// Binary operators of `least` and tighter levels, by precedence. Two stacks instead of one
    /// function per level: a level of brackets costs few native frames.
    pub(super) fn binary(&mut self, least: u8) -> Parsed<Expr> {
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

    pub(super) fn operand(&mut self) -> Parsed<Expr> {
        // `a ?? throw …`, as `throw` elsewhere is refused by what it is not.
        if self.is_keyword("throw") {
            self.expression()
        } else {
            self.unary()
        }
    }

    /// The operator at the cursor, its level, and its number of tokens.
    pub(super) fn operator(&self) -> Option<(u8, Pending, usize)> {
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
}

/// Joins the last two operands by the last operator. Runs of one level become one node, so that long
/// sums do not nest; what was in parentheses may join from the left, where that changes nothing.
pub(super) fn reduce(operands: &mut Vec<Expr>, pending: &mut Vec<(u8, Pending)>) {
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

pub(super) fn joined(
    left: Expr,
    right: Expr,
    list: impl Fn(ExprKind) -> Result<Vec<Expr>, ExprKind>,
) -> Vec<Expr> {
    let span = left.span;
    let mut all = list(left.kind).unwrap_or_else(|kind| vec![Expr { kind, span }]);
    all.push(right);
    all
}

pub(super) fn level_of(op: BinaryOp) -> u8 {
    match op {
        BinaryOp::ShiftRight => SHIFT,
        _ => OPERATORS
            .iter()
            .find(|(_, _, known)| *known == op)
            .map_or(0, |(_, level, _)| *level),
    }
}
