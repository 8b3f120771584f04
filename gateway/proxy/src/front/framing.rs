//! Where HTTP/1.1 messages begin and end, and which heads are refused.
//!
//! The HTTP implementation behind the front resolves ambiguous framing quietly (of
//! `Content-Length` together with `Transfer-Encoding` it drops the former before anybody sees it).
//! A gateway must not: two parties that disagree about where a message ends are what request
//! smuggling is made of (RFC 9112 section 11.2). So the bytes are looked at first. A head that is
//! ambiguous is never passed on, and nothing that follows it is ever read as a request.
//!
//! Rules are those of RFC 9112 sections 2.2, 3.2, 5, 6 and 7.1, always the strict choice where it
//! leaves one. Pure: bytes in, decisions out.

use http::StatusCode;

/// Most header lines of one request; the HTTP implementation's own limit.
pub(crate) const MAX_HEADERS: usize = 100;

/// Most bytes of chunk extensions, and of trailers, of one message.
const MAX_CHUNK_OVERHEAD: u32 = 16 * 1024;

/// Why a request is refused before it is understood.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Refusal {
    /// What the client is answered.
    pub(crate) status: StatusCode,
    /// A sentence for the client and the access record.
    pub(crate) reason: &'static str,
}

impl Refusal {
    pub(crate) const fn bad_request(reason: &'static str) -> Self {
        Self {
            status: StatusCode::BAD_REQUEST,
            reason,
        }
    }

    pub(crate) const HEAD_TIMEOUT: Self = Self {
        status: StatusCode::REQUEST_TIMEOUT,
        reason: "The request head did not arrive in time.",
    };
    const HEAD_TOO_LARGE: Self = Self {
        status: StatusCode::REQUEST_HEADER_FIELDS_TOO_LARGE,
        reason: "The request head is too large.",
    };
    const TOO_MANY_HEADERS: Self = Self {
        status: StatusCode::REQUEST_HEADER_FIELDS_TOO_LARGE,
        reason: "The request has too many header lines.",
    };
    const TARGET_TOO_LONG: Self = Self {
        status: StatusCode::URI_TOO_LONG,
        reason: "The request target is too long.",
    };
    const CONNECT: Self = Self {
        status: StatusCode::NOT_IMPLEMENTED,
        reason: "The CONNECT method is not supported.",
    };
}

/// Sizes beyond which a head is refused.
#[derive(Debug, Clone, Copy)]
pub(crate) struct HeadLimits {
    pub(crate) head_bytes: usize,
    pub(crate) target_bytes: usize,
}

/// What [`Scanner::scan`] found.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Scanned {
    /// Leading bytes that may be passed on. The rest is an unfinished head, to be given again with
    /// what follows it.
    pub(crate) vetted: usize,
    /// Complete heads among them.
    pub(crate) heads: u32,
    /// Why nothing after `vetted` may ever be passed on.
    pub(crate) stop: Option<Stop>,
}

/// A place in the stream after which nothing is trusted.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Stop {
    /// The next head is refused.
    Head(Refusal),
    /// The body of the current message is malformed.
    Body(&'static str),
}

/// Follows one connection's stream of requests.
#[derive(Debug)]
pub(crate) struct Scanner {
    limits: HeadLimits,
    state: State,
    /// Bytes of the unfinished head that hold no line end still to be looked at.
    searched: usize,
    /// Where the current line of the unfinished head begins.
    line_start: usize,
}

#[derive(Debug, Clone, Copy)]
enum State {
    Head,
    Length(u64),
    Chunked(Chunk, u32),
    Stopped,
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

impl Scanner {
    pub(crate) fn new(limits: HeadLimits) -> Self {
        Self {
            limits,
            state: State::Head,
            searched: 0,
            line_start: 0,
        }
    }

    /// Whether the stream is between two requests (an unfinished head counts as between).
    pub(crate) fn between_messages(&self) -> bool {
        matches!(self.state, State::Head)
    }

