//! What is expected, compared with what happened.

use std::collections::BTreeMap;
use std::fmt;

use bytes::Bytes;
use gateway_policy::context::LastError;
use http::HeaderMap;
use serde::Deserialize;
use serde_json::Value;

use super::super::outcome::Outcome;

/// What of an outcome is looked at. What is not named is not looked at.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Expectation {
    status: Option<u16>,
    reason: Option<String>,
    #[serde(flatten)]
    response: Message,
    forwarded: Option<bool>,
    /// How often the request was forwarded.
    attempts: Option<usize>,
    request: Option<RequestExpectation>,
    /// Texts of variables.
    #[serde(default)]
    variables: BTreeMap<String, String>,
    last_error: Option<LastErrorExpectation>,
    /// Texts that trace messages contain, each one of them.
    #[serde(default)]
    traces: Vec<String>,
    /// Beginnings of URLs that policies have sent requests to.
    #[serde(default)]
    sent: Vec<String>,
}

/// The request as it was forwarded the last time.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct RequestExpectation {
    method: Option<String>,
    url: Option<String>,
    #[serde(flatten)]
    message: Message,
}

#[derive(Debug, Default, Deserialize)]
struct Message {
    #[serde(default)]
    headers: BTreeMap<String, String>,
    #[serde(default)]
    absent_headers: Vec<String>,
    body: Option<String>,
    body_contains: Option<String>,
    body_json: Option<toml::Value>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct LastErrorExpectation {
    /// Whether there is none.
    #[serde(default)]
    none: bool,
    source: Option<String>,
    reason: Option<String>,
    message_contains: Option<String>,
    section: Option<String>,
    scope: Option<String>,
    path: Option<String>,
    policy_id: Option<String>,
}

/// One thing that is not as expected.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Difference {
    /// What.
    pub what: String,
    /// As it should be.
    pub expected: String,
    /// As it is.
    pub found: String,
}

impl fmt::Display for Difference {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "{}\n  expected  {}\n  found     {}",
            self.what, self.expected, self.found
        )
    }
}

/// Takes differences down.
#[derive(Default)]
struct Differences(Vec<Difference>);

impl Differences {
    fn add(&mut self, what: impl Into<String>, expected: String, found: String) {
        self.0.push(Difference {
            what: what.into(),
            expected,
            found,
        });
    }

    fn equal(&mut self, what: &str, expected: Option<&str>, found: &str) {
        if let Some(expected) = expected
            && expected != found
        {
            self.add(what, format!("{expected:?}"), format!("{found:?}"));
        }
    }

    fn contains(&mut self, what: &str, expected: Option<&str>, found: &str) {
        if let Some(expected) = expected
            && !found.contains(expected)
        {
            let expected = format!("something that contains {expected:?}");
            self.add(what, expected, format!("{found:?}"));
        }
    }
}

impl Expectation {
    /// Everything that is not as expected.
    pub(super) fn compare(&self, outcome: &Outcome) -> Vec<Difference> {
        let mut all = Differences::default();
        let status = outcome.status.as_u16();
        if self.status.is_some_and(|expected| expected != status) {
            let expected = self.status.map(|status| status.to_string());
            all.add("status", expected.unwrap_or_default(), status.to_string());
        }
        all.equal("reason", self.reason.as_deref(), &outcome.reason);
        let response = &self.response;
        response.compare("response", &outcome.headers, &outcome.body, &mut all);
        let attempts = outcome.forwarded.len();
        if self
            .forwarded
            .is_some_and(|wanted| wanted != (attempts > 0))
        {
            let words = ["not forwarded", "forwarded"];
            let word = |forwarded: bool| {
                let [not, yes] = words;
                if forwarded { yes } else { not }.to_owned()
            };
            all.add("the request", word(attempts == 0), word(attempts > 0));
        }
        if let Some(expected) = self.attempts
            && expected != attempts
        {
            all.add("attempts", expected.to_string(), attempts.to_string());
        }
        self.compare_request(outcome, &mut all);
        for (name, expected) in &self.variables {
            let found = outcome.variables.iter().find(|it| *it.name == **name);
            let what = format!("variable `{name}`");
            match found {
                Some(found) => all.equal(&what, Some(expected), &found.text),
                None => all.add(what, format!("{expected:?}"), "no such variable".to_owned()),
            }
        }
        if let Some(expected) = &self.last_error {
            expected.compare(outcome.last_error.as_ref(), &mut all);
        }
        for expected in &self.traces {
            let mut messages = outcome.traces.iter().map(|trace| trace.message.as_str());
            if !messages.any(|message| message.contains(expected)) {
                let found: Vec<&str> = outcome
                    .traces
                    .iter()
                    .map(|it| it.message.as_str())
                    .collect();
                let expected = format!("one that contains {expected:?}");
                all.add("traces", expected, format!("{found:?}"));
            }
        }
        let sent: Vec<&str> = outcome.effects.iter().filter_map(sent_to).collect();
        for expected in &self.sent {
            if !sent.iter().any(|url| url.starts_with(expected)) {
                let expected = format!("one to {expected}…");
                all.add("requests of policies", expected, format!("{sent:?}"));
            }
        }
        all.0
    }

