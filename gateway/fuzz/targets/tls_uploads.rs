//! What administrators upload: certificates, chains, revocation lists, PFX files, keys. Damaged
//! bytes are refused with a message; what is accepted says the same when it is written and read
//! again.
//!
//! Input: one byte that chooses the parser, then the upload.

#![no_main]

use gateway_tls::{certificate, crl, key_material, server_certificate};

libfuzzer_sys::fuzz_target!(|data: &[u8]| {
    let Some((choice, upload)) = data.split_first() else {
        return;
    };
    match choice % 5 {
        0 => one_certificate(upload),
        1 => chain(upload),
        2 => revocation_list(upload),
        3 => pfx(upload),
        _ => pem_key(upload),
    }
});

fn one_certificate(upload: &[u8]) {
    let facts = match certificate::parse(upload) {
        Ok(facts) => facts,
        Err(error) => return assert!(!error.to_string().is_empty()),
    };
    let written = facts.to_pem();
    let again = certificate::parse(written.as_bytes()).expect("a written certificate is read");
    assert_eq!(again.sha256, facts.sha256);
    assert_eq!(format!("{again:?}"), format!("{facts:?}"));
    assert_eq!(facts.thumbprint().len(), 40);
    for host in ["a.test", "*.a.test", "127.0.0.1", ""] {
        let _ = server_certificate::covers(&facts, host);
    }
}

fn chain(upload: &[u8]) {
    let Ok(chain) = certificate::parse_many_pem(upload) else {
        return;
    };
    let written: String = chain.iter().map(|facts| facts.to_pem()).collect();
    let again = certificate::parse_many_pem(written.as_bytes()).expect("a written chain is read");
    assert!(
        again
            .iter()
            .map(|f| f.sha256)
            .eq(chain.iter().map(|f| f.sha256))
    );
}

fn revocation_list(upload: &[u8]) {
    let list = match crl::parse(upload) {
        Ok(list) => list,
        Err(error) => return assert!(!error.to_string().is_empty()),
    };
    assert_eq!(crl::parse(&list.der).as_ref(), Ok(&list));
}

fn pfx(upload: &[u8]) {
    for password in [None, Some("password")] {
        match key_material::from_pfx(upload, password) {
            Ok(material) => {
                let key = material.private_key_pkcs8().expect("a key is written");
                let mut certificates = vec![material.facts().der.clone()];
                certificates.extend_from_slice(material.chain_der());
                let again = key_material::KeyMaterial::from_der(&certificates, &key)
                    .expect("what was written is read");
                assert_eq!(again.chain_der(), material.chain_der());
            }
            Err(error) => assert!(!error.to_string().is_empty()),
        }
    }
}

fn pem_key(upload: &[u8]) {
    // Chain and key in one file, as servers keep them.
    if let Ok(material) = key_material::from_pem(upload, upload) {
        let key = material.private_key_pem().expect("a key is written");
        let chain = material.chain_pem();
        assert!(key_material::from_pem(chain.as_bytes(), key.as_bytes()).is_ok());
    }
}
