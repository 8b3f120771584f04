//! `System.Guid`.

use super::exception::Exception;

/// Lower-case with dashes: format `D`.
pub(crate) fn print(bytes: &[u8; 16]) -> String {
    let mut text = String::with_capacity(36);
    for (i, byte) in bytes.iter().enumerate() {
        if matches!(i, 4 | 6 | 8 | 10) {
            text.push('-');
        }
        push_hex(&mut text, *byte);
    }
    text
}

/// `ToString(format)`: `N`, `D`, `B`, `P`.
pub(crate) fn print_format(bytes: &[u8; 16], format: &str) -> Result<String, Exception> {
    let dashed = print(bytes);
    Ok(match format {
        "" | "D" | "d" => dashed,
        "N" | "n" => dashed.replace('-', ""),
        "B" | "b" => format!("{{{dashed}}}"),
        "P" | "p" => format!("({dashed})"),
        _ => {
            return Err(Exception::format(
                "Format string can be only \"D\", \"d\", \"N\", \"n\", \"P\", \"p\", \"B\", \"b\", \
                 \"X\" or \"x\".",
            ));
        }
    })
}

/// `Guid.TryParse`: formats `N`, `D`, `B` and `P`.
pub(crate) fn parse(text: &str) -> Option<[u8; 16]> {
    let text = text.trim();
    let inner = match text.as_bytes() {
        [b'{', .., b'}'] | [b'(', .., b')'] => text.get(1..text.len() - 1)?,
        _ => text,
    };
    let digits: String = match inner.len() {
        32 => inner.to_owned(),
        36 => {
            let dashed = inner
                .char_indices()
                .all(|(i, c)| matches!(i, 8 | 13 | 18 | 23) == (c == '-'));
            if !dashed {
                return None;
            }
            inner.replace('-', "")
        }
        _ => return None,
    };
    if digits.len() != 32 || !digits.bytes().all(|b| b.is_ascii_hexdigit()) {
        return None;
    }
    u128::from_str_radix(&digits, 16)
        .ok()
        .map(u128::to_be_bytes)
}

/// `GetHashCode` of .NET, which is defined by the fields alone.
pub(crate) fn hash_code(bytes: &[u8; 16]) -> i32 {
    let net = to_net(bytes);
    let [
        a0,
        a1,
        a2,
        a3,
        b0,
        b1,
        b2,
        b3,
        c0,
        c1,
        c2,
        c3,
        d0,
        d1,
        d2,
        d3,
    ] = net;
    i32::from_le_bytes([a0, a1, a2, a3])
        ^ i32::from_le_bytes([b0, b1, b2, b3])
        ^ i32::from_le_bytes([c0, c1, c2, c3])
        ^ i32::from_le_bytes([d0, d1, d2, d3])
}

/// Between the order of the text and that of `ToByteArray`, whose first three fields are
/// little-endian.
pub(crate) fn to_net(bytes: &[u8; 16]) -> [u8; 16] {
    let [a, b, c, d, e, f, g, h, rest @ ..] = *bytes;
    let [i, j, k, l, m, n, o, p] = rest;
    [d, c, b, a, f, e, h, g, i, j, k, l, m, n, o, p]
}

/// Appends two lower-case hexadecimal digits.
pub(crate) fn push_hex(text: &mut String, byte: u8) {
    for digit in [byte >> 4, byte & 15] {
        text.push(char::from_digit(u32::from(digit), 16).unwrap_or('0'));
    }
}
