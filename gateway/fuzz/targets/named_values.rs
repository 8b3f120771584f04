//! A named value that is accepted inside literals and comments leaves the code around it alone.
//!
//! Input: an expression with `{{v}}` in it, a NUL, the value. The judge is [`skeleton`], which
//! shares no code with the product's lexer.

#![no_main]

use gateway_fuzz::skeleton::skeleton;
use gateway_fuzz::support::Names;
use gateway_policy::document::parse;
use gateway_policy::named_values::placeholders;
use gateway_policy::program::{Scope, compile};

libfuzzer_sys::fuzz_target!(|input: &str| {
    let Some((template, value)) = input.split_once('\0') else {
        return;
    };
    if !template.starts_with("@(") && !template.starts_with("@{") {
        return;
    }
    let escaped = template
        .replace('&', "&amp;")
        .replace('<', "&lt;")
        .replace('>', "&gt;");
    let source = format!("<policies><inbound><set-body>{escaped}</set-body></inbound></policies>");
    let Ok(document) = parse(&source) else {
        return;
    };
    // The document decides how entities in literals are read; what counts is what it read.
    let code = document
        .elements()
        .flat_map(|policies| policies.elements())
        .flat_map(|section| section.elements())
        .map(|policy| policy.text().as_str().to_owned())
        .collect::<String>();
    let names = Names::default().with("v", value);
    if compile(&document, Scope::Api, &names).program.is_none() {
        return;
    }
    let Some((neutral, in_data)) = with_neutral(&code) else {
        return;
    };
    if in_data {
        let substituted = with_value(&code, value);
        assert_eq!(
            skeleton(substituted.trim_end()),
            Some(neutral),
            "{code:?} with {value:?}"
        );
    }
});

/// The skeleton with something harmless in every place, and whether all places are data.
fn with_neutral(code: &str) -> Option<(String, bool)> {
    let names = placeholders(code).filter(|p| p.name == "v").count();
    let one = skeleton(with_value(code, "a").trim_end())?;
    // An identifier nobody else wrote shows up if a place is code.
    let marked = skeleton(with_value(code, "zqmarkqz").trim_end())?;
    Some((one, names > 0 && !marked.contains("zqmarkqz")))
}

fn with_value(code: &str, value: &str) -> String {
    let mut out = String::new();
    let mut from = 0;
    for placeholder in placeholders(code).filter(|p| p.name == "v") {
        out.push_str(&code[from..placeholder.range.start]);
        out.push_str(value);
        from = placeholder.range.end;
    }
    out.push_str(&code[from..]);
    out
}
