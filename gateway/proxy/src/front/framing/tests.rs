#![allow(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::panic,
    reason = "tests fail by panicking"
)]

use super::*;

const LIMITS: HeadLimits = HeadLimits {
    head_bytes: 1024,
    target_bytes: 128,
};

fn scan_whole(input: &[u8]) -> Scanned {
    Scanner::new(LIMITS).scan(input)
}

/// The same stream, one byte at a time, must be understood the same way.
fn scan_bytewise(input: &[u8]) -> Scanned {
    let mut scanner = Scanner::new(LIMITS);
    let mut total = Scanned {
        vetted: 0,
        heads: 0,
        stop: None,
    };
    for end in 1..=input.len() {
        let found = scanner.scan(&input[total.vetted..end]);
        total.vetted += found.vetted;
        total.heads += found.heads;
        if found.stop.is_some() {
            total.stop = found.stop;
            break;
        }
    }
    total
}

fn accepted(input: &str, heads: u32) {
    for found in [
        scan_whole(input.as_bytes()),
        scan_bytewise(input.as_bytes()),
    ] {
        assert_eq!(found.stop, None, "{input:?}");
        assert_eq!(found.heads, heads, "{input:?}");
        assert_eq!(found.vetted, input.len(), "{input:?}");
    }
}

fn refused(input: &str, status: u16, part: &str) {
    for found in [
        scan_whole(input.as_bytes()),
        scan_bytewise(input.as_bytes()),
    ] {
        let Some(Stop::Head(refusal)) = found.stop else {
            panic!("{input:?} was not refused: {found:?}");
        };
        assert_eq!(refusal.status.as_u16(), status, "{input:?}");
        assert!(
            refusal.reason.contains(part),
            "{input:?}: {}",
            refusal.reason
        );
        assert_eq!((found.heads, found.vetted), (0, 0), "{input:?}");
    }
}

fn broken_body(input: &str) {
    for found in [
        scan_whole(input.as_bytes()),
        scan_bytewise(input.as_bytes()),
    ] {
        assert!(
            matches!(found.stop, Some(Stop::Body(_))),
            "{input:?}: {found:?}"
        );
        assert_eq!(found.heads, 1, "{input:?}");
    }
}

#[test]
fn lawful_requests_pass_alone_and_pipelined() {
    accepted("GET / HTTP/1.1\r\nHost: a\r\n\r\n", 1);
    accepted("\r\nGET / HTTP/1.1\r\nHost: a\r\n\r\n", 1);
    accepted("GET / HTTP/1.0\r\n\r\n", 1);
    accepted("GET https://a/x HTTP/1.1\r\nHost: A\r\n\r\n", 1);
    accepted(
        "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 3\r\n\r\nabcGET / HTTP/1.1\r\nHost: a\r\n\r\n",
        2,
    );
    accepted(
        "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 0\r\n\r\nGET / HTTP/1.1\r\nHost: a\r\n\r\n",
        2,
    );
    accepted(
        "POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: Chunked\r\n\r\n\
         3;x=y\r\nabc\r\nA\r\n0123456789\r\n0\r\nTrailer: x\r\n\r\nGET / HTTP/1.1\r\nHost: a\r\n\r\n",
        2,
    );
}

#[test]
fn a_body_that_looks_like_a_request_is_not_counted_as_one() {
    let inner = "GET /admin HTTP/1.1\r\nHost: a\r\n\r\n";
    accepted(
        &format!(
            "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: {}\r\n\r\n{inner}",
            inner.len()
        ),
        1,
    );
    accepted(
        &format!(
            "POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n{:x}\r\n{inner}\r\n0\r\n\r\n",
            inner.len()
        ),
        1,
    );
}

