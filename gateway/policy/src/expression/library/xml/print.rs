//! `ToString()` of nodes: what `XmlWriter` writes for them.

use super::forest::{Kind, Name, Tree, Xml};
use super::names::{XML, XML_EXCEPTION, XMLNS};
use super::scanner::{invalid_character, is_xml};
use crate::expression::BudgetKind;
use crate::expression::exception::{Exception, names};

/// What a printed node may take.
const MAX_OUTPUT: usize = 64 << 20;

/// A node as text, indented by two blanks unless it is to be written as it is.
///
/// # Errors
///
/// For characters that XML does not have, and contradictory declarations of namespaces.
pub(super) fn to_text(node: &Xml, indent: bool) -> Result<String, Exception> {
    node.with(|tree, id| {
        if let Some((name, value)) = tree.node(id).attribute() {
            return attribute_text(tree, id, name, value);
        }
        let mut writer = Writer::new(tree, indent);
        if let Kind::Document = tree.node(id).kind {
            for child in tree.children(id) {
                writer.write(child, true)?;
            }
        } else {
            writer.enclosing(id);
            writer.write(id, false)?;
        }
        Ok(writer.out)
    })
}

/// `XAttribute.ToString()`: `prefix:name="value"`.
fn attribute_text(tree: &Tree, id: u32, name: &Name, value: &str) -> Result<String, Exception> {
    let mut writer = Writer::new(tree, false);
    if let Some(element) = tree.node(id).parent {
        writer.enclosing(element);
        writer.declare(element);
    }
    let prefix = writer.known_prefix(&name.namespace, false);
    let mut out = match (prefix, name.namespace.as_ref()) {
        (Some(prefix), _) => qualified(&prefix, &name.local),
        (None, "") => name.local.to_string(),
        (None, _) => format!("p0:{}", name.local),
    };
    out.push_str("=\"");
    escape(&mut out, value, true)?;
    out.push('"');
    Ok(out)
}

fn qualified(prefix: &str, local: &str) -> String {
    if prefix.is_empty() {
        local.to_owned()
    } else {
        format!("{prefix}:{local}")
    }
}

/// A prefix that the writer knows, as `XmlWellFormedWriter` keeps them.
struct Known {
    prefix: String,
    uri: String,
    /// To be written at the end of the start tag.
    pending: bool,
}

/// An element whose content is being written.
struct Level {
    tag: String,
    /// Lengths of the two lists around it.
    known: usize,
    declared: usize,
    /// Whether its parent has text beside elements.
    mixed: bool,
}

struct Writer<'t> {
    tree: &'t Tree,
    indent: bool,
    out: String,
    /// What elements declare, the innermost last.
    declared: Vec<(String, String)>,
    known: Vec<Known>,
    levels: Vec<Level>,
    mixed: bool,
    /// Where the last text and the last start tag ended.
    text_end: usize,
    content_start: usize,
}

impl<'t> Writer<'t> {
    fn new(tree: &'t Tree, indent: bool) -> Self {
        let known = [("xmlns", XMLNS), ("xml", XML), ("", "")]
            .into_iter()
            .map(|(prefix, uri)| Known {
                prefix: prefix.to_owned(),
                uri: uri.to_owned(),
                pending: false,
            })
            .collect();
        Self {
            tree,
            indent,
            out: String::new(),
            declared: Vec::new(),
            known,
            levels: Vec::new(),
            mixed: false,
            text_end: 0,
            content_start: usize::MAX,
        }
    }

    /// What the ancestors of a node declare; nearer ones win.
    fn enclosing(&mut self, id: u32) {
        let ancestors: Vec<u32> = self.tree.ancestors(id).collect();
        for ancestor in ancestors.into_iter().rev() {
            self.declare(ancestor);
        }
    }

    fn declare(&mut self, id: u32) {
        for attribute in &self.tree.node(id).attributes {
            if let Some((name, value)) = self.tree.node(*attribute).attribute()
                && name.declares_namespace()
            {
                let prefix = if name.namespace.is_empty() {
                    ""
                } else {
                    &name.local
                };
                self.declared.push((prefix.to_owned(), value.to_string()));
            }
        }
    }

    fn write(&mut self, top: u32, in_document: bool) -> Result<(), Exception> {
        let mut at = Some(top);
        while let Some(id) = at {
            if self.out.len() > MAX_OUTPUT {
                return Err(Exception::budget(
                    BudgetKind::Allocation,
                    "The XML is too large to be printed.",
                ));
            }
            let node = self.tree.node(id);
            if let Some(name) = node.element() {
                self.start(id, name)?;
                if node.first.is_some() {
                    self.content();
                    at = node.first;
                    continue;
                }
                if node.open {
                    self.content();
                    self.mixed = true;
                }
                self.end(node.open)?;
            } else {
                self.leaf(id, in_document && id == top)?;
            }
            at = None;
            let mut done = id;
            while done != top {
                let node = self.tree.node(done);
                if node.next.is_some() {
                    at = node.next;
                    break;
                }
                self.end(true)?;
                match node.parent {
                    Some(parent) => done = parent,
                    None => break,
                }
            }
        }
        Ok(())
    }

