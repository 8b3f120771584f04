//! Members of `context` as templates see them (set-body page, "the Liquid template can bind to a
//! context object").

use std::sync::Arc;

use http::HeaderMap;

use super::datum::Datum;
use crate::context::{Body, Context, Url};
use crate::expression::{
    Budget, DateTime, Exception, Handle, Value, header_text, print_url, query_of,
};

/// A member of a part of `context`; `None` if it has none of this name.
pub(super) fn member(
    part: Handle,
    name: &str,
    context: &Context,
    budget: &mut Budget,
) -> Result<Option<Datum>, Exception> {
    let text = |text: &str| Some(Datum::text(text));
    Ok(match part {
        Handle::Context => root(name, context),
        Handle::Request => match name {
            "Url" => Some(Datum::Part(Handle::RequestUrl)),
            "OriginalUrl" => Some(Datum::Part(Handle::OriginalUrl)),
            "Method" => text(context.request.method.as_str()),
            "IpAddress" => text(&context.request.ip_address.to_string()),
            "MatchedParameters" => Some(Datum::Part(Handle::MatchedParameters)),
            "Headers" => Some(Datum::Part(Handle::RequestHeaders)),
            "HasBody" => Some(Datum::bool(has_body(&context.request.body))),
            _ => None,
        },
        Handle::Response | Handle::SentResponse(_) => {
            let Some(response) = context.response_at(part) else {
                return Ok(None);
            };
            match name {
                "StatusCode" => Some(Datum::whole(i64::from(response.status.as_u16()))),
                "StatusReason" => text(
                    response
                        .reason
                        .as_deref()
                        .or(response.status.canonical_reason())
                        .unwrap_or_default(),
                ),
                "Method" => text(context.request.method.as_str()),
                "Headers" => Some(Datum::Part(match part {
                    Handle::SentResponse(index) => Handle::SentHeaders(index),
                    _ => Handle::ResponseHeaders,
                })),
                _ => None,
            }
        }
        Handle::RequestUrl | Handle::OriginalUrl | Handle::ServiceUrl => {
            url(part, context).and_then(|url| of_url(part, url, name))
        }
        Handle::RequestHeaders | Handle::ResponseHeaders | Handle::SentHeaders(_) => {
            headers(part, context).and_then(|headers| {
                let values = values_of(headers, name);
                (!values.is_empty()).then(|| Datum::List(values.into()))
            })
        }
        Handle::RequestQuery | Handle::OriginalQuery | Handle::ServiceQuery => {
            let Some(url) = url(part, context) else {
                return Ok(None);
            };
            budget.allocate(url.query.len())?;
            let values: Vec<Datum> = query_of(url)
                .into_iter()
                .filter(|(known, _)| known.eq_ignore_ascii_case(name))
                .map(|(_, value)| Datum::text(value))
                .collect();
            (!values.is_empty()).then(|| Datum::List(values.into()))
        }
        Handle::MatchedParameters => context
            .request
            .matched_parameters
            .iter()
            .find(|(known, _)| known.as_ref() == name)
            .map(|(_, value)| Datum::text(value.as_str())),
        Handle::Variables => match context.variables.get(name) {
            Some(value) => Some(Datum::of(value.clone(), budget)?),
            None => None,
        },
        Handle::Api => context.api.as_ref().and_then(|api| match name {
            "Id" => Some(Datum::text(Arc::clone(&api.id))),
            "Name" => Some(Datum::text(Arc::clone(&api.name))),
            "Path" => Some(Datum::text(Arc::clone(&api.path))),
            "Revision" => Some(Datum::text(Arc::clone(&api.revision))),
            "Version" => Some(Datum::text(Arc::clone(&api.version))),
            "ServiceUrl" => Some(Datum::Part(Handle::ServiceUrl)),
            _ => None,
        }),
        Handle::Operation => context.operation.as_ref().and_then(|operation| match name {
            "Id" => Some(Datum::text(Arc::clone(&operation.id))),
            "Name" => Some(Datum::text(Arc::clone(&operation.name))),
            "Method" => Some(Datum::text(Arc::clone(&operation.method))),
            "UrlTemplate" => Some(Datum::text(Arc::clone(&operation.url_template))),
            _ => None,
        }),
        Handle::Product => context.product.as_ref().and_then(|product| match name {
            "Id" => Some(Datum::text(Arc::clone(&product.id))),
            "Name" => Some(Datum::text(Arc::clone(&product.name))),
            _ => None,
        }),
        Handle::Subscription => context
            .subscription
            .as_ref()
            .and_then(|subscription| match name {
                "Id" => Some(Datum::text(Arc::clone(&subscription.id))),
                "Name" => Some(Datum::text(Arc::clone(&subscription.name))),
                _ => None,
            }),
        Handle::LastError => context.last_error.as_ref().and_then(|error| {
            Some(Datum::text(Arc::clone(match name {
                "Source" => &error.source,
                "Reason" => &error.reason,
                "Message" => &error.message,
                "Scope" => &error.scope,
                "Section" => &error.section,
                "Path" => &error.path,
                "PolicyId" => &error.policy_id,
                _ => return None,
            })))
        }),
        _ => None,
    })
}

