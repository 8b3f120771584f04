//! Histograms with fixed buckets, counted without locks and without buffering samples.
//!
//! The exporter's own histograms keep every sample until somebody scrapes, which costs memory in
//! proportion to traffic; these cost a few kilobytes for ever. Each worker counts in a [`Shard`] of
//! its own, so that workers do not contend for cache lines; reading adds the shards up.

use std::fmt::Write as _;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

/// A metric family of histograms, one for each value of its label.
#[derive(Debug)]
pub(super) struct Family {
    pub(super) name: &'static str,
    pub(super) help: &'static str,
    /// The label's name and its values; without, there is one histogram.
    pub(super) label: Option<(&'static str, &'static [&'static str])>,
    /// Upper bounds, inclusive, ascending, in the unit that is observed.
    pub(super) bounds: &'static [u64],
    /// How many observed units make one of the unit that is shown.
    pub(super) scale: f64,
    pub(super) shards: Mutex<Vec<Arc<Shard>>>,
}

/// One worker's part of a family.
#[derive(Debug)]
pub(super) struct Shard {
    bounds: &'static [u64],
    /// For each label value: one counter for each bound, one for what is above.
    series: Vec<Series>,
}

#[derive(Debug)]
struct Series {
    buckets: Vec<AtomicU64>,
    sum: AtomicU64,
}

impl Family {
    /// A new shard, counted from now on.
    pub(super) fn shard(&self) -> Arc<Shard> {
        let labels = self.label.map_or(1, |(_, values)| values.len());
        let series = || Series {
            buckets: (0..=self.bounds.len()).map(|_| AtomicU64::new(0)).collect(),
            sum: AtomicU64::new(0),
        };
        let shard = Arc::new(Shard {
            bounds: self.bounds,
            series: (0..labels).map(|_| series()).collect(),
        });
        self.shards
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .push(Arc::clone(&shard));
        shard
    }

    /// Appends the family in the text format of Prometheus
    /// (<https://prometheus.io/docs/instrumenting/exposition_formats/>).
    pub(super) fn render(&self, text: &mut String) {
        let shards = self
            .shards
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .clone();
        let name = self.name;
        // Writing to a string cannot fail.
        let _ = writeln!(text, "# HELP {name} {}\n# TYPE {name} histogram", self.help);
        let values = self.label.map_or(&[""] as &[&str], |(_, values)| values);
        for (index, value) in values.iter().enumerate() {
            let label = self
                .label
                .map_or(String::new(), |(label, _)| format!("{label}=\"{value}\""));
            let comma = if label.is_empty() { "" } else { "," };
            let series = || shards.iter().filter_map(|shard| shard.series.get(index));
            let mut count = 0;
            for bucket in 0..=self.bounds.len() {
                count += series()
                    .filter_map(|series| series.buckets.get(bucket))
                    .map(|counter| counter.load(Ordering::Relaxed))
                    .sum::<u64>();
                let bound = match self.bounds.get(bucket) {
                    Some(bound) => (*bound as f64 / self.scale).to_string(),
                    None => "+Inf".to_owned(),
                };
                let _ = writeln!(
                    text,
                    "{name}_bucket{{{label}{comma}le=\"{bound}\"}} {count}"
                );
            }
            let sum: u64 = series()
                .map(|series| series.sum.load(Ordering::Relaxed))
                .sum();
            let braces = if label.is_empty() {
                label
            } else {
                format!("{{{label}}}")
            };
            let _ = writeln!(text, "{name}_sum{braces} {}", sum as f64 / self.scale);
            let _ = writeln!(text, "{name}_count{braces} {count}");
        }
    }
}

impl Shard {
    /// Counts `value` under the label's value at `index`.
    pub(super) fn observe(&self, index: usize, value: u64) {
        let bucket = self.bounds.partition_point(|bound| *bound < value);
        if let Some(series) = self.series.get(index) {
            if let Some(counter) = series.buckets.get(bucket) {
                counter.fetch_add(1, Ordering::Relaxed);
            }
            series.sum.fetch_add(value, Ordering::Relaxed);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn shards_add_up_and_a_bound_belongs_to_its_bucket() {
        let family = Family {
            name: "t_seconds",
            help: "Test.",
            label: Some(("stage", &["a", "b"])),
            bounds: &[100, 1_000],
            scale: 1e3,
            shards: Mutex::default(),
        };
        let (one, two) = (family.shard(), family.shard());
        one.observe(0, 100);
        one.observe(0, 101);
        two.observe(0, 5_000);
        two.observe(1, 0);
        two.observe(9, 1);
        let mut text = String::new();
        family.render(&mut text);
        let expected = "# HELP t_seconds Test.\n# TYPE t_seconds histogram\n\
            t_seconds_bucket{stage=\"a\",le=\"0.1\"} 1\n\
            t_seconds_bucket{stage=\"a\",le=\"1\"} 2\n\
            t_seconds_bucket{stage=\"a\",le=\"+Inf\"} 3\n\
            t_seconds_sum{stage=\"a\"} 5.201\n\
            t_seconds_count{stage=\"a\"} 3\n\
            t_seconds_bucket{stage=\"b\",le=\"0.1\"} 1\n\
            t_seconds_bucket{stage=\"b\",le=\"1\"} 1\n\
            t_seconds_bucket{stage=\"b\",le=\"+Inf\"} 1\n\
            t_seconds_sum{stage=\"b\"} 0\n\
            t_seconds_count{stage=\"b\"} 1\n";
        assert_eq!(text, expected);
    }

    #[test]
    fn without_a_label_there_is_one_histogram() {
        let family = Family {
            name: "t_days",
            help: "Test.",
            label: None,
            bounds: &[1],
            scale: 1.0,
            shards: Mutex::default(),
        };
        family.shard().observe(0, 7);
        let mut text = String::new();
        family.render(&mut text);
        assert!(text.ends_with("t_days_bucket{le=\"1\"} 0\nt_days_bucket{le=\"+Inf\"} 1\nt_days_sum 7\nt_days_count 1\n"));
    }
}
