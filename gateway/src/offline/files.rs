//! Files and directories that the command line names.

use std::fs;
use std::path::{Path, PathBuf};

use super::Unusable;

/// Largest file that is read, in bytes. The largest policy document APIM takes has 256 KiB.
const MAX_BYTES: u64 = 16 << 20;

/// How deep directories are searched.
const MAX_DEPTH: usize = 32;

/// The bytes of a file.
///
/// # Errors
/// If it cannot be read, or has more than 16 MiB.
pub fn read(path: &Path) -> Result<Vec<u8>, Unusable> {
    let facts = fs::metadata(path).map_err(|error| Unusable::file(path, error))?;
    if facts.is_dir() {
        return Err(Unusable::file(path, "this is a directory"));
    }
    if facts.len() > MAX_BYTES {
        return Err(Unusable::file(
            path,
            format!("{} bytes are too many (at most {MAX_BYTES})", facts.len()),
        ));
    }
    fs::read(path).map_err(|error| Unusable::file(path, error))
}

/// The text of a file, without a byte order mark.
///
/// # Errors
/// As [`read`], or if it is not UTF-8.
pub fn read_text(path: &Path) -> Result<String, Unusable> {
    let text = String::from_utf8(read(path)?)
        .map_err(|error| Unusable::file(path, format!("not UTF-8: {}", error.utf8_error())))?;
    Ok(match text.strip_prefix('\u{feff}') {
        Some(rest) => rest.to_owned(),
        None => text,
    })
}

/// The files named: a file itself, of a directory every file below it that ends with `suffix`, in the
/// order of their names. Hidden directories are left out.
///
/// # Errors
/// If a path does not exist or a directory cannot be read.
pub fn find(paths: &[PathBuf], suffix: &str) -> Result<Vec<PathBuf>, Unusable> {
    let mut found = Vec::new();
    for path in paths {
        let facts = fs::metadata(path).map_err(|error| Unusable::file(path, error))?;
        if facts.is_dir() {
            let before = found.len();
            search(path, suffix, 0, &mut found)?;
            if let Some(new) = found.get_mut(before..) {
                new.sort();
            }
        } else {
            found.push(path.clone());
        }
    }
    Ok(found)
}

fn search(
    directory: &Path,
    suffix: &str,
    depth: usize,
    found: &mut Vec<PathBuf>,
) -> Result<(), Unusable> {
    if depth > MAX_DEPTH {
        return Err(Unusable::file(directory, "nested too deeply"));
    }
    let entries = fs::read_dir(directory).map_err(|error| Unusable::file(directory, error))?;
    for entry in entries {
        let entry = entry.map_err(|error| Unusable::file(directory, error))?;
        let path = entry.path();
        let name = entry.file_name();
        let name = name.to_string_lossy();
        // Links to directories are not followed: they may lead in a circle.
        let kind = entry
            .file_type()
            .map_err(|error| Unusable::file(&path, error))?;
        if kind.is_dir() {
            if !name.starts_with('.') {
                search(&path, suffix, depth + 1, found)?;
            }
        } else if name.ends_with(suffix) {
            found.push(path);
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_directory_stands_for_its_documents_in_order_and_hidden_ones_are_left_out() {
        let directory = tempfile::tempdir().unwrap();
        let at = |name: &str| directory.path().join(name);
        for name in ["b.xml", "a.xml", "sub/c.xml", ".git/d.xml", "notes.md"] {
            fs::create_dir_all(at(name).parent().unwrap()).unwrap();
            fs::write(at(name), "<policies/>").unwrap();
        }
        let found = find(&[directory.path().to_owned(), at("notes.md")], ".xml").unwrap();
        assert_eq!(
            found,
            [at("a.xml"), at("b.xml"), at("sub/c.xml"), at("notes.md")]
        );
        let missing = find(&[at("none.xml")], ".xml").unwrap_err();
        assert!(missing.0.contains("none.xml"), "{missing}");
    }

    #[test]
    fn a_text_that_is_not_utf_8_is_named() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("latin.xml");
        fs::write(&path, b"<policies>\xE4</policies>").unwrap();
        assert!(read_text(&path).unwrap_err().0.contains("not UTF-8"));
        fs::write(&path, "\u{feff}<policies/>").unwrap();
        assert_eq!(read_text(&path).unwrap(), "<policies/>");
    }
}
