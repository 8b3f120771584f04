//! What policies wait for, over real sockets: requests of their own, retries, limits that hold over
//! all workers, cached values, and what becomes of them when the client goes away.

#![allow(
    missing_docs,
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    reason = "tests fail by panicking"
)]

use std::collections::BTreeSet;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use gateway_e2e::{TestGateway, unique_path};
use gateway_testkit::{Answer, Origin, Response, bytes, eventually};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};

const WORKERS: usize = 4;
const SOON: Duration = Duration::from_secs(10);

async fn gateway() -> TestGateway {
    TestGateway::builder().workers(WORKERS).start().await
}

async fn get(gateway: &TestGateway, path: &str) -> Response {
    gateway.client().build().unwrap().get(path).await.unwrap()
}

fn inbound(policies: &str) -> String {
    format!("<policies><inbound>{policies}</inbound></policies>")
}

fn send(origin: &Origin, path: &str, variable: &str) -> String {
    format!(
        "<send-request mode=\"new\" response-variable-name=\"{variable}\" timeout=\"60\">\
         <set-url>{}{path}</set-url><set-method>GET</set-method></send-request>",
        origin.url()
    )
}

fn say(code: &str) -> String {
    format!("<return-response><set-body>@({code})</set-body></return-response>")
}

#[tokio::test]
async fn a_sent_request_carries_its_body_and_its_response_is_read() {
    let origin = Origin::builder()
        .answering_whole(|seen| {
            Answer::status(201)
                .header("x-seen", seen.head.header("x-own").unwrap_or("-"))
                .body(seen.body_start.clone())
        })
        .start();
    let gateway = gateway().await;
    let document = inbound(&format!(
        "<send-request mode=\"new\" response-variable-name=\"r\"><set-url>{}/token?a=b%20c</set-url>\
         <set-method>POST</set-method>\
         <set-header name=\"X-Own\" exists-action=\"override\"><value>mine</value></set-header>\
         <set-body>@(\"{{\\\"path\\\":\\\"\" + context.Request.Url.Path + \"\\\"}}\")</set-body></send-request>{}",
        origin.url(),
        say(
            "((IResponse)context.Variables[\"r\"]).StatusCode + \" \" + ((IResponse)context.Variables[\"r\"]).Headers.GetValueOrDefault(\"X-Seen\", \"\") + \" \" + ((IResponse)context.Variables[\"r\"]).Body.As<string>()"
        ),
    ));
    gateway.put_api("a", "http://127.0.0.1:9", &document).await;
    let answer = get(&gateway, "/a/x").await;
    assert_eq!(answer.text(), "201 mine {\"path\":\"/x\"}");
    let seen = origin.last().unwrap();
    assert_eq!(
        (seen.head.method.as_str(), seen.head.path.as_str()),
        ("POST", "/token?a=b%20c")
    );
    assert_eq!(
        seen.head.header("host"),
        Some(origin.address().to_string().as_str())
    );
}

#[tokio::test]
async fn a_server_that_cannot_be_reached_or_trusted_is_an_error_or_a_null() {
    let gateway = gateway().await;
    let stranger = Origin::https(&gateway.pki.stranger);
    for url in ["http://127.0.0.1:9/", &format!("{}/", stranger.url())] {
        let request = format!(
            "<send-request mode=\"new\" ignore-error=\"IGNORE\" response-variable-name=\"r\"><set-url>{url}</set-url><set-method>GET</set-method></send-request>"
        );
        let after = say("(context.Variables[\"r\"] == null).ToString()");
        let failing = inbound(&(request.replace("IGNORE", "false") + &after));
        gateway.put_api("a", "http://127.0.0.1:9", &failing).await;
        assert_eq!(get(&gateway, "/a/x").await.status, 500, "{url}");
        let ignoring = inbound(&(request.replace("IGNORE", "true") + &after));
        gateway.put_api("a", "http://127.0.0.1:9", &ignoring).await;
        assert_eq!(get(&gateway, "/a/x").await.text(), "True", "{url}");
    }
}

