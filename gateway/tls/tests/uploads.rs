//! What administrators upload: certificates, keys, PFX files, revocation lists.
#![allow(
    missing_docs,
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    reason = "tests fail by panicking"
)]

mod support;

use gateway_tls::certificate::{self, CertificateError, KeyUsage, NameValue};
use gateway_tls::crl::{self, CrlError};
use gateway_tls::issue::{
    Attribute, Issued, LeafRequest, Subject, SubjectAltName, Usage, Validity,
};
use gateway_tls::key_material::{self, KeyMaterial, KeyMaterialError};
use gateway_tls::server_certificate::{Finding, Role, covers, examine};
use support::{DAY, NOW, Pki, crl as list, years_around_now};

const RC2: &[u8] = include_bytes!("fixtures/legacy-rc2.pfx");
const TRIPLE_DES: &[u8] = include_bytes!("fixtures/legacy-3des.pfx");
const CERTIFICATE_ONLY: &[u8] = include_bytes!("fixtures/certificate-only.pfx");

fn full(pki: &Pki) -> Issued {
    let subject = Subject::empty()
        .with(Attribute::Country, "DE")
        .with(Attribute::Organization, "Müller, Söhne")
        .with(Attribute::CommonName, "partner-company.com");
    let mut request = LeafRequest::new(subject, Usage::Client).valid(years_around_now());
    for name in [
        SubjectAltName::Dns("partner-company.com".to_owned()),
        SubjectAltName::Uri("spiffe://a/b".to_owned()),
        SubjectAltName::Email("x@partner-company.com".to_owned()),
    ] {
        request = request.san(name);
    }
    request = request.ip(std::net::Ipv4Addr::LOCALHOST);
    pki.intermediate.issue(&request).unwrap()
}

#[test]
fn facts_say_what_openssl_says() {
    let issued = full(&Pki::new("a"));
    let facts = certificate::parse(issued.certificate_der()).unwrap();
    assert_eq!(
        facts,
        certificate::parse(issued.certificate_pem().as_bytes()).unwrap()
    );
    assert_eq!(facts.thumbprint(), issued.thumbprint().unwrap());
    assert_eq!(
        gateway_tls::digest::upper_hex(&facts.sha256),
        issued.thumbprint_sha256().unwrap()
    );
    assert_eq!(
        gateway_tls::digest::upper_hex(&facts.serial),
        issued.serial().unwrap().to_hex()
    );
    let text = |value: &str| NameValue::Text(value.to_owned());
    assert_eq!(
        facts.subject.0,
        [
            vec![("2.5.4.6".to_owned(), text("DE"))],
            vec![("2.5.4.10".to_owned(), text("Müller, Söhne"))],
            vec![("2.5.4.3".to_owned(), text("partner-company.com"))],
        ]
    );
    assert_eq!(
        facts.subject.to_string(),
        "CN=partner-company.com,O=Müller\\, Söhne,C=DE"
    );
    assert_eq!(facts.subject.common_name(), Some("partner-company.com"));
    assert_eq!(facts.issuer.to_string(), "CN=a intermediate");
    assert_eq!(
        (facts.not_before, facts.not_after),
        (NOW - 100 * DAY, NOW + 1000 * DAY)
    );
    assert_eq!((facts.version, facts.is_ca), (3, false));
    assert_eq!(facts.dns_names, ["partner-company.com"]);
    assert_eq!(facts.uris, ["spiffe://a/b"]);
    assert_eq!(facts.email_addresses, ["x@partner-company.com"]);
    assert_eq!(facts.ip_addresses, [vec![127, 0, 0, 1]]);
    assert_eq!(
        facts.extended_key_usage.as_deref(),
        Some(&["1.3.6.1.5.5.7.3.2".to_owned()][..])
    );
    assert!(
        facts
            .key_usage
            .unwrap()
            .contains(KeyUsage::DIGITAL_SIGNATURE)
    );
    assert!(!facts.key_usage.unwrap().contains(KeyUsage::KEY_CERT_SIGN));
    assert_eq!(facts.public_key_bits, Some(256));
    let spki = issued
        .certificate()
        .public_key()
        .unwrap()
        .public_key_to_der()
        .unwrap();
    assert_eq!(facts.spki_sha256, gateway_tls::digest::sha256(&spki));
}

