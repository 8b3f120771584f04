//! What the path of a request names. One table serves the long path of Azure Resource Manager and
//! the alias `/apim`.

use gateway_config::resource::{Kind, ResourcePath};
use percent_encoding::percent_decode_str;

/// The names above the service, as they appear in ids.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ServiceIdentity {
    /// Subscription id; any text.
    pub subscription: String,
    /// Resource group.
    pub resource_group: String,
    /// Name of the service.
    pub service: String,
}

impl ServiceIdentity {
    /// The id of the service resource.
    #[must_use]
    pub fn id(&self) -> String {
        format!(
            "/subscriptions/{}/resourceGroups/{}/providers/Microsoft.ApiManagement/service/{}",
            self.subscription, self.resource_group, self.service
        )
    }
}

/// A path, understood.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Address {
    /// The names above the service: those of the long path as sent, or the configured ones.
    pub above: ServiceIdentity,
    /// Whether it was the long path, which demands an `api-version`.
    pub is_long: bool,
    /// What is named.
    pub target: Target,
}

/// What a path names.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Target {
    /// The list of services, which has one element.
    Services,
    /// One resource.
    Resource(ResourcePath),
    /// All resources of a kind, below `parent` if there is one.
    Collection {
        /// Their kind.
        kind: Kind,
        /// The API of operations, the list of identities.
        parent: Option<ResourcePath>,
    },
    /// `POST …/listValue` and its like.
    Action(ResourcePath, ActionName),
    /// `POST transactions`.
    Transactions,
    /// `POST explain`.
    Explain,
    /// `GET revisions`.
    Revisions,
    /// `GET revisions/{n}`.
    Revision(u64),
    /// `GET revisions/{n}/diff`.
    RevisionDifference(u64),
    /// `POST revisions/{n}/restore`.
    RevisionRestore(u64),
    /// `GET identityLists/{id}/usage`.
    Usage(ResourcePath),
}

/// What can be asked of a resource besides reading and changing it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[expect(missing_docs, reason = "the contract's own words")]
pub enum ActionName {
    ListValue,
    ListSecrets,
    RegeneratePrimaryKey,
    RegenerateSecondaryKey,
    ListReferences,
}

/// Why a path names nothing.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum NoTarget {
    /// Nothing is at this path, ever.
    Unknown,
    /// Another service than the one here.
    OtherService(String),
    /// A collection of the contract that is not supported.
    Unsupported(String),
}

/// Collections of the contract that do not exist here.
const UNSUPPORTED: [&str; 12] = [
    "gateways",
    "users",
    "groups",
    "tags",
    "diagnostics",
    "schemas",
    "apiVersionSets",
    "authorizationServers",
    "openidConnectProviders",
    "identityProviders",
    "workspaces",
    "issues",
];

/// Finds what `path` (still percent-encoded, without the query) names.
///
/// # Errors
///
/// [`NoTarget`].
pub fn resolve(path: &str, configured: &ServiceIdentity) -> Result<Address, NoTarget> {
    let path = path.strip_prefix('/').ok_or(NoTarget::Unknown)?;
    let path = path.strip_suffix('/').unwrap_or(path);
    let segments: Vec<String> = path
        .split('/')
        .map(|segment| {
            percent_decode_str(segment)
                .decode_utf8()
                .map(|text| text.into_owned())
        })
        .collect::<Result<_, _>>()
        .map_err(|_| NoTarget::Unknown)?;
    if segments
        .iter()
        .any(|segment| segment.is_empty() || segment.contains(['/', '\\', '\0']))
    {
        return Err(NoTarget::Unknown);
    }
    let segments: Vec<&str> = segments.iter().map(String::as_str).collect();
    let is = |segment: &str, word: &str| segment.eq_ignore_ascii_case(word);
    match segments.as_slice() {
        [apim, rest @ ..] if is(apim, "apim") => Ok(Address {
            above: configured.clone(),
            is_long: false,
            target: below_service(rest, true)?,
        }),
        [
            subscriptions,
            subscription,
            groups,
            group,
            providers,
            provider,
            service,
            name,
            rest @ ..,
        ] if is(subscriptions, "subscriptions")
            && is(groups, "resourceGroups")
            && is(providers, "providers")
            && is(provider, "Microsoft.ApiManagement")
            && is(service, "service") =>
        {
            if !is(name, &configured.service) {
                return Err(NoTarget::OtherService((*name).to_owned()));
            }
            let above = ServiceIdentity {
                subscription: (*subscription).to_owned(),
                resource_group: (*group).to_owned(),
                service: configured.service.clone(),
            };
            Ok(Address {
                above,
                is_long: true,
                target: below_service(rest, false)?,
            })
        }
        [
            subscriptions,
            subscription,
            middle @ ..,
            providers,
            provider,
            service,
        ] if is(subscriptions, "subscriptions")
            && is(providers, "providers")
            && is(provider, "Microsoft.ApiManagement")
            && is(service, "service") =>
        {
            let resource_group = match middle {
                [] => configured.resource_group.as_str(),
                [groups, group] if is(groups, "resourceGroups") => group,
                _ => return Err(NoTarget::Unknown),
            };
            let above = ServiceIdentity {
                subscription: (*subscription).to_owned(),
                resource_group: resource_group.to_owned(),
                service: configured.service.clone(),
            };
            Ok(Address {
                above,
                is_long: true,
                target: Target::Services,
            })
        }
        _ => Err(NoTarget::Unknown),
    }
}

