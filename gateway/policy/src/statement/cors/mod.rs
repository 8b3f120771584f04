//! `cors`: answers preflight requests, and lets browsers see the answers to others.
//!
//! What browsers make of the headers is the Fetch standard's, section 3.2 (HTTP extensions).

mod grant;
mod origin;

use std::sync::Arc;

use http::header::{
    ACCESS_CONTROL_REQUEST_HEADERS, ACCESS_CONTROL_REQUEST_METHOD, HeaderName, HeaderValue, ORIGIN,
};
use http::{HeaderMap, Method};

use crate::document::{Element, is_blank};
use crate::execution::{Flow, Outcome, Run, empty_response};
use crate::expression::Expected;
use crate::program::{Compiler, Section};

use super::setting::Setting;
use super::{Kind, Policy, Statement};
use grant::Grant;
use origin::Allowed;

pub(super) const POLICY: Policy = Policy {
    name: "cors",
    sections: &[Section::Inbound],
    kind: Kind::Statement(compile),
};

const CHILDREN: [&str; 4] = [
    "allowed-origins",
    "allowed-methods",
    "allowed-headers",
    "expose-headers",
];
const SECONDS: &str = "a number of seconds";

struct Cors {
    credentials: Setting<bool>,
    terminates: Setting<bool>,
    origins: Vec<Setting<Option<Allowed>>>,
    /// `None`: GET and POST.
    methods: Option<Vec<Setting<Arc<str>>>>,
    headers: Vec<Setting<Arc<str>>>,
    exposed: Vec<Setting<Arc<str>>>,
    max_age: Setting<u64>,
    /// Whether it stands in the section itself, where preflight requests find it.
    direct: bool,
}

fn compile(element: &Element, compiler: &mut Compiler<'_>) -> Option<Box<dyn Statement>> {
    compiler.check_attributes(
        element,
        &["allow-credentials", "terminate-unmatched-request"],
    );
    compiler.check_no_text(element);
    let mut flag = |name, default| match element.attribute(name) {
        Some(attribute) => compiler.boolean(attribute),
        None => Some(Setting::Literal(default)),
    };
    let credentials = flag("allow-credentials", false);
    // The table of the documentation says false, its section on troubleshooting true; that is also
    // the side that lets less through.
    let terminates = flag("terminate-unmatched-request", true);
    for child in element.elements() {
        if !CHILDREN.contains(&child.name.as_str()) {
            compiler.unknown_child(element, child, &CHILDREN);
        }
    }
    let origins = only(element, "allowed-origins", compiler);
    let methods = only(element, "allowed-methods", compiler);
    let headers = only(element, "allowed-headers", compiler);
    let exposed = only(element, "expose-headers", compiler);
    if origins.is_none() {
        compiler.error(
            "MissingElement",
            "'cors' needs 'allowed-origins'.",
            element.offset,
        );
    }
    let max_age = match methods.and_then(|methods| methods.attribute("preflight-result-max-age")) {
        Some(attribute) => {
            compiler.parsed(attribute, Expected::Integer, |t| t.parse().ok(), SECONDS)
        }
        None => Some(Setting::Literal(0)),
    };
    let origins = read_origins(origins?, credentials.as_ref(), compiler);
    let methods = match methods {
        Some(methods) => Some(tokens(methods, "method", compiler)?),
        None => None,
    };
    let headers = match headers {
        Some(headers) => tokens(headers, "header", compiler)?,
        None => Vec::new(),
    };
    let exposed = match exposed {
        Some(exposed) => tokens(exposed, "header", compiler)?,
        None => Vec::new(),
    };
    Some(Box::new(Cors {
        credentials: credentials?,
        terminates: terminates?,
        origins: origins?,
        methods,
        headers,
        exposed,
        max_age: max_age?,
        direct: compiler.is_direct(),
    }))
}

/// The child with this name; a second one is reported.
fn only<'e>(element: &'e Element, name: &str, compiler: &mut Compiler<'_>) -> Option<&'e Element> {
    let mut found = element.elements().filter(|child| child.name == name);
    let first = found.next()?;
    if let Some(second) = found.next() {
        compiler.error(
            "UnexpectedElement",
            format!("'{name}' occurs twice."),
            second.offset,
        );
    }
    let attributes: &[&str] = match name {
        "allowed-methods" => &["preflight-result-max-age"],
        _ => &[],
    };
    compiler.check_attributes(first, attributes);
    compiler.check_no_text(first);
    Some(first)
}

/// A child and the text in it.
type Entry<'e> = (&'e Element, Setting<Arc<str>>);

fn entries<'e>(
    parent: &'e Element,
    name: &'static str,
    compiler: &mut Compiler<'_>,
) -> Option<Vec<Entry<'e>>> {
    let mut settings = Vec::new();
    let mut complete = true;
    for child in parent.elements() {
        if child.name != name {
            compiler.unknown_child(parent, child, &[name]);
            complete = false;
            continue;
        }
        compiler.check_attributes(child, &[]);
        match compiler.content(child) {
            Some(setting) => settings.push((child, setting)),
            None => complete = false,
        }
    }
    if complete && settings.is_empty() {
        compiler.error(
            "MissingElement",
            format!("'{}' needs at least one '{name}'.", parent.name),
            parent.offset,
        );
        complete = false;
    }
    complete.then_some(settings)
}

