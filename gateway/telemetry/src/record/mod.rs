//! Access, handshake, trace and audit records as JSON lines, and who writes them.
//!
//! Access, handshake and trace records, told apart by `kind`, go through [`AccessLog`], off the request path; audit records through
//! [`AuditWriter`], which answers when they are on the disk.

mod access;
mod access_log;
mod audit;
mod audit_writer;
mod destination;
mod handshake;
mod trace;

pub use access::{AccessRecord, StageTimes, Verdict};
pub use access_log::{AccessLog, CloseError};
pub use audit::{AuditOutcome, AuditRecord, PATHS_MAX};
pub use audit_writer::{Append, AuditError, AuditWriter, Reopen};
pub use destination::Destination;
pub use handshake::{HandshakeRecord, HandshakeRefusal};
pub use trace::{TraceRecord, TraceSeverity};

use jiff::Timestamp;
use serde::Serializer;

/// RFC 3339 in UTC with milliseconds: `2026-11-22T22:26:51.040Z`.
fn milliseconds<S: Serializer>(time: &Timestamp, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.collect_str(&format_args!("{time:.3}"))
}
