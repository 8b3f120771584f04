//! What expires, of everything that is configured.

use std::sync::Arc;

use gateway_telemetry::label::CertificateKind;
use gateway_tls::certificate::CertificateFacts;
use gateway_tls::crl::Crl;
use gateway_tls::trust::RevocationPolicy;

use crate::compile::FileHost;
use crate::material::policy_name;
use crate::resource::moment;
use crate::resource::{Body, Kind, ResourcePath};
use crate::resources::{Reference, Resources};

/// A certificate or revocation list whose time ends.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Expiring {
    /// What it is for.
    pub kind: CertificateKind,
    /// The resource's id, the host's name or the CA's subject.
    pub name: Arc<str>,
    /// SHA-256 of the DER encoding.
    pub sha256: [u8; 32],
    /// `notBefore` (of a list: `thisUpdate`), Unix seconds.
    pub begins: i64,
    /// `notAfter` (of a list: `nextUpdate`), Unix seconds.
    pub ends: i64,
    /// The revocation list, if it is one.
    pub(super) list: Option<Arc<Crl>>,
}

impl Expiring {
    /// A certificate.
    #[must_use]
    pub fn certificate(kind: CertificateKind, name: &str, facts: &CertificateFacts) -> Self {
        Self {
            kind,
            name: Arc::from(name),
            sha256: facts.sha256,
            begins: facts.not_before,
            ends: facts.not_after,
            list: None,
        }
    }

    /// A revocation list; `None` if it does not say when it ends.
    #[must_use]
    pub fn revocation_list(name: &str, list: &Arc<Crl>) -> Option<Self> {
        Some(Self {
            kind: CertificateKind::Crl,
            name: Arc::from(name),
            sha256: list.sha256,
            begins: list.this_update,
            ends: list.next_update?,
            list: Some(Arc::clone(list)),
        })
    }

    /// Whether its time is over.
    pub(super) const fn is_over(&self, now: i64) -> bool {
        self.ends < now
    }

    /// What it is, for people: `server certificate`, or `revocation list` with its issuer.
    pub(super) fn described(&self) -> String {
        let name = &self.name;
        match (&self.list, self.kind) {
            (Some(list), _) => format!(
                "revocation list `{name}` of `{}`",
                policy_name(&list.issuer).to_shared()
            ),
            (None, CertificateKind::Ca) => format!("CA `{name}`"),
            (None, kind) => format!("{} certificate `{name}`", kind.word()),
        }
    }
}

/// Everything configured that expires, the first to end first.
pub(super) fn collect(resources: &Resources, file_hosts: &[Arc<FileHost>]) -> Vec<Expiring> {
    let mut found = Vec::new();
    let service = resources.body(&ResourcePath::service());
    if let Some(Body::Service(service)) = service.map(|body| &**body) {
        for ca in &service.certificates {
            let name = ca.facts.subject.to_string();
            found.push(Expiring::certificate(CertificateKind::Ca, &name, &ca.facts));
        }
        for host in &service.hostname_configurations {
            let facts = host.material.facts();
            found.push(Expiring::certificate(
                CertificateKind::Server,
                &host.host_name,
                facts,
            ));
        }
    }
    for host in file_hosts {
        let facts = host.material.facts();
        found.push(Expiring::certificate(
            CertificateKind::Server,
            &host.name,
            facts,
        ));
    }
    for resource in resources.list(Kind::Certificate, None) {
        if let Body::Certificate(certificate) = &*resource.body {
            let is_used = Reference::to_resource(&resource)
                .is_some_and(|reference| !resources.referrers(&reference).is_empty());
            let kind = if is_used && certificate.material.is_some() {
                CertificateKind::Backend
            } else {
                CertificateKind::Uploaded
            };
            let name = resource.path.name();
            found.push(Expiring::certificate(kind, &name, &certificate.facts));
        }
    }
    for resource in resources.list(Kind::Crl, None) {
        if let Body::Crl(crl) = &*resource.body {
            found.extend(Expiring::revocation_list(&resource.path.name(), &crl.facts));
        }
    }
    found
}

