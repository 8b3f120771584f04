use std::net::{IpAddr, Ipv4Addr};

use openssl::asn1::Asn1Time;
use openssl::pkcs12::Pkcs12;
use openssl::stack::Stack;
use openssl::x509::store::X509StoreBuilder;
use openssl::x509::verify::{X509VerifyFlags, X509VerifyParam};
use openssl::x509::{CrlStatus, X509, X509Crl, X509PurposeId, X509StoreContext, X509VerifyResult};

use super::*;

fn root() -> Authority {
    Authority::new(&Subject::common_name("Root"), &AuthorityOptions::default()).unwrap()
}

/// OpenSSL's own verdict with `X509_STRICT`.
fn strict(root: &Authority, leaf: &Issued, purpose: X509PurposeId) -> X509VerifyResult {
    let mut parameters = X509VerifyParam::new().unwrap();
    parameters.set_flags(X509VerifyFlags::X509_STRICT).unwrap();
    parameters.set_purpose(purpose).unwrap();
    let mut store = X509StoreBuilder::new().unwrap();
    store.set_param(&parameters).unwrap();
    store.add_cert(root.certificate().clone()).unwrap();
    let store = store.build();
    let mut chain = Stack::<X509>::new().unwrap();
    for above in leaf.chain() {
        chain.push(above.clone()).unwrap();
    }
    let mut context = X509StoreContext::new().unwrap();
    context
        .init(&store, leaf.certificate(), &chain, |context| {
            context.verify_cert()?;
            Ok(context.error())
        })
        .unwrap()
}

#[test]
fn a_leaf_of_a_root_passes_strict_verification_for_its_usage_only() {
    let root = root();
    for key in [KeyKind::EcP256, KeyKind::EcP384, KeyKind::Rsa2048] {
        let client = root.issue(&LeafRequest::client("c").key(key)).unwrap();
        assert_eq!(
            strict(&root, &client, X509PurposeId::SSL_CLIENT),
            X509VerifyResult::OK
        );
        assert_ne!(
            strict(&root, &client, X509PurposeId::SSL_SERVER),
            X509VerifyResult::OK
        );
        let server = root
            .issue(&LeafRequest::server("s").dns("localhost").key(key))
            .unwrap();
        assert_eq!(
            strict(&root, &server, X509PurposeId::SSL_SERVER),
            X509VerifyResult::OK
        );
        assert_ne!(
            strict(&root, &server, X509PurposeId::SSL_CLIENT),
            X509VerifyResult::OK
        );
    }
    let both = root.issue(&LeafRequest::new("b", Usage::Both)).unwrap();
    assert_eq!(
        strict(&root, &both, X509PurposeId::SSL_CLIENT),
        X509VerifyResult::OK
    );
    assert_eq!(
        strict(&root, &both, X509PurposeId::SSL_SERVER),
        X509VerifyResult::OK
    );
}

#[test]
fn a_leaf_below_two_intermediates_carries_them_and_passes_strict_verification() {
    let rsa = AuthorityOptions {
        key: KeyKind::Rsa2048,
        path_len: Some(2),
        ..Default::default()
    };
    let root = Authority::new(&Subject::common_name("Root"), &rsa).unwrap();
    let upper = AuthorityOptions {
        path_len: Some(1),
        ..Default::default()
    };
    let upper = root
        .intermediate(&Subject::common_name("Upper"), &upper)
        .unwrap();
    let lower = AuthorityOptions {
        path_len: Some(0),
        ..Default::default()
    };
    let lower = upper
        .intermediate(&Subject::common_name("Lower"), &lower)
        .unwrap();
    let leaf = lower.issue(&LeafRequest::client("leaf")).unwrap();
    assert_eq!(leaf.chain().len(), 2);
    assert_eq!(
        X509::stack_from_pem(leaf.chain_pem().as_bytes())
            .unwrap()
            .len(),
        3
    );
    assert_eq!(
        strict(&root, &leaf, X509PurposeId::SSL_CLIENT),
        X509VerifyResult::OK
    );

    let beyond = lower
        .intermediate(
            &Subject::common_name("Beyond"),
            &AuthorityOptions::default(),
        )
        .unwrap();
    let refused = beyond.issue(&LeafRequest::client("leaf")).unwrap();
    assert_ne!(
        strict(&root, &refused, X509PurposeId::SSL_CLIENT),
        X509VerifyResult::OK
    );
}

#[test]
fn a_leaf_has_the_key_identifier_of_the_authority_that_signed_it() {
    let root = root();
    let leaf = root.issue(&LeafRequest::client("leaf")).unwrap();
    assert_eq!(leaf.certificate().version(), 2);
    let authority = leaf.certificate().authority_key_id().unwrap().as_slice();
    assert_eq!(
        authority,
        root.certificate().subject_key_id().unwrap().as_slice()
    );
    assert_ne!(
        leaf.certificate().subject_key_id().unwrap().as_slice(),
        authority
    );
}

