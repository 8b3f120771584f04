//! Cryptography for policies against published vectors, and against what must be refused.
#![allow(
    missing_docs,
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    reason = "tests fail by panicking"
)]

use gateway_tls::crypto::cipher::{self, Cipher, Mode, Padding};
use gateway_tls::crypto::{
    self, CryptoError, Curve, EncryptionPadding, JwsAlgorithm, JwsKey, PrivateKey, PublicKey,
    SignaturePadding, verify_jws,
};
use gateway_tls::digest::{self, Algorithm};
use openssl::pkey::PKey;
use openssl::rsa::Rsa;

fn hex(text: &str) -> Vec<u8> {
    let digits: Vec<u8> = text
        .bytes()
        .filter(|byte| !byte.is_ascii_whitespace())
        .collect();
    digits
        .chunks(2)
        .map(|pair| u8::from_str_radix(std::str::from_utf8(pair).unwrap(), 16).unwrap())
        .collect()
}

fn base64url(text: &str) -> Vec<u8> {
    let mut text = text.replace('-', "+").replace('_', "/");
    while !text.len().is_multiple_of(4) {
        text.push('=');
    }
    openssl::base64::decode_block(&text).unwrap()
}

#[test]
fn hashes_and_hmacs_are_those_of_fips_180_4_and_rfc_4231() {
    // FIPS 180-4 examples for "abc".
    let abc = |algorithm| digest::hash(algorithm, b"abc").unwrap();
    assert_eq!(
        abc(Algorithm::Sha1),
        hex("a9993e364706816aba3e25717850c26c9cd0d89d")
    );
    assert_eq!(
        abc(Algorithm::Sha256),
        hex("ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad")
    );
    // RFC 4231, 4.2 and 4.3.
    assert_eq!(
        digest::hmac(Algorithm::Sha256, &[0x0b; 20], b"Hi There").unwrap(),
        hex("b0344c61d8db38535ca8afceaf0bf12b881dc200c9833da726e9376c2e32cff7")
    );
    assert_eq!(
        digest::hmac(Algorithm::Sha256, b"Jefe", b"what do ya want for nothing?").unwrap(),
        hex("5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843")
    );
    // An empty key is a key of zeros (RFC 2104, 2).
    assert_eq!(
        digest::hmac(Algorithm::Sha256, b"", b"x").unwrap(),
        digest::hmac(Algorithm::Sha256, &[0; 64], b"x").unwrap()
    );
}

const SHARED: &str =
    "AyM1SysPpbyDfgZld3umj1qzKObwVMkoqQ-EstJQLr_T-1qS0gZH75aKtMN3Yj0iPS4hcgUuTwjAzZr1Z9CAow";
const PAYLOAD: &str = "eyJpc3MiOiJqb2UiLA0KICJleHAiOjEzMDA4MTkzODAsDQogImh0dHA6Ly9leGFtcGxlLmNvbS9pc19yb290Ijp0cnVlfQ";
const MODULUS: &str = "ofgWCuLjybRlzo0tZWJjNiuSfb4p4fAkd_wWJcyQoTbji9k0l8W26mPddxHmfHQp-Vaw-4qPCJrcS2mJPMEzP1Pt0Bm4d4QlL-yRT-SFd2lZS-pCgNMsD1W_YpRPEwOWvG6b32690r2jZ47soMZo9wGzjb_7OMg0LOL-bSf63kpaSHSXndS5z5rexMdbBYUsLA9e-KXBdQOS-UTo7WTBEMa2R2CapHg665xsmtdVMTBQY4uDZlxvb3qCo5ZwKh9kG4LT6_I5IhlJH7aGhyxXFvUK-DWNmoudF8NAco9_h9iaGNj8q2ethFkMLs91kzk2PAcDTW9gb54h4FRWyuXpoQ";
const RS256: &str = "cC4hiUPoj9Eetdgtv3hF80EGrhuB__dzERat0XF9g2VtQgr9PJbu3XOiZj5RZmh7AAuHIm4Bh-0Qc_lF5YKt_O8W2Fp5jujGbds9uJdbF9CUAr7t1dnZcAcQjbKBYNX4BAynRFdiuB--f_nZLgrnbyTyWzO75vRK5h6xBArLIARNPvkSjtQBMHlb1L07Qe7K0GarZRmB_eSN9383LcOLn6_dO--xi12jzDwusC-eOkHWEsqtFZESc6BfI7noOPqvhJ1phCnvWh6IeYI2w9QOYEUipUTI8np6LbgGY9Fs98rqVt5AXLIhWkWywlVmtVrBp0igcN_IoypGlUPQGe77Rw";

