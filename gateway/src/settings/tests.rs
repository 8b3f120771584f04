use std::collections::BTreeMap;
use std::io;
use std::path::PathBuf;
use std::time::Duration;

use gateway_tls::host::ClientCertificateMode;
use gateway_tls::issue::{Authority, AuthorityOptions, LeafRequest, Subject};

use super::*;

const FILE: &str = "/etc/countersign/countersign.toml";
const TOKEN: &str = "0123456789abcdef-SECRET";

/// Files in memory: content and mode. Every parent of a file is a directory.
#[derive(Default, Clone)]
struct Memory(BTreeMap<PathBuf, (Vec<u8>, u32)>);

impl Memory {
    fn put(&mut self, name: &str, content: impl Into<Vec<u8>>, mode: u32) -> &mut Self {
        self.0.insert(
            Path::new("/etc/countersign").join(name),
            (content.into(), mode),
        );
        self
    }

    fn remove(&mut self, name: &str) -> &mut Self {
        self.0
            .remove(&Path::new("/etc/countersign").join(name))
            .unwrap();
        self
    }
}

impl Files for Memory {
    fn read(&self, path: &Path) -> io::Result<Vec<u8>> {
        self.0
            .get(path)
            .map(|(content, _)| content.clone())
            .ok_or(io::ErrorKind::NotFound.into())
    }

    fn status(&self, path: &Path) -> io::Result<FileStatus> {
        if let Some((_, mode)) = self.0.get(path) {
            return Ok(FileStatus {
                is_directory: false,
                mode: *mode,
            });
        }
        if self.0.keys().any(|file| file.starts_with(path)) {
            return Ok(FileStatus {
                is_directory: true,
                mode: 0o755,
            });
        }
        Err(io::ErrorKind::NotFound.into())
    }
}

/// Everything that the defaults name, and a second pair `other.pem`, `other.key`.
fn machine() -> Memory {
    let root = Authority::new(
        &Subject::common_name("Test CA"),
        &AuthorityOptions::default(),
    )
    .unwrap();
    let mut files = Memory::default();
    for name in ["admin", "other"] {
        let leaf = root
            .issue(&LeafRequest::server("localhost").dns("localhost"))
            .unwrap();
        files.put(&format!("{name}.pem"), leaf.chain_pem(), 0o644);
        files.put(&format!("{name}.key"), leaf.key_pem(), 0o600);
    }
    files.put("admin-token", format!("{TOKEN}\n"), 0o600);
    files
}

fn variables(pairs: &[(&str, &str)]) -> BTreeMap<String, String> {
    pairs
        .iter()
        .map(|(name, value)| ((*name).to_owned(), (*value).to_owned()))
        .collect()
}

fn load(
    text: &str,
    environment: &[(&str, &str)],
    files: &Memory,
) -> Result<Settings, Vec<SettingsProblem>> {
    let mut files = files.clone();
    files.put("countersign.toml", text, 0o644);
    Settings::load_with(Path::new(FILE), &variables(environment), &files)
}

/// The problems as they are shown, without the name of the file.
fn problems(text: &str, environment: &[(&str, &str)], files: &Memory) -> Vec<String> {
    let problems = load(text, environment, files).expect_err("these settings are wrong");
    problems
        .iter()
        .map(|problem| problem.to_string().replace(&format!("{FILE}:"), "line "))
        .collect()
}

fn one_problem(text: &str, environment: &[(&str, &str)], files: &Memory) -> String {
    let problems = problems(text, environment, files);
    assert_eq!(problems.len(), 1, "{problems:#?}");
    problems.into_iter().next().unwrap()
}

