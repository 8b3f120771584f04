//! Bootstrap settings: what the process needs before it can read its configuration.
//!
//! They come from one TOML file and from variables; a variable wins. Everything that is wrong is
//! reported at once, each mistake with its key and line, before a port is bound or a file created.

mod files;
mod hosts;
mod identities;
mod limits;
mod nearest;
mod problem;
mod reader;
mod reference;
mod section;
mod sections;
mod surroundings;
pub mod token;
mod value;

use std::net::{IpAddr, SocketAddr};
use std::path::Path;

pub use hosts::HostEntry;
pub(crate) use identities::secret as managed_identity_secret;
pub use identities::{IdentityProvidersSection, ManagedIdentitySection};
pub use limits::LimitsSection;
pub use problem::{Place, SettingsProblem};
pub use reference::default_configuration;
pub use sections::{
    AdminSection, GatewaySection, HealthSection, LogSection, StoreSection, TrustSection,
    TrustedPeersSection,
};
pub use surroundings::{Environment, FileStatus, Files, MachineFiles, ProcessEnvironment};
pub use value::{Bytes, LogTarget, PeerHeader};

use files::{FileCheck, unreadable};
use reader::Reader;
use section::{Section, SectionInfo, info};

/// All settings.
#[derive(Debug, Clone, PartialEq)]
pub struct Settings {
    /// `[gateway]`.
    pub gateway: GatewaySection,
    /// `[trusted_peers]`.
    pub trusted_peers: TrustedPeersSection,
    /// `[admin]`.
    pub admin: AdminSection,
    /// `[health]`.
    pub health: HealthSection,
    /// `[store]`.
    pub store: StoreSection,
    /// `[trust]`.
    pub trust: TrustSection,
    /// `[log]`.
    pub log: LogSection,
    /// `[limits]`.
    pub limits: LimitsSection,
    /// `[identity_providers]`.
    pub identity_providers: IdentityProvidersSection,
    /// `[managed_identity]`.
    pub managed_identity: ManagedIdentitySection,
    /// `[[host]]`.
    pub hosts: Vec<HostEntry>,
    /// What works and should be looked at.
    pub warnings: Vec<SettingsProblem>,
}

/// All sections, in the order in which they are explained.
const SECTIONS: &[SectionInfo] = &[
    info::<GatewaySection>(),
    info::<TrustedPeersSection>(),
    info::<AdminSection>(),
    info::<HealthSection>(),
    info::<StoreSection>(),
    info::<TrustSection>(),
    info::<LogSection>(),
    info::<LimitsSection>(),
    info::<IdentityProvidersSection>(),
    info::<ManagedIdentitySection>(),
];

impl Settings {
    /// Loads the file at `path` and the variables of `environment`.
    ///
    /// # Errors
    /// Every mistake found, in the order of the file's sections.
    pub fn load(path: &Path, environment: &dyn Environment) -> Result<Self, Vec<SettingsProblem>> {
        Self::load_with(path, environment, &MachineFiles)
    }

    /// [`Settings::load`] with other files.
    ///
    /// # Errors
    /// As [`Settings::load`].
    pub fn load_with(
        path: &Path,
        environment: &dyn Environment,
        files: &dyn Files,
    ) -> Result<Self, Vec<SettingsProblem>> {
        let problem = |message| {
            vec![SettingsProblem {
                key: String::new(),
                place: Place::Default,
                message,
            }]
        };
        let content = files
            .read(path)
            .map_err(|error| problem(unreadable(path, &error)))?;
        let text = String::from_utf8(content)
            .map_err(|_| problem(format!("`{}` is not UTF-8 text", path.display())))?;
        let variables = environment.variables(reader::PREFIX);
        let mut reader = Reader::new(path, &text, variables);
        let settings = read(&mut reader, files);
        match settings {
            Some(settings) if reader.problems.is_empty() => Ok(settings),
            _ => Err(reader.problems),
        }
    }

    /// What holds with an empty configuration file in `directory`. No file is looked at.
    ///
    /// # Errors
    /// If a default is not usable, which a test excludes.
    pub fn defaults_in(directory: &Path) -> Result<Self, Vec<SettingsProblem>> {
        let mut reader = Reader::new(
            &directory.join("countersign.toml"),
            "",
            std::collections::BTreeMap::new(),
        );
        match read_sections(&mut reader) {
            Some(settings) if reader.problems.is_empty() => Ok(settings),
            _ => Err(reader.problems),
        }
    }

    /// How many workers to start: what is set, else one for each core.
    #[must_use]
    pub fn workers(&self) -> usize {
        self.gateway
            .workers
            .unwrap_or_else(|| std::thread::available_parallelism().map_or(1, usize::from))
    }
}

