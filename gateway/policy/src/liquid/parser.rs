//! Pieces → nodes.

use std::sync::Arc;

use super::conditions::condition;
use super::lexer::{Piece, PieceKind, RAW, tag_name};
use super::markup::Markup;
use super::nodes::{Branch, For, Node, Offset, When};
use super::operand::Operand;
use super::{Finding, MAX_NESTING};
use crate::problem::nearest;

/// Every tag that begins something.
const TAGS: [&str; 15] = [
    "assign",
    "break",
    "capture",
    "case",
    "comment",
    "continue",
    "cycle",
    "decrement",
    "for",
    "if",
    "ifchanged",
    "increment",
    "JSONArrayFor",
    "raw",
    "unless",
];

/// Tags of the language that need what a policy does not have, or write HTML.
const REFUSED: [&str; 5] = ["block", "extends", "include", "param", "tablerow"];

/// A tag: its name, the rest of it, and where that stands.
#[derive(Debug, Clone, Copy)]
struct Tag<'a> {
    name: &'a str,
    text: &'a str,
    offset: usize,
    /// Where the tag itself stands.
    place: usize,
}

struct Parser<'a, 'f> {
    pieces: std::slice::Iter<'a, Piece<'a>>,
    depth: u32,
    findings: &'f mut Vec<Finding>,
}

