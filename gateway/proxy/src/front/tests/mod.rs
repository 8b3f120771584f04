//! The front over real sockets, with a handler that echoes.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    reason = "tests fail by panicking"
)]

mod deadlines;
mod draining;
mod heads;

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

async fn until_seen(handler: &Echo) {
    while handler.seen.borrow().is_empty() {
        tokio::task::yield_now().await;
    }
}
