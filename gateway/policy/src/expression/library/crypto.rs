//! Hash functions and HMACs; the host computes them.

use super::arguments::{bytes, object};
use super::registry::Group;
use super::{full, pure};
use crate::expression::exception::{Exception, names};
use crate::expression::machine::Machine;
use crate::expression::object::Object;
use crate::expression::types::Basic;
use crate::expression::value::Value;
use crate::host::HashAlgorithm;

pub(super) static HASH_ALGORITHM: Group = Group {
    owner: "HashAlgorithm",
    entries: &[
        full("byte[] ComputeHash(byte[] buffer)", |machine, args| {
            let data = bytes(args, 1, "buffer")?;
            machine.budget.charge(data.len() as u64 / 16)?;
            let digest = match object(args, 0, "this")?.as_ref() {
                Object::Hash {
                    algorithm,
                    key: Some(key),
                    ..
                } => machine.host.hmac(*algorithm, key, &data),
                Object::Hash {
                    algorithm,
                    key: None,
                    ..
                } => machine.host.hash(*algorithm, &data),
                _ => return Err(Exception::null_reference()),
            };
            computed(digest)
        }),
        pure("int HashSize", |_, args| {
            Ok(Value::Int(match object(args, 0, "this")?.as_ref() {
                Object::Hash { algorithm, .. } => match algorithm {
                    HashAlgorithm::Md5 => 128,
                    HashAlgorithm::Sha1 => 160,
                    HashAlgorithm::Sha256 => 256,
                    HashAlgorithm::Sha384 => 384,
                    HashAlgorithm::Sha512 => 512,
                },
                _ => 0,
            }))
        }),
        pure("void Dispose()", |_, _| Ok(Value::Null)),
        pure("void Clear()", |_, _| Ok(Value::Null)),
    ],
};

pub(super) static KEYED: Group = Group {
    owner: "KeyedHashAlgorithm",
    entries: &[full("byte[] Key", |_, args| {
        match object(args, 0, "this")?.as_ref() {
            Object::Hash { key: Some(key), .. } => Ok(Value::bytes(key.clone())),
            _ => Err(Exception::null_reference()),
        }
    })],
};

/// A digest that could not be computed is an exception and never an empty array, which others would
/// compare or sign.
fn computed(digest: Option<Vec<u8>>) -> Result<Value, Exception> {
    digest.map(Value::bytes).ok_or_else(|| {
        Exception::new(
            names::CRYPTOGRAPHIC,
            "The cryptographic library refused to compute the hash.",
        )
    })
}

fn hash(class: Basic, algorithm: HashAlgorithm) -> Value {
    Value::object(Object::Hash {
        class,
        algorithm,
        key: None,
    })
}

fn hmac(
    machine: &mut Machine<'_>,
    class: Basic,
    algorithm: HashAlgorithm,
    key: Option<Vec<u8>>,
) -> Value {
    let key = key.unwrap_or_else(|| {
        let mut fresh = vec![0; 64];
        machine.host.random(&mut fresh);
        fresh
    });
    Value::object(Object::Hash {
        class,
        algorithm,
        key: Some(key),
    })
}

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
                    computed(machine.host.hash(HashAlgorithm::$algorithm, &data))
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
                    computed(machine.host.hmac(HashAlgorithm::$algorithm, &key, &data))
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