#[test]
fn ambiguous_lengths_are_refused() {
    let post = "POST / HTTP/1.1\r\nHost: a\r\n";
    for (lines, part) in [
        (
            "Content-Length: 3\r\nTransfer-Encoding: chunked\r\n",
            "both",
        ),
        (
            "Transfer-Encoding: chunked\r\nContent-Length: 3\r\n",
            "both",
        ),
        (
            "Content-Length: 3\r\nContent-Length: 4\r\n",
            "more than one",
        ),
        (
            "Content-Length: 3\r\ncontent-length: 3\r\n",
            "more than one",
        ),
        ("Content-Length: 3, 3\r\n", "not a number"),
        ("Content-Length: +3\r\n", "not a number"),
        ("Content-Length: -3\r\n", "not a number"),
        ("Content-Length: 0x3\r\n", "not a number"),
        ("Content-Length:\r\n", "not a number"),
        ("Content-Length: 99999999999999999999\r\n", "not a number"),
        (
            "Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n",
            "more than one",
        ),
        (
            "Transfer-Encoding: gzip, chunked\r\n",
            "only Transfer-Encoding",
        ),
        (
            "Transfer-Encoding: chunked, identity\r\n",
            "only Transfer-Encoding",
        ),
        ("Transfer-Encoding: xchunked\r\n", "only Transfer-Encoding"),
        ("Transfer-Encoding: identity\r\n", "only Transfer-Encoding"),
        ("Transfer-Encoding:\r\n", "only Transfer-Encoding"),
        ("Transfer-Encoding: \u{b}chunked\r\n", ""),
    ] {
        refused(&format!("{post}{lines}\r\nabc"), 400, part);
    }
    refused(
        "POST / HTTP/1.0\r\nTransfer-Encoding: chunked\r\n\r\n",
        400,
        "HTTP/1.0",
    );
}

#[test]
fn hosts_that_contradict_each_other_are_refused() {
    refused("GET / HTTP/1.1\r\n\r\n", 400, "no Host");
    refused("GET https://a/ HTTP/1.1\r\n\r\n", 400, "no Host");
    refused(
        "GET / HTTP/1.1\r\nHost: a\r\nHost: a\r\n\r\n",
        400,
        "more than one Host",
    );
    refused("GET https://a/ HTTP/1.1\r\nHost: b\r\n\r\n", 400, "differs");
    refused(
        "GET https://a@b/ HTTP/1.1\r\nHost: b\r\n\r\n",
        400,
        "differs",
    );
}

#[test]
fn malformed_heads_are_refused() {
    refused("GET / HTTP/1.1\nHost: a\n\n", 400, "CRLF");
    refused("GET / HTTP/1.1\r\nHost: a\nX: y\r\n\r\n", 400, "CRLF");
    refused(
        "GET / HTTP/1.1\r\nHost: a\r\nX: y\r\n folded\r\n\r\n",
        400,
        "header",
    );
    refused("GET / HTTP/1.1\r\nHost : a\r\n\r\n", 400, "header name");
    refused(
        "GET / HTTP/1.1\r\nHost: a\r\nX: a\rb\r\n\r\n",
        400,
        "header value",
    );
    refused(
        "GET / HTTP/1.1\r\nHost: a\r\nX: a\0b\r\n\r\n",
        400,
        "header value",
    );
    refused("GET / HTTP/2.0\r\nHost: a\r\n\r\n", 505, "version");
    refused("nonsense\r\n\r\n", 400, "request line");
    for target in ["x", "ftp://a/", "a:443", "?x", "/a^b<", "https:///x"] {
        refused(
            &format!("GET {target} HTTP/1.1\r\nHost: a\r\n\r\n"),
            400,
            "target",
        );
    }
    refused(
        "CONNECT a:443 HTTP/1.1\r\nHost: a:443\r\n\r\n",
        501,
        "CONNECT",
    );
}

#[test]
fn heads_over_a_limit_are_refused_before_they_end() {
    refused(
        &format!("GET /{} HTTP/1.1\r\nHost: a\r\n\r\n", "x".repeat(200)),
        414,
        "target",
    );
    refused(&format!("GET /{}", "x".repeat(2000)), 414, "target");
    refused(
        &format!("GET / HTTP/1.1\r\nHost: a\r\nX: {}", "x".repeat(2000)),
        431,
        "too large",
    );
    refused(
        &format!(
            "GET / HTTP/1.1\r\nHost: a\r\n{}\r\n",
            "X: y\r\n".repeat(101)
        ),
        431,
        "too many",
    );
}

