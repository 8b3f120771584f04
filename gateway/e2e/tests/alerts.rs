//! The alert rules that are shipped: Prometheus takes them, they fire when they should, and what they
//! ask for exists.

#![allow(
    missing_docs,
    clippy::unwrap_used,
    clippy::expect_used,
    reason = "tests fail by panicking"
)]

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::process::Command;

use gateway_telemetry::label::{CertificateKind, VerdictReason};
use gateway_telemetry::metric::{
    CERTIFICATE_EXPIRY, CERTIFICATE_EXPIRY_OMITTED,
    name::{CLIENT_DAYS_LEFT, DESCRIBED, REQUEST_DURATION},
};

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../..")
}

fn read(name: &str) -> String {
    std::fs::read_to_string(root().join("monitoring").join(name)).unwrap()
}

fn promtool(arguments: [&str; 3]) {
    let ours = root().join(".tools/promtool");
    let program = if ours.is_file() {
        ours
    } else {
        PathBuf::from("promtool")
    };
    let output = Command::new(program)
        .args(arguments)
        .current_dir(root().join("monitoring"))
        .output()
        .expect("promtool is there; `scripts/setup test` fetches it");
    let said = String::from_utf8_lossy(&[output.stdout, output.stderr].concat()).into_owned();
    assert!(output.status.success(), "{said}");
    assert!(said.contains("SUCCESS"), "{said}");
}

#[test]
fn prometheus_takes_the_alert_rules() {
    promtool(["check", "rules", "alerts.yml"]);
}

#[test]
fn the_alerts_fire_when_they_should_and_only_then() {
    promtool(["test", "rules", "alerts_test.yml"]);
}

#[test]
fn every_alert_is_tested() {
    let tests = read("alerts_test.yml");
    for line in read("alerts.yml").lines() {
        if let Some(name) = line.trim().strip_prefix("- alert: ") {
            assert!(tests.contains(&format!("alertname: {name}\n")), "{name}");
        }
    }
}

fn words(text: &str) -> BTreeSet<&str> {
    text.split(|c: char| !c.is_ascii_alphanumeric() && c != '_')
        .collect()
}

#[test]
fn every_metric_and_label_value_in_the_rules_exists() {
    let families = [REQUEST_DURATION, CLIENT_DAYS_LEFT];
    let mut known: BTreeSet<String> = DESCRIBED
        .iter()
        .map(|(name, ..)| (*name).to_owned())
        .collect();
    known.extend([CERTIFICATE_EXPIRY, CERTIFICATE_EXPIRY_OMITTED].map(str::to_owned));
    for family in families {
        known.extend(["_bucket", "_sum", "_count"].map(|end| format!("{family}{end}")));
    }
    for file in ["alerts.yml", "alerts_test.yml"] {
        let text = read(file);
        let named: Vec<&str> = words(&text)
            .into_iter()
            .filter(|word| word.starts_with("countersign_"))
            .collect();
        assert!(named.len() >= 4, "{file}: {named:?}");
        for name in named {
            assert!(known.contains(name), "{file} asks for `{name}`");
        }
        for (label, values) in [
            ("reason", VerdictReason::WORDS),
            ("kind", CertificateKind::WORDS),
        ] {
            for sign in ["=\"", "!=\""] {
                for rest in text.split(&format!("{label}{sign}")).skip(1) {
                    let value = rest.split('"').next().unwrap();
                    assert!(values.contains(&value), "{file}: {label}=\"{value}\"");
                }
            }
        }
    }
}
