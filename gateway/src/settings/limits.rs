//! Every limit, with its default and its reason.

use std::time::Duration;

use gateway_policy::expression::BudgetLimits;

use super::section::{between, section, within};
use super::value::Bytes;

section! {
    /// How much is let in and how long anything may take. Whatever a client or a backend can make
    /// grow has a limit here.
    LimitsSection = "limits" {
        /// Open client connections for each worker; more are closed at once. Prototypes
        /// took about 60 KiB for an idle connection, which would make the default about 1 GiB each.
        max_connections_per_worker: usize = 16_384, between(1..=1_000_000);
        /// Open connections of one client address over all workers: one client cannot take all.
        /// Behind a load balancer that does not keep client addresses, raise it.
        max_connections_per_address: usize = 4_096, between(1..=1_000_000);
        /// TLS handshakes under way for each worker; more are closed at once. A handshake costs about a
        /// millisecond of processor time, so the default is some two seconds of work.
        max_handshakes_per_worker: usize = 2_048, between(1..=1_000_000);
        /// TLS handshakes under way for one client address over all workers.
        max_handshakes_per_address: usize = 256, between(1..=1_000_000);
        /// Requests in flight for each worker; more are answered 503 with `Retry-After` at once, because a
        /// queue would only make all of them late.
        max_requests_per_worker: usize = 16_384, between(1..=1_000_000);
        /// From the connection to the end of its TLS handshake. Silent connections end here; slow
        /// mobile networks need two or three seconds.
        handshake_timeout: Duration = "10s", time("100ms", "5m");

        /// For a whole request head, from its first byte. Ends clients that send a byte at a time.
        header_timeout: Duration = "15s", time("100ms", "5m");
        /// How long a connection may be open without a request. Longer than the 60 s of common load
        /// balancers, so that they close first and no request meets a closing connection.
        idle_timeout: Duration = "75s", time("1s", "1h");
        /// The longest pause between two pieces of a request's body.
        request_timeout: Duration = "60s", time("100ms", "1h");
        /// The longest time a client may take nothing of what is being sent to it.
        write_timeout: Duration = "60s", time("100ms", "1h");

        /// Bytes of a request head, over which the answer is 431. Cookies and tokens of single sign-on
        /// reach 16 KiB.
        max_header_bytes: Bytes = "32KiB", size("8KiB", "1MiB");
        /// Header fields of a request, over which the answer is 431. Browsers send about 20.
        max_headers: usize = 100, between(1..=100);
        /// Bytes of the request target (path and query), over which the answer is 414. As in API
        /// Management.
        max_target_bytes: Bytes = "16KiB", size("256B", "1MiB");
        /// Bytes of a request body that is passed on, over which the answer is 413; 0 is no limit,
        /// because bodies are streamed and not kept.
        max_body_bytes: Bytes = 0;
        /// Bytes of a body that a policy reads into memory, over which the answer is 413.
        max_buffered_body_bytes: Bytes = "4MiB", size("1KiB", "1GiB");
        /// Bytes of bodies that policies have read into memory, for each worker; over it the answer is 503.
        /// Many requests, each within its own limit, would otherwise fill the machine.
        max_buffered_bytes_per_worker: Bytes = "256MiB", size("1MiB", "64GiB");
        /// Requests at a time on one HTTP/2 connection.
        max_concurrent_streams: u32 = 128, between(1..=10_000);
        /// Time between the pings that find dead HTTP/2 connections.
        http2_ping_interval: Duration = "30s", time("1s", "1h");
        /// How long a client may take to answer one.
        http2_ping_timeout: Duration = "20s", time("100ms", "5m");

        /// To look up a backend's name and connect to it.
        backend_connect_timeout: Duration = "10s", time("10ms", "5m");
        /// For the TLS handshake with a backend.
        backend_handshake_timeout: Duration = "10s", time("10ms", "5m");
        /// The longest pause between two pieces of a backend's answer.
        backend_body_timeout: Duration = "300s", time("10ms", "1h");
        /// How long an unused connection to a backend is kept. Shorter than the keep-alive of common
        /// servers, so that few requests meet a connection that is being closed.
        backend_idle_timeout: Duration = "30s", time("100ms", "1h");
        /// Unused connections kept for each backend and worker.
        backend_idle_connections: usize = 64, between(0..=10_000);

        /// Steps that one evaluation of an expression may take, over which the request fails. Real
        /// documents take a hundredth; a loop without end is stopped after some tens of milliseconds.
        policy_instructions: u64 = 2_000_000, between(1_000..=1_000_000_000);
        /// Bytes that one evaluation of an expression may allocate, over which the request fails. A body
        /// of the largest size that is read can be parsed and printed several times.
        policy_memory: Bytes = "64MiB", size("64KiB", "4GiB");
        /// Levels that calls of an expression's own functions may be inside each other, each as many as
        /// its body is deep, over which the request fails. The default is what a thread's stack carries.
        policy_depth: u32 = 600, between(50..=BudgetLimits::MAX_DEPTH);
        /// Steps that searches with regular expressions may take in one evaluation, over which the
        /// request fails. A pattern without backtracking takes one to three for each character; a
        /// catastrophic one is stopped after some tens of milliseconds.
        policy_regex_steps: u64 = 2_000_000, between(1_000..=1_000_000_000);
        /// What the policies of one request may ask for, over which it fails: requests of their own,
        /// bodies, cache entries, counters, pauses, rounds of a `retry`. Retries inside retries multiply;
        /// fifty rounds of a `wait` for ten requests are 560.
        policy_effects: u32 = 1_000, between(1..=1_000_000);
        /// Bytes of values and responses that policies cache, in the whole process; the least used are
        /// forgotten.
        policy_cache: Bytes = "64MiB", size("64KiB", "64GiB");
        /// Counters of rate limits and quotas, each of up to 1.5 KiB, in the whole process. A request
        /// that would need one more fails: to forget one would open a limit to whoever invents keys.
        policy_counters: usize = 100_000, between(1..=100_000_000);
        /// Requests of `send-one-way-request` on their way at a time, for each worker; one over it is
        /// not sent.
        max_one_way_requests_per_worker: usize = 1_024, between(1..=1_000_000);

        /// Bytes of the body of an identity list that is uploaded, over which the answer is 413. Lists
        /// are streamed; a million identities made the process grow to about 1.2 GiB when measured.
        max_identity_list_bytes: Bytes = "512MiB", size("64KiB", "512MiB");
        /// Accepted certificate chains whose verdict is remembered; the least used are forgotten. An
        /// entry takes about 2 KiB.
        verified_certificates_capacity: u64 = 65_536, between(16..=100_000_000);
        /// How long a TLS session may be resumed before a full handshake is due: a stolen ticket key
        /// or client device is of use for so long. Each request is judged anew in any case.
        ticket_max_age: Duration = "8h", time("1s", "7d");
    }
}

pub(super) fn time(from: &str, to: &str) -> impl Fn(&Duration) -> Result<(), String> {
    let base = std::path::Path::new("");
    let read = |text| <Duration as super::value::Setting>::from_text(text, base);
    // The ends are constants; a test checks that each is a duration.
    let range = read(from).unwrap_or(Duration::MAX)..=read(to).unwrap_or_default();
    let (from, to) = (from.to_owned(), to.to_owned());
    move |value| {
        within(range.clone(), |end| {
            if end == range.start() {
                from.clone()
            } else {
                to.clone()
            }
        })(value)
    }
}

fn size(from: &str, to: &str) -> impl Fn(&Bytes) -> Result<(), String> {
    let base = std::path::Path::new("");
    let read = |text, wrong| {
        <Bytes as super::value::Setting>::from_text(text, base).unwrap_or(Bytes(wrong))
    };
    within(read(from, u64::MAX)..=read(to, 0), ToString::to_string)
}
