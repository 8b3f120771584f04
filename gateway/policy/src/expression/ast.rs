//! The syntax tree: C# 7 as far as an expression or a method body needs it.

use std::sync::Arc;

use super::token::{IntegerLiteral, Span};

/// A name and its place.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Ident {
    pub(crate) name: Arc<str>,
    pub(crate) span: Span,
}

/// A type as written.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct TypeRef {
    pub(crate) kind: TypeRefKind,
    pub(crate) span: Span,
}

/// Forms of types.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum TypeRefKind {
    /// `var`.
    Var,
    /// `string`, `System.Text.Encoding`, `List<int>`: names with the arguments of the last one.
    Named(Vec<Ident>, Vec<TypeRef>),
    Nullable(Box<TypeRef>),
    /// The element and the number of dimensions.
    Array(Box<TypeRef>, usize),
    Tuple(Vec<(TypeRef, Option<Ident>)>),
}

/// An expression.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Expr {
    pub(crate) kind: ExprKind,
    pub(crate) span: Span,
}

/// Forms of expressions.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum ExprKind {
    Literal(Literal),
    Interpolated(Vec<Part>),
    Name(Ident, Vec<TypeRef>),
    /// A keyword of a type used as a receiver: `string.Empty`.
    TypeName(TypeRef),
    Member {
        target: Box<Expr>,
        name: Ident,
        arguments: Vec<TypeRef>,
    },
    /// `target?.rest`, where `rest` is built over [`ExprKind::Receiver`].
    ConditionalAccess {
        target: Box<Expr>,
        rest: Box<Expr>,
    },
    Receiver,
    Index {
        target: Box<Expr>,
        arguments: Vec<Argument>,
    },
    Call {
        target: Box<Expr>,
        arguments: Vec<Argument>,
    },
    New {
        ty: TypeRef,
        arguments: Vec<Argument>,
        initializer: Option<Initializer>,
    },
    /// `new T[a][] { … }`; the element type includes the inner ranks.
    NewArray {
        element: TypeRef,
        length: Option<Box<Expr>>,
        items: Option<Vec<Expr>>,
    },
    ImplicitArray(Vec<Expr>),
    /// `{ 1, 2 }` as the initialiser of an array variable.
    ArrayInitializer(Vec<Expr>),
    Anonymous(Vec<(Ident, Expr)>),
    Lambda {
        parameters: Vec<LambdaParameter>,
        body: LambdaBody,
    },
    Unary(UnaryOp, Box<Expr>),
    /// `++x`, `x--`: the operator, whether it stands before, the operand.
    Step {
        increment: bool,
        prefix: bool,
        target: Box<Expr>,
    },
    /// Left-associative operators of one level; flat, so that long sums do not nest.
    Chain {
        first: Box<Expr>,
        rest: Vec<(BinaryOp, Expr)>,
    },
    /// `a && b && c`; `a || b || c`.
    And(Vec<Expr>),
    Or(Vec<Expr>),
    /// `a ?? b ?? c`.
    Coalesce(Vec<Expr>),
    Conditional {
        condition: Box<Expr>,
        then: Box<Expr>,
        otherwise: Box<Expr>,
    },
    /// `a = b`, `a += b`.
    Assign {
        target: Box<Expr>,
        op: Option<BinaryOp>,
        value: Box<Expr>,
    },
    Cast(TypeRef, Box<Expr>),
    Is(Box<Expr>, Pattern),
    As(Box<Expr>, TypeRef),
    Default(Option<TypeRef>),
    Nameof(Box<Expr>),
    Typeof(TypeRef),
    Tuple(Vec<(Option<Ident>, Expr)>),
    /// `checked(e)` or `unchecked(e)`.
    Checked(bool, Box<Expr>),
    Throw(Box<Expr>),
}

/// Constants.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Literal {
    Null,
    Bool(bool),
    Integer(IntegerLiteral),
    Float(f32),
    Double(f64),
    Decimal(rust_decimal::Decimal),
    Character(u16),
    String(Arc<str>),
}

/// A piece of an interpolated string.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Part {
    Text(Arc<str>),
    Hole(Box<Hole>),
}

/// `{value,alignment:format}`.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Hole {
    pub(crate) value: Expr,
    pub(crate) alignment: Option<Expr>,
    pub(crate) format: Option<Arc<str>>,
}

/// An argument of a call.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Argument {
    pub(crate) name: Option<Ident>,
    pub(crate) value: ArgumentValue,
}

/// How an argument is passed.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum ArgumentValue {
    Value(Expr),
    /// `out x` or `ref x`.
    Reference {
        out: bool,
        target: Expr,
    },
    /// `out var x`, `out int x`.
    Declare {
        ty: TypeRef,
        name: Ident,
    },
    /// `out _`.
    Discard(Span),
}

