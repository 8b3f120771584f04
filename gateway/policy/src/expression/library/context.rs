//! `context` and what hangs from it (appendix "Context variable" of the policy expressions page).

use std::sync::Arc;

use bytes::Bytes;
use http::HeaderMap;
use percent_encoding::percent_decode_str;

use super::arguments::{boolean, optional_text, text, token, without_token};
use super::certificates;
use super::collections::strings;
use super::dates::utc;
use super::full;
use super::registry::Group;
use crate::context::{Api, Body, LastError, Operation, Subscription, Url};
use crate::expression::exception::{Exception, names};
use crate::expression::handle::Handle;
use crate::expression::machine::Machine;
use crate::expression::time::{DateTime, TimeSpan, ticks_of};
use crate::expression::types::{Basic, Type, is_instance, type_of};
use crate::expression::value::Value;
use crate::host::{TraceRecord, TraceSeverity};

type Outcome = Result<Value, Exception>;

const fn handle(handle: Handle) -> Value {
    Value::Handle(handle)
}

fn present(condition: bool, which: Handle) -> Outcome {
    Ok(if condition {
        handle(which)
    } else {
        Value::Null
    })
}

pub(super) static CONTEXT: Group = Group {
    owner: "IProxyRequestContext",
    entries: &[
        full("IRequest Request", |_, _| Ok(handle(Handle::Request))),
        full("IResponse Response", |m, _| {
            present(m.context.response.is_some(), Handle::Response)
        }),
        full("IVariables Variables", |_, _| Ok(handle(Handle::Variables))),
        full("IApi Api", |m, _| {
            present(m.context.api.is_some(), Handle::Api)
        }),
        full("IOperation Operation", |m, _| {
            present(m.context.operation.is_some(), Handle::Operation)
        }),
        full("ISubscription Subscription", |m, _| {
            present(m.context.subscription.is_some(), Handle::Subscription)
        }),
        full("ILastError LastError", |m, _| {
            present(m.context.last_error.is_some(), Handle::LastError)
        }),
        full("IDeployment Deployment", |_, _| {
            Ok(handle(Handle::Deployment))
        }),
        full("Guid RequestId", |m, _| {
            Ok(Value::Guid(m.context.request_id.0))
        }),
        full("DateTime Timestamp", |m, _| Ok(utc(m.context.timestamp))),
        full("TimeSpan Elapsed", |m, _| {
            Ok(Value::TimeSpan(TimeSpan(
                ticks_of(m.host.now()) - ticks_of(m.context.timestamp),
            )))
        }),
        full("bool Tracing", |_, _| Ok(Value::Bool(false))),
        full("void Trace(string message)", |m, a| {
            let message = optional_text(a, 1)
                .map(|text| text.to_string())
                .unwrap_or_default();
            m.budget.charge(100)?;
            m.host.trace(TraceRecord {
                source: "context.Trace".to_owned(),
                severity: TraceSeverity::Verbose,
                message,
                metadata: Vec::new(),
            });
            Ok(Value::Null)
        }),
    ],
};

fn api(machine: &Machine<'_>, read: impl FnOnce(&Api) -> Value) -> Outcome {
    machine
        .context
        .api
        .as_ref()
        .map(|api| read(api))
        .ok_or_else(Exception::null_reference)
}

pub(super) static API: Group = Group {
    owner: "IApi",
    entries: &[
        full("string Id", |m, _| api(m, |api| shared(&api.id))),
        full("string Name", |m, _| api(m, |api| shared(&api.name))),
        full("string Path", |m, _| api(m, |api| shared(&api.path))),
        full("string Revision", |m, _| {
            api(m, |api| shared(&api.revision))
        }),
        full("string Version", |m, _| api(m, |api| shared(&api.version))),
        full("IEnumerable<string> Protocols", |m, _| {
            api(m, |api| strings(api.protocols.iter().map(AsRef::as_ref)))
        }),
        full("IUrl ServiceUrl", |m, _| {
            api(m, |api| {
                api.service_url
                    .as_ref()
                    .map_or(Value::Null, |_| handle(Handle::ServiceUrl))
            })
        }),
    ],
};

