//! How cases are written.
//!
//! ```text
//! # A comment.
//! === what the case proves
//! from: where the rule stands
//! inbound: <set-method>PUT</set-method>
//! header: x-a: b
//! > method: PUT
//! ```
//!
//! A line `key: value` says what is given, a line `> key: value` what must come out; lines `|` after
//! either continue its value as they stand. `⍽` is a no-break space. `world.rs` knows what may be given,
//! `observing.rs` what may be expected. A line `from:` before the first case holds for cases without.

/// One case.
pub struct Case {
    pub file: String,
    pub line: usize,
    pub title: String,
    pub from: String,
    pub given: Vec<(String, String)>,
    pub expected: Vec<(String, String)>,
}

impl Case {
    /// The value of what is given once at most.
    pub fn given(&self, key: &str) -> Option<&str> {
        let found = self.given.iter().find(|(known, _)| known == key);
        found.map(|(_, value)| value.as_str())
    }

    /// The values of what may be given several times.
    pub fn all<'a>(&'a self, key: &'a str) -> impl Iterator<Item = &'a str> {
        self.given
            .iter()
            .filter(move |(known, _)| known == key)
            .map(|(_, value)| value.as_str())
    }
}

enum Last {
    Nothing,
    Given,
    Expected,
}

/// The cases of one file.
pub fn read(file: &str, text: &str) -> Vec<Case> {
    let mut cases: Vec<Case> = Vec::new();
    let mut from = String::new();
    let mut last = Last::Nothing;
    for (index, line) in text.lines().enumerate() {
        let place = || format!("{file}:{}", index + 1);
        let line = line.replace('⍽', "\u{a0}");
        if line.is_empty() || line.starts_with('#') {
            continue;
        }
        if let Some(title) = line.strip_prefix("=== ") {
            cases.push(Case {
                file: file.to_owned(),
                line: index + 1,
                title: title.to_owned(),
                from: from.clone(),
                given: Vec::new(),
                expected: Vec::new(),
            });
            last = Last::Nothing;
            continue;
        }
        let Some(case) = cases.last_mut() else {
            from = line
                .strip_prefix("from: ")
                .unwrap_or_else(|| panic!("{} belongs to no case", place()))
                .to_owned();
            continue;
        };
        if let Some(more) = line.strip_prefix('|') {
            let list = match last {
                Last::Given => &mut case.given,
                Last::Expected => &mut case.expected,
                Last::Nothing => panic!("{} continues nothing", place()),
            };
            let value = &mut list.last_mut().unwrap().1;
            if !value.is_empty() {
                value.push('\n');
            }
            value.push_str(more);
            continue;
        }
        let (expected, line) = match line.strip_prefix("> ") {
            Some(rest) => (true, rest),
            None => (false, line.as_str()),
        };
        let (key, value) = match line.split_once(": ") {
            Some((key, value)) => (key, value),
            None => (line.trim_end_matches(':'), ""),
        };
        let pair = (key.to_owned(), value.to_owned());
        if expected {
            case.expected.push(pair);
            last = Last::Expected;
        } else if key == "from" {
            value.clone_into(&mut case.from);
            last = Last::Nothing;
        } else {
            case.given.push(pair);
            last = Last::Given;
        }
    }
    cases
}
