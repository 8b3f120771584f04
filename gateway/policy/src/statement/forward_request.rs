//! `forward-request`.

use std::time::Duration;

use crate::context::Body;
use crate::document::Element;
use crate::execution::{Effect, Flow, Forward, Outcome, Run, Target};
use crate::expression::Expected;
use crate::program::{Compiler, Section};

use super::setting::Setting;
use super::{Kind, Policy, Statement};

pub(super) const POLICY: Policy = Policy {
    name: "forward-request",
    sections: &[Section::Backend],
    kind: Kind::Statement(compile),
};

const SECONDS: &str = "a number of seconds";
const MILLISECONDS: &str = "a number of milliseconds";

struct ForwardRequest {
    timeout: Timeout,
    buffer_request_body: bool,
    buffer_response: bool,
    fail_on_error_status_code: bool,
}

enum Timeout {
    Seconds(Setting<u64>),
    Milliseconds(Setting<u64>),
}

fn compile(element: &Element, compiler: &mut Compiler<'_>) -> Option<Box<dyn Statement>> {
    const KNOWN: [&str; 8] = [
        "timeout",
        "timeout-ms",
        "continue-timeout",
        "http-version",
        "follow-redirects",
        "buffer-request-body",
        "buffer-response",
        "fail-on-error-status-code",
    ];
    compiler.check_attributes(element, &KNOWN);
    compiler.refuse_attributes(element, &["continue-timeout"]);
    compiler.check_empty(element);
    if let Some(version) = element.attribute("http-version") {
        let text = compiler.literal(version)?;
        match &*text {
            // `2or1` favours HTTP/2 and is content with HTTP/1.1, which this gateway speaks outward.
            "1" | "2or1" => {}
            "2" => compiler.error(
                "NotSupported",
                "'http-version=\"2\"' is not supported yet.",
                version.offset,
            ),
            _ => compiler.error(
                "InvalidValue",
                "'http-version' must be '1', '2' or '2or1'.",
                version.offset,
            ),
        }
    }
    if let Some(redirects) = element.attribute("follow-redirects") {
        match compiler.boolean(redirects)? {
            Setting::Literal(false) => {}
            _ => compiler.error(
                "NotSupported",
                "'follow-redirects' is not supported yet.",
                redirects.offset,
            ),
        }
    }
    let timeout = match (
        element.attribute("timeout"),
        element.attribute("timeout-ms"),
    ) {
        (None, None) => Timeout::Seconds(Setting::Literal(Forward::DEFAULT_TIMEOUT.as_secs())),
        (Some(seconds), None) => {
            Timeout::Seconds(compiler.parsed(seconds, Expected::Integer, read_number, SECONDS)?)
        }
        (None, Some(milliseconds)) => Timeout::Milliseconds(compiler.parsed(
            milliseconds,
            Expected::Integer,
            read_number,
            MILLISECONDS,
        )?),
        (Some(_), Some(second)) => {
            compiler.error(
                "InvalidAttributes",
                "'forward-request' takes 'timeout' or 'timeout-ms', not both.",
                second.offset,
            );
            return None;
        }
    };
    Some(Box::new(ForwardRequest {
        timeout,
        buffer_request_body: compiler.flag(element, "buffer-request-body", false),
        buffer_response: compiler.flag(element, "buffer-response", true),
        fail_on_error_status_code: compiler.flag(element, "fail-on-error-status-code", false),
    }))
}

/// Up to a day in milliseconds; a longer wait is a slip.
fn read_number(text: &str) -> Option<u64> {
    text.parse().ok().filter(|number| *number <= 86_400_000)
}

impl Statement for ForwardRequest {
    fn execute(&self, run: &mut Run<'_>) -> Outcome<Flow> {
        if self.buffer_request_body && matches!(run.context.request.body, Body::Streaming) {
            return Ok(Flow::NeedFirst(Box::new(Effect::RequestBody)));
        }
        let timeout = match &self.timeout {
            Timeout::Seconds(seconds) => {
                Duration::from_secs(run.parsed(seconds, read_number, SECONDS)?)
            }
            Timeout::Milliseconds(milliseconds) => {
                Duration::from_millis(run.parsed(milliseconds, read_number, MILLISECONDS)?)
            }
        };
        Ok(Flow::Need(Box::new(Effect::Forward(Forward {
            // Both are filled in from what policies decided before.
            target: Target::default(),
            client_certificate: None,
            timeout,
            follow_redirects: false,
            buffer_response: self.buffer_response,
            fail_on_error_status_code: self.fail_on_error_status_code,
        }))))
    }
}
