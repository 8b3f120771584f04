//! Countersign: command line, wiring and shutdown.
//!
//! [`app::App`] is the composition root. The two stories are told elsewhere: a request in
//! `gateway-proxy`, a change in `gateway-config`.

pub mod app;
pub mod cli;
pub mod dev;
mod expiry;
pub mod file_hosts;
pub mod health;
mod master_key;
pub mod settings;
mod supervision;
mod translate;
