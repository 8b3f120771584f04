//! What verdicts say, at an injected time.
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

use gateway_tls::issue::{Authority, AuthorityOptions, LeafRequest, Subject, Usage, Validity};
use gateway_tls::trust::{
    CrlProblem, LeafTime, Profile, Refusal, RevocationPolicy, RevocationStatus, TrustBundle,
    TrustError, TrustSpec,
};
use support::{DAY, NOW, Pki, authority_options, crl, der, presented, years_around_now};

fn build(spec: &TrustSpec) -> TrustBundle {
    TrustBundle::build(spec).unwrap()
}

#[test]
fn a_chain_to_a_root_is_trusted_and_its_path_is_shown() {
    let pki = Pki::new("a");
    let chain = presented(&pki.client("partner"));
    let verdict = build(&pki.spec()).verify(&chain, Profile::CLIENT, NOW);
    assert_eq!(verdict.trust, Ok(()));
    assert_eq!(verdict.leaf_time, LeafTime::Valid);
    assert_eq!(verdict.path.len(), 3);
    assert_eq!(&*verdict.path[0], chain.leaf());
    assert_eq!(verdict.path[2], der(pki.root.certificate()));
}

#[test]
fn an_empty_bundle_trusts_nobody() {
    let pki = Pki::new("a");
    let bundle = TrustBundle::empty().unwrap();
    assert!(bundle.is_empty());
    let verdict = bundle.verify(&presented(&pki.client("partner")), Profile::CLIENT, NOW);
    assert!(verdict.trust.is_err());
    assert!(verdict.path.is_empty());
}

#[test]
fn a_stranger_with_the_same_issuer_names_is_not_trusted() {
    let (ours, theirs) = (Pki::new("a"), Pki::new("a"));
    let verdict =
        build(&ours.spec()).verify(&presented(&theirs.client("partner")), Profile::CLIENT, NOW);
    assert!(verdict.trust.is_err());
}

#[test]
fn the_leafs_own_dates_are_recorded_and_are_no_part_of_trust() {
    let pki = Pki::new("a");
    let leaf = |from, until| {
        let validity = Validity {
            not_before: from,
            not_after: until,
        };
        presented(
            &pki.intermediate
                .issue(&LeafRequest::client("p").valid(validity))
                .unwrap(),
        )
    };
    let bundle = build(&pki.spec_with_lists(&[]));
    let expired = bundle.verify(&leaf(NOW - 2 * DAY, NOW - DAY), Profile::CLIENT, NOW);
    assert_eq!(
        (&expired.trust, expired.leaf_time),
        (&Ok(()), LeafTime::Expired)
    );
    assert_eq!(expired.revocation, RevocationStatus::Good);
    assert_eq!(expired.accept(RevocationPolicy::Off), Err(Refusal::Expired));
    let early = bundle.verify(&leaf(NOW + DAY, NOW + 2 * DAY), Profile::CLIENT, NOW);
    assert_eq!(
        (&early.trust, early.leaf_time),
        (&Ok(()), LeafTime::NotYetValid)
    );
    assert_eq!(
        early.accept(RevocationPolicy::Off),
        Err(Refusal::NotYetValid)
    );
}

#[test]
fn an_expired_intermediate_is_not_trusted() {
    let pki = Pki::new("a");
    let old = pki
        .root
        .intermediate(
            &Subject::common_name("old"),
            &AuthorityOptions {
                validity: Validity {
                    not_before: NOW - 3 * DAY,
                    not_after: NOW - DAY,
                },
                ..AuthorityOptions::default()
            },
        )
        .unwrap();
    let leaf = old
        .issue(&LeafRequest::client("p").valid(years_around_now()))
        .unwrap();
    let verdict = build(&pki.spec()).verify(&presented(&leaf), Profile::CLIENT, NOW);
    let untrusted = verdict.trust.unwrap_err();
    assert_eq!((untrusted.code, untrusted.depth), (10, 1));
    let before = build(&pki.spec()).verify(&presented(&leaf), Profile::CLIENT, NOW - 2 * DAY);
    assert_eq!(before.trust, Ok(()));
}