/// The nodes of a whole template.
pub(super) fn parse(pieces: &[Piece<'_>], findings: &mut Vec<Finding>) -> Vec<Node> {
    let mut parser = Parser {
        pieces: pieces.iter(),
        depth: 0,
        findings,
    };
    let mut all = Vec::new();
    loop {
        let (mut nodes, tag) = parser.block();
        all.append(&mut nodes);
        match tag {
            Some(tag) => parser.unexpected(tag),
            None => return all,
        }
    }
}

impl<'a> Parser<'a, '_> {
    /// Nodes up to the end, or to a tag that begins nothing.
    fn block(&mut self) -> (Vec<Node>, Option<Tag<'a>>) {
        let mut nodes = Vec::new();
        while let Some(piece) = self.pieces.next() {
            match piece.kind {
                PieceKind::Text => nodes.push(Node::Text(piece.text.into())),
                PieceKind::Output => nodes.push(Node::Output(
                    Markup::new(piece.text, piece.offset).chain(self.findings),
                )),
                PieceKind::Tag => {
                    let tag = tag_of(piece);
                    if !TAGS.contains(&tag.name) {
                        return (nodes, Some(tag));
                    }
                    if let Some(node) = self.tag(tag) {
                        nodes.push(node);
                    }
                }
            }
        }
        (nodes, None)
    }

    fn unexpected(&mut self, tag: Tag<'_>) {
        let name = tag.name;
        let message = if REFUSED.contains(&name) {
            format!("The tag '{name}' is not supported in policies.")
        } else if name.is_empty() {
            "Expected the name of a tag.".to_owned()
        } else if name.starts_with("end") || matches!(name, "else" | "elsif" | "elseif" | "when") {
            format!("There is no block that '{name}' belongs to.")
        } else {
            let hint = nearest(name, TAGS)
                .map(|near| format!(" Did you mean '{near}'?"))
                .unwrap_or_default();
            format!("There is no tag '{name}'.{hint}")
        };
        self.findings.push(Finding::syntax(message, tag.place));
    }

    /// The nodes of a block up to its end tag or to one of `between`.
    fn until(&mut self, open: Tag<'_>, between: &[&str]) -> (Vec<Node>, Option<Tag<'a>>) {
        let mut all = Vec::new();
        loop {
            let (mut nodes, tag) = self.block();
            all.append(&mut nodes);
            match tag {
                None => {
                    let message = format!("The tag '{0}' needs an 'end{0}'.", open.name);
                    self.findings.push(Finding::syntax(message, open.place));
                    return (all, None);
                }
                Some(tag) if tag.name.strip_prefix("end") == Some(open.name) => return (all, None),
                Some(tag) if between.contains(&tag.name) => return (all, Some(tag)),
                Some(tag) => self.unexpected(tag),
            }
        }
    }

    fn tag(&mut self, tag: Tag<'a>) -> Option<Node> {
        if self.depth >= MAX_NESTING {
            let message = format!("Blocks can be nested {MAX_NESTING} levels deep.");
            self.findings.push(Finding::syntax(message, tag.place));
            // Nothing of what follows can be read in its place.
            self.pieces = [].iter();
            return None;
        }
        self.depth += 1;
        let node = self.tag_inside(tag);
        self.depth -= 1;
        node
    }

    fn tag_inside(&mut self, tag: Tag<'a>) -> Option<Node> {
        Some(match tag.name {
            "assign" => return self.assign(tag),
            "break" => Node::Break,
            "continue" => Node::Continue,
            "capture" => {
                let mut markup = Markup::new(tag.text, tag.offset);
                let name: Arc<str> = markup.target().into();
                self.need(!name.is_empty(), "a name", tag);
                let (nodes, _) = self.until(tag, &[]);
                Node::Capture(name, nodes)
            }
            "comment" | "raw" => return self.raw(tag),
            "cycle" => return self.cycle(tag),
            "increment" | "decrement" => {
                let name: Arc<str> = Markup::new(tag.text, tag.offset).target().into();
                self.need(!name.is_empty(), "a name", tag);
                let up = tag.name == "increment";
                Node::Count { name, up }
            }
            "ifchanged" => Node::IfChanged(self.until(tag, &[]).0),
            "case" => self.case(tag),
            "if" | "unless" => self.conditional(tag),
            _ => return self.for_loop(tag),
        })
    }

    fn need(&mut self, condition: bool, what: &str, tag: Tag<'_>) {
        if !condition {
            let message = format!("The tag '{}' needs {what}.", tag.name);
            self.findings.push(Finding::syntax(message, tag.place));
        }
    }

    fn assign(&mut self, tag: Tag<'a>) -> Option<Node> {
        let mut markup = Markup::new(tag.text, tag.offset);
        let name = markup.target();
        let written = !name.is_empty() && markup.eat('=');
        self.need(written, "the form 'name = value'", tag);
        written.then(|| Node::Assign(name.into(), markup.chain(self.findings)))
    }

    /// Of `comment` nothing is left; the text of `raw` stands as it is.
    fn raw(&mut self, tag: Tag<'a>) -> Option<Node> {
        debug_assert!(RAW.contains(&tag.name));
        let mut content = None;
        for piece in self.pieces.by_ref() {
            match piece.kind {
                PieceKind::Text => content = Some(Node::Text(piece.text.into())),
                // The lexer has seen to it that this is the end.
                PieceKind::Output | PieceKind::Tag => break,
            }
        }
        content.filter(|_| tag.name == "raw")
    }

    fn cycle(&mut self, tag: Tag<'a>) -> Option<Node> {
        let mut markup = Markup::new(tag.text, tag.offset);
        let mut name = None;
        let mut values = Vec::new();
        let mut written = String::new();
        loop {
            markup.blanks();
            let place = markup.place();
            let fragment = markup.fragment(&[',', ':']);
            if fragment.is_empty() {
                break;
            }
            let value = Operand::parse(fragment, place, self.findings);
            if name.is_none() && values.is_empty() && markup.eat(':') {
                name = Some(value);
                continue;
            }
            written.push_str(fragment);
            values.push(value);
            if !markup.eat(',') {
                break;
            }
        }
        self.need(!values.is_empty(), "values", tag);
        markup.finish(self.findings);
        (!values.is_empty()).then(|| Node::Cycle {
            key: name.unwrap_or_else(|| Operand::text(&written)),
            values,
        })
    }

    fn conditional(&mut self, tag: Tag<'a>) -> Node {
        let mut branches = Vec::new();
        let mut current = Some(tag);
        while let Some(open) = current {
            let has_condition = open.name != "else";
            let condition = has_condition.then(|| condition(open.text, open.offset, self.findings));
            let (nodes, next) = self.until(tag, &["else", "elsif", "elseif"]);
            branches.push(Branch { condition, nodes });
            current = next;
        }
        Node::If {
            branches,
            negated: tag.name == "unless",
        }
    }

    fn case(&mut self, tag: Tag<'a>) -> Node {
        let mut markup = Markup::new(tag.text, tag.offset);
        let subject = markup.operand(&[','], self.findings);
        self.need(subject.is_some(), "a value", tag);
        markup.finish(self.findings);
        // What stands before the first `when` is never written.
        let (_, mut current) = self.until(tag, &["when", "else"]);
        let mut branches = Vec::new();
        while let Some(open) = current {
            let values = (open.name == "when").then(|| self.when(open));
            let (nodes, next) = self.until(tag, &["when", "else"]);
            branches.push(When { values, nodes });
            current = next;
        }
        Node::Case {
            subject: subject.unwrap_or_else(|| Operand::text("")),
            branches,
        }
    }

    fn when(&mut self, tag: Tag<'a>) -> Vec<Operand> {
        let mut markup = Markup::new(tag.text, tag.offset);
        let mut values = Vec::new();
        while let Some(value) = markup.operand(&[','], self.findings) {
            values.push(value);
            if !(markup.eat(',') || markup.eat_word("or")) {
                break;
            }
        }
        self.need(!values.is_empty(), "a value", tag);
        markup.finish(self.findings);
        values
    }

    fn for_loop(&mut self, tag: Tag<'a>) -> Option<Node> {
        let mut markup = Markup::new(tag.text, tag.offset);
        let variable = markup.word();
        let has_in = !variable.is_empty() && markup.eat_word("in");
        markup.blanks();
        let place = markup.place();
        let fragment = markup.fragment(&[',']);
        let written = has_in && !fragment.is_empty();
        self.need(written, "the form 'item in collection'", tag);
        let collection = Operand::parse(fragment, place, self.findings);
        let (mut reversed, mut limit, mut offset) = (false, None, None);
        while written && !markup.is_at_end() {
            let place = markup.place();
            match markup.word() {
                "reversed" => reversed = true,
                name @ ("limit" | "offset") if markup.eat(':') => {
                    let value = markup.operand(&[','], self.findings);
                    self.need(value.is_some(), "a value after ':'", tag);
                    match (name, value) {
                        ("limit", value) => limit = value,
                        (_, Some(Operand::Path(steps))) if is_continue(&steps) => {
                            offset = Some(Offset::Continue);
                        }
                        (_, value) => offset = value.map(Offset::At),
                    }
                }
                _ => {
                    self.findings.push(Finding::syntax(
                        "Expected 'reversed', 'limit:' or 'offset:'.",
                        place,
                    ));
                    break;
                }
            }
            markup.eat(',');
        }
        let (nodes, otherwise) = self.until(tag, &["else"]);
        let otherwise = otherwise.map(|_| self.until(tag, &[]).0);
        written.then(|| {
            Node::For(Box::new(For {
                variable: variable.into(),
                name: format!("{variable}-{fragment}").into(),
                collection,
                reversed,
                limit,
                offset,
                commas: tag.name == "JSONArrayFor",
                nodes,
                otherwise,
            }))
        })
    }
}

fn is_continue(steps: &[super::operand::Step]) -> bool {
    matches!(steps, [super::operand::Step::Name(name)] if name.as_ref() == "continue")
}

fn tag_of<'a>(piece: &Piece<'a>) -> Tag<'a> {
    let name = tag_name(piece.text);
    let start = piece.text.len() - piece.text.trim_start().len();
    let after = start + name.len();
    Tag {
        name,
        text: piece.text.get(after..).unwrap_or_default(),
        offset: piece.offset + after,
        place: piece.offset + start,
    }
}
