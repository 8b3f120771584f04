//! The lowered program: locals are slots, members are functions.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use super::ast::{BinaryOp, UnaryOp};
use super::budget::Budget;
use super::exception::Exception;
use super::machine::Machine;
use super::types::{Basic, Enumeration, Type};
use super::value::Value;

/// A compiled expression's code.
#[derive(Debug)]
pub(crate) struct Program {
    /// Tells programs apart: a closure belongs to one.
    pub(crate) id: u64,
    /// Entry first, then lambdas and local functions.
    pub(crate) functions: Vec<Function>,
}

impl Program {
    /// A program of these functions, the entry first.
    pub(crate) fn new(functions: Vec<Function>) -> Self {
        static NEXT: AtomicU64 = AtomicU64::new(0);
        Self {
            id: NEXT.fetch_add(1, Ordering::Relaxed),
            functions,
        }
    }
}

/// A function: the expression itself, a lambda or a local function.
#[derive(Debug)]
pub(crate) struct Function {
    /// Slots of its frame.
    pub(crate) slots: usize,
    /// Where its arguments go.
    pub(crate) parameters: Vec<Target>,
    /// Slots that receive captured variables, in the order closures hold them.
    pub(crate) captures: Vec<usize>,
    pub(crate) body: Code,
    /// Height of its tree: what a call of it may add to the native stack.
    pub(crate) height: u32,
}

/// The body of a function.
#[derive(Debug)]
pub(crate) enum Code {
    Value(Node),
    Steps(Vec<Step>),
}

/// A library function: it gets its receiver, if it has one, and its arguments.
#[derive(Clone, Copy)]
pub(crate) enum Native {
    /// The same result for the same arguments, nothing else: may run when the document is saved.
    Pure(fn(&mut Budget, &[Value]) -> Result<Value, Exception>),
    /// Reads `context` or the host, runs lambdas, or changes an object.
    Full(fn(&mut Machine<'_>, &[Value]) -> Result<Value, Exception>),
}

impl std::fmt::Debug for Native {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(match self {
            Self::Pure(_) => "Pure",
            Self::Full(_) => "Full",
        })
    }
}

/// A variable that is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Target {
    /// A slot of the frame.
    Local(usize),
    /// A variable that functions captured; a slot holds it.
    Captured(usize),
    /// Nowhere.
    Discard,
}

/// An expression.
#[derive(Debug)]
pub(crate) enum Node {
    Constant(Value),
    Local(usize),
    Captured(usize),
    /// Stores and yields.
    Store(Target, Box<Self>),
    Call(Box<Call>),
    /// Calls a delegate.
    Invoke(Box<Self>, Box<[Self]>),
    /// Calls a local function that writes to its arguments.
    InvokeUpdating(Box<InvokeUpdating>),
    Unary(UnaryOp, Box<Self>),
    Binary(Box<(BinaryOp, Self, Self)>),
    /// The same in a checked context: an integer out of range throws.
    Checked(Box<(BinaryOp, Self, Self)>),
    /// Operators of one level from left to right.
    Chain(Box<Self>, Box<[(BinaryOp, Self)]>),
    /// `==` of references; negated for `!=`.
    SameReference {
        negate: bool,
        operands: Box<(Self, Self)>,
    },
    And(Box<[Self]>),
    Or(Box<[Self]>),
    Coalesce(Box<[Self]>),
    Conditional(Box<(Self, Self, Self)>),
    /// Evaluates the first into the slot; `null` there is the result, else the second is.
    ConditionalAccess(usize, Box<(Self, Self)>),
    /// Texts of all, joined.
    Concat(Box<[Self]>),
    /// An interpolated string.
    Format(Box<[Piece]>),
    Convert(Conversion, Box<Self>),
    Is(Box<Self>, Type),
    As(Box<Self>, Type),
    /// Tests and stores: `x is T name`.
    IsStore(Box<Self>, Type, Target),
    /// `case` with a constant.
    EqualsConstant(Box<Self>, Value),
    NewArray(Type, Box<[Self]>),
    NewArraySized(Type, Value, Box<Self>),
    Anonymous(Arc<[(Arc<str>, Type)]>, Box<[Self]>),
    Tuple(Arc<[Type]>, Box<[Self]>),
    /// Item of a tuple or property of an anonymous object, by index.
    Field(Box<Self>, usize),
    /// The object in the slot after all additions to it.
    Initialize {
        slot: usize,
        object: Box<Self>,
        additions: Box<[Self]>,
    },
    Lambda(Box<Lambda>),
    /// `x op= v`, `x++`.
    Update(Box<Update>),
    /// `a[i] = v`.
    SetElement(Box<SetElement>),
    Throw(Box<Self>),
}

