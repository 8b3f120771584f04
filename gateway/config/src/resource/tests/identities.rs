use super::*;
use crate::change::ParsedList;
use crate::resource::identity_list::{Identity, ListLimits, parse_list, parse_list_value};

const AT: &str = "identityLists/partners/identities/a";

fn parse(properties: Value) -> Result<ParsedList, Vec<FieldProblem>> {
    let body = json!({ "properties": properties });
    let streamed = parse_list(body.to_string().as_bytes(), ListLimits::default());
    let whole = parse_list_value(&body, ListLimits::default());
    // Both ways of reading must agree.
    match (&streamed, &whole) {
        (Ok(a), Ok(b)) => assert_eq!(a.members, b.members),
        (Err(a), Err(b)) => assert_eq!(a, b),
        _ => panic!("{streamed:?} {whole:?}"),
    }
    streamed
}

fn problems(properties: Value) -> Vec<(String, String)> {
    parse(properties)
        .unwrap_err()
        .into_iter()
        .map(|p| (p.target, p.message))
        .collect()
}

#[test]
fn thumbprints_are_told_apart_by_length_and_stored_bare() {
    let list = parse(json!({ "description": "d", "identities": [
        { "name": "a", "thumbprint": "ab:".repeat(20) }, { "thumbprint": "CD".repeat(32) }
    ] }))
    .unwrap();
    assert_eq!(&*list.description, "d");
    assert_eq!(list.members[0], ("a".into(), Identity::Sha1([0xAB; 20])));
    assert_eq!(
        list.members[1],
        ("CD".repeat(32).into(), Identity::Sha256([0xCD; 32]))
    );
}

#[test]
fn every_claim_is_read_and_shown_again() {
    let sent = json!({
        "thumbprint": "AB".repeat(20), "spki": "CD".repeat(32), "serialNumber": "0a:0B", "subject": "CN=x, O=y",
        "commonName": "x", "dnsName": "a.test", "uri": "urn:a", "issuerSubject": "CN=CA",
        "issuerThumbprint": "EF".repeat(20), "issuerCertificateId": "ca", "displayName": "Partner",
        "notBefore": "2026-01-01T00:00:00Z", "notAfter": "2027-01-01T00:00:00Z"
    });
    let mut expected = sent.clone();
    expected["serialNumber"] = json!("0A0B");
    assert_eq!(shown(AT, accepted(put(AT, sent.clone()))), expected);
    let patched = accepted(patch(
        AT,
        &accepted(put(AT, sent)),
        json!({ "uri": null, "notAfter": "2028-01-01T00:00:00Z" }),
    ));
    let shown = shown(AT, patched);
    assert!(shown.get("uri").is_none());
    assert_eq!(shown["notAfter"], "2028-01-01T00:00:00Z");
}

#[test]
fn problems_name_the_identity_and_its_claim_and_all_are_reported() {
    let found = problems(json!({ "identities": [
        { "name": "a", "thumbprint": "ABC" },
        { "name": "b", "thumbprnt": "AB" },
        { "name": "c", "displayName": "only a name" },
        { "name": "d", "subject": "no name" },
        { "name": "e", "commonName": "" },
        { "name": "f", "commonName": "x", "notBefore": "soon" },
        { "name": "g/h", "commonName": "x" },
        { "commonName": "x" },
        { "name": "i", "commonName": "x", "notBefore": "2027-01-01", "notAfter": "2026-01-01" },
        { "name": "j", "thumbprint": "AB".repeat(32), "issuerThumbprint": "AB".repeat(32) }
    ] }));
    let targets: Vec<&str> = found.iter().map(|(target, _)| target.as_str()).collect();
    assert_eq!(
        targets,
        [
            "identities[0].thumbprint",
            "identities[1].thumbprnt",
            "identities[2].thumbprint",
            "identities[3].subject",
            "identities[4].commonName",
            "identities[5].notBefore",
            "identities[6].name",
            "identities[7].name",
            "identities[8].notAfter",
            "identities[9].issuerThumbprint",
        ]
    );
    assert!(found[1].1.contains("`thumbprint`"), "{}", found[1].1);
}

