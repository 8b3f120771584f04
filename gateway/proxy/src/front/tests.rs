#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    reason = "tests fail by panicking"
)]

use std::cell::RefCell;
use std::time::Duration;

use http::StatusCode;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::task::{JoinHandle, LocalSet};

use super::*;

const DEADLINE: Duration = Duration::from_secs(10);

/// Answers with the length of the body, slowly if the path says so.
#[derive(Default)]
struct Echo {
    seen: RefCell<Vec<String>>,
}

impl Handler for Echo {
    async fn handle(self: Rc<Self>, request: Request<Body>, refusal: Option<Refusal>) -> Answer {
        if let Some(refusal) = refusal {
            self.seen
                .borrow_mut()
                .push(format!("refused {}", refusal.status));
            let mut response = Response::new(Body::full(refusal.reason));
            *response.status_mut() = refusal.status;
            return Answer {
                response,
                after: After::StreamEnds,
            };
        }
        let path = request.uri().path().to_owned();
        self.seen.borrow_mut().push(path.clone());
        if path == "/slow" {
            tokio::time::sleep(Duration::from_millis(300)).await;
        }
        if path == "/unread" {
            return Answer {
                response: Response::new(Body::full("early")),
                after: After::Open,
            };
        }
        if path == "/echo" {
            let response = Response::new(request.into_body());
            return Answer {
                response,
                after: After::Open,
            };
        }
        if path == "/huge" {
            let response = Response::new(Body::full(vec![b'x'; 64 * 1024 * 1024]));
            return Answer {
                response,
                after: After::Open,
            };
        }
        let response = match request.into_body().collect(1 << 20).await {
            Ok(body) => Response::new(Body::full(format!("{path} {}", body.len()))),
            Err(error) => {
                let mut response = Response::new(Body::full(error.to_string()));
                *response.status_mut() = match error {
                    BodyError::Timeout => StatusCode::REQUEST_TIMEOUT,
                    BodyError::TooLarge | BodyError::NoRoom => StatusCode::PAYLOAD_TOO_LARGE,
                    BodyError::Broken(_) => StatusCode::BAD_REQUEST,
                };
                return Answer {
                    response,
                    after: After::StreamEnds,
                };
            }
        };
        Answer {
            response,
            after: After::Open,
        }
    }
}

struct Served {
    client: TcpStream,
    end: JoinHandle<End>,
    handler: Rc<Echo>,
    drain: watch::Sender<bool>,
}

async fn serve(protocol: Protocol, settings: FrontSettings) -> Served {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let client = TcpStream::connect(listener.local_addr().unwrap())
        .await
        .unwrap();
    let (server, _) = listener.accept().await.unwrap();
    let handler = Rc::new(Echo::default());
    let (drain, receiver) = watch::channel(false);
    let end = tokio::task::spawn_local(serve_connection(
        server,
        protocol,
        Rc::clone(&handler),
        Rc::new(settings),
        receiver,
    ));
    Served {
        client,
        end,
        handler,
        drain,
    }
}

fn in_worker<F: Future>(test: F) -> F::Output {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .unwrap();
    LocalSet::new().block_on(&runtime, async {
        tokio::time::timeout(DEADLINE, test)
            .await
            .expect("the test's deadline has passed")
    })
}

async fn until_close(client: &mut TcpStream) -> String {
    let mut text = Vec::new();
    client.read_to_end(&mut text).await.unwrap();
    String::from_utf8_lossy(&text).into_owned()
}

async fn until(client: &mut TcpStream, part: &str) -> String {
    let mut text = Vec::new();
    let mut piece = [0; 4096];
    while !String::from_utf8_lossy(&text).contains(part) {
        let count = client.read(&mut piece).await.unwrap();
        assert!(
            count > 0,
            "closed before {part:?}: {}",
            String::from_utf8_lossy(&text)
        );
        text.extend_from_slice(&piece[..count]);
    }
    String::from_utf8_lossy(&text).into_owned()
}

