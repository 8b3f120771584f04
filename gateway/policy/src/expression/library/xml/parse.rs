//! `XElement.Parse` and `XDocument.Parse`.
//!
//! Nothing outside the text is ever read, and no entity is declared: a document type is kept as text,
//! and one that declares entities or defaults of attributes is refused.

use std::collections::HashSet;

use super::declaration::Declaration;
use super::forest::{Kind, MAX_DEPTH, NODE_BYTES, Name, Tree, Xml, too_deep};
use super::names::{XML, XML_EXCEPTION, XMLNS};
use super::scanner::{Qualified, Scanned, Scanner, is_space, push_normal};
use crate::expression::budget::Budget;
use crate::expression::exception::Exception;
use crate::expression::value::Value;

/// Reads a document. White space between markup is dropped unless it is to be kept.
///
/// # Errors
///
/// `System.Xml.XmlException` with line and position, or the budget's.
pub(super) fn document(budget: &mut Budget, text: &str, keep_space: bool) -> Scanned<Xml> {
    budget.allocate(text.len())?;
    let mut tree = Tree::default();
    let root = tree.add(Kind::Document);
    let mut parser = Parser {
        scanner: Scanner::new(text),
        budget,
        tree,
        keep_space,
        open: Vec::new(),
        scopes: Vec::new(),
        root,
        has_root: false,
        has_type: false,
    };
    parser.run()?;
    Ok(Xml::root(parser.tree, root))
}

/// The root element alone, without a parent.
pub(super) fn element(budget: &mut Budget, text: &str, keep_space: bool) -> Scanned<Xml> {
    let document = document(budget, text, keep_space)?;
    let root = document.find(|tree, id| {
        tree.children(id)
            .find(|child| tree.node(*child).element().is_some())
    });
    let Some(root) = root else {
        return Err(missing_root());
    };
    root.with(Tree::unlink);
    Ok(root)
}

fn missing_root() -> Exception {
    Exception::new(XML_EXCEPTION, "Root element is missing.")
}

/// An element whose end tag has not come.
struct Open<'a> {
    id: u32,
    name: Qualified<'a>,
    /// How many namespaces were in scope around it.
    scopes: usize,
    /// `xml:space="preserve"` holds.
    keep_space: bool,
}

struct Parser<'a, 'b> {
    scanner: Scanner<'a>,
    budget: &'b mut Budget,
    tree: Tree,
    keep_space: bool,
    open: Vec<Open<'a>>,
    /// Prefixes and their namespaces, the innermost last.
    scopes: Vec<(String, String)>,
    root: u32,
    has_root: bool,
    has_type: bool,
}

