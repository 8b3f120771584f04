//! Programs as C#, with parentheses only where precedence needs them.

use super::language::{End, Expr, Kind, Op, Program, Stage, Stmt, TextCall, Val};

/// `@{ … }`.
pub fn print(program: &Program) -> String {
    let mut out = String::from("@{\n");
    block(&program.body, 1, &mut out);
    out.push('}');
    out
}

pub fn type_name(kind: Kind) -> &'static str {
    match kind {
        Kind::Int => "int",
        Kind::Long => "long",
        Kind::Double => "double",
        Kind::Bool => "bool",
        Kind::Text => "string",
        Kind::Ints => "int[]",
    }
}

fn block(statements: &[Stmt], depth: usize, out: &mut String) {
    for statement in statements {
        out.push_str(&"  ".repeat(depth));
        stmt(statement, depth, out);
        out.push('\n');
    }
}

fn braces(statements: &[Stmt], depth: usize, out: &mut String) {
    out.push_str("{\n");
    block(statements, depth + 1, out);
    out.push_str(&"  ".repeat(depth));
    out.push('}');
}

fn stmt(statement: &Stmt, depth: usize, out: &mut String) {
    match statement {
        Stmt::Declare(kind, local, value) => {
            out.push_str(&format!("{} v{local} = {};", type_name(*kind), top(value)));
        }
        Stmt::Evaluate(value) => out.push_str(&format!("{};", top(value))),
        Stmt::Compound(op, local, value) => {
            out.push_str(&format!("v{local} {}= {};", sign(*op).0, top(value)));
        }
        Stmt::If(condition, then, other) => {
            out.push_str(&format!("if ({}) ", top(condition)));
            braces(then, depth, out);
            if !other.is_empty() {
                out.push_str(" else ");
                braces(other, depth, out);
            }
        }
        Stmt::For(local, count, body) => {
            out.push_str(&format!(
                "for (int v{local} = 0; v{local} < {count}; v{local}++) "
            ));
            braces(body, depth, out);
        }
        Stmt::ForEach(local, source, body) => {
            out.push_str(&format!("foreach (var v{local} in {}) ", top(source)));
            braces(body, depth, out);
        }
        Stmt::While(counter, most, condition, body) => {
            out.push_str(&format!(
                "int v{counter} = 0; while (v{counter}++ < {most} && {}) ",
                at(condition, 5)
            ));
            braces(body, depth, out);
        }
        Stmt::Switch(value, cases, default) => {
            out.push_str(&format!("switch ({}) {{\n", top(value)));
            for (label, body) in cases {
                out.push_str(&format!("{}case {label}: ", "  ".repeat(depth + 1)));
                braces(body, depth + 1, out);
                out.push_str(" break;\n");
            }
            out.push_str(&format!("{}default: ", "  ".repeat(depth + 1)));
            braces(default, depth + 1, out);
            out.push_str(" break;\n");
            out.push_str(&"  ".repeat(depth));
            out.push('}');
        }
        Stmt::Try(body, all, handler, last) => {
            out.push_str("try ");
            braces(body, depth, out);
            out.push_str(if *all {
                " catch "
            } else {
                " catch (DivideByZeroException) "
            });
            braces(handler, depth, out);
            out.push_str(" finally ");
            braces(last, depth, out);
        }
        Stmt::Break => out.push_str("break;"),
        Stmt::Continue => out.push_str("continue;"),
        Stmt::Return(value) => out.push_str(&format!("return {};", top(value))),
    }
}

/// The operator's text and precedence; larger binds tighter.
pub fn sign(op: Op) -> (&'static str, u8) {
    match op {
        Op::Mul => ("*", 12),
        Op::Div => ("/", 12),
        Op::Rem => ("%", 12),
        Op::Add => ("+", 11),
        Op::Sub => ("-", 11),
        Op::Shl => ("<<", 10),
        Op::Shr => (">>", 10),
        Op::Less => ("<", 9),
        Op::LessOrEqual => ("<=", 9),
        Op::Greater => (">", 9),
        Op::GreaterOrEqual => (">=", 9),
        Op::Equal => ("==", 8),
        Op::NotEqual => ("!=", 8),
        Op::And => ("&", 7),
        Op::Xor => ("^", 6),
        Op::Or => ("|", 5),
        Op::BothTrue => ("&&", 4),
        Op::OneTrue => ("||", 3),
    }
}

fn top(value: &Expr) -> String {
    at(value, 0)
}

/// `value` where something of at least `least` precedence is wanted.
fn at(value: &Expr, least: u8) -> String {
    let (text, precedence) = expr(value);
    if precedence < least {
        format!("({text})")
    } else {
        text
    }
}

