//! Statements (C# 7 clause 13) and declarations.

use super::{Parsed, Parser, SyntaxError};
use crate::expression::ast::{
    Expr, ExprKind, LambdaBody, Parameter, Passing, Receiver, Statement, StatementKind, TypeRef,
};
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
            let closing = parser.closing_index();
            parser.expect("{")?;
            let mut all = Vec::new();
            while !parser.is("}") {
                if *parser.kind() == TokenKind::End {
                    return Err(parser.unexpected("`}`"));
                }
                all.extend(parser.statement_within(closing)?);
            }
            parser.expect("}")?;
            Ok(all)
        })
    }

    /// A statement of a block that ends at token `closing`; a broken one is noted and passed.
    pub(super) fn statement_within(&mut self, closing: Option<usize>) -> Parsed<Option<Statement>> {
        match (self.statement(), closing) {
            (Ok(statement), _) => Ok(Some(statement)),
            (Err(error), Some(closing)) if self.recovered.len() + 1 < MAX_ERRORS => {
                self.recovered.push(error);
                self.skip_within(closing);
                Ok(None)
            }
            (Err(error), _) => Err(error),
        }
    }

    /// Moves behind the broken statement of a block that ends at token `closing`.
    fn skip_within(&mut self, closing: usize) {
        while self.at < closing {
            if self.is("{")
                && let Some(end) = self.closing_index()
            {
                self.at = end + 1;
                return;
            }
            let ends = self.is(";");
            self.advance();
            if ends {
                return;
            }
        }
        self.at = closing;
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
                "lock" | "goto" | "fixed" | "unsafe" => Err(self.refused(word)),
                "checked" | "unchecked" if self.is_at(1, "{") => {
                    self.advance();
                    Ok(StatementKind::Checked(word == "checked", self.block()?))
                }
                _ => self.simple_statement(),
            },
            TokenKind::Identifier(_) if self.is_at(1, ":") => {
                Err(self.refused("A label for `goto`"))
            }
            _ => self.simple_statement(),
        }
    }

    /// What C# has and policy expressions do not.
    pub(super) fn refused(&self, what: &str) -> SyntaxError {
        let quote = if what.contains('`') { "" } else { "`" };
        SyntaxError {
            span: self.span(),
            message: format!("{quote}{what}{quote} is not supported in policy expressions."),
        }
    }

    /// A declaration, a local function, or an expression with its `;`.
    pub(super) fn simple_statement(&mut self) -> Parsed<StatementKind> {
        if self.is_contextual("yield")
            && (self.is_keyword_at(1, "return") || self.is_keyword_at(1, "break"))
        {
            return Err(self.refused("yield"));
        }
        if self.is_contextual("async")
            && matches!(
                self.kind_at(1),
                TokenKind::Identifier(_) | TokenKind::Keyword(_)
            )
        {
            return Err(self.refused("async"));
        }
        if let Some(function) = self.local_function()? {
            return Ok(function);
        }
        if let Some(parts) = self.deconstruction() {
            self.expect("=")?;
            let value = self.expression()?;
            self.expect(";")?;
            return Ok(StatementKind::Deconstruct { parts, value });
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

    /// `var (a, b)` or `(int a, _)` in front of `=` or `in`: what a tuple is taken apart into. Without
    /// a declaration among them, `(a, b) = …` is an assignment like others.
    pub(super) fn deconstruction(&mut self) -> Option<Vec<Receiver>> {
        if self.is_contextual("var") && self.is_at(1, "(") {
            return self.attempt(|parser| {
                let ty = parser.type_without_suffix()?;
                parser.receivers(|parser| {
                    let name = parser.identifier()?;
                    Ok(if name.name.as_ref() == "_" {
                        Receiver::Discard
                    } else {
                        Receiver::Declare(ty.clone(), name)
                    })
                })
            });
        }
        if !self.is("(") {
            return None;
        }
        self.attempt(|parser| {
            let parts = parser.receivers(Self::receiver)?;
            let declares = parts
                .iter()
                .any(|part| matches!(part, Receiver::Declare(..)));
            if declares {
                Ok(parts)
            } else {
                Err(parser.unexpected("a declaration"))
            }
        })
    }

    fn receivers(
        &mut self,
        mut one: impl FnMut(&mut Self) -> Parsed<Receiver>,
    ) -> Parsed<Vec<Receiver>> {
        self.expect("(")?;
        let mut parts = vec![one(self)?];
        while self.eat(",") {
            parts.push(one(self)?);
        }
        self.expect(")")?;
        if parts.len() < 2 || !(self.is("=") || self.is_keyword("in")) {
            return Err(self.unexpected("`=`"));
        }
        Ok(parts)
    }

    fn receiver(&mut self) -> Parsed<Receiver> {
        let ends = |parser: &Self, ahead| parser.is_at(ahead, ",") || parser.is_at(ahead, ")");
        if self.is_contextual("_") && ends(self, 1) {
            self.advance();
            return Ok(Receiver::Discard);
        }
        let declared = self.attempt(|parser| {
            let ty = parser.type_ref()?;
            let name = parser.identifier()?;
            if ends(parser, 0) {
                Ok(Receiver::Declare(ty, name))
            } else {
                Err(parser.unexpected("`)`"))
            }
        });
        match declared {
            Some(declared) => Ok(declared),
            // Only a name, so that trying this costs nothing.
            None if matches!(self.kind(), TokenKind::Identifier(_)) && ends(self, 1) => {
                let span = self.span();
                let name = self.identifier()?;
                self.mention(&name.name);
                let kind = ExprKind::Name(name, Vec::new());
                Ok(Receiver::Assign(Expr { kind, span }))
            }
            None => Err(self.unexpected("a variable")),
        }
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
            let passing = match self.kind() {
                TokenKind::Keyword("ref") => Passing::Ref,
                TokenKind::Keyword("out") => Passing::Out,
                TokenKind::Keyword("params") => Passing::Params,
                _ => Passing::Value,
            };
            if passing != Passing::Value {
                self.advance();
            }
            let ty = self.type_ref()?;
            let name = self.identifier()?;
            let default = if self.eat("=") {
                Some(self.expression()?)
            } else {
                None
            };
            all.push(Parameter {
                passing,
                ty,
                name,
                default,
            });
            if passing == Passing::Params || !self.eat(",") {
                break;
            }
        }
        self.expect(")")?;
        Ok(all)
    }
}
