//! A reader for the little DER (X.690) that certificates need beside what OpenSSL parses.
//!
//! Only definite, minimal lengths and one-byte tags: anything else is refused, never guessed.

pub(crate) const BOOLEAN: u8 = 0x01;
pub(crate) const INTEGER: u8 = 0x02;
pub(crate) const BIT_STRING: u8 = 0x03;
pub(crate) const OCTET_STRING: u8 = 0x04;
pub(crate) const OID: u8 = 0x06;
pub(crate) const UTC_TIME: u8 = 0x17;
pub(crate) const GENERALIZED_TIME: u8 = 0x18;
pub(crate) const SEQUENCE: u8 = 0x30;
pub(crate) const SET: u8 = 0x31;

/// One element: tag, contents, and the whole encoding.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Element<'a> {
    pub(crate) tag: u8,
    pub(crate) contents: &'a [u8],
    pub(crate) encoding: &'a [u8],
}

impl<'a> Element<'a> {
    pub(crate) fn reader(&self) -> Reader<'a> {
        Reader::new(self.contents)
    }
}

/// Reads elements one after another.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Reader<'a> {
    rest: &'a [u8],
}

impl<'a> Reader<'a> {
    pub(crate) const fn new(bytes: &'a [u8]) -> Self {
        Self { rest: bytes }
    }

    pub(crate) const fn is_empty(&self) -> bool {
        self.rest.is_empty()
    }

    /// The tag of the next element, without reading it.
    pub(crate) fn peek(&self) -> Option<u8> {
        self.rest.first().copied()
    }

    pub(crate) fn next(&mut self) -> Option<Element<'a>> {
        let header = Header::parse(self.rest)?;
        let (encoding, rest) = self.rest.split_at_checked(header.total()?)?;
        let contents = encoding.get(header.header_length..)?;
        self.rest = rest;
        Some(Element {
            tag: header.tag,
            contents,
            encoding,
        })
    }

    /// The next element, which must have this tag.
    pub(crate) fn expect(&mut self, tag: u8) -> Option<Element<'a>> {
        (self.peek()? == tag).then(|| self.next())?
    }

    /// The next element if it has this tag.
    pub(crate) fn optional(&mut self, tag: u8) -> Option<Element<'a>> {
        if self.peek() == Some(tag) {
            self.next()
        } else {
            None
        }
    }
}

/// The header of an element whose contents may not all be there.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Header {
    pub(crate) tag: u8,
    pub(crate) header_length: usize,
    pub(crate) contents_length: usize,
}

impl Header {
    pub(crate) fn parse(bytes: &[u8]) -> Option<Self> {
        let (&tag, after_tag) = bytes.split_first()?;
        if tag & 0x1f == 0x1f {
            return None;
        }
        let (&first, after_first) = after_tag.split_first()?;
        if first < 0x80 {
            return Some(Self {
                tag,
                header_length: 2,
                contents_length: usize::from(first),
            });
        }
        let count = usize::from(first & 0x7f);
        if count == 0 || count > 4 {
            return None;
        }
        let digits = after_first.get(..count)?;
        let length = digits
            .iter()
            .fold(0_usize, |length, digit| (length << 8) | usize::from(*digit));
        let minimal = length >= 0x80 && digits.first().is_some_and(|digit| *digit != 0);
        minimal.then_some(Self {
            tag,
            header_length: 2 + count,
            contents_length: length,
        })
    }

    pub(crate) fn total(&self) -> Option<usize> {
        self.header_length.checked_add(self.contents_length)
    }
}

/// Dotted form of an object identifier's contents.
pub(crate) fn oid_text(contents: &[u8]) -> Option<String> {
    use std::fmt::Write as _;
    if contents.last()? & 0x80 != 0 {
        return None;
    }
    let mut text = String::new();
    let mut value = 0_u64;
    for byte in contents {
        value = value
            .checked_mul(128)?
            .checked_add(u64::from(byte & 0x7f))?;
        if byte & 0x80 != 0 {
            continue;
        }
        if text.is_empty() {
            let root = (value / 40).min(2);
            let _ = write!(text, "{root}.{}", value - root * 40);
        } else {
            let _ = write!(text, ".{value}");
        }
        value = 0;
    }
    Some(text)
}

