//! The keys of certificates: `PublicKey`, `GetRSAPublicKey`, `GetRSAPrivateKey` and what else needs a
//! certificate's encoding read.

use std::sync::Arc;

use super::rsa::{HeldKey, Rsa};
use super::{hash_names, hashing, oid, thrown};
use crate::certificate::Certificate;
use crate::expression::exception::{Exception, names};
use crate::expression::foreign::Foreign;
use crate::expression::library::arguments::int;
use crate::expression::library::full;
use crate::expression::library::registry::Group;
use crate::expression::machine::Machine;
use crate::expression::types::{Basic, Type};
use crate::expression::value::Value;
use crate::host::{self, CryptoError, RsaKeySource};

type Outcome = Result<Value, Exception>;

/// OID of RSA keys (RFC 8017 appendix A.1).
const RSA: &str = "1.2.840.113549.1.1.1";

/// A certificate's `PublicKey`.
#[derive(Debug)]
struct Key {
    key: host::PublicKey,
    certificate: Arc<Certificate>,
}

impl Foreign for Key {
    fn type_of(&self) -> Type {
        Type::Basic(Basic::PublicKey)
    }
}

fn certificate(args: &[Value]) -> Result<&Arc<Certificate>, Exception> {
    match args.first() {
        Some(Value::Certificate(certificate)) => Ok(certificate),
        _ => Err(Exception::null_reference()),
    }
}

fn public_key(
    machine: &mut Machine<'_>,
    certificate: &Certificate,
) -> Result<host::PublicKey, Exception> {
    machine.budget.allocate(certificate.der.len())?;
    machine.budget.charge(200)?;
    machine.host.public_key(certificate).ok_or_else(|| {
        Exception::new(
            names::CRYPTOGRAPHIC,
            "The certificate's public key cannot be read.",
        )
    })
}

/// The RSA key of a certificate, its private one if `private`; `null` if it has none, as .NET's
/// extension methods give.
fn rsa(machine: &mut Machine<'_>, certificate: &Arc<Certificate>, private: bool) -> Outcome {
    if private && !certificate.has_private_key {
        return Ok(Value::Null);
    }
    machine.budget.charge(500)?;
    match machine
        .host
        .read_rsa_key(&RsaKeySource::Certificate(certificate))
    {
        Ok(material) => Ok(Rsa::value(Some(HeldKey {
            material,
            deployed: private.then(|| Arc::clone(certificate)),
        }))),
        Err(CryptoError::KeyKind) => Ok(Value::Null),
        Err(error) => Err(thrown(&error)),
    }
}

fn hexadecimal(bytes: &[u8]) -> String {
    use std::fmt::Write as _;
    let mut text = String::with_capacity(bytes.len().saturating_mul(2));
    for byte in bytes {
        let _ = write!(text, "{byte:02X}");
    }
    text
}

/// The certificate's hash under a named function.
fn cert_hash(machine: &mut Machine<'_>, args: &[Value]) -> Result<Vec<u8>, Exception> {
    let algorithm = hash_names::named(args, 1)?;
    let certificate = certificate(args)?;
    machine.budget.charge(certificate.der.len() as u64 / 16)?;
    hashing::computed(machine.host.hash(algorithm, &certificate.der))
}

pub(super) static CERTIFICATE: Group = Group {
    owner: "X509Certificate2",
    entries: &[
        full("RSA GetRSAPrivateKey()", |m, a| {
            rsa(m, certificate(a)?, true)
        }),
        full("RSA GetRSAPublicKey()", |m, a| {
            rsa(m, certificate(a)?, false)
        }),
        full("AsymmetricAlgorithm PrivateKey", |m, a| {
            rsa(m, certificate(a)?, true)
        }),
        full("PublicKey PublicKey", |m, a| {
            let certificate = certificate(a)?;
            Ok(Value::foreign(Key {
                key: public_key(m, certificate)?,
                certificate: Arc::clone(certificate),
            }))
        }),
        full("Oid SignatureAlgorithm", |m, a| {
            let key = public_key(m, certificate(a)?)?;
            Ok(oid::of(&key.signature_algorithm))
        }),
    ],
};

