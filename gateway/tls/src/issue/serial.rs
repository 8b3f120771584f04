//! Serial numbers.

use openssl::asn1::Asn1Integer;
use openssl::bn::BigNum;
use openssl::error::ErrorStack;
use openssl::rand::rand_bytes;
use openssl::x509::X509Ref;

use super::IssueError;

/// A certificate's serial number: positive, at most 20 octets (RFC 5280 §4.1.2.2).
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Serial {
    /// Big-endian, without leading zeros, not empty.
    octets: Vec<u8>,
}

impl Serial {
    /// 127 random bits, as public authorities issue them (at least 64 are asked for by the CA/Browser Forum).
    ///
    /// # Errors
    ///
    /// OpenSSL's, when its random generator cannot be seeded.
    pub fn random() -> Result<Self, IssueError> {
        let mut octets = [0_u8; 16];
        rand_bytes(&mut octets)?;
        if let Some(first) = octets.first_mut() {
            // Neither negative nor shorter than it looks.
            *first = (*first & 0x7f) | 0x40;
        }
        Ok(Self {
            octets: octets.to_vec(),
        })
    }

    /// A serial number from its big-endian octets.
    ///
    /// # Errors
    ///
    /// [`IssueError::Request`] when it is zero or does not fit in 20 octets as a positive number.
    pub fn from_octets(octets: &[u8]) -> Result<Self, IssueError> {
        let octets: Vec<u8> = octets
            .iter()
            .copied()
            .skip_while(|octet| *octet == 0)
            .collect();
        let negative_at_twenty = octets.len() == 20 && octets.first().is_some_and(|o| *o >= 0x80);
        if octets.is_empty() || octets.len() > 20 || negative_at_twenty {
            return Err(IssueError::Request(
                "a serial number is positive and at most 20 octets long (RFC 5280 4.1.2.2)"
                    .to_owned(),
            ));
        }
        Ok(Self { octets })
    }

    /// The serial number of a certificate.
    ///
    /// # Errors
    ///
    /// [`IssueError::Request`] when the certificate's number breaks RFC 5280.
    pub fn of(certificate: &X509Ref) -> Result<Self, IssueError> {
        Self::from_octets(&certificate.serial_number().to_bn()?.to_vec())
    }

    /// Upper-case hexadecimal, two digits per octet, as .NET prints it.
    #[must_use]
    pub fn to_hex(&self) -> String {
        hex(&self.octets)
    }

    pub(super) fn to_asn1(&self) -> Result<Asn1Integer, ErrorStack> {
        Asn1Integer::from_bn(BigNum::from_slice(&self.octets)?.as_ref())
    }
}

impl TryFrom<u64> for Serial {
    type Error = IssueError;

    fn try_from(number: u64) -> Result<Self, IssueError> {
        Self::from_octets(&number.to_be_bytes())
    }
}

/// Upper-case hexadecimal.
pub(super) fn hex(octets: &[u8]) -> String {
    use std::fmt::Write as _;
    octets.iter().fold(
        String::with_capacity(octets.len() * 2),
        |mut text, octet| {
            // Writing into a String cannot fail.
            let _ = write!(text, "{octet:02X}");
            text
        },
    )
}