fn shared(text: &Arc<str>) -> Value {
    Value::from(Arc::clone(text))
}

fn operation(machine: &Machine<'_>, read: impl FnOnce(&Operation) -> Value) -> Outcome {
    machine
        .context
        .operation
        .as_ref()
        .map(|o| read(o))
        .ok_or_else(Exception::null_reference)
}

pub(super) static OPERATION: Group = Group {
    owner: "IOperation",
    entries: &[
        full("string Id", |m, _| {
            operation(m, |operation| shared(&operation.id))
        }),
        full("string Name", |m, _| {
            operation(m, |operation| shared(&operation.name))
        }),
        full("string Method", |m, _| {
            operation(m, |operation| shared(&operation.method))
        }),
        full("string UrlTemplate", |m, _| {
            operation(m, |operation| shared(&operation.url_template))
        }),
    ],
};

fn subscription(machine: &Machine<'_>, read: impl FnOnce(&Subscription) -> Value) -> Outcome {
    machine
        .context
        .subscription
        .as_ref()
        .map(|s| read(s))
        .ok_or_else(Exception::null_reference)
}

fn date(moment: Option<crate::host::UnixNanos>) -> Value {
    moment.map_or(Value::Null, |moment| Value::DateTime(DateTime::utc(moment)))
}

pub(super) static SUBSCRIPTION: Group = Group {
    owner: "ISubscription",
    entries: &[
        full("string Id", |m, _| subscription(m, |s| shared(&s.id))),
        full("string Name", |m, _| subscription(m, |s| shared(&s.name))),
        full("string Key", |m, _| subscription(m, |s| shared(&s.key))),
        full("string PrimaryKey", |m, _| {
            subscription(m, |s| shared(&s.primary_key))
        }),
        full("string SecondaryKey", |m, _| {
            subscription(m, |s| shared(&s.secondary_key))
        }),
        full("DateTime CreatedDate", |m, _| {
            subscription(m, |s| date(Some(s.created_date)))
        }),
        full("DateTime? StartDate", |m, _| {
            subscription(m, |s| date(s.start_date))
        }),
        full("DateTime? EndDate", |m, _| {
            subscription(m, |s| date(s.end_date))
        }),
    ],
};

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

fn url_of<'m>(machine: &'m Machine<'_>, args: &[Value]) -> Result<&'m Url, Exception> {
    let context = &machine.context;
    match args.first() {
        Some(Value::Handle(Handle::RequestUrl | Handle::RequestQuery)) => Ok(&context.request.url),
        Some(Value::Handle(Handle::OriginalUrl | Handle::OriginalQuery)) => {
            Ok(&context.request.original_url)
        }
        _ => context
            .api
            .as_ref()
            .and_then(|api| api.service_url.as_ref())
            .ok_or_else(Exception::null_reference),
    }
}

pub(super) static URL: Group = Group {
    owner: "IUrl",
    entries: &[
        full("string Scheme", |m, a| {
            url_of(m, a).map(|url| shared(&url.scheme))
        }),
        full("string Host", |m, a| {
            url_of(m, a).map(|url| shared(&url.host))
        }),
        full("int Port", |m, a| {
            url_of(m, a).map(|url| Value::Int(i32::from(url.port)))
        }),
        full("string Path", |m, a| {
            url_of(m, a).map(|url| Value::from(url.path.as_str()))
        }),
        full("string QueryString", |m, a| {
            url_of(m, a).map(|url| {
                if url.query.is_empty() {
                    Value::from("")
                } else {
                    Value::from(format!("?{}", url.query))
                }
            })
        }),
        full("IQuery Query", |_, a| {
            Ok(handle(match a.first() {
                Some(Value::Handle(Handle::RequestUrl)) => Handle::RequestQuery,
                Some(Value::Handle(Handle::OriginalUrl)) => Handle::OriginalQuery,
                _ => Handle::ServiceQuery,
            }))
        }),
        full("string ToString()", |m, a| {
            url_of(m, a).map(|url| Value::from(printed(url)))
        }),
    ],
};

