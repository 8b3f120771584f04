//! Where a chunked body ends (RFC 9112 section 7.1).

/// Most bytes of chunk extensions, and of trailers, of one message.
const MAX_OVERHEAD: u32 = 16 * 1024;

/// Follows one chunked body.
#[derive(Debug, Clone, Copy)]
pub(super) struct Chunks {
    state: Chunk,
    /// Bytes of extensions and trailers that may still come.
    overhead: u32,
}

#[derive(Debug, Clone, Copy)]
enum Chunk {
    Size { value: u64, digits: u8 },
    Extension(u64),
    SizeLf(u64),
    Data(u64),
    DataCr,
    DataLf,
    LineStart,
    Trailer,
    TrailerLf,
    EndLf,
}

impl Chunks {
    pub(super) fn new() -> Self {
        Self {
            state: Chunk::Size {
                value: 0,
                digits: 0,
            },
            overhead: MAX_OVERHEAD,
        }
    }

    /// How many bytes of `input` belong to the body, and whether it ends with them.
    pub(super) fn pass(&mut self, input: &[u8]) -> Result<(usize, bool), &'static str> {
        let mut passed = 0;
        while let Some(byte) = input.get(passed) {
            if let Chunk::Data(left) = self.state {
                let available = input.len() - passed;
                let count = usize::try_from(left).unwrap_or(usize::MAX).min(available);
                passed += count;
                let left = left.saturating_sub(count as u64);
                self.state = if left == 0 {
                    Chunk::DataCr
                } else {
                    Chunk::Data(left)
                };
                continue;
            }
            passed += 1;
            if matches!((self.state, byte), (Chunk::EndLf, b'\n')) {
                return Ok((passed, true));
            }
            self.state = self.step(*byte)?;
        }
        Ok((passed, false))
    }

    fn step(&mut self, byte: u8) -> Result<Chunk, &'static str> {
        Ok(match (self.state, byte) {
            (Chunk::Size { value, digits }, byte) if byte.is_ascii_hexdigit() => {
                let digit = (byte as char).to_digit(16).unwrap_or_default();
                // Sixteen digits fit a u64 exactly; a seventeenth is an overflow or padding.
                if digits == 16 {
                    return Err("A chunk size is too large.");
                }
                Chunk::Size {
                    value: value << 4 | u64::from(digit),
                    digits: digits + 1,
                }
            }
            (Chunk::Size { digits: 0, .. }, _) => return Err("A chunk size is missing."),
            (Chunk::Size { value, .. } | Chunk::Extension(value), b'\r') => Chunk::SizeLf(value),
            (Chunk::Size { value, .. }, b';' | b' ' | b'\t') => Chunk::Extension(value),
            (Chunk::Extension(value), byte) if byte != b'\n' => {
                self.spend("The chunk extensions are too large.")?;
                Chunk::Extension(value)
            }
            (Chunk::SizeLf(0), b'\n') | (Chunk::TrailerLf, b'\n') => Chunk::LineStart,
            (Chunk::SizeLf(value), b'\n') => Chunk::Data(value),
            (Chunk::DataCr, b'\r') => Chunk::DataLf,
            (Chunk::DataLf, b'\n') => Chunk::Size {
                value: 0,
                digits: 0,
            },
            (Chunk::LineStart, b'\r') => Chunk::EndLf,
            (Chunk::Trailer, b'\r') => Chunk::TrailerLf,
            (Chunk::LineStart | Chunk::Trailer, byte) if byte != b'\n' => {
                self.spend("The trailers are too large.")?;
                Chunk::Trailer
            }
            _ => return Err("The chunked body is malformed."),
        })
    }

    fn spend(&mut self, problem: &'static str) -> Result<(), &'static str> {
        self.overhead = self.overhead.checked_sub(1).ok_or(problem)?;
        Ok(())
    }
}
