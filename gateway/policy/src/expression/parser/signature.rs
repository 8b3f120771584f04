//! Signatures of the library: `static bool IsNullOrEmpty(string value)`, `int Length`,
//! `char this[int index]`, `new(int seed)`.

use std::sync::Arc;

use super::{Parsed, Parser, parse_with};
use crate::expression::ast::{Expr, TypeRef};
use crate::expression::token::TokenKind;

/// A member as a signature writes it.
#[derive(Debug)]
pub(crate) struct Signature {
    pub(crate) is_static: bool,
    pub(crate) kind: SignatureKind,
    /// `None` for a constructor.
    pub(crate) returns: Option<TypeRef>,
    pub(crate) name: Arc<str>,
    pub(crate) type_parameters: Vec<Arc<str>>,
    pub(crate) parameters: Vec<SignatureParameter>,
}

/// What a signature describes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum SignatureKind {
    Constructor,
    Method,
    Property,
    Indexer,
}

/// A parameter of a signature.
#[derive(Debug)]
pub(crate) struct SignatureParameter {
    pub(crate) ty: TypeRef,
    pub(crate) name: Arc<str>,
    pub(crate) out: bool,
    pub(crate) params: bool,
    pub(crate) default: Option<Expr>,
}

/// Parses a signature.
pub(crate) fn parse(text: &str) -> Parsed<Signature> {
    parse_with(text, |parser| parser.signature())
}

/// Parses the type a group of signatures belongs to.
pub(crate) fn parse_owner(text: &str) -> Parsed<TypeRef> {
    parse_with(text, |parser| parser.type_ref())
}

impl Parser<'_> {
    fn signature(&mut self) -> Parsed<Signature> {
        let is_static = self.eat_keyword("static");
        if self.eat_keyword("new") {
            let parameters = self.signature_parameters("(", ")")?;
            return Ok(Signature {
                is_static: true,
                kind: SignatureKind::Constructor,
                returns: None,
                name: "new".into(),
                type_parameters: Vec::new(),
                parameters,
            });
        }
        let returns = Some(self.type_ref()?);
        if self.eat_keyword("this") {
            let parameters = self.signature_parameters("[", "]")?;
            return Ok(Signature {
                is_static,
                kind: SignatureKind::Indexer,
                returns,
                name: "this".into(),
                type_parameters: Vec::new(),
                parameters,
            });
        }
        let name = self.identifier()?.name;
        let mut type_parameters = Vec::new();
        if self.eat("<") {
            type_parameters.push(self.identifier()?.name);
            while self.eat(",") {
                type_parameters.push(self.identifier()?.name);
            }
            self.expect(">")?;
        }
        let (kind, parameters) = if self.is("(") {
            (SignatureKind::Method, self.signature_parameters("(", ")")?)
        } else {
            (SignatureKind::Property, Vec::new())
        };
        match self.kind() {
            TokenKind::End => Ok(Signature {
                is_static,
                kind,
                returns,
                name,
                type_parameters,
                parameters,
            }),
            _ => Err(self.unexpected("the end of the signature")),
        }
    }

    fn signature_parameters(&mut self, open: &str, close: &str) -> Parsed<Vec<SignatureParameter>> {
        self.expect(open)?;
        let mut all = Vec::new();
        while !self.is(close) {
            let out = self.eat_keyword("out");
            let params = self.eat_keyword("params");
            let ty = self.type_ref()?;
            let name = self.identifier()?.name;
            let default = if self.eat("=") {
                Some(self.expression()?)
            } else {
                None
            };
            all.push(SignatureParameter {
                ty,
                name,
                out,
                params,
                default,
            });
            if !self.eat(",") {
                break;
            }
        }
        self.expect(close)?;
        Ok(all)
    }
}
