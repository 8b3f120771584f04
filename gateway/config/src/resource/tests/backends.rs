use super::*;

const AT: &str = "backends/b";

fn backend(properties: Value) -> crate::resource::backend::Backend {
    let Body::Backend(backend) = accepted(put(AT, properties)) else {
        panic!()
    };
    backend
}

#[test]
fn a_backend_reads_back_as_it_was_sent_with_its_credentials() {
    let sent = json!({
        "url": "https://secure.example.test", "protocol": "http", "description": "d",
        "credentials": {
            "certificateIds": ["/subscriptions/0/x/certificates/bk"], "query": { "q": ["1", "2"] },
            "header": { "x-k": ["v"] }, "authorization": { "scheme": "Basic", "parameter": "abc" }
        },
        "tls": { "validateCertificateChain": true, "validateCertificateName": false }
    });
    assert_eq!(shown(AT, accepted(put(AT, sent.clone()))), sent);
    let backend = backend(sent);
    assert_eq!(&*backend.certificate_ids[0], "bk");
    assert!(backend.validate_chain && !backend.validate_name);
    assert_eq!(
        backend.authorization.as_ref().map(|(s, p)| (&**s, &**p)),
        Some(("Basic", "abc"))
    );
    assert!(!format!("{backend:?}").contains("abc"));
}

#[test]
fn certificates_are_named_by_thumbprint_or_by_id_and_ids_win() {
    let certificates = |credentials: Value| {
        let backend = backend(
            json!({ "url": "https://a.test", "protocol": "http", "credentials": credentials }),
        );
        (
            backend.certificate_ids.len(),
            backend.certificate_thumbprints,
        )
    };
    let thumbprint: Arc<str> = Arc::from("AB".repeat(20));
    assert_eq!(
        certificates(json!({ "certificate": ["ab".repeat(20)] })),
        (0, vec![thumbprint])
    );
    assert_eq!(
        certificates(json!({ "certificate": ["my-backend-cert-id"] })),
        (1, vec![])
    );
    assert_eq!(
        certificates(
            json!({ "certificateIds": ["/certificates/x"], "certificate": ["ab".repeat(20)] })
        ),
        (1, vec![])
    );
}

#[test]
fn a_patch_changes_one_thing_and_keeps_the_rest() {
    let old = accepted(put(
        AT,
        json!({ "url": "https://a.test", "protocol": "http", "tls": { "validateCertificateName": false } }),
    ));
    let Body::Backend(patched) = accepted(patch(AT, &old, json!({ "description": "e" }))) else {
        panic!()
    };
    assert_eq!(
        (&*patched.url, patched.validate_name),
        ("https://a.test", false)
    );
}

#[test]
fn checks_are_on_unless_switched_off_and_then_warned_about() {
    let plain = backend(json!({ "url": "https://a.test", "protocol": "http" }));
    assert!(plain.validate_chain && plain.validate_name);
    let off = json!({ "url": "https://a.test", "protocol": "http", "tls": { "validateCertificateChain": false } });
    assert_eq!(codes(put(AT, off)), ["BackendNotVerified"]);
}

#[test]
fn what_would_be_ignored_is_refused_or_warned_about() {
    let with = |name: &str, value: Value| {
        put(
            AT,
            json!({ "url": "https://a.test", "protocol": "http", name: value }),
        )
    };
    for (name, value) in [
        ("type", json!("Pool")),
        ("pool", json!({ "services": [] })),
        ("proxy", json!({ "url": "http://p" })),
        ("properties", json!({ "serviceFabricCluster": {} })),
    ] {
        refused_at(with(name, value), name, "not supported");
    }
    let tls = json!({ "serverCertificateThumbprints": ["AA"] });
    refused_at(
        with("tls", tls),
        "tls.serverCertificateThumbprints",
        "not be checked",
    );
    let breaker = json!({ "rules": [{ "name": "r" }] });
    assert_eq!(codes(with("circuitBreaker", breaker)), ["NoEffect"]);
    assert_eq!(codes(with("type", json!("Single"))), [""; 0]);
}

#[test]
fn bad_urls_headers_and_values_are_refused() {
    refused_at(put(AT, json!({ "protocol": "http" })), "url", "required");
    refused_at(put(AT, json!({ "url": "ftp://a" })), "url", "scheme");
    refused_at(
        put(AT, json!({ "url": "https://u:p@a.test" })),
        "url",
        "password",
    );
    let with = |credentials: Value| {
        put(
            AT,
            json!({ "url": "https://a.test", "credentials": credentials }),
        )
    };
    refused_at(
        with(json!({ "header": { "Content-Length": ["0"] } })),
        "credentials.header.Content-Length",
        "belongs to the connection",
    );
    refused_at(
        with(json!({ "header": { "a b": ["0"] } })),
        "credentials.header.a b",
        "header name",
    );
    refused_at(
        with(json!({ "header": { "a": ["x\r\ny"] } })),
        "credentials.header.a",
        "cannot carry",
    );
    refused_at(
        with(json!({ "header": { "a": "x" } })),
        "credentials.header.a",
        "array of strings",
    );
    refused_at(
        with(json!({ "header": { "a": ["{{secret}}"] } })),
        "credentials.header.a",
        "Named values",
    );
    refused_at(
        with(json!({ "authorization": { "scheme": "Basic" } })),
        "credentials.authorization.parameter",
        "required",
    );
    refused_at(
        with(json!({ "certificateIds": ["/backends/x"] })),
        "credentials.certificateIds[0]",
        "certificates",
    );
    refused_at(
        with(json!({ "certificatIds": [] })),
        "credentials.certificatIds",
        "`certificateIds`",
    );
}
