//! Clients that are slow, silent, deaf or gone.

use super::*;

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
