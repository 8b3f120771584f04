//! What fuzz targets share: the oracles and the fixed world that documents run in.
//!
//! A target is a file in `targets/`: it makes something of the bytes, hands it to the code under
//! test and asserts what must hold of every answer. A failed assertion is a finding.

pub mod places;
pub mod running;
pub mod skeleton;

// One world for tests and fuzzing, so that a change of the `Host` trait is made once.
#[path = "../../policy/tests/support/mod.rs"]
pub mod support;

// The same second evaluator that the tests use.
#[path = "../../policy/tests/reference/mod.rs"]
pub mod reference;
