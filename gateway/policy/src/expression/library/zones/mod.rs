//! Time zones: `TimeZoneInfo` and `TimeZone`.
//!
//! Rules come from the IANA database that is compiled in, never from the machine, so that an
//! expression gives the same everywhere. The gateway's own zone is UTC, as Azure's is.

mod members;
mod windows;
mod zone;

use super::registry::Group;

pub(super) static GROUPS: &[&Group] = &[&members::ZONE_INFO, &members::ZONE];