impl<'a> Parser<'a, '_> {
    fn run(&mut self) -> Scanned<()> {
        while !self.scanner.at_end() {
            self.budget.charge(2)?;
            if self.scanner.eat("<!--") {
                self.comment()?;
            } else if self.scanner.eat("<![CDATA[") {
                self.character_data()?;
            } else if self.scanner.eat("<!DOCTYPE") {
                self.document_type()?;
            } else if self.scanner.rest().starts_with("<!") {
                self.scanner.at += 2;
                return Err(self.scanner.unexpected("'--' or '[CDATA['"));
            } else if self.scanner.rest().starts_with("<?") {
                self.instruction()?;
            } else if self.scanner.rest().starts_with("</") {
                self.end_tag()?;
            } else if self.scanner.rest().starts_with('<') {
                self.start_tag()?;
            } else {
                self.text()?;
            }
        }
        if !self.open.is_empty() {
            let names: Vec<String> = self
                .open
                .iter()
                .rev()
                .take(20)
                .map(|open| open.name.written())
                .collect();
            return Err(self.scanner.error(format!(
                "Unexpected end of file has occurred. The following elements are not closed: {}.",
                names.join(", ")
            )));
        }
        if self.has_root {
            Ok(())
        } else {
            Err(missing_root())
        }
    }

    fn parent(&self) -> u32 {
        self.open.last().map_or(self.root, |open| open.id)
    }

    fn add(&mut self, kind: Kind) -> Scanned<u32> {
        self.budget.allocate(NODE_BYTES)?;
        let id = self.tree.add(kind);
        self.tree.link(self.parent(), id, None);
        Ok(id)
    }

    fn comment(&mut self) -> Scanned<()> {
        let body = self.scanner.until("--", "Comment")?;
        if !self.scanner.eat(">") {
            return Err(self.scanner.error(
                "An XML comment cannot contain '--', and '-' cannot be the last character.",
            ));
        }
        let mut text = String::new();
        push_normal(&mut text, body, false);
        self.add(Kind::Comment(text.into())).map(drop)
    }

    fn character_data(&mut self) -> Scanned<()> {
        if self.open.is_empty() {
            self.scanner.at -= "<![CDATA[".len();
            return Err(self.outside());
        }
        let body = self.scanner.until("]]>", "CDATA")?;
        let mut text = String::new();
        push_normal(&mut text, body, false);
        self.add(Kind::CData(text.into())).map(drop)
    }

    fn outside(&self) -> Exception {
        self.scanner.error("Data at the root level is invalid.")
    }

    fn text(&mut self) -> Scanned<()> {
        let mut text = String::new();
        while let Some(c) = self.scanner.peek() {
            match c {
                '<' => break,
                '&' if self.open.is_empty() => return Err(self.outside()),
                '&' => text.push(self.scanner.reference()?),
                _ => {
                    let rest = self.scanner.rest();
                    let length = rest.find(['<', '&']).unwrap_or(rest.len());
                    let part = rest.get(..length).unwrap_or("");
                    self.scanner.check(part, self.scanner.at)?;
                    if self.open.is_empty()
                        && let Some(at) = part.find(|c| !is_space(c))
                    {
                        self.scanner.at += at;
                        return Err(self.outside());
                    }
                    if let Some(at) = part.find("]]>") {
                        self.scanner.at += at;
                        return Err(self
                            .scanner
                            .error("']]>' is not allowed in character data."));
                    }
                    push_normal(&mut text, part, false);
                    self.scanner.at += length;
                }
            }
        }
        let keep = self.keep_space || self.open.last().is_some_and(|open| open.keep_space);
        if !keep && text.chars().all(is_space) {
            return Ok(());
        }
        self.add(Kind::Text(text.into())).map(drop)
    }

    fn instruction(&mut self) -> Scanned<()> {
        let start = self.scanner.at;
        self.scanner.at += 2;
        let target = self.scanner.name()?;
        if target.prefix.is_empty() && target.local == "xml" {
            if start != 0 {
                return Err(self.scanner.error_at(
                    start + 2,
                    "Unexpected XML declaration. The XML declaration must be the first node in the \
                     document, and no whitespace characters are allowed to appear before it.",
                ));
            }
            let declaration = self.declaration()?;
            let root = self.root;
            let value = Value::foreign(declaration);
            self.tree
                .update(root, |node| node.declaration = Some(value));
            return Ok(());
        }
        if target.local.eq_ignore_ascii_case("xml") && target.prefix.is_empty() {
            return Err(self.scanner.error_at(
                start + 2,
                format!(
                    "'{}' is an invalid name for processing instructions.",
                    target.local
                ),
            ));
        }
        let spaced = self.scanner.space();
        if !spaced && !self.scanner.rest().starts_with("?>") {
            return Err(self.scanner.unexpected("'?>'"));
        }
        let body = self.scanner.until("?>", "PI")?;
        let mut data = String::new();
        push_normal(&mut data, body, false);
        self.add(Kind::Instruction {
            target: target.written().into(),
            data: data.into(),
        })
        .map(drop)
    }

    fn declaration(&mut self) -> Scanned<Declaration> {
        let mut parts: [Option<String>; 3] = [None, None, None];
        let mut next = 0;
        loop {
            let spaced = self.scanner.space();
            if self.scanner.eat("?>") {
                break;
            }
            if !spaced {
                return Err(self.scanner.unexpected("'?>'"));
            }
            let name = self.scanner.name()?;
            let position = ["version", "encoding", "standalone"]
                .iter()
                .position(|known| *known == name.local && name.prefix.is_empty());
            let fits = position.filter(|at| *at >= next && (*at == 0) == (next == 0));
            let value_at = self.scanner.at;
            let value = self.scanner.attribute_value()?;
            let valid = match position {
                Some(0) => value == "1.0",
                Some(2) => matches!(value.as_str(), "yes" | "no"),
                _ => !value.is_empty(),
            };
            let (Some(at), true) = (fits, valid) else {
                return Err(self
                    .scanner
                    .error_at(value_at, "Syntax for an XML declaration is invalid."));
            };
            next = at + 1;
            if let Some(slot) = parts.get_mut(at) {
                *slot = Some(value);
            }
        }
        let [version, encoding, standalone] = parts;
        if version.is_none() {
            return Err(self
                .scanner
                .error("Syntax for an XML declaration is invalid."));
        }
        Ok(Declaration::new(version, encoding, standalone))
    }

    fn document_type(&mut self) -> Scanned<()> {
        let start = self.scanner.at;
        let refused = |scanner: &Scanner<'_>| {
            Err(scanner.error_at(
                start,
                "For security reasons DTD is prohibited in this XML document. To enable DTD \
                 processing set the DtdProcessing property on XmlReaderSettings to Parse and pass \
                 the settings into XmlReader.Create method.",
            ))
        };
        if self.has_root || self.has_type {
            return Err(self.scanner.error_at(
                start,
                "DTD must be defined before the document root element.",
            ));
        }
        if !self.scanner.space() {
            return Err(self.scanner.unexpected("white space"));
        }
        let name = self.scanner.name()?.written();
        self.scanner.space();
        // .NET keeps an empty internal subset where there is none.
        let (mut public, mut system, mut internal) = (None, None, "".into());
        if self.scanner.eat("PUBLIC") {
            public = Some(self.literal()?);
            system = Some(self.literal()?);
        } else if self.scanner.eat("SYSTEM") {
            system = Some(self.literal()?);
        }
        self.scanner.space();
        if self.scanner.eat("[") {
            let body = self.scanner.until("]", "DTD")?;
            // What declares an entity or a default can make the document say something else.
            if body.contains(['%', '\'', '"', '&'])
                || body.contains("<!ENTITY")
                || body.contains("<!ATTLIST")
            {
                return refused(&self.scanner);
            }
            internal = body.into();
        }
        self.scanner.space();
        if !self.scanner.eat(">") {
            return refused(&self.scanner);
        }
        self.has_type = true;
        self.add(Kind::DocumentType {
            name: name.into(),
            public,
            system,
            internal: Some(internal),
        })
        .map(drop)
    }

    /// A quoted identifier of a document type.
    fn literal(&mut self) -> Scanned<std::sync::Arc<str>> {
        self.scanner.space();
        let quote = match self.scanner.peek() {
            Some('"') => "\"",
            Some('\'') => "'",
            _ => return Err(self.scanner.unexpected("'\"' or '''")),
        };
        self.scanner.at += 1;
        self.scanner.until(quote, "DTD").map(Into::into)
    }

    fn end_tag(&mut self) -> Scanned<()> {
        let start = self.scanner.at;
        self.scanner.at += 2;
        let name = self.scanner.name()?;
        let Some(open) = self.open.pop() else {
            return Err(self.scanner.error_at(start + 2, "Unexpected end tag."));
        };
        if (open.name.prefix, open.name.local) != (name.prefix, name.local) {
            let (line, column) = self.scanner.place(open.name.offset);
            return Err(self.scanner.error_at(
                name.offset,
                format!(
                    "The '{}' start tag on line {line} position {column} does not match the end tag \
                     of '{}'.",
                    open.name.written(),
                    name.written()
                ),
            ));
        }
        self.scanner.space();
        if !self.scanner.eat(">") {
            return Err(self.scanner.unexpected("'>'"));
        }
        self.tree.update(open.id, |node| node.open = true);
        self.scopes.truncate(open.scopes);
        Ok(())
    }

    fn start_tag(&mut self) -> Scanned<()> {
        if self.open.is_empty() && self.has_root {
            self.scanner.at += 1;
            return Err(self.scanner.error("There are multiple root elements."));
        }
        if self.open.len() >= MAX_DEPTH as usize - 1 {
            return Err(too_deep());
        }
        self.scanner.at += 1;
        let name = self.scanner.name()?;
        let mut attributes: Vec<(Qualified<'a>, String)> = Vec::new();
        let closed = loop {
            let spaced = self.scanner.space();
            if self.scanner.eat("/>") {
                break true;
            }
            if self.scanner.eat(">") {
                break false;
            }
            if self.scanner.at_end() {
                return Err(self.scanner.end_of_file());
            }
            if !spaced {
                return Err(self.scanner.unexpected("'>'"));
            }
            self.budget.allocate(NODE_BYTES)?;
            let attribute = self.scanner.name()?;
            let value = self.scanner.attribute_value()?;
            attributes.push((attribute, value));
        };
        let scopes = self.scopes.len();
        self.declare(&attributes)?;
        let resolved = self.resolve(&name, true)?;
        let id = self.add(Kind::Element(resolved))?;
        let mut keep_space = self.open.last().is_some_and(|open| open.keep_space);
        let mut seen = HashSet::with_capacity(attributes.len());
        for (written, value) in attributes {
            let resolved = self.resolve(&written, false)?;
            if !seen.insert(resolved.clone()) {
                return Err(self.scanner.error_at(
                    written.offset,
                    format!("'{}' is a duplicate attribute name.", written.written()),
                ));
            }
            if resolved.namespace.as_ref() == XML && resolved.local.as_ref() == "space" {
                keep_space = value == "preserve";
            }
            let attribute = self.tree.add(Kind::Attribute(resolved, value.into()));
            self.tree.update(attribute, |node| node.parent = Some(id));
            self.tree.update(id, |node| node.attributes.push(attribute));
        }
        self.has_root = true;
        if closed {
            self.scopes.truncate(scopes);
        } else {
            self.open.push(Open {
                id,
                name,
                scopes,
                keep_space,
            });
        }
        Ok(())
    }

    /// Takes the namespaces that a start tag declares (Namespaces in XML 1.0 §3).
    fn declare(&mut self, attributes: &[(Qualified<'a>, String)]) -> Scanned<()> {
        for (name, value) in attributes {
            let prefix = match (name.prefix, name.local) {
                ("xmlns", local) => local,
                ("", "xmlns") => "",
                _ => continue,
            };
            let reserved = match prefix {
                "xml" => value != XML,
                "xmlns" => true,
                _ => value == XML || value == XMLNS,
            };
            if reserved || (value.is_empty() && !prefix.is_empty()) {
                return Err(self.scanner.error_at(
                    name.offset,
                    format!(
                        "Invalid namespace declaration: the prefix '{prefix}' cannot be bound to '{value}'."
                    ),
                ));
            }
            self.scopes.push((prefix.to_owned(), value.clone()));
        }
        Ok(())
    }

    fn resolve(&mut self, name: &Qualified<'a>, element: bool) -> Scanned<Name> {
        let namespace = match name.prefix {
            "xml" => XML,
            "xmlns" if !element => XMLNS,
            "" if !element => "",
            prefix => {
                self.budget.charge(self.scopes.len() as u64 / 8)?;
                match self.scopes.iter().rev().find(|(known, _)| known == prefix) {
                    Some((_, uri)) => uri,
                    None if prefix.is_empty() => "",
                    None => {
                        return Err(self.scanner.error_at(
                            name.offset,
                            format!("'{prefix}' is an undeclared prefix."),
                        ));
                    }
                }
            }
        };
        Ok(Name {
            namespace: namespace.into(),
            local: name.local.into(),
        })
    }
}
