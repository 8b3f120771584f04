//! Documents that are valid and let everyone in.

use crate::problem::{Position, Problem};

/// What lints must know of the whole document before they can speak.
#[derive(Debug, Default)]
pub(crate) struct Facts {
    /// A `validate-client-certificate` demands a chain to a trusted root.
    pub(crate) validates_trust: bool,
    /// A `validate-client-certificate` refuses.
    pub(crate) validates_certificate: bool,
    /// Byte offsets of `choose` elements that judge a certificate and let the rest pass.
    pub(crate) open_chooses: Vec<usize>,
    /// Policies that are meant to stand in a document once, and do.
    pub(crate) once: Vec<&'static str>,
}

/// The code of all lints about access that is not refused.
pub(crate) const FAILS_OPEN: &str = "FailsOpen";

pub(super) fn open_choose(position: Position) -> Problem {
    Problem::warning(
        FAILS_OPEN,
        "This 'choose' asks about the client certificate but has no 'otherwise': a request that meets \
         none of its conditions goes on, with any certificate or none. Add an 'otherwise' that refuses it",
        position,
    )
}

pub(super) fn unchecked_issuer(position: Position) -> Problem {
    Problem::warning(
        FAILS_OPEN,
        "The issuer's name is believed without a check of the chain: anyone can make a certificate that \
         names this issuer. Add 'validate-client-certificate', or call Verify() in the same condition",
        position,
    )
}
