#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    reason = "tests fail by panicking"
)]

use std::cell::Cell;
use std::future::Future;

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::task::LocalSet;

use super::*;

const DEADLINE: Duration = Duration::from_secs(10);

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

/// A backend whose every connection runs `script` with its number.
struct Backend {
    destination: Destination,
    connections: Rc<Cell<usize>>,
}

async fn backend<F, R>(script: F) -> Backend
where
    F: Fn(usize, TcpStream) -> R + 'static,
    R: Future<Output = ()> + 'static,
{
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let port = listener.local_addr().unwrap().port();
    let connections = Rc::new(Cell::new(0));
    let counted = Rc::clone(&connections);
    tokio::task::spawn_local(async move {
        loop {
            let (stream, _) = listener.accept().await.unwrap();
            let number = counted.get();
            counted.set(number + 1);
            tokio::task::spawn_local(script(number, stream));
        }
    });
    let key = PoolKey {
        host: Arc::from("127.0.0.1"),
        port,
        tls: None,
    };
    Backend {
        destination: Destination { key, tls: None },
        connections,
    }
}

/// Reads one request head; `None` when the peer has closed.
async fn head(stream: &mut TcpStream) -> Option<String> {
    let mut text = Vec::new();
    while !text.ends_with(b"\r\n\r\n") {
        match stream.read_u8().await {
            Ok(byte) => text.push(byte),
            Err(_) => return None,
        }
    }
    Some(String::from_utf8(text).unwrap())
}

async fn answer(stream: &mut TcpStream, body: &str) {
    let text = format!(
        "HTTP/1.1 200 OK\r\ncontent-length: {}\r\n\r\n{body}",
        body.len()
    );
    stream.write_all(text.as_bytes()).await.unwrap();
}

fn upstreams() -> Upstreams {
    Upstreams::new(UpstreamSettings::default())
}

fn request(method: Method) -> Request<Body> {
    Request::builder()
        .method(method)
        .uri("/x")
        .header("host", "b")
        .body(Body::empty())
        .unwrap()
}

async fn text(response: Response<Body>) -> String {
    String::from_utf8(
        response
            .into_body()
            .collect(1 << 20)
            .await
            .unwrap()
            .to_vec(),
    )
    .unwrap()
}

#[test]
fn a_connection_serves_one_request_after_the_other() {
    in_worker(async {
        let backend = backend(|_, mut stream| async move {
            while head(&mut stream).await.is_some() {
                answer(&mut stream, "hello").await;
            }
        })
        .await;
        let upstreams = upstreams();
        for _ in 0..5 {
            let response = upstreams
                .send(&backend.destination, request(Method::GET), DEADLINE)
                .await
                .unwrap();
            assert_eq!(text(response).await, "hello");
            tokio::task::yield_now().await;
        }
        assert_eq!(backend.connections.get(), 1);
        assert_eq!(upstreams.idle_connections(), 1);
    });
}

#[test]
fn connections_are_not_shared_between_different_tls_keys() {
    in_worker(async {
        let backend = backend(|_, mut stream| async move {
            while head(&mut stream).await.is_some() {
                answer(&mut stream, "hello").await;
            }
        })
        .await;
        let upstreams = upstreams();
        for key in [None, Some([1; 32]), Some([2; 32])] {
            let mut destination = backend.destination.clone();
            destination.key.tls = key;
            text(
                upstreams
                    .send(&destination, request(Method::GET), DEADLINE)
                    .await
                    .unwrap(),
            )
            .await;
        }
        assert_eq!(backend.connections.get(), 3);
    });
}

/// Answers once per connection, then closes when the second request has arrived.
async fn closes_on_the_second_request(number: usize, mut stream: TcpStream) {
    if head(&mut stream).await.is_some() {
        answer(&mut stream, &number.to_string()).await;
    }
    head(&mut stream).await;
}

#[test]
fn an_idempotent_request_on_a_stale_connection_is_sent_again_once() {
    in_worker(async {
        for method in [Method::GET, Method::PUT, Method::DELETE] {
            let backend = backend(closes_on_the_second_request).await;
            let upstreams = upstreams();
            for expected in ["0", "1", "2"] {
                let response = upstreams
                    .send(&backend.destination, request(method.clone()), DEADLINE)
                    .await
                    .unwrap();
                assert_eq!(text(response).await, expected, "{method}");
                tokio::task::yield_now().await;
            }
        }
    });
}

#[test]
fn a_request_that_may_have_been_processed_is_not_sent_twice() {
    in_worker(async {
        let backend = backend(closes_on_the_second_request).await;
        let upstreams = upstreams();
        text(
            upstreams
                .send(&backend.destination, request(Method::POST), DEADLINE)
                .await
                .unwrap(),
        )
        .await;
        tokio::task::yield_now().await;
        let failure = upstreams
            .send(&backend.destination, request(Method::POST), DEADLINE)
            .await
            .unwrap_err();
        assert_eq!(failure.kind, FailureKind::Protocol);
        assert_eq!(backend.connections.get(), 1);
    });
}

