//! Dates and times as the contract writes them (RFC 3339), as unix seconds.

/// Reads `2027-01-31T00:00:00Z`, with any offset and fraction of a second (cut off). The official
/// clients send no offset now and then; UTC is meant.
pub(crate) fn parse(text: &str) -> Option<i64> {
    let zoned = text
        .parse::<jiff::Timestamp>()
        .map(|moment| moment.as_second());
    zoned
        .or_else(|_| {
            let civil = text.parse::<jiff::civil::DateTime>()?;
            civil
                .to_zoned(jiff::tz::TimeZone::UTC)
                .map(|zoned| zoned.timestamp().as_second())
        })
        .ok()
}

/// Writes `2027-01-31T00:00:00Z`.
pub(crate) fn print(seconds: i64) -> String {
    jiff::Timestamp::from_second(seconds).map_or_else(
        |_| seconds.to_string(),
        |moment| moment.strftime("%Y-%m-%dT%H:%M:%SZ").to_string(),
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_what_clients_send_and_prints_it_in_utc() {
        for text in [
            "2027-01-31T00:00:00Z",
            "2027-01-31T01:00:00+01:00",
            "2027-01-31T00:00:00.123",
            "2027-01-31",
        ] {
            assert_eq!(
                parse(text).map(print).as_deref(),
                Some("2027-01-31T00:00:00Z"),
                "{text}"
            );
        }
        assert_eq!(parse("tomorrow"), None);
        assert_eq!(parse("2027-13-31T00:00:00Z"), None);
    }
}
