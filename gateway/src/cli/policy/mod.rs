//! `countersign policy …`: policies without a gateway.

mod check;
mod coverage;
mod run;
mod test;

use std::io::Write as _;
use std::path::PathBuf;
use std::process::ExitCode;

use clap::{Args, Subcommand, ValueEnum};
use gateway_policy::program::Scope;

use super::complain;
use crate::offline::Unusable;
use crate::offline::check::Finding;
use crate::offline::resources::Resources;

/// What can be done with documents alone.
#[derive(Debug, Subcommand)]
pub(super) enum PolicyCommand {
    /// Report every problem of documents as `file:line:column: error: message [Code]`.
    ///
    /// Exits with 0 if no document has an error, with 1 if one has, with 2 if a file cannot be read.
    Check(check::CheckArguments),
    /// Send a made-up request through one document and print what becomes of it.
    ///
    /// Prints the request as it is forwarded, the response, variables, trace records, the last error,
    /// and what policies asked for. Certificates are judged and cryptography is done as in a gateway;
    /// servers are scripted. Exits with 0 if the request ran, whatever its status, with 1 if the
    /// document does not compile, with 2 if the input cannot be used.
    Run(Box<run::RunArguments>),
    /// Run cases: a document, a request, and what is expected to become of it.
    ///
    /// A case is a file *.case.toml beside its document. Exits with 0 if all are as expected, with 1 if
    /// one is not, with 2 if there is none.
    Test(test::TestArguments),
    /// Count how many documents of a directory are read, compile and run, and what stops the others.
    ///
    /// Named values, backends, certificates and fragments count as existing.
    Coverage(coverage::CoverageArguments),
}

/// Exit code of input that cannot be used at all.
const UNUSABLE: u8 = 2;

pub(super) fn run(command: &PolicyCommand) -> ExitCode {
    let ended = match command {
        PolicyCommand::Check(arguments) => check::run(arguments),
        PolicyCommand::Run(arguments) => run::run(arguments),
        PolicyCommand::Test(arguments) => test::run(arguments),
        PolicyCommand::Coverage(arguments) => coverage::run(arguments),
    };
    ended.unwrap_or_else(|problem| {
        complain(&problem.to_string());
        ExitCode::from(UNUSABLE)
    })
}

/// What documents may name.
#[derive(Debug, Args)]
struct ResourceArguments {
    /// A named value. May be repeated.
    #[arg(long = "named-value", value_name = "NAME=VALUE")]
    named_values: Vec<String>,
    /// A JSON object of named values: a text for each name, or {"value": "…", "secret": true}.
    #[arg(long = "named-values", value_name = "FILE.json")]
    named_value_files: Vec<PathBuf>,
    /// A directory of policy fragments: each *.xml is the fragment with its name.
    #[arg(long, value_name = "DIR")]
    fragments: Option<PathBuf>,
    /// Take every named value, backend, certificate, identity list and fragment that is not given as
    /// existing. A named value then has the first of `1`, `true`, `https://example.com` and `abc` under
    /// which the document has the fewest errors; a fragment is empty.
    #[arg(long)]
    assume_resources: bool,
}

impl ResourceArguments {
    fn read(&self) -> Result<Resources, Unusable> {
        let mut resources = if self.assume_resources {
            Resources::assumed()
        } else {
            Resources::default()
        };
        for file in &self.named_value_files {
            resources.add_named_values_file(file)?;
        }
        for argument in &self.named_values {
            resources.add_named_value_argument(argument)?;
        }
        if let Some(directory) = &self.fragments {
            resources.add_fragments(directory)?;
        }
        Ok(resources)
    }
}

/// Where a document would be saved.
#[derive(Debug, Clone, Copy, ValueEnum)]
enum ScopeArgument {
    Global,
    Product,
    Api,
    Operation,
}

impl From<ScopeArgument> for Scope {
    fn from(scope: ScopeArgument) -> Self {
        match scope {
            ScopeArgument::Global => Self::Global,
            ScopeArgument::Product => Self::Product,
            ScopeArgument::Api => Self::Api,
            ScopeArgument::Operation => Self::Operation,
        }
    }
}

/// Writes a problem of a document beside the command's output, as editors read it.
fn problem(finding: &Finding) {
    let mut errors = std::io::stderr().lock();
    let _ = writeln!(errors, "{finding}");
}

/// Writes a line of the command's output. Who reads only the beginning of it ends the pipe; that is no
/// failure.
fn line(text: &str) {
    let mut out = std::io::stdout().lock();
    let _ = writeln!(out, "{text}");
}
