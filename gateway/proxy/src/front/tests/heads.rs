//! What the front takes for a request, and what it refuses.

use super::*;

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
