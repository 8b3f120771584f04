//! `countersign serve`: until a signal says otherwise.

use std::path::Path;
use std::process::ExitCode;

use gateway_telemetry::logging;
use gateway_telemetry::metric::Recorder;
use tokio::signal::unix::{SignalKind, signal};

use super::{REFUSED, check, complain};
use crate::app::{App, Surroundings};
use crate::settings::Settings;

pub(super) fn run(config: &Path) -> ExitCode {
    let Some(settings) = check::load(config) else {
        return ExitCode::from(REFUSED);
    };
    if let Err(error) = logging::init(settings.log.format, &settings.log.level) {
        complain(&error.to_string());
        return ExitCode::from(REFUSED);
    }
    actix_rt::System::new().block_on(async move {
        match start(&settings).await {
            Ok(app) => {
                tracing::info!(
                    gateway = ?app.gateway_addresses(),
                    admin = %app.admin_address(),
                    health = %app.health_address(),
                    revision = app.plane().revision(),
                    "serving"
                );
                until_told_to_end(app, &settings).await
            }
            Err(error) => {
                complain(&error);
                ExitCode::FAILURE
            }
        }
    })
}

pub(super) async fn start(settings: &Settings) -> Result<App, String> {
    let recorder = Recorder::install().map_err(|error| error.to_string())?;
    let app = App::start(settings, Surroundings::of_machine(recorder)).await;
    app.map_err(|error| error.to_string())
}

/// Serves until SIGTERM or SIGINT, then drains. A second such signal ends at once.
pub(super) async fn until_told_to_end(app: App, settings: &Settings) -> ExitCode {
    let signals = (
        signal(SignalKind::terminate()),
        signal(SignalKind::interrupt()),
        signal(SignalKind::hangup()),
    );
    let (Ok(mut terminate), Ok(mut interrupt), Ok(mut hangup)) = signals else {
        complain("signals cannot be received");
        return ExitCode::FAILURE;
    };
    loop {
        tokio::select! {
            _ = terminate.recv() => break,
            _ = interrupt.recv() => break,
            _ = hangup.recv() => app.reopen_logs().await,
        }
    }
    let timeout = settings.gateway.drain_timeout;
    tracing::info!(connections = app.open_connections(), ?timeout, "draining");
    tokio::select! {
        ended = app.stop(timeout) => {
            tracing::info!(cut = ended.cut, "ended");
            ExitCode::SUCCESS
        }
        _ = terminate.recv() => ExitCode::FAILURE,
        _ = interrupt.recv() => ExitCode::FAILURE,
    }
}
