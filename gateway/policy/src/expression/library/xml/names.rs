//! `XName` and `XNamespace`.

use std::sync::Arc;

use super::forest::Name;
use crate::expression::budget::Budget;
use crate::expression::exception::{Exception, names};
use crate::expression::foreign::Foreign;
use crate::expression::key::{Key, equals};
use crate::expression::library::arguments::{optional_text, text, value};
use crate::expression::library::pure;
use crate::expression::library::registry::Group;
use crate::expression::types::{Basic, Type};
use crate::expression::value::Value;

/// The namespace of the prefix `xml` (Namespaces in XML 1.0, section 3).
pub(super) const XML: &str = "http://www.w3.org/XML/1998/namespace";
/// The namespace of the prefix `xmlns`.
pub(super) const XMLNS: &str = "http://www.w3.org/2000/xmlns/";

pub(super) const XML_EXCEPTION: &str = names::XML;

type Outcome = Result<Value, Exception>;

/// An `XNamespace`.
#[derive(Debug, Clone)]
pub(super) struct Namespace(pub(super) Arc<str>);

impl Foreign for Name {
    fn type_of(&self) -> Type {
        Type::Basic(Basic::XName)
    }

    fn print(&self) -> Result<String, Exception> {
        Ok(self.expanded())
    }

    fn key(&self) -> Option<Key> {
        Some(Key::Parts(vec![
            Key::Scalar(61, 0),
            Key::Text(Arc::clone(&self.namespace)),
            Key::Text(Arc::clone(&self.local)),
        ]))
    }
}

impl Foreign for Namespace {
    fn type_of(&self) -> Type {
        Type::Basic(Basic::XNamespace)
    }

    fn print(&self) -> Result<String, Exception> {
        Ok(self.0.to_string())
    }

    fn key(&self) -> Option<Key> {
        Some(Key::Parts(vec![
            Key::Scalar(62, 0),
            Key::Text(Arc::clone(&self.0)),
        ]))
    }
}

impl Name {
    /// Whether an attribute of this name declares a namespace.
    pub(super) fn declares_namespace(&self) -> bool {
        if self.namespace.is_empty() {
            self.local.as_ref() == "xmlns"
        } else {
            self.namespace.as_ref() == XMLNS
        }
    }

    /// `{namespace}local`.
    pub(super) fn expanded(&self) -> String {
        if self.namespace.is_empty() {
            self.local.to_string()
        } else {
            format!("{{{}}}{}", self.namespace, self.local)
        }
    }

    /// `XName.Get` of an expanded name.
    fn parse(budget: &mut Budget, text: &str) -> Result<Self, Exception> {
        if text.is_empty() {
            return Err(malformed(text));
        }
        match text.strip_prefix('{') {
            None => Self::checked(budget, "", text),
            Some(rest) => match rest.rsplit_once('}') {
                Some((namespace, local)) if !namespace.is_empty() && !local.is_empty() => {
                    Self::checked(budget, namespace, local)
                }
                _ => Err(malformed(text)),
            },
        }
    }

    fn checked(budget: &mut Budget, namespace: &str, local: &str) -> Result<Self, Exception> {
        budget.allocate(namespace.len() + local.len() + 96)?;
        check_name(local, false)?;
        Ok(Self {
            namespace: namespace.into(),
            local: local.into(),
        })
    }
}

fn malformed(text: &str) -> Exception {
    Exception::new(
        names::ARGUMENT,
        format!("'{text}' is an invalid expanded name."),
    )
}

/// `XmlConvert.VerifyNCName`, or `VerifyName` where a colon may be in it.
pub(super) fn check_name(name: &str, colon: bool) -> Result<(), Exception> {
    for (at, c) in name.chars().enumerate() {
        let fine = if at == 0 {
            is_name_start(c)
        } else {
            is_name_part(c)
        };
        if !(fine || (colon && c == ':')) {
            let code = u32::from(c);
            return Err(Exception::new(
                XML_EXCEPTION,
                if at == 0 {
                    format!(
                        "Name cannot begin with the '{c}' character, hexadecimal value 0x{code:02X}."
                    )
                } else {
                    format!(
                        "The '{c}' character, hexadecimal value 0x{code:02X}, cannot be included in a name."
                    )
                },
            ));
        }
    }
    Ok(())
}

/// Characters that begin a name, the colon apart (XML 1.0, production 4).
pub(super) fn is_name_start(c: char) -> bool {
    matches!(c, 'A'..='Z' | 'a'..='z' | '_' | '\u{C0}'..='\u{D6}' | '\u{D8}'..='\u{F6}'
        | '\u{F8}'..='\u{2FF}' | '\u{370}'..='\u{37D}' | '\u{37F}'..='\u{1FFF}'
        | '\u{200C}'..='\u{200D}' | '\u{2070}'..='\u{218F}' | '\u{2C00}'..='\u{2FEF}'
        | '\u{3001}'..='\u{D7FF}' | '\u{F900}'..='\u{FDCF}' | '\u{FDF0}'..='\u{FFFD}')
}

