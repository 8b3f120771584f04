use super::*;
use crate::resource::service::Service;
use crate::resource::{ClientCertificates, default_service};

const AT: &str = "";
const PROTOCOLS: &str = "Microsoft.WindowsAzure.ApiManagement.Gateway.Security.Protocols";

fn whole(properties: Value) -> Value {
    json!({ "location": "local", "sku": { "name": "Developer", "capacity": 1 }, "properties": properties })
}

fn put_service(existing: Option<&Body>, properties: Value) -> Accepted {
    take(Mode::Put, AT, existing, &whole(properties))
}

fn patch_service(existing: &Body, properties: Value) -> Accepted {
    take(
        Mode::Patch,
        AT,
        Some(existing),
        &json!({ "properties": properties }),
    )
}

fn service_of(body: &Body) -> &Service {
    let Body::Service(service) = body else {
        panic!()
    };
    service
}

/// One host with client certificates asked for, one root.
fn configured(authority: &Authority) -> Body {
    accepted(put_service(
        None,
        json!({
            "publisherEmail": "me@example.test", "publisherName": "me",
            "hostnameConfigurations": [{
                "type": "Proxy", "hostName": "GW.example.test", "negotiateClientCertificate": true,
                "defaultSslBinding": true, "certificatePassword": "password",
                "encodedCertificate": pfx(&server(authority, "gw.example.test"))
            }],
            "certificates": [{ "encodedCertificate": ca_der(authority), "storeName": "Root" }],
            "customProperties": { format!("{PROTOCOLS}.Tls10"): "False" }
        }),
    ))
}

#[test]
fn reads_back_in_the_shape_of_the_contract_without_secrets() {
    let authority = authority();
    let read = shown(AT, configured(&authority));
    assert_eq!(read["location"], "local");
    assert_eq!(read["sku"], json!({ "name": "Developer", "capacity": 1 }));
    let properties = &read["properties"];
    assert_eq!(properties["provisioningState"], "Succeeded");
    assert_eq!(properties["publisherEmail"], "me@example.test");
    assert_eq!(properties["gatewayUrl"], "https://gw.example.test");
    let ca = &properties["certificates"][0];
    assert_eq!(ca["certificate"]["thumbprint"], ca_thumbprint(&authority));
    assert_eq!(ca["certificate"]["subject"], "CN=Test CA");
    assert!(ca.get("encodedCertificate").is_none());
    let host = &properties["hostnameConfigurations"][0];
    assert_eq!(host["hostName"], "gw.example.test");
    assert_eq!(host["negotiateClientCertificate"], true);
    assert!(host.get("encodedCertificate").is_none() && host.get("certificatePassword").is_none());
    assert_eq!(
        properties["customProperties"][format!("{PROTOCOLS}.Tls10")],
        "False"
    );
}

#[test]
fn trap_a_patch_that_says_enable_client_certificate_false_switches_nothing_off() {
    let authority = authority();
    let old = configured(&authority);
    // What the 4.x and 5.x clients send with every PATCH.
    let outcome = patch_service(
        &old,
        json!({
            "certificates": [{ "encodedCertificate": ca_der(&authority), "storeName": "CertificateAuthority" }],
            "enableClientCertificate": false, "disableGateway": false, "restore": false,
            "virtualNetworkType": "None", "legacyPortalStatus": "Enabled", "developerPortalStatus": "Enabled"
        }),
    );
    let (body, warnings) = outcome.unwrap();
    assert_eq!(warnings, []);
    let service = service_of(&body);
    let host = &service.hostname_configurations[0];
    assert_eq!(
        service.client_certificates(host),
        ClientCertificates::Optional
    );
    assert_eq!(service.certificates.len(), 1);
    assert_eq!(
        codes(patch_service(
            &old,
            json!({ "enableClientCertificate": true })
        )),
        ["NoEffect"]
    );
    refused_at(
        patch_service(&old, json!({ "disableGateway": true })),
        "disableGateway",
        "not supported",
    );
}

#[test]
fn trap_a_put_of_what_was_read_keeps_cas_and_server_certificates() {
    let authority = authority();
    let old = configured(&authority);
    let read = shown(AT, configured(&authority));
    let kept = accepted(take(Mode::Put, AT, Some(&old), &read));
    let (before, after) = (service_of(&old), service_of(&kept));
    assert_eq!(after.certificates.len(), 1);
    assert_eq!(
        after.certificates[0].facts.sha256,
        before.certificates[0].facts.sha256
    );
    let thumbprint = |service: &Service| service.hostname_configurations[0].material.facts().sha256;
    assert_eq!(thumbprint(after), thumbprint(before));
}

#[test]
fn trap_an_unknown_thumbprint_without_data_is_refused() {
    let old = configured(&authority());
    for certificate in [
        json!({ "thumbprint": "xx", "subject": "CN=x" }),
        json!({}),
        Value::Null,
    ] {
        let outcome = patch_service(
            &old,
            json!({ "certificates": [{ "storeName": "Root", "certificate": certificate }] }),
        );
        assert_eq!(
            targets(outcome),
            ["certificates[0].encodedCertificate"],
            "{certificate}"
        );
    }
    refused_at(
        patch_service(
            &old,
            json!({ "certificates": [{ "storeName": "Root", "certificate": { "thumbprint": "00".repeat(20) } }] }),
        ),
        "certificates[0].encodedCertificate",
        "not installed",
    );
}

