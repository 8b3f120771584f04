//! Nodes → text, in the management API's two formats. The depth of nodes is bounded by
//! [`MAX_DEPTH`](super::MAX_DEPTH), and so is the recursion here.

use super::text::SourceText;
use super::{Attribute, Element, Node, lexer};

/// Well-formed XML.
pub(super) fn strict(nodes: &[Node]) -> String {
    print(nodes, false)
}

/// Expressions as C# is written.
pub(super) fn raw(nodes: &[Node]) -> String {
    print(nodes, true)
}

fn print(nodes: &[Node], raw: bool) -> String {
    let mut out = String::new();
    for node in nodes {
        print_node(&mut out, node, raw);
    }
    out
}

fn print_node(out: &mut String, node: &Node, raw: bool) {
    match node {
        Node::Element(element) => print_element(out, element, raw),
        Node::Text(text) => print_text(out, text, raw),
        Node::CData(text) => {
            out.push_str("<![CDATA[");
            out.push_str(text.as_str());
            out.push_str("]]>");
        }
        Node::Comment(text) => {
            out.push_str("<!--");
            out.push_str(text);
            out.push_str("-->");
        }
        Node::Declaration { content, .. } => {
            out.push_str("<!");
            out.push_str(content);
            out.push('>');
        }
        Node::Instruction(text) => {
            out.push_str("<?");
            out.push_str(text);
            out.push_str("?>");
        }
    }
}

fn print_element(out: &mut String, element: &Element, raw: bool) {
    out.push('<');
    out.push_str(&element.name);
    for attribute in &element.attributes {
        print_attribute(out, attribute, raw);
    }
    if element.empty_tag {
        out.push_str(" />");
        return;
    }
    out.push('>');
    for child in &element.children {
        print_node(out, child, raw);
    }
    out.push_str("</");
    out.push_str(&element.name);
    out.push('>');
}

fn print_attribute(out: &mut String, attribute: &Attribute, raw: bool) {
    let value = attribute.value.as_str();
    out.push(' ');
    out.push_str(&attribute.name);
    out.push_str("=\"");
    let start = out.len();
    if raw && lexer::is_whole_by_itself(value) {
        out.push_str(value);
        out.push('"');
        let same = lexer::attribute(out, start, '"')
            .is_ok_and(|lexed| lexed.end == out.len() - 1 && lexed.text.as_str() == value);
        if same {
            return;
        }
        out.truncate(start);
    }
    for c in value.chars() {
        match c {
            // A reader of XML would turn these into blanks, and a comment in C# would then swallow
            // the code behind it.
            '\n' if !raw => out.push_str("&#xA;"),
            '\r' if !raw => out.push_str("&#xD;"),
            '\t' if !raw => out.push_str("&#x9;"),
            '"' => out.push_str("&quot;"),
            c => escape(out, c),
        }
    }
    out.push('"');
}

fn print_text(out: &mut String, text: &SourceText, raw: bool) {
    let text = text.as_str();
    let start = out.len();
    if raw && lexer::is_whole_by_itself(text) {
        out.push_str(text);
        out.push('<');
        let same = lexer::text(out, start)
            .is_ok_and(|lexed| lexed.end == out.len() - 1 && lexed.text.as_str() == text);
        out.pop();
        if same {
            return;
        }
        out.truncate(start);
    }
    for c in text.chars() {
        escape(out, c);
    }
}

fn escape(out: &mut String, c: char) {
    match c {
        '&' => out.push_str("&amp;"),
        '<' => out.push_str("&lt;"),
        '>' => out.push_str("&gt;"),
        c => out.push(c),
    }
}
