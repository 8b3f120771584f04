//! `loadtest`: command line.

mod cli;

use std::io::Write as _;
use std::process::ExitCode;

use clap::Parser as _;

fn main() -> ExitCode {
    let arguments = cli::Arguments::parse();
    let runtime = match tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
    {
        Ok(runtime) => runtime,
        Err(error) => return failed(&format!("no runtime: {error}")),
    };
    match runtime.block_on(cli::run(arguments)) {
        Ok(report) => {
            let _ = write!(std::io::stdout(), "{report}");
            if report.passed() {
                ExitCode::SUCCESS
            } else {
                ExitCode::FAILURE
            }
        }
        Err(error) => failed(&error.to_string()),
    }
}

/// Exit status 2: there was no load to report on.
fn failed(reason: &str) -> ExitCode {
    let _ = writeln!(std::io::stderr(), "loadtest: {reason}");
    ExitCode::from(2)
}