/// The whole URL; the port only if it is not the scheme's.
fn printed(url: &Url) -> String {
    let default = matches!(
        (url.scheme.as_ref(), url.port),
        ("https", 443) | ("http", 80)
    );
    let port = if default {
        String::new()
    } else {
        format!(":{}", url.port)
    };
    let query = if url.query.is_empty() {
        String::new()
    } else {
        format!("?{}", url.query)
    };
    format!("{}://{}{port}{}{query}", url.scheme, url.host, url.path)
}

fn headers_of<'m>(machine: &'m Machine<'_>, which: Handle) -> Option<&'m HeaderMap> {
    match which {
        Handle::RequestHeaders => Some(&machine.context.request.headers),
        Handle::ResponseHeaders => machine.context.response.as_ref().map(|r| &r.headers),
        _ => None,
    }
}

/// Values of a header, as text.
fn header(machine: &Machine<'_>, which: Handle, name: &str) -> Vec<String> {
    headers_of(machine, which)
        .map(|headers| headers.get_all(name).iter().map(text_of).collect())
        .unwrap_or_default()
}

/// Header bytes are Latin-1 when they are not ASCII (RFC 9110 section 5.5); UTF-8 where it is that.
fn text_of(value: &http::HeaderValue) -> String {
    match std::str::from_utf8(value.as_bytes()) {
        Ok(text) => text.to_owned(),
        Err(_) => value
            .as_bytes()
            .iter()
            .map(|byte| char::from(*byte))
            .collect(),
    }
}

/// Names and values of a query string, decoded as forms are.
fn query(url: &Url) -> Vec<(String, String)> {
    let decode = |part: &str| {
        percent_decode_str(&part.replace('+', " "))
            .decode_utf8_lossy()
            .into_owned()
    };
    url.query
        .split('&')
        .filter(|pair| !pair.is_empty())
        .map(|pair| {
            let (name, value) = pair.split_once('=').unwrap_or((pair, ""));
            (decode(name), decode(value))
        })
        .collect()
}

fn query_values(machine: &Machine<'_>, which: Handle, name: &str) -> Vec<String> {
    match url_of(machine, &[handle(which)]) {
        Ok(url) => query(url)
            .into_iter()
            .filter(|(known, _)| known.eq_ignore_ascii_case(name))
            .map(|(_, value)| value)
            .collect(),
        Err(_) => Vec::new(),
    }
}

/// Values under a name of headers or query parameters; none if it is missing.
fn values_of(machine: &mut Machine<'_>, args: &[Value]) -> Result<Vec<String>, Exception> {
    machine.budget.charge(10)?;
    let Some(Value::Handle(which)) = args.first() else {
        return Err(Exception::null_reference());
    };
    let name = text(args, 1, "key")?;
    Ok(match which {
        Handle::RequestHeaders | Handle::ResponseHeaders => header(machine, *which, name),
        _ => query_values(machine, *which, name),
    })
}

/// Joined with commas; the default if there are none.
fn joined(machine: &mut Machine<'_>, args: &[Value]) -> Outcome {
    let mut values = values_of(machine, args)?;
    match values.len() {
        0 => Ok(without_token(args).get(2).cloned().unwrap_or(Value::Null)),
        1 => Ok(values.pop().map_or(Value::Null, Value::from)),
        _ => {
            let text = values.join(",");
            machine.budget.allocate(text.len())?;
            Ok(Value::text(text))
        }
    }
}

/// The indexer of headers and query parameters: `null` for what is missing, as observed of APIM.
fn listed(machine: &mut Machine<'_>, args: &[Value]) -> Outcome {
    let values = values_of(machine, args)?;
    if values.is_empty() {
        return Ok(Value::Null);
    }
    Ok(strings(values.iter().map(String::as_str)))
}

