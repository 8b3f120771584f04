//! `System.Uri` objects: absolute or relative, and one seen from the other.

use super::escaping::{is_well_formed, safe_unescaped};
use super::uri::{Absolute, UriProblem, cut, remove_dots, scheme_of};
use crate::expression::exception::{Exception, names};
use crate::expression::foreign::Foreign;
use crate::expression::key::Key;
use crate::expression::types::{Basic, Type};
use crate::expression::value::Value;

/// A URI or a relative reference.
#[derive(Debug)]
pub(super) struct Reference {
    pub(super) original: String,
    /// `None` for a relative reference.
    pub(super) absolute: Option<Absolute>,
}

/// `UriKind`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Wanted {
    Either,
    Absolute,
    Relative,
}

impl Reference {
    pub(super) fn parse(source: &str, wanted: Wanted) -> Result<Self, UriProblem> {
        let parsed = Absolute::parse(source);
        let relative = || Self {
            original: source.to_owned(),
            absolute: None,
        };
        match (parsed, wanted) {
            (Ok(absolute), Wanted::Absolute | Wanted::Either) => Ok(Self {
                original: source.to_owned(),
                absolute: Some(absolute),
            }),
            (Ok(_), Wanted::Relative) => Err(UriProblem::Format),
            (Err(problem), Wanted::Absolute) => Err(problem),
            (Err(UriProblem::Format | UriProblem::Empty), _) => Ok(relative()),
            (Err(problem), _) => Err(problem),
        }
    }

    /// What `reference` means seen from `base` (RFC 3986 section 5.2.2).
    pub(super) fn resolve(base: &Absolute, reference: &str) -> Result<Self, UriProblem> {
        let reference = reference.trim();
        if scheme_of(reference).is_some() {
            return Self::parse(reference, Wanted::Absolute);
        }
        let (rest, fragment) = cut(reference, '#');
        let (path, query) = cut(rest, '?');
        let target = if path.starts_with("//") {
            format!("{}:{path}{query}{fragment}", base.scheme)
        } else if path.is_empty() {
            let query = if query.is_empty() { &base.query } else { query };
            format!("{}{}{query}{fragment}", base.origin(), base.path)
        } else if path.starts_with('/') {
            format!("{}{path}{query}{fragment}", base.origin())
        } else {
            let folder = base.path.rfind('/').and_then(|at| base.path.get(..=at));
            let merged = remove_dots(&format!("{}{path}", folder.unwrap_or("/")));
            format!("{}{merged}{query}{fragment}", base.origin())
        };
        let absolute = Absolute::parse(&target)?;
        Ok(Self {
            original: absolute.printed(),
            absolute: Some(absolute),
        })
    }

    /// `IsWellFormedOriginalString`.
    pub(super) fn is_well_formed(&self) -> bool {
        let original = self.original.as_str();
        match &self.absolute {
            // A fragment holds no second `#`.
            Some(_) => is_well_formed(original) && original.matches('#').count() < 2,
            None => is_well_formed(original) && !original.starts_with("//"),
        }
    }

    /// `ToString()`.
    pub(super) fn printed(&self) -> String {
        match &self.absolute {
            Some(uri) => format!(
                "{}{}{}{}",
                uri.origin(),
                safe_unescaped(&uri.path),
                safe_unescaped(&uri.query),
                safe_unescaped(&uri.fragment)
            ),
            None => self.original.clone(),
        }
    }
}

/// `base.MakeRelativeUri(to)`: the way from one path to the other, or `to` itself where scheme, host
/// or port differ.
pub(super) fn make_relative(base: &Absolute, to: &Reference) -> Option<String> {
    let target = to.absolute.as_ref()?;
    if base.scheme != target.scheme || base.host != target.host || base.port != target.port {
        return None;
    }
    let path = difference(&base.path, &target.path);
    let first = path.split('/').next().unwrap_or_default();
    let dot = if first.contains(':') { "./" } else { "" };
    Some(format!("{dot}{path}{}{}", target.query, target.fragment))
}

fn difference(from: &str, to: &str) -> String {
    let same = from
        .bytes()
        .zip(to.bytes())
        .take_while(|(a, b)| a == b)
        .count();
    if same == 0 {
        return to.to_owned();
    }
    if same == from.len() && same == to.len() {
        return String::new();
    }
    let shared = from.as_bytes().get(..same).unwrap_or_default();
    let slash = shared.iter().rposition(|byte| *byte == b'/');
    let ups = from
        .as_bytes()
        .get(same..)
        .unwrap_or_default()
        .iter()
        .filter(|byte| **byte == b'/')
        .count();
    if ups == 0 && slash == to.len().checked_sub(1) {
        return "./".to_owned();
    }
    let rest = to.get(slash.map_or(0, |at| at + 1)..).unwrap_or_default();
    format!("{}{rest}", "../".repeat(ups))
}

impl Foreign for Reference {
    fn type_of(&self) -> Type {
        Type::Basic(Basic::Uri)
    }

    fn print(&self) -> Result<String, Exception> {
        Ok(self.printed())
    }

    /// Equal without user information and fragment.
    fn key(&self) -> Option<Key> {
        let text = match &self.absolute {
            Some(uri) => {
                let (host, path, query) = (uri.host_and_port(), &uri.path, &uri.query);
                format!("{}://{host}{path}{query}", uri.scheme)
            }
            None => self.original.clone(),
        };
        Some(Key::Parts(vec![Key::Scalar(18, 0), Key::Text(text.into())]))
    }

    fn byte_length(&self) -> usize {
        self.original.len()
    }
}

/// A `System.UriFormatException`.
pub(super) fn refused(problem: UriProblem) -> Exception {
    Exception::new(names::URI_FORMAT, problem.message())
}

pub(super) fn reference(value: Option<&Value>) -> Result<&Reference, Exception> {
    value
        .and_then(Value::as_foreign)
        .ok_or_else(Exception::null_reference)
}
