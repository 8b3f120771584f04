//! Policies of APIM that this gateway does not have and will not, with the reason, so that documents
//! learn it by name.

const MODELS: &str = "it serves the gateway in front of language models";
const GRAPHQL: &str = "GraphQL APIs and their resolvers are not served";
const DAPR: &str = "it needs the Dapr sidecar of Microsoft's self-hosted gateway";
const INTERNAL: &str = "it is in the schema only and not documented";

/// Names and reasons, which complete "this gateway does not have it: …".
const STAYS_OUT: &[(&str, &str)] = &[
    ("azure-openai-emit-token-metric", MODELS),
    ("azure-openai-semantic-cache-lookup", MODELS),
    ("azure-openai-semantic-cache-store", MODELS),
    ("azure-openai-token-limit", MODELS),
    ("block", INTERNAL),
    ("cosmosdb-data-source", GRAPHQL),
    (
        "get-authorization-context",
        "it needs the credential manager of Azure",
    ),
    ("http-data-source", GRAPHQL),
    ("invoke-dapr-binding", DAPR),
    ("invoke-request", INTERNAL),
    ("llm-content-safety", MODELS),
    ("llm-emit-token-metric", MODELS),
    ("llm-semantic-cache-lookup", MODELS),
    ("llm-semantic-cache-store", MODELS),
    ("llm-token-limit", MODELS),
    ("publish-event", GRAPHQL),
    ("publish-to-dapr", DAPR),
    (
        "send-service-bus-message",
        "it needs Azure Service Bus; 'send-request' can call its HTTP interface",
    ),
    ("sql-data-source", GRAPHQL),
    ("validate-graphql-request", GRAPHQL),
    ("validate-odata-request", "OData APIs are not served"),
    (
        "xsl-transform",
        "no maintained XSLT processor can be held within a request's budget",
    ),
];

/// Why this gateway does not have the policy.
pub(crate) fn reason(name: &str) -> Option<&'static str> {
    STAYS_OUT
        .iter()
        .find(|(known, _)| *known == name)
        .map(|(_, reason)| *reason)
}

/// The names.
pub(crate) fn names() -> impl Iterator<Item = &'static str> {
    STAYS_OUT.iter().map(|(name, _)| *name)
}
