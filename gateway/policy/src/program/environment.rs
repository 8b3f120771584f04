//! What compiling a document needs to know of the service it is saved in.

use std::collections::BTreeSet;
use std::fmt;
use std::sync::Arc;

/// The resources a document may name, as they will be when it takes effect.
pub trait Environment {
    /// The named value with this display name.
    fn named_value(&self, name: &str) -> Option<NamedValue>;

    /// The source of the policy fragment with this id.
    fn fragment(&self, id: &str) -> Option<Arc<str>> {
        let _ = id;
        None
    }

    /// Whether the resource exists.
    fn exists(&self, kind: ResourceKind, name: &str) -> bool;

    /// Why an existing resource cannot be used by a document, to complete "The logger 'x' …".
    fn unusable(&self, kind: ResourceKind, name: &str) -> Option<String> {
        let _ = (kind, name);
        None
    }

    /// Names of existing resources. Of identity lists all; of the others they only serve "did you
    /// mean", so that a selection will do.
    fn names(&self, kind: ResourceKind) -> Vec<String>;

    /// Whether the gateway can get tokens that say who it is. Without, policies that want one are
    /// warned about.
    fn has_managed_identity(&self) -> bool {
        true
    }

    /// Whether a named value may change the structure of the code around it when it stands inside a
    /// string literal. Only for callers who may write policies anyway.
    fn allow_code_in_named_values(&self) -> bool;
}

/// Kinds of resources that documents name.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum ResourceKind {
    /// A named value, by display name.
    NamedValue,
    /// An uploaded certificate, by resource id.
    CertificateId,
    /// An uploaded certificate, by upper-case hexadecimal SHA-1 thumbprint.
    CertificateThumbprint,
    /// A backend, by resource id.
    Backend,
    /// An identity list, by resource id.
    IdentityList,
    /// A policy fragment, by resource id.
    PolicyFragment,
    /// A logger, by resource id.
    Logger,
}

impl ResourceKind {
    /// The kind as sentences call it.
    #[must_use]
    pub fn noun(self) -> &'static str {
        match self {
            Self::NamedValue => "named value",
            Self::CertificateId => "certificate",
            Self::CertificateThumbprint => "certificate with thumbprint",
            Self::Backend => "backend",
            Self::IdentityList => "identity list",
            Self::PolicyFragment => "policy fragment",
            Self::Logger => "logger",
        }
    }
}

/// A named value.
#[derive(Clone, PartialEq, Eq)]
pub struct NamedValue {
    /// The text that replaces `{{name}}`.
    pub value: Arc<str>,
    /// Whether the value must not be shown.
    pub secret: bool,
}

impl fmt::Debug for NamedValue {
    /// Without the value of a secret one.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let value: &dyn fmt::Debug = if self.secret {
            &"(secret)"
        } else {
            &self.value
        };
        f.debug_struct("NamedValue")
            .field("value", value)
            .field("secret", &self.secret)
            .finish()
    }
}

/// What a document names, for existence checks, for refusing to delete what is in use, and for
/// compiling again what a change touches. Names that expressions compute at run time are not in it.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct References {
    /// Display names of named values.
    pub named_values: BTreeSet<Arc<str>>,
    /// Resource ids of certificates.
    pub certificate_ids: BTreeSet<Arc<str>>,
    /// Upper-case hexadecimal thumbprints of certificates.
    pub certificate_thumbprints: BTreeSet<Arc<str>>,
    /// Resource ids of backends.
    pub backend_ids: BTreeSet<Arc<str>>,
    /// Resource ids of identity lists.
    pub identity_list_ids: BTreeSet<Arc<str>>,
    /// Resource ids of policy fragments, those inside fragments too.
    pub policy_fragment_ids: BTreeSet<Arc<str>>,
    /// Resource ids of loggers.
    pub logger_ids: BTreeSet<Arc<str>>,
}

impl References {
    /// The names of one kind.
    #[must_use]
    pub fn of(&self, kind: ResourceKind) -> &BTreeSet<Arc<str>> {
        match kind {
            ResourceKind::NamedValue => &self.named_values,
            ResourceKind::CertificateId => &self.certificate_ids,
            ResourceKind::CertificateThumbprint => &self.certificate_thumbprints,
            ResourceKind::Backend => &self.backend_ids,
            ResourceKind::IdentityList => &self.identity_list_ids,
            ResourceKind::PolicyFragment => &self.policy_fragment_ids,
            ResourceKind::Logger => &self.logger_ids,
        }
    }

    pub(crate) fn insert(&mut self, kind: ResourceKind, name: &str) {
        let names = match kind {
            ResourceKind::NamedValue => &mut self.named_values,
            ResourceKind::CertificateId => &mut self.certificate_ids,
            ResourceKind::CertificateThumbprint => &mut self.certificate_thumbprints,
            ResourceKind::Backend => &mut self.backend_ids,
            ResourceKind::IdentityList => &mut self.identity_list_ids,
            ResourceKind::PolicyFragment => &mut self.policy_fragment_ids,
            ResourceKind::Logger => &mut self.logger_ids,
        };
        if !names.contains(name) {
            names.insert(name.into());
        }
    }
}
