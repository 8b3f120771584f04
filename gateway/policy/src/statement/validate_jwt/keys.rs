//! Keys in documents, and whether one of them, or of a provider's, has made a signature.

use std::sync::Arc;

use base64::Engine;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};

use super::token::Token;
use crate::document::{Attribute, Element};
use crate::execution::{Outcome, Run};
use crate::host::{Host, JwsAlgorithm};
use crate::openid::{Material, VerificationKey};
use crate::program::{Compiler, ResourceKind};
use crate::statement::setting::Setting;

/// Most signatures that are computed for one token and one set of keys, when the token does not name
/// its key.
const MAX_ATTEMPTS: usize = 32;

/// A `key` of `issuer-signing-keys`.
pub(in crate::statement) struct DocumentKey {
    id: Option<Arc<str>>,
    source: Source,
}

enum Source {
    /// A shared secret in Base64.
    Secret(Setting<Arc<str>>),
    /// The public key of an uploaded certificate, by resource id.
    Certificate(Setting<Arc<str>>),
    Rsa(Material),
}

/// Compiles `issuer-signing-keys`.
pub(super) fn compile(element: &Element, compiler: &mut Compiler<'_>) -> Vec<DocumentKey> {
    compiler.check_attributes(element, &[]);
    compiler.check_no_text(element);
    let mut keys = Vec::new();
    for child in element.elements() {
        if child.name == "key" {
            keys.extend(compile_key(child, compiler));
        } else {
            compiler.unknown_child(element, child, &["key"]);
        }
    }
    if keys.is_empty() {
        compiler.error(
            "MissingElement",
            "'issuer-signing-keys' needs at least one 'key'.",
            element.offset,
        );
    }
    keys
}

fn compile_key(element: &Element, compiler: &mut Compiler<'_>) -> Option<DocumentKey> {
    compiler.check_attributes(element, &["id", "certificate-id", "n", "e"]);
    let id = match element.attribute("id") {
        Some(attribute) => Some(compiler.literal(attribute)?),
        None => None,
    };
    let numbers = (element.attribute("n"), element.attribute("e"));
    let source = match (element.attribute("certificate-id"), numbers) {
        (Some(attribute), (None, None)) => {
            compiler.check_empty(element);
            let id = compiler.text(attribute)?;
            if let Setting::Literal(id) = &id {
                compiler.reference(ResourceKind::CertificateId, id, attribute);
            }
            Source::Certificate(id)
        }
        (None, (Some(n), Some(e))) => {
            compiler.check_empty(element);
            let (modulus, exponent) = (number(n, compiler), number(e, compiler));
            Source::Rsa(Material::Rsa {
                modulus: modulus?,
                exponent: exponent?,
            })
        }
        (None, (None, None)) => secret(element, compiler)?,
        _ => {
            compiler.error(
                "InvalidAttributes",
                "A 'key' has either a secret in it, or 'certificate-id', or both 'n' and 'e'.",
                element.offset,
            );
            return None;
        }
    };
    Some(DocumentKey { id, source })
}

fn secret(element: &Element, compiler: &mut Compiler<'_>) -> Option<Source> {
    const NEVER: &str = "no token is ever verified with this key";
    let secret = compiler.content(element)?;
    if let Setting::Literal(text) = &secret {
        // The text is a secret: what is said about it repeats nothing of it.
        match decode(text) {
            None => compiler.warning(
                "InvalidValue",
                format!("The content of 'key' is not Base64; {NEVER}"),
                element.offset,
            ),
            Some(bytes) if bytes.len() < 16 => compiler.warning(
                "WeakKey",
                format!("The secret of 'key' has fewer than 128 bits; {NEVER}"),
                element.offset,
            ),
            Some(_) => {}
        }
    }
    Some(Source::Secret(secret))
}

fn number(attribute: &Attribute, compiler: &mut Compiler<'_>) -> Option<Arc<[u8]>> {
    let read = |text: &str| {
        let bytes = URL_SAFE_NO_PAD.decode(text.trim_end_matches('=')).ok()?;
        (!bytes.is_empty()).then(|| bytes.into())
    };
    compiler.literal_as(attribute, read, "a number in Base64url")
}

/// Base64, with blanks between.
fn decode(text: &str) -> Option<Vec<u8>> {
    let text: String = text.split_ascii_whitespace().collect();
    STANDARD.decode(text).ok()
}

impl DocumentKey {
    /// The key as it is now; `None` if there is none.
    fn read(&self, run: &mut Run<'_>) -> Outcome<Option<VerificationKey>> {
        let material = match &self.source {
            Source::Secret(secret) => {
                decode(&run.text(secret)?).map(|bytes| Material::Secret(bytes.into()))
            }
            Source::Certificate(id) => {
                let id = run.text(id)?;
                run.host
                    .certificate_by_id(&id)
                    .map(|certificate| Material::Certificate(Arc::clone(&certificate.der)))
            }
            Source::Rsa(material) => Some(material.clone()),
        };
        Ok(material.map(|material| VerificationKey {
            id: self.id.clone(),
            algorithm: None,
            issuer: None,
            material,
        }))
    }
}

/// The document's keys as they are now.
pub(super) fn read(keys: &[DocumentKey], run: &mut Run<'_>) -> Outcome<Vec<VerificationKey>> {
    let mut read = Vec::with_capacity(keys.len());
    for key in keys {
        read.extend(key.read(run)?);
    }
    Ok(read)
}

/// Whether a key of a set has made a signature.
#[derive(Debug)]
pub(super) enum Verified<'k> {
    /// This one has.
    By(&'k VerificationKey),
    /// None of those that may have.
    ByNone,
    /// There is none that may have.
    NoKey,
}

/// Keys of a document: those with the token's `kid`, or all of them if none has it.
pub(super) fn verify_by_any<'k>(
    keys: &'k [VerificationKey],
    token: &Token,
    algorithm: JwsAlgorithm,
    host: &dyn Host,
) -> Verified<'k> {
    let named = token.key_id.is_some() && keys.iter().any(|key| has_name(key, token));
    attempt(
        keys.iter().filter(|key| !named || has_name(key, token)),
        token,
        algorithm,
        host,
    )
}

/// Keys of a provider: those with the token's `kid`, or all of them if the token has none.
pub(super) fn verify_by_named<'k>(
    keys: &'k [VerificationKey],
    token: &Token,
    algorithm: JwsAlgorithm,
    host: &dyn Host,
) -> Verified<'k> {
    attempt(
        keys.iter()
            .filter(|key| token.key_id.is_none() || has_name(key, token)),
        token,
        algorithm,
        host,
    )
}

fn has_name(key: &VerificationKey, token: &Token) -> bool {
    key.id.as_deref() == token.key_id.as_deref()
}

fn attempt<'k>(
    keys: impl Iterator<Item = &'k VerificationKey>,
    token: &Token,
    algorithm: JwsAlgorithm,
    host: &dyn Host,
) -> Verified<'k> {
    let mut found = Verified::NoKey;
    for key in keys.filter(|key| key.suits(algorithm)).take(MAX_ATTEMPTS) {
        let verified = host.verify_jws(
            algorithm,
            &key.material.as_key(),
            token.signed.as_bytes(),
            &token.signature,
        );
        match verified {
            Ok(true) => return Verified::By(key),
            // A key that cannot be used has not signed it either.
            Ok(false) | Err(_) => found = Verified::ByNone,
        }
    }
    found
}
