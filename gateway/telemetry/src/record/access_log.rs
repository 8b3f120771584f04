//! Writes access, handshake and trace records off the request path.

use std::io;
use std::sync::mpsc::{Receiver, SyncSender, TryRecvError, TrySendError, sync_channel};
use std::sync::{Arc, Mutex, PoisonError, mpsc};
use std::thread::{self, JoinHandle};
use std::time::Duration;

use serde::Serialize;

use super::destination::Opened;
use super::{AccessRecord, Destination, HandshakeRecord, TraceRecord};
use crate::metric::{LogMetrics, Recorder};

/// So many records may wait for the writer: at 50,000 requests per second a stall of the disk of
/// 300 ms costs no record; a longer one costs records, not requests and not memory.
const WAITING_MAX: usize = 16_384;

/// Lines are written together, in pieces of about so many bytes.
const PIECE_BYTES: usize = 64 * 1024;

/// Takes access, handshake and trace records and never waits. Clones write to the same log.
#[derive(Clone)]
pub struct AccessLog {
    sender: SyncSender<Entry>,
    metrics: LogMetrics,
    writer: Arc<Mutex<Option<JoinHandle<()>>>>,
}

enum Entry {
    Access(Box<AccessRecord>),
    Handshake(Box<HandshakeRecord>),
    Trace(Box<TraceRecord>),
    Reopen,
    Close(mpsc::Sender<()>),
}

/// The log could not be closed in time; records that still waited are lost.
#[derive(Debug, thiserror::Error)]
#[error("the access log could not be written out in time")]
pub struct CloseError;

impl AccessLog {
    /// Opens the destination and starts the writer's thread.
    ///
    /// # Errors
    /// If the file cannot be opened or the thread not be started.
    pub fn start(destination: Destination, recorder: &Recorder) -> io::Result<Self> {
        Self::with_capacity(destination, recorder, WAITING_MAX)
    }

    fn with_capacity(
        destination: Destination,
        recorder: &Recorder,
        capacity: usize,
    ) -> io::Result<Self> {
        let opened = Opened::open(destination)?;
        let metrics = recorder.log("access");
        let (sender, receiver) = sync_channel(capacity);
        let mut writer = Writer {
            opened,
            metrics: metrics.clone(),
            piece: Vec::new(),
            records: 0,
            torn: false,
        };
        let thread = thread::Builder::new()
            .name("access-log".to_owned())
            .spawn(move || writer.run(&receiver))?;
        Ok(Self {
            sender,
            metrics,
            writer: Arc::new(Mutex::new(Some(thread))),
        })
    }

    /// Hands a record over. If too many wait, or the log was closed, it is dropped and counted.
    pub fn access(&self, record: AccessRecord) {
        self.hand_over(Entry::Access(Box::new(record)));
    }

    /// Hands the record of a refused handshake over, on the same terms.
    pub fn handshake(&self, record: HandshakeRecord) {
        self.hand_over(Entry::Handshake(Box::new(record)));
    }

    /// Hands a trace over, on the same terms.
    pub fn trace(&self, record: TraceRecord) {
        self.hand_over(Entry::Trace(Box::new(record)));
    }

    fn hand_over(&self, entry: Entry) {
        match self.sender.try_send(entry) {
            Ok(()) => {}
            Err(TrySendError::Full(_) | TrySendError::Disconnected(_)) => self.metrics.dropped(1),
        }
    }

    /// Opens the file again by its path; call it on SIGHUP, after the log was moved away. What was
    /// handed over before goes to the old file. Waits if too many records do; not for a worker.
    pub fn reopen(&self) {
        // A closed log has nothing to reopen.
        let _ = self.sender.send(Entry::Reopen);
    }

    /// Writes out everything that was handed over and ends the writer; records handed over later are
    /// dropped and counted. Blocks, at most for `patience`; not for a worker. Closing again is fine.
    ///
    /// # Errors
    /// If it takes longer than `patience`.
    pub fn close(&self, patience: Duration) -> Result<(), CloseError> {
        let Some(writer) = self
            .writer
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .take()
        else {
            return Ok(());
        };
        let (closed, wait) = mpsc::channel();
        // Sending waits for room, for ever if the disk hangs; so another thread does it.
        let sender = self.sender.clone();
        thread::spawn(move || sender.send(Entry::Close(closed)));
        wait.recv_timeout(patience).map_err(|_| CloseError)?;
        writer.join().map_err(|_| CloseError)
    }
}

impl std::fmt::Debug for AccessLog {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("AccessLog").finish_non_exhaustive()
    }
}

struct Writer {
    opened: Opened,
    metrics: LogMetrics,
    /// Whole lines that wait to be written, and how many.
    piece: Vec<u8>,
    records: u64,
    /// The last write failed, maybe half-way through a line.
    torn: bool,
}

/// A record with its kind, as it is written.
#[derive(Serialize)]
struct Line<'a, T> {
    kind: &'static str,
    #[serde(flatten)]
    record: &'a T,
}

impl Writer {
    /// Runs until the log is closed or its last handle is gone.
    fn run(&mut self, entries: &Receiver<Entry>) {
        while let Some(entry) = self.next(entries) {
            match entry {
                Entry::Access(record) => self.add("access", &*record),
                Entry::Handshake(record) => self.add("handshake", &*record),
                Entry::Trace(record) => self.add("trace", &*record),
                Entry::Reopen => {
                    self.write();
                    if let Err(error) = self.opened.reopen() {
                        self.metrics.failed();
                        tracing::error!(%error, "the access log cannot be reopened; the old file is used on");
                    }
                }
                Entry::Close(closed) => {
                    self.write();
                    // The closer may have lost patience.
                    let _ = closed.send(());
                    return;
                }
            }
        }
        self.write();
    }

    /// The next entry; when none is there yet, what was added is written first.
    fn next(&mut self, entries: &Receiver<Entry>) -> Option<Entry> {
        match entries.try_recv() {
            Ok(entry) => Some(entry),
            Err(TryRecvError::Empty) => {
                self.write();
                entries.recv().ok()
            }
            Err(TryRecvError::Disconnected) => None,
        }
    }

    fn add<T: Serialize>(&mut self, kind: &'static str, record: &T) {
        let start = self.piece.len();
        match serde_json::to_writer(&mut self.piece, &Line { kind, record }) {
            Ok(()) => {
                self.piece.push(b'\n');
                self.records += 1;
            }
            Err(_) => {
                self.piece.truncate(start);
                self.metrics.dropped(1);
            }
        }
        if self.piece.len() >= PIECE_BYTES {
            self.write();
        }
    }

    fn write(&mut self) {
        if self.piece.is_empty() {
            return;
        }
        let result = if self.torn {
            self.opened.write(b"\n")
        } else {
            Ok(())
        };
        match result.and_then(|()| self.opened.write(&self.piece)) {
            Ok(()) => {
                if self.torn {
                    tracing::info!("the access log can be written again");
                }
                self.torn = false;
                self.metrics.written(self.records);
            }
            Err(error) => {
                if !self.torn {
                    tracing::error!(%error, "the access log cannot be written; records are dropped");
                }
                self.torn = true;
                self.metrics.failed();
                self.metrics.dropped(self.records);
            }
        }
        self.piece.clear();
        self.records = 0;
    }
}

#[cfg(test)]
mod tests;