#[test]
fn a_path_that_ends_at_an_intermediate_is_not_trusted() {
    let pki = Pki::new("a");
    let spec = TrustSpec {
        roots: vec![der(pki.intermediate.certificate())],
        ..TrustSpec::default()
    };
    let verdict = build(&spec).verify(&presented(&pki.client("p")), Profile::CLIENT, NOW);
    assert!(verdict.trust.is_err());
}

#[test]
fn an_intermediate_of_the_bundle_stands_in_for_one_not_sent() {
    let pki = Pki::new("a");
    let client = pki.client("p");
    let alone = gateway_tls::chain::PresentedChain::new(vec![der(client.certificate())]).unwrap();
    assert!(
        build(&pki.spec())
            .verify(&alone, Profile::CLIENT, NOW)
            .trust
            .is_err()
    );
    let spec = TrustSpec {
        intermediates: vec![der(pki.intermediate.certificate())],
        ..pki.spec()
    };
    assert_eq!(
        build(&spec).verify(&alone, Profile::CLIENT, NOW).trust,
        Ok(())
    );
}

#[test]
fn a_server_certificate_is_no_client_certificate() {
    let pki = Pki::new("a");
    let server = pki
        .intermediate
        .issue(&LeafRequest::new("s", Usage::Server).valid(years_around_now()))
        .unwrap();
    let bundle = build(&pki.spec_with_lists(&[&server]));
    let verdict = bundle.verify(&presented(&server), Profile::CLIENT, NOW);
    assert_eq!(verdict.trust.unwrap_err().code, 26);
    assert!(
        matches!(verdict.revocation, RevocationStatus::Revoked { .. }),
        "revocation is told apart from trust"
    );
    assert_eq!(
        bundle
            .verify(&presented(&server), Profile::SERVER, NOW)
            .trust,
        Ok(())
    );
    assert_eq!(
        bundle.verify(&presented(&server), Profile::ANY, NOW).trust,
        Ok(())
    );
}

#[test]
fn a_revoked_leaf_is_revoked_and_the_others_are_good() {
    let pki = Pki::new("a");
    let (revoked, other) = (pki.client("revoked"), pki.client("other"));
    let bundle = build(&pki.spec_with_lists(&[&revoked]));
    let verdict = bundle.verify(&presented(&revoked), Profile::CLIENT, NOW);
    assert_eq!(
        verdict.trust,
        Ok(()),
        "revocation is recorded apart from trust"
    );
    let RevocationStatus::Revoked {
        serial,
        by_issuer,
        depth,
    } = &verdict.revocation
    else {
        panic!("{:?}", verdict.revocation);
    };
    let facts = gateway_tls::certificate::parse(revoked.certificate_der()).unwrap();
    assert_eq!(
        (serial, by_issuer.as_str(), *depth),
        (&facts.serial, "CN=a intermediate", 0)
    );
    for policy in [RevocationPolicy::Hard, RevocationPolicy::Soft] {
        assert!(matches!(
            verdict.accept(policy),
            Err(Refusal::Revoked { .. })
        ));
    }
    assert_eq!(verdict.accept(RevocationPolicy::Off), Ok(()));
    let good = bundle.verify(&presented(&other), Profile::CLIENT, NOW);
    assert_eq!(
        (&good.revocation, good.accept(RevocationPolicy::Hard)),
        (&RevocationStatus::Good, Ok(()))
    );
}

#[test]
fn a_revoked_intermediate_revokes_what_is_below_it() {
    let pki = Pki::new("a");
    let sub = pki
        .root
        .intermediate(&Subject::common_name("sub"), &authority_options())
        .unwrap();
    let leaf = sub
        .issue(&LeafRequest::client("p").valid(years_around_now()))
        .unwrap();
    let request = gateway_tls::issue::CrlRequest {
        revoked: vec![gateway_tls::issue::Revocation {
            serial: gateway_tls::issue::Serial::of(sub.certificate()).unwrap(),
            at: NOW - DAY,
        }],
        number: 1,
        this_update: NOW - DAY,
        next_update: NOW + DAY,
    };
    let spec = TrustSpec {
        crls: vec![
            Arc::from(pki.root.crl(&request).unwrap().der()),
            crl(&sub, &[], NOW - DAY, NOW + DAY),
        ],
        ..pki.spec()
    };
    let verdict = build(&spec).verify(&presented(&leaf), Profile::CLIENT, NOW);
    assert!(
        matches!(verdict.revocation, RevocationStatus::Revoked { depth: 1, ref by_issuer, .. } if by_issuer == "CN=a root")
    );
}

