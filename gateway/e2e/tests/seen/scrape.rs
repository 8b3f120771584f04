//! Reading what Prometheus would.

use gateway_e2e::{TestGateway, health};

/// What a scrape says.
pub(crate) struct Scrape(pub(crate) String);

impl Scrape {
    pub(crate) fn of(gateway: &TestGateway) -> Self {
        let (status, text) = health(gateway.health_address, "/metrics");
        assert_eq!(status, 200);
        Self(text)
    }

    /// The one sample with this name and (in any order) exactly these labels.
    pub(crate) fn value(&self, name: &str, labels: &[(&str, &str)]) -> Option<f64> {
        let mut wanted: Vec<String> = labels.iter().map(|(k, v)| format!("{k}=\"{v}\"")).collect();
        wanted.sort();
        self.0.lines().find_map(|line| {
            let (series, value) = line.rsplit_once(' ')?;
            let (found, rest) = series.split_once('{').unwrap_or((series, "}"));
            let rest = rest.strip_suffix('}')?;
            // No value in these tests has a comma.
            let mut labels: Vec<&str> = rest.split(',').filter(|label| !label.is_empty()).collect();
            labels.sort_unstable();
            (found == name && labels == wanted).then(|| value.parse().expect("a number"))
        })
    }

    pub(crate) fn count(&self, name: &str, labels: &[(&str, &str)]) -> u64 {
        let value = self.value(name, labels);
        value.unwrap_or_else(|| panic!("no {name} {labels:?} in\n{}", self.0)) as u64
    }
}
