//! `POST` actions of the contract: reading secrets, making new keys.

use gateway_config::change::{Action, Edit, IfMatch, KeyName};
use gateway_config::resource::{self, ResourcePath};
use serde_json::{Value, json};

use crate::change::Attempt;
use crate::entity;
use crate::envelope;
use crate::error::ApiError;
use crate::handle::Call;
use crate::reply::Reply;
use crate::target::ActionName;

/// Serves one action.
pub(crate) async fn serve(
    call: &Call<'_>,
    path: ResourcePath,
    action: ActionName,
) -> Result<Reply, ApiError> {
    match action {
        ActionName::ListValue | ActionName::ListSecrets => secrets(call, &path),
        ActionName::ListReferences => references(call, &path),
        ActionName::RegeneratePrimaryKey => regenerate(call, path, KeyName::Primary).await,
        ActionName::RegenerateSecondaryKey => regenerate(call, path, KeyName::Secondary).await,
    }
}

fn secrets(call: &Call<'_>, path: &ResourcePath) -> Result<Reply, ApiError> {
    let Some((found, _)) = call.shared.plane.get(path) else {
        return Err(entity::not_found(path));
    };
    match resource::secrets(&found.body) {
        Some(secrets) => Ok(Reply::json(200, secrets).tagged(found.changed_in)),
        None => Err(entity::not_found(path)),
    }
}

/// The documents and fragments that include a fragment.
fn references(call: &Call<'_>, path: &ResourcePath) -> Result<Reply, ApiError> {
    if call.shared.plane.get(path).is_none() {
        return Err(entity::not_found(path));
    }
    let value: Vec<Value> = call
        .shared
        .plane
        .referrers(path)
        .iter()
        .map(|referrer| envelope::reference(referrer, &call.above))
        .collect();
    Ok(Reply::json(
        200,
        json!({ "count": value.len(), "value": value }),
    ))
}

async fn regenerate(
    call: &Call<'_>,
    path: ResourcePath,
    which: KeyName,
) -> Result<Reply, ApiError> {
    let comment = entity::comment(call)?;
    let dry_run = call.dry_run()?;
    let attempt = Attempt::new(
        call,
        "regenerateKey",
        vec![path.to_string()],
        comment,
        dry_run,
    );
    let edit = Edit {
        path,
        action: Action::RegenerateKey(which),
        if_match: IfMatch::Any,
    };
    let applied = attempt.apply(Ok(vec![edit]), false).await?;
    // The official clients take 204 and nothing else.
    Ok(Reply::empty(204).at(applied.revision))
}