fn input(header: &str) -> Vec<u8> {
    format!("{header}.{PAYLOAD}").into_bytes()
}

fn rfc_rsa() -> PublicKey {
    PublicKey::from_rsa_numbers(&base64url(MODULUS), &[1, 0, 1]).unwrap()
}

fn rfc_ec() -> PublicKey {
    PublicKey::from_ec_point(
        Curve::P256,
        &base64url("f83OJ3D2xF1Bg8vub9tLe1gHMzV76e8Tus9uPHvRVEU"),
        &base64url("x_FEzRu9m36HLN_tue659LNpXW6pCyStikYjKIWI5a0"),
    )
    .unwrap()
}

/// Good as it is; bad with any byte changed, cut, longer or empty.
fn only_exactly(algorithm: JwsAlgorithm, key: JwsKey<'_>, input: &[u8], signature: &[u8]) {
    assert_eq!(verify_jws(algorithm, key, input, signature), Ok(true));
    for at in [0, signature.len() / 2, signature.len() - 1] {
        let mut changed = signature.to_vec();
        changed[at] ^= 1;
        assert_eq!(verify_jws(algorithm, key, input, &changed), Ok(false));
    }
    let longer = [signature, &[0]].concat();
    for wrong in [&[][..], &signature[1..], &longer, &vec![0; signature.len()]] {
        assert_eq!(verify_jws(algorithm, key, input, wrong), Ok(false));
    }
    let other = [input, b"x"].concat();
    assert_eq!(verify_jws(algorithm, key, &other, signature), Ok(false));
}

#[test]
fn tokens_of_rfc_7515_appendix_a_verify_and_changed_ones_do_not() {
    let secret = base64url(SHARED);
    only_exactly(
        JwsAlgorithm::Hmac(Algorithm::Sha256),
        JwsKey::Secret(&secret),
        &input("eyJ0eXAiOiJKV1QiLA0KICJhbGciOiJIUzI1NiJ9"),
        &base64url("dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk"),
    );
    only_exactly(
        JwsAlgorithm::RsaPkcs1(Algorithm::Sha256),
        JwsKey::Public(&rfc_rsa()),
        &input("eyJhbGciOiJSUzI1NiJ9"),
        &base64url(RS256),
    );
    only_exactly(
        JwsAlgorithm::Ecdsa(Algorithm::Sha256),
        JwsKey::Public(&rfc_ec()),
        &input("eyJhbGciOiJFUzI1NiJ9"),
        &base64url(
            "DtEhU3ljbEg8L38VWAfUAqOyKAM6-Xx-F4GawxaepmXFCgfTjDxw5djxLa8ISlSApmWQxfKTUJqPP3-Kg6NU1Q",
        ),
    );
}

