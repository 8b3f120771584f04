use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Instant;

use actix::{Arbiter, System};
use base64::Engine as _;
use gateway_telemetry::label::CertificateKind;
use gateway_tls::issue::{Authority, AuthorityOptions, CrlRequest, Subject};
use serde_json::json;

use super::*;
use crate::apply::tests::put;
use crate::clock::{ShiftedClock, SystemClock};
use crate::control::tests::Bench;
use crate::expiry::collect::tests::certificate;

const HOUR: i64 = 3_600;

/// A clock that panics once when it is told to.
#[derive(Debug, Default)]
struct BrokenClock(AtomicBool);

impl Clock for BrokenClock {
    fn now_nanos(&self) -> i128 {
        assert!(!self.0.swap(false, Ordering::SeqCst), "told to panic");
        SystemClock.now_nanos()
    }
}

fn settings(clock: Arc<dyn Clock>, fixed: Vec<Expiring>) -> ExpirySettings {
    ExpirySettings {
        clock,
        recorder: Recorder::new(),
        fixed,
    }
}

/// Uploads a list that ends in two hours; when that is.
async fn upload_list(bench: &Bench, name: &str) -> i64 {
    let subject = Subject::common_name("Partner CA");
    let authority = Authority::new(&subject, &AuthorityOptions::default()).unwrap();
    let now = SystemClock.now_seconds();
    let list = authority
        .crl(&CrlRequest {
            number: 1,
            this_update: now - HOUR,
            next_update: now + 2 * HOUR,
            revoked: Vec::new(),
        })
        .unwrap();
    let encoded = base64::engine::general_purpose::STANDARD.encode(list.der());
    let edit = put(&format!("crls/{name}"), json!({ "encodedCrl": encoded }));
    bench.apply(edit).await.unwrap();
    now + 2 * HOUR
}

