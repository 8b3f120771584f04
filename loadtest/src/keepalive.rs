//! Connections that stay open and ask the same thing again and again.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use gateway_testkit::{Alpn, Client, Connection, Identity};
use tokio::task::JoinSet;

use crate::cpu::Process;
use crate::pace::Pace;
use crate::progress::{Counters, draw};
use crate::worker::{Blind, Observer, Worker};
use crate::{Fault, Load, LoadError, Report, Tally, Target};

/// What is asked, by whom, and what is expected.
#[derive(Debug, Clone)]
pub struct Options {
    /// How much.
    pub load: Load,
    /// Whom.
    pub target: Target,
    /// The client certificates, dealt to the connections in turn; none is lawful.
    pub identities: Vec<Identity>,
    /// The only status that is a success; any 2xx or 3xx when absent.
    pub expect: Option<u16>,
    /// A local process whose CPU time is measured.
    pub pid: Option<u32>,
}

/// Runs the scenario.
///
/// Connections are opened before the clock starts. If not a single one can be opened, there is
/// nothing to measure, and that is an error.
///
/// # Errors
///
/// [`LoadError`] when there was no load; what the load found is in [`Report::problems`].
pub async fn run(options: Options) -> Result<Report, LoadError> {
    let load = &options.load;
    load.check()?;
    let mut tally = Tally::new();
    let clients = clients(&options)?;
    let opened = open_all(clients, &mut tally).await;
    if opened.iter().all(|(_, connection)| connection.is_none()) {
        let reason = tally.examples.values().next().cloned().unwrap_or_default();
        return Err(LoadError::Unreachable {
            target: options.target.url(),
            reason,
        });
    }
    let process = options.pid.map(Process::begin).transpose()?;
    let pace = Arc::new(Pace::begin(load));
    let counters = Arc::new(Counters::default());
    let mut workers = JoinSet::new();
    for (client, connection) in opened {
        let worker = worker(
            load,
            &options.target,
            client,
            &connection,
            &pace,
            &counters,
            &Arc::new(Blind),
        );
        workers.spawn(worker.run(connection));
    }
    let drawing = draw(load.progress, Arc::clone(&pace), Arc::clone(&counters));
    let interrupt = stop_on_interrupt(Arc::clone(&pace));
    let (all, (), interrupted) = tokio::join!(collect(workers, &pace, process), drawing, interrupt);
    tally.add(&all.tally);
    let target = options.target.url();
    let mut report = Report::new("keepalive", target, load, &tally, all.took, all.cpu);
    report.problems = problems(&tally, options.expect);
    if interrupted {
        report.problems.push("interrupted".to_owned());
    }
    Ok(report)
}

/// One client per certificate and protocol, however many connections share it.
pub(crate) struct Clients {
    per_identity: Vec<[Client; 2]>,
}

impl Clients {
    pub(crate) fn new<'a>(
        load: &Load,
        target: &Target,
        identities: impl IntoIterator<Item = Option<&'a Identity>>,
    ) -> Result<Self, LoadError> {
        let client = |identity, alpn| target.client(identity, alpn, load.deadline);
        let per_identity = identities
            .into_iter()
            .map(|identity| {
                Ok([
                    client(identity, Alpn::Http1)?,
                    client(identity, Alpn::Http2)?,
                ])
            })
            .collect::<Result<_, LoadError>>()?;
        Ok(Self { per_identity })
    }

    /// The client for a connection that presents identity number `owner`.
    pub(crate) fn of(&self, owner: usize, alpn: Alpn) -> Option<Client> {
        let [http1, http2] = self.per_identity.get(owner)?;
        Some(if alpn == Alpn::Http2 { http2 } else { http1 }.clone())
    }
}

fn clients(options: &Options) -> Result<Vec<Client>, LoadError> {
    let load = &options.load;
    let identities: Vec<Option<&Identity>> = if options.identities.is_empty() {
        vec![None]
    } else {
        options.identities.iter().map(Some).collect()
    };
    let count = identities.len();
    let clients = Clients::new(load, &options.target, identities)?;
    Ok((0..load.connections)
        .filter_map(|index| clients.of(index % count, load.protocol.of(index)))
        .collect())
}

/// Opens a connection for each client, some at a time, so that many handshakes at once do not run
/// into each other's deadlines.
pub(crate) async fn open_all(
    clients: Vec<Client>,
    tally: &mut Tally,
) -> Vec<(Client, Option<Connection>)> {
    use futures_util::StreamExt as _;

    let opening = clients.into_iter().map(|client| async move {
        let outcome = client.connect().await;
        (client, outcome)
    });
    let outcomes: Vec<_> = futures_util::stream::iter(opening)
        .buffered(16)
        .collect()
        .await;
    outcomes
        .into_iter()
        .map(|(client, outcome)| match outcome {
            Ok(connection) => {
                tally.opened(&connection);
                (client, Some(connection))
            }
            Err(error) => {
                tally.fault(Fault::of(&error, false), &error.to_string());
                (client, None)
            }
        })
        .collect()
}

pub(crate) fn worker<O: Observer>(
    load: &Load,
    target: &Target,
    client: Client,
    connection: &Option<Connection>,
    pace: &Arc<Pace>,
    counters: &Arc<Counters>,
    observer: &Arc<O>,
) -> Worker<O> {
    let http2 = connection
        .as_ref()
        .is_some_and(|connection| connection.tls().alpn.as_deref() == Some("h2"));
    Worker {
        client,
        path: target.path().into(),
        streams: if http2 { load.streams } else { 1 },
        pace: Arc::clone(pace),
        counters: Arc::clone(counters),
        observer: Arc::clone(observer),
        tally: Mutex::new(Tally::new()),
    }
}

/// What the workers came to, and what it took until the last of them had ended.
pub(crate) struct Collected {
    pub(crate) tally: Tally,
    pub(crate) took: Duration,
    pub(crate) cpu: Option<Duration>,
}

/// Adds up the workers' tallies; when the last one has ended, so has the load.
pub(crate) async fn collect(
    mut workers: JoinSet<Tally>,
    pace: &Pace,
    process: Option<Process>,
) -> Collected {
    let mut tally = Tally::new();
    while let Some(finished) = workers.join_next().await {
        match finished {
            Ok(part) => tally.add(&part),
            Err(error) => tally.fault(Fault::Own, &error.to_string()),
        }
    }
    let collected = Collected {
        tally,
        took: pace.elapsed(),
        cpu: process.as_ref().and_then(Process::since),
    };
    pace.stop();
    collected
}

/// Ends the load early on Ctrl-C, so that what was changed is put back; true when it did.
pub(crate) async fn stop_on_interrupt(pace: Arc<Pace>) -> bool {
    tokio::select! {
        interrupt = tokio::signal::ctrl_c() => {
            pace.stop();
            interrupt.is_ok()
        }
        () = pace.over() => false,
    }
}

fn problems(tally: &Tally, expect: Option<u16>) -> Vec<String> {
    let mut problems = Vec::new();
    if tally.responses() == 0 {
        problems.push("not one response".to_owned());
    }
    for (status, count) in &tally.statuses {
        let expected = expect.map_or((200..400).contains(status), |expected| expected == *status);
        if !expected {
            problems.push(format!("{count} responses with status {status}"));
        }
    }
    problems.extend(
        tally
            .faults
            .iter()
            .map(|(fault, count)| format!("{}: {count}", fault.name())),
    );
    problems
}