/// What the older class has too.
pub(super) static BASE_CERTIFICATE: Group = Group {
    owner: "X509Certificate",
    entries: &[
        full("string GetKeyAlgorithm()", |m, a| {
            let key = public_key(m, certificate(a)?)?;
            Ok(Value::from(key.algorithm))
        }),
        full("byte[] GetKeyAlgorithmParameters()", |m, a| {
            let key = public_key(m, certificate(a)?)?;
            Ok(Value::bytes(key.parameters))
        }),
        full("string GetKeyAlgorithmParametersString()", |m, a| {
            let key = public_key(m, certificate(a)?)?;
            Ok(Value::from(hexadecimal(&key.parameters)))
        }),
        full("byte[] GetPublicKey()", |m, a| {
            let key = public_key(m, certificate(a)?)?;
            Ok(Value::bytes(key.value))
        }),
        full("string GetPublicKeyString()", |m, a| {
            let key = public_key(m, certificate(a)?)?;
            Ok(Value::from(hexadecimal(&key.value)))
        }),
        full(
            "byte[] GetCertHash(HashAlgorithmName hashAlgorithm)",
            |m, a| cert_hash(m, a).map(Value::bytes),
        ),
        full(
            "string GetCertHashString(HashAlgorithmName hashAlgorithm)",
            |m, a| Ok(Value::from(hexadecimal(&cert_hash(m, a)?))),
        ),
        full("byte[] Export(X509ContentType contentType)", export),
        full(
            "byte[] Export(X509ContentType contentType, string password)",
            export,
        ),
    ],
};

/// The certificate alone; forms that carry a private key are refused.
fn export(machine: &mut Machine<'_>, args: &[Value]) -> Outcome {
    const CERT: i32 = 1;
    let certificate = certificate(args)?;
    if int(args, 1) != CERT {
        return Err(Exception::new(
            names::CRYPTOGRAPHIC,
            "Only X509ContentType.Cert can be exported: private keys do not leave the gateway.",
        ));
    }
    machine.budget.allocate(certificate.der.len())?;
    Ok(Value::bytes(certificate.der.to_vec()))
}

/// The extension methods, called as static ones.
pub(super) static EXTENSIONS: Group = Group {
    owner: "RSACertificateExtensions",
    entries: &[
        full(
            "static RSA GetRSAPrivateKey(X509Certificate2 certificate)",
            |m, a| {
                let certificate =
                    certificate(a).map_err(|_| Exception::argument_null("certificate"))?;
                rsa(m, certificate, true)
            },
        ),
        full(
            "static RSA GetRSAPublicKey(X509Certificate2 certificate)",
            |m, a| {
                let certificate =
                    certificate(a).map_err(|_| Exception::argument_null("certificate"))?;
                rsa(m, certificate, false)
            },
        ),
    ],
};

fn this(args: &[Value]) -> Result<&Key, Exception> {
    args.first()
        .and_then(Value::as_foreign)
        .ok_or_else(Exception::null_reference)
}

pub(super) static PUBLIC_KEY: Group = Group {
    owner: "PublicKey",
    entries: &[
        full("Oid Oid", |_, a| Ok(oid::of(&this(a)?.key.algorithm))),
        full("AsymmetricAlgorithm Key", |m, a| {
            let key = this(a)?;
            if key.key.algorithm != RSA {
                return Err(Exception::new(
                    names::NOT_SUPPORTED,
                    "The certificate key algorithm is not supported.",
                ));
            }
            rsa(m, &Arc::clone(&key.certificate), false)
        }),
        full("RSA GetRSAPublicKey()", |m, a| {
            let certificate = Arc::clone(&this(a)?.certificate);
            rsa(m, &certificate, false)
        }),
        full("byte[] ExportSubjectPublicKeyInfo()", |_, a| {
            Ok(Value::bytes(this(a)?.key.subject_public_key_info.clone()))
        }),
    ],
};
