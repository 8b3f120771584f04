//! What a case may expect, and what of it did not come out.

use gateway_policy::context::{Body, LastError, Url};
use gateway_policy::document;
use gateway_policy::execution::{CertificateChoice, Forward, SendRequest, Step, Target};
use gateway_policy::host::{TraceRecord, TraceSeverity};
use http::HeaderMap;

use crate::reading::Case;
use crate::support::{Ended, script::Script};
use crate::world;

/// Everything that was seen of one case.
struct Seen {
    problems: Vec<String>,
    ran: Option<Ran>,
}

struct Ran {
    ended: Ended,
    script: Script,
    traces: Vec<TraceRecord>,
}

/// The problems of the case's documents as `line:column code`; an API's document may stand with others.
pub fn problems(case: &Case) -> Vec<String> {
    world::compiled(case)
        .iter()
        .flat_map(|result| &result.problems)
        .map(|p| format!("{}:{} {}", p.position.line, p.position.column, p.code))
        .collect()
}

fn see(case: &Case) -> Seen {
    let results = world::compiled(case);
    let problems = problems(case);
    let Some(program) = world::program(&results) else {
        return Seen {
            problems,
            ran: None,
        };
    };
    let world = world::world(case);
    let mut script = world::script(case);
    let rounds: u32 = case.given("repeat").map_or(1, |n| n.parse().unwrap());
    let mut last = None;
    for _ in 0..rounds {
        script.log.clear();
        world.traces.lock().unwrap().clear();
        last = Some(script.play_in(&program, world::context(case), &world));
    }
    let traces = world.traces.into_inner().unwrap();
    let ended = last.expect("a round");
    Seen {
        problems,
        ran: Some(Ran {
            ended,
            script,
            traces,
        }),
    }
}

/// Expectations that are lists: all of one kind together are the whole list.
const LISTS: [&str; 4] = ["problem", "trace", "effects", "request"];

/// What did not come out as expected, one line each.
pub fn differences(case: &Case) -> Vec<String> {
    let seen = see(case);
    let mut wrong = Vec::new();
    for list in LISTS {
        let expected: Vec<&str> = case
            .expected
            .iter()
            .filter(|(key, _)| key == list)
            .map(|(_, value)| value.as_str())
            .collect();
        // A case without expected problems has none.
        if expected.is_empty() && list != "problem" {
            continue;
        }
        let found = match (list, &seen.ran) {
            ("problem", _) => seen.problems.clone(),
            (_, None) => vec!["it does not compile".to_owned()],
            ("trace", Some(ran)) => ran.traces.iter().map(trace).collect(),
            ("effects", Some(ran)) => ran.script.log.clone(),
            (_, Some(ran)) => ran.script.sent.iter().map(sent).collect(),
        };
        if found != expected {
            wrong.push(format!("{list}: expected {expected:?}, found {found:?}"));
        }
    }
    for (key, value) in &case.expected {
        if LISTS.contains(&key.as_str()) {
            continue;
        }
        let found = match (printed(case, key), &seen.ran) {
            (Some(text), _) => Some(text),
            (None, Some(ran)) => observed(ran, key, value),
            (None, None) => Some(format!("no program: {:?}", seen.problems)),
        };
        if found.as_deref() != Some(value) {
            wrong.push(format!("{key}: expected {value:?}, found {found:?}"));
        }
    }
    wrong
}

/// The API's document as it is read back.
fn printed(case: &Case, key: &str) -> Option<String> {
    let source = world::documents(case).into_iter().next();
    let parsed = || document::parse(&source.as_ref().expect("a document").0).ok();
    match key {
        "raw" => Some(parsed().map_or_else(String::new, |d| d.to_raw_xml())),
        "xml" => Some(parsed().map_or_else(String::new, |d| d.to_xml())),
        _ => None,
    }
}

