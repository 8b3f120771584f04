//! `TestGateway`: a whole gateway in this process, on free ports, for the end-to-end promises.
//!
//! It is started from a configuration file, as `countersign serve` is, over a store and a PKI of its
//! own, with a clock that the test moves. On drop it is stopped and the general contract is checked:
//! connections are back to none and each request has exactly one access record.
//!
//! [`Installation`] is the same as a process: for what only a process shows (signals, `kill -9`, memory).

mod configuration;
mod connections;
mod echo;
mod expectation;
mod gateway;
mod installation;
mod process;
mod real_clients;
mod seen;
mod workers;

pub use configuration::{api, identity, named_value, operation, policy, properties};
pub use connections::Connections;
pub use expectation::{Sessions, assert_answered, assert_shut_out};
pub use gateway::{Builder, TestGateway};
pub use installation::{Installation, Served, health};
pub use process::{Process, program, without_test_variables};
pub use real_clients::{Got, Program, python_program};
pub use seen::{Kind, Outcome, Seen};
pub use workers::{Worker, unique_path};
