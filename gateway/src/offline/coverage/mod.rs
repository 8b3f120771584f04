//! How much of other people's documents this gateway carries, and what stops the rest.

mod examine;
mod table;

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::sync::Mutex;
use std::sync::PoisonError;
use std::sync::atomic::{AtomicUsize, Ordering};

pub use examine::{Examined, Ran};
pub use table::{Cause, Report};

use super::{Unusable, files};

/// Stack of a thread that examines documents: an unoptimised build needs more than the usual 2 MiB for
/// the deepest expression that is taken.
const STACK: usize = 16 << 20;

/// Names of files that their authors left broken, from a table with the columns `file` and
/// `author_broken` in its first line; `y` marks them.
///
/// # Errors
/// If the table cannot be read or a column is missing.
pub fn author_broken(index: &Path) -> Result<BTreeSet<String>, Unusable> {
    let text = files::read_text(index)?;
    let mut lines = text.lines();
    let header: Vec<&str> = lines.next().unwrap_or_default().split('\t').collect();
    let column = |name: &str| {
        header
            .iter()
            .position(|known| *known == name)
            .ok_or_else(|| Unusable::file(index, format!("there is no column `{name}`")))
    };
    let (file, broken) = (column("file")?, column("author_broken")?);
    Ok(lines
        .map(|line| line.split('\t').collect::<Vec<&str>>())
        .filter(|cells| cells.get(broken) == Some(&"y"))
        .filter_map(|cells| cells.get(file).map(ToString::to_string))
        .collect())
}

/// Examines documents, several at a time, in the order in which they are given.
///
/// # Errors
/// If a thread cannot be started, or the world in which documents run cannot be made.
pub fn examine_all(paths: &[PathBuf]) -> Result<Vec<Examined>, Unusable> {
    let next = AtomicUsize::new(0);
    let found: Mutex<Vec<(usize, Examined)>> = Mutex::new(Vec::with_capacity(paths.len()));
    let threads = std::thread::available_parallelism().map_or(1, usize::from);
    std::thread::scope(|scope| {
        let mut running = Vec::new();
        for _ in 0..threads {
            let work = || -> Result<(), Unusable> {
                let examiner = examine::Examiner::new()?;
                loop {
                    let at = next.fetch_add(1, Ordering::Relaxed);
                    let Some(path) = paths.get(at) else {
                        return Ok(());
                    };
                    let examined = examiner.examine(path);
                    found
                        .lock()
                        .unwrap_or_else(PoisonError::into_inner)
                        .push((at, examined));
                }
            };
            let thread = std::thread::Builder::new().stack_size(STACK);
            let thread = thread
                .spawn_scoped(scope, work)
                .map_err(|error| Unusable(format!("a thread cannot be started: {error}")))?;
            running.push(thread);
        }
        for thread in running {
            let failed = || Unusable("a thread ended early".to_owned());
            thread.join().map_err(|_| failed())??;
        }
        Ok::<(), Unusable>(())
    })?;
    let mut found = found.into_inner().unwrap_or_else(PoisonError::into_inner);
    found.sort_by_key(|(at, _)| *at);
    Ok(found.into_iter().map(|(_, examined)| examined).collect())
}
