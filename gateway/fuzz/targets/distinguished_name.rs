//! Names are read, printed as .NET prints them, read again, and are still the same name; names that
//! are called the same have the same attributes.
//!
//! Input: two names with a NUL between them.

#![no_main]

use gateway_policy::dn::{AttributeValue, Dn};

libfuzzer_sys::fuzz_target!(|input: &str| {
    let (left, right) = input.split_once('\0').unwrap_or((input, ""));
    let Ok(left) = Dn::parse(left) else {
        return;
    };
    assert!(left.same_name(&left));
    assert_printed(&left);
    let Ok(right) = Dn::parse(right) else {
        return;
    };
    let same = left.same_name(&right);
    assert_eq!(same, right.same_name(&left), "{left} and {right}");
    if same {
        assert_eq!(attributes(&left), attributes(&right), "{left} and {right}");
    }
});

fn assert_printed(name: &Dn) {
    // .NET does not escape a backslash, which every other notation takes for an escape, and it
    // drops NULs.
    if name.as_str().contains(['\\', '\0']) || texts(name).any(|text| text.contains('\0')) {
        return;
    }
    let again = Dn::parse(name.as_str()).unwrap_or_else(|e| panic!("{name}: {e}"));
    assert!(again.same_name(name), "{name} is read as {again:?}");
    assert_eq!(again.rdns().len(), name.rdns().len());
}

fn texts(name: &Dn) -> impl Iterator<Item = &str> {
    name.rdns()
        .iter()
        .flat_map(|rdn| &rdn.0)
        .filter_map(|attribute| match &attribute.value {
            AttributeValue::Text(text) => Some(&**text),
            AttributeValue::Der(_) => None,
        })
}

/// All attributes, case and runs of blanks aside.
fn attributes(name: &Dn) -> Vec<(String, String)> {
    let mut all: Vec<_> = name
        .rdns()
        .iter()
        .flat_map(|rdn| &rdn.0)
        .map(|attribute| {
            let value = match &attribute.value {
                AttributeValue::Text(text) => text
                    .split_whitespace()
                    .collect::<Vec<_>>()
                    .join(" ")
                    .chars()
                    .flat_map(char::to_lowercase)
                    .collect(),
                AttributeValue::Der(der) => format!("#{der:?}"),
            };
            (attribute.oid.to_string(), value)
        })
        .collect();
    all.sort();
    all
}
