//! Thumbprints as people copy them.

/// The upper-case digits of a thumbprint: without the blanks and the invisible mark that Windows'
/// certificate dialogue copies along, and without colons. What is no thumbprint stays none.
pub(super) fn digits(text: &str) -> String {
    text.chars()
        .filter(|c| !c.is_whitespace() && !matches!(c, ':' | '\u{200e}'))
        .map(|c| c.to_ascii_uppercase())
        .collect()
}

/// The bytes that pairs of hexadecimal digits stand for.
pub(super) fn bytes(digits: &str) -> Option<Vec<u8>> {
    let digits: Vec<u8> = digits
        .chars()
        .map(|c| c.to_digit(16).and_then(|digit| u8::try_from(digit).ok()))
        .collect::<Option<_>>()?;
    if !digits.len().is_multiple_of(2) {
        return None;
    }
    Some(
        digits
            .chunks_exact(2)
            .map(|pair| pair.iter().fold(0, |byte, digit| byte << 4 | digit))
            .collect(),
    )
}
