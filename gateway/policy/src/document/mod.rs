//! Policy documents: text with exact positions, in either of the management API's two formats.
//!
//! `rawxml` and `xml` differ in how expressions are written inside attributes and text: as they are,
//! or with XML's entities. Documents mix both, so nothing here takes a format: each expression is
//! read in the way in which it is balanced (decided in `lexer`).

mod entity;
mod lexer;
mod lines;
mod print;
mod tag;
mod text;
mod tree;

use std::fmt;
use std::sync::Arc;

pub use text::SourceText;

use crate::problem::{Position, Problem};
use lines::LineIndex;

/// Largest document in bytes. APIM allows 256 KiB.
pub const MAX_BYTES: usize = 512 * 1024;

/// Deepest nesting of elements. Real documents stay below 20; the bound keeps every walk over the
/// tree within a small stack.
pub const MAX_DEPTH: usize = 100;

/// Problems reported at once; a document with more is probably no policy document.
pub const MAX_PROBLEMS: usize = 50;

/// A document that was read without an error.
#[derive(Clone)]
pub struct Document {
    source: Arc<str>,
    lines: LineIndex,
    nodes: Vec<Node>,
}

/// One thing in a document.
#[derive(Debug, Clone)]
pub enum Node {
    /// An element with everything in it.
    Element(Element),
    /// Characters between markup, entities decoded.
    Text(SourceText),
    /// `<![CDATA[…]]>`.
    CData(SourceText),
    /// `<!--…-->`, without the delimiters.
    Comment(String),
    /// `<?…?>`, without the delimiters: an XML declaration or a processing instruction.
    Instruction(String),
    /// `<!…>` that is no comment, without the delimiters: a document type, or a comment whose beginning is
    /// misspelt. It is kept as it stands and refused when the document is compiled.
    Declaration {
        /// What stands between `<!` and `>`.
        content: String,
        /// Byte offset of its `<` in the source.
        offset: usize,
    },
}

/// `<name attribute="value">…</name>`.
#[derive(Debug, Clone)]
pub struct Element {
    /// Name with its prefix, as written.
    pub name: String,
    /// Attributes in the order written.
    pub attributes: Vec<Attribute>,
    /// What is between the tags.
    pub children: Vec<Node>,
    /// Whether it was written as `<name/>`.
    pub empty_tag: bool,
    /// Byte offset of the name in the source.
    pub offset: usize,
}

/// `name="value"`.
#[derive(Debug, Clone)]
pub struct Attribute {
    /// Name with its prefix, as written.
    pub name: String,
    /// Value, entities decoded, every character kept.
    pub value: SourceText,
    /// Byte offset of the name in the source.
    pub offset: usize,
}

/// Reads a document.
///
/// # Errors
///
/// Every problem found, in the order of the source, at most [`MAX_PROBLEMS`].
pub fn parse(source: &str) -> Result<Document, Vec<Problem>> {
    if source.len() > MAX_BYTES {
        return Err(vec![Problem::error(
            "DocumentTooLarge",
            format!(
                "The document has {} bytes; at most {MAX_BYTES} are accepted.",
                source.len()
            ),
            Position::START,
        )]);
    }
    let lines = LineIndex::new(source);
    let nodes = tree::parse(source, &lines)?;
    Ok(Document {
        source: source.into(),
        lines,
        nodes,
    })
}

impl Document {
    /// Exactly the text that was read.
    #[must_use]
    pub fn source(&self) -> &str {
        &self.source
    }

    /// What is at the top: usually comments, blanks and one root element.
    #[must_use]
    pub fn nodes(&self) -> &[Node] {
        &self.nodes
    }

    /// The elements at the top.
    pub fn elements(&self) -> impl Iterator<Item = &Element> {
        elements(&self.nodes)
    }

    /// The place of a byte offset of the source.
    #[must_use]
    pub fn position(&self, offset: usize) -> Position {
        self.lines.position(&self.source, offset)
    }

    /// The document as well-formed XML, expressions escaped (`format=xml`). Reading it again gives
    /// an equal document.
    #[must_use]
    pub fn to_xml(&self) -> String {
        print::strict(&self.nodes)
    }

    /// The document with expressions as C# is written (`format=rawxml`). Reading it again gives an
    /// equal document; an expression for which that would not hold stays escaped.
    #[must_use]
    pub fn to_raw_xml(&self) -> String {
        print::raw(&self.nodes)
    }
}

impl PartialEq for Document {
    /// Whether both say the same: positions, the spelling of escapes and the kind of quotes aside.
    fn eq(&self, other: &Self) -> bool {
        self.nodes == other.nodes
    }
}

impl Eq for Document {}

impl fmt::Debug for Document {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Document")
            .field("source", &self.source)
            .finish_non_exhaustive()
    }
}

impl Element {
    /// The attribute called `name`.
    #[must_use]
    pub fn attribute(&self, name: &str) -> Option<&Attribute> {
        self.attributes
            .iter()
            .find(|attribute| attribute.name == name)
    }

    /// The elements directly inside.
    pub fn elements(&self) -> impl Iterator<Item = &Self> {
        elements(&self.children)
    }

    /// The text directly inside: characters and CDATA, without comments and elements.
    #[must_use]
    pub fn text(&self) -> SourceText {
        let mut text = SourceText::empty(self.offset);
        for node in &self.children {
            if let Node::Text(part) | Node::CData(part) = node {
                text.append(part);
            }
        }
        text
    }

    /// Everything inside as strict XML, for bodies with markup.
    #[must_use]
    pub fn inner_xml(&self) -> String {
        print::strict(&self.children)
    }
}

impl PartialEq for Node {
    fn eq(&self, other: &Self) -> bool {
        match (self, other) {
            (Self::Element(a), Self::Element(b)) => a == b,
            (Self::Text(a), Self::Text(b)) | (Self::CData(a), Self::CData(b)) => a == b,
            (Self::Comment(a), Self::Comment(b))
            | (Self::Instruction(a), Self::Instruction(b))
            | (Self::Declaration { content: a, .. }, Self::Declaration { content: b, .. }) => {
                a == b
            }
            _ => false,
        }
    }
}

impl Eq for Node {}

impl PartialEq for Element {
    fn eq(&self, other: &Self) -> bool {
        self.name == other.name
            && self.attributes == other.attributes
            && self.children == other.children
            && self.empty_tag == other.empty_tag
    }
}

impl Eq for Element {}

impl PartialEq for Attribute {
    fn eq(&self, other: &Self) -> bool {
        self.name == other.name && self.value == other.value
    }
}

impl Eq for Attribute {}

fn elements(nodes: &[Node]) -> impl Iterator<Item = &Element> {
    nodes.iter().filter_map(|node| match node {
        Node::Element(element) => Some(element),
        _ => None,
    })
}

/// XML's white space and the no-break space, which editors leave before expressions.
pub(crate) fn is_blank(c: char) -> bool {
    matches!(c, ' ' | '\t' | '\r' | '\n' | '\u{a0}' | '\u{feff}')
}

/// Whether `text` begins, after blanks, like an expression.
pub(crate) fn begins_expression(text: &str) -> bool {
    let text = text.trim_start_matches(is_blank);
    text.starts_with("@(") || text.starts_with("@{")
}
