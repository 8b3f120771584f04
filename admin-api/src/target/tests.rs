use super::*;

fn configured() -> ServiceIdentity {
    ServiceIdentity {
        subscription: "s".into(),
        resource_group: "g".into(),
        service: "apim".into(),
    }
}

fn target(path: &str) -> Result<Target, NoTarget> {
    resolve(path, &configured()).map(|address| address.target)
}

fn path(text: &str) -> ResourcePath {
    ResourcePath::parse(text).unwrap()
}

const LONG: &str =
    "/subscriptions/S1/resourcegroups/G1/providers/microsoft.apimanagement/Service/APIM";

#[test]
fn the_long_path_and_the_alias_name_the_same_resources() {
    for rest in [
        "",
        "/namedValues/a",
        "/APIS/x/Operations/y/policies/policy",
        "/identityLists/l/identities/m",
    ] {
        let long = resolve(&format!("{LONG}{rest}"), &configured()).unwrap();
        assert!(long.is_long);
        assert_eq!(
            long.above.id(),
            "/subscriptions/S1/resourceGroups/G1/providers/Microsoft.ApiManagement/service/apim"
        );
        assert_eq!(Ok(long.target), target(&format!("/apim{rest}")), "{rest}");
    }
}

#[test]
fn ids_are_decoded_and_keep_their_spelling() {
    let Ok(Target::Resource(found)) = target("/apim/namedvalues/A%20b") else {
        panic!()
    };
    assert_eq!(found.to_string(), "namedValues/A b");
    assert_eq!(target("/apim/namedValues/a%2Fb"), Err(NoTarget::Unknown));
    assert_eq!(target("/apim/namedValues/%ff"), Err(NoTarget::Unknown));
    assert_eq!(target("/apim//a"), Err(NoTarget::Unknown));
}

#[test]
fn the_alias_has_a_short_form_for_policies() {
    for (short, long) in [
        ("/apim/policy", "policies/policy"),
        ("/apim/apis/x/policy", "apis/x/policies/policy"),
        (
            "/apim/apis/x/operations/y/policy",
            "apis/x/operations/y/policies/policy",
        ),
    ] {
        assert_eq!(target(short), Ok(Target::Resource(path(long))));
    }
    assert_eq!(target(&format!("{LONG}/policy")), Err(NoTarget::Unknown));
    assert_eq!(target("/apim/policies/other"), Err(NoTarget::Unknown));
}

#[test]
fn collections_actions_and_our_own_paths_are_told_apart() {
    assert_eq!(
        target("/apim/namedValues"),
        Ok(Target::Collection {
            kind: Kind::NamedValue,
            parent: None
        })
    );
    assert_eq!(
        target("/apim/apis/x/operations/"),
        Ok(Target::Collection {
            kind: Kind::Operation,
            parent: Some(path("apis/x"))
        })
    );
    assert_eq!(
        target("/apim/apis/x/policies"),
        Ok(Target::Collection {
            kind: Kind::ApiPolicy,
            parent: Some(path("apis/x"))
        })
    );
    assert_eq!(
        target("/apim/namedValues/a/listvalue"),
        Ok(Target::Action(path("namedValues/a"), ActionName::ListValue))
    );
    assert_eq!(
        target("/apim/namedValues/a/listSecrets"),
        Err(NoTarget::Unknown)
    );
    assert_eq!(
        target("/apim/identityLists/l/usage"),
        Ok(Target::Usage(path("identityLists/l")))
    );
    assert_eq!(target("/apim/transactions"), Ok(Target::Transactions));
    assert_eq!(
        target("/apim/revisions/7/restore"),
        Ok(Target::RevisionRestore(7))
    );
    assert_eq!(target("/apim/revisions/x"), Err(NoTarget::Unknown));
}

#[test]
fn services_are_listed_by_subscription_and_by_resource_group() {
    let tail = "providers/Microsoft.ApiManagement/service";
    assert_eq!(
        target(&format!("/subscriptions/s/{tail}")),
        Ok(Target::Services)
    );
    assert_eq!(
        target(&format!("/subscriptions/s/resourceGroups/g/{tail}")),
        Ok(Target::Services)
    );
}

#[test]
fn other_services_and_unsupported_kinds_are_said_to_be_so() {
    let other = LONG.replace("APIM", "other");
    assert_eq!(target(&other), Err(NoTarget::OtherService("other".into())));
    assert_eq!(
        target("/apim/gateways/edge"),
        Err(NoTarget::Unsupported("gateways".into()))
    );
    assert_eq!(
        target("/apim/Users"),
        Err(NoTarget::Unsupported("users".into()))
    );
    assert_eq!(target("/"), Err(NoTarget::Unknown));
    assert_eq!(target("/apim/nothing/x"), Err(NoTarget::Unknown));
}
