//! `send-request` and `send-one-way-request`: requests of a policy's own.

use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use http::header::{CONNECTION, CONTENT_LENGTH, HOST, TRANSFER_ENCODING};
use http::{HeaderMap, Method};

use crate::context::{Body, Request, Url};
use crate::document::Element;
use crate::execution::{Answer, Draft, Effect, Failure, Flow, Outcome, Run, SendRequest, Target};
use crate::expression::{Expected, Value};
use crate::program::instruction::{Code, Operation};
use crate::program::{Compiler, Section, indexed_names};

use super::set_backend_service::{URL, read_url};
use super::setting::Setting;
use super::{Kind, Policy, Statement, find};

pub(super) const SEND_REQUEST: Policy = Policy {
    name: "send-request",
    sections: &Section::ALL,
    kind: Kind::Block(compile_awaited),
};

pub(super) const SEND_ONE_WAY_REQUEST: Policy = Policy {
    name: "send-one-way-request",
    sections: &Section::ALL,
    kind: Kind::Block(compile_one_way),
};

const CHILDREN: [&str; 7] = [
    "set-url",
    "set-method",
    "set-header",
    "set-body",
    "authentication-certificate",
    "authentication-managed-identity",
    "proxy",
];
const MODE: &str = "'new' or 'copy'";
const SECONDS: &str = "a number of seconds";

#[derive(Clone, Copy, PartialEq, Eq)]
enum Mode {
    New,
    Copy,
}

/// Begins the request that the children make.
struct Begin(Setting<Mode>);

struct SetUrl(Setting<Url>);

struct End {
    timeout: Setting<u64>,
    /// `None`: nobody waits.
    awaited: Option<Awaited>,
}

#[derive(Clone)]
struct Awaited {
    variable: Option<Arc<str>>,
    ignore_error: bool,
}

fn compile_awaited(element: &Element, compiler: &mut Compiler<'_>, code: &mut Code) -> bool {
    compile(element, compiler, code, true)
}

fn compile_one_way(element: &Element, compiler: &mut Compiler<'_>, code: &mut Code) -> bool {
    compile(element, compiler, code, false)
}

fn compile(element: &Element, compiler: &mut Compiler<'_>, code: &mut Code, awaited: bool) -> bool {
    let known: &[&str] = if awaited {
        &["mode", "timeout", "response-variable-name", "ignore-error"]
    } else {
        &["mode", "timeout"]
    };
    compiler.check_attributes(element, known);
    compiler.check_no_text(element);
    compiler.take_needs();
    let mode = match element.attribute("mode") {
        Some(attribute) => compiler.parsed(attribute, Expected::Text, read_mode, MODE),
        None => Some(Setting::Literal(Mode::New)),
    };
    if let Some(mode) = mode {
        require_target(element, compiler, &mode);
        let begin = Operation::Statement(Box::new(Begin(mode)));
        let begin = compiler.instruction(element, begin);
        code.push(begin);
    }
    let children: Vec<&Element> = element.elements().collect();
    let names = indexed_names(&children);
    for (child, name) in children.into_iter().zip(names) {
        compiler.path.push(name);
        if let Some(instruction) = one_child(element, child, compiler) {
            code.push(instruction);
        }
        compiler.path.pop();
    }
    compiler.take_needs();
    if let Some(end) = ending(element, compiler, awaited) {
        let end = compiler.instruction(element, Operation::Statement(Box::new(end)));
        code.push(end);
    }
    false
}

/// A request that is no copy needs a URL and a method.
fn require_target(element: &Element, compiler: &mut Compiler<'_>, mode: &Setting<Mode>) {
    if mode.literal() != Some(&Mode::New) {
        return;
    }
    let has = |name: &str| element.elements().any(|child| child.name == name);
    if !has("set-url") {
        let message = format!("'{}' with mode 'new' needs 'set-url'.", element.name);
        compiler.error("MissingElement", message, element.offset);
    }
    if !has("set-method") {
        // Demanded by the schema, and missing in an example of the documentation.
        let message = format!(
            "'{}' with mode 'new' has no 'set-method' and sends a GET",
            element.name
        );
        compiler.warning("MissingElement", message, element.offset);
    }
}

fn one_child(
    element: &Element,
    child: &Element,
    compiler: &mut Compiler<'_>,
) -> Option<crate::program::instruction::Instruction> {
    compiler.take_needs();
    let statement = if child.name == "set-url" {
        set_url(child, compiler)
    } else if !CHILDREN.contains(&child.name.as_str()) {
        compiler.unknown_child(element, child, &CHILDREN);
        None
    } else {
        match find(&child.name).map(|policy| policy.kind) {
            Some(Kind::Statement(compile)) => compile(child, compiler),
            _ => {
                compiler.error(
                    "NotSupported",
                    format!(
                        "The policy '{}' is not supported yet inside '{}'.",
                        child.name, element.name
                    ),
                    child.offset,
                );
                None
            }
        }
    }?;
    Some(compiler.instruction(child, Operation::Statement(statement)))
}

fn set_url(child: &Element, compiler: &mut Compiler<'_>) -> Option<Box<dyn Statement>> {
    compiler.check_attributes(child, &[]);
    let url = match compiler.content(child)? {
        Setting::Code(code) => Setting::Code(code),
        Setting::Literal(text) => match read_url(&text) {
            Some(url) => Setting::Literal(url),
            None => {
                compiler.error(
                    "InvalidValue",
                    format!("'set-url' must hold {URL}."),
                    child.offset,
                );
                return None;
            }
        },
    };
    Some(Box::new(SetUrl(url)))
}

