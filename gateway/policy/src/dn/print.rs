//! Names as .NET prints them.

use std::fmt::Write as _;

use super::{AttributeValue, Rdn, attribute_type};

/// `X500DistinguishedName.Name`: relative names in reverse, joined by `, `, their attributes by ` + `.
pub(super) fn dotnet(rdns: &[Rdn]) -> String {
    let mut out = String::new();
    for rdn in rdns.iter().rev() {
        if !out.is_empty() {
            out.push_str(", ");
        }
        for (i, attribute) in rdn.0.iter().enumerate() {
            if i > 0 {
                out.push_str(" + ");
            }
            match attribute_type::key(&attribute.oid) {
                Some(key) => out.push_str(key),
                None => {
                    out.push_str("OID.");
                    out.push_str(&attribute.oid);
                }
            }
            out.push('=');
            match &attribute.value {
                AttributeValue::Text(text) => value(&mut out, text.trim_end_matches('\0')),
                AttributeValue::Der(der) => {
                    out.push('#');
                    out.push_str(&hex(der));
                }
            }
        }
    }
    out
}

/// Quoted where .NET quotes, with inner quotes doubled.
fn value(out: &mut String, text: &str) {
    const SPECIAL: [char; 9] = [',', '+', '=', '"', '\n', '<', '>', '#', ';'];
    let blank = |c: char| c == ' ' || ('\t'..='\r').contains(&c);
    if text.is_empty() || text.starts_with(blank) || text.ends_with(blank) || text.contains(SPECIAL)
    {
        out.push('"');
        out.push_str(&text.replace('"', "\"\""));
        out.push('"');
    } else {
        out.push_str(text);
    }
}

/// Upper-case hexadecimal.
pub(super) fn hex(bytes: &[u8]) -> String {
    bytes
        .iter()
        .fold(String::with_capacity(bytes.len() * 2), |mut out, byte| {
            // Writing to a String cannot fail.
            let _ = write!(out, "{byte:02X}");
            out
        })
}

#[cfg(test)]
mod tests {
    use super::super::{Attribute, Dn};
    use super::*;

    fn text(oid: &str, value: &str) -> Attribute {
        Attribute {
            oid: oid.into(),
            value: AttributeValue::Text(value.into()),
        }
    }

    #[test]
    fn prints_the_common_name_first_with_s_for_state_and_e_for_email() {
        let dn = Dn::from_rdns(vec![
            Rdn(vec![text("2.5.4.6", "US")]),
            Rdn(vec![text("2.5.4.8", "Illinois")]),
            Rdn(vec![text("2.5.4.10", "Contoso, Inc.")]),
            Rdn(vec![
                text("2.5.4.3", "partner"),
                text("1.2.840.113549.1.9.1", "a@b.c"),
            ]),
        ]);
        assert_eq!(
            dn.as_str(),
            r#"CN=partner + E=a@b.c, O="Contoso, Inc.", S=Illinois, C=US"#
        );
    }

    #[test]
    fn quotes_blanks_at_the_ends_and_doubles_quotes() {
        let dn = Dn::from_rdns(vec![
            Rdn(vec![text("2.5.4.3", " a")]),
            Rdn(vec![text("2.5.4.3", "say \"hi\"")]),
            Rdn(vec![text("2.5.4.3", "")]),
            Rdn(vec![text("2.5.4.3", "nul\0\0")]),
        ]);
        assert_eq!(dn.as_str(), r#"CN=nul, CN="", CN="say ""hi""", CN=" a""#);
    }

    #[test]
    fn prints_unknown_types_as_numbers_and_other_values_as_hexadecimal() {
        let dn = Dn::from_rdns(vec![
            Rdn(vec![text("2.5.4.97", "NTRDE-1")]),
            Rdn(vec![Attribute {
                oid: "2.5.4.3".into(),
                value: AttributeValue::Der(vec![0x02, 0x01, 0xff].into()),
            }]),
        ]);
        assert_eq!(dn.as_str(), "CN=#0201FF, OID.2.5.4.97=NTRDE-1");
    }
}
