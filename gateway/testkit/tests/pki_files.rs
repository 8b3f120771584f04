//! The files of a PKI, judged by the `openssl` command: what we issue must not please only ourselves.
#![allow(clippy::unwrap_used, reason = "tests fail by panicking")]

use std::path::Path;
use std::process::Command;

use gateway_testkit::Pki;

/// Whether it succeeded, and everything it said.
fn openssl(directory: &Path, arguments: &[&str]) -> (bool, String) {
    let output = Command::new("openssl")
        .current_dir(directory)
        .args(arguments)
        .output()
        .unwrap();
    let text = [output.stdout, output.stderr].concat();
    (
        output.status.success(),
        String::from_utf8_lossy(&text).into_owned(),
    )
}

#[test]
fn strict_verification_with_revocation_says_what_each_certificate_is_for() {
    let pki = Pki::new();
    std::fs::write(
        pki.path("intermediate.pem"),
        pki.intermediate.certificate_pem().unwrap(),
    )
    .unwrap();
    let verify = |file: &str, purpose: &str| {
        let arguments = [
            "verify",
            "-x509_strict",
            "-crl_check",
            "-CAfile",
            "ca.pem",
            "-CRLfile",
            "ca.crl",
            "-purpose",
            purpose,
            file,
        ];
        openssl(pki.directory(), &arguments)
    };
    for good in ["partner-a.pem", "partner-b.pem", "backend-client.pem"] {
        assert_eq!(verify(good, "sslclient"), (true, format!("{good}: OK\n")));
    }
    assert!(verify("server.pem", "sslserver").0);
    for (bad, reason) in [
        ("revoked.pem", "certificate revoked"),
        ("expired.pem", "certificate has expired"),
        ("not-yet-valid.pem", "certificate is not yet valid"),
        ("stranger.pem", "unable to get local issuer certificate"),
        ("server.pem", "unsuit"),
    ] {
        let (trusted, text) = verify(bad, "sslclient");
        assert!(!trusted && text.contains(reason), "{bad}: {text}");
    }
    let through = [
        "verify",
        "-x509_strict",
        "-CAfile",
        "ca.pem",
        "-untrusted",
        "intermediate.pem",
        "-purpose",
        "sslclient",
        "through-intermediate.pem",
    ];
    let (trusted, text) = openssl(pki.directory(), &through);
    assert!(trusted, "{text}");
}

#[test]
fn a_pfx_opens_with_its_password_and_uses_no_legacy_algorithm() {
    let pki = Pki::new();
    let open = |password: &str| {
        let password = format!("pass:{password}");
        let arguments = [
            "pkcs12",
            "-in",
            "through-intermediate.pfx",
            "-info",
            "-noenc",
            "-passin",
            &password,
        ];
        openssl(pki.directory(), &arguments)
    };
    let (opened, text) = open("password");
    assert!(opened, "{text}");
    assert!(
        text.contains("MAC: sha256") && text.contains("AES-256-CBC"),
        "{text}"
    );
    assert!(
        !text.contains("RC2") && !text.contains("3-Key") && !text.contains("sha1,"),
        "{text}"
    );
    assert_eq!(text.matches("BEGIN CERTIFICATE").count(), 2, "{text}");
    assert_eq!(text.matches("PRIVATE KEY").count(), 2, "{text}");
    assert!(!open("wrong").0);
}
