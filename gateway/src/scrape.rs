//! What a scrape asks for that nobody counts as it happens: cache sizes, the state of the configuration.

use std::sync::Arc;

use gateway_config::control::ControlPlane;
use gateway_telemetry::metric::Recorder;
use gateway_tls::cache::VerifiedChains;

/// Has the recorder ask at every scrape.
pub(crate) fn collect(recorder: &Recorder, plane: &ControlPlane, chains: &Arc<VerifiedChains>) {
    recorder.set_tls_library(openssl::version::version());
    let plane = plane.clone();
    let chains = Arc::clone(chains);
    recorder.collect_with(move |recorder| {
        let counters = chains.counters();
        recorder.set_verified_certificates(
            counters.hits,
            counters.misses,
            counters.accepted + counters.refused,
        );
        let quarantined = plane.published().with(|snapshot| snapshot.quarantine.len());
        let warnings = plane.resources().warning_count();
        recorder.changes().set_condition(quarantined, warnings);
    });
}
