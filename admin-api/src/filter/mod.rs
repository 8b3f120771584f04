//! `$filter` of lists: the operators and functions that the contract documents (`OData` 4.01, part 2,
//! section 5.1.1), over the properties that clients read.

mod judge;
mod parse;
mod token;

use gateway_config::resource::Kind;
use serde_json::Value;

/// Longest filter that is read, in bytes.
const LONGEST: usize = 8_192;

/// A filter, ready to be asked.
#[derive(Debug, Clone, PartialEq)]
pub struct Filter(Expression);

/// A part of a filter that is true or false of a resource.
#[derive(Debug, Clone, PartialEq)]
enum Expression {
    And(Box<Self>, Box<Self>),
    Or(Box<Self>, Box<Self>),
    Not(Box<Self>),
    Compare(String, Comparison, Literal),
    Text(String, TextFunction, String),
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Comparison {
    Equal,
    NotEqual,
    Greater,
    GreaterOrEqual,
    Less,
    LessOrEqual,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum TextFunction {
    Contains,
    StartsWith,
    EndsWith,
}

#[derive(Debug, Clone, PartialEq)]
enum Literal {
    Text(String),
    Number(f64),
    Flag(bool),
    Null,
}

impl Filter {
    /// Reads the filter of a list of `kind`.
    ///
    /// # Errors
    ///
    /// What is wrong with it, for a person.
    pub fn parse(text: &str, kind: Kind) -> Result<Self, String> {
        if text.len() > LONGEST {
            return Err(format!("$filter has at most {LONGEST} bytes."));
        }
        let expression = parse::expression(text)?;
        check_fields(&expression, fields(kind))?;
        Ok(Self(expression))
    }

    /// Whether it holds for a resource called `name` with these rendered properties.
    #[must_use]
    pub fn holds(&self, name: &str, properties: &Value) -> bool {
        judge::holds(&self.0, name, properties)
    }
}

/// What lists of a kind can be filtered by. Secrets are not among them: a filter that answers yes or
/// no would give them away letter by letter.
const fn fields(kind: Kind) -> &'static [&'static str] {
    match kind {
        Kind::Service => &["name", "location"],
        Kind::NamedValue => &["name", "displayName", "tags", "secret"],
        Kind::Certificate => &[
            "name",
            "subject",
            "thumbprint",
            "expirationDate",
            "hasPrivateKey",
        ],
        Kind::Backend => &["name", "title", "url", "description", "protocol"],
        Kind::Api => &[
            "name",
            "displayName",
            "description",
            "serviceUrl",
            "path",
            "isCurrent",
            "apiRevision",
            "subscriptionRequired",
        ],
        Kind::Operation => &[
            "name",
            "displayName",
            "method",
            "description",
            "urlTemplate",
        ],
        Kind::GlobalPolicy | Kind::ProductPolicy | Kind::ApiPolicy | Kind::OperationPolicy => {
            &["name", "format"]
        }
        Kind::PolicyFragment => &["name", "description", "value"],
        Kind::Product => &[
            "name",
            "displayName",
            "description",
            "terms",
            "state",
            "subscriptionRequired",
        ],
        Kind::ProductApi => &["name"],
        Kind::Logger => &["name", "description", "loggerType", "resourceId"],
        Kind::Cache => &["name", "description", "useFromLocation"],
        Kind::Subscription => &[
            "name",
            "displayName",
            "stateComment",
            "ownerId",
            "scope",
            "state",
            "createdDate",
            "expirationDate",
        ],
        Kind::IdentityList => &["name", "description"],
        Kind::Identity => &[
            "name",
            "thumbprint",
            "spki",
            "serialNumber",
            "subject",
            "commonName",
            "dnsName",
            "uri",
            "issuerSubject",
            "issuerThumbprint",
            "issuerCertificateId",
            "displayName",
            "notBefore",
            "notAfter",
        ],
        Kind::Crl => &["name", "issuer", "number", "thisUpdate", "nextUpdate"],
    }
}

fn check_fields(expression: &Expression, known: &[&str]) -> Result<(), String> {
    match expression {
        Expression::And(left, right) | Expression::Or(left, right) => {
            check_fields(left, known)?;
            check_fields(right, known)
        }
        Expression::Not(inner) => check_fields(inner, known),
        Expression::Compare(field, ..) | Expression::Text(field, ..) => {
            if known.iter().any(|name| name.eq_ignore_ascii_case(field)) {
                Ok(())
            } else {
                Err(format!(
                    "This list cannot be filtered by `{field}`, only by {}.",
                    known.join(", ")
                ))
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn holds(filter: &str) -> bool {
        let properties = json!({
            "displayName": "Allowed-Thumbprints", "tags": ["mtls", "it's"], "secret": false
        });
        Filter::parse(filter, Kind::NamedValue)
            .unwrap()
            .holds("allowed", &properties)
    }

    #[test]
    fn comparisons_functions_and_connectives_work_together() {
        for yes in [
            "displayName eq 'allowed-thumbprints'",
            "properties/displayName eq 'allowed-thumbprints'",
            "name ne 'x' and secret eq false",
            "not (name eq 'x') and (secret eq true or startswith(displayName,'Allowed'))",
            "contains(displayName, 'thumb')",
            "substringof('thumb', displayName) eq true",
            "endswith(displayName,'prints')",
            "tags eq 'it''s'",
            "contains(tags, 'tls')",
            "name gt 'a' and name lt 'b'",
            "name ge 'allowed' and name le 'allowed'",
            "NAME EQ 'allowed' AND Secret Eq False",
        ] {
            assert!(holds(yes), "{yes}");
        }
        for no in [
            "displayName eq 'x'",
            "contains(displayName,'x')",
            "not secret eq false",
            "tags eq null",
        ] {
            assert!(!holds(no), "{no}");
        }
    }

    #[test]
    fn dates_compare_as_dates() {
        let properties = json!({ "expirationDate": "2027-01-31T00:00:00Z" });
        let holds = |text: &str| {
            Filter::parse(text, Kind::Certificate)
                .unwrap()
                .holds("c", &properties)
        };
        assert!(holds("expirationDate lt 2027-01-31T02:00:00+01:00"));
        assert!(holds("expirationDate lt '2027-02-01T00:00:00Z'"));
        assert!(holds("expirationDate ge datetime'2027-01-31'"));
        assert!(!holds("expirationDate gt 2027-01-31"));
    }

    #[test]
    fn and_binds_stronger_than_or() {
        assert!(holds("name eq 'allowed' or name eq 'x' and name eq 'y'"));
        assert!(!holds("(name eq 'allowed' or name eq 'x') and name eq 'y'"));
    }

    #[test]
    fn mistakes_are_refused_with_a_reason() {
        for bad in [
            "",
            "displayName",
            "displayName eq",
            "displayName eq 'x",
            "displayName is 'x'",
            "(name eq 'x'",
            "name eq 'x')",
            "contains(name)",
            "contains('x', name)",
            "name eq 'x' and",
            "value eq 'x'",
            "nme eq 'x'",
            "name eq x",
            "$ eq 1",
            "\u{fe}\u{ff}",
            "name eq 'x' name eq 'y'",
        ] {
            assert!(Filter::parse(bad, Kind::NamedValue).is_err(), "{bad}");
        }
        let deep = format!("{}name eq 'x'{}", "(".repeat(3000), ")".repeat(3000));
        assert!(Filter::parse(&deep, Kind::NamedValue).is_err());
        assert!(Filter::parse(&"not ".repeat(2000), Kind::NamedValue).is_err());
        assert!(Filter::parse(&"a".repeat(9000), Kind::NamedValue).is_err());
    }
}
