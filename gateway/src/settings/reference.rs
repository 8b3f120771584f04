//! The whole configuration file with its defaults, for people.

use std::fmt::Write as _;

use super::section::SectionInfo;
use super::{SECTIONS, hosts};

/// A configuration file that says what holds without one: every key with its default, its meaning and
/// its reason. Loading it gives the same settings as loading an empty file.
#[must_use]
pub fn default_configuration() -> String {
    let mut text = String::from(
        "# Countersign. Every key may be left out; what is written here is its default.\n\
         # Each can also be set by a variable: COUNTERSIGN_<SECTION>_<KEY>, for example\n\
         # COUNTERSIGN_GATEWAY_WORKERS=4; a variable wins over the file.\n\
         # Paths are relative to the directory of this file.\n",
    );
    for section in SECTIONS {
        write_section(&mut text, section);
    }
    text.push_str(
        "\n# Hosts whose certificate comes from files, which are read again when they change; as many as\n\
         # needed. Hosts with uploaded certificates are set over the admin API. In this file only.\n#\n# [[host]]\n",
    );
    for (key, example, help) in hosts::REFERENCE {
        // Writing to a string cannot fail.
        let _ = writeln!(text, "# # {help}\n# {key} = {example}");
    }
    text
}

fn write_section(text: &mut String, section: &SectionInfo) {
    text.push('\n');
    comment(text, section.about);
    // Writing to a string cannot fail.
    let _ = writeln!(text, "[{}]", section.name);
    for key in section.keys {
        comment(text, key.help);
        let _ = match key.default {
            Some(default) => writeln!(text, "{} = {default}", key.name),
            None => writeln!(text, "# {} =", key.name),
        };
    }
}

fn comment(text: &mut String, lines: &[&str]) {
    for line in lines {
        let _ = writeln!(text, "#{line}");
    }
}
