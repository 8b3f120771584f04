#![allow(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    reason = "tests fail by panicking"
)]

use std::sync::Arc;

use http::{Extensions, Method, Version};

use super::*;

fn request(path: &str, query: &str, headers: &[(&'static str, &'static str)]) -> context::Request {
    let url = context::Url {
        scheme: Arc::from("https"),
        host: Arc::from("api.example.com"),
        port: 443,
        path: path.to_owned(),
        query: query.to_owned(),
    };
    context::Request {
        method: Method::GET,
        original_url: url.clone(),
        url,
        headers: headers
            .iter()
            .map(|(name, value)| {
                (
                    header::HeaderName::from_static(name),
                    HeaderValue::from_static(value),
                )
            })
            .collect(),
        ip_address: [127, 0, 0, 1].into(),
        certificate: None,
        matched_parameters: Vec::new(),
        body: context::Body::None,
    }
}

fn upstream(base_path: &str, base_query: &str) -> Upstream {
    Upstream {
        backend_id: None,
        host: Arc::from("backend.internal"),
        port: 8080,
        base_path: Arc::from(base_path),
        base_query: Arc::from(base_query),
        headers: Vec::new(),
        query: Vec::new(),
        tls: None,
    }
}

fn client() -> ClientSide {
    ClientSide {
        body: None,
        extensions: Extensions::new(),
        version: Version::HTTP_2,
        host: Some(HeaderValue::from_static("api.example.com")),
        trailers: false,
    }
}

fn built(request: &context::Request, upstream: &Upstream, mut client: ClientSide) -> Request<Body> {
    build(request, upstream, &mut client, "countersign", Body::empty()).unwrap()
}

#[test]
fn paths_and_queries_of_backend_and_request_are_joined() {
    let mut backend = upstream("/base", "fixed=1");
    backend.query = vec![(Arc::from("code"), Arc::from("a%20b"))];
    let sent = built(&request("/orders/1", "x=2", &[]), &backend, client());
    assert_eq!(sent.uri(), "/base/orders/1?fixed=1&x=2&code=a%20b");
    let sent = built(&request("/", "", &[]), &upstream("", ""), client());
    assert_eq!(sent.uri(), "/");
}

#[test]
fn what_a_policy_wrote_into_a_url_is_encoded_and_cannot_end_the_request_line() {
    let sent = built(
        &request("/a b?c#d\r\nX: y", "q=\u{e9} {x}", &[]),
        &upstream("", ""),
        client(),
    );
    assert_eq!(sent.uri(), "/a%20b%3Fc%23d%0D%0AX:%20y?q=%C3%A9%20%7Bx%7D");
    let sent = built(&request("/a%2Fb", "", &[]), &upstream("", ""), client());
    assert_eq!(sent.uri(), "/a%2Fb", "what came encoded stays as it came");
}

#[test]
fn the_backend_is_called_by_its_own_name_unless_a_policy_names_another() {
    let own = built(
        &request("/", "", &[("host", "api.example.com")]),
        &upstream("", ""),
        client(),
    );
    assert_eq!(own.headers()["host"], "backend.internal:8080");
    let named = built(
        &request("/", "", &[("host", "other")]),
        &upstream("", ""),
        client(),
    );
    assert_eq!(named.headers()["host"], "other");
}

#[test]
fn framing_and_hop_by_hop_headers_never_leave() {
    let sent = built(
        &request(
            "/",
            "",
            &[
                ("content-length", "5"),
                ("transfer-encoding", "chunked"),
                ("connection", "x-a"),
                ("x-a", "1"),
            ],
        ),
        &upstream("", ""),
        client(),
    );
    for name in ["content-length", "transfer-encoding", "connection", "x-a"] {
        assert!(!sent.headers().contains_key(name), "{name}");
    }
    assert_eq!(sent.headers()["via"], "2 countersign");
}

#[test]
fn credentials_of_the_backend_replace_what_the_client_sent() {
    let mut backend = upstream("", "");
    backend.headers = vec![
        (
            header::AUTHORIZATION,
            HeaderValue::from_static("Basic b3Vycw=="),
        ),
        (header::ACCEPT, HeaderValue::from_static("a/b")),
        (header::ACCEPT, HeaderValue::from_static("c/d")),
    ];
    let sent = built(
        &request("/", "", &[("authorization", "Bearer theirs")]),
        &backend,
        client(),
    );
    assert_eq!(
        sent.headers()
            .get_all("authorization")
            .iter()
            .collect::<Vec<_>>(),
        ["Basic b3Vycw=="]
    );
    let accepted: Vec<_> = sent.headers().get_all("accept").iter().collect();
    assert_eq!(accepted, ["a/b", "c/d"]);
}