#[test]
fn a_subject_keeps_its_attributes_in_order_with_commas_and_quotes() {
    let subject = Subject::empty()
        .with(Attribute::Country, "US")
        .with(Attribute::State, "Washington")
        .with(Attribute::Locality, "Redmond")
        .with(Attribute::Organization, "Contoso, \"Ltd\"")
        .with(Attribute::OrganizationalUnit, "Größe")
        .with(Attribute::CommonName, "partner-company.com")
        .with(Attribute::EmailAddress, "ops@partner-company.com");
    let leaf = root().issue(&LeafRequest::client(subject)).unwrap();
    let entries: Vec<(String, String)> = leaf
        .certificate()
        .subject_name()
        .entries()
        .map(|entry| {
            let name = entry.object().nid().short_name().unwrap().to_owned();
            (name, entry.data().to_string().unwrap())
        })
        .collect();
    let expected = [
        ("C", "US"),
        ("ST", "Washington"),
        ("L", "Redmond"),
        ("O", "Contoso, \"Ltd\""),
        ("OU", "Größe"),
        ("CN", "partner-company.com"),
        ("emailAddress", "ops@partner-company.com"),
    ];
    let expected: Vec<_> = expected
        .map(|(name, value)| (name.to_owned(), value.to_owned()))
        .into();
    assert_eq!(entries, expected);
}

#[test]
fn every_kind_of_alternative_name_is_written() {
    let leaf = root()
        .issue(
            &LeafRequest::new(Subject::empty(), Usage::Both)
                .dns("*.partner-company.com")
                .ip(Ipv4Addr::LOCALHOST)
                .ip(IpAddr::V6("::1".parse().unwrap()))
                .uri("spiffe://partner/a,b")
                .email("ops@partner-company.com"),
        )
        .unwrap();
    let names = leaf.certificate().subject_alt_names().unwrap();
    assert_eq!(names[0].dnsname(), Some("*.partner-company.com"));
    assert_eq!(names[1].ipaddress(), Some(&[127, 0, 0, 1][..]));
    assert_eq!(names[2].ipaddress().map(<[u8]>::len), Some(16));
    assert_eq!(names[3].uri(), Some("spiffe://partner/a,b"));
    assert_eq!(names[4].email(), Some("ops@partner-company.com"));
    assert_eq!(leaf.certificate().subject_name().entries().count(), 0);
}

#[test]
fn a_period_is_exactly_the_one_asked_for_even_beyond_2050() {
    let leaf = root()
        .issue(&LeafRequest::client("leaf").valid(Validity::between(1_000_000_000, 4_000_000_000)))
        .unwrap();
    let certificate = leaf.certificate();
    let first = Asn1Time::from_unix(1_000_000_000).unwrap();
    let last = Asn1Time::from_unix(4_000_000_000).unwrap();
    assert!(certificate.not_before() == first && certificate.not_after() == last);
    let backwards = LeafRequest::client("leaf").valid(Validity::between(2, 1));
    assert!(matches!(
        root().issue(&backwards),
        Err(IssueError::Request(_))
    ));
}

#[test]
fn an_expired_leaf_is_refused_for_that_reason() {
    let root = root();
    let leaf = root
        .issue(&LeafRequest::client("old").valid(Validity::between(1_000_000_000, 1_000_086_400)))
        .unwrap();
    let verdict = strict(&root, &leaf, X509PurposeId::SSL_CLIENT);
    assert_eq!(verdict.error_string(), "certificate has expired");
}

#[test]
fn a_version_1_leaf_has_no_extensions_and_refuses_to_be_asked_for_some() {
    let leaf = root().issue(&LeafRequest::client("device").v1()).unwrap();
    assert_eq!(leaf.certificate().version(), 0);
    assert!(leaf.certificate().subject_key_id().is_none());
    assert!(
        root()
            .issue(&LeafRequest::client("device").v1().dns("x"))
            .is_err()
    );
    let mut usage = LeafRequest::client("device").v1();
    usage.usage = Usage::Client;
    assert!(root().issue(&usage).is_err());
}

#[test]
fn a_serial_number_is_kept_and_bad_ones_are_refused() {
    let serial = Serial::from_octets(&[0x00, 0xAB, 0xCD]).unwrap();
    let leaf = root()
        .issue(&LeafRequest::client("leaf").serial(serial.clone()))
        .unwrap();
    assert_eq!(leaf.serial().unwrap(), serial);
    assert_eq!(serial.to_hex(), "ABCD");
    assert!(Serial::from_octets(&[0; 4]).is_err());
    assert!(Serial::from_octets(&[0x7f; 21]).is_err());
    assert!(Serial::from_octets(&[0xff; 20]).is_err());
    assert!(Serial::from_octets(&[0x7f; 20]).is_ok());
    assert_ne!(Serial::random().unwrap(), Serial::random().unwrap());
}

