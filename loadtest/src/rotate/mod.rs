//! Identities leave an identity list and come back while the load runs, and every response is held
//! against the list at the revision that gave it.

mod judge;
mod outcome;
mod stranger;
mod swap;
mod swapper;
mod witness;

pub use judge::{Findings, Observation, Record, Timeline, Verdict, Verdicts, WrongVerdict, judge};
pub use outcome::Judgement;
pub use stranger::Strangers;

use std::sync::atomic::AtomicU64;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use gateway_testkit::{AdminClient, Alpn, Identity, Response};
use tokio::task::JoinSet;

use crate::cpu::Process;
use crate::keepalive::{Clients, collect, open_all, stop_on_interrupt, worker};
use crate::pace::Pace;
use crate::progress::{Counters, draw};
use crate::{Load, LoadError, Report, Tally, Target};
use outcome::{conclude, problems};
use swap::{Acknowledged, List, Member};
use swapper::Swapper;
use witness::Witness;

/// What is rotated, under which load.
#[derive(Debug, Clone)]
pub struct Options {
    /// How much load; the connections are dealt to the identities in turn.
    pub load: Load,
    /// Whom; it must answer 2xx or [`Options::refused`] by the list alone, and carry
    /// `x-countersign-revision` on its responses.
    pub target: Target,
    /// The admin API.
    pub admin: AdminClient,
    /// The id of the identity list. Nobody else may change it meanwhile.
    pub list: String,
    /// The certificates that leave the list and come back, one or two; two take turns.
    pub rotated: Vec<Identity>,
    /// Certificates that stay allowed throughout; a refusal is a wrong verdict.
    pub steady: Vec<Identity>,
    /// A certificate that must never be let in.
    pub stranger: Option<Identity>,
    /// The status of a refusal.
    pub refused: u16,
    /// After how many swaps it ends, should that come before the load's own end. A swap of two
    /// identities is two changes: one comes, then the other goes.
    pub swaps: u64,
    /// The pause between two swaps.
    pub pause: Duration,
    /// A local process whose CPU time is measured.
    pub pid: Option<u32>,
}

/// Runs the scenario, and puts the list back as it was.
///
/// # Errors
///
/// [`LoadError`] when there was nothing to judge: the target cannot be reached, the admin API
/// refuses, or the target does not judge by this list. What the load found is in [`Report::problems`].
pub async fn run(options: Options) -> Result<Report, LoadError> {
    check(&options)?;
    let list = List::new(options.admin.clone(), &options.list)?;
    let members = find_members(&options, &list).await?;
    let outcome = rotate(&options, &list, &members).await;
    let restored = restore(&list, &members).await;
    let mut report = outcome?;
    if let Err(error) = restored {
        report
            .problems
            .push(format!("the list could not be put back as it was: {error}"));
    }
    Ok(report)
}

fn check(options: &Options) -> Result<(), LoadError> {
    options.load.check()?;
    if !(1..=2).contains(&options.rotated.len()) {
        return Err(LoadError::Option(
            "one or two certificates can be rotated".to_owned(),
        ));
    }
    let identities = options.rotated.len() + options.steady.len();
    if options.load.connections < identities {
        return Err(LoadError::Option(format!(
            "connections: at least one for each of the {identities} certificates"
        )));
    }
    if options.swaps == 0 {
        return Err(LoadError::Option("swaps: at least 1".to_owned()));
    }
    Ok(())
}

async fn find_members(options: &Options, list: &List) -> Result<Vec<Member>, LoadError> {
    let mut members = Vec::new();
    for (number, identity) in options.rotated.iter().enumerate() {
        let name = format!("loadtest-{}", number + 1);
        let (sha1, sha256) = identity.thumbprints()?;
        members.push(list.find(&name, &sha1, &sha256).await?);
    }
    Ok(members)
}

async fn restore(list: &List, members: &[Member]) -> Result<(), LoadError> {
    for member in members {
        // Taking off what is not on it would be a 404; so it is put on first.
        list.set(member, true).await?;
        if !member.was_on_list {
            list.set(member, false).await?;
        }
    }
    Ok(())
}