#[test]
fn an_authoritys_facts_are_an_authoritys() {
    let pki = Pki::new("a");
    let facts = certificate::parse(&pki.root.certificate().to_der().unwrap()).unwrap();
    assert!(facts.is_ca && facts.is_self_issued());
    assert!(facts.key_usage.unwrap().contains(KeyUsage::KEY_CERT_SIGN));
    let below = certificate::parse(&pki.intermediate.certificate().to_der().unwrap()).unwrap();
    assert_eq!(below.authority_key_id, facts.subject_key_id);
}

#[test]
fn multi_valued_relative_names_and_user_principal_names_are_kept() {
    // C=DE + (CN=x and serialNumber=7), with a UPN: openssl's own configuration language makes them.
    use openssl::asn1::Asn1Time;
    use openssl::x509::{X509, X509Extension, X509Name};
    let key = gateway_tls::issue::KeyKind::EcP256.generate().unwrap();
    let multi_valued: &[u8] = &[
        0x30, 0x24, 0x31, 0x0b, 0x30, 0x09, 0x06, 0x03, 0x55, 0x04, 0x06, 0x13, 0x02, b'D', b'E',
        0x31, 0x15, 0x30, 0x08, 0x06, 0x03, 0x55, 0x04, 0x03, 0x0c, 0x01, b'x', 0x30, 0x09, 0x06,
        0x03, 0x55, 0x04, 0x05, 0x13, 0x02, b'7', b'7',
    ];
    let name = X509Name::from_der(multi_valued).unwrap();
    let mut builder = X509::builder().unwrap();
    builder.set_version(2).unwrap();
    builder.set_subject_name(&name).unwrap();
    builder.set_issuer_name(&name).unwrap();
    builder.set_pubkey(&key).unwrap();
    builder
        .set_not_before(&Asn1Time::from_unix(NOW).unwrap())
        .unwrap();
    builder
        .set_not_after(&Asn1Time::from_unix(NOW + DAY).unwrap())
        .unwrap();
    #[allow(deprecated, reason = "the only way to write an otherName")]
    let san = X509Extension::new(
        None,
        None,
        "subjectAltName",
        "otherName:msUPN;UTF8:user@corp.test",
    )
    .unwrap();
    builder.append_extension(san).unwrap();
    builder
        .sign(&key, openssl::hash::MessageDigest::sha256())
        .unwrap();
    let facts = certificate::parse(&builder.build().to_der().unwrap()).unwrap();
    assert_eq!(facts.subject.0.len(), 2);
    assert_eq!(facts.subject.0[1].len(), 2);
    assert_eq!(facts.subject.to_string(), "CN=x+serialNumber=77,C=DE");
    assert_eq!(facts.user_principal_names, ["user@corp.test"]);
}

#[test]
fn bytes_that_are_not_one_certificate_are_told_apart() {
    let pki = Pki::new("a");
    let issued = pki.client("p");
    let der = issued.certificate_der();
    let pem = issued.certificate_pem();
    assert_eq!(certificate::parse(b""), Err(CertificateError::Empty));
    assert!(matches!(
        certificate::parse(&der[..der.len() - 1]),
        Err(CertificateError::Truncated { .. })
    ));
    let mut longer = der.to_vec();
    longer.push(0);
    assert_eq!(
        certificate::parse(&longer),
        Err(CertificateError::TrailingBytes(1))
    );
    assert_eq!(
        certificate::parse(format!("{pem}{pem}").as_bytes()),
        Err(CertificateError::MoreThanOne(2))
    );
    assert!(matches!(
        certificate::parse(issued.key_pem().as_bytes()),
        Err(CertificateError::UnexpectedPemBlock { line: 1, .. })
    ));
    assert!(matches!(
        certificate::parse(&pem.as_bytes()[..pem.len() - 30]),
        Err(CertificateError::Pem(_))
    ));
    let what = |bytes: &[u8]| certificate::parse(bytes).unwrap_err().to_string();
    assert!(what(b"hello").contains("neither DER nor PEM"));
    assert!(what(&issued.to_pfx("x").unwrap()).contains("PFX"));
    assert!(what(&issued.key().private_key_to_der().unwrap()).contains("private key"));
    assert!(what(&list(&pki.root, &[], NOW, NOW + DAY)).contains("revocation list"));
    assert!(what(&vec![0x30; 70_000]).contains("too many"));
}

#[test]
fn no_prefix_and_no_flipped_byte_of_a_certificate_panics() {
    let issued = full(&Pki::new("a"));
    let der = issued.certificate_der();
    for end in 0..der.len() {
        assert!(certificate::parse(&der[..end]).is_err());
    }
    for at in 0..der.len() {
        for flip in [0x01, 0x80, 0xff] {
            let mut damaged = der.to_vec();
            damaged[at] ^= flip;
            let _ = certificate::parse(&damaged);
        }
    }
}