#[test]
fn refused_heads_get_an_answer_and_the_connection_ends_with_it() {
    in_worker(async {
        for (request, status) in [
            (
                "POST /x HTTP/1.1\r\nHost: a\r\nContent-Length: 3\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
                "400",
            ),
            (
                "POST /x HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\nContent-Length: 3\r\n\r\nabc",
                "400",
            ),
            (
                "POST /x HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: gzip, chunked\r\n\r\n0\r\n\r\n",
                "400",
            ),
            ("GET /x HTTP/1.1\r\n\r\n", "400"),
            ("GET /x HTTP/1.1\r\nHost: a\r\nHost: b\r\n\r\n", "400"),
            ("GET https://b/x HTTP/1.1\r\nHost: a\r\n\r\n", "400"),
            ("GET /x HTTP/1.1\r\nHost : a\r\n\r\n", "400"),
            ("\u{16}\u{3}garbage\r\n\r\n", "400"),
            ("CONNECT a:1 HTTP/1.1\r\nHost: a:1\r\n\r\n", "501"),
        ] {
            let mut served = serve(Protocol::Http1, FrontSettings::default()).await;
            // A request that follows must never be served.
            let smuggled = format!("{request}GET /smuggled HTTP/1.1\r\nHost: a\r\n\r\n");
            served.client.write_all(smuggled.as_bytes()).await.unwrap();
            let answer = until_close(&mut served.client).await;
            assert!(
                answer.starts_with(&format!("HTTP/1.1 {status}")),
                "{request:?}: {answer}"
            );
            assert!(
                answer.contains("connection: close"),
                "{request:?}: {answer}"
            );
            assert_eq!(
                answer.matches("HTTP/1.1 ").count(),
                1,
                "{request:?}: {answer}"
            );
            drop(served.client);
            assert_eq!(served.end.await.unwrap(), End::Orderly);
            assert_eq!(served.handler.seen.borrow().len(), 1, "{request:?}");
        }
    });
}

#[test]
fn a_refused_head_does_not_disturb_the_pipelined_request_before_it() {
    in_worker(async {
        let mut served = serve(Protocol::Http1, FrontSettings::default()).await;
        let first = "POST /slow HTTP/1.1\r\nHost: a\r\nContent-Length: 3\r\n\r\nabc";
        let second = "GET /x HTTP/1.1\r\n\r\n";
        served
            .client
            .write_all(format!("{first}{second}").as_bytes())
            .await
            .unwrap();
        let answer = until_close(&mut served.client).await;
        let ok = answer.find("/slow 3").unwrap();
        let refused = answer.find("HTTP/1.1 400").unwrap();
        assert!(ok < refused, "{answer}");
    });
}

#[test]
fn heads_and_chunks_may_arrive_in_any_pieces() {
    in_worker(async {
        let mut served = serve(Protocol::Http1, FrontSettings::default()).await;
        let requests = "POST /a HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n2;x\r\nde\r\n0\r\n\r\n\
                        POST /b HTTP/1.1\r\nHost: a\r\nContent-Length: 4\r\n\r\nabcdGET /c HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n";
        served.client.set_nodelay(true).unwrap();
        for byte in requests.as_bytes() {
            served.client.write_all(&[*byte]).await.unwrap();
            tokio::task::yield_now().await;
        }
        let answer = until_close(&mut served.client).await;
        for part in ["/a 5", "/b 4", "/c 0"] {
            assert!(answer.contains(part), "{answer}");
        }
    });
}

#[test]
fn a_malformed_chunk_ends_the_request_with_400_and_the_connection() {
    in_worker(async {
        let mut served = serve(Protocol::Http1, FrontSettings::default()).await;
        served
            .client
            .write_all(b"POST /a HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabcd\r\nGET /b HTTP/1.1\r\nHost: a\r\n\r\n")
            .await
            .unwrap();
        let answer = until_close(&mut served.client).await;
        assert!(answer.starts_with("HTTP/1.1 400"), "{answer}");
        assert_eq!(*served.handler.seen.borrow(), ["/a"]);
    });
}

#[test]
fn an_unfinished_head_is_answered_408_and_a_silent_client_is_closed_without_a_word() {
    in_worker(async {
        let settings = FrontSettings {
            header_timeout: Duration::from_millis(200),
            idle_timeout: Duration::from_millis(400),
            ..FrontSettings::default()
        };
        let mut partial = serve(Protocol::Http1, settings.clone()).await;
        partial
            .client
            .write_all(b"GET / HTTP/1.1\r\nHo")
            .await
            .unwrap();
        assert!(
            until_close(&mut partial.client)
                .await
                .starts_with("HTTP/1.1 408")
        );

        let mut silent = serve(Protocol::Http1, settings.clone()).await;
        assert_eq!(until_close(&mut silent.client).await, "");

        let mut idle = serve(Protocol::Http1, settings.clone()).await;
        idle.client
            .write_all(b"GET /a HTTP/1.1\r\nHost: a\r\n\r\n")
            .await
            .unwrap();
        let answer = until_close(&mut idle.client).await;
        assert_eq!(answer.matches("HTTP/1.1 ").count(), 1, "{answer}");

        let mut second = serve(Protocol::Http1, settings).await;
        second
            .client
            .write_all(b"GET /a HTTP/1.1\r\nHost: a\r\n\r\nGET /b")
            .await
            .unwrap();
        let answer = until_close(&mut second.client).await;
        assert!(
            answer.contains("/a 0") && answer.contains("HTTP/1.1 408"),
            "{answer}"
        );
    });
}