/// What follows `new T(…)`.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Initializer {
    /// `{ Name = value }`.
    Members(Vec<(Ident, Expr)>),
    /// `{ a, { k, v }, [k] = v }`.
    Elements(Vec<Element>),
}

/// One element of a collection initialiser.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Element {
    Add(Vec<Expr>),
    Set(Vec<Argument>, Expr),
}

/// A parameter of a lambda.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct LambdaParameter {
    pub(crate) ty: Option<TypeRef>,
    pub(crate) name: Ident,
}

/// The body of a lambda or local function.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum LambdaBody {
    Expression(Box<Expr>),
    Block(Vec<Statement>),
}

/// Unary operators.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum UnaryOp {
    Plus,
    Minus,
    Not,
    Complement,
}

/// Binary operators that are not short-circuiting.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum BinaryOp {
    Multiply,
    Divide,
    Remainder,
    Add,
    Subtract,
    ShiftLeft,
    ShiftRight,
    Less,
    Greater,
    LessEqual,
    GreaterEqual,
    Equal,
    NotEqual,
    And,
    Xor,
    Or,
    /// Only in `??=`, which C# 7 does not have; kept to say so.
    Coalesce,
}

impl BinaryOp {
    pub(crate) fn symbol(self) -> &'static str {
        match self {
            Self::Multiply => "*",
            Self::Divide => "/",
            Self::Remainder => "%",
            Self::Add => "+",
            Self::Subtract => "-",
            Self::ShiftLeft => "<<",
            Self::ShiftRight => ">>",
            Self::Less => "<",
            Self::Greater => ">",
            Self::LessEqual => "<=",
            Self::GreaterEqual => ">=",
            Self::Equal => "==",
            Self::NotEqual => "!=",
            Self::And => "&",
            Self::Xor => "^",
            Self::Or => "|",
            Self::Coalesce => "??",
        }
    }
}

/// What `is` and `case` test.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Pattern {
    /// `T` or `T name`; `var name`.
    Type(TypeRef, Option<Ident>),
    /// A constant, or a type whose name looks like one: the checker decides.
    Constant(Box<Expr>),
}

/// A statement.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Statement {
    pub(crate) kind: StatementKind,
    pub(crate) span: Span,
}

/// Forms of statements.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum StatementKind {
    Empty,
    Block(Vec<Statement>),
    Expression(Expr),
    Local {
        ty: TypeRef,
        constant: bool,
        names: Vec<(Ident, Option<Expr>)>,
    },
    /// `var (a, b) = …`, `(int a, b) = …`.
    Deconstruct {
        parts: Vec<Receiver>,
        value: Expr,
    },
    LocalFunction {
        returns: Option<TypeRef>,
        name: Ident,
        parameters: Vec<Parameter>,
        body: LambdaBody,
    },
    /// Conditions with their branches, then `else`.
    If(Vec<(Expr, Statement)>, Option<Box<Statement>>),
    While(Expr, Box<Statement>),
    Do(Box<Statement>, Expr),
    For {
        init: Vec<Statement>,
        condition: Option<Expr>,
        step: Vec<Expr>,
        body: Box<Statement>,
    },
    Foreach {
        ty: TypeRef,
        name: Ident,
        source: Expr,
        body: Box<Statement>,
    },
    Switch(Expr, Vec<SwitchSection>),
    Try {
        body: Vec<Statement>,
        catches: Vec<Catch>,
        finally: Option<Vec<Statement>>,
    },
    /// `checked { … }` or `unchecked { … }`.
    Checked(bool, Vec<Statement>),
    /// The resource statement and the body; without one, to the end of the block (C# 8).
    Using(Box<Statement>, Box<Statement>),
    Return(Option<Expr>),
    Throw(Option<Expr>),
    Break,
    Continue,
}

/// What receives one value of a tuple that is taken apart.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Receiver {
    /// `int a`, `var a`.
    Declare(TypeRef, Ident),
    /// A variable or element that exists.
    Assign(Expr),
    /// `_`.
    Discard,
}

/// A parameter of a local function.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Parameter {
    pub(crate) passing: Passing,
    pub(crate) ty: TypeRef,
    pub(crate) name: Ident,
    pub(crate) default: Option<Expr>,
}

/// How a parameter of a local function gets its argument.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Passing {
    Value,
    Ref,
    Out,
    /// The last one, which collects what is left in an array.
    Params,
}

/// Labels and statements.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct SwitchSection {
    /// `case` patterns with their `when`; `None` is `default`.
    pub(crate) labels: Vec<Option<(Pattern, Option<Expr>)>>,
    pub(crate) body: Vec<Statement>,
}

/// `catch (T name) when (filter) { … }`.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Catch {
    pub(crate) ty: Option<TypeRef>,
    pub(crate) name: Option<Ident>,
    pub(crate) filter: Option<Expr>,
    pub(crate) body: Vec<Statement>,
}
