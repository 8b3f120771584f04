//! What the development environment puts into an empty store, in one transaction.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use gateway_config::change::{Action, Actor, Change, Edit, IfMatch};
use gateway_config::resource::ResourcePath;
use serde_json::{Value, json};

use super::pki::{DevPki, PFX_PASSWORD, PkiError};

/// The policy of the sample API.
pub const POLICY: &str = include_str!("policy.xml");

/// The change that fills an empty store.
///
/// # Errors
/// If a certificate file cannot be read.
pub fn first_change(pki: &DevPki, backend_url: &str) -> Result<Change, PkiError> {
    let encoded = |name: &str| Ok::<_, PkiError>(STANDARD.encode(pki.read(name)?));
    let thumbprint = |name: &str| Ok::<_, PkiError>(super::thumbprint(&pki.read(name)?));
    let partner = thumbprint("partner-a.pem")?;
    let puts = vec![
        (
            "",
            json!({
                "location": "local",
                "sku": { "name": "Developer", "capacity": 1 },
                "properties": {
                    "publisherEmail": "dev@localhost",
                    "publisherName": "countersign dev",
                    "certificates": [
                        { "storeName": "Root", "encodedCertificate": encoded("ca.pem")? }
                    ],
                    "hostnameConfigurations": [{
                        "type": "Proxy",
                        "hostName": "localhost",
                        "encodedCertificate": encoded("server.pfx")?,
                        "certificatePassword": PFX_PASSWORD,
                        "negotiateClientCertificate": true,
                        "defaultSslBinding": true
                    }]
                }
            }),
        ),
        (
            "crls/my-trusted-ca",
            properties(&json!({ "encodedCrl": encoded("ca.crl.pem")? })),
        ),
        (
            "certificates/my-backend-cert",
            properties(
                &json!({ "data": encoded("my-backend-cert.pfx")?, "password": PFX_PASSWORD }),
            ),
        ),
        (
            "namedValues/allowed-thumbprints",
            properties(&json!({ "displayName": "allowed-thumbprints", "value": partner })),
        ),
        (
            "identityLists/partners",
            properties(&json!({ "description": "partners that may call /orders" })),
        ),
        (
            "identityLists/partners/identities/partner-a",
            member(&partner),
        ),
        (
            "identityLists/partners/identities/expired",
            member(&thumbprint("expired.pem")?),
        ),
        (
            "identityLists/partners/identities/revoked",
            member(&thumbprint("revoked.pem")?),
        ),
        ("backends/sample", backend(backend_url)),
        (
            "apis/orders",
            properties(&json!({
                "displayName": "Orders",
                "path": "orders",
                "protocols": ["https"],
                "subscriptionRequired": false
            })),
        ),
        (
            "apis/orders/operations/any",
            properties(&json!({
                "displayName": "Any", "method": "*", "urlTemplate": "/*"
            })),
        ),
        (
            "apis/orders/policies/policy",
            properties(&json!({ "format": "rawxml", "value": POLICY })),
        ),
    ];
    Ok(change("first start of the development environment", puts))
}

/// The change that points the sample backend to where it listens this time.
#[must_use]
pub fn move_backend(backend_url: &str) -> Change {
    change(
        "the sample backend has a new port",
        vec![("backends/sample", backend(backend_url))],
    )
}

fn change(comment: &str, puts: Vec<(&str, Value)>) -> Change {
    let edit = |(path, body): (&str, Value)| {
        Some(Edit {
            path: ResourcePath::parse(path)?,
            action: Action::Put(body),
            if_match: IfMatch::Any,
        })
    };
    Change {
        edits: puts.into_iter().filter_map(edit).collect(),
        actor: Actor {
            name: "countersign dev".into(),
            address: None,
        },
        comment: Some(comment.to_owned()),
        dry_run: false,
        allow_code_in_named_values: false,
    }
}

fn properties(properties: &Value) -> Value {
    json!({ "properties": properties })
}

fn member(thumbprint: &str) -> Value {
    properties(&json!({ "thumbprint": thumbprint }))
}

fn backend(url: &str) -> Value {
    properties(&json!({
        "title": "Sample backend",
        "url": url,
        "protocol": "http",
        "credentials": { "certificateIds": ["my-backend-cert"] },
        "tls": { "validateCertificateChain": true, "validateCertificateName": true }
    }))
}
