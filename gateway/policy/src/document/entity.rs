//! XML's entities, decoded with a map back to the source.

use super::text::SourceText;

/// `raw`, which begins at byte `offset` of the source, with its entities decoded.
///
/// Only XML's five entities and character references are decoded. Any other `&` stands for itself:
/// real documents write URLs and C# operators with bare ampersands.
pub(super) fn decode(raw: &str, offset: usize) -> SourceText {
    let mut text = SourceText::empty(offset);
    let mut rest = raw;
    let mut at = offset;
    while let Some(ampersand) = rest.find('&') {
        let (before, from) = rest.split_at(ampersand);
        text.push(before, at);
        at += ampersand;
        match reference(from) {
            Some((c, length)) => {
                text.push_replacement(c.encode_utf8(&mut [0; 4]), at);
                rest = from.get(length..).unwrap_or("");
                at += length;
            }
            None => {
                text.push("&", at);
                rest = from.get(1..).unwrap_or("");
                at += 1;
            }
        }
    }
    text.push(rest, at);
    text
}

/// The character that `text`, which begins with `&`, refers to, and the length of the reference.
pub(super) fn reference(text: &str) -> Option<(char, usize)> {
    // The longest accepted reference is `&#x10FFFF;`, leading zeros aside.
    let end = text.bytes().take(16).position(|b| b == b';')?;
    let name = text.get(1..end)?;
    let c = match name {
        "quot" => '"',
        "amp" => '&',
        "lt" => '<',
        "gt" => '>',
        "apos" => '\'',
        _ => {
            let number = name.strip_prefix('#')?;
            let code = match number.strip_prefix(['x', 'X']) {
                Some(hex) if hex.bytes().all(|b| b.is_ascii_hexdigit()) => {
                    u32::from_str_radix(hex, 16).ok()?
                }
                None if number.bytes().all(|b| b.is_ascii_digit()) => number.parse().ok()?,
                _ => return None,
            };
            char::from_u32(code).filter(|c| *c != '\0')?
        }
    };
    Some((c, end + 1))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn decodes_the_five_names_and_character_references_and_leaves_the_rest() {
        let text = decode("a &lt; b &amp;&amp; c&#10;&#x41;&copy; ?x=1&y=2 &#0; &", 0);
        assert_eq!(text.as_str(), "a < b && c\nA&copy; ?x=1&y=2 &#0; &");
    }

    #[test]
    fn offsets_lead_back_to_the_source() {
        let raw = "a &lt; b";
        let text = decode(raw, 10);
        assert_eq!(text.as_str(), "a < b");
        assert_eq!(text.source_offset(0), 10);
        assert_eq!(text.source_offset(2), 12);
        assert_eq!(text.source_offset(3), 16);
        assert_eq!(text.source_offset(5), 10 + raw.len());
    }
}
