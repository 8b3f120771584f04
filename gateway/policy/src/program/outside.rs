//! What is read and printed back exactly, and has no place in a policy document.

use crate::document::{Node, is_blank};

use super::Compiler;

/// Refuses text at the top and declarations anywhere among `nodes`. Documents are not nested deeper than
/// [`crate::document::MAX_DEPTH`], which bounds the recursion.
pub(super) fn check(compiler: &mut Compiler<'_>, nodes: &[Node]) {
    for node in nodes {
        if let Node::Text(text) | Node::CData(text) = node
            && let Some(at) = text.as_str().find(|c| !is_blank(c))
        {
            compiler.error(
                "TextNotAllowed",
                "Text is not allowed outside of elements.",
                text.source_offset(at),
            );
        }
    }
    declarations(compiler, nodes);
}

fn declarations(compiler: &mut Compiler<'_>, nodes: &[Node]) {
    for node in nodes {
        match node {
            Node::Declaration { content, offset } => {
                let message = if content.to_ascii_uppercase().starts_with("DOCTYPE") {
                    "A document type declaration is not accepted."
                } else {
                    "'<!' begins nothing known here; a comment begins with '<!--'."
                };
                compiler.error("DeclarationNotAllowed", message, *offset);
            }
            Node::Element(element) => declarations(compiler, &element.children),
            _ => {}
        }
    }
}