#[test]
fn a_key_of_another_kind_is_an_error_and_never_an_answer() {
    let (rsa, ec) = (rfc_rsa(), rfc_ec());
    let spki = rsa.to_spki().unwrap();
    let signed_with_the_public_key = digest::hmac(Algorithm::Sha256, &spki, b"x").unwrap();
    let cases = [
        (JwsAlgorithm::Hmac(Algorithm::Sha256), JwsKey::Public(&rsa)),
        (
            JwsAlgorithm::RsaPkcs1(Algorithm::Sha256),
            JwsKey::Secret(&spki),
        ),
        (JwsAlgorithm::RsaPss(Algorithm::Sha256), JwsKey::Public(&ec)),
        (JwsAlgorithm::Ecdsa(Algorithm::Sha256), JwsKey::Public(&rsa)),
        // RFC 7518, 3.4: the curve belongs to the algorithm.
        (JwsAlgorithm::Ecdsa(Algorithm::Sha384), JwsKey::Public(&ec)),
        (JwsAlgorithm::Ecdsa(Algorithm::Sha1), JwsKey::Public(&ec)),
    ];
    for (algorithm, key) in cases {
        assert_eq!(
            verify_jws(algorithm, key, b"x", &signed_with_the_public_key),
            Err(CryptoError::KeyKind),
            "{algorithm:?}"
        );
    }
}

#[test]
fn weak_and_unsafe_keys_are_refused() {
    let weak = Rsa::generate(1024).unwrap();
    let weak = PublicKey::from_rsa_numbers(&weak.n().to_vec(), &weak.e().to_vec()).unwrap();
    assert_eq!(
        verify_jws(
            JwsAlgorithm::RsaPkcs1(Algorithm::Sha256),
            JwsKey::Public(&weak),
            b"x",
            &[0; 128]
        ),
        Err(CryptoError::WeakKey {
            actual: 1024,
            least: 2048
        })
    );
    assert_eq!(
        verify_jws(
            JwsAlgorithm::Hmac(Algorithm::Sha256),
            JwsKey::Secret(b""),
            b"x",
            &digest::hmac(Algorithm::Sha256, b"", b"x").unwrap()
        ),
        Err(CryptoError::WeakKey {
            actual: 0,
            least: 128
        })
    );
    let modulus = base64url(MODULUS);
    // With 1 every message is its own signature.
    for exponent in [&[][..], &[0], &[1], &[2], &[1, 0, 0], &[0xff; 9]] {
        assert!(
            PublicKey::from_rsa_numbers(&modulus, exponent).is_err(),
            "{exponent:?}"
        );
    }
    for modulus in [
        vec![],
        vec![0; 256],
        vec![0xff; 32],
        vec![0xff; 4096],
        vec![0xff; 70_000],
    ] {
        assert!(PublicKey::from_rsa_numbers(&modulus, &[1, 0, 1]).is_err());
    }
    assert!(PublicKey::from_ec_point(Curve::P256, &[1; 32], &[1; 32]).is_err());
    assert!(PublicKey::from_ec_point(Curve::P256, &[0; 32], &[0; 32]).is_err());
    let spki = rfc_rsa().to_spki().unwrap();
    assert!(PublicKey::from_spki(&[&spki[..], &[0]].concat()).is_err());
    assert!(PublicKey::from_spki(&spki[..spki.len() - 1]).is_err());
}

fn private() -> (PrivateKey, Rsa<openssl::pkey::Private>) {
    let rsa = Rsa::generate(2048).unwrap();
    let der = PKey::from_rsa(rsa.clone())
        .unwrap()
        .private_key_to_pkcs8()
        .unwrap();
    (PrivateKey::from_der(&der).unwrap(), rsa)
}

