//! The nine documents of the mutual-TLS article, byte for byte.

#![allow(
    missing_docs,
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    reason = "tests fail by panicking"
)]

mod support;

use std::sync::Arc;

use gateway_policy::certificate::Certificate;
use gateway_policy::execution::CertificateChoice;
use gateway_policy::host::TraceSeverity;
use gateway_policy::program::{Program, Scope, link};
use support::*;

fn article(number: u32) -> String {
    let path = format!(
        "{}/tests/fixtures/mtls-article-{number}.xml",
        env!("CARGO_MANIFEST_DIR")
    );
    std::fs::read_to_string(path).unwrap()
}

fn names(allowed: &str) -> Names {
    Names::default().with("allowed-thumbprints", allowed)
}

#[track_caller]
fn compiled(source: &str) -> Arc<Program> {
    link(&[scope_program(
        source,
        Scope::Api,
        &names(&partner_thumbprint()),
    )])
}

/// Status and body; 200 and the backend's body if it passed.
fn answer(program: &Arc<Program>, certificate: Option<Certificate>) -> (u16, String) {
    let mut context = context();
    context.request.certificate = certificate.map(Arc::new);
    let ended = run(program, context, &World::default());
    (ended.status, ended.body)
}

fn passes() -> (u16, String) {
    (200, "from the backend".to_owned())
}

fn refused(body: &str) -> (u16, String) {
    (403, body.to_owned())
}

fn expired() -> Certificate {
    let mut certificate = partner();
    certificate.not_after = NOW - DAY;
    certificate
}

#[test]
fn all_nine_compile_and_only_the_seventh_needs_its_named_value() {
    for number in 1..=9 {
        let result = check(&article(number), Scope::Api, &names("AB"));
        assert!(result.program.is_some(), "{number}: {:?}", result.problems);
        let without = check(&article(number), Scope::Api, &Names::default());
        assert_eq!(without.program.is_some(), number != 7, "{number}");
    }
}

#[test]
fn what_is_open_or_never_matches_is_warned_about() {
    let warned: Vec<(u32, Vec<&str>)> = (1..=9)
        .map(|number| {
            (
                number,
                codes(&check(&article(number), Scope::Api, &names("AB")).problems),
            )
        })
        .filter(|(_, codes)| !codes.is_empty())
        .collect();
    assert_eq!(
        warned,
        [
            (3, vec!["InvalidThumbprint", "InvalidThumbprint"]),
            (7, vec!["FailsOpen"]),
            (9, vec!["FailsOpen"]),
        ]
    );
}

#[test]
fn an_empty_item_in_the_list_is_warned_about() {
    let result = check(&article(7), Scope::Api, &names("AB,"));
    assert!(result.program.is_some());
    assert_eq!(
        codes(&result.problems),
        ["FailsOpen", "FailsOpen"],
        "{:?}",
        result.problems
    );
}

#[test]
fn one_writes_a_record_with_the_certificates_names() {
    let world = World::default();
    let program = compiled(&article(1));
    assert!(run(&program, context_with(partner()), &world).forwarded());
    assert!(run(&program, context(), &world).forwarded());
    let records = world.traces.lock().unwrap();
    assert_eq!(
        (records[0].source.as_str(), records[0].severity),
        ("mtls-auth", TraceSeverity::Information)
    );
    let thumbprint = partner_thumbprint();
    assert_eq!(
        records[0].message,
        format!(
            "Client cert: Subject=CN=partner-company.com, O=\"Partner, Inc.\", S=Washington, C=US, Thumbprint={thumbprint}, Expires=07/01/2026 00:00:00"
        )
    );
    assert_eq!(
        records[1].message,
        "Client cert: Subject=, Thumbprint=, Expires="
    );
}

#[test]
fn two_gives_an_expired_certificate_its_own_message() {
    let program = compiled(&article(2));
    assert_eq!(
        answer(&program, Some(expired())),
        refused("Client certificate has expired")
    );
    assert_eq!(answer(&program, Some(partner())), passes());
    assert_eq!(answer(&program, None), passes());
}

#[test]
fn three_refuses_everybody_because_its_thumbprints_are_none() {
    let program = compiled(&article(3));
    let refused = (
        403,
        r#"{ "statusCode": 403, "message": "Client certificate validation failed" }"#.to_owned(),
    );
    assert_eq!(answer(&program, Some(partner())), refused);
    assert_eq!(answer(&program, None), refused);
}

