//! A store for as long as one command runs: the writer takes nothing without one.

use std::collections::BTreeMap;
use std::sync::Arc;

use gateway_config::store::{CommitError, NewRevision, Record, Store, StoreError, StoredRevision};

/// Records in memory, without history.
#[derive(Debug, Default)]
pub(super) struct MemoryStore {
    data_key: Option<Vec<u8>>,
    head: u64,
    records: BTreeMap<String, Record>,
}

impl Store for MemoryStore {
    fn data_key(&mut self) -> Result<Option<Vec<u8>>, StoreError> {
        Ok(self.data_key.clone())
    }

    fn put_data_key(&mut self, wrapped: &[u8]) -> Result<(), StoreError> {
        self.data_key = Some(wrapped.to_vec());
        Ok(())
    }

    fn head(&mut self) -> Result<u64, StoreError> {
        Ok(self.head)
    }

    fn load(&mut self, each: &mut dyn FnMut(Record)) -> Result<(), StoreError> {
        self.records.values().cloned().for_each(each);
        Ok(())
    }

    fn commit(&mut self, revision: &NewRevision) -> Result<(), CommitError> {
        for (key, body) in &revision.changes {
            match body {
                Some(body) => {
                    let record = Record {
                        key: key.clone(),
                        changed_in: revision.number,
                        body: Arc::from(body.as_slice()),
                    };
                    self.records.insert(key.clone(), record);
                }
                None => {
                    self.records.remove(key);
                }
            }
        }
        self.head = revision.number;
        Ok(())
    }

    fn revisions(&mut self, _: Option<u64>, _: usize) -> Result<Vec<StoredRevision>, StoreError> {
        Ok(Vec::new())
    }

    fn changes(&mut self, _: u64, _: usize) -> Result<Option<Vec<(String, bool)>>, StoreError> {
        Ok(None)
    }

    fn record_at(&mut self, key: &str, number: u64) -> Result<Option<Record>, StoreError> {
        let record = self.records.get(key);
        Ok(record.filter(|record| record.changed_in <= number).cloned())
    }

    fn differences(
        &mut self,
        _: u64,
        _: &mut dyn FnMut(String, Option<Record>),
    ) -> Result<bool, StoreError> {
        Ok(false)
    }

    fn prune(&mut self, _: u64) -> Result<(), StoreError> {
        Ok(())
    }
}
