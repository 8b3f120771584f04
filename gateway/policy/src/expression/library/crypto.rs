//! The classes of hash functions and HMACs; the host computes them.

use super::arguments::bytes;
use super::full;
use super::registry::Group;
use super::security::hashing::{computed, hash, hmac};
use crate::expression::types::Basic;
use crate::expression::value::Value;
use crate::host::HashAlgorithm;

macro_rules! hashes {
    ($($group:ident $owner:literal $class:ident $algorithm:ident $create:literal $one_shot:literal;)*) => {$(
        pub(super) static $group: Group = Group {
            owner: $owner,
            entries: &[
                full($create, |_, _| Ok(hash(Basic::$class, HashAlgorithm::$algorithm))),
                full("new()", |_, _| Ok(hash(Basic::$class, HashAlgorithm::$algorithm))),
                full($one_shot, |machine, args| {
                    let data = bytes(args, 0, "source")?;
                    machine.budget.charge(data.len() as u64 / 16)?;
                    computed(machine.host.hash(HashAlgorithm::$algorithm, &data)).map(Value::bytes)
                }),
            ],
        };
    )*};
}

macro_rules! hmacs {
    ($($group:ident $owner:literal $class:ident $algorithm:ident;)*) => {$(
        pub(super) static $group: Group = Group {
            owner: $owner,
            entries: &[
                full("new()", |machine, _| {
                    Ok(hmac(machine, Basic::$class, HashAlgorithm::$algorithm, None))
                }),
                full("new(byte[] key)", |machine, args| {
                    let key = bytes(args, 0, "key")?;
                    Ok(hmac(machine, Basic::$class, HashAlgorithm::$algorithm, Some(key)))
                }),
                full("static byte[] HashData(byte[] key, byte[] source)", |machine, args| {
                    let (key, data) = (bytes(args, 0, "key")?, bytes(args, 1, "source")?);
                    machine.budget.charge(data.len() as u64 / 16)?;
                    computed(machine.host.hmac(HashAlgorithm::$algorithm, &key, &data)).map(Value::bytes)
                }),
            ],
        };
    )*};
}

hashes! {
    MD5 "MD5" Md5 Md5 "static MD5 Create()" "static byte[] HashData(byte[] source)";
    SHA1 "SHA1" Sha1 Sha1 "static SHA1 Create()" "static byte[] HashData(byte[] source)";
    SHA1_MANAGED "SHA1Managed" Sha1Managed Sha1 "static SHA1 Create()" "static byte[] HashData(byte[] source)";
    SHA256 "SHA256" Sha256 Sha256 "static SHA256 Create()" "static byte[] HashData(byte[] source)";
    SHA256_MANAGED "SHA256Managed" Sha256Managed Sha256 "static SHA256 Create()" "static byte[] HashData(byte[] source)";
    SHA384 "SHA384" Sha384 Sha384 "static SHA384 Create()" "static byte[] HashData(byte[] source)";
    SHA384_MANAGED "SHA384Managed" Sha384Managed Sha384 "static SHA384 Create()" "static byte[] HashData(byte[] source)";
    SHA512 "SHA512" Sha512 Sha512 "static SHA512 Create()" "static byte[] HashData(byte[] source)";
    SHA512_MANAGED "SHA512Managed" Sha512Managed Sha512 "static SHA512 Create()" "static byte[] HashData(byte[] source)";
}

hmacs! {
    HMAC_MD5 "HMACMD5" HmacMd5 Md5;
    HMAC_SHA1 "HMACSHA1" HmacSha1 Sha1;
    HMAC_SHA256 "HMACSHA256" HmacSha256 Sha256;
    HMAC_SHA384 "HMACSHA384" HmacSha384 Sha384;
    HMAC_SHA512 "HMACSHA512" HmacSha512 Sha512;
}
