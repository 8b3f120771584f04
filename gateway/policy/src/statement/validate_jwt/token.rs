//! A token taken apart (RFC 7515 section 5.2, RFC 7519 section 7.2). Nothing is believed yet.

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde_json::{Map, Value as Json};

use crate::host::{JwsAlgorithm, UnixNanos};

/// Most bytes of a token. A whole request head is smaller; tokens out of bodies are not.
const MAX_BYTES: usize = 64 * 1024;

/// How a token says it is signed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Signing {
    /// With an algorithm that can be checked.
    With(JwsAlgorithm),
    /// `none`, and there is no signature.
    Not,
    /// With something else.
    Unknown,
}

/// A token in compact serialisation.
pub(super) struct Token {
    pub(super) signing: Signing,
    /// `kid`.
    pub(super) key_id: Option<String>,
    pub(super) header: Map<String, Json>,
    pub(super) claims: Map<String, Json>,
    /// What was signed: the encoded header and claims with the dot between them.
    pub(super) signed: String,
    pub(super) signature: Vec<u8>,
}

/// Why a text is no token that can be judged.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Malformed(pub(super) &'static str);

impl Token {
    /// Takes a token apart.
    pub(super) fn parse(text: &str) -> Result<Self, Malformed> {
        if text.len() > MAX_BYTES {
            return Err(Malformed("it has more than 65536 bytes"));
        }
        let (signed, signature) = text.rsplit_once('.').ok_or(Malformed(NOT_COMPACT))?;
        let (header, claims) = signed.split_once('.').ok_or(Malformed(NOT_COMPACT))?;
        if claims.contains('.') {
            return Err(Malformed(if text.split('.').count() == 5 {
                "it is encrypted, and encrypted tokens are not supported"
            } else {
                NOT_COMPACT
            }));
        }
        let header = object(header).ok_or(Malformed("its header is no JSON object"))?;
        // RFC 7515 section 4.1.11: what must be understood and is not makes the token invalid. None is.
        if header.contains_key("crit") {
            return Err(Malformed(
                "its header has 'crit', and no extension is known",
            ));
        }
        let claims = object(claims).ok_or(Malformed("its claims are no JSON object"))?;
        let signature = URL_SAFE_NO_PAD
            .decode(signature)
            .map_err(|_| Malformed("its signature is not Base64url"))?;
        let signing = match header.get("alg").and_then(Json::as_str) {
            None => return Err(Malformed("its header has no 'alg'")),
            Some("none") if signature.is_empty() => Signing::Not,
            Some(name) => JwsAlgorithm::from_name(name).map_or(Signing::Unknown, Signing::With),
        };
        let key_id = match header.get("kid") {
            None | Some(Json::Null) => None,
            Some(Json::String(id)) => Some(id.clone()),
            Some(_) => return Err(Malformed("its 'kid' is no string")),
        };
        Ok(Self {
            signing,
            key_id,
            header,
            claims,
            signed: signed.to_owned(),
            signature,
        })
    }

    /// A claim that is a string; `Err` if it is something else.
    pub(super) fn text(&self, name: &'static str) -> Result<Option<&str>, Malformed> {
        match self.claims.get(name) {
            None | Some(Json::Null) => Ok(None),
            Some(Json::String(text)) => Ok(Some(text)),
            Some(_) => Err(Malformed("a registered claim is no string")),
        }
    }

    /// A claim that is a moment (`NumericDate`, RFC 7519 section 2).
    pub(super) fn moment(&self, name: &str) -> Result<Option<UnixNanos>, Malformed> {
        const SECOND: UnixNanos = 1_000_000_000;
        match self.claims.get(name) {
            None | Some(Json::Null) => Ok(None),
            Some(Json::Number(number)) => match number.as_i64() {
                Some(seconds) => Ok(Some(UnixNanos::from(seconds).saturating_mul(SECOND))),
                None => number
                    .as_f64()
                    .filter(|seconds| seconds.is_finite())
                    .map(|seconds| {
                        #[expect(
                            clippy::cast_possible_truncation,
                            reason = "parts of a nanosecond are dropped and the cast saturates"
                        )]
                        Some((seconds * 1e9) as UnixNanos)
                    })
                    .ok_or(Malformed("a date in it is no number")),
            },
            Some(_) => Err(Malformed("a date in it is no number")),
        }
    }

    /// `aud`, one or several.
    pub(super) fn audiences(&self) -> Result<Vec<&str>, Malformed> {
        const WRONG: Malformed = Malformed("its 'aud' is neither a string nor an array of them");
        match self.claims.get("aud") {
            None | Some(Json::Null) => Ok(Vec::new()),
            Some(Json::String(one)) => Ok(vec![one]),
            Some(Json::Array(all)) => all.iter().map(|one| one.as_str().ok_or(WRONG)).collect(),
            Some(_) => Err(WRONG),
        }
    }
}

const NOT_COMPACT: &str = "it has not the three parts of a signed token";

fn object(part: &str) -> Option<Map<String, Json>> {
    let bytes = URL_SAFE_NO_PAD.decode(part).ok()?;
    serde_json::from_slice(&bytes).ok()
}