fn ending(element: &Element, compiler: &mut Compiler<'_>, awaited: bool) -> Option<End> {
    let timeout = match element.attribute("timeout") {
        Some(attribute) => compiler.parsed(attribute, Expected::Integer, read_seconds, SECONDS)?,
        None => Setting::Literal(SendRequest::DEFAULT_TIMEOUT.as_secs()),
    };
    let awaited = if awaited {
        let variable = match element.attribute("response-variable-name") {
            Some(attribute) => Some(compiler.literal(attribute)?),
            None => None,
        };
        let ignore_error = compiler.flag(element, "ignore-error", false);
        Some(Awaited {
            variable,
            ignore_error,
        })
    } else {
        None
    };
    Some(End { timeout, awaited })
}

fn read_mode(text: &str) -> Option<Mode> {
    match text {
        "new" => Some(Mode::New),
        "copy" => Some(Mode::Copy),
        _ => None,
    }
}

/// Up to a day; a longer wait is a slip.
fn read_seconds(text: &str) -> Option<u64> {
    text.parse().ok().filter(|seconds| *seconds <= 86_400)
}

impl Statement for Begin {
    fn execute(&self, run: &mut Run<'_>) -> Outcome<Flow> {
        let mode = run.parsed(&self.0, read_mode, MODE)?;
        let before = matches!(run.section, Section::Inbound | Section::Backend);
        if mode == Mode::Copy && before && matches!(run.context.request.body, Body::Streaming) {
            return Ok(Flow::NeedFirst(Box::new(Effect::RequestBody)));
        }
        let current = &run.context.request;
        let mut request = Request {
            method: Method::GET,
            original_url: current.original_url.clone(),
            url: current.url.clone(),
            headers: HeaderMap::new(),
            ip_address: current.ip_address,
            certificate: None,
            matched_parameters: Vec::new(),
            body: Body::None,
        };
        if mode == Mode::Copy {
            request.method = current.method.clone();
            request.headers = current.headers.clone();
            // It named this gateway.
            request.headers.remove(HOST);
            if before {
                request.body = current.body.clone();
            }
        }
        let url = match mode {
            Mode::New => None,
            Mode::Copy => forwarded_to(run),
        };
        let has_url = url.is_some();
        if let Some(url) = url {
            request.url = url;
        }
        run.local.draft = Some(Box::new(Draft {
            request,
            has_url,
            client_certificate: None,
            proxy: None,
        }));
        Ok(Flow::Next)
    }
}

/// Where the request would be forwarded to: a copy without `set-url` goes there. Never to the URL that
/// the client asked for, which is this gateway's own. The address of a backend entity is not known here.
fn forwarded_to(run: &Run<'_>) -> Option<Url> {
    let base = match &run.state.target {
        Target::BaseUrl(url) => url,
        Target::ServiceUrl => run.context.api.as_ref()?.service_url.as_ref()?,
        Target::Backend(_) => return None,
    };
    let url = &run.context.request.url;
    let query = [base.query.as_str(), url.query.as_str()];
    let query: Vec<&str> = query.into_iter().filter(|part| !part.is_empty()).collect();
    Some(Url {
        path: format!(
            "{}/{}",
            base.path.trim_end_matches('/'),
            url.path.trim_start_matches('/')
        ),
        query: query.join("&"),
        ..base.clone()
    })
}

impl Statement for SetUrl {
    fn execute(&self, run: &mut Run<'_>) -> Outcome<Flow> {
        let url = run.parsed(&self.0, read_url, URL)?;
        if let Some(draft) = &mut run.local.draft {
            draft.request.url = url;
            draft.has_url = true;
        }
        Ok(Flow::Next)
    }
}

impl Statement for End {
    fn execute(&self, run: &mut Run<'_>) -> Outcome<Flow> {
        let timeout = run.parsed(&self.timeout, read_seconds, SECONDS)?;
        let Some(draft) = run.local.draft.take() else {
            return Err(Box::new(Failure::internal(
                "InternalError",
                "There is no request to send.",
            )));
        };
        if !draft.has_url {
            return Err(Box::new(Failure::internal(
                "InvalidConfiguration",
                "The request has no URL: the request that it copies goes to a backend entity or                  nowhere. Add 'set-url'.",
            )));
        }
        let Draft {
            request,
            has_url: _,
            client_certificate,
            proxy,
        } = *draft;
        let mut headers = request.headers;
        for framing in [CONNECTION, CONTENT_LENGTH, TRANSFER_ENCODING] {
            headers.remove(framing);
        }
        let send = SendRequest {
            method: request.method,
            url: request.url,
            headers,
            body: match request.body {
                Body::Bytes(bytes) => bytes,
                Body::None | Body::Streaming | Body::Consumed => Bytes::new(),
            },
            timeout: Duration::from_secs(timeout),
            client_certificate,
            proxy,
            awaited: self.awaited.is_some(),
        };
        let awaited = self.awaited.clone();
        Ok(Flow::ask(
            Effect::Send(Box::new(send)),
            move |run, answer| {
                let Some(awaited) = awaited else {
                    // Nobody waits for it, and nobody minds.
                    return Ok(Flow::Next);
                };
                let value = match answer {
                    Answer::Response(response) => run.context.sent.add(response),
                    Answer::Failed(_) if awaited.ignore_error => Value::Null,
                    other => return Err(other.into_failure()),
                };
                if let Some(variable) = awaited.variable {
                    run.context.variables.insert(variable, value);
                }
                Ok(Flow::Next)
            },
        ))
    }
}
