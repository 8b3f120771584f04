//! `validate-client-certificate`: every reason, every attribute, every claim.

#![allow(
    missing_docs,
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    reason = "tests fail by panicking"
)]

mod support;

use std::collections::HashMap;
use std::sync::Arc;

use gateway_policy::certificate::Certificate;
use gateway_policy::context::Context;
use gateway_policy::dn::Dn;
use gateway_policy::execution::Step;
use gateway_policy::host::{Revocation, Trust};
use gateway_policy::problem::Severity;
use gateway_policy::program::{ResourceKind, Scope};
use support::*;

/// The reason for refusing, or `None` if the request was forwarded.
fn reason(policy: &str, context: Context, world: &World) -> Option<String> {
    let ended = run(&program(policy), context, world);
    match ended.step {
        Step::Respond => {
            assert!(ended.forwarded());
            None
        }
        Step::Fail => {
            assert!(!ended.forwarded());
            Some(ended.error().reason.to_string())
        }
        step => panic!("{step:?}"),
    }
}

fn untrusted() -> World {
    let mut world = World::default();
    world.verdict.trust = Trust::Untrusted("no issuer".into());
    world.verdict.revocation = Revocation::Unknown("no path".into());
    world.verdict.issuers = Arc::from([]);
    world
}

fn revocation(revocation: Revocation) -> World {
    let mut world = World::default();
    world.verdict.revocation = revocation;
    world
}

fn expired() -> Certificate {
    let mut certificate = partner();
    certificate.not_after = NOW - DAY;
    certificate
}

fn not_yet_valid() -> Certificate {
    let mut certificate = partner();
    certificate.not_before = NOW + DAY;
    certificate
}

const PLAIN: &str = "<validate-client-certificate/>";

#[test]
fn a_good_certificate_passes() {
    assert_eq!(
        reason(PLAIN, context_with(partner()), &World::default()),
        None
    );
}

#[test]
fn no_certificate_is_not_found() {
    let ended = run(&program(PLAIN), context(), &World::default());
    assert_eq!(&*ended.error().reason, "ClientCertificateNotFound");
    assert_eq!(&*ended.error().source, "validate-client-certificate");
    assert_eq!(ended.status, 401);
    assert_eq!(
        ended.body,
        r#"{ "statusCode": 401, "message": "Client certificate missing" }"#
    );
}

#[test]
fn every_other_refusal_tells_the_client_only_that_the_certificate_is_invalid() {
    let cases = [
        (
            not_yet_valid(),
            World::default(),
            PLAIN,
            "ClientCertificateNotYetValid",
            "The client certificate is not valid yet.",
        ),
        (
            expired(),
            World::default(),
            PLAIN,
            "ClientCertificateExpired",
            "The client certificate has expired.",
        ),
        (
            partner(),
            untrusted(),
            PLAIN,
            "ClientCertificateNotTrusted",
            "A certificate chain could not be built to a trusted root authority.",
        ),
        (
            partner(),
            revocation(Revocation::Revoked("serial 01 by CRL 7".into())),
            PLAIN,
            "ClientCertificateRevoked",
            "The client certificate or one above it is revoked: serial 01 by CRL 7",
        ),
        (
            partner(),
            revocation(Revocation::Unknown("no CRL of CN=My Trusted CA".into())),
            PLAIN,
            "ClientCertificateRevocationUnknown",
            "Whether the client certificate is revoked cannot be told: no CRL of CN=My Trusted CA",
        ),
        (
            partner(),
            World::default(),
            "<validate-client-certificate><identities><identity thumbprint=\"0000000000000000000000000000000000000000\"/></identities></validate-client-certificate>",
            "ClientCertificateIdentityNotMatched",
            "Certificate does not match any of allowed identities.",
        ),
    ];
    for (certificate, world, policy, reason, message) in cases {
        let ended = run(&program(policy), context_with(certificate), &world);
        assert_eq!(
            (&*ended.error().reason, &*ended.error().message),
            (reason, message)
        );
        assert_eq!(ended.status, 401, "{reason}");
        assert_eq!(
            ended.body, r#"{ "statusCode": 401, "message": "Invalid client certificate" }"#,
            "{reason}"
        );
    }
}

