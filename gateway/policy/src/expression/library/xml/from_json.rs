//! JSON as XML: a root `Document`, an element for each property, the elements of an array one after
//! the other, `xsi:nil` for null.

use serde::de::{Deserialize, Deserializer, MapAccess, SeqAccess, Visitor};

use super::names::{XMLNS, check_name};
use super::scanner::is_xml;
use crate::expression::budget::Budget;
use crate::expression::date_parsing::parse_date_time;
use crate::expression::exception::{Exception, names};
use crate::expression::value::Value;

/// How JSON becomes XML.
#[derive(Debug, Clone, Default)]
pub(crate) struct FromJson {
    /// Texts that are dates of ISO 8601 are printed as .NET prints a `DateTime`.
    pub(crate) parse_date: bool,
    /// Stands between prefix and name.
    pub(crate) separator: String,
    /// Begins the names of properties that declare namespaces; none do without it.
    pub(crate) namespace_prefix: Option<String>,
    /// The property whose properties are attributes of the element around it.
    pub(crate) attribute_block: Option<String>,
}

const XSI: &str = "http://www.w3.org/2001/XMLSchema-instance";

/// The XML of a JSON document.
///
/// # Errors
///
/// `Newtonsoft.Json.JsonReaderException` for text that is no JSON, or the budget's.
pub(crate) fn json_to_xml(
    budget: &mut Budget,
    text: &str,
    options: &FromJson,
) -> Result<String, Exception> {
    // What reading allocates is bounded by the length of the text.
    budget.allocate(text.len().saturating_mul(8))?;
    let json: Json = serde_json::from_str(text).map_err(|error| {
        Exception::new(names::FORMAT, format!("The JSON is malformed: {error}."))
    })?;
    let mut writer = Writer {
        options,
        budget,
        out: String::new(),
        prefixes: Vec::new(),
    };
    match json {
        Json::Object(_) => writer.element("Document", &json)?,
        other => writer.element(
            "Document",
            &Json::Object(vec![("Document".to_owned(), other)]),
        )?,
    }
    Ok(writer.out)
}

/// JSON with its properties in order, repeated names included.
enum Json {
    Null,
    Scalar(Value),
    Array(Vec<Self>),
    Object(Vec<(String, Self)>),
}

/// Reading ends at the depth that `serde_json` allows: 128 levels.
impl<'de> Deserialize<'de> for Json {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(Reader)
    }
}

struct Reader;

impl<'de> Visitor<'de> for Reader {
    type Value = Json;

    fn expecting(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("JSON")
    }

    fn visit_unit<E>(self) -> Result<Json, E> {
        Ok(Json::Null)
    }

    fn visit_bool<E>(self, value: bool) -> Result<Json, E> {
        Ok(Json::Scalar(Value::Bool(value)))
    }

    fn visit_i64<E>(self, value: i64) -> Result<Json, E> {
        Ok(Json::Scalar(Value::Long(value)))
    }

    fn visit_u64<E>(self, value: u64) -> Result<Json, E> {
        Ok(Json::Scalar(Value::ULong(value)))
    }

    fn visit_f64<E>(self, value: f64) -> Result<Json, E> {
        Ok(Json::Scalar(Value::Double(value)))
    }

    fn visit_str<E>(self, value: &str) -> Result<Json, E> {
        Ok(Json::Scalar(Value::text(value)))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut items: A) -> Result<Json, A::Error> {
        let mut all = Vec::new();
        while let Some(item) = items.next_element()? {
            all.push(item);
        }
        Ok(Json::Array(all))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut entries: A) -> Result<Json, A::Error> {
        let mut all = Vec::new();
        while let Some(entry) = entries.next_entry()? {
            all.push(entry);
        }
        Ok(Json::Object(all))
    }
}

struct Writer<'o, 'b> {
    options: &'o FromJson,
    budget: &'b mut Budget,
    out: String,
    /// Prefixes that are declared where we are.
    prefixes: Vec<String>,
}

impl Writer<'_, '_> {
    fn push(&mut self, text: &str) -> Result<(), Exception> {
        self.budget.allocate(text.len())?;
        self.out.push_str(text);
        Ok(())
    }

    /// An element for a value; several for an array.
    fn element(&mut self, name: &str, value: &Json) -> Result<(), Exception> {
        self.budget.charge(4)?;
        let known = self.prefixes.len();
        match value {
            Json::Array(items) if !items.is_empty() => {
                for item in items {
                    match item {
                        // An array in an array has no name of its own.
                        Json::Array(_) => self.within(name, |writer| writer.element(name, item))?,
                        item => self.element(name, item)?,
                    }
                }
            }
            Json::Array(_) => {
                let tag = self.name(name);
                self.push(&format!("<{tag} />"))?;
            }
            Json::Null => {
                let tag = self.name(name);
                self.push(&format!("<{tag} xsi:nil=\"true\" xmlns:xsi=\"{XSI}\" />"))?;
            }
            Json::Scalar(value) => {
                let tag = self.name(name);
                let text = escaped(&self.text_of(value)?);
                if text.is_empty() {
                    self.push(&format!("<{tag}></{tag}>"))?;
                } else {
                    self.push(&format!("<{tag}>{text}</{tag}>"))?;
                }
            }
            Json::Object(members) => {
                let mut attributes = String::new();
                let mut content = Vec::new();
                for (member, value) in members {
                    self.member(member, value, &mut attributes, &mut content)?;
                }
                let tag = self.name(name);
                self.push(&format!("<{tag}{attributes}"))?;
                if content.is_empty() {
                    self.push(" />")?;
                } else {
                    self.push(">")?;
                    for (member, value) in content {
                        self.element(member, value)?;
                    }
                    self.push(&format!("</{tag}>"))?;
                }
            }
        }
        self.prefixes.truncate(known);
        Ok(())
    }

