//! Resources in the envelope of Azure Resource Manager: `id`, `name`, `type`, `properties`.

use gateway_config::resource::accept::Warning;
use gateway_config::resource::{self, Kind, Resource, ResourcePath};
use percent_encoding::{AsciiSet, CONTROLS, utf8_percent_encode};
use serde_json::{Map, Value, json};

use crate::etag;
use crate::target::ServiceIdentity;

/// A resource as clients read it, with the warnings about it.
pub(crate) fn wrap(resource: &Resource, warnings: &[Warning], above: &ServiceIdentity) -> Value {
    let rendered = resource::render(resource);
    wrap_rendered(resource, rendered, warnings, above)
}

/// The same with properties that were rendered before.
pub(crate) fn wrap_rendered(
    resource: &Resource,
    rendered: Value,
    warnings: &[Warning],
    above: &ServiceIdentity,
) -> Value {
    let path = &resource.path;
    let mut whole = Map::new();
    whole.insert("id".to_owned(), json!(id(path, above)));
    whole.insert("type".to_owned(), json!(type_name(path.kind())));
    if path.kind() == Kind::Service {
        whole.insert("name".to_owned(), json!(above.service));
        whole.insert("etag".to_owned(), json!(etag::bare(resource.changed_in)));
        if let Value::Object(members) = rendered {
            whole.extend(members);
        }
    } else {
        whole.insert("name".to_owned(), json!(&*path.name()));
        whole.insert("properties".to_owned(), rendered);
    }
    if !warnings.is_empty()
        && let Some(Value::Object(properties)) = whole.get_mut("properties")
    {
        properties.insert(
            "warnings".to_owned(),
            warnings.iter().map(warning).collect(),
        );
    }
    Value::Object(whole)
}

/// One element of `properties.warnings`.
pub(crate) fn warning(warning: &Warning) -> Value {
    json!({
        "code": &*warning.code,
        "message": warning.message,
        "line": warning.line,
        "column": warning.column,
    })
}

/// What tells that there is a resource, and which: `id`, `type`, `name`.
pub(crate) fn reference(path: &ResourcePath, above: &ServiceIdentity) -> Value {
    json!({
        "id": id(path, above),
        "type": type_name(path.kind()),
        "name": &*path.name(),
    })
}

/// The long id of a resource.
pub(crate) fn id(path: &ResourcePath, above: &ServiceIdentity) -> String {
    if path.kind() == Kind::Service {
        above.id()
    } else {
        format!("{}/{path}", above.id())
    }
}

/// The path of a list below the service, percent-encoded, for links.
pub(crate) fn encoded(path: &str) -> String {
    const SET: &AsciiSet = &CONTROLS
        .add(b' ')
        .add(b'"')
        .add(b'#')
        .add(b'%')
        .add(b'<')
        .add(b'>')
        .add(b'?')
        .add(b'`')
        .add(b'{')
        .add(b'}')
        .add(b'\\');
    utf8_percent_encode(path, SET).to_string()
}

/// `Microsoft.ApiManagement/service/apis/operations`.
fn type_name(kind: Kind) -> String {
    let mut name = "Microsoft.ApiManagement/service".to_owned();
    for collection in kind.collections() {
        name.push('/');
        name.push_str(collection);
    }
    name
}
