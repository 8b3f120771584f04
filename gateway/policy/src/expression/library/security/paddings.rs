//! `RSASignaturePadding` and `RSAEncryptionPadding`.

use super::hash_names;
use crate::expression::exception::Exception;
use crate::expression::foreign::Foreign;
use crate::expression::key::Key;
use crate::expression::library::pure;
use crate::expression::library::registry::Group;
use crate::expression::types::{Basic, Type};
use crate::expression::value::Value;
use crate::host::{EncryptionPadding, HashAlgorithm, SignaturePadding};

#[derive(Debug)]
struct Signature(SignaturePadding);

impl Foreign for Signature {
    fn type_of(&self) -> Type {
        Type::Basic(Basic::RsaSignaturePadding)
    }

    fn print(&self) -> Result<String, Exception> {
        Ok(match self.0 {
            SignaturePadding::Pkcs1 => "Pkcs1",
            SignaturePadding::Pss => "Pss",
        }
        .to_owned())
    }

    fn key(&self) -> Option<Key> {
        Some(Key::Scalar(31, i128::from(self.identity()?)))
    }

    fn identity(&self) -> Option<u64> {
        Some(match self.0 {
            SignaturePadding::Pkcs1 => 1,
            SignaturePadding::Pss => 2,
        })
    }
}

#[derive(Debug)]
struct Encryption(EncryptionPadding);

impl Foreign for Encryption {
    fn type_of(&self) -> Type {
        Type::Basic(Basic::RsaEncryptionPadding)
    }

    fn print(&self) -> Result<String, Exception> {
        Ok(match self.0 {
            EncryptionPadding::Pkcs1 => "Pkcs1".to_owned(),
            EncryptionPadding::Oaep(hash) => format!("Oaep{}", hash_names::shown(hash)),
        })
    }

    fn key(&self) -> Option<Key> {
        Some(Key::Scalar(32, i128::from(self.identity()?)))
    }

    fn identity(&self) -> Option<u64> {
        Some(match self.0 {
            EncryptionPadding::Pkcs1 => 10,
            EncryptionPadding::Oaep(hash) => 11 + hash as u64,
        })
    }
}

pub(super) fn signature(args: &[Value], index: usize) -> Result<SignaturePadding, Exception> {
    args.get(index)
        .and_then(Value::as_foreign::<Signature>)
        .map(|padding| padding.0)
        .ok_or_else(|| Exception::argument_null("padding"))
}

pub(super) fn encryption(args: &[Value], index: usize) -> Result<EncryptionPadding, Exception> {
    args.get(index)
        .and_then(Value::as_foreign::<Encryption>)
        .map(|padding| padding.0)
        .ok_or_else(|| Exception::argument_null("padding"))
}

fn oaep(hash: HashAlgorithm) -> Result<Value, Exception> {
    Ok(Value::foreign(Encryption(EncryptionPadding::Oaep(hash))))
}

pub(super) static SIGNATURE: Group = Group {
    owner: "RSASignaturePadding",
    entries: &[
        pure("static RSASignaturePadding Pkcs1", |_, _| {
            Ok(Value::foreign(Signature(SignaturePadding::Pkcs1)))
        }),
        pure("static RSASignaturePadding Pss", |_, _| {
            Ok(Value::foreign(Signature(SignaturePadding::Pss)))
        }),
    ],
};

pub(super) static ENCRYPTION: Group = Group {
    owner: "RSAEncryptionPadding",
    entries: &[
        pure("static RSAEncryptionPadding Pkcs1", |_, _| {
            Ok(Value::foreign(Encryption(EncryptionPadding::Pkcs1)))
        }),
        pure("static RSAEncryptionPadding OaepSHA1", |_, _| {
            oaep(HashAlgorithm::Sha1)
        }),
        pure("static RSAEncryptionPadding OaepSHA256", |_, _| {
            oaep(HashAlgorithm::Sha256)
        }),
        pure("static RSAEncryptionPadding OaepSHA384", |_, _| {
            oaep(HashAlgorithm::Sha384)
        }),
        pure("static RSAEncryptionPadding OaepSHA512", |_, _| {
            oaep(HashAlgorithm::Sha512)
        }),
        pure(
            "static RSAEncryptionPadding CreateOaep(HashAlgorithmName hashAlgorithm)",
            |_, a| oaep(hash_names::named(a, 0)?),
        ),
        pure(
            "HashAlgorithmName OaepHashAlgorithm",
            |_, a| match encryption(a, 0)? {
                EncryptionPadding::Oaep(hash) => Ok(hash_names::name(hash)),
                EncryptionPadding::Pkcs1 => Ok(hash_names::none()),
            },
        ),
    ],
};