/// A call of the library.
#[derive(Debug)]
pub(crate) struct Call {
    pub(crate) native: Native,
    pub(crate) arguments: Box<[Node]>,
    /// Whether the first argument is a receiver that must not be `null`.
    pub(crate) checks_null: bool,
    /// Where `out` arguments go, in order.
    pub(crate) outs: Box<[Target]>,
}

/// A call of a local function with `ref` or `out` parameters.
#[derive(Debug)]
pub(crate) struct InvokeUpdating {
    pub(crate) function: Node,
    pub(crate) arguments: Box<[Node]>,
    /// Parameters and the variables that get what they hold when the function returns.
    pub(crate) updates: Box<[(usize, Target)]>,
}

/// The creation of a closure.
#[derive(Debug)]
pub(crate) struct Lambda {
    pub(crate) function: usize,
    /// Slots of this frame that hold the variables it captures.
    pub(crate) captures: Vec<usize>,
    pub(crate) ty: Type,
}

/// A read, an operation and a write of one place.
#[derive(Debug)]
pub(crate) struct Update {
    pub(crate) place: Place,
    pub(crate) op: BinaryOp,
    /// Converts the present value before the operation.
    pub(crate) widen: Option<Conversion>,
    pub(crate) operand: Node,
    /// Converts the result to the place's type.
    pub(crate) narrow: Option<Conversion>,
    /// Whether the value before is the result (`x++`).
    pub(crate) yields_old: bool,
    /// Whether it is string concatenation.
    pub(crate) concat: bool,
    /// Whether an integer out of range throws.
    pub(crate) checked: bool,
}

/// Something that can be read and written.
#[derive(Debug)]
pub(crate) enum Place {
    Variable(Target),
    Element {
        target: Node,
        index: Node,
        get: Native,
        set: Native,
    },
}

/// The write of an element.
#[derive(Debug)]
pub(crate) struct SetElement {
    pub(crate) target: Node,
    pub(crate) index: Node,
    pub(crate) value: Node,
    pub(crate) set: Native,
}

/// A piece of an interpolated string.
#[derive(Debug)]
pub(crate) enum Piece {
    Text(Arc<str>),
    Value {
        node: Node,
        alignment: i32,
        format: Option<Arc<str>>,
    },
}

/// A conversion whose kind the checker chose.
#[derive(Debug, Clone)]
pub(crate) enum Conversion {
    /// Between numbers and characters, wrapping; `null` stays.
    Numeric(Basic),
    /// The same in a checked context: what does not fit throws.
    Checked(Basic),
    /// From `object` to a value type: exactly that type.
    Unbox(Type),
    /// To a reference type: the object must be one.
    Reference(Type),
    /// `T?` to `T`.
    Value,
    /// A number to a member of an enumeration.
    Enumeration(Enumeration),
    /// A member to its number.
    Underlying(Basic),
    /// `DateTime` to `DateTimeOffset`.
    Offset,
    /// A conversion operator of the library: `op_Implicit` or `op_Explicit`.
    Operator(fn(&mut Budget, &[Value]) -> Result<Value, Exception>),
}

/// A statement.
#[derive(Debug)]
pub(crate) enum Step {
    Value(Node),
    Block(Vec<Self>),
    /// New variables for functions to capture.
    Fresh(Vec<usize>),
    /// Local functions of a block, which may capture themselves: slot and closure.
    Define(Vec<(usize, Node)>),
    If(Vec<(Node, Self)>, Option<Box<Self>>),
    /// Condition, body, steps between; the condition is tested after the first body if `late`.
    Loop {
        condition: Option<Node>,
        body: Box<Self>,
        between: Vec<Node>,
        late: bool,
    },
    Foreach {
        variable: Target,
        conversion: Option<Conversion>,
        source: Node,
        body: Box<Self>,
    },
    /// Stores the subject, then runs the first section a label of which holds.
    Switch {
        slot: usize,
        subject: Node,
        sections: Vec<(Vec<Node>, Vec<Self>)>,
        default: Option<usize>,
    },
    Try {
        body: Vec<Self>,
        catches: Vec<Handler>,
        finally: Option<Vec<Self>>,
    },
    Return(Option<Node>),
    Throw(Node),
    Rethrow,
    Break,
    Continue,
}

/// A `catch`.
#[derive(Debug)]
pub(crate) struct Handler {
    pub(crate) type_name: &'static str,
    pub(crate) variable: Option<Target>,
    pub(crate) filter: Option<Node>,
    pub(crate) body: Vec<Step>,
}
