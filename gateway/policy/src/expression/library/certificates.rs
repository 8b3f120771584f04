//! `X509Certificate2`, uploaded certificates and identity lists.

use std::sync::Arc;

use super::arguments::{boolean, bytes, int, object, text, value};
use super::registry::Group;
use super::{full, pure};
use crate::certificate::{Certificate, NameType};
use crate::dn::Dn;
use crate::expression::exception::{Exception, names};
use crate::expression::machine::Machine;
use crate::expression::object::Object;
use crate::expression::text::Text;
use crate::expression::time::DateTime;
use crate::expression::value::Value;
use crate::host::{ChainVerdict, Revocation, Trust};

type Outcome = Result<Value, Exception>;

/// What the older class has too.
pub(super) static BASE_CERTIFICATE: Group = Group {
    owner: "X509Certificate",
    entries: &[
        full("string GetCertHashString()", |_, a| {
            this(a, |c| Value::from(Arc::clone(&c.thumbprint)))
        }),
        full("byte[] GetCertHash()", |_, a| {
            this(a, |c| Value::bytes(c.sha1.to_vec()))
        }),
        full("string Subject", |_, a| {
            this(a, |c| Value::from(c.subject.to_shared()))
        }),
        full("string Issuer", |_, a| {
            this(a, |c| Value::from(c.issuer.to_shared()))
        }),
        full("string GetEffectiveDateString()", |_, a| {
            this(a, |c| Value::DateTime(DateTime::local(c.not_before)))?
                .to_text()
                .map(Value::text)
        }),
        full("string GetExpirationDateString()", |_, a| {
            this(a, |c| Value::DateTime(DateTime::local(c.not_after)))?
                .to_text()
                .map(Value::text)
        }),
        full("string GetSerialNumberString()", |_, a| {
            this(a, |c| Value::from(Arc::clone(&c.serial_number)))
        }),
        full("byte[] GetSerialNumber()", |_, a| {
            this(a, |c| Value::bytes(little_endian(&c.serial_number)))
        }),
        full("byte[] GetRawCertData()", raw),
        full("string GetRawCertDataString()", |machine, a| {
            let Value::Certificate(certificate) = value(a, 0) else {
                return Err(Exception::null_reference());
            };
            machine
                .budget
                .allocate(certificate.der.len().saturating_mul(2))?;
            let text: String = certificate
                .der
                .iter()
                .map(|byte| format!("{byte:02X}"))
                .collect();
            Ok(Value::text(text))
        }),
        full("string GetFormat()", |_, a| {
            this(a, |_| Value::from("X509"))
        }),
        full("bool Equals(X509Certificate other)", |_, a| {
            Ok(Value::Bool(match (a.first(), a.get(1)) {
                (Some(Value::Certificate(x)), Some(Value::Certificate(y))) => x.der == y.der,
                _ => false,
            }))
        }),
        full("void Dispose()", |_, _| Ok(Value::Null)),
        full("string GetName()", |_, a| this(a, |c| forward(&c.subject))),
        full("string GetIssuerName()", |_, a| {
            this(a, |c| forward(&c.issuer))
        }),
        full("string ToString(bool fVerbose)", |_, a| {
            if boolean(a, 1) {
                return Err(Exception::new(
                    names::NOT_SUPPORTED,
                    "The verbose form of a certificate is not supported.",
                ));
            }
            this(a, |c| Value::from(c.to_dotnet_string()))
        }),
        full("new(byte[] data)", |machine, a| read(machine, a, "data")),
    ],
};

