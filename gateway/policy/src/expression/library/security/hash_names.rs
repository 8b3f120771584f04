//! `HashAlgorithmName`, and hash functions by name.

use crate::expression::exception::{Exception, names};
use crate::expression::foreign::Foreign;
use crate::expression::key::Key;
use crate::expression::library::arguments::{optional_text, text};
use crate::expression::library::pure;
use crate::expression::library::registry::Group;
use crate::expression::types::{Basic, Type};
use crate::expression::value::Value;
use crate::host::HashAlgorithm;

/// `HashAlgorithmName`: any text or none; only using it asks what it means.
#[derive(Debug)]
pub(super) struct Name(Option<String>);

impl Foreign for Name {
    fn type_of(&self) -> Type {
        Type::Basic(Basic::HashAlgorithmName)
    }

    fn print(&self) -> Result<String, Exception> {
        Ok(self.0.clone().unwrap_or_default())
    }

    fn key(&self) -> Option<Key> {
        let name = self.0.as_deref().unwrap_or_default();
        Some(Key::Parts(vec![
            Key::Scalar(30, i128::from(self.0.is_some())),
            Key::Text(name.into()),
        ]))
    }
}

pub(super) fn name(algorithm: HashAlgorithm) -> Value {
    Value::foreign(Name(Some(shown(algorithm).to_owned())))
}

pub(super) const fn shown(algorithm: HashAlgorithm) -> &'static str {
    match algorithm {
        HashAlgorithm::Md5 => "MD5",
        HashAlgorithm::Sha1 => "SHA1",
        HashAlgorithm::Sha256 => "SHA256",
        HashAlgorithm::Sha384 => "SHA384",
        HashAlgorithm::Sha512 => "SHA512",
    }
}

/// The hash function that argument `index`, a `HashAlgorithmName`, stands for.
pub(super) fn named(args: &[Value], index: usize) -> Result<HashAlgorithm, Exception> {
    let name = args
        .get(index)
        .and_then(Value::as_foreign::<Name>)
        .and_then(|name| name.0.as_deref())
        .filter(|name| !name.is_empty())
        .ok_or_else(|| {
            Exception::new(
                names::ARGUMENT,
                "The hash algorithm name cannot be null or empty. (Parameter 'hashAlgorithm')",
            )
        })?;
    ALL.into_iter()
        .find(|algorithm| shown(*algorithm) == name)
        .ok_or_else(|| {
            Exception::new(
                names::CRYPTOGRAPHIC,
                format!("'{name}' is not a known hash algorithm."),
            )
        })
}

const ALL: [HashAlgorithm; 5] = [
    HashAlgorithm::Md5,
    HashAlgorithm::Sha1,
    HashAlgorithm::Sha256,
    HashAlgorithm::Sha384,
    HashAlgorithm::Sha512,
];

/// The class that .NET's `CryptoConfig` makes of a name, and whether it is an HMAC. Names are compared
/// without regard to case.
pub(super) fn class(name: &str) -> Option<(Basic, HashAlgorithm, bool)> {
    use HashAlgorithm::{Md5, Sha1, Sha256, Sha384, Sha512};
    let upper = name.to_ascii_uppercase();
    let short = upper
        .strip_prefix("SYSTEM.SECURITY.CRYPTOGRAPHY.")
        .unwrap_or(&upper);
    let plain = short
        .strip_suffix("CRYPTOSERVICEPROVIDER")
        .or_else(|| short.strip_suffix("MANAGED"))
        .or_else(|| short.strip_suffix("CNG"))
        .unwrap_or(short);
    Some(match plain {
        "MD5" => (Basic::Md5, Md5, false),
        "SHA" | "SHA1" | "HASHALGORITHM" => (Basic::Sha1, Sha1, false),
        "SHA256" | "SHA-256" => (Basic::Sha256, Sha256, false),
        "SHA384" | "SHA-384" => (Basic::Sha384, Sha384, false),
        "SHA512" | "SHA-512" => (Basic::Sha512, Sha512, false),
        "HMACMD5" => (Basic::HmacMd5, Md5, true),
        "HMAC" | "KEYEDHASHALGORITHM" | "HMACSHA1" => (Basic::HmacSha1, Sha1, true),
        "HMACSHA256" => (Basic::HmacSha256, Sha256, true),
        "HMACSHA384" => (Basic::HmacSha384, Sha384, true),
        "HMACSHA512" => (Basic::HmacSha512, Sha512, true),
        _ => return None,
    })
}

pub(super) static HASH_ALGORITHM_NAME: Group = Group {
    owner: "HashAlgorithmName",
    entries: &[
        pure("static HashAlgorithmName MD5", |_, _| {
            Ok(name(HashAlgorithm::Md5))
        }),
        pure("static HashAlgorithmName SHA1", |_, _| {
            Ok(name(HashAlgorithm::Sha1))
        }),
        pure("static HashAlgorithmName SHA256", |_, _| {
            Ok(name(HashAlgorithm::Sha256))
        }),
        pure("static HashAlgorithmName SHA384", |_, _| {
            Ok(name(HashAlgorithm::Sha384))
        }),
        pure("static HashAlgorithmName SHA512", |_, _| {
            Ok(name(HashAlgorithm::Sha512))
        }),
        pure("new(string name)", |_, a| {
            Ok(Value::foreign(Name(
                optional_text(a, 0).map(|name| name.as_str().to_owned()),
            )))
        }),
        pure("string Name", |_, a| {
            let name = a.first().and_then(Value::as_foreign::<Name>);
            let name = name.ok_or_else(Exception::null_reference)?;
            Ok(name.0.as_deref().map_or(Value::Null, Value::from))
        }),
        pure(
            "static HashAlgorithmName FromOid(string oidValue)",
            |_, a| {
                let oid = text(a, 0, "oidValue")?;
                let algorithm = match oid.as_str() {
                    "1.2.840.113549.2.5" => HashAlgorithm::Md5,
                    "1.3.14.3.2.26" => HashAlgorithm::Sha1,
                    "2.16.840.1.101.3.4.2.1" => HashAlgorithm::Sha256,
                    "2.16.840.1.101.3.4.2.2" => HashAlgorithm::Sha384,
                    "2.16.840.1.101.3.4.2.3" => HashAlgorithm::Sha512,
                    other => {
                        return Err(Exception::new(
                            names::CRYPTOGRAPHIC,
                            format!(
                                "The specified OID ({other}) does not represent a known hash \
                                 algorithm."
                            ),
                        ));
                    }
                };
                Ok(name(algorithm))
            },
        ),
    ],
};

/// `default(HashAlgorithmName)`.
pub(super) fn none() -> Value {
    Value::foreign(Name(None))
}