#[test]
fn two_of_one_name_are_refused_whatever_their_case() {
    let found = problems(json!({ "identities": [
        { "name": "a", "thumbprint": "AB".repeat(20) }, { "name": "A", "thumbprint": "CD".repeat(20) },
        { "thumbprint": "EF".repeat(20) }, { "thumbprint": "ef".repeat(20) }
    ] }));
    assert_eq!(found[0].0, "identities[1].name");
    assert_eq!(found[1].0, "identities[3].name");
}

#[test]
fn a_list_without_identities_is_refused_because_it_would_be_emptied_by_accident() {
    assert_eq!(problems(json!({ "description": "d" }))[0].0, "identities");
    assert!(
        parse(json!({ "identities": [] }))
            .unwrap()
            .members
            .is_empty()
    );
    assert_eq!(
        problems(json!({ "identities": [], "identites": 1 }))[0].0,
        "identites"
    );
}

#[test]
fn bodies_that_are_no_list_are_refused_without_a_panic() {
    for body in [
        "",
        "{",
        "[]",
        "{}",
        "null",
        "{\"properties\":[]}",
        "{\"properties\":{\"identities\":{}}}",
        "{\"properties\":{\"identities\":[1]}}",
        "{\"properties\":{\"identities\":[{\"name\":1}]}}",
        "{\"properties\":{\"identities\":[]}} x",
        "{\"properties\":{\"identities\":[],\"identities\":[]}}",
        "{\"properties\":{\"identities\":[{\"name\":\"a\",\"name\":\"b\"}]}}",
    ] {
        assert!(
            parse_list(body.as_bytes(), ListLimits::default()).is_err(),
            "{body}"
        );
    }
    let deep = format!("{{\"x\":{}", "[".repeat(100_000));
    assert!(parse_list(deep.as_bytes(), ListLimits::default()).is_err());
}

#[test]
fn limits_hold() {
    let limits = ListLimits {
        identities: 2,
        problems: 3,
    };
    let body = |count: usize, thumbprint: &str| {
        let one = json!({ "thumbprint": thumbprint });
        json!({ "properties": { "identities": vec![one; count] } }).to_string()
    };
    let found = parse_list(body(10, "x").as_bytes(), limits).unwrap_err();
    assert_eq!(found.len(), 3);
    let many = json!({ "properties": { "identities": (0..3).map(|i| json!({ "name": format!("{i}"), "commonName": "x" })).collect::<Vec<_>>() } });
    let found = parse_list(many.to_string().as_bytes(), limits).unwrap_err();
    assert!(found[0].message.contains("at most 2"));
}

#[test]
fn a_hundred_thousand_identities_are_read_from_a_stream() {
    let mut body = String::from("{\"properties\":{\"identities\":[");
    for i in 0..100_000_u32 {
        let comma = if i == 0 { "" } else { "," };
        body.push_str(&format!(
            "{comma}{{\"name\":\"partner-{i}\",\"thumbprint\":\"{i:040x}\"}}"
        ));
    }
    body.push_str("]}}");
    let list = parse_list(body.as_bytes(), ListLimits::default()).unwrap();
    assert_eq!(list.members.len(), 100_000);
    assert_eq!(&*list.members[99_999].0, "partner-99999");
}

#[test]
fn members_and_lists_as_single_resources_are_checked_the_same_way() {
    refused_at(
        put(AT, json!({ "thumbprint": "xyz" })),
        "thumbprint",
        "hexadecimal",
    );
    refused_at(put(AT, json!({ "thumbprint": 7 })), "thumbprint", "string");
    refused_at(put(AT, json!({})), "thumbprint", "at least one claim");
    let at = "identityLists/partners";
    let list = accepted(put(at, json!({ "description": "d" })));
    assert_eq!(
        shown(
            at,
            accepted(patch(at, &list, json!({ "description": "e" })))
        ),
        json!({ "description": "e" })
    );
    refused_at(
        patch(at, &list, json!({ "identities": [{ "thumbprint": "AB" }] })),
        "identities",
        "PUT the whole list",
    );
}