pub(super) static CERTIFICATE: Group = Group {
    owner: "X509Certificate2",
    entries: &[
        full("string Thumbprint", |_, a| {
            this(a, |c| Value::from(Arc::clone(&c.thumbprint)))
        }),
        full("X500DistinguishedName SubjectName", |_, a| {
            this(a, |c| name(c.subject.to_shared()))
        }),
        full("X500DistinguishedName IssuerName", |_, a| {
            this(a, |c| name(c.issuer.to_shared()))
        }),
        full("DateTime NotBefore", |_, a| {
            this(a, |c| Value::DateTime(DateTime::local(c.not_before)))
        }),
        full("DateTime NotAfter", |_, a| {
            this(a, |c| Value::DateTime(DateTime::local(c.not_after)))
        }),
        full("string SerialNumber", |_, a| {
            this(a, |c| Value::from(Arc::clone(&c.serial_number)))
        }),
        full("byte[] RawData", raw),
        full("int Version", |_, a| {
            this(a, |c| {
                Value::Int(i32::try_from(c.version).unwrap_or_default())
            })
        }),
        full("bool HasPrivateKey", |_, a| {
            this(a, |c| Value::Bool(c.has_private_key))
        }),
        full("string FriendlyName", |_, a| this(a, |_| Value::from(""))),
        full("bool Archived", |_, a| this(a, |_| Value::Bool(false))),
        full(
            "string GetNameInfo(X509NameType nameType, bool forIssuer)",
            |_, a| {
                let name_type = match int(a, 1) {
                    0 => NameType::Simple,
                    1 => NameType::Email,
                    2 => NameType::Upn,
                    3 => NameType::Dns,
                    4 => NameType::DnsFromAlternativeName,
                    5 => NameType::Url,
                    _ => {
                        return Err(Exception::new(
                            names::ARGUMENT,
                            "The value is invalid. (Parameter 'nameType')",
                        ));
                    }
                };
                this(a, |c| Value::from(c.name_info(name_type, boolean(a, 2))))
            },
        ),
        full("bool Verify()", |machine, a| verify(machine, a, true)),
        full("bool VerifyNoRevocation()", |machine, a| {
            verify(machine, a, false)
        }),
        full("new(byte[] rawData)", |machine, a| {
            read(machine, a, "rawData")
        }),
        // The password would open a file with a private key, which is not read.
        full("new(byte[] rawData, string password)", |machine, a| {
            read(machine, a, "rawData")
        }),
        full("new(X509Certificate certificate)", |_, a| match a.first() {
            Some(Value::Certificate(certificate)) => {
                Ok(Value::Certificate(Arc::clone(certificate)))
            }
            _ => Err(Exception::argument_null("certificate")),
        }),
    ],
};

/// A certificate of its DER or PEM bytes. It never has a private key.
fn read(machine: &mut Machine<'_>, args: &[Value], name: &str) -> Outcome {
    let data = bytes(args, 0, name)?;
    machine.budget.allocate(data.len().saturating_mul(2))?;
    machine
        .host
        .parse_certificate(&data)
        .map(Value::Certificate)
        .ok_or_else(|| Exception::new(names::CRYPTOGRAPHIC, "Cannot find the requested object."))
}

fn this(args: &[Value], read: impl FnOnce(&Certificate) -> Value) -> Outcome {
    match args.first() {
        Some(Value::Certificate(certificate)) => Ok(read(certificate)),
        _ => Err(Exception::null_reference()),
    }
}

/// A name in the order of its encoding, as the obsolete methods print it.
fn forward(name: &Dn) -> Value {
    let reversed = name.rdns().iter().rev().cloned().collect();
    Value::from(Dn::from_rdns(reversed).to_shared())
}

fn name(printed: Arc<str>) -> Value {
    Value::object(Object::DistinguishedName(Text::new(printed)))
}

fn raw(machine: &mut Machine<'_>, args: &[Value]) -> Outcome {
    let Some(Value::Certificate(certificate)) = args.first() else {
        return Err(Exception::null_reference());
    };
    machine.budget.allocate(certificate.der.len())?;
    Ok(Value::bytes(certificate.der.to_vec()))
}

/// The bytes of big-endian hexadecimal, least first.
fn little_endian(hex: &str) -> Vec<u8> {
    let mut bytes: Vec<u8> = hex
        .as_bytes()
        .chunks(2)
        .filter_map(|pair| std::str::from_utf8(pair).ok())
        .filter_map(|pair| u8::from_str_radix(pair, 16).ok())
        .collect();
    bytes.reverse();
    bytes
}

