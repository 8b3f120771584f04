//! Reads values from the file and the environment, and notes every problem instead of stopping.

use std::collections::BTreeMap;
use std::ops::Range;
use std::path::{Path, PathBuf};
use std::rc::Rc;

use toml_edit::{Document, Item, Key, Table, TableLike, Value};

use super::nearest::nearest;
use super::problem::{Place, SettingsProblem};
use super::section::SectionInfo;
use super::value::Setting;

/// Every variable of ours begins with this.
pub(super) const PREFIX: &str = "COUNTERSIGN_";

/// Variables that others read: the command line (`--config`).
const NOT_SETTINGS: &[&str] = &["CONFIG"];

pub(super) struct Reader<'a> {
    file: String,
    base: PathBuf,
    text: &'a str,
    /// `None` if the text is no TOML.
    document: Option<Rc<Document<String>>>,
    /// Without the prefix.
    variables: BTreeMap<String, String>,
    pub(super) problems: Vec<SettingsProblem>,
}

impl<'a> Reader<'a> {
    /// Text that is no TOML is a problem like any other: what the environment says is still read.
    pub(super) fn new(file: &Path, text: &'a str, variables: BTreeMap<String, String>) -> Self {
        let mut problems = Vec::new();
        let document = match Document::parse(text.to_owned()) {
            Ok(document) => Some(Rc::new(document)),
            Err(error) => {
                let place = Place::Line {
                    file: file.display().to_string(),
                    line: error.span().map_or(1, |span| line_of(text, span.start)),
                };
                let message = error.message().lines().collect::<Vec<_>>().join("; ");
                problems.push(SettingsProblem {
                    key: String::new(),
                    place,
                    message,
                });
                None
            }
        };
        let variables = variables
            .into_iter()
            .filter_map(|(name, value)| Some((name.strip_prefix(PREFIX)?.to_owned(), value)))
            .collect();
        Self {
            file: file.display().to_string(),
            base: file.parent().map(Path::to_owned).unwrap_or_default(),
            text,
            document,
            variables,
            problems,
        }
    }

    /// A value of a section: from the environment, else from the file, else the default. Also the
    /// default if there is a problem, so that everything else can still be looked at; the problem is
    /// noted and no settings come of it.
    pub(super) fn value<T: Setting>(
        &mut self,
        section: &str,
        key: &str,
        default: Option<&str>,
    ) -> Option<T> {
        if let Some(text) = self.variables.get(&variable_of(section, key)) {
            let value = T::from_text(text, &self.base);
            if value.is_none() {
                self.note(
                    section,
                    key,
                    format!("expected {}, found `{text}`", T::EXPECTED),
                );
            }
            return value.or_else(|| self.default(default));
        }
        let document = self.document.clone();
        match section_of(document.as_ref(), section).and_then(|table| table.get(key)) {
            Some(item) => {
                let value = self.value_of_item(&format!("{section}.{key}"), item);
                value.or_else(|| self.default(default))
            }
            None => self.default(default),
        }
    }

    /// A value of an entry of a list of tables; `None` as default: it must be there.
    pub(super) fn entry_value<T: Setting>(
        &mut self,
        entry: &Entry,
        key: &str,
        default: Option<&str>,
    ) -> Option<T> {
        let label = format!("{}.{key}", entry.label);
        if let Some(item) = entry.table.get(key) {
            return self.value_of_item(&label, item);
        }
        let value = self.default(default);
        if value.is_none() {
            self.note_at(
                label,
                entry.place.clone(),
                format!("is missing; expected {}", T::EXPECTED),
            );
        }
        value
    }

    fn value_of_item<T: Setting>(&mut self, label: &str, item: &Item) -> Option<T> {
        let value = item
            .as_value()
            .and_then(|value| T::from_toml(value, &self.base));
        if value.is_none() {
            let found = item.as_value().map_or_else(|| "a table".to_owned(), shown);
            let place = self.place_of(item.span());
            self.note_at(
                label.to_owned(),
                place,
                format!("expected {}, found {found}", T::EXPECTED),
            );
        }
        value
    }

    fn default<T: Setting>(&self, default: Option<&str>) -> Option<T> {
        match default {
            // The defaults are constants; a test reads each of them.
            Some(default) => T::from_toml(&default.parse().ok()?, &self.base),
            None => T::when_absent(),
        }
    }

