//! Assignment, conditional, lambdas, casts and unary operators (C# 7 clause 12).

use super::operators::{COALESCE, SHIFT};
use super::{Parsed, Parser};
use crate::expression::ast::{
    BinaryOp, Expr, ExprKind, LambdaBody, LambdaParameter, Pattern, TypeRef, TypeRefKind, UnaryOp,
};
use crate::expression::token::{Span, TokenKind};

pub(super) const ASSIGNMENTS: &[(&str, Option<BinaryOp>)] = &[
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

    pub(super) fn assignment(&mut self) -> Parsed<Expr> {
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
    pub(super) fn adjacent(&self) -> bool {
        match (self.tokens.get(self.at), self.tokens.get(self.at + 1)) {
            (Some(a), Some(b)) => a.span.end == b.span.start,
            _ => false,
        }
    }

    pub(super) fn conditional(&mut self) -> Parsed<Expr> {
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

    pub(super) fn type_test(&mut self, operand: Expr, start: Span) -> Parsed<Expr> {
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
    pub(super) fn tested_type(&mut self) -> Parsed<TypeRef> {
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
    pub(super) fn starts_expression_at(&self, ahead: usize) -> bool {
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
    pub(super) fn cast_type(&mut self) -> Option<TypeRef> {
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
    pub(super) fn lambda(&mut self) -> Parsed<Option<Expr>> {
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

    pub(super) fn lambda_parameters(&mut self) -> Parsed<Vec<LambdaParameter>> {
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