fn unknown(spec: &TrustSpec, pki: &Pki) -> (String, CrlProblem) {
    let verdict = build(spec).verify(&presented(&pki.client("p")), Profile::CLIENT, NOW);
    assert_eq!(
        verdict.trust,
        Ok(()),
        "a list that does not answer is no matter of trust"
    );
    assert!(matches!(
        verdict.accept(RevocationPolicy::Hard),
        Err(Refusal::RevocationUnknown { .. })
    ));
    assert_eq!(verdict.accept(RevocationPolicy::Soft), Ok(()));
    match verdict.revocation {
        RevocationStatus::Unknown { missing, problem } => (missing, problem),
        other => panic!("{other:?}"),
    }
}

#[test]
fn a_missing_list_makes_the_status_unknown_and_names_its_issuer() {
    let pki = Pki::new("a");
    let root_list = crl(&pki.root, &[], NOW - DAY, NOW + DAY);
    let own_list = crl(&pki.intermediate, &[], NOW - DAY, NOW + DAY);
    let spec = |crls| TrustSpec { crls, ..pki.spec() };
    assert_eq!(
        unknown(&spec(vec![root_list]), &pki),
        ("CN=a intermediate".to_owned(), CrlProblem::Missing)
    );
    assert_eq!(
        unknown(&spec(vec![own_list]), &pki),
        ("CN=a root".to_owned(), CrlProblem::Missing)
    );
    assert_eq!(
        unknown(&spec(vec![]), &pki),
        ("CN=a intermediate".to_owned(), CrlProblem::Missing)
    );
}

#[test]
fn a_list_that_is_expired_early_or_badly_signed_makes_the_status_unknown() {
    let pki = Pki::new("a");
    let root_list = crl(&pki.root, &[], NOW - DAY, NOW + DAY);
    let problem = |list: Arc<[u8]>| {
        let spec = TrustSpec {
            crls: vec![Arc::clone(&root_list), list],
            ..pki.spec()
        };
        unknown(&spec, &pki)
    };
    let issuer = "CN=a intermediate".to_owned();
    let expired = crl(&pki.intermediate, &[], NOW - 3 * DAY, NOW - DAY);
    assert_eq!(problem(expired), (issuer.clone(), CrlProblem::Expired));
    let early = crl(&pki.intermediate, &[], NOW + DAY, NOW + 3 * DAY);
    assert_eq!(problem(early), (issuer.clone(), CrlProblem::NotYetValid));
    let mut forged = crl(&pki.intermediate, &[], NOW - DAY, NOW + DAY).to_vec();
    *forged.last_mut().unwrap() ^= 1;
    assert_eq!(
        problem(Arc::from(forged)),
        (issuer, CrlProblem::BadSignature)
    );
}

#[test]
fn a_forged_list_cannot_revoke_and_an_expired_one_still_does() {
    let pki = Pki::new("a");
    let client = pki.client("p");
    let root_list = crl(&pki.root, &[], NOW - DAY, NOW + DAY);
    let status = |list: Arc<[u8]>| {
        let spec = TrustSpec {
            crls: vec![Arc::clone(&root_list), list],
            ..pki.spec()
        };
        build(&spec)
            .verify(&presented(&client), Profile::CLIENT, NOW)
            .revocation
    };
    let mut forged = crl(&pki.intermediate, &[&client], NOW - DAY, NOW + DAY).to_vec();
    *forged.last_mut().unwrap() ^= 1;
    assert!(matches!(
        status(Arc::from(forged)),
        RevocationStatus::Unknown {
            problem: CrlProblem::BadSignature,
            ..
        }
    ));
    let expired = crl(&pki.intermediate, &[&client], NOW - 3 * DAY, NOW - DAY);
    assert!(matches!(status(expired), RevocationStatus::Revoked { .. }));
}

