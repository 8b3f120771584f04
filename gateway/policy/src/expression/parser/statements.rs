//! Statements (C# 7 clause 13).

use super::{Parsed, Parser, SyntaxError};
use crate::expression::ast::{
    Catch, LambdaBody, Parameter, Statement, StatementKind, SwitchSection, TypeRef,
};
use crate::expression::token::TokenKind;

/// After so many errors the rest is noise.
const MAX_ERRORS: usize = 20;

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
    fn skip_statement(&mut self, start: usize) {
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

    fn statement(&mut self) -> Parsed<Statement> {
        let start = self.span();
        let kind = self.nested(Self::statement_kind)?;
        Ok(Statement {
            kind,
            span: self.since(start),
        })
    }

    fn statement_kind(&mut self) -> Parsed<StatementKind> {
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
    fn simple_statement(&mut self) -> Parsed<StatementKind> {
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
    fn declared_type(&mut self) -> Option<TypeRef> {
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

    fn local_names(&mut self, ty: TypeRef, constant: bool) -> Parsed<StatementKind> {
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

    fn deconstruction(&mut self) -> Parsed<StatementKind> {
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

    fn local_function(&mut self) -> Parsed<Option<StatementKind>> {
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

    fn parameters(&mut self) -> Parsed<Vec<Parameter>> {
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

    fn condition(&mut self) -> Parsed<crate::expression::ast::Expr> {
        self.expect("(")?;
        let condition = self.expression()?;
        self.expect(")")?;
        Ok(condition)
    }

    /// A whole `if … else if … else`, flat.
    fn if_statement(&mut self) -> Parsed<StatementKind> {
        let mut branches = Vec::new();
        loop {
            self.expect_keyword("if")?;
            let condition = self.condition()?;
            branches.push((condition, self.statement()?));
            if !self.eat_keyword("else") {
                return Ok(StatementKind::If(branches, None));
            }
            if !self.is_keyword("if") {
                let otherwise = self.statement()?;
                return Ok(StatementKind::If(branches, Some(Box::new(otherwise))));
            }
        }
    }

    fn for_statement(&mut self) -> Parsed<StatementKind> {
        self.advance();
        self.expect("(")?;
        let mut init = Vec::new();
        let start = self.span();
        if !self.is(";") {
            if let Some(ty) = self.declared_type() {
                let kind = self.local_names(ty, false)?;
                init.push(Statement {
                    kind,
                    span: self.since(start),
                });
            } else {
                for expr in self.expression_list()? {
                    let span = expr.span;
                    init.push(Statement {
                        kind: StatementKind::Expression(expr),
                        span,
                    });
                }
            }
        }
        self.expect(";")?;
        let condition = if self.is(";") {
            None
        } else {
            Some(self.expression()?)
        };
        self.expect(";")?;
        let step = if self.is(")") {
            Vec::new()
        } else {
            self.expression_list()?
        };
        self.expect(")")?;
        let body = Box::new(self.statement()?);
        Ok(StatementKind::For {
            init,
            condition,
            step,
            body,
        })
    }

    fn expression_list(&mut self) -> Parsed<Vec<crate::expression::ast::Expr>> {
        let mut all = vec![self.expression()?];
        while self.eat(",") {
            all.push(self.expression()?);
        }
        Ok(all)
    }

    fn foreach_statement(&mut self) -> Parsed<StatementKind> {
        self.advance();
        self.expect("(")?;
        let ty = self.type_ref()?;
        let name = self.identifier()?;
        self.expect_keyword("in")?;
        let source = self.expression()?;
        self.expect(")")?;
        let body = Box::new(self.statement()?);
        Ok(StatementKind::Foreach {
            ty,
            name,
            source,
            body,
        })
    }

    fn switch_statement(&mut self) -> Parsed<StatementKind> {
        self.advance();
        let subject = self.condition()?;
        self.expect("{")?;
        let mut sections = Vec::new();
        while !self.is("}") {
            let mut labels = Vec::new();
            loop {
                if self.eat_keyword("default") {
                    self.expect(":")?;
                    labels.push(None);
                } else if self.eat_keyword("case") {
                    let pattern = self.pattern()?;
                    let guard = if self.is_contextual("when") {
                        self.advance();
                        Some(self.expression()?)
                    } else {
                        None
                    };
                    self.expect(":")?;
                    labels.push(Some((pattern, guard)));
                } else {
                    break;
                }
            }
            if labels.is_empty() {
                return Err(self.unexpected("`case`, `default` or `}`"));
            }
            let mut body = Vec::new();
            while !self.is("}") && !self.is_keyword("case") && !self.is_default_label() {
                if *self.kind() == TokenKind::End {
                    return Err(self.unexpected("`}`"));
                }
                body.push(self.statement()?);
            }
            sections.push(SwitchSection { labels, body });
        }
        self.expect("}")?;
        Ok(StatementKind::Switch(subject, sections))
    }

    fn is_default_label(&self) -> bool {
        self.is_keyword("default") && self.is_at(1, ":")
    }

    fn try_statement(&mut self) -> Parsed<StatementKind> {
        self.advance();
        let body = self.block()?;
        let mut catches = Vec::new();
        while self.eat_keyword("catch") {
            let mut ty = None;
            let mut name = None;
            if self.eat("(") {
                ty = Some(self.type_ref()?);
                if !self.is(")") {
                    name = Some(self.identifier()?);
                }
                self.expect(")")?;
            }
            let filter = if self.is_contextual("when") {
                self.advance();
                Some(self.condition()?)
            } else {
                None
            };
            catches.push(Catch {
                ty,
                name,
                filter,
                body: self.block()?,
            });
        }
        let finally = if self.eat_keyword("finally") {
            Some(self.block()?)
        } else {
            None
        };
        if catches.is_empty() && finally.is_none() {
            return Err(self.unexpected("`catch` or `finally`"));
        }
        Ok(StatementKind::Try {
            body,
            catches,
            finally,
        })
    }

    fn using_statement(&mut self) -> Parsed<StatementKind> {
        self.advance();
        if !self.is("(") {
            // `using var x = …;` of C# 8: the resource lives to the end of the block.
            let ty = self.type_ref()?;
            let kind = self.local_names(ty, false)?;
            self.expect(";")?;
            return Ok(kind);
        }
        self.expect("(")?;
        let inner = self.span();
        let kind = match self.declared_type() {
            Some(ty) => self.local_names(ty, false)?,
            None => StatementKind::Expression(self.expression()?),
        };
        let resource = Statement {
            kind,
            span: self.since(inner),
        };
        self.expect(")")?;
        let body = self.statement()?;
        Ok(StatementKind::Using(Box::new(resource), Box::new(body)))
    }
}
