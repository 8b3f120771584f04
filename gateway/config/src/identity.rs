//! Identity lists, built for lookup: who may come in, a million of them if need be.
//!
//! A list is a persistent map of members and an index from what a certificate shows (thumbprints,
//! public key, serial number, names) to the members that might be it. Changing one member copies a
//! path of each map and shares the rest, so its cost does not grow with the list.

use std::sync::Arc;

use gateway_policy::certificate::Certificate;
use gateway_policy::dn::Dn;
use gateway_policy::host::{IdentityList, UnixNanos};

use crate::material::CertificateTable;
use crate::resource::identity_list::{Claims, Identity};
use crate::usage::Usage;

/// One identity list of a revision.
#[derive(Debug, Clone)]
pub struct IdentitySet {
    /// Resource name.
    pub id: Arc<str>,
    /// Revision that last changed the list or one of its members.
    pub changed_in: u64,
    members: imbl::OrdMap<Arc<str>, Member>,
    index: imbl::HashMap<Key, Names>,
}

/// One member.
#[derive(Debug, Clone)]
pub struct Member {
    /// Name as it was created.
    pub name: Arc<str>,
    /// Revision that last changed it.
    pub changed_in: u64,
    /// What it must show.
    pub identity: Identity,
    /// Parsed forms of `identity`'s names, if it has any.
    names: Option<Arc<ParsedNames>>,
}

#[derive(Debug)]
struct ParsedNames {
    subject: Option<Dn>,
    issuer_subject: Option<Dn>,
}

/// What an index entry is found by: the most telling claim of an identity.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
enum Key {
    Sha1([u8; 20]),
    Sha256([u8; 32]),
    Spki([u8; 32]),
    Serial(Arc<str>),
    CommonName(Arc<str>),
    DnsName(Arc<str>),
    Uri(Arc<str>),
    /// Only an issuer, or a subject without a common name: tried for every certificate.
    Any,
}

/// The members (by key in `members`) under one index key; almost always one.
#[derive(Debug, Clone)]
enum Names {
    One(Arc<str>),
    Many(imbl::OrdSet<Arc<str>>),
}

/// A distinguished name in an identity that cannot be parsed.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("`{property}` is not a distinguished name: {reason}")]
pub struct NameError {
    /// `subject` or `issuerSubject`.
    pub property: &'static str,
    /// What is wrong with it.
    pub reason: String,
}

impl Member {
    /// A member, with its names parsed.
    ///
    /// # Errors
    /// If one of them is not a distinguished name.
    pub fn new(name: Arc<str>, changed_in: u64, identity: Identity) -> Result<Self, NameError> {
        let parse = |property, text: &Option<Arc<str>>| match text {
            None => Ok(None),
            Some(text) => Dn::parse(text).map(Some).map_err(|error| NameError {
                property,
                reason: error.to_string(),
            }),
        };
        let names = match &identity {
            Identity::Claims(claims)
                if claims.subject.is_some() || claims.issuer_subject.is_some() =>
            {
                Some(Arc::new(ParsedNames {
                    subject: parse("subject", &claims.subject)?,
                    issuer_subject: parse("issuerSubject", &claims.issuer_subject)?,
                }))
            }
            _ => None,
        };
        Ok(Self {
            name,
            changed_in,
            identity,
            names,
        })
    }

    fn key(&self) -> Key {
        let claims = match &self.identity {
            Identity::Sha1(hash) => return Key::Sha1(*hash),
            Identity::Sha256(hash) => return Key::Sha256(*hash),
            Identity::Claims(claims) => claims,
        };
        let lower = |text: &Arc<str>| Arc::from(text.to_lowercase());
        let of_subject = || {
            let subject = self.names.as_ref()?.subject.as_ref()?;
            subject
                .common_name()
                .map(|name| Key::CommonName(Arc::from(name.to_lowercase())))
        };
        claims
            .sha1
            .map(Key::Sha1)
            .or(claims.sha256.map(Key::Sha256))
            .or(claims.spki.map(Key::Spki))
            .or_else(|| {
                claims
                    .serial_number
                    .as_ref()
                    .map(|s| Key::Serial(canonical_serial(s)))
            })
            .or_else(|| {
                claims
                    .dns_name
                    .as_ref()
                    .map(|name| Key::DnsName(lower(name)))
            })
            .or_else(|| claims.uri.as_ref().map(|uri| Key::Uri(Arc::clone(uri))))
            .or_else(|| {
                claims
                    .common_name
                    .as_ref()
                    .map(|name| Key::CommonName(lower(name)))
            })
            .or_else(of_subject)
            .unwrap_or(Key::Any)
    }