#[test]
fn an_empty_file_is_enough_when_the_files_of_the_defaults_are_there() {
    let settings = load("", &[], &machine()).unwrap();
    assert_eq!(settings.gateway.listen, ["0.0.0.0:8443".parse().unwrap()]);
    assert_eq!(settings.gateway.drain_timeout, Duration::from_secs(30));
    assert_eq!(
        settings.admin.certificate,
        Path::new("/etc/countersign/admin.pem")
    );
    assert_eq!(settings.store.keep_revisions, 1_000);
    assert_eq!(settings.log.access, LogTarget::Stdout);
    assert_eq!(
        settings.log.audit,
        LogTarget::File("/etc/countersign/audit.jsonl".into())
    );
    assert_eq!(
        settings.trust.revocation,
        gateway_tls::trust::RevocationPolicy::Hard
    );
    assert_eq!(settings.limits.max_body_bytes.limit(), None);
    assert!(settings.workers() >= 1);
    assert_eq!(
        settings,
        Settings::defaults_in(Path::new("/etc/countersign")).unwrap()
    );
}

#[test]
fn the_reference_configuration_says_what_holds_without_it_and_explains_every_key() {
    let reference = default_configuration();
    assert_eq!(
        load(&reference, &[], &machine()).unwrap(),
        load("", &[], &machine()).unwrap()
    );
    for section in SECTIONS {
        for key in section.keys {
            let explained = key.help.iter().any(|line| line.trim().len() > 10);
            assert!(
                explained,
                "[{}] {} is not explained",
                section.name, key.name
            );
            let line = format!("\n{} =", key.name);
            let absent = format!("\n# {} =", key.name);
            assert!(
                reference.contains(&line) || reference.contains(&absent),
                "{}",
                key.name
            );
        }
    }
    assert!(reference.contains("# [[host]]"));
}

#[test]
fn every_key_can_be_set_by_a_variable_and_the_variable_wins() {
    let defaults = load("", &[], &machine()).unwrap();
    for section in SECTIONS {
        for key in section.keys {
            let default = key.default.unwrap_or(match key.name {
                "endpoint" => "http://127.0.0.1/token",
                _ => "3",
            });
            let text = default.trim_matches(['[', ']', '"']);
            let name = format!("COUNTERSIGN_{}_{}", section.name, key.name).to_ascii_uppercase();
            let settings =
                load("", &[(&name, text)], &machine()).unwrap_or_else(|p| panic!("{p:#?}"));
            if key.default.is_some() {
                assert_eq!(settings, defaults, "{name}={text}");
            } else {
                assert_ne!(settings, defaults, "{name}={text}");
            }
        }
    }
    let settings = load(
        "[gateway]\nworkers = 2\n[limits]\nidle_timeout = \"nonsense\"",
        &[
            ("COUNTERSIGN_GATEWAY_WORKERS", "7"),
            ("COUNTERSIGN_LIMITS_IDLE_TIMEOUT", "5m"),
            ("COUNTERSIGN_GATEWAY_LISTEN", "127.0.0.1:1, [::1]:2"),
            ("COUNTERSIGN_STORE_PATH", "data/store.db"),
            ("OTHER_GATEWAY_WORKERS", "9"),
        ],
        machine().put("data/keep", "", 0o600),
    )
    .unwrap();
    assert_eq!(settings.gateway.workers, Some(7));
    assert_eq!(settings.limits.idle_timeout, Duration::from_secs(300));
    assert_eq!(settings.gateway.listen.len(), 2);
    assert_eq!(
        settings.store.path,
        Path::new("/etc/countersign/data/store.db")
    );
}