fn root(name: &str, context: &Context) -> Option<Datum> {
    let part = |exists: bool, part| exists.then_some(Datum::Part(part));
    match name {
        "Request" => part(true, Handle::Request),
        "Response" => part(context.response.is_some(), Handle::Response),
        "Variables" => part(true, Handle::Variables),
        "Api" => part(context.api.is_some(), Handle::Api),
        "Operation" => part(context.operation.is_some(), Handle::Operation),
        "Product" => part(context.product.is_some(), Handle::Product),
        "Subscription" => part(context.subscription.is_some(), Handle::Subscription),
        "LastError" => part(context.last_error.is_some(), Handle::LastError),
        "RequestId" => Some(Datum::text(context.request_id.to_string())),
        "Timestamp" => Some(Datum::Scalar(Value::DateTime(DateTime::utc(
            context.timestamp,
        )))),
        _ => None,
    }
}

fn of_url(part: Handle, url: &Url, name: &str) -> Option<Datum> {
    Some(match name {
        "Scheme" => Datum::text(Arc::clone(&url.scheme)),
        "Host" => Datum::text(Arc::clone(&url.host)),
        "Port" => Datum::whole(i64::from(url.port)),
        "Path" => Datum::text(url.path.as_str()),
        "Query" => Datum::Part(match part {
            Handle::RequestUrl => Handle::RequestQuery,
            Handle::OriginalUrl => Handle::OriginalQuery,
            _ => Handle::ServiceQuery,
        }),
        "QueryString" if url.query.is_empty() => Datum::text(""),
        "QueryString" => Datum::text(format!("?{}", url.query)),
        "ToUri" | "ToString" => Datum::text(print_url(url)),
        _ => return None,
    })
}

/// What loops go through; `None` if the part is no dictionary.
pub(super) fn pairs(
    part: Handle,
    context: &Context,
    budget: &mut Budget,
) -> Result<Option<Datum>, Exception> {
    let pair = |name: &str, value: Datum| Datum::Pair(Arc::new((name.into(), value)));
    let pairs: Vec<Datum> = match part {
        Handle::RequestHeaders | Handle::ResponseHeaders | Handle::SentHeaders(_) => {
            let Some(headers) = headers(part, context) else {
                return Ok(None);
            };
            headers
                .keys()
                .map(|name| {
                    let values = values_of(headers, name.as_str());
                    pair(name.as_str(), Datum::List(values.into()))
                })
                .collect()
        }
        Handle::RequestQuery | Handle::OriginalQuery | Handle::ServiceQuery => {
            let Some(url) = url(part, context) else {
                return Ok(None);
            };
            budget.allocate(url.query.len().saturating_mul(4))?;
            let mut values: indexmap::IndexMap<String, Vec<Datum>> = indexmap::IndexMap::new();
            for (name, value) in query_of(url) {
                values.entry(name).or_default().push(Datum::text(value));
            }
            values
                .into_iter()
                .map(|(name, values)| pair(&name, Datum::List(values.into())))
                .collect()
        }
        Handle::MatchedParameters => context
            .request
            .matched_parameters
            .iter()
            .map(|(name, value)| pair(name, Datum::text(value.as_str())))
            .collect(),
        Handle::Variables => {
            let mut pairs = Vec::with_capacity(context.variables.len());
            for (name, value) in &context.variables {
                pairs.push(pair(name, Datum::of(value.clone(), budget)?));
            }
            pairs
        }
        _ => return Ok(None),
    };
    budget.allocate(pairs.len().saturating_mul(2 * size_of::<Datum>()))?;
    Ok(Some(Datum::List(pairs.into())))
}

/// A URL as text; other parts are no text.
pub(super) fn print(part: Handle, context: &Context) -> Option<String> {
    match part {
        Handle::RequestUrl | Handle::OriginalUrl | Handle::ServiceUrl => {
            url(part, context).map(print_url)
        }
        _ => None,
    }
}

fn url(part: Handle, context: &Context) -> Option<&Url> {
    match part {
        Handle::RequestUrl | Handle::RequestQuery => Some(&context.request.url),
        Handle::OriginalUrl | Handle::OriginalQuery => Some(&context.request.original_url),
        _ => context.api.as_ref()?.service_url.as_ref(),
    }
}

fn headers(part: Handle, context: &Context) -> Option<&HeaderMap> {
    match part {
        Handle::RequestHeaders => Some(&context.request.headers),
        _ => context.response_at(part).map(|response| &response.headers),
    }
}

fn values_of(headers: &HeaderMap, name: &str) -> Vec<Datum> {
    headers
        .get_all(name)
        .iter()
        .map(|value| Datum::text(header_text(value)))
        .collect()
}

fn has_body(body: &Body) -> bool {
    match body {
        Body::Bytes(content) => !content.is_empty(),
        Body::Streaming => true,
        Body::None | Body::Consumed => false,
    }
}
