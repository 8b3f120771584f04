//! How common policies are: the tiers that planning and `countersign policy coverage` count by.

/// How many real documents need a policy. Each tier comes on top of the one before it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Tier {
    /// What client certificates, routing, headers and bodies take: half of all real documents use
    /// nothing else.
    A,
    /// Requests of a policy's own, limits, tokens, cached values: four of five documents.
    B,
    /// Cached responses, transformations, validation, identities of the gateway, telemetry: 19 of 20.
    C,
}

impl Tier {
    /// All, the most common first.
    pub const ALL: [Self; 3] = [Self::A, Self::B, Self::C];

    /// Its letter.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::A => "A",
            Self::B => "B",
            Self::C => "C",
        }
    }

    /// The tier of the element with this name; `None` if it is a rare policy or none at all.
    #[must_use]
    pub fn of(name: &str) -> Option<Self> {
        TIERS
            .iter()
            .find(|(_, names)| names.contains(&name))
            .map(|(tier, _)| *tier)
    }
}

/// Names of elements, as documents are counted: the parts of `choose` and the root of a fragment are
/// among them.
const TIERS: [(Tier, &[&str]); 3] = [
    (
        Tier::A,
        &[
            "authentication-certificate",
            "base",
            "check-header",
            "choose",
            "forward-request",
            "fragment",
            "include-fragment",
            "ip-filter",
            "otherwise",
            "return-response",
            "rewrite-uri",
            "set-backend-service",
            "set-body",
            "set-header",
            "set-method",
            "set-query-parameter",
            "set-status",
            "set-variable",
            "trace",
            "validate-client-certificate",
            "when",
        ],
    ),
    (
        Tier::B,
        &[
            "authentication-basic",
            "cache-lookup-value",
            "cache-remove-value",
            "cache-store-value",
            "cors",
            "cross-domain",
            "limit-concurrency",
            "mock-response",
            "proxy",
            "quota",
            "quota-by-key",
            "rate-limit",
            "rate-limit-by-key",
            "retry",
            "send-one-way-request",
            "send-request",
            "validate-jwt",
            "wait",
        ],
    ),
    (
        Tier::C,
        &[
            "authentication-managed-identity",
            "cache-lookup",
            "cache-store",
            "emit-metric",
            "find-and-replace",
            "get-authorization-context",
            "json-to-xml",
            "jsonp",
            "log-to-eventhub",
            "redirect-content-urls",
            "validate-azure-ad-token",
            "validate-content",
            "validate-headers",
            "validate-odata-request",
            "validate-parameters",
            "validate-status-code",
            "xml-to-json",
            "xsl-transform",
        ],
    ),
];

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    #[test]
    fn the_tiers_have_21_39_and_57_names_together_and_none_twice() {
        let mut seen: BTreeSet<&str> = BTreeSet::new();
        let mut sizes = Vec::new();
        for (_, names) in TIERS {
            seen.extend(names);
            sizes.push(seen.len());
        }
        assert_eq!(sizes, [21, 39, 57]);
        assert_eq!(
            TIERS.iter().map(|(_, names)| names.len()).sum::<usize>(),
            57
        );
    }

    #[test]
    fn every_policy_this_gateway_has_is_in_a_tier() {
        let missing: Vec<&str> = crate::statement::names()
            .filter(|name| Tier::of(name).is_none())
            .collect();
        assert!(missing.is_empty(), "{missing:?}");
        assert_eq!(Tier::of("llm-token-limit"), None);
    }
}