#[test]
fn all_mistakes_are_reported_at_once_each_with_its_key_and_line() {
    let text = r#"[gateway]
listen = ["localhost:8443"]
worker = 2
drain_timeout = 30

[admin]
token_file = "missing-token"
key = "other.key"

[trust]
revocation = "sometimes"

[log]
level = "loud"
audit = "no/such/directory/audit.jsonl"

[limits]
max_headers = 0
max_header_bytes = "64KB"
idle_timout = "30s"

[[host]]
name = "api.example.com"
certificate = "missing.pem"
key = "other.key"
client_certificate = "always"

[healht]
listen = "127.0.0.1:1"
"#;
    let environment = [
        ("COUNTERSIGN_GATEWAY_REVISION_HEADER", "maybe"),
        ("COUNTERSIGN_GATEWAY_WORKRS", "2"),
    ];
    let mut found = problems(text, &environment, &machine());
    found.sort();
    let mut expected = [
        "line 2: gateway.listen: expected a list of addresses with ports such as [\"0.0.0.0:8443\", \"[::1]:8443\"] (in a variable: separated by commas), found [\"localhost:8443\"]",
        "line 3: gateway.worker: is not known; did you mean `workers`?",
        "line 4: gateway.drain_timeout: expected a duration such as \"30s\" (ms, s, m, h, d), found 30",
        "line 7: admin.token_file: `/etc/countersign/missing-token` does not exist",
        "line 8: admin.key: `/etc/countersign/other.key`: the private key does not belong to the certificate `CN=localhost`",
        "line 11: trust.revocation: expected \"hard\", \"soft\" or \"off\", found \"sometimes\"",
        "line 14: log.level: `loud` is not a log filter: expected off, error, warn, info, debug, trace or target=level",
        "line 15: log.audit: `/etc/countersign/no/such/directory/audit.jsonl` cannot be created: `/etc/countersign/no/such/directory` does not exist",
        "line 18: limits.max_headers: must be from 1 to 100",
        "line 19: limits.max_header_bytes: expected a number of bytes such as 65536 or \"64KiB\" (KiB, MiB, GiB), found \"64KB\"",
        "line 20: limits.idle_timout: is not known; did you mean `idle_timeout`?",
        "line 24: host[1].certificate: `/etc/countersign/missing.pem` does not exist",
        "line 26: host[1].client_certificate: expected \"none\", \"optional\" or \"required\", found \"always\"",
        "line 28: healht: is not a section; did you mean `health`?",
        "COUNTERSIGN_GATEWAY_REVISION_HEADER: gateway.revision_header: expected true or false, found `maybe`",
        "COUNTERSIGN_GATEWAY_WORKRS: is not a setting; did you mean `COUNTERSIGN_GATEWAY_WORKERS`?",
    ];
    expected.sort_unstable();
    assert_eq!(found, expected);
}

#[test]
fn trusted_peers_are_networks_and_one_header() {
    use gateway_proxy::CertificateHeader;

    let peers = |text: &str, environment: &[(&str, &str)]| {
        load(text, environment, &machine()).unwrap().trusted_peers
    };
    let nobody = peers("", &[]);
    assert!(nobody.networks.is_empty());
    assert_eq!(nobody.certificate_header, PeerHeader(None));
    let from_file = peers(
        "[trusted_peers]\nnetworks = [\"10.1.0.0/16\", \"::1\"]\ncertificate_header = \"X-Forwarded-Client-Cert\"\n",
        &[],
    );
    let networks = ["10.1.0.0/16", "::1/128"].map(|network| network.parse().unwrap());
    assert_eq!(from_file.networks, networks);
    let from_variables = peers(
        "",
        &[
            ("COUNTERSIGN_TRUSTED_PEERS_NETWORKS", "10.1.0.0/16, ::1"),
            (
                "COUNTERSIGN_TRUSTED_PEERS_CERTIFICATE_HEADER",
                "x-forwarded-client-cert",
            ),
        ],
    );
    assert_eq!(from_variables, from_file);
    for header in CertificateHeader::ALL {
        let name = header.name();
        let text =
            format!("[trusted_peers]\nnetworks = [\"::1\"]\ncertificate_header = \"{name}\"\n");
        assert_eq!(
            peers(&text, &[]).certificate_header,
            PeerHeader(Some(header))
        );
    }
}

