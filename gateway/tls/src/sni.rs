//! The server name of a `ClientHello` (RFC 6066, 3), parsed strictly: OpenSSL itself lets an empty name and
//! UTF-8 through.

/// The extension is there and is not one lawful host name.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct MalformedServerName;

/// Reads the extension's contents: one list with exactly one entry of type `host_name`, lengths exact, the
/// name not empty, ASCII without control characters. Lower-cased, one trailing dot taken off.
pub(crate) fn parse(extension: &[u8]) -> Result<String, MalformedServerName> {
    const HOST_NAME: u8 = 0;
    let read = || -> Option<String> {
        let (length, list) = extension.split_first_chunk::<2>()?;
        let (&[HOST_NAME], entry) = list.split_first_chunk::<1>()? else {
            return None;
        };
        let (name_length, name) = entry.split_first_chunk::<2>()?;
        let exact = usize::from(u16::from_be_bytes(*length)) == list.len()
            && usize::from(u16::from_be_bytes(*name_length)) == name.len();
        if !exact || name.len() > 255 {
            return None;
        }
        normalise(name)
    };
    read().ok_or(MalformedServerName)
}

fn normalise(name: &[u8]) -> Option<String> {
    let name = name.strip_suffix(b".").unwrap_or(name);
    let lawful =
        !name.is_empty() && name.last() != Some(&b'.') && name.iter().all(u8::is_ascii_graphic);
    lawful.then(|| {
        name.iter()
            .map(|byte| char::from(byte.to_ascii_lowercase()))
            .collect()
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn extension(name: &[u8]) -> Vec<u8> {
        let mut bytes = ((name.len() + 3) as u16).to_be_bytes().to_vec();
        bytes.push(0);
        bytes.extend((name.len() as u16).to_be_bytes());
        bytes.extend(name);
        bytes
    }

    #[test]
    fn case_and_one_trailing_dot_do_not_matter() {
        for name in ["a.test", "A.Test", "a.test.", "A.TEST."] {
            assert_eq!(parse(&extension(name.as_bytes())).as_deref(), Ok("a.test"));
        }
    }

    #[test]
    fn names_that_are_no_host_name_are_refused() {
        let long = [b'a'; 256];
        for name in [
            &b""[..],
            b".",
            b"a.test..",
            "münchen.test".as_bytes(),
            b"a\0b",
            b"a b",
            &long,
        ] {
            assert_eq!(
                parse(&extension(name)),
                Err(MalformedServerName),
                "{name:?}"
            );
        }
    }

    #[test]
    fn lists_that_are_not_exactly_one_host_name_are_refused() {
        let good = extension(b"a.test");
        let mut two = good.clone();
        two.extend([0, 0, 1, b'b']);
        two[1] += 4;
        let mut trailing = good.clone();
        trailing.push(0);
        let mut other_type = good.clone();
        other_type[2] = 1;
        for bytes in [
            &two[..],
            &trailing,
            &other_type,
            &good[..good.len() - 1],
            &[0, 0],
            &[],
        ] {
            assert_eq!(parse(bytes), Err(MalformedServerName), "{bytes:?}");
        }
    }
}
