//! What a load came to, for people and for programs.

use std::collections::BTreeMap;
use std::fmt;
use std::time::Duration;

use serde::Serialize;

use crate::rotate::Judgement;
use crate::{Load, Tally};

/// The whole outcome. [`Report::problems`] decides whether it is a success.
#[derive(Debug, Clone, Serialize)]
pub struct Report {
    /// `keepalive` or `rotate`.
    pub scenario: &'static str,
    /// What was loaded.
    pub target: String,
    /// What the connections spoke.
    pub protocol: &'static str,
    /// How many connections were kept.
    pub connections: usize,
    /// Requests per second that were asked for; absent in a closed loop.
    pub offered_rate: Option<f64>,
    /// How long it ran, in seconds.
    pub seconds: f64,
    /// Counts.
    pub totals: Totals,
    /// Latencies, from when a request was due to the end of its response.
    pub latency: Latency,
    /// CPU time of the given local process per response, in microseconds.
    pub cpu_micros_per_response: Option<f64>,
    /// What the judge of the rotation found.
    pub rotation: Option<Judgement>,
    /// Where it ran.
    pub machine: Machine,
    /// Everything that must not have happened, in words; empty is success.
    pub problems: Vec<String>,
}

/// Counts over all connections.
#[derive(Debug, Clone, Serialize)]
pub struct Totals {
    /// Whole responses.
    pub responses: u64,
    /// Whole responses per second.
    pub responses_per_second: f64,
    /// Responses by status.
    pub statuses: BTreeMap<u16, u64>,
    /// Failed requests and handshakes by kind.
    pub faults: BTreeMap<&'static str, u64>,
    /// The first words about each kind of fault.
    pub fault_examples: BTreeMap<&'static str, String>,
    /// Octets of response bodies.
    pub body_octets: u64,
    /// Handshakes that succeeded.
    pub handshakes: u64,
    /// Those of them that resumed a session.
    pub resumed: u64,
    /// Connections that the target ended after announcing it.
    pub announced_closes: u64,
}

/// Latencies in microseconds.
#[derive(Debug, Clone, Serialize)]
#[expect(missing_docs, reason = "percentiles name themselves")]
pub struct Latency {
    pub min: u64,
    pub mean: f64,
    pub p50: u64,
    pub p90: u64,
    pub p99: u64,
    pub p999: u64,
    pub max: u64,
}

/// The machine that made the load; figures of different machines do not compare.
#[derive(Debug, Clone, Serialize)]
pub struct Machine {
    /// Logical CPUs this process may use.
    pub cpus: usize,
    /// `model name` of the first one.
    pub model: Option<String>,
}

impl Machine {
    fn here() -> Self {
        let model = std::fs::read_to_string("/proc/cpuinfo")
            .ok()
            .and_then(|text| {
                let line = text.lines().find(|line| line.starts_with("model name"))?;
                Some(line.split_once(':')?.1.trim().to_owned())
            });
        Self {
            cpus: std::thread::available_parallelism().map_or(1, usize::from),
            model,
        }
    }
}

impl Report {
    pub(crate) fn new(
        scenario: &'static str,
        target: String,
        load: &Load,
        tally: &Tally,
        took: Duration,
        cpu: Option<Duration>,
    ) -> Self {
        let responses = tally.responses();
        Self {
            scenario,
            target,
            protocol: load.protocol.name(),
            connections: load.connections,
            offered_rate: load.rate,
            seconds: took.as_secs_f64(),
            totals: Totals::of(tally, took),
            latency: Latency::of(tally),
            cpu_micros_per_response: cpu
                .filter(|_| responses > 0)
                .map(|cpu| cpu.as_secs_f64() * 1e6 / responses as f64),
            rotation: None,
            machine: Machine::here(),
            problems: Vec::new(),
        }
    }

    /// Whether nothing happened that must not happen.
    #[must_use]
    pub fn passed(&self) -> bool {
        self.problems.is_empty()
    }

    /// As JSON, indented.
    ///
    /// # Errors
    ///
    /// None that is known; JSON cannot hold a number that is not finite, and there is none.
    pub fn to_json(&self) -> Result<String, serde_json::Error> {
        let mut document = serde_json::to_value(self)?;
        if let Some(fields) = document.as_object_mut() {
            fields.insert("passed".to_owned(), self.passed().into());
        }
        serde_json::to_string_pretty(&document)
    }
}

impl Totals {
    fn of(tally: &Tally, took: Duration) -> Self {
        Self {
            responses: tally.responses(),
            responses_per_second: tally.responses() as f64 / took.as_secs_f64().max(1e-9),
            statuses: tally.statuses.clone(),
            faults: tally
                .faults
                .iter()
                .map(|(fault, count)| (fault.name(), *count))
                .collect(),
            fault_examples: tally
                .examples
                .iter()
                .map(|(fault, words)| (fault.name(), words.clone()))
                .collect(),
            body_octets: tally.body_octets,
            handshakes: tally.connections,
            resumed: tally.resumed,
            announced_closes: tally.announced_closes,
        }
    }
}

