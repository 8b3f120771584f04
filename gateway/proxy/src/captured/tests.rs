use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use gateway_testkit::{Issued, Pki};

use super::*;

type Chain = Result<Vec<Arc<[u8]>>, Malformed>;

fn read(header: CertificateHeader, leaf: &str, chain: Option<&str>) -> Chain {
    decode::chain(header, leaf.as_bytes(), chain.map(str::as_bytes))
}

fn der(issued: &Issued) -> Vec<u8> {
    issued.certificate().to_der().unwrap()
}

fn base64(issued: &Issued) -> String {
    STANDARD.encode(der(issued))
}

/// As nginx and Envoy write it.
fn escaped(pem: &[u8]) -> String {
    percent_encoding::percent_encode(pem, percent_encoding::NON_ALPHANUMERIC).to_string()
}

fn escaped_leaf(issued: &Issued) -> String {
    escaped(&issued.certificate().to_pem().unwrap())
}

/// The certificates as DER, leaf first.
fn ders(chain: &Chain) -> Vec<Vec<u8>> {
    let chain = chain.as_ref().unwrap();
    chain.iter().map(|der| der.to_vec()).collect()
}

fn headers(pairs: &[(&'static str, &str)]) -> HeaderMap {
    pairs
        .iter()
        .map(|(name, value)| {
            (
                HeaderName::from_static(name),
                HeaderValue::from_str(value).unwrap(),
            )
        })
        .collect()
}

#[test]
fn every_header_carries_a_certificate_in_the_form_of_its_senders() {
    let pki = Pki::new();
    let a = &pki.partner_a;
    let cases = [
        (CertificateHeader::ClientCert, format!(":{}:", base64(a))),
        (
            CertificateHeader::XForwardedClientCert,
            format!("By=spiffe://x;Cert=\"{}\";DNS=\"a,b;c\"", escaped_leaf(a)),
        ),
        (CertificateHeader::XArrClientCert, base64(a)),
        (CertificateHeader::XClientCert, base64(a)),
        (CertificateHeader::XSslClientCert, escaped_leaf(a)),
        (CertificateHeader::XSslClientEscapedCert, escaped_leaf(a)),
    ];
    for (header, value) in cases {
        assert_eq!(ders(&read(header, &value, None)), [der(a)], "{header:?}");
    }
    // `+`, `/` and `=` need not be encoded, and are not something else then.
    let plain = escaped_leaf(a)
        .replace("%2B", "+")
        .replace("%2F", "/")
        .replace("%3D", "=");
    let read = read(CertificateHeader::XSslClientCert, &plain, None);
    assert_eq!(ders(&read), [der(a)]);
}

#[test]
fn the_chain_follows_the_certificate() {
    let pki = Pki::new();
    let leaf = &pki.through_intermediate;
    let intermediate = pki.intermediate.certificate().to_der().unwrap();
    let expected = [der(leaf), intermediate.clone()];
    let chain = format!(":{}:", STANDARD.encode(&intermediate));
    let own = format!(":{}:", base64(leaf));
    assert_eq!(
        ders(&read(CertificateHeader::ClientCert, &own, Some(&chain))),
        expected
    );
    let pem = [
        leaf.certificate().to_pem().unwrap(),
        pki.intermediate.certificate().to_pem().unwrap(),
    ]
    .concat();
    let envoy = |value: &str| read(CertificateHeader::XForwardedClientCert, value, None);
    let chain = escaped(&pem);
    assert_eq!(ders(&envoy(&format!("Chain=\"{chain}\""))), expected);
    let both = format!("cert={};chain=\"{chain}\"", escaped_leaf(leaf));
    assert_eq!(ders(&envoy(&both)), expected);
    let other = format!("Cert={};Chain=\"{chain}\"", escaped_leaf(&pki.partner_a));
    envoy(&other).unwrap_err();
}

#[test]
fn the_last_element_of_envoys_header_counts_because_the_peer_itself_wrote_it() {
    let pki = Pki::new();
    let (a, b) = (escaped_leaf(&pki.partner_a), escaped_leaf(&pki.partner_b));
    let envoy = |value: &str| read(CertificateHeader::XForwardedClientCert, value, None);
    let two = format!("By=x;Cert=\"{a}\",By=y;Cert=\"{b}\"");
    assert_eq!(ders(&envoy(&two)), [der(&pki.partner_b)]);
    // A comma between quotes begins no element, neither does one behind an escaped quote.
    let quoted = format!("Subject=\"O=\\\"x,Cert={a}\";Cert=\"{b}\"");
    assert_eq!(ders(&envoy(&quoted)), [der(&pki.partner_b)]);
    // The first element has a certificate, the last has none: the first one is not taken instead.
    for last in ["By=y;Hash=00", "", " "] {
        envoy(&format!("Cert=\"{a}\",{last}")).unwrap_err();
    }
}

#[test]
fn what_is_malformed_is_no_certificate_and_not_nobody_either() {
    let pki = Pki::new();
    let a = &pki.partner_a;
    let (good, pem) = (base64(a), escaped_leaf(a));
    let long = "A".repeat(60_000);
    let two = escaped(
        &[
            a.certificate().to_pem().unwrap(),
            pki.partner_b.certificate().to_pem().unwrap(),
        ]
        .concat(),
    );
    let pem_in_base64 = STANDARD.encode(a.certificate().to_pem().unwrap());
    let trailing = STANDARD.encode([der(a), vec![0]].concat());
    let half = STANDARD.encode(&der(a)[..100]);
    let cut = good.trim_end_matches('=').to_owned();
    for header in CertificateHeader::ALL {
        for value in [
            "", " ", "garbage", "(null)", ":", "::", "%", "Cert=", &long, &trailing,
        ] {
            let read = read(header, value, None);
            assert!(read.is_err(), "{header:?} {value:.20}");
        }
    }
    let sequence = |text: &str| format!(":{text}:");
    let in_cert = |text: &str| format!("Cert=\"{text}\"");
    let cases = [
        (CertificateHeader::ClientCert, good.clone()),
        (CertificateHeader::ClientCert, sequence(&format!("{good} "))),
        (
            CertificateHeader::ClientCert,
            format!("{};a=1", sequence(&good)),
        ),
        (CertificateHeader::ClientCert, sequence(&pem_in_base64)),
        (
            CertificateHeader::ClientCert,
            format!("{0},{0}", sequence(&good)),
        ),
        (CertificateHeader::XArrClientCert, sequence(&good)),
        (CertificateHeader::XArrClientCert, half),
        (CertificateHeader::XArrClientCert, format!("{good},{good}")),
        (CertificateHeader::XArrClientCert, pem.clone()),
        (CertificateHeader::XClientCert, pem_in_base64),
        (CertificateHeader::XSslClientCert, good.clone()),
        (CertificateHeader::XSslClientCert, two.clone()),
        (CertificateHeader::XSslClientCert, format!("x{pem}")),
        (CertificateHeader::XSslClientCert, format!("{pem}%2")),
        (CertificateHeader::XSslClientCert, pem.replace("%0A", "%0G")),
        (CertificateHeader::XForwardedClientCert, pem.clone()),
        (
            CertificateHeader::XForwardedClientCert,
            format!("Cert=\"{pem}"),
        ),
        (CertificateHeader::XForwardedClientCert, in_cert(&two)),
        (
            CertificateHeader::XForwardedClientCert,
            format!("{0};{0}", in_cert(&pem)),
        ),
    ];
    for (header, value) in cases {
        let read = read(header, &value, None);
        assert!(read.is_err(), "{header:?} {value:.40}");
    }
    if cut != good {
        read(CertificateHeader::XArrClientCert, &cut, None).unwrap_err();
    }
    for chain in ["", "garbage", ":AA==:", &format!("{},", sequence(&good))] {
        let read = read(CertificateHeader::ClientCert, &sequence(&good), Some(chain));
        assert!(read.is_err(), "{chain:.40}");
    }
    let many = vec![sequence(&good); 11].join(", ");
    let read = read(CertificateHeader::ClientCert, &sequence(&good), Some(&many));
    assert_eq!(
        read.unwrap_err(),
        Malformed("the header holds too many certificates")
    );
}

#[test]
fn broken_headers_are_refused_and_never_panic() {
    let pki = Pki::new();
    let a = &pki.partner_a;
    let good = [
        (CertificateHeader::ClientCert, format!(":{}:", base64(a))),
        (
            CertificateHeader::XForwardedClientCert,
            format!("By=a\\\"b;Cert=\"{}\"", escaped_leaf(a)),
        ),
        (CertificateHeader::XSslClientCert, escaped_leaf(a)),
    ];
    for (header, value) in good {
        for at in (0..value.len()).step_by(7) {
            let mut bytes = value.clone().into_bytes();
            for replacement in [b'"', b'%', b',', b'\\', 0xFF, b':'] {
                bytes[at] = replacement;
                // Either outcome is fine; a changed name may stay a name.
                let _ = decode::chain(header, &bytes, Some(&bytes));
            }
            let _ = decode::chain(header, &value.as_bytes()[..at], None);
        }
    }
}

#[test]
fn one_header_counts_once_and_no_other_spelling_does() {
    let pki = Pki::new();
    let known = Captured::default();
    let a = format!(":{}:", base64(&pki.partner_a));
    let b = format!(":{}:", base64(&pki.partner_b));
    let claim = |pairs: &[(&'static str, &str)]| {
        Claim::of(CertificateHeader::ClientCert, &headers(pairs)).read(&known, |_| {})
    };
    let one = claim(&[("client-cert", &a)]).unwrap().unwrap();
    assert_eq!(one.chain.leaf(), der(&pki.partner_a));
    let spelt = claim(&[
        ("client_cert", &b),
        ("client-cert", &a),
        ("x-client-cert", &b),
    ]);
    assert_eq!(spelt.unwrap().unwrap().chain.leaf(), der(&pki.partner_a));
    assert!(claim(&[]).unwrap().is_none());
    assert!(claim(&[("x-client-cert", &b)]).unwrap().is_none());
    for wrong in [
        &[("client-cert", a.as_str()), ("client-cert", b.as_str())][..],
        &[("client-cert", &a), ("client-cert", &a)],
        &[("client-cert", &a), ("client-cert", "")],
        &[("client-cert", "")],
        &[("client-cert-chain", &b)],
        &[
            ("client-cert", &a),
            ("client-cert-chain", &b),
            ("client-cert-chain", &b),
        ],
    ] {
        assert!(claim(wrong).is_err(), "{}", wrong.len());
    }
}

#[test]
fn the_same_bytes_are_read_once_and_others_are_never_taken_for_them() {
    let pki = Pki::new();
    let known = Captured::default();
    let reads = std::cell::Cell::new(0);
    let read = |leaf: &[u8], chain: Option<&[u8]>| {
        let der: Arc<[u8]> = der(&pki.partner_a).into();
        known
            .identity(leaf, chain, || {
                reads.set(reads.get() + 1);
                identify(vec![der])
            })
            .unwrap()
    };
    let first = read(b"ab", None);
    assert!(Rc::ptr_eq(&first, &read(b"ab", None)));
    assert_eq!(reads.get(), 1);
    for (count, (leaf, chain)) in [(b"a", Some(&b"b"[..])), (b"b", None)]
        .into_iter()
        .enumerate()
    {
        assert!(!Rc::ptr_eq(&first, &read(leaf, chain)));
        assert_eq!(reads.get(), count + 2);
    }
    // A failure is not remembered as a success.
    let failed = known.identity(b"c", None, || Err(Malformed("no")));
    assert_eq!(failed.unwrap_err(), Malformed("no"));
    // What is kept is bounded, and what is used stays.
    for number in 0..4 * Captured::KEPT {
        read(number.to_string().as_bytes(), None);
        assert!(Rc::ptr_eq(&first, &read(b"ab", None)), "{number}");
    }
    let generations = known.0.borrow();
    assert!(generations.young.len() + generations.old.len() <= 2 * Captured::KEPT);
}