/// What has expired and thereby closes something now, for `/readyz`: a server certificate, and a
/// revocation list that no current one of the same issuer replaces, unless revocation is not looked at.
///
/// An expired CA closes nothing that its replacement beside it does not open again, so it only warns.
pub(super) fn closed(known: &[Expiring], revocation: RevocationPolicy, now: i64) -> Vec<String> {
    let mut reasons = Vec::new();
    for over in known.iter().filter(|expiring| expiring.is_over(now)) {
        let since = moment::print(over.ends);
        let what = over.described();
        match (&over.list, over.kind) {
            (Some(list), _) => {
                let means = match revocation {
                    RevocationPolicy::Hard => "the issuer's certificates are refused",
                    RevocationPolicy::Soft => {
                        "whether the issuer's certificates are revoked is not known any more"
                    }
                    RevocationPolicy::Off => continue,
                };
                if !is_replaced(list, known, now) {
                    reasons.push(format!("the {what} expired on {since}: {means}"));
                }
            }
            (None, CertificateKind::Server) => {
                reasons.push(format!("the {what} expired on {since}"));
            }
            (None, _) => {}
        }
    }
    reasons
}

fn is_replaced(expired: &Crl, known: &[Expiring], now: i64) -> bool {
    known.iter().any(|other| {
        other.begins <= now
            && !other.is_over(now)
            && other.list.as_ref().is_some_and(|list| {
                !list.is_partial
                    && list.issuer == expired.issuer
                    && list.authority_key_id == expired.authority_key_id
            })
    })
}

#[cfg(test)]
pub(super) mod tests {
    use super::*;
    use gateway_tls::certificate::{Name, NameValue};

    /// A server certificate.
    pub(in crate::expiry) fn certificate(name: &str, begins: i64, ends: i64) -> Expiring {
        Expiring {
            kind: CertificateKind::Server,
            name: name.into(),
            sha256: [1; 32],
            begins,
            ends,
            list: None,
        }
    }

    pub(in crate::expiry) fn list(name: &str, issuer: &str, begins: i64, ends: i64) -> Expiring {
        let common_name = NameValue::Text(issuer.to_owned());
        let list = Crl {
            der: Arc::from([]),
            sha256: [2; 32],
            issuer: Name(vec![vec![("2.5.4.3".to_owned(), common_name)]]),
            number: None,
            this_update: begins,
            next_update: Some(ends),
            revoked_count: 0,
            is_delta: false,
            is_partial: false,
            authority_key_id: None,
        };
        Expiring::revocation_list(name, &Arc::new(list)).unwrap()
    }

    #[test]
    fn an_expired_list_is_told_by_what_its_absence_means() {
        let known = [list("partners", "Partner CA", 0, 100)];
        assert!(closed(&known, RevocationPolicy::Hard, 100).is_empty());
        assert_eq!(
            closed(&known, RevocationPolicy::Hard, 101),
            [
                "the revocation list `partners` of `CN=Partner CA` expired on \
              1970-01-01T00:01:40Z: the issuer's certificates are refused"
            ]
        );
        let soft = closed(&known, RevocationPolicy::Soft, 101);
        assert!(soft[0].ends_with("is not known any more"), "{soft:?}");
        assert!(closed(&known, RevocationPolicy::Off, 101).is_empty());
    }

    #[test]
    fn an_expired_list_that_a_current_one_of_its_issuer_replaces_closes_nothing() {
        let old = list("old", "Partner CA", 0, 100);
        let is_closed = |other: Expiring| {
            !closed(&[old.clone(), other], RevocationPolicy::Hard, 150).is_empty()
        };
        assert!(!is_closed(list("new", "Partner CA", 100, 200)));
        assert!(is_closed(list("not begun", "Partner CA", 160, 200)));
        assert!(is_closed(list("others", "Another CA", 100, 200)));
        let mut partial = list("partial", "Partner CA", 100, 200);
        Arc::make_mut(partial.list.as_mut().unwrap()).is_partial = true;
        assert!(is_closed(partial));
    }

    #[test]
    fn an_expired_server_certificate_degrades_and_an_expired_ca_only_warns() {
        let server = certificate("api.example.com", 0, 100);
        let ca = Expiring {
            kind: CertificateKind::Ca,
            ..certificate("CN=Old CA", 0, 100)
        };
        assert_eq!(
            closed(&[server, ca], RevocationPolicy::Hard, 101),
            ["the server certificate `api.example.com` expired on 1970-01-01T00:01:40Z"]
        );
    }
}