/// Characters of a name, the colon apart (XML 1.0, production 4a).
pub(super) fn is_name_part(c: char) -> bool {
    is_name_start(c)
        || matches!(c, '0'..='9' | '-' | '.' | '\u{B7}' | '\u{300}'..='\u{36F}'
            | '\u{203F}'..='\u{2040}')
}

/// The name among the arguments; `None` for `null`.
pub(super) fn optional(arguments: &[Value], index: usize) -> Option<&Name> {
    arguments.get(index)?.as_foreign::<Name>()
}

/// The name among the arguments, which must not be `null`.
pub(super) fn name(arguments: &[Value], index: usize) -> Result<&Name, Exception> {
    optional(arguments, index).ok_or_else(|| Exception::argument_null("name"))
}

pub(super) fn namespace_value(uri: &str) -> Value {
    Value::foreign(Namespace(uri.into()))
}

fn from_text(budget: &mut Budget, args: &[Value]) -> Outcome {
    match optional_text(args, 0) {
        Some(text) => Ok(Value::foreign(Name::parse(budget, text)?)),
        None => Ok(Value::Null),
    }
}

fn namespace_from_text(_: &mut Budget, args: &[Value]) -> Outcome {
    Ok(optional_text(args, 0).map_or(Value::Null, |text| namespace_value(text)))
}

fn namespace(args: &[Value], index: usize, parameter: &str) -> Result<Arc<str>, Exception> {
    args.get(index)
        .and_then(Value::as_foreign::<Namespace>)
        .map(|namespace| Arc::clone(&namespace.0))
        .ok_or_else(|| Exception::argument_null(parameter))
}

fn same(_: &mut Budget, args: &[Value]) -> Outcome {
    Ok(Value::Bool(equals(&value(args, 0), &value(args, 1))))
}

fn differ(_: &mut Budget, args: &[Value]) -> Outcome {
    Ok(Value::Bool(!equals(&value(args, 0), &value(args, 1))))
}

fn receiver(args: &[Value]) -> Result<&Name, Exception> {
    optional(args, 0).ok_or_else(Exception::null_reference)
}

pub(super) static NAME: Group = Group {
    owner: "XName",
    entries: &[
        pure("static XName Get(string expandedName)", |budget, args| {
            Ok(Value::foreign(Name::parse(
                budget,
                text(args, 0, "expandedName")?,
            )?))
        }),
        pure(
            "static XName Get(string localName, string namespaceName)",
            |budget, args| {
                let (local, uri) = (text(args, 0, "localName")?, text(args, 1, "namespaceName")?);
                Ok(Value::foreign(Name::checked(budget, uri, local)?))
            },
        ),
        pure("static XName op_Implicit(string expandedName)", from_text),
        pure("static bool op_Equality(XName left, XName right)", same),
        pure("static bool op_Inequality(XName left, XName right)", differ),
        pure("string LocalName", |_, args| {
            Ok(Value::from(Arc::clone(&receiver(args)?.local)))
        }),
        pure("string NamespaceName", |_, args| {
            Ok(Value::from(Arc::clone(&receiver(args)?.namespace)))
        }),
        pure("XNamespace Namespace", |_, args| {
            Ok(namespace_value(&receiver(args)?.namespace))
        }),
    ],
};

pub(super) static NAMESPACE: Group = Group {
    owner: "XNamespace",
    entries: &[
        pure("static XNamespace Get(string namespaceName)", |_, args| {
            Ok(namespace_value(text(args, 0, "namespaceName")?))
        }),
        pure("static XNamespace None", |_, _| Ok(namespace_value(""))),
        pure("static XNamespace Xml", |_, _| Ok(namespace_value(XML))),
        pure("static XNamespace Xmlns", |_, _| Ok(namespace_value(XMLNS))),
        pure(
            "static XNamespace op_Implicit(string namespaceName)",
            namespace_from_text,
        ),
        pure(
            "static XName op_Addition(XNamespace ns, string localName)",
            |budget, args| {
                let uri = namespace(args, 0, "ns")?;
                Ok(Value::foreign(Name::checked(
                    budget,
                    &uri,
                    text(args, 1, "localName")?,
                )?))
            },
        ),
        pure(
            "static bool op_Equality(XNamespace left, XNamespace right)",
            same,
        ),
        pure(
            "static bool op_Inequality(XNamespace left, XNamespace right)",
            differ,
        ),
        pure("string NamespaceName", |_, args| {
            Ok(Value::from(namespace(args, 0, "this")?))
        }),
        pure("XName GetName(string localName)", |budget, args| {
            let uri = namespace(args, 0, "this")?;
            Ok(Value::foreign(Name::checked(
                budget,
                &uri,
                text(args, 1, "localName")?,
            )?))
        }),
    ],
};
