//! What Countersign tells about itself: metrics, access and audit records, its own log.
//!
//! - [`metric`]: every metric's name, help and labels, and the handles that count without a lookup.
//! - [`label`]: the closed sets that labels and records take their words from.
//! - [`record`]: access, trace and audit records as JSON lines, and who writes them.
//! - [`logging`]: the process's own log, for operators.
//!
//! Nothing here holds a body, a header, a key or a named value, so that nothing of it can be logged.

pub mod label;
pub mod logging;
pub mod metric;
pub mod record;
