//! The scanner and the HTTP implementation behind it must agree about every stream: where they did
//! not, one of them would see a request where the other sees a body.

#![allow(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::panic,
    reason = "tests fail by panicking"
)]

use std::cell::RefCell;
use std::time::Duration;

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::task::LocalSet;

use super::framing::Stop;
use super::*;

#[derive(Default)]
struct Notes {
    calls: RefCell<Vec<Call>>,
}

/// Path and body of a request, or `None` for a refused head.
type Call = Option<(String, Result<Vec<u8>, BodyError>)>;

impl Handler for Notes {
    async fn handle(self: Rc<Self>, request: Request<Body>, refusal: Option<Refusal>) -> Answer {
        if refusal.is_some() {
            self.calls.borrow_mut().push(None);
            return Answer {
                response: Response::new(Body::empty()),
                after: After::StreamEnds,
            };
        }
        let path = request.uri().to_string();
        let body = request.into_body().collect(1 << 20).await;
        let after = if body.is_ok() {
            After::Open
        } else {
            After::StreamEnds
        };
        let noted = body.map(|bytes| bytes.to_vec());
        self.calls.borrow_mut().push(Some((path, noted)));
        Answer {
            response: Response::new(Body::empty()),
            after,
        }
    }
}

struct Random(u64);

impl Random {
    fn below(&mut self, bound: usize) -> usize {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        usize::try_from(self.0 % bound as u64).unwrap()
    }
}

/// A stream of requests whose bodies look like requests, damaged here and there.
fn stream(random: &mut Random) -> Vec<u8> {
    let inner = "GET /smuggled HTTP/1.1\r\nHost: a\r\n\r\n";
    let mut bytes = Vec::new();
    for number in 0..1 + random.below(4) {
        let request = match random.below(5) {
            0 => format!("GET /{number} HTTP/1.1\r\nHost: a\r\n\r\n"),
            1 => format!(
                "POST /{number} HTTP/1.1\r\nHost: a\r\nContent-Length: {}\r\n\r\n{inner}",
                inner.len()
            ),
            2 => format!(
                "POST /{number} HTTP/1.1\r\nTransfer-Encoding: chunked\r\nHost: a\r\n\r\n{:x};e\r\n{inner}\r\n0\r\n\r\n",
                inner.len()
            ),
            3 => format!(
                "PUT /{number} HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n0\r\nX: y\r\n\r\n"
            ),
            _ => format!("PUT http://a/{number} HTTP/1.1\r\nhOST: a\r\nX: y\r\n\r\n"),
        };
        bytes.extend_from_slice(request.as_bytes());
    }
    for _ in 0..random.below(4) {
        let at = random.below(bytes.len());
        match random.below(4) {
            0 => bytes[at] = b"\r\n :;,0aF\0\t"[random.below(11)],
            1 => drop(bytes.remove(at)),
            2 => bytes.insert(at, b"\r\n ,:;0x\t"[random.below(9)]),
            _ => {
                let lines: [&[u8]; 4] = [
                    b"\r\nContent-Length: 3",
                    b"\r\nTransfer-Encoding: chunked",
                    b"\r\nHost: b",
                    b"\r\n continued",
                ];
                let line = lines[random.below(lines.len())];
                let at = bytes[at..]
                    .iter()
                    .position(|b| *b == b'\r')
                    .map_or(at, |next| at + next);
                bytes.splice(at..at, line.iter().copied());
            }
        }
    }
    bytes
}

async fn served(bytes: &[u8], cut: usize) -> Rc<Notes> {
    let handler = Rc::new(Notes::default());
    let (mut client, server) = tokio::io::duplex(64 * 1024);
    let (_drain, receiver) = watch::channel(false);
    let settings = Rc::new(FrontSettings::default());
    let serving = serve_connection(
        server,
        Protocol::Http1,
        Rc::clone(&handler),
        settings,
        receiver,
    );
    let talking = async {
        for piece in bytes.chunks(cut) {
            if client.write_all(piece).await.is_err() {
                break;
            }
            tokio::task::yield_now().await;
        }
        let mut answers = Vec::new();
        // The end of what it was sent; a connection that waits for more is closed by the client.
        let _ =
            tokio::time::timeout(Duration::from_secs(1), client.read_to_end(&mut answers)).await;
        drop(client);
    };
    tokio::join!(serving, talking);
    handler
}

#[test]
fn no_stream_makes_the_front_serve_what_the_scanner_did_not_see() {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .start_paused(true)
        .build()
        .unwrap();
    let mut random = Random(0x9e37_79b9_7f4a_7c15);
    let mut answered = (0, 0);
    LocalSet::new().block_on(&runtime, async {
        for _ in 0..20_000 {
            let bytes = stream(&mut random);
            let cut = 1 + random.below(200);
            let limits = HeadLimits {
                head_bytes: 32 * 1024,
                target_bytes: 16 * 1024,
            };
            let found = Scanner::new(limits).scan(&bytes);
            let handler = served(&bytes, cut).await;
            let calls = handler.calls.borrow();
            let shown = format!("cut {cut}: {} {calls:?}", bytes.escape_ascii());
            let heads = found.heads as usize;
            for (index, call) in calls.iter().enumerate() {
                match call {
                    // Only the head that the scanner refused is answered as refused.
                    None => {
                        assert!(matches!(found.stop, Some(Stop::Head(_))), "{shown}");
                        assert_eq!(index, heads, "{shown}");
                    }
                    Some((path, body)) => {
                        assert!(index < heads, "{shown}: {path}");
                        // Of trailers the front demands more than the scanner: then nothing follows.
                        if body.is_err() {
                            assert_eq!(index + 1, calls.len(), "{shown}");
                        }
                    }
                }
            }
            answered.0 += calls.iter().flatten().count();
            answered.1 += calls.iter().filter(|call| call.is_none()).count();
            let smuggled = calls
                .iter()
                .flatten()
                .filter(|(path, _)| path == "/smuggled")
                .count();
            let seen = heads_named(&bytes, limits, "/smuggled");
            assert!(smuggled <= seen, "{shown}");
        }
    });
    assert!(answered.0 > 10_000 && answered.1 > 5_000, "{answered:?}");
}

/// How many heads for `path` the scanner sees.
fn heads_named(bytes: &[u8], limits: HeadLimits, path: &str) -> usize {
    let mut scanner = Scanner::new(limits);
    let mut start = 0;
    let mut named = 0;
    for end in 1..=bytes.len() {
        let found = scanner.scan(&bytes[start..end]);
        let head = &bytes[start..start + found.vetted];
        if found.heads > 0
            && head
                .escape_ascii()
                .to_string()
                .contains(&format!(" {path} "))
        {
            named += 1;
        }
        start += found.vetted;
        if found.stop.is_some() {
            break;
        }
    }
    named
}
