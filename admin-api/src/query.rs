//! The query string of a request.

use percent_encoding::percent_decode_str;

/// Oldest `api-version` of the contract that is spoken.
const OLDEST: &str = "2021-08-01";

/// The parameters of a request, decoded, in order.
#[derive(Debug, Clone, Default)]
pub struct Query(Vec<(String, String)>);

impl Query {
    /// Reads a query string; `+` is a blank, as HTML forms and some clients write it.
    #[must_use]
    pub fn parse(query: &str) -> Self {
        let decode = |text: &str| {
            percent_decode_str(&text.replace('+', " "))
                .decode_utf8_lossy()
                .into_owned()
        };
        let pairs = query
            .split('&')
            .filter(|pair| !pair.is_empty())
            .map(|pair| {
                let (name, value) = pair.split_once('=').unwrap_or((pair, ""));
                (decode(name), decode(value))
            });
        Self(pairs.collect())
    }

    /// The first value of a parameter; names compare without regard to case, as in Azure.
    #[must_use]
    pub fn get(&self, name: &str) -> Option<&str> {
        self.0
            .iter()
            .find(|(known, _)| known.eq_ignore_ascii_case(name))
            .map(|(_, value)| &**value)
    }

    /// Whether a switch such as `dryRun=true` is on.
    ///
    /// # Errors
    ///
    /// If it is neither `true` nor `false`.
    pub fn flag(&self, name: &str) -> Result<bool, String> {
        match self.get(name).map(str::to_ascii_lowercase).as_deref() {
            None | Some("" | "false") => Ok(false),
            Some("true") => Ok(true),
            Some(_) => Err(format!("`{name}` must be true or false.")),
        }
    }

    /// A number such as `$top=10`.
    ///
    /// # Errors
    ///
    /// If it is not a number, or above `most`.
    pub fn number(&self, name: &str, most: usize) -> Result<Option<usize>, String> {
        match self.get(name) {
            None | Some("") => Ok(None),
            Some(text) => match text.parse::<usize>() {
                Ok(number) if number <= most => Ok(Some(number)),
                _ => Err(format!("`{name}` must be a number from 0 to {most}.")),
            },
        }
    }

    /// Whether the `api-version` is one that is spoken here.
    ///
    /// # Errors
    ///
    /// Code and message, if it is missing where it is required, malformed or too old.
    pub fn check_version(&self, is_required: bool) -> Result<(), (&'static str, String)> {
        let Some(version) = self
            .get("api-version")
            .filter(|version| !version.is_empty())
        else {
            if is_required {
                return Err((
                    "MissingApiVersionParameter",
                    "The api-version query parameter (?api-version=) is required for all requests."
                        .to_owned(),
                ));
            }
            return Ok(());
        };
        let date = version.strip_suffix("-preview").unwrap_or(version);
        let is_date = date.len() == 10
            && date.bytes().enumerate().all(|(at, b)| match at {
                4 | 7 => b == b'-',
                _ => b.is_ascii_digit(),
            });
        // Dates in this form sort as text.
        if is_date && date >= OLDEST {
            return Ok(());
        }
        Err((
            "InvalidApiVersionParameter",
            format!("The api-version must be a date such as 2024-05-01, not before {OLDEST}."),
        ))
    }

    /// The parameters as a query string, with `$skip` replaced.
    #[must_use]
    pub fn with_skip(&self, skip: usize) -> String {
        let mut parts: Vec<String> = self
            .0
            .iter()
            .filter(|(name, _)| !name.eq_ignore_ascii_case("$skip"))
            .map(|(name, value)| format!("{}={}", encode(name), encode(value)))
            .collect();
        parts.push(format!("$skip={skip}"));
        parts.join("&")
    }
}

fn encode(text: &str) -> String {
    use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};
    const KEPT: &AsciiSet = &NON_ALPHANUMERIC
        .remove(b'-')
        .remove(b'.')
        .remove(b'_')
        .remove(b'~')
        .remove(b'$');
    utf8_percent_encode(text, KEPT).to_string()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_are_decoded_and_names_compare_without_case() {
        let query =
            Query::parse("$filter=displayName%20eq%20%27a%27&API-Version=2024-05-01&$top=5");
        assert_eq!(query.get("$filter"), Some("displayName eq 'a'"));
        assert_eq!(query.number("$top", 1000), Ok(Some(5)));
        assert!(query.number("$filter", 1000).is_err());
        assert!(query.check_version(true).is_ok());
        assert_eq!(
            query.with_skip(7),
            "$filter=displayName%20eq%20%27a%27&API-Version=2024-05-01&$top=5&$skip=7"
        );
    }

    #[test]
    fn the_version_must_be_there_a_date_and_not_too_old() {
        let code = |text: &str, required| {
            Query::parse(text)
                .check_version(required)
                .err()
                .map(|e| e.0)
        };
        assert_eq!(code("", true), Some("MissingApiVersionParameter"));
        assert_eq!(code("", false), None);
        assert_eq!(
            code("api-version=2020-12-01", true),
            Some("InvalidApiVersionParameter")
        );
        assert_eq!(
            code("api-version=2020-12-01", false),
            Some("InvalidApiVersionParameter")
        );
        assert_eq!(
            code("api-version=zzzz-zz-zz", true),
            Some("InvalidApiVersionParameter")
        );
        assert_eq!(code("api-version=2025-03-01-preview", true), None);
        assert_eq!(code("api-version=2021-08-01", true), None);
    }
}
