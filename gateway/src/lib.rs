//! Countersign: command line, wiring and shutdown.
