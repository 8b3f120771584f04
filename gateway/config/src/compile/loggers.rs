//! Loggers that deliver.

use std::sync::Arc;

use super::Compilation;
use crate::loggers::{LoggerTable, LoggerTarget};
use crate::resource::{Body, Kind};

impl Compilation<'_> {
    pub(super) fn loggers(&self) -> LoggerTable {
        let previous = self.previous.map(|previous| previous.loggers.clone());
        let mut table = previous.unwrap_or_default();
        for path in self.to_compile(Kind::Logger) {
            let id = path.name();
            let key: Arc<str> = Arc::from(id.to_ascii_lowercase());
            let destination = match self.resources.body(&path).map(|body| &**body) {
                Some(Body::Logger(logger)) => logger.destination.clone(),
                _ => None,
            };
            match destination {
                Some(destination) => {
                    table.insert(key, Arc::new(LoggerTarget { id, destination }));
                }
                None => {
                    table.remove(&key);
                }
            }
        }
        table
    }
}
