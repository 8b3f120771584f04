//! Primary expressions (C# 7 §12.8): literals, names, members, calls.

use super::{MAX_POSTFIX, Parsed, Parser, SyntaxError};
use crate::expression::ast::{Argument, ArgumentValue, Expr, ExprKind, Hole, Literal, Part};
use crate::expression::lexer;
use crate::expression::token::{InterpolationPart, Span, TokenKind};

impl Parser<'_> {
    /// A primary expression with everything that follows it.
    pub(super) fn postfix(&mut self) -> Parsed<Expr> {
        let start = self.span();
        let first = self.primary()?;
        self.postfix_of(first, start, 0)
    }

    pub(super) fn postfix_of(&mut self, first: Expr, start: Span, mut count: u32) -> Parsed<Expr> {
        let mut expr = first;
        loop {
            count += 1;
            if count > MAX_POSTFIX {
                return Err(SyntaxError {
                    span: self.span(),
                    message: format!("More than {MAX_POSTFIX} members or calls in one chain."),
                });
            }
            let kind = if self.eat(".") {
                let name = self.identifier()?;
                let arguments = self.method_type_arguments();
                ExprKind::Member {
                    target: Box::new(expr),
                    name,
                    arguments,
                }
            } else if self.is("(") {
                let arguments = self.arguments("(", ")")?;
                ExprKind::Call {
                    target: Box::new(expr),
                    arguments,
                }
            } else if self.is("[") {
                let arguments = self.arguments("[", "]")?;
                ExprKind::Index {
                    target: Box::new(expr),
                    arguments,
                }
            } else if self.is("?") && (self.is_at(1, ".") || self.is_conditional_index()) {
                self.advance();
                let span = self.span();
                let receiver = Expr {
                    kind: ExprKind::Receiver,
                    span,
                };
                let rest = self.nested(|parser| parser.postfix_of(receiver, span, count))?;
                ExprKind::ConditionalAccess {
                    target: Box::new(expr),
                    rest: Box::new(rest),
                }
            } else if self.eat("++") {
                self.assigned(&expr);
                ExprKind::Step {
                    increment: true,
                    prefix: false,
                    target: Box::new(expr),
                }
            } else if self.eat("--") {
                self.assigned(&expr);
                ExprKind::Step {
                    increment: false,
                    prefix: false,
                    target: Box::new(expr),
                }
            } else {
                return Ok(expr);
            };
            expr = Expr {
                kind,
                span: self.since(start),
            };
        }
    }

    /// Whether `?[` is a conditional index and not a conditional operator with an array behind it
    /// (which C# 7 does not have: no expression begins with `[`).
    pub(super) fn is_conditional_index(&self) -> bool {
        self.is_at(1, "[")
    }

    pub(super) fn arguments(&mut self, open: &str, close: &str) -> Parsed<Vec<Argument>> {
        self.expect(open)?;
        let mut arguments = Vec::new();
        while !self.is(close) {
            arguments.push(self.argument()?);
            if !self.eat(",") {
                break;
            }
        }
        self.expect(close)?;
        Ok(arguments)
    }

    pub(super) fn argument(&mut self) -> Parsed<Argument> {
        let name = match self.kind() {
            TokenKind::Identifier(_) if self.is_at(1, ":") => {
                let name = self.identifier()?;
                self.advance();
                Some(name)
            }
            _ => None,
        };
        let out = self.is_keyword("out");
        if !out && !self.is_keyword("ref") {
            return Ok(Argument {
                name,
                value: ArgumentValue::Value(self.expression()?),
            });
        }
        self.advance();
        if out && self.is_contextual("_") && (self.is_at(1, ",") || self.is_at(1, ")")) {
            let span = self.span();
            self.advance();
            return Ok(Argument {
                name,
                value: ArgumentValue::Discard(span),
            });
        }
        let declared = self.attempt(|parser| {
            let ty = parser.type_ref()?;
            let name = parser.identifier()?;
            if parser.is(",") || parser.is(")") {
                Ok((ty, name))
            } else {
                Err(parser.unexpected("`)`"))
            }
        });
        let value = match declared {
            Some((ty, declared)) if out => ArgumentValue::Declare { ty, name: declared },
            _ => {
                let target = self.expression()?;
                self.assigned(&target);
                ArgumentValue::Reference { out, target }
            }
        };
        Ok(Argument { name, value })
    }

    pub(super) fn primary(&mut self) -> Parsed<Expr> {
        let start = self.span();
        let literal = match self.kind() {
            TokenKind::Integer(value) => Some(Literal::Integer(*value)),
            TokenKind::Float(value) => Some(Literal::Float(*value)),
            TokenKind::Double(value) => Some(Literal::Double(*value)),
            TokenKind::Decimal(value) => Some(Literal::Decimal(*value)),
            TokenKind::Character(value) => Some(Literal::Character(*value)),
            TokenKind::String(value) => Some(Literal::String(value.clone())),
            TokenKind::Keyword("null") => Some(Literal::Null),
            TokenKind::Keyword("true") => Some(Literal::Bool(true)),
            TokenKind::Keyword("false") => Some(Literal::Bool(false)),
            _ => None,
        };
        if let Some(literal) = literal {
            self.advance();
            return Ok(Expr {
                kind: ExprKind::Literal(literal),
                span: start,
            });
        }
        if let Some(what) = self.refused_form() {
            return Err(self.refused(what));
        }
        let kind = match self.kind() {
            TokenKind::Interpolated(parts) => {
                let parts = parts.clone();
                self.advance();
                self.interpolated(parts)?
            }
            TokenKind::Identifier(name) if name.as_ref() == "nameof" && self.is_at(1, "(") => {
                self.advance();
                self.advance();
                let target = self.expression()?;
                self.expect(")")?;
                ExprKind::Nameof(Box::new(target))
            }
            TokenKind::Identifier(_) => {
                let name = self.identifier()?;
                if self.eat("::") {
                    // `global::System.Text` names the same thing.
                    return self.primary();
                }
                self.mention(&name.name);
                let arguments = self.method_type_arguments();
                ExprKind::Name(name, arguments)
            }
            TokenKind::Punctuation("(") => return self.parenthesised(),
            TokenKind::Keyword("new") => return self.creation(),
            TokenKind::Keyword("default") => {
                self.advance();
                if self.eat("(") {
                    let ty = self.type_ref()?;
                    self.expect(")")?;
                    ExprKind::Default(Some(ty))
                } else {
                    ExprKind::Default(None)
                }
            }
            TokenKind::Keyword("typeof") => {
                self.advance();
                self.expect("(")?;
                let ty = self.type_ref()?;
                self.expect(")")?;
                ExprKind::Typeof(ty)
            }
            TokenKind::Keyword(word @ ("checked" | "unchecked")) => {
                let checked = *word == "checked";
                self.advance();
                self.expect("(")?;
                let inner = self.expression()?;
                self.expect(")")?;
                ExprKind::Checked(checked, Box::new(inner))
            }
            TokenKind::Keyword(_) if self.is_predefined_type() && self.is_at(1, ".") => {
                ExprKind::TypeName(self.type_without_suffix()?)
            }
            _ => return Err(self.unexpected("an expression")),
        };
        Ok(Expr {
            kind,
            span: self.since(start),
        })
    }

    /// A form of C# at the cursor that policy expressions do not have.
    fn refused_form(&self) -> Option<&'static str> {
        match self.kind() {
            TokenKind::Keyword(word @ ("stackalloc" | "sizeof" | "this" | "base")) => Some(word),
            TokenKind::Identifier(name) if name.as_ref() == "from" => {
                let named = matches!(self.kind_at(1), TokenKind::Identifier(_));
                let typed = (named || matches!(self.kind_at(1), TokenKind::Keyword(_)))
                    && matches!(self.kind_at(2), TokenKind::Identifier(_))
                    && self.is_keyword_at(3, "in");
                ((named && self.is_keyword_at(2, "in")) || typed)
                    .then_some("The query syntax `from … in …`")
            }
            TokenKind::Identifier(name) if name.as_ref() == "async" => {
                let lambda = self.is_at(1, "(")
                    || (matches!(self.kind_at(1), TokenKind::Identifier(_)) && self.is_at(2, "=>"));
                lambda.then_some("async")
            }
            _ => None,
        }
    }

    /// `(a)` or `(a, b)`.
    pub(super) fn parenthesised(&mut self) -> Parsed<Expr> {
        let start = self.span();
        self.expect("(")?;
        let mut items = Vec::new();
        loop {
            let name = match self.kind() {
                TokenKind::Identifier(_) if self.is_at(1, ":") => {
                    let name = self.identifier()?;
                    self.advance();
                    Some(name)
                }
                _ => None,
            };
            items.push((name, self.expression()?));
            if !self.eat(",") {
                break;
            }
        }
        self.expect(")")?;
        let span = self.since(start);
        if items.len() == 1
            && let Some((None, inner)) = items.pop()
        {
            // A conditional access must not grow beyond its parentheses, nor a chain be re-read.
            return Ok(Expr {
                kind: inner.kind,
                span,
            });
        }
        if items.len() < 2 {
            return Err(self.unexpected("a tuple of at least two values"));
        }
        Ok(Expr {
            kind: ExprKind::Tuple(items),
            span,
        })
    }

    pub(super) fn interpolated(&mut self, parts: Vec<InterpolationPart>) -> Parsed<ExprKind> {
        let mut out = Vec::new();
        for part in parts {
            out.push(match part {
                InterpolationPart::Text(text) => Part::Text(text),
                InterpolationPart::Hole {
                    code,
                    alignment,
                    format,
                } => {
                    let value = self.embedded(code)?;
                    let alignment = alignment.map(|span| self.embedded(span)).transpose()?;
                    Part::Hole(Box::new(Hole {
                        value,
                        alignment,
                        format,
                    }))
                }
            });
        }
        Ok(ExprKind::Interpolated(out))
    }

    /// The expression in a range of the source, read with a cursor of its own.
    pub(super) fn embedded(&mut self, range: Span) -> Parsed<Expr> {
        let source = self.source;
        let (tokens, errors) = lexer::tokens(source, range.start as usize, range.end as usize);
        if let Some(error) = errors.into_iter().next() {
            return Err(error.into());
        }
        self.nested(|parser| {
            let mut inner = Parser::new(source, tokens);
            inner.depth = parser.depth;
            inner.functions = parser.functions;
            inner.mentioned = std::mem::take(&mut parser.mentioned);
            let expr = inner.whole_expression();
            parser.mentioned = std::mem::take(&mut inner.mentioned);
            parser.assigns_elements |= inner.assigns_elements;
            parser.recovered.append(&mut inner.recovered);
            expr
        })
    }
}
