//! Text → nodes. One pass with a stack on the heap; every error is reported, then reading goes on
//! at a place where it makes sense.

use crate::problem::Problem;

use super::lexer::{self, Unended};
use super::lines::LineIndex;
use super::text::SourceText;
use super::{Element, MAX_PROBLEMS, Node};

/// The nodes of `source`.
pub(super) fn parse(source: &str, lines: &LineIndex) -> Result<Vec<Node>, Vec<Problem>> {
    let mut reader = Reader {
        source,
        lines,
        at: 0,
        top: Vec::new(),
        open: Vec::new(),
        problems: Vec::new(),
        unbalanced: 0,
    };
    reader.run();
    if reader.problems.is_empty() {
        Ok(reader.top)
    } else {
        Err(reader.problems)
    }
}

/// Expressions without an end after which reading stops. Each may be sought up to the end of the
/// document.
const MAX_UNBALANCED: usize = 5;

pub(super) struct Reader<'a> {
    pub(super) source: &'a str,
    pub(super) lines: &'a LineIndex,
    pub(super) at: usize,
    top: Vec<Node>,
    pub(super) open: Vec<Element>,
    pub(super) problems: Vec<Problem>,
    unbalanced: usize,
}

impl<'a> Reader<'a> {
    fn run(&mut self) {
        while self.at < self.source.len() && self.problems.len() < MAX_PROBLEMS {
            if self.looking_at("<!--") {
                self.delimited("<!--", "-->", "comment", |text, _| {
                    Node::Comment(text.to_owned())
                });
            } else if self.looking_at("<![CDATA[") {
                self.delimited("<![CDATA[", "]]>", "CDATA section", |text, offset| {
                    let mut content = SourceText::empty(offset);
                    content.push(text, offset);
                    Node::CData(content)
                });
            } else if self.looking_at("<?") {
                self.delimited("<?", "?>", "processing instruction", |text, _| {
                    Node::Instruction(text.to_owned())
                });
            } else if self.looking_at("<!") {
                let offset = self.at;
                self.delimited("<!", ">", "declaration", |text, _| Node::Declaration {
                    content: text.to_owned(),
                    offset,
                });
            } else if self.looking_at("</") {
                self.end_tag();
            } else if self.looking_at("<") {
                self.start_tag();
            } else {
                self.characters();
            }
        }
        if self.problems.len() < MAX_PROBLEMS {
            for element in std::mem::take(&mut self.open).iter().rev() {
                self.problem(
                    "ElementNotClosed",
                    format!(
                        "The element '{}' is not closed: '</{0}>' is missing.",
                        element.name
                    ),
                    element.offset,
                );
            }
        }
        self.problems.truncate(MAX_PROBLEMS);
    }

    pub(super) fn rest(&self) -> &'a str {
        self.source.get(self.at..).unwrap_or("")
    }

    pub(super) fn looking_at(&self, text: &str) -> bool {
        self.rest().starts_with(text)
    }

    pub(super) fn peek(&self) -> Option<char> {
        self.rest().chars().next()
    }

    pub(super) fn problem(
        &mut self,
        code: &'static str,
        message: impl Into<String>,
        offset: usize,
    ) {
        let position = self.lines.position(self.source, offset);
        self.problems.push(Problem::error(code, message, position));
    }

    pub(super) fn skip_past(&mut self, c: char) {
        self.at += self
            .rest()
            .find(c)
            .map_or(self.rest().len(), |at| at + c.len_utf8());
    }

    pub(super) fn push(&mut self, node: Node) {
        match self.open.last_mut() {
            Some(element) => element.children.push(node),
            None => self.top.push(node),
        }
    }

    /// Something between two fixed delimiters.
    fn delimited(
        &mut self,
        opening: &str,
        closing: &str,
        what: &str,
        node: impl FnOnce(&str, usize) -> Node,
    ) {
        let start = self.at + opening.len();
        let content = self.source.get(start..).unwrap_or("");
        match content.find(closing) {
            Some(length) => {
                let node = node(content.get(..length).unwrap_or(""), start);
                self.push(node);
                self.at = start + length + closing.len();
            }
            None => {
                self.problem(
                    "NotClosed",
                    format!("The {what} is not closed: '{closing}' is missing."),
                    self.at,
                );
                self.open.clear();
                self.at = self.source.len();
            }
        }
    }

    fn characters(&mut self) {
        let start = self.at;
        match lexer::text(self.source, start) {
            Ok(lexed) => {
                self.at = lexed.end;
                self.push(Node::Text(lexed.text));
            }
            Err(unended) => self.unended(unended, start),
        }
    }

    pub(super) fn unended(&mut self, unended: Unended, start: usize) {
        match unended {
            Unended::Quote => {
                self.problem(
                    "ValueNotClosed",
                    "The value of this attribute has no closing quote.",
                    start,
                );
                self.open.clear();
                self.at = self.source.len();
            }
            Unended::Expression {
                offset,
                message,
                resume,
            } => {
                self.problem(
                    "ExpressionNotBalanced",
                    format!("The expression has no end. {message}"),
                    offset,
                );
                self.unbalanced += 1;
                match resume.filter(|_| self.unbalanced < MAX_UNBALANCED) {
                    Some(resume) => self.at = resume,
                    None => {
                        self.at = self.source.len();
                        self.open.clear();
                    }
                }
            }
        }
    }
}
