//! A document file as a program that requests can run through.

use std::path::Path;
use std::sync::Arc;

use gateway_policy::document;
use gateway_policy::program::{Program, Scope, compile, link};

use super::check::{Finding, compile_assuming, is_fragment, is_refused};
use super::resources::Resources;
use super::{Unusable, files};

/// What came of a document.
#[derive(Debug)]
pub struct Loaded {
    /// The program; `None` if it does not compile.
    pub program: Option<Arc<Program>>,
    /// Its problems, warnings too.
    pub findings: Vec<Finding>,
}

/// The id under which a fragment is included to be run.
const ID: &str = "countersign-run";

/// Includes a fragment in every section that forwards nothing by itself.
const AROUND_FRAGMENT: &str =
    "<policies><inbound><include-fragment fragment-id=\"countersign-run\" /></inbound></policies>";

/// Compiles a document; a fragment runs where an `inbound` section includes it.
///
/// # Errors
/// If the file cannot be read.
pub fn load(path: &Path, scope: Scope, resources: &mut Resources) -> Result<Loaded, Unusable> {
    let source = files::read_text(path)?;
    let document = match document::parse(&source) {
        Ok(document) => document,
        Err(problems) => return Ok(refused(path, problems)),
    };
    let result = if resources.assume_named_values {
        compile_assuming(&document, scope, resources)
    } else {
        super::check::compile_any(&document, scope, resources)
    };
    if is_refused(&result.problems) || !is_fragment(&document) {
        return Ok(Loaded {
            program: result.program.map(|program| link(&[program])),
            ..refused(path, result.problems)
        });
    }
    Ok(Loaded {
        program: of_fragment(&source, scope, resources),
        ..refused(path, result.problems)
    })
}

/// The program of a document that does nothing but include a fragment.
pub(super) fn of_fragment(
    source: &str,
    scope: Scope,
    resources: &mut Resources,
) -> Option<Arc<Program>> {
    resources.add_fragment(ID, source);
    let document = document::parse(AROUND_FRAGMENT).ok()?;
    let program = compile(&document, scope, resources).program?;
    Some(link(&[program]))
}

fn refused(path: &Path, problems: Vec<gateway_policy::problem::Problem>) -> Loaded {
    let file = path.display().to_string();
    let finding = |problem| Finding {
        file: file.clone(),
        problem,
    };
    Loaded {
        program: None,
        findings: problems.into_iter().map(finding).collect(),
    }
}
