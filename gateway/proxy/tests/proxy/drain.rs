//! Ending without cutting anybody off.

use std::time::Duration;

use gateway_proxy::Drained;
use gateway_testkit::{Alpn, Answer, Client, Origin};
use http::Request;

use crate::bench::{Bench, DEADLINE};

#[tokio::test]
async fn drain_finishes_every_request_in_flight_and_closes_the_rest() {
    let slow = Origin::builder()
        .answering(|_| Answer::ok().body("whole").after(Duration::from_millis(500)))
        .start();
    let mut bench = Bench::over(slow, |settings| settings.workers = 2);
    let http1 = bench.client().build().unwrap().connect().await.unwrap();
    let http2 = bench
        .client()
        .alpn(Alpn::Http2)
        .build()
        .unwrap()
        .connect()
        .await
        .unwrap();
    let idle1 = bench.client().build().unwrap().connect().await.unwrap();
    let idle2 = bench
        .client()
        .alpn(Alpn::Http2)
        .build()
        .unwrap()
        .connect()
        .await
        .unwrap();
    for connection in [&idle1, &idle2] {
        assert_eq!(connection.get("/api/x").await.unwrap().status, 200);
    }
    let arrived = bench.origin.request_count();
    let get = || {
        Request::get("/api/x")
            .body(gateway_testkit::empty())
            .unwrap()
    };
    let (one, two, three, drained) = tokio::join!(
        http1.send(get()),
        http2.send(get()),
        http2.send(get()),
        async {
            gateway_testkit::eventually(DEADLINE, "requests are in flight", || async {
                (bench.origin.request_count() == arrived + 3).then_some(())
            })
            .await;
            bench.proxy.take().unwrap().drain(DEADLINE).await
        }
    );
    for response in [one, two, three] {
        let response = response.unwrap();
        assert_eq!(
            (response.status.as_u16(), response.text().as_str()),
            (200, "whole")
        );
    }
    assert_eq!(
        drained,
        Drained {
            cut: 0,
            one_way_cut: 0
        }
    );
    assert!(
        Client::builder(bench.address())
            .insecure()
            .build()
            .unwrap()
            .connect()
            .await
            .is_err()
    );
}

#[tokio::test]
async fn what_is_open_at_the_deadline_is_cut() {
    let never = Origin::builder().answering(|_| Answer::never()).start();
    let mut bench = Bench::over(never, |_| {});
    let connection = bench.client().build().unwrap().connect().await.unwrap();
    let arrived = bench.origin.request_count();
    let request = Request::get("/api/x")
        .body(gateway_testkit::empty())
        .unwrap();
    let (response, drained) = tokio::join!(connection.send(request), async {
        gateway_testkit::eventually(DEADLINE, "the request is in flight", || async {
            (bench.origin.request_count() > arrived).then_some(())
        })
        .await;
        bench
            .proxy
            .take()
            .unwrap()
            .drain(Duration::from_millis(300))
            .await
    });
    assert!(response.is_err());
    assert_eq!(
        drained,
        Drained {
            cut: 1,
            one_way_cut: 0
        }
    );
    let records = bench.records(1).await;
    assert!(records[0]["status"].is_null());
}

#[tokio::test]
async fn a_proxy_can_start_again_on_the_same_address() {
    let mut bench = Bench::start();
    let address = bench.address();
    bench.take_proxy().drain(DEADLINE).await;
    let again = Bench::with(|settings| settings.listen = vec![address]);
    assert_eq!(
        again
            .client()
            .build()
            .unwrap()
            .get("/api/x")
            .await
            .unwrap()
            .status,
        200
    );
}
