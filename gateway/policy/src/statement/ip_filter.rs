//! `ip-filter`.

use std::net::IpAddr;

use http::StatusCode;

use crate::document::Element;
use crate::execution::{Failure, Flow, Outcome, Run};
use crate::expression::Expected;
use crate::program::{Compiler, Section};

use super::setting::Setting;
use super::{Kind, Policy, Statement};

pub(super) const POLICY: Policy = Policy {
    name: "ip-filter",
    sections: &[Section::Inbound],
    kind: Kind::Statement(compile),
};

const ACTION: &str = "'allow' or 'forbid'";
const ADDRESS: &str = "an IP address";
const CHILDREN: [&str; 2] = ["address", "address-range"];

struct IpFilter {
    action: Setting<Action>,
    entries: Vec<Entry>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Action {
    Allow,
    Forbid,
}

enum Entry {
    Address(Setting<IpAddr>),
    Range(Setting<IpAddr>, Setting<IpAddr>),
}

fn compile(element: &Element, compiler: &mut Compiler<'_>) -> Option<Box<dyn Statement>> {
    compiler.check_attributes(element, &["action"]);
    compiler.check_no_text(element);
    let action = compiler.required(element, "action");
    let action = action.and_then(|a| compiler.parsed(a, Expected::Text, read_action, ACTION));
    let mut entries = Vec::new();
    let mut complete = true;
    for child in element.elements() {
        let entry = match child.name.as_str() {
            "address" => {
                compiler.check_attributes(child, &[]);
                address(child, compiler).map(Entry::Address)
            }
            "address-range" => range(child, compiler),
            _ => {
                compiler.unknown_child(element, child, &CHILDREN);
                None
            }
        };
        complete &= entry.is_some();
        entries.extend(entry);
    }
    if complete && entries.is_empty() {
        compiler.error(
            "MissingElement",
            "'ip-filter' needs at least one 'address' or 'address-range'.",
            element.offset,
        );
    }
    Some(Box::new(IpFilter {
        action: action?,
        entries,
    }))
}

fn address(element: &Element, compiler: &mut Compiler<'_>) -> Option<Setting<IpAddr>> {
    match compiler.content(element)? {
        Setting::Code(code) => Some(Setting::Code(code)),
        Setting::Literal(text) => {
            let address = read_address(&text);
            if address.is_none() {
                compiler.error(
                    "InvalidValue",
                    format!("'address' must hold {ADDRESS}."),
                    element.offset,
                );
            }
            address.map(Setting::Literal)
        }
    }
}

fn range(element: &Element, compiler: &mut Compiler<'_>) -> Option<Entry> {
    compiler.check_attributes(element, &["from", "to"]);
    compiler.check_empty(element);
    let from = compiler.required(element, "from");
    let from = from.and_then(|a| compiler.parsed(a, Expected::Text, read_address, ADDRESS));
    let to = compiler.required(element, "to");
    let to = to.and_then(|a| compiler.parsed(a, Expected::Text, read_address, ADDRESS));
    let (from, to) = (from?, to?);
    if let (Setting::Literal(from), Setting::Literal(to)) = (&from, &to)
        && (from > to || from.is_ipv4() != to.is_ipv4())
    {
        compiler.error(
            "InvalidValue",
            "The range must go from a lower to a higher address.",
            element.offset,
        );
        return None;
    }
    Some(Entry::Range(from, to))
}

fn read_action(text: &str) -> Option<Action> {
    match text {
        "allow" => Some(Action::Allow),
        "forbid" => Some(Action::Forbid),
        _ => None,
    }
}

fn read_address(text: &str) -> Option<IpAddr> {
    text.parse::<IpAddr>()
        .ok()
        .map(|address| address.to_canonical())
}

impl Statement for IpFilter {
    fn execute(&self, run: &mut Run<'_>) -> Outcome<Flow> {
        // An IPv4 client of an IPv6 socket is the IPv4 address it is.
        let caller = run.context.request.ip_address.to_canonical();
        let action = run.parsed(&self.action, read_action, ACTION)?;
        let mut listed = false;
        for entry in &self.entries {
            listed |= match entry {
                Entry::Address(address) => run.parsed(address, read_address, ADDRESS)? == caller,
                Entry::Range(from, to) => {
                    let from = run.parsed(from, read_address, ADDRESS)?;
                    let to = run.parsed(to, read_address, ADDRESS)?;
                    from.is_ipv4() == caller.is_ipv4() && from <= caller && caller <= to
                }
            };
            if listed {
                break;
            }
        }
        match (action, listed) {
            (Action::Allow, true) | (Action::Forbid, false) => Ok(Flow::Next),
            (Action::Allow, false) => Err(denied(
                "CallerIpNotAllowed",
                format!("Caller IP address {caller} is not allowed. Access denied."),
            )),
            (Action::Forbid, true) => Err(denied(
                "CallerIpBlocked",
                "Caller IP address is blocked. Access denied.".to_owned(),
            )),
        }
    }
}

fn denied(reason: &'static str, message: String) -> Box<Failure> {
    Box::new(Failure::of_policy(
        reason,
        message.clone(),
        StatusCode::FORBIDDEN,
        message,
    ))
}
