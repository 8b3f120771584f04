//! Countersign: command line, wiring and shutdown.
//!
//! [`app::App`] is the composition root. The two stories are told elsewhere: a request in
//! `gateway-proxy`, a change in `gateway-config`.

pub mod app;
mod audit;
pub mod cli;
pub mod dev;
pub mod file_hosts;
pub mod health;
mod master_key;
pub mod offline;
mod scrape;
pub mod settings;
mod supervision;
mod translate;
