//! Branches, loops, `switch`, `try` and `using`.

use super::{Parsed, Parser};
use crate::expression::ast::{
    Catch, Expr, ExprKind, Ident, Receiver, Statement, StatementKind, SwitchSection, TypeRef,
    TypeRefKind,
};
use crate::expression::token::TokenKind;

impl Parser<'_> {
    pub(super) fn condition(&mut self) -> Parsed<crate::expression::ast::Expr> {
        self.expect("(")?;
        let condition = self.expression()?;
        self.expect(")")?;
        Ok(condition)
    }

    /// A whole `if … else if … else`, flat.
    pub(super) fn if_statement(&mut self) -> Parsed<StatementKind> {
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

    pub(super) fn for_statement(&mut self) -> Parsed<StatementKind> {
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

    pub(super) fn expression_list(&mut self) -> Parsed<Vec<crate::expression::ast::Expr>> {
        let mut all = vec![self.expression()?];
        while self.eat(",") {
            all.push(self.expression()?);
        }
        Ok(all)
    }

    pub(super) fn foreach_statement(&mut self) -> Parsed<StatementKind> {
        self.advance();
        self.expect("(")?;
        if let Some(parts) = self.deconstruction() {
            return self.foreach_apart(parts);
        }
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

    /// `foreach (var (a, b) in items)` as a loop that takes each item apart first.
    fn foreach_apart(&mut self, parts: Vec<Receiver>) -> Parsed<StatementKind> {
        let span = self.span();
        self.expect_keyword("in")?;
        let source = self.expression()?;
        self.expect(")")?;
        let body = self.statement()?;
        // No identifier can be written like this.
        let name = Ident {
            name: "<item>".into(),
            span,
        };
        let value = Expr {
            kind: ExprKind::Name(name.clone(), Vec::new()),
            span: source.span,
        };
        let apart = Statement {
            kind: StatementKind::Deconstruct { parts, value },
            span,
        };
        let body = Statement {
            span: body.span,
            kind: StatementKind::Block(vec![apart, body]),
        };
        Ok(StatementKind::Foreach {
            ty: TypeRef {
                kind: TypeRefKind::Var,
                span,
            },
            name,
            source,
            body: Box::new(body),
        })
    }

    pub(super) fn switch_statement(&mut self) -> Parsed<StatementKind> {
        self.advance();
        let subject = self.condition()?;
        let closing = self.closing_index();
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
                body.extend(self.statement_within(closing)?);
            }
            sections.push(SwitchSection { labels, body });
        }
        self.expect("}")?;
        Ok(StatementKind::Switch(subject, sections))
    }

    pub(super) fn is_default_label(&self) -> bool {
        self.is_keyword("default") && self.is_at(1, ":")
    }

    pub(super) fn try_statement(&mut self) -> Parsed<StatementKind> {
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

    pub(super) fn using_statement(&mut self) -> Parsed<StatementKind> {
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
