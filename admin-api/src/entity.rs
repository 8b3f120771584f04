//! One resource: read, created, replaced, merged, deleted.

use actix_web::http::{Method, header};
use actix_web::web::Payload;
use gateway_config::change::{Action, Applied, Edit, EditResult, IfMatch, Outcome};
use gateway_config::resource::accept::can_be_patched;
use gateway_config::resource::{self, Kind, ResourcePath};
use serde_json::{Value, json};

use crate::body;
use crate::change::Attempt;
use crate::envelope;
use crate::error::ApiError;
use crate::etag;
use crate::handle::Call;
use crate::list;
use crate::policy_format;
use crate::reply::Reply;

/// Members of an identity list that are shown within the list itself; longer ones are paged at
/// `identityLists/{id}/identities`.
const MEMBERS_SHOWN: usize = 1_000;

/// Serves a request for one resource.
pub(crate) async fn serve(
    call: &Call<'_>,
    path: ResourcePath,
    payload: Payload,
) -> Result<Reply, ApiError> {
    let kind = path.kind();
    match *call.request.method() {
        Method::GET => read(call, &path).await,
        Method::HEAD => {
            let mut head = read(call, &path).await?.head();
            // What asks whether an API is in a product; the official clients take 204 and nothing else.
            if kind == Kind::ProductApi {
                head.status = 204;
            }
            Ok(head)
        }
        Method::PUT if kind == Kind::IdentityList => put_list(call, path, payload).await,
        Method::PUT => write(call, path, payload, "PUT", Action::Put).await,
        Method::PATCH if can_be_patched(kind) => {
            write(call, path, payload, "PATCH", Action::Patch).await
        }
        Method::DELETE if kind != Kind::Service => delete(call, path, payload).await,
        _ => Err(ApiError::method(allowed(kind))),
    }
}

const fn allowed(kind: Kind) -> &'static str {
    match kind {
        Kind::Service => "GET, HEAD, PUT, PATCH",
        _ if can_be_patched(kind) => "GET, HEAD, PUT, PATCH, DELETE",
        _ => "GET, HEAD, PUT, DELETE",
    }
}

async fn read(call: &Call<'_>, path: &ResourcePath) -> Result<Reply, ApiError> {
    let Some((resource, warnings)) = call.shared.plane.get(path) else {
        return Err(not_found(path));
    };
    let format = policy_format::asked(&call.query)?;
    let mut whole = envelope::wrap(&resource, &warnings, &call.above);
    policy_format::convert(&resource, format, &mut whole)?;
    if path.kind() == Kind::IdentityList {
        add_members(call, path, &mut whole);
    }
    add_linked(call, path, &mut whole);
    Ok(Reply::json(200, whole).tagged(resource.changed_in))
}

/// What is read of an API in a product is the API.
pub(crate) fn add_linked(call: &Call<'_>, path: &ResourcePath, whole: &mut Value) {
    if path.kind() != Kind::ProductApi {
        return;
    }
    let api = ResourcePath::new(Kind::Api, &[&path.name()]);
    let found = api.and_then(|api| call.shared.plane.get(&api));
    if let (Some((api, _)), Some(object)) = (found, whole.as_object_mut()) {
        object.insert("properties".to_owned(), resource::render(&api));
    }
}

fn add_members(call: &Call<'_>, path: &ResourcePath, whole: &mut Value) {
    let count = call.shared.plane.member_count(path);
    let Some(properties) = whole.get_mut("properties").and_then(Value::as_object_mut) else {
        return;
    };
    properties.insert("identityCount".to_owned(), json!(count));
    if count <= MEMBERS_SHOWN {
        let members = call.shared.plane.members(path, 0, MEMBERS_SHOWN);
        let members = members.iter().map(list::inline_member).collect();
        properties.insert("identities".to_owned(), Value::Array(members));
    }
}

async fn put_list(
    call: &Call<'_>,
    path: ResourcePath,
    payload: Payload,
) -> Result<Reply, ApiError> {
    let attempt = attempt(call, &path, "PUT")?;
    let if_match = condition(call)?;
    let body = body::read_list(call.request, payload, &call.shared.limits).await;
    let edits = body.map(|list| {
        vec![Edit {
            path,
            action: Action::PutList(Box::new(list)),
            if_match,
        }]
    });
    let applied = attempt.apply(edits, false).await?;
    written(call, applied)
}

async fn write(
    call: &Call<'_>,
    path: ResourcePath,
    payload: Payload,
    method: &'static str,
    action: fn(Value) -> Action,
) -> Result<Reply, ApiError> {
    let attempt = attempt(call, &path, method)?;
    let if_match = condition(call)?;
    let allow_code = call.allow_code_in_named_values()?;
    let limits = &call.shared.limits;
    let body = match path.kind() {
        // There is nothing to say, and clients say nothing.
        Kind::ProductApi => body::read_optional_json(call.request, payload, limits).await,
        _ => body::read_json(call.request, payload, limits).await,
    };
    let edits = body.map(|body| {
        vec![Edit {
            path,
            action: action(body),
            if_match,
        }]
    });
    let applied = attempt.apply(edits, allow_code).await?;
    written(call, applied)
}