#[test]
fn a_pfx_opens_with_its_password_only_and_holds_key_leaf_and_chain() {
    let intermediate = root()
        .intermediate(
            &Subject::common_name("Intermediate"),
            &AuthorityOptions::default(),
        )
        .unwrap();
    let leaf = intermediate.issue(&LeafRequest::client("leaf")).unwrap();
    let pfx = Pkcs12::from_der(&leaf.to_pfx("password").unwrap()).unwrap();
    assert!(pfx.parse2("wrong").is_err());
    let opened = pfx.parse2("password").unwrap();
    assert!(opened.pkey.unwrap().public_eq(leaf.key()));
    assert_eq!(
        opened.cert.unwrap().to_der().unwrap(),
        leaf.certificate_der()
    );
    assert_eq!(opened.ca.unwrap().len(), 1);
    assert!(leaf.to_pfx("pass\0word").is_err());
}

#[test]
fn a_list_is_signed_and_revokes_exactly_what_it_names() {
    let root = root();
    let good = root.issue(&LeafRequest::client("good")).unwrap();
    let bad = root.issue(&LeafRequest::client("bad")).unwrap();
    let now = validity::now();
    let list = root
        .crl(&CrlRequest {
            revoked: vec![Revocation {
                serial: bad.serial().unwrap(),
                at: now - 60,
            }],
            number: 7,
            this_update: now - 60,
            next_update: now + 3600,
        })
        .unwrap();
    let parsed = X509Crl::from_der(list.der()).unwrap();
    assert!(X509Crl::from_pem(list.pem().as_bytes()).is_ok());
    assert!(parsed.verify(root.key()).unwrap());
    assert!(matches!(
        parsed.get_by_cert(bad.certificate()),
        CrlStatus::Revoked(_)
    ));
    assert!(matches!(
        parsed.get_by_cert(good.certificate()),
        CrlStatus::NotRevoked
    ));
    let number = parsed
        .extension::<openssl::x509::extension::CrlNumber>()
        .unwrap()
        .unwrap()
        .1;
    assert_eq!(number.to_bn().unwrap().to_vec(), [7]);
}

#[test]
fn an_empty_list_is_lawful_and_a_contradictory_one_is_refused() {
    let root = root();
    let empty = CrlRequest {
        this_update: 1_000,
        next_update: 2_000,
        number: 1,
        revoked: vec![],
    };
    let parsed = X509Crl::from_der(root.crl(&empty).unwrap().der()).unwrap();
    assert!(parsed.get_revoked().is_none());
    assert!(
        root.crl(&CrlRequest {
            next_update: 1_000,
            ..empty.clone()
        })
        .is_err()
    );
    let entry = Revocation {
        serial: Serial::try_from(5).unwrap(),
        at: 900,
    };
    assert!(
        root.crl(&CrlRequest {
            revoked: vec![entry.clone(), entry],
            ..empty
        })
        .is_err()
    );
}

#[test]
fn an_authority_survives_its_own_pem_and_refuses_a_foreign_key() {
    let root = root();
    let again = Authority::from_pem(
        root.certificate_pem().unwrap().as_bytes(),
        root.key_pem().unwrap().as_bytes(),
    )
    .unwrap();
    let leaf = again.issue(&LeafRequest::client("leaf")).unwrap();
    assert!(leaf.chain().is_empty());
    assert_eq!(
        strict(&root, &leaf, X509PurposeId::SSL_CLIENT),
        X509VerifyResult::OK
    );

    let foreign = Authority::from_pem(
        root.certificate_pem().unwrap().as_bytes(),
        leaf.key_pem().as_bytes(),
    );
    assert!(matches!(foreign, Err(IssueError::Request(_))));
    let no_authority =
        Authority::from_pem(leaf.certificate_pem().as_bytes(), leaf.key_pem().as_bytes());
    assert!(matches!(no_authority, Err(IssueError::Request(_))));
    assert!(Authority::from_pem(b"nothing", b"nothing").is_err());
}

#[test]
fn an_intermediate_survives_its_own_pem_with_its_chain() {
    let root = root();
    let intermediate = root
        .intermediate(
            &Subject::common_name("Intermediate"),
            &AuthorityOptions::default(),
        )
        .unwrap();
    let again = Authority::from_pem(
        intermediate.certificate_pem().unwrap().as_bytes(),
        intermediate.key_pem().unwrap().as_bytes(),
    )
    .unwrap();
    let leaf = again.issue(&LeafRequest::client("leaf")).unwrap();
    assert_eq!(
        strict(&root, &leaf, X509PurposeId::SSL_CLIENT),
        X509VerifyResult::OK
    );
}

#[test]
fn nothing_that_prints_shows_a_key() {
    let root = root();
    let leaf = root.issue(&LeafRequest::client("leaf")).unwrap();
    for printed in [format!("{root:?}"), format!("{leaf:?}")] {
        assert!(!printed.contains("PRIVATE"), "{printed}");
        assert!(
            printed.contains("CN") || printed.contains("commonName"),
            "{printed}"
        );
    }
}