    /// Whether every claim holds for `certificate` with `issuers` above it. Claims about the issuer
    /// are about the direct one, as in `validate-client-certificate`.
    fn admits(
        &self,
        certificate: &Certificate,
        issuers: &[Arc<Certificate>],
        uploaded: &CertificateTable,
        now: UnixNanos,
    ) -> bool {
        let claims = match &self.identity {
            Identity::Sha1(hash) => return *hash == certificate.sha1,
            Identity::Sha256(hash) => return *hash == certificate.sha256,
            Identity::Claims(claims) => claims,
        };
        let names = self.names.as_deref();
        holds(claims.sha1.as_ref(), |hash| *hash == certificate.sha1)
            && holds(claims.sha256.as_ref(), |hash| *hash == certificate.sha256)
            && holds(claims.spki.as_ref(), |hash| {
                *hash == certificate.spki_sha256
            })
            && holds(claims.serial_number.as_ref(), |serial| {
                canonical_serial(serial) == canonical_serial(&certificate.serial_number)
            })
            && holds(claims.common_name.as_ref(), |name| {
                certificate
                    .subject
                    .common_name()
                    .is_some_and(|is| same_ignoring_case(is, name))
            })
            && holds(claims.dns_name.as_ref(), |name| {
                certificate
                    .dns_names
                    .iter()
                    .any(|is| is.eq_ignore_ascii_case(name))
            })
            && holds(claims.uri.as_ref(), |uri| certificate.uris.contains(uri))
            && holds(names.and_then(|n| n.subject.as_ref()), |subject| {
                certificate.subject.same_name(subject)
            })
            && holds(names.and_then(|n| n.issuer_subject.as_ref()), |issuer| {
                certificate.issuer.same_name(issuer)
            })
            && holds(claims.issuer_thumbprint.as_ref(), |hash| {
                issuers.first().is_some_and(|issuer| issuer.sha1 == *hash)
            })
            && holds(claims.issuer_certificate_id.as_ref(), |id| {
                uploaded.by_id(id).is_some_and(|uploaded| {
                    issuers
                        .first()
                        .is_some_and(|issuer| issuer.sha256 == uploaded.certificate.sha256)
                })
            })
            && within(claims, now)
    }
}

fn holds<T>(claim: Option<T>, test: impl FnOnce(T) -> bool) -> bool {
    claim.is_none_or(test)
}

fn within(claims: &Claims, now: UnixNanos) -> bool {
    let nanos = |seconds: i64| i128::from(seconds) * 1_000_000_000;
    claims.not_before.is_none_or(|start| nanos(start) <= now)
        && claims.not_after.is_none_or(|end| now <= nanos(end))
}

fn same_ignoring_case(a: &str, b: &str) -> bool {
    a == b || a.to_lowercase() == b.to_lowercase()
}

/// Upper case, without separators and leading zeros.
fn canonical_serial(serial: &str) -> Arc<str> {
    let digits: String = serial
        .chars()
        .filter(char::is_ascii_hexdigit)
        .map(|c| c.to_ascii_uppercase())
        .collect();
    Arc::from(digits.trim_start_matches('0'))
}

impl IdentitySet {
    /// An empty list.
    #[must_use]
    pub fn new(id: Arc<str>, changed_in: u64) -> Self {
        Self {
            id,
            changed_in,
            members: imbl::OrdMap::new(),
            index: imbl::HashMap::new(),
        }
    }

    /// How many members it has.
    #[must_use]
    pub fn len(&self) -> usize {
        self.members.len()
    }

