//! Reading the newest revision, at the start and after an outcome that is not known.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use gateway_tls::seal::Sealer;

use crate::clock::Clock;
use crate::compile::{Compilation, CompileSettings, compile};
use crate::identity::Member;
use crate::record;
use crate::resource::Body;
use crate::resources::Resources;
use crate::snapshot::Snapshot;
use crate::store::{Store, StoreError};
use crate::usage::Usage;

/// Reads the newest revision and compiles it, with quarantine.
pub(super) fn read_head(
    store: &mut dyn Store,
    sealer: &Sealer,
    settings: &CompileSettings,
    clock: &Arc<dyn Clock>,
    usage: &Arc<Usage>,
) -> Result<(Resources, Snapshot), StoreError> {
    let revision = store.head()?;
    let mut resources = Resources::default();
    let mut unreadable = Vec::new();
    let mut members: Vec<(Arc<str>, Member)> = Vec::new();
    store.load(&mut |record| match record::decode(&record, sealer) {
        Ok(resource) => match &*resource.body {
            Body::Identity(identity) => {
                let list = resource
                    .path
                    .ids()
                    .first()
                    .cloned()
                    .unwrap_or_else(|| Arc::from(""));
                match Member::new(resource.path.name(), resource.changed_in, identity.clone()) {
                    Ok(member) => members.push((list, member)),
                    Err(error) => unreadable.push((record.key, error.to_string())),
                }
            }
            _ => resources.insert(resource),
        },
        Err(error) => unreadable.push((record.key, error.reason)),
    })?;
    for (list, member) in members {
        resources.insert_member(&list, member);
    }
    if let Some((key, reason)) = unreadable.first() {
        // A record that cannot even be read is not one artefact that does not compile: the store is
        // damaged, or sealed under another master key. Serving the rest could let people in whom the
        // missing part keeps out.
        return Err(StoreError::Unusable(format!(
            "record `{key}` cannot be read: {reason}"
        )));
    }
    let now = clock.now_seconds();
    let snapshot = compile(Compilation {
        settings,
        resources: &mut resources,
        previous: None,
        dirty: &BTreeSet::new(),
        before: &BTreeMap::new(),
        revision,
        allow_code_in_named_values: true,
        file_hosts_changed: true,
        usage,
        problems: Vec::new(),
        quarantine: Vec::new(),
    });
    let snapshot = snapshot.map_err(|_| {
        StoreError::Unusable(format!("revision {revision} cannot be compiled at {now}"))
    })?;
    Ok((resources, snapshot))
}