#[test]
fn rsa_signs_what_it_verifies_and_only_under_the_same_padding_and_hash() {
    let (key, rsa) = private();
    let public = key.public().unwrap();
    let hashes = [
        Algorithm::Sha1,
        Algorithm::Sha256,
        Algorithm::Sha384,
        Algorithm::Sha512,
    ];
    for hash in hashes {
        let digest = digest::hash(hash, b"data").unwrap();
        for padding in [SignaturePadding::Pkcs1, SignaturePadding::Pss] {
            let signature = crypto::sign(&key, padding, hash, &digest).unwrap();
            let verified = |padding, digest: &[u8], signature: &[u8]| {
                crypto::verify(&public, padding, hash, digest, signature)
            };
            assert_eq!(verified(padding, &digest, &signature), Ok(true));
            let other = match padding {
                SignaturePadding::Pkcs1 => SignaturePadding::Pss,
                SignaturePadding::Pss => SignaturePadding::Pkcs1,
            };
            assert_eq!(verified(other, &digest, &signature), Ok(false));
            let wrong = digest::hash(hash, b"other").unwrap();
            assert_eq!(verified(padding, &wrong, &signature), Ok(false));
            assert_eq!(verified(padding, &digest, &signature[1..]), Ok(false));
            assert!(verified(padding, &digest[1..], &signature).is_err());
            assert!(crypto::sign(&key, padding, hash, b"no digest").is_err());
        }
    }
    // The numbers alone make the same key; numbers that do not belong together make none.
    let part = |number: Option<&openssl::bn::BigNumRef>| number.unwrap().to_vec();
    let (p, q) = (part(rsa.p()), part(rsa.q()));
    let (dp, dq, qi) = (part(rsa.dmp1()), part(rsa.dmq1()), part(rsa.iqmp()));
    let (n, e, d) = (rsa.n().to_vec(), rsa.e().to_vec(), rsa.d().to_vec());
    let same = PrivateKey::from_rsa_numbers(&n, &e, [&p, &q, &dp, &dq, &qi, &d]).unwrap();
    let digest = digest::hash(Algorithm::Sha256, b"data").unwrap();
    let sign = |key| crypto::sign(key, SignaturePadding::Pkcs1, Algorithm::Sha256, &digest);
    assert_eq!(sign(&same).unwrap(), sign(&key).unwrap());
    assert!(PrivateKey::from_rsa_numbers(&n, &e, [&p, &p, &dp, &dq, &qi, &d]).is_err());
    assert_eq!(format!("{key:?}"), "PrivateKey(2048 bits)");
}

#[test]
fn rsa_decrypts_what_it_encrypts_and_gives_no_oracle() {
    let (key, _) = private();
    let public = key.public().unwrap();
    for padding in [
        EncryptionPadding::Pkcs1,
        EncryptionPadding::Oaep(Algorithm::Sha1),
        EncryptionPadding::Oaep(Algorithm::Sha256),
    ] {
        let sealed = crypto::encrypt(&public, padding, b"secret").unwrap();
        assert_eq!(crypto::decrypt(&key, padding, &sealed).unwrap(), b"secret");
        assert!(crypto::encrypt(&public, padding, &[0; 256]).is_err());
        assert!(crypto::decrypt(&key, padding, &sealed[1..]).is_err());
    }
    let sealed =
        crypto::encrypt(&public, EncryptionPadding::Oaep(Algorithm::Sha256), b"x").unwrap();
    assert!(crypto::decrypt(&key, EncryptionPadding::Oaep(Algorithm::Sha1), &sealed).is_err());
    // OAEP read as PKCS #1 v1.5 is garbage, which must look like any other result.
    assert!(crypto::decrypt(&key, EncryptionPadding::Pkcs1, &sealed).is_ok());
}

#[test]
fn aes_is_that_of_nist_sp_800_38a() {
    let iv = hex("000102030405060708090a0b0c0d0e0f");
    let k128 = hex("2b7e151628aed2a6abf7158809cf4f3c");
    let k256 = hex("603deb1015ca71be2b73aef0857d77811f352c073b6108d72d9810a30914dff4");
    let block = "6bc1bee22e409f96e93d7e117393172a";
    let cases = [
        (Mode::Cbc, &k128, block, "7649abac8119b246cee98e9b12e9197d"),
        (Mode::Cbc, &k256, block, "f58c4c04d6e5f1ba779eabfb5f7bfbd6"),
        (Mode::Ecb, &k128, block, "3ad77bb40d7a3660a89ecaf32466ef97"),
        (Mode::Cfb, &k128, block, "3b3fd92eb72dad20333449f8e83cfb4a"),
        (
            Mode::Cfb8,
            &k128,
            "6bc1bee22e409f96e93d7e117393172aae2d",
            "3b79424c9c0dd436bace9e0ed4586a4f32b9",
        ),
    ];
    for (mode, key, plain, sealed) in cases {
        let cipher = Cipher {
            algorithm: cipher::Algorithm::Aes,
            mode,
            padding: Padding::None,
            key,
            iv: &iv,
        };
        assert_eq!(cipher::encrypt(&cipher, &hex(plain)).unwrap(), hex(sealed));
        assert_eq!(cipher::decrypt(&cipher, &hex(sealed)).unwrap(), hex(plain));
    }
}

