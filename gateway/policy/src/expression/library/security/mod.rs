//! Keys, ciphers and what certificates say of them.

mod certificate_keys;
mod cipher_bytes;
mod hash_names;
pub(super) mod hashing;
mod oid;
mod paddings;
mod random_numbers;
mod rsa;
mod rsa_import;
mod symmetric;

use super::registry::Group;
use crate::expression::exception::{Exception, names};
use crate::host::CryptoError;

pub(super) static GROUPS: &[&Group] = &[
    &hashing::HASH_ALGORITHM,
    &hashing::KEYED,
    &hashing::HMAC,
    &hash_names::HASH_ALGORITHM_NAME,
    &paddings::SIGNATURE,
    &paddings::ENCRYPTION,
    &rsa::ASYMMETRIC,
    &rsa::RSA,
    &rsa_import::RSA,
    &symmetric::SYMMETRIC,
    &symmetric::AES,
    &cipher_bytes::BYTES,
    &random_numbers::RANDOM,
    &oid::OID,
    &certificate_keys::PUBLIC_KEY,
    &certificate_keys::BASE_CERTIFICATE,
    &certificate_keys::CERTIFICATE,
    &certificate_keys::EXTENSIONS,
];

/// What an expression is told; the messages name no content.
fn thrown(error: &CryptoError) -> Exception {
    Exception::new(names::CRYPTOGRAPHIC, error.to_string())
}

/// `offset` and `count` of a byte array, as .NET's `HashAlgorithm` checks them.
fn part(data: &[u8], offset: i32, count: i32) -> Result<Vec<u8>, Exception> {
    let offset = usize::try_from(offset)
        .map_err(|_| Exception::argument_range("Non-negative number required.", "offset"))?;
    let count = usize::try_from(count)
        .ok()
        .filter(|count| *count <= data.len())
        .ok_or_else(|| Exception::new(names::ARGUMENT, "Value was invalid."))?;
    let end = offset.checked_add(count);
    end.and_then(|end| data.get(offset..end))
        .map(<[u8]>::to_vec)
        .ok_or_else(|| {
            Exception::new(
                names::ARGUMENT,
                "Offset and length were out of bounds for the array or count is greater than the \
                 number of elements from index to the end of the source collection.",
            )
        })
}