#[test]
fn the_checks_run_in_the_documented_order() {
    let all_wrong = "<validate-client-certificate><identities><identity common-name=\"other\"/></identities></validate-client-certificate>";
    let revoked = || {
        let mut world = untrusted();
        world.verdict.revocation = Revocation::Revoked("r".into());
        world
    };
    assert_eq!(
        reason(all_wrong, context(), &revoked()).unwrap(),
        "ClientCertificateNotFound"
    );
    assert_eq!(
        reason(all_wrong, context_with(expired()), &revoked()).unwrap(),
        "ClientCertificateExpired"
    );
    assert_eq!(
        reason(all_wrong, context_with(partner()), &revoked()).unwrap(),
        "ClientCertificateNotTrusted"
    );
    let trusted = revocation(Revocation::Revoked("r".into()));
    assert_eq!(
        reason(all_wrong, context_with(partner()), &trusted).unwrap(),
        "ClientCertificateRevoked"
    );
    assert_eq!(
        reason(all_wrong, context_with(partner()), &World::default()).unwrap(),
        "ClientCertificateIdentityNotMatched"
    );
}

/// An attribute, and the certificate and world that it alone refuses.
type Case = (&'static str, Certificate, fn() -> World);

#[test]
fn each_attribute_switched_off_lets_exactly_its_case_through() {
    let cases: [Case; 5] = [
        ("validate-not-before", not_yet_valid(), World::default),
        ("validate-not-after", expired(), World::default),
        ("validate-trust", partner(), untrusted),
        ("validate-revocation", partner(), || {
            revocation(Revocation::Revoked("r".into()))
        }),
        ("validate-revocation", partner(), || {
            revocation(Revocation::Unknown("u".into()))
        }),
    ];
    for (off, certificate, world) in &cases {
        let policy = format!("<validate-client-certificate {off}=\"false\"/>");
        assert_eq!(
            reason(&policy, context_with(certificate.clone()), &world()),
            None,
            "{off}"
        );
        for (other, certificate, world) in &cases {
            if other != off {
                let refused = reason(&policy, context_with(certificate.clone()), &world());
                assert!(refused.is_some(), "{off} off lets {other} through");
            }
        }
        assert!(
            reason(&policy, context(), &world()).is_some(),
            "{off} off lets nobody in"
        );
    }
}

#[test]
fn a_revoked_certificate_is_refused_even_if_trust_is_not_asked_for() {
    let mut world = untrusted();
    world.verdict.revocation = Revocation::Revoked("r".into());
    let policy = "<validate-client-certificate validate-trust=\"false\"/>";
    assert_eq!(
        reason(policy, context_with(partner()), &world).unwrap(),
        "ClientCertificateRevoked"
    );
}

#[test]
fn an_untrusted_certificate_of_the_wrong_identity_is_not_matched_when_trust_is_off() {
    let policy = "<validate-client-certificate validate-trust=\"false\"><identities><identity thumbprint=\"0000000000000000000000000000000000000000\"/></identities></validate-client-certificate>";
    assert_eq!(
        reason(policy, context_with(partner()), &untrusted()).unwrap(),
        "ClientCertificateIdentityNotMatched"
    );
}

#[test]
fn ignore_error_goes_on_and_is_warned_about() {
    let policy = "<validate-client-certificate ignore-error=\"true\"/>";
    assert_eq!(reason(policy, context(), &World::default()), None);
    assert_eq!(codes(&problems(policy)), ["FailsOpen"]);
}

#[test]
fn the_articles_status_and_message_replace_the_default_ones() {
    let policy = "<validate-client-certificate failed-validation-httpcode=\"403\" failed-validation-error-message=\"Client certificate validation failed\"/>";
    for (context, reason) in [
        (context(), "ClientCertificateNotFound"),
        (context_with(expired()), "ClientCertificateExpired"),
    ] {
        let ended = run(&program(policy), context, &World::default());
        assert_eq!((ended.status, &*ended.error().reason), (403, reason));
        assert_eq!(
            ended.body,
            r#"{ "statusCode": 403, "message": "Client certificate validation failed" }"#
        );
    }
}

/// Whether `partner` is accepted by one identity with these attributes.
fn accepts(attributes: &str) -> bool {
    let policy = format!(
        "<validate-client-certificate><identities><identity {attributes}/></identities></validate-client-certificate>"
    );
    reason(&policy, context_with(partner()), &World::default()).is_none()
}

#[test]
fn each_claim_accepts_the_right_and_refuses_the_wrong_value() {
    let ab = "ab".repeat(20);
    let spaced = format!("\u{200e}{}", "AB ".repeat(20));
    let sha256 = "AB".repeat(32);
    let ca = "CA".repeat(20);
    let cases = [
        (
            "thumbprint",
            ab.as_str(),
            "CDabababababababababababababababababababab",
        ),
        ("thumbprint", &spaced, "AB"),
        ("thumbprint", &sha256, &ca),
        ("serial-number", "AB01", "AB02"),
        ("serial-number", "00:ab:01", "AB0100"),
        ("common-name", "Partner-Company.com", "company.com"),
        (
            "dns-name",
            "CLIENT.partner-company.com",
            "partner-company.com",
        ),
        ("issuer-thumbprint", &ca, &ab),
        ("issuer-certificate-id", "ca", "my-backend-cert"),
        (
            "issuer-subject",
            "CN=My Trusted CA, O=Example",
            "CN=My Trusted CA",
        ),
        (
            "issuer",
            "O=Example, CN=My Trusted CA",
            "CN=My Trusted CA, O=Other",
        ),
    ];
    for (name, right, wrong) in cases {
        assert!(accepts(&format!("{name}=\"{right}\"")), "{name}={right}");
        assert!(!accepts(&format!("{name}=\"{wrong}\"")), "{name}={wrong}");
    }
}

#[test]
fn subjects_match_as_names_in_either_order_with_aliases_and_inner_quotes() {
    for subject in [
        // As the documentation writes it: encoding order, `ST`, unescaped quotes.
        r#"subject="C=US, ST=Washington, O="Partner, Inc.", CN=partner-company.com""#,
        r#"subject="CN=partner-company.com, O=&quot;Partner, Inc.&quot;, S=Washington, C=US""#,
        r#"subject='CN=partner-company.com, O="Partner, Inc.", S=Washington, C=US'"#,
    ] {
        assert!(accepts(subject), "{subject}");
    }
    for subject in [
        r#"subject="CN=partner-company.com""#,
        r#"subject="C=US, ST=Oregon, O="Partner, Inc.", CN=partner-company.com""#,
        r#"subject="C=US, ST=Washington, O=Partner, CN=partner-company.com""#,
    ] {
        assert!(!accepts(subject), "{subject}");
    }
}

#[test]
fn the_claims_of_one_identity_must_all_hold_and_one_identity_is_enough() {
    let ab = partner_thumbprint();
    assert!(accepts(&format!(
        "thumbprint=\"{ab}\" common-name=\"partner-company.com\""
    )));
    assert!(!accepts(&format!(
        "thumbprint=\"{ab}\" common-name=\"other\""
    )));
    assert!(accepts(&format!(
        "common-name=\"other\"/><identity thumbprint=\"{ab}\""
    )));
    let eleven = "common-name=\"other\"/><identity ".repeat(11) + &format!("thumbprint=\"{ab}\"");
    assert!(accepts(&eleven));
}

#[test]
fn claims_about_the_issuer_do_not_hold_without_a_verified_path() {
    let identity = |claim: &str| {
        format!(
            "<validate-client-certificate validate-trust=\"false\"><identities><identity {claim}/></identities></validate-client-certificate>"
        )
    };
    let ca = "CA".repeat(20);
    for claim in [
        format!("issuer-thumbprint=\"{ca}\""),
        "issuer-certificate-id=\"ca\"".to_owned(),
    ] {
        let policy = identity(&claim);
        assert!(
            reason(&policy, context_with(partner()), &untrusted()).is_some(),
            "{claim}"
        );
        assert_eq!(
            reason(&policy, context_with(partner()), &World::default()),
            None,
            "{claim}"
        );
    }
}

#[test]
fn an_issuer_certificate_that_is_gone_matches_nobody() {
    let policy = "<validate-client-certificate><identities><identity issuer-certificate-id=\"ca\"/></identities></validate-client-certificate>";
    let world = World {
        certificates: HashMap::new(),
        ..World::default()
    };
    assert!(reason(policy, context_with(partner()), &world).is_some());
}

#[test]
fn an_identity_list_is_asked_at_the_moment_of_the_request() {
    let policy = "<validate-client-certificate><identities><identity-list id=\"partners\"/></identities></validate-client-certificate>";
    let mut world = World::default();
    assert!(
        reason(policy, context_with(partner()), &world).is_some(),
        "a list that is gone accepts nobody"
    );
    world
        .lists
        .insert("partners".to_owned(), Members(vec![[0; 20]]));
    assert!(reason(policy, context_with(partner()), &world).is_some());
    world
        .lists
        .insert("partners".to_owned(), Members(vec![[0xAB; 20]]));
    assert_eq!(reason(policy, context_with(partner()), &world), None);
    assert!(reason(policy, context_with(partner()), &untrusted()).is_some());
}

#[test]
fn references_name_lists_and_certificates() {
    let policy = "<validate-client-certificate><identities><identity-list id=\"partners\"/><identity issuer-certificate-id=\"ca\"/></identities></validate-client-certificate>";
    let references = check(policy, Scope::Api, &Names::default()).references;
    assert!(
        references
            .of(ResourceKind::IdentityList)
            .contains("partners")
    );
    assert!(references.of(ResourceKind::CertificateId).contains("ca"));
}

#[test]
fn a_thumbprint_that_is_none_is_accepted_with_a_warning_and_matches_nobody() {
    let policy = "<validate-client-certificate><identities><identity thumbprint=\"G7H8I9J0K1L2...\" issuer=\"CN=My Trusted CA\"/></identities></validate-client-certificate>";
    let found = problems(policy);
    assert_eq!(codes(&found), ["InvalidThumbprint"]);
    assert_eq!(found[0].severity, Severity::Warning);
    assert!(reason(policy, context_with(partner()), &World::default()).is_some());
}

#[test]
fn what_would_accept_everybody_by_mistake_is_refused() {
    let with = |inner: &str| {
        errors(&format!(
            "<validate-client-certificate><identities>{inner}</identities></validate-client-certificate>"
        ))
    };
    assert_eq!(codes(&with("")), ["MissingElement"]);
    assert_eq!(codes(&with("<identity/>")), ["MissingAttribute"]);
    for name in [
        "thumbprint",
        "subject",
        "common-name",
        "serial-number",
        "dns-name",
        "issuer",
    ] {
        assert_eq!(
            codes(&with(&format!("<identity {name}=\" \"/>"))),
            ["InvalidValue"],
            "{name}"
        );
    }
    assert_eq!(
        codes(&with(
            "<identity issuer-certificate-id=\"ca\" issuer=\"CN=a\"/>"
        )),
        ["InvalidAttributes"]
    );
    assert_eq!(
        codes(&with("<identity subject=\"partner\"/>")),
        ["InvalidName"]
    );
    assert_eq!(
        codes(&with("<identity issuer-certificate-id=\"cb\"/>")),
        ["UnknownReference"]
    );
    assert_eq!(
        codes(&with("<identity-list id=\"partner\"/>")),
        ["UnknownReference"]
    );
}

#[test]
fn names_alone_without_a_validated_chain_are_warned_about() {
    let policy = |claims: &str| {
        format!(
            "<validate-client-certificate validate-trust=\"false\"><identities><identity {claims}/></identities></validate-client-certificate>"
        )
    };
    assert_eq!(
        codes(&problems(&policy("common-name=\"a\""))),
        ["FailsOpen"]
    );
    let ab = partner_thumbprint();
    assert!(problems(&policy(&format!("common-name=\"a\" thumbprint=\"{ab}\""))).is_empty());
}

#[test]
fn named_values_work_in_every_attribute() {
    let names = Names::default()
        .with("trust", "false")
        .with("thumb", &partner_thumbprint())
        .with("code", "403");
    let policy = "<validate-client-certificate validate-trust=\"{{trust}}\" failed-validation-httpcode=\"{{code}}\"><identities><identity thumbprint=\"{{thumb}}\"/></identities></validate-client-certificate>";
    let program = gateway_policy::program::link(&[scope_program(policy, Scope::Api, &names)]);
    assert!(run(&program, context_with(partner()), &untrusted()).forwarded());
    assert_eq!(run(&program, context(), &untrusted()).status, 403);
}

#[test]
fn expressions_are_refused_where_apim_takes_none() {
    let found = errors("<validate-client-certificate validate-trust=\"@(true)\"/>");
    assert_eq!(codes(&found), ["ExpressionNotAllowed"]);
}

#[test]
fn a_verdict_is_not_asked_for_when_nothing_depends_on_it() {
    // Dates and a thumbprint only: an unusable verdict does not matter.
    let ab = partner_thumbprint();
    let policy = format!(
        "<validate-client-certificate validate-trust=\"false\" validate-revocation=\"false\"><identities><identity thumbprint=\"{ab}\"/></identities></validate-client-certificate>"
    );
    let mut world = untrusted();
    world.verdict.revocation = Revocation::Revoked("r".into());
    assert_eq!(reason(&policy, context_with(partner()), &world), None);
}

#[test]
fn the_subject_of_a_certificate_is_compared_as_encoded_not_as_printed() {
    let mut certificate = partner();
    // One common name that prints like two attributes.
    certificate.subject = Dn::parse(r"CN=partner-company.com\, O=x").unwrap();
    let policy = "<validate-client-certificate><identities><identity subject=\"CN=partner-company.com, O=x\"/></identities></validate-client-certificate>";
    assert!(reason(policy, context_with(certificate), &World::default()).is_some());
}
