//! What an operation documents of its requests and responses: `mock-response` gives examples to clients,
//! and the validating policies hold messages against the rest.

use std::sync::Arc;

use bytes::Bytes;
use gateway_policy::context::{
    DocumentedParameter, DocumentedRequest, DocumentedResponse, Representation,
};
use serde_json::Value;

/// The `responses` of an operation's properties. What has not the contract's shape is left out: it is
/// kept and read back, and no policy needs it.
pub(super) fn responses(properties: &Value) -> Vec<DocumentedResponse> {
    list(properties, "responses")
        .filter_map(|response| {
            let status = response.get("statusCode")?.as_u64()?;
            Some(DocumentedResponse {
                status: u16::try_from(status).ok()?,
                headers: parameters(response, "headers"),
                representations: list(response, "representations")
                    .filter_map(representation)
                    .collect(),
            })
        })
        .collect()
}

/// The `request` of an operation's properties.
pub(super) fn request(properties: &Value) -> DocumentedRequest {
    let Some(request) = properties.get("request") else {
        return DocumentedRequest::default();
    };
    DocumentedRequest {
        headers: parameters(request, "headers"),
        query: parameters(request, "queryParameters"),
    }
}

/// The `templateParameters` of an operation's properties.
pub(super) fn template_parameters(properties: &Value) -> Vec<DocumentedParameter> {
    parameters(properties, "templateParameters")
}

fn parameters(of: &Value, name: &str) -> Vec<DocumentedParameter> {
    list(of, name).filter_map(parameter).collect()
}

fn parameter(of: &Value) -> Option<DocumentedParameter> {
    let text = |name: &str| of.get(name).and_then(Value::as_str);
    let definition = text("schemaId").map(|id| Arc::from(text("typeName").unwrap_or(id)));
    Some(DocumentedParameter {
        name: Arc::from(text("name")?),
        kind: Arc::from(text("type").unwrap_or_default()),
        required: of.get("required").and_then(Value::as_bool) == Some(true),
        values: list(of, "values")
            .filter_map(Value::as_str)
            .map(Arc::from)
            .collect(),
        definition,
    })
}

fn representation(of: &Value) -> Option<Representation> {
    let examples = of.get("examples").and_then(Value::as_object);
    let examples = examples
        .into_iter()
        .flat_map(serde_json::Map::values)
        .filter_map(|example| example.get("value"));
    // Older versions of the contract have one example, as text.
    let sample = of.get("sample");
    Some(Representation {
        content_type: Arc::from(of.get("contentType")?.as_str()?),
        examples: examples.chain(sample).map(sent).collect(),
    })
}

/// A text as it stands, anything else as JSON.
fn sent(example: &Value) -> Bytes {
    match example {
        Value::String(text) => Bytes::from(text.clone()),
        other => Bytes::from(other.to_string()),
    }
}

fn list<'v>(of: &'v Value, name: &str) -> impl Iterator<Item = &'v Value> {
    of.get(name).and_then(Value::as_array).into_iter().flatten()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn parameters_are_read_with_what_is_said_of_their_values() {
        let properties = serde_json::json!({
            "templateParameters": [{"name": "id", "type": "integer", "required": true}],
            "request": {
                "queryParameters": [{"name": "sort", "type": "string", "values": ["up", "down"]}],
                "headers": [{"name": "x", "type": "object", "schemaId": "s", "typeName": "T"},
                    {"type": "no name"}],
            },
            "responses": [{"statusCode": 200, "headers": [{"name": "etag", "type": "string"}]}],
        });
        let parameter = |name: &str, kind: &str| DocumentedParameter {
            name: Arc::from(name),
            kind: Arc::from(kind),
            ..DocumentedParameter::default()
        };
        let id = DocumentedParameter {
            required: true,
            ..parameter("id", "integer")
        };
        assert_eq!(template_parameters(&properties), [id]);
        let request = request(&properties);
        let sort = DocumentedParameter {
            values: vec![Arc::from("up"), Arc::from("down")],
            ..parameter("sort", "string")
        };
        assert_eq!(request.query, [sort]);
        let x = DocumentedParameter {
            definition: Some(Arc::from("T")),
            ..parameter("x", "object")
        };
        assert_eq!(request.headers, [x]);
        let responses = responses(&properties);
        assert_eq!(responses[0].headers, [parameter("etag", "string")]);
    }

    #[test]
    fn examples_are_read_in_order_as_they_would_be_sent() {
        let properties = serde_json::json!({"responses": [
            {"statusCode": 200, "representations": [
                {"contentType": "application/json", "examples": {
                    "second": {"value": {"b": 1, "a": [2]}},
                    "first": {"value": "text", "description": "as it stands"},
                    "elsewhere": {"externalValue": "https://example.com"},
                }},
                {"contentType": "text/xml", "sample": "<a/>"},
                {"schemaId": "no content type"},
            ]},
            {"statusCode": 404},
            {"statusCode": "no number"},
            "no object",
        ]});
        let representation = |content_type: &str, examples: &[&str]| Representation {
            content_type: Arc::from(content_type),
            examples: examples
                .iter()
                .map(|e| Bytes::from(e.to_string()))
                .collect(),
        };
        assert_eq!(
            responses(&properties),
            [
                DocumentedResponse {
                    status: 200,
                    headers: Vec::new(),
                    representations: vec![
                        representation("application/json", &["{\"b\":1,\"a\":[2]}", "text"]),
                        representation("text/xml", &["<a/>"]),
                    ],
                },
                DocumentedResponse {
                    status: 404,
                    headers: Vec::new(),
                    representations: Vec::new(),
                },
            ]
        );
        assert_eq!(responses(&serde_json::json!({})), []);
    }
}
