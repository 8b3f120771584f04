//! Where HTTP/1.1 messages begin and end, and whom they are for.
//!
//! However a stream is cut into reads, the scanner finds the same messages; a head that it passes
//! is one to the HTTP parser too; and a target that is accepted names one host and does not climb.
//! The parsers are private to `gateway-proxy`; their files are compiled into this program.
//!
//! Input: one byte that says how the stream is cut, then the stream.

#![no_main]

#[path = "../../proxy/src/front/framing/mod.rs"]
#[allow(dead_code, reason = "only what is parsed is used")]
mod framing;
/// Where `target` looks for the framing.
mod front {
    pub(crate) use crate::framing;
}
#[path = "../../proxy/src/target.rs"]
mod target;

use framing::{HeadLimits, Scanned, Scanner, Stop};

const LIMITS: HeadLimits = HeadLimits {
    head_bytes: 1024,
    target_bytes: 256,
};

libfuzzer_sys::fuzz_target!(|data: &[u8]| {
    let Some((cut, stream)) = data.split_first() else {
        return;
    };
    let whole = in_pieces(stream, stream.len().max(1));
    assert!(whole.vetted <= stream.len());
    let step = usize::from(*cut % 64) + 1;
    let pieces = in_pieces(stream, step);
    assert_eq!(whole.heads, pieces.heads, "cut every {step} bytes");
    match (&whole.stop, &pieces.stop) {
        // What came before the fault of a body may have been passed in an earlier piece.
        (Some(Stop::Body(_)), Some(Stop::Body(_))) => assert!(whole.vetted <= pieces.vetted),
        // A head that is too large shows before it ends, and then for another reason.
        (Some(Stop::Head(_)), Some(Stop::Head(_))) | (None, None) => {
            assert_eq!(whole.vetted, pieces.vetted, "cut every {step} bytes");
        }
        (one, other) => panic!("cut every {step} bytes: {one:?} and {other:?}"),
    }
    first_head(stream, &whole);
});

/// What the scanner makes of a stream that arrives `step` bytes at a time.
fn in_pieces(stream: &[u8], step: usize) -> Scanned {
    let mut scanner = Scanner::new(LIMITS);
    let mut total = Scanned {
        vetted: 0,
        heads: 0,
        stop: None,
    };
    let mut end = 0;
    while end < stream.len() {
        end = (end + step).min(stream.len());
        let found = scanner.scan(&stream[total.vetted..end]);
        assert!(found.vetted <= end - total.vetted);
        total.vetted += found.vetted;
        total.heads += found.heads;
        if found.stop.is_some() {
            total.stop = found.stop;
            break;
        }
    }
    total
}

/// The first head, if it was passed, as the HTTP parser sees it.
fn first_head(stream: &[u8], found: &Scanned) {
    if found.heads == 0 {
        return;
    }
    let mut rest = stream;
    while let Some(after) = rest.strip_prefix(b"\r\n") {
        rest = after;
    }
    let mut lines = [httparse::EMPTY_HEADER; 100];
    let mut request = httparse::Request::new(&mut lines);
    let Ok(httparse::Status::Complete(length)) = request.parse(rest) else {
        panic!("a passed head is a head");
    };
    let skipped = stream.len() - rest.len();
    assert!(
        skipped + length <= found.vetted,
        "the head was passed whole"
    );
    let count = |name: &str| {
        let named = |header: &&httparse::Header<'_>| header.name.eq_ignore_ascii_case(name);
        request.headers.iter().filter(named).count()
    };
    let framed = count("content-length") + count("transfer-encoding");
    assert!(framed <= 1, "the length of the body is ambiguous");
    assert!(count("host") <= 1);
    let version = match request.version {
        Some(0) => http::Version::HTTP_10,
        _ => http::Version::HTTP_11,
    };
    let mut builder = http::Request::builder()
        .method(request.method.unwrap_or_default())
        .uri(request.path.unwrap_or_default())
        .version(version);
    for header in &*request.headers {
        builder = builder.header(header.name, header.value);
    }
    if let Ok(request) = builder.body(()) {
        accepted_target(&request.into_parts().0);
    }
}

fn accepted_target(parts: &http::request::Parts) {
    let Ok(target) = target::of(parts) else {
        return;
    };
    let host = &*target.host;
    assert!(!host.is_empty() || parts.version < http::Version::HTTP_11);
    assert!(!host.contains(['@', '/', '?', '#', ' ']) && *host == host.to_ascii_lowercase());
    // Joined to an API's prefix as a backend would: it must stay below.
    let decoded = percent_encoding::percent_decode_str(parts.uri.path())
        .decode_utf8_lossy()
        .replace('\\', "/");
    let mut depth = 0_i64;
    for segment in decoded.split('/') {
        match segment.split(';').next().unwrap_or_default() {
            ".." => depth -= 1,
            "." | "" => {}
            _ => depth += 1,
        }
        assert!(depth >= 0, "{decoded} climbs");
    }
}