#[tokio::test]
async fn a_backend_that_fails_twice_is_asked_a_third_time_with_the_same_body() {
    let count = Arc::new(AtomicU64::new(0));
    let counted = Arc::clone(&count);
    let origin = Origin::builder()
        .answering_whole(move |seen| match counted.fetch_add(1, Ordering::SeqCst) {
            0 | 1 => Answer::status(503),
            _ => Answer::ok().body(seen.body_start.clone()),
        })
        .start();
    let gateway = gateway().await;
    let document = "<policies><inbound/><backend><retry condition=\"@(context.Response.StatusCode == 503)\" count=\"3\" interval=\"1\" first-fast-retry=\"true\"><forward-request buffer-request-body=\"true\"/></retry></backend></policies>";
    gateway.put_api("a", &origin.url(), document).await;
    let began = Instant::now();
    let request = http::Request::post("/a/x").body(bytes("again")).unwrap();
    let answer = gateway
        .client()
        .build()
        .unwrap()
        .send(request)
        .await
        .unwrap();
    assert_eq!(
        (answer.status.as_u16(), answer.text()),
        (200, "again".to_owned())
    );
    assert_eq!(origin.request_count(), 3);
    assert!(
        began.elapsed() >= Duration::from_secs(1),
        "one pause of a second"
    );
}

#[tokio::test]
async fn a_wait_for_all_sends_together_and_a_wait_for_any_lets_go_of_the_slow_one() {
    let origin = Origin::builder()
        .answering(|head| match head.path.as_str() {
            "/never" => Answer::never(),
            "/slow" => Answer::ok().body("slow").after(Duration::from_millis(700)),
            _ => Answer::ok().body("fast"),
        })
        .start();
    let gateway = gateway().await;
    let all = inbound(&format!(
        "<wait for=\"all\">{}{}</wait>{}",
        send(&origin, "/slow", "a"),
        send(&origin, "/slow", "b"),
        say(
            "((IResponse)context.Variables[\"a\"]).Body.As<string>() + ((IResponse)context.Variables[\"b\"]).Body.As<string>()"
        ),
    ));
    gateway.put_api("all", "http://127.0.0.1:9", &all).await;
    assert_eq!(get(&gateway, "/all/x").await.text(), "slowslow");
    assert_eq!(origin.connection_count(), 2, "both were in flight at once");
    let any = inbound(&format!(
        "<wait for=\"any\">{}{}</wait>{}",
        send(&origin, "/never", "a"),
        send(&origin, "/fast", "b"),
        say(
            "context.Variables.ContainsKey(\"a\").ToString() + context.Variables.ContainsKey(\"b\").ToString()"
        ),
    ));
    gateway.put_api("any", "http://127.0.0.1:9", &any).await;
    assert_eq!(get(&gateway, "/any/x").await.text(), "FalseTrue");
}

#[tokio::test]
async fn a_rate_limit_holds_over_all_workers() {
    let origin = Origin::http();
    let gateway = gateway().await;
    let document = inbound(
        "<rate-limit-by-key calls=\"10\" renewal-period=\"300\" counter-key=\"everybody\" remaining-calls-header-name=\"X-Left\" total-calls-header-name=\"X-All\"/>",
    );
    gateway.put_api("a", &origin.url(), &document).await;
    let paths: Vec<String> = (0..40).map(|_| unique_path("a")).collect();
    let mut allowed = 0;
    let mut refused = Vec::new();
    for path in &paths {
        let answer = get(&gateway, path).await;
        match answer.status.as_u16() {
            200 => {
                allowed += 1;
                assert_eq!(answer.headers["x-left"], (10 - allowed).to_string());
                assert_eq!(answer.headers["x-all"], "10");
            }
            _ => refused.push(answer),
        }
    }
    assert_eq!((allowed, refused.len()), (10, 30));
    let answer = &refused[0];
    assert_eq!(answer.status, 429);
    let seconds: u64 = answer.headers["retry-after"]
        .to_str()
        .unwrap()
        .parse()
        .unwrap();
    assert!((1..=305).contains(&seconds), "{seconds}");
    assert!(
        answer.text().contains(&format!(
            "Rate limit is exceeded. Try again in {seconds} seconds."
        )),
        "{}",
        answer.text()
    );
    let workers: BTreeSet<u64> = gateway.workers_of(&paths).await.into_values().collect();
    assert_eq!(workers.len(), WORKERS, "each worker has answered");
    assert_eq!(origin.request_count(), 10);
}

