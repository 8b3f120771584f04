//! Keys that a policy brings itself: `RSAKeyValue`, DER and PEM.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;

use super::rsa::import;
use super::thrown;
use crate::expression::exception::{Exception, names};
use crate::expression::library::arguments::{bytes, text};
use crate::expression::library::full;
use crate::expression::library::registry::Group;
use crate::expression::machine::Machine;
use crate::expression::value::Value;
use crate::host::{RsaKeyMaterial, RsaKeySource};

type Outcome = Result<Value, Exception>;

/// Reading a key costs more than its bytes: private ones are converted.
const READ: u64 = 2_000;

fn read(machine: &mut Machine<'_>, source: &RsaKeySource<'_>) -> Result<RsaKeyMaterial, Exception> {
    machine.budget.charge(READ)?;
    machine
        .host
        .read_rsa_key(source)
        .map_err(|error| thrown(&error))
}

/// Imports DER of argument 1 and says how many bytes it took: all.
fn import_der(
    machine: &mut Machine<'_>,
    args: &[Value],
    source: fn(&[u8]) -> RsaKeySource<'_>,
) -> Outcome {
    let der = bytes(args, 1, "source")?;
    let material = read(machine, &source(&der))?;
    machine
        .outs
        .push(Value::Int(i32::try_from(der.len()).unwrap_or(i32::MAX)));
    import(args, material)
}

/// The one key of a PEM text (RFC 7468), and its label. Certificates beside it are skipped, as .NET
/// does.
fn pem(source: &str) -> Result<(&str, Vec<u8>), Exception> {
    const BEGIN: &str = "-----BEGIN ";
    const DASHES: &str = "-----";
    let mut found = None;
    let mut rest = source;
    while let Some((_, after)) = rest.split_once(BEGIN) {
        let Some((label, body)) = after.split_once(DASHES) else {
            break;
        };
        let end = format!("-----END {label}-----");
        let Some((body, after)) = body.split_once(end.as_str()) else {
            rest = body;
            continue;
        };
        rest = after;
        if !matches!(
            label,
            "PUBLIC KEY" | "RSA PUBLIC KEY" | "PRIVATE KEY" | "RSA PRIVATE KEY"
        ) {
            if label == "ENCRYPTED PRIVATE KEY" {
                return Err(invalid(
                    "An encrypted key was found, but no password was provided. Use \
                     ImportFromEncryptedPem to import this key. (Parameter 'input')",
                ));
            }
            continue;
        }
        let body: String = body.split_ascii_whitespace().collect();
        let der = STANDARD.decode(body).map_err(|_| none_found())?;
        if found.replace((label, der)).is_some() {
            return Err(invalid(
                "The input contains multiple keys, but only one key can be imported. (Parameter \
                 'input')",
            ));
        }
    }
    found.ok_or_else(none_found)
}

fn invalid(message: &'static str) -> Exception {
    Exception::new(names::ARGUMENT, message)
}

fn none_found() -> Exception {
    invalid(
        "No supported key formats were found. Check that the input represents the contents of a \
         PEM-encoded key file, not the path to such a file. (Parameter 'input')",
    )
}

/// A number of an `RSAKeyValue` (XML Signature section 4.5.2.2). The format is so small that its
/// elements are found by their names.
fn element(xml: &str, name: &str) -> Result<Option<Vec<u8>>, Exception> {
    let (open, close) = (format!("<{name}>"), format!("</{name}>"));
    let Some((_, after)) = xml.split_once(open.as_str()) else {
        return Ok(None);
    };
    let Some((content, _)) = after.split_once(close.as_str()) else {
        return Err(bad_xml(name));
    };
    let content: String = content.split_ascii_whitespace().collect();
    STANDARD
        .decode(content)
        .map(Some)
        .map_err(|_| bad_xml(name))
}

fn bad_xml(name: &str) -> Exception {
    Exception::new(
        names::CRYPTOGRAPHIC,
        format!("Input string does not contain a valid encoding of the 'RSA' '{name}' parameter."),
    )
}

fn from_xml(machine: &mut Machine<'_>, xml: &str) -> Result<RsaKeyMaterial, Exception> {
    machine.budget.allocate(xml.len())?;
    let need = |name: &str| element(xml, name)?.ok_or_else(|| bad_xml(name));
    let (modulus, exponent) = (need("Modulus")?, need("Exponent")?);
    let Some(d) = element(xml, "D")? else {
        return read(
            machine,
            &RsaKeySource::Components {
                modulus: &modulus,
                exponent: &exponent,
                private: None,
            },
        );
    };
    let (p, q) = (need("P")?, need("Q")?);
    let (dp, dq, inverse) = (need("DP")?, need("DQ")?, need("InverseQ")?);
    read(
        machine,
        &RsaKeySource::Components {
            modulus: &modulus,
            exponent: &exponent,
            private: Some([&p, &q, &dp, &dq, &inverse, &d]),
        },
    )
}

pub(super) fn to_xml(key: &RsaKeyMaterial) -> Outcome {
    Ok(Value::from(format!(
        "<RSAKeyValue><Modulus>{}</Modulus><Exponent>{}</Exponent></RSAKeyValue>",
        STANDARD.encode(&key.modulus),
        STANDARD.encode(&key.exponent)
    )))
}

pub(super) static RSA: Group = Group {
    owner: "RSA",
    entries: &[
        full("void FromXmlString(string xmlString)", |m, a| {
            let material = from_xml(m, text(a, 1, "xmlString")?.as_str())?;
            import(a, material)
        }),
        full("void ImportFromPem(string input)", |m, a| {
            let input = text(a, 1, "input")?;
            m.budget.allocate(input.len())?;
            let (label, der) = pem(input.as_str())?;
            let source = match label {
                "PUBLIC KEY" => RsaKeySource::SubjectPublicKeyInfo(&der),
                "RSA PUBLIC KEY" => RsaKeySource::PublicKey(&der),
                _ => RsaKeySource::PrivateKey(&der),
            };
            let material = read(m, &source)?;
            import(a, material)
        }),
        full(
            "void ImportSubjectPublicKeyInfo(byte[] source, out int bytesRead)",
            |m, a| import_der(m, a, |der| RsaKeySource::SubjectPublicKeyInfo(der)),
        ),
        full(
            "void ImportRSAPublicKey(byte[] source, out int bytesRead)",
            |m, a| import_der(m, a, |der| RsaKeySource::PublicKey(der)),
        ),
        full(
            "void ImportPkcs8PrivateKey(byte[] source, out int bytesRead)",
            |m, a| import_der(m, a, |der| RsaKeySource::PrivateKey(der)),
        ),
        full(
            "void ImportRSAPrivateKey(byte[] source, out int bytesRead)",
            |m, a| import_der(m, a, |der| RsaKeySource::PrivateKey(der)),
        ),
    ],
};