/// What was seen of the kind that `key` names, in the form of `value`.
fn observed(ran: &Ran, key: &str, value: &str) -> Option<String> {
    let ended = &ran.ended;
    let request = &ended.context.request;
    let named = |headers: &HeaderMap| {
        let (name, _) = value.split_once(": ").unwrap_or((value, ""));
        header(headers, name).map(|found| format!("{name}: {found}"))
    };
    let absent = |present: bool| Some(if present { "present" } else { value }.to_owned());
    let error = |part: fn(&LastError) -> &str| {
        let error = ended.last_error.as_ref()?;
        Some(part(error).to_owned())
    };
    let forward = |part: &dyn Fn(&Forward) -> String| ended.forwards.last().map(part);
    match key {
        "status" => Some(ended.status.to_string()),
        "reason" => ended.reason.clone(),
        "header" => named(&ended.headers),
        "no header" => absent(ended.headers.contains_key(value)),
        "body" => Some(ended.body.clone()),
        "responds" => absent(ended.step != Step::Respond),
        "fails" => absent(ended.step != Step::Fail),
        "error" => error(|e| &e.reason),
        "error source" => error(|e| &e.source),
        "error message" => error(|e| &e.message),
        "error scope" => error(|e| &e.scope),
        "error section" => error(|e| &e.section),
        "error path" => error(|e| &e.path),
        "error policy" => error(|e| &e.policy_id),
        "no error" => absent(ended.last_error.is_some()),
        "not forwarded" => absent(ended.forwarded()),
        "forwards" => Some(ended.forwards.len().to_string()),
        "target" => forward(&|f| target(&f.target)),
        "certificate" => forward(&|f| chosen(f.client_certificate.as_ref())),
        "timeout" => forward(&|f| f.timeout.as_millis().to_string()),
        "method" => Some(request.method.to_string()),
        "url" if request.url.query.is_empty() => Some(request.url.path.clone()),
        "url" => Some(format!("{}?{}", request.url.path, request.url.query)),
        "sent header" => named(&request.headers),
        "no sent header" => absent(request.headers.contains_key(value)),
        "sent body" => Some(body(&request.body)),
        "variable" => variable(ended, value),
        "no variable" => absent(ended.context.variables.contains_key(value)),
        other => panic!("nobody knows how to expect '{other}'"),
    }
}

/// All lines of a header, ` | ` between them.
fn header(headers: &HeaderMap, name: &str) -> Option<String> {
    let lines: Vec<&str> = headers
        .get_all(name)
        .iter()
        .map(|value| value.to_str().unwrap())
        .collect();
    (!lines.is_empty()).then(|| lines.join(" | "))
}

fn body(body: &Body) -> String {
    match body {
        Body::Bytes(bytes) => String::from_utf8(bytes.to_vec()).unwrap(),
        other => format!("{other:?}"),
    }
}

/// `name = Type text`.
fn variable(ended: &Ended, value: &str) -> Option<String> {
    let (name, _) = value.split_once(" = ").expect("name = type and text");
    let found = ended.context.variables.get(name)?;
    if found.is_null() {
        return Some(format!("{name} = null"));
    }
    let text = found.to_text().unwrap_or_else(|e| format!("{e:?}"));
    Some(format!("{name} = {} {text}", found.type_name()))
}

fn url(url: &Url) -> String {
    let query = match url.query.as_str() {
        "" => String::new(),
        query => format!("?{query}"),
    };
    format!(
        "{}://{}:{}{}{query}",
        url.scheme, url.host, url.port, url.path
    )
}

fn target(target: &Target) -> String {
    match target {
        Target::ServiceUrl => "service".to_owned(),
        Target::BaseUrl(base) => url(base),
        Target::Backend(id) => format!("backend {id}"),
    }
}

fn chosen(choice: Option<&CertificateChoice>) -> String {
    match choice {
        None => "none".to_owned(),
        Some(CertificateChoice::Id(id)) => id.to_string(),
        Some(CertificateChoice::Thumbprint(thumbprint)) => thumbprint.to_string(),
        #[allow(unreachable_patterns, reason = "other ways to choose say no more here")]
        Some(_) => "another".to_owned(),
    }
}

/// `source severity message [name=value…]`.
fn trace(record: &TraceRecord) -> String {
    let severity = match record.severity {
        TraceSeverity::Verbose => "verbose",
        TraceSeverity::Information => "information",
        TraceSeverity::Error => "error",
    };
    let mut text = format!("{} {severity} {}", record.source, record.message);
    for (name, value) in &record.metadata {
        text.push_str(&format!(" [{name}={value}]"));
    }
    text
}

/// `METHOD url timeout [name: value…] body`.
fn sent(request: &SendRequest) -> String {
    let mut text = format!(
        "{} {} {}",
        request.method,
        url(&request.url),
        world::seconds(request.timeout)
    );
    for (name, value) in &request.headers {
        text.push_str(&format!(" [{name}: {}]", value.to_str().unwrap()));
    }
    if !request.body.is_empty() {
        text.push(' ');
        text.push_str(std::str::from_utf8(&request.body).unwrap());
    }
    text
}