#[tokio::test]
async fn a_bandwidth_quota_counts_the_bytes_of_bodies_when_they_have_passed() {
    let origin = Origin::builder()
        .answering(|_| Answer::ok().zeros(1500))
        .start();
    let gateway = gateway().await;
    let document =
        inbound("<quota-by-key bandwidth=\"2\" renewal-period=\"300\" counter-key=\"k\"/>");
    gateway.put_api("a", &origin.url(), &document).await;
    // 2 KiB: the second answer ends beyond it, so that the third is refused.
    for expected in [200, 200] {
        assert_eq!(get(&gateway, "/a/x").await.status, expected);
    }
    eventually(SOON, "the third is refused", || async {
        let answer = get(&gateway, "/a/x").await;
        (answer.status == 403 && answer.text().contains("Out of bandwidth quota.")).then_some(())
    })
    .await;
}

#[tokio::test]
async fn a_cached_value_is_there_for_later_requests_on_every_worker_until_it_is_removed() {
    let gateway = gateway().await;
    let look = format!(
        "<cache-lookup-value key=\"k\" variable-name=\"v\" default-value=\"none\"/>{}",
        say("(string)context.Variables[\"v\"]")
    );
    gateway
        .put_api("look", "http://127.0.0.1:9", &inbound(&look))
        .await;
    let store = "<cache-store-value key=\"k\" value=\"@(context.Request.Url.Path)\" duration=\"600\"/><return-response/>";
    gateway
        .put_api("store", "http://127.0.0.1:9", &inbound(store))
        .await;
    let remove = "<cache-remove-value key=\"k\"/><return-response/>";
    gateway
        .put_api("remove", "http://127.0.0.1:9", &inbound(remove))
        .await;

    assert_eq!(get(&gateway, "/look/x").await.text(), "none");
    get(&gateway, "/store/one").await;
    let paths: Vec<String> = (0..32).map(|_| unique_path("look")).collect();
    for path in &paths {
        assert_eq!(get(&gateway, path).await.text(), "/one");
    }
    let workers: BTreeSet<u64> = gateway.workers_of(&paths).await.into_values().collect();
    assert_eq!(workers.len(), WORKERS, "each worker has looked");
    get(&gateway, "/remove/x").await;
    assert_eq!(get(&gateway, "/look/x").await.text(), "none");
}

#[tokio::test]
async fn when_the_client_goes_away_its_request_is_given_up_and_its_place_is_free() {
    let origin = Origin::builder()
        .answering(|head| match head.path.as_str() {
            "/never" => Answer::never(),
            _ => Answer::ok(),
        })
        .start();
    let gateway = gateway().await;
    let document = inbound(&format!(
        "<limit-concurrency key=\"place\" max-count=\"1\"><choose><when condition=\"@(context.Request.Url.Path == \"/wait\")\">{}</when></choose></limit-concurrency><return-response/>",
        send(&origin, "/never", "r"),
    ));
    gateway.put_api("a", "http://127.0.0.1:9", &document).await;
    let client = gateway.client().build().unwrap();
    let waiting = tokio::spawn(async move {
        let connection = client.connect().await.unwrap();
        let _ = connection.get("/a/wait").await;
    });
    eventually(SOON, "the server has the request", || async {
        (origin.request_count() == 1).then_some(())
    })
    .await;
    // Somebody is inside, whichever worker the next one comes to.
    for _ in 0..8 {
        let refused = get(&gateway, "/a/other").await;
        assert_eq!(refused.status, 429, "{}", refused.text());
    }
    waiting.abort();
    eventually(SOON, "the place is free", || async {
        (get(&gateway, "/a/other").await.status == 200).then_some(())
    })
    .await;
}

