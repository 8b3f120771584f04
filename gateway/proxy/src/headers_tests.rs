#![allow(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    reason = "tests fail by panicking"
)]

use super::*;

fn map(lines: &[(&str, &str)]) -> HeaderMap {
    lines
        .iter()
        .map(|(name, value)| {
            (
                name.parse::<HeaderName>().unwrap(),
                HeaderValue::from_str(value).unwrap(),
            )
        })
        .collect()
}

fn names(headers: &HeaderMap) -> Vec<&str> {
    headers.keys().map(HeaderName::as_str).collect()
}

#[test]
fn identity_headers_are_removed_in_every_spelling() {
    let mut spellings = Vec::new();
    for name in [
        "Client-Cert",
        "Client-Cert-Chain",
        "X-Forwarded-Client-Cert",
        "X-Client-Cert",
        "X-Client-Certificate",
        "X-ARR-ClientCert",
        "X-ARR-ClientCertThumbprint",
        "X-SSL-Client-Verify",
        "X-SSL-Client-S-DN",
        "SSL-Client-Cert",
        "Ssl-Client-Subject-Dn",
        "X-Amzn-Mtls-Clientcert",
        "X-Amzn-Mtls-Clientcert-Leaf",
    ] {
        spellings.push(name.to_owned());
        spellings.push(name.to_lowercase());
        spellings.push(name.to_uppercase());
        spellings.push(name.replace('-', "_"));
        spellings.push(name.replacen('-', "_", 1));
    }
    for spelling in spellings {
        let mut headers = map(&[
            (&spelling, "forged"),
            (&spelling, "twice"),
            ("accept", "*/*"),
        ]);
        remove_identity(&mut headers);
        assert_eq!(names(&headers), ["accept"], "{spelling}");
    }
}

#[test]
fn other_headers_are_not_taken_for_identity() {
    for name in [
        "client-certs",
        "x-client",
        "xclient-cert",
        "x-ssl-clients",
        "content-type",
        "cookie",
    ] {
        let mut headers = map(&[(name, "x")]);
        remove_identity(&mut headers);
        assert_eq!(headers.len(), 1, "{name}");
    }
}

#[test]
fn what_belongs_to_one_connection_is_removed_and_so_is_what_it_names() {
    let mut headers = map(&[
        ("connection", "close, X-Private"),
        ("connection", "x-second"),
        ("x-private", "1"),
        ("x-second", "2"),
        ("keep-alive", "timeout=5"),
        ("proxy-connection", "keep-alive"),
        ("te", "trailers, deflate;q=0.5"),
        ("transfer-encoding", "chunked"),
        ("upgrade", "h2c"),
        ("http2-settings", "AAMAAABkAAQAAP__"),
        ("proxy-authorization", "Basic eA=="),
        ("trailer", "x-checksum"),
        ("x-kept", "3"),
    ]);
    assert!(remove_hop_by_hop(&mut headers));
    assert_eq!(names(&headers), ["trailer", "x-kept"]);
}

#[test]
fn connection_cannot_name_a_header_that_decides() {
    let mut headers = map(&[
        (
            "connection",
            "authorization, host, content-length, x-forwarded-for, cookie",
        ),
        ("authorization", "Bearer x"),
        ("host", "a"),
        ("content-length", "1"),
        ("x-forwarded-for", "192.0.2.1"),
        ("cookie", "a=b"),
    ]);
    assert!(!remove_hop_by_hop(&mut headers));
    assert_eq!(headers.len(), 5);
}

#[test]
fn the_client_is_appended_to_x_forwarded_for_and_the_rest_is_overwritten() {
    let mut headers = map(&[
        ("x-forwarded-for", "192.0.2.1"),
        ("x-forwarded-for", "192.0.2.2"),
        ("x-forwarded-proto", "http"),
        ("x-forwarded-host", "forged"),
    ]);
    add_forwarded(
        &mut headers,
        "::ffff:127.0.0.1".parse().unwrap(),
        "api.example.com",
    );
    assert_eq!(
        headers["x-forwarded-for"],
        "192.0.2.1, 192.0.2.2, 127.0.0.1"
    );
    assert_eq!(headers.get_all("x-forwarded-for").iter().count(), 1);
    assert_eq!(headers["x-forwarded-proto"], "https");
    assert_eq!(headers["x-forwarded-host"], "api.example.com");
}

#[test]
fn via_names_the_protocol_the_message_came_with() {
    let mut headers = map(&[("via", "1.1 first")]);
    add_via(&mut headers, Version::HTTP_2, "countersign");
    assert_eq!(headers["via"], "1.1 first, 2 countersign");
}

#[test]
fn only_100_continue_can_be_expected() {
    assert_eq!(take_expectation(&mut map(&[])), Expectation::None);
    let mut headers = map(&[("expect", "100-Continue")]);
    assert_eq!(take_expectation(&mut headers), Expectation::Continue);
    assert!(headers.is_empty());
    assert_eq!(
        take_expectation(&mut map(&[("expect", "200-ok")])),
        Expectation::Unknown
    );
}

#[test]
fn trailers_cannot_bring_what_headers_may_not() {
    let mut trailers = map(&[
        ("x-checksum", "1"),
        ("grpc-status", "0"),
        ("x-client-cert", "forged"),
        ("X_SSL_Client_Verify", "SUCCESS"),
        ("authorization", "Bearer x"),
        ("host", "b"),
        ("content-length", "3"),
        ("transfer-encoding", "chunked"),
        ("x-forwarded-for", "192.0.2.1"),
    ]);
    clean_trailers(&mut trailers);
    assert_eq!(names(&trailers), ["x-checksum", "grpc-status"]);
}