#[test]
fn of_several_lists_of_one_issuer_the_newest_counts() {
    let pki = Pki::new("a");
    let client = pki.client("p");
    let list = |revoked: &[&gateway_tls::issue::Issued], number, this_update| -> Arc<[u8]> {
        let request = gateway_tls::issue::CrlRequest {
            revoked: revoked
                .iter()
                .map(|issued| gateway_tls::issue::Revocation {
                    serial: issued.serial().unwrap(),
                    at: NOW - DAY,
                })
                .collect(),
            number,
            this_update,
            next_update: NOW + DAY,
        };
        Arc::from(pki.intermediate.crl(&request).unwrap().der())
    };
    let status = |lists: Vec<Arc<[u8]>>| {
        let mut crls = vec![crl(&pki.root, &[], NOW - DAY, NOW + DAY)];
        crls.extend(lists);
        let spec = TrustSpec { crls, ..pki.spec() };
        build(&spec)
            .verify(&presented(&client), Profile::CLIENT, NOW)
            .revocation
    };
    let revoked = |status| matches!(status, RevocationStatus::Revoked { .. });
    let (old, new) = (NOW - 100, NOW - 50);
    assert!(revoked(status(vec![
        list(&[], 1, old),
        list(&[&client], 2, new)
    ])));
    assert!(!revoked(status(vec![
        list(&[&client], 1, old),
        list(&[], 2, new)
    ])));
    // Made in the same second: the number decides, whatever order the store has them in.
    for number in 200..260 {
        assert!(revoked(status(vec![
            list(&[], number, new),
            list(&[&client], number + 1, new)
        ])));
        assert!(!revoked(status(vec![
            list(&[], number + 1, new),
            list(&[&client], number, new)
        ])));
    }
}

#[test]
fn a_renewed_intermediate_stands_in_for_an_expired_one_of_the_same_key() {
    let pki = Pki::new("a");
    let leaf = pki.client("p");
    let expired = {
        // The same name and key, certified for a time that is over.
        let mut builder = openssl::x509::X509::builder().unwrap();
        let current = pki.intermediate.certificate();
        builder.set_version(2).unwrap();
        builder.set_subject_name(current.subject_name()).unwrap();
        builder.set_issuer_name(current.issuer_name()).unwrap();
        builder.set_pubkey(&current.public_key().unwrap()).unwrap();
        let serial = openssl::bn::BigNum::from_u32(99).unwrap();
        builder
            .set_serial_number(&serial.to_asn1_integer().unwrap())
            .unwrap();
        let at = |time| openssl::asn1::Asn1Time::from_unix(time).unwrap();
        builder.set_not_before(&at(NOW - 3 * DAY)).unwrap();
        builder.set_not_after(&at(NOW - DAY)).unwrap();
        let constraints = openssl::x509::extension::BasicConstraints::new()
            .critical()
            .ca()
            .build()
            .unwrap();
        builder.append_extension(constraints).unwrap();
        builder
            .sign(pki.root.key(), openssl::hash::MessageDigest::sha256())
            .unwrap();
        builder.build()
    };
    let sent =
        gateway_tls::chain::PresentedChain::new(vec![der(leaf.certificate()), der(&expired)])
            .unwrap();
    assert!(
        build(&pki.spec())
            .verify(&sent, Profile::CLIENT, NOW)
            .trust
            .is_err()
    );
    let spec = TrustSpec {
        intermediates: vec![der(pki.intermediate.certificate())],
        ..pki.spec()
    };
    assert_eq!(
        build(&spec).verify(&sent, Profile::CLIENT, NOW).trust,
        Ok(())
    );
}

#[test]
fn the_status_of_a_stranger_is_unknown_and_never_good() {
    let (pki, other) = (Pki::new("a"), Pki::new("b"));
    let verdict = build(&pki.spec_with_lists(&[])).verify(
        &presented(&other.client("p")),
        Profile::CLIENT,
        NOW,
    );
    assert_eq!(
        verdict.revocation,
        RevocationStatus::Unknown {
            missing: "CN=b intermediate".to_owned(),
            problem: CrlProblem::NotExamined
        }
    );
}

