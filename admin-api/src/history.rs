//! Revisions: listed, shown, compared, restored.

use gateway_config::apply::Difference;
use gateway_config::change::RevisionSummary;
use gateway_config::resource::{self, Resource};
use serde_json::{Value, json};

use crate::change::Attempt;
use crate::entity;
use crate::error::ApiError;
use crate::handle::Call;
use crate::list::service_link;
use crate::reply::Reply;

/// `GET revisions?before=…&$top=…`, newest first.
pub(crate) async fn list(call: &Call<'_>) -> Result<Reply, ApiError> {
    let number = |name| {
        call.query
            .number(name, usize::MAX)
            .map_err(|reason| ApiError::bad_request("InvalidParameter", reason))
    };
    let most = call.shared.limits.page;
    let top = number("$top")?;
    let limit = top.unwrap_or(most).min(most);
    let before = number("before")?.and_then(|before| u64::try_from(before).ok());
    // One more than wanted tells whether there are more.
    let mut found = call
        .shared
        .plane
        .revisions(before, limit.saturating_add(1))
        .await
        .map_err(|error| ApiError::from_store(&error))?;
    let is_more = found.len() > limit;
    found.truncate(limit);
    let value: Vec<Value> = found.iter().map(summary).collect();
    let mut list = json!({ "value": value });
    if is_more
        && top.is_none()
        && let (Some(object), Some(last)) = (list.as_object_mut(), found.last())
    {
        let rest = format!("revisions?{}&before={}", version(call), last.number);
        object.insert(
            "nextLink".to_owned(),
            json!(service_link(call, &call.above, &rest)),
        );
    }
    Ok(Reply::json(200, list))
}

fn version(call: &Call<'_>) -> String {
    let version = call.query.get("api-version").unwrap_or("2024-05-01");
    format!("api-version={version}")
}

/// `GET revisions/{n}`.
pub(crate) async fn show(call: &Call<'_>, number: u64) -> Result<Reply, ApiError> {
    let found = call
        .shared
        .plane
        .revision_detail(number)
        .await
        .map_err(|error| ApiError::from_store(&error))?
        .ok_or_else(|| no_revision(number))?;
    let mut shown = summary(&found);
    let changes: Vec<Value> = found
        .changes
        .iter()
        .map(|(path, exists)| json!({ "path": path, "exists": exists }))
        .collect();
    if let Some(object) = shown.as_object_mut() {
        object.insert("changes".to_owned(), Value::Array(changes));
    }
    Ok(Reply::json(200, shown))
}

/// `GET revisions/{n}/diff`: each resource before and after, secrets left out.
pub(crate) async fn difference(call: &Call<'_>, number: u64) -> Result<Reply, ApiError> {
    let found = call
        .shared
        .plane
        .difference(number)
        .await
        .map_err(|error| ApiError::from_store(&error))?
        .ok_or_else(|| no_revision(number))?;
    let value: Vec<Value> = found.iter().map(render).collect();
    Ok(Reply::json(
        200,
        json!({ "number": number, "value": value }),
    ))
}

fn render(difference: &Difference) -> Value {
    let Difference { key, before, after } = difference;
    let path = after
        .as_ref()
        .or(before.as_ref())
        .map_or_else(|| key.clone(), |r| r.path.to_string());
    let what = match (before, after) {
        (None, Some(_)) => "created",
        (Some(_), None) => "deleted",
        _ => "updated",
    };
    let shown = |resource: &Option<Resource>| resource.as_ref().map(resource::render);
    let mut rendered = json!({
        "path": path, "change": what, "before": shown(before), "after": shown(after)
    });
    // A new secret reads the same as the old one; that it changed must be seen nevertheless.
    if let (Some(before), Some(after), Some(object)) = (before, after, rendered.as_object_mut()) {
        let secret = resource::secrets(&before.body) != resource::secrets(&after.body);
        object.insert("secretChanged".to_owned(), json!(secret));
    }
    rendered
}

/// `POST revisions/{n}/restore`.
pub(crate) async fn restore(call: &Call<'_>, number: u64) -> Result<Reply, ApiError> {
    if call.dry_run()? {
        let message =
            "A restore cannot be tried without making it; compare with `revisions/{n}/diff`.";
        return Err(ApiError::bad_request("InvalidParameter", message));
    }
    let comment = entity::comment(call)?;
    let attempt = Attempt::new(
        call,
        "restore",
        vec![format!("revisions/{number}")],
        comment,
        false,
    );
    let restored = call.shared.plane.restore(number, call.actor());
    let applied = attempt
        .perform(async move {
            restored
                .await
                .map_err(|error| ApiError::from_apply(error, None))
        })
        .await?;
    let body = json!({ "revision": applied.revision, "restored": number });
    Ok(Reply::json(200, body).at(applied.revision))
}

fn summary(revision: &RevisionSummary) -> Value {
    let time = jiff::Timestamp::from_millisecond(revision.time_ms);
    json!({
        "number": revision.number,
        "time": time.map(|time| time.to_string()).ok(),
        "actor": &*revision.actor,
        "comment": revision.comment,
        "changeCount": revision.change_count,
    })
}

fn no_revision(number: u64) -> ApiError {
    ApiError::new(
        404,
        "ResourceNotFound",
        format!("Revision {number} does not exist or is no longer kept."),
    )
}
