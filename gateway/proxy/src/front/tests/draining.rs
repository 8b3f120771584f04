//! Ending without cutting anybody off.

use super::*;

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
