//! The world of offline requests: the gateway's own judgement and cryptography over the files that the
//! command line names.

use std::rc::Rc;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use gateway_config::apply::{Writer, WriterSettings, open_sealer};
use gateway_config::change::{Action, Actor, ApplyError, Change, Edit, IfMatch};
use gateway_config::clock::{Clock, SystemClock};
use gateway_config::compile::{CompileSettings, TlsSettings};
use gateway_config::hosts::UnknownName;
use gateway_config::judge::{Identity, World};
use gateway_config::resource::ResourcePath;
use gateway_config::resource::identity_list::{ListLimits, parse_list_value};
use gateway_config::snapshot::Published;
use gateway_policy::context::Deployment;
use gateway_policy::host::UnixNanos;
use gateway_tls::cache::{CacheSettings, VerifiedChains};
use gateway_tls::certificate;
use gateway_tls::seal::MasterKey;
use gateway_tls::trust::RevocationPolicy;
use serde_json::{Value, json};

use super::Unusable;
use super::host::{OfflineHost, Randomness};

/// What the world is made of.
#[derive(Debug, Clone, Default)]
pub struct WorldSpec {
    /// PEM texts of certificates of authorities: roots, and intermediates beside them.
    pub authorities: Vec<Vec<u8>>,
    /// Revocation lists, DER or PEM. If there are some, an unknown status refuses; without any,
    /// revocation is not looked at.
    pub revocation_lists: Vec<Vec<u8>>,
    /// Identity lists by id, as the management API takes them.
    pub identity_lists: Vec<(String, Value)>,
    /// Uploaded certificates by id: PFX file and its password.
    pub certificates: Vec<(String, Vec<u8>, String)>,
    /// The time; the system's if it is not given.
    pub now: Option<UnixNanos>,
    /// Makes everything random the same in every run.
    pub seed: Option<u64>,
    /// Whether every certificate counts as trusted and not revoked, whoever issued it.
    pub trust_all: bool,
}

/// A clock that stands still but for the pauses that policies make.
#[derive(Debug)]
pub struct StandingClock(Mutex<UnixNanos>);

impl StandingClock {
    /// Lets time pass.
    pub fn advance(&self, by: Duration) {
        let mut now = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let by = i128::try_from(by.as_nanos()).unwrap_or(i128::MAX);
        *now = now.saturating_add(by);
    }
}

