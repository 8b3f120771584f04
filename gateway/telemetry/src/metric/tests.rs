use std::time::Duration;

use super::*;
use crate::label::*;

fn line<'a>(text: &'a str, start: &str) -> &'a str {
    text.lines()
        .find(|line| line.starts_with(start))
        .unwrap_or_else(|| panic!("no `{start}` in\n{text}"))
}

#[test]
fn every_metric_has_our_prefix_a_help_and_a_type() {
    let recorder = Recorder::new();
    let worker = recorder.worker();
    worker.handshake(
        HandshakeEnd::Accepted,
        TlsVersion::Tls13,
        true,
        Duration::from_micros(900),
    );
    let _ = (recorder.no_api(), recorder.log("access"));
    let _ = recorder.logger("audit");
    recorder.set_tls_library("OpenSSL 3.6.3");
    let text = recorder.render();
    for sample in text
        .lines()
        .filter(|line| !line.starts_with('#') && !line.is_empty())
    {
        let name = sample.split(['{', ' ']).next().unwrap();
        assert!(name.starts_with("countersign_"), "{sample}");
        let family = ["_bucket", "_sum", "_count"].iter().find_map(|end| {
            let family = name.strip_suffix(end)?;
            text.contains(&format!("# TYPE {family} histogram\n"))
                .then_some(family)
        });
        let family = family.unwrap_or(name);
        assert!(
            text.contains(&format!("# HELP {family} ")),
            "no help for {sample}"
        );
        assert_eq!(
            text.matches(&format!("# TYPE {family} ")).count(),
            1,
            "{family}"
        );
    }
    for (name, _, help) in name::DESCRIBED {
        assert!(
            text.contains(&format!("# HELP {name} {help}\n")),
            "{name} is described and never shown"
        );
    }
}

#[test]
fn requests_are_counted_by_api_class_and_fault() {
    let recorder = Recorder::new();
    let api = recorder.api("orders");
    assert!(
        recorder
            .render()
            .contains("countersign_requests_total{api=\"orders\",class=\"2xx\",fault=\"none\"} 0")
    );
    api.count(StatusClass::Success, Fault::Nobody);
    recorder
        .api("orders")
        .count(StatusClass::Success, Fault::Nobody);
    api.count(StatusClass::ServerError, Fault::Backend);
    recorder
        .no_api()
        .count(StatusClass::ClientError, Fault::Client);
    let text = recorder.render();
    for expected in [
        "{api=\"orders\",class=\"2xx\",fault=\"none\"} 2",
        "{api=\"orders\",class=\"5xx\",fault=\"backend\"} 1",
        "{api=\"(none)\",class=\"4xx\",fault=\"client\"} 1",
    ] {
        assert!(
            text.contains(&format!("countersign_requests_total{expected}\n")),
            "{expected} in\n{text}"
        );
    }
}

#[test]
fn apis_beyond_the_bound_share_one_label() {
    let recorder = Recorder::new();
    for number in 0..APIS_MAX + 50 {
        recorder
            .api(&format!("api{number}"))
            .count(StatusClass::Success, Fault::Nobody);
    }
    let text = recorder.render();
    assert_eq!(
        line(&text, "countersign_requests_total{api=\"(other)\""),
        "countersign_requests_total{api=\"(other)\",class=\"2xx\",fault=\"none\"} 50"
    );
    assert_eq!(
        text.matches("countersign_requests_total{").count(),
        APIS_MAX + 1
    );
}

#[test]
fn handshakes_and_verdicts_are_counted_by_reason() {
    let recorder = Recorder::new();
    let worker = recorder.worker();
    let took = Duration::from_millis(2);
    worker.handshake(HandshakeEnd::Accepted, TlsVersion::Tls12, false, took);
    worker.handshake(HandshakeEnd::Accepted, TlsVersion::Tls13, true, took);
    recorder
        .worker()
        .handshake(HandshakeEnd::Accepted, TlsVersion::Tls13, true, took);
    worker.handshake(HandshakeEnd::Internal, TlsVersion::Unknown, true, took);
    worker.verdict(VerdictReason::Revoked);
    let text = recorder.render();
    for expected in [
        "countersign_handshakes_total{result=\"accepted\",reason=\"none\",version=\"TLSv1.2\",resumed=\"false\"} 1",
        "countersign_handshakes_total{result=\"accepted\",reason=\"none\",version=\"TLSv1.3\",resumed=\"true\"} 2",
        "countersign_handshakes_total{result=\"refused\",reason=\"internal\",version=\"none\",resumed=\"true\"} 1",
        "countersign_verdicts_total{reason=\"ClientCertificateRevoked\"} 1",
        "countersign_verdicts_total{reason=\"Accepted\"} 0",
        "countersign_request_duration_seconds_count{stage=\"handshake\"} 4",
        "countersign_request_duration_seconds_sum{stage=\"handshake\"} 0.008",
    ] {
        assert!(
            text.contains(&format!("{expected}\n")),
            "{expected} in\n{text}"
        );
    }
}

