//! `countersign check`.

use std::path::Path;
use std::process::ExitCode;
use std::sync::Arc;

use gateway_config::clock::{Clock, SystemClock};

use super::{REFUSED, complain, say};
use crate::app::{open_writer, read_file_hosts};
use crate::settings::{ProcessEnvironment, Settings};

pub(super) fn run(config: &Path, store: bool) -> ExitCode {
    let Some(settings) = load(config) else {
        return ExitCode::from(REFUSED);
    };
    if store && !check_store(&settings) {
        return ExitCode::from(REFUSED);
    }
    say("ok");
    ExitCode::SUCCESS
}

/// The settings, or every mistake said.
pub(super) fn load(config: &Path) -> Option<Settings> {
    match Settings::load(config, &ProcessEnvironment) {
        Ok(settings) => {
            for warning in &settings.warnings {
                complain(&format!("warning: {warning}"));
            }
            Some(settings)
        }
        Err(problems) => {
            for problem in problems {
                complain(&problem.to_string());
            }
            None
        }
    }
}

/// Opens the store and compiles its newest revision; whether nothing would be quarantined.
fn check_store(settings: &Settings) -> bool {
    if !settings.store.path.exists() {
        complain(&format!(
            "the store `{}` does not exist",
            settings.store.path.display()
        ));
        return false;
    }
    let clock: Arc<dyn Clock> = Arc::new(SystemClock);
    let writer = read_file_hosts(settings).and_then(|hosts| open_writer(settings, &clock, hosts));
    match writer {
        Ok(writer) => {
            let snapshot = writer.published().load();
            for entry in &snapshot.quarantine {
                complain(&format!(
                    "`{}` would be closed: {}",
                    entry.path, entry.reason
                ));
            }
            snapshot.quarantine.is_empty()
        }
        Err(error) => {
            complain(&error.to_string());
            false
        }
    }
}
