//! `context` itself and its parts that are plain records (appendix "Context variable" of the policy
//! expressions page).

use std::sync::Arc;

use super::arguments::optional_text;
use super::collections::strings;
use super::date_time::utc;
use super::full;
use super::registry::Group;
use crate::context::{Api, LastError, Operation, Subscription};
use crate::expression::exception::Exception;
use crate::expression::handle::Handle;
use crate::expression::machine::Machine;
use crate::expression::time::{DateTime, TimeSpan, ticks_of};
use crate::expression::value::Value;
use crate::host::{TraceRecord, TraceSeverity};

pub(super) type Outcome = Result<Value, Exception>;

pub(super) const fn handle(handle: Handle) -> Value {
    Value::Handle(handle)
}

pub(super) fn present(condition: bool, which: Handle) -> Outcome {
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

pub(super) fn api(machine: &Machine<'_>, read: impl FnOnce(&Api) -> Value) -> Outcome {
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

pub(super) fn shared(text: &Arc<str>) -> Value {
    Value::from(Arc::clone(text))
}

pub(super) fn operation(machine: &Machine<'_>, read: impl FnOnce(&Operation) -> Value) -> Outcome {
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

pub(super) fn subscription(
    machine: &Machine<'_>,
    read: impl FnOnce(&Subscription) -> Value,
) -> Outcome {
    machine
        .context
        .subscription
        .as_ref()
        .map(|s| read(s))
        .ok_or_else(Exception::null_reference)
}

pub(super) fn date(moment: Option<crate::host::UnixNanos>) -> Value {
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

pub(super) fn last_error(
    machine: &Machine<'_>,
    read: impl FnOnce(&LastError) -> &Arc<str>,
) -> Outcome {
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