fn below_service(segments: &[&str], is_alias: bool) -> Result<Target, NoTarget> {
    let is = |segment: &str, word: &str| segment.eq_ignore_ascii_case(word);
    match segments {
        [] => return Ok(Target::Resource(ResourcePath::service())),
        [transactions] if is(transactions, "transactions") => return Ok(Target::Transactions),
        [explain] if is(explain, "explain") => return Ok(Target::Explain),
        [revisions, rest @ ..] if is(revisions, "revisions") => return revision(rest),
        _ => {}
    }
    if is_alias
        && let Some((last, before)) = segments.split_last()
        && is(last, "policy")
        && before.len().is_multiple_of(2)
    {
        let spelled = [before, &["policies", "policy"]].concat();
        return resource(&spelled);
    }
    if segments.len().is_multiple_of(2) {
        return resource(segments);
    }
    let Some((last, before)) = segments.split_last() else {
        return Err(NoTarget::Unknown);
    };
    let parent = if before.is_empty() {
        None
    } else {
        ResourcePath::from_segments(before)
    };
    if let Some(kind) = collection_kind(last, before, parent.as_ref()) {
        return Ok(Target::Collection { kind, parent });
    }
    match parent {
        Some(parent) => action(parent, last),
        None => Err(unknown(segments)),
    }
}

fn resource(segments: &[&str]) -> Result<Target, NoTarget> {
    let path = ResourcePath::from_segments(segments).ok_or_else(|| unknown(segments))?;
    // The id of a policy is always `policy`.
    if path.kind().is_policy() && !path.name().eq_ignore_ascii_case("policy") {
        return Err(NoTarget::Unknown);
    }
    Ok(Target::Resource(path))
}

fn collection_kind(last: &str, before: &[&str], parent: Option<&ResourcePath>) -> Option<Kind> {
    let above: &[&str] = match parent {
        Some(parent) => parent.kind().collections(),
        None if before.is_empty() => &[],
        None => return None,
    };
    Kind::ALL.into_iter().find(|kind| {
        kind.collections()
            .split_last()
            .is_some_and(|(own, outer)| own.eq_ignore_ascii_case(last) && outer == above)
    })
}

fn action(path: ResourcePath, name: &str) -> Result<Target, NoTarget> {
    let action = match (path.kind(), name.to_ascii_lowercase().as_str()) {
        (Kind::IdentityList, "usage") => return Ok(Target::Usage(path)),
        (Kind::NamedValue, "listvalue") => ActionName::ListValue,
        (Kind::Subscription, "listsecrets") => ActionName::ListSecrets,
        (Kind::Subscription, "regenerateprimarykey") => ActionName::RegeneratePrimaryKey,
        (Kind::Subscription, "regeneratesecondarykey") => ActionName::RegenerateSecondaryKey,
        (Kind::PolicyFragment, "listreferences") => ActionName::ListReferences,
        _ => return Err(NoTarget::Unknown),
    };
    Ok(Target::Action(path, action))
}

fn revision(rest: &[&str]) -> Result<Target, NoTarget> {
    let number = |text: &str| text.parse().map_err(|_| NoTarget::Unknown);
    match rest {
        [] => Ok(Target::Revisions),
        [n] => Ok(Target::Revision(number(n)?)),
        [n, diff] if diff.eq_ignore_ascii_case("diff") => {
            Ok(Target::RevisionDifference(number(n)?))
        }
        [n, restore] if restore.eq_ignore_ascii_case("restore") => {
            Ok(Target::RevisionRestore(number(n)?))
        }
        _ => Err(NoTarget::Unknown),
    }
}

fn unknown(segments: &[&str]) -> NoTarget {
    let known = segments.first().and_then(|first| {
        UNSUPPORTED
            .iter()
            .find(|name| name.eq_ignore_ascii_case(first))
    });
    known.map_or(NoTarget::Unknown, |name| {
        NoTarget::Unsupported((*name).to_owned())
    })
}

#[cfg(test)]
mod tests;