#[test]
fn three_with_real_thumbprints_accepts_the_right_certificate_of_the_right_issuer() {
    let source = article(3)
        .replace("A1B2C3D4E5F6...", &partner_thumbprint())
        .replace("CN=My Trusted CA", "O=Example, CN=My Trusted CA");
    let program = compiled(&source);
    assert_eq!(answer(&program, Some(partner())), passes());
    let other = certificate("CN=other", "O=Example, CN=My Trusted CA", 0xCD);
    assert_eq!(answer(&program, Some(other)).0, 403);
    let mut wrong_issuer = partner();
    wrong_issuer.issuer = gateway_policy::dn::Dn::parse("CN=Another CA").unwrap();
    assert_eq!(answer(&program, Some(wrong_issuer)).0, 403);
}

#[test]
fn four_judges_the_subject() {
    let program = compiled(&article(4));
    assert_eq!(answer(&program, Some(partner())), passes());
    let other = certificate("CN=other-company.com", "O=Example, CN=My Trusted CA", 0xCD);
    assert_eq!(
        answer(&program, Some(other)),
        refused("Invalid certificate subject")
    );
    assert_eq!(
        answer(&program, None),
        refused("Invalid certificate subject")
    );
}

#[test]
fn five_accepts_the_old_and_the_new_certificate() {
    assert_eq!(answer(&compiled(&article(5)), Some(partner())), refused(""));
    let source = article(5)
        .replace("OLD_THUMBPRINT", &partner_thumbprint())
        .replace("NEW_THUMBPRINT", &"CD".repeat(20));
    let program = compiled(&source);
    assert_eq!(answer(&program, Some(partner())), passes());
    assert_eq!(
        answer(
            &program,
            Some(certificate("CN=new", "CN=My Trusted CA", 0xCD))
        ),
        passes()
    );
    assert_eq!(
        answer(
            &program,
            Some(certificate("CN=x", "CN=My Trusted CA", 0xEF))
        ),
        refused("")
    );
    assert_eq!(answer(&program, None), refused(""));
}

#[test]
fn six_shows_the_backend_the_gateways_certificate() {
    let ended = run(&compiled(&article(6)), context(), &World::default());
    assert_eq!(
        ended.forwards[0].client_certificate,
        Some(CertificateChoice::Id("my-backend-cert".into()))
    );
}

#[test]
fn seven_lets_everybody_pass_and_with_an_otherwise_the_named_value_decides() {
    for certificate in [
        None,
        Some(partner()),
        Some(certificate("CN=x", "CN=y", 0xEF)),
    ] {
        assert_eq!(answer(&compiled(&article(7)), certificate), passes());
    }
    let source = article(7).replace("</choose>", "<otherwise><return-response><set-status code=\"403\"/></return-response></otherwise></choose>");
    let program = |allowed: &str| link(&[scope_program(&source, Scope::Api, &names(allowed))]);
    let both = format!("{},{}", "CD".repeat(20), partner_thumbprint());
    assert_eq!(answer(&program(&both), Some(partner())), passes());
    assert_eq!(answer(&program(&both), None), refused(""));
    assert_eq!(
        answer(&program(&"CD".repeat(20)), Some(partner())),
        refused("")
    );
}

#[test]
fn eight_has_a_body_for_each_branch() {
    let program = compiled(&article(8));
    assert_eq!(
        answer(&program, None),
        refused("Client certificate is required")
    );
    assert_eq!(
        answer(&program, Some(partner())),
        refused("Invalid client certificate")
    );
    let program = compiled(&article(8).replace("A1B2C3D4E5F6...", &partner_thumbprint()));
    assert_eq!(answer(&program, Some(partner())), passes());
}

#[test]
fn nine_judges_the_issuers_name() {
    let program = compiled(&article(9));
    assert_eq!(answer(&program, Some(partner())), passes());
    let other = certificate("CN=partner-company.com", "CN=Another CA", 0xAB);
    assert_eq!(
        answer(&program, Some(other)),
        refused("Certificate must be issued by the trusted CA")
    );
    assert_eq!(
        answer(&program, None),
        refused("Certificate must be issued by the trusted CA")
    );
}
