//! The life of the process: checked, started, asked, told to end.

#![allow(
    missing_docs,
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    reason = "tests fail by panicking"
)]

mod check;
mod dev;
mod serve;

use std::path::Path;
use std::process::{Command, Output};
use std::time::Duration;

use gateway_e2e::without_test_variables;
use serde_json::Value;

pub(crate) const ENDS: Duration = Duration::from_secs(20);

pub(crate) fn run(mut command: Command) -> (Option<i32>, String) {
    let Output {
        status,
        stdout,
        stderr,
    } = without_test_variables(&mut command)
        .output()
        .expect("it runs");
    let text = [stdout, stderr].concat();
    (status.code(), String::from_utf8_lossy(&text).into_owned())
}

pub(crate) fn records(path: &Path) -> Vec<Value> {
    let text = std::fs::read_to_string(path).unwrap_or_default();
    text.lines()
        .map(|line| serde_json::from_str(line).expect("a JSON line"))
        .collect()
}