async fn rotate(options: &Options, list: &List, members: &[Member]) -> Result<Report, LoadError> {
    let load = &options.load;
    let start = begin(list, members).await?;
    let mut on_list: Vec<bool> = (0..members.len()).map(|number| number == 0).collect();
    on_list.extend(options.steady.iter().map(|_| true));
    confirm_premise(options, &on_list, start.revision).await?;

    let acknowledged = Arc::new(AtomicU64::new(start.revision));
    let identities: Vec<&Identity> = options.rotated.iter().chain(&options.steady).collect();
    let mut tally = Tally::new();
    let clients = Clients::new(load, &options.target, identities.iter().copied().map(Some))?;
    let owners: Vec<usize> = (0..load.connections)
        .map(|index| owner(load, index, identities.len()))
        .collect();
    let clients = owners
        .iter()
        .enumerate()
        .filter_map(|(index, owner)| clients.of(*owner, load.protocol.of(index)))
        .collect();
    let opened = open_all(clients, &mut tally).await;
    let process = options.pid.map(Process::begin).transpose()?;
    let pace = Arc::new(Pace::begin(load));
    let counters = Arc::new(Counters::default());
    let record = Arc::new(Mutex::new(Record::default()));
    let witnesses: Vec<Arc<Witness>> = (0..identities.len())
        .map(|identity| Witness {
            identity,
            refused: options.refused,
            acknowledged: Arc::clone(&acknowledged),
            record: Arc::clone(&record),
        })
        .map(Arc::new)
        .collect();
    let mut workers = JoinSet::new();
    for ((client, connection), owner) in opened.into_iter().zip(owners) {
        let Some(witness) = witnesses.get(owner) else {
            continue;
        };
        let worker = worker(
            load,
            &options.target,
            client,
            &connection,
            &pace,
            &counters,
            witness,
        );
        workers.spawn(worker.run(connection));
    }

    let swapping = async {
        let timeline = Timeline::new(start.revision, &on_list);
        let swapper = Swapper {
            list,
            members,
            acknowledged: &acknowledged,
            counters: &counters,
        };
        let swapped = swapper.run(timeline, options, &pace).await;
        pace.stop();
        swapped
    };
    let stranger = match &options.stranger {
        Some(identity) => Some(options.target.client(
            Some(identity),
            Alpn::Http1,
            load.deadline,
        )?),
        None => None,
    };
    let knocking = stranger::knock(
        stranger,
        options.refused,
        Arc::clone(&pace),
        options.target.path(),
    );
    let (all, swapped, strangers, (), interrupted) = tokio::join!(
        collect(workers, &pace, process),
        swapping,
        knocking,
        draw(load.progress, Arc::clone(&pace), Arc::clone(&counters)),
        stop_on_interrupt(Arc::clone(&pace)),
    );
    tally.add(&all.tally);
    let findings = judge(
        &record.lock().unwrap_or_else(PoisonError::into_inner),
        &swapped.timeline,
    );
    let judgement = conclude(findings, &swapped, &tally, strangers);
    let mut report = Report::new(
        "rotate",
        options.target.url(),
        load,
        &tally,
        all.took,
        all.cpu,
    );
    report.problems = problems(&judgement, &tally, &swapped, options);
    if interrupted {
        report.problems.push("interrupted".to_owned());
    }
    report.rotation = Some(judgement);
    Ok(report)
}

/// Which identity connection number `index` presents. Neighbours share one when there are enough of
/// them, so that with both protocols every identity speaks both.
fn owner(load: &Load, index: usize, identities: usize) -> usize {
    let turn = if load.connections < 2 * identities {
        index
    } else {
        index / 2
    };
    turn.checked_rem(identities).unwrap_or(0)
}

/// The first rotated identity on the list, the second off it.
async fn begin(list: &List, members: &[Member]) -> Result<Acknowledged, LoadError> {
    let mut last = None;
    for (number, member) in members.iter().enumerate() {
        let mut set = list.set(member, true).await?;
        if number > 0 {
            set = list.set(member, false).await?;
        }
        last = Some(set);
    }
    last.ok_or_else(|| LoadError::Option("no certificate to rotate".to_owned()))
}

/// One request per identity before the load: if the target does not judge by this list or does not
/// say by which revision, thousands of "wrong verdicts" would hide that.
async fn confirm_premise(
    options: &Options,
    on_list: &[bool],
    acknowledged: u64,
) -> Result<(), LoadError> {
    let identities = options.rotated.iter().chain(&options.steady);
    for (number, (identity, on)) in identities.zip(on_list).enumerate() {
        let client = options
            .target
            .client(Some(identity), Alpn::Http1, options.load.deadline)?;
        let response = client.get(options.target.path()).await?;
        let status = response.status;
        let right = if *on {
            status.is_success()
        } else {
            status.as_u16() == options.refused
        };
        if !right {
            return Err(LoadError::Premise(format!(
                "certificate {} is {} the list, and the target answers {status}: {}",
                number + 1,
                if *on { "on" } else { "not on" },
                response.text().chars().take(200).collect::<String>()
            )));
        }
        match revision(&response) {
            None => {
                return Err(LoadError::Premise(
                    "the target's responses carry no x-countersign-revision; set gateway.revision_header"
                        .to_owned(),
                ));
            }
            Some(judged_by) if judged_by < acknowledged => {
                return Err(LoadError::Premise(format!(
                    "revision {acknowledged} is acknowledged, and the target still judges by {judged_by}"
                )));
            }
            Some(_) => {}
        }
    }
    Ok(())
}

fn revision(response: &Response) -> Option<u64> {
    response.header("x-countersign-revision")?.parse().ok()
}