#[test]
fn a_pfx_gives_leaf_chain_and_key_and_shows_no_key() {
    let issued = Pki::new("a").client("p");
    let material = key_material::from_pfx(&issued.to_pfx("päss").unwrap(), Some("päss")).unwrap();
    assert_eq!(material.facts().thumbprint(), issued.thumbprint().unwrap());
    assert_eq!(
        material.chain_der().len(),
        1,
        "the intermediate, not the root"
    );
    assert_eq!(
        *material.private_key_pkcs8().unwrap(),
        issued.key().private_key_to_pkcs8().unwrap()
    );
    let shown = format!("{material:?}");
    assert!(
        shown.contains("CN=p") && !shown.to_lowercase().contains("private"),
        "{shown}"
    );
    let again = key_material::from_pem(
        material.chain_pem().as_bytes(),
        material.private_key_pem().unwrap().as_bytes(),
    )
    .unwrap();
    assert_eq!(again.facts(), material.facts());
    let stored = KeyMaterial::from_der(
        &[
            material.facts().der.clone(),
            material.chain_der()[0].clone(),
        ],
        &material.private_key_pkcs8().unwrap(),
    )
    .unwrap();
    assert_eq!(stored.chain_der(), material.chain_der());
}

fn pfx_error(bytes: &[u8], password: Option<&str>) -> KeyMaterialError {
    key_material::from_pfx(bytes, password).unwrap_err()
}

#[test]
fn every_way_a_pfx_can_be_wrong_has_its_own_error() {
    let issued = Pki::new("a").client("p");
    let pfx = issued.to_pfx("password").unwrap();
    assert_eq!(
        pfx_error(&pfx, Some("wrong")),
        KeyMaterialError::WrongPassword
    );
    assert_eq!(pfx_error(&pfx, None), KeyMaterialError::WrongPassword);
    assert_eq!(
        pfx_error(&pfx, Some("a\0b")),
        KeyMaterialError::PasswordWithNul
    );
    assert_eq!(pfx_error(b"", None), KeyMaterialError::Empty);
    assert!(matches!(
        pfx_error(&pfx[..pfx.len() / 2], Some("password")),
        KeyMaterialError::Truncated { .. }
    ));
    assert!(matches!(
        pfx_error(issued.certificate_der(), None),
        KeyMaterialError::NotPkcs12(_)
    ));
    assert!(matches!(
        pfx_error(issued.certificate_pem().as_bytes(), None),
        KeyMaterialError::NotPkcs12(_)
    ));
    assert!(matches!(
        pfx_error(&vec![0x30; 2 << 20], None),
        KeyMaterialError::TooLarge { .. }
    ));
    assert_eq!(
        pfx_error(CERTIFICATE_ONLY, Some("password")),
        KeyMaterialError::NoPrivateKey
    );
    let mut damaged = pfx;
    let middle = damaged.len() / 2;
    damaged[middle] ^= 0xff;
    assert!(key_material::from_pfx(&damaged, Some("password")).is_err());
}

#[test]
fn a_pfx_whose_key_belongs_to_another_certificate_is_refused_by_name() {
    let pki = Pki::new("a");
    let (one, two) = (pki.client("one"), pki.client("two"));
    let mut builder = openssl::pkcs12::Pkcs12::builder();
    builder.pkey(one.key());
    let mut others = openssl::stack::Stack::new().unwrap();
    others.push(two.certificate().clone()).unwrap();
    builder.ca(others);
    let pfx = builder.build2("x").unwrap().to_der().unwrap();
    assert_eq!(
        pfx_error(&pfx, Some("x")),
        KeyMaterialError::KeyMismatch {
            subject: "CN=two".to_owned()
        }
    );
    let keyless = {
        let mut builder = openssl::pkcs12::Pkcs12::builder();
        builder.pkey(one.key());
        builder.build2("x").unwrap().to_der().unwrap()
    };
    assert_eq!(
        pfx_error(&keyless, Some("x")),
        KeyMaterialError::NoCertificate
    );
}

