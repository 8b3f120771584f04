//! Trust: which roots, intermediates and revocation lists decide, and what they decide about a chain.

mod bundle;
mod verdict;
mod verify;

pub use bundle::{TrustBundle, TrustError, TrustSpec};
pub use verdict::{
    CrlProblem, LeafTime, Profile, Purpose, Refusal, RevocationPolicy, RevocationStatus, Untrusted,
    Verdict,
};