#[test]
fn trap_a_patch_replaces_arrays_whole_and_merges_custom_properties_key_by_key() {
    let authority = authority();
    let old = configured(&authority);
    let other = authority
        .intermediate(
            &Subject::common_name("Other CA"),
            &AuthorityOptions::default(),
        )
        .unwrap();
    let swapped = accepted(patch_service(
        &old,
        json!({
            "certificates": [{ "encodedCertificate": ca_der(&other), "storeName": "CertificateAuthority" }],
            "customProperties": { "Countersign.Host.gw.example.test.ClientCertificate": "required" }
        }),
    ));
    let service = service_of(&swapped);
    assert_eq!(service.certificates.len(), 1);
    assert_eq!(service.custom_properties.len(), 2);
    assert_eq!(
        service.client_certificates(&service.hostname_configurations[0]),
        ClientCertificates::Required
    );
    let removed = accepted(patch_service(
        &swapped,
        json!({ "customProperties": { "Countersign.Host.gw.example.test.ClientCertificate": null } }),
    ));
    let service = service_of(&removed);
    assert_eq!(service.custom_properties.len(), 1);
    assert_eq!(
        service.client_certificates(&service.hostname_configurations[0]),
        ClientCertificates::Optional
    );
    let emptied = accepted(patch_service(&old, json!({ "certificates": [] })));
    assert!(service_of(&emptied).certificates.is_empty());
}

#[test]
fn an_expired_ca_or_server_certificate_is_refused_when_it_is_brought_in_only() {
    let authority = authority();
    let old = expired(&authority, "old.test");
    let host = json!({ "type": "Proxy", "hostName": "old.test", "encodedCertificate": pfx(&old), "certificatePassword": "password" });
    refused_at(
        put_service(None, json!({ "hostnameConfigurations": [host] })),
        "hostnameConfigurations[0].encodedCertificate",
        "expired",
    );
    refused_at(
        put_service(
            None,
            json!({ "certificates": [{ "storeName": "Root", "encodedCertificate": der(&old) }] }),
        ),
        "certificates[0].encodedCertificate",
        "expired",
    );
    // The same one, stored while it was valid, is a warning.
    let body = accepted(put_service(
        None,
        json!({ "hostnameConfigurations": [{
        "type": "Proxy", "hostName": "a.test", "certificatePassword": "password",
        "encodedCertificate": pfx(&server(&authority, "a.test")) }] }),
    ));
    let later = accept(
        &Acceptance {
            mode: Mode::Patch,
            path: &path(AT),
            existing: Some(&body),
            now: NOW + 200 * DAY,
        },
        &json!({ "properties": {} }),
    );
    assert_eq!(codes(later), ["CertificateExpired"]);
}

#[test]
fn hosts_and_their_certificates_are_checked_and_all_problems_reported() {
    let authority = authority();
    let good = pfx(&server(&authority, "a.test"));
    let host = |name: &str| json!({ "type": "Proxy", "hostName": name, "encodedCertificate": good, "certificatePassword": "password" });
    let outcome = put_service(
        None,
        json!({ "hostnameConfigurations": [
            host("a.test"), host("A.test"), host("a b"),
            { "type": "Proxy", "hostName": "c.test" },
            { "type": "Proxy", "hostName": "d.test", "encodedCertificate": good, "certificatePassword": "x" },
            { "type": "Wrong", "hostName": "e.test", "encodedCertificate": good, "certificatePassword": "password" },
            { "type": "Proxy", "hostName": "f.test", "encodedCertificate": der(&server(&authority, "f.test")) },
            { "type": "Proxy", "hostName": "g.test", "keyVaultId": "x" },
            7
        ] }),
    );
    let mut targets = targets(outcome);
    targets.sort();
    assert_eq!(
        targets,
        [
            "hostnameConfigurations[1].hostName",
            "hostnameConfigurations[2].hostName",
            "hostnameConfigurations[3].encodedCertificate",
            "hostnameConfigurations[4].certificatePassword",
            "hostnameConfigurations[5].type",
            "hostnameConfigurations[6].encodedCertificate",
            "hostnameConfigurations[7].encodedCertificate",
            "hostnameConfigurations[7].keyVaultId",
            "hostnameConfigurations[8]",
        ]
    );
}

#[test]
fn two_default_bindings_are_refused() {
    let authority = authority();
    let host = |name: &str| {
        json!({ "type": "Proxy", "hostName": name, "defaultSslBinding": true,
        "encodedCertificate": pfx(&server(&authority, name)), "certificatePassword": "password" })
    };
    refused_at(
        put_service(
            None,
            json!({ "hostnameConfigurations": [host("a.test"), host("b.test")] }),
        ),
        "hostnameConfigurations[1].defaultSslBinding",
        "Only one",
    );
}