fn has(machine: &mut Machine<'_>, args: &[Value]) -> Outcome {
    Ok(Value::Bool(!values_of(machine, args)?.is_empty()))
}

pub(super) static HEADERS: Group = Group {
    owner: "IHeaders",
    entries: &[
        full("string GetValueOrDefault(string headerName)", joined),
        full(
            "string GetValueOrDefault(string headerName, string defaultValue)",
            joined,
        ),
        full("string[] this[string headerName]", listed),
        full("bool ContainsKey(string headerName)", has),
    ],
};

pub(super) static QUERY: Group = Group {
    owner: "IQuery",
    entries: &[
        full(
            "string GetValueOrDefault(string queryParameterName)",
            joined,
        ),
        full(
            "string GetValueOrDefault(string queryParameterName, string defaultValue)",
            joined,
        ),
        full("string[] this[string queryParameterName]", listed),
        full("bool ContainsKey(string queryParameterName)", has),
    ],
};

/// What is not here is inherited from the dictionary.
pub(super) static PARAMETERS: Group = Group {
    owner: "IMatchedParameters",
    entries: &[],
};

pub(super) static VARIABLES: Group = Group {
    owner: "IVariables",
    entries: &[
        full("object GetValueOrDefault(string variableName)", |m, a| {
            Ok(variable(m, a)?.unwrap_or(Value::Null))
        }),
        full(
            "T GetValueOrDefault<T>(string variableName)",
            typed_variable,
        ),
        full(
            "T GetValueOrDefault<T>(string variableName, T defaultValue)",
            typed_variable,
        ),
    ],
};

fn variable(machine: &Machine<'_>, args: &[Value]) -> Result<Option<Value>, Exception> {
    let name = text(args, 1, "key")?;
    Ok(machine.context.variables.get(name.as_str()).cloned())
}

/// The variable as `T`; another type throws, as the documentation says.
fn typed_variable(machine: &mut Machine<'_>, args: &[Value]) -> Outcome {
    let wanted = token(args);
    match variable(machine, args)? {
        Some(found) => {
            let fits = match found {
                Value::Null => !wanted.is_value_type(),
                ref other => is_instance(other, &wanted),
            };
            if fits {
                Ok(found)
            } else {
                let from = type_of(&found).map(|ty| ty.full_name()).unwrap_or_default();
                if found.is_null() {
                    return Err(Exception::null_reference());
                }
                Err(Exception::invalid_cast(&from, &wanted.full_name()))
            }
        }
        None => Ok(match without_token(args).get(2) {
            Some(default) => default.clone(),
            None => super::linq::default_value(&wanted),
        }),
    }
}

pub(super) static DEPLOYMENT: Group = Group {
    owner: "IDeployment",
    entries: &[
        full("ICertificates Certificates", |_, _| {
            Ok(handle(Handle::Certificates))
        }),
        full("IIdentityLists IdentityLists", |_, _| {
            Ok(handle(Handle::IdentityLists))
        }),
        full("IGateway Gateway", |_, _| Ok(handle(Handle::Gateway))),
        full("string GatewayId", |m, _| {
            Ok(shared(&m.context.deployment.gateway_id))
        }),
        full("string Region", |m, _| {
            Ok(shared(&m.context.deployment.region))
        }),
        full("string ServiceId", |m, _| {
            Ok(shared(&m.context.deployment.service_id))
        }),
        full("string ServiceName", |m, _| {
            Ok(shared(&m.context.deployment.service_name))
        }),
    ],
};

pub(super) static GATEWAY: Group = Group {
    owner: "IGateway",
    entries: &[
        full("string Id", |m, _| {
            Ok(shared(&m.context.deployment.gateway_id))
        }),
        full("string InstanceId", |m, _| {
            Ok(shared(&m.context.deployment.instance_id))
        }),
        // `managed` is Microsoft's own; this one is the customer's.
        full("bool IsManaged", |_, _| Ok(Value::Bool(false))),
    ],
};

