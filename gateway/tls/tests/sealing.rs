//! Secrets at rest.
#![allow(
    missing_docs,
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    reason = "tests fail by panicking"
)]

use gateway_tls::digest::{self, Algorithm};
use gateway_tls::seal::{MasterKey, SealError, Sealer, WrappedDataKey};

#[test]
fn a_secret_opens_where_it_belongs_and_nowhere_else() {
    let master = MasterKey::generate().unwrap();
    let (sealer, wrapped) = Sealer::create(&master).unwrap();
    let sealed = sealer.seal(b"secret", b"namedValues/x").unwrap();
    assert!(!sealed.windows(6).any(|window| window == b"secret"));
    let (again, stored) = Sealer::open_or_create(&master, Some(&wrapped)).unwrap();
    assert_eq!(stored, wrapped);
    assert_eq!(&**again.open(&sealed, b"namedValues/x").unwrap(), b"secret");
    assert_eq!(
        again.open(&sealed, b"namedValues/y").unwrap_err(),
        SealError::Tampered
    );
    assert_ne!(
        sealer.seal(b"secret", b"namedValues/x").unwrap(),
        sealed,
        "every sealing is another"
    );
}

#[test]
fn every_changed_byte_is_noticed() {
    let (sealer, _) = Sealer::create(&MasterKey::generate().unwrap()).unwrap();
    let sealed = sealer.seal(b"secret", b"a").unwrap();
    for at in 0..sealed.len() {
        let mut changed = sealed.clone();
        changed[at] ^= 1;
        assert!(sealer.open(&changed, b"a").is_err(), "{at}");
        assert!(sealer.open(&sealed[..at], b"a").is_err(), "{at}");
    }
}

#[test]
fn another_master_key_opens_nothing_and_makes_no_new_data_key() {
    let (_, wrapped) = Sealer::create(&MasterKey::generate().unwrap()).unwrap();
    let other = MasterKey::generate().unwrap();
    assert_eq!(
        Sealer::open_or_create(&other, Some(&wrapped)).unwrap_err(),
        SealError::WrongMasterKey
    );
    let damaged = WrappedDataKey(wrapped.0[1..].to_vec());
    assert!(Sealer::open_wrapped(&other, &damaged).is_err());
}

#[test]
fn the_master_key_can_be_changed() {
    let (old, new) = (
        MasterKey::generate().unwrap(),
        MasterKey::generate().unwrap(),
    );
    let (sealer, _) = Sealer::create(&old).unwrap();
    let sealed = sealer.seal(b"secret", b"a").unwrap();
    let wrapped = sealer.rewrap(&new).unwrap();
    let again = Sealer::open_wrapped(&new, &wrapped).unwrap();
    assert_eq!(&**again.open(&sealed, b"a").unwrap(), b"secret");
}

#[test]
fn a_master_key_file_is_hexadecimal_or_32_bytes() {
    let master = MasterKey::generate().unwrap();
    let text = master.to_file();
    let again = MasterKey::parse(text.as_bytes()).unwrap();
    assert_eq!(*again.to_file(), *text);
    assert!(MasterKey::parse(&[7; 32]).is_ok());
    for bad in [&b""[..], b"short", &[7; 33], &[b'g'; 64]] {
        assert_eq!(
            MasterKey::parse(bad).unwrap_err(),
            SealError::MasterKey(bad.len())
        );
    }
}

#[test]
fn nothing_that_is_printed_shows_a_key() {
    let master = MasterKey::generate().unwrap();
    let (sealer, _) = Sealer::create(&master).unwrap();
    assert_eq!(format!("{master:?} {sealer:?}"), "MasterKey(…) Sealer(…)");
}

#[test]
fn digests_are_the_published_ones() {
    assert_eq!(
        digest::upper_hex(&digest::sha1(b"abc")),
        "A9993E364706816ABA3E25717850C26C9CD0D89D"
    );
    assert_eq!(
        digest::upper_hex(&digest::sha256(b"abc")),
        "BA7816BF8F01CFEA414140DE5DAE2223B00361A396177A9CB410FF61F20015AD"
    );
    // RFC 4231, test case 2.
    assert_eq!(
        digest::upper_hex(
            &digest::hmac(Algorithm::Sha256, b"Jefe", b"what do ya want for nothing?").unwrap()
        ),
        "5BDCC146BF60754E6A042426089575C75A003F089D2739839DEC58B964EC3843"
    );
    assert_eq!(digest::hash(Algorithm::Sha512, b"").unwrap().len(), 64);
    assert!(digest::equal_in_constant_time(b"a", b"a"));
    assert!(
        !digest::equal_in_constant_time(b"a", b"b") && !digest::equal_in_constant_time(b"a", b"ab")
    );
}
