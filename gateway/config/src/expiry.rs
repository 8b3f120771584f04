//! The expiry watch: certificates and revocation lists whose time ends.
//!
//! What expires is collected when another snapshot is served; what has come close is announced as time
//! passes, once for each [`Window`]; who does both is an actor, [`ExpiryWatch`].

mod announce;
mod collect;
mod watch;

pub use announce::Window;
pub use collect::Expiring;
pub use watch::{Expired, ExpirySettings, ExpiryWatch};