#[tokio::test]
async fn a_cached_response_answers_on_every_worker_without_the_backend() {
    let count = Arc::new(AtomicU64::new(0));
    let counted = Arc::clone(&count);
    let origin = Origin::builder()
        .answering(move |_| {
            let number = counted.fetch_add(1, Ordering::SeqCst);
            Answer::ok()
                .header("x-from", "backend")
                .body(number.to_string())
        })
        .start();
    let gateway = gateway().await;
    let document = "<policies><inbound><cache-lookup vary-by-developer=\"false\" vary-by-developer-groups=\"false\"><vary-by-query-parameter>v</vary-by-query-parameter></cache-lookup></inbound><outbound><cache-store duration=\"600\"/></outbound></policies>";
    gateway.put_api("a", &origin.url(), document).await;
    let paths: Vec<String> = (0..32)
        .map(|number| format!("/a/same?v=1&n={number}"))
        .collect();
    for path in &paths {
        let answer = get(&gateway, path).await;
        assert_eq!(
            (answer.text().as_str(), answer.header("x-from")),
            ("0", Some("backend"))
        );
    }
    assert_eq!(origin.request_count(), 1);
    assert_eq!(
        get(&gateway, "/a/same?v=2").await.text(),
        "1",
        "another key"
    );
}

#[tokio::test]
async fn a_drain_waits_for_requests_that_nobody_waits_for() {
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let (arrived, arrival) = tokio::sync::oneshot::channel();
    let answered = Arc::new(AtomicU64::new(0));
    let noted = Arc::clone(&answered);
    tokio::spawn(async move {
        let (mut stream, _) = listener.accept().await.unwrap();
        let mut start = [0; 4];
        stream.read_exact(&mut start).await.unwrap();
        arrived.send(()).unwrap();
        tokio::time::sleep(Duration::from_millis(700)).await;
        noted.store(1, Ordering::SeqCst);
        let answer = b"HTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n";
        stream.write_all(answer).await.unwrap();
    });
    let gateway = gateway().await;
    let document = inbound(&format!(
        "<send-one-way-request mode=\"new\" timeout=\"60\"><set-url>http://{address}/</set-url><set-method>GET</set-method></send-one-way-request><return-response/>"
    ));
    gateway.put_api("a", "http://127.0.0.1:9", &document).await;
    assert_eq!(get(&gateway, "/a/x").await.status, 200);
    arrival.await.unwrap();
    assert_eq!(answered.load(Ordering::SeqCst), 0);
    let cut = tokio::task::spawn_blocking(move || gateway.stop()).await;
    assert_eq!(cut.unwrap(), 0);
    assert_eq!(answered.load(Ordering::SeqCst), 1, "it was not cut");
}

#[tokio::test]
async fn when_the_client_goes_away_the_connection_of_its_pending_request_is_closed() {
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let gateway = gateway().await;
    let request = format!(
        "<send-request mode=\"new\" response-variable-name=\"r\" timeout=\"60\"><set-url>http://{address}/</set-url><set-method>GET</set-method></send-request><return-response/>"
    );
    gateway
        .put_api("a", "http://127.0.0.1:9", &inbound(&request))
        .await;
    let client = gateway.client().build().unwrap();
    let waiting = tokio::spawn(async move {
        let connection = client.connect().await.unwrap();
        let _ = connection.get("/a/x").await;
    });
    let (mut stream, _) = listener.accept().await.unwrap();
    let mut start = [0; 4];
    stream.read_exact(&mut start).await.unwrap();
    waiting.abort();
    let mut rest = Vec::new();
    let closed = tokio::time::timeout(SOON, stream.read_to_end(&mut rest)).await;
    // An end or a reset: either way nobody waits any more.
    assert!(closed.is_ok(), "the connection is still open");
}
