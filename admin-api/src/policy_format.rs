//! Policies and fragments in the format a client asks for.

use gateway_config::resource::policy::PolicyFormat;
use gateway_config::resource::{Body, Resource};
use serde_json::{Value, json};

use crate::error::ApiError;
use crate::query::Query;

/// The format asked for with `?format=`, if any.
///
/// # Errors
///
/// If it is not one.
pub(crate) fn asked(query: &Query) -> Result<Option<PolicyFormat>, ApiError> {
    match query.get("format") {
        None | Some("") => Ok(None),
        Some(name) => PolicyFormat::from_name(name).map(Some).ok_or_else(|| {
            ApiError::bad_request("InvalidParameter", "`format` must be `xml` or `rawxml`.")
        }),
    }
}

/// Converts the policy in `whole` to `format`. In the format it was uploaded in, a document comes back
/// byte for byte.
///
/// # Errors
///
/// If the stored document cannot be read any more (one written by an older release).
pub(crate) fn convert(
    resource: &Resource,
    format: Option<PolicyFormat>,
    whole: &mut Value,
) -> Result<(), ApiError> {
    let (source, uploaded) = match &*resource.body {
        Body::Policy(policy) => (&policy.source, policy.format),
        Body::PolicyFragment(fragment) => (&fragment.source, fragment.format),
        _ => return Ok(()),
    };
    let Some(format) = format.filter(|format| *format != uploaded) else {
        return Ok(());
    };
    let document = gateway_policy::document::parse(source).map_err(|_| {
        let message = "The document cannot be converted; ask for the format it was uploaded in.";
        ApiError::new(409, "PolicyNotConvertible", message)
    })?;
    let text = match format {
        PolicyFormat::Xml => document.to_xml(),
        PolicyFormat::RawXml => document.to_raw_xml(),
    };
    if let Some(properties) = whole.get_mut("properties").and_then(Value::as_object_mut) {
        properties.insert("value".to_owned(), json!(text));
        properties.insert("format".to_owned(), json!(format.name()));
    }
    Ok(())
}
