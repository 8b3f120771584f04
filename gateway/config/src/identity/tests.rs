//! What a list answers, and that changing one member leaves the rest where it is.

use gateway_policy::dn::Dn;

use super::*;
use crate::material::UploadedCertificate;

fn certificate(number: u8, common_name: &str, issuer: &str) -> Certificate {
    let mut sha1 = [0; 20];
    sha1[0] = number;
    let mut sha256 = [0; 32];
    sha256[0] = number;
    Certificate {
        der: Arc::from([number].as_slice()),
        sha1,
        sha256,
        spki_sha256: [number.wrapping_add(100); 32],
        thumbprint: Arc::from(gateway_tls::digest::upper_hex(&sha1)),
        serial_number: Arc::from(format!("00{number:02X}")),
        subject: Dn::parse(&format!("CN={common_name}")).unwrap(),
        issuer: Dn::parse(&format!("CN={issuer}")).unwrap(),
        not_before: 0,
        not_after: i128::MAX,
        version: 3,
        dns_names: vec![Arc::from("client.example.com")],
        email_addresses: Vec::new(),
        uris: vec![Arc::from("spiffe://example.com/a")],
        user_principal_names: Vec::new(),
        has_private_key: false,
    }
}

fn list(members: Vec<(&str, Identity)>) -> IdentitySet {
    let mut set = IdentitySet::new(Arc::from("partners"), 1);
    for (name, identity) in members {
        set.insert(Member::new(Arc::from(name), 1, identity).unwrap());
    }
    set
}

fn claims(claims: Claims) -> Identity {
    Identity::Claims(Box::new(claims))
}

fn found(
    set: &IdentitySet,
    certificate: &Certificate,
    issuers: &[Arc<Certificate>],
) -> Option<String> {
    let found = set.find(
        certificate,
        issuers,
        &CertificateTable::default(),
        1_000_000_000,
    );
    found.map(|member| member.name.to_string())
}

#[test]
fn a_certificate_is_found_by_each_kind_of_claim() {
    let shown = certificate(7, "partner.example", "CA");
    let text = |text: &str| Some(Arc::from(text));
    let cases: Vec<(&str, Identity)> = vec![
        ("sha1", Identity::Sha1(shown.sha1)),
        ("sha256", Identity::Sha256(shown.sha256)),
        (
            "spki",
            claims(Claims {
                spki: Some(shown.spki_sha256),
                ..Claims::default()
            }),
        ),
        (
            "serial",
            claims(Claims {
                serial_number: text("07"),
                ..Claims::default()
            }),
        ),
        (
            "name",
            claims(Claims {
                common_name: text("PARTNER.example"),
                ..Claims::default()
            }),
        ),
        (
            "dns",
            claims(Claims {
                dns_name: text("CLIENT.example.com"),
                ..Claims::default()
            }),
        ),
        (
            "uri",
            claims(Claims {
                uri: text("spiffe://example.com/a"),
                ..Claims::default()
            }),
        ),
        (
            "subject",
            claims(Claims {
                subject: text("CN=partner.example"),
                ..Claims::default()
            }),
        ),
        (
            "issuer",
            claims(Claims {
                issuer_subject: text("CN=CA"),
                ..Claims::default()
            }),
        ),
    ];
    for (name, identity) in cases {
        let set = list(vec![(name, identity), ("other", Identity::Sha1([9; 20]))]);
        assert_eq!(found(&set, &shown, &[]), Some(name.to_owned()));
        assert_eq!(
            found(&set, &certificate(8, "x", "y"), &[]).filter(|_| !matches!(name, "dns" | "uri")),
            None
        );
    }
}

#[test]
fn all_claims_of_an_identity_must_hold() {
    let shown = certificate(7, "partner.example", "CA");
    let both = |issuer: &str| {
        claims(Claims {
            sha1: Some(shown.sha1),
            issuer_subject: Some(Arc::from(issuer)),
            ..Claims::default()
        })
    };
    assert!(found(&list(vec![("a", both("CN=CA"))]), &shown, &[]).is_some());
    assert!(found(&list(vec![("a", both("CN=Other"))]), &shown, &[]).is_none());
}

