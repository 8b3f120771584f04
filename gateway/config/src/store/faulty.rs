//! For tests: a store that fails when told to, and that tells what was asked of it and when.

use std::sync::{Arc, Mutex};

use super::{CommitError, NewRevision, Record, Store, StoreError, StoredRevision};

/// What the next commit shall meet.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Fault {
    /// Refused; nothing is stored.
    Refused,
    /// Unknown, and nothing was stored.
    UnknownLost,
    /// Unknown, but the revision was stored.
    UnknownStored,
    /// A panic before anything was stored.
    PanicLost,
    /// A panic after the revision was stored.
    PanicStored,
}

/// One thing that happened at the store.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Event {
    /// A commit was asked for.
    Asked(u64),
    /// The revision is durable; the caller is told only after this.
    Durable(u64),
    /// The head was read.
    HeadRead,
}

/// What a test holds on to while the store is owned by the publisher.
#[derive(Debug, Clone, Default)]
pub(crate) struct Control(Arc<Mutex<State>>);

#[derive(Debug, Default)]
struct State {
    next: Option<Fault>,
    unreadable: bool,
    panics_in_history: bool,
    events: Vec<Event>,
}

impl Control {
    /// The next commit meets `fault`; the ones after it do not.
    pub(crate) fn fail_next_commit(&self, fault: Fault) {
        self.0.lock().unwrap().next = Some(fault);
    }

    /// From now on reading fails, or works again.
    pub(crate) fn set_unreadable(&self, unreadable: bool) {
        self.0.lock().unwrap().unreadable = unreadable;
    }

    /// The next question about old revisions panics.
    pub(crate) fn panic_in_history(&self) {
        self.0.lock().unwrap().panics_in_history = true;
    }

    /// What happened so far, in order.
    pub(crate) fn events(&self) -> Vec<Event> {
        self.0.lock().unwrap().events.clone()
    }

    fn record(&self, event: Event) {
        self.0.lock().unwrap().events.push(event);
    }

    fn readable(&self) -> Result<(), StoreError> {
        if self.0.lock().unwrap().unreadable {
            return Err(StoreError::Unusable(
                "cannot be read: told to fail".to_owned(),
            ));
        }
        Ok(())
    }
}

/// `S` with faults.
#[derive(Debug)]
pub(crate) struct Faulty<S> {
    inner: S,
    control: Control,
}

impl<S: Store> Faulty<S> {
    /// Wraps `inner`; the control is shared.
    pub(crate) fn new(inner: S) -> (Self, Control) {
        let control = Control::default();
        (
            Self {
                inner,
                control: control.clone(),
            },
            control,
        )
    }
}

impl<S: Store> Store for Faulty<S> {
    fn data_key(&mut self) -> Result<Option<Vec<u8>>, StoreError> {
        self.inner.data_key()
    }

    fn put_data_key(&mut self, wrapped: &[u8]) -> Result<(), StoreError> {
        self.inner.put_data_key(wrapped)
    }

    fn head(&mut self) -> Result<u64, StoreError> {
        self.control.record(Event::HeadRead);
        self.control.readable()?;
        self.inner.head()
    }

    fn load(&mut self, each: &mut dyn FnMut(Record)) -> Result<(), StoreError> {
        self.control.readable()?;
        self.inner.load(each)
    }

    fn commit(&mut self, revision: &NewRevision) -> Result<(), CommitError> {
        self.control.record(Event::Asked(revision.number));
        let fault = self.control.0.lock().unwrap().next.take();
        match fault {
            Some(Fault::Refused) => return Err(CommitError::Refused("told to refuse".to_owned())),
            Some(Fault::UnknownLost) => {
                return Err(CommitError::Unknown("told to lose it".to_owned()));
            }
            Some(Fault::PanicLost) => panic!("told to panic before storing"),
            None | Some(Fault::UnknownStored | Fault::PanicStored) => {}
        }
        self.inner.commit(revision)?;
        self.control.record(Event::Durable(revision.number));
        match fault {
            Some(Fault::PanicStored) => panic!("told to panic after storing"),
            Some(_) => Err(CommitError::Unknown("told not to know".to_owned())),
            None => Ok(()),
        }
    }

    fn revisions(
        &mut self,
        before: Option<u64>,
        limit: usize,
    ) -> Result<Vec<StoredRevision>, StoreError> {
        self.control.readable()?;
        let panics = std::mem::take(&mut self.control.0.lock().unwrap().panics_in_history);
        assert!(!panics, "told to panic over old revisions");
        self.inner.revisions(before, limit)
    }

    fn changes(
        &mut self,
        number: u64,
        limit: usize,
    ) -> Result<Option<Vec<(String, bool)>>, StoreError> {
        self.control.readable()?;
        self.inner.changes(number, limit)
    }

    fn record_at(&mut self, key: &str, number: u64) -> Result<Option<Record>, StoreError> {
        self.control.readable()?;
        self.inner.record_at(key, number)
    }

    fn differences(
        &mut self,
        number: u64,
        each: &mut dyn FnMut(String, Option<Record>),
    ) -> Result<bool, StoreError> {
        self.control.readable()?;
        self.inner.differences(number, each)
    }

    fn prune(&mut self, keep: u64) -> Result<(), StoreError> {
        self.control.readable()?;
        self.inner.prune(keep)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::store::sqlite::SqliteStore;

    fn revision(number: u64) -> NewRevision {
        NewRevision {
            number,
            time_ms: 0,
            actor: String::new(),
            comment: None,
            changes: vec![],
        }
    }

    #[test]
    fn each_fault_does_what_its_name_says_and_only_once() {
        let directory = tempfile::tempdir().unwrap();
        let inner = SqliteStore::open(&directory.path().join("s.db")).unwrap();
        let (mut store, control) = Faulty::new(inner);
        control.fail_next_commit(Fault::Refused);
        assert!(matches!(
            store.commit(&revision(1)),
            Err(CommitError::Refused(_))
        ));
        control.fail_next_commit(Fault::UnknownLost);
        assert!(matches!(
            store.commit(&revision(1)),
            Err(CommitError::Unknown(_))
        ));
        assert_eq!(store.head().unwrap(), 0);
        control.fail_next_commit(Fault::UnknownStored);
        assert!(matches!(
            store.commit(&revision(1)),
            Err(CommitError::Unknown(_))
        ));
        assert_eq!(store.head().unwrap(), 1);
        store.commit(&revision(2)).unwrap();
        control.set_unreadable(true);
        assert!(store.head().is_err());
        let asked = control
            .events()
            .iter()
            .filter(|event| matches!(event, Event::Asked(_)))
            .count();
        assert_eq!(asked, 4);
        assert!(
            control
                .events()
                .ends_with(&[Event::Asked(2), Event::Durable(2), Event::HeadRead])
        );
    }
}