#[test]
fn a_pfx_that_asks_for_endless_key_derivation_is_refused_at_once() {
    let issued = Pki::new("a").client("p");
    let mut builder = openssl::pkcs12::Pkcs12::builder();
    builder
        .pkey(issued.key())
        .cert(issued.certificate())
        .mac_iter(2048);
    let mut pfx = builder.build2("x").unwrap().to_der().unwrap();
    // The file ends with MacData, whose last element is the round count, INTEGER 2048.
    assert!(pfx.ends_with(&[0x02, 0x02, 0x08, 0x00]));
    let mac_data = (4..120)
        .find(|back| pfx[pfx.len() - back..][..2] == [0x30, *back as u8 - 2])
        .map(|back| pfx.len() - back)
        .unwrap();
    pfx.truncate(pfx.len() - 4);
    pfx.extend([0x02, 0x04, 0x7f, 0xff, 0xff, 0xff]);
    pfx[mac_data + 1] += 2;
    let length = u16::from_be_bytes([pfx[2], pfx[3]]) + 2;
    pfx[2..4].copy_from_slice(&length.to_be_bytes());
    assert!(
        openssl::pkcs12::Pkcs12::from_der(&pfx).is_ok(),
        "a well-formed file"
    );
    assert!(matches!(
        pfx_error(&pfx, Some("x")),
        KeyMaterialError::TooManyIterations { iterations, .. } if iterations >= 0x7fff_ffff
    ));
}

#[test]
fn a_pfx_of_older_tools_opens() {
    let material = key_material::from_pfx(TRIPLE_DES, Some("password")).unwrap();
    assert_eq!(material.facts().subject.to_string(), "CN=legacy");
    assert_eq!(
        pfx_error(TRIPLE_DES, Some("wrong")),
        KeyMaterialError::WrongPassword
    );
    // RC2 needs OpenSSL's legacy provider, which the vendored build has.
    let material = key_material::from_pfx(RC2, Some("password")).unwrap();
    assert_eq!(material.facts().subject.to_string(), "CN=legacy");
}

#[test]
fn every_way_pem_files_can_be_wrong_has_its_own_error() {
    let pki = Pki::new("a");
    let (one, two) = (pki.client("one"), pki.client("two"));
    let read = |chain: &str, key: &str| {
        key_material::from_pem(chain.as_bytes(), key.as_bytes()).map(|_| ())
    };
    let both = format!("{}{}", one.chain_pem(), one.key_pem());
    assert_eq!(read(one.chain_pem(), one.key_pem()), Ok(()));
    assert_eq!(read(&both, &both), Ok(()), "one file for both");
    assert_eq!(
        read(one.chain_pem(), two.key_pem()),
        Err(KeyMaterialError::KeyMismatch {
            subject: "CN=one".to_owned()
        })
    );
    assert_eq!(
        read(one.chain_pem(), one.chain_pem()),
        Err(KeyMaterialError::NoPrivateKey)
    );
    assert_eq!(
        read(one.key_pem(), one.key_pem()),
        Err(KeyMaterialError::NoCertificate)
    );
    assert!(matches!(
        read("nothing", one.key_pem()),
        Err(KeyMaterialError::ChainPem(_))
    ));
    assert!(matches!(
        read(one.chain_pem(), "nothing"),
        Err(KeyMaterialError::KeyPem(_))
    ));
    let twice = format!("{}{}", one.key_pem(), two.key_pem());
    assert!(matches!(
        read(one.chain_pem(), &twice),
        Err(KeyMaterialError::SecondPrivateKey { .. })
    ));
    let cipher = openssl::symm::Cipher::aes_256_cbc();
    let encrypted = one
        .key()
        .private_key_to_pem_pkcs8_passphrase(cipher, b"x")
        .unwrap();
    let encrypted = String::from_utf8(encrypted).unwrap();
    assert_eq!(
        read(one.chain_pem(), &encrypted),
        Err(KeyMaterialError::EncryptedKey { line: 1 })
    );
    let old = one
        .key()
        .ec_key()
        .unwrap()
        .private_key_to_pem_passphrase(cipher, b"x")
        .unwrap();
    let old = String::from_utf8(old).unwrap();
    assert_eq!(
        read(one.chain_pem(), &old),
        Err(KeyMaterialError::EncryptedKey { line: 1 })
    );
    let mut broken = one.chain_pem().to_owned();
    broken.insert(40, '!');
    assert!(matches!(
        read(&broken, one.key_pem()),
        Err(KeyMaterialError::ChainPem(_))
    ));
}