#[test]
fn mismatching_names_other_types_and_strange_cas_are_warned_about() {
    let authority = authority();
    let issued = server(&authority, "a.test");
    let host = |kind: &str, name: &str| {
        json!({ "type": kind, "hostName": name,
        "encodedCertificate": pfx(&issued), "certificatePassword": "password" })
    };
    assert_eq!(
        codes(put_service(
            None,
            json!({ "hostnameConfigurations": [host("Proxy", "b.test")] })
        )),
        ["HostNameMismatch"]
    );
    assert_eq!(
        codes(put_service(
            None,
            json!({ "hostnameConfigurations": [host("Portal", "a.test")] })
        )),
        ["NoEffect"]
    );
    let leaf_as_root =
        json!({ "certificates": [{ "storeName": "Root", "encodedCertificate": der(&issued) }] });
    assert_eq!(
        codes(put_service(None, leaf_as_root)),
        ["NotACertificateAuthority", "RootIsNotSelfIssued"]
    );
}

#[test]
fn switches_do_what_they_say_or_are_refused_or_warned_about() {
    let set = |name: &str, value: Value| {
        put_service(None, json!({ "customProperties": { name: value } }))
    };
    assert_eq!(
        codes(set(&format!("{PROTOCOLS}.Tls11"), json!("False"))),
        [""; 0]
    );
    let target = format!("customProperties[\"{PROTOCOLS}.Tls11\"]");
    refused_at(
        set(&format!("{PROTOCOLS}.Tls11"), json!("True")),
        &target,
        "Tls11 is not supported",
    );
    refused_at(
        set(&format!("{PROTOCOLS}.Tls11"), json!("maybe")),
        &target,
        "True",
    );
    refused_at(
        set(&format!("{PROTOCOLS}.Tls11"), json!(true)),
        &target,
        "string",
    );
    let cipher = "Microsoft.WindowsAzure.ApiManagement.Gateway.Security.Ciphers.TripleDes168";
    assert_eq!(codes(set(cipher, json!("True"))), ["NoEffect"]);
    assert_eq!(codes(set(cipher, json!("False"))), [""; 0]);
    refused_at(
        set(
            "Microsoft.WindowsAzure.ApiManagement.Gateway.Protocols.Server.Http3",
            json!("True"),
        ),
        "customProperties[\"Microsoft.WindowsAzure.ApiManagement.Gateway.Protocols.Server.Http3\"]",
        "Did you mean `Microsoft.WindowsAzure.ApiManagement.Gateway.Protocols.Server.Http2`",
    );
    refused_at(
        set(
            "Countersign.Host.a.test.ClientCertificate",
            json!("sometimes"),
        ),
        "customProperties[\"Countersign.Host.a.test.ClientCertificate\"]",
        "`none`, `optional` or `required`",
    );
    assert_eq!(
        codes(set(
            "Countersign.Host.a.test.ClientCertificate",
            json!("required")
        )),
        ["UnknownHost"]
    );
    let off = accepted(set(
        "Microsoft.WindowsAzure.ApiManagement.Gateway.Protocols.Server.Http2",
        json!("False"),
    ));
    assert!(!service_of(&off).http2());
    assert!(Service::default().http2());
}

#[test]
fn a_mode_property_wins_over_negotiation_and_says_so() {
    let authority = authority();
    let outcome = put_service(
        None,
        json!({
            "hostnameConfigurations": [{ "type": "Proxy", "hostName": "a.test", "negotiateClientCertificate": true,
                "encodedCertificate": pfx(&server(&authority, "a.test")), "certificatePassword": "password" }],
            "customProperties": { "countersign.host.A.test.clientcertificate": "None" }
        }),
    );
    let (body, warnings) = outcome.unwrap();
    assert_eq!(
        warnings.iter().map(|w| &*w.code).collect::<Vec<_>>(),
        ["ClientCertificateMode"]
    );
    let service = service_of(&body);
    assert_eq!(
        service.client_certificates(&service.hostname_configurations[0]),
        ClientCertificates::None
    );
}

#[test]
fn unknown_properties_are_refused_with_the_nearest_name() {
    refused_at(
        put_service(None, json!({ "hostNameConfigurations": [] })),
        "hostNameConfigurations",
        "`hostnameConfigurations`",
    );
    let body = json!({ "loction": "x", "properties": {} });
    refused_at(take(Mode::Put, AT, None, &body), "loction", "`location`");
    let nested = json!({ "certificates": [{ "storename": "Root", "storeName": "Root", "encodedCertificate": ca_der(&authority()) }] });
    refused_at(
        put_service(None, nested),
        "certificates[0].storename",
        "`storeName`",
    );
}

#[test]
fn an_empty_store_has_a_service_that_can_be_read_and_patched() {
    let default = default_service();
    let read = render(&default);
    assert_eq!(read["properties"]["provisioningState"], "Succeeded");
    assert_eq!(read["properties"]["certificates"], json!([]));
    let patched = accepted(patch_service(
        &default.body,
        json!({ "publisherName": "x" }),
    ));
    assert_eq!(shown(AT, patched)["properties"]["publisherName"], "x");
    accepted(take(Mode::Put, AT, Some(&default.body), &read));
}
