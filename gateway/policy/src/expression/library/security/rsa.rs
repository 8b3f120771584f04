//! `RSA`: signing, verifying, encrypting and decrypting with keys that stay with the host.

use std::sync::{Arc, Mutex};

use super::hash_names::named;
use super::{hashing, paddings, thrown};
use crate::certificate::Certificate;
use crate::expression::exception::{Exception, names};
use crate::expression::foreign::Foreign;
use crate::expression::library::arguments::{boolean, bytes, int};
use crate::expression::library::registry::Group;
use crate::expression::library::{full, pure};
use crate::expression::machine::Machine;
use crate::expression::object::lock;
use crate::expression::types::{Basic, Type};
use crate::expression::value::Value;
use crate::host::{HashAlgorithm, RsaKey, RsaKeyMaterial};

type Outcome = Result<Value, Exception>;

/// An `RSA` object.
pub(super) struct Rsa {
    key: Mutex<Option<Arc<HeldKey>>>,
}

/// What an [`Rsa`] computes with.
pub(super) struct HeldKey {
    pub(super) material: RsaKeyMaterial,
    /// The uploaded certificate whose private key it is.
    pub(super) deployed: Option<Arc<Certificate>>,
}

/// Neither key nor size.
impl std::fmt::Debug for Rsa {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("RSA")
    }
}

impl Foreign for Rsa {
    fn type_of(&self) -> Type {
        Type::Basic(Basic::Rsa)
    }
}

impl Rsa {
    pub(super) fn value(key: Option<HeldKey>) -> Value {
        Value::foreign(Self {
            key: Mutex::new(key.map(Arc::new)),
        })
    }
}

impl HeldKey {
    fn named(&self) -> RsaKey<'_> {
        match (&self.deployed, &self.material.private) {
            (Some(certificate), _) => RsaKey::Deployed(certificate),
            (None, Some(private)) => RsaKey::Private(private),
            (None, None) => RsaKey::Public(&self.material.public),
        }
    }
}

fn this(args: &[Value]) -> Result<&Rsa, Exception> {
    args.first()
        .and_then(Value::as_foreign)
        .ok_or_else(Exception::null_reference)
}

/// The key of `this`.
pub(super) fn held(args: &[Value]) -> Result<Arc<HeldKey>, Exception> {
    lock(&this(args)?.key).clone().ok_or_else(|| {
        Exception::new(
            names::CRYPTOGRAPHIC,
            "No key has been imported, and this gateway does not generate RSA keys for policies.",
        )
    })
}

/// Gives `this` another key.
pub(super) fn import(args: &[Value], material: RsaKeyMaterial) -> Outcome {
    *lock(&this(args)?.key) = Some(Arc::new(HeldKey {
        material,
        deployed: None,
    }));
    Ok(Value::Null)
}

/// Work with the public exponent grows with the square of the key's size, with the private one with
/// its cube. At 2048 bits that is about 0.02 and 1 milliseconds.
fn charge(machine: &mut Machine<'_>, key: &HeldKey, private: bool) -> Result<(), Exception> {
    let bits = u64::from(key.material.bits);
    machine.budget.charge(if private {
        bits.saturating_pow(3) >> 19
    } else {
        bits.saturating_pow(2) >> 12
    })
}

fn hashed(
    machine: &mut Machine<'_>,
    algorithm: HashAlgorithm,
    data: &[u8],
) -> Result<Vec<u8>, Exception> {
    machine.budget.charge(data.len() as u64 / 16)?;
    hashing::computed(machine.host.hash(algorithm, data))
}

/// `offset` and `count` of the data to sign.
fn range(data: &[u8], offset: i32, count: i32) -> Result<Vec<u8>, Exception> {
    let out = |name| {
        let message = "Specified argument was out of the range of valid values.";
        Exception::argument_range(message, name)
    };
    let rest = usize::try_from(offset)
        .ok()
        .and_then(|offset| data.get(offset..))
        .ok_or_else(|| out("offset"))?;
    usize::try_from(count)
        .ok()
        .and_then(|count| rest.get(..count))
        .map(<[u8]>::to_vec)
        .ok_or_else(|| out("count"))
}

/// Signs `digest`; hash and padding are arguments `at` and `at + 1`.
fn sign(machine: &mut Machine<'_>, args: &[Value], at: usize, digest: &[u8]) -> Outcome {
    let (algorithm, padding) = (named(args, at)?, paddings::signature(args, at + 1)?);
    let key = held(args)?;
    charge(machine, &key, true)?;
    machine
        .host
        .sign_rsa(&key.named(), padding, algorithm, digest)
        .map(Value::bytes)
        .map_err(|error| thrown(&error))
}

fn verify(
    machine: &mut Machine<'_>,
    args: &[Value],
    at: usize,
    digest: &[u8],
    signature: &[u8],
) -> Outcome {
    let (algorithm, padding) = (named(args, at)?, paddings::signature(args, at + 1)?);
    let key = held(args)?;
    charge(machine, &key, false)?;
    machine
        .host
        .verify_rsa(&key.named(), padding, algorithm, digest, signature)
        .map(Value::Bool)
        .map_err(|error| thrown(&error))
}

