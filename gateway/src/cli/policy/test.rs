//! `countersign policy test`.

use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use clap::Args;
use serde_json::{Value, json};

use super::line;
use crate::cli::REFUSED;
use crate::offline::case::{Ran, Verdict, name_of, run as run_case, to_junit};
use crate::offline::{Unusable, files};

#[derive(Debug, Args)]
pub(in crate::cli) struct TestArguments {
    /// Directories or case files: each *.case.toml below a directory is a case.
    #[arg(required = true, value_name = "DIR")]
    paths: Vec<PathBuf>,
    /// Run only cases whose file or name contains this text.
    #[arg(long, value_name = "TEXT")]
    filter: Option<String>,
    /// Print one JSON object.
    #[arg(long)]
    json: bool,
    /// Also write the results as `JUnit` XML.
    #[arg(long, value_name = "FILE")]
    junit: Option<PathBuf>,
}

pub(super) fn run(arguments: &TestArguments) -> Result<ExitCode, Unusable> {
    let mut paths = files::find(&arguments.paths, ".case.toml")?;
    if let Some(filter) = &arguments.filter {
        paths.retain(|path| {
            path.to_string_lossy().contains(filter) || name_of(path).contains(filter)
        });
    }
    if paths.is_empty() {
        // A CI job that tests nothing must not be green.
        return Err(Unusable("there are no such cases".to_owned()));
    }
    let mut cases = Vec::with_capacity(paths.len());
    for path in &paths {
        let case = run_case(path);
        if !arguments.json {
            line(&in_words(&case));
        }
        cases.push(case);
    }
    if let Some(file) = &arguments.junit {
        write(file, &to_junit(&cases))?;
    }
    let passed = cases
        .iter()
        .filter(|case| case.verdict == Verdict::Passed)
        .count();
    let failed = cases.len() - passed;
    if arguments.json {
        let results: Vec<Value> = cases.iter().map(to_json).collect();
        line(&json!({ "passed": passed, "failed": failed, "cases": results }).to_string());
    } else {
        line(&format!("{passed} passed, {failed} failed"));
    }
    Ok(if failed == 0 {
        ExitCode::SUCCESS
    } else {
        ExitCode::from(REFUSED)
    })
}

fn write(path: &Path, text: &str) -> Result<(), Unusable> {
    let written = std::fs::File::create(path).and_then(|mut file| file.write_all(text.as_bytes()));
    written.map_err(|error| Unusable::file(path, error))
}

fn in_words(case: &Ran) -> String {
    let indented = |text: &str| -> String {
        text.lines()
            .map(|line| format!("\n    {line}"))
            .collect::<String>()
    };
    match &case.verdict {
        Verdict::Passed => format!("ok      {}", case.name),
        Verdict::Failed(differences) => {
            let texts: String = differences
                .iter()
                .map(|difference| indented(&difference.to_string()))
                .collect();
            format!("FAILED  {} ({}){texts}", case.name, case.path.display())
        }
        Verdict::Unusable(problem) => format!(
            "FAILED  {} ({}){}",
            case.name,
            case.path.display(),
            indented(problem)
        ),
    }
}

fn to_json(case: &Ran) -> Value {
    let (verdict, problems): (&str, Vec<Value>) = match &case.verdict {
        Verdict::Passed => ("passed", Vec::new()),
        Verdict::Failed(differences) => (
            "failed",
            differences
                .iter()
                .map(|it| json!({ "what": it.what, "expected": it.expected, "found": it.found }))
                .collect(),
        ),
        Verdict::Unusable(problem) => ("unusable", vec![json!({ "what": problem })]),
    };
    json!({
        "file": case.path.display().to_string(),
        "name": case.name,
        "verdict": verdict,
        "differences": problems,
    })
}