#[test]
fn every_padding_comes_off_again_and_a_wrong_one_is_an_error() {
    let raw = |padding, mode| Cipher {
        algorithm: cipher::Algorithm::Aes,
        mode,
        padding,
        key: &[1; 32],
        iv: &[2; 16],
    };
    for mode in [Mode::Cbc, Mode::Ecb, Mode::Cfb, Mode::Cfb8] {
        for padding in [Padding::Pkcs7, Padding::AnsiX923, Padding::Iso10126] {
            for length in [0, 1, 15, 16, 17] {
                let data = vec![9; length];
                let sealed = cipher::encrypt(&raw(padding, mode), &data).unwrap();
                assert_eq!(cipher::decrypt(&raw(padding, mode), &sealed).unwrap(), data);
                assert!(sealed.len() > length);
            }
        }
    }
    let sealed = |last: &[u8]| {
        let mut block = vec![5; 16 - last.len()];
        block.extend_from_slice(last);
        cipher::encrypt(&raw(Padding::None, Mode::Cbc), &block).unwrap()
    };
    let opened = |padding, data: &[u8]| cipher::decrypt(&raw(padding, Mode::Cbc), data);
    for bad in [&[0][..], &[17], &[3, 2], &[1, 3, 3], &[255]] {
        let sealed = sealed(bad);
        assert_eq!(
            opened(Padding::Pkcs7, &sealed),
            Err(CryptoError::Padding),
            "{bad:?}"
        );
    }
    assert_eq!(
        opened(Padding::AnsiX923, &sealed(&[1, 2])),
        Err(CryptoError::Padding)
    );
    // Zeros stay, as in .NET.
    let zeros = cipher::encrypt(&raw(Padding::Zeros, Mode::Cbc), &[7]).unwrap();
    assert_eq!(opened(Padding::Zeros, &zeros).unwrap().len(), 16);
    assert!(cipher::encrypt(&raw(Padding::None, Mode::Cbc), &[7]).is_err());
    assert!(opened(Padding::Pkcs7, &[0; 15]).is_err());
    let short = Cipher {
        key: &[1; 31],
        ..raw(Padding::Pkcs7, Mode::Cbc)
    };
    assert!(cipher::encrypt(&short, b"x").is_err());
    let no_vector = Cipher {
        iv: &[],
        ..raw(Padding::Pkcs7, Mode::Cbc)
    };
    assert!(cipher::encrypt(&no_vector, b"x").is_err());
}

#[test]
fn triple_des_takes_two_or_three_different_keys() {
    let cipher = |key| Cipher {
        algorithm: cipher::Algorithm::TripleDes,
        mode: Mode::Cbc,
        padding: Padding::Pkcs7,
        key,
        iv: &[0; 8],
    };
    let two: Vec<u8> = (0..16).map(|n| n * 16 + 2).collect();
    let three = [&two[..], &two[..8]].concat();
    let sealed = cipher::encrypt(&cipher(&two), b"x").unwrap();
    assert_eq!(cipher::encrypt(&cipher(&three), b"x").unwrap(), sealed);
    assert_eq!(cipher::decrypt(&cipher(&two), &sealed).unwrap(), b"x");
    assert!(cipher::encrypt(&cipher(&[1; 24]), b"x").is_err());
}
