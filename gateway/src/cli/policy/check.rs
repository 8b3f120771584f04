//! `countersign policy check`.

use std::path::PathBuf;
use std::process::ExitCode;

use clap::Args;
use serde_json::{Value, json};

use super::{ResourceArguments, ScopeArgument, UNUSABLE, complain, line};
use crate::cli::REFUSED;
use crate::offline::check::{Finding, check};
use crate::offline::{Unusable, files};

#[derive(Debug, Args)]
pub(in crate::cli) struct CheckArguments {
    /// Documents; a directory stands for every *.xml below it.
    #[arg(required = true, value_name = "FILE")]
    files: Vec<PathBuf>,
    /// Print one JSON object with `problems`, each with file, line, column, severity, code, message.
    #[arg(long)]
    json: bool,
    /// Exit with 1 for warnings too.
    #[arg(long)]
    deny_warnings: bool,
    /// Where the documents would be saved.
    #[arg(long, value_enum, default_value = "api")]
    scope: ScopeArgument,
    #[command(flatten)]
    resources: ResourceArguments,
}

pub(super) fn run(arguments: &CheckArguments) -> Result<ExitCode, Unusable> {
    let resources = arguments.resources.read()?;
    let paths = files::find(&arguments.files, ".xml")?;
    let mut findings: Vec<Finding> = Vec::new();
    let mut unusable = false;
    for path in &paths {
        match files::read_text(path) {
            Ok(source) => findings.extend(check(path, &source, arguments.scope.into(), &resources)),
            // The others are reported all the same.
            Err(problem) => {
                complain(&problem.to_string());
                unusable = true;
            }
        }
    }
    if arguments.json {
        let problems: Vec<Value> = findings.iter().map(Finding::to_json).collect();
        line(&json!({ "files": paths.len(), "problems": problems }).to_string());
    } else {
        findings
            .iter()
            .for_each(|finding| line(&finding.to_string()));
    }
    let refused = findings
        .iter()
        .any(|finding| finding.is_error() || arguments.deny_warnings);
    Ok(if unusable {
        ExitCode::from(UNUSABLE)
    } else if refused {
        ExitCode::from(REFUSED)
    } else {
        ExitCode::SUCCESS
    })
}
