//! Messages of `log-to-eventhub` on their way: taken without waiting, delivered by a thread of their own.
//!
//! Each logger has a queue and a task of its own, so that one that stalls holds up no other. What finds
//! no room in a queue is dropped and counted.

mod file;
mod post;

use std::collections::HashMap;
use std::rc::Rc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, PoisonError, mpsc as blocking};
use std::thread::{self, JoinHandle};
use std::time::Duration;

use gateway_config::clock::Clock;
use gateway_config::loggers::{Delivery, LoggerTarget};
use gateway_config::resource::logger::Destination;
use gateway_config::snapshot::Snapshot;
use gateway_config::upstream::Upstream;
use gateway_policy::host::LoggerMessage;
use gateway_telemetry::metric::{LoggerMetrics, Recorder};
use jiff::Timestamp;
use serde_json::{Map, Value};
use tokio::sync::mpsc;
use tokio::task::JoinSet;

use crate::settings::{LoggerSettings, UpstreamSettings};
use file::LogFile;
use post::Poster;

/// Messages that are delivered together.
const BATCH: usize = 100;

/// How long the task of a logger without messages stays.
const IDLE: Duration = Duration::from_secs(60);

/// So many loggers are remembered: they come and go over the life of a process.
const KEPT: usize = 1024;

/// The way of messages to their loggers, and its thread.
#[derive(Debug)]
pub(crate) struct Loggers {
    queue: LoggerQueue,
    thread: Option<JoinHandle<()>>,
}

/// Takes messages. Clones share the queues.
#[derive(Clone)]
pub(crate) struct LoggerQueue(Arc<Shared>);

struct Shared {
    sender: mpsc::UnboundedSender<Order>,
    accounts: Mutex<HashMap<Arc<str>, Arc<Account>>>,
    waiting_bytes: usize,
    clock: Arc<dyn Clock>,
    recorder: Recorder,
}

/// What is kept of one logger while messages wait.
struct Account {
    waiting: AtomicUsize,
    metrics: Arc<LoggerMetrics>,
}

enum Order {
    Deliver(Entry),
    Close(blocking::Sender<()>),
}

/// A message with its way.
struct Entry {
    target: Arc<LoggerTarget>,
    /// The receiver, unless the destination is a file.
    upstream: Option<Arc<Upstream>>,
    record: String,
    room: Room,
}

/// Room in a logger's queue, given back when it is dropped.
struct Room(Arc<Account>, usize);

impl Drop for Room {
    fn drop(&mut self) {
        self.0.waiting.fetch_sub(self.1, Ordering::Relaxed);
    }
}

impl std::fmt::Debug for LoggerQueue {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("LoggerQueue").finish_non_exhaustive()
    }
}

impl Delivery for LoggerQueue {
    fn deliver(&self, snapshot: &Snapshot, to: &Arc<LoggerTarget>, message: LoggerMessage) {
        let shared = &self.0;
        let account = shared.account(&to.id);
        let upstream = match &to.destination {
            Destination::File(_) => None,
            Destination::Http(url) => match snapshot.upstream_of(url, None) {
                Ok(upstream) => Some(upstream),
                Err(error) => {
                    tracing::error!(logger = %to.id, %error, "a logger's URL cannot be used");
                    account.metrics.failed(1);
                    return;
                }
            },
        };
        let record = record(&to.id, shared.clock.now_nanos(), message);
        let Some(room) = account.take(record.len(), shared.waiting_bytes) else {
            account.metrics.dropped(1);
            return;
        };
        let entry = Entry {
            target: Arc::clone(to),
            upstream,
            record,
            room,
        };
        if shared.sender.send(Order::Deliver(entry)).is_err() {
            account.metrics.dropped(1);
        }
    }
}

impl Shared {
    fn account(&self, id: &Arc<str>) -> Arc<Account> {
        let mut accounts = self.accounts.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(known) = accounts.get(id) {
            return Arc::clone(known);
        }
        if accounts.len() >= KEPT {
            accounts.clear();
        }
        let account = Arc::new(Account {
            waiting: AtomicUsize::new(0),
            metrics: self.recorder.logger(id),
        });
        accounts.insert(Arc::clone(id), Arc::clone(&account));
        account
    }
}

impl Account {
    fn take(self: &Arc<Self>, bytes: usize, limit: usize) -> Option<Room> {
        /// What an entry takes besides its text, so that empty messages are bounded too.
        const BESIDES: usize = 256;
        let bytes = bytes.saturating_add(BESIDES);
        let fits = |waiting: usize| waiting.checked_add(bytes).filter(|sum| *sum <= limit);
        self.waiting
            .fetch_update(Ordering::Relaxed, Ordering::Relaxed, fits)
            .ok()
            .map(|_| Room(Arc::clone(self), bytes))
    }
}

/// One JSON object without line breaks.
fn record(logger: &str, nanos: i128, message: LoggerMessage) -> String {
    let mut record = Map::new();
    if let Ok(time) = Timestamp::from_nanosecond(nanos) {
        record.insert("time".to_owned(), Value::from(format!("{time:.3}")));
    }
    record.insert("logger".to_owned(), Value::from(logger));
    record.insert("message".to_owned(), Value::from(message.text));
    if let Some(id) = message.partition_id {
        record.insert("partitionId".to_owned(), Value::from(&*id));
    }
    if let Some(key) = message.partition_key {
        record.insert("partitionKey".to_owned(), Value::from(key));
    }
    Value::Object(record).to_string()
}

