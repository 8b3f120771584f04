//! What an operation documents of its responses, as `mock-response` gives it to clients.

use std::sync::Arc;

use bytes::Bytes;
use gateway_policy::context::{DocumentedResponse, Representation};
use serde_json::Value;

/// The `responses` of an operation's properties. What has not the contract's shape is left out: it is
/// kept and read back, and no policy needs it.
pub(super) fn responses(properties: &Value) -> Vec<DocumentedResponse> {
    list(properties, "responses")
        .filter_map(|response| {
            let status = response.get("statusCode")?.as_u64()?;
            Some(DocumentedResponse {
                status: u16::try_from(status).ok()?,
                representations: list(response, "representations")
                    .filter_map(representation)
                    .collect(),
            })
        })
        .collect()
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
                    representations: vec![
                        representation("application/json", &["{\"b\":1,\"a\":[2]}", "text"]),
                        representation("text/xml", &["<a/>"]),
                    ],
                },
                DocumentedResponse {
                    status: 404,
                    representations: Vec::new(),
                },
            ]
        );
        assert_eq!(responses(&serde_json::json!({})), []);
    }
}