    /// Looks at `input`, which begins with the first byte not vetted before.
    pub(crate) fn scan(&mut self, input: &[u8]) -> Scanned {
        let mut found = Scanned {
            vetted: 0,
            heads: 0,
            stop: None,
        };
        while let Some(rest) = input.get(found.vetted..).filter(|rest| !rest.is_empty()) {
            let step = match self.state {
                State::Head => self.head(rest),
                State::Length(left) => Ok(self.fixed(rest, left)),
                State::Chunked(chunk, overhead) => self.chunked(rest, chunk, overhead),
                State::Stopped => break,
            };
            match step {
                Ok(Step::Passed(count)) => found.vetted += count,
                Ok(Step::HeadPassed(count)) => {
                    found.vetted += count;
                    found.heads += 1;
                }
                Ok(Step::NeedMore) => break,
                Err(stop) => {
                    self.state = State::Stopped;
                    found.stop = Some(stop);
                    break;
                }
            }
        }
        found
    }

    fn head(&mut self, rest: &[u8]) -> Result<Step, Stop> {
        while let Some(offset) = rest
            .get(self.searched..)
            .and_then(|unseen| memchr::memchr(b'\n', unseen))
        {
            let line_feed = self.searched + offset;
            let line = rest.get(self.line_start..line_feed).unwrap_or_default();
            let Some((b'\r', line)) = line.split_last() else {
                return Err(Stop::Head(Refusal::bad_request(
                    "A line of the request head does not end in CRLF.",
                )));
            };
            let blank = line.is_empty();
            let first = self.line_start == 0;
            self.searched = line_feed + 1;
            self.line_start = line_feed + 1;
            if blank {
                let length = std::mem::take(&mut self.line_start);
                self.searched = 0;
                if first {
                    // RFC 9112 section 2.2: an empty line before the request line is skipped.
                    return Ok(Step::Passed(length));
                }
                let head = rest.get(..length).unwrap_or_default();
                let body = check_head(head, self.limits).map_err(Stop::Head)?;
                self.state = match body {
                    BodyLength::None => State::Head,
                    BodyLength::Fixed(length) => State::Length(length),
                    BodyLength::Chunked => State::Chunked(
                        Chunk::Size {
                            value: 0,
                            digits: 0,
                        },
                        MAX_CHUNK_OVERHEAD,
                    ),
                };
                return Ok(Step::HeadPassed(length));
            }
        }
        self.searched = rest.len();
        if rest.len() > self.limits.head_bytes {
            let target = rest.split(|byte| *byte == b'\r').next().unwrap_or_default();
            return Err(Stop::Head(if target.len() > self.limits.target_bytes {
                Refusal::TARGET_TOO_LONG
            } else {
                Refusal::HEAD_TOO_LARGE
            }));
        }
        Ok(Step::NeedMore)
    }

    fn fixed(&mut self, rest: &[u8], left: u64) -> Step {
        let count = usize::try_from(left).unwrap_or(usize::MAX).min(rest.len());
        let left = left.saturating_sub(count as u64);
        self.state = if left == 0 {
            State::Head
        } else {
            State::Length(left)
        };
        Step::Passed(count)
    }