    fn compare_request(&self, outcome: &Outcome, all: &mut Differences) {
        let Some(expected) = &self.request else {
            return;
        };
        let Some(found) = outcome.forwarded.last() else {
            all.add(
                "forwarded request",
                "one".to_owned(),
                "the request was not forwarded".to_owned(),
            );
            return;
        };
        all.equal(
            "forwarded method",
            expected.method.as_deref(),
            &found.method,
        );
        all.equal("forwarded URL", expected.url.as_deref(), &found.url);
        let message = &expected.message;
        message.compare("forwarded request", &found.headers, &found.body, all);
    }
}

/// Where a policy has sent a request.
fn sent_to(effect: &Value) -> Option<&str> {
    let kind = effect.get("effect")?.as_str()?;
    kind.starts_with("send-").then_some(())?;
    effect.get("url")?.as_str()
}

impl Message {
    fn compare(&self, of: &str, headers: &HeaderMap, body: &Bytes, all: &mut Differences) {
        for (name, expected) in &self.headers {
            let values = headers.get_all(name.as_str()).iter();
            let values: Vec<_> = values
                .map(|value| String::from_utf8_lossy(value.as_bytes()))
                .collect();
            let what = format!("header `{name}` of the {of}");
            if values.is_empty() {
                all.add(what, format!("{expected:?}"), "absent".to_owned());
            } else {
                all.equal(&what, Some(expected), &values.join(", "));
            }
        }
        for name in &self.absent_headers {
            if let Some(value) = headers.get(name.as_str()) {
                let what = format!("header `{name}` of the {of}");
                all.add(what, "absent".to_owned(), format!("{value:?}"));
            }
        }
        let text = String::from_utf8_lossy(body);
        let what = format!("body of the {of}");
        all.equal(&what, self.body.as_deref(), &text);
        all.contains(&what, self.body_contains.as_deref(), &text);
        if let Some(expected) = &self.body_json {
            let expected = serde_json::to_value(expected).unwrap_or_default();
            match serde_json::from_slice::<Value>(body) {
                Ok(found) if found == expected => {}
                Ok(found) => all.add(what, expected.to_string(), found.to_string()),
                Err(error) => {
                    let found = format!("no JSON ({error}): {text:?}");
                    all.add(what, expected.to_string(), found);
                }
            }
        }
    }
}

impl LastErrorExpectation {
    fn compare(&self, found: Option<&LastError>, all: &mut Differences) {
        let Some(found) = found else {
            if !self.none {
                all.add("last error", "one".to_owned(), "none".to_owned());
            }
            return;
        };
        if self.none {
            let found = format!("{} {}: {}", found.source, found.reason, found.message);
            all.add("last error", "none".to_owned(), found);
            return;
        }
        let parts = [
            ("source", &self.source, &found.source),
            ("reason", &self.reason, &found.reason),
            ("section", &self.section, &found.section),
            ("scope", &self.scope, &found.scope),
            ("path", &self.path, &found.path),
            ("policy id", &self.policy_id, &found.policy_id),
        ];
        for (name, expected, found) in parts {
            all.equal(&format!("last error: {name}"), expected.as_deref(), found);
        }
        all.contains(
            "last error: message",
            self.message_contains.as_deref(),
            &found.message,
        );
    }
}
