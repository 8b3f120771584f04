//! `context.Request` and `context.Response`.

use std::sync::Arc;

use bytes::Bytes;

use super::arguments::{boolean, token};
use super::context::{handle, present, shared};
use super::full;
use super::registry::Group;
use crate::context::{Body, Response};
use crate::expression::exception::{Exception, names};
use crate::expression::handle::Handle;
use crate::expression::machine::Machine;
use crate::expression::types::{Basic, Type};
use crate::expression::value::Value;

pub(super) static REQUEST: Group = Group {
    owner: "IRequest",
    entries: &[
        full("X509Certificate2 Certificate", |m, _| {
            let certificate = m.context.request.certificate.as_ref();
            Ok(certificate.map_or(Value::Null, |c| Value::Certificate(Arc::clone(c))))
        }),
        full("IHeaders Headers", |_, _| {
            Ok(handle(Handle::RequestHeaders))
        }),
        full("IUrl Url", |_, _| Ok(handle(Handle::RequestUrl))),
        full("IUrl OriginalUrl", |_, _| Ok(handle(Handle::OriginalUrl))),
        full("string Method", |m, _| {
            Ok(Value::from(m.context.request.method.as_str()))
        }),
        full("string IpAddress", |m, _| {
            Ok(Value::from(m.context.request.ip_address.to_string()))
        }),
        full("IMatchedParameters MatchedParameters", |_, _| {
            Ok(handle(Handle::MatchedParameters))
        }),
        full("IMessageBody Body", |m, _| {
            present(
                !matches!(m.context.request.body, Body::None),
                Handle::RequestBody,
            )
        }),
    ],
};

pub(super) static RESPONSE: Group = Group {
    owner: "IResponse",
    entries: &[
        full("int StatusCode", |m, a| {
            response(m, a).map(|response| Value::Int(i32::from(response.status.as_u16())))
        }),
        full("string StatusReason", |m, a| {
            response(m, a).map(|response| match &response.reason {
                Some(reason) => shared(reason),
                None => Value::from(response.status.canonical_reason().unwrap_or_default()),
            })
        }),
        full("IHeaders Headers", |_, a| {
            Ok(handle(match which(a) {
                Some(Handle::SentResponse(index)) => Handle::SentHeaders(index),
                _ => Handle::ResponseHeaders,
            }))
        }),
        full("IMessageBody Body", |m, a| {
            let some = response(m, a).is_ok_and(|r| !matches!(r.body, Body::None));
            let body = match which(a) {
                Some(Handle::SentResponse(index)) => Handle::SentBody(index),
                _ => Handle::ResponseBody,
            };
            present(some, body)
        }),
    ],
};

fn which(args: &[Value]) -> Option<Handle> {
    match args.first() {
        Some(Value::Handle(which)) => Some(*which),
        _ => None,
    }
}

/// The response whose member is read: `context.Response`, or one that a policy fetched.
fn response<'m>(machine: &'m Machine<'_>, args: &[Value]) -> Result<&'m Response, Exception> {
    which(args)
        .and_then(|which| machine.context.response_at(which))
        .ok_or_else(Exception::null_reference)
}

pub(super) static BODY: Group = Group {
    owner: "IMessageBody",
    entries: &[full("T As<T>(bool preserveContent = false)", |m, a| {
        let content = read_body(m, a, boolean(a, 1))?;
        m.budget.allocate(content.len())?;
        body_as(m, &token(a), &content)
    })],
};

/// Whether `As<T>` takes that type.
pub(crate) fn is_body_type(ty: &Type) -> bool {
    match ty {
        Type::Basic(basic) => matches!(
            basic,
            Basic::String
                | Basic::JObject
                | Basic::JArray
                | Basic::JToken
                | Basic::XNode
                | Basic::XElement
                | Basic::XDocument
        ),
        other => *other == Type::array(Type::Basic(Basic::Byte)),
    }
}

/// The content of a body as `wanted`. Each kind of document has a function that takes or leaves it.
fn body_as(machine: &mut Machine<'_>, wanted: &Type, content: &Bytes) -> Result<Value, Exception> {
    if *wanted == Type::array(Type::Basic(Basic::Byte)) {
        return Ok(Value::bytes(content.to_vec()));
    }
    let plain = content.strip_prefix(b"\xef\xbb\xbf").unwrap_or(content);
    let text = String::from_utf8_lossy(plain);
    if *wanted == Type::STRING {
        return Ok(Value::from(text.into_owned()));
    }
    if let Some(read) = super::json::read_body(machine, wanted, &text) {
        return read;
    }
    if let Type::Basic(xml @ (Basic::XElement | Basic::XDocument | Basic::XNode)) = wanted {
        let whole = *xml == Basic::XDocument;
        return super::xml::read_body(machine.budget, &text, whole);
    }
    Err(Exception::new(
        names::NOT_SUPPORTED,
        format!("A body cannot be read as '{}'.", wanted.full_name()),
    ))
}

pub(super) fn read_body(
    machine: &mut Machine<'_>,
    args: &[Value],
    preserve: bool,
) -> Result<Bytes, Exception> {
    let response = match which(args) {
        Some(Handle::ResponseBody) => machine.context.response.as_mut(),
        Some(Handle::SentBody(index)) => machine.context.sent.get_mut(index),
        _ => None,
    };
    let body = match (response, which(args)) {
        (Some(response), _) => &mut response.body,
        (None, Some(Handle::RequestBody)) => &mut machine.context.request.body,
        (None, _) => return Err(Exception::null_reference()),
    };
    match body {
        Body::Bytes(content) => {
            let content = content.clone();
            if !preserve {
                *body = Body::Consumed;
            }
            Ok(content)
        }
        Body::None => Err(Exception::null_reference()),
        Body::Consumed => Err(Exception::new(
            names::INVALID_OPERATION,
            "The body has been read already; read it with preserveContent: true to read it again.",
        )),
        Body::Streaming => Err(Exception::new(
            names::INVALID_OPERATION,
            "The body was not buffered before the expression ran.",
        )),
    }
}
