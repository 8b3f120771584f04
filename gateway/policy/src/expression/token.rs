//! Tokens of C# 7.

use std::sync::Arc;

/// A range of bytes of the expression's source.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Span {
    pub(crate) start: u32,
    pub(crate) end: u32,
}

impl Span {
    pub(crate) fn new(start: usize, end: usize) -> Self {
        Self {
            start: narrow(start),
            end: narrow(end),
        }
    }

    /// From the start of `self` to the end of `other`.
    pub(crate) fn to(self, other: Self) -> Self {
        Self {
            start: self.start,
            end: other.end,
        }
    }
}

/// Sources are at most [`super::MAX_SOURCE`] bytes, so that this never saturates.
fn narrow(offset: usize) -> u32 {
    u32::try_from(offset).unwrap_or(u32::MAX)
}

/// A token and where it is.
#[derive(Debug, Clone)]
pub(crate) struct Token {
    pub(crate) kind: TokenKind,
    pub(crate) span: Span,
}

/// What a token is.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum TokenKind {
    /// An identifier that is not a keyword; a leading `@` is taken off.
    Identifier(Arc<str>),
    /// A reserved word of C#.
    Keyword(&'static str),
    /// An operator or punctuation. `>` is never joined with a following `>`: the parser does it.
    Punctuation(&'static str),
    /// An integer literal, its value and type.
    Integer(IntegerLiteral),
    /// A literal with `f` or `F`.
    Float(f32),
    /// A real literal without suffix or with `d`.
    Double(f64),
    /// A literal with `m`, as written.
    Decimal(rust_decimal::Decimal),
    /// A character, as one UTF-16 code unit.
    Character(u16),
    /// A regular or verbatim string.
    String(Arc<str>),
    /// An interpolated string.
    Interpolated(Vec<InterpolationPart>),
    /// The end of the source.
    End,
}

/// The type of an integer literal follows from its suffix and value (C# 7 §6.4.5.3).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum IntegerLiteral {
    Int(i32),
    Uint(u32),
    Long(i64),
    Ulong(u64),
}

/// A piece of an interpolated string.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum InterpolationPart {
    /// Literal text, unescaped.
    Text(Arc<str>),
    /// `{code,alignment:format}`: byte ranges of the source, and the unescaped format.
    Hole {
        code: Span,
        alignment: Option<Span>,
        format: Option<Arc<str>>,
    },
}

/// Reserved words (C# 7 §6.4.4).
pub(crate) const KEYWORDS: &[&str] = &[
    "abstract",
    "as",
    "base",
    "bool",
    "break",
    "byte",
    "case",
    "catch",
    "char",
    "checked",
    "class",
    "const",
    "continue",
    "decimal",
    "default",
    "delegate",
    "do",
    "double",
    "else",
    "enum",
    "event",
    "explicit",
    "extern",
    "false",
    "finally",
    "fixed",
    "float",
    "for",
    "foreach",
    "goto",
    "if",
    "implicit",
    "in",
    "int",
    "interface",
    "internal",
    "is",
    "lock",
    "long",
    "namespace",
    "new",
    "null",
    "object",
    "operator",
    "out",
    "override",
    "params",
    "private",
    "protected",
    "public",
    "readonly",
    "ref",
    "return",
    "sbyte",
    "sealed",
    "short",
    "sizeof",
    "stackalloc",
    "static",
    "string",
    "struct",
    "switch",
    "this",
    "throw",
    "true",
    "try",
    "typeof",
    "uint",
    "ulong",
    "unchecked",
    "unsafe",
    "ushort",
    "using",
    "virtual",
    "void",
    "volatile",
    "while",
];

/// Operators and punctuators, longest first.
pub(crate) const PUNCTUATION: &[&str] = &[
    "<<=", "??=", "...", "=>", "==", "!=", "<=", ">=", "&&", "||", "++", "--", "+=", "-=", "*=",
    "/=", "%=", "&=", "|=", "^=", "<<", "??", "::", "->", "..", "?", ".", ",", ";", ":", "(", ")",
    "[", "]", "{", "}", "+", "-", "*", "/", "%", "&", "|", "^", "!", "~", "=", "<", ">",
];
