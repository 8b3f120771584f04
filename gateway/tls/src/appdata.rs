//! What a session ticket carries beside OpenSSL's session: enough to know the whole presented chain again
//! and when the peer last proved its key.
//!
//! Layout: version (1 byte) ‖ time of the full handshake (8, big-endian Unix seconds) ‖ flag (1: the peer
//! had a certificate) ‖ chain key (32) ‖ SHA-256 of each intermediate (32 each). The leaf is in OpenSSL's
//! part of the ticket. Encrypted and authenticated with the ticket key.

use std::sync::Arc;

use crate::chain::{ChainKey, IntermediateStore, MAX_RESUMABLE_INTERMEDIATES, PresentedChain};

const VERSION: u8 = 1;
const FIXED: usize = 1 + 8 + 1 + 32;

/// The contents of a ticket's application data.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct TicketData {
    /// When the peer proved its key, Unix seconds of the injected clock. Carried from ticket to ticket.
    pub(crate) full_handshake_at: i64,
    /// `None`: the peer had no certificate.
    pub(crate) chain: Option<ChainReference>,
}

/// A presented chain without its certificates.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct ChainReference {
    pub(crate) key: ChainKey,
    pub(crate) intermediates: Vec<[u8; 32]>,
}

impl TicketData {
    /// `None` when the chain is too long for a ticket.
    pub(crate) fn new(full_handshake_at: i64, chain: Option<&PresentedChain>) -> Option<Self> {
        if chain.is_some_and(|chain| chain.intermediates().len() > MAX_RESUMABLE_INTERMEDIATES) {
            return None;
        }
        Some(Self {
            full_handshake_at,
            chain: chain.map(|chain| ChainReference {
                key: chain.key(),
                intermediates: chain
                    .intermediates()
                    .iter()
                    .map(|der| crate::digest::sha256(der))
                    .collect(),
            }),
        })
    }

    pub(crate) fn encode(&self) -> Vec<u8> {
        let mut bytes = Vec::with_capacity(FIXED);
        bytes.push(VERSION);
        bytes.extend(self.full_handshake_at.to_be_bytes());
        bytes.push(u8::from(self.chain.is_some()));
        if let Some(chain) = &self.chain {
            bytes.extend(chain.key.0);
            for digest in &chain.intermediates {
                bytes.extend(digest);
            }
        } else {
            bytes.extend([0; 32]);
        }
        bytes
    }

    /// `None` for another version or a length that is not exact.
    pub(crate) fn decode(bytes: &[u8]) -> Option<Self> {
        let (fixed, digests) = bytes.split_at_checked(FIXED)?;
        let (&[VERSION], fixed) = fixed.split_first_chunk::<1>()? else {
            return None;
        };
        let (time, fixed) = fixed.split_first_chunk::<8>()?;
        let (&[flag], key) = fixed.split_first_chunk::<1>()?;
        let key = ChainKey(*key.first_chunk::<32>()?);
        let (intermediates, []) = digests.as_chunks::<32>() else {
            return None;
        };
        let chain = match flag {
            0 if intermediates.is_empty() => None,
            1 if intermediates.len() <= MAX_RESUMABLE_INTERMEDIATES => Some(ChainReference {
                key,
                intermediates: intermediates.to_vec(),
            }),
            _ => return None,
        };
        Some(Self {
            full_handshake_at: i64::from_be_bytes(*time),
            chain,
        })
    }
}

impl ChainReference {
    /// The chain as it was presented, or `None` when an intermediate is no longer known or anything does
    /// not fit the chain key.
    pub(crate) fn rebuild(&self, leaf: &[u8], known: &IntermediateStore) -> Option<PresentedChain> {
        let mut certificates: Vec<Arc<[u8]>> = vec![Arc::from(leaf)];
        for digest in &self.intermediates {
            certificates.push(known.get(digest)?);
        }
        PresentedChain::new(certificates).filter(|chain| chain.key() == self.key)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn chain(count: usize) -> PresentedChain {
        let certificates = (0..count)
            .map(|index| Arc::from(vec![index as u8; 40]))
            .collect();
        PresentedChain::new(certificates).unwrap()
    }

    #[test]
    fn a_chain_comes_back_from_a_ticket_only_while_its_intermediates_are_known() {
        let presented = chain(3);
        let data = TicketData::new(7, Some(&presented)).unwrap();
        let data = TicketData::decode(&data.encode()).unwrap();
        let reference = data.chain.unwrap();
        let known = IntermediateStore::new(1 << 16);
        assert_eq!(reference.rebuild(presented.leaf(), &known), None);
        for der in presented.intermediates() {
            known.intern(der);
        }
        assert_eq!(
            reference.rebuild(presented.leaf(), &known),
            Some(presented.clone())
        );
        assert_eq!(reference.rebuild(&[9; 40], &known), None, "another leaf");
    }

    #[test]
    fn bytes_of_another_version_or_length_are_no_ticket_data() {
        let bytes = TicketData::new(7, Some(&chain(2))).unwrap().encode();
        assert!(TicketData::decode(&bytes).is_some());
        assert_eq!(TicketData::decode(&bytes[..bytes.len() - 1]), None);
        assert_eq!(TicketData::decode(&[]), None);
        let mut other = bytes.clone();
        other[0] = 2;
        assert_eq!(TicketData::decode(&other), None);
        let mut flag = bytes;
        flag[9] = 0;
        assert_eq!(
            TicketData::decode(&flag),
            None,
            "intermediates without a leaf"
        );
    }

    #[test]
    fn a_chain_that_is_too_long_gets_no_ticket_data() {
        assert!(TicketData::new(7, Some(&chain(MAX_RESUMABLE_INTERMEDIATES + 1))).is_some());
        assert!(TicketData::new(7, Some(&chain(MAX_RESUMABLE_INTERMEDIATES + 2))).is_none());
    }
}
