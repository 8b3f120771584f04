//! Random bytes from OpenSSL's generator.

use thiserror::Error;

/// The generator could not be seeded. Nothing secret may be made without it.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[error("no randomness is available: {0}")]
pub struct RandomError(pub String);

/// Fills `buffer` with random bytes.
///
/// # Errors
/// When the generator has no entropy.
pub fn fill(buffer: &mut [u8]) -> Result<(), RandomError> {
    openssl::rand::rand_bytes(buffer).map_err(|error| RandomError(error.to_string()))
}

/// `N` random bytes.
///
/// # Errors
/// When the generator has no entropy.
pub fn bytes<const N: usize>() -> Result<[u8; N], RandomError> {
    let mut buffer = [0; N];
    fill(&mut buffer)?;
    Ok(buffer)
}
