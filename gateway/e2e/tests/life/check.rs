//! What is wrong is said before anything is touched.

use std::net::TcpListener;
use std::process::Command;

use gateway_e2e::{Installation, program};

use crate::{ENDS, run};

#[test]
fn check_and_serve_report_every_mistake_by_key_and_exit_before_a_port_is_bound() {
    let taken = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = taken.local_addr().unwrap();
    let directory = tempfile::tempdir().unwrap();
    let config = directory.path().join("countersign.toml");
    let text = format!(
        "[gateway]\nlisten = [\"{address}\"]\nwrokers = 2\ndrain_timeout = \"soon\"\n\
         [admin]\nlisten = \"{address}\"\ncertificate = \"nowhere.pem\"\nkey = \"nowhere.key\"\ntoken_file = \"token\"\n\
         [trust]\nrevocation = \"perhaps\"\n[limits]\nmax_headers = 0\n[[host]]\nname = \"a b\"\n"
    );
    std::fs::write(&config, text).unwrap();
    for word in ["check", "serve"] {
        let mut command = Command::new(program());
        command.arg(word).arg("--config").arg(&config);
        let (code, said) = run(command);
        assert_eq!(code, Some(1), "{word}: {said}");
        for key in [
            "gateway.wrokers",
            "gateway.drain_timeout",
            "admin.certificate",
            "admin.key",
            "admin.token_file",
            "trust.revocation",
            "limits.max_headers",
            "name",
            "certificate",
        ] {
            assert!(said.contains(key), "{word} names {key}: {said}");
        }
        assert!(said.contains("workers"), "the nearest name: {said}");
        // A bind would have met the listener of this test.
        assert!(!said.contains("cannot listen"), "{word}: {said}");
        assert!(!said.contains("panicked"), "{word}: {said}");
    }
    let files: Vec<_> = std::fs::read_dir(directory.path()).unwrap().collect();
    assert_eq!(files.len(), 1, "nothing was made: {files:?}");
}

#[test]
fn a_good_configuration_is_ok_and_an_address_in_use_is_said() {
    let installation = Installation::new("");
    let mut command = Command::new(program());
    command
        .arg("check")
        .arg("--config")
        .arg(installation.file("countersign.toml"));
    assert_eq!(run(command), (Some(0), "ok\n".to_owned()));

    let taken = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = taken.local_addr().unwrap().to_string();
    for key in ["GATEWAY", "ADMIN", "HEALTH"] {
        let mut command = installation.command();
        command.env(format!("COUNTERSIGN_{key}_LISTEN"), &address);
        let (code, said) = run(command);
        assert_ne!(code, Some(0), "{key}: {said}");
        assert!(code.is_some() && said.contains(&address), "{key}: {said}");
    }
}

fn check_store(installation: &Installation) -> (Option<i32>, String) {
    let mut command = Command::new(program());
    command
        .args(["check", "--store", "--config"])
        .arg(installation.file("countersign.toml"));
    run(command)
}

#[tokio::test]
async fn check_of_a_store_says_what_serve_would_close_and_makes_nothing() {
    let installation = Installation::new("");
    let (code, said) = check_store(&installation);
    assert!(code == Some(1) && said.contains("does not exist"), "{said}");
    for name in ["countersign.db", "master.key"] {
        assert!(!installation.file(name).exists(), "{name} was made");
    }
    let mut served = installation.serve();
    installation.seed(&served).await;
    let (code, said) = check_store(&installation);
    assert!(code == Some(1) && said.contains("in use"), "{said}");
    served.process.signal("TERM");
    assert_eq!(served.process.wait(ENDS).code(), Some(0));
    assert_eq!(check_store(&installation), (Some(0), "ok\n".to_owned()));

    // A host of the files that the store has too: `serve` would not know which one to show.
    let toml = installation.file("countersign.toml");
    let host = format!(
        "[[host]]\nname = \"localhost\"\ncertificate = {:?}\nkey = {:?}\n",
        installation.pki.path("server.pem"),
        installation.pki.path("server.key")
    );
    let text = std::fs::read_to_string(&toml).unwrap() + &host;
    std::fs::write(&toml, text).unwrap();
    let (code, said) = check_store(&installation);
    assert!(
        code == Some(1) && said.contains("configured twice"),
        "{said}"
    );
}

#[tokio::test]
async fn a_store_without_its_master_key_is_refused_and_no_other_key_is_made() {
    let installation = Installation::new("");
    let mut served = installation.serve();
    installation.seed(&served).await;
    served.process.signal("TERM");
    assert_eq!(served.process.wait(ENDS).code(), Some(0));
    let (key, elsewhere) = (
        installation.file("master.key"),
        installation.file("elsewhere"),
    );
    std::fs::rename(&key, &elsewhere).unwrap();
    let serve = without_key(run(installation.command()));
    let check = without_key(check_store(&installation));
    for said in [serve, check] {
        assert!(
            said.contains("master.key") && said.contains("countersign.db"),
            "{said}"
        );
    }
    assert!(
        !key.exists(),
        "another key would only hide that this one is lost"
    );

    // Another store's key is not taken either, and says so.
    std::fs::write(&key, "00".repeat(32)).unwrap();
    std::fs::set_permissions(&key, std::os::unix::fs::PermissionsExt::from_mode(0o600)).unwrap();
    let said = without_key(run(installation.command()));
    assert!(said.contains("master key"), "{said}");

    std::fs::rename(&elsewhere, &key).unwrap();
    let served = installation.serve();
    assert_eq!(served.health("/readyz").0, 200);
}

fn without_key((code, said): (Option<i32>, String)) -> String {
    assert!(code.is_some_and(|code| code != 0), "{said}");
    assert!(!said.contains("panicked"), "{said}");
    said
}