fn read(reader: &mut Reader<'_>, files: &dyn Files) -> Option<Settings> {
    let mut files = FileCheck::new(files);
    reader.check_names(SECTIONS, &[hosts::LIST]);
    let settings = read_sections(reader);
    let hosts = hosts::read(reader, &mut files);
    let mut settings = Settings { hosts, ..settings? };
    check_addresses(reader, &settings);
    check_peers(reader, &settings.trusted_peers);
    check_files(reader, &settings, &mut files);
    settings.warnings = files.warnings;
    Some(settings)
}

/// Everything but the hosts.
fn read_sections(reader: &mut Reader<'_>) -> Option<Settings> {
    let gateway = GatewaySection::read(reader);
    let trusted_peers = TrustedPeersSection::read(reader);
    let admin = AdminSection::read(reader);
    let health = HealthSection::read(reader);
    let store = StoreSection::read(reader);
    let trust = TrustSection::read(reader);
    let log = LogSection::read(reader);
    let limits = LimitsSection::read(reader);
    let identity_providers = IdentityProvidersSection::read(reader);
    let managed_identity = ManagedIdentitySection::read(reader);
    Some(Settings {
        gateway: gateway?,
        trusted_peers: trusted_peers?,
        admin: admin?,
        health: health?,
        store: store?,
        trust: trust?,
        log: log?,
        limits: limits?,
        identity_providers: identity_providers?,
        managed_identity: managed_identity?,
        hosts: Vec::new(),
        warnings: Vec::new(),
    })
}

/// Two listeners cannot have one address.
fn check_addresses(reader: &mut Reader<'_>, settings: &Settings) {
    let mut taken: Vec<(&str, SocketAddr)> = Vec::new();
    let listeners = settings
        .gateway
        .listen
        .iter()
        .map(|address| ("gateway", *address));
    let listeners = listeners.chain([
        ("admin", settings.admin.listen),
        ("health", settings.health.listen),
    ]);
    for (section, address) in listeners {
        if reader.has_problem(section, "listen") {
            continue;
        }
        if let Some((first, other)) = taken.iter().find(|(_, other)| collide(*other, address)) {
            let message = format!("`{address}` is taken by `{other}` of {first}.listen");
            reader.note(section, "listen", message);
        }
        taken.push((section, address));
    }
}

/// One without the other does nothing, which is not what anybody means.
fn check_peers(reader: &mut Reader<'_>, peers: &TrustedPeersSection) {
    let section = TrustedPeersSection::NAME;
    if ["networks", "certificate_header"].map(|key| reader.has_problem(section, key)) != [false; 2]
    {
        return;
    }
    match (peers.networks.is_empty(), peers.certificate_header.0) {
        (false, None) => reader.note(
            section,
            "networks",
            "says whom to believe, and certificate_header does not say which header".to_owned(),
        ),
        (true, Some(_)) => reader.note(
            section,
            "certificate_header",
            "is read from trusted peers only, and networks names none".to_owned(),
        ),
        _ => {}
    }
}

/// Port 0 is a free port each time.
fn collide(a: SocketAddr, b: SocketAddr) -> bool {
    let all = |ip: IpAddr| ip.is_unspecified();
    let same_family = a.is_ipv4() == b.is_ipv4();
    a.port() == b.port()
        && a.port() != 0
        && (a.ip() == b.ip() || (same_family && (all(a.ip()) || all(b.ip()))))
}

fn check_files(reader: &mut Reader<'_>, settings: &Settings, files: &mut FileCheck<'_>) {
    let Settings {
        admin, store, log, ..
    } = settings;
    // A value with a problem is not what the operator meant: what it leads to says nothing.
    let mut note = |section, key, result: Result<(), String>| {
        if let Err(message) = result
            && !reader.has_problem(section, key)
        {
            reader.note(section, key, message);
        }
    };
    for (key, message) in files.key_pair(&admin.certificate, &admin.key) {
        note("admin", key, Err(message));
    }
    note("admin", "token_file", files.token(&admin.token_file));
    note("store", "path", files.creatable(&store.path));
    note(
        "store",
        "master_key_file",
        files.master_key(&store.master_key_file),
    );
    for (key, target) in [("access", &log.access), ("audit", &log.audit)] {
        if let LogTarget::File(path) = target {
            note("log", key, files.creatable(path));
        }
    }
    if let Some((key, message)) = identities::check(&settings.managed_identity, files.files()) {
        note(ManagedIdentitySection::NAME, key, Err(message));
    }
    if let Some(warning) = files.exposed_key(&admin.key) {
        files.warn(
            "admin.key".to_owned(),
            reader.place("admin", "key"),
            warning,
        );
    }
}

#[cfg(test)]
mod tests;
