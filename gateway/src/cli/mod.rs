//! The command line.

mod check;
mod dev;
mod policy;
mod serve;

use std::path::PathBuf;
use std::process::ExitCode;

use clap::{Parser, Subcommand};

/// A self-hosted mutual-TLS API gateway that runs Azure API Management policies.
#[derive(Debug, Parser)]
#[command(name = "countersign", version)]
struct Arguments {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Serve until SIGTERM or SIGINT; SIGHUP opens the log files again.
    Serve {
        /// The bootstrap configuration (TOML).
        #[arg(long, value_name = "FILE")]
        config: PathBuf,
    },
    /// Report everything that `serve` would refuse, and exit with 1 if there is anything.
    Check {
        /// The bootstrap configuration (TOML).
        #[arg(long, value_name = "FILE")]
        config: PathBuf,
        /// Also open the store and compile what is in it, as this release would at its start.
        #[arg(long)]
        store: bool,
    },
    /// Make a development environment and serve it: certificates, a sample API, a sample backend.
    Dev {
        /// Where everything is made and kept.
        #[arg(long, value_name = "DIR", default_value = ".countersign")]
        dir: PathBuf,
        /// Address of the data path.
        #[arg(long, value_name = "ADDR", default_value = "127.0.0.1:8443")]
        gateway: String,
        /// Address of the admin API.
        #[arg(long, value_name = "ADDR", default_value = "127.0.0.1:9443")]
        admin: String,
        /// Address of the health listener.
        #[arg(long, value_name = "ADDR", default_value = "127.0.0.1:9080")]
        health: String,
    },
    /// Check, run, test and count policy documents, without a gateway and without a store.
    #[command(subcommand)]
    Policy(policy::PolicyCommand),
}

/// Exit code for a configuration that is not usable (`EX_USAGE` would be 64; `check` promises 1).
const REFUSED: u8 = 1;

/// Runs the command line of this process.
#[must_use]
pub fn main() -> ExitCode {
    match Arguments::parse().command {
        Command::Serve { config } => serve::run(&config),
        Command::Check { config, store } => check::run(&config, store),
        Command::Dev {
            dir,
            gateway,
            admin,
            health,
        } => dev::run(&crate::dev::DevOptions {
            directory: dir,
            gateway,
            admin,
            health,
        }),
        Command::Policy(command) => policy::run(&command),
    }
}

/// Says something to the person at the terminal.
#[expect(clippy::print_stdout, reason = "the command line's own output")]
fn say(text: &str) {
    println!("{text}");
}

/// Says what is wrong to the person at the terminal.
#[expect(clippy::print_stderr, reason = "the command line's own output")]
fn complain(text: &str) {
    eprintln!("countersign: {text}");
}