#[test]
fn a_request_that_takes_longer_than_the_head_deadline_is_not_cut() {
    in_worker(async {
        let settings = FrontSettings {
            header_timeout: Duration::from_millis(100),
            idle_timeout: Duration::from_millis(100),
            ..FrontSettings::default()
        };
        let mut served = serve(Protocol::Http1, settings).await;
        served
            .client
            .write_all(b"GET /slow HTTP/1.1\r\nHost: a\r\n\r\n")
            .await
            .unwrap();
        assert!(until_close(&mut served.client).await.contains("/slow 0"));
    });
}

#[test]
fn a_body_that_stalls_is_answered_408_and_one_over_the_limit_413() {
    in_worker(async {
        let settings = FrontSettings {
            body_timeout: Duration::from_millis(200),
            max_body_bytes: Some(10),
            ..FrontSettings::default()
        };
        let mut stalled = serve(Protocol::Http1, settings.clone()).await;
        stalled
            .client
            .write_all(b"POST /a HTTP/1.1\r\nHost: a\r\nContent-Length: 9\r\n\r\nabc")
            .await
            .unwrap();
        assert!(
            until_close(&mut stalled.client)
                .await
                .starts_with("HTTP/1.1 408")
        );

        let mut large = serve(Protocol::Http1, settings).await;
        large
            .client
            .write_all(b"POST /a HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\nb\r\nabcdefghijk\r\n0\r\n\r\n")
            .await
            .unwrap();
        assert!(
            until_close(&mut large.client)
                .await
                .starts_with("HTTP/1.1 413")
        );
    });
}

#[test]
fn a_client_that_takes_nothing_is_given_up() {
    in_worker(async {
        let settings = FrontSettings {
            write_timeout: Duration::from_millis(300),
            ..FrontSettings::default()
        };
        let mut served = serve(Protocol::Http1, settings).await;
        served
            .client
            .write_all(b"GET /huge HTTP/1.1\r\nHost: a\r\n\r\n")
            .await
            .unwrap();
        assert_eq!(served.end.await.unwrap(), End::WriteTimeout);
    });
}

#[test]
fn a_client_that_takes_nothing_and_begins_another_request_is_given_up_too() {
    in_worker(async {
        let settings = FrontSettings {
            header_timeout: Duration::from_millis(100),
            write_timeout: Duration::from_millis(500),
            ..FrontSettings::default()
        };
        let mut served = serve(Protocol::Http1, settings).await;
        served
            .client
            .write_all(b"GET /huge HTTP/1.1\r\nHost: a\r\n\r\nGET /next HTTP/1.1\r\nHo")
            .await
            .unwrap();
        assert_eq!(served.end.await.unwrap(), End::WriteTimeout);
    });
}

#[test]
fn an_http2_client_that_opens_no_window_is_given_up() {
    in_worker(async {
        let settings = FrontSettings {
            write_timeout: Duration::from_millis(300),
            ..FrontSettings::default()
        };
        let served = serve(Protocol::Http2, settings).await;
        let (mut sender, connection) =
            hyper::client::conn::http2::handshake(LocalExecutor, TokioIo::new(served.client))
                .await
                .unwrap();
        tokio::task::spawn_local(connection);
        let request = Request::post("https://a/echo")
            .body(Body::full(vec![b'x'; 16 * 1024 * 1024]))
            .unwrap();
        let response = sender.send_request(request).await.unwrap();
        // Pings are still answered; only the body is not read.
        assert_eq!(served.end.await.unwrap(), End::WriteTimeout);
        drop(response);
    });
}

#[test]
fn continue_is_sent_when_the_body_is_wanted_and_not_before() {
    in_worker(async {
        let head = |path: &str| {
            format!(
                "POST {path} HTTP/1.1\r\nHost: a\r\nExpect: 100-continue\r\nContent-Length: 3\r\n\r\n"
            )
        };
        let mut served = serve(Protocol::Http1, FrontSettings::default()).await;
        served
            .client
            .write_all(head("/a").as_bytes())
            .await
            .unwrap();
        until(&mut served.client, "100 Continue").await;
        served.client.write_all(b"abc").await.unwrap();
        until(&mut served.client, "/a 3").await;

        let mut served = serve(Protocol::Http1, FrontSettings::default()).await;
        served
            .client
            .write_all(head("/unread").as_bytes())
            .await
            .unwrap();
        let answer = until(&mut served.client, "early").await;
        assert!(!answer.contains("100 Continue"), "{answer}");
    });
}

