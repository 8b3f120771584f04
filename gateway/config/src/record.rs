//! How a resource is written into the store: its path, and its body, sealed where it may hold a
//! secret.
//!
//! Layout: format (1 byte: 0 plain, 1 sealed), length of the path as created (2 bytes, big-endian),
//! the path, the body. Public data that comes in large numbers (identity lists, their members, CRLs)
//! is plain; everything else is sealed under the data key, with the record's key as associated data,
//! so that a record cannot be moved to another resource (policies and named values may quote
//! passwords whether or not anybody marked them secret).

use std::sync::Arc;

use gateway_tls::seal::Sealer;

use crate::resource::{self, Body, Kind, Resource, ResourcePath};
use crate::store::Record;

const PLAIN: u8 = 0;
const SEALED: u8 = 1;

/// A record that cannot be used.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("record `{key}`: {reason}")]
pub(crate) struct RecordError {
    /// The record's key.
    pub key: String,
    /// Why.
    pub reason: String,
}

const fn is_sealed(kind: Kind) -> bool {
    !matches!(kind, Kind::IdentityList | Kind::Identity | Kind::Crl)
}

/// The bytes to store for `body` at `path`.
///
/// # Errors
/// If sealing fails.
pub(crate) fn encode(
    path: &ResourcePath,
    body: &Body,
    sealer: &Sealer,
) -> Result<Vec<u8>, RecordError> {
    let key = path.key();
    let error = |reason: String| RecordError {
        key: key.clone(),
        reason,
    };
    let spelled = path.to_string();
    let length =
        u16::try_from(spelled.len()).map_err(|_| error("its path is too long".to_owned()))?;
    let plain = resource::to_stored(body);
    let (format, content) = if is_sealed(path.kind()) {
        let sealed = sealer
            .seal(&plain, key.as_bytes())
            .map_err(|reason| error(reason.to_string()))?;
        (SEALED, sealed)
    } else {
        (PLAIN, plain.to_vec())
    };
    let mut bytes = Vec::with_capacity(3 + spelled.len() + content.len());
    bytes.push(format);
    bytes.extend_from_slice(&length.to_be_bytes());
    bytes.extend_from_slice(spelled.as_bytes());
    bytes.extend_from_slice(&content);
    Ok(bytes)
}

/// The resource that a record holds.
///
/// # Errors
/// If it is damaged, sealed under another key, or of a kind this release does not know.
pub(crate) fn decode(record: &Record, sealer: &Sealer) -> Result<Resource, RecordError> {
    let error = |reason: &str| RecordError {
        key: record.key.clone(),
        reason: reason.to_owned(),
    };
    let (format, rest) = record
        .body
        .split_first()
        .ok_or_else(|| error("it is empty"))?;
    let (length, rest) = rest
        .split_first_chunk::<2>()
        .ok_or_else(|| error("it is cut short"))?;
    let length = usize::from(u16::from_be_bytes(*length));
    let (path, content) = rest
        .split_at_checked(length)
        .ok_or_else(|| error("it is cut short"))?;
    let path = std::str::from_utf8(path)
        .ok()
        .and_then(ResourcePath::parse)
        .filter(|path| path.key() == record.key)
        .ok_or_else(|| error("its path is not a resource's"))?;
    let body = match *format {
        PLAIN if !is_sealed(path.kind()) => resource::from_stored(path.kind(), content),
        SEALED => {
            let plain = sealer
                .open(content, record.key.as_bytes())
                .map_err(|reason| error(&reason.to_string()))?;
            resource::from_stored(path.kind(), &plain)
        }
        _ => return Err(error("its format is not known")),
    };
    let body = body.map_err(|reason| error(&reason))?;
    Ok(Resource {
        path,
        changed_in: record.changed_in,
        body: Arc::new(body),
    })
}
