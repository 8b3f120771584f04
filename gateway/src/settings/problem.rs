//! What is wrong with the settings, and where.

use std::fmt;

/// One mistake: which key, where it was written, what is wrong.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SettingsProblem {
    /// The key as `section.key`, or `host[2].key` for the second `[[host]]`; empty if the mistake is
    /// not at a key.
    pub key: String,
    /// Where the value was written.
    pub place: Place,
    /// What is wrong, and what to do about it. Never a secret.
    pub message: String,
}

/// Where a value comes from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Place {
    /// A line of the configuration file, counted from 1.
    Line {
        /// The file as it was named.
        file: String,
        /// The line.
        line: usize,
    },
    /// A variable of the environment.
    Variable(String),
    /// Nowhere: the default holds.
    Default,
}

impl fmt::Display for SettingsProblem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.place {
            Place::Line { file, line } => write!(f, "{file}:{line}: ")?,
            Place::Variable(name) => write!(f, "{name}: ")?,
            Place::Default if self.key.is_empty() => {}
            Place::Default => f.write_str("default of ")?,
        }
        if !self.key.is_empty() {
            write!(f, "{}: ", self.key)?;
        }
        f.write_str(&self.message)
    }
}

impl std::error::Error for SettingsProblem {}