fn expr(value: &Expr) -> (String, u8) {
    const PRIMARY: u8 = 15;
    const UNARY: u8 = 13;
    match value {
        Expr::Literal(value) => literal(value),
        Expr::Local(local) => (format!("v{local}"), PRIMARY),
        Expr::Binary(op, left, right) => {
            let (sign, precedence) = sign(*op);
            let text = format!(
                "{} {sign} {}",
                at(left, precedence),
                at(right, precedence + 1)
            );
            (text, precedence)
        }
        // A blank, so that two signs do not become a decrement.
        Expr::Minus(inner) => (format!("- {}", at(inner, UNARY)), UNARY),
        Expr::Not(inner) => (format!("!{}", at(inner, UNARY)), UNARY),
        Expr::Complement(inner) => (format!("~{}", at(inner, UNARY)), UNARY),
        Expr::Choose(condition, yes, no) => {
            let text = format!("{} ? {} : {}", at(condition, 2), at(yes, 1), at(no, 1));
            (text, 1)
        }
        Expr::Coalesce(left, right) => (format!("{} ?? {}", at(left, 3), at(right, 2)), 2),
        Expr::Cast(kind, inner) => (format!("({}){}", type_name(*kind), at(inner, UNARY)), UNARY),
        Expr::Assign(local, inner) => (format!("v{local} = {}", top(inner)), 0),
        Expr::Step { local, up, prefix } => {
            let sign = if *up { "++" } else { "--" };
            if *prefix {
                (format!("{sign}v{local}"), UNARY)
            } else {
                (format!("v{local}{sign}"), PRIMARY)
            }
        }
        Expr::Call(call, text, arguments) => {
            let arguments: Vec<String> = arguments.iter().map(top).collect();
            let arguments = arguments.join(", ");
            let text = at(text, PRIMARY);
            let text = match call {
                TextCall::Length => format!("{text}.Length"),
                TextCall::Substring | TextCall::SubstringFrom => {
                    format!("{text}.Substring({arguments})")
                }
                TextCall::IndexOf => {
                    format!("{text}.IndexOf({arguments}, StringComparison.Ordinal)")
                }
                TextCall::Contains => format!("{text}.Contains({arguments})"),
                TextCall::StartsWith => {
                    format!("{text}.StartsWith({arguments}, StringComparison.Ordinal)")
                }
                TextCall::Upper => format!("{text}.ToUpperInvariant()"),
                TextCall::Lower => format!("{text}.ToLowerInvariant()"),
                TextCall::Trim => format!("{text}.Trim()"),
                TextCall::Replace => format!("{text}.Replace({arguments})"),
                TextCall::PadLeft => format!("{text}.PadLeft({arguments}, '.')"),
                TextCall::Insert => format!("{text}.Insert({arguments})"),
            };
            (text, PRIMARY)
        }
        Expr::Print(inner) => (format!("{}.ToString()", at(inner, PRIMARY)), PRIMARY),
        Expr::Array(items) => {
            let items: Vec<String> = items.iter().map(top).collect();
            // An array creation is no operand of an element access: `new int[] {…}[0]`.
            (format!("new int[] {{ {} }}", items.join(", ")), 14)
        }
        Expr::Element(array, index) => (format!("{}[{}]", at(array, PRIMARY), top(index)), PRIMARY),
        Expr::ArrayLength(array) => (format!("{}.Length", at(array, PRIMARY)), PRIMARY),
        Expr::Query {
            source,
            parameter,
            stages,
            end,
        } => (query(source, *parameter, stages, end), PRIMARY),
        Expr::Invoke {
            parameter,
            body,
            argument,
        } => (
            format!(
                "((Func<int, int>)(v{parameter} => {}))({})",
                top(body),
                top(argument)
            ),
            PRIMARY,
        ),
    }
}

fn query(source: &Expr, parameter: u32, stages: &[Stage], end: &End) -> String {
    let mut text = at(source, 15);
    let lambda = |body: &Expr| format!("v{parameter} => {}", top(body));
    for stage in stages {
        let call = match stage {
            Stage::Where(body) => format!("Where({})", lambda(body)),
            Stage::Select(body) => format!("Select({})", lambda(body)),
            Stage::Skip(count) => format!("Skip({})", top(count)),
            Stage::Take(count) => format!("Take({})", top(count)),
            Stage::OrderBy(body) => format!("OrderBy({})", lambda(body)),
            Stage::OrderByDescending(body) => format!("OrderByDescending({})", lambda(body)),
            Stage::TakeWhile(body) => format!("TakeWhile({})", lambda(body)),
            Stage::SkipWhile(body) => format!("SkipWhile({})", lambda(body)),
            Stage::Distinct => "Distinct()".to_owned(),
            Stage::Reverse => "Reverse()".to_owned(),
        };
        text.push('.');
        text.push_str(&call);
    }
    match end {
        End::Sum => text + ".Sum()",
        End::Count => text + ".Count()",
        End::Max => text + ".Max()",
        End::Min => text + ".Min()",
        End::First => text + ".First()",
        End::FirstOrDefault => text + ".FirstOrDefault()",
        End::Last => text + ".Last()",
        End::Any(body) => format!("{text}.Any({})", lambda(body)),
        End::All(body) => format!("{text}.All({})", lambda(body)),
        End::Aggregate(seed, body) => format!(
            "{text}.Aggregate({}, (v{parameter}, v{}) => {})",
            top(seed),
            parameter + 1,
            top(body)
        ),
        End::ToArray => text + ".ToArray()",
        End::Join => format!("string.Join(\",\", {text})"),
    }
}

fn literal(value: &Val) -> (String, u8) {
    let signed = |text: String| {
        let precedence = if text.starts_with('-') { 13 } else { 15 };
        // A blank, so that a sign before it does not become a decrement.
        (text, precedence)
    };
    match value {
        Val::Int(value) => signed(value.to_string()),
        Val::Long(value) => signed(format!("{value}L")),
        Val::Double(value) => signed(format!("{value:?}")),
        Val::Bool(value) => (value.to_string(), 15),
        Val::Text(None) => ("(string)null".to_owned(), 13),
        Val::Text(Some(text)) => (format!("{text:?}"), 15),
        Val::Ints(_) => unreachable!("arrays are created"),
    }
}
