//! Entity tags: the number of the revision that last changed a resource, as the contract writes it.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use gateway_config::change::IfMatch;

/// The tag without quotes: base64 of eight bytes, big-endian (`AAAAAAAAAAM=`).
#[must_use]
pub fn bare(changed_in: u64) -> String {
    STANDARD.encode(changed_in.to_be_bytes())
}

/// The tag as a header carries it, in quotes (RFC 9110 section 8.8.3).
#[must_use]
pub fn quoted(changed_in: u64) -> String {
    format!("\"{}\"", bare(changed_in))
}

/// What an `If-Match` header demands.
///
/// Azure's clients send `*` with every `PUT` that may create, so `*` is no condition; a tag that is
/// not one of ours can match nothing.
///
/// # Errors
///
/// If there are several tags: no client of the contract sends that.
pub fn if_match(header: Option<&str>) -> Result<IfMatch, &'static str> {
    let Some(header) = header.map(str::trim).filter(|header| !header.is_empty()) else {
        return Ok(IfMatch::Any);
    };
    if header == "*" || header == "\"*\"" {
        return Ok(IfMatch::Any);
    }
    if header.contains(',') {
        return Err("Only one entity tag can be given in If-Match.");
    }
    let tag = header.trim_matches('"');
    // No revision has the largest number, so an unknown tag fails the condition.
    Ok(IfMatch::Revision(parse(tag).unwrap_or(u64::MAX)))
}

fn parse(tag: &str) -> Option<u64> {
    let bytes = STANDARD.decode(tag).ok()?;
    bytes.try_into().ok().map(u64::from_be_bytes)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_tag_is_the_base64_of_eight_bytes_in_quotes() {
        assert_eq!(quoted(3), "\"AAAAAAAAAAM=\"");
        assert_eq!(if_match(Some("\"AAAAAAAAAAM=\"")), Ok(IfMatch::Revision(3)));
        assert_eq!(if_match(Some("AAAAAAAAAAM=")), Ok(IfMatch::Revision(3)));
    }

    #[test]
    fn a_star_is_no_condition_and_a_strange_tag_matches_nothing() {
        assert_eq!(if_match(None), Ok(IfMatch::Any));
        assert_eq!(if_match(Some("*")), Ok(IfMatch::Any));
        assert_eq!(if_match(Some("\"abc\"")), Ok(IfMatch::Revision(u64::MAX)));
        assert_eq!(
            if_match(Some("W/\"AAAAAAAAAAM=\"")),
            Ok(IfMatch::Revision(u64::MAX))
        );
        assert!(if_match(Some("\"a\", \"b\"")).is_err());
    }
}
