//! Key pairs.

use openssl::ec::{EcGroup, EcKey};
use openssl::error::ErrorStack;
use openssl::nid::Nid;
use openssl::pkey::{PKey, Private};
use openssl::rsa::Rsa;

/// What kind of key pair is generated.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum KeyKind {
    /// ECDSA on P-256: what every client accepts, and a thousand times faster to generate than RSA.
    #[default]
    EcP256,
    /// ECDSA on P-384.
    EcP384,
    /// RSA with 2048 bits.
    Rsa2048,
}

impl KeyKind {
    /// Generates a key pair.
    ///
    /// # Errors
    ///
    /// OpenSSL's, when its random generator cannot be seeded.
    pub fn generate(self) -> Result<PKey<Private>, ErrorStack> {
        match self {
            Self::EcP256 => elliptic(Nid::X9_62_PRIME256V1),
            Self::EcP384 => elliptic(Nid::SECP384R1),
            Self::Rsa2048 => PKey::from_rsa(Rsa::generate(2048)?),
        }
    }
}

fn elliptic(curve: Nid) -> Result<PKey<Private>, ErrorStack> {
    let group = EcGroup::from_curve_name(curve)?;
    PKey::from_ec_key(EcKey::generate(&group)?)
}
