//! A request that goes on for as long as a test wants it.

#![expect(
    clippy::expect_used,
    clippy::panic,
    reason = "a test fails by panicking"
)]

use gateway_testkit::{BodySender, Connection, Streamed, channel};
use http::Request;

use crate::workers::unique_path;

/// A request whose body is being sent and whose response is being received.
pub(crate) struct Echo {
    body: BodySender,
    response: Streamed,
}

impl Echo {
    /// Begins one and waits for its first piece to come back.
    pub(crate) async fn begin(connection: &Connection, api: &str) -> Self {
        let (body, receiver) = channel(None);
        let request = Request::post(format!("{}?echo", unique_path(api)))
            .body(receiver)
            .expect("a request");
        assert!(body.send("begun ").await);
        let response = connection.stream(request).await.expect("a response");
        assert_eq!(response.status, 200);
        let mut echo = Self { body, response };
        echo.receive("begun ").await;
        echo
    }

    /// Sends a piece and waits for it to come back.
    pub(crate) async fn exchange(&mut self, piece: &'static str) {
        assert!(self.body.send(piece).await, "the stream has been cut");
        self.receive(piece).await;
    }

    async fn receive(&mut self, piece: &str) {
        let mut received = Vec::new();
        while received.len() < piece.len() {
            match self.response.next().await.expect("the stream goes on") {
                Some(bytes) => received.extend_from_slice(&bytes),
                None => panic!("the stream has ended"),
            }
        }
        assert_eq!(received, piece.as_bytes());
    }

    /// Ends the request, and with it the response.
    pub(crate) async fn end(self) {
        let Self { body, mut response } = self;
        drop(body);
        let rest = response.drain().await.expect("the stream ends in order");
        assert_eq!(rest, 0);
    }
}
