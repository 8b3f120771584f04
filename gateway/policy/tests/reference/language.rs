//! The part of C# that random programs are made of.

/// Types of values.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    Int,
    Long,
    Double,
    Bool,
    Text,
    /// `int[]`.
    Ints,
}

/// Values.
#[derive(Debug, Clone, PartialEq)]
pub enum Val {
    Int(i32),
    Long(i64),
    Double(f64),
    Bool(bool),
    Text(Option<String>),
    Ints(Vec<i32>),
}

/// Operators between two operands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Op {
    Add,
    Sub,
    Mul,
    Div,
    Rem,
    Shl,
    Shr,
    And,
    Or,
    Xor,
    Less,
    LessOrEqual,
    Greater,
    GreaterOrEqual,
    Equal,
    NotEqual,
    BothTrue,
    OneTrue,
}

/// Members of strings.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum TextCall {
    Length,
    Substring,
    SubstringFrom,
    IndexOf,
    Contains,
    StartsWith,
    Upper,
    Lower,
    Trim,
    Replace,
    PadLeft,
    Insert,
}

/// What a query does to a sequence.
#[derive(Debug, Clone)]
pub enum Stage {
    Where(Box<Expr>),
    Select(Box<Expr>),
    Skip(Box<Expr>),
    Take(Box<Expr>),
    OrderBy(Box<Expr>),
    OrderByDescending(Box<Expr>),
    TakeWhile(Box<Expr>),
    SkipWhile(Box<Expr>),
    Distinct,
    Reverse,
}

/// What ends a query.
#[derive(Debug, Clone)]
pub enum End {
    Sum,
    Count,
    Max,
    Min,
    First,
    FirstOrDefault,
    Last,
    /// `Any(x => …)`.
    Any(Box<Expr>),
    /// `All(x => …)`.
    All(Box<Expr>),
    /// `Aggregate(seed, (a, x) => …)`: `a` is the local before `x`.
    Aggregate(Box<Expr>, Box<Expr>),
    ToArray,
    Join,
}

/// Expressions. Locals are numbers; a lambda's parameters are locals of their own.
#[derive(Debug, Clone)]
pub enum Expr {
    Literal(Val),
    Local(u32),
    Binary(Op, Box<Expr>, Box<Expr>),
    Minus(Box<Expr>),
    Not(Box<Expr>),
    Complement(Box<Expr>),
    Choose(Box<Expr>, Box<Expr>, Box<Expr>),
    Coalesce(Box<Expr>, Box<Expr>),
    /// `(int)` of a `long` and back; `(double)` of either.
    Cast(Kind, Box<Expr>),
    /// `x = …`.
    Assign(u32, Box<Expr>),
    /// `x++` and `++x`, `x--` and `--x`.
    Step {
        local: u32,
        up: bool,
        prefix: bool,
    },
    Call(TextCall, Box<Expr>, Vec<Expr>),
    /// `x.ToString()` of an `int`, `long` or `bool`.
    Print(Box<Expr>),
    /// `new int[] { … }`.
    Array(Vec<Expr>),
    Element(Box<Expr>, Box<Expr>),
    ArrayLength(Box<Expr>),
    /// A query over an array; `parameter` is the first local of its lambdas.
    Query {
        source: Box<Expr>,
        parameter: u32,
        stages: Vec<Stage>,
        end: End,
    },
    /// `((Func<int, int>)(p => …))(…)`.
    Invoke {
        parameter: u32,
        body: Box<Expr>,
        argument: Box<Expr>,
    },
}

/// Statements.
#[derive(Debug, Clone)]
pub enum Stmt {
    Declare(Kind, u32, Expr),
    Evaluate(Expr),
    /// `x op= …` of an `int`.
    Compound(Op, u32, Expr),
    If(Expr, Vec<Stmt>, Vec<Stmt>),
    /// `for (int i = 0; i < n; i++)`.
    For(u32, u8, Vec<Stmt>),
    ForEach(u32, Expr, Vec<Stmt>),
    /// `while (true) { … break at n }` with a counter.
    While(u32, u8, Expr, Vec<Stmt>),
    Switch(Expr, Vec<(i32, Vec<Stmt>)>, Vec<Stmt>),
    /// `try`, `catch (DivideByZeroException)` or all, `finally`.
    Try(Vec<Stmt>, bool, Vec<Stmt>, Vec<Stmt>),
    Break,
    Continue,
    Return(Expr),
}

/// `@{ … }`.
#[derive(Debug, Clone)]
pub struct Program {
    pub body: Vec<Stmt>,
}