#[test]
fn a_verdict_holds_until_the_next_date_it_rests_on() {
    let pki = Pki::new("a");
    let bundle = build(&pki.spec_with_lists(&[]));
    let chain = presented(&pki.client("p"));
    let verdict = bundle.verify(&chain, Profile::CLIENT, NOW);
    assert_eq!(
        (verdict.holds_from, verdict.holds_until),
        (NOW - DAY, NOW + 5 * DAY)
    );
    assert!(verdict.holds_at(NOW + 5 * DAY - 1) && !verdict.holds_at(NOW + 5 * DAY));
    let later = bundle.verify(&chain, Profile::CLIENT, NOW + 5 * DAY);
    assert!(matches!(
        later.revocation,
        RevocationStatus::Unknown {
            problem: CrlProblem::Expired,
            ..
        }
    ));
}

#[test]
fn authorities_as_openssl_req_makes_them_are_accepted() {
    // No key usage, no key identifiers, basic constraints not critical.
    let pki = Pki::new("a");
    let sloppy = sloppy_root();
    let leaf = sloppy_leaf(&sloppy);
    let chain = gateway_tls::chain::PresentedChain::new(vec![der(&leaf)]).unwrap();
    let spec = TrustSpec {
        roots: vec![der(&sloppy.0)],
        ..pki.spec()
    };
    assert_eq!(
        build(&spec).verify(&chain, Profile::CLIENT, NOW).trust,
        Ok(())
    );
}

type Made = (
    openssl::x509::X509,
    openssl::pkey::PKey<openssl::pkey::Private>,
);

fn sloppy_root() -> Made {
    let (mut builder, key) = sloppy_builder("sloppy", "sloppy");
    let constraints = openssl::x509::extension::BasicConstraints::new()
        .ca()
        .build()
        .unwrap();
    builder.append_extension(constraints).unwrap();
    builder.set_pubkey(&key).unwrap();
    builder
        .sign(&key, openssl::hash::MessageDigest::sha256())
        .unwrap();
    (builder.build(), key)
}

fn sloppy_leaf(root: &Made) -> openssl::x509::X509 {
    let (mut builder, key) = sloppy_builder("p", "sloppy");
    builder.set_pubkey(&key).unwrap();
    builder
        .sign(&root.1, openssl::hash::MessageDigest::sha256())
        .unwrap();
    builder.build()
}

fn sloppy_builder(
    subject: &str,
    issuer: &str,
) -> (
    openssl::x509::X509Builder,
    openssl::pkey::PKey<openssl::pkey::Private>,
) {
    let name = |text: &str| {
        let mut name = openssl::x509::X509Name::builder().unwrap();
        name.append_entry_by_text("CN", text).unwrap();
        name.build()
    };
    let mut builder = openssl::x509::X509::builder().unwrap();
    builder.set_version(2).unwrap();
    builder.set_subject_name(&name(subject)).unwrap();
    builder.set_issuer_name(&name(issuer)).unwrap();
    let serial = openssl::bn::BigNum::from_u32(7)
        .unwrap()
        .to_asn1_integer()
        .unwrap();
    builder.set_serial_number(&serial).unwrap();
    builder
        .set_not_before(&openssl::asn1::Asn1Time::from_unix(NOW - DAY).unwrap())
        .unwrap();
    builder
        .set_not_after(&openssl::asn1::Asn1Time::from_unix(NOW + DAY).unwrap())
        .unwrap();
    (
        builder,
        gateway_tls::issue::KeyKind::EcP256.generate().unwrap(),
    )
}

#[test]
fn a_version_1_leaf_of_a_private_authority_is_trusted() {
    let pki = Pki::new("a");
    let leaf = pki
        .intermediate
        .issue(
            &LeafRequest::new("v1", Usage::None)
                .v1()
                .valid(years_around_now()),
        )
        .unwrap();
    let verdict = build(&pki.spec()).verify(&presented(&leaf), Profile::CLIENT, NOW);
    assert_eq!(verdict.trust, Ok(()));
}

