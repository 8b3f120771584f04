//! The template inside `set-body`: text as it stands, and markup printed around it.

use crate::document::{Element, Node, SourceText};

/// Everything inside an element as a template. Text of a document is unescaped when it is read; beside
/// markup it is escaped again, but not inside outputs and tags, which are Liquid and not XML.
pub(crate) fn source_of(element: &Element) -> SourceText {
    if element.elements().next().is_none() {
        return element.text();
    }
    let mut out = SourceText::empty(element.offset);
    push_nodes(&mut out, &element.children, element.offset);
    out
}

/// The depth of nodes is bounded by the parser of documents.
fn push_nodes(out: &mut SourceText, nodes: &[Node], near: usize) {
    for node in nodes {
        match node {
            Node::Text(text) => push_escaped(out, text, false),
            Node::CData(text) => {
                out.push_replacement("<![CDATA[", text.source_offset(0));
                out.append(text);
                out.push_replacement("]]>", text.source_offset(0));
            }
            Node::Comment(text) => out.push_replacement(&format!("<!--{text}-->"), near),
            Node::Declaration { content, .. } => {
                out.push_replacement(&format!("<!{content}>"), near);
            }
            Node::Instruction(text) => out.push_replacement(&format!("<?{text}?>"), near),
            Node::Element(element) => push_element(out, element),
        }
    }
}

fn push_element(out: &mut SourceText, element: &Element) {
    out.push_replacement(&format!("<{}", element.name), element.offset);
    for attribute in &element.attributes {
        out.push_replacement(&format!(" {}=\"", attribute.name), attribute.offset);
        push_escaped(out, &attribute.value, true);
        out.push_replacement("\"", attribute.offset);
    }
    if element.empty_tag {
        out.push_replacement(" />", element.offset);
        return;
    }
    out.push_replacement(">", element.offset);
    push_nodes(out, &element.children, element.offset);
    out.push_replacement(&format!("</{}>", element.name), element.offset);
}

/// Text or the value of an attribute, escaped outside of `{{ }}` and `{% %}`.
fn push_escaped(out: &mut SourceText, text: &SourceText, attribute: bool) {
    let source = text.as_str();
    let mut close: Option<&str> = None;
    for (at, c) in source.char_indices() {
        let rest = source.get(at..).unwrap_or_default();
        match close {
            None if rest.starts_with("{{") => close = Some("}}"),
            None if rest.starts_with("{%") => close = Some("%}"),
            Some(end) if rest.starts_with(end) => close = None,
            _ => {}
        }
        let escape = match c {
            _ if close.is_some() => None,
            '&' => Some("&amp;"),
            '<' => Some("&lt;"),
            '>' => Some("&gt;"),
            '"' if attribute => Some("&quot;"),
            _ => None,
        };
        match escape {
            Some(escape) => out.push_replacement(escape, text.source_offset(at)),
            None => out.append_range(text, at, at + c.len_utf8()),
        }
    }
}
