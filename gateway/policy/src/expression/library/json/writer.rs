//! Trees as text.

use super::node::{Class, Kind, Node, Tree};
use super::text::{push_quoted, push_scalar};
use crate::expression::BudgetKind;
use crate::expression::exception::Exception;
use crate::expression::value::Value;

/// Levels of a tree that are printed. Indentation grows with the level, so that the text of a deeper
/// tree would be far larger than the tree.
const MAX_LEVELS: usize = 1_000;

/// Bytes of JSON that are written: the indentation of a wide tree at a deep level is far larger than
/// the tree.
const MAX_OUTPUT: usize = 64 << 20;

/// What comes after a line. .NET writes `Environment.NewLine`.
const LINE: &str = "\n";

/// `JToken.ToString()`.
pub(super) fn to_text(node: &Tree) -> Result<String, Exception> {
    match node.scalar() {
        Some((Kind::Null | Kind::Undefined, _)) => Ok(String::new()),
        Some((_, value)) => value.to_text(),
        None => write(node, true),
    }
}

/// `JToken.ToString(Formatting)`: JSON.
pub(super) fn write(node: &Tree, indented: bool) -> Result<String, Exception> {
    let mut writer = Writer {
        out: String::new(),
        indented,
        open: Vec::new(),
    };
    writer.run(node)?;
    Ok(writer.out)
}

/// A container that is not closed yet.
struct Open {
    children: std::vec::IntoIter<Tree>,
    close: char,
    any: bool,
}

struct Writer {
    out: String,
    indented: bool,
    open: Vec<Open>,
}

impl Writer {
    fn run(&mut self, node: &Tree) -> Result<(), Exception> {
        self.token(node)?;
        while let Some(last) = self.open.last_mut() {
            if self.out.len() > MAX_OUTPUT {
                return Err(Exception::budget(
                    BudgetKind::Allocation,
                    "The JSON is too large to be written.",
                ));
            }
            let Some(child) = last.children.next() else {
                let (close, any) = (last.close, last.any);
                self.open.pop();
                if any {
                    self.line();
                }
                self.out.push(close);
                continue;
            };
            // A comment is no item, so that no comma comes before it.
            if child.kind() != Kind::Comment && std::mem::replace(&mut last.any, true) {
                self.out.push(',');
            }
            self.line();
            self.token(&child)?;
        }
        Ok(())
    }

    fn line(&mut self) {
        if self.indented {
            self.out.push_str(LINE);
            let width = 2 * self.open.len();
            self.out.extend(std::iter::repeat_n(' ', width));
        }
    }

    /// Writes a value, or the beginning of a container.
    fn token(&mut self, node: &Tree) -> Result<(), Exception> {
        match node.class() {
            Class::Object => self.begin(node, '{', '}'),
            Class::Array => self.begin(node, '[', ']'),
            Class::Property(name) => {
                push_quoted(&mut self.out, name);
                self.out.push_str(if self.indented { ": " } else { ":" });
                match node.only() {
                    Some(value) => self.token(&value),
                    None => {
                        self.out.push_str("null");
                        Ok(())
                    }
                }
            }
            Class::Value | Class::Raw => self.scalar(node),
        }
    }

    fn begin(&mut self, node: &Tree, open: char, close: char) -> Result<(), Exception> {
        if self.open.len() >= MAX_LEVELS {
            return Err(Exception::budget(
                BudgetKind::Depth,
                "The JSON is nested too deeply to be written.",
            ));
        }
        self.out.push(open);
        self.open.push(Open {
            children: node.children().into_iter(),
            close,
            any: false,
        });
        Ok(())
    }

    fn scalar(&mut self, node: &Node) -> Result<(), Exception> {
        let (kind, value) = node.scalar().unwrap_or((Kind::Null, Value::Null));
        match (kind, &value) {
            (Kind::Undefined, _) => self.out.push_str("undefined"),
            (Kind::Comment, Value::Text(text)) => {
                self.out.push_str("/*");
                self.out.push_str(text);
                self.out.push_str("*/");
            }
            // Digits beyond 64 bits, and raw JSON.
            (Kind::Integer | Kind::Raw, Value::Text(text)) => self.out.push_str(text),
            (Kind::Raw, Value::Null) => {}
            _ => push_scalar(&mut self.out, &value)?,
        }
        Ok(())
    }
}
