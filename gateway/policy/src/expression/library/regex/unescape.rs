//! `Regex.Unescape`.

use super::parse::{Parsed, unescaper};

/// Replaces the escapes of a pattern by what they stand for.
pub(super) fn unescape(source: &str) -> Parsed<String> {
    let units: Vec<u16> = source.encode_utf16().collect();
    let mut parser = unescaper(&units);
    let mut out = Vec::with_capacity(units.len());
    while let Some(unit) = units.get(parser.at) {
        parser.at += 1;
        out.push(if *unit == u16::from(b'\\') {
            parser.character()?
        } else {
            *unit
        });
    }
    Ok(String::from_utf16_lossy(&out))
}
