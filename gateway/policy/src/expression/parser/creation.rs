//! `new` and its initialisers.

use super::{Parsed, Parser, SyntaxError};
use crate::expression::ast::{Element, Expr, ExprKind, Ident, Initializer, TypeRef, TypeRefKind};
use crate::expression::token::{Span, TokenKind};

impl Parser<'_> {
    pub(super) fn creation(&mut self) -> Parsed<Expr> {
        let start = self.span();
        self.expect_keyword("new")?;
        let kind = if self.is("[") {
            let rank = self.array_rank()?;
            if rank != 1 {
                return Err(self.unexpected("an array of one dimension"));
            }
            ExprKind::ImplicitArray(self.array_items()?)
        } else if self.is("{") {
            self.anonymous()?
        } else if self.is("(") {
            return Err(self.unexpected("a type"));
        } else {
            self.typed_creation()?
        };
        Ok(Expr {
            kind,
            span: self.since(start),
        })
    }

    pub(super) fn typed_creation(&mut self) -> Parsed<ExprKind> {
        let start = self.span();
        let mut ty = self.type_without_suffix()?;
        if self.is("?") && self.is_at(1, "[") {
            self.advance();
            let span = self.since(start);
            ty = TypeRef {
                kind: TypeRefKind::Nullable(Box::new(ty)),
                span,
            };
        }
        if self.is("[") {
            return self.array_creation(ty, start);
        }
        let arguments = if self.is("(") {
            self.arguments("(", ")")?
        } else {
            Vec::new()
        };
        let initializer = if self.is("{") {
            Some(self.initializer()?)
        } else {
            None
        };
        Ok(ExprKind::New {
            ty,
            arguments,
            initializer,
        })
    }

    pub(super) fn array_creation(&mut self, element: TypeRef, start: Span) -> Parsed<ExprKind> {
        let mut length = None;
        if self.is_at(1, "]") || self.is_at(1, ",") {
            let rank = self.array_rank()?;
            if rank != 1 {
                return Err(self.unexpected("an array of one dimension"));
            }
        } else {
            self.expect("[")?;
            length = Some(Box::new(self.expression()?));
            if self.is(",") {
                return Err(self.unexpected("an array of one dimension"));
            }
            self.expect("]")?;
        }
        let mut element = element;
        while self.is("[") && self.is_at(1, "]") {
            let rank = self.array_rank()?;
            let span = self.since(start);
            element = TypeRef {
                kind: TypeRefKind::Array(Box::new(element), rank),
                span,
            };
        }
        let items = if self.is("{") {
            Some(self.array_items()?)
        } else {
            None
        };
        if length.is_none() && items.is_none() {
            return Err(self.unexpected("the length or the items of the array"));
        }
        Ok(ExprKind::NewArray {
            element,
            length,
            items,
        })
    }

    /// `{ a, b, }`.
    pub(super) fn array_items(&mut self) -> Parsed<Vec<Expr>> {
        self.nested(|parser| {
            parser.expect("{")?;
            let mut items = Vec::new();
            while !parser.is("}") {
                items.push(parser.variable_initializer()?);
                if !parser.eat(",") {
                    break;
                }
            }
            parser.expect("}")?;
            Ok(items)
        })
    }

    /// An expression, or the items of an array.
    pub(super) fn variable_initializer(&mut self) -> Parsed<Expr> {
        if self.is("{") {
            let start = self.span();
            let items = self.array_items()?;
            return Ok(Expr {
                kind: ExprKind::ArrayInitializer(items),
                span: self.since(start),
            });
        }
        self.expression()
    }

    pub(super) fn anonymous(&mut self) -> Parsed<ExprKind> {
        self.nested(|parser| {
            parser.expect("{")?;
            let mut members = Vec::new();
            while !parser.is("}") {
                let named =
                    matches!(parser.kind(), TokenKind::Identifier(_)) && parser.is_at(1, "=");
                let name = if named {
                    Some(parser.identifier()?)
                } else {
                    None
                };
                if named {
                    parser.advance();
                }
                let value = parser.expression()?;
                let Some(name) = name.or_else(|| implied_name(&value)) else {
                    return Err(SyntaxError {
                        span: value.span,
                        message: "Expected `Name = value` in an anonymous object.".to_owned(),
                    });
                };
                members.push((name, value));
                if !parser.eat(",") {
                    break;
                }
            }
            parser.expect("}")?;
            Ok(ExprKind::Anonymous(members))
        })
    }

    pub(super) fn initializer(&mut self) -> Parsed<Initializer> {
        self.nested(|parser| {
            parser.expect("{")?;
            let members = matches!(parser.kind(), TokenKind::Identifier(_)) && parser.is_at(1, "=");
            let initializer = if members {
                let mut all = Vec::new();
                while !parser.is("}") {
                    let name = parser.identifier()?;
                    parser.expect("=")?;
                    let value = parser.variable_initializer()?;
                    all.push((name, value));
                    if !parser.eat(",") {
                        break;
                    }
                }
                Initializer::Members(all)
            } else {
                let mut all = Vec::new();
                while !parser.is("}") {
                    all.push(parser.element()?);
                    if !parser.eat(",") {
                        break;
                    }
                }
                Initializer::Elements(all)
            };
            parser.expect("}")?;
            Ok(initializer)
        })
    }

    pub(super) fn element(&mut self) -> Parsed<Element> {
        if self.is("[") {
            let key = self.arguments("[", "]")?;
            self.expect("=")?;
            return Ok(Element::Set(key, self.variable_initializer()?));
        }
        if self.is("{") {
            return Ok(Element::Add(self.array_items()?));
        }
        Ok(Element::Add(vec![self.expression()?]))
    }
}

/// The name an anonymous object gives to a value: of a variable or of the last member.
pub(super) fn implied_name(value: &Expr) -> Option<Ident> {
    match &value.kind {
        ExprKind::Name(name, _) | ExprKind::Member { name, .. } => Some(name.clone()),
        ExprKind::ConditionalAccess { rest, .. } => implied_name(rest),
        _ => None,
    }
}
