use super::*;
use gateway_tls::issue::CrlRequest;

const AT: &str = "certificates/c";

#[test]
fn a_pfx_is_taken_with_its_password_and_shown_without_data() {
    let authority = authority();
    let issued = server(&authority, "partner.test");
    let body = accepted(put(
        AT,
        json!({ "data": pfx(&issued), "password": "password" }),
    ));
    assert_eq!(
        shown(AT, body),
        json!({ "subject": "CN=partner.test", "thumbprint": issued.thumbprint().unwrap(),
                "expirationDate": "2027-02-20T20:00:00Z", "hasPrivateKey": true })
    );
}

#[test]
fn a_public_certificate_is_taken_as_der_and_as_pem_in_base64_or_bare() {
    let issued = server(&authority(), "partner.test");
    let pem = issued.certificate_pem().to_owned();
    for data in [der(&issued), STANDARD.encode(&pem), pem] {
        let body = accepted(put(AT, json!({ "data": data })));
        let Body::Certificate(certificate) = &body else {
            panic!()
        };
        assert!(certificate.material.is_none());
        assert_eq!(shown(AT, body)["hasPrivateKey"], false);
    }
}

#[test]
fn every_bad_upload_has_a_clear_message_at_its_property() {
    let authority = authority();
    let issued = server(&authority, "a.test");
    let good = issued.to_pfx("password").unwrap();
    let refuse = |data: Value, password: &str, target: &str, words: &str| {
        refused_at(
            put(AT, json!({ "data": data, "password": password })),
            target,
            words,
        );
    };
    refuse(json!(pfx(&issued)), "nope", "password", "password");
    refuse(
        json!(STANDARD.encode(&good[..good.len() / 2])),
        "password",
        "data",
        "truncated",
    );
    refuse(
        json!(STANDARD.encode([good.as_slice(), b"xx"].concat())),
        "password",
        "data",
        "follow",
    );
    refuse(
        json!(STANDARD.encode(b"hello, this is text")),
        "password",
        "data",
        "PKCS#12",
    );
    refuse(json!("%%%"), "password", "data", "base64");
    refuse(json!("AAA"), "password", "data", "base64");
    refuse(json!(""), "password", "data", "empty");
    refuse(json!(7), "password", "data", "string");
    refuse(json!("A".repeat(1_600_000)), "password", "data", "at most");
    let half = &issued.certificate_der()[..200];
    refuse(json!(STANDARD.encode(half)), "", "data", "truncated");
    refuse(
        json!("-----BEGIN CERTIFICATE-----\nAAAA\n"),
        "",
        "data",
        "no end marker",
    );
    refused_at(put(AT, json!({})), "data", "required");
    refused_at(
        put(AT, json!({ "data": pfx(&issued), "password": 1 })),
        "password",
        "string",
    );
    refused_at(
        put(
            AT,
            json!({ "keyVault": { "secretIdentifier": "x" }, "data": der(&issued) }),
        ),
        "keyVault",
        "Key Vault",
    );
    refused_at(
        patch(
            AT,
            &accepted(put(AT, json!({ "data": der(&issued) }))),
            json!({}),
        ),
        "",
        "patched",
    );
}

#[test]
fn a_key_that_does_not_belong_to_its_certificate_is_refused() {
    let authority = authority();
    let (one, other) = (server(&authority, "a.test"), server(&authority, "b.test"));
    let mixed = format!("{}{}", one.certificate_pem(), other.key_pem());
    refused_at(
        put(AT, json!({ "data": STANDARD.encode(mixed) })),
        "data",
        "does not belong",
    );
    let key_alone = STANDARD.encode(one.key_pem());
    refused_at(put(AT, json!({ "data": key_alone })), "data", "certificate");
}

#[test]
fn an_expired_one_is_refused_when_it_is_brought_in_with_its_key() {
    let old = expired(&authority(), "old.test");
    refused_at(
        put(AT, json!({ "data": pfx(&old), "password": "password" })),
        "data",
        "expired on 2026-11-21",
    );
    // As a pin it can only refuse.
    assert_eq!(
        codes(put(AT, json!({ "data": der(&old) }))),
        ["CertificateExpired"]
    );
}

#[test]
fn a_version_1_certificate_is_taken_with_a_warning() {
    let request = LeafRequest::server("v1.test")
        .v1()
        .valid(Validity::days_from(NOW, 90));
    let issued = authority().issue(&request).unwrap();
    assert_eq!(
        codes(put(
            AT,
            json!({ "data": pfx(&issued), "password": "password" })
        )),
        ["CertificateVersion"]
    );
}

#[test]
fn what_was_read_can_be_put_back_and_another_thumbprint_cannot() {
    let issued = server(&authority(), "a.test");
    let body = accepted(put(
        AT,
        json!({ "data": pfx(&issued), "password": "password" }),
    ));
    let read = shown(
        AT,
        accepted(put(
            AT,
            json!({ "data": pfx(&issued), "password": "password" }),
        )),
    );
    let Body::Certificate(kept) = accepted(put_over(AT, Some(&body), read)) else {
        panic!()
    };
    assert!(kept.material.is_some());
    refused_at(
        put_over(AT, Some(&body), json!({ "thumbprint": "00".repeat(20) })),
        "data",
        "required",
    );
}

#[test]
fn messages_hold_neither_the_password_nor_the_data() {
    let issued = server(&authority(), "a.test");
    let data = pfx(&issued);
    let problems = refused(put(
        AT,
        json!({ "data": data, "password": "hunter2-wrong" }),
    ));
    let text = format!("{problems:?}");
    assert!(!text.contains("hunter2") && !text.contains(data.get(..40).unwrap()));
}

fn crl(next_update: Option<i64>) -> gateway_tls::issue::Crl {
    let authority = authority();
    let request = CrlRequest {
        this_update: NOW - 60,
        next_update: next_update.unwrap_or(NOW + DAY),
        number: 7,
        revoked: Vec::new(),
    };
    authority.crl(&request).unwrap()
}

#[test]
fn a_crl_is_taken_as_der_and_pem_and_read_back_by_its_facts() {
    let crl = crl(None);
    for encoded in [
        STANDARD.encode(crl.der()),
        STANDARD.encode(crl.pem()),
        crl.pem().to_owned(),
    ] {
        let shown = shown(
            "crls/c",
            accepted(put("crls/c", json!({ "encodedCrl": encoded }))),
        );
        assert_eq!(shown["issuer"], "CN=Test CA");
        assert_eq!(shown["number"], "07");
        assert_eq!(shown["thisUpdate"], "2026-11-22T19:59:00Z");
        assert_eq!(shown["nextUpdate"], "2026-11-23T20:00:00Z");
        assert!(shown.get("encodedCrl").is_none());
    }
}

#[test]
fn a_crl_that_is_out_of_date_or_no_crl_is_refused() {
    let old = STANDARD.encode(crl(Some(NOW - 1)).der());
    refused_at(
        put("crls/c", json!({ "encodedCrl": old })),
        "encodedCrl",
        "out of date",
    );
    let certificate = ca_der(&authority());
    refused_at(
        put("crls/c", json!({ "encodedCrl": certificate })),
        "encodedCrl",
        "not an X.509 certificate revocation list",
    );
    refused_at(put("crls/c", json!({})), "encodedCrl", "required");
}
