//! `context.Request` and `context.Response`.

use std::sync::Arc;

use bytes::Bytes;

use super::arguments::{boolean, token};
use super::context::{handle, present, shared};
use super::full;
use super::registry::Group;
use crate::context::Body;
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
        full("int StatusCode", |m, _| match &m.context.response {
            Some(response) => Ok(Value::Int(i32::from(response.status.as_u16()))),
            None => Err(Exception::null_reference()),
        }),
        full("string StatusReason", |m, _| match &m.context.response {
            Some(response) => Ok(match &response.reason {
                Some(reason) => shared(reason),
                None => Value::from(response.status.canonical_reason().unwrap_or_default()),
            }),
            None => Err(Exception::null_reference()),
        }),
        full("IHeaders Headers", |_, _| {
            Ok(handle(Handle::ResponseHeaders))
        }),
        full("IMessageBody Body", |m, _| {
            let some = m
                .context
                .response
                .as_ref()
                .is_some_and(|r| !matches!(r.body, Body::None));
            present(some, Handle::ResponseBody)
        }),
    ],
};

pub(super) static BODY: Group = Group {
    owner: "IMessageBody",
    entries: &[full("T As<T>(bool preserveContent = false)", |m, a| {
        let wanted = token(a);
        let text = wanted == Type::STRING;
        if !text && wanted != Type::array(Type::Basic(Basic::Byte)) {
            return Err(Exception::new(
                names::NOT_SUPPORTED,
                format!("A body cannot be read as '{}'.", wanted.full_name()),
            ));
        }
        let content = read_body(m, a, boolean(a, 1))?;
        m.budget.allocate(content.len())?;
        Ok(if text {
            let content = content.strip_prefix(b"\xef\xbb\xbf").unwrap_or(&content);
            Value::from(String::from_utf8_lossy(content).into_owned())
        } else {
            Value::bytes(content.to_vec())
        })
    })],
};

pub(super) fn read_body(
    machine: &mut Machine<'_>,
    args: &[Value],
    preserve: bool,
) -> Result<Bytes, Exception> {
    let response = matches!(args.first(), Some(Value::Handle(Handle::ResponseBody)));
    let body = if response {
        match &mut machine.context.response {
            Some(response) => &mut response.body,
            None => return Err(Exception::null_reference()),
        }
    } else {
        &mut machine.context.request.body
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
