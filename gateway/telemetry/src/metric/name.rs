//! Names, types, help and bounds. All names begin with `countersign_`.

/// How a metric behaves.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Type {
    /// Only grows.
    Counter,
    /// Goes up and down.
    Gauge,
}

/// Declares a constant for each name, and the table of all.
macro_rules! described {
    ($($constant:ident: $kind:ident = $name:literal, $help:literal;)+) => {
        $(#[doc = $help] pub const $constant: &str = $name;)+

        /// Name, type and help of every counter and gauge that the exporter keeps.
        pub const DESCRIBED: &[(&str, Type, &str)] = &[$(($name, Type::$kind, $help),)+];
    };
}

described! {
    REQUESTS: Counter = "countersign_requests_total",
        "Requests that ended, by API, class of the status and whose fault it is if it did not succeed.";
    HANDSHAKES: Counter = "countersign_handshakes_total",
        "TLS handshakes that ended, by result, reason (none if accepted), version and whether a session was resumed.";
    VERDICTS: Counter = "countersign_verdicts_total",
        "Verdicts on clients' certificates, once per judged request, by reason.";
    CONNECTIONS_OPEN: Gauge = "countersign_connections_open",
        "Client connections that are open now.";
    CONNECTIONS_ACCEPTED: Counter = "countersign_connections_accepted_total",
        "Client connections taken.";
    CONNECTIONS_REFUSED: Counter = "countersign_connections_refused_total",
        "Client connections closed at once because a limit was reached or the gateway is draining, by reason.";
    CACHE_HITS: Counter = "countersign_verified_certificate_cache_hits_total",
        "Lookups that the verified-certificate cache answered.";
    CACHE_MISSES: Counter = "countersign_verified_certificate_cache_misses_total",
        "Lookups for which a certificate chain had to be verified.";
    CACHE_ENTRIES: Gauge = "countersign_verified_certificate_cache_entries",
        "Verdicts in the verified-certificate cache.";
    POLICY_BUDGETS: Counter = "countersign_policy_budget_exceeded_total",
        "Requests whose policies overran a budget, by budget.";
    POLICY_SENDS: Counter = "countersign_policy_requests_total",
        "Requests of policies' own (send-request and others) that ended, by outcome.";
    POLICY_REFUSALS: Counter = "countersign_policy_refusals_total",
        "Requests that a limit of a policy refused, by the kind of limit.";
    POLICY_PANICS: Counter = "countersign_policy_panics_total",
        "Requests that ended with 500 because evaluating their policies panicked: a defect of the gateway.";
    POLICY_CACHE_LOOKUPS: Counter = "countersign_policy_cache_lookups_total",
        "Lookups of policies in the cache, by result.";
    POLICY_CACHE_ENTRIES: Gauge = "countersign_policy_cache_entries",
        "Values and responses that policies have cached; those that have ended are taken out a little later.";
    POLICY_CACHE_BYTES: Gauge = "countersign_policy_cache_bytes",
        "Size of the values and responses that policies have cached.";
    POLICY_COUNTERS: Gauge = "countersign_policy_counters",
        "Counters of rate limits and quotas that are kept.";
    REVISION: Gauge = "countersign_revision",
        "The revision of the configuration that is served.";
    PUBLISHED_AT: Gauge = "countersign_published_timestamp_seconds",
        "When the served revision was published, in seconds since 1970-01-01T00:00:00Z.";
    PUBLISHES: Counter = "countersign_publishes_total",
        "Configurations published, the one at start included.";
    CHANGES_REFUSED: Counter = "countersign_changes_refused_total",
        "Changes of the configuration that were refused, by reason.";
    QUARANTINED: Gauge = "countersign_quarantined",
        "Stored artefacts that cannot be used and are closed: their APIs answer 503, their hosts refuse handshakes.";
    WARNINGS: Gauge = "countersign_configuration_warnings",
        "Warnings about the configuration that is served.";
    ACTOR_RESTARTS: Counter = "countersign_actor_restarts_total",
        "How often a part of the slow side was started again after a failure of its own, by actor.";
    LOG_RECORDS: Counter = "countersign_log_records_total",
        "Records written, by log.";
    LOG_DROPPED: Counter = "countersign_log_records_dropped_total",
        "Records that were not written because the writer could not keep up or failed, by log.";
    LOG_ERRORS: Counter = "countersign_log_errors_total",
        "Failures to write, open or sync, by log.";
    LOGGER_MESSAGES: Counter = "countersign_logger_messages_total",
        "Messages that policies gave to loggers, by logger and outcome: delivered, failed, or dropped because too many waited.";
    BUILD_INFO: Gauge = "countersign_build_info",
        "Always 1; the release is in the label.";
    TLS_LIBRARY_INFO: Gauge = "countersign_tls_library_info",
        "Always 1; the version of the TLS library is in the label.";
    UPTIME: Gauge = "countersign_uptime_seconds",
        "Time since the process started.";
}

/// The histogram of durations.
pub const REQUEST_DURATION: &str = "countersign_request_duration_seconds";

pub(super) const REQUEST_DURATION_HELP: &str =
    "Time that each stage took; `total` is the whole request, `handshake` is once per connection.";

/// From a policy that is a cache hit to a backend that is nearly given up; in microseconds.
pub(super) const DURATION_BOUNDS_US: &[u64] = &[
    25, 100, 250, 500, 1_000, 2_500, 5_000, 10_000, 25_000, 50_000, 100_000, 250_000, 500_000,
    1_000_000, 2_500_000, 5_000_000, 10_000_000, 30_000_000,
];

/// The histogram of the days that clients' certificates are still valid.
pub const CLIENT_DAYS_LEFT: &str = "countersign_client_certificate_days_left";

pub(super) const CLIENT_DAYS_LEFT_HELP: &str = "Whole days that the certificates of clients were still valid, once per connection; 0 if expired.";

pub(super) const DAYS_LEFT_BOUNDS: &[u64] = &[0, 1, 3, 7, 14, 30, 60, 90, 180, 365, 730];