#[test]
fn claims_about_the_issuer_are_about_the_direct_one() {
    let shown = certificate(7, "partner.example", "CA");
    let direct = Arc::new(certificate(1, "CA", "Root"));
    let root = Arc::new(certificate(2, "Root", "Root"));
    let by = |hash: [u8; 20]| {
        list(vec![(
            "a",
            claims(Claims {
                issuer_thumbprint: Some(hash),
                ..Claims::default()
            }),
        )])
    };
    let path = [Arc::clone(&direct), Arc::clone(&root)];
    assert!(found(&by(direct.sha1), &shown, &path).is_some());
    assert!(found(&by(root.sha1), &shown, &path).is_none());
    assert!(
        found(&by(direct.sha1), &shown, &[]).is_none(),
        "no path, no issuer"
    );
}

#[test]
fn an_issuer_certificate_is_an_uploaded_one() {
    let shown = certificate(7, "partner.example", "CA");
    let issuer = Arc::new(certificate(1, "CA", "Root"));
    let mut uploaded = CertificateTable::default();
    uploaded.insert(Arc::new(UploadedCertificate {
        id: Arc::from("the-ca"),
        certificate: Arc::clone(&issuer),
        material: None,
    }));
    let identity = claims(Claims {
        issuer_certificate_id: Some(Arc::from("The-CA")),
        ..Claims::default()
    });
    let set = list(vec![("a", identity)]);
    assert!(set.find(&shown, &[issuer], &uploaded, 0).is_some());
    assert!(
        set.find(&shown, &[Arc::new(shown.clone())], &uploaded, 0)
            .is_none()
    );
}

#[test]
fn an_identity_is_valid_within_its_own_dates_only() {
    let shown = certificate(7, "partner.example", "CA");
    let identity = claims(Claims {
        sha1: Some(shown.sha1),
        not_before: Some(10),
        not_after: Some(20),
        ..Claims::default()
    });
    let set = list(vec![("a", identity)]);
    let at = |seconds: i128| {
        set.find(
            &shown,
            &[],
            &CertificateTable::default(),
            seconds * 1_000_000_000,
        )
        .is_some()
    };
    assert_eq!([9, 10, 20, 21].map(at), [false, true, true, false]);
}

#[test]
fn members_that_share_a_claim_are_all_tried_and_come_and_go_alone() {
    let shown = certificate(7, "partner.example", "CA");
    let wrong = claims(Claims {
        sha1: Some(shown.sha1),
        common_name: Some(Arc::from("nobody")),
        ..Claims::default()
    });
    let mut set = list(vec![("a", wrong), ("b", Identity::Sha1(shown.sha1))]);
    assert_eq!(found(&set, &shown, &[]), Some("b".to_owned()));
    set.remove("A");
    assert_eq!(found(&set, &shown, &[]), Some("b".to_owned()));
    set.remove("b");
    assert_eq!(found(&set, &shown, &[]), None);
    assert!(set.is_empty());
}

#[test]
fn a_member_that_is_replaced_is_not_found_by_what_it_was() {
    let (old, new) = (certificate(1, "x", "CA"), certificate(2, "y", "CA"));
    let mut set = list(vec![("a", Identity::Sha1(old.sha1))]);
    let before = set.clone();
    set.insert(Member::new(Arc::from("a"), 2, Identity::Sha1(new.sha1)).unwrap());
    assert_eq!(
        (found(&set, &old, &[]), found(&set, &new, &[])),
        (None, Some("a".to_owned()))
    );
    assert_eq!(
        found(&before, &old, &[]),
        Some("a".to_owned()),
        "a snapshot keeps what it was"
    );
    assert_eq!((set.len(), set.changed_in), (1, 2));
}