pub(super) static ASYMMETRIC: Group = Group {
    owner: "AsymmetricAlgorithm",
    entries: &[
        full("int KeySize", |_, a| {
            let bits = held(a)?.material.bits;
            Ok(Value::Int(i32::try_from(bits).unwrap_or_default()))
        }),
        pure("string KeyExchangeAlgorithm", |_, _| Ok(Value::from("RSA"))),
        pure("string SignatureAlgorithm", |_, _| Ok(Value::from("RSA"))),
        pure("void Clear()", |_, _| Ok(Value::Null)),
        pure("void Dispose()", |_, _| Ok(Value::Null)),
    ],
};

pub(super) static RSA: Group = Group {
    owner: "RSA",
    entries: &[
        full("static RSA Create()", |_, _| Ok(Rsa::value(None))),
        full("static RSA Create(int keySizeInBits)", |_, a| {
            if !(512..=16_384).contains(&int(a, 0)) {
                return Err(Exception::new(
                    names::CRYPTOGRAPHIC,
                    "Specified key size is not valid for this algorithm.",
                ));
            }
            Ok(Rsa::value(None))
        }),
        full(
            "byte[] SignData(byte[] data, HashAlgorithmName hashAlgorithm, RSASignaturePadding \
             padding)",
            |m, a| {
                let data = bytes(a, 1, "data")?;
                let digest = hashed(m, named(a, 2)?, &data)?;
                sign(m, a, 2, &digest)
            },
        ),
        full(
            "byte[] SignData(byte[] data, int offset, int count, HashAlgorithmName hashAlgorithm, \
             RSASignaturePadding padding)",
            |m, a| {
                let data = range(&bytes(a, 1, "data")?, int(a, 2), int(a, 3))?;
                let digest = hashed(m, named(a, 4)?, &data)?;
                sign(m, a, 4, &digest)
            },
        ),
        full(
            "byte[] SignHash(byte[] hash, HashAlgorithmName hashAlgorithm, RSASignaturePadding \
             padding)",
            |m, a| {
                let digest = bytes(a, 1, "hash")?;
                sign(m, a, 2, &digest)
            },
        ),
        full(
            "bool VerifyData(byte[] data, byte[] signature, HashAlgorithmName hashAlgorithm, \
             RSASignaturePadding padding)",
            |m, a| {
                let (data, signature) = (bytes(a, 1, "data")?, bytes(a, 2, "signature")?);
                let digest = hashed(m, named(a, 3)?, &data)?;
                verify(m, a, 3, &digest, &signature)
            },
        ),
        full(
            "bool VerifyData(byte[] data, int offset, int count, byte[] signature, \
             HashAlgorithmName hashAlgorithm, RSASignaturePadding padding)",
            |m, a| {
                let data = range(&bytes(a, 1, "data")?, int(a, 2), int(a, 3))?;
                let signature = bytes(a, 4, "signature")?;
                let digest = hashed(m, named(a, 5)?, &data)?;
                verify(m, a, 5, &digest, &signature)
            },
        ),
        full(
            "bool VerifyHash(byte[] hash, byte[] signature, HashAlgorithmName hashAlgorithm, \
             RSASignaturePadding padding)",
            |m, a| {
                let (digest, signature) = (bytes(a, 1, "hash")?, bytes(a, 2, "signature")?);
                verify(m, a, 3, &digest, &signature)
            },
        ),
        full(
            "byte[] Encrypt(byte[] data, RSAEncryptionPadding padding)",
            |m, a| {
                let (data, padding) = (bytes(a, 1, "data")?, paddings::encryption(a, 2)?);
                let key = held(a)?;
                charge(m, &key, false)?;
                m.host
                    .encrypt_rsa(&key.named(), padding, &data)
                    .map(Value::bytes)
                    .map_err(|error| thrown(&error))
            },
        ),
        full(
            "byte[] Decrypt(byte[] data, RSAEncryptionPadding padding)",
            |m, a| {
                let (data, padding) = (bytes(a, 1, "data")?, paddings::encryption(a, 2)?);
                let key = held(a)?;
                charge(m, &key, true)?;
                m.host
                    .decrypt_rsa(&key.named(), padding, &data)
                    .map(Value::bytes)
                    .map_err(|error| thrown(&error))
            },
        ),
        full("byte[] ExportSubjectPublicKeyInfo()", |_, a| {
            Ok(Value::bytes(held(a)?.material.public.clone()))
        }),
        full(
            "string ToXmlString(bool includePrivateParameters)",
            |_, a| {
                if boolean(a, 1) {
                    return Err(Exception::new(
                        names::CRYPTOGRAPHIC,
                        "Private keys cannot be exported by a policy.",
                    ));
                }
                super::rsa_import::to_xml(&held(a)?.material)
            },
        ),
    ],
};