/// Unix seconds of a `UTCTime` or `GeneralizedTime` in the only form RFC 5280, 4.1.2.5 allows: with
/// seconds, in UTC.
pub(crate) fn unix_time(element: Element<'_>) -> Option<i64> {
    let text = std::str::from_utf8(element.contents)
        .ok()?
        .strip_suffix('Z')?;
    if !text.bytes().all(|byte| byte.is_ascii_digit()) {
        return None;
    }
    let (year, rest) = match element.tag {
        UTC_TIME if text.len() == 12 => {
            let (year, rest) = text.split_at_checked(2)?;
            let year: i64 = year.parse().ok()?;
            (if year < 50 { 2000 + year } else { 1900 + year }, rest)
        }
        GENERALIZED_TIME if text.len() == 14 => {
            let (year, rest) = text.split_at_checked(4)?;
            (year.parse().ok()?, rest)
        }
        _ => return None,
    };
    let field = |index: usize| -> Option<i64> { rest.get(index * 2..index * 2 + 2)?.parse().ok() };
    let (month, day) = (field(0)?, field(1)?);
    let (hour, minute, second) = (field(2)?, field(3)?, field(4)?);
    let lawful = (1..=12).contains(&month)
        && (1..=days_in_month(year, month)).contains(&day)
        && hour < 24
        && minute < 60
        && second < 60;
    lawful.then(|| days_from_civil(year, month, day) * 86_400 + hour * 3600 + minute * 60 + second)
}

fn days_in_month(year: i64, month: i64) -> i64 {
    match month {
        2 if year % 4 == 0 && (year % 100 != 0 || year % 400 == 0) => 29,
        2 => 28,
        4 | 6 | 9 | 11 => 30,
        _ => 31,
    }
}

/// Days since 1970-01-01 in the proleptic Gregorian calendar. Counts years from March, so that the
/// leap day comes last.
fn days_from_civil(year: i64, month: i64, day: i64) -> i64 {
    let year = if month <= 2 { year - 1 } else { year };
    let era = year.div_euclid(400);
    let year_of_era = year.rem_euclid(400);
    let day_of_year = (153 * ((month + 9) % 12) + 2) / 5 + day - 1;
    let day_of_era = year_of_era * 365 + year_of_era / 4 - year_of_era / 100 + day_of_year;
    era * 146_097 + day_of_era - 719_468
}

#[cfg(test)]
mod tests {
    use super::*;

    fn time(tag: u8, text: &str) -> Option<i64> {
        unix_time(Element {
            tag,
            contents: text.as_bytes(),
            encoding: &[],
        })
    }

    #[test]
    fn times_are_read_over_the_whole_range_of_x509() {
        assert_eq!(time(UTC_TIME, "700101000000Z"), Some(0));
        assert_eq!(time(UTC_TIME, "491231235959Z"), Some(2_524_607_999));
        assert_eq!(time(UTC_TIME, "500101000000Z"), Some(-631_152_000));
        assert_eq!(
            time(GENERALIZED_TIME, "20240229120000Z"),
            Some(1_709_208_000)
        );
        assert_eq!(
            time(GENERALIZED_TIME, "99991231235959Z"),
            Some(253_402_300_799)
        );
    }

    #[test]
    fn unlawful_times_are_refused() {
        for text in [
            "20230229120000Z",
            "20231301000000Z",
            "20230101240000Z",
            "20230101000000",
            "2023010100000Z",
            "20230101000000+",
        ] {
            assert_eq!(time(GENERALIZED_TIME, text), None, "{text}");
        }
        assert_eq!(time(UTC_TIME, "2301010000Z"), None);
    }

    #[test]
    fn object_identifiers_are_printed_dotted() {
        assert_eq!(oid_text(&[0x55, 0x04, 0x03]).as_deref(), Some("2.5.4.3"));
        assert_eq!(
            oid_text(&[0x2b, 0x06, 0x01, 0x04, 0x01, 0x82, 0x37, 0x14, 0x02, 0x03]).as_deref(),
            Some("1.3.6.1.4.1.311.20.2.3")
        );
        assert_eq!(oid_text(&[0x55, 0x84]), None);
        assert_eq!(oid_text(&[]), None);
    }

    #[test]
    fn lengths_that_are_not_minimal_or_not_definite_are_refused() {
        for bytes in [
            &[0x30, 0x80, 0, 0][..],
            &[0x30, 0x81, 0x01, 0][..],
            &[0x30, 0x82, 0, 0x80][..],
            &[0x1f, 0x20, 0][..],
        ] {
            assert!(Reader::new(bytes).next().is_none(), "{bytes:?}");
        }
    }
}
