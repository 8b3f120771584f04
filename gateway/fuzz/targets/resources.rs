//! Bodies of the admin API: any JSON is refused with reasons or becomes a resource that survives
//! the store, and whose own rendering can be sent back without changing anything.
//!
//! Input: a resource path, a line end, JSON.

#![no_main]

use std::sync::Arc;

use gateway_config::resource::accept::{Acceptance, Mode, accept, can_be_patched};
use gateway_config::resource::{
    Body, Kind, Resource, ResourcePath, from_stored, render, secrets, to_stored,
};
use serde_json::{Value, json};

/// 2026-11-22T20:00:00Z.
const NOW: i64 = 1_795_377_600;

libfuzzer_sys::fuzz_target!(|input: &str| {
    let Some((path, body)) = input.split_once('\n') else {
        return;
    };
    let Some(path) = ResourcePath::parse(path) else {
        return;
    };
    assert_eq!(ResourcePath::parse(&path.to_string()).as_ref(), Some(&path));
    let Ok(json) = serde_json::from_str::<Value>(body) else {
        return;
    };
    let body = match take(Mode::Put, &path, None, &json) {
        Ok(body) => body,
        Err(messages) => return assert!(messages.iter().all(|message| !message.is_empty())),
    };
    let shown = shown(&path, &body);
    assert_stored(&path, &body, &shown);
    assert_sent_back(&path, &body, &shown);
});

fn take(
    mode: Mode,
    path: &ResourcePath,
    existing: Option<&Body>,
    json: &Value,
) -> Result<Arc<Body>, Vec<String>> {
    let acceptance = Acceptance {
        mode,
        path,
        existing,
        now: NOW,
    };
    match accept(&acceptance, json) {
        Ok((body, _)) => Ok(Arc::new(body)),
        Err(problems) => {
            assert!(!problems.is_empty());
            Err(problems
                .into_iter()
                .map(|problem| problem.message)
                .collect())
        }
    }
}

fn shown(path: &ResourcePath, body: &Arc<Body>) -> Value {
    render(&Resource {
        path: path.clone(),
        changed_in: 1,
        body: Arc::clone(body),
    })
}

fn assert_stored(path: &ResourcePath, body: &Arc<Body>, before: &Value) {
    let stored = to_stored(body);
    let loaded = Arc::new(from_stored(path.kind(), &stored).expect("what is stored is loaded"));
    assert_eq!(to_stored(&loaded), stored);
    assert_eq!(secrets(&loaded), secrets(body));
    assert_eq!(&shown(path, &loaded), before);
}

fn assert_sent_back(path: &ResourcePath, body: &Arc<Body>, before: &Value) {
    // The service renders as a whole resource, the others as their properties.
    let whole = match path.kind() {
        Kind::Service => before.clone(),
        _ => json!({ "properties": before }),
    };
    // Certificates and revocation lists are not shown with their data.
    let write_only = matches!(path.kind(), Kind::Crl);
    if !write_only {
        let again = take(Mode::Put, path, Some(body), &whole)
            .unwrap_or_else(|problems| panic!("{whole} is refused: {problems:?}"));
        assert_eq!(&shown(path, &again), before);
    }
    if can_be_patched(path.kind()) {
        let nothing = json!({ "properties": {} });
        let again = take(Mode::Patch, path, Some(body), &nothing)
            .unwrap_or_else(|problems| panic!("an empty PATCH is refused: {problems:?}"));
        assert_eq!(&shown(path, &again), before);
    }
}
