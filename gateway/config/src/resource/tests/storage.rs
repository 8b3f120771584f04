use super::*;
use crate::resource::{Kind, from_stored, secrets, to_stored};

fn again(kind: Kind, body: &Body) -> Body {
    from_stored(kind, &to_stored(body)).unwrap()
}

#[test]
fn every_kind_comes_back_from_the_store_as_it_was() {
    let authority = authority();
    let issued = server(&authority, "a.test");
    let crl = authority
        .crl(&gateway_tls::issue::CrlRequest {
            revoked: Vec::new(),
            number: 1,
            this_update: NOW - 60,
            next_update: NOW + DAY,
        })
        .unwrap();
    let service = json!({
        "location": "local",
        "tags": { "a": "b" },
        "properties": {
            "publisherName": "me",
            "hostnameConfigurations": [{ "type": "Proxy", "hostName": "a.test", "negotiateClientCertificate": true,
                "encodedCertificate": pfx(&issued), "certificatePassword": "password" }],
            "certificates": [{ "encodedCertificate": ca_der(&authority), "storeName": "Root" }],
            "customProperties": { "Countersign.Host.a.test.ClientCertificate": "required" }
        }
    });
    let samples = [
        ("", accepted(take(Mode::Put, "", None, &service))),
        (
            "namedValues/a",
            accepted(put(
                "namedValues/a",
                json!({ "displayName": "a", "value": "v", "secret": true, "tags": ["t"] }),
            )),
        ),
        (
            "certificates/a",
            accepted(put(
                "certificates/a",
                json!({ "data": pfx(&issued), "password": "password" }),
            )),
        ),
        (
            "certificates/a",
            accepted(put("certificates/a", json!({ "data": der(&issued) }))),
        ),
        (
            "backends/a",
            accepted(put(
                "backends/a",
                json!({ "url": "https://a.test", "credentials": { "certificate": ["x"] } }),
            )),
        ),
        ("apis/a", accepted(put("apis/a", json!({ "path": "a" })))),
        (
            "apis/a/operations/b",
            accepted(put(
                "apis/a/operations/b",
                json!({ "displayName": "B", "method": "GET", "urlTemplate": "/" }),
            )),
        ),
        (
            "policies/policy",
            accepted(put(
                "policies/policy",
                json!({ "value": "<policies/>", "format": "rawxml" }),
            )),
        ),
        (
            "subscriptions/a",
            accepted(put(
                "subscriptions/a",
                json!({ "scope": "/apis", "displayName": "A", "state": "active" }),
            )),
        ),
        (
            "identityLists/a",
            accepted(put("identityLists/a", json!({ "description": "d" }))),
        ),
        (
            "identityLists/a/identities/b",
            accepted(put(
                "identityLists/a/identities/b",
                json!({ "thumbprint": "AB".repeat(20) }),
            )),
        ),
        (
            "identityLists/a/identities/b",
            accepted(put(
                "identityLists/a/identities/b",
                json!({ "thumbprint": "AB".repeat(32) }),
            )),
        ),
        (
            "identityLists/a/identities/b",
            accepted(put(
                "identityLists/a/identities/b",
                json!({ "subject": "CN=x", "notAfter": "2027-01-01T00:00:00Z" }),
            )),
        ),
        (
            "crls/a",
            accepted(put(
                "crls/a",
                json!({ "encodedCrl": STANDARD.encode(crl.der()) }),
            )),
        ),
    ];
    for (at, body) in samples {
        let loaded = again(path(at).kind(), &body);
        assert_eq!(secrets(&loaded), secrets(&body), "{at}");
        assert_eq!(to_stored(&loaded), to_stored(&body), "{at}");
        assert_eq!(shown(at, loaded), shown(at, body), "{at}");
    }
}

#[test]
fn a_private_key_survives_the_store() {
    let issued = server(&authority(), "a.test");
    let body = accepted(put(
        "certificates/a",
        json!({ "data": pfx(&issued), "password": "password" }),
    ));
    let key = |body: &Body| {
        let Body::Certificate(certificate) = body else {
            panic!()
        };
        certificate
            .material
            .as_ref()
            .unwrap()
            .private_key_pkcs8()
            .unwrap()
    };
    assert_eq!(*key(&again(Kind::Certificate, &body)), *key(&body));
}

#[test]
fn a_bare_thumbprint_takes_twenty_one_bytes() {
    let body = accepted(put(
        "identityLists/a/identities/b",
        json!({ "thumbprint": "AB".repeat(20) }),
    ));
    assert_eq!(to_stored(&body).len(), 21);
}

#[test]
fn damaged_content_is_an_error_and_quotes_nothing() {
    for kind in Kind::ALL {
        for bytes in [
            &b""[..],
            b"{",
            b"[]",
            b"\x01\x02",
            b"hunter2",
            b"\x03{\"x\":\"hunter2\"}",
        ] {
            let error = from_stored(kind, bytes).err();
            assert!(
                error.as_ref().is_some_and(|e| !e.contains("hunter2")),
                "{kind:?} {bytes:?} {error:?}"
            );
        }
    }
}

#[test]
fn content_that_this_release_would_not_accept_does_not_load() {
    let error = from_stored(
        Kind::Backend,
        br#"{"url":"https://a.test","pool":{"services":[1]}}"#,
    )
    .unwrap_err();
    assert!(error.contains("pool"), "{error}");
}
