//! `countersign dev`.

use std::collections::BTreeMap;
use std::path::Path;
use std::process::ExitCode;

use gateway_config::clock::{Clock as _, SystemClock};
use gateway_config::resource::{Body, ResourcePath};
use gateway_telemetry::logging;

use super::{REFUSED, complain, say, serve};
use crate::app::App;
use crate::dev::pki::DevPki;
use crate::dev::{DevOptions, SampleBackend, first_change, instructions, move_backend, write_once};
use crate::settings::{Environment, ProcessEnvironment, Settings, SettingsProblem};

pub(super) fn run(options: &DevOptions) -> ExitCode {
    let prepared = prepare(options);
    let (pki, settings) = match prepared {
        Ok(prepared) => prepared,
        Err(problems) => {
            problems.iter().for_each(|problem| complain(problem));
            return ExitCode::from(REFUSED);
        }
    };
    if let Err(error) = logging::init(settings.log.format, &settings.log.level) {
        complain(&error.to_string());
        return ExitCode::from(REFUSED);
    }
    actix_rt::System::new().block_on(async move {
        let backend = match SampleBackend::start(&pki) {
            Ok(backend) => backend,
            Err(error) => {
                complain(&format!("the sample backend: {error}"));
                return ExitCode::FAILURE;
            }
        };
        let started = match serve::start(&settings).await {
            Ok(app) => fill(&app, &pki, &backend).await.map(|()| app),
            Err(error) => Err(error),
        };
        let app = match started {
            Ok(app) => app,
            Err(error) => {
                complain(&error);
                return ExitCode::FAILURE;
            }
        };
        say(&instructions(&options.directory, &app));
        say("ready");
        let code = serve::until_told_to_end(app, &settings).await;
        backend.stop().await;
        code
    })
}

/// Makes what is missing in the directory and reads the settings.
fn prepare(options: &DevOptions) -> Result<(DevPki, Settings), Vec<String>> {
    let one = |error: &dyn std::fmt::Display| vec![error.to_string()];
    let pki = DevPki::open_or_create(&options.path("pki"), SystemClock.now_seconds())
        .map_err(|error| one(&error))?;
    let config = options.path("countersign.toml");
    write_once(
        &config,
        DevOptions::default_configuration().as_bytes(),
        0o644,
    )
    .map_err(|error| one(&format!("`{}`: {error}", config.display())))?;
    let token = options.path("admin-token");
    if !token.exists() {
        let random: [u8; 24] = gateway_tls::random::bytes().map_err(|error| one(&error))?;
        let text = gateway_tls::digest::upper_hex(&random).to_ascii_lowercase();
        write_once(&token, format!("{text}\n").as_bytes(), 0o600)
            .map_err(|error| one(&format!("`{}`: {error}", token.display())))?;
    }
    let settings = load(&config, options)
        .map_err(|problems| problems.iter().map(ToString::to_string).collect::<Vec<_>>())?;
    Ok((pki, settings))
}

/// The file and the environment, with the addresses of the command line.
fn load(config: &Path, options: &DevOptions) -> Result<Settings, Vec<SettingsProblem>> {
    struct WithAddresses<'a>(&'a DevOptions);
    impl Environment for WithAddresses<'_> {
        fn variables(&self, prefix: &str) -> BTreeMap<String, String> {
            let mut variables = ProcessEnvironment.variables(prefix);
            for (section, address) in [
                ("GATEWAY", &self.0.gateway),
                ("ADMIN", &self.0.admin),
                ("HEALTH", &self.0.health),
            ] {
                variables.insert(format!("{prefix}{section}_LISTEN"), address.clone());
            }
            variables
        }
    }
    Settings::load(config, &WithAddresses(options))
}

/// Fills an empty store; afterwards only tells it where the sample backend is this time.
async fn fill(app: &App, pki: &DevPki, backend: &SampleBackend) -> Result<(), String> {
    let path = ResourcePath::parse("backends/sample");
    let known = path.and_then(|path| app.plane().get(&path));
    let change = match known {
        Some((resource, _)) => match &*resource.body {
            Body::Backend(known) if *known.url == *backend.url => return Ok(()),
            _ => move_backend(&backend.url),
        },
        None if app.plane().revision() == 0 => {
            first_change(pki, &backend.url).map_err(|error| error.to_string())?
        }
        // The operator has removed it; so be it.
        None => return Ok(()),
    };
    match app.plane().apply(change).await {
        Ok(_) => Ok(()),
        Err(gateway_config::change::ApplyError::Invalid { path, problems }) => {
            let problems: Vec<String> = problems
                .iter()
                .map(|p| format!("{}: {}", p.target, p.message))
                .collect();
            Err(format!(
                "the sample configuration was refused: `{path}`: {}",
                problems.join("; ")
            ))
        }
        Err(error) => Err(format!("the sample configuration was refused: {error}")),
    }
}

#[cfg(test)]
mod tests {
    use std::fs;

    use super::*;

    #[test]
    fn a_second_start_keeps_the_certificates_and_the_token() {
        let directory = tempfile::tempdir().unwrap();
        let options = DevOptions {
            directory: directory.path().join("dev"),
            gateway: "127.0.0.1:0".to_owned(),
            admin: "127.0.0.1:0".to_owned(),
            health: "127.0.0.1:0".to_owned(),
        };
        let read = |name: &str| fs::read(options.path(name)).unwrap();
        prepare(&options).unwrap();
        let before = (
            read("pki/ca.pem"),
            read("pki/partner-a.pfx"),
            read("admin-token"),
        );
        prepare(&options).unwrap();
        assert_eq!(
            before,
            (
                read("pki/ca.pem"),
                read("pki/partner-a.pfx"),
                read("admin-token")
            )
        );
    }
}
