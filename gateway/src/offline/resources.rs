//! The resources that documents may name when there is no service: given as arguments, or assumed.

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::Arc;

use gateway_policy::program::{Environment, NamedValue, ResourceKind};
use serde_json::Value;

use super::{Unusable, files};

/// What documents may name.
#[derive(Debug, Clone, Default)]
pub struct Resources {
    /// By display name, compared as APIM does: without regard to case.
    named_values: BTreeMap<String, NamedValue>,
    /// By lower-case id.
    fragments: BTreeMap<String, Arc<str>>,
    /// Identity lists, by the spelling they were given in.
    pub identity_lists: Vec<String>,
    /// Whether every other resource counts as existing.
    pub assume: bool,
    /// Whether named values count as existing too, with `Resources::assumed_value`.
    pub assume_named_values: bool,
    /// Values chosen for single names, see [`super::check::compile_assuming`].
    pub(super) chosen: BTreeMap<String, Arc<str>>,
}

/// What an assumed named value may be, in the order in which they are tried: values stand in numbers,
/// conditions, addresses and texts.
pub const ASSUMED_VALUES: [&str; 4] = ["1", "true", "https://example.com", "abc"];

impl Resources {
    /// Resources of which everything that is not given is assumed.
    #[must_use]
    pub fn assumed() -> Self {
        Self {
            assume: true,
            assume_named_values: true,
            ..Self::default()
        }
    }

    /// Adds a named value; a later one replaces an earlier one of the same name.
    pub fn add_named_value(&mut self, name: &str, value: &str, secret: bool) {
        let value = NamedValue {
            value: Arc::from(value),
            secret,
        };
        self.named_values.insert(name.to_lowercase(), value);
    }

    /// Adds a named value written `name=value`.
    ///
    /// # Errors
    /// If there is no `=` or no name.
    pub fn add_named_value_argument(&mut self, argument: &str) -> Result<(), Unusable> {
        let (name, value) = split_argument(argument, "a named value")?;
        self.add_named_value(name, value, false);
        Ok(())
    }

    /// Adds the named values of a JSON object: a text for each name, or `{"value": …, "secret": …}`.
    ///
    /// # Errors
    /// If the file is no such object.
    pub fn add_named_values_file(&mut self, path: &Path) -> Result<(), Unusable> {
        let text = files::read_text(path)?;
        let content: Value =
            serde_json::from_str(&text).map_err(|error| Unusable::file(path, error))?;
        let Value::Object(values) = content else {
            return Err(Unusable::file(path, "a JSON object of names is expected"));
        };
        for (name, value) in values {
            let secret = value.get("secret").and_then(Value::as_bool) == Some(true);
            match value.get("value").unwrap_or(&value) {
                Value::String(text) => self.add_named_value(&name, text, secret),
                _ => {
                    let problem = format!(
                        "`{name}` must be a text or an object with a text `value` and `secret`"
                    );
                    return Err(Unusable::file(path, problem));
                }
            }
        }
        Ok(())
    }

    /// Adds a policy fragment.
    pub fn add_fragment(&mut self, id: &str, source: &str) {
        self.fragments.insert(id.to_lowercase(), Arc::from(source));
    }

    /// Adds every `*.xml` directly in a directory as the fragment with its name.
    ///
    /// # Errors
    /// If the directory or a file in it cannot be read.
    pub fn add_fragments(&mut self, directory: &Path) -> Result<(), Unusable> {
        if !directory.is_dir() {
            return Err(Unusable::file(directory, "this is not a directory"));
        }
        for path in files::find(&[directory.to_owned()], ".xml")? {
            if let Some(id) = path.file_stem().and_then(|stem| stem.to_str()) {
                self.add_fragment(id, &files::read_text(&path)?);
            }
        }
        Ok(())
    }

    /// The value that an assumed named value has.
    fn assumed_value(&self, name: &str) -> Arc<str> {
        match self.chosen.get(&name.to_lowercase()) {
            Some(value) => Arc::clone(value),
            None => Arc::from(ASSUMED_VALUES.first().copied().unwrap_or_default()),
        }
    }

    /// Whether this named value was given, and not assumed.
    pub(super) fn is_given(&self, name: &str) -> bool {
        self.named_values.contains_key(&name.to_lowercase())
    }
}

/// The parts of `name=value`.
///
/// # Errors
/// If there is no `=` or nothing before it.
pub fn split_argument<'a>(argument: &'a str, what: &str) -> Result<(&'a str, &'a str), Unusable> {
    match argument.split_once('=') {
        Some((name, value)) if !name.trim().is_empty() => Ok((name.trim(), value)),
        _ => Err(Unusable(format!(
            "{what} is written NAME=VALUE: `{argument}`"
        ))),
    }
}

impl Environment for Resources {
    fn named_value(&self, name: &str) -> Option<NamedValue> {
        let given = self.named_values.get(&name.to_lowercase()).cloned();
        given.or_else(|| {
            self.assume_named_values.then(|| NamedValue {
                value: self.assumed_value(name),
                secret: false,
            })
        })
    }

    fn fragment(&self, id: &str) -> Option<Arc<str>> {
        self.fragments.get(&id.to_lowercase()).cloned()
    }

    fn exists(&self, kind: ResourceKind, name: &str) -> bool {
        match kind {
            ResourceKind::NamedValue => self.assume_named_values || self.is_given(name),
            ResourceKind::PolicyFragment => {
                self.assume_named_values || self.fragments.contains_key(&name.to_lowercase())
            }
            ResourceKind::IdentityList => {
                let given = &self.identity_lists;
                self.assume || given.iter().any(|known| known.eq_ignore_ascii_case(name))
            }
            _ => self.assume,
        }
    }

    fn names(&self, kind: ResourceKind) -> Vec<String> {
        match kind {
            ResourceKind::NamedValue => self.named_values.keys().cloned().collect(),
            ResourceKind::PolicyFragment => self.fragments.keys().cloned().collect(),
            ResourceKind::IdentityList => self.identity_lists.clone(),
            _ => Vec::new(),
        }
    }

    /// They come from the person who wrote the documents.
    fn allow_code_in_named_values(&self) -> bool {
        false
    }
}
