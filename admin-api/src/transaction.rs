//! `POST transactions`: several edits, one revision, all or nothing.

use gateway_config::change::{Action, Applied, Edit, IfMatch, Outcome};
use gateway_config::resource::accept::{FieldProblem, can_be_patched};
use gateway_config::resource::identity_list::parse_list_value;
use gateway_config::resource::{Kind, ResourcePath};
use serde_json::{Map, Value, json};

use crate::change::Attempt;
use crate::envelope;
use crate::error::ApiError;
use crate::etag;
use crate::handle::Call;
use crate::reply::Reply;
use crate::target::{self, Target};

const MEMBERS: [&str; 2] = ["operations", "comment"];
const OPERATION_MEMBERS: [&str; 4] = ["method", "path", "ifMatch", "body"];

/// Serves a transaction.
pub(crate) async fn serve(call: &Call<'_>, body: &Value) -> Result<Reply, ApiError> {
    let dry_run = call.dry_run()?;
    let allow_code = call.allow_code_in_named_values()?;
    let (operations, comment) = match read(call, body) {
        Ok(read) => read,
        Err(error) => {
            let attempt = Attempt::new(call, "transaction", Vec::new(), None, dry_run);
            attempt.apply(Err(error), allow_code).await?;
            return Err(ApiError::new(
                500,
                "InternalServerError",
                "A refused change was applied.",
            ));
        }
    };
    let paths: Vec<String> = operations
        .iter()
        .map(|edit| edit.path.to_string())
        .collect();
    let methods: Vec<&'static str> = operations.iter().map(|edit| method(&edit.action)).collect();
    let attempt = Attempt::new(call, "transaction", paths.clone(), comment, dry_run);
    let applied = attempt
        .apply(Ok(operations), allow_code)
        .await
        .map_err(|error| {
            // Which operation was at fault: the problem names its resource.
            let index = error.target.as_ref().and_then(|target| {
                paths
                    .iter()
                    .rposition(|path| path.eq_ignore_ascii_case(target))
            });
            match index {
                Some(index) => error.within(&format!("operations[{index}].body")),
                None => error.of_another(),
            }
        })?;
    Ok(Reply::json(200, render(call, &applied, &methods, dry_run)).at(applied.revision))
}

const fn method(action: &Action) -> &'static str {
    match action {
        Action::Put(_) | Action::PutList(_) => "PUT",
        Action::Patch(_) => "PATCH",
        Action::Delete => "DELETE",
        Action::RegenerateKey(_) => "POST",
    }
}

fn read(call: &Call<'_>, body: &Value) -> Result<(Vec<Edit>, Option<String>), ApiError> {
    let mut problems = Vec::new();
    let Some(body) = body.as_object() else {
        return Err(ApiError::invalid(vec![FieldProblem::new(
            "",
            "The body must be a JSON object.",
        )]));
    };
    check_members(body, &MEMBERS, "", &mut problems);
    let comment = match body.get("comment") {
        None | Some(Value::Null) => None,
        Some(Value::String(text)) if text.chars().count() <= 1_000 => Some(text.clone()),
        Some(_) => {
            problems.push(FieldProblem::new(
                "comment",
                "A text of at most 1000 characters is expected.",
            ));
            None
        }
    };
    let most = call.shared.limits.operations;
    let operations: &[Value] = match body.get("operations").and_then(Value::as_array) {
        Some(operations) if (1..=most).contains(&operations.len()) => operations,
        _ => {
            let message = format!("`operations` must be an array of 1 to {most} operations.");
            problems.push(FieldProblem::new("operations", message));
            &[]
        }
    };
    let mut edits = Vec::with_capacity(operations.len());
    for (index, operation) in operations.iter().enumerate() {
        let place = format!("operations[{index}]");
        match operation.as_object() {
            Some(operation) => edits.extend(read_one(call, operation, &place, &mut problems)),
            None => problems.push(FieldProblem::new(place, "An object is expected here.")),
        }
        if problems.len() >= 100 {
            break;
        }
    }
    if problems.is_empty() {
        Ok((edits, comment))
    } else {
        Err(ApiError::invalid(problems))
    }
}

/// Finds the members of an object that are not known.
pub(crate) fn check_members(
    object: &Map<String, Value>,
    known: &[&str],
    place: &str,
    problems: &mut Vec<FieldProblem>,
) {
    for name in object.keys().filter(|name| !known.contains(&name.as_str())) {
        let shown: String = name.chars().take(100).collect();
        let target = if place.is_empty() {
            shown.clone()
        } else {
            format!("{place}.{shown}")
        };
        let nearest = gateway_policy::problem::nearest(&shown, known.iter().copied());
        let hint = nearest
            .map(|name| format!(" Did you mean `{name}`?"))
            .unwrap_or_default();
        problems.push(FieldProblem::new(
            target,
            format!("`{shown}` is not a known property.{hint}"),
        ));
    }
}

