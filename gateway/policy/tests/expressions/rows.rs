//! How many rows there are, and that each says where its expectation comes from.
//!
//! The tables are read from the test files themselves: what counts is what stands there.

use std::iter::Peekable;
use std::str::Chars;

/// The least number of rows that are promised.
const LEAST: usize = 300;

/// The literals and names of one row, in order; nested tables do not occur.
type Row = Vec<String>;

/// The rows of every table `&[Case] = &[…]` in `source`.
fn rows(source: &str) -> Vec<Row> {
    let tables = source.split("&[Case] = &[").skip(1);
    tables.flat_map(table_rows).collect()
}

fn table_rows(table: &str) -> Vec<Row> {
    let mut rows = Vec::new();
    let mut rest = table.chars().peekable();
    let mut depth = 0;
    while let Some(c) = rest.next() {
        match c {
            ']' if depth == 0 => break,
            '(' => {
                depth += 1;
                if depth == 1 {
                    rows.push(Row::new());
                }
            }
            ')' => depth -= 1,
            '/' if rest.peek() == Some(&'/') => while rest.next_if(|c| *c != '\n').is_some() {},
            '"' => push(&mut rows, text(&mut rest)),
            'r' if matches!(rest.peek(), Some('"' | '#')) => push(&mut rows, raw(&mut rest)),
            c if c.is_alphabetic() => {
                let mut name = String::from(c);
                while let Some(c) = rest.next_if(|c| c.is_alphanumeric() || *c == '_') {
                    name.push(c);
                }
                push(&mut rows, name);
            }
            _ => {}
        }
    }
    rows
}

fn push(rows: &mut [Row], part: String) {
    if let Some(row) = rows.last_mut() {
        row.push(part);
    }
}

fn text(rest: &mut Peekable<Chars<'_>>) -> String {
    let mut out = String::new();
    while let Some(c) = rest.next() {
        match c {
            '"' => break,
            '\\' => out.extend(rest.next()),
            c => out.push(c),
        }
    }
    out
}

fn raw(rest: &mut Peekable<Chars<'_>>) -> String {
    let mut hashes = String::new();
    while rest.next_if_eq(&'#').is_some() {
        hashes.push('#');
    }
    let end = format!("\"{hashes}");
    let mut out = String::new();
    rest.next();
    for c in rest.by_ref() {
        out.push(c);
        if out.ends_with(&end) {
            break;
        }
    }
    out.truncate(out.len() - end.len());
    out
}

#[test]
fn there_are_as_many_rows_as_promised_and_each_names_its_source() {
    let directory = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/expressions");
    let mut count = 0;
    for entry in std::fs::read_dir(directory).unwrap() {
        let path = entry.unwrap().path();
        if path.ends_with("rows.rs") {
            continue;
        }
        let source = std::fs::read_to_string(&path).unwrap();
        for row in rows(&source) {
            count += 1;
            assert!(row.len() >= 3, "{}: {row:?} has no source", path.display());
            let named = row.last().unwrap();
            assert!(!named.trim().is_empty(), "{}: {row:?}", path.display());
        }
    }
    println!("{count} rows");
    assert!(count >= LEAST, "{count} rows");
}

#[test]
fn rows_are_counted_as_they_stand() {
    let table = "&[Case] = &[ (\"@(\\\"]\\\")\", r#\"a\"b)\"#, SPEC), // (\"x\")\n (\"1\", \"2\", \"3\") ]; (9)";
    let found = rows(&format!("const C: {table}"));
    assert_eq!(
        found,
        [vec!["@(\"]\")", "a\"b)", "SPEC"], vec!["1", "2", "3"]]
    );
}