#[test]
fn a_fresh_connection_that_breaks_is_not_tried_again() {
    in_worker(async {
        let backend = backend(|_, mut stream| async move {
            head(&mut stream).await;
        })
        .await;
        let failure = upstreams()
            .send(&backend.destination, request(Method::GET), DEADLINE)
            .await
            .unwrap_err();
        assert_eq!(failure.kind, FailureKind::Protocol);
        assert_eq!(backend.connections.get(), 1);
    });
}

#[test]
fn failures_are_told_apart_and_name_the_backend() {
    in_worker(async {
        let silent =
            backend(|_, mut stream| async move { while head(&mut stream).await.is_some() {} })
                .await;
        let late = Duration::from_millis(100);
        let failure = upstreams()
            .send(&silent.destination, request(Method::GET), late)
            .await
            .unwrap_err();
        assert_eq!(failure.kind, FailureKind::Timeout);
        assert!(failure.detail.contains("127.0.0.1:"), "{}", failure.detail);

        let closed = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let port = closed.local_addr().unwrap().port();
        drop(closed);
        let key = PoolKey {
            host: Arc::from("127.0.0.1"),
            port,
            tls: None,
        };
        let destination = Destination { key, tls: None };
        let failure = upstreams()
            .send(&destination, request(Method::GET), DEADLINE)
            .await
            .unwrap_err();
        assert_eq!(failure.kind, FailureKind::Connect);
        assert!(failure.detail.contains("refused"), "{}", failure.detail);

        let nonsense = backend(|_, mut stream| async move {
            head(&mut stream).await;
            stream.write_all(b"SSH-2.0-nonsense\r\n\r\n").await.unwrap();
        })
        .await;
        let failure = upstreams()
            .send(&nonsense.destination, request(Method::GET), DEADLINE)
            .await
            .unwrap_err();
        assert_eq!(failure.kind, FailureKind::Protocol);
    });
}

#[test]
fn giving_up_closes_the_backend_connection() {
    in_worker(async {
        let hung_up = Rc::new(Cell::new(false));
        let seen = Rc::clone(&hung_up);
        let backend = backend(move |_, mut stream| {
            let seen = Rc::clone(&seen);
            async move {
                head(&mut stream).await;
                assert!(head(&mut stream).await.is_none());
                seen.set(true);
            }
        })
        .await;
        let upstreams = upstreams();
        let late = Duration::from_millis(50);
        upstreams
            .send(&backend.destination, request(Method::GET), late)
            .await
            .unwrap_err();
        while !hung_up.get() {
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    });
}

#[test]
fn a_response_given_up_half_way_closes_its_connection() {
    in_worker(async {
        let backend = backend(|_, mut stream| async move {
            head(&mut stream).await;
            let _ = stream
                .write_all(b"HTTP/1.1 200 OK\r\ncontent-length: 10\r\n\r\nabc")
                .await;
            head(&mut stream).await;
        })
        .await;
        let upstreams = upstreams();
        let response = upstreams
            .send(&backend.destination, request(Method::GET), DEADLINE)
            .await
            .unwrap();
        drop(response);
        assert_eq!(upstreams.idle_connections(), 0);
    });
}

#[test]
fn a_response_with_two_lengths_costs_its_connection() {
    in_worker(async {
        let backend = backend(|_, mut stream| async move {
            while head(&mut stream).await.is_some() {
                let response = "HTTP/1.1 200 OK\r\ncontent-length: 50\r\ntransfer-encoding: chunked\r\n\r\n3\r\nabc\r\n0\r\n\r\n";
                let _ = stream.write_all(response.as_bytes()).await;
            }
        })
        .await;
        let upstreams = upstreams();
        let response = upstreams
            .send(&backend.destination, request(Method::GET), DEADLINE)
            .await
            .unwrap();
        assert_eq!(text(response).await, "abc");
        assert_eq!(upstreams.idle_connections(), 0);
    });
}

#[test]
fn a_body_that_stalls_is_an_error_and_not_an_end() {
    in_worker(async {
        let backend = backend(|_, mut stream| async move {
            head(&mut stream).await;
            stream
                .write_all(b"HTTP/1.1 200 OK\r\ncontent-length: 10\r\n\r\nabc")
                .await
                .unwrap();
            head(&mut stream).await;
        })
        .await;
        let settings = UpstreamSettings {
            body_timeout: Duration::from_millis(100),
            ..UpstreamSettings::default()
        };
        let response = Upstreams::new(settings)
            .send(&backend.destination, request(Method::GET), DEADLINE)
            .await
            .unwrap();
        assert_eq!(
            response.into_body().collect(100).await.unwrap_err(),
            crate::body::BodyError::Timeout
        );
    });
}

#[test]
fn unused_connections_are_closed_after_a_while() {
    in_worker(async {
        let backend = backend(|_, mut stream| async move {
            while head(&mut stream).await.is_some() {
                answer(&mut stream, "x").await;
            }
        })
        .await;
        let settings = UpstreamSettings {
            idle_timeout: Duration::from_millis(50),
            ..UpstreamSettings::default()
        };
        let upstreams = Upstreams::new(settings);
        text(
            upstreams
                .send(&backend.destination, request(Method::GET), DEADLINE)
                .await
                .unwrap(),
        )
        .await;
        assert_eq!(upstreams.idle_connections(), 1);
        tokio::time::sleep(Duration::from_millis(80)).await;
        upstreams.sweep();
        assert_eq!(upstreams.idle_connections(), 0);
    });
}