    /// Notes what `check` says against a value.
    pub(super) fn check<T>(
        &mut self,
        section: &str,
        key: &str,
        value: Option<&T>,
        check: impl Fn(&T) -> Result<(), String>,
    ) {
        if let Some(Err(message)) = value.map(check) {
            self.note(section, key, message);
        }
    }

    /// Whether a problem with this key was noted, so that its value is not the one that was given.
    pub(super) fn has_problem(&self, section: &str, key: &str) -> bool {
        let name = format!("{section}.{key}");
        self.problems.iter().any(|problem| problem.key == name)
    }

    /// Notes a problem with a key of a section, at the place where its value was written.
    pub(super) fn note(&mut self, section: &str, key: &str, message: String) {
        let place = self.place(section, key);
        self.note_at(format!("{section}.{key}"), place, message);
    }

    pub(super) fn note_at(&mut self, key: String, place: Place, message: String) {
        self.problems.push(SettingsProblem {
            key,
            place,
            message,
        });
    }

    /// Where a key's value was written.
    pub(super) fn place(&self, section: &str, key: &str) -> Place {
        let variable = variable_of(section, key);
        if self.variables.contains_key(&variable) {
            return Place::Variable(format!("{PREFIX}{variable}"));
        }
        match section_of(self.document.as_ref(), section).and_then(|table| table.get_key_value(key))
        {
            Some((key, item)) => self.place_of(key.span().or_else(|| item.span())),
            None => Place::Default,
        }
    }

    fn place_of(&self, span: Option<Range<usize>>) -> Place {
        let line = span.map_or(1, |span| line_of(self.text, span.start));
        Place::Line {
            file: self.file.clone(),
            line,
        }
    }

    /// The entries of a list of tables.
    pub(super) fn entries(&mut self, name: &str) -> Vec<Entry> {
        let document = self.document.clone();
        let Some(item) = document.as_ref().and_then(|document| document.get(name)) else {
            return Vec::new();
        };
        let place = self.place_of(item.span());
        if let Some(tables) = item.as_array_of_tables() {
            let tables = tables.iter().enumerate();
            return tables
                .map(|(index, table)| Entry {
                    label: format!("{name}[{}]", index + 1),
                    place: self.place_of(table.span()),
                    table: table.clone(),
                })
                .collect();
        }
        let message = format!("write each entry as a table of its own under [[{name}]]");
        self.note_at(name.to_owned(), place, message);
        Vec::new()
    }

    /// Notes keys of an entry that are not known.
    pub(super) fn check_entry_keys(&mut self, entry: &Entry, known: &[&str]) {
        for (key, item) in entry.table.iter() {
            if !known.contains(&key) {
                let place = self.place_of(
                    entry
                        .table
                        .key(key)
                        .and_then(|key| key.span())
                        .or(item.span()),
                );
                let message = format!("is not known{}", meant(key, known.iter().copied(), ""));
                self.note_at(format!("{}.{key}", entry.label), place, message);
            }
        }
    }

    /// Notes sections, keys and variables that are not known. `lists` are lists of tables.
    pub(super) fn check_names(&mut self, sections: &[SectionInfo], lists: &[&str]) {
        let document = self.document.clone();
        let empty = Table::new();
        let root = document
            .as_ref()
            .map_or(&empty, |document| document.as_table());
        for (name, item) in root {
            if lists.contains(&name) {
                continue;
            }
            let at = root.key(name).and_then(Key::span).or_else(|| item.span());
            let Some(section) = sections.iter().find(|section| section.name == name) else {
                let message = not_a_section(name, item.is_table_like(), sections, lists);
                let place = self.place_of(at);
                self.note_at(name.to_owned(), place, message);
                continue;
            };
            let Some(table) = item.as_table_like() else {
                let place = self.place_of(at);
                self.note_at(
                    name.to_owned(),
                    place,
                    format!("is a section: write [{name}] and its keys below"),
                );
                continue;
            };
            self.check_keys(table, section, sections);
        }
        self.check_variables(sections, lists);
    }

    fn check_keys(
        &mut self,
        table: &dyn TableLike,
        section: &SectionInfo,
        sections: &[SectionInfo],
    ) {
        let names = |section: &SectionInfo| section.keys.iter().map(|key| key.name);
        for (key, item) in table.iter() {
            if names(section).any(|name| name == key) {
                continue;
            }
            let elsewhere = sections
                .iter()
                .find(|other| names(other).any(|name| name == key));
            let hint = match elsewhere {
                Some(other) => format!("; it belongs to [{}]", other.name),
                None => meant(key, names(section), ""),
            };
            let place = self.place_of(table.key(key).and_then(Key::span).or_else(|| item.span()));
            self.note_at(
                format!("{}.{key}", section.name),
                place,
                format!("is not known{hint}"),
            );
        }
    }

