//! Requests by API and outcome.

use super::counter::{Lazily, Registry};
use super::name;
use crate::label::{Fault, StatusClass};

/// The label for requests that matched no API. No API can be called that: an id holds no parenthesis.
pub const API_NONE: &str = "(none)";

/// The label that all APIs beyond [`APIS_MAX`] share.
pub const API_OTHER: &str = "(other)";

/// So many different APIs are counted apart during the life of a process: one that is created and
/// removed again and again under new names must not fill the memory.
pub const APIS_MAX: usize = 1_000;

const COMBINATIONS: usize = StatusClass::ALL.len() * Fault::ALL.len();

/// Handles that count the requests of one API.
pub struct ApiMetrics {
    registry: Registry,
    api: Box<str>,
    requests: Lazily<COMBINATIONS>,
}

impl ApiMetrics {
    pub(super) fn new(registry: Registry, api: &str) -> Self {
        let metrics = Self {
            registry,
            api: api.into(),
            requests: Lazily::new(),
        };
        // So that a rate exists from the first request on.
        metrics
            .register(StatusClass::Success, Fault::Nobody)
            .increment(0);
        metrics
    }

    /// Counts one request that has ended.
    pub fn count(&self, class: StatusClass, fault: Fault) {
        let index = class as usize * Fault::ALL.len() + fault as usize;
        self.requests.count(index, || self.register(class, fault));
    }

    fn register(&self, class: StatusClass, fault: Fault) -> metrics::Counter {
        let labels = [
            ("api", &*self.api),
            ("class", class.word()),
            ("fault", fault.word()),
        ];
        self.registry.counter(name::REQUESTS, &labels)
    }
}

impl std::fmt::Debug for ApiMetrics {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("ApiMetrics")
            .field("api", &self.api)
            .finish_non_exhaustive()
    }
}