#[test]
fn trusted_peers_that_nobody_can_mean_are_refused_with_all_other_mistakes() {
    let mut found = problems(
        "[trusted_peers]\nnetworks = [\"10.0.0.0/8\", \"0.0.0.0/0\"]\ncertificate_header = \"client_cert\"\nheader = \"x\"\n[gateway]\nworkers = 0\n",
        &[("COUNTERSIGN_TRUSTED_PEERS_NETWORK", "::1")],
        &machine(),
    );
    found.sort();
    let mut expected = [
        "line 2: trusted_peers.networks: `0.0.0.0/0` would make strangers trusted peers: the prefix must be at least /8",
        "line 3: trusted_peers.certificate_header: expected \"client-cert\", \"x-forwarded-client-cert\", \"x-arr-clientcert\", \"x-client-cert\", \"x-ssl-client-cert\", \"x-ssl-client-escaped-cert\" or \"none\", found \"client_cert\"",
        "line 4: trusted_peers.header: is not known",
        "line 6: gateway.workers: must be from 1 to 1024",
        "COUNTERSIGN_TRUSTED_PEERS_NETWORK: is not a setting; did you mean `COUNTERSIGN_TRUSTED_PEERS_NETWORKS`?",
    ];
    expected.sort_unstable();
    assert_eq!(found, expected);
    let cases = [
        (
            "networks = [\"10.0.0.0/33\"]",
            "networks: expected a list of addresses and networks",
        ),
        (
            "networks = \"10.0.0.0/8\"",
            "networks: expected a list of addresses and networks",
        ),
        (
            "networks = [\"lb.example.com\"]",
            "networks: expected a list of addresses and networks",
        ),
        (
            "networks = [\"::/0\"]",
            "networks: `::/0` would make strangers trusted peers",
        ),
        (
            "networks = [\"10.0.0.5/8\"]",
            "networks: `10.0.0.5/8` is an address within a network",
        ),
        (
            "networks = [\"10.0.0.5\"]",
            "networks: says whom to believe, and certificate_header does not say which header",
        ),
        (
            "certificate_header = \"client-cert\"",
            "certificate_header: is read from trusted peers only, and networks names none",
        ),
    ];
    for (text, problem) in cases {
        let found = one_problem(&format!("[trusted_peers]\n{text}\n"), &[], &machine());
        let start = format!("line 2: trusted_peers.{problem}");
        assert!(found.starts_with(&start), "{found}");
    }
}

#[test]
fn text_that_is_no_toml_is_reported_with_its_line_beside_other_mistakes() {
    let found = problems(
        "[gateway]\nworkers = = 2\n",
        &[("COUNTERSIGN_ADMIN_LISTEN", "9443")],
        &machine(),
    );
    assert_eq!(found.len(), 2, "{found:#?}");
    assert!(found[0].starts_with("line 2: "), "{found:#?}");
    assert!(
        found[1].starts_with("COUNTERSIGN_ADMIN_LISTEN: admin.listen: "),
        "{found:#?}"
    );
    let twice = one_problem("[gateway]\nworkers = 1\nworkers = 2\n", &[], &machine());
    assert!(
        twice.starts_with("line 3: ") && twice.contains("duplicate"),
        "{twice}"
    );
}

#[test]
fn a_missing_file_and_one_that_is_not_text_are_reported() {
    let nothing = Settings::load_with(Path::new(FILE), &variables(&[]), &machine()).unwrap_err();
    assert_eq!(nothing[0].to_string(), format!("`{FILE}` does not exist"));
    let mut files = machine();
    files.put("countersign.toml", [0xFF, 0xFE], 0o644);
    let binary = Settings::load_with(Path::new(FILE), &variables(&[]), &files).unwrap_err();
    assert_eq!(binary[0].to_string(), format!("`{FILE}` is not UTF-8 text"));
}

#[test]
fn a_key_in_the_wrong_section_is_told_where_it_belongs() {
    let found = problems(
        "workers = 2\n[gateway]\nidle_timeout = \"30s\"\n[metrics]\n",
        &[],
        &machine(),
    );
    assert_eq!(
        found,
        [
            "line 1: workers: is not known here; it belongs to [gateway]",
            "line 3: gateway.idle_timeout: is not known; it belongs to [limits]",
            "line 4: metrics: is not a section",
        ]
    );
    let flat = one_problem("gateway = 2\n", &[], &machine());
    assert_eq!(
        flat,
        "line 1: gateway: is a section: write [gateway] and its keys below"
    );
}

