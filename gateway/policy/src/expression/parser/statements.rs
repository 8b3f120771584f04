//! Statements (C# 7 clause 13) and declarations.

use super::{Parsed, Parser, SyntaxError};
use crate::expression::ast::{LambdaBody, Parameter, Statement, StatementKind, TypeRef};
use crate::expression::token::TokenKind;

/// After so many errors the rest is noise.
pub(super) const MAX_ERRORS: usize = 20;

impl Parser<'_> {
    /// The content of `@{…}`. An error goes on at the next statement.
    pub(super) fn statements_to_end(&mut self) -> Parsed<Vec<Statement>> {
        let mut all = Vec::new();
        while *self.kind() != TokenKind::End {
            let before = self.at;
            match self.statement() {
                Ok(statement) => all.push(statement),
                Err(error) => {
                    self.recovered.push(error);
                    self.depth = 0;
                    self.functions = 0;
                    if self.recovered.len() >= MAX_ERRORS {
                        break;
                    }
                    self.skip_statement(before);
                }
            }
        }
        Ok(all)
    }

    /// Moves behind the `;` or the block that ends the broken statement.
    pub(super) fn skip_statement(&mut self, start: usize) {
        if self.at <= start {
            self.at = start;
        }
        let mut moved = false;
        while *self.kind() != TokenKind::End {
            if self.is("{")
                && let Some(closing) = self.closing_index()
            {
                self.at = closing + 1;
                return;
            }
            let ends = self.is(";") || self.is("}");
            self.advance();
            moved = true;
            if ends {
                return;
            }
        }
        if !moved {
            self.advance();
        }
    }

    /// `{ … }`.
    pub(super) fn block(&mut self) -> Parsed<Vec<Statement>> {
        self.nested(|parser| {
            parser.expect("{")?;
            let mut all = Vec::new();
            while !parser.is("}") {
                if *parser.kind() == TokenKind::End {
                    return Err(parser.unexpected("`}`"));
                }
                all.push(parser.statement()?);
            }
            parser.expect("}")?;
            Ok(all)
        })
    }

    pub(super) fn statement(&mut self) -> Parsed<Statement> {
        let start = self.span();
        let kind = self.nested(Self::statement_kind)?;
        Ok(Statement {
            kind,
            span: self.since(start),
        })
    }

    pub(super) fn statement_kind(&mut self) -> Parsed<StatementKind> {
        match *self.kind() {
            TokenKind::Punctuation(";") => {
                self.advance();
                Ok(StatementKind::Empty)
            }
            TokenKind::Punctuation("{") => Ok(StatementKind::Block(self.block()?)),
            TokenKind::Keyword(word) => match word {
                "if" => self.if_statement(),
                "while" => {
                    self.advance();
                    let condition = self.condition()?;
                    Ok(StatementKind::While(condition, Box::new(self.statement()?)))
                }
                "do" => {
                    self.advance();
                    let body = self.statement()?;
                    self.expect_keyword("while")?;
                    let condition = self.condition()?;
                    self.expect(";")?;
                    Ok(StatementKind::Do(Box::new(body), condition))
                }
                "for" => self.for_statement(),
                "foreach" => self.foreach_statement(),
                "switch" => self.switch_statement(),
                "try" => self.try_statement(),
                "using" => self.using_statement(),
                "return" => {
                    self.advance();
                    let value = if self.is(";") {
                        None
                    } else {
                        Some(self.expression()?)
                    };
                    self.expect(";")?;
                    Ok(StatementKind::Return(value))
                }
                "throw" => {
                    self.advance();
                    let value = if self.is(";") {
                        None
                    } else {
                        Some(self.expression()?)
                    };
                    self.expect(";")?;
                    Ok(StatementKind::Throw(value))
                }
                "break" => {
                    self.advance();
                    self.expect(";")?;
                    Ok(StatementKind::Break)
                }
                "continue" => {
                    self.advance();
                    self.expect(";")?;
                    Ok(StatementKind::Continue)
                }
                "const" => {
                    self.advance();
                    let ty = self.type_ref()?;
                    let kind = self.local_names(ty, true)?;
                    self.expect(";")?;
                    Ok(kind)
                }
                "lock" | "goto" | "fixed" | "unsafe" => Err(SyntaxError {
                    span: self.span(),
                    message: format!("`{word}` is not supported in policy expressions."),
                }),
                "checked" | "unchecked" if self.is_at(1, "{") => {
                    if word == "checked" {
                        return Err(SyntaxError {
                            span: self.span(),
                            message: "`checked` blocks are not supported.".to_owned(),
                        });
                    }
                    self.advance();
                    Ok(StatementKind::Block(self.block()?))
                }
                _ => self.simple_statement(),
            },
            _ => self.simple_statement(),
        }
    }

    /// A declaration, a local function, or an expression with its `;`.
    pub(super) fn simple_statement(&mut self) -> Parsed<StatementKind> {
        if let Some(function) = self.local_function()? {
            return Ok(function);
        }
        if self.is_contextual("var") && self.is_at(1, "(") {
            return self.deconstruction();
        }
        if let Some(ty) = self.declared_type() {
            let kind = self.local_names(ty, false)?;
            self.expect(";")?;
            return Ok(kind);
        }
        let expr = self.expression()?;
        self.expect(";")?;
        Ok(StatementKind::Expression(expr))
    }

    /// The type of a declaration, if one stands at the cursor: a type and a name follow.
    pub(super) fn declared_type(&mut self) -> Option<TypeRef> {
        self.attempt(|parser| {
            let ty = parser.type_ref()?;
            let name = matches!(parser.kind(), TokenKind::Identifier(_));
            let follows = ["=", ";", ","].iter().any(|next| parser.is_at(1, next))
                || parser.is_keyword_at(1, "in");
            if name && (follows || !parser.is_at(1, ".")) {
                Ok(ty)
            } else {
                Err(parser.unexpected("a name"))
            }
        })
    }

    pub(super) fn local_names(&mut self, ty: TypeRef, constant: bool) -> Parsed<StatementKind> {
        let mut names = Vec::new();
        loop {
            let name = self.identifier()?;
            let value = if self.eat("=") {
                Some(self.variable_initializer()?)
            } else {
                None
            };
            names.push((name, value));
            if !self.eat(",") {
                return Ok(StatementKind::Local {
                    ty,
                    constant,
                    names,
                });
            }
        }
    }

    pub(super) fn deconstruction(&mut self) -> Parsed<StatementKind> {
        self.advance();
        self.expect("(")?;
        let mut names = vec![self.identifier()?];
        while self.eat(",") {
            names.push(self.identifier()?);
        }
        self.expect(")")?;
        self.expect("=")?;
        let value = self.expression()?;
        self.expect(";")?;
        Ok(StatementKind::Deconstruct { names, value })
    }

    pub(super) fn local_function(&mut self) -> Parsed<Option<StatementKind>> {
        let header = self.attempt(|parser| {
            if parser.is_keyword("static") {
                parser.advance();
            }
            let returns = parser.type_ref()?;
            let name = parser.identifier()?;
            if !parser.is("(") {
                return Err(parser.unexpected("`(`"));
            }
            let body = parser
                .closing_index()
                .and_then(|index| parser.tokens.get(index + 1));
            match body.map(|token| &token.kind) {
                Some(TokenKind::Punctuation("{" | "=>")) => Ok((returns, name)),
                _ => Err(parser.unexpected("`{`")),
            }
        });
        let Some((returns, name)) = header else {
            return Ok(None);
        };
        let parameters = self.parameters()?;
        let body = if self.eat("=>") {
            let body = self.function_body()?;
            self.expect(";")?;
            body
        } else {
            self.function(|parser| Ok(LambdaBody::Block(parser.block()?)))?
        };
        let void = Self::simple_name(&returns).is_some_and(|name| name.as_ref() == "void");
        let returns = if void { None } else { Some(returns) };
        Ok(Some(StatementKind::LocalFunction {
            returns,
            name,
            parameters,
            body,
        }))
    }

    pub(super) fn parameters(&mut self) -> Parsed<Vec<Parameter>> {
        self.expect("(")?;
        let mut all = Vec::new();
        while !self.is(")") {
            if self.is_keyword("ref") || self.is_keyword("out") || self.is_keyword("params") {
                return Err(self.unexpected("a plain parameter"));
            }
            let ty = self.type_ref()?;
            let name = self.identifier()?;
            let default = if self.eat("=") {
                Some(self.expression()?)
            } else {
                None
            };
            all.push(Parameter { ty, name, default });
            if !self.eat(",") {
                break;
            }
        }
        self.expect(")")?;
        Ok(all)
    }
}
