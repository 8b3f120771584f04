//! `countersign policy coverage`.

use std::collections::BTreeSet;
use std::path::PathBuf;
use std::process::ExitCode;

use clap::Args;

use super::line;
use crate::offline::coverage::{Report, author_broken, examine_all};
use crate::offline::{Unusable, files};

#[derive(Debug, Args)]
pub(in crate::cli) struct CoverageArguments {
    /// A directory: every *.xml below it is a document.
    #[arg(value_name = "DIR")]
    directory: PathBuf,
    /// Print one JSON object.
    #[arg(long)]
    json: bool,
    /// A table, separated by tabs, with the columns `file` and `author_broken` in its first line: what
    /// is marked with `y` is left out.
    #[arg(long, value_name = "FILE.tsv")]
    index: Option<PathBuf>,
    /// How many causes to show.
    #[arg(long, value_name = "NUMBER", default_value_t = 40)]
    top: usize,
    /// Also print each error as `file:line:column: error: message [Code]`.
    #[arg(long, conflicts_with = "json")]
    problems: bool,
}

pub(super) fn run(arguments: &CoverageArguments) -> Result<ExitCode, Unusable> {
    let broken = match &arguments.index {
        Some(index) => author_broken(index)?,
        None => BTreeSet::new(),
    };
    let mut paths = files::find(std::slice::from_ref(&arguments.directory), ".xml")?;
    let found = paths.len();
    paths.retain(|path| {
        let name = path.file_name().map(|name| name.to_string_lossy());
        !name.is_some_and(|name| broken.contains(&*name))
    });
    let examined = examine_all(&paths)?;
    if arguments.problems {
        for one in &examined {
            for problem in &one.errors {
                let finding = crate::offline::check::Finding {
                    file: one.path.display().to_string(),
                    problem: problem.clone(),
                };
                line(&finding.to_string());
            }
        }
    }
    let report = Report::of(&examined, found - paths.len());
    if arguments.json {
        line(&report.to_json().to_string());
    } else {
        line(report.to_text(arguments.top).trim_end());
    }
    Ok(ExitCode::SUCCESS)
}