async fn until(what: &str, holds: impl Fn() -> bool) {
    let deadline = Instant::now() + Duration::from_secs(20);
    while !holds() {
        assert!(Instant::now() < deadline, "{what}");
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
}

#[test]
fn a_list_that_passes_its_next_update_by_time_alone_is_told_with_its_issuer() {
    System::new().block_on(async {
        let bench = Bench::new();
        let ends = upload_list(&bench, "partners").await;
        let clock = Arc::new(ShiftedClock::default());
        let settings = settings(Arc::clone(&clock) as Arc<dyn Clock>, Vec::new());
        let recorder = settings.recorder.clone();
        let mut watch = ExpiryWatch::new(&bench.plane, settings);
        watch.look();
        let line = format!(
            "countersign_certificate_expiry_seconds{{kind=\"crl\",name=\"partners\"}} {ends}\n"
        );
        assert!(recorder.render().contains(&line), "{}", recorder.render());
        assert!(watch.expired.reasons().is_empty());

        clock.shift_to(2 * HOUR + 60);
        watch.look();
        let reasons = watch.expired.reasons();
        assert!(
            reasons[0].starts_with("the revocation list `partners` of `CN=Partner CA` expired on"),
            "{reasons:?}"
        );
        clock.shift_to(0);
        watch.look();
        assert!(watch.expired.reasons().is_empty());
        bench.plane.stop().await;
    });
}

#[test]
fn what_a_change_brings_in_is_shown_without_waiting_for_the_next_interval() {
    System::new().block_on(async {
        let bench = Bench::new();
        let mut admin = certificate("admin", 0, 7);
        admin.kind = CertificateKind::Admin;
        let settings = settings(Arc::new(SystemClock), vec![admin]);
        let recorder = settings.recorder.clone();
        let arbiter = Arbiter::new();
        let expired = ExpiryWatch::start(&bench.plane, settings, &arbiter.handle());
        let shows = |part: &str| recorder.render().contains(part);
        until("shown from the start", || {
            shows("{kind=\"admin\",name=\"admin\"} 7\n")
        })
        .await;
        upload_list(&bench, "partners").await;
        until("shown after the change", || {
            shows("{kind=\"crl\",name=\"partners\"}")
        })
        .await;
        assert!(shows("{kind=\"admin\",name=\"admin\"} 7\n"));
        assert!(expired.reasons().is_empty());
        arbiter.stop();
        bench.plane.stop().await;
    });
}

#[test]
fn after_a_panic_the_watch_is_started_again_and_sees_the_next_change() {
    System::new().block_on(async {
        let bench = Bench::new();
        let clock = Arc::new(BrokenClock(AtomicBool::new(true)));
        let settings = settings(Arc::clone(&clock) as Arc<dyn Clock>, Vec::new());
        let recorder = settings.recorder.clone();
        let arbiter = Arbiter::new();
        let _expired = ExpiryWatch::start(&bench.plane, settings, &arbiter.handle());
        let shows = |part: &str| recorder.render().contains(part);
        until("started again", || {
            shows("countersign_actor_restarts_total{actor=\"expiry_watch\"} 1\n")
        })
        .await;
        upload_list(&bench, "partners").await;
        until("shown after the change", || shows("name=\"partners\"}")).await;
        arbiter.stop();
        bench.plane.stop().await;
    });
}

/// Keeps the warnings of one thread.
#[derive(Clone, Default)]
struct Warnings(Arc<std::sync::Mutex<Vec<String>>>);

impl tracing::Subscriber for Warnings {
    fn enabled(&self, metadata: &tracing::Metadata<'_>) -> bool {
        *metadata.level() == tracing::Level::WARN
    }

    fn event(&self, event: &tracing::Event<'_>) {
        struct Message(String);
        impl tracing::field::Visit for Message {
            fn record_debug(&mut self, field: &tracing::field::Field, value: &dyn std::fmt::Debug) {
                if field.name() == "message" {
                    self.0 = format!("{value:?}");
                }
            }
        }
        let mut message = Message(String::new());
        event.record(&mut message);
        self.0.lock().unwrap().push(message.0);
    }

    fn new_span(&self, _: &tracing::span::Attributes<'_>) -> tracing::span::Id {
        tracing::span::Id::from_u64(1)
    }

    fn record(&self, _: &tracing::span::Id, _: &tracing::span::Record<'_>) {}
    fn record_follows_from(&self, _: &tracing::span::Id, _: &tracing::span::Id) {}
    fn enter(&self, _: &tracing::span::Id) {}
    fn exit(&self, _: &tracing::span::Id) {}
}

#[test]
fn a_warning_is_written_once_and_thousands_at_once_are_summed_up() {
    System::new().block_on(async {
        let bench = Bench::new();
        let now = SystemClock.now_seconds();
        let ends = |days: i64| now + days * 24 * HOUR;
        let mut fixed = vec![certificate("soon", now - 9_000 * HOUR, ends(6))];
        let later = (0..10_000).map(|i| certificate(&format!("c{i}"), 0, ends(20)));
        fixed.extend(later);
        let clock = Arc::new(ShiftedClock::default());
        let settings = settings(Arc::clone(&clock) as Arc<dyn Clock>, fixed);
        let mut watch = ExpiryWatch::new(&bench.plane, settings);
        let warnings = Warnings::default();
        tracing::subscriber::with_default(warnings.clone(), || {
            clock.shift_to(-11 * 24 * HOUR);
            watch.look();
            watch.look();
            let first = std::mem::take(&mut *warnings.0.lock().unwrap());
            assert_eq!(first.len(), 1, "{first:?}");
            assert!(
                first[0].starts_with("the server certificate `soon` expires within 30 days, on "),
                "{first:?}"
            );
            clock.shift_to(0);
            watch.look();
            let then = std::mem::take(&mut *warnings.0.lock().unwrap());
            assert_eq!(then.len(), MOST_LINES + 1);
            assert!(then[0].contains("`soon` expires within 7 days"), "{then:?}");
            watch.look();
            assert!(warnings.0.lock().unwrap().is_empty());
        });
        bench.plane.stop().await;
    });
}
