//! PEM (RFC 7468) taken apart strictly: every block's markers and base64 are checked, text between
//! blocks is skipped.

use thiserror::Error;
use zeroize::Zeroizing;

/// What is wrong with a PEM text. Lines count from 1.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum PemError {
    /// No `-----BEGIN …-----` line.
    #[error("no PEM block (`-----BEGIN …-----`) was found")]
    NoBlock,
    /// The bytes are not UTF-8.
    #[error("the PEM text is not UTF-8")]
    NotText,
    /// A block begins and does not end.
    #[error("line {line}: the PEM block `{label}` has no end marker")]
    Unterminated {
        /// Label of the block.
        label: String,
        /// Line of its begin marker.
        line: usize,
    },
    /// The end marker names something else.
    #[error("line {line}: the end marker says `{found}`, the block is `{label}`")]
    MismatchedEnd {
        /// Label of the block.
        label: String,
        /// Label of the end marker.
        found: String,
        /// Line of the end marker.
        line: usize,
    },
    /// The body is not base64.
    #[error("line {line}: the PEM block `{label}` is not base64")]
    NotBase64 {
        /// Label of the block.
        label: String,
        /// Line of its begin marker.
        line: usize,
    },
}

/// One PEM block.
pub(crate) struct Block {
    pub(crate) label: String,
    pub(crate) line: usize,
    pub(crate) der: Zeroizing<Vec<u8>>,
    /// Has RFC 1421 headers, which only the old encryption of keys uses.
    pub(crate) has_headers: bool,
}

/// Whether the bytes look like PEM rather than DER.
pub(crate) fn looks_like_pem(bytes: &[u8]) -> bool {
    bytes.windows(10).any(|window| window == b"-----BEGIN")
}

pub(crate) fn blocks(bytes: &[u8]) -> Result<Vec<Block>, PemError> {
    let text = std::str::from_utf8(bytes).map_err(|_| PemError::NotText)?;
    let mut blocks = Vec::new();
    let mut lines = text
        .lines()
        .enumerate()
        .map(|(index, line)| (index + 1, line.trim()));
    while let Some((begin, line)) = lines.next() {
        let Some(label) = marker(line, "-----BEGIN ") else {
            continue;
        };
        let mut body = Zeroizing::new(String::new());
        let mut has_headers = false;
        loop {
            let Some((number, line)) = lines.next() else {
                return Err(PemError::Unterminated {
                    label: label.to_owned(),
                    line: begin,
                });
            };
            if let Some(found) = marker(line, "-----END ") {
                if found != label {
                    return Err(PemError::MismatchedEnd {
                        label: label.to_owned(),
                        found: found.to_owned(),
                        line: number,
                    });
                }
                break;
            }
            if line.contains(':') {
                has_headers = true;
            } else {
                body.extend(line.chars().filter(|character| !character.is_whitespace()));
            }
        }
        let der = if has_headers {
            Vec::new()
        } else {
            decode(&body).ok_or_else(|| PemError::NotBase64 {
                label: label.to_owned(),
                line: begin,
            })?
        };
        blocks.push(Block {
            label: label.to_owned(),
            line: begin,
            der: Zeroizing::new(der),
            has_headers,
        });
    }
    if blocks.is_empty() {
        return Err(PemError::NoBlock);
    }
    Ok(blocks)
}

pub(crate) fn encode(label: &str, der: &[u8]) -> Zeroizing<String> {
    let body = Zeroizing::new(openssl::base64::encode_block(der));
    let mut text = Zeroizing::new(String::with_capacity(body.len() + body.len() / 64 + 64));
    text.push_str("-----BEGIN ");
    text.push_str(label);
    text.push_str("-----\n");
    for (index, character) in body.chars().enumerate() {
        if index > 0 && index % 64 == 0 {
            text.push('\n');
        }
        text.push(character);
    }
    text.push_str("\n-----END ");
    text.push_str(label);
    text.push_str("-----\n");
    text
}

fn marker<'a>(line: &'a str, prefix: &str) -> Option<&'a str> {
    line.strip_prefix(prefix)?.strip_suffix("-----")
}

fn decode(body: &str) -> Option<Vec<u8>> {
    let digits = body.trim_end_matches('=');
    let lawful = body.len().is_multiple_of(4)
        && body.len() - digits.len() <= 2
        && digits
            .bytes()
            .all(|byte| byte.is_ascii_alphanumeric() || byte == b'+' || byte == b'/');
    if !lawful || digits.is_empty() {
        return None;
    }
    openssl::base64::decode_block(body).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_block_is_read_back_as_it_was_written() {
        let text = encode("CERTIFICATE", &[7; 100]);
        let found = blocks(format!("a comment\n{}", *text).as_bytes()).unwrap();
        assert_eq!(found.len(), 1);
        assert_eq!(
            (found[0].label.as_str(), found[0].line, &**found[0].der),
            ("CERTIFICATE", 2, &[7; 100][..])
        );
    }

    #[test]
    fn every_way_to_be_wrong_has_its_own_message_with_a_line() {
        let error = |text: &str| {
            blocks(text.as_bytes())
                .err()
                .map(|error| error.to_string())
                .unwrap()
        };
        assert!(error("hello").contains("no PEM block"));
        assert!(error("\n-----BEGIN X-----\nAAAA\n").contains("line 2"));
        assert!(error("-----BEGIN X-----\nAAAA\n-----END Y-----\n").contains("line 3"));
        assert!(error("-----BEGIN X-----\nAA!A\n-----END X-----\n").contains("not base64"));
        assert!(error("-----BEGIN X-----\nAAA\n-----END X-----\n").contains("not base64"));
    }
}
