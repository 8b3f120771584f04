//! Distinguished names, attribute by attribute.

use openssl::nid::Nid;
use openssl::x509::{X509Name, X509NameBuilder};

use super::IssueError;

/// An attribute type of a distinguished name (RFC 4519, RFC 2985).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Attribute {
    /// `C`: two letters of ISO 3166.
    Country,
    /// `ST`: state or province.
    State,
    /// `L`: locality.
    Locality,
    /// `O`: organisation.
    Organization,
    /// `OU`: organisational unit.
    OrganizationalUnit,
    /// `CN`: common name.
    CommonName,
    /// `emailAddress` (PKCS #9); RFC 5280 prefers the alternative name, many authorities still use it.
    EmailAddress,
    /// `serialNumber` of the subject, not of the certificate.
    SerialNumber,
    /// `DC`: one label of a domain name.
    DomainComponent,
}

impl Attribute {
    fn nid(self) -> Nid {
        match self {
            Self::Country => Nid::COUNTRYNAME,
            Self::State => Nid::STATEORPROVINCENAME,
            Self::Locality => Nid::LOCALITYNAME,
            Self::Organization => Nid::ORGANIZATIONNAME,
            Self::OrganizationalUnit => Nid::ORGANIZATIONALUNITNAME,
            Self::CommonName => Nid::COMMONNAME,
            Self::EmailAddress => Nid::PKCS9_EMAILADDRESS,
            Self::SerialNumber => Nid::SERIALNUMBER,
            Self::DomainComponent => Nid::DOMAINCOMPONENT,
        }
    }
}

/// A distinguished name: one attribute per relative distinguished name, in the order they are
/// encoded (most significant first, as authorities write them: `C`, `ST`, `L`, `O`, `OU`, `CN`).
///
/// Values are taken as they are: a comma or a quote in a value is a character of the value and
/// needs no escaping.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Subject {
    attributes: Vec<(Attribute, String)>,
}

impl Subject {
    /// A name without attributes.
    #[must_use]
    pub fn empty() -> Self {
        Self::default()
    }

    /// A name that consists of a common name.
    #[must_use]
    pub fn common_name(value: impl Into<String>) -> Self {
        Self::empty().with(Attribute::CommonName, value)
    }

    /// Adds an attribute after the ones already there.
    #[must_use]
    pub fn with(mut self, attribute: Attribute, value: impl Into<String>) -> Self {
        self.attributes.push((attribute, value.into()));
        self
    }

    /// Whether the name has no attribute.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.attributes.is_empty()
    }

    /// The first value of an attribute.
    #[must_use]
    pub fn value(&self, attribute: Attribute) -> Option<&str> {
        self.attributes
            .iter()
            .find(|(kind, _)| *kind == attribute)
            .map(|(_, value)| value.as_str())
    }

    /// OpenSSL's form; its own table checks lengths and alphabets (`C` has two letters).
    pub(super) fn to_x509_name(&self) -> Result<X509Name, IssueError> {
        let mut name = X509NameBuilder::new()?;
        for (attribute, value) in &self.attributes {
            // OpenSSL's limits are per attribute and far below this; it guards the binding's
            // length conversion, which asserts.
            if value.is_empty() || value.len() > 4096 {
                return Err(IssueError::Request(format!(
                    "{attribute:?} of the subject is empty or longer than 4096 bytes"
                )));
            }
            name.append_entry_by_nid(attribute.nid(), value)
                .map_err(|error| {
                    IssueError::Request(format!(
                        "{attribute:?} of the subject is not valid: {error}"
                    ))
                })?;
        }
        Ok(name.build())
    }
}

impl From<&str> for Subject {
    /// A common name.
    fn from(common_name: &str) -> Self {
        Self::common_name(common_name)
    }
}
