//! Distinguished names: parsed, printed as .NET prints them, compared as names and not as strings.

mod attribute_type;
mod parse;
mod print;

use std::fmt;
use std::sync::Arc;

pub use parse::DnError;

/// A distinguished name (X.501), with its printed and comparable forms computed once.
#[derive(Clone)]
pub struct Dn {
    rdns: Arc<[Rdn]>,
    printed: Arc<str>,
    /// The attributes sorted by type, with equal types in the order of `rdns`.
    canonical: Arc<str>,
    /// The same with equal types in the reverse order, for names written the other way around.
    reversed: Arc<str>,
}

/// One relative distinguished name: usually one attribute, several when multi-valued.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Rdn(pub Vec<Attribute>);

/// One attribute of a name.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Attribute {
    /// Type as a dotted object identifier, e.g. `2.5.4.3`.
    pub oid: Arc<str>,
    /// Value.
    pub value: AttributeValue,
}

/// The value of an attribute.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum AttributeValue {
    /// A string type, decoded.
    Text(Arc<str>),
    /// Anything else: the whole DER encoding of the value.
    Der(Arc<[u8]>),
}

impl Dn {
    /// A name from its relative names in the order of the encoding.
    #[must_use]
    pub fn from_rdns(rdns: Vec<Rdn>) -> Self {
        let printed = print::dotnet(&rdns).into();
        let canonical = canonical(rdns.iter()).into();
        let reversed = canonical_reversed(&rdns).into();
        Self {
            rdns: rdns.into(),
            printed,
            canonical,
            reversed,
        }
    }

    /// A name from text: RFC 4514, .NET's and OpenSSL's forms, in either order.
    ///
    /// # Errors
    ///
    /// When an attribute has no known type, no value, or a quote or escape is not finished.
    pub fn parse(text: &str) -> Result<Self, DnError> {
        parse::rdns(text).map(Self::from_rdns)
    }

    /// As .NET's `X500DistinguishedName.Name` prints it: last relative name first.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.printed
    }

    /// The same, shared.
    #[must_use]
    pub fn to_shared(&self) -> Arc<str> {
        Arc::clone(&self.printed)
    }

    /// The relative names in the order of the encoding.
    #[must_use]
    pub fn rdns(&self) -> &[Rdn] {
        &self.rdns
    }

    /// Whether both name the same thing, whichever end either was written from.
    ///
    /// Types may come in any order; attributes of one type must come in the same order or, all of
    /// them, in the reverse one. Values ignore case and runs of blanks (RFC 5280 section 7.1).
    #[must_use]
    pub fn same_name(&self, other: &Self) -> bool {
        self.canonical == other.canonical || self.canonical == other.reversed
    }

    /// The text values of the attributes of type `oid`, in the order of the encoding.
    pub fn values<'a>(&'a self, oid: &'a str) -> impl Iterator<Item = &'a str> + 'a {
        self.rdns
            .iter()
            .flat_map(|rdn| rdn.0.iter())
            .filter_map(move |attribute| match &attribute.value {
                AttributeValue::Text(text) if &*attribute.oid == oid => Some(&**text),
                _ => None,
            })
    }

    /// The most specific common name, if there is one.
    #[must_use]
    pub fn common_name(&self) -> Option<&str> {
        self.values(attribute_type::COMMON_NAME).last()
    }

    /// The value .NET's `X509NameType.SimpleName` shows: common name, else organisational unit,
    /// organisation, e-mail address, else the first attribute.
    #[must_use]
    pub fn simple_name(&self) -> Option<&str> {
        const ORDER: [&str; 4] = [
            attribute_type::COMMON_NAME,
            attribute_type::ORGANIZATIONAL_UNIT,
            attribute_type::ORGANIZATION,
            attribute_type::EMAIL_ADDRESS,
        ];
        ORDER
            .iter()
            .find_map(|oid| self.values(oid).last())
            .or_else(|| {
                self.rdns
                    .iter()
                    .flat_map(|rdn| rdn.0.iter())
                    .find_map(|attribute| match &attribute.value {
                        AttributeValue::Text(text) => Some(&**text),
                        AttributeValue::Der(_) => None,
                    })
            })
    }

    /// The e-mail address attribute, if there is one.
    #[must_use]
    pub fn email_address(&self) -> Option<&str> {
        self.values(attribute_type::EMAIL_ADDRESS).last()
    }
}

/// Whether two attribute values are equal in the sense of RFC 5280 section 7.1.
#[must_use]
pub fn same_text(a: &str, b: &str) -> bool {
    fold(a).eq(fold(b))
}

