//! Metrics that policies make up: sums and counts by namespace, name and dimensions.
//!
//! Names and dimensions come from documents, and values of dimensions even from requests. How many
//! series there are is bounded, so that no client can fill the memory or the scrape.

use std::collections::BTreeMap;
use std::fmt::Write as _;

/// Name of the summary that has what `emit-metric` adds up.
pub const POLICY_METRIC: &str = "countersign_policy_metric";

/// So many series are kept apart during the life of a process.
pub const POLICY_SERIES_MAX: usize = 2_000;

/// The label value of namespace and metric that all series beyond [`POLICY_SERIES_MAX`] share.
pub const POLICY_OTHER: &str = "(other)";

/// Bytes of a name or a value that are kept.
const TEXT_MAX: usize = 256;

/// Dimensions that are kept.
const DIMENSIONS_MAX: usize = 16;

#[derive(Debug, Default)]
pub(super) struct PolicyMetrics(BTreeMap<String, Total>);

#[derive(Debug, Default)]
struct Total {
    sum: f64,
    count: u64,
}

impl PolicyMetrics {
    pub(super) fn add(
        &mut self,
        namespace: &str,
        name: &str,
        value: f64,
        dimensions: &[(String, String)],
    ) {
        let labels = labels(namespace, name, dimensions);
        let labels = if self.0.contains_key(&labels) || self.0.len() < POLICY_SERIES_MAX {
            labels
        } else {
            self::labels(POLICY_OTHER, POLICY_OTHER, &[])
        };
        let total = self.0.entry(labels).or_default();
        total.sum += value;
        total.count = total.count.saturating_add(1);
    }

    pub(super) fn render(&self, text: &mut String) {
        if self.0.is_empty() {
            return;
        }
        // Writing to a string cannot fail.
        let _ = writeln!(
            text,
            "# HELP {POLICY_METRIC} What `emit-metric` policies added up, and how often.\n\
             # TYPE {POLICY_METRIC} summary"
        );
        for (labels, Total { sum, count }) in &self.0 {
            let _ = writeln!(text, "{POLICY_METRIC}_sum{{{labels}}} {sum}");
            let _ = writeln!(text, "{POLICY_METRIC}_count{{{labels}}} {count}");
        }
    }
}

/// The labels of a series as they are printed. A dimension's name becomes a label name: letters in
/// lower case, other characters `_`, and one that is taken already gets a number.
fn labels(namespace: &str, name: &str, dimensions: &[(String, String)]) -> String {
    let mut text = String::new();
    write_label(&mut text, "namespace", namespace);
    text.push(',');
    write_label(&mut text, "metric", name);
    let mut taken = vec!["namespace".to_owned(), "metric".to_owned()];
    for (name, value) in dimensions.iter().take(DIMENSIONS_MAX) {
        let mut label = label_name(name);
        if taken.contains(&label) {
            let _ = write!(label, "_{}", taken.len());
        }
        text.push(',');
        write_label(&mut text, &label, value);
        taken.push(label);
    }
    text
}

fn label_name(name: &str) -> String {
    let mut label: String = name
        .chars()
        .take(TEXT_MAX)
        .map(|c| match c {
            c if c.is_ascii_alphanumeric() => c.to_ascii_lowercase(),
            _ => '_',
        })
        .collect();
    // Two underscores in front are Prometheus' own; a digit cannot stand there.
    if !label.starts_with(|c: char| c.is_ascii_alphabetic()) {
        label.insert_str(0, "dimension_");
    }
    label
}

/// With the escapes of the text format.
fn write_label(text: &mut String, name: &str, value: &str) {
    text.push_str(name);
    text.push_str("=\"");
    for c in value.chars().take(TEXT_MAX) {
        match c {
            '\\' => text.push_str("\\\\"),
            '"' => text.push_str("\\\""),
            '\n' => text.push_str("\\n"),
            c => text.push(c),
        }
    }
    text.push('"');
}

#[cfg(test)]
mod tests {
    use super::*;

    fn pair(name: &str, value: &str) -> (String, String) {
        (name.to_owned(), value.to_owned())
    }

    fn rendered(metrics: &PolicyMetrics) -> String {
        let mut text = String::new();
        metrics.render(&mut text);
        text
    }

    #[test]
    fn values_add_up_by_dimension_and_names_become_labels() {
        let mut metrics = PolicyMetrics::default();
        assert_eq!(rendered(&metrics), "");
        for value in [1.5, 2.0] {
            metrics.add(
                "ns",
                "calls",
                value,
                &[pair("API ID", "orders"), pair("2", "a\"b\\\n")],
            );
        }
        assert_eq!(
            rendered(&metrics),
            "# HELP countersign_policy_metric What `emit-metric` policies added up, and how often.\n\
             # TYPE countersign_policy_metric summary\n\
             countersign_policy_metric_sum{namespace=\"ns\",metric=\"calls\",api_id=\"orders\",dimension_2=\"a\\\"b\\\\\\n\"} 3.5\n\
             countersign_policy_metric_count{namespace=\"ns\",metric=\"calls\",api_id=\"orders\",dimension_2=\"a\\\"b\\\\\\n\"} 2\n"
        );
    }

    #[test]
    fn two_dimensions_never_share_a_label() {
        let labels = labels(
            "n",
            "m",
            &[pair("a b", "1"), pair("A-B", "2"), pair("metric", "3")],
        );
        assert_eq!(
            labels,
            "namespace=\"n\",metric=\"m\",a_b=\"1\",a_b_3=\"2\",metric_4=\"3\""
        );
    }

    #[test]
    fn a_flood_of_values_makes_no_more_series_than_the_bound_and_one() {
        let mut metrics = PolicyMetrics::default();
        for i in 0..POLICY_SERIES_MAX + 500 {
            metrics.add("n", "m", 1.0, &[pair("caller", &i.to_string())]);
        }
        assert_eq!(metrics.0.len(), POLICY_SERIES_MAX + 1);
        let other =
            "countersign_policy_metric_count{namespace=\"(other)\",metric=\"(other)\"} 500\n";
        assert!(rendered(&metrics).contains(other));
    }
}