fn read_one(
    call: &Call<'_>,
    operation: &Map<String, Value>,
    place: &str,
    problems: &mut Vec<FieldProblem>,
) -> Option<Edit> {
    let before = problems.len();
    check_members(operation, &OPERATION_MEMBERS, place, problems);
    let mut problem = |member: &str, message: String| {
        problems.push(FieldProblem::new(format!("{place}.{member}"), message));
    };
    let path = match operation
        .get("path")
        .and_then(Value::as_str)
        .map(|path| find(call, path))
    {
        Some(Some(path)) => Some(path),
        Some(None) => {
            problem(
                "path",
                "There is no such resource; write it as in `namedValues/name`.".to_owned(),
            );
            None
        }
        None => {
            problem("path", "`path` is required.".to_owned());
            None
        }
    };
    let if_match = match operation.get("ifMatch") {
        None | Some(Value::Null) => IfMatch::Any,
        Some(Value::String(tag)) => match etag::if_match(Some(tag)) {
            Ok(condition) => condition,
            Err(reason) => {
                problem("ifMatch", reason.to_owned());
                IfMatch::Any
            }
        },
        Some(_) => {
            problem("ifMatch", "An entity tag is expected here.".to_owned());
            IfMatch::Any
        }
    };
    let method = operation
        .get("method")
        .and_then(Value::as_str)
        .unwrap_or("")
        .to_ascii_uppercase();
    let body = operation.get("body").filter(|body| !body.is_null());
    let kind = path.as_ref().map(ResourcePath::kind);
    let action = match (method.as_str(), body) {
        ("PUT", Some(body)) if kind == Some(Kind::IdentityList) => {
            match parse_list_value(body, call.shared.limits.list) {
                Ok(list) => Some(Action::PutList(Box::new(list))),
                Err(found) => {
                    for each in found {
                        problem(&format!("body.{}", each.target), each.message);
                    }
                    None
                }
            }
        }
        ("PUT", Some(body)) => Some(Action::Put(body.clone())),
        ("PATCH", Some(_)) if kind.is_some_and(|kind| !can_be_patched(kind)) => {
            problem(
                "method",
                "This kind of resource cannot be patched; PUT it whole.".to_owned(),
            );
            None
        }
        ("PATCH", Some(body)) => Some(Action::Patch(body.clone())),
        ("PUT" | "PATCH", None) => {
            problem("body", "`body` is required.".to_owned());
            None
        }
        ("DELETE", _) if kind == Some(Kind::Service) => {
            problem("method", "The service cannot be deleted.".to_owned());
            None
        }
        ("DELETE", Some(_)) => {
            problem("body", "A DELETE has no body.".to_owned());
            None
        }
        ("DELETE", None) => Some(Action::Delete),
        _ => {
            problem(
                "method",
                "`method` must be PUT, PATCH or DELETE.".to_owned(),
            );
            None
        }
    };
    (problems.len() == before)
        .then(|| {
            Some(Edit {
                path: path?,
                action: action?,
                if_match,
            })
        })
        .flatten()
}

/// The resource at `namedValues/x`, at the alias, or at the long path; empty is the service.
fn find(call: &Call<'_>, path: &str) -> Option<ResourcePath> {
    let below = path.trim_matches('/');
    let is = |start: &str| {
        below
            .get(..start.len())
            .is_some_and(|head| head.eq_ignore_ascii_case(start))
            && matches!(below.as_bytes().get(start.len()), None | Some(b'/'))
    };
    // A long path has the provider in it; `subscriptions/x` alone is a resource of ours.
    let is_long = is("subscriptions") && below.to_ascii_lowercase().contains("/providers/");
    let whole = if is("apim") || is_long {
        format!("/{below}")
    } else {
        format!("/apim/{below}")
    };
    match target::resolve(&whole, &call.shared.identity).ok()?.target {
        Target::Resource(path) => Some(path),
        _ => None,
    }
}

fn render(call: &Call<'_>, applied: &Applied, methods: &[&str], dry_run: bool) -> Value {
    let results: Vec<Value> = applied
        .results
        .iter()
        .zip(methods)
        .map(|(result, method)| {
            let status = match result.outcome {
                Outcome::Created => 201,
                Outcome::Updated | Outcome::Deleted => 200,
                Outcome::Absent => 204,
            };
            json!({
                "method": method,
                "path": result.path.to_string(),
                "id": envelope::id(&result.path, &call.above),
                "status": status,
                "etag": result.resource.as_ref().map(|resource| etag::bare(resource.changed_in)),
                "warnings": result.warnings.iter().map(envelope::warning).collect::<Vec<_>>(),
            })
        })
        .collect();
    json!({ "revision": applied.revision, "dryRun": dry_run, "results": results })
}