#[test]
fn drain_finishes_the_open_request_says_close_and_ends_idle_connections_at_once() {
    in_worker(async {
        let mut busy = serve(Protocol::Http1, FrontSettings::default()).await;
        busy.client
            .write_all(b"GET /slow HTTP/1.1\r\nHost: a\r\n\r\n")
            .await
            .unwrap();
        let mut idle = serve(Protocol::Http1, FrontSettings::default()).await;
        idle.client
            .write_all(b"GET /a HTTP/1.1\r\nHost: a\r\n\r\n")
            .await
            .unwrap();
        until(&mut idle.client, "/a 0").await;
        let mut fresh = serve(Protocol::Http1, FrontSettings::default()).await;
        tokio::time::sleep(Duration::from_millis(50)).await;
        for served in [&busy, &idle, &fresh] {
            served.drain.send(true).unwrap();
        }
        assert_eq!(until_close(&mut idle.client).await, "");
        assert_eq!(until_close(&mut fresh.client).await, "");
        let answer = until_close(&mut busy.client).await;
        assert!(
            answer.contains("connection: close") && answer.contains("/slow 0"),
            "{answer}"
        );
        for served in [busy, idle, fresh] {
            assert_eq!(served.end.await.unwrap(), End::Orderly);
        }
    });
}

#[test]
fn drain_serves_the_first_request_of_a_connection_that_has_just_begun() {
    in_worker(async {
        let mut fresh = serve(Protocol::Http1, FrontSettings::default()).await;
        fresh.drain.send(true).unwrap();
        tokio::time::sleep(Duration::from_millis(50)).await;
        fresh
            .client
            .write_all(b"GET /a HTTP/1.1\r\nHost: a\r\n\r\n")
            .await
            .unwrap();
        let answer = until_close(&mut fresh.client).await;
        assert!(
            answer.contains("connection: close") && answer.contains("/a 0"),
            "{answer}"
        );
    });
}

#[test]
fn drain_of_http2_sends_goaway_and_finishes_open_streams() {
    in_worker(async {
        let served = serve(Protocol::Http2, FrontSettings::default()).await;
        let (mut sender, connection) =
            hyper::client::conn::http2::handshake(LocalExecutor, TokioIo::new(served.client))
                .await
                .unwrap();
        let connection = tokio::task::spawn_local(connection);
        let request = Request::get("https://a/slow").body(Body::empty()).unwrap();
        let response = tokio::task::spawn_local(sender.send_request(request));
        tokio::time::sleep(Duration::from_millis(100)).await;
        served.drain.send(true).unwrap();
        let response = response.await.unwrap().unwrap();
        let body = Body::streaming(response.into_body(), DEADLINE, None)
            .collect(100)
            .await
            .unwrap();
        assert_eq!(body, "/slow 0");
        connection.await.unwrap().unwrap();
        assert!(sender.is_closed());
        assert_eq!(served.end.await.unwrap(), End::Orderly);
    });
}

#[test]
fn an_idle_http2_connection_is_closed_with_goaway() {
    in_worker(async {
        let settings = FrontSettings {
            idle_timeout: Duration::from_millis(200),
            ..FrontSettings::default()
        };
        let served = serve(Protocol::Http2, settings).await;
        let (mut sender, connection) =
            hyper::client::conn::http2::handshake(LocalExecutor, TokioIo::new(served.client))
                .await
                .unwrap();
        let connection = tokio::task::spawn_local(connection);
        let request = Request::get("https://a/a").body(Body::empty()).unwrap();
        sender.send_request(request).await.unwrap();
        connection.await.unwrap().unwrap();
        assert_eq!(served.end.await.unwrap(), End::Orderly);
    });
}

#[test]
fn a_client_that_hangs_up_cancels_its_request() {
    in_worker(async {
        let mut served = serve(Protocol::Http1, FrontSettings::default()).await;
        served
            .client
            .write_all(b"GET /slow HTTP/1.1\r\nHost: a\r\n\r\n")
            .await
            .unwrap();
        until_seen(&served.handler).await;
        drop(served.client);
        assert!(matches!(served.end.await.unwrap(), End::Failed(_)));
        assert_eq!(
            Rc::strong_count(&served.handler),
            1,
            "the request's future is gone"
        );
    });
}

async fn until_seen(handler: &Echo) {
    while handler.seen.borrow().is_empty() {
        tokio::task::yield_now().await;
    }
}
