//! Names as people and tools write them: RFC 4514, .NET, OpenSSL (`/C=US/CN=x`, `C = US, CN = x`).

use std::iter::Peekable;
use std::str::CharIndices;

use super::{Attribute, AttributeValue, Rdn, attribute_type};

/// Why a text is no distinguished name.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum DnError {
    /// No `=` where an attribute should be.
    #[error("'{0}' has no '=': an attribute is written as type=value")]
    NoValue(String),
    /// An attribute type that has no object identifier.
    #[error("'{0}' is not a known attribute type; use a name such as CN or a dotted number")]
    UnknownType(String),
    /// A quote that does not end.
    #[error("a quoted value does not end")]
    OpenQuote,
    /// A backslash at the end, or `#` before something that is not hexadecimal.
    #[error("'{0}' is not a valid escape")]
    BadEscape(String),
    /// Characters after a closing quote.
    #[error("unexpected '{0}' after a quoted value")]
    AfterQuote(char),
}

type Chars<'a> = Peekable<CharIndices<'a>>;

/// The relative names in the order written.
pub(super) fn rdns(text: &str) -> Result<Vec<Rdn>, DnError> {
    let text = text.trim();
    // OpenSSL's one-line form begins with its separator.
    let (text, slashes) = match text.strip_prefix('/') {
        Some(rest) => (rest, true),
        None => (text, false),
    };
    let mut chars = text.char_indices().peekable();
    let mut rdns = Vec::new();
    let mut current = Vec::new();
    while chars.peek().is_some() {
        let (attribute, end) = attribute(&mut chars, slashes)?;
        current.push(attribute);
        if end != Some('+') {
            rdns.push(Rdn(std::mem::take(&mut current)));
        }
        if end.is_some() && chars.peek().is_none() {
            return Err(DnError::NoValue(String::new()));
        }
    }
    Ok(rdns)
}

/// One attribute and the separator that ended it.
fn attribute(chars: &mut Chars<'_>, slashes: bool) -> Result<(Attribute, Option<char>), DnError> {
    let mut key = String::new();
    loop {
        match chars.next() {
            Some((_, '=')) => break,
            Some((_, c)) if is_separator(c, slashes) => {
                return Err(DnError::NoValue(key.trim().to_owned()));
            }
            Some((_, c)) => key.push(c),
            None => return Err(DnError::NoValue(key.trim().to_owned())),
        }
    }
    let key = key.trim();
    let oid = attribute_type::oid(key).ok_or_else(|| DnError::UnknownType(key.to_owned()))?;
    while chars.next_if(|(_, c)| *c == ' ').is_some() {}
    let (value, end) = match chars.peek() {
        Some((_, '"')) => quoted(chars, slashes)?,
        Some((_, '#')) => hexadecimal(chars, slashes)?,
        _ => plain(chars, slashes)?,
    };
    Ok((
        Attribute {
            oid: oid.into(),
            value,
        },
        end,
    ))
}

fn is_separator(c: char, slashes: bool) -> bool {
    if slashes {
        c == '/'
    } else {
        matches!(c, ',' | ';' | '+')
    }
}

/// `"…"` with doubled or escaped quotes inside.
fn quoted(chars: &mut Chars<'_>, slashes: bool) -> Result<(AttributeValue, Option<char>), DnError> {
    chars.next();
    let mut value = String::new();
    loop {
        match chars.next() {
            Some((_, '"')) => {
                if chars.next_if(|(_, c)| *c == '"').is_none() {
                    break;
                }
                value.push('"');
            }
            Some((_, '\\')) => match chars.next() {
                Some((_, c)) => value.push(c),
                None => return Err(DnError::OpenQuote),
            },
            Some((_, c)) => value.push(c),
            None => return Err(DnError::OpenQuote),
        }
    }
    loop {
        match chars.next() {
            None => return Ok((AttributeValue::Text(value.into()), None)),
            Some((_, c)) if is_separator(c, slashes) => {
                return Ok((AttributeValue::Text(value.into()), Some(c)));
            }
            Some((_, c)) if c.is_whitespace() => {}
            Some((_, c)) => return Err(DnError::AfterQuote(c)),
        }
    }
}

/// `#` and the DER encoding.
fn hexadecimal(
    chars: &mut Chars<'_>,
    slashes: bool,
) -> Result<(AttributeValue, Option<char>), DnError> {
    chars.next();
    let mut digits = String::new();
    let end = loop {
        match chars.next() {
            None => break None,
            Some((_, c)) if is_separator(c, slashes) => break Some(c),
            Some((_, c)) => digits.push(c),
        }
    };
    let digits = digits.trim();
    bytes(digits)
        .map(|der| (AttributeValue::Der(der.into()), end))
        .ok_or_else(|| DnError::BadEscape(format!("#{digits}")))
}