fn last_error(machine: &Machine<'_>, read: impl FnOnce(&LastError) -> &Arc<str>) -> Outcome {
    let error = machine.context.last_error.as_ref();
    error
        .map(|error| shared(read(error)))
        .ok_or_else(Exception::null_reference)
}

pub(super) static LAST_ERROR: Group = Group {
    owner: "ILastError",
    entries: &[
        full("string Source", |m, _| last_error(m, |e| &e.source)),
        full("string Reason", |m, _| last_error(m, |e| &e.reason)),
        full("string Message", |m, _| last_error(m, |e| &e.message)),
        full("string Scope", |m, _| last_error(m, |e| &e.scope)),
        full("string Section", |m, _| last_error(m, |e| &e.section)),
        full("string Path", |m, _| last_error(m, |e| &e.path)),
        full("string PolicyId", |m, _| last_error(m, |e| &e.policy_id)),
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

fn read_body(
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

/// One value of a part of `context` that is a dictionary.
pub(super) fn lookup(
    machine: &mut Machine<'_>,
    which: Handle,
    key: &Value,
) -> Result<Option<Value>, Exception> {
    machine.budget.charge(5)?;
    let Value::Text(name) = key else {
        return Ok(None);
    };
    Ok(match which {
        Handle::Variables => machine.context.variables.get(name.as_str()).cloned(),
        Handle::Certificates => certificates::find(machine, name).map(Value::Certificate),
        Handle::MatchedParameters => machine
            .context
            .request
            .matched_parameters
            .iter()
            .find(|(known, _)| known.eq_ignore_ascii_case(name))
            .map(|(_, value)| Value::from(value.as_str())),
        _ => match listed(machine, &[handle(which), key.clone()])? {
            Value::Null => None,
            found => Some(found),
        },
    })
}

/// All of a part of `context` that is a dictionary.
pub(super) fn pairs(
    machine: &mut Machine<'_>,
    which: Handle,
) -> Result<Vec<(Value, Value)>, Exception> {
    Ok(match which {
        Handle::Variables => machine
            .context
            .variables
            .iter()
            .map(|(name, value)| (shared(name), value.clone()))
            .collect(),
        Handle::Certificates => certificates::pairs(machine),
        Handle::MatchedParameters => machine
            .context
            .request
            .matched_parameters
            .iter()
            .map(|(name, value)| (shared(name), Value::from(value.as_str())))
            .collect(),
        Handle::RequestHeaders | Handle::ResponseHeaders => {
            let names: Vec<String> = headers_of(machine, which)
                .map(|headers| headers.keys().map(ToString::to_string).collect())
                .unwrap_or_default();
            names
                .into_iter()
                .map(|name| {
                    let values = header(machine, which, &name);
                    (
                        Value::from(name),
                        strings(values.iter().map(String::as_str)),
                    )
                })
                .collect()
        }
        Handle::RequestQuery | Handle::OriginalQuery | Handle::ServiceQuery => {
            let mut grouped: indexmap::IndexMap<String, Vec<String>> = indexmap::IndexMap::new();
            for (name, value) in query(url_of(machine, &[handle(which)])?) {
                grouped.entry(name).or_default().push(value);
            }
            grouped
                .into_iter()
                .map(|(name, values)| {
                    (
                        Value::from(name),
                        strings(values.iter().map(String::as_str)),
                    )
                })
                .collect()
        }
        _ => return Err(Exception::null_reference()),
    })
}

/// The same as objects, for enumeration.
pub(super) fn entries(machine: &mut Machine<'_>, which: Handle) -> Result<Vec<Value>, Exception> {
    let types: Arc<[Type]> = match Type::Basic(which.basic()).bases().into_iter().next() {
        Some(Type::Generic(_, types)) => types,
        _ => return Err(Exception::null_reference()),
    };
    let pairs = pairs(machine, which)?;
    machine
        .budget
        .allocate(pairs.len().saturating_mul(2 * size_of::<Value>()))?;
    Ok(super::maps::objects(pairs, &types))
}