/// Chain, dates of the leaf, and revocation if asked: `false` for anything that is not good, and never
/// an exception.
fn verify(machine: &mut Machine<'_>, args: &[Value], revocation: bool) -> Outcome {
    let Some(Value::Certificate(certificate)) = args.first() else {
        return Err(Exception::null_reference());
    };
    let now = machine.host.now();
    let in_time = certificate.has_begun(now) && !certificate.has_ended(now);
    let verdict = verdict(machine, certificate);
    let trusted = verdict.trust == Trust::Trusted;
    let clear = !revocation || verdict.revocation == Revocation::Good;
    Ok(Value::Bool(in_time && trusted && clear))
}

/// The client's own certificate has been judged with the chain it came with; any other is judged
/// alone.
fn verdict(machine: &Machine<'_>, certificate: &Arc<Certificate>) -> ChainVerdict {
    let client = machine.context.request.certificate.as_ref();
    if client.is_some_and(|client| client.der == certificate.der) {
        machine.host.client_verdict()
    } else {
        machine.host.verdict(certificate)
    }
}

pub(super) static DISTINGUISHED_NAME: Group = Group {
    owner: "X500DistinguishedName",
    entries: &[pure("string Name", |_, a| {
        match object(a, 0, "this")?.as_ref() {
            Object::DistinguishedName(name) => Ok(Value::Text(name.clone())),
            _ => Err(Exception::null_reference()),
        }
    })],
};

/// `context.Deployment.Certificates`; what is not here is inherited from the dictionary.
pub(super) static CERTIFICATES: Group = Group {
    owner: "ICertificates",
    entries: &[
        full("X509Certificate2 this[string thumbprint]", |machine, a| {
            super::maps::get(machine, a)
        }),
        full("bool ContainsKey(string thumbprint)", |machine, a| {
            Ok(Value::Bool(find(machine, text(a, 1, "key")?).is_some()))
        }),
    ],
};

/// Keys are thumbprints in upper-case hexadecimal; the comparison ignores case.
pub(super) fn find(machine: &Machine<'_>, thumbprint: &str) -> Option<Arc<Certificate>> {
    machine
        .host
        .deployment_certificate(&thumbprint.to_ascii_uppercase())
}

pub(super) static IDENTITY_LISTS: Group = Group {
    owner: "IIdentityLists",
    entries: &[
        full("IIdentityList this[string id]", |machine, a| {
            let id = text(a, 1, "key")?;
            if machine.host.identity_list(id).is_none() {
                return Err(Exception::new(
                    names::KEY_NOT_FOUND,
                    format!(
                        "The given key '{}' was not present in the dictionary.",
                        id.as_str()
                    ),
                ));
            }
            Ok(Value::object(Object::IdentityList(id.shared())))
        }),
        full("bool ContainsKey(string id)", |machine, a| {
            Ok(Value::Bool(
                machine.host.identity_list(text(a, 1, "key")?).is_some(),
            ))
        }),
    ],
};

pub(super) static IDENTITY_LIST: Group = Group {
    owner: "IIdentityList",
    entries: &[full(
        "bool Contains(X509Certificate2 certificate)",
        |machine, a| {
            let Object::IdentityList(id) = object(a, 0, "this")?.as_ref() else {
                return Err(Exception::null_reference());
            };
            // Nobody is on no list.
            let Some(Value::Certificate(certificate)) = a.get(1) else {
                return Ok(Value::Bool(false));
            };
            let issuers = verdict(machine, certificate).issuers;
            let now = machine.host.now();
            let found = machine
                .host
                .identity_list(id)
                .is_some_and(|list| list.contains(certificate, &issuers, now));
            Ok(Value::Bool(found))
        },
    )],
};

/// All uploaded certificates as keys and values.
pub(super) fn pairs(machine: &Machine<'_>) -> Vec<(Value, Value)> {
    machine
        .host
        .deployment_certificates()
        .into_iter()
        .map(|c| {
            (
                Value::from(Arc::clone(&c.thumbprint)),
                Value::Certificate(c),
            )
        })
        .collect()
}