fn bytes(digits: &str) -> Option<Vec<u8>> {
    let digits: Vec<u8> = digits
        .chars()
        .map(|c| c.to_digit(16).and_then(|d| u8::try_from(d).ok()))
        .collect::<Option<_>>()?;
    if digits.is_empty() || !digits.len().is_multiple_of(2) {
        return None;
    }
    Some(
        digits
            .chunks_exact(2)
            .map(|pair| pair.iter().fold(0, |byte, d| byte << 4 | d))
            .collect(),
    )
}

/// Up to the next separator, with `\,` and `\2C` escapes; escaped bytes are UTF-8 (RFC 4514).
fn plain(chars: &mut Chars<'_>, slashes: bool) -> Result<(AttributeValue, Option<char>), DnError> {
    let mut value: Vec<u8> = Vec::new();
    // Where the last escaped character ended: blanks before it are part of the value.
    let mut kept = 0;
    let end = loop {
        match chars.next() {
            None => break None,
            Some((_, c)) if is_separator(c, slashes) => break Some(c),
            Some((_, '\\')) => {
                escape(chars, &mut value)?;
                kept = value.len();
            }
            Some((_, c)) => value.extend(c.encode_utf8(&mut [0; 4]).bytes()),
        }
    };
    while value.len() > kept && value.last().is_some_and(u8::is_ascii_whitespace) {
        value.pop();
    }
    let text = String::from_utf8(value).map_err(|error| {
        DnError::BadEscape(String::from_utf8_lossy(error.as_bytes()).into_owned())
    })?;
    Ok((AttributeValue::Text(text.into()), end))
}

fn escape(chars: &mut Chars<'_>, value: &mut Vec<u8>) -> Result<(), DnError> {
    let Some((_, first)) = chars.next() else {
        return Err(DnError::BadEscape("\\".to_owned()));
    };
    if let Some(high) = first.to_digit(16)
        && let Some((_, second)) = chars.next_if(|(_, c)| c.is_ascii_hexdigit())
    {
        let low = second.to_digit(16).unwrap_or(0);
        value.push(u8::try_from(high << 4 | low).unwrap_or(0));
        return Ok(());
    }
    value.extend(first.encode_utf8(&mut [0; 4]).bytes());
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::super::Dn;
    use super::*;

    #[test]
    fn reads_the_forms_of_rfc_4514_dotnet_and_openssl_alike() {
        let expected = Dn::parse(r#"C=US, O="Contoso, Inc.", CN=a"#).unwrap();
        for form in [
            r"CN=a,O=Contoso\, Inc.,C=US",
            r"CN=a,O=Contoso\2C Inc.,C=US",
            r#"CN=a; O="Contoso, Inc."; C=US"#,
            r#"C = US, O = "Contoso, Inc.", CN = a"#,
            r"/C=US/O=Contoso, Inc./CN=a",
            r"OID.2.5.4.3=a, 2.5.4.10=Contoso\, Inc., C=US",
        ] {
            assert!(Dn::parse(form).unwrap().same_name(&expected), "{form}");
        }
    }

    #[test]
    fn keeps_multi_valued_relative_names_and_der_values() {
        let rdns = rdns("CN=a + E=b, 1.2.3=#0201FF").unwrap();
        assert_eq!(rdns.len(), 2);
        assert_eq!(rdns[0].0.len(), 2);
        assert_eq!(
            rdns[1].0[0].value,
            AttributeValue::Der(vec![2, 1, 255].into())
        );
    }

    #[test]
    fn says_what_is_wrong_with_a_text_that_is_no_name() {
        assert_eq!(rdns("partner"), Err(DnError::NoValue("partner".to_owned())));
        assert_eq!(rdns("QQ=x"), Err(DnError::UnknownType("QQ".to_owned())));
        assert_eq!(rdns("CN=\"x"), Err(DnError::OpenQuote));
        assert_eq!(
            rdns("CN=#12G4"),
            Err(DnError::BadEscape("#12G4".to_owned()))
        );
        assert_eq!(rdns("CN=a\\"), Err(DnError::BadEscape("\\".to_owned())));
        assert_eq!(rdns("CN=a,"), Err(DnError::NoValue(String::new())));
        assert_eq!(rdns("CN=\"a\"b"), Err(DnError::AfterQuote('b')));
    }

    #[test]
    fn an_empty_text_is_the_empty_name() {
        assert_eq!(rdns(" "), Ok(Vec::new()));
    }
}
