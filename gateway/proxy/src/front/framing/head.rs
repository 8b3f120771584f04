//! Whether a complete head is accepted, and how long its body is (RFC 9112 sections 3.2 and 6.3).

use http::StatusCode;

use super::{HeadLimits, Refusal};

/// Most header lines of one request; the HTTP implementation's own limit.
const MAX_HEADERS: usize = 100;

/// How long a request's body is.
pub(super) enum BodyLength {
    None,
    Fixed(u64),
    Chunked,
}

/// Checks a complete head.
///
/// # Errors
/// Why it is refused.
pub(super) fn check_head(head: &[u8], limits: HeadLimits) -> Result<BodyLength, Refusal> {
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