#[test]
fn a_connection_is_open_until_its_guard_is_dropped() {
    let recorder = Recorder::new();
    let worker = recorder.worker();
    let (first, second) = (worker.connection(), worker.connection());
    assert_eq!(
        line(&recorder.render(), "countersign_connections_open"),
        "countersign_connections_open 2"
    );
    drop((first, second));
    worker.refuse(ConnectionRefusal::AddressConnections);
    let text = recorder.render();
    assert_eq!(
        line(&text, "countersign_connections_open"),
        "countersign_connections_open 0"
    );
    assert!(text.contains("countersign_connections_accepted_total 2\n"));
    assert!(
        text.contains("countersign_connections_refused_total{reason=\"address_connections\"} 1\n")
    );
}

#[test]
fn the_days_left_of_an_expired_client_certificate_are_none() {
    let recorder = Recorder::new();
    let worker = recorder.worker();
    worker.client_certificate(-86_400 * 400);
    worker.client_certificate(86_400 * 10 + 5);
    let text = recorder.render();
    assert!(text.contains("countersign_client_certificate_days_left_bucket{le=\"0\"} 1\n"));
    assert!(text.contains("countersign_client_certificate_days_left_bucket{le=\"7\"} 1\n"));
    assert!(text.contains("countersign_client_certificate_days_left_bucket{le=\"14\"} 2\n"));
    assert!(text.contains("countersign_client_certificate_days_left_sum 10\n"));
}

#[test]
fn what_is_published_and_refused_is_shown() {
    let recorder = Recorder::new();
    let changes = recorder.changes();
    changes.published(41, 1.5e9);
    changes.published(42, 1.6e9);
    changes.refused(ChangeRefusal::PreconditionFailed);
    changes.set_condition(2, 3);
    let text = recorder.render();
    for expected in [
        "countersign_revision 42",
        "countersign_publishes_total 2",
        "countersign_published_timestamp_seconds 1600000000",
        "countersign_changes_refused_total{reason=\"precondition_failed\"} 1",
        "countersign_changes_refused_total{reason=\"store\"} 0",
        "countersign_quarantined 2",
        "countersign_configuration_warnings 3",
    ] {
        assert!(
            text.contains(&format!("{expected}\n")),
            "{expected} in\n{text}"
        );
    }
}

#[test]
fn restarts_are_counted_by_actor_and_shown_before_the_first() {
    let recorder = Recorder::new();
    recorder.restarts().restarted(Supervised::AuditWriter);
    let text = recorder.render();
    assert!(text.contains("countersign_actor_restarts_total{actor=\"audit_writer\"} 1\n"));
    assert!(text.contains("countersign_actor_restarts_total{actor=\"publisher\"} 0\n"));
}

#[test]
fn a_certificate_that_was_removed_is_not_shown_any_more() {
    let recorder = Recorder::new();
    let expiry = |name: &str| CertificateExpiry {
        kind: CertificateKind::Ca,
        name: name.into(),
        not_after: 9,
    };
    recorder.set_certificate_expiries(vec![expiry("old"), expiry("kept")]);
    recorder.set_certificate_expiries(vec![expiry("kept")]);
    let text = recorder.render();
    assert!(text.contains("countersign_certificate_expiry_seconds{kind=\"ca\",name=\"kept\"} 9\n"));
    assert!(!text.contains("\"old\""));
}

#[test]
fn collectors_run_before_each_rendering() {
    let recorder = Recorder::new();
    let lookups = std::sync::atomic::AtomicU64::new(0);
    recorder.collect_with(move |recorder| {
        let hits = lookups.fetch_add(10, std::sync::atomic::Ordering::Relaxed) + 10;
        recorder.set_verified_certificates(hits, 3, 2);
    });
    assert!(
        recorder
            .render()
            .contains("countersign_verified_certificate_cache_hits_total 10\n")
    );
    let text = recorder.render();
    assert!(text.contains("countersign_verified_certificate_cache_hits_total 20\n"));
    assert!(text.contains("countersign_verified_certificate_cache_misses_total 3\n"));
    assert!(text.contains("countersign_verified_certificate_cache_entries 2\n"));
}

#[test]
fn installing_twice_gives_the_same_recorder_which_also_counts_for_the_macros() {
    let first = Recorder::install().unwrap();
    let second = Recorder::install().unwrap();
    metrics::counter!("countersign_test_of_macros_total").increment(5);
    first.changes().published(7, 0.0);
    assert!(
        second
            .render()
            .contains("countersign_test_of_macros_total 5\n")
    );
    assert!(second.render().contains("countersign_revision 7\n"));
}