    fn within(
        &mut self,
        name: &str,
        work: impl FnOnce(&mut Self) -> Result<(), Exception>,
    ) -> Result<(), Exception> {
        let tag = self.name(name);
        self.push(&format!("<{tag}>"))?;
        work(self)?;
        self.push(&format!("</{tag}>"))
    }

    /// Sorts a property into declarations, attributes and content.
    fn member<'j>(
        &mut self,
        name: &'j str,
        value: &'j Json,
        attributes: &mut String,
        content: &mut Vec<(&'j str, &'j Json)>,
    ) -> Result<(), Exception> {
        if let (Some(prefix), Json::Scalar(uri)) = (self.declares(name), value) {
            let uri = self.text_of(uri)?;
            let reserved = matches!(prefix.as_str(), "xml" | "xmlns") || uri == XMLNS;
            if !reserved && (prefix.is_empty() || !uri.is_empty()) {
                let uri = attribute(&uri);
                let written = if prefix.is_empty() {
                    format!(" xmlns=\"{uri}\"")
                } else {
                    format!(" xmlns:{prefix}=\"{uri}\"")
                };
                if !attributes.contains(&written) {
                    attributes.push_str(&written);
                }
                self.prefixes.push(prefix);
                return Ok(());
            }
        }
        let block = self.options.attribute_block.as_deref() == Some(name);
        match value {
            Json::Object(members) if block => {
                for (name, value) in members {
                    if let (Some(prefix), Json::Scalar(uri)) = (self.declares(name), value) {
                        let uri = attribute(&self.text_of(uri)?);
                        let colon = if prefix.is_empty() { "" } else { ":" };
                        attributes.push_str(&format!(" xmlns{colon}{prefix}=\"{uri}\""));
                        self.prefixes.push(prefix);
                        continue;
                    }
                    let text = match value {
                        Json::Scalar(value) => attribute(&self.text_of(value)?),
                        Json::Null => String::new(),
                        _ => {
                            return Err(Exception::new(
                                names::FORMAT,
                                "An attribute must be a text, a number or a boolean.",
                            ));
                        }
                    };
                    let name = self.name(name);
                    self.budget.allocate(text.len())?;
                    attributes.push_str(&format!(" {name}=\"{text}\""));
                }
            }
            value => content.push((name, value)),
        }
        Ok(())
    }

    /// The prefix that a property declares.
    fn declares(&self, name: &str) -> Option<String> {
        let wanted = self.options.namespace_prefix.as_deref()?;
        let rest = name.strip_prefix(wanted)?;
        if rest.is_empty() {
            return Some(String::new());
        }
        let prefix = rest.strip_prefix(self.options.separator.as_str())?;
        (!prefix.is_empty() && check_name(prefix, false).is_ok()).then(|| prefix.to_owned())
    }

    /// The name of an element or attribute: with a prefix if that is declared, and with characters
    /// that no name has written as `XmlConvert.EncodeLocalName` writes them (`_x0020_`).
    fn name(&self, name: &str) -> String {
        let separator = self.options.separator.as_str();
        if !separator.is_empty()
            && let Some((prefix, local)) = name.split_once(separator)
            && !local.is_empty()
            && self.prefixes.iter().any(|known| known == prefix)
        {
            return format!("{prefix}:{}", encoded(local));
        }
        encoded(name)
    }

    fn text_of(&self, value: &Value) -> Result<String, Exception> {
        if let Value::Text(text) = value
            && self.options.parse_date
            && is_date(text)
            && let Some(date) = parse_date_time(text)
        {
            return Value::DateTime(date).to_text();
        }
        value.to_text()
    }
}

/// Whether Newtonsoft takes a text for a date: `yyyy-MM-ddTHH:mm:ss` and more.
fn is_date(text: &str) -> bool {
    let shape = b"0000-00-00T00:00:00";
    text.len() >= shape.len()
        && text.bytes().zip(shape).all(|(byte, wanted)| match wanted {
            b'0' => byte.is_ascii_digit(),
            other => byte == *other,
        })
}

fn encoded(name: &str) -> String {
    let mut out = String::new();
    for (at, c) in name.chars().enumerate() {
        let single = c.to_string();
        let fine = if at == 0 {
            check_name(&single, false).is_ok()
        } else {
            check_name(&format!("a{single}"), false).is_ok()
        };
        if fine {
            out.push(c);
        } else {
            out.push_str(&format!("_x{:04X}_", u32::from(c)));
        }
    }
    if out.is_empty() {
        out.push('_');
    }
    out
}

/// Text for attributes, where white space needs references to stay what it is.
fn attribute(text: &str) -> String {
    escaped(text).replace('\n', "&#xA;").replace('\t', "&#x9;")
}

/// Text for content. Characters that XML does not have are left out.
fn escaped(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '"' => out.push_str("&quot;"),
            '\r' => out.push_str("&#xD;"),
            c if is_xml(c) => out.push(c),
            _ => {}
        }
    }
    out
}
