//! Metric names, access and audit records, tracing.