    fn chunked(&mut self, rest: &[u8], chunk: Chunk, overhead: u32) -> Result<Step, Stop> {
        let mut chunk = chunk;
        let mut overhead = overhead;
        let mut passed = 0;
        while let Some(byte) = rest.get(passed) {
            if let Chunk::Data(left) = chunk {
                let available = rest.len() - passed;
                let count = usize::try_from(left).unwrap_or(usize::MAX).min(available);
                passed += count;
                let left = left.saturating_sub(count as u64);
                chunk = if left == 0 {
                    Chunk::DataCr
                } else {
                    Chunk::Data(left)
                };
                continue;
            }
            passed += 1;
            chunk = match (chunk, byte) {
                (Chunk::Size { value, digits }, byte) if byte.is_ascii_hexdigit() => {
                    let digit = (*byte as char).to_digit(16).unwrap_or_default();
                    // Sixteen digits fit a u64 exactly; a seventeenth is an overflow or padding.
                    if digits == 16 {
                        return Err(Stop::Body("A chunk size is too large."));
                    }
                    Chunk::Size {
                        value: value << 4 | u64::from(digit),
                        digits: digits + 1,
                    }
                }
                (Chunk::Size { digits: 0, .. }, _) => {
                    return Err(Stop::Body("A chunk size is missing."));
                }
                (Chunk::Size { value, .. } | Chunk::Extension(value), b'\r') => {
                    Chunk::SizeLf(value)
                }
                (Chunk::Size { value, .. }, b';' | b' ' | b'\t') => Chunk::Extension(value),
                (Chunk::Extension(value), byte) if *byte != b'\n' => {
                    overhead = overhead
                        .checked_sub(1)
                        .ok_or(Stop::Body("The chunk extensions are too large."))?;
                    Chunk::Extension(value)
                }
                (Chunk::SizeLf(0), b'\n') => Chunk::LineStart,
                (Chunk::SizeLf(value), b'\n') => Chunk::Data(value),
                (Chunk::DataCr, b'\r') => Chunk::DataLf,
                (Chunk::DataLf, b'\n') => Chunk::Size {
                    value: 0,
                    digits: 0,
                },
                (Chunk::LineStart, b'\r') => Chunk::EndLf,
                (Chunk::EndLf, b'\n') => {
                    self.state = State::Head;
                    return Ok(Step::Passed(passed));
                }
                (Chunk::Trailer, b'\r') => Chunk::TrailerLf,
                (Chunk::TrailerLf, b'\n') => Chunk::LineStart,
                (Chunk::LineStart | Chunk::Trailer, byte) if *byte != b'\n' => {
                    overhead = overhead
                        .checked_sub(1)
                        .ok_or(Stop::Body("The trailers are too large."))?;
                    Chunk::Trailer
                }
                _ => return Err(Stop::Body("The chunked body is malformed.")),
            };
        }
        self.state = State::Chunked(chunk, overhead);
        Ok(Step::Passed(passed))
    }
}

enum Step {
    /// That many bytes belong to what was understood before.
    Passed(usize),
    /// That many bytes are a complete, accepted head.
    HeadPassed(usize),
    /// The head is not complete.
    NeedMore,
}

enum BodyLength {
    None,
    Fixed(u64),
    Chunked,
}

/// Checks a complete head (RFC 9112 sections 3.2 and 6.3) and tells how long the body is.
fn check_head(head: &[u8], limits: HeadLimits) -> Result<BodyLength, Refusal> {
    if head.len() > limits.head_bytes {
        return Err(Refusal::HEAD_TOO_LARGE);
    }
    let mut lines = [httparse::EMPTY_HEADER; MAX_HEADERS];
    let mut request = httparse::Request::new(&mut lines);
    match request.parse(head) {
        Ok(httparse::Status::Complete(length)) if length == head.len() => {}
        Ok(_) => return Err(Refusal::bad_request("The request head is malformed.")),
        Err(error) => return Err(malformed(error)),
    }
    let target = request.path.unwrap_or_default();
    if target.len() > limits.target_bytes {
        return Err(Refusal::TARGET_TOO_LONG);
    }
    if request.method == Some("CONNECT") {
        return Err(Refusal::CONNECT);
    }
    if !target.starts_with('/') && absolute_form(target).is_none() && target != "*" {
        return Err(Refusal::bad_request(
            "The request target is neither a path nor a URL.",
        ));
    }
    if !target.bytes().all(is_ordinary) && target.parse::<http::Uri>().is_err() {
        return Err(Refusal::bad_request("The request target is malformed."));
    }
    let http_10 = request.version == Some(0);
    let framing = Framing::read(request.headers)?;
    check_host(target, http_10, framing.host)?;
    framing.body_length(http_10)
}

fn malformed(error: httparse::Error) -> Refusal {
    match error {
        httparse::Error::TooManyHeaders => Refusal::TOO_MANY_HEADERS,
        httparse::Error::Version => Refusal {
            status: StatusCode::HTTP_VERSION_NOT_SUPPORTED,
            reason: "The HTTP version is not supported.",
        },
        httparse::Error::HeaderName => {
            Refusal::bad_request("A header name of the request is malformed.")
        }
        httparse::Error::HeaderValue => {
            Refusal::bad_request("A header value of the request is malformed.")
        }
        _ => Refusal::bad_request("The request line is malformed."),
    }
}

#[derive(Default)]
struct Framing<'h> {
    length: Option<&'h [u8]>,
    coding: Option<&'h [u8]>,
    host: Option<&'h [u8]>,
}