#[test]
fn variables_that_kubernetes_adds_for_a_service_of_our_name_are_not_settings() {
    let links = [
        "SERVICE_HOST",
        "SERVICE_PORT",
        "SERVICE_PORT_HTTPS",
        "PORT",
        "PORT_8443_TCP",
        "PORT_8443_TCP_ADDR",
        "PORT_8443_TCP_PORT",
        "PORT_8443_TCP_PROTO",
        "ADMIN_SERVICE_HOST",
        "ADMIN_PORT_9443_TCP_ADDR",
        "ADMIN_PORT",
    ];
    let links: Vec<_> = links
        .iter()
        .map(|name| (format!("COUNTERSIGN_{name}"), "10.0.0.1"))
        .collect();
    let mut links: Vec<_> = links
        .iter()
        .map(|(name, value)| (name.as_str(), *value))
        .collect();
    links.push(("COUNTERSIGN_CONFIG", FILE));
    load("", &links, &machine()).unwrap();
    for section in SECTIONS {
        for key in section.keys {
            assert!(
                !reader::is_service_link(&reader::variable_of(section.name, key.name)),
                "{}",
                key.name
            );
        }
    }
    let other = one_problem("", &[("COUNTERSIGN_ADMIN_PORTS", "1")], &machine());
    assert!(
        other.starts_with("COUNTERSIGN_ADMIN_PORTS: is not a setting"),
        "{other}"
    );
    let host = one_problem("", &[("COUNTERSIGN_HOST_NAME", "a")], &machine());
    assert_eq!(
        host,
        "COUNTERSIGN_HOST_NAME: [[host]] can be set in the file only"
    );
}

#[test]
fn each_limit_has_ends_and_names_them() {
    let lowest_is_zero = ["max_body_bytes", "backend_idle_connections"];
    let limits = SECTIONS
        .iter()
        .find(|section| section.name == "limits")
        .unwrap();
    for key in limits
        .keys
        .iter()
        .filter(|key| !lowest_is_zero.contains(&key.name))
    {
        let zero = if key.default.unwrap().ends_with("s\"") || key.default.unwrap().ends_with("h\"")
        {
            "\"0s\""
        } else {
            "0"
        };
        let name = key.name;
        let problem = one_problem(&format!("[limits]\n{name} = {zero}\n"), &[], &machine());
        assert!(
            problem.starts_with(&format!("line 2: limits.{name}: must be from ")),
            "{problem}"
        );
        assert!(
            !problem.contains(" 0 ") && !problem.contains(&u64::MAX.to_string()),
            "{problem}"
        );
        let highest = problem.rsplit(' ').next().unwrap();
        let highest = if highest.parse::<u64>().is_ok() {
            highest.to_owned()
        } else {
            format!("\"{highest}\"")
        };
        let settings = load(&format!("[limits]\n{name} = {highest}\n"), &[], &machine());
        assert!(settings.is_ok(), "{name} = {highest}: {settings:?}");
    }
}

#[test]
fn negative_and_huge_numbers_are_refused_and_not_wrapped() {
    for text in [
        "[gateway]\nworkers = -1",
        "[limits]\nmax_concurrent_streams = 5000000000",
        "[limits]\nmax_body_bytes = -1",
    ] {
        let problem = one_problem(text, &[], &machine());
        assert!(problem.contains("expected a"), "{problem}");
    }
    assert!(one_problem("[gateway]\nworkers = 0", &[], &machine()).contains("from 1 to 1024"));
    assert!(one_problem("[gateway]\nlisten = []", &[], &machine()).contains("at least one"));
}

#[test]
fn the_token_file_must_hold_a_token_and_be_closed_to_others() {
    let problem =
        |content: &str, mode| one_problem("", &[], machine().put("admin-token", content, mode));
    for (content, mode, expected) in [
        ("", 0o600, "holds no token"),
        (" \n", 0o600, "holds no token"),
        (
            "short-SECRET\n",
            0o600,
            "too short: 12 characters, at least 16",
        ),
        (
            "SECRET-0123456789\nSECRET-9876543210\n",
            0o600,
            "more than one line",
        ),
        ("SECRET-0123456789é", 0o600, "printable ASCII"),
        (
            TOKEN,
            0o644,
            "accessible to others (mode 0644); run `chmod 600",
        ),
    ] {
        let problem = problem(content, mode);
        assert!(
            problem.starts_with("default of admin.token_file: ") && problem.contains(expected),
            "{problem}"
        );
        assert!(!problem.contains("SECRET"), "{problem}");
    }
    load("", &[], machine().put("admin-token", TOKEN, 0o440)).unwrap();
    let token = token::read(&machine(), Path::new("/etc/countersign/admin-token")).unwrap();
    assert_eq!(token.expose(), TOKEN);
    assert_eq!(format!("{token:?}"), "AdminToken");
}

