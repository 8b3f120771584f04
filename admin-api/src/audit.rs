//! Where audit records go: one for each change that was asked for, refused ones included.

use gateway_telemetry::record::AuditRecord;

use crate::plane::Later;

/// Keeps audit records.
pub trait AuditSink: Send + Sync {
    /// Keeps one. The answer to the client waits for this, so that whoever was answered is on record.
    /// A sink that cannot write says so by itself; the change stands.
    fn record(&self, record: AuditRecord) -> Later<()>;
}
