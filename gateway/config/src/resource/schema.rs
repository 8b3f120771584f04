//! Property tables: effective, without effect here, read-only; anything else is unknown.