#[test]
fn the_master_key_file_may_be_absent_but_not_exposed_or_broken() {
    let key = "ab".repeat(32);
    load("", &[], machine().put("master.key", key.as_str(), 0o600)).unwrap();
    let exposed = one_problem("", &[], machine().put("master.key", key.as_str(), 0o640));
    assert!(
        exposed.contains("master_key_file") && exposed.contains("mode 0640"),
        "{exposed}"
    );
    let broken = one_problem("", &[], machine().put("master.key", "SECRET", 0o600));
    assert!(
        broken.contains("master_key_file") && !broken.contains("SECRET"),
        "{broken}"
    );
    let nowhere = one_problem(
        "[store]\nmaster_key_file = \"keys/master.key\"",
        &[],
        &machine(),
    );
    assert!(nowhere.contains("cannot be created"), "{nowhere}");
    let directory = one_problem("[store]\npath = \".\"", &[], &machine());
    assert!(directory.contains("is a directory"), "{directory}");
}

#[test]
fn the_admin_certificate_and_key_must_be_there_and_fit() {
    let missing = problems("", &[], machine().remove("admin.pem").remove("admin.key"));
    assert_eq!(
        missing,
        [
            "default of admin.certificate: `/etc/countersign/admin.pem` does not exist",
            "default of admin.key: `/etc/countersign/admin.key` does not exist",
        ]
    );
    for (name, content, key) in [
        ("admin.pem", "", "certificate"),
        ("admin.pem", "not PEM", "certificate"),
        ("admin.key", "", "key"),
        ("admin.key", "not PEM", "key"),
        (
            "admin.key",
            "-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----\n",
            "key",
        ),
    ] {
        let problem = one_problem("", &[], machine().put(name, content, 0o600));
        assert!(
            problem.starts_with(&format!(
                "default of admin.{key}: `/etc/countersign/{name}`"
            )),
            "{problem}"
        );
    }
}

#[test]
fn hosts_from_files_are_read_in_order() {
    let text = r#"
[[host]]
name = "API.example.com"
certificate = "admin.pem"
key = "admin.key"
default = true

[[host]]
name = "*.example.com"
certificate = "other.pem"
key = "other.key"
client_certificate = "required"
"#;
    let settings = load(text, &[], &machine()).unwrap();
    let [first, second] = &settings.hosts[..] else {
        panic!("{:?}", settings.hosts)
    };
    assert_eq!((&*first.name, first.default), ("api.example.com", true));
    assert_eq!(first.client_certificate, ClientCertificateMode::Optional);
    assert_eq!((&*second.name, second.default), ("*.example.com", false));
    assert_eq!(second.client_certificate, ClientCertificateMode::Required);
    assert_eq!(second.key, Path::new("/etc/countersign/other.key"));
}

#[test]
fn mistakes_in_hosts_are_reported_by_entry() {
    let text = r#"[[host]]
name = "a.example"
certificate = "admin.pem"
key = "admin.key"
default = true
[[host]]
name = "A.example"
certificate = "admin.pem"
key = "other.key"
default = true
[[host]]
name = "127.0.0.1"
certificates = "admin.pem"
"#;
    assert_eq!(
        problems(text, &[], &machine()),
        [
            "line 7: host[2].name: `a.example` is the name of host[1] too",
            "line 10: host[2].default: host[1] is the default already",
            "line 9: host[2].key: `/etc/countersign/other.key`: the private key does not belong to the certificate `CN=localhost`",
            "line 13: host[3].certificates: is not known; did you mean `certificate`?",
            "line 12: host[3].name: `127.0.0.1` is an address; clients do not name addresses, make it the default host instead",
            "line 11: host[3].certificate: is missing; expected a path",
            "line 11: host[3].key: is missing; expected a path",
        ]
    );
    for inline in [
        "host = [{ name = \"a\" }]",
        "[host]\nname = \"a\"",
        "host = 1",
    ] {
        let problem = one_problem(inline, &[], &machine());
        assert!(problem.contains("under [[host]]"), "{problem}");
    }
}

