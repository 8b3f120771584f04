//! The admin API as the official Python SDK sees it.

#![allow(missing_docs, clippy::expect_used, reason = "tests fail by panicking")]

use std::path::Path;
use std::process::Command;

use gateway_e2e::{TestGateway, python_program};

#[tokio::test]
async fn the_official_python_sdk_and_requests_manage_an_empty_gateway() {
    let gateway = TestGateway::builder().empty().start().await;
    let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("python/admin_contract.py");
    let output = Command::new(python_program())
        .arg(script)
        .arg(format!("https://{}", gateway.admin_address))
        .arg(gateway.token())
        .arg(gateway.pki.path("ca.pem"))
        .output()
        .expect("Python is installed (scripts/setup test)");
    let said = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{said}");
    // unittest succeeds with no tests at all, too.
    assert!(!said.contains("Ran 0 tests"), "{said}");
}