/// Names of methods or headers.
fn tokens(
    parent: &Element,
    name: &'static str,
    compiler: &mut Compiler<'_>,
) -> Option<Vec<Setting<Arc<str>>>> {
    let mut complete = true;
    let mut settings = Vec::new();
    for (child, setting) in entries(parent, name, compiler)? {
        if setting.literal().is_some_and(|text| !is_token(text)) {
            compiler.error(
                "InvalidValue",
                format!("'{name}' must hold the name of a {name}, or '*'."),
                child.offset,
            );
            complete = false;
        }
        settings.push(setting);
    }
    complete.then_some(settings)
}

fn read_origins(
    parent: &Element,
    credentials: Option<&Setting<bool>>,
    compiler: &mut Compiler<'_>,
) -> Option<Vec<Setting<Option<Allowed>>>> {
    let mut origins = Vec::new();
    for (child, setting) in entries(parent, "origin", compiler)? {
        let origin = setting.map(|text| Allowed::read(&text));
        match origin.literal() {
            // What no browser sends lets nobody in, which need not stop the document.
            Some(None) => compiler.warning(
                "UnmatchableOrigin",
                "The origin is neither '*' nor a scheme, a host and a port; it matches no request.",
                child.offset,
            ),
            Some(Some(Allowed::Any)) if credentials.and_then(Setting::literal) == Some(&true) => {
                compiler.warning(
                    "CredentialsForAnyOrigin",
                    "Browsers do not send credentials to a service that allows any origin; name the \
                     origins that may.",
                    child.offset,
                );
            }
            _ => {}
        }
        origins.push(origin);
    }
    Some(origins)
}

/// RFC 9110 section 5.6.2; `*` is one.
fn is_token(text: &str) -> bool {
    HeaderName::from_bytes(text.as_bytes()).is_ok()
}

/// Whether a request asks what it would be allowed to do (Fetch, CORS-preflight fetch).
#[must_use]
pub fn is_preflight(method: &Method, headers: &HeaderMap) -> bool {
    method == Method::OPTIONS
        && headers.contains_key(ORIGIN)
        && headers.contains_key(ACCESS_CONTROL_REQUEST_METHOD)
}

impl Statement for Cors {
    fn execute(&self, run: &mut Run<'_>) -> Outcome<Flow> {
        // Of several policies the first one that knows the origin decides.
        if run.state.cors_decided {
            return Ok(Flow::Next);
        }
        let sent = run.context.request.headers.get(ORIGIN).cloned();
        let Some(origin) = self.origin(run, sent.as_ref())? else {
            return self.unmatched(run, sent.is_some());
        };
        run.state.cors_decided = true;
        let mut grant = Grant::new(origin, run.boolean(&self.credentials)?);
        if !is_preflight(&run.context.request.method, &run.context.request.headers) {
            grant.expose(&texts(run, &self.exposed)?)?;
            grant::postpone(run, grant);
            return Ok(Flow::Next);
        }
        let asked = |name| run.context.request.headers.get(name).cloned();
        let (method, headers) = (
            asked(ACCESS_CONTROL_REQUEST_METHOD),
            asked(ACCESS_CONTROL_REQUEST_HEADERS),
        );
        let methods = match &self.methods {
            Some(methods) => texts(run, methods)?,
            None => vec!["GET".to_owned(), "POST".to_owned()],
        };
        let max_age = run.parsed(&self.max_age, |text| text.parse().ok(), SECONDS)?;
        grant.preflight(
            &methods,
            method,
            &texts(run, &self.headers)?,
            headers,
            max_age,
        )?;
        let mut response = empty_response();
        grant.apply(&mut response.headers);
        Ok(Flow::Respond(Box::new(response)))
    }

    fn answers_preflight(&self) -> bool {
        self.direct
    }
}

impl Cors {
    /// What `Access-Control-Allow-Origin` is for a request with this `Origin`; `None` if it is not
    /// allowed. `*` only where it is what the policy says, so that it cannot mean more.
    fn origin(
        &self,
        run: &mut Run<'_>,
        sent: Option<&HeaderValue>,
    ) -> Outcome<Option<HeaderValue>> {
        let mut varies = false;
        let mut found = None;
        for origin in &self.origins {
            let allowed = match origin {
                Setting::Literal(allowed) => allowed.clone(),
                Setting::Code(code) => {
                    varies = true;
                    let value = run.evaluate(code)?;
                    Allowed::read(run.print(&value)?.trim_matches(is_blank))
                }
            };
            let Some(allowed) = allowed else { continue };
            if allowed == Allowed::Any {
                found = Some(HeaderValue::from_static("*"));
                break;
            }
            varies = true;
            let text = sent.and_then(|sent| sent.to_str().ok());
            if found.is_none() && text.is_some_and(|text| allowed.allows(text)) {
                found = sent.cloned();
            }
        }
        if varies {
            grant::vary(run);
        }
        Ok(found.filter(|_| sent.is_some()))
    }

    fn unmatched(&self, run: &mut Run<'_>, has_origin: bool) -> Outcome<Flow> {
        if !has_origin {
            return Ok(Flow::Next);
        }
        let request = &run.context.request;
        let simple = matches!(request.method, Method::GET | Method::HEAD);
        let preflight = is_preflight(&request.method, &request.headers);
        if (simple || preflight) && run.boolean(&self.terminates)? {
            return Ok(Flow::Respond(Box::new(empty_response())));
        }
        Ok(Flow::Next)
    }
}

fn texts(run: &mut Run<'_>, settings: &[Setting<Arc<str>>]) -> Outcome<Vec<String>> {
    settings
        .iter()
        .map(|setting| Ok(run.text(setting)?.trim_matches(is_blank).to_owned()))
        .collect()
}