#[test]
fn private_keys_that_everybody_can_read_are_a_warning() {
    let text = "[[host]]\nname = \"a.example\"\ncertificate = \"other.pem\"\nkey = \"other.key\"\n";
    let mut files = machine();
    for (_, mode) in files.0.values_mut() {
        *mode = if *mode == 0o600 { 0o604 } else { *mode };
    }
    files.put("admin-token", TOKEN, 0o600);
    let settings = load(text, &[], &files).unwrap();
    let warnings: Vec<_> = settings.warnings.iter().map(ToString::to_string).collect();
    assert_eq!(warnings.len(), 2, "{warnings:#?}");
    assert!(
        warnings[0].contains(":4: host[1].key: ") && warnings[0].contains("mode 0604"),
        "{warnings:#?}"
    );
    assert!(warnings[1].contains("admin.key: "), "{warnings:#?}");
}

#[test]
fn two_listeners_cannot_share_an_address() {
    let collision = |text: &str| one_problem(text, &[], &machine());
    assert_eq!(
        collision("[admin]\nlisten = \"127.0.0.1:8443\""),
        "line 2: admin.listen: `127.0.0.1:8443` is taken by `0.0.0.0:8443` of gateway.listen"
    );
    assert!(collision("[gateway]\nlisten = [\"127.0.0.1:1\", \"127.0.0.1:1\"]").contains("taken"));
    assert!(collision("[health]\nlisten = \"0.0.0.0:9443\"").contains("of admin.listen"));
    let free =
        "[gateway]\nlisten = [\"127.0.0.1:0\", \"127.0.0.1:0\"]\n[admin]\nlisten = \"127.0.0.1:0\"";
    load(free, &[], &machine()).unwrap();
    load(
        "[gateway]\nlisten = [\"0.0.0.0:1\", \"[::]:1\"]",
        &[],
        &machine(),
    )
    .unwrap();
}

#[test]
fn settings_load_from_real_files_and_never_show_the_token() {
    let directory = tempfile::tempdir().unwrap();
    for (path, (content, mode)) in &machine().0 {
        let path = directory.path().join(path.file_name().unwrap());
        std::fs::write(&path, content).unwrap();
        std::fs::set_permissions(&path, std::os::unix::fs::PermissionsExt::from_mode(*mode))
            .unwrap();
    }
    let file = directory.path().join("countersign.toml");
    std::fs::write(&file, "[gateway]\nworkers = 3\n").unwrap();
    let settings = Settings::load(&file, &variables(&[])).unwrap();
    assert_eq!(settings.workers(), 3);
    assert_eq!(
        settings.admin.token_file,
        directory.path().join("admin-token")
    );
    assert!(!format!("{settings:?}").contains("SECRET"));
    let token = directory.path().join("admin-token");
    std::fs::set_permissions(&token, std::os::unix::fs::PermissionsExt::from_mode(0o666)).unwrap();
    let problems = Settings::load(&file, &variables(&[])).unwrap_err();
    assert!(
        problems[0].to_string().contains("mode 0666"),
        "{problems:?}"
    );
}

#[test]
fn a_managed_identity_that_cannot_work_is_refused() {
    const ENDPOINT: &str = "endpoint = \"http://127.0.0.1/token\"";
    for (text, problem) in [
        (
            "endpoint = \"x\"".to_owned(),
            "endpoint: must be an https or http URL",
        ),
        (
            format!("{ENDPOINT}\nkind = \"app-service\""),
            "kind: `app-service` needs secret_file, which it proves itself with",
        ),
        (
            format!("{ENDPOINT}\nsecret_file = \"no-such-file\""),
            "secret_file: is not sent to an endpoint of kind `imds`",
        ),
        (
            format!("{ENDPOINT}\nkind = \"app-service\"\nsecret_file = \"no-such-file\""),
            "secret_file: ",
        ),
    ] {
        let found = one_problem(&format!("[managed_identity]\n{text}\n"), &[], &machine());
        assert!(
            found.contains(&format!("managed_identity.{problem}")),
            "{found}"
        );
    }
}