impl Clock for StandingClock {
    fn now_nanos(&self) -> i128 {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// A revision made of files, and what requests are judged with.
#[derive(Debug)]
pub struct OfflineWorld {
    published: Published,
    chains: Arc<VerifiedChains>,
    clock: Arc<StandingClock>,
    seed: Option<u64>,
    trust_all: bool,
}

impl OfflineWorld {
    /// Takes the files over, with the checks of the management API.
    ///
    /// # Errors
    /// Every problem with them, in one message.
    pub fn open(spec: &WorldSpec) -> Result<Self, Unusable> {
        let now = spec.now.unwrap_or_else(|| SystemClock.now_nanos());
        let clock = Arc::new(StandingClock(Mutex::new(now)));
        let mut writer = writer(spec, Arc::clone(&clock) as Arc<dyn Clock>)?;
        let edits = edits(spec)?;
        if !edits.is_empty() {
            let change = Change {
                edits,
                actor: Actor {
                    name: Arc::from("offline"),
                    address: None,
                },
                comment: None,
                dry_run: false,
                allow_code_in_named_values: false,
            };
            writer.apply(change).map_err(refused)?;
        }
        Ok(Self {
            published: writer.published().clone(),
            chains: Arc::new(VerifiedChains::new(CacheSettings::default())),
            clock,
            seed: spec.seed,
            trust_all: spec.trust_all,
        })
    }

    /// The clock.
    #[must_use]
    pub fn clock(&self) -> &StandingClock {
        &self.clock
    }

    /// `context.Deployment`.
    #[must_use]
    pub fn deployment(&self) -> Arc<Deployment> {
        Arc::clone(&self.published.load().deployment)
    }

    /// The host of one request; `number` tells requests with one seed apart.
    #[must_use]
    pub fn host(&self, identity: Option<Rc<Identity>>, number: u64) -> OfflineHost {
        let world = World::new(
            self.published.reader().pin(),
            Arc::clone(&self.chains),
            Arc::clone(&self.clock) as Arc<dyn Clock>,
            identity,
        );
        let randomness = match self.seed {
            Some(seed) => Randomness::seeded(seed.wrapping_add(number)),
            None => Randomness::System,
        };
        OfflineHost::new(world, randomness, self.trust_all)
    }
}

fn writer(spec: &WorldSpec, clock: Arc<dyn Clock>) -> Result<Writer, Unusable> {
    let failed = |error: &dyn std::fmt::Display| Unusable(error.to_string());
    let master = MasterKey::generate().map_err(|error| failed(&error))?;
    let mut store = Box::new(super::memory_store::MemoryStore::default());
    let sealer = open_sealer(&mut *store, &master).map_err(|error| failed(&error))?;
    let revocation = if spec.revocation_lists.is_empty() {
        RevocationPolicy::Off
    } else {
        RevocationPolicy::Hard
    };
    let settings = WriterSettings {
        compile: CompileSettings {
            deployment: Arc::new(Deployment {
                gateway_id: Arc::from("countersign"),
                instance_id: Arc::from("offline"),
                region: Arc::from("local"),
                service_id: Arc::from("/offline"),
                service_name: Arc::from("offline"),
            }),
            revocation,
            unknown_name: UnknownName::Default,
            tls: TlsSettings {
                tickets: 0,
                max_ticket_age: 0,
            },
            file_hosts: Vec::new(),
            // Nothing is known of the machine that it will run on.
            managed_identity: true,
        },
        clock,
        keep_revisions: 1,
    };
    Writer::open(store, sealer, settings).map_err(|error| failed(&error))
}

fn edits(spec: &WorldSpec) -> Result<Vec<Edit>, Unusable> {
    let mut edits = Vec::new();
    let mut add = |path: &str, action: Action| -> Result<(), Unusable> {
        let path = ResourcePath::parse(path)
            .ok_or_else(|| Unusable(format!("`{path}` has no name that a resource may have")))?;
        edits.push(Edit {
            path,
            action,
            if_match: IfMatch::Any,
        });
        Ok(())
    };
    if !spec.authorities.is_empty() {
        add("", Action::Put(service(&spec.authorities)?))?;
    }
    for (number, list) in spec.revocation_lists.iter().enumerate() {
        let body = json!({ "properties": { "encodedCrl": STANDARD.encode(list) } });
        add(&format!("crls/list-{number}"), Action::Put(body))?;
    }
    for (id, pfx, password) in &spec.certificates {
        let body = json!({ "properties": { "data": STANDARD.encode(pfx), "password": password } });
        add(&format!("certificates/{id}"), Action::Put(body))?;
    }
    for (id, list) in &spec.identity_lists {
        let parsed = parse_list_value(list, ListLimits::default()).map_err(|problems| {
            let problems: Vec<String> = problems
                .iter()
                .map(|problem| format!("{}: {}", problem.target, problem.message))
                .collect();
            Unusable(format!("identity list `{id}`: {}", problems.join("; ")))
        })?;
        add(&format!("identityLists/{id}"), parsed.into())?;
    }
    Ok(edits)
}

/// The service with these authorities: self-issued ones are roots.
fn service(authorities: &[Vec<u8>]) -> Result<Value, Unusable> {
    let mut certificates = Vec::new();
    for text in authorities {
        let many = match certificate::parse(text) {
            Ok(one) => vec![one],
            Err(_) => certificate::parse_many_pem(text)
                .map_err(|error| Unusable(format!("a certificate authority: {error}")))?,
        };
        for facts in many {
            let store = if facts.is_self_issued() {
                "Root"
            } else {
                "CertificateAuthority"
            };
            certificates.push(json!({
                "storeName": store,
                "encodedCertificate": STANDARD.encode(facts.to_pem()),
            }));
        }
    }
    Ok(json!({
        "location": "local",
        "sku": { "name": "Developer", "capacity": 1 },
        "properties": {
            "publisherEmail": "offline@localhost",
            "publisherName": "offline",
            "certificates": certificates,
        }
    }))
}

fn refused(error: ApplyError) -> Unusable {
    match error {
        ApplyError::Invalid { path, problems } => {
            let problems: Vec<String> = problems
                .iter()
                .map(|problem| format!("{}: {}", problem.target, problem.message))
                .collect();
            Unusable(format!("`{path}` is refused: {}", problems.join("; ")))
        }
        other => Unusable(other.to_string()),
    }
}