    fn leaf(&mut self, id: u32, in_document: bool) -> Result<(), Exception> {
        let tree = self.tree;
        match &tree.node(id).kind {
            Kind::Text(text) => {
                self.mixed = true;
                if in_document {
                    self.out.push_str(text);
                } else {
                    escape(&mut self.out, text, false)?;
                }
                self.text_end = self.out.len();
            }
            Kind::CData(text) => {
                self.mixed = true;
                check(text)?;
                self.out.push_str("<![CDATA[");
                self.out.push_str(&text.replace("]]>", "]]]]><![CDATA[>"));
                self.out.push_str("]]>");
                self.text_end = self.out.len();
            }
            Kind::Comment(text) => {
                check(text)?;
                self.indent_markup();
                let mut body = text.replace("--", "- -");
                if body.ends_with('-') {
                    body.push(' ');
                }
                self.out.push_str(&format!("<!--{body}-->"));
            }
            Kind::Instruction { target, data } => {
                check(data)?;
                self.indent_markup();
                self.out.push_str("<?");
                self.out.push_str(target);
                if !data.is_empty() {
                    self.out.push(' ');
                    self.out.push_str(&data.replace("?>", "? >"));
                }
                self.out.push_str("?>");
            }
            Kind::DocumentType {
                name,
                public,
                system,
                internal,
            } => {
                self.indent_markup();
                self.out.push_str(&format!("<!DOCTYPE {name}"));
                match (public, system) {
                    (Some(public), system) => {
                        let system = system.as_deref().unwrap_or("");
                        self.out
                            .push_str(&format!(" PUBLIC \"{public}\" \"{system}\""));
                    }
                    (None, Some(system)) => self.out.push_str(&format!(" SYSTEM \"{system}\"")),
                    (None, None) => self.out.push(' '),
                }
                if let Some(internal) = internal {
                    self.out.push_str(&format!("[{internal}]"));
                }
                self.out.push('>');
            }
            _ => {}
        }
        Ok(())
    }

    fn start(&mut self, id: u32, name: &Name) -> Result<(), Exception> {
        let (known, declared) = (self.known.len(), self.declared.len());
        self.declare(id);
        self.indent_markup();
        let level_mixed = self.mixed;
        let prefix = self
            .known_prefix(&name.namespace, true)
            .or_else(|| self.written_prefix(&name.namespace))
            .unwrap_or_default();
        let tag = qualified(&prefix, &name.local);
        self.imply(known, &prefix, &name.namespace)?;
        self.out.push('<');
        self.out.push_str(&tag);
        self.levels.push(Level {
            tag,
            known,
            declared,
            mixed: level_mixed,
        });
        let tree = self.tree;
        for attribute in &tree.node(id).attributes {
            if let Some((name, value)) = tree.node(*attribute).attribute() {
                self.attribute(known, name, value)?;
            }
        }
        for at in (known..self.known.len()).rev() {
            if let Some(known) = self.known.get(at)
                && known.pending
            {
                let name = if known.prefix.is_empty() {
                    "xmlns".to_owned()
                } else {
                    format!("xmlns:{}", known.prefix)
                };
                self.out.push_str(&format!(" {name}=\""));
                escape(&mut self.out, &known.uri, true)?;
                self.out.push('"');
            }
        }
        Ok(())
    }

    fn attribute(&mut self, scope: usize, name: &Name, value: &str) -> Result<(), Exception> {
        let written = if name.declares_namespace() {
            let prefix = if name.namespace.is_empty() {
                ""
            } else {
                &name.local
            };
            self.explicit(scope, prefix, value)?;
            if prefix.is_empty() {
                "xmlns".to_owned()
            } else {
                format!("xmlns:{prefix}")
            }
        } else if name.namespace.is_empty() {
            name.local.to_string()
        } else {
            let prefix = self
                .known_prefix(&name.namespace, false)
                .or_else(|| self.written_prefix(&name.namespace))
                .filter(|prefix| !prefix.is_empty())
                .unwrap_or_else(|| self.generated());
            self.imply(scope, &prefix, &name.namespace)?;
            qualified(&prefix, &name.local)
        };
        self.out.push(' ');
        self.out.push_str(&written);
        self.out.push_str("=\"");
        escape(&mut self.out, value, true)?;
        self.out.push('"');
        Ok(())
    }

    /// The prefix that the document declares for a namespace, if it is not hidden.
    fn known_prefix(&self, uri: &str, default: bool) -> Option<String> {
        if uri.is_empty() {
            return Some(String::new());
        }
        let found = self.declared.iter().enumerate().rev().find(|(at, one)| {
            one.1 == uri
                && (default || !one.0.is_empty())
                && !self
                    .declared
                    .iter()
                    .skip(at + 1)
                    .any(|later| later.0 == one.0)
        });
        match found {
            Some((_, (prefix, _))) => Some(prefix.clone()),
            None if uri == XML => Some("xml".to_owned()),
            None if uri == XMLNS => Some("xmlns".to_owned()),
            None => None,
        }
    }