    /// Whether it has none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.members.is_empty()
    }

    /// A member by name, without regard to case.
    #[must_use]
    pub fn get(&self, name: &str) -> Option<&Member> {
        self.members.get(name.to_ascii_lowercase().as_str())
    }

    /// All members, by name.
    pub fn iter(&self) -> impl Iterator<Item = &Member> {
        self.members.values()
    }

    /// Adds or replaces a member.
    pub(crate) fn insert(&mut self, member: Member) {
        let name: Arc<str> = Arc::from(member.name.to_ascii_lowercase());
        self.remove(&member.name);
        let key = member.key();
        let names = match self.index.remove(&key) {
            None => Names::One(Arc::clone(&name)),
            Some(names) => names.with(Arc::clone(&name)),
        };
        self.index.insert(key, names);
        self.changed_in = self.changed_in.max(member.changed_in);
        self.members.insert(name, member);
    }

    /// Removes a member; whether it was there.
    pub(crate) fn remove(&mut self, name: &str) -> bool {
        let name = name.to_ascii_lowercase();
        let Some(member) = self.members.remove(name.as_str()) else {
            return false;
        };
        let key = member.key();
        if let Some(names) = self
            .index
            .remove(&key)
            .and_then(|names| names.without(&name))
        {
            self.index.insert(key, names);
        }
        true
    }

    /// The member that `certificate` is, if it is one; `issuers` is the built path above the leaf.
    #[must_use]
    pub fn find(
        &self,
        certificate: &Certificate,
        issuers: &[Arc<Certificate>],
        uploaded: &CertificateTable,
        now: UnixNanos,
    ) -> Option<&Member> {
        let admitted = |names: &Names| {
            names.iter().find_map(|name| {
                let member = self.members.get(name)?;
                member
                    .admits(certificate, issuers, uploaded, now)
                    .then_some(member)
            })
        };
        let at = |key: Key| self.index.get(&key).and_then(admitted);
        at(Key::Sha1(certificate.sha1))
            .or_else(|| at(Key::Sha256(certificate.sha256)))
            .or_else(|| at(Key::Spki(certificate.spki_sha256)))
            .or_else(|| at(Key::Serial(canonical_serial(&certificate.serial_number))))
            .or_else(|| {
                let name = certificate.subject.common_name()?;
                at(Key::CommonName(Arc::from(name.to_lowercase())))
            })
            .or_else(|| {
                let mut names = certificate.dns_names.iter();
                names.find_map(|name| at(Key::DnsName(Arc::from(name.to_lowercase()))))
            })
            .or_else(|| {
                certificate
                    .uris
                    .iter()
                    .find_map(|uri| at(Key::Uri(Arc::clone(uri))))
            })
            .or_else(|| at(Key::Any))
    }
}

/// A list together with what its members may refer to, as policies ask it.
#[derive(Debug)]
pub struct BoundList {
    /// The list.
    pub set: Arc<IdentitySet>,
    /// Uploaded certificates of the same revision.
    pub certificates: CertificateTable,
    /// Where uses are noted.
    pub usage: Arc<Usage>,
}

impl IdentityList for BoundList {
    fn contains(
        &self,
        certificate: &Certificate,
        issuers: &[Arc<Certificate>],
        now: UnixNanos,
    ) -> bool {
        let found = self.set.find(certificate, issuers, &self.certificates, now);
        if let Some(member) = found {
            self.usage
                .note(&self.set.id, &member.name, certificate, now);
        }
        found.is_some()
    }
}

impl Names {
    fn with(self, name: Arc<str>) -> Self {
        match self {
            Self::One(one) if one == name => Self::One(one),
            Self::One(one) => Self::Many(imbl::OrdSet::from_iter([one, name])),
            Self::Many(mut many) => {
                many.insert(name);
                Self::Many(many)
            }
        }
    }

    fn without(self, name: &str) -> Option<Self> {
        match self {
            Self::One(one) => (&*one != name).then_some(Self::One(one)),
            Self::Many(mut many) => {
                many.remove(name);
                (!many.is_empty()).then_some(Self::Many(many))
            }
        }
    }

    fn iter(&self) -> Box<dyn Iterator<Item = &Arc<str>> + '_> {
        match self {
            Self::One(one) => Box::new(std::iter::once(one)),
            Self::Many(many) => Box::new(many.iter()),
        }
    }
}

#[cfg(test)]
mod tests;