#[test]
fn malformed_chunks_are_refused() {
    let post = "POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n";
    for body in [
        "x\r\n",
        "\r\n",
        "3\nabc",
        "3\r\nabcd\r\n",
        "3\r\nabc\n",
        "3;x\ny\r\nabc",
        "11111111111111111\r\n",
        "0x3\r\nabc",
        "0\r\nX: y\n\r\n",
        " 3\r\nabc",
        "0\r\n\n",
    ] {
        broken_body(&format!("{post}{body}"));
    }
    broken_body(&format!("{post}3;{}", "x".repeat(20_000)));
    broken_body(&format!("{post}0\r\n{}", "x".repeat(20_000)));
}

#[test]
fn nothing_after_a_refused_head_is_looked_at() {
    let mut scanner = Scanner::new(LIMITS);
    assert!(scanner.scan(b"GET / HTTP/1.1\r\n\r\n").stop.is_some());
    let after = scanner.scan(b"GET / HTTP/1.1\r\nHost: a\r\n\r\n");
    assert_eq!((after.vetted, after.heads), (0, 0));
}

/// Streams of lawful and unlawful requests, damaged at random and cut at random places, must be
/// understood exactly as when they arrive whole.
#[test]
fn where_the_stream_is_cut_changes_nothing() {
    let parts: [&[u8]; 8] = [
        b"GET / HTTP/1.1\r\nHost: a\r\n\r\n",
        b"POST /x HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\n\r\nhello",
        b"POST /x HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n3;e=1\r\nabc\r\n0\r\nt: v\r\n\r\n",
        b"\r\n",
        b"POST /x HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\nContent-Length: 1\r\n\r\n",
        b"GET http://b/ HTTP/1.1\r\nHost: b\r\n\r\n",
        b"GET /\n\n",
        b"PUT /y HTTP/1.0\r\nContent-Length: 2\r\n\r\nab",
    ];
    let mut random = 0x2545_f491_4f6c_dd1d_u64;
    let mut next = |below: usize| {
        random ^= random << 13;
        random ^= random >> 7;
        random ^= random << 17;
        usize::try_from(random % below as u64).unwrap()
    };
    for _ in 0..20_000 {
        let mut stream = Vec::new();
        for _ in 0..1 + next(4) {
            stream.extend_from_slice(parts[next(parts.len())]);
        }
        for _ in 0..next(3) {
            let at = next(stream.len());
            match next(3) {
                0 => stream[at] = b"\r\n :;0aF\0"[next(9)],
                1 => drop(stream.remove(at)),
                _ => stream.insert(at, b"\r\n ,x"[next(5)]),
            }
            if stream.is_empty() {
                stream.push(b'x');
            }
        }
        let whole = scan_whole(&stream);
        let mut scanner = Scanner::new(LIMITS);
        let mut pieces = Scanned {
            vetted: 0,
            heads: 0,
            stop: None,
        };
        let mut end = 0;
        while end < stream.len() && pieces.stop.is_none() {
            end = (end + 1 + next(20)).min(stream.len());
            let found = scanner.scan(&stream[pieces.vetted..end]);
            pieces.vetted += found.vetted;
            pieces.heads += found.heads;
            pieces.stop = found.stop;
        }
        // A malformed body is noticed where it is seen, so what was vetted before may differ.
        if matches!(whole.stop, Some(Stop::Body(_))) {
            assert_eq!(pieces.stop, whole.stop, "{}", stream.escape_ascii());
            assert_eq!(pieces.heads, whole.heads, "{}", stream.escape_ascii());
        } else {
            assert_eq!(pieces, whole, "{}", stream.escape_ascii());
        }
    }
}