    fn check_variables(&mut self, sections: &[SectionInfo], lists: &[&str]) {
        let known: Vec<String> = sections
            .iter()
            .flat_map(|section| {
                section
                    .keys
                    .iter()
                    .map(|key| variable_of(section.name, key.name))
            })
            .collect();
        let unknown: Vec<String> = self
            .variables
            .keys()
            .filter(|name| !known.contains(name) && !NOT_SETTINGS.contains(&name.as_str()))
            .filter(|name| !is_service_link(name))
            .cloned()
            .collect();
        for name in unknown {
            let of_list = lists
                .iter()
                .find(|list| name.starts_with(&variable_of(list, "")));
            let message = match of_list {
                Some(list) => format!("[[{list}]] can be set in the file only"),
                None => {
                    let hint = meant(&name, known.iter().map(String::as_str), PREFIX);
                    format!("is not a setting{hint}")
                }
            };
            self.note_at(
                String::new(),
                Place::Variable(format!("{PREFIX}{name}")),
                message,
            );
        }
    }
}

/// An entry of a list of tables.
pub(super) struct Entry {
    /// `host[2]`.
    pub(super) label: String,
    pub(super) place: Place,
    table: Table,
}

impl Entry {
    /// Where the value of `key` was written, or where the entry begins.
    pub(super) fn place(&self, reader: &Reader<'_>, key: &str) -> Place {
        match self.table.get_key_value(key) {
            Some((key, item)) => reader.place_of(key.span().or_else(|| item.span())),
            None => self.place.clone(),
        }
    }
}

fn section_of<'d>(
    document: Option<&'d Rc<Document<String>>>,
    section: &str,
) -> Option<&'d dyn TableLike> {
    document?.get(section)?.as_table_like()
}

/// The name of a key's variable, without the prefix.
pub(super) fn variable_of(section: &str, key: &str) -> String {
    format!("{section}_{key}").to_ascii_uppercase()
}

/// What Kubernetes and Docker put into the environment for a service called `countersign` or
/// `countersign-…`: `…SERVICE_HOST`, `…SERVICE_PORT[_NAME]`, `…PORT[_8443_TCP[_ADDR]]`
/// (<https://kubernetes.io/docs/concepts/services-networking/service/#environment-variables>).
pub(super) fn is_service_link(name: &str) -> bool {
    let parts: Vec<&str> = name.split('_').collect();
    let number = |part: &str| !part.is_empty() && part.bytes().all(|b| b.is_ascii_digit());
    (0..parts.len()).any(|start| match parts.get(start..).unwrap_or_default() {
        ["SERVICE", "HOST"] | ["SERVICE", "PORT", ..] | ["PORT"] => true,
        ["PORT", port, "TCP" | "UDP" | "SCTP", rest @ ..] => {
            number(port) && matches!(rest, [] | ["ADDR" | "PORT" | "PROTO"])
        }
        _ => false,
    })
}

fn not_a_section(name: &str, is_table: bool, sections: &[SectionInfo], lists: &[&str]) -> String {
    let home = sections
        .iter()
        .find(|section| section.keys.iter().any(|key| key.name == name));
    match home {
        Some(section) if !is_table => {
            format!("is not known here; it belongs to [{}]", section.name)
        }
        _ => {
            let names = sections
                .iter()
                .map(|section| section.name)
                .chain(lists.iter().copied());
            format!("is not a section{}", meant(name, names, ""))
        }
    }
}

fn meant<'c>(name: &str, candidates: impl Iterator<Item = &'c str>, prefix: &str) -> String {
    nearest(name, candidates).map_or_else(String::new, |near| {
        format!("; did you mean `{prefix}{near}`?")
    })
}

/// A value as it was written, shortened.
fn shown(value: &Value) -> String {
    let text = value.clone().decorated("", "").to_string();
    let mut short: String = text.chars().take(60).collect();
    if short.len() < text.len() {
        short.push('…');
    }
    short
}

fn line_of(text: &str, offset: usize) -> usize {
    text.bytes()
        .take(offset)
        .filter(|byte| *byte == b'\n')
        .count()
        + 1
}
