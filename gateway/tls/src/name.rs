//! X.500 distinguished names, as encoded: nothing is reordered, folded or dropped.

use std::fmt;

use crate::der::{self, Element, Reader};

/// A distinguished name: relative names in the order of the encoding (most often the country first),
/// each a set of attributes in the order of the encoding (RFC 5280, 4.1.2.4).
#[derive(Debug, Clone, PartialEq, Eq, Hash, Default)]
pub struct Name(pub Vec<Vec<(String, NameValue)>>);

/// The value of an attribute of a [`Name`]. The attribute type stands beside it, as a dotted OID.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum NameValue {
    /// One of the ASN.1 string types, decoded.
    Text(String),
    /// Any other type, or a string that does not decode: the DER encoding.
    Der(Vec<u8>),
}

impl Name {
    /// Reads the contents of a DER `Name`, which OpenSSL may have accepted with laxer rules.
    pub(crate) fn from_der(element: Element<'_>) -> Option<Self> {
        let mut relative_names = Vec::new();
        let mut reader = element.reader();
        while !reader.is_empty() {
            let mut set = reader.expect(der::SET)?.reader();
            let mut attributes = Vec::new();
            while !set.is_empty() {
                let mut attribute = set.expect(der::SEQUENCE)?.reader();
                let kind = der::oid_text(attribute.expect(der::OID)?.contents)?;
                let value = attribute.next()?;
                if !attribute.is_empty() {
                    return None;
                }
                attributes.push((kind, NameValue::from_element(value)));
            }
            if attributes.is_empty() {
                return None;
            }
            relative_names.push(attributes);
        }
        Some(Self(relative_names))
    }

    /// Reads a whole DER encoding of a `Name`.
    pub(crate) fn parse(encoding: &[u8]) -> Option<Self> {
        let mut reader = Reader::new(encoding);
        let name = Self::from_der(reader.expect(der::SEQUENCE)?)?;
        reader.is_empty().then_some(name)
    }

    /// All values of an attribute type, most specific (last encoded) first.
    pub fn values<'a>(&'a self, oid: &'a str) -> impl Iterator<Item = &'a NameValue> {
        self.0
            .iter()
            .rev()
            .flatten()
            .filter(move |(kind, _)| kind == oid)
            .map(|(_, value)| value)
    }

    /// The most specific common name (2.5.4.3), if it is text.
    #[must_use]
    pub fn common_name(&self) -> Option<&str> {
        self.values("2.5.4.3").find_map(|value| match value {
            NameValue::Text(text) => Some(text.as_str()),
            NameValue::Der(_) => None,
        })
    }
}

impl NameValue {
    fn from_element(element: Element<'_>) -> Self {
        string_text(element.tag, element.contents)
            .map_or_else(|| Self::Der(element.encoding.to_vec()), Self::Text)
    }
}

/// Text of the ASN.1 string types. `TeletexString` is read as Latin-1, which is what everybody wrote.
pub(crate) fn string_text(tag: u8, contents: &[u8]) -> Option<String> {
    const UTF8: u8 = 12;
    const NUMERIC: u8 = 18;
    const PRINTABLE: u8 = 19;
    const TELETEX: u8 = 20;
    const IA5: u8 = 22;
    const VISIBLE: u8 = 26;
    const UNIVERSAL: u8 = 28;
    const BMP: u8 = 30;
    match tag {
        UTF8 => std::str::from_utf8(contents).ok().map(str::to_owned),
        NUMERIC | PRINTABLE | IA5 | VISIBLE => contents
            .is_ascii()
            .then(|| contents.iter().map(|byte| char::from(*byte)).collect()),
        TELETEX => Some(contents.iter().map(|byte| char::from(*byte)).collect()),
        BMP => {
            let (units, []) = contents.as_chunks::<2>() else {
                return None;
            };
            char::decode_utf16(units.iter().map(|unit| u16::from_be_bytes(*unit)))
                .collect::<Result<_, _>>()
                .ok()
        }
        UNIVERSAL => {
            let (points, []) = contents.as_chunks::<4>() else {
                return None;
            };
            points
                .iter()
                .map(|point| char::from_u32(u32::from_be_bytes(*point)))
                .collect()
        }
        _ => None,
    }
}

/// RFC 4514: most specific first, special characters escaped, control characters as hexadecimal. For
/// people and logs; matching never uses it.
impl fmt::Display for Name {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (index, attributes) in self.0.iter().rev().enumerate() {
            if index > 0 {
                f.write_str(",")?;
            }
            for (position, (kind, value)) in attributes.iter().enumerate() {
                if position > 0 {
                    f.write_str("+")?;
                }
                match (short_name(kind), value) {
                    (Some(short), NameValue::Text(text)) => {
                        write!(f, "{short}=")?;
                        write_escaped(f, text)?;
                    }
                    (None, NameValue::Text(text)) => {
                        write!(f, "{kind}=")?;
                        write_escaped(f, text)?;
                    }
                    (_, NameValue::Der(encoding)) => {
                        write!(f, "{kind}=#{}", crate::digest::upper_hex(encoding))?;
                    }
                }
            }
        }
        Ok(())
    }
}

fn write_escaped(f: &mut fmt::Formatter<'_>, text: &str) -> fmt::Result {
    let last = text.chars().count().saturating_sub(1);
    for (index, character) in text.chars().enumerate() {
        match character {
            '"' | '+' | ',' | ';' | '<' | '>' | '\\' => write!(f, "\\{character}")?,
            ' ' if index == 0 || index == last => f.write_str("\\ ")?,
            '#' if index == 0 => f.write_str("\\#")?,
            _ if character.is_control() => {
                let mut buffer = [0; 4];
                for byte in character.encode_utf8(&mut buffer).bytes() {
                    write!(f, "\\{byte:02X}")?;
                }
            }
            _ => write!(f, "{character}")?,
        }
    }
    Ok(())
}

fn short_name(oid: &str) -> Option<&'static str> {
    Some(match oid {
        "2.5.4.3" => "CN",
        "2.5.4.5" => "serialNumber",
        "2.5.4.6" => "C",
        "2.5.4.7" => "L",
        "2.5.4.8" => "ST",
        "2.5.4.9" => "STREET",
        "2.5.4.10" => "O",
        "2.5.4.11" => "OU",
        "0.9.2342.19200300.100.1.25" => "DC",
        "0.9.2342.19200300.100.1.1" => "UID",
        "1.2.840.113549.1.9.1" => "emailAddress",
        _ => return None,
    })
}
