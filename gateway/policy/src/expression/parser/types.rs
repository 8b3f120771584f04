//! Types.

use std::sync::Arc;

use super::{Parsed, Parser};
use crate::expression::ast::{Ident, TypeRef, TypeRefKind};
use crate::expression::token::TokenKind;

/// Keywords that name a type.
const PREDEFINED: &[&str] = &[
    "bool", "byte", "char", "decimal", "double", "float", "int", "long", "object", "sbyte",
    "short", "string", "uint", "ulong", "ushort", "void",
];

impl Parser<'_> {
    /// Whether the cursor is at a keyword that names a type.
    pub(super) fn is_predefined_type(&self) -> bool {
        matches!(self.kind(), TokenKind::Keyword(word) if PREDEFINED.contains(word))
    }

    /// A type with its `?` and `[]`.
    pub(crate) fn type_ref(&mut self) -> Parsed<TypeRef> {
        self.nested(|parser| {
            let mut ty = parser.type_without_suffix()?;
            loop {
                let start = ty.span;
                if parser.is("?") && !matches!(ty.kind, TypeRefKind::Nullable(_)) {
                    parser.advance();
                    let span = parser.since(start);
                    ty = TypeRef {
                        kind: TypeRefKind::Nullable(Box::new(ty)),
                        span,
                    };
                } else if parser.is("[") && (parser.is_at(1, "]") || parser.is_at(1, ",")) {
                    let rank = parser.array_rank()?;
                    let span = parser.since(start);
                    ty = TypeRef {
                        kind: TypeRefKind::Array(Box::new(ty), rank),
                        span,
                    };
                } else {
                    return Ok(ty);
                }
            }
        })
    }

    /// `[]` or `[,]`: the number of dimensions.
    pub(super) fn array_rank(&mut self) -> Parsed<usize> {
        self.expect("[")?;
        let mut rank = 1;
        while self.eat(",") {
            rank += 1;
        }
        self.expect("]")?;
        Ok(rank)
    }

    /// A name with arguments, a keyword or a tuple, without `?` and `[]`.
    pub(super) fn type_without_suffix(&mut self) -> Parsed<TypeRef> {
        let start = self.span();
        if self.is("(") {
            return self.tuple_type();
        }
        if self.is_predefined_type() {
            let TokenKind::Keyword(word) = *self.kind() else {
                return Err(self.unexpected("a type"));
            };
            self.advance();
            let name = Ident {
                name: word.into(),
                span: start,
            };
            return Ok(TypeRef {
                kind: TypeRefKind::Named(vec![name], Vec::new()),
                span: start,
            });
        }
        if self.is_contextual("var") && !self.is_at(1, ".") && !self.is_at(1, "<") {
            self.advance();
            return Ok(TypeRef {
                kind: TypeRefKind::Var,
                span: start,
            });
        }
        let mut names = Vec::new();
        loop {
            match self.kind() {
                TokenKind::Identifier(_) => names.push(self.identifier()?),
                _ => return Err(self.unexpected("a type")),
            }
            if self.is("<") {
                let arguments = self.type_arguments()?;
                if self.is(".") {
                    return Err(self.unexpected("no nested type"));
                }
                let span = self.since(start);
                return Ok(TypeRef {
                    kind: TypeRefKind::Named(names, arguments),
                    span,
                });
            }
            if !self.eat(".") && !self.eat("::") {
                let span = self.since(start);
                return Ok(TypeRef {
                    kind: TypeRefKind::Named(names, Vec::new()),
                    span,
                });
            }
        }
    }

    /// `<T, U>`.
    pub(crate) fn type_arguments(&mut self) -> Parsed<Vec<TypeRef>> {
        self.expect("<")?;
        let mut arguments = vec![self.type_ref()?];
        while self.eat(",") {
            arguments.push(self.type_ref()?);
        }
        self.expect(">")?;
        Ok(arguments)
    }

    fn tuple_type(&mut self) -> Parsed<TypeRef> {
        let start = self.span();
        self.nested(|parser| {
            parser.expect("(")?;
            let mut items = Vec::new();
            loop {
                let ty = parser.type_ref()?;
                let name = match parser.kind() {
                    TokenKind::Identifier(_) => Some(parser.identifier()?),
                    _ => None,
                };
                items.push((ty, name));
                if !parser.eat(",") {
                    break;
                }
            }
            parser.expect(")")?;
            if items.len() < 2 {
                return Err(parser.unexpected("a tuple of at least two types"));
            }
            let span = parser.since(start);
            Ok(TypeRef {
                kind: TypeRefKind::Tuple(items),
                span,
            })
        })
    }

    /// Type arguments of a method, if the `<` at the cursor opens such and not a comparison: C# 7
    /// §6.2.5 decides by what follows the `>`.
    pub(super) fn method_type_arguments(&mut self) -> Vec<TypeRef> {
        if !self.is("<") {
            return Vec::new();
        }
        let follows = |parser: &Self| match parser.kind() {
            TokenKind::Punctuation(punctuation) => matches!(
                *punctuation,
                "(" | ")"
                    | "]"
                    | "}"
                    | ":"
                    | ";"
                    | ","
                    | "."
                    | "?"
                    | "=="
                    | "!="
                    | "|"
                    | "^"
                    | "&&"
                    | "||"
                    | "&"
                    | "["
            ),
            TokenKind::End => true,
            _ => false,
        };
        self.attempt(|parser| {
            let arguments = parser.type_arguments()?;
            if follows(parser) {
                Ok(arguments)
            } else {
                Err(parser.unexpected("`(`"))
            }
        })
        .unwrap_or_default()
    }

    /// The single name of a type, if it is one: for `x` in `x => …` and `case x:`.
    pub(super) fn simple_name(ty: &TypeRef) -> Option<Arc<str>> {
        match &ty.kind {
            TypeRefKind::Named(names, arguments) if arguments.is_empty() => {
                match names.as_slice() {
                    [name] => Some(Arc::clone(&name.name)),
                    _ => None,
                }
            }
            _ => None,
        }
    }
}
