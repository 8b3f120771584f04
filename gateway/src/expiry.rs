//! What a scrape asks for that nobody counts as it happens: expiry dates, cache sizes, the state of
//! the configuration.

use std::sync::Arc;

use gateway_config::control::ControlPlane;
use gateway_config::resource::{Body, Kind, ResourcePath};
use gateway_config::resources::{Reference, Resources};
use gateway_telemetry::label::CertificateKind;
use gateway_telemetry::metric::{CertificateExpiry, Recorder};
use gateway_tls::cache::VerifiedChains;

use crate::settings::Settings;

/// Has the recorder ask at every scrape.
pub(crate) fn collect(
    recorder: &Recorder,
    plane: &ControlPlane,
    chains: &Arc<VerifiedChains>,
    settings: &Settings,
) {
    recorder.set_tls_library(openssl::version::version());
    let plane = plane.clone();
    let chains = Arc::clone(chains);
    let admin = settings.admin.certificate.clone();
    recorder.collect_with(move |recorder| {
        let counters = chains.counters();
        recorder.set_verified_certificates(
            counters.hits,
            counters.misses,
            counters.accepted + counters.refused,
        );
        let resources = plane.resources();
        let quarantined = plane.published().with(|snapshot| snapshot.quarantine.len());
        recorder
            .changes()
            .set_condition(quarantined, resources.warning_count());
        let mut expiries = expiries(&resources);
        let admin_facts = std::fs::read(&admin).ok().and_then(|pem| {
            gateway_tls::certificate::parse_many_pem(&pem)
                .ok()?
                .into_iter()
                .next()
        });
        if let Some(facts) = admin_facts {
            expiries.push(expiry(CertificateKind::Admin, "admin", facts.not_after));
        }
        plane.published().with(|snapshot| {
            for host in &snapshot.file_hosts {
                let not_after = host.material.facts().not_after;
                expiries.push(expiry(CertificateKind::Server, &host.name, not_after));
            }
        });
        recorder.set_certificate_expiries(expiries);
    });
}

fn expiries(resources: &Resources) -> Vec<CertificateExpiry> {
    let mut found = Vec::new();
    if let Some(Body::Service(service)) =
        resources.body(&ResourcePath::service()).map(|body| &**body)
    {
        for ca in &service.certificates {
            let name = ca.facts.subject.to_string();
            found.push(expiry(CertificateKind::Ca, &name, ca.facts.not_after));
        }
        for host in &service.hostname_configurations {
            let not_after = host.material.facts().not_after;
            found.push(expiry(CertificateKind::Server, &host.host_name, not_after));
        }
    }
    for resource in resources.list(Kind::Certificate, None) {
        if let Body::Certificate(certificate) = &*resource.body {
            let reference = Reference::to_resource(&resource);
            let used =
                reference.is_some_and(|reference| !resources.referrers(&reference).is_empty());
            let is_presented = used && certificate.material.is_some();
            let kind = if is_presented {
                CertificateKind::Backend
            } else {
                CertificateKind::Uploaded
            };
            found.push(expiry(
                kind,
                &resource.path.name(),
                certificate.facts.not_after,
            ));
        }
    }
    for resource in resources.list(Kind::Crl, None) {
        if let Body::Crl(crl) = &*resource.body
            && let Some(next_update) = crl.facts.next_update
        {
            found.push(expiry(
                CertificateKind::Crl,
                &resource.path.name(),
                next_update,
            ));
        }
    }
    found
}

fn expiry(kind: CertificateKind, name: &str, not_after: i64) -> CertificateExpiry {
    CertificateExpiry {
        kind,
        name: name.to_owned(),
        not_after,
    }
}