    /// The prefix that the writer has for a namespace.
    fn written_prefix(&self, uri: &str) -> Option<String> {
        let at = self.known.iter().rposition(|known| known.uri == uri)?;
        let prefix = &self.known.get(at)?.prefix;
        let hidden = self
            .known
            .iter()
            .skip(at + 1)
            .any(|known| known.prefix == *prefix);
        (!hidden).then(|| prefix.clone())
    }

    /// `XmlWellFormedWriter.GeneratePrefix`: `p` and the number of prefixes it knows beyond three.
    fn generated(&self) -> String {
        let base = format!("p{}", self.known.len().saturating_sub(3));
        let taken = |name: &str| self.known.iter().any(|known| known.prefix == name);
        if !taken(&base) {
            return base;
        }
        (0..=self.known.len())
            .map(|number| format!("{base}{number}"))
            .find(|name| !taken(name))
            .unwrap_or(base)
    }

    /// A prefix that a name uses: declared at the end of the tag, if it does not hold already.
    fn imply(&mut self, scope: usize, prefix: &str, uri: &str) -> Result<(), Exception> {
        let found = self.known.iter().rposition(|known| known.prefix == prefix);
        let pending = match found.and_then(|at| Some((at, self.known.get(at)?))) {
            Some((at, known)) if at >= scope => {
                return if known.uri == uri {
                    Ok(())
                } else {
                    Err(redefined(prefix, &known.uri, uri))
                };
            }
            Some((_, known)) => known.uri != uri,
            None => true,
        };
        self.known.push(Known {
            prefix: prefix.to_owned(),
            uri: uri.to_owned(),
            pending,
        });
        Ok(())
    }

    /// A declaration among the attributes.
    fn explicit(&mut self, scope: usize, prefix: &str, uri: &str) -> Result<(), Exception> {
        let found = self.known.iter().rposition(|known| known.prefix == prefix);
        if let Some(at) = found
            && at >= scope
            && let Some(known) = self.known.get_mut(at)
        {
            if known.uri != uri {
                return Err(redefined(prefix, &known.uri, uri));
            }
            known.pending = false;
            return Ok(());
        }
        self.known.push(Known {
            prefix: prefix.to_owned(),
            uri: uri.to_owned(),
            pending: false,
        });
        Ok(())
    }

    fn content(&mut self) {
        self.out.push('>');
        self.content_start = self.out.len();
        self.mixed = match self.levels.as_slice() {
            [_] => false,
            levels => levels.last().is_some_and(|level| level.mixed),
        };
    }

    fn end(&mut self, full: bool) -> Result<(), Exception> {
        let Some(level) = self.levels.pop() else {
            return Ok(());
        };
        if full {
            if !self.mixed
                && self.content_start != self.out.len()
                && self.text_end != self.out.len()
            {
                self.new_line(self.levels.len());
            }
            self.out.push_str("</");
            self.out.push_str(&level.tag);
            self.out.push('>');
        } else {
            self.out.push_str(" />");
        }
        self.mixed = level.mixed;
        self.known.truncate(level.known);
        self.declared.truncate(level.declared);
        Ok(())
    }

    fn indent_markup(&mut self) {
        if !self.mixed && self.text_end != self.out.len() {
            self.new_line(self.levels.len());
        }
    }

    fn new_line(&mut self, depth: usize) {
        if self.indent {
            self.out.push('\n');
            self.out.push_str(&"  ".repeat(depth));
        }
    }
}

fn redefined(prefix: &str, from: &str, to: &str) -> Exception {
    Exception::new(
        XML_EXCEPTION,
        format!(
            "The prefix '{prefix}' cannot be redefined from '{from}' to '{to}' within the same start \
             element tag."
        ),
    )
}

/// `XmlWriter` refuses characters that no XML document can hold.
fn check(text: &str) -> Result<(), Exception> {
    match text.chars().find(|c| !is_xml(*c)) {
        None => Ok(()),
        Some(c) => Err(Exception::new(names::ARGUMENT, invalid_character(c))),
    }
}

fn escape(out: &mut String, text: &str, attribute: bool) -> Result<(), Exception> {
    check(text)?;
    let mut chars = text.chars().peekable();
    while let Some(c) = chars.next() {
        match c {
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '"' if attribute => out.push_str("&quot;"),
            '\t' if attribute => out.push_str("&#x9;"),
            '\n' if attribute => out.push_str("&#xA;"),
            '\r' if attribute => out.push_str("&#xD;"),
            // Line ends become those of the platform.
            '\r' => {
                if chars.peek() == Some(&'\n') {
                    chars.next();
                }
                out.push('\n');
            }
            c => out.push(c),
        }
    }
    Ok(())
}
