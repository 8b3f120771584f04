//! XML as JSON, by the conventions of Newtonsoft's converter with the names that APIM gives: `@name`
//! for attributes, `#text` for text beside other things, arrays for elements of one name, `null` for
//! empty elements, and `$` in place of the colon of a prefix.

use indexmap::IndexMap;

use super::forest::{Kind, Name, Tree};
use super::names::{XML, XMLNS};
use super::parse;
use crate::expression::budget::Budget;
use crate::expression::exception::Exception;

/// How XML becomes JSON.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct ToJson {
    /// Every name can be written after a dot in JavaScript: `$` begins those of attributes and texts.
    pub(crate) javascript: bool,
    /// Every element below the root is in an array, also if it is the only one of its name.
    pub(crate) always_arrays: bool,
}

/// The JSON of an XML document.
///
/// # Errors
///
/// `System.Xml.XmlException` for text that is no XML, or the budget's.
pub(crate) fn xml_to_json(
    budget: &mut Budget,
    text: &str,
    options: ToJson,
) -> Result<String, Exception> {
    let document = parse::document(budget, text, false)?;
    let declaration = document.with(|tree, id| tree.node(id).declaration.clone());
    let mut parts = Vec::new();
    if let Some(declaration) = &declaration
        && let Some(declaration) = declaration.as_foreign::<super::declaration::Declaration>()
    {
        parts = declaration.named();
    }
    document.with(|tree, id| {
        let mut writer = Writer {
            tree,
            options,
            budget,
            out: String::from("{"),
            declared: Vec::new(),
        };
        for (name, value) in parts {
            writer.string(name)?;
            writer.out.push(':');
            writer.string(&value)?;
            writer.out.push(',');
        }
        let root = tree
            .children(id)
            .find(|id| tree.node(*id).element().is_some());
        if let Some(root) = root {
            writer.scope(root, |writer| {
                let name = writer.name_of(root);
                writer.string(&name)?;
                writer.out.push(':');
                writer.element(root)
            })?;
        }
        writer.out.push('}');
        Ok(writer.out)
    })
}

struct Writer<'t, 'b> {
    tree: &'t Tree,
    options: ToJson,
    budget: &'b mut Budget,
    out: String,
    /// Prefixes and their namespaces, the innermost last.
    declared: Vec<(String, String)>,
}

impl Writer<'_, '_> {
    fn string(&mut self, text: &str) -> Result<(), Exception> {
        let quoted = serde_json::Value::from(text).to_string();
        self.budget.allocate(quoted.len())?;
        self.out.push_str(&quoted);
        Ok(())
    }

    /// Does something where the declarations of an element hold.
    fn scope(
        &mut self,
        id: u32,
        work: impl FnOnce(&mut Self) -> Result<(), Exception>,
    ) -> Result<(), Exception> {
        let length = self.declared.len();
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
        let outcome = work(self);
        self.declared.truncate(length);
        outcome
    }

    fn name_of(&self, id: u32) -> String {
        match self.tree.node(id).element() {
            Some(name) => self.written(name, true),
            None => String::new(),
        }
    }

    /// A name with the prefix that is declared for its namespace.
    fn written(&self, name: &Name, element: bool) -> String {
        let prefix = match name.namespace.as_ref() {
            "" => "",
            XML => "xml",
            XMLNS => "xmlns",
            uri => self
                .declared
                .iter()
                .enumerate()
                .rev()
                .find(|(at, (prefix, known))| {
                    known == uri
                        && (element || !prefix.is_empty())
                        && !self
                            .declared
                            .iter()
                            .skip(at + 1)
                            .any(|one| one.0 == *prefix)
                })
                .map_or("", |(_, (prefix, _))| prefix.as_str()),
        };
        if prefix.is_empty() {
            name.local.to_string()
        } else {
            format!("{prefix}${}", name.local)
        }
    }

    /// The value of an element whose declarations are in force. Recursion ends with the depth that
    /// the parser allows.
    fn element(&mut self, id: u32) -> Result<(), Exception> {
        self.budget.charge(2)?;
        let node = self.tree.node(id);
        let mut members: IndexMap<String, Vec<u32>> = IndexMap::new();
        let mut texts = Vec::new();
        for child in self.tree.children(id) {
            match &self.tree.node(child).kind {
                Kind::Element(_) => {
                    let mut name = String::new();
                    self.scope(child, |writer| {
                        name = writer.name_of(child);
                        Ok(())
                    })?;
                    members.entry(name).or_default().push(child);
                }
                Kind::Text(_) => texts.push(child),
                Kind::CData(_) => members
                    .entry(self.special("cdata-section"))
                    .or_default()
                    .push(child),
                // JSON has no comments, and nobody who reads it needs instructions.
                _ => {}
            }
        }
        if node.attributes.is_empty() && members.is_empty() {
            return match texts.as_slice() {
                [] if node.open => self.string(""),
                [] => {
                    self.out.push_str("null");
                    Ok(())
                }
                _ => {
                    let text = self.tree.text(id);
                    self.string(&text)
                }
            };
        }
        if !texts.is_empty() {
            members.insert(self.special("text"), texts);
        }
        self.out.push('{');
        let mut first = true;
        let marker = if self.options.javascript { '$' } else { '@' };
        for attribute in &node.attributes {
            if let Some((name, value)) = self.tree.node(*attribute).attribute() {
                let name = format!("{marker}{}", self.written(name, false));
                self.separate(&mut first);
                self.string(&name)?;
                self.out.push(':');
                self.string(value)?;
            }
        }
        for (name, items) in &members {
            self.separate(&mut first);
            self.string(name)?;
            self.out.push(':');
            self.items(items)?;
        }
        self.out.push('}');
        Ok(())
    }

    fn special(&self, name: &str) -> String {
        let marker = if self.options.javascript { '$' } else { '#' };
        format!("{marker}{name}")
    }

    fn separate(&mut self, first: &mut bool) {
        if !std::mem::replace(first, false) {
            self.out.push(',');
        }
    }

    fn items(&mut self, items: &[u32]) -> Result<(), Exception> {
        let elements = items
            .first()
            .is_some_and(|id| self.tree.node(*id).element().is_some());
        let array = items.len() > 1 || (elements && self.options.always_arrays);
        if array {
            self.out.push('[');
        }
        let mut first = true;
        for id in items {
            self.separate(&mut first);
            match &self.tree.node(*id).kind {
                Kind::Text(text) | Kind::CData(text) => self.string(text)?,
                _ => self.scope(*id, |writer| writer.element(*id))?,
            }
        }
        if array {
            self.out.push(']');
        }
        Ok(())
    }
}
