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

mod chunked;
mod head;

use http::StatusCode;

use self::chunked::Chunks;
use self::head::{BodyLength, check_head};

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
    pub(crate) const TOO_MANY_HEADERS: Self = Self {
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
    Chunked(Chunks),
    Stopped,
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
                State::Chunked(chunks) => self.chunked(rest, chunks),
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
                    BodyLength::Chunked => State::Chunked(Chunks::new()),
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

    fn chunked(&mut self, rest: &[u8], mut chunks: Chunks) -> Result<Step, Stop> {
        let (count, ended) = chunks.pass(rest).map_err(Stop::Body)?;
        self.state = if ended {
            State::Head
        } else {
            State::Chunked(chunks)
        };
        Ok(Step::Passed(count))
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

#[cfg(test)]
mod tests;