#[test]
fn a_leaf_cannot_issue() {
    let pki = Pki::new("a");
    let partner = pki.client("partner");
    let (mut builder, key) = sloppy_builder("evil", "partner");
    builder.set_pubkey(&key).unwrap();
    builder
        .sign(partner.key(), openssl::hash::MessageDigest::sha256())
        .unwrap();
    let mut chain = vec![der(&builder.build())];
    chain.extend(presented(&partner).certificates().iter().cloned());
    let chain = gateway_tls::chain::PresentedChain::new(chain).unwrap();
    let verdict = build(&pki.spec()).verify(&chain, Profile::CLIENT, NOW);
    assert!(verdict.trust.is_err());
}

#[test]
fn a_weak_key_is_not_trusted() {
    let root = sloppy_root();
    let (mut builder, _) = sloppy_builder("weak", "sloppy");
    let weak = openssl::pkey::PKey::from_rsa(openssl::rsa::Rsa::generate(1024).unwrap()).unwrap();
    builder.set_pubkey(&weak).unwrap();
    builder
        .sign(&root.1, openssl::hash::MessageDigest::sha256())
        .unwrap();
    let chain = gateway_tls::chain::PresentedChain::new(vec![der(&builder.build())]).unwrap();
    let spec = TrustSpec {
        roots: vec![der(&root.0)],
        ..TrustSpec::default()
    };
    assert_eq!(
        build(&spec)
            .verify(&chain, Profile::CLIENT, NOW)
            .trust
            .unwrap_err()
            .code,
        66
    );
}

#[test]
fn bytes_that_are_no_certificate_are_untrusted_and_do_not_panic() {
    let pki = Pki::new("a");
    let chain =
        gateway_tls::chain::PresentedChain::new(vec![Arc::from(&b"\x30\x03abc"[..])]).unwrap();
    let verdict = build(&pki.spec()).verify(&chain, Profile::CLIENT, NOW);
    assert!(verdict.trust.is_err());
    assert!(matches!(
        verdict.revocation,
        RevocationStatus::Unknown { .. }
    ));
}

#[test]
fn one_bad_artefact_refuses_the_whole_bundle_and_is_named() {
    let pki = Pki::new("a");
    let bad: Arc<[u8]> = Arc::from(&b"\x30\x00"[..]);
    let mut spec = pki.spec();
    spec.roots.push(Arc::clone(&bad));
    assert!(matches!(
        TrustBundle::build(&spec),
        Err(TrustError::Root { index: 1, .. })
    ));
    let spec = TrustSpec {
        crls: vec![bad],
        ..pki.spec()
    };
    assert!(matches!(
        TrustBundle::build(&spec),
        Err(TrustError::Crl { index: 0, .. })
    ));
}

#[test]
fn equal_sets_have_equal_digests_whatever_their_order() {
    let (one, two) = (Pki::new("a"), Pki::new("b"));
    let roots = vec![der(one.root.certificate()), der(two.root.certificate())];
    let mut reversed = roots.clone();
    reversed.reverse();
    reversed.push(Arc::clone(&reversed[0]));
    let digest = |roots| {
        build(&TrustSpec {
            roots,
            ..TrustSpec::default()
        })
        .digest()
    };
    assert_eq!(digest(roots.clone()), digest(reversed));
    assert_ne!(digest(roots), digest(vec![der(one.root.certificate())]));
    let as_intermediate = TrustSpec {
        intermediates: vec![der(one.root.certificate())],
        ..TrustSpec::default()
    };
    assert_ne!(
        build(&as_intermediate).digest(),
        build(&one.spec()).digest()
    );
}

#[test]
fn a_self_signed_certificate_on_the_list_of_roots_is_trusted_and_needs_no_list() {
    let own = Authority::new(&Subject::common_name("self"), &authority_options()).unwrap();
    let spec = TrustSpec {
        roots: vec![der(own.certificate())],
        ..TrustSpec::default()
    };
    let chain = gateway_tls::chain::PresentedChain::new(vec![der(own.certificate())]).unwrap();
    let verdict = build(&spec).verify(&chain, Profile::ANY, NOW);
    assert_eq!(
        (&verdict.trust, &verdict.revocation),
        (&Ok(()), &RevocationStatus::Good)
    );
}