impl<'h> Framing<'h> {
    fn read(headers: &[httparse::Header<'h>]) -> Result<Self, Refusal> {
        let mut framing = Self::default();
        for header in headers {
            let (slot, reason) = if header.name.eq_ignore_ascii_case("content-length") {
                (
                    &mut framing.length,
                    "The request has more than one Content-Length.",
                )
            } else if header.name.eq_ignore_ascii_case("transfer-encoding") {
                (
                    &mut framing.coding,
                    "The request has more than one Transfer-Encoding.",
                )
            } else if header.name.eq_ignore_ascii_case("host") {
                (&mut framing.host, "The request has more than one Host.")
            } else {
                continue;
            };
            if slot.replace(header.value).is_some() {
                return Err(Refusal::bad_request(reason));
            }
        }
        Ok(framing)
    }

    fn body_length(&self, http_10: bool) -> Result<BodyLength, Refusal> {
        match (self.coding, self.length) {
            (Some(_), Some(_)) => Err(Refusal::bad_request(
                "The request has both Content-Length and Transfer-Encoding.",
            )),
            (Some(_), None) if http_10 => Err(Refusal::bad_request(
                "An HTTP/1.0 request cannot have a Transfer-Encoding.",
            )),
            (Some(coding), None) if coding.eq_ignore_ascii_case(b"chunked") => {
                Ok(BodyLength::Chunked)
            }
            (Some(_), None) => Err(Refusal::bad_request(
                "The only Transfer-Encoding accepted is chunked.",
            )),
            (None, Some(length)) => decimal(length).map_or(
                Err(Refusal::bad_request("The Content-Length is not a number.")),
                |length| {
                    Ok(if length == 0 {
                        BodyLength::None
                    } else {
                        BodyLength::Fixed(length)
                    })
                },
            ),
            (None, None) => Ok(BodyLength::None),
        }
    }
}

/// Digits only: no sign, no list, no blanks inside (RFC 9110 section 8.6).
fn decimal(digits: &[u8]) -> Option<u64> {
    if digits.is_empty() || !digits.iter().all(u8::is_ascii_digit) {
        return None;
    }
    std::str::from_utf8(digits).ok()?.parse().ok()
}

/// Whether a byte may stand in a path or query wherever it likes (RFC 3986 section 3.3). Anything
/// else is rare and looked at closely, because the HTTP implementation would refuse it on its own,
/// without a record.
fn is_ordinary(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || b"-._~/?&=%!$'()*+,;:@".contains(&byte)
}

/// What follows the scheme of a target in absolute form (RFC 9112 section 3.2.2).
fn absolute_form(target: &str) -> Option<&str> {
    let (scheme, rest) = target.split_once("://")?;
    let known = scheme.eq_ignore_ascii_case("http") || scheme.eq_ignore_ascii_case("https");
    known.then_some(rest)
}

/// RFC 9112 section 3.2: exactly one Host in HTTP/1.1, and in the absolute form the same authority.
fn check_host(target: &str, http_10: bool, host: Option<&[u8]>) -> Result<(), Refusal> {
    let Some(host) = host else {
        return if http_10 {
            Ok(())
        } else {
            Err(Refusal::bad_request("The request has no Host."))
        };
    };
    let Some(rest) = absolute_form(target) else {
        return Ok(());
    };
    let authority = rest.split(['/', '?', '#']).next().unwrap_or_default();
    if authority.as_bytes().eq_ignore_ascii_case(host) {
        Ok(())
    } else {
        Err(Refusal::bad_request(
            "Host differs from the authority of the request target.",
        ))
    }
}

#[cfg(test)]
#[path = "framing_tests.rs"]
mod tests;
