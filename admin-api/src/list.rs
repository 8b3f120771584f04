//! Lists: filtered, cut into pages, linked.

use std::sync::Arc;

use actix_web::http::header;
use gateway_config::resource::{self, Kind, Resource, ResourcePath};
use serde_json::{Value, json};

use crate::entity;
use crate::envelope;
use crate::error::ApiError;
use crate::filter::Filter;
use crate::handle::Call;
use crate::plane::ControlPlane;
use crate::policy_format;
use crate::reply::Reply;
use crate::target::ServiceIdentity;

/// Largest `$skip` and `$top`.
const MOST: usize = 1_000_000_000;

/// Which part of a list is wanted.
#[derive(Debug, Clone, Copy)]
struct Page {
    skip: usize,
    /// Elements of this page.
    take: usize,
    /// Whether the client asked for that many and no more.
    is_limited: bool,
}

impl Page {
    fn asked(call: &Call<'_>) -> Result<Self, ApiError> {
        let number = |name| {
            call.query
                .number(name, MOST)
                .map_err(|r| ApiError::bad_request("InvalidParameter", r))
        };
        let top = number("$top")?;
        let skip = number("$skip")?.unwrap_or(0);
        let most = call.shared.limits.page;
        Ok(Self {
            skip,
            take: top.unwrap_or(most).min(most),
            is_limited: top.is_some(),
        })
    }
}

/// `GET` of a collection.
pub(crate) async fn collection(
    call: &Call<'_>,
    kind: Kind,
    parent: Option<&ResourcePath>,
) -> Result<Reply, ApiError> {
    if let Some(parent) = parent
        && call.shared.plane.get(parent).is_none()
    {
        return Err(entity::not_found(parent));
    }
    let page = Page::asked(call)?;
    let filter = match call.query.get("$filter") {
        None | Some("") => None,
        Some(text) => Some(Filter::parse(text, kind).map_err(|reason| {
            ApiError::bad_request("InvalidFilter", format!("$filter: {reason}"))
        })?),
    };
    let format = policy_format::asked(&call.query)?;
    let found = match (kind, parent, filter) {
        (Kind::Identity, Some(list), None) => Found {
            count: call.shared.plane.member_count(list),
            page: call.shared.plane.members(list, page.skip, page.take),
        },
        (_, _, filter) => {
            // A list may have a million members: not on the thread that answers others.
            let plane = Arc::clone(&call.shared.plane);
            let parent = parent.cloned();
            actix_web::web::block(move || {
                select(&*plane, kind, parent.as_ref(), filter.as_ref(), page)
            })
            .await
            .map_err(|_| ApiError::new(500, "InternalServerError", "The list could not be read."))?
        }
    };
    let mut value = Vec::with_capacity(found.page.len());
    for resource in &found.page {
        value.push(element(call, resource, format)?);
    }
    Ok(Reply::json(200, finish(call, value, found.count, page)))
}

struct Found {
    page: Vec<Resource>,
    count: usize,
}

fn select(
    plane: &dyn ControlPlane,
    kind: Kind,
    parent: Option<&ResourcePath>,
    filter: Option<&Filter>,
    page: Page,
) -> Found {
    let mut all = plane.list(kind, parent);
    if let Some(filter) = filter {
        all.retain(|resource| filter.holds(&resource.path.name(), &resource::render(resource)));
    }
    let count = all.len();
    Found {
        count,
        page: all.into_iter().skip(page.skip).take(page.take).collect(),
    }
}

fn element(
    call: &Call<'_>,
    resource: &Resource,
    format: Option<resource::policy::PolicyFormat>,
) -> Result<Value, ApiError> {
    let warnings = match resource.path.kind() {
        // Members of lists have none, and there are many.
        Kind::Identity => Vec::new(),
        _ => call
            .shared
            .plane
            .get(&resource.path)
            .map(|(_, warnings)| warnings)
            .unwrap_or_default(),
    };
    let mut whole = envelope::wrap(resource, &warnings, &call.above);
    policy_format::convert(resource, format, &mut whole)?;
    entity::add_linked(call, &resource.path, &mut whole);
    Ok(whole)
}

/// A member of a list as the list's own `PUT` takes it: its claims beside its name.
pub(crate) fn inline_member(member: &Resource) -> Value {
    let mut inline = serde_json::Map::new();
    inline.insert("name".to_owned(), json!(&*member.path.name()));
    if let Value::Object(claims) = resource::render(member) {
        inline.extend(claims);
    }
    Value::Object(inline)
}

/// `GET` of the services of a subscription or resource group: there is one.
pub(crate) fn services(call: &Call<'_>) -> Result<Reply, ApiError> {
    let service = call.shared.plane.get(&ResourcePath::service());
    let value: Vec<Value> = service
        .iter()
        .map(|(resource, warnings)| envelope::wrap(resource, warnings, &call.above))
        .collect();
    Ok(Reply::json(
        200,
        json!({ "count": value.len(), "value": value }),
    ))
}

/// `GET identityLists/{id}/usage`.
pub(crate) fn usage(call: &Call<'_>, list: &ResourcePath) -> Result<Reply, ApiError> {
    if call.shared.plane.get(list).is_none() {
        return Err(entity::not_found(list));
    }
    let page = Page::asked(call)?;
    let uses = call.shared.plane.usage(&list.name());
    let value: Vec<Value> = uses
        .iter()
        .skip(page.skip)
        .take(page.take)
        .map(|last| {
            let moment = jiff::Timestamp::from_second(last.last_used);
            json!({
                "identity": &*last.identity,
                "thumbprint": last.thumbprint,
                "lastUsed": moment.map(|moment| moment.to_string()).ok(),
            })
        })
        .collect();
    Ok(Reply::json(200, finish(call, value, uses.len(), page)))
}

/// The list with its count over all pages and, if there is more than the page, the way on.
fn finish(call: &Call<'_>, value: Vec<Value>, count: usize, page: Page) -> Value {
    let length = value.len();
    let mut list = json!({ "value": Value::Array(value), "count": count });
    let next = page.skip.saturating_add(length);
    if !page.is_limited
        && next < count
        && page.take > 0
        && let Some(object) = list.as_object_mut()
    {
        object.insert("nextLink".to_owned(), json!(link(call, next)));
    }
    list
}

/// The absolute address of the same list from element `skip` on.
fn link(call: &Call<'_>, skip: usize) -> String {
    let path = call.request.uri().path();
    format!("{}{path}?{}", origin(call), call.query.with_skip(skip))
}

/// `https://host:port` as the client reached it.
pub(crate) fn origin(call: &Call<'_>) -> String {
    let headers = call.request.headers();
    let sent = headers
        .get(header::HOST)
        .and_then(|host| host.to_str().ok());
    let authority = sent.and_then(|host| host.parse::<http::uri::Authority>().ok());
    match authority {
        Some(authority) if !authority.as_str().contains('@') => format!("https://{authority}"),
        _ => format!("https://{}", call.request.app_config().local_addr()),
    }
}

/// The address of a page of our own collections.
pub(crate) fn service_link(call: &Call<'_>, above: &ServiceIdentity, rest: &str) -> String {
    let is_alias = call
        .request
        .uri()
        .path()
        .get(..5)
        .is_some_and(|start| start.eq_ignore_ascii_case("/apim"));
    let base = if is_alias {
        "/apim".to_owned()
    } else {
        envelope::encoded(&above.id())
    };
    format!("{}{base}/{rest}", origin(call))
}