impl PartialEq for Dn {
    /// Equality of what is encoded; see [`Dn::same_name`] for names written by people.
    fn eq(&self, other: &Self) -> bool {
        self.rdns == other.rdns
    }
}

impl Eq for Dn {}

impl fmt::Display for Dn {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.printed)
    }
}

impl fmt::Debug for Dn {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Dn").field(&self.printed).finish()
    }
}

/// Lower case, blanks trimmed at the ends and collapsed inside.
fn fold(text: &str) -> impl Iterator<Item = char> + '_ {
    let mut words = text.split_whitespace();
    let first = words.next().unwrap_or("");
    first
        .chars()
        .chain(words.flat_map(|word| std::iter::once(' ').chain(word.chars())))
        .flat_map(char::to_lowercase)
}

fn canonical_reversed(rdns: &[Rdn]) -> String {
    canonical(rdns.iter().rev())
}

/// Every part is preceded by its length, so that no value can imitate a separator.
fn canonical<'a>(rdns: impl Iterator<Item = &'a Rdn>) -> String {
    let mut parts: Vec<(String, String)> = rdns
        .map(|rdn| {
            let mut attributes: Vec<(String, String)> = rdn
                .0
                .iter()
                .map(|attribute| {
                    let value = match &attribute.value {
                        AttributeValue::Text(text) => {
                            format!("t{}", fold(text).collect::<String>())
                        }
                        AttributeValue::Der(der) => format!("d{}", print::hex(der)),
                    };
                    (attribute.oid.to_string(), value)
                })
                .collect();
            attributes.sort();
            let types: Vec<String> = attributes.iter().map(|(oid, _)| oid.clone()).collect();
            let values: String = attributes
                .iter()
                .map(|(_, value)| format!("{}:{value}", value.len()))
                .collect();
            (types.join("+"), values)
        })
        .collect();
    parts.sort_by(|a, b| a.0.cmp(&b.0));
    parts
        .iter()
        .map(|(types, values)| format!("{types}={}:{values};", values.len()))
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn dn(text: &str) -> Dn {
        Dn::parse(text).unwrap()
    }

    #[test]
    fn a_name_in_encoding_order_with_st_is_the_name_dotnet_prints_with_s() {
        let written = dn(r#"C=US, ST=Illinois, L=Chicago, O="Contoso, Inc.", CN=*.contoso.com"#);
        let printed = dn(r#"CN=*.contoso.com, O="Contoso, Inc.", L=Chicago, S=Illinois, C=US"#);
        assert!(written.same_name(&printed));
        assert_eq!(written.as_str(), printed_of_reverse(&printed));
    }

    /// Printing reverses, so the name parsed from .NET's text prints in encoding order.
    fn printed_of_reverse(dn: &Dn) -> String {
        let mut rdns = dn.rdns().to_vec();
        rdns.reverse();
        Dn::from_rdns(rdns).to_string()
    }

    #[test]
    fn names_compare_without_case_and_with_aliases_of_the_email_type() {
        assert!(
            dn("CN=Partner  Company,E=a@B.c")
                .same_name(&dn("emailAddress=A@b.C, cn=partner company"))
        );
    }

    #[test]
    fn a_different_missing_or_additional_attribute_is_another_name() {
        let name = dn("CN=a, O=b");
        for other in [
            "CN=a",
            "CN=a, O=c",
            "CN=a, O=b, C=DE",
            "CN=b, O=a",
            "CN=a + O=b",
        ] {
            assert!(!name.same_name(&dn(other)), "{other}");
        }
    }

    #[test]
    fn the_order_of_equal_types_may_only_be_reversed_as_a_whole() {
        let name = dn("CN=a, DC=x, DC=y, DC=z");
        assert!(name.same_name(&dn("DC=z, DC=y, DC=x, CN=a")));
        assert!(!name.same_name(&dn("CN=a, DC=y, DC=x, DC=z")));
    }

    #[test]
    fn a_value_cannot_imitate_a_second_attribute() {
        let one = Dn::from_rdns(vec![Rdn(vec![Attribute {
            oid: "2.5.4.3".into(),
            value: AttributeValue::Text("a;2.5.4.10=3:2:tb".into()),
        }])]);
        assert!(!one.same_name(&dn("CN=a, O=b")));
    }

    #[test]
    fn the_simple_name_falls_back_from_common_name_to_what_there_is() {
        assert_eq!(dn("C=DE, O=o, OU=u, CN=c").simple_name(), Some("c"));
        assert_eq!(dn("C=DE, O=o, OU=u").simple_name(), Some("u"));
        assert_eq!(dn("C=DE").simple_name(), Some("DE"));
        assert_eq!(Dn::from_rdns(Vec::new()).simple_name(), None);
    }
}
