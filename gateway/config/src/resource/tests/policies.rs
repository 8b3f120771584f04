use super::*;

const AT: &str = "apis/orders/policies/policy";

#[test]
fn a_document_is_kept_byte_for_byte_with_its_format() {
    let text = "<policies>\r\n\t<inbound>@(a && \"b\")</inbound></policies>";
    for (format, sent) in [
        ("rawxml", json!({ "value": text, "format": "rawxml" })),
        ("xml", json!({ "value": text })),
    ] {
        let body = accepted(put(AT, sent));
        assert_eq!(shown(AT, body), json!({ "value": text, "format": format }));
    }
}

#[test]
fn links_are_never_fetched() {
    for format in ["xml-link", "rawxml-link"] {
        let sent = json!({ "value": "http://169.254.169.254/", "format": format });
        refused_at(put(AT, sent), "format", "not fetched");
    }
}

#[test]
fn missing_huge_and_misspelled_documents_are_refused() {
    refused_at(put(AT, json!({})), "value", "required");
    refused_at(put(AT, json!({ "value": 1 })), "value", "string");
    refused_at(
        put(AT, json!({ "value": "x".repeat(1024 * 1024 + 1) })),
        "value",
        "bytes",
    );
    refused_at(
        put(AT, json!({ "value": "x", "format": "yaml" })),
        "format",
        "`xml` or `rawxml`",
    );
    refused_at(
        put(AT, json!({ "value": "x", "fromat": "xml" })),
        "fromat",
        "`format`",
    );
    let body = accepted(put(AT, json!({ "value": "x" })));
    refused_at(
        patch(AT, &body, json!({ "value": "y" })),
        "",
        "PUT it whole",
    );
}