impl Latency {
    fn of(tally: &Tally) -> Self {
        let histogram = tally.latency();
        Self {
            min: histogram.min(),
            mean: histogram.mean(),
            p50: histogram.value_at_quantile(0.5),
            p90: histogram.value_at_quantile(0.9),
            p99: histogram.value_at_quantile(0.99),
            p999: histogram.value_at_quantile(0.999),
            max: histogram.max(),
        }
    }
}

impl fmt::Display for Report {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        let totals = &self.totals;
        writeln!(out, "{} against {}", self.scenario, self.target)?;
        writeln!(
            out,
            "  {} connections ({}), {:.1} s, {} handshakes ({} resumed)",
            self.connections, self.protocol, self.seconds, totals.handshakes, totals.resumed
        )?;
        writeln!(
            out,
            "  {} responses, {:.0} per second, {} body octets",
            totals.responses, totals.responses_per_second, totals.body_octets
        )?;
        for (status, count) in &totals.statuses {
            writeln!(out, "    {status}: {count}")?;
        }
        let latency = &self.latency;
        writeln!(
            out,
            "  latency  p50 {}  p90 {}  p99 {}  p99.9 {}  max {}",
            Micros(latency.p50),
            Micros(latency.p90),
            Micros(latency.p99),
            Micros(latency.p999),
            Micros(latency.max)
        )?;
        if let Some(cpu) = self.cpu_micros_per_response {
            writeln!(out, "  CPU of the process: {cpu:.1} us per response")?;
        }
        for (fault, count) in &totals.faults {
            let words = totals.fault_examples.get(fault).map_or("", String::as_str);
            writeln!(out, "  {fault}: {count} (first: {words})")?;
        }
        if let Some(rotation) = &self.rotation {
            write!(out, "{rotation}")?;
        }
        if self.problems.is_empty() {
            return writeln!(out, "passed");
        }
        writeln!(out, "FAILED")?;
        self.problems
            .iter()
            .try_for_each(|problem| writeln!(out, "  - {problem}"))
    }
}

/// Microseconds, written in a unit that fits.
pub(crate) struct Micros(pub(crate) u64);

impl fmt::Display for Micros {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.0 {
            micros @ 0..1_000 => write!(out, "{micros} us"),
            micros @ 1_000..1_000_000 => write!(out, "{:.2} ms", micros as f64 / 1e3),
            micros => write!(out, "{:.2} s", micros as f64 / 1e6),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Fault;

    #[test]
    fn a_report_has_the_arithmetic_of_its_tally() {
        let mut tally = Tally::new();
        for number in 1..=1000 {
            tally.response(200, Duration::from_micros(number), 2);
        }
        tally.fault(Fault::Dropped, "gone");
        let cpu = Some(Duration::from_millis(25));
        let took = Duration::from_secs(4);
        let report = Report::new(
            "keepalive",
            "https://t/".into(),
            &Load::default(),
            &tally,
            took,
            cpu,
        );
        assert_eq!(report.totals.responses_per_second, 250.0);
        assert_eq!(report.cpu_micros_per_response, Some(25.0));
        assert_eq!(
            (report.latency.p50, report.latency.p99, report.latency.min),
            (500, 990, 1)
        );
        assert_eq!(report.latency.mean, 500.5);
        let json: serde_json::Value = serde_json::from_str(&report.to_json().unwrap()).unwrap();
        assert_eq!(json["totals"]["statuses"]["200"], 1000);
        assert_eq!(json["totals"]["faults"]["dropped"], 1);
        assert_eq!(
            (&json["passed"], &json["totals"]["body_octets"]),
            (&true.into(), &2000.into())
        );
        let text = report.to_string();
        assert!(text.contains("1000 responses, 250 per second"), "{text}");
        assert!(text.ends_with("passed\n"), "{text}");
    }

    #[test]
    fn a_report_with_a_problem_has_failed_and_says_why() {
        let load = Load::default();
        let mut report = Report::new(
            "rotate",
            String::new(),
            &load,
            &Tally::new(),
            Duration::ZERO,
            None,
        );
        report.problems.push("3 wrong verdicts".to_owned());
        assert!(!report.passed());
        assert!(
            report
                .to_string()
                .ends_with("FAILED\n  - 3 wrong verdicts\n")
        );
        assert!(report.to_json().unwrap().contains("\"passed\": false"));
    }

    #[test]
    fn micros_are_written_in_a_unit_that_fits() {
        let written = [999, 1_500, 2_500_000].map(|micros| Micros(micros).to_string());
        assert_eq!(written, ["999 us", "1.50 ms", "2.50 s"]);
    }
}