impl Loggers {
    /// Starts the thread.
    ///
    /// # Errors
    /// If the system does not give one.
    pub(crate) fn start(
        settings: LoggerSettings,
        upstream: UpstreamSettings,
        clock: Arc<dyn Clock>,
        recorder: Recorder,
    ) -> std::io::Result<Self> {
        let (sender, orders) = mpsc::unbounded_channel();
        let queue = LoggerQueue(Arc::new(Shared {
            sender,
            accounts: Mutex::default(),
            waiting_bytes: settings.waiting_bytes,
            clock,
            recorder,
        }));
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_all()
            .build()?;
        let thread = thread::Builder::new()
            .name("loggers".to_owned())
            .spawn(move || {
                let tasks = tokio::task::LocalSet::new();
                let poster = Rc::new(Poster::new(upstream, settings.timeout));
                tasks.block_on(&runtime, distribute(orders, settings, poster));
                // A disk that hangs must not hold up the end.
                runtime.shutdown_background();
            })?;
        Ok(Self {
            queue,
            thread: Some(thread),
        })
    }

    pub(crate) fn queue(&self) -> LoggerQueue {
        self.queue.clone()
    }

    /// Delivers what waits, for at most `patience`, and ends the thread; what is handed over later is
    /// dropped and counted. Blocks; not for a worker.
    pub(crate) fn close(&mut self, patience: Duration) {
        let Some(thread) = self.thread.take() else {
            return;
        };
        let (closed, wait) = blocking::channel();
        // The thread may have ended by a defect.
        let _ = self.queue.0.sender.send(Order::Close(closed));
        if wait.recv_timeout(patience).is_err() || thread.join().is_err() {
            tracing::warn!("messages for loggers may have been lost");
        }
    }
}

/// Hands messages to the tasks of their loggers until it is told to close.
async fn distribute(
    mut orders: mpsc::UnboundedReceiver<Order>,
    settings: LoggerSettings,
    poster: Rc<Poster>,
) {
    let settings = Rc::new(settings);
    let mut lines: HashMap<Arc<str>, mpsc::UnboundedSender<Entry>> = HashMap::new();
    let mut tasks = JoinSet::new();
    while let Some(order) = orders.recv().await {
        // What has ended, ended; one that panicked is made again with the next message.
        while tasks.try_join_next().is_some() {}
        match order {
            Order::Deliver(entry) => {
                let id = Arc::clone(&entry.target.id);
                let unsent = match lines.get(&id) {
                    Some(line) => line.send(entry).err().map(|unsent| unsent.0),
                    None => Some(entry),
                };
                let Some(entry) = unsent else { continue };
                lines.retain(|_, line| !line.is_closed());
                let (sender, receiver) = mpsc::unbounded_channel();
                // It cannot be closed: the receiver is here.
                let _ = sender.send(entry);
                tasks.spawn_local(line(receiver, Rc::clone(&settings), Rc::clone(&poster)));
                lines.insert(id, sender);
            }
            Order::Close(closed) => {
                orders.close();
                lines.clear();
                while tasks.join_next().await.is_some() {}
                // The closer may have lost patience.
                let _ = closed.send(());
                return;
            }
        }
    }
}

/// Delivers the messages of one logger in their order.
async fn line(
    mut entries: mpsc::UnboundedReceiver<Entry>,
    settings: Rc<LoggerSettings>,
    poster: Rc<Poster>,
) {
    let mut file: Option<LogFile> = None;
    let mut batch: Vec<Entry> = Vec::new();
    loop {
        match tokio::time::timeout(IDLE, entries.recv_many(&mut batch, BATCH)).await {
            // Nothing more can be handed over; what is in the queue already is delivered.
            Err(_) => entries.close(),
            Ok(0) => return,
            Ok(_) => {}
        }
        while let Some(first) = batch.first() {
            let target = Arc::clone(&first.target);
            let upstream = first.upstream.clone();
            // A logger that was changed meanwhile sends what came before to the old place.
            let same = batch.iter().take_while(|entry| entry.target == target);
            let together: Vec<Entry> = {
                let count = same.count();
                batch.drain(..count).collect()
            };
            let records: Vec<&str> = together.iter().map(|entry| &*entry.record).collect();
            let delivered = match (&target.destination, upstream) {
                (Destination::Http(url), Some(upstream)) => {
                    poster.post(url, &upstream, &records).await
                }
                (Destination::File(name), _) => {
                    let same = file.take().filter(|file| file.is(name));
                    let file = file
                        .insert(same.unwrap_or_else(|| LogFile::new(&settings.directory, name)));
                    file.append(&records).await
                }
                (Destination::Http(_), None) => Err("the receiver is not known".to_owned()),
            };
            let count = together.len() as u64;
            let Some(entry) = together.first() else {
                continue;
            };
            match delivered {
                Ok(()) => entry.room.0.metrics.delivered(count),
                Err(error) => {
                    tracing::error!(logger = %target.id, %error, messages = count, "messages are given up");
                    entry.room.0.metrics.failed(count);
                }
            }
        }
    }
}

#[cfg(test)]
mod tests;