#[test]
fn a_chain_in_any_order_is_put_into_issuing_order_without_root_and_strangers() {
    let (pki, other) = (Pki::new("a"), Pki::new("b"));
    let sub = pki
        .intermediate
        .intermediate(&Subject::common_name("sub"), &support::authority_options())
        .unwrap();
    let leaf = sub
        .issue(
            &LeafRequest::server("s.test")
                .dns("s.test")
                .valid(years_around_now()),
        )
        .unwrap();
    let pem = |authority: &gateway_tls::issue::Authority| authority.certificate_pem().unwrap();
    let text = [
        leaf.certificate_pem().to_owned(),
        pem(&other.root),
        pem(&pki.root),
        pem(&pki.intermediate),
        pem(&sub),
    ]
    .concat();
    let material = key_material::from_pem(text.as_bytes(), leaf.key_pem().as_bytes()).unwrap();
    let names: Vec<String> = material
        .chain_der()
        .iter()
        .map(|der| certificate::parse(der).unwrap().subject.to_string())
        .collect();
    assert_eq!(names, ["CN=sub", "CN=a intermediate"]);
}

#[test]
fn a_revocation_list_is_read_and_every_way_it_can_be_wrong_is_told() {
    let pki = Pki::new("a");
    let client = pki.client("p");
    let der = list(&pki.intermediate, &[&client], NOW - DAY, NOW + DAY);
    let parsed = crl::parse(&der).unwrap();
    assert_eq!(parsed.issuer.to_string(), "CN=a intermediate");
    assert_eq!(parsed.number.as_deref(), Some(&[1][..]));
    assert_eq!(
        (parsed.this_update, parsed.next_update),
        (NOW - DAY, Some(NOW + DAY))
    );
    assert_eq!((parsed.revoked_count, parsed.is_delta), (1, false));
    let pem = String::from_utf8(
        openssl::x509::X509Crl::from_der(&der)
            .unwrap()
            .to_pem()
            .unwrap(),
    )
    .unwrap();
    assert_eq!(crl::parse(pem.as_bytes()).unwrap(), parsed);
    assert_eq!(crl::parse(b""), Err(CrlError::Empty));
    assert_eq!(crl::parse(b"hello"), Err(CrlError::NotACrl));
    assert_eq!(crl::parse(client.certificate_der()), Err(CrlError::NotACrl));
    assert!(matches!(
        crl::parse(&der[..50]),
        Err(CrlError::Truncated { .. })
    ));
    assert_eq!(
        crl::parse(format!("{pem}{pem}").as_bytes()),
        Err(CrlError::MoreThanOne(2))
    );
    assert!(matches!(
        crl::parse(client.certificate_pem().as_bytes()),
        Err(CrlError::UnexpectedPemBlock { line: 1, .. })
    ));
    for at in 0..der.len() {
        let mut damaged = der.to_vec();
        damaged[at] ^= 0x81;
        let _ = crl::parse(&damaged);
    }
}

#[test]
fn what_is_wrong_with_a_server_certificate_is_found() {
    let pki = Pki::new("a");
    let issue = |request: LeafRequest| {
        certificate::parse(pki.intermediate.issue(&request).unwrap().certificate_der()).unwrap()
    };
    let server = Role::Server {
        host: Some("api.test"),
    };
    let good = issue(
        LeafRequest::server("api")
            .dns("*.test")
            .valid(years_around_now()),
    );
    assert_eq!(examine(&good, server, NOW), []);
    assert_eq!(
        examine(&good, server, NOW + 1000 * DAY),
        [Finding::Expired {
            not_after: NOW + 1000 * DAY
        }]
    );
    assert_eq!(
        examine(&good, server, NOW - 101 * DAY),
        [Finding::NotYetValid {
            not_before: NOW - 100 * DAY
        }]
    );
    assert!(matches!(
        examine(&good, server, NOW + 995 * DAY)[..],
        [Finding::ExpiresSoon { days: 5, .. }]
    ));
    assert_eq!(
        examine(&good, Role::Client, NOW),
        [Finding::UsageNotAllowed {
            usage: "clientAuth"
        }]
    );
    let other = Role::Server {
        host: Some("a.b.test"),
    };
    assert!(matches!(
        examine(&good, other, NOW)[..],
        [Finding::NameNotCovered { .. }]
    ));
    let old = issue(LeafRequest::new("old", Usage::None).v1().valid(Validity {
        not_before: NOW,
        not_after: NOW + 100 * DAY,
    }));
    assert_eq!(
        examine(&old, Role::Client, NOW),
        [Finding::OldVersion { version: 1 }]
    );
    assert!(covers(&good, "*.test") && covers(&good, "API.TEST.") && !covers(&good, "test"));
    let address = issue(
        LeafRequest::server("ip")
            .ip(std::net::Ipv4Addr::LOCALHOST)
            .valid(years_around_now()),
    );
    assert!(covers(&address, "127.0.0.1") && !covers(&address, "127.0.0.2"));
}