async fn delete(call: &Call<'_>, path: ResourcePath, payload: Payload) -> Result<Reply, ApiError> {
    let attempt = attempt(call, &path, "DELETE")?;
    let if_match = condition(call)?;
    body::discard(call.request, payload, &call.shared.limits).await?;
    // Every generation of the official clients takes 204 for APIs, and only some of them 200.
    let done = if path.kind() == Kind::Api { 204 } else { 200 };
    let subscriptions = subscriptions_of(call, &path)?;
    let mut edits = vec![Edit {
        path,
        action: Action::Delete,
        if_match,
    }];
    edits.extend(subscriptions.into_iter().map(|path| Edit {
        path,
        action: Action::Delete,
        if_match: IfMatch::Any,
    }));
    let applied = attempt.apply(Ok(edits), false).await?;
    let first = applied.results.first();
    let was_there = first.is_some_and(|result| result.outcome == Outcome::Deleted);
    Ok(Reply::empty(if was_there { done } else { 204 }).at(applied.revision))
}

/// The subscriptions that go with the product at `path`, if the client wants that
/// (`deleteSubscriptions=true`); without it a product that has some is in use. One that comes into
/// being meanwhile refuses the deletion, too.
fn subscriptions_of(call: &Call<'_>, path: &ResourcePath) -> Result<Vec<ResourcePath>, ApiError> {
    let wanted = match call.query.get("deleteSubscriptions") {
        None | Some("" | "false" | "False") => false,
        Some("true" | "True") => true,
        Some(_) => {
            let message = "`deleteSubscriptions` must be true or false.";
            return Err(ApiError::bad_request("InvalidParameter", message));
        }
    };
    if path.kind() != Kind::Product || !wanted {
        return Ok(Vec::new());
    }
    let referrers = call.shared.plane.referrers(path);
    Ok(referrers
        .into_iter()
        .filter(|referrer| referrer.kind() == Kind::Subscription)
        .collect())
}

fn attempt(
    call: &Call<'_>,
    path: &ResourcePath,
    action: &'static str,
) -> Result<Attempt, ApiError> {
    let comment = comment(call)?;
    Ok(Attempt::new(
        call,
        action,
        vec![path.to_string()],
        comment,
        call.dry_run()?,
    ))
}

/// The operator's reason for a change.
pub(crate) fn comment(call: &Call<'_>) -> Result<Option<String>, ApiError> {
    match call.header("x-countersign-comment")? {
        Some(text) if text.chars().count() > 1_000 => Err(ApiError::bad_request(
            "InvalidHeader",
            "A comment has at most 1000 characters.",
        )),
        text => Ok(text.map(str::to_owned)),
    }
}

/// The condition of a change.
fn condition(call: &Call<'_>) -> Result<gateway_config::change::IfMatch, ApiError> {
    if call.request.headers().contains_key(header::IF_NONE_MATCH) {
        let message = "If-None-Match is not supported for changes.";
        return Err(ApiError::bad_request("InvalidHeader", message));
    }
    etag::if_match(call.header("if-match")?)
        .map_err(|reason| ApiError::bad_request("InvalidHeader", reason))
}

fn written(call: &Call<'_>, applied: Applied) -> Result<Reply, ApiError> {
    let revision = applied.revision;
    let Some(EditResult {
        outcome,
        resource: Some(resource),
        warnings,
        ..
    }) = applied.results.into_iter().next()
    else {
        return Err(ApiError::new(
            500,
            "InternalServerError",
            "The change has no result.",
        ));
    };
    let mut whole = envelope::wrap(&resource, &warnings, &call.above);
    if resource.path.kind() == Kind::IdentityList {
        let count = call.shared.plane.member_count(&resource.path);
        if let Some(properties) = whole.get_mut("properties").and_then(Value::as_object_mut) {
            properties.insert("identityCount".to_owned(), json!(count));
        }
    }
    add_linked(call, &resource.path, &mut whole);
    let status = if outcome == Outcome::Created {
        201
    } else {
        200
    };
    let reply = Reply::json(status, whole).at(revision);
    // What was only tried has no tag that could be used later.
    Ok(if call.dry_run()? {
        reply
    } else {
        reply.tagged(resource.changed_in)
    })
}

/// The error for a resource that does not exist.
pub(crate) fn not_found(path: &ResourcePath) -> ApiError {
    ApiError {
        target: Some(path.to_string()),
        ..ApiError::not_found(format_args!("`{path}`"))
    }
}
