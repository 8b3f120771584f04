//! Thumbprints: SHA-1 or SHA-256 in hexadecimal, told apart by length.

/// A thumbprint of a certificate.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Thumbprint {
    /// 40 hexadecimal digits.
    Sha1([u8; 20]),
    /// 64 hexadecimal digits.
    Sha256([u8; 32]),
}

/// Reads a thumbprint in either case; colons, dashes, blanks and the invisible left-to-right mark
/// that the Windows certificate dialog adds when copying do not matter.
///
/// # Errors
///
/// A sentence that says what is wrong.
pub fn parse(text: &str) -> Result<Thumbprint, String> {
    let digits = digits(text)?;
    match digits.len() {
        40 => decode(&digits).map(Thumbprint::Sha1),
        64 => decode(&digits).map(Thumbprint::Sha256),
        n => Err(format!(
            "A thumbprint has 40 (SHA-1) or 64 (SHA-256) hexadecimal digits; this one has {n}."
        )),
    }
}

/// Reads 64 hexadecimal digits, e.g. the SHA-256 of a public key.
///
/// # Errors
///
/// A sentence that says what is wrong.
pub fn parse_sha256(text: &str) -> Result<[u8; 32], String> {
    match parse(text)? {
        Thumbprint::Sha256(bytes) => Ok(bytes),
        Thumbprint::Sha1(_) => Err("64 hexadecimal digits (SHA-256) are expected here.".to_owned()),
    }
}

/// Reads 40 hexadecimal digits, a SHA-1.
///
/// # Errors
///
/// A sentence that says what is wrong.
pub fn parse_sha1(text: &str) -> Result<[u8; 20], String> {
    match parse(text)? {
        Thumbprint::Sha1(bytes) => Ok(bytes),
        Thumbprint::Sha256(_) => Err("40 hexadecimal digits (SHA-1) are expected here.".to_owned()),
    }
}

/// Upper-case hexadecimal.
#[must_use]
pub fn print(bytes: &[u8]) -> String {
    const DIGITS: [char; 16] = [
        '0', '1', '2', '3', '4', '5', '6', '7', '8', '9', 'A', 'B', 'C', 'D', 'E', 'F',
    ];
    let digit = |nibble: u8| DIGITS.get(usize::from(nibble)).copied().unwrap_or('0');
    bytes
        .iter()
        .flat_map(|byte| [digit(byte >> 4), digit(byte & 15)])
        .collect()
}

fn digits(text: &str) -> Result<Vec<u8>, String> {
    let mut digits = Vec::with_capacity(64);
    for c in text.chars() {
        match c {
            ':' | '-' | ' ' | '\t' | '\u{200e}' => {}
            c => match c.to_digit(16).and_then(|digit| u8::try_from(digit).ok()) {
                Some(_) if digits.len() >= 128 => {
                    return Err("A thumbprint has at most 64 hexadecimal digits.".to_owned());
                }
                Some(digit) => digits.push(digit),
                None => {
                    return Err(format!(
                        "A thumbprint consists of hexadecimal digits; `{}` is none.",
                        c.escape_default()
                    ));
                }
            },
        }
    }
    Ok(digits)
}

fn decode<const N: usize>(digits: &[u8]) -> Result<[u8; N], String> {
    let mut bytes = [0; N];
    for (byte, pair) in bytes.iter_mut().zip(digits.chunks_exact(2)) {
        *byte = pair.iter().fold(0, |value, digit| value << 4 | digit);
    }
    Ok(bytes)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn length_tells_sha1_from_sha256_and_separators_do_not_matter() {
        assert_eq!(parse(&"AB".repeat(20)), Ok(Thumbprint::Sha1([0xAB; 20])));
        assert_eq!(parse(&"ab:".repeat(32)), Ok(Thumbprint::Sha256([0xAB; 32])));
        assert_eq!(
            parse(&format!("\u{200e}{}", "a b ".repeat(20))),
            Ok(Thumbprint::Sha1([0xAB; 20]))
        );
    }

    #[test]
    fn anything_else_is_refused_with_the_reason() {
        assert!(parse(&"AB".repeat(19)).is_err_and(|e| e.contains("38")));
        assert!(parse(&"XY".repeat(20)).is_err_and(|e| e.contains("`X`")));
        assert!(parse("").is_err());
        assert!(parse(&"A".repeat(1_000_000)).is_err());
        assert!(parse_sha256(&"AB".repeat(20)).is_err());
    }

    #[test]
    fn prints_upper_case() {
        assert_eq!(print(&[0x0a, 0xff, 0x10]), "0AFF10");
    }
}
